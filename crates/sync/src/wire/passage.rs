use core::time::Duration;

use minicbor::Encoder;
use minicbor::encode::{Error, Write};

use super::removal::millis;
use super::{Malformed, Reader};
use crate::passage::Passage;

pub(super) fn write<W: Write>(out: &mut Encoder<W>, passage: Passage) -> Result<(), Error<W::Error>> {
    out.bool(false)?.u64(passage.hops)?;
    match passage.delay {
        Some(delay) => out.u64(millis(delay))?,
        None => out.null()?,
    };
    out.u64(millis(passage.age)).map(drop)
}

/// Reads what follows `false`.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Passage, Malformed> {
    let hops = reader.uint()?;
    let delay = reader.uint_or_null()?.map(Duration::from_millis);
    Ok(Passage { hops, delay, age: Duration::from_millis(reader.uint()?) })
}

use core::time::Duration;

use minicbor::Encoder;
use minicbor::encode::{Error, Write};
use waypost_directory::RemovalRef;
use waypost_model::{Dot, Key, Removal, Sector, Stamp, Timestamp};

use super::{Malformed, Reader, flags, names, version};

pub(super) fn write<W: Write>(
    out: &mut Encoder<W>,
    removal: &RemovalRef<'_>,
    delta: u64,
) -> Result<(), Error<W::Error>> {
    out.array(7)?.u64(flags::REMOVED)?.u64(delta)?;
    let key = removal.key();
    names::write(out, key.sector.as_ref().map(Sector::as_str), key.endpoint.as_str())?;
    out.u64(removal.stamp().time.to_bits())?.u64(millis(removal.horizon()))?;
    version::write(out, removal.seen())
}

/// Reads what follows the flags and the delta.
pub(super) fn read(reader: &mut Reader<'_>, dot: Dot) -> Result<Removal, Malformed> {
    let (sector, endpoint) = names::read(reader)?;
    let time = Timestamp::from_bits(reader.uint()?);
    let horizon = Duration::from_millis(reader.uint()?);
    let seen = version::read(reader)?;
    Ok(Removal { key: Key::local(sector, endpoint), stamp: Stamp { time, dot }, seen, horizon })
}

pub(super) fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

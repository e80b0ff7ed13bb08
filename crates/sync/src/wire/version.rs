use minicbor::Encoder;
use minicbor::encode::Write;
use waypost_model::{Dot, ReplicaId, Version};

use super::{Malformed, Reader};

pub(super) fn write<W: Write>(
    out: &mut Encoder<W>,
    version: &Version,
) -> Result<(), minicbor::encode::Error<W::Error>> {
    out.map(version.len() as u64)?;
    for dot in version.iter() {
        out.u64(dot.replica.0)?.u64(dot.sequence)?;
    }
    Ok(())
}

/// Reads a version: replicas ascend, so that there is one way to write each.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<Version, Malformed> {
    let length = reader.map()?;
    let mut version = Version::new();
    let mut last = None;
    for _ in 0..length {
        let offset = reader.offset();
        let dot = Dot::new(ReplicaId(reader.uint()?), reader.uint()?);
        if last >= Some(dot.replica) || dot.sequence == 0 {
            return Err(Malformed::new(offset, "version: replicas must ascend and have written"));
        }
        last = Some(dot.replica);
        version.insert(dot);
    }
    Ok(version)
}

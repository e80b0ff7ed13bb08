use alloc::vec::Vec;

use minicbor::Encoder;
use waypost_model::Version;

use super::{Malformed, Reader, version};
use crate::Relation;

/// What a follower asks of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Question {
    pub(crate) relation: Relation,
    /// What the follower holds.
    pub(crate) cursor: Version,
    /// The renewals that it has heard of.
    pub(crate) heard: Version,
    /// About how many octets the answer may have.
    pub(crate) size: u64,
    /// Whether nothing may be left out because the follower should have it.
    pub(crate) is_whole: bool,
}

impl Question {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::new(Vec::new());
        let written = self.write(&mut out);
        debug_assert!(written.is_ok(), "a vector takes everything");
        out.into_writer()
    }

    pub(crate) fn decode(octets: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(octets);
        reader.array_of(5)?;
        let offset = reader.offset();
        let relation = match reader.uint()? {
            0 => Relation::Replica,
            1 => Relation::Mirror,
            _ => return Err(Malformed::new(offset, "relation: unknown")),
        };
        let question = Self {
            relation,
            cursor: version::read(&mut reader)?,
            heard: version::read(&mut reader)?,
            size: reader.uint()?,
            is_whole: reader.bool()?,
        };
        reader.end()?;
        Ok(question)
    }

    fn write(&self, out: &mut Encoder<Vec<u8>>) -> Result<(), minicbor::encode::Error<core::convert::Infallible>> {
        out.array(5)?.u8(match self.relation {
            Relation::Replica => 0,
            Relation::Mirror => 1,
        })?;
        version::write(out, &self.cursor)?;
        version::write(out, &self.heard)?;
        out.u64(self.size)?.bool(self.is_whole)?;
        Ok(())
    }
}

use alloc::vec::Vec;

use minicbor::Encoder;
use waypost_model::Version;

use super::{Malformed, Reader, version};

/// An answer to the question for cells: what the source holds, and a run of cells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cells<'b> {
    pub(crate) version: Version,
    /// As `waypost_sketch::Cell::parse` reads them.
    pub(crate) run: &'b [u8],
}

impl<'b> Cells<'b> {
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::new(Vec::with_capacity(self.run.len() + 32));
        let written = out.array(2).map(drop).and_then(|()| version::write(&mut out, &self.version));
        let written = written.and_then(|()| out.bytes(self.run).map(drop));
        debug_assert!(written.is_ok(), "a vector takes everything");
        out.into_writer()
    }

    pub(crate) fn decode(octets: &'b [u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(octets);
        reader.array_of(2)?;
        let cells = Self { version: version::read(&mut reader)?, run: reader.octets()? };
        reader.end()?;
        Ok(cells)
    }
}

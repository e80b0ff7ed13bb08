use alloc::vec::Vec;

use crate::cbor::{ARRAY, BYTES, NULL, TEXT, write_head};
use crate::{Basis, LinkDelta, Tag};

impl LinkDelta {
    /// Writes the delta in CBOR. Equal deltas are written alike.
    ///
    /// ```
    /// use waypost_link_delta::LinkDelta;
    /// use waypost_link_format::LinkDocument;
    ///
    /// let [a, b] = ["</x>", "</y>"].map(|text| LinkDocument::parse(text).unwrap());
    /// assert_eq!(LinkDelta::between(a, b).encode(), b"\x84\xf6\xf6\x64</x>\x64</y>");
    /// ```
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(LONGEST_HEADS + self.removed.as_str().len() + self.put.as_str().len());
        write_head(&mut out, ARRAY, ITEMS);
        match &self.from {
            Basis::Any => out.push(NULL),
            Basis::Nothing => write_head(&mut out, BYTES, 0),
            Basis::State(tag) => write_tag(&mut out, tag),
        }
        match &self.to {
            None => out.push(NULL),
            Some(tag) => write_tag(&mut out, tag),
        }
        for links in [&self.removed, &self.put] {
            write_head(&mut out, TEXT, links.as_str().len());
            out.extend_from_slice(links.as_str().as_bytes());
        }
        out
    }
}

fn write_tag(out: &mut Vec<u8>, tag: &Tag) {
    write_head(out, BYTES, tag.as_bytes().len());
    out.extend_from_slice(tag.as_bytes());
}

/// How many items a delta has.
pub(crate) const ITEMS: usize = 4;

/// Bytes of all that is not links, at most.
const LONGEST_HEADS: usize = 1 + 2 * 9 + 2 * 9;

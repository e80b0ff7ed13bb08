use alloc::vec::Vec;

use minicbor::Encoder;
use minicbor::data::Type;
use minicbor::encode::{Error, Write};
use waypost_directory::RecordRef;
use waypost_link_delta::{Basis, Limits, LinkDelta, Tag};
use waypost_link_format::{LinkDocument, LinkDocumentBuf};
use waypost_model::Version;
use waypost_rest::ETag;

use super::{Incomplete, Malformed, Reader};

/// The links of a registration as they arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ArrivedLinks {
    /// Those that are here.
    Known,
    /// These.
    Whole(LinkDocumentBuf),
    /// What becomes of those that are here.
    Changed(LinkDelta),
}

/// Applies a delta to the links that are here.
pub(super) fn apply(delta: &LinkDelta, present: &LinkDocumentBuf) -> Result<LinkDocumentBuf, Incomplete> {
    if !delta.from().is_met_by(Some(tag_of(present.as_document()))) {
        return Err(Incomplete::Missing);
    }
    let links = delta.apply(present.as_document());
    if delta.to() == Some(tag_of(links.as_document())) { Ok(links) } else { Err(Incomplete::Astray) }
}

/// Writes links that are new to who holds a version: what is different, where that is known and much shorter. Returns how many
/// octets were saved.
pub(super) fn write<W: Write>(
    out: &mut Encoder<W>,
    record: &RecordRef<'_>,
    holds: Option<&Version>,
) -> Result<usize, Error<W::Error>> {
    let links = record.links().value;
    let former = holds.and_then(|holds| record.former_links(holds));
    match former.and_then(|former| delta_between(former, links)) {
        Some(delta) => out.bytes(&delta).map(|_| links.as_str().len() - delta.len()),
        None => out.str(links.as_str()).map(|_| 0),
    }
}

/// Reads links. Whether there are too many of them is for the directory to say that takes them.
pub(super) fn read(reader: &mut Reader<'_>) -> Result<ArrivedLinks, Malformed> {
    if reader.next_type() != Some(Type::Bytes) {
        return Ok(match reader.text_or_null()? {
            Some(text) => ArrivedLinks::Whole(reader.valid(LinkDocumentBuf::parse(text), "links")?),
            None => ArrivedLinks::Known,
        });
    }
    let octets = reader.octets()?;
    let delta = LinkDelta::decode(octets, &Limits { bytes: usize::MAX, links: usize::MAX });
    let delta = reader.valid(delta, "links: not a link delta")?;
    let is_between_states = matches!(delta.from(), Basis::State(_)) && delta.to().is_some();
    let delta = if is_between_states { Ok(delta) } else { Err(()) };
    Ok(ArrivedLinks::Changed(reader.valid(delta, "links: not a delta from one state to another")?))
}

/// Encodes what is different, if that is much shorter than the links, and leads to them as they are written.
fn delta_between(former: LinkDocument<'_>, links: LinkDocument<'_>) -> Option<Vec<u8>> {
    let delta = LinkDelta::between(former, links);
    let length = delta.removed().as_str().len() + delta.put().as_str().len() + TAGS;
    // A delta does not carry the order of links, which look-ups show.
    if length > links.as_str().len() / 2 || delta.apply(former).as_str() != links.as_str() {
        return None;
    }
    Some(delta.starting_from(tag_of(former)).leading_to(tag_of(links)).encode())
}

/// Returns the entity tag that links go by, which is the one that a registration resource has.
fn tag_of(links: LinkDocument<'_>) -> Tag {
    Tag::new(ETag::of(links.as_str().as_bytes()).as_bytes()).expect("both have one to eight bytes")
}

/// Octets of a delta beside its links, about.
const TAGS: usize = 24;

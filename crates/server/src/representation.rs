use waypost_link_delta::Tag;
use waypost_rest::{ContentFormat, ETag, Request};

use crate::Refusal;

/// Refuses a request that takes something else than link-format in return.
pub(crate) fn accepts_link_format(request: &Request) -> Result<(), Refusal> {
    match request.accept {
        None | Some(ContentFormat::LINK_FORMAT) => Ok(()),
        Some(_) => Err(Refusal::NotAcceptable),
    }
}

/// Returns an entity tag as link deltas have it.
pub(crate) fn tag_of(etag: ETag) -> Tag {
    Tag::new(etag.as_bytes()).expect("both have one to eight bytes")
}

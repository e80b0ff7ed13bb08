use core::hash::Hasher as _;

use siphasher::sip::SipHasher24;
use waypost_link_delta::Tag;
use waypost_rest::{Code, ContentFormat, ETag, Request, Response};

use crate::Refusal;

/// Refuses a request that takes something else than link-format in return.
pub(crate) fn accepts_link_format(request: &Request) -> Result<(), Refusal> {
    match request.accept {
        None | Some(ContentFormat::LINK_FORMAT) => Ok(()),
        Some(_) => Err(Refusal::NotAcceptable),
    }
}

/// Returns the entity tag of a payload. It depends on the payload alone, so that replicas of a directory agree.
pub(crate) fn etag_of(payload: &[u8]) -> ETag {
    let mut hasher = SipHasher24::new();
    hasher.write(payload);
    ETag::from_hash(hasher.finish())
}

/// Returns an entity tag as link deltas have it.
pub(crate) fn tag_of(etag: ETag) -> Tag {
    Tag::new(etag.as_bytes()).expect("both have one to eight bytes")
}

/// Returns 2.03 in place of a response that the client has already.
pub(crate) fn fresh_or_valid(request: &Request, response: Response) -> Response {
    match response.etag {
        Some(etag) if request.etags.contains(&etag) => {
            let mut valid = Response::new(Code::VALID);
            valid.etag = response.etag;
            valid.max_age = response.max_age;
            valid.is_observed = response.is_observed;
            valid
        }
        _ => response,
    }
}

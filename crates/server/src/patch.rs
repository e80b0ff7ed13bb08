use waypost_directory::Endpoint;
use waypost_link_delta::{DecodeErrorKind, Limits, LinkDelta};
use waypost_link_format::ParseError;
use waypost_rest::{ETag, Request};

use crate::representation::tag_of;
use crate::{Refusal, Server};

/// The links of a registration, changed by PATCH and iPATCH ([RFC 8132], which [RFC 9176 §5.3.3] leaves to others to fill).
///
/// [RFC 8132]: https://www.rfc-editor.org/rfc/rfc8132
/// [RFC 9176 §5.3.3]: https://www.rfc-editor.org/rfc/rfc9176#section-5.3.3
impl Server {
    /// Reads the link delta of a PATCH or iPATCH. What it puts is in Limited Link Format, as the links of a registration are.
    pub(crate) fn patch(&self, request: &Request) -> Result<LinkDelta, Refusal> {
        let format = self.config.link_delta_format.ok_or(Refusal::MethodNotAllowed)?;
        if request.content_format != Some(format) {
            return Err(Refusal::UnsupportedPatch(format));
        }
        let limits = &self.directory.config().limits;
        let limits = Limits { bytes: limits.bytes_per_registration, links: limits.links_per_registration };
        let delta = LinkDelta::decode(&request.payload, &limits).map_err(|error| match error.kind {
            DecodeErrorKind::TooManyBytes => Refusal::TooLarge { what: "payload bytes", limit: limits.bytes },
            DecodeErrorKind::TooManyLinks => Refusal::TooLarge { what: "links", limit: limits.links },
            _ => Refusal::Patch(error),
        })?;
        // The links that are put are the last in the payload.
        let start = request.payload.len() - delta.put().as_str().len();
        let limited = delta.put().as_document().check_limited();
        limited.map_err(|error| Refusal::Links(ParseError { offset: start + error.offset, ..error }))?;
        Ok(delta)
    }
}

/// Refuses a delta that starts from another state than the present one.
pub(crate) fn check_state(delta: &LinkDelta, endpoint: &Endpoint<'_>) -> Result<(), Refusal> {
    let present = tag_of(etag_of_links(endpoint));
    if delta.from().is_met_by(Some(present)) { Ok(()) } else { Err(Refusal::Conflict) }
}

/// Returns the entity tag of the links of a registration: the [`ETag::of`] them, without reading them.
pub(crate) fn etag_of_links(endpoint: &Endpoint<'_>) -> ETag {
    ETag::from_hash(endpoint.document_hash())
}

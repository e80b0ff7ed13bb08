use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use waypost_client::Fault;
use waypost_filter::Query;
use waypost_link_format::LinkDocumentBuf;
use waypost_rest::{Code, ContentFormat, ETag, Request, RequestFailure, Response};
use waypost_time::Instant;

use crate::union::union;

/// What the answer of one source is.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// These links, and until when they are fresh.
    Links { links: LinkDocumentBuf, fresh_until: Instant },
    /// The source refuses.
    Refused(Response),
    /// The source has no answer.
    Failed(Fault),
}

/// Links that are here, and until when nothing of them expires.
pub(super) type HeldPart = (LinkDocumentBuf, Instant);

/// What an answer is put together from.
#[derive(Debug)]
pub(super) struct Parts {
    /// What is registered here, or mirrored and complete.
    pub(super) held: Vec<HeldPart>,
    /// What sources say; nothing while they have not yet.
    pub(super) asked: BTreeMap<usize, Option<Part>>,
}

impl Parts {
    pub(super) fn is_complete(&self) -> bool {
        self.asked.values().all(Option::is_some)
    }

    /// Returns the answer to a request, if it is complete.
    pub(super) fn answer(&self, now: Instant, request: &Request, query: &Query, limit: usize) -> Response {
        let mut links: Vec<LinkDocumentBuf> = Vec::new();
        let mut fresh_until = Instant::MAX;
        for (part, good_until) in &self.held {
            links.push(part.clone());
            fresh_until = fresh_until.min(*good_until).min(now + MAX_AGE);
        }
        for part in self.asked.values() {
            match part {
                Some(Part::Links { links: part, fresh_until: until }) => {
                    links.push(part.clone());
                    fresh_until = fresh_until.min(*until);
                }
                Some(Part::Refused(response)) => return response.clone(),
                Some(Part::Failed(Fault::Unanswered(RequestFailure::TimedOut | RequestFailure::Unreachable)))
                | None => {
                    return Response::refusal(Code::GATEWAY_TIMEOUT, "a directory behind this proxy does not answer");
                }
                Some(Part::Failed(Fault::Unavailable)) => {
                    return Response::refusal(Code::SERVICE_UNAVAILABLE, "too much is under way");
                }
                Some(Part::Failed(_)) => {
                    return Response::refusal(
                        Code::BAD_GATEWAY,
                        "a directory behind this proxy gives no proper answer",
                    );
                }
            }
        }
        links.retain(|part| !part.is_empty());
        let Ok(text) = union(&links, query, limit) else {
            return too_large();
        };
        let mut response = Response::content(ContentFormat::LINK_FORMAT, text);
        response.etag = Some(ETag::of(&response.payload));
        let left = fresh_until.saturating_since(now).as_secs().min(u32::MAX.into()) as u32;
        response.max_age = Some(left).filter(|left| *left != DEFAULT_MAX_AGE);
        response.or_valid(request)
    }
}

/// Returns what is said instead of an answer that is too large.
pub(super) fn too_large() -> Response {
    Response::refusal(Code::BAD_REQUEST, "the answer is too large; ask in pages")
}

const DEFAULT_MAX_AGE: u32 = 60;
/// How long what is at hand may be used.
pub(super) const MAX_AGE: Duration = Duration::from_secs(DEFAULT_MAX_AGE as u64);

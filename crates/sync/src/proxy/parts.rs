use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use waypost_client::Fault;
use waypost_filter::Query;
use waypost_link_format::LinkDocumentBuf;
use waypost_rest::{Code, ContentFormat, ETag, RequestFailure, Response};
use waypost_time::Instant;

use crate::union::union;

/// What the answer of one source is.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// These links, and until when they are fresh.
    Links { links: LinkDocumentBuf, fresh_until: Instant },
    /// The source refuses in this way, and until when that holds, if it said so.
    Refused { refusal: Response, until: Option<Instant> },
    /// The source has no answer.
    Failed(Fault),
}

/// What an answer is put together from, in this order, so that pages line up wherever the parts come from.
#[derive(Debug)]
pub(super) struct Parts {
    /// What is registered here.
    pub(super) local: Part,
    /// What the sources have, be it at hand or asked for; nothing while they have not answered.
    pub(super) sources: BTreeMap<usize, Option<Part>>,
}

impl Part {
    /// Makes the part that is at hand, that the source is known to have had at a moment, and of which nothing expires before another.
    pub(super) fn held(confirmed: Instant, (links, good_until): (LinkDocumentBuf, Instant)) -> Self {
        Self::Links { links, fresh_until: good_until.min(confirmed + MAX_AGE) }
    }

    /// Makes the part of a source that refuses, until a moment if it said so. Refusals are what the client of the proxy is told, too
    /// ([RFC 7252 §5.7.2](https://www.rfc-editor.org/rfc/rfc7252#section-5.7.2)).
    ///
    /// # Deviation
    ///
    /// From [RFC 8516 §4](https://www.rfc-editor.org/rfc/rfc8516#section-4), by which 4.29 may reach a client through a proxy that asks
    /// for many: the client is told 5.03 in its place, with the same Max-Age. Here 4.29 says that this client asks too much of this
    /// proxy, which it can do something about. Of what all of them ask of a source it cannot know anything but when to come back.
    pub(super) fn refused(code: Code, diagnostic: Box<str>, until: Option<Instant>) -> Self {
        let refusal = match code {
            Code::TOO_MANY_REQUESTS => {
                Response::refusal(Code::SERVICE_UNAVAILABLE, "a directory behind this proxy has been asked too much")
            }
            code => Response::refusal(code, String::from(diagnostic)),
        };
        Self::Refused { refusal, until }
    }

    /// Returns the links, if there are any.
    fn links(&self) -> Option<&LinkDocumentBuf> {
        match self {
            Self::Links { links, .. } if !links.is_empty() => Some(links),
            _ => None,
        }
    }

    /// Tells whether the source could have an answer, but for now none can be got from it.
    fn is_away(&self) -> bool {
        match self {
            Self::Links { .. } | Self::Failed(Fault::Unavailable | Fault::TooLarge) => false,
            Self::Failed(_) => true,
            Self::Refused { refusal, .. } => refusal.code.class() == SERVER_ERROR,
        }
    }

    /// Returns until when the source wants not to be asked anything, if it said so.
    pub(super) fn put_off_until(&self) -> Option<Instant> {
        match self {
            Self::Refused { until, .. } if self.is_unavailable() => *until,
            _ => None,
        }
    }

    /// Makes the source be asked again at that moment, if it wants to be left in peace for longer.
    pub(super) fn put_off_at_most(&mut self, latest: Instant) {
        if self.is_unavailable()
            && let Self::Refused { until: Some(until), .. } = self
        {
            *until = latest.min(*until);
        }
    }

    /// Tells whether the source says nothing about what was asked, so that an answer from before may be used.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Failed(Fault::Unanswered(_))) || self.is_unavailable()
    }

    /// Tells whether the source refuses because it is not able to answer now.
    fn is_unavailable(&self) -> bool {
        matches!(self, Self::Refused { refusal, .. } if refusal.code == Code::SERVICE_UNAVAILABLE)
    }

    /// Returns what is said in place of an answer that lacks this part; nothing if it does not. Unless it is for the source to say
    /// when, the client may try again after some seconds.
    fn problem(&self, now: Instant, retry_seconds: u32) -> Option<Response> {
        let (code, diagnostic) = match self {
            Self::Links { .. } => return None,
            // What the source did not say is not put in its mouth: who hears it could take it for said of all questions.
            Self::Refused { refusal, until } => {
                let mut response = refusal.clone();
                response.max_age = until.map(|until| seconds_until(now, until));
                return Some(response);
            }
            Self::Failed(Fault::Unanswered(RequestFailure::TimedOut | RequestFailure::Unreachable)) => {
                (Code::GATEWAY_TIMEOUT, "a directory behind this proxy does not answer")
            }
            Self::Failed(Fault::Unavailable) => (Code::SERVICE_UNAVAILABLE, "too much is under way"),
            Self::Failed(Fault::TooLarge) => {
                (Code::BAD_REQUEST, "a directory behind this proxy has too much to answer; ask for less")
            }
            Self::Failed(_) => (Code::BAD_GATEWAY, "a directory behind this proxy gives no proper answer"),
        };
        let response = Response::refusal(code, diagnostic);
        Some(if code.class() == SERVER_ERROR { response.with_max_age(retry_seconds) } else { response })
    }
}

impl Parts {
    /// Tells whether nobody is waited for.
    pub(super) fn is_complete(&self) -> bool {
        self.sources.values().all(Option::is_some)
    }

    /// Returns the source that is asked, if it is the only one, and nothing is at hand.
    pub(super) fn only_asked(&self) -> Option<usize> {
        let mut asked = self.sources.iter().filter(|(_, part)| part.is_none()).map(|(upstream, _)| *upstream);
        let is_alone = self.known().all(|part| part.links().is_none());
        asked.next().filter(|_| is_alone && asked.next().is_none())
    }

    /// Returns the sources that are away although others have something, so that it could be answered without them.
    pub(super) fn away(&self) -> Vec<usize> {
        let is_away = |part: &Option<Part>| part.as_ref().is_some_and(Part::is_away);
        match self.known().any(|part| part.links().is_some()) {
            true => self.sources.iter().filter(|(_, part)| is_away(part)).map(|(upstream, _)| *upstream).collect(),
            false => Vec::new(),
        }
    }

    /// Returns what is said because of the first source that keeps it from being answered, if one does. It may be asked again after
    /// so many seconds.
    pub(super) fn problem(
        &self,
        now: Instant,
        without: &[usize],
        retry_seconds: impl Fn(usize) -> u32,
    ) -> Option<Response> {
        let mut missed = self.sources.iter().filter(|(upstream, _)| !without.contains(upstream));
        missed.find_map(|(upstream, part)| part.as_ref()?.problem(now, retry_seconds(*upstream)))
    }

    /// Returns the answer to a query, without what is not there.
    pub(super) fn answer(&self, now: Instant, query: &Query, limit: usize) -> Response {
        let links: Vec<LinkDocumentBuf> = self.known().filter_map(|part| part.links().cloned()).collect();
        let Ok(text) = union(&links, query, limit) else {
            return too_large();
        };
        let fresh_until = self.known().map(|part| match part {
            Part::Links { fresh_until, .. } => *fresh_until,
            _ => now,
        });
        let fresh_until = fresh_until.min().unwrap_or(now);
        let mut response = Response::content(ContentFormat::LINK_FORMAT, text);
        response.etag = Some(ETag::of(&response.payload));
        response.max_age = Some(seconds_until(now, fresh_until)).filter(|left| *left != DEFAULT_MAX_AGE);
        response
    }

    /// Returns how many bytes have to be read to put an answer together, be it a page of a few links.
    pub(super) fn size(&self) -> u64 {
        self.known().filter_map(Part::links).map(|links| links.as_str().len() as u64).sum()
    }

    fn known(&self) -> impl Iterator<Item = &Part> {
        core::iter::once(&self.local).chain(self.sources.values().flatten())
    }
}

fn seconds_until(now: Instant, moment: Instant) -> u32 {
    moment.saturating_since(now).as_secs().min(u32::MAX.into()) as u32
}

/// Returns what is said instead of an answer that is too large.
pub(super) fn too_large() -> Response {
    Response::refusal(Code::BAD_REQUEST, "the answer is too large; ask in pages")
}

/// The class of the codes that say that a server is not able to answer.
const SERVER_ERROR: u8 = 5;
const DEFAULT_MAX_AGE: u32 = 60;
/// How long what is at hand may be used.
pub(super) const MAX_AGE: Duration = Duration::from_secs(DEFAULT_MAX_AGE as u64);

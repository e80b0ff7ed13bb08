//! The registrant as a service: how a transport runs it.

use alloc::string::{String, ToString};

use waypost_filter::{Query, select};
use waypost_link_format::LinkWriter;
use waypost_rest::{
    Code, ContentFormat, ETag, ExchangeId, Method, Output, Peer, Request, RequestFailure, RequestId, Response, Service,
};
use waypost_time::Instant;

use super::task::Task;
use super::{Registrant, ResourceUri};

impl Service for Registrant {
    /// Answers a GET of `/.well-known/core` with the links that are registered, as a simple registration needs, and as
    /// everybody may expect who finds them in a directory ([RFC 9176 §3.1]). Everything else is not found.
    ///
    /// [RFC 9176 §3.1]: https://www.rfc-editor.org/rfc/rfc9176#section-3.1
    fn handle_request(&mut self, now: Instant, exchange: ExchangeId, _: &Peer, request: Request) {
        self.advance(now);
        let response = self.serve(&request);
        let is_silent = request.is_multicast && (!response.code.is_success() || response.payload.is_empty());
        self.outputs.push_back(match is_silent {
            true => Output::Silence { exchange },
            false => Output::Response { exchange, response },
        });
        self.proceed();
    }

    fn handle_response(&mut self, now: Instant, request: RequestId, outcome: Result<Response, RequestFailure>) {
        self.advance(now);
        self.take_outcome(request, outcome);
    }

    fn handle_group_response(&mut self, now: Instant, request: RequestId, peer: &Peer, response: Response) {
        self.advance(now);
        let Ok(mut host) = ResourceUri::new(&peer.uri) else { return };
        if let Some(zone) = peer.zone {
            host = host.in_zone(zone);
        }
        self.take_group_answer(request, &host, &response);
    }

    fn handle_ready(&mut self, now: Instant, _: ExchangeId) {
        self.advance(now);
    }

    fn handle_cancel(&mut self, now: Instant, _: ExchangeId) {
        self.advance(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
        let now = self.now;
        match &self.task {
            Task::Asking(asked) if asked.deadline <= now => {
                let id = asked.id;
                self.outputs.push_back(Output::Withdrawn { id, peer: asked.uri.peer() });
                self.take_outcome(id, Err(RequestFailure::TimedOut));
            }
            Task::Postponed { until, .. } if *until <= now => {
                if let Task::Postponed { step, patience, .. } = core::mem::replace(&mut self.task, Task::Idle) {
                    self.ask(step, patience);
                }
            }
            Task::Waiting { until } | Task::Resting { until } if *until <= now => self.task = Task::Idle,
            _ => {}
        }
        self.proceed();
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let lapse = self.held.as_ref().filter(|held| !held.is_lapsed).map(|held| held.expires);
        let task = match &self.task {
            // Also of what has lapsed meanwhile.
            Task::Idle => self.held.as_ref().map(|held| held.renew_at),
            Task::Asking(asked) => Some(asked.deadline),
            Task::Postponed { until, .. } | Task::Waiting { until } | Task::Resting { until } => Some(*until),
            Task::Stopped => None,
        };
        task.into_iter().chain(lapse).min().filter(|at| *at < Instant::MAX)
    }
}

impl Registrant {
    fn serve(&self, request: &Request) -> Response {
        if request.path != [".well-known", "core"] {
            return Response::new(Code::NOT_FOUND);
        }
        if request.method != Method::Get {
            return Response::new(Code::METHOD_NOT_ALLOWED);
        }
        if request.accept.is_some_and(|accept| accept != ContentFormat::LINK_FORMAT) {
            return Response::new(Code::NOT_ACCEPTABLE);
        }
        let query = match Query::from_options(&request.query) {
            Ok(query) => query,
            Err(invalid) => return Response::refusal(Code::BAD_REQUEST, invalid.to_string()),
        };
        let mut text = String::new();
        let mut writer = LinkWriter::new(&mut text);
        let links = self.description.links().as_document();
        // Neither valid links nor a string refuse anything.
        let written = select(links, &query).try_for_each(|link| writer.copy(link).map(drop));
        let _ = written.and_then(|()| writer.finish());
        let etag = ETag::from_hash(fnv(text.as_bytes()));
        let mut response = match request.etags.contains(&etag) {
            true => Response::new(Code::VALID),
            false => Response::content(ContentFormat::LINK_FORMAT, text),
        };
        response.etag = Some(etag);
        // The links can change at any time, and a directory does not fetch again what is fresh (RFC 9176 §5.1).
        response.with_max_age(0)
    }
}

/// FNV-1a. An entity tag tells the versions of one resource apart; nobody gains by forging one.
fn fnv(octets: &[u8]) -> u64 {
    octets.iter().fold(0xcbf2_9ce4_8422_2325, |hash, octet| (hash ^ u64::from(*octet)).wrapping_mul(0x0100_0000_01b3))
}

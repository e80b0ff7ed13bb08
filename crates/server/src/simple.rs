use bytes::Bytes;
use waypost_link_format::LinkDocumentBuf;
use waypost_model::Parameters;
use waypost_rest::{
    Code, ContentFormat, ExchangeId, Method, Output, Peer, Request, RequestFailure, RequestId, Response,
};
use waypost_time::Instant;

use crate::fetch::{Begun, Fetch, Found, Waiter, no_room};
use crate::parameters::{Interface, parameters};
use crate::{FetchFault, Refusal, Server};

/// Simple registration ([RFC 9176 §5.1](https://www.rfc-editor.org/rfc/rfc9176#section-5.1)).
impl Server {
    /// Takes a simple registration; `None` says that the answer comes when the peer's links are known.
    pub(crate) fn register_simply(
        &mut self,
        now: Instant,
        exchange: ExchangeId,
        peer: &Peer,
        request: &Request,
    ) -> Result<Option<Response>, Refusal> {
        if !self.config.simple_registration {
            return Err(Refusal::NotFound);
        }
        if request.method != Method::Post {
            return Err(Refusal::MethodNotAllowed);
        }
        if !request.payload.is_empty() {
            return Err(Refusal::UnexpectedPayload);
        }
        if !is_datagram_transport(peer) {
            return Err(Refusal::NoWayBack);
        }
        let limits = self.config.limits;
        let parameters = parameters(&request.query, Interface::SimpleRegistration, limits.query_arguments)?;
        let candidate = self.candidate(peer, parameters.clone(), LinkDocumentBuf::default())?;
        let location = self.admit(now, peer, &candidate)?;
        let mut peer = peer.clone();
        if let Some(freshness) = &self.freshness {
            peer.is_reachable |= freshness.verify_address(now, &peer, request.echo.as_ref())?;
        }
        self.check_freshness(now, &peer, request.echo.as_ref(), &location)?;
        if let Some(links) = self.simple.fresh(now, &peer) {
            return self.complete_simply(now, &peer, request.echo.as_ref(), parameters, links).map(Some);
        }
        if let Some((id, fetch)) = self.simple.make_room(now, &peer, &limits)? {
            self.give_up(now, id, fetch, no_room(&limits));
        }
        let waiter = Waiter { exchange, parameters, echo: request.echo.clone() };
        match self.simple.begin(now, &peer, waiter) {
            Begun::Joined => Ok(None),
            Begun::Asked { id, etag } => {
                let mut request = Request::new(Method::Get, [".well-known", "core"]);
                request.accept = Some(ContentFormat::LINK_FORMAT);
                request.etags.extend(etag);
                self.outputs.push_back(Output::Request { id, peer, request });
                Ok(None)
            }
        }
    }

    /// Takes what a peer serves at its `/.well-known/core`, and answers everybody who waited for it.
    pub(crate) fn take_fetched(&mut self, now: Instant, id: RequestId, outcome: Result<Response, RequestFailure>) {
        let Some(mut fetch) = self.simple.finish(id) else { return };
        if let Ok(response) = &outcome
            && response.code == Code::UNAUTHORIZED
            && let Some(echo) = &response.echo
            && !fetch.is_repeated
        {
            // The registrant protects itself in the same way as the directory can.
            let mut request = Request::new(Method::Get, [".well-known", "core"]);
            request.accept = Some(ContentFormat::LINK_FORMAT);
            request.echo = Some(echo.clone());
            fetch.is_repeated = true;
            let peer = fetch.peer.clone();
            let id = self.simple.repeat(fetch);
            self.outputs.push_back(Output::Request { id, peer, request });
            return;
        }
        let links = self.fetched_links(now, &fetch, outcome);
        self.answer_waiters(now, fetch, &links);
    }

    /// Gives up fetches that took too long.
    pub(crate) fn give_up_fetches(&mut self, now: Instant) {
        while let Some((id, fetch)) = self.simple.overdue(now, &self.config.limits) {
            self.give_up(now, id, fetch, Refusal::Fetch(FetchFault::Failed(RequestFailure::TimedOut)));
        }
    }

    /// Forgets simple registrations whose lifetime has passed: nobody could refresh them, as nobody was told where they
    /// are.
    pub(crate) fn forget_expired_simple(&mut self, now: Instant) {
        for _ in 0..FORGOTTEN_PER_CALL {
            let Some(location) = self.simple.next_due(now) else { break };
            let Some(endpoint) = self.directory.registration(now, &location) else {
                self.simple.unmark(&location);
                continue;
            };
            if endpoint.is_expired() {
                self.simple.unmark(&location);
                self.quota.forget(&location);
                self.directory.forget_expired(now, &location);
            } else {
                let left = endpoint.age().remaining(endpoint.lifetime());
                self.simple.mark(location, now + left.max(core::time::Duration::from_secs(1)));
            }
        }
    }

    fn give_up(&mut self, now: Instant, id: RequestId, fetch: Fetch, why: Refusal) {
        self.outputs.push_back(Output::Withdrawn { id, peer: fetch.peer.clone() });
        self.answer_waiters(now, fetch, &Err(why));
    }

    fn fetched_links(
        &mut self,
        now: Instant,
        fetch: &Fetch,
        outcome: Result<Response, RequestFailure>,
    ) -> Result<LinkDocumentBuf, Refusal> {
        let response = outcome.map_err(|failure| Refusal::Fetch(FetchFault::Failed(failure)))?;
        self.count_change(&fetch.peer, response.payload.len());
        let fault = |fault| Err(Refusal::Fetch(fault));
        let links = match response.code {
            Code::CONTENT => match self.links(response.content_format, &response.payload, Refusal::FetchedLinks) {
                Err(Refusal::UnsupportedFormat) => return fault(FetchFault::Format),
                links => links?,
            },
            Code::VALID => match self.simple.cached(&fetch.peer) {
                Some(Found { links, etag }) if etag.is_some() && etag == response.etag.or(fetch.etag) => links,
                _ => return fault(FetchFault::Answered(Code::VALID)),
            },
            code => return fault(FetchFault::Answered(code)),
        };
        let etag = response.etag.or(if response.code == Code::VALID { fetch.etag } else { None });
        let max_age = response.max_age.unwrap_or(DEFAULT_MAX_AGE);
        self.simple.cache(now, &fetch.peer, Found { links: links.clone(), etag }, max_age, &self.config.limits);
        Ok(links)
    }

    fn answer_waiters(&mut self, now: Instant, fetch: Fetch, links: &Result<LinkDocumentBuf, Refusal>) {
        for waiter in fetch.waiters {
            let done = links.clone().and_then(|links| {
                self.complete_simply(now, &fetch.peer, waiter.echo.as_ref(), waiter.parameters, links)
            });
            let response = done.unwrap_or_else(|refusal| {
                let path = self.config.paths.simple_registration.as_str().into();
                self.note_refusal(&fetch.peer, || path, &refusal);
                refusal.response()
            });
            self.outputs.push_back(Output::Response { exchange: waiter.exchange, response });
        }
    }

    fn complete_simply(
        &mut self,
        now: Instant,
        peer: &Peer,
        echo: Option<&Bytes>,
        parameters: Parameters,
        links: LinkDocumentBuf,
    ) -> Result<Response, Refusal> {
        let candidate = self.candidate(peer, parameters, links)?;
        let lifetime = candidate.lifetime;
        let location = self.admit(now, peer, &candidate)?;
        self.check_freshness(now, peer, echo, &location)?;
        self.count_change(peer, candidate.links.as_str().len());
        self.enter(now, peer, &location, candidate)?;
        self.simple.mark(location, now + lifetime.duration());
        let mut response = Response::new(Code::CHANGED);
        response.echo = self.preemptive_echo(now, peer);
        Ok(response)
    }
}

/// Over a stream, the port that a registrant sends from is not one that it listens at.
fn is_datagram_transport(peer: &Peer) -> bool {
    let scheme = peer.uri.split_once("://").map_or("", |(scheme, _)| scheme);
    matches!(scheme, "coap" | "coaps")
}

const DEFAULT_MAX_AGE: u32 = 60;
const FORGOTTEN_PER_CALL: usize = 64;

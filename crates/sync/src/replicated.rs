use alloc::collections::VecDeque;

use waypost_directory::Directory;
use waypost_rest::{Code, ExchangeId, Method, Output, Peer, Request, RequestFailure, RequestId, Response, Service};
use waypost_time::Instant;

use crate::Replicator;

/// A service that has a directory, such as a server, together with the engine that keeps the directory in step.
///
/// Requests for the feed go to the engine, all others to the service. The names of the requests that the service makes must
/// be less than 2⁶².
#[derive(Debug)]
pub struct Replicated<S> {
    service: S,
    replicator: Replicator,
    now: Instant,
    /// Requests that are refused since this replica is about to end.
    refused: VecDeque<ExchangeId>,
}

impl<S> Replicated<S> {
    /// Puts an engine beside a service.
    pub const fn new(service: S, replicator: Replicator) -> Self {
        Self { service, replicator, now: Instant::ZERO, refused: VecDeque::new() }
    }

    /// Returns the service.
    pub const fn service(&self) -> &S {
        &self.service
    }

    /// Returns the service, to work with it.
    pub const fn service_mut(&mut self) -> &mut S {
        &mut self.service
    }

    /// Returns the engine.
    pub const fn replicator(&self) -> &Replicator {
        &self.replicator
    }

    /// Returns both.
    pub(crate) const fn parts(&mut self) -> (&mut S, &Replicator) {
        (&mut self.service, &self.replicator)
    }

    /// Returns the engine, to work with it.
    pub const fn replicator_mut(&mut self) -> &mut Replicator {
        &mut self.replicator
    }
}

impl<S: AsMut<Directory>> Replicated<S> {
    /// Gets ready to end: takes no more writes, answering them with 5.03, and hands over to the other replicas what they have
    /// not heard. Look-ups are answered as ever.
    ///
    /// What was answered is acknowledged: without this, what came in the last moment would be lost until its endpoint renews.
    pub fn drain(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.replicator.drain(self.now, self.service.as_mut());
    }

    /// Returns whether it may end: the other replicas hold what is here, or [`Limits::drain`](crate::Limits::drain) has passed
    /// since [`Replicated::drain`].
    pub fn is_drained(&mut self, now: Instant) -> bool {
        self.replicator.is_drained(self.now.max(now), self.service.as_mut())
    }
}

impl<S: Service + AsMut<Directory>> Service for Replicated<S> {
    fn handle_request(&mut self, now: Instant, exchange: ExchangeId, peer: &Peer, request: Request) {
        self.now = self.now.max(now);
        if self.replicator.is_for(&request) && !request.is_multicast {
            self.replicator.handle_request(self.now, self.service.as_mut(), exchange, peer, &request);
        } else if self.replicator.is_draining() && !matches!(request.method, Method::Get | Method::Fetch) {
            self.refused.push_back(exchange);
        } else {
            self.replicator.handle_cancel(exchange);
            self.service.handle_request(now, exchange, peer, request);
        }
    }

    fn heeds_if_match(&self, request: &Request) -> bool {
        !self.replicator.is_for(request) && self.service.heeds_if_match(request)
    }

    fn handle_response(&mut self, now: Instant, request: RequestId, outcome: Result<Response, RequestFailure>) {
        self.now = self.now.max(now);
        match request.unmarked(OWN) {
            Some(request) => self.replicator.handle_response(self.now, self.service.as_mut(), request, outcome),
            None => self.service.handle_response(now, request, outcome),
        }
    }

    fn handle_group_response(&mut self, now: Instant, request: RequestId, peer: &Peer, response: Response) {
        self.service.handle_group_response(now, request, peer, response);
    }

    fn handle_ready(&mut self, now: Instant, exchange: ExchangeId) {
        self.now = self.now.max(now);
        self.replicator.handle_ready(self.now, self.service.as_mut(), exchange);
        self.service.handle_ready(now, exchange);
    }

    fn handle_cancel(&mut self, now: Instant, exchange: ExchangeId) {
        self.replicator.handle_cancel(exchange);
        self.service.handle_cancel(now, exchange);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.now = self.now.max(now);
        self.service.handle_timeout(now);
        self.replicator.handle_timeout(self.now, self.service.as_mut());
    }

    fn poll_output(&mut self) -> Option<Output> {
        if let Some(exchange) = self.refused.pop_front() {
            let response = Response::refusal(Code::SERVICE_UNAVAILABLE, "about to end");
            return Some(Output::Response { exchange, response });
        }
        if let Some(output) = self.service.poll_output() {
            return Some(output);
        }
        self.replicator
            .poll_output(self.now, self.service.as_mut())
            .map(|output| output.with_request_renamed(|id| id.marked(OWN)))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.service.poll_timeout().into_iter().chain(self.replicator.poll_timeout()).min()
    }
}

/// The bit that marks the names of what the engine asks.
const OWN: u32 = 62;

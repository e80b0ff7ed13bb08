use std::collections::VecDeque;

use waypost_rest::{ExchangeId, Output, Peer, Request, RequestFailure, RequestId, Response, Service};
use waypost_time::Instant;

/// A way in which a service is wrong, to see that it is found out.
pub(crate) trait Bend<S> {
    /// Returns whom the service takes for who asks, if not who does.
    fn asker(&self, request: &Request, peer: &Peer) -> Option<Peer> {
        let _ = (request, peer);
        None
    }

    /// Changes a request before the service gets it, or answers it instead.
    fn request(&mut self, now: Instant, service: &mut S, request: &mut Request) -> Option<Response> {
        let _ = (now, service, request);
        None
    }

    /// Does something before the service gets an answer.
    fn before_response(&mut self, now: Instant, service: &mut S) {
        let _ = (now, service);
    }

    /// Does something after the service got an answer.
    fn after_response(&mut self, now: Instant, service: &mut S) {
        let _ = (now, service);
    }

    /// Tells whether the service gets to say something, and changes what it says.
    fn says(&mut self, output: &mut Output) -> bool {
        let _ = output;
        true
    }

    /// Returns when the service wakes up that wants to at `deadline`.
    fn wakes(&self, deadline: Instant) -> Instant {
        deadline
    }
}

/// A service that may be wrong in some way.
pub(crate) struct Bent<S> {
    service: S,
    bend: Option<Box<dyn Bend<S>>>,
    outputs: VecDeque<Output>,
}

impl<S: Service> Bent<S> {
    pub(crate) fn new(service: S, bend: Option<Box<dyn Bend<S>>>) -> Self {
        Self { service, bend, outputs: VecDeque::new() }
    }

    pub(crate) const fn service(&self) -> &S {
        &self.service
    }

    pub(crate) const fn service_mut(&mut self) -> &mut S {
        &mut self.service
    }

    pub(crate) fn into_service(self) -> S {
        self.service
    }
}

impl<S: Service> Service for Bent<S> {
    fn handle_request(&mut self, now: Instant, exchange: ExchangeId, peer: &Peer, mut request: Request) {
        match self.bend.as_mut().and_then(|bend| bend.request(now, &mut self.service, &mut request)) {
            Some(response) => self.outputs.push_back(Output::Response { exchange, response }),
            None => {
                let asker = self.bend.as_ref().and_then(|bend| bend.asker(&request, peer));
                self.service.handle_request(now, exchange, asker.as_ref().unwrap_or(peer), request);
            }
        }
    }

    fn heeds_if_match(&self, request: &Request) -> bool {
        self.service.heeds_if_match(request)
    }

    fn handle_response(&mut self, now: Instant, request: RequestId, outcome: Result<Response, RequestFailure>) {
        if let Some(bend) = &mut self.bend {
            bend.before_response(now, &mut self.service);
        }
        self.service.handle_response(now, request, outcome);
        if let Some(bend) = &mut self.bend {
            bend.after_response(now, &mut self.service);
        }
    }

    fn handle_group_response(&mut self, now: Instant, request: RequestId, peer: &Peer, response: Response) {
        self.service.handle_group_response(now, request, peer, response);
    }

    fn handle_ready(&mut self, now: Instant, exchange: ExchangeId) {
        self.service.handle_ready(now, exchange);
    }

    fn handle_cancel(&mut self, now: Instant, exchange: ExchangeId) {
        self.service.handle_cancel(now, exchange);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.service.handle_timeout(now);
    }

    fn poll_output(&mut self) -> Option<Output> {
        loop {
            let mut output = self.outputs.pop_front().or_else(|| self.service.poll_output())?;
            if self.bend.as_mut().is_none_or(|bend| bend.says(&mut output)) {
                return Some(output);
            }
        }
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let deadline = self.service.poll_timeout()?;
        Some(self.bend.as_ref().map_or(deadline, |bend| bend.wakes(deadline)))
    }
}

//! The proxy as a service: how a transport runs it.

use waypost_directory::Directory;
use waypost_rest::{ExchangeId, Observe, Output, Peer, Request, RequestFailure, RequestId, Response, Service};
use waypost_time::Instant;

use super::Proxy;
use super::answering::fresh_for;
use crate::ProxyEvent;

/// Whose a request is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Owner {
    /// The service or its engine.
    Service,
    /// A look-up for the sake of a client.
    Forward(RequestId),
    /// An observation for the sake of clients that observe.
    Subscription(RequestId),
    /// The question where one registers at a source.
    Registry(usize),
    /// What is observed because it recurs.
    Observed(u32, RequestId),
}

impl<S: Service + AsMut<Directory>> Service for Proxy<S> {
    fn handle_request(&mut self, now: Instant, exchange: ExchangeId, peer: &Peer, request: Request) {
        self.now = self.now.max(now);
        let now = self.now;
        self.review_coverage(now);
        self.forget(exchange);
        let asks_to_observe = request.observe == Some(Observe::Register);
        let lookup = self.read(&request);
        // A source knows itself what is mirrored of it, and better.
        let is_client = !self.is_source(peer);
        let confirmed = lookup.as_ref().filter(|_| is_client).and_then(|lookup| self.all_confirmed(now, lookup));
        match lookup {
            Some(lookup) if confirmed.is_none() => {
                // It may have been an observation that the service could serve.
                self.replicated.handle_cancel(now, exchange);
                self.observers.served.remove(&exchange);
                if !asks_to_observe {
                    self.dismiss_observer(now, exchange);
                }
                if let Err(response) = self.look_up(now, exchange, peer, request, lookup) {
                    self.dismiss_observer(now, exchange);
                    self.outputs.push_back(Output::Response { exchange, response });
                }
            }
            lookup => {
                self.dismiss_observer(now, exchange);
                let left = confirmed.and_then(|confirmed| fresh_for(now, confirmed));
                self.aged.extend(left.map(|left| (exchange, left)));
                if let Some(lookup) = lookup.filter(|_| asks_to_observe) {
                    self.observers.served.insert(exchange, lookup);
                }
                self.replicated.handle_request(now, exchange, peer, request);
            }
        }
    }

    fn heeds_if_match(&self, request: &Request) -> bool {
        self.replicated.heeds_if_match(request)
    }

    fn handle_response(&mut self, now: Instant, request: RequestId, outcome: Result<Response, RequestFailure>) {
        self.now = self.now.max(now);
        let now = self.now;
        match owner(request) {
            Owner::Service => self.replicated.handle_response(now, request, outcome),
            Owner::Forward(request) => {
                self.client.handle_response(now, request, outcome);
                self.take_events(now);
            }
            Owner::Subscription(request) => {
                self.subscriptions.client.handle_response(now, request, outcome);
                self.take_subscribed(now);
            }
            Owner::Registry(upstream) => self.take_registry(now, upstream, outcome),
            Owner::Observed(number, request) => {
                if let Some(observed) = self.observed.get_mut(&number) {
                    observed.handle_response(now, request, outcome);
                }
                self.take_observed(now);
                self.review(now);
            }
        }
        self.review_coverage(now);
    }

    fn handle_group_response(&mut self, now: Instant, request: RequestId, peer: &Peer, response: Response) {
        self.replicated.handle_group_response(now, request, peer, response);
    }

    fn handle_ready(&mut self, now: Instant, exchange: ExchangeId) {
        self.now = self.now.max(now);
        self.notify(self.now, exchange);
    }

    fn handle_cancel(&mut self, now: Instant, exchange: ExchangeId) {
        self.now = self.now.max(now);
        let now = self.now;
        self.forget(exchange);
        self.dismiss_observer(now, exchange);
        self.aged.remove(&exchange);
        self.replicated.handle_cancel(now, exchange);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.now = self.now.max(now);
        let now = self.now;
        self.events.turn(now);
        self.replicated.handle_timeout(now);
        self.client.handle_timeout(now);
        self.take_events(now);
        self.subscriptions.client.handle_timeout(now);
        self.take_subscribed(now);
        for upstream in 0..self.upstreams.len() {
            if self.upstreams[upstream].registry.handle_timeout(now) {
                self.take_registry(now, upstream, Err(RequestFailure::TimedOut));
            }
        }
        for observed in self.observed.values_mut() {
            observed.handle_timeout(now);
        }
        self.take_observed(now);
        self.review(now);
        self.review_coverage(now);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.hand_over(self.now);
        self.take_watched();
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        if let Some(mut output) = self.replicated.poll_output() {
            self.take_served(&mut output);
            return Some(output);
        }
        if let Some(exchange) = self.observers.poll_changed() {
            return Some(Output::Changed { exchange });
        }
        if let Some(output) = self.client.poll_output() {
            return Some(named(output, FORWARD, 0));
        }
        if let Some(output) = self.subscriptions.client.poll_output() {
            return Some(named(output, SUBSCRIPTION, 0));
        }
        let (now, patience) = (self.now, self.config.limits.patience);
        for (number, upstream) in self.upstreams.iter_mut().enumerate() {
            if let Some((peer, request)) = upstream.registry.poll_request(now, &upstream.host, patience) {
                return Some(named(Output::Request { id: RequestId(0), peer, request }, REGISTRY, number as u64));
            }
        }
        self.observed.iter_mut().find_map(|(number, observed)| Some(of_observed(*number, observed.poll_output(now)?)))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let registries = self.upstreams.iter().filter_map(|upstream| upstream.registry.deadline());
        let observed = self.observed.values().filter_map(super::Observed::poll_timeout);
        let own = self.replicated.poll_timeout().into_iter().chain(self.client.poll_timeout());
        let subscribed = self.subscriptions.client.poll_timeout().into_iter().chain(self.subscriptions.next_expiry());
        let own = own.chain(subscribed).chain(self.next_coverage()).chain(self.events.deadline());
        own.chain(self.handover.deadline()).chain(registries).chain(observed).min()
    }
}

impl<S: AsMut<Directory>> Proxy<S> {
    fn take_registry(&mut self, now: Instant, upstream: usize, outcome: Result<Response, RequestFailure>) {
        let Some(source) = self.upstreams.get_mut(upstream) else { return };
        let host = source.host.clone();
        if source.registry.take(now, &host, outcome, &self.config, &mut self.jitter) {
            let upstream = source.name();
            self.note(ProxyEvent::Discovered { upstream });
        }
    }
}

/// Puts the number of an observation into the name of its request.
pub(super) fn of_observed(number: u32, output: Output) -> Output {
    named(output, OBSERVED, number.into())
}

/// Makes names of the names that the parts of the proxy give, which are small.
fn named(output: Output, kind: u64, number: u64) -> Output {
    output.with_request_renamed(|RequestId(id)| {
        RequestId(OWN | kind << KIND_SHIFT | number << NUMBER_SHIFT | id & ((1 << NUMBER_SHIFT) - 1))
    })
}

const fn owner(RequestId(id): RequestId) -> Owner {
    if id & OWN == 0 {
        return Owner::Service;
    }
    let number = id >> NUMBER_SHIFT & ((1 << (KIND_SHIFT - NUMBER_SHIFT)) - 1);
    let own = RequestId(id & ((1 << NUMBER_SHIFT) - 1));
    match id >> KIND_SHIFT & 0b11 {
        FORWARD => Owner::Forward(own),
        SUBSCRIPTION => Owner::Subscription(own),
        REGISTRY => Owner::Registry(number as usize),
        _ => Owner::Observed(number as u32, own),
    }
}

/// Marks the names of what the proxy asks. The service and its engine have those without.
const OWN: u64 = 1 << 63;
const FORWARD: u64 = 0;
const REGISTRY: u64 = 1;
const OBSERVED: u64 = 2;
const SUBSCRIPTION: u64 = 3;
/// Bits below the kind.
const KIND_SHIFT: u32 = 61;
/// Bits below the number of a source or an observation: 2⁴⁰ requests each.
const NUMBER_SHIFT: u32 = 40;

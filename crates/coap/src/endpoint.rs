use alloc::string::String;
use core::net::SocketAddr;

use waypost_rest::{Code, Output, Response, Service};
use waypost_time::Instant;

use crate::engine::{Call, Engine};
use crate::{Config, Datagram, Path, Usage};

/// A CoAP endpoint over UDP that drives a [`Service`], without I/O and without a clock.
///
/// Datagrams and the time go in; datagrams and the time of the next call come out. Calls may come in any order; each does
/// a bounded amount of work. Times that go backwards count as the latest time so far.
///
/// ```
/// use waypost_coap::{Config, Endpoint, Path};
/// use waypost_rest::{Code, ExchangeId, Output, Peer, Request, RequestFailure, RequestId, Response, Service};
/// use waypost_time::Instant;
///
/// /// Answers every request with its path.
/// #[derive(Default)]
/// struct Mirror(Option<Output>);
///
/// impl Service for Mirror {
///     fn handle_request(&mut self, _: Instant, exchange: ExchangeId, _: &Peer, request: Request) {
///         let response = Response::new(Code::CONTENT).with_payload(request.path.join("/"));
///         self.0 = Some(Output::Response { exchange, response });
///     }
///     fn poll_output(&mut self) -> Option<Output> { self.0.take() }
///     // …
/// #     fn handle_response(&mut self, _: Instant, _: RequestId, _: Result<Response, RequestFailure>) {}
/// #     fn handle_ready(&mut self, _: Instant, _: ExchangeId) {}
/// #     fn handle_cancel(&mut self, _: Instant, _: ExchangeId) {}
/// #     fn handle_timeout(&mut self, _: Instant) {}
/// #     fn poll_timeout(&self) -> Option<Instant> { None }
/// }
///
/// let mut endpoint = Endpoint::new(Mirror::default(), Config::new([7; 16]));
/// let path = Path::new("[::1]:5683".parse()?, "[::1]:40031".parse()?);
///
/// // A confirmable GET of /a with the message identifier 0x1234 and an empty token.
/// endpoint.handle_datagram(Instant::ZERO, path, b"\x40\x01\x12\x34\xb1a");
/// let answer = endpoint.poll_output().expect("an answer");
/// assert_eq!(answer.path, path);
/// assert_eq!(&answer.payload[..], b"\x60\x45\x12\x34\xffa");
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
#[derive(Debug)]
pub struct Endpoint<S> {
    engine: Engine,
    service: S,
}

impl<S: Service> Endpoint<S> {
    /// Makes an endpoint that serves `service`.
    #[must_use]
    pub fn new(service: S, config: Config) -> Self {
        Self { engine: Engine::new(config), service }
    }

    /// Makes an address of this side known, so that requests of the service to peers that have not been heard yet can go
    /// out from it. Addresses that datagrams come to are known from then on.
    pub fn add_local(&mut self, local: SocketAddr) {
        self.engine.add_local(local);
    }

    /// Takes a datagram that came in.
    pub fn handle_datagram(&mut self, now: Instant, path: Path, datagram: &[u8]) {
        self.engine.advance(now);
        self.engine.receive(path, datagram);
        self.settle();
    }

    /// Says that there is no way to where a datagram is to go. A request to one host that it carries there for the first time goes to
    /// another address of the host at once, or fails where none is known, which saves the time until it would be given up.
    pub fn handle_unsent(&mut self, now: Instant, datagram: &Datagram) {
        self.engine.advance(now);
        self.engine.unsent(datagram);
        self.settle();
    }

    /// Has the names of hosts that the service asks handed out by [`Endpoint::poll_name`], for who can look up their addresses. Without
    /// this, a request to a name fails at once.
    ///
    /// Such a request names the host in its Uri-Host ([RFC 7252 §6.4](https://www.rfc-editor.org/rfc/rfc7252#section-6.4)). It goes to
    /// the first address that there is a way to. While it stays unanswered, each retransmission goes to the next address, as a message of
    /// its own; together they are as many and take as long as those to one address. A POST or PATCH, which could be done twice so, goes
    /// to one address alone.
    ///
    /// An address where a message was not answered in time, or that it could not be sent to, comes last for ten minutes, or until it
    /// answers.
    pub fn look_up_names(&mut self) {
        self.engine.look_up_names();
    }

    /// Returns the next name of a host whose addresses are to be looked up, in lower case.
    ///
    /// Each has to be answered by [`Endpoint::handle_addresses`] within a time that the caller sets, without addresses if need be: what
    /// is to be asked there waits for that for as long as the service does not withdraw it, and counts as a request under way.
    pub fn poll_name(&mut self) -> Option<String> {
        self.engine.next_name()
    }

    /// Takes the addresses of a host, the best first, with the zones of those that need one; their ports say nothing. Without any,
    /// what is to be asked there fails.
    ///
    /// They are used for a minute, and then looked up again.
    pub fn handle_addresses(&mut self, now: Instant, name: &str, addresses: &[SocketAddr]) {
        self.engine.advance(now);
        self.engine.take_addresses(name, addresses);
        self.settle();
    }

    /// Says that time has passed. Harmless when early, late or repeated.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.engine.advance(now);
        self.engine.fire_timers();
        self.settle();
        let now = self.engine.now();
        if self.service.poll_timeout().is_some_and(|deadline| deadline <= now) {
            self.service.handle_timeout(now);
        }
        self.settle();
    }

    /// Lets an application work with the service, and takes up what the service has to say then.
    pub fn update<R>(&mut self, now: Instant, work: impl FnOnce(&mut S) -> R) -> R {
        self.engine.advance(now);
        self.settle();
        let result = work(&mut self.service);
        self.settle();
        result
    }

    /// Returns the next datagram to be sent.
    pub fn poll_output(&mut self) -> Option<Datagram> {
        loop {
            if let Some(datagram) = self.engine.next_datagram() {
                return Some(datagram);
            }
            if !self.engine.start_notification() {
                return None;
            }
            self.settle();
        }
    }

    /// Returns when [`Endpoint::handle_timeout`] wants to be called next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        match (self.engine.next_timeout(), self.service.poll_timeout()) {
            (Some(own), Some(other)) => Some(own.min(other)),
            (own, other) => own.or(other),
        }
    }

    /// Returns the service.
    pub const fn service(&self) -> &S {
        &self.service
    }

    /// Returns the configuration.
    pub const fn config(&self) -> &Config {
        &self.engine.config
    }

    /// Returns how much the endpoint holds.
    #[must_use]
    pub fn usage(&self) -> Usage {
        self.engine.usage()
    }

    /// Takes the service out of the endpoint.
    pub fn into_service(self) -> S {
        self.service
    }

    /// Passes calls to the service, and its outputs back, until neither side has anything to say.
    fn settle(&mut self) {
        self.drain();
        while let Some(call) = self.engine.next_call() {
            let now = self.engine.now();
            match call {
                Call::Request(exchange, slot, request) => {
                    if !request.if_match.is_empty() && !self.service.heeds_if_match(&request) {
                        let response = Response::refusal(Code::BAD_OPTION, "If-Match: not supported");
                        self.engine.take_output(Output::Response { exchange, response });
                    } else if let Some(peer) = self.engine.identity(slot) {
                        self.service.handle_request(now, exchange, peer, request);
                    }
                    self.drain();
                    self.engine.after_request(exchange);
                }
                Call::Response(request, outcome) => self.service.handle_response(now, request, outcome),
                Call::GroupResponse(request, slot, response) => {
                    if let Some(peer) = self.engine.identity(slot) {
                        self.service.handle_group_response(now, request, peer, response);
                    }
                }
                Call::Cancel(exchange) => self.service.handle_cancel(now, exchange),
                Call::Ready(exchange, outstanding) => {
                    self.service.handle_ready(now, exchange);
                    self.drain();
                    self.engine.after_ready(exchange, outstanding);
                }
            }
            self.drain();
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.service.poll_output() {
            self.engine.take_output(output);
        }
    }
}

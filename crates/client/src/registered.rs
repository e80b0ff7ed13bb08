use waypost_rest::{ExchangeId, Output, Peer, Request, RequestFailure, RequestId, Response, Service};
use waypost_time::Instant;

use crate::Registrant;

/// A service that keeps itself registered: a server of the application with a [`Registrant`] on the same transport.
///
/// The requests of the registrant go out from the address and port that the server is at, so a directory infers the right
/// base. Requests that come in are all for the server, `/.well-known/core` among them: it has to show the links that it
/// registers.
///
/// ```
/// use waypost_client::{Candidate, Description, Registered, Registrant, RegistrantConfig};
/// use waypost_rest::{Code, ExchangeId, Method, Output, Peer, Request, RequestFailure, RequestId, Response, Service};
/// use waypost_time::Instant;
///
/// /// Says how warm it is.
/// #[derive(Default)]
/// struct Thermometer(Vec<Output>);
///
/// impl Service for Thermometer {
///     fn handle_request(&mut self, _: Instant, exchange: ExchangeId, _: &Peer, _: Request) {
///         self.0.push(Output::Response { exchange, response: Response::new(Code::CONTENT).with_payload("21.5") });
///     }
///     fn poll_output(&mut self) -> Option<Output> { self.0.pop() }
///     // …
/// #     fn handle_response(&mut self, _: Instant, _: RequestId, _: Result<Response, RequestFailure>) {}
/// #     fn handle_ready(&mut self, _: Instant, _: ExchangeId) {}
/// #     fn handle_cancel(&mut self, _: Instant, _: ExchangeId) {}
/// #     fn handle_timeout(&mut self, _: Instant) {}
/// #     fn poll_timeout(&self) -> Option<Instant> { None }
/// }
///
/// let description = Description::parse("ep=thermometer", r#"</temp>;rt="temperature-c""#)?;
/// let mut registrant = Registrant::new(description, RegistrantConfig::new(1));
/// registrant.add_directory(Instant::ZERO, Candidate::new("coap://[2001:db8::1]/rd")?)?;
///
/// let mut service = Registered::new(Thermometer::default(), registrant);
/// let Some(Output::Request { request, .. }) = service.poll_output() else { panic!() };
/// assert_eq!(request.query, ["ep=thermometer"]);
/// service.handle_request(Instant::ZERO, ExchangeId(1), &Peer::new("coap://h"), Request::new(Method::Get, ["temp"]));
/// assert!(matches!(service.poll_output(), Some(Output::Response { .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Registered<S> {
    service: S,
    registrant: Registrant,
}

impl<S> Registered<S> {
    /// Puts a registrant beside a service. The names of the requests that the service makes are less than 2⁶³.
    pub const fn new(service: S, registrant: Registrant) -> Self {
        Self { service, registrant }
    }

    /// Returns the service.
    pub const fn service(&self) -> &S {
        &self.service
    }

    /// Returns the service, to work with it.
    pub const fn service_mut(&mut self) -> &mut S {
        &mut self.service
    }

    /// Returns the registrant.
    pub const fn registrant(&self) -> &Registrant {
        &self.registrant
    }

    /// Returns the registrant, to work with it.
    pub const fn registrant_mut(&mut self) -> &mut Registrant {
        &mut self.registrant
    }
}

impl<S: Service> Service for Registered<S> {
    fn handle_request(&mut self, now: Instant, exchange: ExchangeId, peer: &Peer, request: Request) {
        self.service.handle_request(now, exchange, peer, request);
    }

    fn heeds_if_match(&self, request: &Request) -> bool {
        self.service.heeds_if_match(request)
    }

    fn handle_response(&mut self, now: Instant, request: RequestId, outcome: Result<Response, RequestFailure>) {
        match request.unmarked(OWN) {
            Some(request) => self.registrant.handle_response(now, request, outcome),
            None => self.service.handle_response(now, request, outcome),
        }
    }

    fn handle_group_response(&mut self, now: Instant, request: RequestId, peer: &Peer, response: Response) {
        match request.unmarked(OWN) {
            Some(request) => self.registrant.handle_group_response(now, request, peer, response),
            None => self.service.handle_group_response(now, request, peer, response),
        }
    }

    fn handle_ready(&mut self, now: Instant, exchange: ExchangeId) {
        self.service.handle_ready(now, exchange);
    }

    fn handle_cancel(&mut self, now: Instant, exchange: ExchangeId) {
        self.service.handle_cancel(now, exchange);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.service.handle_timeout(now);
        self.registrant.handle_timeout(now);
    }

    fn poll_output(&mut self) -> Option<Output> {
        let output = self.service.poll_output();
        output.or_else(|| self.registrant.poll_output().map(|output| output.with_request_renamed(|id| id.marked(OWN))))
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.service.poll_timeout().into_iter().chain(self.registrant.poll_timeout()).min()
    }
}

/// The bit that marks the names of what the registrant asks.
const OWN: u32 = 63;

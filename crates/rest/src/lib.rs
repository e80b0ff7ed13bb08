//! The transport seam of Waypost.
//!
//! A directory speaks REST, and does not care what carries it. A transport turns what it receives into a [`Request`]
//! from a [`Peer`], hands both to a [`Service`], and sends the [`Response`] that comes out. Whatever can move these
//! values can host Waypost: CoAP over UDP, over TCP or WebSockets, OSCORE, a test with two vectors.
//!
//! # The loop of a transport
//!
//! ```
//! use waypost_rest::{Code, ExchangeId, Method, Output, Peer, Request, RequestFailure, RequestId, Response, Service};
//! use waypost_time::Instant;
//!
//! /// A service that answers every request with the path that was asked for.
//! #[derive(Default)]
//! struct Mirror(Vec<Output>);
//!
//! impl Service for Mirror {
//!     fn handle_request(&mut self, _: Instant, exchange: ExchangeId, _: &Peer, request: Request) {
//!         let response = Response::new(Code::CONTENT).with_payload(request.path.join("/"));
//!         self.0.push(Output::Response { exchange, response });
//!     }
//!     fn handle_response(&mut self, _: Instant, _: RequestId, _: Result<Response, RequestFailure>) {}
//!     fn handle_ready(&mut self, _: Instant, _: ExchangeId) {}
//!     fn handle_cancel(&mut self, _: Instant, _: ExchangeId) {}
//!     fn handle_timeout(&mut self, _: Instant) {}
//!     fn poll_output(&mut self) -> Option<Output> { self.0.pop() }
//!     fn poll_timeout(&self) -> Option<Instant> { None }
//! }
//!
//! let mut service = Mirror::default();
//! let peer = Peer::new("coap://[2001:db8::1]:61616");
//! let request = Request::new(Method::Get, ["rd-lookup", "ep"]);
//! service.handle_request(Instant::ZERO, ExchangeId(1), &peer, request);
//! let Some(Output::Response { exchange, response }) = service.poll_output() else { panic!() };
//! assert_eq!(exchange, ExchangeId(1));
//! assert_eq!(&response.payload[..], b"rd-lookup/ep");
//! ```
#![no_std]

extern crate alloc;

mod code;
mod content_format;
mod credential;
mod etag;
mod method;
mod peer;
mod request;
mod response;
mod service;

pub use code::Code;
pub use content_format::ContentFormat;
pub use credential::Credential;
pub use etag::{ETag, InvalidETag};
pub use method::Method;
pub use peer::Peer;
pub use request::{Observe, Request};
pub use response::Response;
pub use service::{ExchangeId, Output, RequestFailure, RequestId, Service};

//! The transport seam of Waypost.
//!
//! A directory speaks REST, and does not care what carries it. A transport turns what it receives into a [`Request`]
//! from a [`Peer`], hands both to a [`Service`], and sends the [`Response`] that comes out. Whatever can move these
//! values can host Waypost: CoAP over UDP, over TCP or WebSockets, OSCORE, a test with two vectors.
//!
//! # The loop of a transport
//!
//! Here what is received and what is sent are two vectors, and the service (not shown; [`Service`] has one) counts: a POST adds
//! one, and a GET may be observed.
//!
//! ```
//! use waypost_rest::*;
//! use waypost_time::Instant;
//!
//! # #[derive(Default)]
//! # struct Counter { count: u32, observers: Vec<ExchangeId>, outputs: std::collections::VecDeque<Output> }
//! # impl Counter {
//! #     fn content(&self) -> Response { Response::new(Code::CONTENT).with_payload(self.count.to_string()) }
//! # }
//! # impl Service for Counter {
//! #     fn handle_request(&mut self, _: Instant, exchange: ExchangeId, peer: &Peer, request: Request) {
//! #         let mut response = self.content();
//! #         if request.method == Method::Post {
//! #             self.count += 1;
//! #             response = Response::new(Code::CHANGED);
//! #             let id = RequestId(1);
//! #             let request = Request::new(Method::Get, ["name"]);
//! #             self.outputs.push_back(Output::Request { id, peer: peer.clone(), request });
//! #         } else if request.observe == Some(Observe::Register) {
//! #             self.observers.push(exchange);
//! #             response.is_observed = true;
//! #         }
//! #         self.outputs.push_back(Output::Response { exchange, response });
//! #         if self.count > 0 {
//! #             self.outputs.extend(self.observers.iter().map(|&exchange| Output::Changed { exchange }));
//! #         }
//! #     }
//! #     fn handle_response(&mut self, _: Instant, _: RequestId, outcome: Result<Response, RequestFailure>) {
//! #         assert_eq!(outcome, Err(RequestFailure::TimedOut));
//! #     }
//! #     fn handle_ready(&mut self, _: Instant, exchange: ExchangeId) {
//! #         let mut response = self.content();
//! #         response.is_observed = true;
//! #         self.outputs.push_back(Output::Notification { exchange, response });
//! #     }
//! #     fn handle_cancel(&mut self, _: Instant, exchange: ExchangeId) { self.observers.retain(|&id| id != exchange) }
//! #     fn handle_timeout(&mut self, _: Instant) {}
//! #     fn poll_output(&mut self) -> Option<Output> { self.outputs.pop_front() }
//! #     fn poll_timeout(&self) -> Option<Instant> { None }
//! # }
//! # let mut service = Counter::default();
//! let peer = Peer::new("coap://[2001:db8::1]");
//! let received = vec![
//!     Request::new(Method::Get, ["count"]).with_observe(Observe::Register),
//!     Request::new(Method::Post, ["count"]),
//! ];
//! let mut sent = Vec::new();
//!
//! for (number, request) in (0..).zip(received) {
//!     // The transport has the clock. A real one sleeps until a message comes or `poll_timeout` says.
//!     let now = Instant::from_millis(number * 1000);
//!     if service.poll_timeout().is_some_and(|deadline| deadline <= now) {
//!         service.handle_timeout(now);
//!     }
//!     // It names each exchange, and remembers whom the name stands for.
//!     service.handle_request(now, ExchangeId(number), &peer, request);
//!     while let Some(output) = service.poll_output() {
//!         match output {
//!             Output::Response { exchange, response } => sent.push((exchange, response)),
//!             // When this observer can be sent to, which here is always, the state of that moment is asked for.
//!             Output::Changed { exchange } => service.handle_ready(now, exchange),
//!             Output::Notification { exchange, response } => sent.push((exchange, response)),
//!             // The service asks a peer. Its answer goes back under the name of the request; here nobody answers.
//!             Output::Request { id, .. } => service.handle_response(now, id, Err(RequestFailure::TimedOut)),
//!             // To a request that came by multicast, no answer can be the right one.
//!             Output::Silence { .. } => {}
//!             _ => {}
//!         }
//!     }
//! }
//! let sent: Vec<_> = sent.iter().map(|(exchange, response)| (exchange.0, &response.payload[..])).collect();
//! assert_eq!(sent, [(0, &b"0"[..]), (1, b""), (0, b"1")]);
//! ```
//!
//! When an observer has gone, or nobody waits for an answer any more, the service is told by [`Service::handle_cancel`].
//!
//! How much work the clients of a service may cause, it finds out by a [`Pace`], or by a [`Budget`] where some may forge their
//! addresses, and how many of something they may have by a [`Tally`]; who is one client to these is told by an [`Account`].
//! What it tells the application of, it keeps in [`Events`].
#![no_std]

extern crate alloc;

mod account;
mod budget;
mod code;
mod content_format;
mod credential;
mod etag;
mod events;
mod method;
mod pace;
mod peer;
mod request;
mod response;
mod service;
mod tally;

pub use account::Account;
pub use budget::Budget;
pub use code::Code;
pub use content_format::ContentFormat;
pub use credential::Credential;
pub use etag::{ETag, InvalidETag};
pub use events::{CountedEvent, Events};
pub use method::Method;
pub use pace::{Allowance, Overdrawn, Pace};
pub use peer::Peer;
pub use request::{IfMatch, Observe, Request};
pub use response::Response;
pub use service::{ExchangeId, Output, RequestFailure, RequestId, Service};
pub use tally::Tally;

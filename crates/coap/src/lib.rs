//! CoAP over UDP ([RFC 7252]) with observation ([RFC 7641]), block-wise transfer ([RFC 7959]) and Echo ([RFC 9175]): an
//! endpoint that drives a [`Service`](waypost_rest::Service), without I/O, and its tokio driver.
//!
//! With the driver, a service is on the network in five lines:
//!
//! ```
//! # use waypost_rest::*;
//! # use waypost_time::Instant;
//! # #[derive(Default)]
//! # struct MyService;
//! # impl Service for MyService {
//! #     fn handle_request(&mut self, _: Instant, _: ExchangeId, _: &Peer, _: Request) {}
//! #     fn poll_output(&mut self) -> Option<Output> { None }
//! #     fn handle_response(&mut self, _: Instant, _: RequestId, _: Result<Response, RequestFailure>) {}
//! #     fn handle_ready(&mut self, _: Instant, _: ExchangeId) {}
//! #     fn handle_cancel(&mut self, _: Instant, _: ExchangeId) {}
//! #     fn handle_timeout(&mut self, _: Instant) {}
//! #     fn poll_timeout(&self) -> Option<Instant> { None }
//! # }
//! use waypost_coap::{Config, Driver, Endpoint};
//!
//! # #[cfg(feature = "tokio")]
//! async fn serve(shutdown: impl Future<Output = ()>) -> std::io::Result<()> {
//!     let mut driver = Driver::new(Endpoint::new(MyService::default(), Config::random()));
//!     println!("listening on coap://{}", driver.listen("[::1]:5683".parse().unwrap())?);
//!     driver.run_until(shutdown).await
//! }
//! ```
//!
//! Without it, [`Endpoint`] takes datagrams and the time, and returns datagrams and the time of the next call. It opens no
//! socket, reads no clock and draws no randomness but from the seed in its [`Config`], so that a test can play a week on a
//! bad network in a second.
//!
//! # What it takes off a service
//!
//! | | |
//! |---|---|
//! | duplicates | a message is acted upon once; its duplicates get the same reply ([RFC 7252 §4.5]) |
//! | late answers | the request is acknowledged after [`Timing::ack_delay`], and the answer sent reliably |
//! | long requests | blocks are put together, and the service gets the whole body or nothing |
//! | long responses | all blocks of a transfer come from the body that was there when it began |
//! | observation | one notification at a time, later changes merged; who resets it, is silent or starts anew is dropped |
//! | its own requests | are repeated until answered; long ones, long answers, notifications and groups are taken care of |
//! | groups | errors are kept back, answers come after a random leisure ([RFC 7252 §8]) |
//! | forged addresses | get no response of more than three times the size of its request ([`Amplification`]) |
//! | greedy peers | meet the [`Limits`]; each peer has its own share |
//!
//! # What it does not do
//!
//! - DTLS and OSCORE. A peer has no credentials here; a transport that has them is another crate behind the same seam.
//! - If-None-Match and OSCORE are refused with 4.02, as critical options that are not supported, and so is an If-Match that the
//!   service does not heed.
//! - Names are not looked up here, but [handed out](Endpoint::look_up_names) to who can; the driver does. A name in other than ASCII
//!   has to be given as DNS has it.
//! - Uri-Host and Uri-Port are accepted whatever they say: one authority is served under all its names.
//! - A request is recognised as a duplicate only if it is the same byte for byte. A device that restarts and counts its
//!   messages from the start is heard, where [RFC 7252 §4.5] by the letter would have it repeat an old answer.
//! - Every notification is confirmable ([RFC 7641 §4.5] leaves the choice), and an observer that was silent for 24 hours is
//!   asked for a sign of life by an empty message.
//!
//! [RFC 7252]: https://www.rfc-editor.org/rfc/rfc7252
//! [RFC 7252 §4.5]: https://www.rfc-editor.org/rfc/rfc7252#section-4.5
//! [RFC 7252 §8]: https://www.rfc-editor.org/rfc/rfc7252#section-8
//! [RFC 7641]: https://www.rfc-editor.org/rfc/rfc7641
//! [RFC 7641 §4.5]: https://www.rfc-editor.org/rfc/rfc7641#section-4.5
//! [RFC 7959]: https://www.rfc-editor.org/rfc/rfc7959
//! [RFC 9175]: https://www.rfc-editor.org/rfc/rfc9175
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod amplification;
mod block;
mod config;
mod datagram;
mod draft;
#[cfg(feature = "tokio")]
mod driver;
mod endpoint;
mod engine;
mod exchange;
mod limits;
mod message;
mod names;
mod observation;
mod option;
mod path;
mod peers;
mod question;
mod secret;
mod seen;
mod slot;
mod token;
mod transmission;
mod usage;

pub use amplification::Amplification;
pub use config::{Config, Timing};
pub use datagram::Datagram;
#[cfg(feature = "tokio")]
pub use driver::{Driver, Handle, Stopped};
pub use endpoint::Endpoint;
pub use limits::Limits;
pub use path::Path;
pub use usage::Usage;

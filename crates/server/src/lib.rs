//! The interfaces of a CoRE Resource Directory ([RFC 9176]), without I/O.
//!
//! A [`Server`] stands between a transport and a directory. It is a [`Service`](waypost_rest::Service): the transport
//! hands it requests, drains its outputs, and calls it back when time has passed. No transport is needed to use it, and
//! none is preferred: these lines are a whole one.
//!
//! ```
//! use waypost_directory::{Config, Directory};
//! use waypost_model::ReplicaId;
//! use waypost_rest::{ExchangeId, Method, Output, Peer, Request, Service};
//! use waypost_server::{Server, ServerConfig};
//! use waypost_time::Instant;
//!
//! let directory = Directory::new(Config::new([0; 16], ReplicaId(1)));
//! let mut server = Server::new(directory, ServerConfig::default());
//! let request = Request::new(Method::Get, [".well-known", "core"]).with_query("rt=core.rd");
//! server.handle_request(Instant::ZERO, ExchangeId(1), &Peer::new("coap://[2001:db8::1]"), request);
//! while let Some(output) = server.poll_output() {
//!     let Output::Response { response, .. } = output else { continue };
//!     assert_eq!(&response.payload[..], br#"</rd>;rt="core.rd";ct="40 65040""#);
//! }
//! ```
//!
//! # In process, beside the network
//!
//! The application that hosts the server keeps using the directory. What it registers is found by everybody, what it
//! changes is told to observers, and what the network registers is there to be looked up without a request.
//!
//! ```
//! # use waypost_directory::{Config, Directory};
//! # use waypost_model::ReplicaId;
//! # use waypost_server::{Server, ServerConfig};
//! # use waypost_time::Instant;
//! use waypost_link_format::LinkDocumentBuf;
//! use waypost_model::{Base, EndpointName, Registration};
//!
//! # let mut server = Server::new(Directory::new(Config::new([0; 16], ReplicaId(1))), ServerConfig::default());
//! let links = LinkDocumentBuf::parse(r#"</door>;rt="lock""#)?;
//! let door = Registration::new(EndpointName::new("door")?, Base::given("coap://[2001:db8::5]")?, links);
//! server.directory_mut().register(Instant::ZERO, door)?;
//! let query = "rt=lock".parse()?;
//! assert_eq!(server.directory().resources(Instant::ZERO, &query).count(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What decides
//!
//! | question | where |
//! |---|---|
//! | who may register, change, look up, and be shown what | a [`Policy`]: [`Open`], [`FirstComeFirstRemembered`], [`PerSector`], or one's own |
//! | whether requests must prove that they are fresh, and addresses that they are real | [`EchoConfig`] |
//! | how much peers can make the server do and keep | [`ServerLimits`], and the limits of the directory |
//! | what a refused client is told | [`Refusal`] |
//! | what a log shows | [`Event`] |
//!
//! What a client is follows from what its transport proved ([`Peer::credentials`](waypost_rest::Peer::credentials)). `waypost-coap`
//! proves nothing yet, so that [`FirstComeFirstRemembered`] refuses everybody over it.
//!
//! # Choices where the standards leave one
//!
//! - A payload without Content-Format is read as link-format.
//! - A POST on a registration with a payload is refused with 4.00, as the standard gives it no meaning.
//! - A GET on a registration returns its links as they were registered; PUT and FETCH are refused with 4.05.
//! - A PATCH or iPATCH on a registration ([RFC 9176 §5.3.3]) is an update, with the parameters and the effect of one, that
//!   changes the links as well: as a [link delta](waypost_link_delta) says, in the format
//!   [`ServerConfig::link_delta_format`]. So it also renews. It fails with 4.09 where the delta starts from another state than the
//!   present one, whose ETag is in the answer to a registration, to a GET and to every PATCH and iPATCH.
//! - If-Match ([RFC 7252 §5.10.8.1]) is heeded on a registration: a request that presumes another state than the present one, or a
//!   registration that is not there, is refused with 4.12. The ETag names the links alone, so that a change of parameters goes
//!   unnoticed. It is not supported on the interfaces, and neither is If-None-Match anywhere: who registers asks the registration
//!   interface, which is always there, so that the option could not say what it would be wanted for.
//! - A look-up is answered by link deltas too, if the client accepts their format. It starts with one from nothing, and is
//!   useful where it is observed: then notifications are the steps from what the observer was told before. Each says which
//!   state it starts from, by its ETag, so that who missed a notification finds out; a GET with the ETag of what one has gets the
//!   step from there, where the server still knows it. Steps carry no ETag and are never fresh ([RFC 7252 §5.6]), as no cache
//!   should give them to anybody else.
//! - Expired registrations are kept for a while, so that an update brings them back ([RFC 9176 §5.3]); simple ones go at
//!   once ([RFC 9176 §5.1]).
//! - Simple registration is taken at `/.well-known/core` as well, where drafts of the standard had it and registrants built to
//!   them still look for it.
//! - `page` and `count` are obeyed in `/.well-known/core` too.
//! - A look-up whose answer would be over the limit is refused with 4.00 and the advice to use `count`.
//! - Whoever asks for more changes than [`ServerLimits::changes_per_minute`] allows, or causes more work by look-ups and reading than
//!   [`ServerLimits::look_up_work`] does, gets 4.29 ([RFC 8516]) with a Max-Age. So do all together who are not known to be reachable
//!   where these exceed their share, and all others get 5.03 where they exceed theirs. A look-up is still answered if that costs next to
//!   nothing, unless its client is refused more often than [`ServerLimits::refused_look_ups`] says. What a client observes and is
//!   expensive it is told of later, in the state of then.
//! - A request to a group other than for discovery is not answered, and not acted upon.
//!
//! [RFC 7252 §5.10.8.1]: https://www.rfc-editor.org/rfc/rfc7252#section-5.10.8.1
//! [RFC 7252 §5.6]: https://www.rfc-editor.org/rfc/rfc7252#section-5.6
//! [RFC 8516]: https://www.rfc-editor.org/rfc/rfc8516
//! [RFC 9176]: https://www.rfc-editor.org/rfc/rfc9176
//! [RFC 9176 §5.1]: https://www.rfc-editor.org/rfc/rfc9176#section-5.1
//! [RFC 9176 §5.3.3]: https://www.rfc-editor.org/rfc/rfc9176#section-5.3.3
//! [RFC 9176 §5.3]: https://www.rfc-editor.org/rfc/rfc9176#section-5.3
#![no_std]

extern crate alloc;

mod config;
mod discovery;
mod event;
mod fetch;
mod first_come;
mod freshness;
mod limits;
mod lookup;
mod observation;
mod operation;
mod paging;
mod parameters;
mod patch;
mod path;
mod per_sector;
mod policy;
mod quota;
mod refusal;
mod registration;
mod representation;
mod server;
mod simple;
mod steps;
mod turns;

pub use config::{EchoConfig, Paths, ServerConfig};
pub use event::Event;
pub use first_come::FirstComeFirstRemembered;
pub use limits::ServerLimits;
pub use path::{InvalidPath, Path};
pub use per_sector::PerSector;
pub use policy::{Attempt, Client, Denial, Open, Operation, Policy};
pub use refusal::{FetchFault, ParameterFault, Refusal};
pub use server::Server;

//! The clients of a CoRE Resource Directory ([RFC 9176]), without I/O: the registrant and the look-up client.
//!
//! A [`Registrant`] keeps an endpoint registered. A [`LookupClient`] finds what others registered. Both are a
//! [`Service`](waypost_rest::Service): they run on any transport that can run a directory, and on the CoAP endpoint of
//! `waypost-coap` as they are.
//!
//! ```
//! use waypost_client::{Candidate, Description, Registrant, RegistrantConfig};
//! use waypost_time::Instant;
//!
//! let description = Description::parse("ep=node1&lt=3600", r#"</temp>;rt="temperature-c""#)?;
//! let mut registrant = Registrant::new(description, RegistrantConfig::new(0x5eed));
//! registrant.add_directory(Instant::ZERO, Candidate::new("coap://[2001:db8::1]")?)?;
//! // Now hand it to a transport, and see what it does by `registrant.poll_event()`.
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Both, and a directory, without a network
//!
//! A transport moves requests one way and responses the other. This one is a loop:
//!
//! ```
//! # use waypost_client::{Candidate, Description, Lookup, LookupClient, LookupConfig, LookupEvent, Registrant, RegistrantConfig};
//! # use waypost_directory::{Config, Directory};
//! # use waypost_model::ReplicaId;
//! # use waypost_server::{Server, ServerConfig};
//! # use waypost_time::Instant;
//! use waypost_rest::{ExchangeId, Output, Peer, Service};
//!
//! /// Has `server` answer what `client` asks, until nothing more is asked.
//! fn run(client: &mut impl Service, server: &mut impl Service) {
//!     let peer = Peer::new("coap://[2001:db8::2]");
//!     while let Some(output) = client.poll_output() {
//!         let Output::Request { id, request, .. } = output else { continue };
//!         server.handle_request(Instant::ZERO, ExchangeId(id.0), &peer, request);
//!         while let Some(output) = server.poll_output() {
//!             let Output::Response { response, .. } = output else { continue };
//!             client.handle_response(Instant::ZERO, id, Ok(response));
//!         }
//!     }
//! }
//!
//! # let mut server = Server::new(Directory::new(Config::new([0; 16], ReplicaId(1))), ServerConfig::default());
//! # let description = Description::parse("ep=node1", r#"</temp>;rt="temperature-c""#)?;
//! # let mut registrant = Registrant::new(description, RegistrantConfig::new(1));
//! # registrant.add_directory(Instant::ZERO, Candidate::new("coap://[2001:db8::1]")?)?;
//! run(&mut registrant, &mut server);
//! assert!(registrant.registration().is_some());
//!
//! let mut client = LookupClient::new(LookupConfig::new(1));
//! client.look_up(Instant::ZERO, Lookup::resources("coap://[2001:db8::1]".parse()?, "rt=temperature-c".parse()?))?;
//! run(&mut client, &mut server);
//! let Some((_, LookupEvent::Found(answer))) = client.poll_event() else { panic!() };
//! assert_eq!(answer.links.as_str(), r#"<coap://[2001:db8::2]/temp>;rt="temperature-c""#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What a registrant does
//!
//! | when | it |
//! |---|---|
//! | it knows places where a directory may be ([`Candidate`]) | asks them in turn for their interfaces, unless it was told the interface |
//! | it knows interfaces | registers at the first that takes it, and goes on with the next after a failure |
//! | three quarters of the lifetime are over, less a random time | renews, and tries once more when it is not answered |
//! | the description changed ([`Registrant::update`]) | sends what changed, links as a [delta](waypost_link_delta) where the directory takes them and names those that it has by an ETag; if an update cannot express it, registers again |
//! | a directory has other links than those that a delta is for (4.09), as replicas that merge can | registers again there |
//! | a renewal or an update fails | registers again: at the same directory if that answered, at the next if not |
//! | a directory says 5.03 or 4.29 | comes back after Max-Age, a few times |
//! | a directory wants an Echo value, or says 4.29 with one | sends it [at once](#deviation), and keeps the last one for the next request |
//! | a name is rejected with 4.01 or 4.03 | takes the next of [`Description::alternatives`] |
//! | all places have failed | waits, longer each time, and begins again |
//! | it is shut down | removes the registration; a simple one is left to expire |
//!
//! How long, how often and how much is in [`Limits`]. What failed is not forgotten by being found once more, and guesses
//! are tried very seldom once they failed ([RFC 9176 §4.1, §5]).
//!
//! # Deviation
//!
//! [RFC 8516 §4] says that a client SHOULD NOT send a request like the one that was refused with 4.29 before Max-Age has passed. Where
//! the response has an Echo value, the request is repeated with it at once, but only once in an exchange. The value means that the
//! directory does not know yet whether the client is at its address ([RFC 9175 §2.3]); so what it was refused for, others may have
//! done in its name, and a client that waited could be kept out by them for as long as they like. Who is refused again waits.
//!
//! # What is left to the application
//!
//! - To know where directories may be. A host is an address, or a name if the transport resolves names. From Router
//!   Advertisements, [`Rdao`] reads the option; DHCP, DNS-SD and configuration give URIs.
//! - To give a base where the source address of the requests is not where the endpoint serves, see [`Description::base`].
//! - To answer for the resources themselves. A registrant answers for `/.well-known/core` alone; [`Registered`] puts it
//!   beside a server of the application, on the same address and port.
//!
//! # Features
//!
//! `std` (default) adds nothing but `std` in the dependencies.
//!
//! [RFC 8516 §4]: https://www.rfc-editor.org/rfc/rfc8516#section-4
//! [RFC 9175 §2.3]: https://www.rfc-editor.org/rfc/rfc9175#section-2.3
//! [RFC 9176]: https://www.rfc-editor.org/rfc/rfc9176
//! [RFC 9176 §4.1, §5]: https://www.rfc-editor.org/rfc/rfc9176#section-5
#![no_std]

extern crate alloc;

mod answers;
mod candidate;
mod description;
mod diagnostic;
mod directories;
mod discovery;
mod fault;
mod limits;
mod lookup;
mod lookup_client;
mod lookup_config;
mod lookup_event;
mod rate;
mod rdao;
mod registered;
mod registrant;
mod registrant_config;
mod registrant_event;
mod resolved;
mod uri;

pub use candidate::{Candidate, CandidateRefused};
pub use description::Description;
pub use discovery::Interfaces;
pub use fault::Fault;
pub use limits::Limits;
pub use lookup::Lookup;
pub use lookup_client::LookupClient;
pub use lookup_config::LookupConfig;
pub use lookup_event::{Answer, LookupEvent, LookupId, LookupRefused};
pub use rdao::{InvalidRdao, Rdao};
pub use registered::Registered;
pub use registrant::Registrant;
pub use registrant_config::RegistrantConfig;
pub use registrant_event::RegistrantEvent;
pub use uri::{InvalidUri, ResourceUri};

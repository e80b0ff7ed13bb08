//! An embeddable CoRE Resource Directory ([RFC 9176]), built to replicate.
//!
//! Devices of a constrained network register the links to their resources at a directory; whoever needs a resource looks
//! it up there. Waypost is that directory as a library. An application calls it in process, or lets [`server`] and
//! [`coap`] serve it to the network.
//!
//! ```
//! use waypost::{Config, Directory, Instant, Registration};
//!
//! let mut directory = Directory::new(Config::new(*b"keep it a secret", waypost::ReplicaId(1)));
//! let sensor = Registration::parse("ep=node1&base=coap://[2001:db8::1]", r#"</temp>;rt="temperature-c""#)?;
//! directory.register(Instant::ZERO, sensor)?;
//! let found: Vec<_> = directory.resources(Instant::ZERO, &"rt=temperature-c".parse()?).map(|r| r.target()).collect();
//! assert_eq!(found, ["coap://[2001:db8::1]/temp"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The same directory on CoAP:
//!
#![cfg_attr(feature = "coap", doc = "```no_run")]
#![cfg_attr(not(feature = "coap"), doc = "```ignore")]
//! use waypost::coap::{self, Driver, Endpoint};
//! use waypost::server::{Server, ServerConfig};
//! use waypost::{Config, Directory, ReplicaId};
//!
//! #[tokio::main(flavor = "current_thread")]
//! async fn main() -> std::io::Result<()> {
//!     let directory = Directory::new(Config::new(*b"keep it a secret", ReplicaId(1)));
//!     let server = Server::new(directory, ServerConfig::default());
//!     let mut driver = Driver::new(Endpoint::new(server, coap::Config::random()));
//!     println!("listening on coap://{}", driver.listen(([127, 0, 0, 1], 5683).into())?);
//!     driver.run_until(tokio::signal::ctrl_c()).await?
//! }
//! ```
//!
//! While it runs, the application reaches the directory through [`coap::Driver::handle`] and
//! [`server::Server::directory_mut`].
//!
//! To replicate, every write has a name and every state a version: [`Directory::feed`] has what changed after a version, and
//! [`Directory::apply`] takes in what another replica wrote. [`sync`] is the exchange between processes.
//!
//! # Where to go from here
//!
//! | you want to | read |
//! |---|---|
//! | register, look up, watch and expire in process | [`directory`] |
//! | serve a directory to CoAP clients over UDP | [`coap`] |
//! | register at a directory, or look up there | [`client`] |
//! | keep directories in step: replicas, mirrors; answer look-ups for others | [`sync`] |
//! | put the directory on a transport of your own | [`rest`], then [`server`] |
//! | read and write link-format documents | [`link_format`] |
//! | tell what changed between two sets of links | [`link_delta`] |
//! | filter the `/.well-known/core` of your own server | [`filter`] |
//! | look up from several threads | [`threads`] |
//! | go back to what was, or keep it over a restart | [`synchronisation`] |
//! | know how the pieces fit, and why | [`architecture`] |
//!
//! The pages of these modules are those of crates of their own. Where an example there says `waypost_directory::`, one who
//! depends on `waypost` writes `waypost::directory::`.
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `std` | yes | `std` in the dependencies; without it the core crates need `alloc` alone |
//! | `server` | yes | [`server`] and [`rest`], the interfaces of RFC 9176 without I/O |
//! | `client` | yes | [`client`], the registrant and the look-up client without I/O, and [`rest`] |
//! | `sync` | yes | [`sync`], the replication engine without I/O; brings `client` |
//! | `coap` | yes | [`coap`], CoAP over UDP and its tokio driver; brings `server` and `std` |
//! | `serde` | no | `Serialize` and `Deserialize` for links, queries and the data of the directory |
//!
//! A feature only adds items; it never changes what the others do.
//!
//! [RFC 9176]: https://www.rfc-editor.org/rfc/rfc9176
#![no_std]

#[doc = include_str!("architecture.md")]
pub mod architecture {}

#[doc = include_str!("synchronisation.md")]
pub mod synchronisation {}

#[doc = include_str!("threads.md")]
pub mod threads {}

#[cfg(feature = "client")]
pub use waypost_client as client;
#[cfg(feature = "coap")]
pub use waypost_coap as coap;
pub use waypost_directory as directory;
pub use waypost_filter as filter;
pub use waypost_link_delta as link_delta;
pub use waypost_link_format as link_format;
pub use waypost_model as model;
#[cfg(any(feature = "server", feature = "client"))]
pub use waypost_rest as rest;
#[cfg(feature = "server")]
pub use waypost_server as server;
#[cfg(feature = "sync")]
pub use waypost_sync as sync;
pub use waypost_time as time;

#[doc(no_inline)]
pub use waypost_directory::{Config, Directory};
#[doc(no_inline)]
pub use waypost_filter::Query;
#[doc(no_inline)]
pub use waypost_link_format::{LinkDocument, LinkDocumentBuf};
#[doc(no_inline)]
pub use waypost_model::{Base, EndpointName, Lifetime, Location, Registration, ReplicaId, Sector, Update};
pub use waypost_time::Instant;

//! An indexed, versioned, in-memory CoRE Resource Directory ([RFC 9176]).
//!
//! ```
//! use waypost_directory::{Config, Directory};
//! use waypost_filter::Query;
//! use waypost_link_format::LinkDocumentBuf;
//! use waypost_model::{Base, EndpointName, Registration, ReplicaId};
//! use waypost_time::Instant;
//!
//! let mut directory = Directory::new(Config::new(*b"keep this secret", ReplicaId(1)));
//! let links = LinkDocumentBuf::parse("</sensors/temp>;rt=temperature-c;if=sensor")?;
//! let base = Base::given("coap://[2001:db8:3::123]")?;
//! directory.register(Instant::ZERO, Registration::new(EndpointName::new("node1")?, base, links))?;
//!
//! let query = Query::parse("rt=temperature-c")?;
//! for found in directory.resources(Instant::ZERO, &query) {
//!     println!("{} of {}", found.target(), found.endpoint().name());
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [RFC 9176]: https://www.rfc-editor.org/rfc/rfc9176
#![no_std]

extern crate alloc;

mod applied;
mod apply;
mod checks;
mod config;
mod context;
mod deadlines;
mod directory;
mod documents;
mod endpoint;
mod endpoints;
mod entry;
mod events;
mod expire;
mod feed;
mod find;
mod id_set;
mod index;
mod limits;
mod log;
mod lookup;
mod plan;
mod refused;
mod registry;
mod resource;
mod resources;
mod scope;
mod settle;
mod show;
mod slots;
mod sorted_slots;
mod stream;
mod token;
mod values;
mod watch;
mod watches;
mod write;

pub use applied::Applied;
pub use config::Config;
pub use directory::Directory;
pub use endpoint::Endpoint;
pub use endpoints::Endpoints;
pub use feed::{Feed, FeedGap};
pub use limits::Limits;
pub use refused::Refused;
pub use resource::Resource;
pub use resources::Resources;
pub use scope::Scope;
pub use show::{Show, ShowLifetime};
pub use watch::{WatchChange, WatchEvent, WatchId};
pub use write::Registered;

//! The data of a replicating CoRE Resource Directory.
#![no_std]

extern crate alloc;

mod age;
mod attributes;
mod authority;
mod base;
mod change;
mod clock;
mod conflict;
mod credentials;
mod dot;
mod host;
mod key;
mod lifetime;
mod location;
mod name;
mod provenance;
mod record;
mod registration;
mod stamp;
mod state;
mod version;

pub use age::Age;
pub use attributes::{AttributeName, AttributeValues, Attributes, InvalidAttribute};
pub use authority::{Authority, InvalidAuthority, Origin};
pub use base::{Base, BaseSource, InvalidBase};
pub use change::{Change, Removal, Renewal};
pub use clock::{Clock, Timestamp, TooFarAhead};
pub use conflict::Conflict;
pub use credentials::Credentials;
pub use dot::{Dot, ReplicaId};
pub use key::Key;
pub use lifetime::{InvalidLifetime, Lifetime};
pub use location::{InvalidLocation, Location};
pub use name::{EndpointName, InvalidName, Sector};
pub use provenance::{InvalidProvenance, Provenance};
pub use record::Record;
pub use registration::{Registration, Update};
pub use stamp::{Register, Stamp};
pub use state::{Merged, State};
pub use version::Version;

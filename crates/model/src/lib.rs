//! The data of a CoRE Resource Directory ([RFC 9176]) built to replicate, and how it changes.
//!
//! Having a value means that it is valid: what the RFC forbids cannot be made. There is no I/O and no clock here; time is
//! an argument.
//!
//! # Two replicas write, and agree
//!
//! ```
//! # use waypost_link_format::LinkDocumentBuf;
//! use waypost_model::{Base, Clock, Dot, EndpointName, Lifetime, Registration, ReplicaId, State, Update};
//!
//! # let links = LinkDocumentBuf::default();
//! # let base = Base::given("coap://[2001:db8::1]")?;
//! # let (mut clock_a, mut clock_b) = (Clock::new(), Clock::new());
//! # let (dot_a1, dot_a2, dot_b1) = (Dot::new(ReplicaId(1), 1), Dot::new(ReplicaId(1), 2), Dot::new(ReplicaId(2), 1));
//! let mut a = State::new();
//! a.register(Registration::new(EndpointName::new("node1")?, base, links), clock_a.stamp(1_000, dot_a1));
//! let mut b = a.clone();
//!
//! // While they cannot reach each other, one is told a new lifetime and the other a new address.
//! let lifetime = Lifetime::from_secs(600)?;
//! a.update(Update { lifetime: Some(lifetime), ..Update::default() }, clock_a.stamp(2_000, dot_a2));
//! let moved = Base::given("coap://[2001:db8::2]")?;
//! b.update(Update { base: Some(moved.clone()), ..Update::default() }, clock_b.stamp(2_000, dot_b1));
//!
//! let (before_a, before_b) = (a.clone(), b.clone());
//! a.join(&before_b);
//! b.join(&before_a);
//! assert_eq!(a, b);
//! let merged = a.record().unwrap();
//! assert_eq!((merged.lifetime.value, &merged.base.value), (lifetime, &moved));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Words
//!
//! | word | type | meaning |
//! |---|---|---|
//! | registration | [`Registration`] | what one endpoint told the directory: its name and sector, base URI, lifetime, endpoint attributes, links |
//! | location | [`Location`] | the path of the registration resource, the registration's stable handle |
//! | authority | [`Authority`] | one registration point as the world sees it: one scheme, host and port |
//! | replica | [`ReplicaId`] | one process that accepts writes for an authority; a shared authority has several |
//! | origin | [`Origin`] | the authority that a registration was made at: this directory's own or a foreign one |
//! | provenance | [`Provenance`] | the registration that a looked-up link came from |
//! | lifetime age | [`Age`] | seconds since the registration was last renewed, `lt-age`; or what is left, `lt-remaining` |
//! | dot | [`Dot`] | replica and sequence number: the name of one write |
//! | version | [`Version`] | a set of dots as the highest sequence number of each replica: names a state of the directory |
//! | stamp | [`Stamp`] | a dot with a reading of the hybrid logical clock: the order of writes that did not see each other |
//! | change | [`Change`] | the difference between two versions for one registration: put, renew, remove |
//!
//! # How a registration is merged
//!
//! What an endpoint sends becomes a [`Record`]: its fields, each with the stamp of the write that set it, and the writes
//! that this one saw. Replicas exchange records, renewals and removals as [`Change`]s. Everything that is known of one
//! registration is a [`State`], and [`State::merge`] is the one place where changes meet; its page says the rule.
//!
//! Why the writes are kept apart until a later one has seen them: a removal takes away what it saw and nothing else. Were
//! two records folded into one before the removal of one of them arrives, it could no longer be told what the other had
//! said, and two replicas that received the three in different orders would differ for good.
//!
//! # Features
//!
//! * `std` (on): nothing but what the dependencies gain from it.
//! * `serde`: everything that is exchanged can be serialised, and is validated on its way in.
//!
//! [RFC 9176]: https://www.rfc-editor.org/rfc/rfc9176
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
mod parameters;
mod provenance;
mod record;
mod register;
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
pub use parameters::{InvalidParameter, InvalidRegistration, ParameterFault, Parameters};
pub use provenance::{InvalidProvenance, Provenance};
pub use record::Record;
pub use register::Register;
pub use registration::{Registration, Update};
pub use stamp::Stamp;
pub use state::{Merged, State};
pub use version::Version;

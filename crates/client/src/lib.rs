//! Clients
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
mod random;
mod rate;
mod rdao;
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
pub use registrant::Registrant;
pub use registrant_config::RegistrantConfig;
pub use registrant_event::RegistrantEvent;
pub use uri::{InvalidUri, ResourceUri};

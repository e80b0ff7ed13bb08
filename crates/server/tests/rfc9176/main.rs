//! What RFC 9176 requires of a directory server, section by section, through the transport seam alone.

#[path = "../harness/mod.rs"]
mod harness;

mod discovery;
mod examples;
mod freshness;
mod lookup;
mod observation;
mod operation;
mod pending;
mod registration;
mod security;
mod simple_registration;

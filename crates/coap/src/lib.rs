//! CoAP over UDP.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

mod amplification;
mod block;
mod config;
#[cfg(feature = "tokio")]
mod driver;
mod endpoint;
mod engine;
mod exchange;
mod limits;
mod message;
mod observation;
mod option;
mod path;
mod peers;
mod question;
mod secret;
mod seen;
mod token;
mod transmission;

pub use amplification::Amplification;
pub use config::{Config, Timing};
#[cfg(feature = "tokio")]
pub use driver::{Driver, Handle, Stopped};
pub use endpoint::{Datagram, Endpoint, Usage};
pub use limits::Limits;
pub use path::Path;

//! What the benches and reports share.

pub mod fleet;
mod histogram;
mod loopback;
pub mod watches;

pub use histogram::Histogram;
pub use loopback::{NotLoopback, loopback};

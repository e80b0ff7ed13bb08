//! What the benches and reports share.

mod contest;
pub mod fleet;
mod histogram;
mod loopback;
pub mod watches;

pub use contest::{Outcome, Shared, contest};
pub use histogram::Histogram;
pub use loopback::{NotLoopback, loopback};

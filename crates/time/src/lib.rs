//! One point in time, as every engine of Waypost takes it, and how retries are spread over time.
//!
//! No crate below the drivers reads a clock. Whoever calls an engine says what time it is, as an [`Instant`]:
//! milliseconds on a monotonic clock of the caller's choosing. The zero of that clock means nothing, so two machines
//! never exchange instants; they exchange ages.
//!
//! ```
//! use core::time::Duration;
//! use waypost_time::Instant;
//!
//! let registered = Instant::from_millis(1_000);
//! let deadline = registered + Duration::from_secs(90_000);
//! assert_eq!(deadline.saturating_since(registered), Duration::from_secs(90_000));
//! assert_eq!(registered.saturating_since(deadline), Duration::ZERO);
//! ```
#![no_std]

mod instant;
mod jitter;

pub use instant::Instant;
pub use jitter::{Jitter, back_off};

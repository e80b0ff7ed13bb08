//! What is common to all measurements.

use core::hint::black_box;
use core::time::Duration;
use std::time::Instant as Wall;

/// Returns the median of the times that `work` takes.
pub(crate) fn median<R>(rounds: usize, mut work: impl FnMut() -> R) -> Duration {
    let mut times: Vec<_> = (0..rounds).map(|_| once(&mut work)).collect();
    times.sort_unstable();
    times[rounds / 2]
}

/// Returns how long `work` takes for each of `count` things.
pub(crate) fn each<R>(count: usize, work: impl FnOnce() -> R) -> Duration {
    once(work) / count.max(1) as u32
}

/// Returns how long `work` takes.
pub(crate) fn once<R>(work: impl FnOnce() -> R) -> Duration {
    let start = Wall::now();
    black_box(work());
    start.elapsed()
}

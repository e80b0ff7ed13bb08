//! What is common to all measurements.

use core::hint::black_box;
use core::time::Duration;
use std::time::Instant as Wall;

use cpu_time::ThreadTime;

/// Returns the median of the times that `work` takes, of so many rounds as fit into a second, and of one at least.
pub(crate) fn median<R>(rounds: usize, mut work: impl FnMut() -> R) -> Duration {
    let start = Wall::now();
    let mut times = Vec::with_capacity(rounds);
    while times.len() < rounds && (times.len() < FEW || start.elapsed() < Duration::from_secs(1)) {
        times.push(once(&mut work));
    }
    times.sort_unstable();
    times[times.len() / 2]
}

/// Returns how long `work` takes for each of `items`: the median of the means of several runs of them. What happens once in many
/// times, such as that a table grows, does not show in it.
pub(crate) fn each<T, R>(items: Vec<T>, mut work: impl FnMut(T) -> R) -> Duration {
    let run = items.len().div_ceil(RUNS).max(1);
    let mut items = items.into_iter();
    let mut times = Vec::with_capacity(RUNS);
    while items.len() > 0 {
        let count = run.min(items.len());
        let some = items.by_ref().take(count);
        times.push(once(|| some.for_each(|item| drop(black_box(work(item))))) / count as u32);
    }
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Returns how long `work` takes in this thread.
///
/// The clock on the wall goes on while others have the processor, and that of the thread takes a while to be asked. What both
/// allow is nearer to what the work takes.
pub(crate) fn once<R>(work: impl FnOnce() -> R) -> Duration {
    let processor = ThreadTime::now();
    let wall = Wall::now();
    black_box(work());
    wall.elapsed().min(processor.elapsed())
}

/// How many rounds there are at least.
const FEW: usize = 1;
/// How many runs a number of things is done in.
const RUNS: usize = 45;

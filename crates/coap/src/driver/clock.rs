use core::time::Duration;

use waypost_time::Instant;

/// A clock that begins at [`Instant::ZERO`], and goes on while the machine sleeps where the system has such a clock.
///
/// Lifetimes end in the sleep of a machine as well: a directory that does not count it goes on showing what is gone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    start: Reading,
}

impl Clock {
    /// Makes a clock that starts now.
    pub(super) fn start() -> Self {
        Self { start: Reading::now() }
    }

    pub(super) fn now(self) -> Instant {
        Instant::from_millis(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX))
    }

    /// Waits until a moment, or for ever.
    ///
    /// The timer underneath stands still while the machine sleeps, so that the clock is looked at once a minute.
    pub(super) async fn sleep_until(self, deadline: Option<Instant>) {
        let Some(deadline) = deadline else { return core::future::pending().await };
        loop {
            let left = deadline.saturating_since(self.now());
            if left.is_zero() {
                return;
            }
            tokio::time::sleep(left.min(LONGEST_SLEEP)).await;
        }
    }
}

/// What a clock of the system said.
#[cfg(unix)]
#[derive(Debug, Clone, Copy)]
struct Reading(Duration);

#[cfg(unix)]
impl Reading {
    fn now() -> Self {
        let said = rustix::time::clock_gettime(COUNTS_SLEEP);
        Self(Duration::try_from(said).unwrap_or_default())
    }

    fn elapsed(self) -> Duration {
        Self::now().0.saturating_sub(self.0)
    }
}

#[cfg(any(target_os = "linux", target_os = "android"))]
const COUNTS_SLEEP: rustix::time::ClockId = rustix::time::ClockId::Boottime;
/// That of macOS goes on in sleep, other than the one that the standard library takes there.
#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
const COUNTS_SLEEP: rustix::time::ClockId = rustix::time::ClockId::Monotonic;

/// What a clock of the system said; that of Windows goes on in sleep.
#[cfg(not(unix))]
use std::time::Instant as Reading;

/// How long there may be a sleep that nobody has noticed.
const LONGEST_SLEEP: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn the_clock_is_the_one_that_counts_the_sleep_of_the_machine() {
        let uptime = std::fs::read_to_string("/proc/uptime").expect("Linux");
        let uptime: f64 = uptime.split(' ').next().and_then(|seconds| seconds.parse().ok()).expect("seconds");
        let Reading(since_boot) = Reading::now();
        assert!((since_boot.as_secs_f64() - uptime).abs() < 1.0, "{since_boot:?} after {uptime} s");
    }
}

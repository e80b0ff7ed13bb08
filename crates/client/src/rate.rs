use core::time::Duration;

use waypost_time::Instant;

/// A limit on how often something is done over all time: a number in a row, and one more every so often.
#[derive(Debug, Clone)]
pub(crate) struct Rate {
    /// When everything that was done has been paid for.
    paid_at: Instant,
    interval: Duration,
    slack: Duration,
}

impl Rate {
    pub(crate) fn new(burst: u32, interval: Duration) -> Self {
        Self { paid_at: Instant::ZERO, interval, slack: interval.saturating_mul(burst.saturating_sub(1)) }
    }

    /// Returns when it may be done next, which can be in the past.
    pub(crate) fn next_at(&self) -> Instant {
        self.paid_at.saturating_sub(self.slack)
    }

    /// Takes note that it is done.
    pub(crate) fn take(&mut self, now: Instant) {
        self.paid_at = self.paid_at.max(now) + self.interval;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_free_and_then_one_goes_per_interval() {
        let mut rate = Rate::new(3, Duration::from_secs(10));
        let now = Instant::from_millis(50_000);
        for _ in 0..3 {
            assert!(rate.next_at() <= now);
            rate.take(now);
        }
        assert_eq!(rate.next_at(), now + Duration::from_secs(10));
    }
}

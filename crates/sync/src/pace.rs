use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use core::time::Duration;

use waypost_time::Instant;

use crate::Limits;

/// How much strangers have made this directory look at of late: each of them, by its host, and all together.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    by_host: BTreeMap<Box<str>, Debt>,
    all: Debt,
}

/// Registrations that were looked at, less what the time since has made up for.
#[derive(Debug, Clone, Copy, Default)]
struct Debt {
    looks: u64,
    at: Instant,
}

impl Pace {
    /// Tells whether a stranger may ask.
    ///
    /// # Errors
    ///
    /// The seconds until it may, if it has had what it may have, or all of them have.
    pub(crate) fn admit(&self, now: Instant, host: &str, limits: &Limits) -> Result<(), u32> {
        let own = self.by_host.get(host).copied().unwrap_or_default();
        let wait = own.wait(now, limits.looks).max(self.all.wait(now, limits.looks_in_all));
        if wait.is_zero() { Ok(()) } else { Err(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX).saturating_add(1)) }
    }

    /// Counts what was looked at for a stranger. It may go over what it may have once, and waits the longer after it.
    pub(crate) fn count(&mut self, now: Instant, host: &str, looks: u64, limits: &Limits) {
        let looks = looks.saturating_add(QUESTION);
        if self.by_host.len() >= HOSTS && !self.by_host.contains_key(host) {
            self.by_host.retain(|_, debt| debt.left(now, limits.looks) > 0);
            // Whoever has so many addresses is stopped by what all may have together.
            if self.by_host.len() >= HOSTS {
                self.by_host.clear();
            }
        }
        self.by_host.entry(host.into()).or_default().add(now, looks, limits.looks);
        self.all.add(now, looks, limits.looks_in_all);
    }
}

impl Debt {
    fn left(self, now: Instant, rate: u64) -> u64 {
        let passed = now.saturating_since(self.at).as_millis();
        let paid = u64::try_from(passed).unwrap_or(u64::MAX).saturating_mul(rate) / 1_000;
        self.looks.saturating_sub(paid)
    }

    fn add(&mut self, now: Instant, looks: u64, rate: u64) {
        *self = Self { looks: self.left(now, rate).saturating_add(looks), at: now };
    }

    /// Returns how long it takes until no more is owed than may be had at once.
    fn wait(self, now: Instant, rate: u64) -> Duration {
        let over = self.left(now, rate).saturating_sub(rate.saturating_mul(AT_ONCE));
        Duration::from_millis(over.saturating_mul(1_000) / rate.max(1))
    }
}

/// What a question costs beside what is looked at for it.
const QUESTION: u64 = 64;
/// Seconds of what may be looked at that may be had at once.
const AT_ONCE: u64 = 10;
/// Hosts that are remembered.
const HOSTS: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_has_its_own_pace_and_all_have_one_together() {
        let limits = Limits { looks: 1_000, looks_in_all: 2_000, ..Limits::default() };
        let at = Instant::from_millis;
        let mut pace = Pace::default();
        pace.count(at(0), "a", 9_000, &limits);
        assert_eq!(pace.admit(at(0), "a", &limits), Ok(()));
        pace.count(at(0), "a", 3_000 - 2 * QUESTION, &limits);
        assert_eq!(pace.admit(at(0), "a", &limits), Err(3));
        assert_eq!(pace.admit(at(0), "b", &limits), Ok(()));
        assert_eq!(pace.admit(at(2_000), "a", &limits), Ok(()));
        pace.count(at(2_000), "b", 20_000, &limits);
        assert_eq!(pace.admit(at(2_000), "c", &limits), Err(5));
        assert_eq!(pace.admit(at(7_000), "c", &limits), Ok(()));
    }

    #[test]
    fn hosts_are_forgotten_before_there_are_too_many() {
        let limits = Limits::default();
        let mut pace = Pace::default();
        for number in 0..3 * HOSTS {
            pace.count(Instant::ZERO, &alloc::format!("{number}"), 1, &limits);
        }
        assert!(pace.by_host.len() <= HOSTS);
    }
}

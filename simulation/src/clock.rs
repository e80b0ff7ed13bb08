use std::time::Duration;

use waypost_time::Instant;

use crate::Time;

/// The clock of a machine: it starts anywhere, drifts, jumps, and may stand still while the machine sleeps.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    /// What it showed when it was last set.
    set: (Time, u64),
    /// Milliseconds that it gains in a million.
    drift: i64,
    /// When it was off by how much more than it drifts.
    disturbances: Vec<(Time, Duration)>,
}

impl Clock {
    pub(crate) const fn new(now: Time, shows: u64, drift: i64) -> Self {
        Self { set: (now, shows), drift, disturbances: Vec::new() }
    }

    /// Returns what the clock shows.
    pub(crate) fn at(&self, now: Time) -> Instant {
        Instant::from_millis(self.millis(now))
    }

    /// Returns when the clock is going to show `deadline`, which is not before `now`.
    pub(crate) fn reaches(&self, now: Time, deadline: Instant) -> Time {
        let left = deadline.as_millis().saturating_sub(self.millis(now)).min(FOR_EVER);
        let guess = left as i64 * MILLION / (MILLION + self.drift);
        let mut time = now + Duration::from_millis(guess as u64);
        while self.millis(time) < deadline.as_millis() && left < FOR_EVER {
            time = time + Duration::from_millis(1);
        }
        time
    }

    /// Begins at zero, as the clock of a process that has just begun.
    pub(crate) const fn restart(&mut self, now: Time) {
        self.set = (now, 0);
    }

    /// Sets the clock forward or back, by milliseconds.
    pub(crate) fn jump(&mut self, now: Time, by: i64) {
        self.set = (now, self.millis(now).saturating_add_signed(by));
        self.disturbances.push((now, Duration::from_millis(by.unsigned_abs())));
    }

    /// Has the clock show again what it showed at `since`, as one does that does not count while the machine sleeps.
    pub(crate) fn stand_still(&mut self, since: Time, now: Time) {
        self.set = (now, self.millis(since));
        self.disturbances.push((now, now.since(since)));
    }

    /// Returns how far two readings, or what an engine made of them, may be from the time that passed between them.
    ///
    /// To an engine, a clock that was set back stands still until it shows again what it showed; so a jump counts for as long
    /// afterwards.
    pub(crate) fn deviation(&self, from: Time, to: Time) -> Duration {
        let counts = |&&(at, size): &&(Time, Duration)| at + size >= from && at <= to;
        let disturbed: Duration =
            self.disturbances.iter().rev().take(RECENT).filter(counts).map(|(_, size)| *size).sum();
        let drifted = to.since(from).as_millis() as u64 * self.drift.unsigned_abs() / MILLION as u64;
        disturbed + Duration::from_millis(drifted + ROUNDING)
    }

    fn millis(&self, now: Time) -> u64 {
        let (since, shown) = self.set;
        let passed = now.since(since).as_millis() as i64;
        shown.saturating_add_signed(passed + passed * self.drift / MILLION)
    }
}

const MILLION: i64 = 1_000_000;
/// A deadline further away than this, in milliseconds, is none.
const FOR_EVER: u64 = 1 << 42;
/// Milliseconds by which two readings in whole milliseconds may be off.
const ROUNDING: u64 = 2;
/// Disturbances that are looked at; more do not happen in a lifetime.
const RECENT: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_is_reached_when_the_clock_shows_it_and_not_before() {
        for drift in [-200, -1, 0, 7, 200] {
            let mut clock = Clock::new(Time::ZERO, 77_777, drift);
            clock.jump(Time::from_millis(5000), -3000);
            let now = Time::from_millis(8000);
            for left in [0, 1, 999, 86_400_000] {
                let deadline = clock.at(now) + Duration::from_millis(left);
                let time = clock.reaches(now, deadline);
                assert!(clock.at(time) >= deadline);
                assert!(left == 0 || clock.at(time.before(Duration::from_millis(2))) < deadline);
            }
        }
    }

    #[test]
    fn the_deviation_covers_drift_jumps_and_sleep() {
        let mut clock = Clock::new(Time::ZERO, 0, 200);
        let [start, end] = [1_000, 10_001_000].map(Time::from_millis);
        let is_covered = |clock: &Clock| {
            let shown = clock.at(end).saturating_since(clock.at(start)).as_millis();
            let off = shown.abs_diff(end.since(start).as_millis());
            off <= clock.deviation(start, end).as_millis()
        };
        assert!(is_covered(&clock));
        let early = clock.at(start);
        clock.jump(Time::from_millis(50_000), 600_000);
        clock.stand_still(Time::from_millis(60_000), Time::from_millis(90_000));
        let shown = clock.at(end).saturating_since(early).as_millis();
        assert_eq!(shown, 10_000_000 + 600_000 - 30_000 + 1_994);
        assert!(shown.abs_diff(10_000_000) <= clock.deviation(start, end).as_millis());
    }
}

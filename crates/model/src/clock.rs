use core::time::Duration;

use crate::{Dot, Stamp};

/// A reading of a hybrid logical clock: 48 bits of milliseconds, and a counter of 16 bits that carries into them.
///
/// A write that saw another has a later timestamp, whatever the clocks of their replicas show.
///
/// ```
/// use waypost_model::Timestamp;
///
/// let time = Timestamp::from_millis(1_000);
/// assert!(time < time.next());
/// assert_eq!(time.next().as_millis(), 1_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Timestamp(u64);

impl Timestamp {
    /// Makes a timestamp from milliseconds, with a counter of zero; milliseconds beyond 47 bits, some
    /// 4459 years, count as the most that fits.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(if millis > MAX_MILLIS { MAX_MILLIS << COUNTER_BITS } else { millis << COUNTER_BITS })
    }

    /// Makes a timestamp from its 64 bits.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// Returns the 64 bits: milliseconds above, counter below.
    #[must_use]
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// Returns the milliseconds.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0 >> COUNTER_BITS
    }

    /// Returns the next later timestamp; the last one has none and returns itself.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// A hybrid logical clock: gives each write of a replica a [`Timestamp`] later than all that the replica has seen.
///
/// It reads no clock. The caller says how many milliseconds have passed since an epoch that all replicas of an authority
/// share, such as 1970. A replica whose clock is wrong stays correct: only who wins a tie becomes less fair.
///
/// A peer that sends a timestamp from far in the future would win every tie from then on and push all clocks ahead. So a
/// clock [observes](Clock::observe) a remote timestamp only if it is at most a tolerance ahead of its own time.
///
/// ```
/// use waypost_model::{Clock, Timestamp};
///
/// let mut clock = Clock::new();
/// let first = clock.tick(1_000);
/// clock.observe(1_000, Timestamp::from_millis(3_000)).unwrap();
/// let second = clock.tick(1_000);
/// assert!(first < second && second.as_millis() == 3_000);
/// assert!(clock.observe(1_000, Timestamp::from_bits(u64::MAX)).is_err());
/// assert!(clock.tick(1_000).as_millis() == 3_000);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    latest: Timestamp,
    tolerance: Duration,
}

impl Clock {
    /// How far ahead of the own time a remote timestamp may be, unless said otherwise: one hour.
    pub const DEFAULT_TOLERANCE: Duration = Duration::from_secs(3600);

    /// Makes a clock that has seen nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { latest: Timestamp(0), tolerance: Self::DEFAULT_TOLERANCE }
    }

    /// Returns the clock with another tolerance for timestamps that are ahead.
    #[must_use]
    pub const fn with_tolerance(mut self, tolerance: Duration) -> Self {
        self.tolerance = tolerance;
        self
    }

    /// Returns the timestamp of a local write at `millis`: later than every one returned or observed before.
    pub fn tick(&mut self, millis: u64) -> Timestamp {
        self.latest = self.latest.next().max(Timestamp::from_millis(millis));
        self.latest
    }

    /// Returns the stamp of a local write at `millis`.
    pub fn stamp(&mut self, millis: u64, dot: Dot) -> Stamp {
        Stamp { time: self.tick(millis), dot }
    }

    /// Takes note of a timestamp that another replica made.
    ///
    /// # Errors
    ///
    /// When it is further ahead of `millis` than the tolerance, and of every timestamp seen so far. Nothing changes
    /// then, and what it came with should be refused.
    pub fn observe(&mut self, millis: u64, remote: Timestamp) -> Result<(), TooFarAhead> {
        if remote <= self.latest {
            return Ok(());
        }
        let tolerance = u64::try_from(self.tolerance.as_millis()).unwrap_or(u64::MAX);
        if remote.as_millis() > millis.saturating_add(tolerance).min(MAX_MILLIS) {
            return Err(TooFarAhead(()));
        }
        self.latest = remote;
        Ok(())
    }

    /// Returns the latest timestamp that was returned or observed.
    #[must_use]
    pub const fn latest(&self) -> Timestamp {
        self.latest
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::new()
    }
}

/// Says that a remote timestamp is further in the future than is tolerated.
///
/// ```
/// use waypost_model::{Clock, Timestamp};
///
/// let error = Clock::new().observe(0, Timestamp::from_bits(u64::MAX)).unwrap_err();
/// assert_eq!(error.to_string(), "timestamp is too far in the future");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("timestamp is too far in the future")]
pub struct TooFarAhead(());

const COUNTER_BITS: u32 = 16;
/// Half of what 48 bits hold, so that no number of writes can carry the counter over the end.
const MAX_MILLIS: u64 = (1 << 47) - 1;

use core::ops::{Add, AddAssign};
use core::time::Duration;

/// A point on a monotonic clock of the caller's choosing, in milliseconds.
///
/// It can be before the zero of the clock: a process that has just begun may hear of what happened long ago. Arithmetic
/// saturates at both ends, so no time that a peer or a broken clock makes up can cause a panic.
///
/// ```
/// use core::time::Duration;
/// use waypost_time::Instant;
///
/// let now = Instant::from_millis(500);
/// assert_eq!((now + Duration::from_secs(2)).as_millis(), 2_500);
/// assert_eq!(now.saturating_sub(Duration::from_secs(2)) + Duration::from_secs(2), now);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Instant(i64);

impl Instant {
    /// The zero of the clock: the first instant that it shows.
    pub const ZERO: Self = Self(0);
    /// The last instant that the clock can show: "never" as a deadline.
    pub const MAX: Self = Self(i64::MAX);

    /// Makes an instant from milliseconds since the zero of the clock; [`Instant::MAX`] if that is too far.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        if millis > i64::MAX as u64 { Self::MAX } else { Self(millis as i64) }
    }

    /// Returns the milliseconds since the zero of the clock, none for what is before it.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        if self.0 < 0 { 0 } else { self.0 as u64 }
    }

    /// Returns the time that passed from `earlier` to this instant, zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        let millis = self.0.saturating_sub(earlier.0);
        Duration::from_millis(if millis < 0 { 0 } else { millis as u64 })
    }

    /// Returns the instant `span` before this one, or the earliest there is if that is too far.
    #[must_use]
    pub fn saturating_sub(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(whole_millis(span)))
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Returns the instant `span` after this one, or [`Instant::MAX`] if the clock does not reach so far.
    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(whole_millis(span)))
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, span: Duration) {
        *self = *self + span;
    }
}

fn whole_millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

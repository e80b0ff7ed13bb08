use core::ops::{Add, AddAssign};
use core::time::Duration;

/// A point on a monotonic clock of the caller's choosing, in milliseconds.
///
/// Arithmetic saturates at both ends, so no time that a peer or a broken clock makes up can cause a panic.
///
/// ```
/// use core::time::Duration;
/// use waypost_time::Instant;
///
/// let now = Instant::from_millis(500);
/// assert_eq!((now + Duration::from_secs(2)).as_millis(), 2_500);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct Instant(u64);

impl Instant {
    /// The first instant that the clock can show.
    pub const ZERO: Self = Self(0);
    /// The last instant that the clock can show: "never" as a deadline.
    pub const MAX: Self = Self(u64::MAX);

    /// Makes an instant from milliseconds since the zero of the clock.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// Returns the milliseconds since the zero of the clock.
    #[must_use]
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns the time that passed from `earlier` to this instant, zero if `earlier` is later.
    #[must_use]
    pub const fn saturating_since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Returns the instant `span` before this one, or [`Instant::ZERO`] if the clock does not reach back so far.
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

fn whole_millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

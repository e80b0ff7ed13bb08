use core::time::Duration;

/// Random spans of time that keep many machines from doing the same at once: SplitMix64 over a seed.
///
/// Nothing that has to be unpredictable may hang on it. Equal seeds give equal spans.
///
/// ```
/// use core::time::Duration;
/// use waypost_time::Jitter;
///
/// let minute = Duration::from_secs(60);
/// let mut jitter = Jitter::new(0x5eed);
/// assert!(jitter.up_to(minute) <= minute);
/// assert!((minute..=minute + minute / 4).contains(&jitter.stretch(minute)));
/// ```
#[derive(Debug, Clone)]
pub struct Jitter(u64);

impl Jitter {
    /// Makes a generator.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a span of at most `longest`, in whole milliseconds.
    pub fn up_to(&mut self, longest: Duration) -> Duration {
        let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        let scaled = (u128::from(self.bits()) * (u128::from(millis) + 1)) >> 64;
        Duration::from_millis(scaled as u64)
    }

    /// Returns `span` or up to a quarter more.
    pub fn stretch(&mut self, span: Duration) -> Duration {
        span.saturating_add(self.up_to(span / 4))
    }

    /// Returns 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

/// Returns the delay after so many failures in a row: doubled with each, up to a longest one.
///
/// ```
/// use core::time::Duration;
/// use waypost_time::back_off;
///
/// let [first, longest] = [10, 60].map(Duration::from_secs);
/// let delays = [1, 2, 3, 4, 100].map(|failures| back_off(first, longest, failures).as_secs());
/// assert_eq!(delays, [10, 20, 40, 60, 60]);
/// ```
#[must_use]
pub fn back_off(first: Duration, longest: Duration, failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(31);
    first.saturating_mul(1 << doublings).min(longest.max(first))
}

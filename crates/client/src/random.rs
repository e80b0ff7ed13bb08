use core::time::Duration;

/// A small generator of what spreads clients over time: SplitMix64. Nothing that has to be unpredictable hangs on it.
#[derive(Debug, Clone)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Returns a span of at most `longest`.
    pub(crate) fn up_to(&mut self, longest: Duration) -> Duration {
        let millis = u64::try_from(longest.as_millis()).unwrap_or(u64::MAX);
        let scaled = (u128::from(self.next()) * (u128::from(millis) + 1)) >> 64;
        Duration::from_millis(scaled as u64)
    }

    /// Returns `span` or up to a quarter more.
    pub(crate) fn stretch(&mut self, span: Duration) -> Duration {
        span.saturating_add(self.up_to(span / 4))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

use std::time::Duration;

use oorandom::Rand64;

/// What a world draws from. Equal seeds give equal draws on every machine.
#[derive(Debug, Clone)]
pub(crate) struct Random(Rand64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(Rand64::new(seed.into()))
    }

    /// Returns a generator of its own, so that what is drawn there moves nothing here.
    pub(crate) fn fork(&mut self) -> Self {
        Self::new(self.number())
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0.rand_u64()
    }

    pub(crate) fn secret(&mut self) -> [u8; 16] {
        let halves = [self.number(), self.number()].map(u64::to_be_bytes);
        std::array::from_fn(|index| halves[index / 8][index % 8])
    }

    /// Returns a number less than `end`, which is not zero.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0.rand_range(0..end)
    }

    /// Tells whether something happens that does so many times in a thousand.
    pub(crate) fn happens(&mut self, per_mille: u32) -> bool {
        self.below(1000) < per_mille.into()
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len() as u64) as usize]
    }

    /// Returns a span in between, every one as likely as any other.
    pub(crate) fn between(&mut self, shortest: Duration, longest: Duration) -> Duration {
        let span = longest.saturating_sub(shortest).as_millis() as u64;
        shortest + Duration::from_millis(self.below(span + 1))
    }

    /// Returns a span in between, every order of magnitude as likely as any other.
    pub(crate) fn magnitude(&mut self, shortest: Duration, longest: Duration) -> Duration {
        let ratio = longest.as_millis() / shortest.as_millis().max(1);
        let doublings = self.below(u64::from(ratio.max(1).ilog2()) + 1);
        let from = shortest * (1 << doublings);
        self.between(from, (from * 2).min(longest).max(from))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_within_their_bounds_and_of_every_magnitude() {
        let mut random = Random::new(1);
        let [shortest, longest] = [1, 3600].map(Duration::from_secs);
        let spans: Vec<_> = (0..1000).map(|_| random.magnitude(shortest, longest)).collect();
        assert!(spans.iter().all(|span| (shortest..=longest).contains(span)));
        assert!(spans.iter().filter(|span| span.as_secs() < 60).count() > 300);
        assert!(spans.iter().filter(|span| span.as_secs() >= 600).count() > 100);
    }
}

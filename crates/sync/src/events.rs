use alloc::collections::VecDeque;
use core::time::Duration;

use waypost_time::Instant;

/// The events that wait for the application; the oldest go when too many wait.
#[derive(Debug)]
pub(crate) struct Events<E> {
    waiting: VecDeque<E>,
    missed: u64,
}

impl<E> Events<E> {
    pub(crate) fn push(&mut self, event: E, limit: usize) {
        self.waiting.push_back(event);
        while self.waiting.len() > limit {
            self.waiting.pop_front();
            self.missed += 1;
        }
    }

    /// Returns the next event; before those that are left, what tells how many have gone.
    pub(crate) fn pop(&mut self, missed: impl FnOnce(u64) -> E) -> Option<E> {
        match core::mem::take(&mut self.missed) {
            0 => self.waiting.pop_front(),
            count => Some(missed(count)),
        }
    }
}

impl<E> Default for Events<E> {
    fn default() -> Self {
        Self { waiting: VecDeque::new(), missed: 0 }
    }
}

/// Which refusals are told of: so many in a minute, and of the others how many they were.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    began: Instant,
    told: usize,
    untold: u64,
}

impl Refusals {
    /// Counts a refusal; tells whether it is told of.
    pub(crate) fn count(&mut self, limit: usize) -> bool {
        let is_told = self.told < limit;
        if is_told {
            self.told += 1;
        } else {
            self.untold += 1;
        }
        is_told
    }

    /// Returns how many were not told of in a minute that is over.
    pub(crate) fn turn(&mut self, now: Instant) -> Option<u64> {
        if now.saturating_since(self.began) < MINUTE {
            return None;
        }
        let untold = self.untold;
        *self = Self { began: now, told: 0, untold: 0 };
        (untold > 0).then_some(untold)
    }

    /// Returns when there is something to tell.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        (self.untold > 0).then(|| self.began + MINUTE)
    }
}

const MINUTE: Duration = Duration::from_secs(60);

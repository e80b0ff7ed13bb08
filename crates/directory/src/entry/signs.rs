use alloc::vec::Vec;

use waypost_model::{Dot, Record, State};
use waypost_time::Instant;

use crate::entry::Entry;

/// When each of the writes that make a registration was last renewed: its sign of life.
///
/// Writes that did not see each other live and expire each by itself: what keeps one alive says nothing of another.
#[derive(Debug, Clone)]
pub(crate) struct Signs {
    /// Of each write that is not told apart.
    seen: Instant,
    own: Vec<(Dot, Instant)>,
}

impl Signs {
    /// Makes the same sign of life of all writes.
    pub(crate) const fn all(seen: Instant) -> Self {
        Self { seen, own: Vec::new() }
    }

    pub(crate) fn of_entry(entry: &Entry) -> Self {
        Self { seen: entry.seen, own: entry.signs().to_vec() }
    }

    pub(crate) fn of(&self, dot: Dot) -> Instant {
        self.own.iter().find(|(own, _)| *own == dot).map_or(self.seen, |(_, seen)| *seen)
    }

    /// Notes when a write was last renewed.
    pub(crate) fn set(&mut self, dot: Dot, seen: Instant) {
        self.own.retain(|(own, _)| *own != dot);
        self.own.push((dot, seen));
    }

    /// Returns when a record expires.
    pub(crate) fn deadline(&self, record: &Record) -> Instant {
        self.of(record.dot()) + record.lifetime.value.duration()
    }

    /// Returns the latest sign of life of all that is in a state.
    pub(crate) fn last(&self, state: &State) -> Instant {
        state.records().map(|record| self.of(record.dot())).max().unwrap_or(self.seen)
    }

    /// Forgets the records that have expired beside what has not seen them: they take no part in that.
    pub(crate) fn bury(&self, now: Instant, state: &mut State) {
        let is_dead = |record: &&Record| self.deadline(record) <= now;
        let dead: Vec<Dot> = state.records().filter(is_dead).map(Record::dot).collect();
        if dead.len() < state.len() {
            dead.into_iter().for_each(|dot| {
                state.forget(dot);
            });
        }
    }
}

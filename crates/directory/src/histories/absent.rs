use alloc::collections::BTreeMap;

use waypost_model::{Dot, Lifetime, ReplicaId};
use waypost_time::Instant;

/// The last signs of life of writes at one authority that are not here: each has expired and was forgotten, or something took its
/// place. Others may have it.
///
/// Who is told here of the renewals since a number asks the owner no more. So these have to be among them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Absent {
    signs: BTreeMap<Dot, Sign>,
}

#[derive(Debug, Clone, Copy)]
struct Sign {
    /// Of the renewal.
    number: u64,
    seen: Instant,
}

impl Absent {
    pub(crate) const fn new() -> Self {
        Self { signs: BTreeMap::new() }
    }

    /// Notes that a write was renewed, by the number of that. Where there are too many, those of the oldest writes are forgotten.
    pub(crate) fn note(&mut self, dot: Dot, number: u64, seen: Instant, limit: usize) {
        if let Some(known) = self.signs.get_mut(&dot) {
            (known.number, known.seen) = (number, known.seen.max(seen));
            return;
        }
        if self.signs.len() >= limit {
            self.signs.pop_first();
        }
        if limit > 0 {
            self.signs.insert(dot, Sign { number, seen });
        }
    }

    /// Returns when a write was renewed last, if it was while it was not here.
    pub(crate) fn seen(&self, dot: Dot) -> Option<Instant> {
        self.signs.get(&dot).map(|sign| sign.seen)
    }

    /// Returns which writes of a replica were renewed after a number, and when. How long they last is not known: they are told of for
    /// the lifetime that there is by default.
    pub(crate) fn after(&self, now: Instant, owner: ReplicaId, number: u64) -> impl Iterator<Item = (Dot, Instant)> {
        let of_owner = self.signs.range(Dot::new(owner, 0)..=Dot::new(owner, u64::MAX));
        let is_told = move |sign: &Sign| sign.number > number && sign.seen + Lifetime::DEFAULT.duration() > now;
        of_owner.filter(move |(_, sign)| is_told(sign)).map(|(dot, sign)| (*dot, sign.seen))
    }

    pub(crate) fn forget(&mut self, owner: ReplicaId) {
        self.signs.retain(|dot, _| dot.replica != owner);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    #[test]
    fn a_write_is_noted_once_and_there_are_no_more_than_the_limit() {
        let at = Instant::from_millis;
        let mut absent = Absent::new();
        for number in 1..=99 {
            absent.note(Dot::new(ReplicaId(1), number % 10), number, at(number), 5);
            assert!(absent.signs.len() <= 5);
        }
        let told: Vec<(u64, Instant)> =
            absent.after(at(100), ReplicaId(1), 95).map(|(dot, seen)| (dot.sequence, seen)).collect();
        assert_eq!(told, [(6, at(96)), (7, at(97)), (8, at(98)), (9, at(99))]);
        assert_eq!(absent.after(at(100), ReplicaId(2), 0).count(), 0);
        assert_eq!(absent.after(at(100_000_000), ReplicaId(1), 0).count(), 0);
    }
}

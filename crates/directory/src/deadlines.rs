use alloc::collections::BTreeMap;

use waypost_time::Instant;

use crate::index::id_set::IdSet;

/// When something has to be done about each slot, the earliest first.
///
/// A renewal must be cheap, so it does not move the slot here: when its time comes, the slot is looked at, and filed anew
/// if it was renewed. There is never more than one date per slot.
///
/// Where there are very many dates, what is far away is filed under the start of the minute or so that it lies in, with the
/// others of that minute. So it comes up early, and is filed once more, exactly.
#[derive(Debug, Clone)]
pub(crate) struct Deadlines {
    queue: BTreeMap<Instant, IdSet>,
    len: usize,
    by_minute: bool,
}

/// Milliseconds in what is a minute here, as a power of two.
const MINUTE_BITS: u32 = 16;
/// What is due in less than so many milliseconds is filed exactly. A minute later than now always is further away.
const NEAR: u64 = 2 << MINUTE_BITS;

impl Deadlines {
    /// Makes a queue in which every date is exact.
    pub(crate) const fn exact() -> Self {
        Self { queue: BTreeMap::new(), len: 0, by_minute: false }
    }

    /// Makes a queue in which a date that is far away is known to the minute.
    pub(crate) const fn by_minute() -> Self {
        Self { queue: BTreeMap::new(), len: 0, by_minute: true }
    }

    /// Files a slot that is due at `due`; returns the date that it is filed under, which is not later.
    pub(crate) fn file(&mut self, now: Instant, due: Instant, slot: u32) -> Instant {
        let minute = due.as_millis() >> MINUTE_BITS << MINUTE_BITS;
        let is_near = minute < now.as_millis().saturating_add(NEAR);
        let filed = if is_near || !self.by_minute { due } else { Instant::from_millis(minute) };
        self.len += usize::from(self.queue.entry(filed).or_default().insert(slot));
        filed
    }

    pub(crate) fn unfile(&mut self, filed: Instant, slot: u32) {
        let Some(slots) = self.queue.get_mut(&filed) else { return };
        self.len -= usize::from(slots.remove(slot));
        if slots.is_empty() {
            self.queue.remove(&filed);
        }
    }

    pub(crate) fn first(&self) -> Option<Instant> {
        self.queue.keys().next().copied()
    }

    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<u32> {
        if self.first()? > now {
            return None;
        }
        self.pop()
    }

    pub(crate) fn pop(&mut self) -> Option<u32> {
        let (filed, slots) = self.queue.iter().next()?;
        let (filed, slot) = (*filed, slots.iter_from(0).next()?);
        self.unfile(filed, slot);
        Some(slot)
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_slot_comes_up_by_its_date_and_once(
            dates in prop::collection::vec(prop_oneof![0_u64..300_000, Just(u64::MAX)], 1..60),
            gone in prop::collection::vec(any::<bool>(), 60),
            steps in prop::collection::vec(0_u64..100_000, 1..12),
            by_minute: bool,
        ) {
            let mut deadlines = if by_minute { Deadlines::by_minute() } else { Deadlines::exact() };
            let mut filed = BTreeMap::new();
            let due = |slot: u32| Instant::from_millis(dates[slot as usize]);
            for slot in 0..dates.len() as u32 {
                filed.insert(slot, deadlines.file(Instant::ZERO, due(slot), slot));
            }
            for slot in (0..dates.len() as u32).filter(|slot| gone[*slot as usize]) {
                deadlines.unfile(filed.remove(&slot).unwrap(), slot);
            }
            let mut now = 0;
            for step in steps {
                now += step;
                let now = Instant::from_millis(now);
                prop_assert!(deadlines.first() <= filed.values().min().copied());
                while let Some(slot) = deadlines.pop_due(now) {
                    prop_assert!(filed.remove(&slot).is_some_and(|filed| filed <= now));
                    if due(slot) > now {
                        filed.insert(slot, deadlines.file(now, due(slot), slot));
                    }
                }
                prop_assert!(filed.iter().all(|(slot, filed)| *filed > now && *filed <= due(*slot)));
                prop_assert!(by_minute || filed.iter().all(|(slot, filed)| *filed == due(*slot)));
                prop_assert_eq!(deadlines.len(), filed.len());
            }
            while deadlines.pop().is_some_and(|slot| filed.remove(&slot).is_some()) {}
            prop_assert!(filed.is_empty() && deadlines.first().is_none() && deadlines.len() == 0);
        }
    }
}

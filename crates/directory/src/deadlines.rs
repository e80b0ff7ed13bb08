use alloc::collections::BTreeSet;

use waypost_time::Instant;

/// When something has to be done about each slot, the earliest first.
///
/// A renewal must be cheap, so it does not move the slot here: when its time comes, the slot is looked at, and filed anew
/// if it was renewed. There is never more than one date per slot.
#[derive(Debug, Clone, Default)]
pub(crate) struct Deadlines {
    queue: BTreeSet<(Instant, u32)>,
}

impl Deadlines {
    pub(crate) fn file(&mut self, at: Instant, slot: u32) {
        self.queue.insert((at, slot));
    }

    pub(crate) fn unfile(&mut self, at: Instant, slot: u32) {
        self.queue.remove(&(at, slot));
    }

    pub(crate) fn first(&self) -> Option<Instant> {
        self.queue.first().map(|(at, _)| *at)
    }

    pub(crate) fn pop_due(&mut self, now: Instant) -> Option<u32> {
        if self.first()? > now {
            return None;
        }
        self.pop()
    }

    pub(crate) fn pop(&mut self) -> Option<u32> {
        self.queue.pop_first().map(|(_, slot)| slot)
    }

    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }
}

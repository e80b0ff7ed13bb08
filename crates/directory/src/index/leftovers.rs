use alloc::collections::BTreeMap;

use crate::index::slot_set::SlotSet;

/// Slots of which the index still has the links, although nothing is shown there any more.
///
/// The links of a document are in some dozens of sets, each of which is somewhere else in memory. To take them out is to wait
/// for memory dozens of times; to go through a set and drop everything in it that is left over costs next to nothing for each.
/// So what is gone is only marked, look-ups pass over it, and a [sweep](crate::index::sweep::Sweep) follows.
#[derive(Debug, Clone)]
pub(crate) struct Leftovers {
    slots: SlotSet,
    /// Slot → document that had the numbers of the slot, and is held until they are free.
    waiting: BTreeMap<u32, u32>,
    /// The same of those that the present sweep takes out.
    leaving: BTreeMap<u32, u32>,
    /// Which these are.
    swept: SlotSet,
}

/// Fewer are not worth a sweep.
const WORTH: usize = 64;

impl Leftovers {
    pub(crate) fn new() -> Self {
        Self { slots: SlotSet::new(0), waiting: BTreeMap::new(), leaving: BTreeMap::new(), swept: SlotSet::new(0) }
    }

    /// Leaves the links of a slot over. They are those of a document.
    pub(crate) fn add(&mut self, slot: u32, document: u32) {
        self.slots.insert(slot);
        self.waiting.insert(slot, document);
    }

    /// Takes a slot out; returns the document, if its links are left over.
    pub(crate) fn take(&mut self, slot: u32) -> Option<u32> {
        if !self.contains(slot) {
            return None;
        }
        self.slots.remove(slot);
        self.swept.remove(slot);
        self.waiting.remove(&slot).or_else(|| self.leaving.remove(&slot))
    }

    #[inline]
    pub(crate) fn contains(&self, slot: u32) -> bool {
        !self.is_empty() && self.slots.contains(slot)
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.waiting.len() + self.leaving.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.leaving.is_empty()
    }

    /// Returns the slots.
    pub(crate) fn slots(&self) -> &SlotSet {
        &self.slots
    }

    /// Begins a sweep, if that is worth it.
    pub(crate) fn begin(&mut self) -> bool {
        let is_worth_it = self.waiting.len() >= WORTH;
        if is_worth_it {
            self.leaving = core::mem::take(&mut self.waiting);
            self.swept.clone_from(&self.slots);
        }
        is_worth_it
    }

    /// Tells whether the present sweep takes out the links of a slot.
    #[inline]
    pub(crate) fn is_swept(&self, slot: u32) -> bool {
        self.swept.contains(slot)
    }

    /// Takes out one that was swept: returns its document.
    pub(crate) fn pop_swept(&mut self) -> Option<u32> {
        let (slot, document) = self.leaving.pop_first()?;
        self.slots.remove(slot);
        Some(document)
    }
}

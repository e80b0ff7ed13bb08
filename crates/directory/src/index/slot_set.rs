use alloc::{vec, vec::Vec};

/// Slots as one bit each: quick to fill from many sets, in any order, and to intersect.
#[derive(Debug, Clone)]
pub(crate) struct SlotSet(Vec<u64>);

impl SlotSet {
    /// Makes an empty set with room for the slots below `end`; it grows where others come.
    pub(crate) fn new(end: u32) -> Self {
        Self(vec![0; end.div_ceil(u64::BITS) as usize])
    }

    pub(crate) fn insert(&mut self, slot: u32) {
        let word = (slot / u64::BITS) as usize;
        if word >= self.0.len() {
            self.0.resize(word + 1, 0);
        }
        self.0[word] |= 1 << (slot % u64::BITS);
    }

    pub(crate) fn contains(&self, slot: u32) -> bool {
        self.0.get((slot / u64::BITS) as usize).is_some_and(|word| word >> (slot % u64::BITS) & 1 == 1)
    }

    /// Keeps what is in `other` as well.
    pub(crate) fn intersect(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= other;
        }
    }

    pub(crate) fn remove(&mut self, slot: u32) {
        if let Some(word) = self.0.get_mut((slot / u64::BITS) as usize) {
            *word &= !(1 << (slot % u64::BITS));
        }
    }

    /// Takes out what is in `other`.
    pub(crate) fn remove_all(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word &= !other;
        }
    }

    /// Returns how many slots there are in each run of `length`, which is a multiple of 64.
    pub(crate) fn counts(&self, length: u32) -> impl Iterator<Item = u32> {
        self.0.chunks((length / u64::BITS) as usize).map(|words| words.iter().map(|word| word.count_ones()).sum())
    }

    /// Iterates over the slots from `start` on, ascending.
    pub(crate) fn into_iter_from(mut self, start: u32) -> SlotIter {
        let word = (start / u64::BITS) as usize;
        if let Some(first) = self.0.get_mut(word) {
            *first &= u64::MAX << (start % u64::BITS);
        }
        SlotIter { slots: self, word }
    }
}

/// The slots of a set, ascending.
#[derive(Debug, Clone)]
pub(crate) struct SlotIter {
    slots: SlotSet,
    word: usize,
}

impl Iterator for SlotIter {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        while *self.slots.0.get(self.word)? == 0 {
            self.word += 1;
        }
        let word = &mut self.slots.0[self.word];
        let bit = word.trailing_zeros();
        *word &= *word - 1;
        Some(self.word as u32 * u64::BITS + bit)
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_set_of_slots_does_what_an_ordered_set_does(
            left in prop::collection::btree_set(0_u32..300, 0..60),
            right in prop::collection::btree_set(0_u32..300, 0..200),
            start in 0_u32..400,
        ) {
            let build = |ids: &BTreeSet<u32>| {
                let mut slots = SlotSet::new(300);
                ids.iter().for_each(|slot| slots.insert(*slot));
                slots
            };
            let mut slots = build(&left);
            slots.intersect(&build(&right));
            let both: BTreeSet<u32> = left.intersection(&right).copied().collect();
            for slot in 0..400 {
                prop_assert_eq!(slots.contains(slot), both.contains(&slot));
            }
            for (number, count) in (0..).zip(slots.counts(64)) {
                prop_assert_eq!(count as usize, both.range(number * 64..(number + 1) * 64).count());
            }
            prop_assert!(slots.into_iter_from(start).eq(both.range(start..).copied()));
        }
    }
}

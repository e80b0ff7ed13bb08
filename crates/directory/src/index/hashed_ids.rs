use alloc::vec::Vec;

use crate::index::buckets::Buckets;

/// Ids, found by the hash of what they stand for.
///
/// A hash table that grows moves everything at once: with a million ids, that is a pause that all have to wait for. This one
/// consists of parts of bounded size, and grows by splitting one of them at a time (linear hashing), so that no insertion
/// moves more than a thousand ids. The hash stands beside the id: to move it takes no look at what it stands for.
#[derive(Debug, Clone, Default)]
pub(crate) struct HashedIds {
    parts: Vec<Buckets>,
    len: usize,
}

/// How many ids a part has on average; one that was not split yet has up to twice as many.
const PART: usize = 384;

impl HashedIds {
    pub(crate) const fn new() -> Self {
        Self { parts: Vec::new(), len: 0 }
    }

    pub(crate) fn find(&self, hash: u32, is_same: impl Fn(u32) -> bool) -> Option<u32> {
        self.parts.get(self.part_of(hash))?.find(hash, is_same)
    }

    /// Adds an id that is not there yet.
    pub(crate) fn insert(&mut self, hash: u32, id: u32) {
        if self.len == self.parts.len() * PART {
            self.split();
        }
        self.len += 1;
        self.put(hash, id);
    }

    /// Takes out an id, if it is there.
    pub(crate) fn remove(&mut self, hash: u32, id: u32) {
        let part = self.part_of(hash);
        let Some(part) = self.parts.get_mut(part) else { return };
        self.len -= usize::from(part.remove(hash, id));
    }

    /// Adds a part and moves there what now belongs in it.
    fn split(&mut self) {
        let new = self.parts.len();
        let Some(bits) = new.checked_ilog2() else { return self.parts.push(Buckets::default()) };
        // It takes from the one whose number lacks the highest bit.
        let from = new - (1 << bits);
        // They will grow once more, to the double, before they are split in their turn.
        let half = || Buckets::with_room(PART);
        self.parts.push(half());
        let whole = core::mem::replace(&mut self.parts[from], half());
        whole.each(|hash, id| self.put(hash, id));
    }

    fn put(&mut self, hash: u32, id: u32) {
        let part = self.part_of(hash);
        self.parts[part].insert(hash, id);
    }

    /// Returns the number of the part that a hash belongs in.
    fn part_of(&self, hash: u32) -> usize {
        let mask = self.parts.len().next_power_of_two() - 1;
        let part = hash as usize & mask;
        if part < self.parts.len() { part } else { part & (mask >> 1) }
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    use super::*;

    /// Returns a hash that many ids share, or that few do.
    fn hash(id: u32, is_spread: bool) -> u32 {
        if is_spread { id.wrapping_mul(0x9e37_79b9) } else { id % 7 }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn ids_are_found_like_those_of_a_map(
            runs in prop::collection::vec((any::<bool>(), 0_u32..20_000, 0_u32..6_000), 1..8),
            is_spread: bool,
        ) {
            // Many ids with the same hash are slow to find.
            let scale = if is_spread { 1 } else { 100 };
            let (mut ids, mut model) = (HashedIds::new(), BTreeMap::new());
            for (add, start, length) in runs {
                for id in start / scale..(start + length) / scale {
                    if !add {
                        ids.remove(hash(id, is_spread), id);
                        model.remove(&id);
                    } else if model.insert(id, ()).is_none() {
                        ids.insert(hash(id, is_spread), id);
                    }
                }
                prop_assert_eq!(ids.len, model.len());
            }
            for id in 0..26_000 / scale {
                let found = ids.find(hash(id, is_spread), |other| other == id);
                prop_assert_eq!(found.is_some(), model.contains_key(&id));
            }
        }
    }

    #[test]
    fn no_part_outgrows_its_room() {
        let mut ids = HashedIds::new();
        for id in 0..100_000 {
            ids.insert(hash(id, true), id);
            let largest = ids.parts.iter().map(Buckets::len).max();
            assert!(largest <= Some(3 * PART), "{largest:?} after {id}");
        }
        assert_eq!(ids.parts.len(), 100_000_usize.div_ceil(PART));
    }
}

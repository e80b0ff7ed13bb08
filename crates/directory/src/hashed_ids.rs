use alloc::vec::Vec;

use hashbrown::HashTable;

/// Ids, found by the hash of what they stand for.
///
/// A hash table that grows moves everything at once: with a million ids, that is a pause that all have to wait for. This one
/// consists of parts of bounded size, and grows by splitting one of them at a time (linear hashing), so that no insertion
/// moves more than a few thousand ids. The hash stands beside the id: to move it takes no look at what it stands for.
#[derive(Debug, Clone, Default)]
pub(crate) struct HashedIds {
    parts: Vec<HashTable<Hashed>>,
    len: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hashed {
    hash: u32,
    id: u32,
}

/// How many ids a part has on average: a little less than fit without room for twice as many. One that was not split yet has
/// up to twice as many, which also just fit.
const PART: usize = 1536;
/// So many low bits of a hash tell the part, and no others, for up to twelve million ids.
const PART_BITS: u32 = 13;

impl HashedIds {
    pub(crate) const fn new() -> Self {
        Self { parts: Vec::new(), len: 0 }
    }

    pub(crate) fn find(&self, hash: u32, is_same: impl Fn(u32) -> bool) -> Option<u32> {
        let is_same = |other: &Hashed| other.hash == hash && is_same(other.id);
        self.parts.get(self.part_of(hash))?.find(place(hash), is_same).map(|found| found.id)
    }

    /// Adds an id that is not there yet.
    pub(crate) fn insert(&mut self, hash: u32, id: u32) {
        if self.len == self.parts.len() * PART {
            self.split();
        }
        self.len += 1;
        self.put(Hashed { hash, id });
    }

    pub(crate) fn remove(&mut self, hash: u32, id: u32) {
        let part = self.part_of(hash);
        let Some(part) = self.parts.get_mut(part) else { return };
        if let Ok(found) = part.find_entry(place(hash), |other| *other == Hashed { hash, id }) {
            found.remove();
            self.len -= 1;
        }
    }

    /// Adds a part and moves there what now belongs in it.
    fn split(&mut self) {
        let new = self.parts.len();
        self.parts.push(HashTable::new());
        // It takes from the one whose number lacks the highest bit.
        if let Some(bits) = new.checked_ilog2() {
            let whole = core::mem::take(&mut self.parts[new - (1 << bits)]);
            whole.into_iter().for_each(|hashed| self.put(hashed));
        }
    }

    fn put(&mut self, hashed: Hashed) {
        let part = self.part_of(hashed.hash);
        self.parts[part].insert_unique(place(hashed.hash), hashed, |other| place(other.hash));
    }

    /// Returns the number of the part that a hash belongs in.
    fn part_of(&self, hash: u32) -> usize {
        let mask = self.parts.len().next_power_of_two() - 1;
        let part = hash as usize & mask;
        if part < self.parts.len() { part } else { part & (mask >> 1) }
    }
}

/// Returns what tells the place in a part. The table takes it from both ends of this: from the lowest bits, and from the
/// highest seven.
fn place(hash: u32) -> u64 {
    u64::from(hash) << u32::BITS | u64::from(hash >> PART_BITS)
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
            let largest = ids.parts.iter().map(HashTable::capacity).max();
            assert!(largest <= Some(4 * PART), "{largest:?} after {id}");
        }
        assert_eq!(ids.parts.len(), 100_000_usize.div_ceil(PART));
    }
}

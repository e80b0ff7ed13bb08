use alloc::{boxed::Box, vec};

/// Ids, found by the hash of what they stand for: a table of some hundreds.
///
/// To find one of a million ids is to wait for memory, which comes in pieces of 64 bytes. So the ids lie in buckets of that
/// size, each with its hash: as a rule, one look finds it. What has no room in its bucket lies in one of the next ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buckets {
    buckets: Box<[Bucket]>,
    len: usize,
}

#[derive(Debug, Clone)]
#[repr(align(64))]
struct Bucket {
    hashes: [u32; ROOM],
    /// [`FREE`] where there is none.
    ids: [u32; ROOM],
    /// How many ids belong here or before and lie behind.
    passed: u32,
}

/// How many ids fit in a bucket.
const ROOM: usize = 7;
const FREE: u32 = u32::MAX;

impl Buckets {
    /// Makes a table in which so many ids have room before it grows: at most seven eighths of it are taken.
    pub(crate) fn with_room(ids: usize) -> Self {
        Self { buckets: vec![Bucket::EMPTY; (ids * 8).div_ceil(ROOM * 7)].into(), len: 0 }
    }

    pub(crate) fn find(&self, hash: u32, is_same: impl Fn(u32) -> bool) -> Option<u32> {
        for at in self.way(hash) {
            let bucket = &self.buckets[at];
            let mut same = bucket.positions(hash);
            while same != 0 {
                let id = bucket.ids[same.trailing_zeros() as usize];
                if is_same(id) {
                    return Some(id);
                }
                same &= same - 1;
            }
            if bucket.passed == 0 {
                break;
            }
        }
        None
    }

    /// Adds an id that is not there yet.
    pub(crate) fn insert(&mut self, hash: u32, id: u32) {
        if (self.len + 1) * 8 > self.buckets.len() * ROOM * 7 {
            let larger = Self::with_room(self.len * 2 + 1);
            core::mem::replace(self, larger).each(|hash, id| self.put(hash, id));
        }
        self.put(hash, id);
    }

    /// Takes out an id; tells whether it was there.
    pub(crate) fn remove(&mut self, hash: u32, id: u32) -> bool {
        for (passed, at) in self.way(hash).enumerate() {
            if self.buckets[at].remove(hash, id) {
                self.way(hash).take(passed).for_each(|at| self.buckets[at].passed -= 1);
                self.len -= 1;
                return true;
            }
            if self.buckets[at].passed == 0 {
                break;
            }
        }
        false
    }

    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Hands over the hashes and ids, in no order that means anything.
    pub(crate) fn each(self, mut visit: impl FnMut(u32, u32)) {
        for bucket in self.buckets {
            let all = bucket.hashes.into_iter().zip(bucket.ids);
            all.filter(|(_, id)| *id != FREE).for_each(|(hash, id)| visit(hash, id));
        }
    }

    fn put(&mut self, hash: u32, id: u32) {
        for at in self.way(hash) {
            let bucket = &mut self.buckets[at];
            if let Some(free) = bucket.ids.iter().position(|id| *id == FREE) {
                (bucket.hashes[free], bucket.ids[free]) = (hash, id);
                self.len += 1;
                return;
            }
            bucket.passed += 1;
        }
    }

    /// Returns the positions of the buckets that an id may lie in, the one that it belongs in first.
    fn way(&self, hash: u32) -> impl Iterator<Item = usize> + use<> {
        let count = self.buckets.len();
        let first = ((u64::from(hash) * count as u64) >> u32::BITS) as usize;
        (first..count).chain(0..first)
    }
}

impl Bucket {
    const EMPTY: Self = Self { hashes: [0; ROOM], ids: [FREE; ROOM], passed: 0 };

    /// Returns where in the bucket there are ids with a hash, a bit each.
    fn positions(&self, hash: u32) -> u32 {
        let is_same = |at: usize| self.hashes[at] == hash && self.ids[at] != FREE;
        (0..ROOM).fold(0, |bits, at| bits | u32::from(is_same(at)) << at)
    }

    fn remove(&mut self, hash: u32, id: u32) -> bool {
        let found = (0..ROOM).find(|at| self.ids[*at] == id && self.hashes[*at] == hash);
        found.is_some_and(|at| {
            self.ids[at] = FREE;
            true
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ids_are_those_of_a_set_and_leave_no_trace(
            operations in prop::collection::vec((any::<bool>(), 0_u32..300), 0..400),
            is_spread: bool,
        ) {
            let hash = |id: u32| if is_spread { id.wrapping_mul(0x9e37_79b9) } else { (id % 3) << 22 };
            let (mut ids, mut model) = (Buckets::default(), BTreeSet::new());
            for (add, id) in operations {
                if !add {
                    prop_assert_eq!(ids.remove(hash(id), id), model.remove(&id));
                } else if model.insert(id) {
                    ids.insert(hash(id), id);
                }
                prop_assert_eq!(ids.len(), model.len());
            }
            for id in 0..300 {
                prop_assert_eq!(ids.find(hash(id), |other| other == id).is_some(), model.contains(&id));
            }
            let mut all = BTreeSet::new();
            ids.clone().each(|_, id| _ = all.insert(id));
            prop_assert_eq!(&all, &model);
            for id in model {
                prop_assert!(ids.remove(hash(id), id));
            }
            prop_assert!(ids.buckets.iter().all(|bucket| bucket.passed == 0));
        }
    }
}

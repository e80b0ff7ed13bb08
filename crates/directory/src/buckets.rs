use alloc::{boxed::Box, vec};

/// Ids, found by the upper half of the hash of what they stand for: a table of some hundreds.
///
/// To find one of a million ids is to wait for memory, which comes in pieces of 64 bytes. So the ids lie in buckets of that
/// size, each with its half of a hash: as a rule, one look finds it. What has no room in its bucket lies in one of the next ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Buckets {
    buckets: Box<[Bucket]>,
    len: usize,
}

#[derive(Debug, Clone, Default)]
#[repr(align(64))]
struct Bucket {
    ids: [u32; ROOM],
    /// Of each id its half of a hash, [`FREE`] where there is no id.
    tags: [u16; ROOM],
    /// How many ids belong here or before and lie behind.
    passed: u32,
}

/// How many ids fit in a bucket.
const ROOM: usize = 10;
const FREE: u16 = 0;

impl Buckets {
    /// Makes a table in which so many ids have room before it grows: at most seven eighths of it are taken.
    pub(crate) fn with_room(ids: usize) -> Self {
        Self { buckets: vec![Bucket::default(); (ids * 8).div_ceil(ROOM * 7)].into(), len: 0 }
    }

    pub(crate) fn find(&self, hash: u32, is_same: impl Fn(u32) -> bool) -> Option<u32> {
        let tag = tag(hash);
        for at in self.way(tag) {
            let bucket = &self.buckets[at];
            let mut same = bucket.positions(tag);
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
            let larger = Self::with_room(self.len + self.len / 4 + 1);
            core::mem::replace(self, larger).each(|tag, id| self.put(tag, id));
        }
        self.put(tag(hash), id);
    }

    /// Takes out an id; tells whether it was there.
    pub(crate) fn remove(&mut self, hash: u32, id: u32) -> bool {
        let tag = tag(hash);
        for (passed, at) in self.way(tag).enumerate() {
            if self.buckets[at].remove(tag, id) {
                self.way(tag).take(passed).for_each(|at| self.buckets[at].passed -= 1);
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

    /// Hands over the ids, in no order that means anything.
    pub(crate) fn into_each(self, mut visit: impl FnMut(u32)) {
        self.each(|_, id| visit(id));
    }

    fn each(self, mut visit: impl FnMut(u16, u32)) {
        for bucket in self.buckets {
            let all = bucket.tags.into_iter().zip(bucket.ids);
            all.filter(|(tag, _)| *tag != FREE).for_each(|(tag, id)| visit(tag, id));
        }
    }

    fn put(&mut self, tag: u16, id: u32) {
        for at in self.way(tag) {
            let bucket = &mut self.buckets[at];
            if let Some(free) = bucket.tags.iter().position(|tag| *tag == FREE) {
                (bucket.tags[free], bucket.ids[free]) = (tag, id);
                self.len += 1;
                return;
            }
            bucket.passed += 1;
        }
    }

    /// Returns the positions of the buckets that an id may lie in, the one that it belongs in first.
    fn way(&self, tag: u16) -> impl Iterator<Item = usize> + use<> {
        let count = self.buckets.len();
        let first = (usize::from(tag) * count) >> u16::BITS;
        (first..count).chain(0..first)
    }
}

impl Bucket {
    /// Returns where in the bucket there are ids with a tag, a bit each.
    fn positions(&self, tag: u16) -> u32 {
        (0..).zip(self.tags).fold(0, |bits, (position, other)| bits | u32::from(other == tag) << position)
    }

    fn remove(&mut self, tag: u16, id: u32) -> bool {
        let found = (0..ROOM).find(|at| self.tags[*at] == tag && self.ids[*at] == id);
        found.is_some_and(|at| {
            self.tags[at] = FREE;
            true
        })
    }
}

fn tag(hash: u32) -> u16 {
    ((hash >> u16::BITS) as u16).max(FREE + 1)
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
            ids.clone().into_each(|id| _ = all.insert(id));
            prop_assert_eq!(&all, &model);
            for id in model {
                prop_assert!(ids.remove(hash(id), id));
            }
            prop_assert!(ids.buckets.iter().all(|bucket| bucket.passed == 0));
        }
    }
}

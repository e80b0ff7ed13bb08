use alloc::{borrow::Cow, boxed::Box};
use core::ops::RangeInclusive;

use roaring::{MultiOps as _, RoaringBitmap};

/// Ids in ascending order: up to three in place, more in a compressed bitmap.
///
/// Most values of an index belong to one link or to very many, so both ends must be cheap.
#[derive(Debug, Clone)]
pub(crate) enum IdSet {
    Few { len: u8, ids: [u32; FEW] },
    Many(Box<RoaringBitmap>),
}

const FEW: usize = 3;
const MUCH_SMALLER: u64 = 32;

impl IdSet {
    pub(crate) const EMPTY: Self = Self::Few { len: 0, ids: [0; FEW] };

    /// Adds an id; tells whether it is new.
    pub(crate) fn insert(&mut self, id: u32) -> bool {
        match self {
            Self::Few { len, ids } => {
                let used = usize::from(*len);
                let Err(at) = ids[..used].binary_search(&id) else { return false };
                if used < FEW {
                    ids.copy_within(at..used, at + 1);
                    ids[at] = id;
                    *len += 1;
                } else {
                    let mut many: RoaringBitmap = ids.iter().copied().collect();
                    many.insert(id);
                    *self = Self::Many(Box::new(many));
                }
                true
            }
            Self::Many(many) => many.insert(id),
        }
    }

    /// Takes an id out; tells whether it was there.
    pub(crate) fn remove(&mut self, id: u32) -> bool {
        match self {
            Self::Few { len, ids } => {
                let used = usize::from(*len);
                let Ok(at) = ids[..used].binary_search(&id) else { return false };
                ids.copy_within(at + 1..used, at);
                *len -= 1;
                true
            }
            Self::Many(many) => {
                let was_there = many.remove(id);
                // One below what fits in place, so that a set at the border does not change its form each time.
                if was_there && many.len() < FEW as u64 {
                    *self = many.iter().collect();
                }
                was_there
            }
        }
    }

    pub(crate) fn contains(&self, id: u32) -> bool {
        match self {
            Self::Few { .. } => self.few().contains(&id),
            Self::Many(many) => many.contains(id),
        }
    }

    /// Tells whether an id of the range is there.
    pub(crate) fn meets(&self, range: RangeInclusive<u32>) -> bool {
        match self {
            Self::Few { .. } => self.few().iter().any(|id| range.contains(id)),
            Self::Many(many) => many.range(range).next().is_some(),
        }
    }

    /// Returns how many ids of the range are there.
    pub(crate) fn count_in(&self, range: RangeInclusive<u32>) -> u64 {
        match self {
            Self::Few { .. } => self.few().iter().filter(|id| range.contains(id)).count() as u64,
            Self::Many(many) => many.range_cardinality(range),
        }
    }

    /// Returns which of the 64 ids from `start` on are there, the first one as the lowest bit.
    pub(crate) fn word(&self, start: u32) -> u64 {
        let bit = |word, id: u32| word | 1 << (id - start);
        let range = start..=start.saturating_add(u64::BITS - 1);
        match self {
            Self::Few { .. } => self.few().iter().copied().filter(|id| range.contains(id)).fold(0, bit),
            Self::Many(many) => many.range(range).fold(0, bit),
        }
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Few { len, .. } => u64::from(*len),
            Self::Many(many) => many.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Few { len, .. } => *len == 0,
            Self::Many(many) => many.is_empty(),
        }
    }

    /// Hands over the ids of a range, ascending. Of many, that takes a fraction of the time of an iterator.
    pub(crate) fn each_in(&self, range: RangeInclusive<u32>, mut visit: impl FnMut(u32)) {
        match self {
            Self::Few { .. } => self.few().iter().copied().filter(|id| range.contains(id)).for_each(visit),
            Self::Many(many) => {
                let mut ids = many.range(range);
                let mut block = [0; 256];
                loop {
                    let some = ids.next_many(&mut block);
                    if some.is_empty() {
                        return;
                    }
                    some.iter().for_each(|id| visit(*id));
                }
            }
        }
    }

    /// Iterates over the ids from `start` on.
    pub(crate) fn iter_from(&self, start: u32) -> IdIter<'_> {
        match self {
            Self::Few { .. } => {
                let few = self.few();
                IdIter::Few(few[few.partition_point(|id| *id < start)..].iter())
            }
            Self::Many(many) => IdIter::Many(Box::new(many.range(start..))),
        }
    }

    #[cfg(test)]
    fn iter(&self) -> IdIter<'_> {
        self.iter_from(0)
    }

    /// Returns the ids of all of several sets.
    pub(crate) fn of_all(sets: &[&Self]) -> Self {
        let many = sets.iter().filter_map(|set| match set {
            Self::Few { .. } => None,
            Self::Many(many) => Some(&**many),
        });
        let mut all = many.union();
        sets.iter().for_each(|set| all.extend(set.few()));
        if all.len() > FEW as u64 { Self::Many(Box::new(all)) } else { all.iter().collect() }
    }

    /// Adds every id of `other`.
    pub(crate) fn union(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Many(own), Self::Many(other)) => **own |= &**other,
            (Self::Few { .. }, Self::Many(many)) => {
                let mut all = many.clone();
                all.extend(self.few());
                *self = Self::Many(all);
            }
            (_, Self::Few { .. }) => {
                for id in other.few() {
                    self.insert(*id);
                }
            }
        }
    }

    /// Returns the ids that are in both.
    pub(crate) fn intersection(&self, other: &Self) -> Self {
        match (self, other) {
            // Asking is cheaper than merging when one is much smaller.
            (Self::Many(few), Self::Many(many)) | (Self::Many(many), Self::Many(few))
                if few.len() * MUCH_SMALLER <= many.len() =>
            {
                few.iter().filter(|id| many.contains(*id)).collect()
            }
            (Self::Many(own), Self::Many(other)) => Self::Many(Box::new(&**own & &**other)),
            (few @ Self::Few { .. }, set) | (set, few @ Self::Few { .. }) => {
                few.few().iter().copied().filter(|id| set.contains(*id)).collect()
            }
        }
    }

    fn few(&self) -> &[u32] {
        match self {
            Self::Few { len, ids } => &ids[..usize::from(*len)],
            Self::Many(_) => &[],
        }
    }
}

impl Default for IdSet {
    fn default() -> Self {
        Self::EMPTY
    }
}

impl FromIterator<u32> for IdSet {
    fn from_iter<I: IntoIterator<Item = u32>>(ids: I) -> Self {
        let mut set = Self::EMPTY;
        set.extend(ids);
        set
    }
}

impl Extend<u32> for IdSet {
    fn extend<I: IntoIterator<Item = u32>>(&mut self, ids: I) {
        for id in ids {
            self.insert(id);
        }
    }
}

/// The ids of a set, ascending.
// The iterators of the bitmap are boxed because they are many times larger than the others.
#[derive(Clone)]
pub(crate) enum IdIter<'s> {
    Few(core::slice::Iter<'s, u32>),
    Many(Box<roaring::bitmap::Iter<'s>>),
    OwnFew(core::iter::Take<core::iter::Skip<core::array::IntoIter<u32, FEW>>>),
    OwnMany(Box<roaring::bitmap::IntoIter>),
}

impl<'s> IdIter<'s> {
    pub(crate) fn empty() -> Self {
        Self::Few([].iter())
    }

    /// Iterates over the ids from `start` on; copies the set if it is not borrowed for long enough.
    pub(crate) fn new(set: &Cow<'s, IdSet>, start: u32) -> Self {
        match set {
            Cow::Borrowed(set) => set.iter_from(start),
            Cow::Owned(IdSet::Few { len, ids }) => {
                let before = ids[..usize::from(*len)].partition_point(|id| *id < start);
                Self::OwnFew((*ids).into_iter().skip(before).take(usize::from(*len) - before))
            }
            Cow::Owned(IdSet::Many(many)) => Self::OwnMany(Box::new(RoaringBitmap::clone(many).into_range(start..))),
        }
    }
}

impl Iterator for IdIter<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Few(few) => few.next().copied(),
            Self::Many(many) => many.next(),
            Self::OwnFew(few) => few.next(),
            Self::OwnMany(many) => many.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::{collections::BTreeSet, vec::Vec};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_set_does_what_an_ordered_set_does(operations in prop::collection::vec((any::<bool>(), 0_u32..12), 0..60), from in 0_u32..12) {
            let mut set = IdSet::EMPTY;
            let mut model = BTreeSet::new();
            for (add, id) in operations {
                if add {
                    prop_assert_eq!(set.insert(id), model.insert(id));
                } else {
                    prop_assert_eq!(set.remove(id), model.remove(&id));
                }
                prop_assert_eq!(set.len(), model.len() as u64);
                prop_assert_eq!(set.is_empty(), model.is_empty());
            }
            prop_assert!(set.iter().eq(model.iter().copied()));
            prop_assert!(set.iter_from(from).eq(model.range(from..).copied()));
            prop_assert_eq!(set.meets(from..=from + 2), model.range(from..=from + 2).next().is_some());
            prop_assert_eq!(set.count_in(from..=from + 2), model.range(from..=from + 2).count() as u64);
            prop_assert_eq!(set.word(from), model.range(from..).fold(0, |word, id| word | 1 << (id - from)));
            let mut each = Vec::new();
            set.each_in(from..=from + 5, |id| each.push(id));
            prop_assert!(each.iter().eq(model.range(from..=from + 5)));
        }

        #[test]
        fn union_and_intersection_are_those_of_ordered_sets(
            left in prop::collection::btree_set(0_u32..20, 0..12),
            right in prop::collection::btree_set(0_u32..20, 0..12),
        ) {
            let (mut a, b): (IdSet, IdSet) = (left.iter().copied().collect(), right.iter().copied().collect());
            prop_assert!(a.intersection(&b).iter().eq(left.intersection(&right).copied()));
            prop_assert!(IdSet::of_all(&[&a, &b]).iter().eq(left.union(&right).copied()));
            a.union(&b);
            prop_assert_eq!(a.iter().collect::<Vec<_>>(), left.union(&right).copied().collect::<Vec<_>>());
        }
    }
}

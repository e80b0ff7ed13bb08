use alloc::{borrow::Cow, boxed::Box, vec::Vec};
use core::ops::RangeInclusive;

use crate::{
    index::bitmap::{Bitmap, BitmapIter, REGION_BITS},
    index::sorted_ids::{SortedIds, SortedIter},
};

/// Ids in ascending order: up to three in place, more of them one by one, very many in a [bitmap](Bitmap).
///
/// Most values of an index belong to one link or to very many, so both ends must be cheap. And what the devices of one model
/// share is spread over all numbers, so that must not be dear either.
#[derive(Debug, Clone)]
pub(crate) enum IdSet {
    Few { len: u8, ids: [u32; FEW] },
    Sorted(Box<SortedIds>),
    Many(Box<Bitmap>),
}

const FEW: usize = 3;
/// With so many ids per region, a bitmap is hardly larger than they are one by one.
const DENSE: u64 = 64;
/// With fewer ids per region, they are smaller one by one. It is far below the other limit, so that a set at the border does
/// not change its form each time.
const SPARSE: u64 = 16;
/// More ids are always a bitmap: to change the form of a set must not take long.
const MOST_SORTED: u64 = 1 << 14;

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
                    let mut sorted = SortedIds::default();
                    ids.iter().for_each(|id| _ = sorted.insert(*id));
                    sorted.insert(id);
                    *self = Self::Sorted(Box::new(sorted));
                }
                true
            }
            Self::Sorted(sorted) => {
                let is_new = sorted.insert(id);
                let len = sorted.len() as u64;
                if is_new && (len > MOST_SORTED || len >= DENSE * regions(sorted.first(), sorted.last())) {
                    *self = Self::Many(Box::new(sorted.iter_from(0).collect()));
                }
                is_new
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
            Self::Sorted(sorted) => {
                let was_there = sorted.remove(id);
                self.gather();
                was_there
            }
            Self::Many(many) => {
                let was_there = many.remove(id);
                self.thin_out();
                was_there
            }
        }
    }

    /// Adds ids that are ascending.
    pub(crate) fn insert_all(&mut self, ids: &[u32]) {
        for run in runs(ids) {
            match (&mut *self, run) {
                (Self::Many(many), [first, .., last]) => _ = many.insert_range(*first..=*last),
                (set, run) => run.iter().for_each(|id| _ = set.insert(*id)),
            }
        }
    }

    /// Takes out ids that are ascending.
    pub(crate) fn remove_all(&mut self, ids: &[u32]) {
        for run in runs(ids) {
            match (&mut *self, run) {
                (Self::Many(many), [first, .., last]) => {
                    many.remove_range(*first..=*last);
                    self.thin_out();
                }
                (set, run) => run.iter().for_each(|id| _ = set.remove(*id)),
            }
        }
    }

    /// Takes out the ids of the words of 64 that are gone, from an id on, until there are no steps left: one for each word or id
    /// that is looked at. Returns where it is to go on, if it did not come to the end.
    pub(crate) fn sweep(&mut self, from: u32, is_gone: &impl Fn(u32) -> bool, steps: &mut usize) -> Option<u32> {
        match self {
            Self::Few { len, .. } => {
                *steps = steps.saturating_sub(usize::from(*len));
                if self.few().iter().any(|id| is_gone(id / u64::BITS)) {
                    *self = self.few().iter().copied().filter(|id| !is_gone(id / u64::BITS)).collect();
                }
                None
            }
            Self::Sorted(sorted) => {
                let next = sorted.sweep(from, is_gone, steps);
                self.gather();
                next
            }
            Self::Many(many) => {
                let next = many.sweep(from, is_gone, steps);
                if next.is_none() {
                    self.thin_out();
                }
                next
            }
        }
    }

    pub(crate) fn contains(&self, id: u32) -> bool {
        match self {
            Self::Few { .. } => self.few().contains(&id),
            Self::Sorted(sorted) => sorted.contains(id),
            Self::Many(many) => many.contains(id),
        }
    }

    /// Tells whether an id of the range is there.
    pub(crate) fn meets(&self, range: RangeInclusive<u32>) -> bool {
        match self {
            Self::Few { .. } => self.few().iter().any(|id| range.contains(id)),
            Self::Sorted(sorted) => sorted.iter_from(*range.start()).next().is_some_and(|id| range.contains(&id)),
            Self::Many(many) => many.meets(range),
        }
    }

    /// Returns how many ids of the range are there.
    pub(crate) fn count_in(&self, range: RangeInclusive<u32>) -> u64 {
        match self {
            Self::Few { .. } => self.few().iter().filter(|id| range.contains(id)).count() as u64,
            Self::Sorted(sorted) => sorted.count_in(range) as u64,
            Self::Many(many) => many.count_in(range),
        }
    }

    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::Few { len, .. } => u64::from(*len),
            Self::Sorted(sorted) => sorted.len() as u64,
            Self::Many(many) => many.len(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns which of the 64 ids from `start` on are there, the first one as the lowest bit.
    pub(crate) fn word(&self, start: u32) -> u64 {
        let bit = |word, id: u32| word | 1 << (id - start);
        let range = start..=start.saturating_add(u64::BITS - 1);
        match self {
            Self::Few { .. } => self.few().iter().copied().filter(|id| range.contains(id)).fold(0, bit),
            Self::Sorted(sorted) => sorted.iter_from(start).take_while(|id| range.contains(id)).fold(0, bit),
            Self::Many(many) => many.word(start),
        }
    }

    /// Hands over the ids of a range, ascending.
    pub(crate) fn each_in(&self, range: RangeInclusive<u32>, visit: impl FnMut(u32)) {
        match self {
            Self::Few { .. } => self.few().iter().copied().filter(|id| range.contains(id)).for_each(visit),
            Self::Sorted(sorted) => {
                sorted.iter_from(*range.start()).take_while(|id| range.contains(id)).for_each(visit);
            }
            Self::Many(many) => many.each_in(range, visit),
        }
    }

    /// Iterates over the ids from `start` on.
    pub(crate) fn iter_from(&self, start: u32) -> IdIter<'_> {
        match self {
            Self::Few { .. } => {
                let few = self.few();
                IdIter::Few(few[few.partition_point(|id| *id < start)..].iter())
            }
            Self::Sorted(sorted) => IdIter::Sorted(sorted.iter_from(start)),
            Self::Many(many) => IdIter::Many(many.iter_from(start)),
        }
    }

    #[cfg(test)]
    fn iter(&self) -> IdIter<'_> {
        self.iter_from(0)
    }

    /// Returns the ids of all of several sets.
    pub(crate) fn of_all(sets: &[&Self]) -> Self {
        let mut all = Bitmap::default();
        for set in sets {
            match set {
                Self::Many(many) => all.union(many),
                set => all.extend(set.iter_from(0)),
            }
        }
        if all.len() > MOST_SORTED { Self::Many(Box::new(all)) } else { all.iter_from(0).collect() }
    }

    /// Adds every id of `other`.
    pub(crate) fn union(&mut self, other: &Self) {
        match (&mut *self, other) {
            (Self::Many(own), Self::Many(other)) => own.union(other),
            (own, Self::Many(other)) => {
                let mut all = other.clone();
                all.extend(own.iter_from(0));
                *self = Self::Many(all);
            }
            (own, other) => own.extend(other.iter_from(0)),
        }
    }

    /// Returns the ids that are in each of several sets, of which the smallest comes first.
    pub(crate) fn common(sets: &[&Self]) -> Self {
        let [first, others @ ..] = sets else { return Self::EMPTY };
        let bitmaps: Option<Vec<&Bitmap>> = sets.iter().map(|set| set.bitmap()).collect();
        match bitmaps {
            Some(bitmaps) => Self::Many(Box::new(Bitmap::common(&bitmaps))),
            None => first.iter_from(0).filter(|id| others.iter().all(|set| set.contains(*id))).collect(),
        }
    }

    /// Keeps few ids in place.
    fn gather(&mut self) {
        // One below what fits in place, so that a set at the border does not change its form each time.
        if let Self::Sorted(sorted) = self
            && sorted.len() < FEW
        {
            let few = sorted.iter_from(0).collect();
            *self = few;
        }
    }

    /// Keeps what is left of a bitmap one by one, if that has become smaller.
    fn thin_out(&mut self) {
        if let Self::Many(many) = self
            && many.len() < (MOST_SORTED / 2).min(SPARSE * many.regions())
        {
            let mut sorted = SortedIds::default();
            many.iter_from(0).for_each(|id| _ = sorted.insert(id));
            *self = Self::Sorted(Box::new(sorted));
        }
    }

    fn bitmap(&self) -> Option<&Bitmap> {
        match self {
            Self::Many(many) => Some(many),
            Self::Few { .. } | Self::Sorted(_) => None,
        }
    }

    fn few(&self) -> &[u32] {
        match self {
            Self::Few { len, ids } => &ids[..usize::from(*len)],
            Self::Sorted(_) | Self::Many(_) => &[],
        }
    }
}

/// Returns the ids in pieces that have no gaps.
fn runs(ids: &[u32]) -> impl Iterator<Item = &[u32]> {
    ids.chunk_by(|one, next| one.checked_add(1) == Some(*next))
}

/// Returns how many regions of a bitmap there are from the first to the last id.
fn regions(first: Option<u32>, last: Option<u32>) -> u64 {
    let region = |id: Option<u32>| u64::from(id.unwrap_or(0) >> REGION_BITS);
    region(last) - region(first) + 1
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
#[derive(Clone)]
pub(crate) enum IdIter<'s> {
    Few(core::slice::Iter<'s, u32>),
    Sorted(SortedIter<'s>),
    Many(BitmapIter<&'s Bitmap>),
    OwnFew(core::iter::Take<core::iter::Skip<core::array::IntoIter<u32, FEW>>>),
    OwnSorted(alloc::vec::IntoIter<u32>),
    OwnMany(BitmapIter<Bitmap>),
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
            Cow::Owned(IdSet::Sorted(sorted)) => {
                Self::OwnSorted(sorted.iter_from(start).collect::<Vec<_>>().into_iter())
            }
            Cow::Owned(IdSet::Many(many)) => Self::OwnMany(Bitmap::clone(many).into_iter_from(start)),
        }
    }
}

impl Iterator for IdIter<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::Few(few) => few.next().copied(),
            Self::Sorted(sorted) => sorted.next(),
            Self::Many(many) => many.next(),
            Self::OwnFew(few) => few.next(),
            Self::OwnSorted(sorted) => sorted.next(),
            Self::OwnMany(many) => many.next(),
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    use super::*;

    /// Ids that lie together, and such as lie far apart.
    fn id() -> impl Strategy<Value = u32> {
        prop_oneof![0_u32..12, 0_u32..200, (0_u32..2000).prop_map(|region| region << 14), Just(u32::MAX)]
    }

    fn assert_same(set: &IdSet, model: &BTreeSet<u32>, from: u32, to: u32) {
        assert_eq!(set.len(), model.len() as u64);
        assert_eq!(set.is_empty(), model.is_empty());
        assert!(set.iter().eq(model.iter().copied()));
        assert!(set.iter_from(from).eq(model.range(from..).copied()));
        assert!(IdIter::new(&Cow::Owned(set.clone()), from).eq(model.range(from..).copied()));
        let to = to.max(from);
        assert_eq!(set.meets(from..=to), model.range(from..=to).next().is_some());
        assert_eq!(set.count_in(from..=to), model.range(from..=to).count() as u64);
        assert_eq!(set.contains(from), model.contains(&from));
        let word = model.range(from..=from.saturating_add(63)).fold(0, |word, id| word | 1 << (id - from));
        assert_eq!(set.word(from), word);
        let mut each = Vec::new();
        set.each_in(from..=to, |id| each.push(id));
        assert!(each.iter().eq(model.range(from..=to)));
    }

    proptest! {
        #[test]
        fn a_set_does_what_an_ordered_set_does(
            operations in prop::collection::vec((0..4, id()), 0..400),
            (from, to) in (id(), id()),
            step in 1_usize..3,
        ) {
            let mut set = IdSet::EMPTY;
            let mut model = BTreeSet::new();
            for (what, id) in operations {
                if what > 0 {
                    prop_assert_eq!(set.insert(id), model.insert(id));
                } else {
                    prop_assert_eq!(set.remove(id), model.remove(&id));
                }
                prop_assert_eq!(set.len(), model.len() as u64);
            }
            assert_same(&set, &model, from, to);
            let run: Vec<u32> = (from..=from.saturating_add(20)).step_by(step).collect();
            set.insert_all(&run);
            model.extend(&run);
            assert_same(&set, &model, from, to);
            let run: Vec<u32> = (to..=to.saturating_add(100)).step_by(step).collect();
            set.remove_all(&run);
            model.retain(|id| !run.contains(id));
            assert_same(&set, &model, from, to);
            for id in model.clone() {
                prop_assert!(set.remove(id) && model.remove(&id));
                prop_assert_eq!(set.iter().next(), model.first().copied());
            }
            assert_same(&set, &model, from, to);
        }

        #[test]
        fn a_sweep_takes_out_the_words_that_are_gone_and_no_other(
            runs in prop::collection::vec((id(), 1_u32..5000, 1_u32..200), 1..6),
            gone in 1_u32..9,
            steps in 1_usize..3000,
        ) {
            let ids = runs.iter().flat_map(|(first, count, step)| (0..*count).map_while(move |n| first.checked_add(n * step)));
            let mut model: BTreeSet<u32> = ids.collect();
            let mut set: IdSet = model.iter().copied().collect();
            let is_gone = |word: u32| !(word ^ word >> 3).is_multiple_of(gone);
            let (mut from, mut turns) = (Some(0), 0);
            while let Some(start) = from {
                from = set.sweep(start, &is_gone, &mut { steps });
                turns += 1;
                prop_assert!(turns < 100_000);
            }
            model.retain(|id| !is_gone(id / 64));
            assert_same(&set, &model, 0, 500);
        }

        #[test]
        fn union_and_what_is_common_are_those_of_ordered_sets(
            left in prop::collection::btree_set(id(), 0..120),
            right in prop::collection::btree_set(id(), 0..120),
        ) {
            let build = |ids: &BTreeSet<u32>| ids.iter().copied().collect::<IdSet>();
            let (mut a, b) = (build(&left), build(&right));
            let (few, others) = if a.len() < b.len() { (&a, &b) } else { (&b, &a) };
            let both = left.intersection(&right).copied().collect();
            assert_same(&IdSet::common(&[few, others]), &both, 0, 100);
            assert_same(&IdSet::of_all(&[&a, &b]), &left.union(&right).copied().collect(), 0, 100);
            a.union(&b);
            assert_same(&a, &left.union(&right).copied().collect(), 0, 100);
        }
    }

    #[test]
    fn a_set_changes_its_form_and_stays_the_same_set() {
        let orders: [fn(u32) -> u32; 3] = [|n| n, |n| 29_999 - n, |n| n * 7919 % 30_000];
        // Close together, and as far apart as the links of one kind are.
        for (order, distance) in orders.into_iter().flat_map(|order| [(order, 1), (order, 64_000)]) {
            let (mut set, mut model) = (IdSet::EMPTY, BTreeSet::new());
            for n in 0..30_000 {
                set.insert(order(n) * distance);
                model.insert(order(n) * distance);
            }
            assert_same(&set, &model, 5000 * distance, 9000 * distance);
            for n in (0..30_000).filter(|n| n % 100 != 0) {
                set.remove(order(n) * distance);
                model.remove(&(order(n) * distance));
            }
            assert_same(&set, &model, 5000 * distance, 9000 * distance);
        }
    }
}

use alloc::vec::Vec;
use core::{borrow::Borrow, ops::RangeInclusive};

use crate::index::region::{Cursor, Region, WORDS};

/// Very many ids, in words of 64.
///
/// What is asked most is which links of a registration there are: that is one word. Bitmaps that are intersected show word by word
/// whether there is anything to look at.
#[derive(Debug, Clone, Default)]
pub(crate) struct Bitmap {
    /// Those that have ids, ascending.
    regions: Vec<Region>,
    len: u64,
}

/// The ids of a bitmap from some on, ascending. Whether it owns the bitmap is for who made it to say.
#[derive(Debug, Clone)]
pub(crate) struct BitmapIter<B> {
    bitmap: B,
    /// The position of the region that the cursor is in.
    position: usize,
    cursor: Cursor,
    /// The first id of the current word, and what is left of that.
    start: u32,
    word: u64,
}

/// The ids of a region, as a power of two.
pub(crate) const REGION_BITS: u32 = 16;

impl Bitmap {
    pub(crate) fn insert(&mut self, id: u32) -> bool {
        self.insert_range(id..=id) > 0
    }

    pub(crate) fn remove(&mut self, id: u32) -> bool {
        self.remove_range(id..=id) > 0
    }

    /// Returns how many ids of a range are new.
    pub(crate) fn insert_range(&mut self, range: RangeInclusive<u32>) -> u64 {
        self.change(range, |word, mask| word | mask)
    }

    /// Returns how many ids of a range were there.
    pub(crate) fn remove_range(&mut self, range: RangeInclusive<u32>) -> u64 {
        self.change(range, |word, mask| word & !mask)
    }

    /// Takes out the words that are gone, as [`IdSet::sweep`](crate::index::id_set::IdSet::sweep) does.
    pub(crate) fn sweep(&mut self, from: u32, is_gone: &impl Fn(u32) -> bool, steps: &mut usize) -> Option<u32> {
        let (Ok(mut position) | Err(mut position)) = self.find(number_of(from));
        let mut index = if self.region(number_of(from)).is_some() { index_of(from) } else { 0 };
        while let Some(region) = self.regions.get_mut(position) {
            let (before, start) = (region.len(), u32::from(region.number) << REGION_BITS);
            let next = region.sweep(index, |index| is_gone(start / u64::BITS + index as u32), steps);
            let after = region.len();
            self.len -= u64::from(before - after);
            if let Some(index) = next {
                return Some(start + index as u32 * u64::BITS);
            }
            index = 0;
            if after == 0 {
                self.regions.remove(position);
            } else {
                position += 1;
            }
        }
        None
    }

    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// Returns how many regions have ids.
    pub(crate) fn regions(&self) -> u64 {
        self.regions.len() as u64
    }

    pub(crate) fn contains(&self, id: u32) -> bool {
        self.word_of(id) & mask(id, &(id..=id)) != 0
    }

    /// Tells whether an id of the range is there.
    pub(crate) fn meets(&self, range: RangeInclusive<u32>) -> bool {
        self.words(range).next().is_some()
    }

    /// Returns how many ids of the range are there.
    pub(crate) fn count_in(&self, range: RangeInclusive<u32>) -> u64 {
        let (first, last) = (*range.start() >> REGION_BITS, *range.end() >> REGION_BITS);
        let ones = |range| self.words(range).map(|(_, word)| u64::from(word.count_ones())).sum::<u64>();
        if first == last {
            return ones(range);
        }
        let between = self.regions.iter().filter(|region| (first + 1..last).contains(&u32::from(region.number)));
        let end_of_first = *range.start() | ((1 << REGION_BITS) - 1);
        ones(*range.start()..=end_of_first)
            + between.map(|region| u64::from(region.len())).sum::<u64>()
            + ones(last << REGION_BITS..=*range.end())
    }

    /// Returns which of the 64 ids from `start` on are there, the first one as the lowest bit.
    pub(crate) fn word(&self, start: u32) -> u64 {
        let shift = start % u64::BITS;
        let next = if shift == 0 { 0 } else { start.checked_add(u64::BITS).map_or(0, |next| self.word_of(next)) };
        (self.word_of(start) >> shift) | next.checked_shl(u64::BITS - shift).unwrap_or(0)
    }

    /// Hands over the ids of a range, ascending.
    pub(crate) fn each_in(&self, range: RangeInclusive<u32>, mut visit: impl FnMut(u32)) {
        for (start, mut word) in self.words(range) {
            while word != 0 {
                visit(start + word.trailing_zeros());
                word &= word - 1;
            }
        }
    }

    pub(crate) fn iter_from(&self, start: u32) -> BitmapIter<&Self> {
        BitmapIter::new(self, start)
    }

    pub(crate) fn into_iter_from(self, start: u32) -> BitmapIter<Self> {
        BitmapIter::new(self, start)
    }

    /// Adds every id of `other`.
    pub(crate) fn union(&mut self, other: &Self) {
        other.words(0..=u32::MAX).for_each(|(start, word)| {
            let (region, index) = (self.region_mut(number_of(start)), index_of(start));
            let before = region.len();
            region.change(index, |own| own | word);
            self.len += u64::from(region.len() - before);
        });
    }

    /// Returns the ids that are in all of several bitmaps.
    pub(crate) fn common(bitmaps: &[&Self]) -> Self {
        let mut common = Self::default();
        let Some(first) = bitmaps.iter().min_by_key(|bitmap| bitmap.regions.len()) else { return common };
        let mut regions = Vec::with_capacity(bitmaps.len());
        for region in &first.regions {
            regions.clear();
            regions.extend(bitmaps.iter().filter_map(|bitmap| bitmap.region(region.number)));
            if regions.len() == bitmaps.len() {
                let region = Region::common(&regions);
                common.len += u64::from(region.len());
                common.regions.extend(Some(region).filter(|region| region.len() > 0));
            }
        }
        common
    }

    /// Makes another word of each one that has ids in the range, given the word and those ids; returns how many ids came or went.
    fn change(&mut self, range: RangeInclusive<u32>, change: impl Fn(u64, u64) -> u64) -> u64 {
        let mut changed = 0;
        for word in *range.start() / u64::BITS..=*range.end() / u64::BITS {
            let start = word * u64::BITS;
            let (index, mask) = (index_of(start), mask(start, &range));
            if change(0, mask) == 0 && self.region(number_of(start)).is_none() {
                continue;
            }
            let region = self.region_mut(number_of(start));
            let before = region.len();
            region.change(index, |word| change(word, mask));
            let after = region.len();
            changed += u64::from(after.abs_diff(before));
            self.len = self.len + u64::from(after) - u64::from(before);
            if after == 0
                && let Ok(position) = self.find(number_of(start))
            {
                self.regions.remove(position);
            }
        }
        changed
    }

    /// Iterates over the words that have ids of the range: the first id that each may have, and those of the range that it has.
    fn words(&self, range: RangeInclusive<u32>) -> impl Iterator<Item = (u32, u64)> {
        let mut iter = self.iter_from(*range.start());
        core::iter::from_fn(move || {
            if iter.word == 0 {
                iter.advance()?;
            }
            let word = core::mem::take(&mut iter.word) & mask(iter.start, &range);
            (word != 0).then_some((iter.start, word))
        })
    }

    /// Returns the word that an id belongs to.
    fn word_of(&self, id: u32) -> u64 {
        self.region(number_of(id)).map_or(0, |region| region.word(index_of(id)))
    }

    fn region(&self, number: u16) -> Option<&Region> {
        self.find(number).ok().map(|position| &self.regions[position])
    }

    /// Returns the region of a number, a new one if need be.
    fn region_mut(&mut self, number: u16) -> &mut Region {
        let position = self.find(number).unwrap_or_else(|position| {
            self.regions.insert(position, Region::new(number));
            position
        });
        &mut self.regions[position]
    }

    /// Returns the position of a region, or where it would be.
    fn find(&self, number: u16) -> Result<usize, usize> {
        // Most have all regions from the first one on.
        let first = self.regions.first().map_or(0, |region| region.number);
        let guess = usize::from(number.wrapping_sub(first));
        match self.regions.get(guess) {
            Some(region) if region.number == number => Ok(guess),
            _ => self.regions.binary_search_by_key(&number, |region| region.number),
        }
    }
}

impl<B: Borrow<Bitmap>> BitmapIter<B> {
    fn new(bitmap: B, start: u32) -> Self {
        let own = bitmap.borrow();
        let (position, cursor) = match own.find(number_of(start)) {
            Ok(position) => (position, own.regions[position].cursor(index_of(start))),
            Err(position) => (position, own.regions.get(position).map(|next| next.cursor(0)).unwrap_or_default()),
        };
        let mut iter = Self { bitmap, position, cursor, start: 0, word: 0 };
        if iter.advance().is_some() {
            iter.word &= mask(iter.start, &(start..=u32::MAX));
        }
        iter
    }

    /// Goes to the next word that has ids.
    #[inline]
    fn advance(&mut self) -> Option<()> {
        let regions = &self.bitmap.borrow().regions;
        loop {
            let region = regions.get(self.position)?;
            if let Some((index, word)) = region.next(&mut self.cursor) {
                self.start = (u32::from(region.number) << REGION_BITS) + index as u32 * u64::BITS;
                self.word = word;
                return Some(());
            }
            self.position += 1;
            self.cursor = regions.get(self.position)?.cursor(0);
        }
    }
}

impl<B: Borrow<Bitmap>> Iterator for BitmapIter<B> {
    type Item = u32;

    #[inline]
    fn next(&mut self) -> Option<u32> {
        while self.word == 0 {
            self.advance()?;
        }
        let id = self.start + self.word.trailing_zeros();
        self.word &= self.word - 1;
        Some(id)
    }
}

impl Extend<u32> for Bitmap {
    fn extend<I: IntoIterator<Item = u32>>(&mut self, ids: I) {
        ids.into_iter().for_each(|id| _ = self.insert(id));
    }
}

impl FromIterator<u32> for Bitmap {
    fn from_iter<I: IntoIterator<Item = u32>>(ids: I) -> Self {
        let mut bitmap = Self::default();
        bitmap.extend(ids);
        bitmap
    }
}

/// Returns the number of the region of an id.
fn number_of(id: u32) -> u16 {
    (id >> REGION_BITS) as u16
}

/// Returns the index in its region of the word of an id.
fn index_of(id: u32) -> usize {
    (id / u64::BITS) as usize % WORDS
}

/// Returns the bits that the ids of a range have in the word of an id.
fn mask(id: u32, range: &RangeInclusive<u32>) -> u64 {
    let start = id & !(u64::BITS - 1);
    let (first, last) = (range.start().saturating_sub(start), range.end().checked_sub(start));
    let above = u64::MAX.checked_shl(first).unwrap_or(0);
    last.map_or(0, |last| above & (u64::MAX >> (u64::BITS - 1).saturating_sub(last)))
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    use super::*;

    /// Ids that lie together in a few words, in a few regions, and at the ends.
    fn id() -> impl Strategy<Value = u32> {
        prop_oneof![
            0_u32..300,
            (0_u32..600).prop_map(|slot| slot << 6),
            (0_u32..90_000),
            (0_u32..8).prop_map(|region| region << 30),
            (0_u32..70).prop_map(|before| u32::MAX - before),
        ]
    }

    fn build(runs: &[(bool, u32, u32, usize)]) -> (Bitmap, BTreeSet<u32>) {
        let (mut bitmap, mut model) = (Bitmap::default(), BTreeSet::new());
        for &(add, first, length, step) in runs {
            let last = first.saturating_add(length);
            let pieces = (first..=last).step_by(step).map(|id| if step == 1 { first..=last } else { id..=id });
            for piece in pieces.take(if step == 1 { 1 } else { usize::MAX }) {
                let before = model.len();
                let changed = if add {
                    model.extend(piece.clone());
                    bitmap.insert_range(piece)
                } else {
                    model.retain(|id| !piece.contains(id));
                    bitmap.remove_range(piece)
                };
                assert_eq!(changed, model.len().abs_diff(before) as u64);
            }
        }
        (bitmap, model)
    }

    fn runs() -> impl Strategy<Value = Vec<(bool, u32, u32, usize)>> {
        prop::collection::vec((prop::bool::weighted(0.6), id(), 0_u32..3000, 1_usize..90), 0..12)
    }

    fn assert_same(bitmap: &Bitmap, model: &BTreeSet<u32>, from: u32, to: u32) {
        assert_eq!(bitmap.len(), model.len() as u64);
        assert!(bitmap.iter_from(0).eq(model.iter().copied()));
        assert!(bitmap.iter_from(from).eq(model.range(from..).copied()));
        assert!(bitmap.clone().into_iter_from(from).eq(model.range(from..).copied()));
        assert_eq!(bitmap.contains(from), model.contains(&from));
        let word = model.range(from..=from.saturating_add(63)).fold(0, |word, id| word | 1 << (id - from));
        assert_eq!(bitmap.word(from), word);
        let range = from..=to.max(from);
        assert_eq!(bitmap.meets(range.clone()), model.range(range.clone()).next().is_some());
        assert_eq!(bitmap.count_in(range.clone()), model.range(range.clone()).count() as u64);
        let mut each = Vec::new();
        bitmap.each_in(range.clone(), |id| each.push(id));
        assert!(each.iter().eq(model.range(range)));
        let regions: BTreeSet<u32> = model.iter().map(|id| id >> REGION_BITS).collect();
        assert_eq!(bitmap.regions(), regions.len() as u64);
    }

    proptest! {
        #[test]
        fn a_bitmap_does_what_an_ordered_set_does(runs in runs(), (from, to) in (id(), id())) {
            let (mut bitmap, mut model) = build(&runs);
            assert_same(&bitmap, &model, from, to);
            for id in model.clone() {
                prop_assert!(bitmap.remove(id) && !bitmap.remove(id) && model.remove(&id));
                prop_assert_eq!(bitmap.iter_from(0).next(), model.first().copied());
            }
            prop_assert_eq!(bitmap.regions(), 0);
        }

        #[test]
        fn union_and_what_is_common_are_those_of_ordered_sets(one in runs(), two in runs(), three in runs()) {
            let ((mut one, of_one), (two, of_two), (three, of_three)) = (build(&one), build(&two), build(&three));
            let common = of_one.iter().filter(|id| of_two.contains(id) && of_three.contains(id)).copied().collect();
            assert_same(&Bitmap::common(&[&one, &two, &three]), &common, 0, 500);
            assert_same(&Bitmap::common(&[&two]), &of_two, 0, 500);
            one.union(&two);
            assert_same(&one, &of_one.union(&of_two).copied().collect(), 0, 500);
        }
    }
}

use alloc::{
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};

/// Who has which numbers: they are handed out in blocks of 64, as many in a row as one owner needs.
///
/// So the owner of a number is found in one step. What is given back is joined with what is free beside it, so there are
/// never more free runs than there are owners, and one more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Blocks {
    /// Block → owner.
    owners: Vec<u32>,
    /// First block → length of each run that is free.
    free: BTreeMap<u32, u32>,
    /// The same runs, the shortest first.
    by_length: BTreeSet<(u32, u32)>,
}

/// The numbers of a block, as a power of two.
const BLOCK_BITS: u32 = 6;
const NOBODY: u32 = u32::MAX;

impl Blocks {
    /// Takes as many blocks in a row as `count` numbers need, at least one; returns the first number.
    pub(crate) fn take(&mut self, owner: u32, count: u32) -> u32 {
        let length = blocks(count);
        let first = match self.by_length.range((length, 0)..).next().copied() {
            Some((found, first)) => {
                self.unfile(first, found);
                if found > length {
                    self.file(first + length, found - length);
                }
                first
            }
            None => {
                let first = self.owners.len() as u32;
                self.owners.resize((first + length) as usize, NOBODY);
                first
            }
        };
        self.owners[first as usize..(first + length) as usize].fill(owner);
        first << BLOCK_BITS
    }

    /// Gives back what was taken for `count` numbers.
    pub(crate) fn give_back(&mut self, first: u32, count: u32) {
        let (mut first, mut length) = (first >> BLOCK_BITS, blocks(count));
        self.owners[first as usize..(first + length) as usize].fill(NOBODY);
        if let Some((&before, &its_length)) = self.free.range(..first).next_back()
            && before + its_length == first
        {
            self.unfile(before, its_length);
            (first, length) = (before, its_length + length);
        }
        if let Some(&its_length) = self.free.get(&(first + length)) {
            self.unfile(first + length, its_length);
            length += its_length;
        }
        if (first + length) as usize == self.owners.len() {
            self.owners.truncate(first as usize);
        } else {
            self.file(first, length);
        }
    }

    /// Returns who has a number.
    pub(crate) fn owner(&self, number: u32) -> Option<u32> {
        self.owners.get((number >> BLOCK_BITS) as usize).copied().filter(|owner| *owner != NOBODY)
    }

    fn file(&mut self, first: u32, length: u32) {
        self.free.insert(first, length);
        self.by_length.insert((length, first));
    }

    fn unfile(&mut self, first: u32, length: u32) {
        self.free.remove(&first);
        self.by_length.remove(&(length, first));
    }
}

/// Returns how many blocks a count of numbers needs.
fn blocks(count: u32) -> u32 {
    count.div_ceil(1 << BLOCK_BITS).max(1)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_number_has_the_owner_that_took_it_and_nothing_is_lost(
            steps in prop::collection::vec((0_u32..8, 0_u32..200), 0..60),
        ) {
            let mut blocks = Blocks::default();
            let mut model: BTreeMap<u32, (u32, u32)> = BTreeMap::new();
            for (owner, count) in steps {
                match model.remove(&owner) {
                    Some((first, count)) => blocks.give_back(first, count),
                    None => {
                        let first = blocks.take(owner, count);
                        model.insert(owner, (first, count));
                    }
                }
                for (owner, (first, count)) in &model {
                    for number in *first..first + count {
                        prop_assert_eq!(blocks.owner(number), Some(*owner));
                    }
                }
                prop_assert!(blocks.free.len() <= model.len() + 1);
                prop_assert_eq!(blocks.free.len(), blocks.by_length.len());
                let taken: u32 = model.values().map(|(_, count)| super::blocks(*count)).sum();
                prop_assert_eq!(blocks.owners.len() as u32, taken + blocks.free.values().sum::<u32>());
            }
            for (first, count) in model.into_values() {
                blocks.give_back(first, count);
            }
            prop_assert!(blocks.owners.is_empty() && blocks.free.is_empty());
        }
    }
}

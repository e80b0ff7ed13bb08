use alloc::vec::Vec;
use core::{
    cmp::Ordering,
    iter::{Chain, Copied, Flatten},
    slice,
};

/// Slots in the order of a text that each has, found without a copy of the text.
///
/// Endpoint names and bases are nearly all different; a tree that owned them would cost more than the registrations. So
/// the text is asked for by slot. The slots lie in chunks of bounded size: finding one is two binary searches.
#[derive(Debug, Clone, Default)]
pub(crate) struct SortedSlots {
    chunks: Vec<Vec<u32>>,
}

const CHUNK: usize = 512;

type SlotIter<'s> = Copied<Chain<slice::Iter<'s, u32>, Flatten<slice::Iter<'s, Vec<u32>>>>>;

impl SortedSlots {
    pub(crate) fn insert<'t>(&mut self, slot: u32, text: &impl Fn(u32) -> &'t str) {
        let (chunk, at) = self.find((text(slot), slot), text);
        let Some(ids) = self.chunks.get_mut(chunk) else {
            match self.chunks.last_mut() {
                Some(last) if last.len() < CHUNK => last.push(slot),
                _ => self.chunks.push(Vec::from([slot])),
            }
            return;
        };
        ids.insert(at, slot);
        if ids.len() > CHUNK {
            let upper = ids.split_off(CHUNK / 2);
            self.chunks.insert(chunk + 1, upper);
        }
    }

    pub(crate) fn remove<'t>(&mut self, slot: u32, text: &impl Fn(u32) -> &'t str) {
        let (chunk, at) = self.find((text(slot), slot), text);
        let Some(ids) = self.chunks.get_mut(chunk) else { return };
        if ids.get(at) == Some(&slot) {
            ids.remove(at);
        }
        if ids.is_empty() {
            self.chunks.remove(chunk);
        }
    }

    /// Iterates over the slots whose text is not below `start`, in the order of the texts.
    pub(crate) fn iter_from<'s, 't>(&'s self, start: &str, text: &impl Fn(u32) -> &'t str) -> SlotIter<'s> {
        let (chunk, at) = self.find((start, 0), text);
        let (first, rest) = match self.chunks.get(chunk..) {
            Some([first, rest @ ..]) => (&first[at..], rest),
            _ => (&[][..], &[][..]),
        };
        first.iter().chain(rest.iter().flatten()).copied()
    }

    /// Returns the chunk and the place in it where what sorts at `key` is or belongs.
    fn find<'t>(&self, key: (&str, u32), text: &impl Fn(u32) -> &'t str) -> (usize, usize) {
        let is_below = |slot: u32| (text(slot), slot).cmp(&key) == Ordering::Less;
        let chunk = self.chunks.partition_point(|ids| ids.last().is_some_and(|last| is_below(*last)));
        let at = self.chunks.get(chunk).map_or(0, |ids| ids.partition_point(|slot| is_below(*slot)));
        (chunk, at)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{collections::BTreeSet, format, string::String};
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn slots_come_in_the_order_of_their_texts(keys in prop::collection::vec(0_u32..40, 1..1500), gone in prop::collection::vec(any::<bool>(), 1500), start in 0_u32..40) {
            let texts: Vec<String> = keys.iter().map(|key| format!("{key:02}")).collect();
            let text = |slot: u32| texts[slot as usize].as_str();
            let mut sorted = SortedSlots::default();
            let mut model = BTreeSet::new();
            for slot in 0..texts.len() as u32 {
                sorted.insert(slot, &text);
                model.insert((text(slot), slot));
            }
            for slot in (0..texts.len() as u32).filter(|slot| gone[*slot as usize]) {
                sorted.remove(slot, &text);
                model.remove(&(text(slot), slot));
            }
            let start = format!("{start:02}");
            prop_assert!(sorted.iter_from(&start, &text).eq(model.range((start.as_str(), 0)..).map(|(_, slot)| *slot)));
        }
    }
}

use alloc::vec::Vec;
use core::slice;

/// The slots that the writes of one replica made last, by sequence number.
///
/// Most writes come in order and go in any. They lie in chunks of bounded size, each with the distances from one sequence
/// number: a write takes eight bytes, and none costs much to add or to take out. One that is taken out leaves a gap, until half
/// of its chunk are gaps: so nothing has to be moved, and most lie as far from the first as their numbers do.
#[derive(Debug, Clone, Default)]
pub(crate) struct Writes {
    chunks: Vec<Chunk>,
}

#[derive(Debug, Clone)]
struct Chunk {
    /// Not above the sequence number of any of the writes.
    first: u64,
    /// Distance from `first`, and slot, or [`GONE`]; ascending.
    writes: Vec<(u32, u32)>,
    /// How many of them are gone.
    gaps: usize,
}

/// Sequence number and slot of each write from some on, ascending.
#[derive(Debug, Clone)]
pub(crate) struct WritesIter<'w> {
    first: u64,
    writes: slice::Iter<'w, (u32, u32)>,
    chunks: slice::Iter<'w, Chunk>,
}

const CHUNK: usize = 512;
/// No slot.
const GONE: u32 = u32::MAX;

impl Writes {
    pub(crate) fn insert(&mut self, sequence: u64, slot: u32) {
        let mut at = self.chunk_of(sequence).unwrap_or(0);
        if let Some(chunk) = self.chunks.get_mut(at)
            && chunk.writes.len() == CHUNK
            && chunk.last() > sequence
        {
            let upper = chunk.split();
            at += usize::from(upper.first <= sequence);
            self.chunks.insert(self.chunk_of(upper.first).map_or(0, |before| before + 1), upper);
        }
        let is_taken = self.chunks.get_mut(at).is_some_and(|chunk| chunk.insert(sequence, slot));
        if !is_taken {
            let chunk = Chunk { first: sequence, writes: Vec::from([(0, slot)]), gaps: 0 };
            self.chunks.insert(self.chunk_of(sequence).map_or(0, |before| before + 1), chunk);
        }
    }

    /// Takes out a write if it is the one of a slot.
    pub(crate) fn remove(&mut self, sequence: u64, slot: u32) {
        let Some(at) = self.chunk_of(sequence) else { return };
        let chunk = &mut self.chunks[at];
        let Ok(position) = chunk.find(sequence) else { return };
        if chunk.writes[position].1 != slot {
            return;
        }
        chunk.writes[position].1 = GONE;
        chunk.gaps += 1;
        if chunk.gaps * 2 < chunk.writes.len() {
            return;
        }
        chunk.close_gaps();
        if chunk.writes.is_empty() {
            self.chunks.remove(at);
        } else if chunk.writes.len() < CHUNK / 4 && !self.join(at) && at > 0 {
            self.join(at - 1);
        }
    }

    /// Joins a chunk with the next one if both are small; tells whether they are.
    fn join(&mut self, at: usize) -> bool {
        let [chunk, next, ..] = &mut self.chunks[at..] else { return false };
        if chunk.writes.len() + next.writes.len() > CHUNK / 2 || u32::try_from(next.last() - chunk.first).is_err() {
            return false;
        }
        let distance = (next.first - chunk.first) as u32;
        chunk.gaps += next.gaps;
        chunk.writes.extend(next.writes.iter().map(|(offset, slot)| (offset + distance, *slot)));
        chunk.writes.shrink_to_fit();
        self.chunks.remove(at + 1);
        true
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    /// Iterates over the writes after a sequence number.
    pub(crate) fn after(&self, sequence: u64) -> WritesIter<'_> {
        let at = self.chunk_of(sequence).unwrap_or(0);
        let mut chunks = self.chunks.get(at..).unwrap_or_default().iter();
        match chunks.next() {
            Some(chunk) => {
                let position = chunk.find(sequence).map_or_else(|position| position, |position| position + 1);
                WritesIter { first: chunk.first, writes: chunk.writes[position..].iter(), chunks }
            }
            None => WritesIter { first: 0, writes: [].iter(), chunks },
        }
    }

    /// Returns the last chunk that does not begin after a sequence number.
    fn chunk_of(&self, sequence: u64) -> Option<usize> {
        self.chunks.partition_point(|chunk| chunk.first <= sequence).checked_sub(1)
    }
}

impl Chunk {
    /// Adds a write, or puts it in the place of an older one; tells whether there was room for it.
    fn insert(&mut self, sequence: u64, slot: u32) -> bool {
        match self.find(sequence) {
            Ok(position) => {
                self.gaps -= usize::from(self.writes[position].1 == GONE);
                self.writes[position].1 = slot;
            }
            Err(_) if self.writes.len() == CHUNK => return false,
            Err(position) => {
                if sequence < self.first && !self.begin_at(sequence) {
                    return false;
                }
                let Ok(offset) = u32::try_from(sequence - self.first) else { return false };
                self.writes.insert(position, (offset, slot));
            }
        }
        true
    }

    /// Counts the distances from another sequence number that is lower; tells whether it can.
    fn begin_at(&mut self, sequence: u64) -> bool {
        let can = u32::try_from(self.last() - sequence).is_ok();
        if can {
            let distance = (self.first - sequence) as u32;
            self.writes.iter_mut().for_each(|(offset, _)| *offset += distance);
            self.first = sequence;
        }
        can
    }

    /// Takes out the upper half.
    fn split(&mut self) -> Self {
        self.close_gaps();
        let mut writes = self.writes.split_off(self.writes.len() / 2);
        let distance = writes.first().map_or(0, |(offset, _)| *offset);
        writes.iter_mut().for_each(|(offset, _)| *offset -= distance);
        Self { first: self.first + u64::from(distance), writes, gaps: 0 }
    }

    fn close_gaps(&mut self) {
        self.writes.retain(|(_, slot)| *slot != GONE);
        self.gaps = 0;
    }

    fn last(&self) -> u64 {
        self.first + self.writes.last().map_or(0, |(offset, _)| u64::from(*offset))
    }

    fn find(&self, sequence: u64) -> Result<usize, usize> {
        let Some(offset) = sequence.checked_sub(self.first) else { return Err(0) };
        let highest = usize::try_from(offset).unwrap_or(usize::MAX);
        if self.writes.get(highest).is_some_and(|(other, _)| u64::from(*other) == offset) {
            return Ok(highest);
        }
        // As the distances ascend from zero, none is less than its position.
        let below = &self.writes[..self.writes.len().min(highest)];
        below.binary_search_by_key(&offset, |(offset, _)| u64::from(*offset))
    }
}

impl Iterator for WritesIter<'_> {
    type Item = (u64, u32);

    fn next(&mut self) -> Option<(u64, u32)> {
        loop {
            if let Some((offset, slot)) = self.writes.find(|(_, slot)| *slot != GONE) {
                return Some((self.first + u64::from(*offset), *slot));
            }
            let chunk = self.chunks.next()?;
            (self.first, self.writes) = (chunk.first, chunk.writes.iter());
        }
    }
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    use super::*;

    /// Sequence numbers that lie together, and such as are further apart than a chunk can say.
    fn sequence() -> impl Strategy<Value = u64> {
        prop_oneof![8 => 0_u64..4000, 1 => (0_u64..40).prop_map(|high| high << 31), 1 => Just(u64::MAX)]
    }

    proptest! {
        #[test]
        fn writes_are_those_of_an_ordered_map(
            operations in prop::collection::vec((0..4, sequence(), 0_u32..3, 0_u32..400), 0..60),
            after in sequence(),
        ) {
            let (mut writes, mut model) = (Writes::default(), BTreeMap::new());
            for (what, start, slot, count) in operations {
                for step in 0..u64::from(count) {
                    // Upwards, downwards or alone.
                    let sequence = match what {
                        0 => start.saturating_sub(step),
                        1 | 2 => start.saturating_add(step),
                        _ => start,
                    };
                    if what == 2 {
                        writes.remove(sequence, slot);
                        if model.get(&sequence) == Some(&slot) {
                            model.remove(&sequence);
                        }
                    } else {
                        writes.insert(sequence, slot);
                        model.insert(sequence, slot);
                    }
                }
            }
            let after_in_model = model.range((core::ops::Bound::Excluded(after), core::ops::Bound::Unbounded));
            prop_assert!(writes.after(after).eq(after_in_model.map(|(sequence, slot)| (*sequence, *slot))));
            // What goes in any order leaves no more chunks than what it left needs.
            let mut rest: Vec<(u64, u32)> = model.into_iter().collect();
            rest.sort_by_key(|(sequence, _)| sequence.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            for (sequence, slot) in rest {
                writes.remove(sequence, slot);
            }
            prop_assert!(writes.is_empty());
        }
    }

    #[test]
    fn few_writes_of_many_take_few_chunks() {
        let mut writes = Writes::default();
        (0..100_000).for_each(|sequence| writes.insert(sequence, 7));
        (0..100_000).filter(|sequence| sequence % 100 != 0).for_each(|sequence| writes.remove(sequence, 7));
        assert_eq!(writes.after(0).count(), 999);
        assert!(writes.chunks.len() < 999 / (CHUNK / 8) + 2);
    }
}

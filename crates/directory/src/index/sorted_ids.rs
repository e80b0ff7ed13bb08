use alloc::vec::Vec;
use core::{
    iter::{Chain, Copied, Flatten},
    ops::RangeInclusive,
    slice,
};

/// Ids in ascending order, in chunks of bounded size, so that none costs much to add.
///
/// It is for ids that lie far apart. A bitmap has an overhead for each region that it knows of; here an id takes four bytes,
/// wherever it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct SortedIds {
    chunks: Vec<Chunk>,
    len: usize,
}

/// At least one id.
#[derive(Debug, Clone)]
pub(crate) struct Chunk {
    /// Not above any of the ids, and above all of the chunks before. It is here, and the ids elsewhere, so that to find the
    /// chunk of an id takes no look into the others.
    first: u32,
    ids: Vec<u32>,
}

/// The ids from some start on, ascending.
pub(crate) type SortedIter<'s> = Copied<Chain<slice::Iter<'s, u32>, Flatten<slice::Iter<'s, Chunk>>>>;

/// What is added or taken out moves the rest of its chunk, which is a few lines of the cache.
const CHUNK: usize = 128;
/// The first step when an id is looked for: half a line of the cache.
const STEP: usize = 8;
/// A chunk that is full grows by so many ids, and by that part of what it has.
const GROWTH: usize = 4;

impl SortedIds {
    pub(crate) fn insert(&mut self, id: u32) -> bool {
        let (number, at) = self.find(id);
        let is_last = number + 1 >= self.chunks.len();
        let Some(chunk) = self.chunks.get_mut(number).filter(|_| at < CHUNK || !is_last) else {
            // It is above all others, and there is no room behind them.
            self.chunks.push(Chunk { first: id, ids: Vec::from([id]) });
            self.len += 1;
            return true;
        };
        let Chunk { first, ids } = chunk;
        if ids.get(at) == Some(&id) {
            return false;
        }
        if ids.len() == ids.capacity() {
            let room = CHUNK.saturating_sub(ids.len()).max(1);
            ids.reserve_exact(room.min(GROWTH + ids.len() / GROWTH));
        }
        *first = id.min(*first);
        ids.insert(at, id);
        if ids.len() > CHUNK {
            let upper = ids.split_off(CHUNK / 2);
            ids.shrink_to(CHUNK / 2 + CHUNK / GROWTH);
            self.chunks.insert(number + 1, Chunk { first: upper[0], ids: upper });
        }
        self.len += 1;
        true
    }

    pub(crate) fn remove(&mut self, id: u32) -> bool {
        let (number, at) = self.find(id);
        let Some(Chunk { ids, .. }) = self.chunks.get_mut(number).filter(|chunk| chunk.ids.get(at) == Some(&id)) else {
            return false;
        };
        ids.remove(at);
        self.len -= 1;
        self.tidy(number);
        true
    }

    /// Takes out the ids of the words of 64 that are gone, as [`IdSet::sweep`](crate::index::id_set::IdSet::sweep) does.
    pub(crate) fn sweep(&mut self, from: u32, is_gone: &impl Fn(u32) -> bool, steps: &mut usize) -> Option<u32> {
        let (mut number, _) = self.find(from);
        while let Some(Chunk { first, ids }) = self.chunks.get_mut(number) {
            if *steps == 0 {
                return Some(*first);
            }
            let before = ids.len();
            *steps = steps.saturating_sub(before);
            ids.retain(|id| !is_gone(id / u64::BITS));
            self.len -= before - ids.len();
            number += usize::from(!self.tidy(number));
        }
        None
    }

    pub(crate) fn contains(&self, id: u32) -> bool {
        let (number, at) = self.find(id);
        self.chunks.get(number).and_then(|chunk| chunk.ids.get(at)) == Some(&id)
    }

    /// Returns how many ids of the range are there.
    pub(crate) fn count_in(&self, range: RangeInclusive<u32>) -> usize {
        let below_end = range.end().checked_add(1).map_or(self.len, |end| self.count_below(end));
        below_end.saturating_sub(self.count_below(*range.start()))
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn first(&self) -> Option<u32> {
        self.chunks.first()?.ids.first().copied()
    }

    pub(crate) fn last(&self) -> Option<u32> {
        self.chunks.last()?.ids.last().copied()
    }

    pub(crate) fn iter_from(&self, start: u32) -> SortedIter<'_> {
        let (number, at) = self.find(start);
        let (first, rest) = match self.chunks.get(number..) {
            Some([first, rest @ ..]) => (&first.ids[at..], rest),
            _ => (&[][..], &[][..]),
        };
        first.iter().chain(rest.iter().flatten()).copied()
    }

    /// Gives back what a chunk does not need any more; tells whether the next one is in its place now, or has joined it.
    fn tidy(&mut self, number: usize) -> bool {
        let ids = &mut self.chunks[number].ids;
        let len = ids.len();
        if ids.capacity() > 2 * (len + GROWTH) {
            ids.shrink_to(len + GROWTH);
        }
        if len == 0 {
            self.chunks.remove(number);
            return true;
        }
        len < CHUNK / 8 && (self.join(number) || number > 0 && self.join(number - 1))
    }

    /// Joins a chunk with the next one if both are small; tells whether they are.
    fn join(&mut self, number: usize) -> bool {
        let [chunk, next, ..] = &mut self.chunks[number..] else { return false };
        let are_small = chunk.ids.len() + next.ids.len() <= CHUNK / 2;
        if are_small {
            chunk.ids.extend_from_slice(&next.ids);
            self.chunks.remove(number + 1);
        }
        are_small
    }

    fn count_below(&self, id: u32) -> usize {
        let (number, at) = self.find(id);
        self.chunks.iter().take(number).map(|chunk| chunk.ids.len()).sum::<usize>() + at
    }

    /// Returns the chunk and the position in it where an id is or belongs: at the end of a chunk, not at the start of the next.
    fn find(&self, id: u32) -> (usize, usize) {
        let number = self.chunks.partition_point(|chunk| chunk.first <= id).saturating_sub(1);
        let Some(chunk) = self.chunks.get(number) else { return (number, 0) };
        let end = self.chunks.get(number + 1).map(|next| next.first);
        (number, chunk.position(id, end.or(chunk.ids.last().copied()).unwrap_or(chunk.first)))
    }
}

impl Chunk {
    /// Returns how many ids are below `id`; none is above `end`.
    ///
    /// The ids of a large set are in no cache, and most lie about evenly. So it is looked for where it would be then, and from there
    /// on in longer and longer steps.
    fn position(&self, id: u32, end: u32) -> usize {
        let (below, all) = (u64::from(id.saturating_sub(self.first)), u64::from(end - self.first));
        let guess = ((self.ids.len() as u64 * below / all.max(1)) as usize).min(self.ids.len());
        let is_below = |position: usize| self.ids.get(position).is_some_and(|other| *other < id);
        let (mut from, mut to, mut step) = (guess, guess, STEP);
        if is_below(guess) {
            while is_below(to) {
                (from, to, step) = (to + 1, (to + step).min(self.ids.len()), 2 * step);
            }
        } else {
            while from > 0 && !is_below(from - 1) {
                (to, from, step) = (from - 1, from.saturating_sub(step), 2 * step);
            }
        }
        from + self.ids[from..to].partition_point(|other| *other < id)
    }
}

impl<'s> IntoIterator for &'s Chunk {
    type Item = &'s u32;
    type IntoIter = slice::Iter<'s, u32>;

    fn into_iter(self) -> Self::IntoIter {
        self.ids.iter()
    }
}

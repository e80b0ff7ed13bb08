use alloc::vec::Vec;
use core::{
    iter::{Chain, Copied, Flatten},
    ops::RangeInclusive,
    slice,
};

/// Ids in ascending order, in chunks of bounded size, so that none costs much to add.
///
/// It is for ids that lie far apart. A bitmap, however compressed, has an overhead for each region that it knows of; here an
/// id takes four bytes, wherever it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct SortedIds {
    chunks: Vec<Vec<u32>>,
    len: usize,
}

/// The ids from some start on, ascending.
pub(crate) type SortedIter<'s> = Copied<Chain<slice::Iter<'s, u32>, Flatten<slice::Iter<'s, Vec<u32>>>>>;

const CHUNK: usize = 512;

impl SortedIds {
    pub(crate) fn insert(&mut self, id: u32) -> bool {
        let (mut chunk, mut at) = self.find(id);
        if self.chunks.get(chunk).and_then(|ids| ids.get(at)) == Some(&id) {
            return false;
        }
        if chunk == self.chunks.len() {
            // It is above all others: it goes to the end of the last chunk, or begins a new one.
            match self.chunks.last().map(Vec::len).filter(|len| *len < CHUNK) {
                Some(len) => (chunk, at) = (chunk - 1, len),
                None => self.chunks.push(Vec::new()),
            }
        }
        let ids = &mut self.chunks[chunk];
        if ids.len() == ids.capacity() {
            ids.reserve_exact(GROWTH + ids.len() / GROWTH);
        }
        ids.insert(at, id);
        if ids.len() > CHUNK {
            let upper = ids.split_off(CHUNK / 2);
            ids.shrink_to(CHUNK / 2 + CHUNK / GROWTH);
            self.chunks.insert(chunk + 1, upper);
        }
        self.len += 1;
        true
    }

    pub(crate) fn remove(&mut self, id: u32) -> bool {
        let (chunk, at) = self.find(id);
        let Some(ids) = self.chunks.get_mut(chunk).filter(|ids| ids.get(at) == Some(&id)) else { return false };
        ids.remove(at);
        self.len -= 1;
        let len = ids.len();
        if ids.capacity() > 2 * (len + GROWTH) {
            ids.shrink_to(len + GROWTH);
        }
        if len == 0 {
            self.chunks.remove(chunk);
        } else if len < CHUNK / 8 && !self.join(chunk) && chunk > 0 {
            self.join(chunk - 1);
        }
        true
    }

    pub(crate) fn contains(&self, id: u32) -> bool {
        let (chunk, at) = self.find(id);
        self.chunks.get(chunk).and_then(|ids| ids.get(at)) == Some(&id)
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
        self.chunks.first()?.first().copied()
    }

    pub(crate) fn last(&self) -> Option<u32> {
        self.chunks.last()?.last().copied()
    }

    pub(crate) fn iter_from(&self, start: u32) -> SortedIter<'_> {
        let (chunk, at) = self.find(start);
        let (first, rest) = match self.chunks.get(chunk..) {
            Some([first, rest @ ..]) => (&first[at..], rest),
            _ => (&[][..], &[][..]),
        };
        first.iter().chain(rest.iter().flatten()).copied()
    }

    /// Joins a chunk with the next one if both are small; tells whether they are.
    fn join(&mut self, chunk: usize) -> bool {
        let [ids, next, ..] = &mut self.chunks[chunk..] else { return false };
        let are_small = ids.len() + next.len() <= CHUNK / 2;
        if are_small {
            ids.extend_from_slice(next);
            self.chunks.remove(chunk + 1);
        }
        are_small
    }

    fn count_below(&self, id: u32) -> usize {
        let (chunk, at) = self.find(id);
        self.chunks.iter().take(chunk).map(Vec::len).sum::<usize>() + at
    }

    /// Returns the chunk and the position in it where an id is or belongs.
    fn find(&self, id: u32) -> (usize, usize) {
        let chunk = self.chunks.partition_point(|ids| ids.last().is_some_and(|last| *last < id));
        (chunk, self.chunks.get(chunk).map_or(0, |ids| ids.partition_point(|other| *other < id)))
    }
}

/// A chunk that is full grows by so many ids, and by that part of what it has.
const GROWTH: usize = 4;

use alloc::vec::Vec;

/// Values at places of their own, numbered from zero; a freed place is taken again, the last freed one first.
///
/// The places lie in chunks, so that growing never moves what is there and costs the same each time.
#[derive(Debug, Clone)]
pub(crate) struct Slots<T> {
    chunks: Vec<Vec<Option<T>>>,
    free: Vec<u32>,
    end: u32,
    len: usize,
}

const CHUNK_BITS: u32 = 10;
const CHUNK: usize = 1 << CHUNK_BITS;

impl<T> Slots<T> {
    pub(crate) const fn new() -> Self {
        Self { chunks: Vec::new(), free: Vec::new(), end: 0, len: 0 }
    }

    pub(crate) fn insert(&mut self, value: T) -> u32 {
        self.len += 1;
        if let Some(place) = self.free.pop() {
            *self.place(place) = Some(value);
            return place;
        }
        let place = self.end;
        self.end += 1;
        if self.chunks.last().is_none_or(|chunk| chunk.len() == CHUNK) {
            // The first chunk grows as it is filled: a small directory stays small.
            self.chunks.push(if place == 0 { Vec::new() } else { Vec::with_capacity(CHUNK) });
        }
        if let Some(chunk) = self.chunks.last_mut() {
            chunk.push(Some(value));
        }
        place
    }

    pub(crate) fn remove(&mut self, place: u32) -> Option<T> {
        let value = self.get_mut(place).is_some().then(|| self.place(place).take())??;
        self.len -= 1;
        self.free.push(place);
        Some(value)
    }

    pub(crate) fn get(&self, place: u32) -> Option<&T> {
        self.chunks.get((place >> CHUNK_BITS) as usize)?.get(place as usize & (CHUNK - 1))?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, place: u32) -> Option<&mut T> {
        self.chunks.get_mut((place >> CHUNK_BITS) as usize)?.get_mut(place as usize & (CHUNK - 1))?.as_mut()
    }

    /// Returns how many places are taken.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Returns the number after the highest place that was ever taken.
    pub(crate) fn end(&self) -> u32 {
        self.end
    }

    fn place(&mut self, place: u32) -> &mut Option<T> {
        &mut self.chunks[(place >> CHUNK_BITS) as usize][place as usize & (CHUNK - 1)]
    }
}

impl<T> core::ops::Index<u32> for Slots<T> {
    type Output = T;

    /// Returns what is at a place that the caller knows to be taken.
    fn index(&self, place: u32) -> &T {
        match self.get(place) {
            Some(value) => value,
            None => unreachable!("place {place} is free"),
        }
    }
}

impl<T> core::ops::IndexMut<u32> for Slots<T> {
    fn index_mut(&mut self, place: u32) -> &mut T {
        match self.get_mut(place) {
            Some(value) => value,
            None => unreachable!("place {place} is free"),
        }
    }
}

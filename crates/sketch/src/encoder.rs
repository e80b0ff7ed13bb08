use alloc::{vec, vec::Vec};
use core::{fmt, iter::FusedIterator};

use crate::Cell;
use crate::mapping::{MOST_CELLS, Mapping, Place};

/// The cells of a set, one after the other, as many as are asked for.
///
/// # Cost
///
/// Cells are made in windows, each as long as all before it together, up to 65 536 cells. A window takes one pass over
/// the ids, in which an id is added to 1.4 of its cells on average; the first `n` cells of N ids take log₂ `n` passes
/// and 2 N ln `n` additions. An id takes 12 bytes. A pass can be cut into [pieces](Self::prepare); else the first cell
/// of a window takes as long as the whole pass, and the others no time.
///
/// # Between requests
///
/// A peer asks for cells until it has enough. An encoder that is kept goes on where it stopped. One that is made anew
/// [starts](Self::starting_at) at any cell, without knowing more than its index, at the cost of finding for each id its
/// way there: 2 ln `index` steps. Or keep a [`Sketch`](crate::Sketch) of the first cells, and make an encoder only for
/// a peer that needs more.
///
/// Either way it is for the one who answers to bound which cells a peer may ask for: cells that are beyond the
/// [`Limits`](crate::Limits) of its decoder are of no use to it.
///
/// ```
/// use waypost_sketch::Encoder;
///
/// let ids = [3, 1, 4, 15, 9, 2, 6];
/// let mut encoder = Encoder::new([7; 16], ids);
/// let cells: Vec<_> = encoder.by_ref().take(50).collect();
/// let later = Encoder::new([7; 16], ids).starting_at(50);
/// assert!(later.take(10).eq(encoder.take(10)));
/// ```
#[derive(Clone)]
pub struct Encoder {
    mapping: Mapping,
    ids: Vec<u64>,
    /// The first cell of each id that is not before the window; after the pass, not before its end.
    next: Vec<u32>,
    window: Vec<Cell>,
    /// The index of the first cell in the window.
    start: u32,
    /// How many ids were added to the window.
    added: usize,
    /// How many cells of the window were given out.
    given: usize,
}

impl Encoder {
    /// Makes the encoder of a set from its ids, in any order.
    ///
    /// Each must be there once: an id that is there twice never decodes. Takes next to no time with a `Vec`, which it
    /// keeps.
    #[must_use]
    pub fn new(key: [u8; 16], ids: impl IntoIterator<Item = u64>) -> Self {
        let ids: Vec<u64> = ids.into_iter().collect();
        let next = vec![0; ids.len()];
        Self { mapping: Mapping::new(&key), ids, next, window: Vec::new(), start: 0, added: 0, given: 0 }
    }

    /// Makes it begin with the cell of the given index instead of the next one.
    ///
    /// The cells between are not made.
    #[must_use]
    pub fn starting_at(mut self, index: usize) -> Self {
        self.start = index.min(MOST_CELLS as usize) as u32;
        // Cells that have been passed are found again from the beginning.
        self.next.fill(0);
        self.window.clear();
        (self.added, self.given) = (0, 0);
        self
    }

    /// Does a piece of the work for the next cells, and returns whether the next one is there.
    ///
    /// `ids` is the number of ids to pass over at most.
    ///
    /// ```
    /// use waypost_sketch::Encoder;
    ///
    /// let mut encoder = Encoder::new([7; 16], 0..250);
    /// assert!(!encoder.prepare(100));
    /// assert!(!encoder.prepare(100));
    /// assert!(encoder.prepare(100)); // From here on, `next` returns at once until the window is used up.
    /// ```
    pub fn prepare(&mut self, ids: usize) -> bool {
        if self.given == self.window.len() {
            self.start += self.window.len() as u32;
            let len = self.start.clamp(FIRST_WINDOW, LAST_WINDOW).min(MOST_CELLS - self.start);
            self.window.clear();
            self.window.resize(len as usize, Cell::EMPTY);
            (self.added, self.given) = (0, 0);
        }
        let piece = self.added..self.ids.len().min(self.added.saturating_add(ids));
        self.added = piece.end;
        let blocks = self.ids[piece.clone()].chunks(BLOCK).zip(self.next[piece].chunks_mut(BLOCK));
        for (ids, next) in blocks {
            add_block(&self.mapping, ids, next, &mut self.window, self.start);
        }
        self.added == self.ids.len()
    }
}

impl Iterator for Encoder {
    type Item = Cell;

    /// Returns the next cell; `None` only after 2³¹.
    fn next(&mut self) -> Option<Cell> {
        if self.given == self.window.len() || self.added < self.ids.len() {
            self.prepare(usize::MAX);
        }
        let cell = self.window.get(self.given)?;
        self.given += 1;
        Some(*cell)
    }
}

impl FusedIterator for Encoder {}

impl fmt::Debug for Encoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder")
            .field("ids", &self.ids.len())
            .field("index", &(self.start as usize + self.given))
            .finish_non_exhaustive()
    }
}

/// Adds a block of ids to the cells of a window, and moves each on to its first cell after the window.
///
/// All ids take their first step, then all that are not through take the next. Where one goes does not depend on the
/// others, so the processor is busy with several at a time: two to three times as fast as id by id.
fn add_block(mapping: &Mapping, ids: &[u64], next: &mut [u32], window: &mut [Cell], start: u32) {
    let end = start + window.len() as u32;
    let mut places = [Place::default(); BLOCK];
    let mut under_way = [0_u8; BLOCK];
    let mut count = 0;
    for (number, id) in ids.iter().enumerate() {
        places[number] = mapping.place(*id);
        under_way[count] = number as u8;
        count += usize::from(next[number] < end);
    }
    while count > 0 {
        let mut left = 0;
        for turn in 0..count {
            let number = usize::from(under_way[turn]);
            let (place, at) = (places[number], &mut next[number]);
            if *at >= start {
                window[(*at - start) as usize] += place.cell();
            }
            *at = place.after(*at);
            under_way[left] = number as u8;
            left += usize::from(*at < end);
        }
        count = left;
    }
}

/// As many ids as a byte can count.
const BLOCK: usize = 256;
/// Cells of the first window: enough for what two replicas that have just lost touch differ by.
const FIRST_WINDOW: u32 = 32;
/// Where windows stop growing: 1 MiB of cells.
const LAST_WINDOW: u32 = 1 << 16;

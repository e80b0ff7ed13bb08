use alloc::{collections::BinaryHeap, vec::Vec};
use core::{cmp::Reverse, fmt};

use crate::mapping::{MOST_CELLS, Mapping, Place};
use crate::{Cell, Limits, Undecodable};

/// Finds what is only here and only there from the cells of both sides.
///
/// It takes cell after cell of both until it is done: with d differences after 1.36 d to 1.8 d cells on average, the
/// fewer the more there are. It needs neither set; its memory is that of the cells and the differences, and so is its
/// work, whatever the size of the sets and whatever a peer sends.
///
/// # How it decodes, and how that is bounded
///
/// The difference of two cells has the ids that only one side has. Where it is one, it is known by its check-sum, and
/// is taken out of all its cells, which leaves others with one. A cell that is empty has nothing left in it, so when
/// the next id to take out belongs to an empty cell, no sets have such cells: [`Undecodable::Contradiction`]. The same
/// is said as soon as cell 0, where every id belongs, is empty and another is not. So each id that is taken out empties
/// a cell for good, and there can be no more of them than cells.
///
/// ```
/// use waypost_sketch::{Decoder, Encoder, Limits};
///
/// let key = *b"known to us two!";
/// let mut here = Encoder::new(key, 0..1000);
/// let mut there = Encoder::new(key, 3..1003);
/// let mut decoder = Decoder::new(key, Limits::default());
/// for (here, there) in here.zip(there) {
///     if decoder.push(here, there)? {
///         break;
///     }
/// }
/// let mut only_there: Vec<_> = decoder.only_there().collect();
/// only_there.sort();
/// assert_eq!(only_there, [1000, 1001, 1002]);
/// assert_eq!(decoder.only_here().count(), 3);
/// # Ok::<(), waypost_sketch::Undecodable>(())
/// ```
#[derive(Clone)]
pub struct Decoder {
    mapping: Mapping,
    limit: usize,
    /// What is there minus what is here, without what was found.
    cells: Vec<Cell>,
    /// How many of them are not empty.
    unsettled: usize,
    found: Vec<Difference>,
    /// The next cell of each difference that was found, the earliest first.
    ahead: BinaryHeap<Reverse<(u32, u32)>>,
    /// Cells that seem to have one difference.
    candidates: Vec<u32>,
    failure: Option<Undecodable>,
}

#[derive(Clone, Copy)]
struct Difference {
    id: u64,
    is_here: bool,
}

impl Difference {
    /// What a cell is that has nothing else.
    fn cell(self, place: Place) -> Cell {
        if self.is_here { -place.cell() } else { place.cell() }
    }
}

impl Decoder {
    /// Makes a decoder for cells that were made with the same key.
    #[must_use]
    pub fn new(key: [u8; 16], limits: Limits) -> Self {
        Self {
            mapping: Mapping::new(&key),
            limit: limits.cells.min(MOST_CELLS as usize),
            cells: Vec::new(),
            unsettled: 0,
            found: Vec::new(),
            ahead: BinaryHeap::new(),
            candidates: Vec::new(),
            failure: None,
        }
    }

    /// Takes the cell with the [next index](Self::next_index) of both sides, and returns whether all differences are
    /// found.
    ///
    /// Cells that come after that are checked against what was found.
    ///
    /// # Errors
    ///
    /// When the cells contradict each other, and when there are more than the limit. After an error the decoder takes
    /// nothing more and returns the same error again. What it had found may be wrong.
    pub fn push(&mut self, here: Cell, there: Cell) -> Result<bool, Undecodable> {
        if let Some(failure) = self.failure {
            return Err(failure);
        }
        self.take(there - here).inspect_err(|failure| self.failure = Some(*failure))?;
        Ok(self.is_done())
    }

    /// Returns whether all differences are found.
    #[must_use]
    pub fn is_done(&self) -> bool {
        !self.cells.is_empty() && self.unsettled == 0 && self.failure.is_none()
    }

    /// Returns the index of the next cell to take, which is the number of cells that it took.
    #[must_use]
    pub fn next_index(&self) -> usize {
        self.cells.len()
    }

    /// Returns the ids found so far that only the local set has.
    ///
    /// A peer that lies can make ids appear here that the local set does not have.
    pub fn only_here(&self) -> impl Iterator<Item = u64> {
        self.found.iter().filter(|difference| difference.is_here).map(|difference| difference.id)
    }

    /// Returns the ids found so far that only the remote set has.
    pub fn only_there(&self) -> impl Iterator<Item = u64> {
        self.found.iter().filter(|difference| !difference.is_here).map(|difference| difference.id)
    }

    fn take(&mut self, mut cell: Cell) -> Result<(), Undecodable> {
        if self.cells.len() >= self.limit {
            return Err(Undecodable::TooManyCells);
        }
        let index = self.cells.len() as u32;
        self.take_out_found(&mut cell, index);
        self.cells.push(cell);
        self.unsettled += usize::from(!cell.is_empty());
        self.settle_from(index)?;
        if self.cells[0].is_empty() && self.unsettled > 0 {
            return Err(Undecodable::Contradiction);
        }
        Ok(())
    }

    /// Takes what was found before out of a new cell.
    fn take_out_found(&mut self, cell: &mut Cell, index: u32) {
        while let Some(mut first) = self.ahead.peek_mut() {
            let Reverse((next, number)) = *first;
            if next != index {
                break;
            }
            let difference = self.found[number as usize];
            let place = self.mapping.place(difference.id);
            *cell -= difference.cell(place);
            *first = Reverse((place.after(index), number));
        }
    }

    /// Takes out what a cell shows, and what the cells show from which that was taken.
    fn settle_from(&mut self, index: u32) -> Result<(), Undecodable> {
        self.candidates.push(index);
        while let Some(index) = self.candidates.pop() {
            // It may have become empty meanwhile, or not have been what it seemed.
            if let Some(difference) = self.single(index)
                && self.mapping.place(difference.id).is_in(index)
            {
                self.take_out(difference)?;
            }
        }
        Ok(())
    }

    /// Takes a difference out of all its cells.
    fn take_out(&mut self, difference: Difference) -> Result<(), Undecodable> {
        let place = self.mapping.place(difference.id);
        let cell = difference.cell(place);
        let mut index = 0;
        while let Some(other) = self.cells.get_mut(index as usize) {
            if other.is_empty() {
                return Err(Undecodable::Contradiction);
            }
            *other -= cell;
            if other.is_empty() {
                self.unsettled -= 1;
            } else if self.single(index).is_some() {
                self.candidates.push(index);
            }
            index = place.after(index);
        }
        self.ahead.push(Reverse((index, self.found.len() as u32)));
        self.found.push(difference);
        Ok(())
    }

    /// Returns the one difference that is in a cell, if the check-sum says that it is one.
    fn single(&self, index: u32) -> Option<Difference> {
        let cell = self.cells[index as usize];
        let (id, is_here) = cell.only_id()?;
        let difference = Difference { id, is_here };
        (difference.cell(self.mapping.place(id)) == cell).then_some(difference)
    }
}

impl fmt::Debug for Decoder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoder")
            .field("cells", &self.cells.len())
            .field("found", &self.found.len())
            .field("is_done", &self.is_done())
            .finish_non_exhaustive()
    }
}

use alloc::{vec, vec::Vec};
use core::fmt;

use crate::Cell;
use crate::mapping::{MOST_CELLS, Mapping};

/// The first cells of a set that changes.
///
/// A sketch follows the set change by change and keeps none of its ids: memory is that of the cells, an insertion or a
/// removal takes about 2 ln `cells` additions, and any number of peers can have the cells, or compare their own with
/// them, without a pass over the set. Where a peer needs more cells than there are, an [`Encoder`](crate::Encoder) that
/// [starts](crate::Encoder::starting_at) after them goes on.
///
/// ```
/// use waypost_sketch::{Encoder, Sketch};
///
/// let mut sketch = Sketch::new([7; 16], 100);
/// sketch.extend([1, 2, 3, 4]);
/// sketch.remove(3);
/// assert!(Encoder::new([7; 16], [1, 2, 4]).take(100).eq(sketch.cells().iter().copied()));
/// ```
#[derive(Clone)]
pub struct Sketch {
    mapping: Mapping,
    cells: Vec<Cell>,
}

impl Sketch {
    /// Makes the sketch of the empty set: as many cells as given, 16 bytes each.
    ///
    /// Differences up to about 0.7 times the number of cells decode from them.
    #[must_use]
    pub fn new(key: [u8; 16], cells: usize) -> Self {
        Self { mapping: Mapping::new(&key), cells: vec![Cell::EMPTY; cells.min(MOST_CELLS as usize)] }
    }

    /// Adds an id, which must not be in the set.
    pub fn insert(&mut self, id: u64) {
        let place = self.mapping.place(id);
        place.add(place.cell(), &mut self.cells);
    }

    /// Takes an id out, which must be in the set.
    pub fn remove(&mut self, id: u64) {
        let place = self.mapping.place(id);
        place.add(-place.cell(), &mut self.cells);
    }

    /// Returns the cells, from index 0 on.
    #[must_use]
    pub fn cells(&self) -> &[Cell] {
        &self.cells
    }
}

impl Extend<u64> for Sketch {
    fn extend<I: IntoIterator<Item = u64>>(&mut self, ids: I) {
        ids.into_iter().for_each(|id| self.insert(id));
    }
}

impl fmt::Debug for Sketch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sketch").field("cells", &self.cells.len()).finish_non_exhaustive()
    }
}

use core::ops::{Add, AddAssign, Neg, Sub, SubAssign};

/// A cell of a sketch: the sum of the ids that belong to it, and the sum of their check-sums.
///
/// Cells of one index and key can be added and subtracted. The sum is the cell of both sets together, if they have
/// nothing in common. In the difference, what they have in common cancels out, and where one id is left, it tells
/// which, and of which set.
///
/// The last two bits of each check-sum are 01, so those of their sum count the ids modulo 4: 1 for a cell with one id,
/// 3 for one from which one id was subtracted. Sums wrap, so nothing overflows, and every pair of numbers is a cell.
///
/// # On the wire
///
/// A cell is 12 bytes: the sum of the ids, then the sum of the check-sums, each with its highest byte first. A run of
/// cells is their bytes one after the other; cell `i` of a set begins at byte 12 `i`.
///
/// ```
/// use waypost_sketch::{Cell, Encoder};
///
/// let cells: Vec<_> = Encoder::new([7; 16], [1, 2, 3]).take(4).collect();
/// let bytes: Vec<u8> = cells.iter().flat_map(|cell| cell.to_bytes()).collect();
/// assert_eq!(bytes[..8], [0, 0, 0, 0, 0, 0, 0, 1 + 2 + 3]);
/// assert!(Cell::parse(&bytes)?.eq(cells));
/// # Ok::<(), waypost_sketch::InvalidCells>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Cell {
    ids: u64,
    checks: u32,
}

impl Cell {
    /// The cell of no id.
    pub const EMPTY: Self = Self { ids: 0, checks: 0 };

    /// How many bytes a cell has on the wire.
    pub const SIZE: usize = 12;

    pub(crate) const fn single(id: u64, hash: u32) -> Self {
        Self { ids: id, checks: hash & !3 | 1 }
    }

    /// Reads a run of cells.
    ///
    /// # Errors
    ///
    /// When the bytes are not a whole number of cells.
    pub fn parse(run: &[u8]) -> Result<impl ExactSizeIterator<Item = Self>, InvalidCells> {
        match run.as_chunks() {
            (cells, []) => Ok(cells.iter().map(|bytes| Self::from_bytes(*bytes))),
            _ => Err(InvalidCells(())),
        }
    }

    /// Makes the cell that 12 bytes stand for.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::SIZE]) -> Self {
        let [a, b, c, d, e, f, g, h, i, j, k, l] = bytes;
        Self { ids: u64::from_be_bytes([a, b, c, d, e, f, g, h]), checks: u32::from_be_bytes([i, j, k, l]) }
    }

    /// Returns the 12 bytes that stand for the cell.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; Self::SIZE] {
        let [a, b, c, d, e, f, g, h] = self.ids.to_be_bytes();
        let [i, j, k, l] = self.checks.to_be_bytes();
        [a, b, c, d, e, f, g, h, i, j, k, l]
    }

    /// Returns whether nothing is in the cell.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.ids == 0 && self.checks == 0
    }

    /// Returns the id that is in the cell and whether it was subtracted, if it can be only one.
    ///
    /// That is what the count says, modulo 4. It takes the check-sum of the id to tell whether it is true.
    pub(crate) const fn only_id(self) -> Option<(u64, bool)> {
        match self.checks & 3 {
            1 => Some((self.ids, false)),
            3 => Some((self.ids.wrapping_neg(), true)),
            _ => None,
        }
    }
}

impl Add for Cell {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { ids: self.ids.wrapping_add(other.ids), checks: self.checks.wrapping_add(other.checks) }
    }
}

impl AddAssign for Cell {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sub for Cell {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        self + -other
    }
}

impl SubAssign for Cell {
    fn sub_assign(&mut self, other: Self) {
        *self = *self - other;
    }
}

impl Neg for Cell {
    type Output = Self;

    fn neg(self) -> Self {
        Self { ids: self.ids.wrapping_neg(), checks: self.checks.wrapping_neg() }
    }
}

/// Says that bytes are not a whole number of cells.
///
/// ```
/// use waypost_sketch::Cell;
///
/// let error = Cell::parse(&[0; 25]).err().unwrap();
/// assert_eq!(error.to_string(), "a run of cells must be a multiple of 12 bytes");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a run of cells must be a multiple of 12 bytes")]
pub struct InvalidCells(());

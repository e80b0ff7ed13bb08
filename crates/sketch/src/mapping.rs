use siphasher::sip::SipHasher13;

use crate::Cell;

/// Where ids belong under a key.
///
/// All that an id does follows from one SipHash of it, so who does not know the key cannot make ids that fall on the
/// same cells or whose check-sums agree.
#[derive(Clone, Copy)]
pub(crate) struct Mapping(SipHasher13);

impl Mapping {
    pub(crate) fn new(key: &[u8; 16]) -> Self {
        Self(SipHasher13::new_with_key(key))
    }

    pub(crate) fn place(&self, id: u64) -> Place {
        Place { id, hash: self.0.hash(&id.to_be_bytes()) }
    }
}

/// Where one id belongs: what it adds to a cell, and which cells.
///
/// It is in cell 0 and in each later cell `i` with the probability 2 / (i + 2), independently of the others. That is
/// the density, 1 / (1 + i / 2), that [Yang, Gilad and Alizadeh] chose: next to the one that takes the fewest cells,
/// and easy to draw from.
///
/// [Yang, Gilad and Alizadeh]: https://doi.org/10.1145/3651890.3672219
#[derive(Clone, Copy, Default)]
pub(crate) struct Place {
    id: u64,
    hash: u64,
}

impl Place {
    /// What a cell is to which this id alone was added.
    pub(crate) fn cell(self) -> Cell {
        Cell::single(self.id, (self.hash >> 32) as u32)
    }

    /// Returns the next cell after `index`; [`MOST_CELLS`] for none.
    ///
    /// After cell `i`, cell `j` is not reached yet with the probability (i + 1)(i + 2) / (j + 1)(j + 2), the product of
    /// the probabilities of being in none of the cells between. With `u` and `v` drawn evenly from between 0 and 1,
    /// that is the probability of `u < (i + 1) / (j + 1)` and `v < (i + 2) / (j + 2)`; so the first `j` for which one
    /// of them fails has the right distribution, and two divisions of integers find it.
    pub(crate) fn after(self, index: u32) -> u32 {
        let draw = mix(self.hash.wrapping_add(u64::from(index).wrapping_mul(GOLDEN)));
        // Odd, hence neither 0 nor 1 when taken as a fraction of 2^32: the middle of each of 2^31 intervals.
        let (u, v) = (draw >> 32 | 1, draw & 0xffff_ffff | 1);
        let index = u64::from(index);
        let next = (((index + 1) << 32).div_ceil(u) - 1).min(((index + 2) << 32).div_ceil(v) - 2);
        next.min(u64::from(MOST_CELLS)) as u32
    }

    /// Adds `cell` to all cells of this id among the first ones.
    pub(crate) fn add(self, cell: Cell, cells: &mut [Cell]) {
        let mut index = 0;
        while let Some(each) = cells.get_mut(index as usize) {
            *each += cell;
            index = self.after(index);
        }
    }

    /// Returns whether it is in the cell of the given index.
    pub(crate) fn is_in(self, index: u32) -> bool {
        let mut at = 0;
        while at < index {
            at = self.after(at);
        }
        at == index
    }
}

/// The finaliser of SplitMix64.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// The cells of any set end before this index, which keeps the arithmetic within 64 bits.
pub(crate) const MOST_CELLS: u32 = 1 << 31;

/// 2^64 divided by the golden ratio: its multiples are far apart.
const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

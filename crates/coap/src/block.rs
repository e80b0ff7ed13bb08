/// The value of a Block1 or Block2 option ([RFC 7959 §2.2](https://www.rfc-editor.org/rfc/rfc7959#section-2.2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Block {
    /// Which block, counted in blocks of this size.
    pub(crate) number: u32,
    /// Whether more follow.
    pub(crate) more: bool,
    /// The size as SZX, 0 to 6.
    pub(crate) exponent: u8,
}

/// A Block option with the reserved size.
#[derive(Debug)]
pub(crate) struct ReservedSize;

impl Block {
    /// Makes the block that begins at `offset` of a body of `len` bytes, a multiple of the block size.
    pub(crate) fn of_body(offset: usize, exponent: u8, len: usize) -> Self {
        let number = u32::try_from(offset >> (exponent + 4)).unwrap_or(MAX_NUMBER).min(MAX_NUMBER);
        Self { number, more: offset + size_of_exponent(exponent) < len, exponent }
    }

    /// Reads the value of an option of at most three bytes.
    pub(crate) fn from_value(value: u32) -> Result<Self, ReservedSize> {
        match value & 7 {
            7 => Err(ReservedSize),
            exponent => Ok(Self { number: value >> 4, more: value & 8 != 0, exponent: exponent as u8 }),
        }
    }

    pub(crate) fn value(self) -> u32 {
        self.number << 4 | u32::from(self.more) << 3 | u32::from(self.exponent)
    }

    pub(crate) fn size(self) -> usize {
        size_of_exponent(self.exponent)
    }

    /// Returns where in the body the block begins.
    pub(crate) fn offset(self) -> usize {
        (self.number as usize) << (self.exponent + 4)
    }
}

pub(crate) const fn size_of_exponent(exponent: u8) -> usize {
    16 << exponent
}

/// Returns the exponent of the largest block of at most `size` bytes, that of the smallest block where none is so small.
pub(crate) fn exponent_within(size: usize) -> u8 {
    (0..=MAX_EXPONENT).rev().find(|&exponent| size_of_exponent(exponent) <= size).unwrap_or(0)
}

/// The exponent of the largest block, 1024 bytes.
pub(crate) const MAX_EXPONENT: u8 = 6;
/// Block numbers have 20 bits.
const MAX_NUMBER: u32 = (1 << 20) - 1;

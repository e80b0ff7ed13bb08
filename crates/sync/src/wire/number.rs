use alloc::vec::Vec;

use super::{Malformed, Reader};

/// Tells the questions of one follower apart: what is said begins with the number of the question that it answers.
///
/// A notification may be under way while the next question is, and what it says of replicas is to be read by the cursor of its
/// own question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Number(u8);

impl Number {
    pub(crate) const fn next(self) -> Self {
        Self((self.0 + 1) % COUNT)
    }

    /// Returns the item that it is, which is one octet.
    pub(super) const fn octet(self) -> u8 {
        self.0
    }

    /// Puts it before an answer, which may have been written for several who asked.
    pub(crate) fn before(self, answer: &[u8]) -> Vec<u8> {
        [&[self.octet()], answer].concat()
    }

    /// Takes it off an answer.
    pub(crate) fn split(answer: &[u8]) -> Result<(Self, &[u8]), Malformed> {
        let split = answer.split_first().filter(|(number, _)| **number < COUNT);
        split.map(|(number, rest)| (Self(*number), rest)).ok_or(Malformed::new(0, "number: missing"))
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Malformed> {
        let number = reader.uint()?;
        let number = u8::try_from(number).ok().filter(|number| *number < COUNT);
        reader.valid(number.ok_or(()), "number: out of range").map(Self)
    }
}

/// So many unsigned integers take one octet in CBOR.
const COUNT: u8 = 24;

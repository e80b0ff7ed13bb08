//! Searches that look at eight octets at a time.
//!
//! The strings in a link are so short that the call of a vectorised search costs more than it saves.

use crate::byte_class::{self, QUOTED};

const LANES: u64 = u64::from_le_bytes([1; 8]);
const HIGH: u64 = LANES << 7;

/// Returns the position of the first `one` or `other` from `from` on, or the length.
#[inline(always)]
pub(crate) fn find_either(octets: &[u8], from: usize, one: u8, other: u8) -> usize {
    find(octets, from, |word| equal(word, one) | equal(word, other), |octet| octet == one || octet == other)
}

/// Returns the position of the first octet from `from` on that is a quote, a backslash or a control character, or the length.
#[inline(always)]
pub(crate) fn find_end_of_plain(octets: &[u8], from: usize) -> usize {
    let stops = |word: u64| {
        let control = word.wrapping_sub(LANES * 0x20) & !word & HIGH;
        equal(word, b'"') | equal(word, b'\\') | equal(word, 0x7f) | control
    };
    find(octets, from, stops, |octet| !byte_class::is(octet, QUOTED))
}

/// Goes over words as long as `lanes` gives no bit, then over single octets. The lowest bit of `lanes` is exact: what makes it
/// err is a borrow from a lower lane, and then that one has its bit.
#[inline(always)]
fn find(octets: &[u8], from: usize, lanes: impl Fn(u64) -> u64, stops: impl Fn(u8) -> bool) -> usize {
    let mut position = from;
    while let Some(word) = octets.get(position..).and_then(|rest| rest.first_chunk()) {
        let found = lanes(u64::from_le_bytes(*word));
        if found != 0 {
            return position + (found.trailing_zeros() / 8) as usize;
        }
        position += 8;
    }
    while position < octets.len() && !stops(octets[position]) {
        position += 1;
    }
    position
}

/// Sets the high bit of each lane that is `octet`, up to the first.
#[inline(always)]
fn equal(word: u64, octet: u8) -> u64 {
    let difference = word ^ (LANES * octet as u64);
    difference.wrapping_sub(LANES) & !difference & HIGH
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn words_find_what_octets_find(octets: Vec<u8>, from in 0usize..9, one: u8, other: u8) {
            let from = from.min(octets.len());
            let naive = |stops: &dyn Fn(u8) -> bool| {
                octets[from..].iter().position(|octet| stops(*octet)).map_or(octets.len(), |found| from + found)
            };
            prop_assert_eq!(find_either(&octets, from, one, other), naive(&|octet| octet == one || octet == other));
            prop_assert_eq!(find_end_of_plain(&octets, from), naive(&|octet| !byte_class::is(octet, QUOTED)));
        }

        #[test]
        fn words_find_the_ends_of_text(text in "[a-c\"\\\\\u{1f}\u{7f}\u{80}\u{e4} !#]{0,40}") {
            let end = text.bytes().position(|octet| !byte_class::is(octet, QUOTED)).unwrap_or(text.len());
            prop_assert_eq!(find_end_of_plain(text.as_bytes(), 0), end);
        }
    }
}

//! Sets, and two sides that reconcile them.

#![allow(dead_code, reason = "not every test uses everything")]

use alloc::collections::BTreeSet;

use waypost_sketch::{Decoder, Encoder, Limits, Undecodable};

pub(crate) const KEY: [u8; 16] = *b"0123456789abcdef";

/// An id as a hash makes it.
pub(crate) fn id(number: u64) -> u64 {
    let mixed = (number ^ number >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}

/// The key of a numbered session.
pub(crate) fn key(number: u64) -> [u8; 16] {
    (u128::from(id(number)) << 64 | u128::from(id(!number))).to_be_bytes()
}

pub(crate) fn no_limits() -> Limits {
    let mut limits = Limits::default();
    limits.cells = usize::MAX;
    limits
}

/// Gives a decoder cells of both sides until it is done.
pub(crate) fn decode(key: [u8; 16], here: Encoder, there: Encoder) -> Result<Decoder, Undecodable> {
    let mut decoder = Decoder::new(key, no_limits());
    for (here, there) in here.zip(there) {
        if decoder.push(here, there)? {
            break;
        }
    }
    Ok(decoder)
}

/// The cells that it takes to tell `different` ids, every other of which is on the other side, beside none that are shared.
///
/// What both sides have cancels out, so there is no need of any.
pub(crate) fn cells_for(key: [u8; 16], different: u64) -> usize {
    let here = (0..different).step_by(2).map(id);
    let there = (1..different).step_by(2).map(id);
    decode(key, Encoder::new(key, here), Encoder::new(key, there)).expect("true cells").next_index()
}

pub(crate) fn only_here(decoder: &Decoder) -> BTreeSet<u64> {
    set_of_distinct(decoder.only_here())
}

pub(crate) fn only_there(decoder: &Decoder) -> BTreeSet<u64> {
    set_of_distinct(decoder.only_there())
}

fn set_of_distinct(ids: impl Iterator<Item = u64>) -> BTreeSet<u64> {
    let ids: Vec<_> = ids.collect();
    let set: BTreeSet<_> = ids.iter().copied().collect();
    assert_eq!(set.len(), ids.len(), "an id is told once");
    set
}

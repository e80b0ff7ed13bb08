//! What is decoded is the difference, whatever the sets.

extern crate alloc;

mod common;

use alloc::collections::BTreeSet;

use common::{KEY, decode, id, key, only_here, only_there};
use proptest::prelude::*;
use waypost_sketch::{Decoder, Encoder, Limits, Sketch};

fn assert_decodes(key: [u8; 16], here: &BTreeSet<u64>, there: &BTreeSet<u64>) -> usize {
    let encoder = |set: &BTreeSet<u64>| Encoder::new(key, set.iter().copied());
    let decoder = decode(key, encoder(here), encoder(there)).expect("true cells");
    assert!(decoder.is_done());
    assert_eq!(only_here(&decoder), here - there);
    assert_eq!(only_there(&decoder), there - here);
    decoder.next_index()
}

fn ids(numbers: impl Iterator<Item = u64>) -> BTreeSet<u64> {
    numbers.map(id).collect()
}

/// Sets of which some have many ids in common, some few.
fn sets() -> impl Strategy<Value = (BTreeSet<u64>, BTreeSet<u64>)> {
    let numbers = |most| prop::collection::btree_set(any::<u64>(), 0..=most);
    let most = prop_oneof![Just(0_usize), Just(3), Just(300)];
    (most.clone(), most.clone(), most)
        .prop_flat_map(move |(shared, here, there)| (numbers(shared), numbers(here), numbers(there)))
        .prop_map(|(shared, here, there)| (&here | &shared, &there | &shared))
}

proptest! {
    #[test]
    fn the_difference_is_found_in_any_two_sets((here, there) in sets(), key in any::<[u8; 16]>()) {
        assert_decodes(key, &here, &there);
    }

    /// Ids need not be hashes for the mapping to be even: they are hashed here.
    #[test]
    fn ids_that_follow_each_other_decode_as_well(start in any::<u64>(), len in 0..500_u64, key in any::<[u8; 16]>()) {
        let here = (0..len).map(|number| start.wrapping_add(number)).collect();
        let there = (len / 2..len + len / 3).map(|number| start.wrapping_add(number)).collect();
        assert_decodes(key, &here, &there);
    }
}

#[test]
fn equal_sets_take_one_cell() {
    let set = ids(0..1000);
    assert_eq!(assert_decodes(KEY, &set, &set), 1);
    assert_eq!(assert_decodes(KEY, &BTreeSet::new(), &BTreeSet::new()), 1);
}

#[test]
fn one_difference_takes_one_cell() {
    assert_eq!(assert_decodes(KEY, &ids(0..1000), &ids(0..1001)), 1);
    assert_eq!(assert_decodes(KEY, &ids(0..1001), &ids(0..1000)), 1);
}

#[test]
fn a_subset_a_disjoint_set_and_an_empty_set_are_told() {
    assert_decodes(KEY, &ids(0..1000), &ids(100..900));
    assert_decodes(KEY, &ids(0..1000), &ids(1000..2500));
    assert_decodes(KEY, &ids(0..1000), &BTreeSet::new());
    assert_decodes(KEY, &BTreeSet::new(), &ids(0..1000));
}

#[test]
fn the_ids_at_both_ends_of_their_range_are_ids_like_others() {
    let extremes = BTreeSet::from([0, 1, 1 << 63, u64::MAX]);
    for number in 0..100 {
        assert_decodes(key(number), &extremes, &BTreeSet::new());
        assert_decodes(key(number), &BTreeSet::from([0]), &extremes);
        assert_decodes(key(number), &BTreeSet::from([0]), &BTreeSet::from([1 << 63]));
    }
}

#[test]
fn a_decoder_without_cells_is_not_done() {
    assert!(!Decoder::new(KEY, Limits::default()).is_done());
}

#[test]
fn cells_after_the_last_that_was_needed_change_nothing() {
    let encoder = |numbers| Encoder::new(KEY, ids(numbers));
    let mut decoder = Decoder::new(KEY, Limits::default());
    for (here, there) in encoder(0..500).zip(encoder(20..520)).take(2000) {
        decoder.push(here, there).unwrap();
    }
    assert!(decoder.is_done());
    assert_eq!(only_here(&decoder), ids(0..20));
    assert_eq!(only_there(&decoder), ids(500..520));
}

#[test]
fn an_encoder_goes_on_where_a_standing_sketch_ends() {
    let mut standing = Sketch::new(KEY, 64);
    standing.extend((0..1000).map(id));
    let more = Encoder::new(KEY, (0..1000).map(id)).starting_at(64);
    let there = standing.cells().iter().copied().chain(more);
    let mut decoder = Decoder::new(KEY, Limits::default());
    for (here, there) in Encoder::new(KEY, (100..1100).map(id)).zip(there) {
        if decoder.push(here, there).unwrap() {
            break;
        }
    }
    assert_eq!((decoder.only_here().count(), decoder.only_there().count()), (100, 100));
}

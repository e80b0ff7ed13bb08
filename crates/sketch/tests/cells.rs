//! The cells of a set are the same however they were made.

extern crate alloc;

mod common;

use alloc::collections::BTreeSet;

use common::{KEY, id, key};
use proptest::prelude::*;
use waypost_sketch::{Cell, Encoder, Sketch};

proptest! {
    #[test]
    fn a_sketch_that_followed_changes_has_the_cells_of_the_set(
        changes in prop::collection::vec(0..50_u64, 0..200),
        cells in 0..300_usize,
        key in any::<[u8; 16]>(),
    ) {
        let (mut set, mut sketch) = (BTreeSet::new(), Sketch::new(key, cells));
        for id in changes {
            if set.insert(id) {
                sketch.insert(id);
            } else {
                set.remove(&id);
                sketch.remove(id);
            }
        }
        prop_assert!(Encoder::new(key, set).take(cells).eq(sketch.cells().iter().copied()));
    }

    #[test]
    fn an_encoder_that_starts_later_has_the_same_cells(
        size in 0..700_u64,
        index in 0..500_usize,
        taken in 0..100_usize,
    ) {
        let mut encoder = Encoder::new(KEY, (0..size).map(id));
        let expected: Vec<_> = encoder.by_ref().skip(index).take(300).collect();
        let mut later = Encoder::new(KEY, (0..size).map(id));
        later.by_ref().take(taken).for_each(drop);
        prop_assert!(later.starting_at(index).take(300).eq(expected.iter().copied()));
        prop_assert!(encoder.starting_at(index).take(300).eq(expected));
    }

    #[test]
    fn work_in_pieces_makes_the_same_cells(
        size in 0..700_u64,
        pieces in prop::collection::vec(0..400_usize, 0..60),
        cells in 1..200_usize,
    ) {
        let ids = || (0..size).map(id);
        let (mut encoder, mut made) = (Encoder::new(KEY, ids()), Vec::new());
        for piece in pieces {
            if encoder.prepare(piece) {
                made.extend(encoder.next());
            }
        }
        made.extend(encoder.by_ref().take(cells));
        prop_assert!(Encoder::new(KEY, ids()).take(made.len()).eq(made));
    }

    #[test]
    fn the_cells_of_two_sets_add_up_to_those_of_both_together(here in 0..100_u64, there in 0..100_u64) {
        let cells = |numbers: core::ops::Range<u64>| Encoder::new(KEY, numbers.map(id)).take(100);
        let sums = cells(0..here).zip(cells(here..here + there)).map(|(a, b)| a + b);
        prop_assert!(cells(0..here + there).eq(sums));
        let differences = cells(0..here + there).zip(cells(0..here)).map(|(a, b)| a - b);
        prop_assert!(cells(here..here + there).eq(differences));
    }

    #[test]
    fn the_order_of_ids_means_nothing(
        ids in prop::collection::btree_set(any::<u64>(), 0..50).prop_flat_map(|ids| {
            let ids: Vec<_> = ids.into_iter().collect();
            (Just(ids.clone()), Just(ids).prop_shuffle())
        }),
    ) {
        prop_assert!(Encoder::new(KEY, ids.0).take(100).eq(Encoder::new(KEY, ids.1).take(100)));
    }
}

#[test]
fn pieces_of_no_ids_make_no_progress_and_no_cell() {
    let mut encoder = Encoder::new(KEY, [1, 2, 3]);
    assert!((0..10).all(|_| !encoder.prepare(0)));
    assert!(encoder.prepare(3));
    assert!(encoder.prepare(0));
}

#[test]
fn there_are_2_to_the_31_cells() {
    let from = |index| Encoder::new(KEY, (0..5).map(id)).starting_at(index);
    assert_eq!(from((1 << 31) - 10).count(), 10);
    assert_eq!(from(1 << 31).next(), None);
    assert_eq!(from(usize::MAX).next(), None);
}

#[test]
fn an_id_is_in_cell_i_with_the_probability_2_in_i_and_2() {
    const IDS: u32 = 20_000;
    let mut counts = [0_u32; 1000];
    for number in 0..IDS {
        let mut sketch = Sketch::new(KEY, counts.len());
        sketch.insert(id(number.into()));
        for (count, cell) in counts.iter_mut().zip(sketch.cells()) {
            *count += u32::from(!cell.is_empty());
        }
    }
    assert_eq!(counts[0], IDS);
    let (mut deviations, mut squares) = (0.0, 0.0);
    for (index, count) in counts.iter().enumerate().skip(1) {
        let probability = 2.0 / (index as f64 + 2.0);
        let expected = f64::from(IDS) * probability;
        let deviation = (f64::from(*count) - expected) / (expected * (1.0 - probability)).sqrt();
        assert!(deviation.abs() < 4.5, "{count} ids in cell {index}, not {expected}");
        deviations += deviation;
        squares += deviation * deviation;
    }
    let cells = counts.len() as f64 - 1.0;
    assert!(deviations.abs() / cells.sqrt() < 4.0, "more or fewer than expected throughout");
    assert!((squares / cells - 1.0).abs() < 0.2, "the cells of an id are not independent of those of others");
}

#[test]
fn each_key_has_other_cells() {
    let cells = |number| Encoder::new(key(number), [1]).take(20).collect::<Vec<_>>();
    let all: BTreeSet<_> =
        (0..50).map(|number| cells(number).into_iter().map(Cell::to_bytes).collect::<Vec<_>>()).collect();
    assert_eq!(all.len(), 50);
}

/// Computed by a second implementation, so that a change of what travels does not go unseen.
#[test]
fn the_cells_on_the_wire_are_these() {
    let hex = |cell: Cell| cell.to_bytes().iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let cells: Vec<_> = Encoder::new(KEY, (0..10).map(id)).take(6).map(hex).collect();
    assert_eq!(
        cells,
        [
            "fb18424268b4c98ea178abbe",
            "0c97d987b371d5f089aa31e7",
            "b0e23740fb78461489768802",
            "1689866f35c62cef958899b4",
            "ca52a14fef6e082805befa0b",
            "d56b1fbb9ceba9e87210c261",
        ]
    );
}

proptest! {
    #[test]
    fn every_run_of_12_bytes_is_a_cell_and_no_other_run(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
        match Cell::parse(&bytes) {
            Ok(cells) => {
                prop_assert_eq!(cells.len() * Cell::SIZE, bytes.len());
                let again: Vec<u8> = cells.flat_map(Cell::to_bytes).collect();
                prop_assert_eq!(&again, &bytes);
            }
            Err(_) => prop_assert_ne!(bytes.len() % Cell::SIZE, 0),
        };
    }
}

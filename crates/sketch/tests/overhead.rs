//! How many cells a difference takes.

extern crate alloc;

mod common;

use common::{KEY, cells_for, key};

/// Cells per difference, on average over sessions.
fn mean(different: u64, sessions: u64) -> f64 {
    let cells: usize = (0..sessions).map(|session| cells_for(key(session), different)).sum();
    cells as f64 / (different * sessions) as f64
}

#[test]
fn cells_per_difference_are_few_and_fewer_the_more_there_are() {
    let means = [(10, 500), (30, 300), (100, 100), (1_000, 20), (10_000, 3), (100_000, 1)];
    let means = means.map(|(different, sessions)| mean(different, sessions));
    let most = [1.75, 1.60, 1.48, 1.40, 1.37, 1.365];
    assert!(means.iter().zip(most).all(|(mean, most)| *mean < most), "{means:?}");
}

/// Integers alone decide, so the counts are these on every machine.
#[test]
fn the_same_differences_take_the_same_cells_everywhere() {
    let cells = [1, 2, 3, 10, 100, 1_000, 10_000].map(|different| cells_for(KEY, different));
    assert_eq!(cells, [1, 2, 4, 15, 148, 1375, 13492]);
}

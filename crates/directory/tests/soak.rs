//! A long random history, with look-ups compared to scans on the way.
//!
//! The short one runs with the others; a million operations take some minutes:
//!
//! ```text
//! cargo test --release -p waypost-directory --test soak -- --ignored
//! ```

mod common;

use common::{Twins, operation, query};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

fn soak(operations: usize, check_every: usize) {
    let mut runner = TestRunner::deterministic();
    let mut twins = Twins::new();
    let (operation, query) = (operation(), query());
    for number in 1..=operations {
        twins.run(operation.new_tree(&mut runner).unwrap().current());
        if number % check_every == 0 {
            for _ in 0..5 {
                twins.assert_same(&query.new_tree(&mut runner).unwrap().current());
            }
            twins.assert_contents();
        }
    }
    // In the end nothing is left of anything.
    while twins.directory.expire(waypost_time::Instant::MAX) {}
    assert!(twins.directory.is_empty());
    assert_eq!(twins.directory.next_expiry(), None);
    assert_eq!(twins.directory.feed(twins.now(), &Default::default()).unwrap().count(), 0);
}

#[test]
fn twenty_thousand_operations() {
    soak(20_000, 100);
}

#[test]
#[ignore = "takes minutes"]
fn a_million_operations() {
    soak(1_000_000, 200);
}

//! What it costs to find a difference, beside range-based reconciliation, in one run.
//!
//! The short one runs with the others; up to a million ids take about a minute:
//!
//! ```text
//! cargo test --release -p waypost-sketch --test beside_negentropy -- --ignored --nocapture
//! ```

extern crate alloc;

mod common;

use alloc::collections::BTreeSet;
use core::time::Duration;
use std::time::Instant;

use common::{KEY, id};
use negentropy::{Id, Negentropy, NegentropyStorageVector};
use waypost_sketch::{Cell, Decoder, Encoder};

/// Two sets of equal size, with `different` ids that are only in one of them.
struct Sets {
    here: Vec<u64>,
    there: Vec<u64>,
}

impl Sets {
    fn new(size: u64, different: u64) -> Self {
        let half = different / 2;
        let only_there = (1 << 40..).map(id).take(half as usize);
        Self { here: (0..size).map(id).collect(), there: (half..size).map(id).chain(only_there).collect() }
    }
}

struct Cost {
    /// All that travels, in both directions.
    bytes: usize,
    /// Requests with their answers.
    rounds: usize,
    time: Duration,
    found: BTreeSet<u64>,
}

/// Asks for cells in batches, each as large as `batch` says of the number of cells there are; a request takes 8 bytes.
fn by_cells(sets: &Sets, batch: impl Fn(usize) -> usize) -> Cost {
    let start = Instant::now();
    let mut here = Encoder::new(KEY, sets.here.iter().copied());
    let mut there = Encoder::new(KEY, sets.there.iter().copied());
    let mut decoder = Decoder::new(KEY, common::no_limits());
    let (mut bytes, mut rounds) = (0, 0);
    while !decoder.is_done() {
        rounds += 1;
        let answer: Vec<u8> = there.by_ref().take(batch(decoder.next_index())).flat_map(Cell::to_bytes).collect();
        bytes += 8 + answer.len();
        for cell in Cell::parse(&answer).unwrap() {
            decoder.push(here.next().unwrap(), cell).unwrap();
        }
    }
    Cost { bytes, rounds, time: start.elapsed(), found: decoder.only_here().chain(decoder.only_there()).collect() }
}

/// One request that is answered until the receiver has enough, with nothing under way in vain.
fn streamed(sets: &Sets) -> Cost {
    let cost = by_cells(sets, |_| 1);
    Cost { bytes: cost.bytes - 8 * (cost.rounds - 1), rounds: 1, ..cost }
}

/// Range-based reconciliation; its ids have 32 bytes.
fn by_ranges(sets: &Sets) -> Cost {
    let storage = |ids: &[u64]| {
        let mut storage = NegentropyStorageVector::with_capacity(ids.len());
        for id in ids {
            let mut long = [0; 32];
            long[..8].copy_from_slice(&id.to_be_bytes());
            storage.insert(0, Id::from_byte_array(long)).unwrap();
        }
        storage.seal().unwrap();
        storage
    };
    let start = Instant::now();
    let (here, there) = (storage(&sets.here), storage(&sets.there));
    let mut here = Negentropy::borrowed(&here, 0).unwrap();
    let mut there = Negentropy::borrowed(&there, 0).unwrap();
    let (mut bytes, mut rounds) = (0, 0);
    let (mut have, mut need) = (Vec::new(), Vec::new());
    let mut question = Some(here.initiate().unwrap());
    while let Some(asked) = question {
        let answer = there.reconcile(&asked).unwrap();
        rounds += 1;
        bytes += asked.len() + answer.len();
        question = here.reconcile_with_ids(&answer, &mut have, &mut need).unwrap();
    }
    let short = |id: Id| u64::from_be_bytes(id.to_bytes()[..8].try_into().unwrap());
    Cost { bytes, rounds, time: start.elapsed(), found: have.into_iter().chain(need).map(short).collect() }
}

fn compare(sizes: &[u64], differences: &[u64]) {
    println!("{:15} | {:^22} | {:^22} | {:^22}", "", "cells, streamed", "cells, in batches", "negentropy");
    println!("    ids       d{}", " |    bytes  rounds, time".repeat(3));
    for different in differences {
        let mut bytes = BTreeSet::new();
        for size in sizes {
            let sets = Sets::new(*size, *different);
            let (streamed, asked) = (streamed(&sets), by_cells(&sets, |cells| (cells / 2).max(16)));
            let ranges = by_ranges(&sets);
            print!("{size:>8} {different:>6}");
            for cost in [&streamed, &asked, &ranges] {
                print!(" | {:>8} {:>3} {:>9}", cost.bytes, cost.rounds, format!("{:.0?}", cost.time));
            }
            println!();
            let expected = sets.here.iter().collect::<BTreeSet<_>>();
            assert_eq!(streamed.found.len() as u64, *different);
            assert_eq!(streamed.found, ranges.found);
            assert_eq!(streamed.found, asked.found);
            assert_eq!(streamed.found.iter().filter(|id| expected.contains(id)).count() as u64, different / 2);
            assert!(streamed.bytes < ranges.bytes);
            assert!(asked.bytes <= streamed.bytes * 3 / 2 + 16 * Cell::SIZE + 8 * asked.rounds);
            bytes.insert(streamed.bytes);
        }
        assert_eq!(bytes.len(), 1, "what travels depends on the size of the sets");
    }
}

#[test]
fn fewer_bytes_travel_than_with_ranges_and_no_more_for_larger_sets() {
    compare(&[10_000, 30_000], &[0, 2, 10, 100, 1_000]);
}

#[test]
#[ignore = "takes a minute"]
fn fewer_bytes_travel_than_with_ranges_up_to_a_million_ids() {
    compare(&[10_000, 100_000, 1_000_000], &[0, 2, 10, 100, 1_000, 10_000]);
}

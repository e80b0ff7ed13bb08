//! What it costs to make cells, to follow a set that changes, and to decode.

use core::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use waypost_sketch::{Cell, Decoder, Encoder, Limits, Sketch};

const KEY: [u8; 16] = *b"a key to measure";

/// Ids as a hash makes them.
fn ids(numbers: core::ops::Range<u64>) -> Vec<u64> {
    numbers
        .map(|number| number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9))
        .collect()
}

/// The differences between the cells of two sets of `size` ids, `different` of which are in one of both.
fn differences(size: u64, different: u64) -> Vec<(Cell, Cell)> {
    let here = Encoder::new(KEY, ids(0..size - different / 2));
    let there = Encoder::new(KEY, ids(different / 2..size));
    let mut decoder = Decoder::new(KEY, Limits::default());
    let mut cells = Vec::new();
    for pair in here.zip(there) {
        cells.push(pair);
        if decoder.push(pair.0, pair.1).expect("true cells") {
            break;
        }
    }
    cells
}

fn encode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    group.sample_size(10);
    for size in [10_000, 1_000_000] {
        let ids = ids(0..size);
        for cells in [32, 1_024, 16_384] {
            group.throughput(Throughput::Elements(cells as u64));
            group.bench_function(BenchmarkId::new(format!("{cells} cells"), size), |bencher| {
                bencher.iter(|| Encoder::new(KEY, ids.iter().copied()).take(cells).last());
            });
        }
    }
    group.finish();
}

fn follow(criterion: &mut Criterion) {
    let mut sketch = Sketch::new(KEY, 1_024);
    let mut number = 0;
    criterion.bench_function("insert into 1024 cells", |bencher| {
        bencher.iter(|| {
            number += 1;
            sketch.insert(black_box(number));
        });
    });
}

fn decode(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    group.sample_size(10);
    for different in [100, 1_000, 10_000] {
        let cells = differences(1_000_000, different);
        group.throughput(Throughput::Elements(different));
        group.bench_function(BenchmarkId::from_parameter(different), |bencher| {
            bencher.iter(|| {
                let mut decoder = Decoder::new(KEY, Limits::default());
                for (here, there) in &cells {
                    decoder.push(*here, *there).expect("true cells");
                }
                assert!(decoder.is_done());
                decoder
            });
        });
    }
    group.finish();
}

criterion_group!(benches, encode, follow, decode);
criterion_main!(benches);

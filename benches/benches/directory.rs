//! What it costs to register, renew, look up and write out, at two sizes of a directory of five links per registration.

use core::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use waypost::directory::Show;
use waypost::link_format::LinkWriter;
use waypost::{Directory, Instant, Query};
use waypost_benches::fleet::{self, Documents};

const SIZES: [usize; 2] = [10_000, 100_000];
const LINKS: usize = 5;

fn changes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("directory");
    for documents in [Documents::Fleet, Documents::Distinct] {
        for size in SIZES {
            let mut directory = fleet::directory(size, LINKS, documents);
            let mut number = size;
            let id = BenchmarkId::new(format!("register, {documents:?}"), size);
            group.bench_function(id, |bencher| {
                let next = || {
                    number += 1;
                    fleet::registration(number, usize::MAX, LINKS, documents)
                };
                bencher.iter_batched(next, |new| directory.register(Instant::ZERO, new).is_ok(), BatchSize::SmallInput);
            });
        }
    }
    for size in SIZES {
        let mut directory = fleet::directory(size, LINKS, Documents::Fleet);
        let locations: Vec<_> =
            directory.endpoints(Instant::ZERO, &Query::all()).map(|found| found.location()).collect();
        let mut turns = locations.iter().cycle();
        group.bench_function(BenchmarkId::new("renew", size), |bencher| {
            bencher.iter(|| turns.next().map(|location| directory.renew(Instant::ZERO, location)));
        });
    }
    group.finish();
}

fn look_ups(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("directory/look-up");
    for size in SIZES {
        let directory = fleet::directory(size, LINKS, Documents::Distinct);
        for query in ["ep=node00005000", "rt=rare", "rt=seldom*", "rt=rare&if=sensor&ct=40", "et=x.rare&rt=rare"] {
            let parsed = Query::parse(query).expect("a query");
            group.bench_function(BenchmarkId::new(query, size), |bencher| {
                bencher.iter(|| write(black_box(&directory), &parsed));
            });
        }
    }
    group.finish();
}

fn render(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("directory/render");
    group.sample_size(10);
    for documents in [Documents::Fleet, Documents::Distinct] {
        let directory = fleet::directory(SIZES[0], LINKS, documents);
        let all = Query::all();
        group.throughput(Throughput::Bytes(write(&directory, &all).len() as u64));
        group.bench_function(BenchmarkId::new(format!("everything, {documents:?}"), SIZES[0]), |bencher| {
            bencher.iter(|| write(black_box(&directory), &all));
        });
    }
    group.finish();
}

fn write(directory: &Directory, query: &Query) -> String {
    let mut text = String::new();
    let mut writer = LinkWriter::new(&mut text);
    for resource in directory.resources(Instant::ZERO, query) {
        resource.write(&mut writer, Show::default()).expect("a string takes everything");
    }
    writer.finish().expect("a string takes everything");
    text
}

criterion_group!(benches, changes, look_ups, render);
criterion_main!(benches);

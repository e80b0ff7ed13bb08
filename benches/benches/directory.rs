//! What it costs to register, renew, look up and write out, at two sizes of a directory of five links per registration.

use core::hint::black_box;
use core::time::Duration;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use waypost::directory::{Pages, Show};
use waypost::filter::Page;
use waypost::link_format::LinkWriter;
use waypost::{Directory, Instant, Query};
use waypost_benches::fleet::{self, Documents};

const LINKS: usize = 5;

fn changes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("directory");
    for documents in [Documents::Fleet, Documents::Distinct] {
        for size in sizes() {
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
    for size in sizes() {
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
    for size in sizes() {
        let directory = fleet::directory(size, LINKS, Documents::Distinct);
        for query in ["ep=node00000500", "rt=rare", "rt=seldom*", "rt=rare&if=sensor&ct=40", "et=x.rare&rt=rare"] {
            let parsed = Query::parse(query).expect("a query");
            group.bench_function(BenchmarkId::new(query, size), |bencher| {
                bencher.iter(|| write(black_box(&directory), &parsed));
            });
        }
    }
    group.finish();
}

/// Criteria that a tenth of all registrations meet each, and ten of them together.
fn many_in_few(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("directory/three large sets");
    for documents in [Documents::Fleet, Documents::Distinct] {
        let size = sizes()[1];
        let directory = fleet::crossed(size, documents);
        for query in ["rt=a&if=b&title=c", "rt=a&if=b&et=c"] {
            let parsed = Query::parse(query).expect("a query");
            group.bench_function(BenchmarkId::new(format!("{query}, {documents:?}"), size), |bencher| {
                bencher.iter(|| write(black_box(&directory), &parsed));
            });
        }
    }
    group.finish();
}

/// Pages far into a result: found anew, and found by one who pages through it while others register.
fn pages(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("directory/pages");
    for documents in [Documents::Fleet, Documents::Distinct] {
        let size = sizes()[1];
        let mut directory = fleet::directory(size, LINKS, documents);
        for query in ["", "rt=humidity", "et=x.common&rt=humidity"] {
            let parsed = Query::parse(query).expect("a query");
            let page = Page { page: size as u32 / 20, count: 10 };
            let far = parsed.clone().with_page(page);
            group.bench_function(BenchmarkId::new(format!("any of `{query}`, {documents:?}"), size), |bencher| {
                bencher.iter(|| write(black_box(&directory), &far));
            });
            let (mut pages, mut number) = (Pages::new(parsed), 0);
            group.bench_function(BenchmarkId::new(format!("next of `{query}`, {documents:?}"), size), |bencher| {
                bencher.iter_custom(|rounds| {
                    let mut time = Duration::ZERO;
                    for round in 0..rounds {
                        number = (number + 7919) % size;
                        let other = fleet::registration(number, size, LINKS + round as usize % 2, documents);
                        directory.register(Instant::ZERO, other).expect("within the limits");
                        let page = Page { page: page.page + round as u32 % 1000, ..page };
                        let start = std::time::Instant::now();
                        black_box(pages.resources(&directory, Instant::ZERO, page).count());
                        time += start.elapsed();
                    }
                    time
                });
            });
        }
    }
    group.finish();
}

fn render(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("directory/render");
    group.sample_size(10);
    for documents in [Documents::Fleet, Documents::Distinct] {
        let directory = fleet::directory(sizes()[0], LINKS, documents);
        let all = Query::all();
        group.throughput(Throughput::Bytes(write(&directory, &all).len() as u64));
        group.bench_function(BenchmarkId::new(format!("everything, {documents:?}"), sizes()[0]), |bencher| {
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

/// Returns the sizes of the directories: smaller ones where it is only to be seen that all of this runs.
fn sizes() -> [usize; 2] {
    if std::env::args().any(|argument| argument == "--test") { [1_000, 2_000] } else { [10_000, 100_000] }
}

criterion_group!(benches, changes, look_ups, many_in_few, pages, render);
criterion_main!(benches);

//! What a change costs where a hundred thousand watches stand: one that concerns none of them, one, and a whole sector.
//!
//! `REGISTRATIONS=1000000 cargo bench -p waypost-benches --bench watches` measures with a million registrations.

use std::env;

use criterion::{Criterion, criterion_group, criterion_main};
use waypost::{Base, Directory, Instant, Location, Update};
use waypost_benches::fleet::{self, Documents};
use waypost_benches::watches::{self, SECTORS, WATCHED_SECTORS, WHOLE_SECTORS};

const LINKS: usize = 10;
const WATCHES: usize = 100_000;

fn changes(criterion: &mut Criterion) {
    let (size, count) = sizes();
    for documents in [Documents::Fleet, Documents::Distinct] {
        let mut group = criterion.benchmark_group(format!("watches/{documents:?}/{size}"));
        let mut directory = fleet::directory(size, LINKS, documents);
        for (kind, sectors) in [("without watches", WATCHED_SECTORS..SECTORS)] {
            bench(&mut group, kind, &mut directory, &nodes(size, sectors), documents);
        }
        watches::add(&mut directory, count, size);
        for (kind, sectors) in [
            ("concerning none", WATCHED_SECTORS..SECTORS),
            ("concerning one", WHOLE_SECTORS..WATCHED_SECTORS),
            ("concerning a sector and one", 0..WHOLE_SECTORS),
        ] {
            bench(&mut group, kind, &mut directory, &nodes(size, sectors), documents);
        }
        group.bench_function("add and end", |bencher| {
            let mut number = count;
            bencher.iter(|| {
                number += 1;
                let (scope, query) = watches::watch(number, size);
                let watch = directory.watch(Instant::ZERO, scope, query.parse().expect("a query"));
                directory.unwatch(watch.expect("room for a watch"));
            });
        });
        group.finish();
    }
}

type Group<'c> = criterion::BenchmarkGroup<'c, criterion::measurement::WallTime>;

fn bench(group: &mut Group<'_>, kind: &str, directory: &mut Directory, nodes: &[usize], documents: Documents) {
    let locations: Vec<Location> = nodes.iter().map(|node| location(directory, *node)).collect();
    let mut turns = locations.iter().zip(nodes).cycle();
    let mut round = 0;
    group.bench_function(format!("update, {kind}"), |bencher| {
        bencher.iter(|| {
            let (location, node) = turns.next().expect("a node");
            round += 1;
            let base = Base::given(&format!("{}:{}", fleet::base(*node), 1024 + round % 50_000)).expect("a base");
            let update = Update { base: Some(base), ..Update::default() };
            directory.update(Instant::ZERO, location, update).expect("a registration");
            poll(directory)
        });
    });
    let mut turns = nodes.iter().cycle();
    group.bench_function(format!("remove and register, {kind}"), |bencher| {
        let mut next = || {
            let node = *turns.next().expect("a node");
            (location(directory, node), fleet::registration(node, usize::MAX, LINKS, documents))
        };
        let some: Vec<_> = (0..nodes.len().min(5000)).map(|_| next()).collect();
        let mut turns = some.iter().cycle();
        bencher.iter_batched(
            || turns.next().expect("a node").clone(),
            |(location, registration)| {
                directory.remove(Instant::ZERO, &location).expect("a registration");
                poll(directory);
                directory.register(Instant::ZERO, registration).expect("within the limits");
                poll(directory)
            },
            criterion::BatchSize::SmallInput,
        );
    });
}

/// Takes the events; returns how many there were.
fn poll(directory: &mut Directory) -> usize {
    core::iter::from_fn(|| directory.poll_watch()).count()
}

fn location(directory: &Directory, node: usize) -> Location {
    let registration = fleet::registration(node, usize::MAX, 0, Documents::Fleet);
    directory.locate(registration.sector.as_ref(), &registration.endpoint)
}

/// Some nodes of the sectors, among those that watches are about.
fn nodes(size: usize, sectors: core::ops::Range<usize>) -> Vec<usize> {
    let nodes = (0..size).filter(|node| sectors.contains(&(node % SECTORS)));
    nodes.take(20_000).collect()
}

/// How many registrations and watches there are: few where it is only tried whether it works.
fn sizes() -> (usize, usize) {
    if env::args().any(|argument| argument == "--test") {
        return (1000, 1000);
    }
    let size = env::var("REGISTRATIONS").ok().and_then(|size| size.parse().ok());
    (size.unwrap_or(100_000), WATCHES)
}

criterion_group!(benches, changes);
criterion_main!(benches);

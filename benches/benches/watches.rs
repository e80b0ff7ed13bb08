//! What a change costs where a hundred thousand watches stand: one that concerns none of them, one, and a whole sector.
//!
//! `REGISTRATIONS=1000000 cargo bench -p waypost-benches --bench watches` measures with a million registrations.

use std::env;

use criterion::measurement::WallTime;
use criterion::{BatchSize, BenchmarkGroup, Criterion, criterion_group, criterion_main};
use waypost::{Base, Directory, Instant, Location, Update};
use waypost_benches::fleet::{self, Documents};
use waypost_benches::watches::{self, Concern};

const LINKS: usize = 10;
const WATCHES: usize = 100_000;
/// How many registrations change in turn.
const NODES: usize = 20_000;

fn changes(criterion: &mut Criterion) {
    let (size, count) = sizes();
    for documents in [Documents::Fleet, Documents::Distinct] {
        let mut group = criterion.benchmark_group(format!("watches/{documents:?}/{size}"));
        let mut directory = fleet::directory(size, LINKS, documents);
        let nodes = |concern: Concern| concern.nodes(size).take(NODES).collect::<Vec<_>>();
        change(&mut group, "without watches", &mut directory, &nodes(Concern::None), documents);
        watches::add(&mut directory, count, size);
        for concern in Concern::ALL {
            change(&mut group, &format!("concerning {concern:?}"), &mut directory, &nodes(concern), documents);
        }
        let mut number = count;
        group.bench_function("watch and end", |bencher| {
            let next = || {
                number += 1;
                watches::watch(number, size)
            };
            bencher.iter_batched(
                next,
                |(scope, query)| {
                    let watch = directory.watch(Instant::ZERO, scope, query).expect("room for a watch");
                    directory.unwatch(watch);
                },
                BatchSize::SmallInput,
            );
        });
        group.finish();
    }
}

/// Measures an update, and removal with registration anew, of the nodes in turn; with taking the events.
fn change(
    group: &mut BenchmarkGroup<'_, WallTime>,
    kind: &str,
    directory: &mut Directory,
    nodes: &[usize],
    documents: Documents,
) {
    let registration = |node| fleet::registration(node, usize::MAX, LINKS, documents);
    let locate = |node: &usize| {
        let registration = registration(*node);
        directory.locate(registration.sector.as_ref(), &registration.endpoint)
    };
    let turns: Vec<(usize, Location)> = nodes.iter().map(|node| (*node, locate(node))).collect();
    let mut turns = turns.iter().cycle().zip(1024..).map(|((node, location), round)| (*node, location, round));
    let mut next = || turns.next().expect("there is no end of turns");
    group.bench_function(format!("update, {kind}"), |bencher| {
        bencher.iter_batched(
            || {
                let (node, location, round) = next();
                let base = Base::given(&format!("{}:{}", fleet::base(node), round % 0xffff)).expect("a base");
                (location, Update { base: Some(base), ..Update::default() })
            },
            |(location, update)| {
                directory.update(Instant::ZERO, location, update).expect("a registration");
                poll(directory)
            },
            BatchSize::SmallInput,
        );
    });
    group.bench_function(format!("remove and register, {kind}"), |bencher| {
        bencher.iter_batched(
            || {
                let (node, location, _) = next();
                (location, registration(node))
            },
            |(location, registration)| {
                directory.remove(Instant::ZERO, location).expect("a registration");
                poll(directory);
                directory.register(Instant::ZERO, registration).expect("within the limits");
                poll(directory)
            },
            BatchSize::SmallInput,
        );
    });
}

/// Takes the events; returns how many there were.
fn poll(directory: &mut Directory) -> usize {
    core::iter::from_fn(|| directory.poll_watch()).count()
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

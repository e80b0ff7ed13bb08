//! What reading everything and repairing a difference cost the engines, from ten thousand registrations to a million.
//!
//! The small sizes run with the other tests. The large ones take a minute, 2 GB, and an optimised build:
//!
//! ```text
//! cargo test --release -p waypost-sync --test at_scale -- --ignored --nocapture
//! ```
//!
//! What finding a difference costs beside other ways is told and asserted in `waypost-sketch`.

use core::time::Duration;
use std::time::Instant as Stopwatch;

use minicbor::Decoder;
use waypost_directory::{Config, Directory};
use waypost_model::{Dot, Origin, Registration, ReplicaId};
use waypost_rest::{ExchangeId, Output, Peer, Request, RequestId};
use waypost_sync::{Limits, Replicator, SyncConfig, SyncEvent};
use waypost_time::Instant;

/// A source and a mirror of it, with nothing between them.
struct Pair {
    now: Instant,
    source: (Directory, Replicator),
    mirror: (Directory, Replicator),
    /// What was asked and answered about changes, cells, and single registrations.
    traffic: [Traffic; 3],
}

#[derive(Debug, Clone, Copy, Default)]
struct Traffic {
    rounds: usize,
    /// In both directions.
    bytes: usize,
}

fn directory(replica: u64) -> Directory {
    let mut config = Config::new(*b"keep it a secret", ReplicaId(replica));
    config.limits.registrations = usize::MAX;
    config.limits.documents = usize::MAX;
    config.limits.document_bytes = usize::MAX;
    Directory::new(config)
}

impl Pair {
    /// A source with so many registrations of ten links of a thousand models, and a mirror that knows none of them yet.
    fn new(size: usize) -> Self {
        let mut config = SyncConfig::new(1);
        config.admits_mirrors = true;
        // How fast strangers may read is for the operator to say; this is how fast it can be done.
        (config.limits.looks, config.limits.looks_in_all) = (1 << 40, 1 << 40);
        let mut source = (directory(1), Replicator::new(config));
        for number in 0..size {
            let links: Vec<_> = (0..10)
                .map(|link| format!(r#"</model{}/sensors/{link}>;rt="temperature-c";if="core.s""#, number % 1000))
                .collect();
            let parameters = format!("ep=node{number}&base=coap://node{number}.example&lt=1000000");
            let registration = Registration::parse(&parameters, &links.join(",")).expect("a registration");
            source.0.register(Instant::ZERO, registration).expect("room");
        }
        let mut mirror = (directory(2), Replicator::new(SyncConfig::new(2)));
        mirror.1.add_mirror("coap://source/sync/feed".parse().expect("a URI")).expect("room");
        Self { now: Instant::ZERO, source, mirror, traffic: Default::default() }
    }

    /// Carries what is asked and answered until both are silent.
    fn settle(&mut self) {
        loop {
            let (directory, replicator) = &mut self.mirror;
            if let Some(output) = replicator.poll_output(self.now, directory) {
                let Output::Request { id, request, .. } = output else { panic!("{output:?}") };
                self.ask(id, &request);
                continue;
            }
            let (directory, replicator) = &mut self.source;
            match replicator.poll_output(self.now, directory) {
                Some(Output::Changed { exchange }) => replicator.handle_ready(self.now, directory, exchange),
                Some(Output::Notification { exchange, response }) => {
                    let (directory, replicator) = &mut self.mirror;
                    replicator.handle_response(self.now, directory, RequestId(exchange.0), Ok(response));
                }
                Some(output) => panic!("{output:?}"),
                None => return,
            }
        }
    }

    fn ask(&mut self, id: RequestId, request: &Request) {
        let (directory, replicator) = &mut self.source;
        let exchange = ExchangeId(id.0);
        replicator.handle_request(self.now, directory, exchange, &Peer::new("coap://mirror"), request);
        let Some(Output::Response { response, .. }) = replicator.poll_output(self.now, directory) else {
            panic!("no answer")
        };
        // The first number of the array says what is asked.
        let kind = Decoder::new(&request.payload).array_iter::<usize>().expect("an array").next();
        let about = &mut self.traffic[kind.expect("not empty").expect("a number")];
        about.rounds += 1;
        about.bytes += request.payload.len() + response.payload.len();
        let (directory, replicator) = &mut self.mirror;
        replicator.handle_response(self.now, directory, id, Ok(response));
    }

    fn pass(&mut self, span: Duration) {
        self.now += span;
        self.source.1.handle_timeout(self.now, &mut self.source.0);
        self.mirror.1.handle_timeout(self.now, &mut self.mirror.0);
        self.settle();
    }

    /// Takes so many registrations from the mirror that its engine does not know of it.
    fn lose(&mut self, count: usize) {
        let origin = Origin::Foreign("coap://source".parse().expect("an authority"));
        let size = self.mirror.0.len();
        let lost: Vec<_> = self.mirror.0.ids(self.now, &origin).map(|(_, record)| record).collect();
        let lost = lost.iter().step_by((size / count.max(1)).max(1)).take(count);
        let lost: Vec<_> = lost.map(|record| (record.to_record().key, record.dot())).collect();
        for (key, dot) in lost {
            let version = [dot].into_iter().collect();
            assert!(self.mirror.0.forget_copy(self.now, &key, &version));
        }
        assert_eq!(self.mirror.0.len(), size - count);
    }
}

/// Reads everything; tells how many registrations were taken in a second.
fn read_everything(pair: &mut Pair) -> f64 {
    let start = Stopwatch::now();
    pair.settle();
    let rate = pair.source.0.len() as f64 / start.elapsed().as_secs_f64();
    assert_eq!(pair.mirror.0.len(), pair.source.0.len());
    let [changes, ..] = pair.traffic;
    println!(
        "{:>8} registrations read: {rate:.0} in a second, {} bytes each, {} questions",
        pair.source.0.len(),
        changes.bytes / pair.source.0.len(),
        changes.rounds
    );
    rate
}

/// Repairs differences of growing size, and checks what that takes.
fn repair(pair: &mut Pair, differences: &[usize]) {
    for different in differences.iter().copied() {
        pair.lose(different);
        pair.traffic = Default::default();
        let start = Stopwatch::now();
        // It is asked again within a minute, and compared at most every ten.
        for _ in 0..20 {
            pair.pass(Duration::from_secs(90));
        }
        let time = start.elapsed();
        assert_eq!(pair.mirror.0.len(), pair.source.0.len(), "{different}");
        let [changes, cells, single] = pair.traffic;
        println!(
            "{:>8} registrations, {different:>6} lost: {:>3} rounds and {:>7} bytes of cells, {:>3} of {:>8} of what was lost, {time:.0?}",
            pair.source.0.len(),
            cells.rounds,
            cells.bytes,
            single.rounds,
            single.bytes,
        );
        if different == 0 {
            assert_eq!((cells.rounds, single.rounds), (0, 0));
        }
        // A question names a version and says what it amounts to.
        assert!(changes.bytes < changes.rounds * 100, "{changes:?}");
        // 1.36 cells of twelve bytes for each difference, more where there are few; in batches that grow by half.
        let enough = different * 12 * 2 + 32 * 12 + cells.rounds * 60;
        assert!(cells.bytes <= enough, "{different}: {} of {enough}", cells.bytes);
        assert!(cells.rounds <= 20, "{different}: {} rounds", cells.rounds);
        // Answers are at least half full, once it is found out how much goes into one.
        let full = single.bytes / Limits::default().answer_bytes;
        assert!(single.rounds <= different.div_ceil(512) + 2 * full, "{single:?}");
    }
    let reconciled = core::iter::from_fn(|| pair.mirror.1.poll_event())
        .filter(|event| matches!(event, SyncEvent::Reconciled { .. }))
        .count();
    assert_eq!(reconciled, differences.iter().filter(|different| **different > 0).count());
}

#[test]
fn a_difference_in_ten_thousand_costs_what_the_difference_is() {
    let mut pair = Pair::new(10_000);
    read_everything(&mut pair);
    repair(&mut pair, &[0, 1, 10, 100, 1_000]);
}

#[test]
#[ignore = "takes a minute and 2 GB"]
fn a_difference_in_a_million_costs_what_the_difference_is() {
    for size in [100_000, 1_000_000] {
        let mut pair = Pair::new(size);
        let rate = read_everything(&mut pair);
        assert!(cfg!(debug_assertions) || rate >= 100_000.0, "{rate} registrations in a second");
        repair(&mut pair, &[0, 1, 10, 100, 1_000, 10_000]);
    }
}

#[test]
fn after_a_cursor_nothing_but_what_has_changed_is_said() {
    let mut pair = Pair::new(10_000);
    pair.settle();
    let cursor = pair.source.0.version().clone();
    pair.traffic = Default::default();
    pair.pass(Duration::from_secs(90));
    assert!(pair.traffic[0].bytes < 150, "{:?}", pair.traffic);
    assert_eq!(cursor, [Dot::new(ReplicaId(1), 10_000)].into_iter().collect());
}

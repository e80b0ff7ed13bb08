//! What a source has lost or does not have any more is forgotten, and nothing else is.

extern crate alloc;

mod common;

use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use common::{at, registration, replica};
use proptest::prelude::*;
use waypost_directory::{Directory, Scope, WatchChange};
use waypost_filter::Query;
use waypost_model::{
    Authority, Change, Credentials, Dot, Key, Lifetime, Location, Origin, Record, Registration, Removal, ReplicaId,
    Stamp, Timestamp, Version,
};

fn origin() -> Origin {
    Origin::Foreign(Authority::new("coap://rd").unwrap())
}

fn stamp(replica: u64, sequence: u64) -> Stamp {
    Stamp { time: Timestamp::from_millis(replica * 10 + sequence), dot: Dot::new(ReplicaId(replica), sequence) }
}

fn key() -> Key {
    Key { origin: origin(), ..registration("node1", "coap://h", "").key() }
}

/// A registration at the source, as one write made it.
fn put(stamp: Stamp, made: Registration, seen: Version) -> Change {
    let authority = Authority::new("coap://rd").unwrap();
    let location = Location::new(&format!("coap://rd/reg/{}", made.endpoint.as_str())).unwrap();
    let record = Record::register(made, stamp, seen).at(authority, location);
    Change::Put { record: Box::new(record), age: Duration::ZERO }
}

fn removal(key: Key, stamp: Stamp, seen: impl IntoIterator<Item = Dot>) -> Change {
    let seen = seen.into_iter().chain([stamp.dot]).collect();
    Change::Remove(Removal { key, stamp, seen, horizon: Duration::from_secs(90_000) })
}

#[test]
fn a_removal_beside_what_is_forgotten_stays() {
    let (removed, lost) = (stamp(2, 1), stamp(3, 1));
    let sensor = || registration("node1", "coap://h", "</t>");
    let mut directory = replica(1);
    directory.apply(at(100), put(removed, sensor(), Version::new())).unwrap();
    directory.apply(at(100), put(lost, sensor(), Version::new())).unwrap();
    directory.apply(at(100), removal(key(), stamp(2, 2), [removed.dot])).unwrap();
    assert_eq!(directory.endpoints(at(100), &Query::all()).count(), 1);

    assert!(directory.forget_copy(at(100), &key(), &[lost.dot].into_iter().collect()));
    assert_eq!(directory.endpoints(at(100), &Query::all()).count(), 0);
    // What it removed comes late, from who did not hear of that.
    directory.apply(at(101), put(removed, sensor(), Version::new())).unwrap();
    assert_eq!(directory.endpoints(at(101), &Query::all()).count(), 0);
    assert_eq!(directory.removals(at(101), &origin()).count(), 1);
}

#[test]
fn a_removal_beside_what_has_expired_outlives_that() {
    let of_lifetime = |seconds| Registration {
        lifetime: Lifetime::from_secs(seconds).unwrap(),
        ..registration("node1", "coap://h", "</t>")
    };
    let mut directory = replica(1);
    let location = directory.register(at(100), of_lifetime(60)).unwrap().location;
    let removed = Record::register(of_lifetime(90_000), stamp(2, 1), Version::new());
    let removed = Change::Put { record: Box::new(removed), age: Duration::ZERO };
    let key = registration("node1", "coap://h", "").key();
    directory.apply(at(100), removal(key, stamp(2, 2), [stamp(2, 1).dot])).unwrap();

    directory.forget_expired(at(160), &location);
    directory.apply(at(160), removed).unwrap();
    assert_eq!(directory.endpoints(at(160), &Query::all()).count(), 0);
}

/// Something that changes what a mirror has of its source.
#[derive(Debug, Clone)]
enum Step {
    Write { replica: u64, name: usize, saw: u8, kind: u8, lifetime: u32 },
    ForgetCopy { name: usize, held: [u64; 3] },
    ForgetLost { held: [u64; 3] },
    Wait { seconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let lifetime = prop::sample::select(vec![5_u32, 60, 90_000]);
    let held = || prop::array::uniform3(0..8_u64);
    prop_oneof![
        8 => (2..5_u64, 0..2_usize, 0..8_u8, 0..8_u8, lifetime)
            .prop_map(|(replica, name, saw, kind, lifetime)| Step::Write { replica, name, saw, kind, lifetime }),
        3 => (0..2_usize, held()).prop_map(|(name, held)| Step::ForgetCopy { name, held }),
        1 => held().prop_map(|held| Step::ForgetLost { held }),
        1 => (0..40_u64).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// A mirror, and how much each replica of its source has written.
struct Scene {
    directory: Directory,
    now: u64,
    written: [u64; 3],
}

impl Scene {
    const NAMES: [&'static str; 2] = ["node1", "node2"];

    fn run(&mut self, step: &Step) {
        let now = at(self.now);
        let version = |held: [u64; 3]| -> Version {
            held.into_iter().zip(2..).map(|(sequence, replica)| Dot::new(ReplicaId(replica), sequence)).collect()
        };
        let key = |name: usize| Key { origin: origin(), ..registration(Self::NAMES[name], "coap://h", "").key() };
        match *step {
            Step::Write { replica, name, saw, kind, lifetime } => {
                let before = self.written;
                self.written[replica as usize - 2] += 1;
                let stamp = stamp(replica, self.written[replica as usize - 2]);
                let saw = |other: u64| other == replica || saw >> other & 1 == 1;
                let seen = before.into_iter().zip(2..).filter(|(_, other)| saw(*other));
                let seen = seen.map(|(sequence, other)| Dot::new(ReplicaId(other), sequence));
                let made = Registration {
                    lifetime: Lifetime::from_secs(lifetime).unwrap(),
                    credentials: Credentials::new((kind == 2).then(|| b"key".to_vec())),
                    ..registration(Self::NAMES[name], &format!("coap://h{}", stamp.dot.sequence), "</t>;rt=core.s")
                };
                let change = match kind {
                    0 | 1 => removal(key(name), stamp, seen),
                    _ => put(stamp, made, seen.filter(|dot| dot.sequence > 0).collect()),
                };
                self.directory.apply(now, change).unwrap();
            }
            Step::ForgetCopy { name, held } => {
                self.directory.forget_copy(now, &key(name), &version(held));
            }
            Step::ForgetLost { held } => {
                self.directory.forget_lost(now, &origin(), &version(held));
            }
            Step::Wait { seconds } => self.now += seconds,
        }
        while self.directory.expire(at(self.now)) {}
    }

    /// Returns what look-ups show.
    fn shown(&self) -> BTreeMap<Location, String> {
        shown(&self.directory, self.now)
    }
}

/// Returns what each write left.
fn writes(directory: &Directory, now: u64) -> Vec<Change> {
    let feed = directory.feed_of(at(now), &origin(), &Version::new()).unwrap();
    feed.map(|change| change.to_change()).collect()
}

fn shown(directory: &Directory, now: u64) -> BTreeMap<Location, String> {
    let all = Query::all();
    let endpoints = directory.endpoints(at(now), &all);
    endpoints
        .map(|endpoint| (endpoint.location(), format!("{} {}", endpoint.base(), endpoint.age().as_secs())))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn what_is_left_is_what_the_writes_say_that_were_not_forgotten(steps in prop::collection::vec(step(), 1..30)) {
        let mut scene = Scene { directory: replica(1), now: 1000, written: [0; 3] };
        let watch = scene.directory.watch(at(1000), Scope::Endpoints, Query::all()).unwrap();
        let mut told = BTreeSet::new();
        for step in &steps {
            let (before, losses) = (writes(&scene.directory, scene.now), scene.directory.losses(&origin()));
            scene.run(step);
            let after = writes(&scene.directory, scene.now);
            let is_forgotten = |change: &&Change| is_put(change) && !after.iter().any(|other| dot(other) == dot(change));
            match step {
                Step::ForgetCopy { held, name } => {
                    let is_meant = |change: &Change| change.key().endpoint.as_str() == Scene::NAMES[*name]
                        && dot(change).sequence <= held[dot(change).replica.0 as usize - 2];
                    prop_assert!(before.iter().filter(is_forgotten).all(is_meant));
                    prop_assert!(!after.iter().any(|change| is_put(change) && is_meant(change)));
                    let is_less = before.iter().any(|change| is_forgotten(&change));
                    prop_assert!(!is_less || scene.directory.losses(&origin()) != losses);
                }
                Step::ForgetLost { held } => {
                    let is_held = |change: &Change| dot(change).sequence <= held[dot(change).replica.0 as usize - 2];
                    prop_assert!(!before.iter().filter(is_forgotten).any(is_held));
                    prop_assert!(after.iter().all(|change| !is_put(change) || is_held(change)));
                }
                _ => {}
            }
            if let Step::ForgetCopy { .. } | Step::ForgetLost { .. } = step {
                let removals = |changes: &[Change]| changes.iter().filter(|change| !is_put(change)).map(dot).collect::<Vec<_>>();
                prop_assert_eq!(removals(&before), removals(&after));
            }

            // Who takes the same writes in holds the same.
            let mut other = replica(9);
            for change in &after {
                other.apply(at(scene.now), change.clone()).unwrap();
            }
            while other.expire(at(scene.now)) {}
            prop_assert_eq!(other.digest(&origin()), scene.directory.digest(&origin()));
            prop_assert_eq!(shown(&other, scene.now), scene.shown());
            // What has expired is told for longer where a copy of what it took the place of may live.
            let left = |changes: &[Change]| changes.iter().filter(|change| !has_expired(change)).map(dot).collect::<BTreeSet<_>>();
            prop_assert_eq!(left(&writes(&other, scene.now)), left(&after));

            let base: Query = "base=coap://h1".parse().unwrap();
            let by_index = scene.directory.endpoints(at(scene.now), &base).count();
            prop_assert_eq!(by_index, scene.shown().values().filter(|text| text.starts_with("coap://h1 ")).count());
            while let Some(event) = scene.directory.poll_watch() {
                prop_assert_eq!(event.watch, watch);
                let is_right = match event.what {
                    WatchChange::Entered => told.insert(event.location),
                    WatchChange::Left => told.remove(&event.location),
                    _ => told.contains(&event.location),
                };
                prop_assert!(is_right);
            }
            prop_assert!(told.iter().eq(scene.shown().keys()));
        }
        while scene.directory.expire(at(10_000_000)) {}
        prop_assert!(scene.directory.is_empty());
    }
}

fn dot(change: &Change) -> Dot {
    match change {
        Change::Put { record, .. } => record.dot(),
        Change::Remove(removal) => removal.stamp.dot,
        Change::Renew(renewal) => renewal.dot,
    }
}

fn has_expired(change: &Change) -> bool {
    matches!(change, Change::Put { record, age } if *age >= record.lifetime.value.duration())
}

const fn is_put(change: &Change) -> bool {
    matches!(change, Change::Put { .. })
}

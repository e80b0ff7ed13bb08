//! Changes from elsewhere: taken if they can be right, refused without a trace if not.

extern crate alloc;

mod common;

use alloc::collections::BTreeMap;
use core::time::Duration;

use common::{at, registration, replica};
use proptest::prelude::*;
use waypost_directory::{Applied, ChangeRef, Directory, Refused};
use waypost_filter::Query;
use waypost_model::{
    Authority, Change, Credentials, Dot, EndpointName, Key, Lifetime, Location, Origin, Record, Registration, Removal,
    Renewal, ReplicaId, Stamp, Timestamp, Update, Version,
};

const LINKS: &str = "</t>;rt=core.s";

fn stamp(replica: u64, sequence: u64, millis: u64) -> Stamp {
    Stamp { time: Timestamp::from_millis(millis), dot: Dot::new(ReplicaId(replica), sequence) }
}

fn record(stamp: Stamp) -> Record {
    Record::register(registration("node1", "coap://h", LINKS), stamp, Version::new())
}

fn put(record: Record, seconds: u64) -> Change {
    Change::Put { record: Box::new(record), age: Duration::from_secs(seconds) }
}

fn shown(directory: &Directory) -> Vec<(Location, String, u32)> {
    let all = Query::all();
    directory
        .endpoints(at(1000), &all)
        .map(|endpoint| (endpoint.location(), format!("{:?}", endpoint.document().as_str()), endpoint.age().as_secs()))
        .collect()
}

/// A directory with one registration of replica 2, made at 0.
fn with_one() -> Directory {
    let mut directory = replica(1);
    directory.apply(at(1000), put(record(stamp(2, 5, 0)), 10)).unwrap();
    directory
}

#[test]
fn a_change_is_taken_with_its_age() {
    let directory = with_one();
    let location = directory.locate(None, &EndpointName::new("node1").unwrap());
    let endpoint = directory.registration(at(1000), &location).unwrap();
    assert_eq!((endpoint.age().as_secs(), endpoint.dot()), (10, Dot::new(ReplicaId(2), 5)));
    // An earlier change of the same replica may still be missing.
    assert!(directory.version().is_empty());
}

#[test]
fn a_lying_peer_changes_nothing() {
    let far = Timestamp::from_millis(u64::MAX);
    let lies: Vec<(&str, Change)> = vec![
        ("sequence", put(record(stamp(2, u64::MAX, 0)), 0)),
        ("dot", put(record(stamp(2, 0, 0)), 0)),
        ("timestamp", put(record(Stamp { time: far, dot: Dot::new(ReplicaId(2), 6) }), 0)),
        ("timestamp", put(record(stamp(2, 6, 5_000_000)), 0)),
        ("age", put(record(stamp(2, 6, 0)), u64::from(u32::MAX) * 2)),
        ("dot", put(Record { seen: [Dot::new(ReplicaId(2), 7)].into_iter().collect(), ..record(stamp(2, 6, 0)) }, 0)),
        ("dot", put(Record { seen: Version::new(), ..record(stamp(2, 6, 0)) }, 0)),
        // The write is that of another registration.
        ("dot", put(Record::register(registration("node2", "coap://h", LINKS), stamp(2, 5, 0), Version::new()), 0)),
        (
            "dot",
            Change::Remove(Removal {
                key: registration("node2", "coap://h", LINKS).key(),
                stamp: stamp(2, 5, 0),
                seen: [Dot::new(ReplicaId(2), 5)].into_iter().collect(),
                horizon: Duration::ZERO,
            }),
        ),
        ("location", put(Record { location: Some(Location::new("coap://x/1").unwrap()), ..record(stamp(2, 6, 0)) }, 0)),
        (
            "origin",
            put(
                record(stamp(2, 6, 0))
                    .at(Authority::new("coap://rd.example").unwrap(), Location::new("coap://rd.example/rd/1").unwrap()),
                0,
            ),
        ),
        (
            "location",
            put(record(stamp(2, 6, 0)).at(Authority::new("coap://other").unwrap(), Location::new("/rd/1").unwrap()), 0),
        ),
        (
            "age",
            Change::Renew(Renewal {
                key: record(stamp(2, 5, 0)).key,
                dot: Dot::new(ReplicaId(2), 5),
                renewals: 1,
                age: Duration::from_secs(90_000),
            }),
        ),
        (
            "dot",
            Change::Renew(Renewal {
                key: record(stamp(2, 5, 0)).key,
                dot: Dot::new(ReplicaId(1), 5),
                renewals: 1,
                age: Duration::ZERO,
            }),
        ),
        (
            "timestamp",
            Change::Remove(Removal {
                key: record(stamp(2, 5, 0)).key,
                stamp: Stamp { time: far, dot: Dot::new(ReplicaId(2), 6) },
                seen: [Dot::new(ReplicaId(2), 6)].into_iter().collect(),
                horizon: Duration::MAX,
            }),
        ),
    ];
    for (what, lie) in lies {
        let mut directory = with_one();
        let before = shown(&directory);
        let events = directory.watch(at(1000), waypost_directory::Scope::Endpoints, Query::all());
        assert!(events.is_ok());
        let refused = if what == "timestamp" { Refused::Early } else { Refused::Implausible { what } };
        assert_eq!(directory.apply(at(1000), lie.clone()), Err(refused), "{lie:?}");
        assert_eq!(shown(&directory), before);
        assert_eq!(directory.poll_watch(), None);
        assert!(directory.version().is_empty());
        assert_eq!(directory.feed(at(1000), &Version::new()).unwrap().count(), 1);
    }
}

#[test]
fn what_claims_unknown_writes_of_this_replica_is_refused() {
    let mut directory = with_one();
    let seen: Version = [Dot::new(ReplicaId(1), 9), Dot::new(ReplicaId(2), 6)].into_iter().collect();
    let change = put(Record { seen, ..record(stamp(2, 6, 0)) }, 0);
    assert_eq!(directory.apply(at(1000), change), Err(Refused::ForgottenWrites));
    assert_eq!(directory.apply(at(1000), put(record(stamp(1, 1, 0)), 0)), Err(Refused::ForgottenWrites));
    // A renewal has not seen itself.
    let mut renewed = record(stamp(2, 5, 0));
    renewed.update(Update::default(), stamp(1, 1, 1));
    assert_eq!(directory.apply(at(1000), put(renewed, 0)), Err(Refused::ForgottenWrites));
}

#[test]
fn the_limits_hold_for_changes_as_for_registrations() {
    let mut config = waypost_directory::Config::new([7; 16], ReplicaId(1));
    config.limits.links_per_registration = 1;
    config.limits.registrations = 1;
    config.limits.replicas = 3;
    let mut directory = Directory::new(config);
    let long = Record::register(registration("node1", "coap://h", "</a>,</b>"), stamp(2, 1, 0), Version::new());
    assert_eq!(directory.apply(at(0), put(long, 0)), Err(Refused::TooLarge { what: "links", limit: 1 }));
    directory.apply(at(0), put(record(stamp(2, 1, 0)), 0)).unwrap();
    let other = Record::register(registration("node2", "coap://h", LINKS), stamp(2, 2, 0), Version::new());
    assert_eq!(directory.apply(at(0), put(other, 0)), Err(Refused::OverLimit { what: "registrations", limit: 1 }));
    let crowd: Version = (2..7).map(|replica| Dot::new(ReplicaId(replica), 3)).collect();
    let crowded = Record { seen: crowd.clone(), ..record(stamp(2, 3, 0)) };
    assert_eq!(directory.apply(at(0), put(crowded, 0)), Err(Refused::OverLimit { what: "replicas", limit: 3 }));
    assert_eq!(directory.advance(&crowd), Err(Refused::OverLimit { what: "replicas", limit: 3 }));
}

#[test]
fn writes_that_did_not_see_each_other_merge_field_by_field() {
    let first = stamp(2, 1, 0);
    let mut left = record(first);
    let mut right = record(first);
    left.update(Update { lifetime: Some(Lifetime::from_secs(600).unwrap()), ..Default::default() }, stamp(2, 2, 10));
    let base = waypost_model::Base::given("coap://moved").unwrap();
    right.update(Update { base: Some(base), ..Default::default() }, stamp(3, 1, 11));
    let (left, right) = (put(left, 5), put(right, 3));
    for order in [[&left, &right, &left], [&right, &left, &right]] {
        let mut directory = replica(1);
        directory.apply(at(1000), order[0].clone()).unwrap();
        assert_eq!(directory.apply(at(1000), order[1].clone()), Ok(Applied::Changed));
        assert_eq!(directory.apply(at(1000), order[2].clone()), Ok(Applied::Unchanged));
        let location = directory.locate(None, &EndpointName::new("node1").unwrap());
        let endpoint = directory.registration(at(1000), &location).unwrap();
        assert_eq!(
            (endpoint.base(), endpoint.lifetime().as_secs(), endpoint.age().as_secs()),
            ("coap://moved", 600, 3)
        );
        // Whoever reads on gets both writes.
        assert_eq!(directory.feed(at(1000), &Version::new()).unwrap().count(), 2);
        directory.renew(at(1000), &location).unwrap();
        assert_eq!(directory.feed(at(1000), &Version::new()).unwrap().count(), 1);
    }
}

#[test]
fn different_credentials_are_reported_and_the_first_are_shown() {
    let with = |key: &str, stamp| {
        let credentials = Credentials::new([key.as_bytes().to_vec()]);
        let registration = Registration { credentials, ..registration("node1", &format!("coap://{key}"), LINKS) };
        put(Record::register(registration, stamp, Version::new()), 0)
    };
    let mut directory = replica(1);
    directory.apply(at(1000), with("second", stamp(3, 1, 20))).unwrap();
    let applied = directory.apply(at(1000), with("first", stamp(2, 1, 10))).unwrap();
    assert!(matches!(applied, Applied::Conflict(_)));
    let query = Query::all();
    let found: Vec<_> = directory.endpoints(at(1000), &query).map(|endpoint| endpoint.base().to_string()).collect();
    assert_eq!(found, ["coap://first"]);
}

#[test]
fn a_removal_removes_only_what_it_saw() {
    let mut directory = with_one();
    let key = Key::local(None, EndpointName::new("node1").unwrap());
    let removal = |sequence, saw| {
        let seen = [Dot::new(ReplicaId(3), sequence), Dot::new(ReplicaId(2), saw)].into_iter().collect();
        Change::Remove(Removal {
            key: key.clone(),
            stamp: stamp(3, sequence, 50),
            seen,
            horizon: Duration::from_secs(90_000),
        })
    };
    assert_eq!(directory.apply(at(1000), removal(1, 4)), Ok(Applied::Changed));
    assert_eq!(shown(&directory).len(), 1);
    assert_eq!(directory.apply(at(1000), removal(2, 5)), Ok(Applied::Changed));
    assert_eq!(shown(&directory).len(), 0);
    assert_eq!(directory.apply(at(1000), removal(1, 4)), Ok(Applied::Unchanged));
    assert_eq!(directory.apply(at(1000), put(record(stamp(2, 5, 0)), 10)), Ok(Applied::Unchanged));
    assert!(directory.is_empty());
}

#[test]
fn a_renewal_of_the_owner_counts_and_an_older_one_does_not() {
    let mut directory = with_one();
    let key = Key::local(None, EndpointName::new("node1").unwrap());
    let renewal = |renewals, seconds| {
        let dot = Dot::new(ReplicaId(2), 5);
        Change::Renew(Renewal { key: key.clone(), dot, renewals, age: Duration::from_secs(seconds) })
    };
    assert_eq!(directory.apply(at(1000), renewal(2, 4)), Ok(Applied::Changed));
    assert_eq!(shown(&directory)[0].2, 4);
    assert_eq!(directory.apply(at(1000), renewal(1, 1)), Ok(Applied::Unchanged));
    assert_eq!(directory.apply(at(1000), renewal(2, 1)), Ok(Applied::Unchanged));
    assert_eq!(shown(&directory)[0].2, 4);
}

/// How old a directory takes each write of its registrations to be, in seconds.
fn ages(directory: &Directory) -> BTreeMap<Dot, u64> {
    let ids = directory.ids(at(1000), &Origin::Local);
    ids.map(|(_, record)| (record.dot(), record.age().as_secs())).collect()
}

#[test]
fn a_write_that_comes_again_after_a_younger_sign_of_life_is_no_older_for_it() {
    let mut directory = with_one();
    directory.apply_renewals(at(1000), &Origin::Local, (ReplicaId(2), 0, 1), [(5, Duration::from_secs(4))]).unwrap();
    // Who passes it on has counted more renewals, and did not hear of the last.
    let again = Record { renewals: 7, ..record(stamp(2, 5, 0)) };
    directory.apply(at(1000), put(again, 8)).unwrap();
    // And nobody has to take it over: its owner knows what it has told.
    assert_eq!(ages(&directory), [(Dot::new(ReplicaId(2), 5), 4)].into());
}

proptest! {
    #[test]
    fn no_sign_of_life_makes_a_write_older(
        has_other in any::<bool>(),
        signs in prop::collection::vec((0..3_u8, any::<bool>(), 0..5_u32, 0..60_u64), 1..12),
    ) {
        let (mut directory, other) = (with_one(), stamp(3, 7, 2));
        if has_other {
            directory.apply(at(1000), put(record(other), 30)).unwrap();
        }
        for (kind, is_other, renewals, seconds) in signs {
            let stamp = if has_other && is_other { other } else { stamp(2, 5, 0) };
            let (before, dot, age) = (ages(&directory), stamp.dot, Duration::from_secs(seconds));
            match kind {
                0 => drop(directory.apply(at(1000), put(Record { renewals, ..record(stamp) }, seconds)).unwrap()),
                1 => {
                    let renewal = Renewal { key: record(stamp).key, dot, renewals, age };
                    directory.apply(at(1000), Change::Renew(renewal)).unwrap();
                }
                _ => {
                    let after = directory.heard(&Origin::Local).sequence(dot.replica);
                    let renewed = [(dot.sequence, age)];
                    let batch = (dot.replica, after, after + 1);
                    directory.apply_renewals(at(1000), &Origin::Local, batch, renewed).unwrap();
                }
            }
            let after = ages(&directory);
            let is_no_older = |(dot, age)| after.get(dot).is_some_and(|after| after <= age);
            prop_assert!(before.iter().all(is_no_older), "{before:?} became {after:?}");
        }
    }
}

fn any_change() -> impl Strategy<Value = Change> {
    let number = || prop::sample::select(vec![0, 1, 2, 3, 4, u64::MAX - 1, u64::MAX]);
    let stamps =
        (number(), number(), number()).prop_map(|(replica, sequence, millis)| stamp(replica, sequence, millis));
    let version = prop::collection::vec((number(), number()), 0..3)
        .prop_map(|dots| dots.into_iter().map(|(replica, sequence)| Dot::new(ReplicaId(replica), sequence)).collect());
    let foreign = prop::option::of(prop::sample::select(vec![
        "coap://other/1",
        "coap://other/2",
        "/rd/x",
        "coap://rd.example/1",
    ]));
    (0_u8..6, stamps, version, number(), common::any_registration(), foreign).prop_map(
        |(kind, stamp, seen, seconds, registration, foreign): (u8, Stamp, Version, u64, Registration, Option<&str>)| {
            let key = registration.key();
            let age = Duration::from_secs(seconds);
            match kind {
                0 => Change::Renew(Renewal { key, dot: stamp.dot, renewals: seconds as u32, age }),
                1 => Change::Remove(Removal { key, stamp, seen, horizon: age }),
                _ => {
                    let record = Record::register(registration, stamp, seen);
                    let record = match foreign {
                        Some(uri) => record.at(Authority::new("coap://other").unwrap(), Location::new(uri).unwrap()),
                        None => record,
                    };
                    Change::Put { record: Box::new(record), age }
                }
            }
        },
    )
}

proptest! {
    #[test]
    fn whatever_comes_a_refusal_changes_nothing_and_look_ups_stay_right(
        changes in prop::collection::vec(any_change(), 1..12),
        query in common::query(),
    ) {
        let mut directory = replica(1);
        for change in changes {
            let before = (shown(&directory), directory.len(), directory.next_expiry());
            let feed: Vec<Change> = directory.feed(at(1000), &Version::new()).unwrap().map(|change| change.to_change()).collect();
            if directory.apply(at(1000), change).is_err() {
                prop_assert_eq!((shown(&directory), directory.len(), directory.next_expiry()), before);
                let again = directory.feed(at(1000), &Version::new()).unwrap().map(|change| change.to_change());
                prop_assert_eq!(again.collect::<Vec<_>>(), feed);
            }
            let query = query.clone().without_page();
            let by_index: Vec<Location> = directory.endpoints(at(1000), &query).map(|endpoint| endpoint.location()).collect();
            let all = Query::all();
            let by_scan: Vec<Location> = directory
                .endpoints(at(1000), &all)
                .filter(|endpoint| query.matches_endpoint(endpoint, endpoint.resources()))
                .map(|endpoint| endpoint.location())
                .collect();
            prop_assert_eq!(by_index, by_scan);
            while directory.expire(at(1000)) {}
        }
        // In the end everything is forgotten.
        while directory.expire(waypost_time::Instant::MAX) {}
        prop_assert!(directory.is_empty());
    }
}

#[test]
fn what_another_replica_heard_in_one_of_its_zones_is_seen_from_none_here() {
    let mut made = registration("node1", "coap://[fe80::1]", LINKS);
    made.zone = Some(3);
    let record = Record::register(made, stamp(2, 5, 0), Version::new());
    let mut directory = replica(1);
    directory.apply(at(1000), put(record, 10)).unwrap();

    let endpoint = directory.endpoints(at(1000), &Query::all()).next().unwrap();
    assert_eq!(endpoint.zone(), None);
    for zone in [None, Some(3)] {
        assert_eq!(directory.endpoints(at(1000), &Query::all()).seen_from(zone).count(), 0);
        assert_eq!(directory.resources(at(1000), &Query::all()).seen_from(zone).count(), 0);
    }
}

/// The owner of the other write had forgotten the one that has expired, or never heard of it.
#[test]
fn a_renewal_that_is_heard_of_late_revives_the_write_that_was_renewed_and_no_other() {
    let of_lifetime = |base| {
        let lifetime = Lifetime::from_secs(100).unwrap();
        Registration { lifetime, ..registration("node1", base, LINKS) }
    };
    let (mut here, mut there) = (replica(1), replica(2));
    let location = here.register(at(0), of_lifetime("coap://here")).unwrap().location;
    there.register(at(10), of_lifetime("coap://there")).unwrap();
    let take = |from: &Directory, to: &mut Directory, now| {
        for change in from.feed(now, &to.version().clone()).unwrap() {
            to.apply(now, change.to_change()).unwrap();
        }
        to.advance(from.version()).unwrap();
    };
    take(&there, &mut here, at(20));
    there.renew(at(60), &location).unwrap();
    assert!(here.registration(at(120), &location).unwrap().is_expired());
    take(&here, &mut there, at(120));

    for batch in there.renewals(at(130), &Origin::Local, &Version::new()) {
        let renewed = batch.renewed.iter().map(|renewed| (renewed.sequence, renewed.age));
        here.apply_renewals(at(130), &Origin::Local, (batch.owner, batch.after, batch.upto), renewed).unwrap();
    }
    assert_eq!(here.registration(at(130), &location).unwrap().base(), "coap://there");
    there.remove(at(140), &location).unwrap();
    take(&there, &mut here, at(140));
    assert_eq!(here.endpoints(at(140), &Query::all()).count(), 0);
}

/// Brings `to` up to date with `from`, renewals included.
fn tell(from: &Directory, to: &mut Directory, seconds: u64) {
    let now = at(seconds);
    for change in from.feed(now, &to.version().clone()).unwrap() {
        to.apply(now, change.to_change()).unwrap();
    }
    to.advance(from.version()).unwrap();
    for batch in from.renewals(now, &Origin::Local, &to.heard(&Origin::Local)) {
        let renewed = batch.renewed.iter().map(|renewed| (renewed.sequence, renewed.age));
        to.apply_renewals(now, &Origin::Local, (batch.owner, batch.after, batch.upto), renewed).unwrap();
    }
}

#[test]
fn a_removal_that_did_not_see_what_has_expired_is_told_on() {
    let [mut first, mut second, mut third] = [1, 2, 3].map(replica);
    let mut sensor = registration("node1", "coap://h", LINKS);
    sensor.lifetime = Lifetime::from_secs(60).unwrap();
    first.register(at(0), sensor.clone()).unwrap();
    first.expire(at(70));
    let location = second.register(at(70), sensor).unwrap().location;
    tell(&second, &mut third, 70);
    third.remove(at(70), &location).unwrap();
    // The first still keeps what has expired there when it hears of the removal.
    tell(&third, &mut first, 71);
    tell(&first, &mut second, 72);
    assert_eq!(second.endpoints(at(72), &Query::all()).count(), 0);
}

#[test]
fn a_renewal_is_told_on_by_who_got_the_registration_after_it() {
    let [mut owner, mut between, mut last] = [1, 2, 3].map(replica);
    let mut sensor = registration("node1", "coap://h", LINKS);
    sensor.lifetime = Lifetime::from_secs(60).unwrap();
    let location = owner.register(at(0), sensor).unwrap().location;
    tell(&owner, &mut last, 0);
    owner.renew(at(50), &location).unwrap();
    tell(&owner, &mut between, 50);
    tell(&between, &mut last, 51);
    assert_eq!(last.endpoints(at(80), &Query::all()).count(), 1);
}

#[test]
fn a_renewal_is_told_on_by_who_has_forgotten_the_registration() {
    let [mut owner, mut between, mut last] = [1, 2, 3].map(replica);
    let mut sensor = registration("node1", "coap://h", LINKS);
    sensor.lifetime = Lifetime::from_secs(60).unwrap();
    let location = owner.register(at(0), sensor).unwrap().location;
    tell(&owner, &mut between, 0);
    owner.renew(at(50), &location).unwrap();
    tell(&owner, &mut last, 50);
    owner.renew(at(100), &location).unwrap();
    tell(&owner, &mut last, 100);
    for seconds in [60, 110] {
        between.expire(at(seconds));
    }
    assert_eq!(between.registration(at(110), &location).map(|kept| kept.is_expired()), None);
    owner.renew(at(150), &location).unwrap();
    tell(&owner, &mut between, 150);
    tell(&between, &mut last, 151);
    tell(&owner, &mut last, 151);
    assert_eq!(last.endpoints(at(200), &Query::all()).count(), 1);
    // Where it comes back to, from who did not hear of the renewal, that counts.
    let written = owner.feed(at(170), &Version::new()).unwrap().next().unwrap().to_change();
    let Change::Put { record, .. } = written else { panic!("it was registered") };
    between.apply(at(170), put(*record, 40)).unwrap();
    assert_eq!(between.endpoints(at(205), &Query::all()).count(), 1);
}

#[test]
fn writes_that_did_not_see_each_other_are_compared_each_as_it_was_written() {
    let (first, second) = (stamp(2, 5, 1), stamp(3, 7, 2));
    let mut directory = with_one();
    directory.apply(at(1000), put(record(first), 20)).unwrap();
    directory.apply(at(1000), put(record(second), 30)).unwrap();
    let compared: Vec<_> = directory
        .ids(at(1000), &Origin::Local)
        .map(|(_, record)| (record.to_record(), record.age().as_secs()))
        .collect();
    assert_eq!(compared, [(record(stamp(2, 5, 0)), 10), (record(second), 30)]);
    for dot in [first.dot, second.dot] {
        let Some(ChangeRef::Put(written)) = directory.written(at(1000), &Origin::Local, dot) else { panic!("one put") };
        assert_eq!(written.to_record().seen.iter().collect::<Vec<_>>(), [dot]);
    }
}

#[test]
fn removals_that_did_not_see_each_other_are_found_by_what_they_removed() {
    let mut here = with_one();
    let (_, record) = here.ids(at(0), &Origin::Local).next().unwrap();
    let id = record.removal_id();
    let mut there = replica(3);
    tell(&here, &mut there, 0);
    for directory in [&mut here, &mut there] {
        let location = directory.endpoints(at(1), &Query::all()).next().unwrap().location();
        directory.remove(at(1), &location).unwrap();
    }
    tell(&there, &mut here, 1);
    let removals: Vec<_> = here.removals(at(1), &Origin::Local).collect();
    assert_eq!(removals.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [id, id]);
    for (_, removal) in removals {
        let written = here.written(at(1), &Origin::Local, removal.stamp().dot).unwrap();
        assert!(matches!(written, ChangeRef::Remove(found) if found.stamp() == removal.stamp()));
    }
    assert_eq!(here.ids(at(1), &Origin::Local).count(), 0);
}

#[test]
fn what_this_replica_wrote_and_has_no_more_does_not_come_back_from_others() {
    let mut owner = replica(1);
    let location = owner.register(at(0), registration("node1", "coap://h", LINKS)).unwrap().location;
    let written = owner.feed(at(0), &Version::new()).unwrap().next().unwrap().to_change();
    let Change::Put { record, .. } = written else { panic!("it was registered") };
    owner.expire(at(90_001));
    assert!(owner.forget_expired(at(90_001), &location));
    // Where it was heard of late, it lives on for a while.
    assert_eq!(owner.apply(at(90_001), put(*record, 89_950)), Ok(Applied::Unchanged));
    assert_eq!(owner.endpoints(at(90_001), &Query::all()).count(), 0);
}

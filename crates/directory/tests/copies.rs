//! What a source has lost or does not have any more is forgotten, and nothing else is.

mod common;

use core::time::Duration;

use common::{at, registration, replica};
use waypost_filter::Query;
use waypost_model::{
    Authority, Change, Dot, Key, Lifetime, Location, Origin, Record, Registration, Removal, ReplicaId, Stamp,
    Timestamp, Version,
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

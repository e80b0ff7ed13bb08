//! Changes that no honest replica would send.

use core::time::Duration;

use proptest::prelude::*;
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{
    Base, Change, Credentials, Dot, EndpointName, Merged, Record, Registration, Removal, Renewal, ReplicaId, Stamp,
    State, Timestamp, Update, Version,
};

fn dot() -> impl Strategy<Value = Dot> {
    let sequence = prop_oneof![0..4_u64, Just(u64::MAX)];
    (0..4_u64, sequence).prop_map(|(replica, sequence)| Dot::new(ReplicaId(replica), sequence))
}

fn stamp() -> impl Strategy<Value = Stamp> {
    let time = prop_oneof![0..4_u64, Just(u64::MAX)];
    (time, dot()).prop_map(|(bits, dot)| Stamp { time: Timestamp::from_bits(bits), dot })
}

fn version() -> impl Strategy<Value = Version> {
    prop::collection::vec(dot(), 0..4).prop_map(Version::from)
}

fn registration(credentials: u8) -> Registration {
    let base = Base::given("coap://[2001:db8::1]").unwrap();
    let mut registration = Registration::new(EndpointName::new("node1").unwrap(), base, LinkDocumentBuf::default());
    registration.attributes.push("et", Some("x")).unwrap();
    registration.credentials = Credentials::new([[credentials]]);
    registration
}

/// A record whose every stamp is made up.
fn record() -> impl Strategy<Value = Record> {
    (prop::collection::vec(stamp(), 7), version(), 0..2_u8, any::<u32>()).prop_map(|(stamps, seen, key, renewals)| {
        let mut record = Record::register(registration(key), stamps[0], Version::new());
        (record.seen, record.renewals) = (seen, renewals);
        (record.written, record.first, record.replaced) = (stamps[0], stamps[1], stamps[2]);
        (record.base.stamp, record.lifetime.stamp, record.links.stamp) = (stamps[3], stamps[4], stamps[5]);
        record.attributes.values_mut().for_each(|register| register.stamp = stamps[6]);
        record
    })
}

fn change() -> impl Strategy<Value = Change> {
    let key = registration(0).key();
    let other = key.clone();
    prop_oneof![
        3 => record().prop_map(|record| Change::Put { record: Box::new(record), age: Duration::MAX }),
        1 => (stamp(), version()).prop_map(move |(stamp, seen)| {
            Change::Remove(Removal { key: key.clone(), stamp, seen, horizon: Duration::MAX })
        }),
        1 => (dot(), any::<u32>()).prop_map(move |(dot, renewals)| {
            Change::Renew(Renewal { key: other.clone(), dot, renewals, age: Duration::MAX })
        }),
    ]
}

proptest! {
    #[test]
    fn no_changes_make_a_state_panic_or_hold_more_writes_than_came(changes in prop::collection::vec(change(), 0..12)) {
        let mut state = State::new();
        for (at, change) in changes.iter().enumerate() {
            state.merge(change.clone());
            prop_assert!(state.len() <= at + 1);
            let _ = (state.record().is_some(), state.seen(), state.conflict());
            prop_assert!(matches!(state.merge(change.clone()), Merged::Unchanged), "the same twice");
        }
        let copy = state.clone();
        prop_assert!(!state.join(&copy));
    }

    #[test]
    fn a_local_write_has_the_last_word(changes in prop::collection::vec(change(), 0..12)) {
        let mut state = State::new();
        changes.into_iter().for_each(|change| { state.merge(change); });
        let here = |sequence| Stamp { time: Timestamp::from_millis(1), dot: Dot::new(ReplicaId(9), sequence) };

        let written = state.register(registration(0), here(1)).clone();
        prop_assert_eq!(state.len(), 1);
        prop_assert_eq!(&*state.record().unwrap(), &written);

        let moved = Base::given("coap://[2001:db8::2]").unwrap();
        state.update(Update { base: Some(moved.clone()), ..Update::default() }, here(2)).unwrap();
        prop_assert_eq!(&state.record().unwrap().base.value, &moved);
        prop_assert!(state.remove(here(3), Duration::ZERO).is_some());
        prop_assert!(!state.is_alive());
    }
}

//! The merge rule, case by case.

use core::time::Duration;

use waypost_link_format::LinkDocumentBuf;
use waypost_model::{
    Attributes, Authority, Base, Change, Conflict, Credentials, Dot, EndpointName, Location, Merged, Record,
    Registration, Removal, ReplicaId, Stamp, State, Timestamp, Update, Version,
};

const HORIZON: Duration = Duration::from_secs(90_000);

fn stamp(replica: u64, sequence: u64, millis: u64) -> Stamp {
    Stamp { time: Timestamp::from_millis(millis), dot: Dot::new(ReplicaId(replica), sequence) }
}

fn registration(host: &str) -> Registration {
    let links = LinkDocumentBuf::parse("</t>;rt=temp").unwrap();
    let base = Base::given(&format!("coap://{host}")).unwrap();
    Registration::new(EndpointName::new("node1").unwrap(), base, links)
}

fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    let mut attributes = Attributes::new();
    pairs.iter().for_each(|(name, value)| attributes.push(name, Some(value)).unwrap());
    attributes
}

fn set(pairs: &[(&str, &str)]) -> Update {
    Update { attributes: attributes(pairs), ..Update::default() }
}

fn base(host: &str) -> Update {
    Update { base: Some(Base::given(&format!("coap://{host}")).unwrap()), ..Update::default() }
}

fn put(record: &Record) -> Change {
    Change::Put { record: Box::new(record.clone()), age: Duration::ZERO }
}

/// Two replicas that know the same registration, made at replica 1.
fn two(registration: Registration) -> (State, State) {
    let mut here = State::new();
    here.register(registration, stamp(1, 1, 1_000));
    (here.clone(), here)
}

fn shown(state: &State) -> Vec<(String, String)> {
    let record = state.record().unwrap();
    record.attributes().map(|(name, value)| (name.to_owned(), value.unwrap_or_default().to_owned())).collect()
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn updates_of_different_fields_that_did_not_see_each_other_both_stay() {
    let (mut here, mut there) = two(registration("a"));
    here.update(set(&[("room", "1")]), stamp(1, 2, 2_000));
    there.update(base("b"), stamp(2, 1, 1_500));
    here.join(&there);
    let record = here.record().unwrap();
    assert_eq!(record.base.value.as_str(), "coap://b");
    assert_eq!(shown(&here), pairs(&[("room", "1")]));
    assert_eq!(record.stamp(), stamp(1, 2, 2_000));
}

#[test]
fn of_two_updates_of_one_field_the_later_clock_wins_and_then_the_replica() {
    for (millis, winner) in [(1_999, "here"), (2_000, "there"), (2_001, "there")] {
        let (mut here, mut there) = two(registration("a"));
        here.update(base("here"), stamp(1, 2, 2_000));
        there.update(base("there"), stamp(2, 1, millis));
        here.join(&there);
        assert_eq!(here.record().unwrap().base.value.as_str(), format!("coap://{winner}"));
    }
}

#[test]
fn a_write_wins_over_what_it_saw_whatever_its_clock_says() {
    let (mut here, mut there) = two(registration("a"));
    here.update(base("b"), stamp(1, 2, 9_000));
    there.join(&here);
    let record = there.update(base("c"), stamp(2, 1, 5)).unwrap().clone();
    assert!(record.stamp() > stamp(1, 2, 9_000));
    assert_eq!(here.merge(put(&record)), Merged::Changed);
    assert_eq!(here.record().unwrap().base.value.as_str(), "coap://c");
    assert_eq!(here.len(), 1);
}

#[test]
fn an_update_replaces_all_values_of_the_names_it_gives_and_no_others() {
    let mut whole = registration("a");
    whole.attributes = attributes(&[("et", "x"), ("et", "y"), ("room", "1")]);
    let (mut here, _) = two(whole);
    here.update(set(&[("et", "z")]), stamp(1, 2, 2_000));
    assert_eq!(shown(&here), pairs(&[("et", "z"), ("room", "1")]));
}

#[test]
fn a_whole_registration_takes_away_the_attributes_it_does_not_name() {
    let mut whole = registration("a");
    whole.attributes = attributes(&[("et", "x"), ("room", "1")]);
    let (mut here, mut there) = two(whole);
    // Written before by the clock, and not seen: the registration sets it to nothing.
    there.update(set(&[("room", "2")]), stamp(2, 1, 1_500));
    let mut again = registration("a");
    again.attributes = attributes(&[("floor", "3")]);
    here.register(again, stamp(1, 2, 2_000));
    here.join(&there);
    assert_eq!(shown(&here), pairs(&[("floor", "3")]));
    // Written after.
    there.update(set(&[("room", "4")]), stamp(2, 2, 2_500));
    here.join(&there);
    assert_eq!(shown(&here), pairs(&[("floor", "3"), ("room", "4")]));
}

#[test]
fn a_link_goes_with_its_base() {
    let (mut here, mut there) = two(registration("a"));
    let local = Update { zone: Some(3), ..base("[fe80::1]") };
    there.update(local, stamp(2, 1, 2_000));
    here.update(set(&[("room", "1")]), stamp(1, 2, 3_000));
    here.join(&there);
    assert_eq!(here.record().unwrap().zone, Some(3));
}

#[test]
fn a_removal_takes_what_it_saw() {
    let (mut here, mut there) = two(registration("a"));
    let removal = there.remove(stamp(2, 1, 2_000), HORIZON).unwrap().clone();
    assert_eq!(here.merge(Change::Remove(removal.clone())), Merged::Changed);
    assert!(!here.is_alive() && here.record().is_none());
    assert_eq!(here.removals().collect::<Vec<_>>(), [&removal]);
    assert!(here.update(Update::default(), stamp(1, 2, 3_000)).is_none());
    assert!(here.remove(stamp(1, 2, 3_000), HORIZON).is_none());
}

#[test]
fn a_late_copy_does_not_undo_a_removal() {
    let (mut here, there) = two(registration("a"));
    here.remove(stamp(1, 2, 2_000), HORIZON);
    let old = there.records().next().unwrap();
    assert_eq!(here.merge(put(old)), Merged::Unchanged);
    assert!(!here.is_alive());
}

#[test]
fn a_removal_that_comes_before_what_it_removes_still_removes_it() {
    let (mut here, _) = two(registration("a"));
    let record = here.records().next().unwrap().clone();
    let removal = here.remove(stamp(1, 2, 2_000), HORIZON).unwrap().clone();
    let mut late = State::from(removal);
    assert_eq!(late.merge(put(&record)), Merged::Unchanged);
    assert_eq!(late, here);
}

#[test]
fn an_update_that_did_not_see_a_removal_wins_over_it_with_all_that_it_saw() {
    let mut whole = registration("a");
    whole.attributes = attributes(&[("room", "1")]);
    let (mut here, mut there) = two(whole);
    here.remove(stamp(1, 2, 9_000), HORIZON);
    there.update(base("b"), stamp(2, 1, 2_000));
    here.join(&there);
    assert_eq!(here.record().unwrap().base.value.as_str(), "coap://b");
    assert_eq!(shown(&here), pairs(&[("room", "1")]));
    assert_eq!(here.removals().count(), 1, "it must still meet late copies of what it removed");
}

#[test]
fn a_registration_after_a_removal_takes_its_place() {
    let (mut here, there) = two(registration("a"));
    here.remove(stamp(1, 2, 2_000), HORIZON);
    let record = here.register(registration("b"), stamp(1, 3, 3_000)).clone();
    assert_eq!(here.removals().count(), 0);
    assert_eq!(record.first, record.stamp(), "what was removed is not remembered");
    let mut late = there;
    late.join(&here);
    assert_eq!(late, here);
}

#[test]
fn registrations_of_different_credentials_do_not_mix() {
    let owned = |host: &str, key: &[u8]| Registration { credentials: Credentials::new([key]), ..registration(host) };
    let (mut here, mut there) = (State::new(), State::new());
    let first = here.register(owned("a", b"one"), stamp(1, 1, 1_000)).clone();
    let second = there.register(owned("b", b"two"), stamp(2, 1, 1_001)).clone();
    // The loser is updated later, and still loses.
    let third = there.update(set(&[("room", "1")]), stamp(2, 2, 9_000)).unwrap().clone();
    assert_eq!(third.first, second.first);

    let conflict = Conflict { kept: first.dot(), refused: third.dot() };
    assert_eq!(here.merge(put(&third)), Merged::Conflict(conflict));
    assert_eq!(there.merge(put(&first)), Merged::Conflict(conflict));
    assert_eq!(here, there);
    assert_eq!(*here.record().unwrap(), first);

    // The winner's next write has seen the conflict and ends it.
    here.update(set(&[("room", "2")]), stamp(1, 2, 10_000));
    assert_eq!(here.conflict(), None);
    there.join(&here);
    assert_eq!(there, here);
}

#[test]
fn the_first_registration_is_remembered_while_the_credentials_stay() {
    let owned = |key: &[u8]| Registration { credentials: Credentials::new([key]), ..registration("a") };
    let mut state = State::new();
    let first = state.register(owned(b"one"), stamp(1, 1, 1_000)).first;
    assert_eq!(state.register(owned(b"one"), stamp(1, 2, 2_000)).first, first);
    assert_eq!(state.register(owned(b"two"), stamp(1, 3, 3_000)).first, stamp(1, 3, 3_000));
}

#[test]
fn renewals_of_one_write_take_the_higher_count() {
    let (mut here, mut there) = two(registration("a"));
    let one = here.renew(ReplicaId(1), Duration::ZERO).unwrap();
    let two = here.renew(ReplicaId(1), Duration::ZERO).unwrap();
    assert_eq!(there.merge(Change::Renew(two)), Merged::Renewed);
    assert_eq!(there.merge(Change::Renew(one)), Merged::Unchanged);
    assert_eq!(there.record().unwrap().renewals, 2);
    let record = here.records().next().unwrap();
    assert_eq!(there.merge(put(record)), Merged::Unchanged);
}

#[test]
fn only_the_owner_renews_and_another_takes_over() {
    let (mut here, mut there) = two(registration("a"));
    assert_eq!(there.renew(ReplicaId(2), Duration::ZERO), None);
    let taken = there.update(Update::default(), stamp(2, 1, 2_000)).unwrap().clone();
    assert_eq!(taken.base.stamp, stamp(1, 1, 1_000), "nothing but the owner changed");
    assert!(there.renew(ReplicaId(2), Duration::ZERO).is_some());
    let late = here.renew(ReplicaId(1), Duration::ZERO).unwrap();
    assert_eq!(here.merge(put(&taken)), Merged::Changed);
    assert_eq!(here.renew(ReplicaId(1), Duration::ZERO), None);
    assert_eq!(there.merge(Change::Renew(late)), Merged::Unchanged, "the write it renews is no more");
}

#[test]
fn a_renewal_that_did_not_see_a_removal_does_not_undo_it() {
    let (mut here, mut there) = two(registration("a"));
    let removal = here.remove(stamp(1, 2, 2_000), HORIZON).unwrap().clone();
    let renewal = there.update(Update::default(), stamp(2, 1, 9_000)).unwrap().clone();
    assert!(renewal.is_renewal());
    assert_eq!(here.merge(put(&renewal)), Merged::Unchanged);
    assert_eq!(there.merge(Change::Remove(removal)), Merged::Changed);
    assert_eq!(here, there);
    assert!(!here.is_alive());
    // Whoever registers anew, or changes something, did not only renew.
    let again = there.register(registration("a"), stamp(2, 2, 9_001)).clone();
    assert!(!again.is_renewal());
    here.merge(put(&again));
    assert!(here.is_alive());
    assert_eq!(here.merge(put(&renewal)), Merged::Unchanged, "a late copy");
}

#[test]
fn a_renewal_of_what_a_removal_did_not_see_stays() {
    let (mut here, mut there) = two(registration("a"));
    here.remove(stamp(1, 2, 2_000), HORIZON);
    there.update(base("b"), stamp(2, 1, 2_000));
    there.update(Update::default(), stamp(3, 1, 2_001));
    here.join(&there);
    assert!(here.is_alive());
    let renewed = here.update(Update::default(), stamp(1, 3, 3_000)).unwrap().clone();
    assert_eq!(here.len(), 1, "it has seen the removal");
    there.merge(put(&renewed));
    assert_eq!(here, there);
}

#[test]
fn of_two_renewals_of_the_same_the_later_stays() {
    let (mut here, mut there) = two(registration("a"));
    let one = here.update(Update::default(), stamp(3, 1, 2_000)).unwrap().clone();
    let two = there.update(Update::default(), stamp(2, 1, 2_001)).unwrap().clone();
    assert_eq!(here.merge(put(&two)), Merged::Changed);
    assert_eq!(there.merge(put(&one)), Merged::Unchanged);
    assert_eq!(here, there);
    assert_eq!(here.record().unwrap().dot(), two.dot());
}

#[test]
fn two_records_that_did_not_see_each_other_are_renewed_by_a_write() {
    let (mut here, mut there) = two(registration("a"));
    here.update(set(&[("room", "1")]), stamp(1, 2, 2_000));
    there.update(base("b"), stamp(2, 1, 2_000));
    here.join(&there);
    assert_eq!(here.renew(ReplicaId(1), Duration::ZERO), None);
    here.update(Update::default(), stamp(1, 3, 3_000));
    assert_eq!(here.len(), 1);
    assert!(here.renew(ReplicaId(1), Duration::ZERO).is_some());
}

#[test]
fn what_is_shown_has_seen_all_and_counts_the_renewals_of_the_newest() {
    let (mut here, mut there) = two(registration("a"));
    here.update(set(&[("room", "1")]), stamp(1, 2, 2_000));
    here.renew(ReplicaId(1), Duration::ZERO).unwrap();
    there.update(base("b"), stamp(2, 1, 3_000));
    there.renew(ReplicaId(2), Duration::ZERO).unwrap();
    there.renew(ReplicaId(2), Duration::ZERO).unwrap();
    here.join(&there);
    let record = here.record().unwrap();
    assert_eq!((record.dot(), record.renewals), (Dot::new(ReplicaId(2), 1), 2));
    assert_eq!(record.seen, here.seen());
    assert_eq!(record.first, stamp(1, 1, 1_000));
}

#[test]
fn a_removal_is_remembered_for_the_longest_time_that_anyone_asked_for() {
    let (mut here, _) = two(registration("a"));
    let removal = here.remove(stamp(1, 2, 2_000), HORIZON).unwrap().clone();
    let longer = Removal { horizon: 2 * HORIZON, ..removal.clone() };
    here.merge(Change::Remove(longer));
    here.merge(Change::Remove(removal));
    assert_eq!(here.removals().next().unwrap().horizon, 2 * HORIZON);
}

#[test]
fn a_change_of_another_key_is_not_taken() {
    let (mut here, _) = two(registration("a"));
    let other = Registration { endpoint: EndpointName::new("node2").unwrap(), ..registration("a") };
    let record = Record::register(other, stamp(2, 1, 9_000), Version::new());
    assert_eq!(here.merge(put(&record)), Merged::Unchanged);
    assert!(!here.join(&State::from(record)));
    assert_eq!(here.key().unwrap().endpoint.as_str(), "node1");
}

#[test]
fn a_foreign_registration_stays_where_it_is() {
    let location = Location::new("coap://rd.example/reg/42").unwrap();
    let authority = Authority::of(location.as_str()).unwrap();
    let record = Record::register(registration("a"), stamp(1, 1, 1_000), Version::new());
    let mut state = State::from(record.at(authority, location.clone()));
    let record = state.register(registration("b"), stamp(1, 2, 2_000));
    assert!(!record.key.origin.is_local());
    assert_eq!(record.location, Some(location));
}

#[test]
fn what_is_forgotten_is_gone_and_nothing_else() {
    let (mut here, mut there) = two(registration("a"));
    here.remove(stamp(1, 2, 9_000), HORIZON);
    there.update(base("b"), stamp(2, 1, 2_000));
    here.join(&there);
    assert!(here.forget(Dot::new(ReplicaId(1), 2)));
    assert!(!here.forget(Dot::new(ReplicaId(1), 2)));
    assert!(here.is_alive());
    assert!(here.forget(Dot::new(ReplicaId(2), 1)));
    assert!(here.is_empty() && here.key().is_none());
}

#[test]
fn a_dishonest_record_does_no_more_than_take_part() {
    let (mut here, _) = two(registration("a"));
    // It is from the end of time.
    let far = Stamp { time: Timestamp::from_bits(u64::MAX), dot: Dot::new(ReplicaId(9), u64::MAX) };
    let mut record = Record::register(registration("b"), far, Version::new());
    assert_eq!(here.merge(put(&record)), Merged::Changed);
    assert_eq!(here.merge(put(&record)), Merged::Unchanged);
    assert!(here.seen().contains(far.dot));
    // One that does not name itself as seen says nothing.
    record.written.dot.replica = ReplicaId(10);
    record.seen = Version::new();
    assert_eq!(here.merge(put(&record)), Merged::Unchanged);
    let written = here.update(base("c"), stamp(1, 2, 2_000)).unwrap().stamp();
    assert_eq!(written.time, Timestamp::from_bits(u64::MAX));
    assert_eq!(here.record().unwrap().base.value.as_str(), "coap://c");
    assert_eq!(here.len(), 1);
}

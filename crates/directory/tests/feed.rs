//! The feed carries everything that changed after a version, and nothing twice.

mod common;

use core::time::Duration;

use common::{Twins, at, operations, query, registration, replica};
use proptest::prelude::*;
use waypost_directory::{Applied, ChangeRef, Directory, RecordRef, Refused};
use waypost_filter::Query;
use waypost_link_format::LinkWriter;
use waypost_model::{Authority, Change, Location, Origin, Record, Register, Registration, Sector, Stamp, Version};
use waypost_time::Instant;

/// Everything that a directory shows, in an order that does not depend on its slots.
fn shown(directory: &Directory, now: Instant) -> Vec<String> {
    let show = waypost_directory::Show { provenance: true, lifetime: waypost_directory::ShowLifetime::Age };
    let all = Query::all();
    let text = |write: &dyn Fn(&mut LinkWriter<'_, String>)| {
        let mut text = String::new();
        let mut writer = LinkWriter::new(&mut text);
        write(&mut writer);
        writer.finish().unwrap();
        text
    };
    let endpoints = directory.endpoints(now, &all).map(|endpoint| text(&|out| endpoint.write(out, show).unwrap()));
    let resources = directory.resources(now, &all).map(|resource| text(&|out| resource.write(out, show).unwrap()));
    let mut shown: Vec<String> = endpoints.chain(resources).collect();
    shown.sort();
    shown
}

/// Brings `to` up to date with `from`.
fn follow(from: &Directory, to: &mut Directory, now: Instant) {
    for origin in from.origins() {
        let feed = from.feed_of(now, &origin, to.version_of(&origin)).unwrap();
        for change in feed.map(|change| change.to_change()) {
            to.apply(now, change).unwrap();
        }
        to.advance_of(&origin, from.version_of(&origin)).unwrap();
    }
}

fn assert_says(view: &RecordRef<'_>, record: &Record, age: Duration) {
    assert_eq!(view.sector(), record.key.sector.as_ref().map(Sector::as_str));
    assert_eq!(view.endpoint(), record.key.endpoint.as_str());
    let origin = view.authority().map_or(Origin::Local, |authority| Origin::Foreign(authority.clone()));
    assert_eq!((origin, view.location()), (record.key.origin.clone(), record.location.as_ref()));
    assert_eq!((view.written(), view.first(), view.replaced()), (record.written, record.first, record.replaced));
    assert!(view.seen().eq(record.seen.iter()));
    assert_eq!(view.base(), Register::new(record.base.value.as_str(), record.base.stamp));
    assert_eq!((view.base_source(), view.zone()), (record.base.value.source(), record.zone));
    assert_eq!((view.lifetime(), view.renewals()), (record.lifetime.clone(), record.renewals));
    assert_eq!((view.links().value.as_str(), view.links().stamp), (record.links.value.as_str(), record.links.stamp));
    assert_eq!((view.credentials(), view.age()), (&record.credentials, age));
    let attributes: Vec<_> =
        view.attributes().map(|(name, values)| (name, values.stamp, values.value.collect())).collect();
    let owned: Vec<(&str, Stamp, Vec<Option<&str>>)> = record
        .attributes
        .iter()
        .map(|(name, values)| (name.as_str(), values.stamp, values.value.iter().map(Option::as_deref).collect()))
        .collect();
    assert_eq!(attributes, owned);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_directory_that_follows_the_feed_shows_the_same(
        history in operations(40),
        cuts in prop::collection::vec(any::<bool>(), 40),
        query in query(),
    ) {
        let mut twins = Twins::new();
        let mut follower = replica(2);
        for (operation, cut) in history.into_iter().zip(cuts) {
            // Renewals travel another way: a follower must hear of them before a lifetime has passed.
            twins.run(operation);
            if cut {
                follow(&twins.directory, &mut follower, twins.now());
            }
        }
        follow(&twins.directory, &mut follower, twins.now());
        let mut fresh = replica(3);
        follow(&twins.directory, &mut fresh, twins.now());
        prop_assert_eq!(shown(&fresh, twins.now()), shown(&twins.directory, twins.now()));
        let found = |directory: &Directory| {
            let query = query.clone().without_page();
            let mut found: Vec<_> = directory.endpoints(twins.now(), &query).map(|endpoint| endpoint.location()).collect();
            found.sort();
            found
        };
        prop_assert_eq!(found(&fresh), found(&twins.directory));
        prop_assert_eq!(fresh.version(), twins.directory.version());
        prop_assert_eq!(fresh.feed(twins.now(), twins.directory.version()).unwrap().count(), 0);
        // The follower may not know of renewals, but it never has what is not there.
        let source = found(&twins.directory);
        prop_assert!(found(&follower).iter().all(|location| source.contains(location)));
    }

    #[test]
    fn a_feed_in_any_order_and_twice_ends_the_same(history in operations(30), order in any::<prop::sample::Index>()) {
        let mut twins = Twins::new();
        history.into_iter().for_each(|operation| twins.run(operation));
        let now = twins.now();
        let mut changes: Vec<Change> = twins.directory.feed(now, &Version::new()).unwrap().map(|change| change.to_change()).collect();
        let mut straight = replica(2);
        for change in &changes {
            straight.apply(now, change.clone()).unwrap();
        }
        let mut mixed = replica(3);
        let turn = order.index(changes.len().max(1));
        changes.rotate_left(turn);
        changes.reverse();
        for change in changes.iter().chain(&changes) {
            mixed.apply(now, change.clone()).unwrap();
        }
        prop_assert_eq!(shown(&mixed, now), shown(&straight, now));
        for change in changes {
            prop_assert_eq!(mixed.apply(now, change), Ok(Applied::Unchanged));
        }
    }

    #[test]
    fn a_borrowed_change_says_what_the_owned_one_does(left in operations(12), right in operations(12)) {
        let (mut a, mut b) = (Twins::new(), Twins::new());
        b.directory = replica(2);
        left.into_iter().for_each(|operation| a.run(operation));
        right.into_iter().for_each(|operation| b.run(operation));
        let now = at(a.now.max(b.now));
        // What both have written is merged.
        follow(&a.directory, &mut b.directory, now);
        for change in b.directory.feed(now, &Version::new()).unwrap() {
            prop_assert_eq!(change.dot(), change.to_change().dot());
            match (change, change.to_change()) {
                (ChangeRef::Put(view), Change::Put { record, age }) => assert_says(&view, &record, age),
                (ChangeRef::Remove(view), Change::Remove(removal)) => {
                    prop_assert_eq!((view.key(), view.stamp(), view.seen()), (&removal.key, removal.stamp, &removal.seen));
                    prop_assert_eq!(view.horizon(), removal.horizon);
                }
                (view, owned) => prop_assert!(false, "{view:?} and {owned:?}"),
            }
        }
    }

    #[test]
    fn two_replicas_that_write_apart_converge(left in operations(15), right in operations(15)) {
        let (mut a, mut b) = (Twins::new(), Twins::new());
        b.directory = replica(2);
        left.into_iter().for_each(|operation| a.run(operation));
        right.into_iter().for_each(|operation| b.run(operation));
        let now = at(a.now.max(b.now));
        let (mut a, mut b) = (a.directory, b.directory);
        while a.expire(now) | b.expire(now) {}
        follow(&a.clone(), &mut b, now);
        follow(&b, &mut a, now);
        let names = |directory: &Directory| {
            let mut names: Vec<_> = directory.endpoints(now, &Query::all()).map(|endpoint| {
                (endpoint.location(), endpoint.base().to_string(), endpoint.document().as_str().to_string(), endpoint.lifetime(),
                 endpoint.attributes().map(|(name, value)| format!("{name}={value:?}")).collect::<Vec<_>>())
            }).collect();
            names.sort();
            names
        };
        prop_assert_eq!(names(&a), names(&b));
        prop_assert_eq!(a.version(), b.version());
    }
}

#[test]
fn only_the_last_change_of_a_registration_is_in_the_feed() {
    let mut directory = replica(1);
    for links in ["</a>", "</b>", "</c>"] {
        directory.register(at(0), registration("node1", "coap://h", links)).unwrap();
    }
    let changes: Vec<Change> =
        directory.feed(at(0), &Version::new()).unwrap().map(|change| change.to_change()).collect();
    assert_eq!(changes.len(), 1);
    assert_eq!(changes[0].dot().sequence, 3);
}

#[test]
fn a_renewal_takes_no_dot() {
    let mut directory = replica(1);
    let location = directory.register(at(0), registration("node1", "coap://h", "")).unwrap().location;
    let version = directory.version().clone();
    directory.renew(at(10), &location).unwrap();
    directory.register(at(20), registration("node1", "coap://h", "")).unwrap();
    assert_eq!(*directory.version(), version);
    assert_eq!(directory.feed(at(20), &version).unwrap().count(), 0);
    assert_eq!(directory.registration(at(20), &location).unwrap().age().as_secs(), 0);
}

#[test]
fn a_renewal_at_another_replica_takes_the_registration_over() {
    let (mut a, mut b) = (replica(1), replica(2));
    let location = a.register(at(0), registration("node1", "coap://h", "</t>")).unwrap().location;
    follow(&a, &mut b, at(0));
    b.renew(at(100), &location).unwrap();
    assert_eq!(b.registration(at(100), &location).unwrap().dot().replica.0, 2);
    follow(&b, &mut a, at(150));
    let endpoint = a.registration(at(150), &location).unwrap();
    assert_eq!((endpoint.dot().replica.0, endpoint.age().as_secs()), (2, 50));
}

#[test]
fn a_removal_is_in_the_feed_as_long_as_a_copy_could_live() {
    let (mut a, mut b) = (replica(1), replica(2));
    let location = a.register(at(0), registration("node1", "coap://h", "</t>")).unwrap().location;
    follow(&a, &mut b, at(0));
    let before = a.version().clone();
    a.remove(at(10), &location).unwrap();
    // The default lifetime, and the guard.
    while a.expire(at(10 + 90_000 + 49)) {}
    follow(&a, &mut b, at(10 + 90_000 - 11));
    assert_eq!(b.endpoints(at(89_000), &Query::all()).count(), 0);
    while a.expire(at(10 + 90_000 + 50)) {}
    assert!(a.feed(at(90_060), &before).is_err());
    assert_eq!(a.feed(at(90_060), a.version()).unwrap().count(), 0);
    assert_eq!(a.feed(at(90_060), &Version::new()).unwrap().count(), 0);
}

#[test]
fn a_late_copy_of_what_was_removed_does_not_rise() {
    let (mut a, mut b) = (replica(1), replica(2));
    let location = a.register(at(0), registration("node1", "coap://h", "</t>")).unwrap().location;
    let put = a.feed(at(0), &Version::new()).unwrap().next().unwrap().to_change();
    a.remove(at(1), &location).unwrap();
    let removal = a.feed(at(1), &Version::new()).unwrap().next().unwrap().to_change();
    assert_eq!(b.apply(at(2), removal), Ok(Applied::Changed));
    assert_eq!(b.apply(at(3), put), Ok(Applied::Unchanged));
    assert_eq!(b.endpoints(at(3), &Query::all()).count(), 0);
}

#[test]
fn a_replica_learns_that_it_has_forgotten_its_writes() {
    let mut a = replica(1);
    a.register(at(0), registration("node1", "coap://h", "</t>")).unwrap();
    let put = a.feed(at(0), &Version::new()).unwrap().next().unwrap().to_change();
    let version = a.version().clone();
    let mut restarted = replica(1);
    assert_eq!(restarted.apply(at(0), put), Err(Refused::ForgottenWrites));
    assert_eq!(restarted.advance(&version), Err(Refused::ForgottenWrites));
    assert!(restarted.is_empty() && restarted.version().is_empty());
}

/// A directory that has mirrored a registration of another by its look-ups.
fn mirror_by_look_ups(now: Instant, location: &str, parameters: &str) -> Directory {
    let mut directory = replica(1);
    let age = Duration::from_secs(10);
    directory
        .mirror(now, Location::new(location).unwrap(), Registration::parse(parameters, "</t>").unwrap(), age)
        .unwrap();
    directory
}

#[test]
fn what_was_read_by_look_ups_is_in_the_feed_of_its_authority_with_its_place_and_its_renewals() {
    let origin = Origin::Foreign(Authority::new("coap://rd").unwrap());
    let parameters = "ep=node1&d=s&base=coap://h&lt=3600";
    let mut directory = mirror_by_look_ups(at(100), "coap://rd/reg/1", parameters);
    let version = directory.version_of(&origin).clone();
    let change = directory.feed_of(at(100), &origin, &Version::new()).unwrap().next().unwrap();
    let ChangeRef::Put(record) = change else { panic!("{change:?}") };
    assert_eq!(directory.locate_record(&record).as_str(), "coap://rd/reg/1");
    let selects = |query: &str| directory.selects(at(100), &query.parse().unwrap(), &change);
    assert!(selects("d=s") && !selects("d=t"));

    // Read again, it is as old as it was; then it was renewed.
    for (second, age, renewals) in [(110, 20, 0), (120, 5, 1)] {
        let (location, age) = (Location::new("coap://rd/reg/1").unwrap(), Duration::from_secs(age));
        directory.mirror(at(second), location, Registration::parse(parameters, "</t>").unwrap(), age).unwrap();
        assert_eq!(*directory.version_of(&origin), version);
        let told = directory.renewals(at(second), &origin, &Version::new());
        assert_eq!(told.iter().map(|batch| batch.upto).sum::<u64>(), renewals, "after {second} s");
    }
}

#[test]
fn a_copy_that_is_forgotten_is_in_no_feed_and_counts_as_a_loss() {
    let origin = Origin::Foreign(Authority::new("coap://rd").unwrap());
    let mut directory = mirror_by_look_ups(at(100), "coap://rd/reg/1", "ep=node1&base=coap://h");
    let version = directory.version_of(&origin).clone();
    let key = directory.ids(at(100), &origin).map(|(_, record)| record.to_record().key).next().unwrap();
    assert_eq!(directory.losses(&origin), 0);
    assert!(!directory.forget_copy(at(100), &key, &Version::new()));
    assert_eq!(directory.losses(&origin), 0);
    assert!(directory.forget_copy(at(100), &key, &version));
    assert_eq!(directory.losses(&origin), 1);
    assert_eq!(directory.feed_of(at(100), &origin, &Version::new()).unwrap().count(), 0);
}

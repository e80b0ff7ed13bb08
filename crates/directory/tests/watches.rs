//! A watch tells what changes in its result, all of it, and nothing else.

mod common;

extern crate alloc;

use alloc::collections::BTreeMap;

use common::{Twins, at, directory, operations, query, registration};
use proptest::prelude::*;
use waypost_directory::{Config, Directory, Refused, Scope, WatchChange, WatchId};
use waypost_filter::Query;
use waypost_link_format::{LinkDocumentBuf, LinkWriter};
use waypost_model::{Base, Lifetime, Location, Registration, ReplicaId, Update};

/// What each registration contributes to a result, as text.
fn result(directory: &Directory, now: u64, scope: Scope, query: &Query) -> BTreeMap<Location, String> {
    let mut result: BTreeMap<Location, String> = BTreeMap::new();
    let mut add = |location: Location, write: &dyn Fn(&mut LinkWriter<'_, String>)| {
        let text = result.entry(location).or_default();
        let mut writer = LinkWriter::new(text);
        write(&mut writer);
        writer.finish().unwrap();
    };
    match scope {
        Scope::Endpoints => directory.endpoints(at(now), query).for_each(|endpoint| {
            add(endpoint.location(), &|out| endpoint.write(out, Default::default()).unwrap());
        }),
        Scope::Resources => directory.resources(at(now), query).for_each(|resource| {
            add(resource.endpoint().location(), &|out| resource.write(out, Default::default()).unwrap());
        }),
    }
    result
}

fn difference(
    before: &BTreeMap<Location, String>,
    after: &BTreeMap<Location, String>,
) -> BTreeMap<Location, WatchChange> {
    let left =
        before.keys().filter(|location| !after.contains_key(*location)).map(|location| (location, WatchChange::Left));
    let now = after.iter().filter_map(|(location, text)| match before.get(location) {
        None => Some((location, WatchChange::Entered)),
        Some(old) => (old != text).then_some((location, WatchChange::Changed)),
    });
    left.chain(now).map(|(location, what)| (location.clone(), what)).collect()
}

fn events(directory: &mut Directory) -> BTreeMap<(WatchId, Location), WatchChange> {
    let mut events = BTreeMap::new();
    while let Some(event) = directory.poll_watch() {
        assert_eq!(events.insert((event.watch, event.location), event.what), None, "one event per registration");
    }
    events
}

/// Collects everything that has expired, so that results change only by what is done.
fn collect(twins: &mut Twins) {
    while twins.directory.expire(twins.now()) {}
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn events_are_the_difference_of_the_results(
        before in operations(15),
        steps in prop::collection::vec(operations(4), 1..6),
        queries in prop::collection::vec((query(), any::<bool>()), 1..6),
    ) {
        let mut twins = Twins::new();
        before.into_iter().for_each(|operation| twins.run(operation));
        collect(&mut twins);
        let mut watches = Vec::new();
        for (query, of_links) in queries {
            let scope = if of_links { Scope::Resources } else { Scope::Endpoints };
            let query = query.without_page();
            let id = twins.directory.watch(twins.now(), scope, query.clone()).unwrap();
            let shown = result(&twins.directory, twins.now, scope, &query);
            watches.push((id, scope, query, shown));
        }
        prop_assert_eq!(twins.directory.poll_watch(), None);
        for step in steps {
            for operation in step {
                twins.run(operation);
                collect(&mut twins);
            }
            let events = events(&mut twins.directory);
            let mut expected = BTreeMap::new();
            for (id, scope, query, shown) in &mut watches {
                let now = result(&twins.directory, twins.now, *scope, query);
                expected.extend(difference(shown, &now).into_iter().map(|(location, what)| ((*id, location), what)));
                *shown = now;
            }
            prop_assert_eq!(events, expected);
        }
    }
}

const LINKS: &str = "</t>;rt=core.s,</l>;rt=core.l";

fn watched(scope: Scope, query: &str) -> (Directory, WatchId, Location) {
    let mut directory = directory();
    let location = directory.register(at(0), registration("node1", "coap://h", LINKS)).unwrap().location;
    let watch = directory.watch(at(0), scope, query.parse().unwrap()).unwrap();
    (directory, watch, location)
}

#[test]
fn a_renewal_wakes_no_watch() {
    let (mut directory, _, location) = watched(Scope::Endpoints, "");
    directory.renew(at(1), &location).unwrap();
    directory.update(at(2), &location, Update::default()).unwrap();
    directory.register(at(3), registration("node1", "coap://h", LINKS)).unwrap();
    let lifetime = Some(Lifetime::from_secs(7).unwrap());
    directory.update(at(4), &location, Update { lifetime, ..Update::default() }).unwrap();
    assert_eq!(directory.poll_watch(), None);
}

#[test]
fn a_change_of_the_base_changes_resolved_targets() {
    let (mut directory, _, location) = watched(Scope::Resources, "rt=core.s");
    let base = Some(Base::given("coap://h2").unwrap());
    directory.update(at(1), &location, Update { base, ..Update::default() }).unwrap();
    assert_eq!(directory.poll_watch().unwrap().what, WatchChange::Changed);
}

#[test]
fn a_change_of_links_that_are_not_watched_wakes_no_watch() {
    let (mut directory, _, _) = watched(Scope::Resources, "rt=core.s");
    directory.register(at(1), registration("node1", "coap://h", "</t>;rt=core.s,</x>;rt=core.x")).unwrap();
    assert_eq!(directory.poll_watch(), None);
}

#[test]
fn what_comes_and_goes_between_two_questions_is_no_event() {
    let (mut directory, _, location) = watched(Scope::Endpoints, "ep=node*");
    directory.remove(at(1), &location).unwrap();
    directory.register(at(2), registration("node1", "coap://h", LINKS)).unwrap();
    let other = directory.register(at(2), registration("node2", "coap://h", LINKS)).unwrap().location;
    directory.remove(at(3), &other).unwrap();
    assert_eq!(directory.poll_watch(), None);
}

#[test]
fn expiry_is_told_when_it_is_collected() {
    let (mut directory, watch, location) = watched(Scope::Resources, "rt=core.s");
    let end = directory.registration(at(0), &location).unwrap().deadline();
    assert_eq!(directory.poll_watch(), None);
    directory.expire(end);
    let event = directory.poll_watch().unwrap();
    assert_eq!((event.watch, event.location, event.what), (watch, location.clone(), WatchChange::Left));
    directory.renew(end, &location).unwrap();
    assert_eq!(directory.poll_watch().unwrap().what, WatchChange::Entered);
}

#[test]
fn a_watch_that_ended_says_nothing() {
    let (mut directory, watch, location) = watched(Scope::Resources, "rt=core.s");
    directory.remove(at(1), &location).unwrap();
    directory.unwatch(watch);
    assert_eq!(directory.poll_watch(), None);
    directory.register(at(2), registration("node1", "coap://h", LINKS)).unwrap();
    assert_eq!(directory.poll_watch(), None);
}

#[test]
fn watches_are_limited() {
    let mut config = Config::new([0; 16], ReplicaId(1));
    config.limits.watches = 1;
    let mut directory = Directory::new(config);
    let watch = directory.watch(at(0), Scope::Endpoints, Query::all()).unwrap();
    let refused = directory.watch(at(0), Scope::Endpoints, Query::all());
    assert_eq!(refused, Err(Refused::OverLimit { what: "watches", limit: 1 }));
    directory.unwatch(watch);
    directory.watch(at(0), Scope::Endpoints, Query::all()).unwrap();
}

#[test]
fn who_does_not_ask_for_long_is_told_to_look_again() {
    let mut config = Config::new([0; 16], ReplicaId(1));
    config.limits.watch_events = 3;
    let mut directory = Directory::new(config);
    let watch = directory.watch(at(0), Scope::Endpoints, Query::all()).unwrap();
    let plain = |name: &str| Registration { links: LinkDocumentBuf::default(), ..registration(name, "coap://h", "") };
    for name in ["a", "b", "c", "d", "e"] {
        directory.register(at(0), plain(name)).unwrap();
    }
    let event = directory.poll_watch().unwrap();
    assert_eq!((event.watch, event.what), (watch, WatchChange::Missed));
    assert_eq!(directory.poll_watch(), None);
    directory.register(at(0), plain("f")).unwrap();
    assert_eq!(directory.poll_watch().unwrap().what, WatchChange::Entered);
}

#[test]
fn a_registration_that_moves_to_another_zone_is_a_change() {
    let mut directory = directory();
    let mut made = registration("node1", "coap://[fe80::1]", "</t>");
    made.zone = Some(3);
    directory.register(at(0), made.clone()).unwrap();
    directory.watch(at(0), Scope::Endpoints, Query::all()).unwrap();
    directory.watch(at(0), Scope::Resources, Query::all()).unwrap();
    made.zone = Some(4);
    directory.register(at(1), made).unwrap();
    assert!(events(&mut directory).into_values().eq([WatchChange::Changed; 2]));
}

#[test]
fn a_change_that_would_concern_too_much_costs_no_more_than_allowed_and_tells_so() {
    let mut config = Config::new([7; 16], ReplicaId(1));
    config.limits.watch_tests = 10;
    let mut directory = Directory::new(config);
    // One registration with one link: two records, with two criteria each.
    let watches: Vec<_> = (0..5)
        .map(|_| directory.watch(at(0), Scope::Resources, Query::parse("href=*&if=x").unwrap()).unwrap())
        .collect();
    directory.register(at(0), registration("node1", "coap://h", "</t>;if=x")).unwrap();
    let told: Vec<_> = events(&mut directory).into_iter().map(|((watch, _), what)| (watch, what)).collect();
    let expected: Vec<_> = watches
        .into_iter()
        .zip([
            WatchChange::Entered,
            WatchChange::Entered,
            WatchChange::Missed,
            WatchChange::Missed,
            WatchChange::Missed,
        ])
        .collect();
    assert_eq!(told, expected);
}

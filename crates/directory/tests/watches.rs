//! A watch tells what changes in its result, all of it, and nothing else.

mod common;

extern crate alloc;

use alloc::collections::BTreeMap;

use common::{Twins, at, directory, operations, query, registration};
use core::time::Duration;
use proptest::prelude::*;

use waypost_directory::{Config, Directory, LinkChange, Refused, Scope, WatchChange, WatchId};
use waypost_filter::Query;
use waypost_link_format::{LinkDocument, LinkDocumentBuf, LinkWriter};
use waypost_model::{Base, Lifetime, Location, Registration, ReplicaId, Update};

/// What each registration contributes to a result, as text.
fn result(directory: &Directory, now: u64, scope: Scope, query: &Query) -> BTreeMap<Location, String> {
    let mut result: BTreeMap<Location, String> = BTreeMap::new();
    let mut add = |location: Location, write: &dyn Fn(&mut LinkWriter<'_, String>)| {
        let text = result.entry(location).or_default();
        if !text.is_empty() {
            text.push(',');
        }
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

#[test]
fn what_comes_back_after_it_expired_is_told_though_nobody_collected_it() {
    let mut directory = directory();
    let watch = directory.watch(at(0), Scope::Endpoints, "ep=a".parse().unwrap()).unwrap();
    let location = directory.register(at(0), registration("a", "coap://h", "</x>")).unwrap().location;
    assert_eq!(events(&mut directory), [((watch, location.clone()), WatchChange::Entered)].into());

    // Now look-ups show it no longer, and then again as it was.
    assert_eq!(directory.endpoints(at(90_000), &"ep=a".parse().unwrap()).count(), 0);
    directory.renew(at(90_001), &location).unwrap();
    assert_eq!(events(&mut directory), [((watch, location), WatchChange::Changed)].into());
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

/// The links of each registration in a result, as text, in an order of their own.
fn links(result: &BTreeMap<Location, String>) -> BTreeMap<Location, Vec<String>> {
    let sorted = |text: &String| {
        let mut links: Vec<_> = LinkDocument::parse(text).unwrap().links().map(|link| link.raw().to_string()).collect();
        links.sort();
        links
    };
    result.iter().map(|(location, text)| (location.clone(), sorted(text))).collect()
}

/// Does to a result what the event says.
fn replay(
    result: &mut BTreeMap<Location, Vec<String>>,
    location: &Location,
    what: WatchChange,
    changes: &[LinkChange],
) {
    let links = result.entry(location.clone()).or_default();
    assert_eq!(links.is_empty(), what == WatchChange::Entered);
    for change in changes {
        let (before, after) = match change {
            LinkChange::Entered(after) => (None, Some(after)),
            LinkChange::Changed { before, after } => (Some(before), Some(after)),
            LinkChange::Left(before) => (Some(before), None),
        };
        if let Some(before) = before {
            let place = links.iter().position(|link| *link == before.to_string()).expect("a link of the result");
            links.remove(place);
        }
        links.extend(after.map(ToString::to_string));
    }
    links.sort();
    assert_eq!(links.is_empty(), what == WatchChange::Left);
    if links.is_empty() {
        result.remove(location);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn events_that_tell_of_links_make_the_old_result_the_new_one(
        before in operations(15),
        steps in prop::collection::vec(operations(4), 1..6),
        queries in prop::collection::vec(query(), 1..6),
    ) {
        let mut twins = Twins::new();
        before.into_iter().for_each(|operation| twins.run(operation));
        collect(&mut twins);
        let mut watches = BTreeMap::new();
        for query in queries {
            let query = query.without_page();
            let id = twins.directory.watch_links(twins.now(), query.clone()).unwrap();
            let shown = links(&result(&twins.directory, twins.now, Scope::Resources, &query));
            watches.insert(id, (query, shown));
        }
        for step in steps {
            for operation in step {
                twins.run(operation);
                collect(&mut twins);
            }
            while let Some(event) = twins.directory.poll_watch() {
                let (_, shown) = watches.get_mut(&event.watch).unwrap();
                replay(shown, &event.location, event.what, &event.links);
            }
            for (query, shown) in watches.values() {
                let now = links(&result(&twins.directory, twins.now, Scope::Resources, query));
                prop_assert_eq!(shown, &now);
            }
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
    // One registration with one link: two records, with two criteria each, and one watch to tell.
    let watches = ["href=*&if=x", "href=*&if=x*", "href=*&if=*", "if=*&if=x", "if=*&if=x*"]
        .map(|query| directory.watch(at(0), Scope::Resources, query.parse().unwrap()).unwrap());
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

#[test]
fn a_registration_that_moves_elsewhere_leaves_and_another_enters() {
    let mut directory = directory();
    directory.watch(at(0), Scope::Endpoints, Query::all()).unwrap();
    let mut mirror = |path: &str| {
        let location = Location::new(&format!("coap://other.example{path}")).unwrap();
        let registration = registration("node1", "coap://h", LINKS);
        directory.mirror(at(0), location.clone(), registration, Duration::ZERO).unwrap();
        let events: Vec<_> =
            core::iter::from_fn(|| directory.poll_watch()).map(|event| (event.location, event.what)).collect();
        (location, events)
    };
    let (one, events) = mirror("/1");
    assert_eq!(events, [(one.clone(), WatchChange::Entered)]);
    let (two, events) = mirror("/2");
    assert_eq!(events, [(one, WatchChange::Left), (two, WatchChange::Entered)]);
}

#[test]
fn links_are_told_from_each_other_by_target_context_and_relation() {
    let mut directory = directory();
    let watch = directory.watch_links(at(0), Query::parse("if=s").unwrap()).unwrap();
    let mut change = |links: &str| {
        directory.register(at(0), registration("node1", "coap://h", links)).unwrap();
        let event = directory.poll_watch().unwrap();
        assert_eq!((event.watch, directory.poll_watch()), (watch, None));
        let texts = event.links.iter().map(|change| match change {
            LinkChange::Entered(link) => format!("+{link}"),
            LinkChange::Changed { before, after } => format!("{before} -> {after}"),
            LinkChange::Left(link) => format!("-{link}"),
        });
        (event.what, texts.collect::<Vec<_>>())
    };
    let (what, links) = change("</a>;if=s,</a>;rel=x;if=s,</b>;if=t");
    assert_eq!(what, WatchChange::Entered);
    assert_eq!(links, [r#"+<coap://h/a>;if="s""#, r#"+<coap://h/a>;rel="x";if="s""#]);
    let (what, links) = change("</a>;if=s;obs,</a>;rel=y;if=s,</b>;if=s");
    assert_eq!(what, WatchChange::Changed);
    assert_eq!(
        links,
        [
            r#"<coap://h/a>;if="s" -> <coap://h/a>;if="s";obs"#,
            r#"+<coap://h/a>;rel="y";if="s""#,
            r#"+<coap://h/b>;if="s""#,
            r#"-<coap://h/a>;rel="x";if="s""#,
        ]
    );
    let (what, links) = change("</b>;if=s,</a>;rel=y;if=s,</a>;if=s;obs");
    assert_eq!((what, links), (WatchChange::Changed, vec![]), "another order is no change of a link");
    let (what, links) = change("</b>;if=s,</b>;if=s");
    assert_eq!(what, WatchChange::Changed);
    assert_eq!(links, [r#"+<coap://h/b>;if="s""#, r#"-<coap://h/a>;rel="y";if="s""#, r#"-<coap://h/a>;if="s";obs"#]);
}

#[test]
fn links_that_wait_are_those_that_were_told_last() {
    let mut directory = directory();
    let location = directory.register(at(0), registration("node1", "coap://h", "</a>")).unwrap().location;
    directory.watch_links(at(0), Query::all()).unwrap();
    for links in ["</b>", "</c>", "</d>"] {
        directory.register(at(0), registration("node1", "coap://h", links)).unwrap();
    }
    directory.remove(at(0), &location).unwrap();
    let event = directory.poll_watch().unwrap();
    assert_eq!(event.what, WatchChange::Left);
    assert!(matches!(&event.links[..], [LinkChange::Left(link)] if link.to_string() == "<coap://h/a>"));
}

#[test]
fn links_that_wait_are_limited() {
    let mut config = Config::new([0; 16], ReplicaId(1));
    config.limits.watch_bytes = 20;
    let mut directory = Directory::new(config);
    directory.watch_links(at(0), Query::all()).unwrap();
    for links in ["</a>", "</b>", "</c/c/c/c/c/c/c>", "</d>"] {
        directory.register(at(0), registration("node1", "coap://h", links)).unwrap();
        directory.poll_watch().unwrap();
    }
    let mut told = Vec::new();
    for links in ["</c/c/c/c/c/c/c>", "</d>"] {
        directory.register(at(0), registration("node1", "coap://h", links)).unwrap();
        let event = directory.poll_watch().unwrap();
        told.push((event.what, event.links.len()));
    }
    assert_eq!(told, [(WatchChange::Changed, 2), (WatchChange::Missed, 0)]);
}

#[test]
fn watches_of_equal_queries_are_told_alike_and_end_apart() {
    let mut directory = directory();
    let mut watch = |query: &str| directory.watch(at(0), Scope::Resources, query.parse().unwrap()).unwrap();
    let (one, two, three) =
        (watch("rt=core.s&ep=node1"), watch("ep=node1&rt=core.s&rt=core.s&count=1"), watch("rt=core.s"));
    directory.unwatch(one);
    let location = directory.register(at(0), registration("node1", "coap://h", LINKS)).unwrap().location;
    assert!(events(&mut directory).into_keys().map(|(watch, _)| watch).eq([two, three]));
    directory.unwatch(two);
    directory.unwatch(two);
    directory.remove(at(1), &location).unwrap();
    assert!(events(&mut directory).into_keys().map(|(watch, _)| watch).eq([three]));
}

#[test]
fn watches_of_equal_queries_are_tested_once() {
    let mut config = Config::new([7; 16], ReplicaId(1));
    // One criterion at one link, and each watch that is told.
    config.limits.watch_tests = 2 + 1000;
    let mut directory = Directory::new(config);
    for _ in 0..1000 {
        directory.watch(at(0), Scope::Resources, Query::parse("if=x").unwrap()).unwrap();
    }
    directory.register(at(0), registration("node1", "coap://h", "</t>;if=x")).unwrap();
    let events = events(&mut directory);
    assert_eq!(events.len(), 1000);
    assert!(events.into_values().all(|what| what == WatchChange::Entered));
}

#[test]
fn a_watch_is_tested_at_those_links_alone_that_it_can_be_about() {
    let mut config = Config::new([7; 16], ReplicaId(1));
    config.limits.watch_tests = 3 * 500;
    let mut directory = Directory::new(config);
    for number in 0..500 {
        directory.watch(at(0), Scope::Resources, Query::parse(&format!("rt=w{number}")).unwrap()).unwrap();
    }
    let words = |link| (0..50).map(|word| format!("w{}", link * 50 + word)).collect::<Vec<_>>().join(" ");
    let links: Vec<_> = (0..100).map(|link| format!("</{link}>;rt=\"{}\"", words(link))).collect();
    directory.register(at(0), registration("node1", "coap://h", &links.join(","))).unwrap();
    let events = events(&mut directory);
    assert_eq!(events.len(), 500);
    assert!(events.into_values().all(|what| what == WatchChange::Entered));
}

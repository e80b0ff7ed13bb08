//! Registrations that another is shown in place of.

use core::time::Duration;

use waypost_directory::{Config, Directory, Scope, WatchChange};
use waypost_filter::Query;
use waypost_model::{Location, Origin, Registration, ReplicaId};
use waypost_time::Instant;

const NOW: Instant = Instant::ZERO;

fn directory() -> (Directory, Vec<Location>) {
    let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
    let register = |number: usize| {
        let parameters = format!("ep=node{number}&base=coap://[2001:db8::{number}]&lt=600");
        let registration = Registration::parse(&parameters, "</temp>;rt=temp,</light>").expect("a registration");
        directory.register(NOW, registration).expect("room").location
    };
    let locations = (0..4).map(register).collect();
    (directory, locations)
}

fn counts(directory: &Directory, now: Instant) -> [usize; 6] {
    let query = |query: &str| query.parse::<Query>().expect("a query");
    [
        directory.endpoints(now, &Query::all()).count(),
        directory.resources(now, &Query::all()).count(),
        directory.endpoints(now, &query("rt=temp")).count(),
        directory.resources(now, &query("rt=temp&ep=node1")).count(),
        directory.endpoints(now, &query("href=/*")).count(),
        directory.endpoints(now, &query("page=1&count=2")).count(),
    ]
}

#[test]
fn a_shadowed_registration_is_in_no_look_up_until_it_is_put_back() {
    let (mut directory, locations) = directory();
    let before = counts(&directory, NOW);
    assert!(directory.shadow(NOW, &locations[1], true));
    assert_eq!(counts(&directory, NOW), [3, 6, 3, 0, 3, 1]);
    let exact: Query = format!("href={}", locations[1].as_str()).parse().expect("a query");
    assert_eq!(directory.endpoints(NOW, &exact).count(), 0);
    assert!(!directory.shadow(NOW, &locations[1], true), "it is already");
    assert!(directory.shadow(NOW, &locations[1], false));
    assert_eq!(counts(&directory, NOW), before);
}

#[test]
fn a_shadow_stays_over_updates_and_is_no_change_for_other_directories() {
    let (mut directory, locations) = directory();
    let (digest, version) = (directory.digest(&Origin::Local), directory.version().clone());
    directory.shadow(NOW, &locations[1], true);
    assert_eq!((directory.digest(&Origin::Local), directory.version().clone()), (digest, version));
    let again = Registration::parse("ep=node1&base=coap://[2001:db8::77]&lt=600", "</other>").expect("a registration");
    directory.register(NOW, again).expect("room");
    assert_eq!(counts(&directory, NOW)[0], 3);
    assert_eq!(directory.feed(NOW, &Default::default()).expect("no gap").count(), 4);
}

#[test]
fn what_watches_sees_it_leave_and_come_back() {
    let (mut directory, locations) = directory();
    let watch = directory.watch(NOW, Scope::Resources, Query::all()).expect("room");
    for (is_shadowed, what) in [(true, WatchChange::Left), (false, WatchChange::Entered)] {
        directory.shadow(NOW, &locations[2], is_shadowed);
        let event = directory.poll_watch().expect("an event");
        assert_eq!((event.watch, event.what, &event.location), (watch, what, &locations[2]));
    }
}

#[test]
fn what_is_mirrored_can_be_shadowed() {
    let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
    let registration = |number| {
        Registration::parse(&format!("ep=node{number}&base=coap://[2001:db8::1]"), "</temp>").expect("a registration")
    };
    let location = |number| Location::new(&format!("coap://rd.example/reg/{number}")).expect("a location");
    for number in 0..3 {
        directory.mirror(NOW, location(number), registration(number), Duration::ZERO).expect("room");
    }
    assert!(directory.shadow(NOW, &location(1), true));
    let all: Query = "href=coap://rd.example/*&page=0&count=9".parse().expect("a query");
    assert_eq!((directory.endpoints(NOW, &all).count(), directory.resources(NOW, &Query::all()).count()), (2, 2));
    let page: Query = "href=coap://rd.example/*&page=1&count=1".parse().expect("a query");
    let found: Vec<_> = directory.endpoints(NOW, &page).map(|endpoint| endpoint.location()).collect();
    assert_eq!(found, [location(2)]);
    directory.mirror(NOW, location(1), registration(1), Duration::ZERO).expect("it is confirmed");
    assert!(directory.registration(NOW, &location(1)).is_some_and(|endpoint| endpoint.is_shadowed()));
    directory.unmirror(NOW, &location(1)).expect("it is there");
    assert!(directory.registration(NOW, &location(1)).is_none());
}

#[test]
fn what_is_shadowed_expires_and_can_be_removed() {
    let (mut directory, locations) = directory();
    directory.shadow(NOW, &locations[0], true);
    directory.shadow(NOW, &locations[1], true);
    directory.remove(NOW, &locations[0]).expect("it is there");
    assert!(directory.registration(NOW, &locations[0]).is_none());
    let late = Instant::from_millis(600_000);
    directory.expire(late);
    assert!(directory.registration(late, &locations[1]).is_none_or(|endpoint| endpoint.is_expired()));
    directory.shadow(late, &locations[1], false);
    assert_eq!(counts(&directory, late)[0], 0);
}

#[test]
fn what_comes_back_after_it_has_expired_is_in_no_shadow() {
    for collects in [false, true] {
        let (mut directory, locations) = directory();
        directory.shadow(NOW, &locations[1], true);
        let late = Instant::from_millis(600_000);
        if collects {
            directory.expire(late);
        }
        let registration =
            Registration::parse("ep=node1&base=coap://[2001:db8::1]", "</temp>").expect("a registration");
        directory.register(late, registration).expect("room");
        assert_eq!(counts(&directory, late)[0], 1, "collected: {collects}");
    }
}

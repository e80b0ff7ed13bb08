//! What has expired is not shown, is kept for its endpoint, and is forgotten in the end (RFC 9176 §5.3).

mod common;

use common::{at, directory, registration};
use proptest::prelude::*;
use waypost_directory::{Directory, Refused};
use waypost_filter::Query;
use waypost_model::{Lifetime, Location, Registration};
use waypost_time::Instant;

const LINKS: &str = "</t>;rt=core.s";

fn of_lifetime(endpoint: &str, seconds: u32) -> Registration {
    let lifetime = Lifetime::from_secs(seconds).unwrap();
    Registration { lifetime, ..registration(endpoint, "coap://h", LINKS) }
}

fn is_shown(directory: &Directory, now: Instant) -> bool {
    let by_index = Query::parse("rt=core.s").unwrap();
    let counts = [
        directory.endpoints(now, &Query::all()).count(),
        directory.resources(now, &Query::all()).count(),
        directory.endpoints(now, &by_index).count(),
        directory.resources(now, &by_index).count(),
        directory.endpoints(now, &by_index.clone().with_page(waypost_filter::Page { page: 0, count: 5 })).count(),
    ];
    assert!(counts.iter().all(|count| *count == counts[0]), "{counts:?}");
    counts[0] > 0
}

#[test]
fn a_registration_expires_at_its_deadline_and_not_before() {
    for collected in [false, true] {
        let mut directory = directory();
        let start = Instant::from_millis(1_234_567);
        let location = directory.register(start, of_lifetime("node1", 60)).unwrap().location;
        let before = Instant::from_millis(1_234_567 + 59_999);
        let deadline = Instant::from_millis(1_234_567 + 60_000);
        assert_eq!(directory.next_expiry(), Some(deadline));
        if collected {
            assert!(!directory.expire(before));
        }
        assert!(is_shown(&directory, before));
        assert!(!directory.registration(before, &location).unwrap().is_expired());
        if collected {
            directory.expire(deadline);
        }
        assert!(!is_shown(&directory, deadline));
        assert!(directory.registration(deadline, &location).unwrap().is_expired());
    }
}

#[test]
fn an_expired_registration_is_kept_and_then_forgotten() {
    let mut directory = directory();
    let location = directory.register(at(0), of_lifetime("node1", 60)).unwrap().location;
    directory.expire(at(60));
    assert_eq!(directory.len(), 1);
    assert_eq!(directory.next_expiry(), Some(at(110)));
    directory.expire(at(109));
    assert!(directory.registration(at(109), &location).is_some());
    directory.expire(at(110));
    assert!(directory.registration(at(110), &location).is_none() && directory.is_empty());
    assert_eq!(directory.renew(at(110), &location), Err(Refused::NotFound));
    assert_eq!(directory.next_expiry(), None);
}

#[test]
fn a_kept_registration_comes_back_by_any_refresh() {
    let revive: [fn(&mut Directory, &Location); 3] = [
        |directory, location| directory.renew(at(70), location).unwrap(),
        |directory, location| directory.update(at(70), location, Default::default()).unwrap(),
        |directory, _| assert!(directory.register(at(70), of_lifetime("node1", 60)).unwrap().is_new),
    ];
    for revive in revive {
        for collected in [false, true] {
            let mut directory = directory();
            let location = directory.register(at(0), of_lifetime("node1", 60)).unwrap().location;
            let version = directory.version().clone();
            if collected {
                directory.expire(at(65));
            }
            revive(&mut directory, &location);
            assert!(is_shown(&directory, at(70)));
            assert_eq!(directory.registration(at(70), &location).unwrap().deadline(), at(130));
            // Others may have forgotten it, so they must be told of it anew.
            assert_eq!(directory.feed(at(70), &version).unwrap().count(), 1);
        }
    }
}

#[test]
fn a_shorter_lifetime_takes_effect() {
    let mut directory = directory();
    let location = directory.register(at(0), of_lifetime("node1", 1000)).unwrap().location;
    let lifetime = Some(Lifetime::from_secs(10).unwrap());
    directory.update(at(100), &location, waypost_model::Update { lifetime, ..Default::default() }).unwrap();
    assert_eq!(directory.next_expiry(), Some(at(110)));
    assert!(!is_shown(&directory, at(110)));
}

#[test]
fn who_missed_that_a_lifetime_was_shortened_hears_of_it_after_the_end() {
    let (mut here, mut there) = (directory(), common::replica(2));
    let location = here.register(at(0), of_lifetime("node1", 1000)).unwrap().location;
    let follow = |here: &Directory, there: &mut Directory, now| {
        for change in here.feed(now, there.version()).unwrap() {
            there.apply(now, change.to_change()).unwrap();
        }
        there.advance(here.version()).unwrap();
    };
    follow(&here, &mut there, at(0));
    let lifetime = Some(Lifetime::from_secs(10).unwrap());
    here.update(at(100), &location, waypost_model::Update { lifetime, ..Default::default() }).unwrap();
    here.expire(at(200));
    follow(&here, &mut there, at(300));
    assert!(!is_shown(&there, at(300)));
}

#[test]
fn renewals_cost_no_more_than_one_date_in_the_queue() {
    let mut directory = directory();
    let location = directory.register(at(0), of_lifetime("node1", 60)).unwrap().location;
    for second in 1..50 {
        directory.renew(at(second), &location).unwrap();
    }
    // The first date is the one of the registration; it is filed anew once.
    assert_eq!(directory.next_expiry(), Some(at(60)));
    assert!(!directory.expire(at(60)));
    assert_eq!(directory.next_expiry(), Some(at(49 + 60)));
    assert!(is_shown(&directory, at(108)));
}

#[test]
fn expiring_is_done_a_bounded_number_at_a_time() {
    let mut directory = directory();
    for number in 0..7 {
        directory.register(at(0), of_lifetime(&format!("node{number}"), 60)).unwrap();
    }
    let watch = directory.watch(at(0), waypost_directory::Scope::Endpoints, Query::all()).unwrap();
    let mut told = Vec::new();
    for more in [true, true, false] {
        assert_eq!(directory.expire(at(60)), more);
        let mut count = 0;
        while let Some(event) = directory.poll_watch() {
            assert_eq!((event.watch, event.what), (watch, waypost_directory::WatchChange::Left));
            count += 1;
        }
        told.push(count);
    }
    assert_eq!(told, [3, 3, 1]);
}

#[test]
fn the_number_of_kept_registrations_is_limited() {
    let mut config = waypost_directory::Config::new([7; 16], waypost_model::ReplicaId(1));
    config.limits.expired = 2;
    let mut directory = Directory::new(config);
    for (number, lifetime) in (0..4).zip([40, 30, 20, 10]) {
        directory.register(at(0), of_lifetime(&format!("node{number}"), lifetime)).unwrap();
    }
    directory.expire(at(100));
    assert_eq!(directory.len(), 2);
    let endpoint = |number: u8| waypost_model::EndpointName::new(&format!("node{number}")).unwrap();
    let is_kept = |number| directory.registration(at(100), &directory.locate(None, &endpoint(number))).is_some();
    assert_eq!([0, 1, 2, 3].map(is_kept), [true, true, false, false]);
}

proptest! {
    #[test]
    fn collecting_late_early_or_often_changes_no_look_up(
        lifetimes in prop::collection::vec(1_u32..100, 1..10),
        renewals in prop::collection::btree_map(1_u64..150, 0_usize..10, 0..20),
        collected in prop::collection::btree_set(1_u64..150, 0..10),
    ) {
        let (mut eager, mut lazy) = (directory(), directory());
        for directory in [&mut eager, &mut lazy] {
            for (number, lifetime) in lifetimes.iter().enumerate() {
                directory.register(at(0), of_lifetime(&format!("node{number}"), *lifetime)).unwrap();
            }
        }
        for second in 1..150 {
            if collected.contains(&second) {
                while eager.expire(at(second)) {}
            }
            let shown = |directory: &Directory| -> Vec<String> {
                directory.endpoints(at(second), &Query::all()).map(|endpoint| endpoint.name().into()).collect()
            };
            let names = shown(&eager);
            prop_assert_eq!(&names, &shown(&lazy));
            // Only what is live is renewed here: what is kept for how long depends on the collecting.
            if let Some(name) = renewals.get(&second).and_then(|number| names.get(*number)) {
                let endpoint = waypost_model::EndpointName::new(name).unwrap();
                for directory in [&mut eager, &mut lazy] {
                    let location = directory.locate(None, &endpoint);
                    directory.renew(at(second), &location).unwrap();
                }
            }
        }
    }
}

#[test]
fn what_has_expired_can_be_forgotten_at_once_where_it_was_written_and_nobody_is_told() {
    let mut directory = directory();
    let location = directory.register(at(0), of_lifetime("node1", 60)).unwrap().location;
    let written = directory.version().clone();
    assert!(!directory.forget_expired(at(59), &location));
    assert!(directory.forget_expired(at(60), &location));
    assert!(directory.is_empty() && *directory.version() == written);

    let mut other = Directory::new(waypost_directory::Config::new([7; 16], waypost_model::ReplicaId(99)));
    let location = directory.register(at(100), of_lifetime("node2", 60)).unwrap().location;
    for change in directory.feed(at(100), &written).unwrap() {
        other.apply(at(100), change.to_change()).unwrap();
    }
    let elsewhere = other.endpoints(at(100), &Query::all()).next().unwrap().location();
    assert!(!other.forget_expired(at(160), &elsewhere), "the renewals of {location} are yet to be heard of");
    assert_eq!(other.len(), 1);
}

//! Renewals at a replica that did not make the last write: they take a registration over, and say nothing else.

mod common;

use common::{at, registration, replica};
use waypost_directory::Directory;
use waypost_filter::Query;
use waypost_model::{Location, Update, Version};

/// Applies everything that one has to what another holds, as a peer would that was never asked before.
fn follow(source: &Directory, reader: &mut Directory, seconds: u64) {
    let now = at(seconds);
    for change in source.feed(now, reader.version()).expect("no gap") {
        reader.apply(now, change.to_change()).expect("a change");
    }
    reader.advance(source.version()).expect("a version");
}

fn exchange(a: &mut Directory, b: &mut Directory, seconds: u64) {
    let before = a.clone();
    follow(b, a, seconds);
    follow(&before, b, seconds);
    // What taking it led to.
    let before = a.clone();
    follow(b, a, seconds);
    follow(&before, b, seconds);
}

fn count(directory: &Directory, seconds: u64) -> usize {
    directory.endpoints(at(seconds), &Query::all()).count()
}

/// Two replicas that know one registration, made at the first, with a lifetime of 100 seconds.
fn two() -> (Directory, Directory, Location) {
    let (mut a, mut b) = (replica(1), replica(2));
    let mut own = registration("node1", "coap://h", "</t>");
    own.lifetime = waypost_model::Lifetime::from_secs(100).expect("a lifetime");
    let location = a.register(at(0), own).expect("within the limits").location;
    follow(&a, &mut b, 0);
    (a, b, location)
}

#[test]
fn a_renewal_does_not_undo_a_removal_that_it_did_not_see() {
    for renewed_at in [5, 15] {
        let (mut a, mut b, location) = two();
        a.remove(at(10), &location).expect("a registration");
        b.renew(at(renewed_at), &location).expect("a registration");
        exchange(&mut a, &mut b, 20);
        assert_eq!((count(&a, 20), count(&b, 20)), (0, 0), "renewed at {renewed_at}");
        assert_eq!(a.version(), b.version());
    }
}

#[test]
fn an_update_and_a_registration_stay_though_a_removal_did_not_see_them() {
    let update = Update { lifetime: waypost_model::Lifetime::from_secs(200).ok(), ..Update::default() };
    let (mut a, mut b, location) = two();
    a.remove(at(10), &location).expect("a registration");
    b.update(at(10), &location, update).expect("a registration");
    exchange(&mut a, &mut b, 20);
    assert_eq!((count(&a, 20), count(&b, 20)), (1, 1));

    // Also one that is word for word what was there.
    let (mut a, mut b, location) = two();
    let mut same = registration("node1", "coap://h", "</t>");
    same.lifetime = waypost_model::Lifetime::from_secs(100).expect("a lifetime");
    a.remove(at(10), &location).expect("a registration");
    b.register(at(10), same).expect("within the limits");
    exchange(&mut a, &mut b, 20);
    assert_eq!((count(&a, 20), count(&b, 20)), (1, 1));
}

#[test]
fn of_two_that_took_over_one_stays_and_both_were_signs_of_life() {
    let (mut a, mut b, location) = two();
    let mut c = replica(3);
    follow(&a, &mut c, 0);
    b.renew(at(10), &location).expect("a registration");
    c.renew(at(20), &location).expect("a registration");
    // Now the registration is its own, and this is no write.
    b.renew(at(80), &location).expect("a registration");
    exchange(&mut b, &mut c, 90);
    exchange(&mut a, &mut c, 90);
    for directory in [&mut a, &mut b, &mut c] {
        assert_eq!((count(directory, 179), count(directory, 181)), (1, 0));
        assert_eq!(directory.feed(at(90), &Version::new()).expect("no gap").count(), 1);
    }
}

#[test]
fn who_was_taken_over_tells_what_was_renewed_with_it_since() {
    let (mut a, mut b, location) = two();
    b.renew(at(10), &location).expect("a registration");
    a.renew(at(80), &location).expect("a registration");
    exchange(&mut a, &mut b, 90);
    assert_eq!((count(&a, 179), count(&b, 179)), (1, 1));
    assert_eq!((count(&a, 181), count(&b, 181)), (0, 0));
    assert_eq!(a.version(), b.version());
}

#[test]
fn whoever_finds_that_a_write_met_a_renewal_that_did_not_see_it_tells_so() {
    // Whether the owner renews it, or another who takes it over, and which of the two is heard of first.
    for (is_owner, is_renewal_first) in [(true, true), (false, true), (false, false)] {
        let (mut a, mut b, location) = two();
        let (mut c, mut d) = (replica(3), replica(4));
        follow(&a, &mut d, 0);
        let base = waypost_model::Base::given("coap://moved").expect("a base");
        b.update(at(5), &location, Update { base: Some(base), ..Update::default() }).expect("a registration");
        let renewed = if is_owner { &mut a } else { &mut d };
        renewed.renew(at(80), &location).expect("a registration");
        let both = if is_renewal_first { [&*renewed, &b] } else { [&b, &*renewed] };
        both.into_iter().for_each(|source| follow(source, &mut c, 90));
        // Neither hears of the other but from who found it, after the write has expired where it was made.
        for directory in [&mut a, &mut b, &mut d] {
            directory.expire(at(120));
            follow(&c, directory, 120);
            let shown: Vec<_> =
                directory.endpoints(at(179), &Query::all()).map(|found| found.base().to_owned()).collect();
            assert_eq!(shown, ["coap://moved"], "{is_owner} {is_renewal_first}");
            assert_eq!(count(directory, 181), 0);
        }
    }
}

#[test]
fn what_is_revived_where_another_write_was_not_heard_of_shows_itself_once_that_has_expired() {
    let (mut a, mut b) = (replica(1), replica(2));
    let of = |base: &str| {
        let mut own = registration("node1", base, "</t>");
        own.lifetime = waypost_model::Lifetime::from_secs(100).expect("a lifetime");
        own
    };
    let location = a.register(at(0), of("coap://first")).expect("within the limits").location;
    b.register(at(60), of("coap://second")).expect("within the limits");
    follow(&a, &mut b, 60);
    for directory in [&mut a, &mut b] {
        directory.expire(at(120));
    }
    a.renew(at(120), &location).expect("a registration");
    follow(&a, &mut b, 120);
    let shown = |directory: &Directory, seconds| -> Vec<String> {
        directory.endpoints(at(seconds), &Query::all()).map(|found| found.base().to_owned()).collect()
    };
    assert_eq!(shown(&b, 120), ["coap://second"]);
    b.expire(at(165));
    assert_eq!(shown(&b, 165), ["coap://first"]);
}

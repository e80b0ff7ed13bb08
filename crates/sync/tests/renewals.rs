//! Renewals travel in batches, and cost next to nothing.

extern crate alloc;

mod common;

use core::time::Duration;

use common::{Network, node, registration, three_replicas};
use waypost_filter::Query;
use waypost_model::Location;
use waypost_sync::{SyncConfig, SyncEvent};
use waypost_time::Instant;

/// Three replicas that know a registration, made at one of them, with a lifetime of so many seconds.
fn three_with_one(at: usize, lifetime: u64) -> (Network, [&'static str; 3], Location) {
    let (mut network, uris) = three_replicas();
    network.register(uris[at], &format!("ep=node1&base=coap://[2001:db8::1]&lt={lifetime}"), "</temp>");
    network.settle();
    let location = network.location(uris[at], "ep=node1");
    (network, uris, location)
}

#[test]
fn what_is_renewed_at_one_replica_lives_on_at_all() {
    let (mut network, uris, location) = three_with_one(0, 100);
    network.register(uris[0], "ep=node2&base=coap://[2001:db8::2]&lt=100", "</temp>");
    for step in 1..=10_u64 {
        network.run_until(Instant::from_millis(step * 70_000));
        network.renew(uris[0], &location);
        for uri in uris {
            // The other one was not renewed.
            assert_eq!(network.count(uri), if step == 1 { 2 } else { 1 }, "{uri} after {step} renewals");
        }
    }
    network.run_until(Instant::from_millis(801_000));
    for uri in uris {
        assert_eq!(network.count(uri), 0, "{uri}");
    }
}

#[test]
fn a_renewal_at_another_replica_takes_the_registration_over() {
    let (mut network, uris, location) = three_with_one(0, 100);
    network.stop(uris[0]).expect("a node");
    network.run_until(Instant::from_millis(90_000));
    network.renew(uris[1], &location);
    network.run_until(Instant::from_millis(150_000));
    assert_eq!(network.count(uris[2]), 1);
}

#[test]
fn a_partial_partition_does_not_keep_renewals_from_anybody() {
    let (mut network, uris, location) = three_with_one(0, 100);
    network.cut(uris[0], uris[2]);
    for step in 1..=5_u64 {
        network.run_until(Instant::from_millis(step * 70_000));
        network.renew(uris[0], &location);
        assert_eq!(network.count(uris[2]), 1, "after {step} renewals");
    }
}

#[test]
fn a_renewal_costs_less_than_two_octets() {
    const ENDPOINTS: usize = 20_000;
    let mut network = Network::default();
    let mut mirror = node(2, SyncConfig::new(2));
    mirror.replicator_mut().add_mirror("coap://source/sync/feed".parse().expect("a URI")).expect("room");
    let mut config = SyncConfig::new(1);
    config.admits_mirrors = true;
    network.add("coap://source", node(1, config));
    network.add("coap://mirror", mirror);
    let mut locations = Vec::new();
    for number in 0..ENDPOINTS {
        let sensor = registration(&format!("ep=node{number}&base=coap://h{number}"), "</temp>");
        locations.push(network.directory("coap://source").register(Instant::ZERO, sensor).expect("room").location);
    }
    network.settle();
    for every in [7, 100, 1_000] {
        network.bytes.clear();
        let before = network.now;
        network.run_until(before + Duration::from_secs(5));
        let now = network.now;
        for location in locations.iter().step_by(every) {
            network.directory("coap://source").renew(now, location).expect("a registration");
        }
        network.run_until(before + Duration::from_secs(20));
        let renewed = ENDPOINTS / every;
        let octets = network.bytes["coap://mirror"] as f64 / renewed as f64;
        // A batch has a head of some twenty octets.
        assert!(octets <= 1.9 + 20.0 / renewed as f64, "{octets} octets for each of {renewed}");
        let query: Query = "ep=node0".parse().expect("a query");
        let age = network.directory("coap://mirror").endpoints(before, &query).next().expect("a mirrored one").age();
        assert!(age.as_secs() <= 20);
    }
}

#[test]
fn many_renewals_come_with_one_answer_after_the_other_and_all_of_them_come() {
    // As many as both allow.
    for limits in [(200, 200), (200, 100_000), (100_000, 200)] {
        renew_many(limits);
    }
}

/// Renews more than a source and a mirror with such limits say in one answer.
fn renew_many((source, mirror): (usize, usize)) {
    const ENDPOINTS: usize = 1_500;
    let config = |seed, limit| {
        let mut config = SyncConfig::new(seed);
        (config.admits_mirrors, config.limits.renewals) = (true, limit);
        config
    };
    let mut mirror = node(2, config(2, mirror));
    mirror.replicator_mut().add_mirror("coap://source/sync/feed".parse().expect("a URI")).expect("room");
    let mut network = Network::default();
    network.add("coap://source", node(1, config(1, source)));
    network.add("coap://mirror", mirror);
    let mut locations = Vec::new();
    for number in 0..ENDPOINTS {
        let sensor = registration(&format!("ep=node{number}&base=coap://h{number}&lt=3600"), "</temp>");
        locations.push(network.directory("coap://source").register(Instant::ZERO, sensor).expect("room").location);
    }
    network.settle();
    // Of those that are told by themselves, and of those that are missed.
    for is_deaf in [false, true] {
        let start = network.now;
        network.deaf = is_deaf.then_some("coap://mirror");
        network.run_until(start + Duration::from_secs(1_000));
        locations.iter().for_each(|location| network.renew("coap://source", location));
        let renewed = network.now;
        (network.largest, network.messages) = (0, 0);
        network.run_until(renewed + Duration::from_secs(100));
        let now = network.now;
        let all = Query::all();
        let oldest = network.directory("coap://mirror").endpoints(now, &all).map(|found| found.age().as_secs()).max();
        assert!(oldest.is_some_and(|oldest| oldest <= 120), "{oldest:?} seconds");
        assert!(network.largest < 450, "{} bytes in one answer", network.largest);
        assert!(network.messages < 100, "{} messages", network.messages);
        assert!(network.is_in_step("coap://mirror"));
        assert!(
            network
                .events("coap://mirror")
                .iter()
                .all(|event| matches!(event, SyncEvent::InStep { .. } | SyncEvent::MirroredBy { .. }))
        );
    }
}

#[test]
fn who_was_cut_off_for_longer_than_a_lifetime_makes_nobody_forget_what_was_renewed_meanwhile() {
    let (mut network, uris, location) = three_with_one(1, 3_000);
    network.cut(uris[0], uris[1]);
    network.cut(uris[0], uris[2]);
    network.run_until(Instant::from_millis(2_500_000));
    network.renew(uris[1], &location);
    network.run_until(Instant::from_millis(3_500_000));
    // What is new at the one that was cut off has the others compare what they hold with it.
    network.register(uris[0], "ep=node2&base=coap://[2001:db8::2]", "</temp>");
    network.heal();
    for minute in 1..=20 {
        network.run_until(Instant::from_millis(3_500_000 + minute * 60_000));
        for uri in &uris[1..] {
            let now = network.now;
            let is_there = network.directory(uri).registration(now, &location).is_some_and(|found| !found.is_expired());
            assert!(is_there, "{uri} after {minute} minutes");
        }
    }
}

#[test]
fn who_was_cut_off_until_it_forgot_what_expired_makes_nobody_forget_it() {
    // Where almost everything is different, it is not compared but read anew.
    for others in [0, 400] {
        let (mut network, uris, location) = three_with_one(1, 3_000);
        let mut locations = vec![location];
        for number in 0..others {
            let parameters = format!("ep=other{number}&base=coap://[2001:db8::{number}]&lt=3000");
            let server = network.node(uris[1]).service_mut();
            let registered = server.directory_mut().register(Instant::ZERO, registration(&parameters, ""));
            locations.push(registered.expect("room").location);
        }
        network.settle();
        network.cut(uris[0], uris[1]);
        network.cut(uris[0], uris[2]);
        let day = 24 * 3600 / 2_500 + 3;
        for step in 1..=day {
            network.run_until(Instant::from_millis(step * 2_500_000));
            locations.iter().for_each(|location| network.renew(uris[1], location));
        }
        assert!(network.directory(uris[0]).is_empty());
        let healed = network.now + Duration::from_secs(60);
        network.run_until(healed);
        network.heal();
        // The one that renews is heard of by nobody.
        network.cut(uris[0], uris[1]);
        network.cut(uris[2], uris[1]);
        for minute in 1..=20 {
            network.run_until(healed + Duration::from_secs(minute * 60));
            assert_eq!(network.count(uris[2]), locations.len(), "after {minute} minutes");
        }
        assert_eq!(network.count(uris[0]), locations.len());
    }
}

#[test]
fn renewals_that_were_lost_are_noticed_with_the_next_write() {
    let (mut network, uris, location) = three_with_one(0, 100);
    // Those who observe have just asked again, and do so next after two minutes.
    network.run_until(Instant::from_millis(78_000));
    network.renew(uris[0], &location);
    network.deaf = Some(uris[1]);
    network.run_until(Instant::from_millis(89_000));
    network.deaf = None;
    network.register(uris[0], "ep=node2&base=coap://[2001:db8::2]", "</temp>");
    network.run_until(Instant::from_millis(110_000));
    assert_eq!(network.count(uris[1]), 2);
}

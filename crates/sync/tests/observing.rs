//! What who observes a feed is told, and what becomes of that when it is lost on the way.

extern crate alloc;

mod common;

use core::time::Duration;

use common::follower::Follower;
use common::{Network, node, three_replicas};
use minicbor::Encoder;
use waypost_rest::{Method, Observe, Request};
use waypost_sync::{FEED_FORMAT, SyncConfig};
use waypost_time::Instant;

/// One that observes a source which has nothing.
fn observer() -> Follower {
    let mut follower = Follower::new();
    follower.hear(&[]);
    follower
}

/// The question for changes of a replica (0) or a mirror (1), which holds these writes and has heard of these renewals.
fn question(relation: u8, cursor: &[(u8, u8)], heard: &[(u8, u8)]) -> Request {
    let mut out = Encoder::new(Vec::new());
    out.array(8).and_then(|out| out.u8(0)?.u8(0)?.u8(relation)).expect("room");
    for version in [cursor, heard] {
        out.map(version.len() as u64).expect("room");
        for (replica, sequence) in version {
            out.u8(*replica).and_then(|out| out.u8(*sequence)).expect("room");
        }
    }
    out.u16(1_000).and_then(|out| out.u64(1_000)?.bool(false)).expect("room");
    Request::new(Method::Fetch, ["sync", "feed"]).with_payload(FEED_FORMAT, out.into_writer())
}

#[test]
fn who_was_asleep_asks_at_once_though_an_old_notification_comes_first() {
    let mut follower = observer();
    follower.now = Instant::from_millis(100_000);
    follower.hear(&[]);
    assert!(follower.ask_at(follower.now).is_some());
}

#[test]
fn who_hears_notifications_all_the_time_asks_as_often_as_who_hears_none() {
    let mut follower = observer();
    let asked = (1..=8).find(|ten| {
        follower.now = Instant::from_millis(ten * 10_000);
        follower.hear(&[]);
        follower.ask_at(follower.now).is_some()
    });
    assert!(matches!(asked, Some(6..)), "{asked:?}");
}

#[test]
fn who_is_asked_by_a_replica_that_has_more_asks_it_in_turn() {
    let (mut network, uris) = three_replicas();
    network.settle();
    let start = network.now;
    // The first notices that two of its observers are gone; they do not.
    network.cut(uris[0], uris[1]);
    network.cut(uris[0], uris[2]);
    network.register(uris[0], "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.settle();
    network.heal();
    network.run_until(start + Duration::from_secs(1));
    assert_eq!((network.count(uris[1]), network.count(uris[2])), (0, 0));
    // What the first asks now and then shows what it holds.
    let question = question(0, &[(1, 1)], &[]);
    network.send(uris[0], uris[1], question);
    network.settle();
    assert_eq!((network.count(uris[1]), network.count(uris[2])), (1, 1), "and it tells the third");
}

#[test]
fn who_is_told_of_a_renewal_and_did_not_get_the_answer_before_asks_again() {
    let mut config = SyncConfig::new(1);
    config.admits_mirrors = true;
    // Others are told nothing meanwhile, for longer than it takes until each of them has asked again.
    for (others, quiet) in [(0, 0), (1, 0), (1, 1_000_000)] {
        let mut network = Network::default();
        network.add("coap://source", node(9, config.clone()));
        network.register("coap://source", "ep=node1&base=coap://h", "</t>");
        let observe = |network: &mut Network, name: &str, cursor: &[(u8, u8)]| {
            let mut question = question(1, cursor, &[]);
            question.observe = Some(Observe::Register);
            network.send(&format!("coap://{name}"), "coap://source", question)
        };
        for _ in 0..others {
            observe(&mut network, "other", &[(9, 1)]);
        }
        network.run_until(Instant::from_millis(quiet));
        let exchange = observe(&mut network, "mirror", &[]);
        network.settle();
        let location = network.location("coap://source", "");
        network.renew("coap://source", &location);
        network.run_until(Instant::from_millis(quiet + 20_000));
        let [_, renewal] = network.answers(exchange) else { panic!("an answer, and a notification") };
        let mut follower = Follower::new();
        follower.hear(&renewal.payload[1..]);
        assert!(follower.ask().is_some(), "with {others} others, after {quiet} ms");
    }
}

#[test]
fn who_holds_what_nobody_here_knows_is_told_nothing_of_that() {
    let mut config = SyncConfig::new(1);
    config.admits_mirrors = true;
    let mut network = Network::default();
    network.add("coap://source", node(1, config));
    network.register("coap://source", "ep=node1&base=coap://h", "</t>");
    // The second knows a replica, and renewals of what that wrote, which are forgotten here.
    let questions = [question(1, &[(1, 1)], &[]), question(1, &[(1, 1), (7, 5)], &[(7, 3)])];
    let mut observe = |number, mut question: Request| {
        question.observe = Some(Observe::Register);
        network.send(&format!("coap://mirror{number}"), "coap://source", question)
    };
    let observers = [observe(1, questions[0].clone()), observe(2, questions[1].clone())];
    network.settle();
    network.register("coap://source", "ep=node2&base=coap://h", "</t>");
    network.settle();
    let [first, second] = observers.map(|exchange| {
        let [answer, notification] = network.answers(exchange) else { panic!("an answer, and a notification") };
        assert!(answer.is_observed);
        notification.payload.clone()
    });
    assert_eq!(first, second);
}

#[test]
fn a_slow_observer_costs_its_source_nothing_and_is_told_what_there_is_in_the_end() {
    let (mut network, [source, slow, quick]) = three_replicas();
    network.register(source, "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.settle();
    network.busy = Some(slow);
    let (before, start) = (network.bytes[slow], network.now);
    for change in 1..=500 {
        network.register(source, &format!("ep=node1&base=coap://[2001:db8::1]&state={change}"), "</temp>");
        network.run_until(start + Duration::from_millis(change * 10));
    }
    assert_eq!(network.bytes[slow], before);
    assert_eq!(
        network.waiting.len(),
        2,
        "of each of the others the transport remembers that there is news, and no more"
    );
    network.free();
    network.settle();
    assert!(network.bytes[slow] - before < 300, "{} bytes", network.bytes[slow] - before);
    for uri in [slow, quick] {
        assert_eq!(network.links(uri, "ep", "state=500").len(), 1, "{uri}");
    }
}

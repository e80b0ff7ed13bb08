//! A replica that is to end hands over what it took in the last moment.

extern crate alloc;

mod common;

use core::time::Duration;

use common::{Network, node, three_replicas};
use waypost_rest::{Code, Method, Request};
use waypost_sync::{SyncConfig, SyncEvent};
use waypost_time::Instant;

fn in_step() -> (Network, [&'static str; 3]) {
    let (mut network, uris) = three_replicas();
    network.run_until(Instant::from_millis(5_000));
    (network, uris)
}

fn drain(network: &mut Network, uri: &str) {
    let now = network.now;
    network.node(uri).drain(now);
}

fn is_drained(network: &mut Network, uri: &str) -> bool {
    let now = network.now;
    network.node(uri).is_drained(now)
}

#[test]
fn it_is_over_when_the_others_hold_everything_and_not_before() {
    let (mut network, uris) = in_step();
    assert!(!is_drained(&mut network, uris[0]), "it has not begun");
    network.register(uris[0], "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    drain(&mut network, uris[0]);
    assert!(!is_drained(&mut network, uris[0]));
    let end = network.now + Duration::from_millis(500);
    network.run_until(end);
    assert!(is_drained(&mut network, uris[0]));
    network.stop(uris[0]).expect("a node");
    assert_eq!((network.count(uris[1]), network.count(uris[2])), (1, 1));
}

#[test]
fn strangers_who_are_told_slowly_are_not_waited_for() {
    let mut config = SyncConfig::new(1);
    config.admits_mirrors = true;
    let mut source = node(1, config);
    source.replicator_mut().add_replica("coap://b/sync/feed".parse().expect("a URI")).expect("room");
    let mut other = node(2, SyncConfig::new(2));
    other.replicator_mut().add_replica("coap://a/sync/feed".parse().expect("a URI")).expect("room");
    let mut mirror = node(3, SyncConfig::new(3));
    mirror.replicator_mut().add_mirror("coap://a/sync/feed".parse().expect("a URI")).expect("room");
    let mut network = Network::default();
    for (uri, node) in [("coap://a", source), ("coap://b", other), ("coap://mirror", mirror)] {
        network.add(uri, node);
    }
    network.run_until(Instant::from_millis(5_000));
    assert_eq!(network.node("coap://a").replicator().observers(), 2);
    network.busy = Some("coap://mirror");
    network.register("coap://a", "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    drain(&mut network, "coap://a");
    network.run_until(Instant::from_millis(5_500));
    assert!(is_drained(&mut network, "coap://a"));
    assert_eq!((network.count("coap://b"), network.count("coap://mirror")), (1, 0));
}

#[test]
fn renewals_of_the_last_moment_are_told_too() {
    let (mut network, uris) = in_step();
    network.register(uris[0], "ep=node1&base=coap://[2001:db8::1]&lt=100", "</temp>");
    network.run_until(Instant::from_millis(95_000));
    let location = network.location(uris[0], "");
    network.renew(uris[0], &location);
    drain(&mut network, uris[0]);
    network.run_until(Instant::from_millis(95_500));
    assert!(is_drained(&mut network, uris[0]));
    network.stop(uris[0]).expect("a node");
    network.run_until(Instant::from_millis(150_000));
    assert_eq!((network.count(uris[1]), network.count(uris[2])), (1, 1));
}

#[test]
fn who_has_lost_its_observation_is_handed_over_to_as_well() {
    let (mut network, uris) = in_step();
    network.cut(uris[0], uris[1]);
    network.register(uris[0], "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.settle();
    network.heal();
    network.cut(uris[1], uris[2]);
    drain(&mut network, uris[0]);
    let end = network.now + Duration::from_millis(500);
    network.run_until(end);
    assert!(is_drained(&mut network, uris[0]));
    assert_eq!(network.count(uris[1]), 1);
}

#[test]
fn one_that_cannot_be_reached_is_not_waited_for_beyond_the_limit() {
    let (mut network, uris) = in_step();
    network.cut(uris[0], uris[1]);
    network.register(uris[0], "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    drain(&mut network, uris[0]);
    let begin = network.now;
    network.run_until(begin + Duration::from_millis(1_900));
    assert!(!is_drained(&mut network, uris[0]));
    network.run_until(begin + Duration::from_millis(2_000));
    assert!(is_drained(&mut network, uris[0]));
    assert_eq!(network.count(uris[2]), 1);
}

#[test]
fn no_write_is_taken_any_more_and_look_ups_are_answered() {
    let (mut network, uris) = in_step();
    network.register(uris[0], "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    drain(&mut network, uris[0]);
    let request = Request::new(Method::Post, ["rd"]).with_query("ep=node2").with_query("base=coap://[2001:db8::2]");
    let exchange = network.send("coap://client", uris[0], request);
    network.settle();
    let answer = network.answers(exchange).first().cloned().expect("an answer");
    assert_eq!(answer.code, Code::SERVICE_UNAVAILABLE);
    assert_eq!(network.count(uris[0]), 1);
    assert_eq!(network.links(uris[0], "ep", "").len(), 1);
}

#[test]
fn who_has_nothing_to_hand_over_ends_at_once() {
    let (mut network, uris) = in_step();
    network.cut(uris[0], uris[1]);
    drain(&mut network, uris[0]);
    assert!(is_drained(&mut network, uris[0]));
}

#[test]
fn what_fails_while_it_hands_over_is_not_told() {
    let (mut network, uris) = in_step();
    network.register(uris[0], "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.run_until(Instant::from_millis(6_000));
    network.cut(uris[0], uris[1]);
    network.events(uris[0]);
    drain(&mut network, uris[0]);
    network.run_until(Instant::from_millis(9_000));
    let events = network.events(uris[0]);
    assert!(!events.iter().any(|event| matches!(event, SyncEvent::Failed { .. })), "{events:?}");
}

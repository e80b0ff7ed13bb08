//! Queries that recur in one shape: what they have in common is observed while that pays.

extern crate alloc;

mod common;

use core::time::Duration;

use common::Network;
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_model::ReplicaId;
use waypost_rest::{Method, Request};
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Holding, Proxy, ProxyConfig, ProxyEvent, Replicated, Replicator, SyncConfig};
use waypost_time::Instant;

const URI: &str = "coap://proxy";

fn network(last_counts: bool, adjust: impl FnOnce(&mut ProxyConfig)) -> Network {
    network_holding(Holding::Recurring, last_counts, adjust)
}

fn network_holding(holding: Holding, last_counts: bool, adjust: impl FnOnce(&mut ProxyConfig)) -> Network {
    let mut network = Network::default();
    let server = |number: u64| {
        let directory = Directory::new(Config::new([number as u8; 16], ReplicaId(number)));
        Replicated::new(Server::new(directory, ServerConfig::default()), Replicator::new(SyncConfig::new(number)))
    };
    network.add("coap://a", server(1));
    for node in 0..20 {
        network.register(
            "coap://a",
            &format!("ep=node{node}&d=floor-{}&base=coap://[2001:db8::{node}]&lt=1000000", node % 2),
            &format!("</t>;rt=temp;title=t{node},</l>;rt=light"),
        );
    }
    let mut config = ProxyConfig::new(9);
    adjust(&mut config);
    let mut proxy = Proxy::new(server(2), config);
    proxy.add_upstream(&"coap://a".parse().expect("a URI"), holding).expect("room");
    network.add_proxy(URI, proxy);
    network.last_counts.extend(last_counts.then(|| "coap://a".into()));
    network.run_until(Instant::from_millis(1_000));
    network
}

fn pass(network: &mut Network, span: Duration) {
    let until = network.now + span;
    network.run_until(until);
}

fn observed(network: &mut Network) -> Vec<String> {
    network.proxy(URI).observed().map(|(_, query)| query.to_string()).collect()
}

/// Asks for titles on one floor.
fn recur(network: &mut Network, nodes: core::ops::Range<usize>) {
    for node in nodes {
        let found = network.links(URI, "res", &format!("rt=temp&d=floor-0&title=t{node}"));
        assert_eq!(found.len(), usize::from(node % 2 == 0 && node < 20), "t{node}");
    }
}

#[test]
fn what_queries_have_in_common_is_observed_and_answers_them() {
    let mut network = network(false, |_| ());
    recur(&mut network, 0..3);
    assert!(observed(&mut network).is_empty(), "three do not make a shape");
    recur(&mut network, 3..4);
    assert_eq!(observed(&mut network), ["d=floor-0&rt=temp"]);
    let asked = network.requests["coap://a"];
    recur(&mut network, 4..25);
    assert_eq!(network.links(URI, "res", "rt=temp&d=floor-0&ep=node4").len(), 1);
    assert_eq!(network.requests["coap://a"], asked, "all is at hand");
    // Another link of a registration, one that is not held, could have the attribute.
    assert_eq!(network.links(URI, "ep", "rt=temp&d=floor-0&title=t4").len(), 1);
    assert_ne!(network.requests["coap://a"], asked);
}

#[test]
fn what_is_observed_follows_its_source() {
    let mut network = network(false, |_| ());
    recur(&mut network, 0..4);
    network.register("coap://a", "ep=new&d=floor-0&base=coap://[2001:db8::99]", "</n>;rt=temp;title=new");
    pass(&mut network, Duration::from_secs(1));
    assert_eq!(network.links(URI, "res", "rt=temp&d=floor-0&title=new").len(), 1);
}

#[test]
fn the_same_query_again_and_again_makes_no_shape() {
    let mut network = network(false, |_| ());
    for _ in 0..10 {
        network.links(URI, "res", "rt=temp&d=floor-0&title=t0");
        pass(&mut network, Duration::from_secs(61));
    }
    assert!(observed(&mut network).is_empty());
}

#[test]
fn what_nobody_asks_for_any_more_is_not_observed_any_longer() {
    let mut network = network(false, |_| ());
    recur(&mut network, 0..10);
    assert_eq!(observed(&mut network).len(), 1);
    pass(&mut network, Duration::from_secs(601));
    assert!(observed(&mut network).is_empty());
    // And the source has nobody to notify.
    assert_eq!(network.node("coap://a").service().observations(), 0);
    // It can begin again.
    pass(&mut network, Duration::from_secs(601));
    recur(&mut network, 0..4);
    assert_eq!(observed(&mut network).len(), 1);
}

#[test]
fn what_costs_more_than_it_saves_is_not_observed_any_longer() {
    let mut network = network(false, |_| ());
    recur(&mut network, 0..4);
    for round in 0..100 {
        network.register("coap://a", &format!("ep=x&d=floor-0&base=coap://[2001:db8::77]&et=e{round}"), "</x>;rt=temp");
        pass(&mut network, Duration::from_secs(6));
        recur(&mut network, 0..1);
    }
    let events: Vec<_> = core::iter::from_fn(|| network.proxy(URI).poll_event()).collect();
    assert!(events.iter().any(|event| matches!(event, ProxyEvent::NotObserving { .. })), "{events:?}");
}

/// Plays for so many minutes, and returns what it cost: with what recurs observed, and with a plain cache. That is the bytes that
/// came from the source, and for each request to it about what a question and the head of an answer take.
fn compared(minutes: usize, play: impl Fn(&mut Network, usize)) -> (Network, usize, usize) {
    let played = |holding| {
        let mut network = network_holding(holding, false, |_| ());
        recur(&mut network, 0..4);
        network.bytes.clear();
        network.requests.clear();
        (0..minutes).for_each(|minute| play(&mut network, minute));
        let bytes = network.bytes[URI] + 64 * network.requests["coap://a"];
        (network, bytes)
    };
    let (network, bytes) = played(Holding::Recurring);
    (network, bytes, played(Holding::Answers).1)
}

fn change(network: &mut Network, number: usize) {
    network.register("coap://a", &format!("ep=x&d=floor-0&base=coap://[2001:db8::77]&et=e{number}"), "</x>;rt=temp");
}

#[test]
fn observing_goes_on_while_it_costs_less_than_asking() {
    let (mut network, bytes, plain) = compared(30, |network, minute| {
        recur(network, 0..60);
        if minute % 10 == 9 {
            change(network, minute);
        }
        pass(network, Duration::from_secs(60));
    });
    assert_eq!(observed(&mut network), ["d=floor-0&rt=temp"]);
    assert!(bytes * 2 < plain, "{bytes} bytes in place of {plain}");
}

#[test]
fn what_a_cache_would_have_answered_is_not_saved() {
    let (mut network, bytes, plain) = compared(30, |network, minute| {
        for tenth in 0..10 {
            (0..20).for_each(|_| recur(network, 0..1));
            change(network, 10 * minute + tenth);
            pass(network, Duration::from_secs(6));
        }
    });
    assert!(observed(&mut network).is_empty(), "once a minute would have been enough");
    // It is found out at the first review, after five minutes.
    let once = 60 * 1_500;
    assert!(bytes < plain + once, "{bytes} bytes in place of {plain}");
}

#[test]
fn what_never_pays_is_tried_ever_more_rarely() {
    let mut network = network(false, |_| ());
    let begun = |network: &mut Network| {
        let events = core::iter::from_fn(|| network.proxy(URI).poll_event());
        events.filter(|event| matches!(event, ProxyEvent::Observing { .. })).count()
    };
    let mut counts = Vec::new();
    for _ in 0..2 {
        for minute in 0..24 * 60 {
            if minute % 4 == 0 {
                recur(&mut network, 0..4);
            }
            change(&mut network, minute);
            pass(&mut network, Duration::from_secs(60));
        }
        counts.push(begun(&mut network));
    }
    assert!((5..10).contains(&counts[0]), "{counts:?}");
    assert!(counts[1] <= 2, "{counts:?}");
}

#[test]
fn what_is_observed_no_longer_is_asked_for_again() {
    let mut network = network(false, |_| ());
    recur(&mut network, 0..10);
    assert_eq!(observed(&mut network).len(), 1);
    pass(&mut network, Duration::from_secs(301));
    pass(&mut network, Duration::from_secs(301));
    assert!(observed(&mut network).is_empty());
    let asked = network.requests["coap://a"];
    change(&mut network, 1);
    recur(&mut network, 0..3);
    assert!(network.requests["coap://a"] >= asked + 3);
    assert_eq!(network.links(URI, "res", "rt=temp&d=floor-0").len(), 11);
}

#[test]
fn criteria_that_a_source_does_not_join_are_joined_here() {
    let mut network = network(true, |_| ());
    for (interface, query, count) in [
        ("res", "rt=temp&d=floor-0", 10),
        ("res", "d=floor-0&rt=temp", 10),
        ("res", "ep=node3&rt=light", 1),
        ("res", "rt=light&ep=node3&title=t3", 0),
        ("ep", "title=t4&d=floor-0", 1),
        ("ep", "d=floor-1&title=t4", 0),
        ("ep", "rt=temp&d=floor-1&page=1&count=4", 4),
        ("ep", "rt=temp&d=floor-1&page=2&count=4", 2),
    ] {
        assert_eq!(network.links(URI, interface, query).len(), count, "{interface}?{query}");
    }
}

#[test]
fn an_empty_directory_proves_nothing() {
    let mut network = network(true, |_| ());
    let now = network.now;
    let all = Query::all();
    let locations: Vec<_> = network.directory("coap://a").endpoints(now, &all).map(|found| found.location()).collect();
    for location in locations {
        network.directory("coap://a").remove(now, &location).expect("a registration");
    }
    assert_eq!(network.links(URI, "ep", "d=floor-0&rt=temp").len(), 0);
    network.register("coap://a", "ep=node1&d=floor-0&base=coap://[2001:db8::1]", "</t>;rt=temp");
    pass(&mut network, Duration::from_secs(61));
    assert_eq!(network.links(URI, "ep", "d=floor-0&rt=none").len(), 0);
    assert_eq!(network.links(URI, "ep", "rt=none&d=floor-0").len(), 0);
    assert_eq!(network.links(URI, "ep", "rt=temp&d=floor-0").len(), 1);
}

#[test]
fn what_is_too_large_is_not_observed() {
    let mut network = network(false, |config| config.limits.observed_bytes = 500);
    recur(&mut network, 0..4);
    assert!(observed(&mut network).is_empty());
    recur(&mut network, 4..8);
    assert!(observed(&mut network).is_empty(), "it is not tried again at once");
}

#[test]
fn every_request_is_answered_however_little_may_be_asked() {
    for forwards in 1..6 {
        let mut network = network(true, |config| config.limits.forwards = forwards);
        let sent: Vec<_> = (0..8)
            .map(|number| {
                let request = Request::new(Method::Get, ["rd-lookup", "res"]);
                let request = request.with_query(format!("title=t{number}")).with_query("d=floor-0");
                network.send("coap://client", URI, request)
            })
            .collect();
        pass(&mut network, Duration::from_secs(60));
        for exchange in sent {
            assert_eq!(network.answers(exchange).len(), 1, "{forwards} at a time");
        }
    }
}

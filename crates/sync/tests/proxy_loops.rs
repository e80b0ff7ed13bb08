//! Proxies in front of each other, and of themselves: no answer goes round, and no request.

extern crate alloc;

mod common;

use core::time::Duration;

use common::Network;
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_model::ReplicaId;
use waypost_rest::Code;
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Holding, Proxy, ProxyConfig, Replicated, Replicator, SyncConfig};
use waypost_time::Instant;

/// A directory that takes registrations, and a look-up proxy in front of others, on one host.
fn host(number: u64, upstreams: &[&str], holding: &Holding) -> Proxy<Server> {
    let mut config = Config::new([number as u8; 16], ReplicaId(number));
    config.authorities.push(format!("coap://{}", char::from(b'`' + number as u8)).parse().expect("an authority"));
    let directory = Directory::new(config);
    let server = Server::new(directory, ServerConfig::default());
    let replicated = Replicated::new(server, Replicator::new(SyncConfig::new(number)));
    let mut proxy = Proxy::new(replicated, ProxyConfig::new(number));
    for upstream in upstreams {
        proxy.add_upstream(&upstream.parse().expect("a URI"), holding.clone()).expect("room");
    }
    proxy
}

fn holdings() -> [Holding; 3] {
    [Holding::Answers, Holding::Recurring, Holding::Mirror(Query::all())]
}

#[test]
fn a_proxy_in_front_of_itself_answers_what_is_there() {
    for holding in holdings() {
        let mut network = Network::default();
        network.add_proxy("coap://a", host(1, &["coap://a"], &holding));
        network.register("coap://a", "ep=node1&base=coap://[2001:db8::1]&lt=100000", "</temp>");
        network.run_until(Instant::from_millis(100_000));
        for (interface, query) in [("ep", ""), ("res", ""), ("res", "ep=node1"), ("ep", "page=0&count=5")] {
            assert_eq!(network.links("coap://a", interface, query).len(), 1, "{holding:?}: {interface}?{query}");
        }
    }
}

#[test]
fn two_proxies_in_front_of_each_other_find_both_registrations_once() {
    for holding in holdings() {
        let mut network = Network::default();
        network.add_proxy("coap://a", host(1, &["coap://b"], &holding));
        network.add_proxy("coap://b", host(2, &["coap://a"], &holding));
        network.register("coap://a", "ep=node1&base=coap://[2001:db8::1]&lt=100000", "</temp>");
        network.register("coap://b", "ep=node2&base=coap://[2001:db8::2]&lt=100000", "</temp>");
        network.run_until(Instant::from_millis(200_000));
        for uri in ["coap://a", "coap://b"] {
            assert_eq!(network.links(uri, "ep", "").len(), 2, "{holding:?}: {uri}");
            assert_eq!(network.links(uri, "res", "").len(), 2, "{holding:?}: {uri}");
        }
    }
}

#[test]
fn what_is_removed_does_not_go_on_between_proxies() {
    for holding in holdings() {
        let mut network = Network::default();
        let uris = ["coap://a", "coap://b", "coap://c"];
        for (number, uri) in uris.iter().enumerate() {
            let others: Vec<&str> = uris.iter().filter(|other| *other != uri).copied().collect();
            network.add_proxy(uri, host(number as u64 + 1, &others, &holding));
        }
        network.register("coap://a", "ep=node1&base=coap://[2001:db8::1]&lt=100000", "</temp>");
        network.run_until(Instant::from_millis(200_000));
        let now = network.now;
        let found = network.directory("coap://a").endpoints(now, &Query::all()).next().map(|found| found.location());
        network.directory("coap://a").remove(now, &found.expect("a registration")).expect("removed");
        network.run_until(now + Duration::from_secs(600));
        for uri in uris {
            assert_eq!(network.links(uri, "ep", "").len(), 0, "{holding:?}: {uri}");
        }
    }
}

#[test]
fn a_source_is_answered_with_what_is_registered_here_though_all_is_mirrored_here() {
    let mirror = Holding::Mirror(Query::all());
    let mut network = Network::default();
    network.add_proxy("coap://c", host(3, &[], &mirror));
    network.add_proxy("coap://a", host(1, &["coap://c", "coap://b"], &Holding::Answers));
    network.add_proxy("coap://b", host(2, &["coap://c", "coap://a"], &mirror));
    network.register("coap://c", "ep=node1&base=coap://[2001:db8::1]&lt=100000", "</temp>;rt=old");
    network.register("coap://b", "ep=node2&base=coap://[2001:db8::2]&lt=100000", "</temp>");
    network.run_until(Instant::from_millis(200_000));
    assert!(network.is_in_step("coap://b"), "so that it has the whole answer for a client");
    assert_eq!(network.links("coap://b", "res", "").len(), 2);
    // What it mirrors would be put together with what the directory says itself, which may be newer.
    network.cut("coap://b", "coap://c");
    network.register("coap://c", "ep=node1&base=coap://[2001:db8::1]&lt=100000", "</temp>;rt=new");
    let found = network.links("coap://a", "res", "");
    assert_eq!(found, ["<coap://[2001:db8::1]/temp>;rt=\"new\"", "<coap://[2001:db8::2]/temp>"]);
}

#[test]
fn a_proxy_in_front_of_a_proxy_finds_what_that_one_finds() {
    for (before, behind) in holdings().iter().flat_map(|before| holdings().map(|behind| (before.clone(), behind))) {
        let mut network = Network::default();
        network.add_proxy("coap://c", host(3, &[], &behind));
        network.add_proxy("coap://b", host(2, &["coap://c"], &behind));
        network.add_proxy("coap://a", host(1, &["coap://b"], &before));
        network.register("coap://c", "ep=node1&base=coap://[2001:db8::1]&lt=100000", "</temp>;rt=t");
        network.register("coap://b", "ep=node2&base=coap://[2001:db8::2]&lt=100000", "</temp>;rt=t");
        network.run_until(Instant::from_millis(200_000));
        for (interface, query, count) in
            [("ep", "", 2), ("res", "rt=t", 2), ("ep", "ep=node1", 1), ("ep", "ep=node2", 1)]
        {
            let found = network.links("coap://a", interface, query);
            assert_eq!(found.len(), count, "{before:?} before {behind:?}: {interface}?{query}");
        }
    }
}

#[test]
fn proxies_in_a_ring_end_every_request() {
    let mut network = Network::default();
    for (number, (uri, next)) in
        [("coap://a", "coap://b"), ("coap://b", "coap://c"), ("coap://c", "coap://a")].into_iter().enumerate()
    {
        network.add_proxy(uri, host(number as u64 + 1, &[next], &Holding::Answers));
    }
    network.register("coap://a", "ep=node1&base=coap://[2001:db8::1]&lt=100000", "</temp>");
    network.run_until(Instant::from_millis(1_000));
    let before: usize = network.requests.values().sum();
    let answer = network.look_up("coap://a", "ep", "");
    let end = network.now + Duration::from_secs(60);
    network.run_until(end);
    // A ring has to be configured, and is an error; what counts is that it does not feed itself.
    assert!(answer.is_none_or(|answer| answer.code == Code::CONTENT));
    assert!(network.requests.values().sum::<usize>() - before < 20);
}

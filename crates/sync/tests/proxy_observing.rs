//! Clients that observe what a proxy has to ask for: the last that they are told is what a fresh look-up finds.

extern crate alloc;

mod common;

use core::time::Duration;

use common::Network;
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_model::ReplicaId;
use waypost_rest::{Code, ExchangeId, Method, Observe, Peer, Request, Response, Service as _};
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Holding, Proxy, ProxyConfig, Replicated, Replicator, SyncConfig};
use waypost_time::Instant;

const PROXY: &str = "coap://proxy";

fn server(replica: u64, config: ServerConfig) -> Replicated<Server> {
    let directory = Directory::new(Config::new([replica as u8; 16], ReplicaId(replica)));
    Replicated::new(Server::new(directory, config), Replicator::new(SyncConfig::new(replica)))
}

fn unobservable() -> ServerConfig {
    let mut config = ServerConfig::default();
    config.limits.observations = 0;
    config
}

/// Sources a, b, …, each with one registration and held in some way, and a proxy in front.
fn network(holdings: &[Holding], adjust: impl FnOnce(&mut ProxyConfig)) -> Network {
    network_of(holdings, &ServerConfig::default, adjust)
}

fn network_of(
    holdings: &[Holding],
    source: &dyn Fn() -> ServerConfig,
    adjust: impl FnOnce(&mut ProxyConfig),
) -> Network {
    let mut network = Network::default();
    let mut config = ProxyConfig::new(9);
    adjust(&mut config);
    let mut proxy = Proxy::new(server(9, ServerConfig::default()), config);
    for (number, holding) in holdings.iter().enumerate() {
        let uri = ["coap://a", "coap://b"][number];
        network.add(uri, server(number as u64, source()));
        register(&mut network, uri, &format!("node{number}"));
        proxy.add_upstream(&uri.parse().expect("a URI"), holding.clone()).expect("room");
    }
    network.add_proxy(PROXY, proxy);
    network.run_until(Instant::from_millis(1_000));
    network
}

fn register(network: &mut Network, uri: &str, name: &str) {
    let parameters = format!("ep={name}&d=floor&base=coap://{name}.example&lt=1000000");
    network.register(uri, &parameters, "</t>;rt=temp,</l>;rt=light");
}

fn pass(network: &mut Network, seconds: u64) {
    let until = network.now + Duration::from_secs(seconds);
    network.run_until(until);
}

fn request(interface: &str, query: &str) -> Request {
    let arguments = query.split('&').filter(|argument| !argument.is_empty());
    let request = Request::new(Method::Get, ["rd-lookup", interface]).with_observe(Observe::Register);
    arguments.fold(request, Request::with_query)
}

fn observe(network: &mut Network, client: &str, interface: &str, query: &str) -> ExchangeId {
    let exchange = network.send(client, PROXY, request(interface, query));
    network.settle();
    exchange
}

fn last(network: &Network, exchange: ExchangeId) -> &Response {
    network.answers(exchange).last().expect("an answer")
}

/// What an observer was told last is what there is, so many links of it.
#[track_caller]
fn assert_told(network: &mut Network, exchange: ExchangeId, (interface, query): (&str, &str), links: usize) {
    let told = last(network, exchange).clone();
    assert!(told.is_observed, "{told:?}");
    let fresh = network.look_up(PROXY, interface, query).expect("an answer");
    assert_eq!(told.payload, fresh.payload, "{interface}?{query}");
    assert_eq!(fresh.payload.split(|octet| *octet == b',').filter(|link| !link.is_empty()).count(), links);
}

fn observations(network: &mut Network, uri: &str) -> usize {
    network.node(uri).service().observations()
}

#[test]
fn observers_of_what_is_asked_for_are_told_of_changes() {
    for holding in [Holding::Answers, Holding::Recurring] {
        for looked_up in [("ep", "d=floor"), ("res", "rt=temp"), ("ep", "d=floor&rt=temp")] {
            let mut network = network(&[holding.clone(), holding.clone()], |_| ());
            let exchange = observe(&mut network, "coap://client", looked_up.0, looked_up.1);
            assert_told(&mut network, exchange, looked_up, 2);
            register(&mut network, "coap://a", "new");
            network.settle();
            assert_told(&mut network, exchange, looked_up, 3);
            register(&mut network, "coap://b", "newer");
            network.settle();
            assert_told(&mut network, exchange, looked_up, 4);
            assert_eq!(network.answers(exchange).len(), 3, "each change is told once");
        }
    }
}

#[test]
fn observers_of_one_look_up_share_one_observation_while_there_is_one() {
    let mut network = network(&[Holding::Answers, Holding::Answers], |_| ());
    let mut observers: Vec<ExchangeId> = Vec::new();
    for number in 0..5 {
        observers.push(observe(&mut network, &format!("coap://client{number}"), "ep", "d=floor"));
    }
    observers.push(observe(&mut network, "coap://client0", "ep", "d=floor&page=1&count=1"));
    assert_eq!((observations(&mut network, "coap://a"), observations(&mut network, "coap://b")), (1, 1));
    register(&mut network, "coap://a", "new");
    network.settle();
    let (paged, all) = observers.split_last().expect("observers");
    for exchange in all {
        assert_told(&mut network, *exchange, ("ep", "d=floor"), 3);
    }
    assert_told(&mut network, *paged, ("ep", "d=floor&page=1&count=1"), 1);
    let now = network.now;
    for exchange in observers {
        assert_eq!(observations(&mut network, "coap://a"), 1);
        network.proxy(PROXY).handle_cancel(now, exchange);
        network.settle();
    }
    assert_eq!((observations(&mut network, "coap://a"), observations(&mut network, "coap://b")), (0, 0));
}

#[test]
fn what_is_observed_from_the_first_is_asked_for_once() {
    let mut network = network(&[Holding::Answers, Holding::Answers], |_| ());
    network.requests.clear();
    let first = network.send("coap://client0", PROXY, request("ep", "d=floor"));
    let mut plain = request("ep", "d=floor");
    plain.observe = None;
    let plain = network.send("coap://client1", PROXY, plain);
    let second = network.send("coap://client2", PROXY, request("ep", "d=floor&page=1&count=1"));
    network.settle();
    assert_eq!(network.requests["coap://a"], 2, "discovery, and the look-up");
    assert_eq!(network.answers(plain).len(), 1);
    assert_told(&mut network, first, ("ep", "d=floor"), 2);
    assert_told(&mut network, second, ("ep", "d=floor&page=1&count=1"), 1);
}

#[test]
fn who_leaves_before_the_answer_leaves_nothing_behind() {
    let mut network = network(&[Holding::Answers], |_| ());
    let exchange = network.send("coap://client", PROXY, request("ep", "d=floor"));
    let now = network.now;
    network.proxy(PROXY).handle_cancel(now, exchange);
    network.settle();
    assert_eq!(observations(&mut network, "coap://a"), 0);
    let exchange = observe(&mut network, "coap://client", "ep", "d=floor");
    assert_told(&mut network, exchange, ("ep", "d=floor"), 1);
}

#[test]
fn who_registers_again_goes_on_and_who_deregisters_does_not() {
    let mut network = network(&[Holding::Answers], |_| ());
    let exchange = observe(&mut network, "coap://client", "ep", "d=floor");
    let asked = network.requests["coap://a"];
    let (now, client) = (network.now, Peer::new("coap://client"));
    network.proxy(PROXY).handle_request(now, exchange, &client, request("ep", "d=floor"));
    network.settle();
    assert_eq!(network.requests["coap://a"], asked, "the source is not asked anew");
    register(&mut network, "coap://a", "new");
    network.settle();
    assert_told(&mut network, exchange, ("ep", "d=floor"), 2);
    let other = request("ep", "ep=new");
    network.proxy(PROXY).handle_request(now, exchange, &client, other);
    network.settle();
    assert_told(&mut network, exchange, ("ep", "ep=new"), 1);
    assert_eq!(observations(&mut network, "coap://a"), 1, "that of before has ended");
    let end = request("ep", "ep=new").with_observe(Observe::Deregister);
    network.proxy(PROXY).handle_request(now, exchange, &client, end);
    network.settle();
    assert!(!last(&network, exchange).is_observed);
    assert_eq!(observations(&mut network, "coap://a"), 0);
}

#[test]
fn a_source_that_forgot_the_observation_is_observed_again() {
    for holding in [Holding::Answers, Holding::Recurring] {
        let mut network = network(&[holding.clone(), holding], |_| ());
        let exchange = observe(&mut network, "coap://client", "res", "rt=temp");
        network.stop("coap://b").expect("a node");
        network.add("coap://b", server(7, ServerConfig::default()));
        register(&mut network, "coap://b", "after");
        register(&mut network, "coap://b", "afterwards");
        pass(&mut network, 90);
        assert_told(&mut network, exchange, ("res", "rt=temp"), 3);
        register(&mut network, "coap://b", "later");
        network.settle();
        assert_told(&mut network, exchange, ("res", "rt=temp"), 4);
    }
}

/// Registers at a source, and has the notification lost.
fn register_unheard(network: &mut Network) {
    network.cut("coap://a", PROXY);
    register(network, "coap://a", "new");
    network.settle();
    network.heal();
}

#[test]
fn a_notification_that_was_lost_is_made_up_for() {
    let mut network = network(&[Holding::Answers], |_| ());
    let exchange = observe(&mut network, "coap://client", "ep", "d=floor");
    register_unheard(&mut network);
    assert_eq!(network.answers(exchange).len(), 1);
    pass(&mut network, 90);
    assert_told(&mut network, exchange, ("ep", "d=floor"), 2);
}

#[test]
fn a_fresh_look_up_tells_the_observers_what_it_finds() {
    let mut network = network(&[Holding::Answers], |_| ());
    let exchange = observe(&mut network, "coap://client", "ep", "d=floor");
    register_unheard(&mut network);
    // The answer of before is not fresh any more, and it was not asked again yet whether the source would tell.
    pass(&mut network, 61);
    assert_eq!(network.answers(exchange).len(), 1);
    assert_eq!(network.links(PROXY, "ep", "d=floor").len(), 2);
    network.settle();
    assert_told(&mut network, exchange, ("ep", "d=floor"), 2);
}

#[test]
fn a_source_that_does_not_tell_of_changes_is_asked_when_its_answer_is_stale() {
    let mut network = network_of(&[Holding::Answers, Holding::Answers], &unobservable, |_| ());
    let exchange = observe(&mut network, "coap://client", "ep", "d=floor");
    register(&mut network, "coap://a", "new");
    let asked = network.requests["coap://a"];
    pass(&mut network, 75);
    assert_told(&mut network, exchange, ("ep", "d=floor"), 3);
    pass(&mut network, 600);
    assert!(network.requests["coap://a"] - asked < 25, "about once a minute, and discovery as often");
}

#[test]
fn a_union_of_what_is_mirrored_and_what_is_asked_for_can_be_observed() {
    let mirror = Holding::Mirror("d=floor".parse().expect("a query"));
    let mut network = network(&[mirror, Holding::Answers], |_| ());
    let exchange = observe(&mut network, "coap://client", "ep", "d=floor");
    assert_eq!(observations(&mut network, "coap://b"), 1);
    assert_told(&mut network, exchange, ("ep", "d=floor"), 2);
    for (uri, links) in [("coap://a", 3), ("coap://b", 4), (PROXY, 5)] {
        register(&mut network, uri, &format!("new{links}"));
        pass(&mut network, 90);
        assert_told(&mut network, exchange, ("ep", "d=floor"), links);
    }
}

#[test]
fn a_source_that_comes_in_step_is_not_observed_for_it_any_longer() {
    let mirror = Holding::Mirror("d=floor".parse().expect("a query"));
    let mut network = Network::default();
    network.add("coap://a", server(1, ServerConfig::default()));
    network.add("coap://b", server(2, ServerConfig::default()));
    register(&mut network, "coap://a", "node0");
    register(&mut network, "coap://b", "node1");
    let mut proxy = Proxy::new(server(9, ServerConfig::default()), ProxyConfig::new(9));
    for (uri, holding) in [("coap://a", mirror), ("coap://b", Holding::Answers)] {
        proxy.add_upstream(&uri.parse().expect("a URI"), holding).expect("room");
    }
    network.add_proxy(PROXY, proxy);
    let before = observe(&mut network, "coap://client", "ep", "d=floor");
    pass(&mut network, 100);
    let after = observe(&mut network, "coap://other", "ep", "d=floor");
    register(&mut network, "coap://a", "new");
    pass(&mut network, 2);
    for exchange in [before, after] {
        assert_told(&mut network, exchange, ("ep", "d=floor"), 3);
    }
    // The look-ups of the mirror are observed, and no other.
    let mirrored = observations(&mut network, "coap://a");
    let now = network.now;
    for exchange in [before, after] {
        network.proxy(PROXY).handle_cancel(now, exchange);
    }
    network.settle();
    assert_eq!(observations(&mut network, "coap://a"), mirrored);
    assert_eq!(observations(&mut network, "coap://b"), 0);
}

#[test]
fn a_source_that_is_added_is_observed_too() {
    for holding in [Holding::Answers, Holding::Mirror(Query::all())] {
        let mut network = network(&[holding], |_| ());
        let exchange = observe(&mut network, "coap://client", "ep", "d=floor");
        network.add("coap://new", server(5, ServerConfig::default()));
        register(&mut network, "coap://new", "there");
        let uri = "coap://new".parse().expect("a URI");
        network.proxy(PROXY).add_upstream(&uri, Holding::Answers).expect("room");
        pass(&mut network, 10);
        if last(&network, exchange).is_observed {
            assert_told(&mut network, exchange, ("ep", "d=floor"), 2);
        } else {
            assert_eq!(last(&network, exchange).code, Code::SERVICE_UNAVAILABLE, "the service knows only a part");
        }
    }
}

#[test]
fn who_observes_what_can_be_answered_here_no_longer_asks_again() {
    let adjust = |config: &mut ProxyConfig| config.unconfirmed = Duration::from_secs(600);
    let mut network = network(&[Holding::Mirror(Query::all())], adjust);
    let exchange = observe(&mut network, "coap://client", "ep", "d=floor");
    assert!(last(&network, exchange).is_observed);
    network.cut(PROXY, "coap://a");
    pass(&mut network, 300);
    assert_told(&mut network, exchange, ("ep", "d=floor"), 1);
    pass(&mut network, 900);
    assert_eq!(last(&network, exchange).code, Code::SERVICE_UNAVAILABLE);
    let again = observe(&mut network, "coap://client", "ep", "d=floor");
    assert_eq!(last(&network, again).code, Code::GATEWAY_TIMEOUT);
}

#[test]
fn an_observation_ends_when_stale_answers_may_not_be_used_any_longer() {
    let adjust = |config: &mut ProxyConfig| config.stale = Duration::from_secs(300);
    let mut network = network(&[Holding::Answers, Holding::Answers], adjust);
    let exchange = observe(&mut network, "coap://client", "ep", "d=floor");
    network.cut(PROXY, "coap://b");
    pass(&mut network, 200);
    assert_told(&mut network, exchange, ("ep", "d=floor"), 2);
    register(&mut network, "coap://a", "new");
    network.settle();
    assert_told(&mut network, exchange, ("ep", "d=floor"), 3);
    assert_eq!(last(&network, exchange).max_age, Some(0), "it is stale in part");
    pass(&mut network, 300);
    let end = last(&network, exchange);
    assert_eq!((end.code, end.is_observed), (Code::GATEWAY_TIMEOUT, false));
    assert_eq!(observations(&mut network, "coap://a"), 0);
}

#[test]
fn an_observation_goes_on_without_a_source_where_that_is_allowed() {
    let adjust = |config: &mut ProxyConfig| (config.stale, config.partial) = (Duration::ZERO, true);
    let mut network = network(&[Holding::Answers, Holding::Answers], adjust);
    let exchange = observe(&mut network, "coap://client", "ep", "d=floor");
    network.cut(PROXY, "coap://b");
    pass(&mut network, 100);
    assert_told(&mut network, exchange, ("ep", "d=floor"), 1);
    assert_eq!(last(&network, exchange).max_age, Some(0));
    network.heal();
    pass(&mut network, 100);
    assert_told(&mut network, exchange, ("ep", "d=floor"), 2);
}

#[test]
fn what_a_source_does_not_join_is_answered_and_not_observed() {
    let mut network = network(&[Holding::Recurring], |_| ());
    network.last_counts.push("coap://a".into());
    let exchange = observe(&mut network, "coap://client", "ep", "d=floor&rt=temp");
    assert_eq!((last(&network, exchange).code, last(&network, exchange).is_observed), (Code::CONTENT, false));
    let exchange = observe(&mut network, "coap://client", "ep", "d=floor");
    assert!(last(&network, exchange).is_observed, "a single criterion is no matter");
}

#[test]
fn the_page_of_one_source_is_not_told_any_longer_when_there_is_more() {
    let mut network = network(&[Holding::Answers], |_| ());
    let exchange = observe(&mut network, "coap://client", "ep", "page=0&count=1");
    assert_told(&mut network, exchange, ("ep", "page=0&count=1"), 1);
    register(&mut network, PROXY, "local");
    network.settle();
    assert_eq!(last(&network, exchange).code, Code::SERVICE_UNAVAILABLE);
    let again = observe(&mut network, "coap://client", "ep", "page=1&count=1");
    assert_told(&mut network, again, ("ep", "page=1&count=1"), 1);
}

#[test]
fn above_a_limit_look_ups_are_answered_and_not_observed() {
    type Adjust = fn(&mut ProxyConfig);
    let adjusts: [(Adjust, usize); 5] = [
        (|config| config.limits.observers = 4, 2),
        (|config| config.limits.observers_per_peer = 2, 4),
        (|config| config.limits.subscriptions = 2, 1),
        (|config| config.limits.subscriptions = 7, 3),
        (|config| config.limits.subscriptions_per_source = 3, 3),
    ];
    for (adjust, admitted) in adjusts {
        let mut network = network(&[Holding::Answers, Holding::Answers], adjust);
        let mut exchanges = Vec::new();
        for (number, name) in ["node0", "node1", "other", "nobody"].into_iter().enumerate() {
            // Ports do not make a peer.
            let client = format!("coap://client{}.example:{}", number % 2, number + 6_000);
            exchanges.push(observe(&mut network, &client, "ep", &format!("ep={name}")));
        }
        assert!(exchanges.iter().all(|exchange| last(&network, *exchange).code == Code::CONTENT));
        let observed = exchanges.iter().filter(|exchange| last(&network, **exchange).is_observed).count();
        assert_eq!(observed, admitted);
        assert_eq!(observations(&mut network, "coap://a"), admitted);
        assert_eq!(observations(&mut network, "coap://b"), admitted);
    }
}

#[test]
fn who_bears_the_address_of_an_observer_takes_no_observation_from_it() {
    let mut network = network(&[Holding::Answers], |config| config.limits.observers_per_peer = 1);
    let forged = observe(&mut network, "coap://client:1", "ep", "ep=node0");
    let refused = observe(&mut network, "coap://client:2", "ep", "ep=node1");
    network.reachable.insert("coap://client:3");
    let observer = observe(&mut network, "coap://client:3", "ep", "ep=node1");
    let observed = [forged, refused, observer].map(|exchange| last(&network, exchange).is_observed);
    assert_eq!(observed, [true, false, true]);
}

#[test]
fn however_many_addresses_are_forged_those_who_are_there_find_room_to_observe() {
    let mut network = network(&[Holding::Answers], |config| config.limits.observers = 6);
    let clients = ["coap://client0", "coap://client1", "coap://client2", "coap://client3"];
    let are_observed = |network: &mut Network, clients: &[&'static str]| -> Vec<bool> {
        let exchanges: Vec<_> = clients.iter().map(|client| observe(network, client, "ep", "ep=node0")).collect();
        exchanges.into_iter().map(|exchange| last(network, exchange).is_observed).collect()
    };
    let forged = ["coap://forged0", "coap://forged1", "coap://forged2", "coap://forged3", "coap://forged4"];
    assert_eq!(are_observed(&mut network, &forged), [true, true, true, false, false]);
    network.reachable.extend(clients);
    assert_eq!(are_observed(&mut network, &clients), [true, true, true, false]);
}

#[test]
fn an_observation_ends_when_it_is_too_large() {
    let mut network = network(&[Holding::Answers], |config| config.limits.subscribed_bytes = 300);
    let exchange = observe(&mut network, "coap://client", "ep", "");
    assert_told(&mut network, exchange, ("ep", ""), 1);
    for node in 1..10 {
        register(&mut network, "coap://a", &format!("node{node}"));
    }
    network.settle();
    assert_eq!(last(&network, exchange).code, Code::SERVICE_UNAVAILABLE);
    assert_eq!(observations(&mut network, "coap://a"), 0);
}

#[test]
fn lifetimes_are_not_observed() {
    let mut network = network(&[Holding::Answers], |config| config.passes_lifetimes = true);
    let exchange = observe(&mut network, "coap://client", "ep", "lt-age");
    assert_eq!((last(&network, exchange).code, last(&network, exchange).is_observed), (Code::CONTENT, false));
}

#[test]
fn what_is_told_of_a_source_that_is_lost_is_fresh_no_longer() {
    let mirror = || Holding::Mirror(Query::all());
    for other in [mirror(), Holding::Answers] {
        let mut network = network(&[mirror(), other], |_| ());
        let exchange = observe(&mut network, "coap://client", "ep", "d=floor");
        assert_ne!(last(&network, exchange).max_age, Some(0));
        network.cut(PROXY, "coap://a");
        network.cut("coap://a", PROXY);
        pass(&mut network, 300);
        register(&mut network, "coap://b", "new");
        pass(&mut network, 10);
        assert_told(&mut network, exchange, ("ep", "d=floor"), 3);
        assert_eq!(last(&network, exchange).max_age, Some(0));
        let asked = network.look_up(PROXY, "ep", "d=floor").expect("an answer");
        assert_eq!(asked.max_age, Some(0));
    }
}

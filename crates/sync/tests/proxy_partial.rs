//! A source that is away: what a proxy in front of several says meanwhile.

extern crate alloc;

mod common;

use core::time::Duration;

use common::Network;
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_link_format::LinkDocumentBuf;
use waypost_model::ReplicaId;
use waypost_rest::{Code, Response};
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Holding, Proxy, ProxyConfig, ProxyEvent, Replicated, Replicator, SyncConfig};
use waypost_time::Instant;

const PROXY: &str = "coap://proxy";

fn server(replica: u64, config: ServerConfig) -> Replicated<Server> {
    let directory = Directory::new(Config::new([replica as u8; 16], ReplicaId(replica)));
    Replicated::new(Server::new(directory, config), Replicator::new(SyncConfig::new(replica)))
}

/// Three sources with two registrations each, held in some way, and a proxy in front that keeps no stale answers.
fn network(holdings: [Holding; 3], partial: bool) -> Network {
    let mut network = Network::default();
    let mut config = ProxyConfig::new(9);
    (config.partial, config.stale) = (partial, Duration::ZERO);
    let elsewhere = ServerConfig::default().with_registration_elsewhere(LinkDocumentBuf::default());
    let mut proxy = Proxy::new(server(9, elsewhere), config);
    for (number, holding) in holdings.into_iter().enumerate() {
        let uri = format!("coap://{}", ["a", "b", "c"][number]);
        network.add(&uri, server(number as u64, ServerConfig::default()));
        for node in 0..2 {
            let parameters = format!("ep=node{number}{node}&base=coap://[2001:db8::{number}{node}]&lt=7200");
            network.register(&uri, &parameters, &format!("</t>;rt=temp{number}"));
        }
        proxy.add_upstream(&uri.parse().expect("a URI"), holding).expect("room");
    }
    network.add_proxy(PROXY, proxy);
    network.run_until(Instant::from_millis(1_000));
    network
}

fn asked(network: &mut Network, query: &str) -> Response {
    network.look_up(PROXY, "ep", query).expect("an answer")
}

/// The names of the sources that answers were given without.
fn missing(network: &mut Network) -> Vec<String> {
    let events = core::iter::from_fn(|| network.proxy(PROXY).poll_event());
    let missing = events.filter_map(|event| match event {
        ProxyEvent::Partial { upstream } => Some(upstream.into()),
        _ => None,
    });
    missing.collect()
}

const ASKED: [Holding; 3] = [Holding::Answers, Holding::Answers, Holding::Answers];

fn holdings() -> [[Holding; 3]; 3] {
    let mirror = Holding::Mirror(Query::all());
    [ASKED, [mirror, Holding::Answers, Holding::Answers], [Holding::Recurring, Holding::Answers, Holding::Recurring]]
}

#[test]
fn absence_is_not_stated_unless_the_operator_allows_it() {
    for holdings in holdings() {
        let mut network = network(holdings, false);
        network.cut(PROXY, "coap://b");
        assert_eq!(asked(&mut network, "").code, Code::GATEWAY_TIMEOUT);
        assert_eq!(missing(&mut network), [""; 0]);
    }
}

#[test]
fn what_the_others_have_is_an_answer_that_is_not_fresh() {
    for holdings in holdings() {
        let mut network = network(holdings, true);
        network.cut(PROXY, "coap://b");
        let answer = asked(&mut network, "");
        assert_eq!((answer.code, answer.max_age), (Code::CONTENT, Some(0)));
        assert_eq!(missing(&mut network), ["coap://b"]);
        assert_eq!(network.links(PROXY, "ep", "").len(), 4);
        network.heal();
        let later = network.now + Duration::from_secs(61);
        network.run_until(later);
        assert_eq!(network.links(PROXY, "ep", "").len(), 6);
        assert_ne!(asked(&mut network, "").max_age, Some(0));
        assert_eq!(missing(&mut network), ["coap://b"], "from before");
    }
}

#[test]
fn a_stale_answer_is_better_than_none_of_a_source() {
    let mut network = Network::default();
    for (number, uri) in [(1, "coap://a"), (2, "coap://b")] {
        network.add(uri, server(number, ServerConfig::default()));
        network.register(uri, &format!("ep=node{number}&base=coap://[2001:db8::{number}]&lt=7200"), "</t>");
    }
    let mut config = ProxyConfig::new(9);
    config.partial = true;
    let mut proxy = Proxy::new(server(9, ServerConfig::default()), config);
    for uri in ["coap://a", "coap://b"] {
        proxy.add_upstream(&uri.parse().expect("a URI"), Holding::Answers).expect("room");
    }
    network.add_proxy(PROXY, proxy);
    assert_eq!(network.links(PROXY, "ep", "").len(), 2);
    network.cut(PROXY, "coap://b");
    network.run_until(Instant::from_millis(100_000));
    assert_eq!(network.links(PROXY, "ep", "").len(), 2);
    assert_eq!(missing(&mut network), [""; 0]);
}

#[test]
fn that_the_others_have_nothing_is_no_answer() {
    let mut network = network(ASKED, true);
    network.cut(PROXY, "coap://b");
    assert_eq!(asked(&mut network, "ep=node10").code, Code::GATEWAY_TIMEOUT, "it is registered at b");
    assert_eq!(asked(&mut network, "ep=node00").code, Code::CONTENT);
}

#[test]
fn pages_of_what_is_there_line_up() {
    let mut network = network(ASKED, true);
    network.cut(PROXY, "coap://b");
    let all = network.links(PROXY, "ep", "");
    let pages = (0..3).flat_map(|page| network.links(PROXY, "ep", &format!("page={page}&count=3")));
    let mut paged: Vec<String> = pages.collect();
    paged.sort_unstable();
    assert_eq!(paged, all);
}

#[test]
fn who_is_told_that_a_source_is_away_is_told_when_to_come_back() {
    let mut network = network(ASKED, false);
    network.cut(PROXY, "coap://b");
    let refusal = asked(&mut network, "");
    let wait = refusal.max_age.expect("a time");
    assert!((1..=3).contains(&wait), "the first wait is about two seconds: {wait}");
    network.heal();
    let later = network.now + Duration::from_secs(wait.into());
    network.run_until(later);
    assert_eq!(asked(&mut network, "").code, Code::CONTENT);
}

#[test]
fn whoever_asks_while_a_source_is_away_fills_no_log() {
    let mut network = network(ASKED, true);
    network.cut(PROXY, "coap://b");
    for number in 0..70 {
        asked(&mut network, &format!("ep=node00&x{number}"));
        asked(&mut network, "");
    }
    let told = core::iter::from_fn(|| network.proxy(PROXY).poll_event()).count();
    assert!((60..70).contains(&told), "{told}");
    network.run_until(network.now + Duration::from_secs(60));
    let mut events = core::iter::from_fn(|| network.proxy(PROXY).poll_event());
    assert!(events.any(|event| matches!(event, ProxyEvent::More { count } if count > 10)));
}

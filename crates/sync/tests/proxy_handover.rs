//! An endpoint that goes from one directory to another: what a proxy in front of both shows of it.

extern crate alloc;

mod common;

use core::time::Duration;

use common::{Network, registration};
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_link_format::LinkDocumentBuf;
use waypost_model::ReplicaId;
use waypost_rest::{Method, Observe, Request};
use waypost_server::{Client, Policy, Server, ServerConfig};
use waypost_sync::{Duplicates, Holding, Proxy, ProxyConfig, Replicated, Replicator, SyncConfig};

const PROXY: &str = "coap://proxy";

/// Shows no lifetimes.
#[derive(Debug)]
struct Secretive;

impl Policy for Secretive {
    fn reveals_lifetime(&self, _: &Client<'_>) -> bool {
        false
    }
}

/// Two sources of a kind, and a proxy that mirrors both.
fn network(kind: &str, duplicates: Duplicates) -> Network {
    let mirror = Holding::Mirror(Query::all());
    network_holding([&mirror, &mirror], kind, duplicates)
}

fn network_holding(holdings: [&Holding; 2], kind: &str, duplicates: Duplicates) -> Network {
    let mut network = Network::default();
    for (number, uri) in [(1, "coap://b"), (2, "coap://c")] {
        let (mut server, mut sync) = (ServerConfig::default(), SyncConfig::new(number));
        match kind {
            "feed" => {
                sync.admits_mirrors = true;
                server.links = LinkDocumentBuf::parse(r#"</sync/feed>;rt="waypost.feed""#).expect("a link");
            }
            "ageless" => server = server.with_policy(Secretive),
            _ => {}
        }
        let directory = Directory::new(Config::new([number as u8; 16], ReplicaId(number)));
        network.add(uri, Replicated::new(Server::new(directory, server), Replicator::new(sync)));
    }
    let directory = Directory::new(Config::new([9; 16], ReplicaId(9)));
    let server = Server::new(directory, ServerConfig::default());
    let mut config = ProxyConfig::new(9);
    config.duplicates = duplicates;
    let mut proxy = Proxy::new(Replicated::new(server, Replicator::new(SyncConfig::new(9))), config);
    for (uri, holding) in ["coap://b", "coap://c"].into_iter().zip(holdings) {
        proxy.add_upstream(&uri.parse().expect("a URI"), holding.clone()).expect("room");
    }
    network.add_proxy(PROXY, proxy);
    network.register("coap://b", "ep=other&base=coap://[2001:db8::5]&lt=86400", "</x>");
    pass(&mut network, 1);
    network
}

fn pass(network: &mut Network, seconds: u64) {
    let until = network.now + Duration::from_secs(seconds);
    network.run_until(until);
}

fn register(network: &mut Network, uri: &str) {
    network.register(uri, "ep=endpoint1&d=facility23&base=coap://[2001:db8::1]&lt=86400", "</sensors/temp>;if=core.s");
}

/// Where the endpoint is shown to be registered.
fn shown(network: &mut Network) -> Vec<String> {
    let links = network.links(PROXY, "ep", "ep=endpoint1&d=facility23");
    let resources = network.links(PROXY, "res", "if=core.s");
    assert_eq!(resources.len(), links.len(), "endpoints and resources agree");
    links.iter().map(|link| link[1..].split("/rd/").next().unwrap_or_default().to_string()).collect()
}

#[test]
fn the_newest_registration_is_shown() {
    for kind in ["feed", "ages"] {
        let mut network = network(kind, Duplicates::Newest);
        register(&mut network, "coap://c");
        pass(&mut network, 200);
        assert_eq!(shown(&mut network), ["coap://c"], "{kind}");
        network.stop("coap://c").expect("a node");
        pass(&mut network, 1_000);
        assert_eq!(shown(&mut network), ["coap://c"], "{kind}: it has not expired");
        register(&mut network, "coap://b");
        pass(&mut network, 200);
        assert_eq!(shown(&mut network), ["coap://b"], "{kind}");
    }
}

#[test]
fn an_endpoint_that_goes_back_is_shown_where_it_is() {
    for kind in ["feed", "ages"] {
        let mut network = network(kind, Duplicates::Newest);
        register(&mut network, "coap://c");
        pass(&mut network, 1_000);
        register(&mut network, "coap://b");
        pass(&mut network, 1_000);
        assert_eq!(shown(&mut network), ["coap://b"], "{kind}");
        // The same again is a renewal, which nobody is notified of.
        register(&mut network, "coap://c");
        pass(&mut network, 1_000);
        assert_eq!(shown(&mut network), ["coap://c"], "{kind}");
    }
}

#[test]
fn who_comes_back_after_an_older_registration_has_expired_is_shown() {
    for kind in ["feed", "ages"] {
        let mut network = network(kind, Duplicates::Newest);
        let short = "ep=endpoint1&d=facility23&base=coap://[2001:db8::1]&lt=600";
        network.register("coap://c", short, "</sensors/temp>;if=core.s");
        pass(&mut network, 300);
        register(&mut network, "coap://b");
        pass(&mut network, 250);
        assert_eq!(shown(&mut network), ["coap://b"], "{kind}");
        pass(&mut network, 1_000);
        network.register("coap://c", short, "</sensors/temp>;if=core.s");
        pass(&mut network, 400);
        assert_eq!(shown(&mut network), ["coap://c"], "{kind}");
    }
}

#[test]
fn both_are_shown_while_it_cannot_be_told_which_is_newer() {
    let mut network = network("ages", Duplicates::Newest);
    register(&mut network, "coap://c");
    pass(&mut network, 50);
    register(&mut network, "coap://b");
    pass(&mut network, 500);
    assert_eq!(
        shown(&mut network),
        ["coap://b", "coap://c"],
        "c may have been renewed since, but for what is known here"
    );
    register(&mut network, "coap://b");
    pass(&mut network, 500);
    assert_eq!(shown(&mut network), ["coap://b"]);
}

#[test]
fn both_are_shown_where_sources_do_not_tell_ages() {
    let mut network = network("ageless", Duplicates::Newest);
    register(&mut network, "coap://c");
    pass(&mut network, 1_000);
    register(&mut network, "coap://b");
    pass(&mut network, 1_000);
    assert_eq!(shown(&mut network), ["coap://b", "coap://c"]);
}

#[test]
fn of_what_is_asked_for_all_registrations_are_shown_and_equal_links_once() {
    let mirror = Holding::Mirror(Query::all());
    for holdings in [[&Holding::Answers, &Holding::Answers], [&mirror, &Holding::Answers]] {
        let mut network = network_holding(holdings, "ages", Duplicates::Newest);
        register(&mut network, "coap://c");
        pass(&mut network, 1_000);
        register(&mut network, "coap://b");
        pass(&mut network, 1_000);
        assert_eq!(network.links(PROXY, "ep", "ep=endpoint1&d=facility23").len(), 2, "which is newer is not said");
        assert_eq!(network.links(PROXY, "res", "if=core.s").len(), 1);
        assert_eq!(network.links(PROXY, "res", "if=core.s&provenance").len(), 2);
    }
}

#[test]
fn all_are_shown_if_the_operator_wants_it() {
    let mut network = network("feed", Duplicates::All);
    register(&mut network, "coap://c");
    pass(&mut network, 1_000);
    register(&mut network, "coap://b");
    pass(&mut network, 1_000);
    assert_eq!(shown(&mut network), ["coap://b", "coap://c"]);
}

#[test]
fn what_is_left_is_shown_when_the_newest_is_removed() {
    let mut network = network("feed", Duplicates::Newest);
    register(&mut network, "coap://c");
    pass(&mut network, 1_000);
    register(&mut network, "coap://b");
    pass(&mut network, 100);
    let now = network.now;
    let found = registration("ep=endpoint1&d=facility23&base=coap://[2001:db8::1]", "").key();
    let location = network.directory("coap://b").locate(found.sector.as_ref(), &found.endpoint);
    network.directory("coap://b").remove(now, &location).expect("it is there");
    pass(&mut network, 100);
    assert_eq!(shown(&mut network), ["coap://c"]);
}

#[test]
fn observers_are_told_of_a_handover() {
    let mut network = network("feed", Duplicates::Newest);
    register(&mut network, "coap://c");
    pass(&mut network, 1_000);
    let request =
        Request::new(Method::Get, ["rd-lookup", "ep"]).with_query("d=facility23").with_observe(Observe::Register);
    let exchange = network.send("coap://client", PROXY, request);
    pass(&mut network, 1);
    register(&mut network, "coap://b");
    pass(&mut network, 1);
    let last = network.answers(exchange).last().expect("an answer").payload.clone();
    let text = core::str::from_utf8(&last).expect("text");
    assert!(text.starts_with("<coap://b/") && !text.contains("coap://c"), "{text}");
}

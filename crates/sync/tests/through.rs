//! Mirrors of mirrors: what is registered at one directory comes to another through those between.

extern crate alloc;

mod common;

use alloc::collections::BTreeMap;
use core::time::Duration;

use common::{Network, Node, Plain};
use proptest::prelude::*;
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{EndpointName, Location, ReplicaId, Update};
use waypost_rest::Code;
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Holding, NotFollowed, Proxy, ProxyConfig, Replicated, Replicator, SyncConfig, SyncEvent};
use waypost_time::Instant;

const CHAIN: [&str; 4] = ["coap://a", "coap://b", "coap://c", "coap://d"];
const A: &str = CHAIN[0];
const B: &str = CHAIN[1];
const C: &str = CHAIN[2];
const D: &str = CHAIN[3];

/// A directory that admits mirrors and passes on what it mirrors.
fn directory(number: u64) -> Directory {
    Directory::new(Config::new([number as u8; 16], ReplicaId(number)))
}

fn config(number: u64) -> SyncConfig {
    let mut config = SyncConfig::new(number);
    (config.admits_mirrors, config.passes_on) = (true, true);
    config
}

fn node(directory: Directory, config: SyncConfig) -> Node {
    Replicated::new(Server::new(directory, ServerConfig::default()), Replicator::new(config))
}

/// Has a node mirror what a query selects of an authority through the feed of another.
fn mirror_through(node: &mut Node, source: &str, authority: &str, query: &str) {
    let (feed, authority) = (format!("{source}/sync/feed"), authority.parse().expect("an authority"));
    let query = query.parse().expect("a query");
    node.replicator_mut().add_mirror_through(feed.parse().expect("a URI"), authority, query).expect("room");
}

/// A directory, and others of which each mirrors it through the one before.
fn chain(length: usize) -> Network {
    let mut network = Network::default();
    for (at, uri) in CHAIN[..length].iter().enumerate() {
        let mut node = node(directory(at as u64 + 1), config(at as u64 + 1));
        if at > 0 {
            mirror_through(&mut node, CHAIN[at - 1], A, "");
        }
        network.add(uri, node);
    }
    network
}

fn seconds(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1_000)
}

/// The registrations that a directory shows, as one sees them there: those of `coap://a` without its name.
fn shown(network: &mut Network, uri: &str) -> Vec<String> {
    let now = network.now;
    let text = |endpoint: waypost_directory::Endpoint<'_>| {
        let location = endpoint.location();
        let place = location.as_str().strip_prefix(A).unwrap_or(location.as_str()).to_owned();
        let attributes: Vec<_> = endpoint.attributes().collect();
        let link = |found: waypost_directory::Resource<'_>| {
            format!("{} {}", found.target(), found.link().rt().collect::<Vec<_>>().join(" "))
        };
        let links: Vec<String> = endpoint.resources().map(link).collect();
        let (sector, name, base) = (endpoint.sector(), endpoint.name(), endpoint.base());
        format!("{place} {sector:?} {name} {base} {attributes:?} {links:?}")
    };
    let mut shown: Vec<String> = network.directory(uri).endpoints(now, &Query::all()).map(text).collect();
    shown.sort_unstable();
    shown
}

fn assert_same(network: &mut Network, uris: &[&str], when: &str) {
    let expected = shown(network, A);
    for uri in uris {
        assert_eq!(shown(network, uri), expected, "{uri}: {when}");
    }
}

fn is_in_step(network: &mut Network, uri: &str) -> bool {
    network.node(uri).replicator().standings().all(|standing| standing.is_in_step)
}

fn location_of(network: &mut Network, name: &str) -> Location {
    network.directory(A).locate(None, &EndpointName::new(name).expect("a name"))
}

#[test]
fn what_is_registered_goes_down_a_chain_and_so_does_what_becomes_of_it() {
    let mut network = chain(4);
    network.register(A, "ep=node1&base=coap://[2001:db8::1]&lt=3600", "</temp>;rt=t1");
    network.register(A, "ep=node2&d=floor&base=coap://[2001:db8::2]&et=lamp&lt=3600", "</x>;rt=\"t2 t3\"");
    network.run_until(seconds(100));
    assert_same(&mut network, &[B, C, D], "registered");
    assert_eq!(shown(&mut network, D).len(), 2);

    network.register(A, "ep=node1&base=coap://[2001:db8::3]&lt=3600", "</new>;rt=t4");
    network.settle();
    assert_same(&mut network, &[B, C, D], "changed, at once");

    let location = location_of(&mut network, "node1");
    let now = network.now;
    network.directory(A).remove(now, &location).expect("a registration");
    network.settle();
    assert_same(&mut network, &[B, C, D], "removed, at once");
    assert_eq!(shown(&mut network, D).len(), 1);
}

#[test]
fn a_change_costs_at_the_end_of_a_chain_what_it_costs_at_its_beginning() {
    let mut network = chain(4);
    let many: Vec<String> = (0..40).map(|number| format!("</sensors/{number}>;rt=temperature-c")).collect();
    network.register(A, "ep=node1&base=coap://[2001:db8::1]", &many.join(","));
    network.run_until(seconds(100));
    let before = network.bytes.clone();
    let (location, now) = (location_of(&mut network, "node1"), network.now);
    let links = LinkDocumentBuf::parse(many[1..].join(",")).expect("links");
    let update = Update { links: Some(links), ..Update::default() };
    network.directory(A).update(now, &location, update).expect("a registration");
    network.settle();
    assert_same(&mut network, &[B, C, D], "updated");
    let [first, second, third] = [B, C, D].map(|uri| network.bytes[uri] - before[uri]);
    // It says in a few octets through how many it came.
    assert!(first < 250 && second <= first + 8 && third == second, "{first}, {second}, {third} bytes");
}

#[test]
fn what_is_renewed_stays_and_what_is_not_ends_in_time_at_each_link_of_a_chain() {
    let mut network = chain(4);
    for node in ["node1", "node2"] {
        network.register(A, &format!("ep={node}&base=coap://[2001:db8::1]&lt=300"), "</temp>");
    }
    network.run_until(seconds(200));
    let (location, now) = (location_of(&mut network, "node1"), network.now);
    network.directory(A).renew(now, &location).expect("a registration");
    for (second, count) in [(298, 2), (301, 1), (490, 1), (501, 0)] {
        network.run_until(seconds(second));
        for uri in CHAIN {
            assert_eq!(shown(&mut network, uri).len(), count, "{uri}: after {second} s");
        }
    }
}

#[test]
fn a_standing_says_through_how_many_it_came_and_how_late_renewals_are_known() {
    let mut network = chain(4);
    network.run_until(seconds(100));
    let delay = config(0).limits.renewal_delay * 2;
    for (uri, hops) in [(B, 0), (C, 1), (D, 2)] {
        let standing = network.node(uri).replicator().standings().next().expect("a source");
        assert_eq!((standing.authority.as_str(), standing.hops), (A, hops), "{uri}");
        assert_eq!(standing.delay, Some(delay * (hops as u32 + 1)), "{uri}");
        assert!(standing.is_in_step, "{uri}");
    }
}

#[test]
fn what_is_mirrored_by_look_ups_is_passed_on_by_a_feed() {
    for is_plain in [false, true] {
        let mut network = Network::default();
        let mut server = ServerConfig::default();
        if is_plain {
            server = server.with_policy(Plain);
        }
        network.add(A, Replicated::new(Server::new(directory(1), server), Replicator::new(SyncConfig::new(1))));
        let middle = |replica| {
            let mut middle = node(directory(replica), config(replica));
            middle.replicator_mut().add_mirror(A.parse().expect("a URI")).expect("room");
            middle
        };
        network.add(B, middle(2));
        let mut last = node(directory(3), config(3));
        mirror_through(&mut last, B, A, "");
        network.add(C, last);
        network.register(A, "ep=node1&base=coap://[2001:db8::1]&lt=100", "</temp>");
        network.register(A, "ep=node2&base=coap://[2001:db8::2]&lt=86400", "</temp>");
        for second in (80..1_000).step_by(80) {
            network.run_until(seconds(second));
            network.register(A, "ep=node1&base=coap://[2001:db8::1]&lt=100", "</temp>");
            assert_same(&mut network, &[B, C], "renewed again and again");
        }
        let (location, now) = (location_of(&mut network, "node2"), network.now);
        network.directory(A).remove(now, &location).expect("a registration");
        network.run_until(now + Duration::from_secs(10));
        assert_same(&mut network, &[B, C], "removed");
        let standing = network.node(C).replicator().standings().next().expect("a source");
        assert_eq!(standing.delay.is_none(), is_plain, "without ages, nobody knows when something was renewed");

        // Look-ups have no numbers: who reads them gives some, and begins again after it has lost its memory.
        network.stop(B).expect("a node");
        network.add(B, middle(9));
        network.register(A, "ep=node3&base=coap://[2001:db8::3]&lt=86400", "</temp>");
        network.register(A, "ep=node4&base=coap://[2001:db8::4]&lt=86400", "</temp>");
        network.run_until(now + Duration::from_secs(2_000));
        assert_same(&mut network, &[B, C], "started anew");
        assert_eq!(shown(&mut network, C).len(), 2);
    }
}

#[test]
fn what_a_source_does_not_mirror_or_not_wholly_is_refused_and_reported() {
    for query in [None, Some("d=floor-3")] {
        let mut network = Network::default();
        network.add(A, node(directory(1), config(1)));
        let mut middle = node(directory(2), config(2));
        if let Some(query) = query {
            mirror_through(&mut middle, A, A, query);
        }
        network.add(B, middle);
        let mut last = node(directory(3), config(3));
        mirror_through(&mut last, B, A, "d=floor-3");
        network.add(C, last);
        network.register(A, "ep=node1&d=floor-3&base=coap://[2001:db8::1]", "</temp>");
        network.run_until(seconds(10));
        assert!(shown(&mut network, C).is_empty());
        assert!(!is_in_step(&mut network, C));
        let is_said = |event: &SyncEvent| {
            matches!(event, SyncEvent::NotPassedOn { source, authority }
                if **source == *"coap://b/sync/feed" && authority.as_str() == A)
        };
        assert!(network.events(C).iter().any(is_said), "{query:?}");
    }
}

#[test]
fn nothing_is_passed_on_where_the_operator_does_not_allow_it() {
    let mut network = chain(1);
    let mut closed = config(2);
    closed.passes_on = false;
    let mut middle = node(directory(2), closed);
    mirror_through(&mut middle, A, A, "");
    network.add(B, middle);
    let mut last = node(directory(3), config(3));
    mirror_through(&mut last, B, A, "");
    network.add(C, last);
    network.register(A, "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.run_until(seconds(10));
    assert_eq!((shown(&mut network, B).len(), shown(&mut network, C).len()), (1, 0));
    // Number, relation, cursor, heard, size, whole.
    let question = [&[0x87, 0x00, 0x00, 0x68][..], A.as_bytes(), &[0xa0, 0xa0, 0x19, 0x10, 0x00, 0xf4]].concat();
    assert_eq!(common::ask(&mut network, "coap://stranger", B, question).code, Code::FORBIDDEN);
}

#[test]
fn renewals_that_were_lost_on_the_way_through_a_mirror_are_noticed_with_the_next_write() {
    // Now and then the last one asks; at most of these times it does not soon.
    for renewed in (60..360).step_by(20) {
        let mut network = chain(3);
        let lifetime = renewed + 20;
        network.register(A, &format!("ep=node1&base=coap://[2001:db8::1]&lt={lifetime}"), "</temp>");
        network.run_until(seconds(renewed));
        let now = network.now;
        let location = network.directory(A).endpoints(now, &Query::all()).next().expect("a registration").location();
        network.directory(A).renew(now, &location).expect("a registration");
        network.deaf = Some(C);
        network.run_until(seconds(renewed + 15));
        network.deaf = None;
        network.register(A, "ep=node2&base=coap://[2001:db8::2]", "</temp>");
        network.run_until(seconds(lifetime + 5));
        assert_eq!(shown(&mut network, C).len(), 2, "renewed after {renewed} seconds");
    }
}

#[test]
fn an_authority_is_taken_from_one_source() {
    let mut network = chain(2);
    let replicator = network.node(B).replicator_mut();
    let (other, a) = ("coap://c", || A.parse().expect("an authority"));
    let again = replicator.add_mirror_through(other.parse().expect("a URI"), a(), Query::all());
    assert_eq!(again, Err(NotFollowed::Already));
    assert_eq!(replicator.add_mirror(A.parse().expect("a URI")), Err(NotFollowed::Already));
    let third =
        replicator.add_mirror_through(A.parse().expect("a URI"), "coap://x".parse().expect("one"), Query::all());
    assert_eq!(third, Ok(()), "one source may pass on several");
}

#[test]
fn a_source_that_is_asked_for_itself_by_another_name_answers_what_is_its_own() {
    let mut network = Network::default();
    let mut own = directory(1);
    own.add_authority(A.parse().expect("an authority"));
    network.add("coap://[2001:db8::a]", node(own, config(1)));
    let mut mirror = node(directory(2), config(2));
    mirror_through(&mut mirror, "coap://[2001:db8::a]", A, "");
    network.add(B, mirror);
    network.register("coap://[2001:db8::a]", "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.run_until(seconds(10));
    let now = network.now;
    let all = Query::all();
    let location = network.directory(B).endpoints(now, &all).next().expect("a registration").location();
    assert!(location.as_str().starts_with("coap://a/rd/"), "{location}");
}

#[test]
fn nobody_takes_its_own_authority_from_another() {
    let mut network = chain(2);
    network.directory(A).add_authority(A.parse().expect("an authority"));
    mirror_through(network.node(A), B, A, "");
    network.register(A, "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.run_until(seconds(1_000));
    assert_eq!((shown(&mut network, A).len(), shown(&mut network, B).len()), (1, 1));
    assert!(network.events(A).iter().any(|event| matches!(event, SyncEvent::OwnAuthority { .. })));
    assert!(!network.requests.contains_key(B), "it was not even asked");
}

#[test]
fn mirrors_that_were_made_to_go_round_take_nothing_from_each_other() {
    let mut network = chain(1);
    for (number, uri, source) in [(2, B, D), (3, C, B), (4, D, C)] {
        let mut node = node(directory(number), config(number));
        mirror_through(&mut node, source, A, "");
        network.add(uri, node);
    }
    network.register(A, "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.run_until(seconds(3_600));
    for uri in [B, C, D] {
        assert!(shown(&mut network, uri).is_empty() && !is_in_step(&mut network, uri), "{uri}");
    }
    assert!(network.messages < 1_000, "{} messages", network.messages);
}

/// A chain whose beginning was made to follow its end, with all that it holds.
fn ring() -> Network {
    let mut network = chain(4);
    network.register(A, "ep=node1&base=coap://[2001:db8::1]&lt=7200", "</temp>");
    network.run_until(seconds(100));
    let kept = network.directory(B).clone();
    network.stop(B).expect("a node");
    let mut node = node(kept, config(2));
    mirror_through(&mut node, D, A, "");
    network.add(B, node);
    network
}

#[test]
fn what_goes_round_is_found_out_by_the_hops_and_not_taken() {
    let mut network = ring();
    network.run_until(seconds(3_600));
    let is_far = |event: &SyncEvent| matches!(event, SyncEvent::TooFar { .. });
    assert!([B, C, D].iter().any(|uri| network.events(uri).iter().any(is_far)));
    assert!([B, C, D].iter().all(|uri| !is_in_step(&mut network, uri)));
}

#[test]
fn what_goes_round_does_not_live_longer_for_it() {
    let mut network = ring();
    network.cut(A, B);
    for (second, count) in [(7_190, 1), (7_202, 0), (20_000, 0)] {
        network.run_until(seconds(second));
        for uri in [B, C, D] {
            assert_eq!(shown(&mut network, uri).len(), count, "{uri}: after {second} s");
        }
    }
}

#[test]
fn a_chain_is_no_longer_than_the_limit() {
    let mut network = chain(3);
    let mut short = config(4);
    short.limits.hops = 1;
    let mut last = node(directory(4), short);
    mirror_through(&mut last, C, A, "");
    network.add(D, last);
    network.register(A, "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.run_until(seconds(100));
    assert_eq!((shown(&mut network, C).len(), shown(&mut network, D).len()), (1, 0));
    let events = network.events(D);
    assert!(events.iter().any(|event| matches!(event, SyncEvent::TooFar { hops: 2, .. })), "{events:?}");
}

#[test]
fn a_middle_that_starts_again_without_memory_is_gone_on_from() {
    let mut network = chain(4);
    for number in 0..300 {
        let parameters = format!("ep=node{number}&base=coap://[2001:db8::{number:x}]&lt=86400");
        network.register(A, &parameters, "</temp>;rt=temperature-c");
    }
    network.run_until(seconds(100));
    network.stop(B).expect("a node");
    // It misses a removal that nobody tells it of any more.
    let (location, now) = (location_of(&mut network, "node7"), network.now);
    network.directory(A).remove(now, &location).expect("a registration");
    network.register(A, "ep=node8&base=coap://[2001:db8::3]&lt=86400", "</new>");
    let before = network.bytes[C];
    let mut again = node(directory(9), config(9));
    mirror_through(&mut again, A, A, "");
    network.add(B, again);
    network.run_until(seconds(2_000));
    assert_same(&mut network, &[B, C, D], "started anew");
    let bytes = network.bytes[C] - before;
    assert!(bytes < 2_000, "what C had was not read again: {bytes} bytes");
}

#[test]
fn what_an_authority_lost_with_its_memory_is_gone_down_the_chain() {
    for query in ["", "ep=node*"] {
        let mut network = chain(3);
        let mut last = node(directory(4), config(4));
        mirror_through(&mut last, C, A, query);
        network.add(D, last);
        for number in 1..=2 {
            let parameters = format!("ep=node{number}&base=coap://[2001:db8::{number}]&lt=86400");
            network.register(A, &parameters, "</temp>");
        }
        network.run_until(seconds(100));
        assert_eq!(shown(&mut network, D).len(), 2, "{query:?}");
        network.stop(A).expect("a node");
        network.add(A, node(directory(7), config(7)));
        network.register(A, "ep=node1&base=coap://[2001:db8::3]&lt=86400", "</new>");
        network.run_until(seconds(3_000));
        // Its locations are others, as its secret is.
        assert_same(&mut network, &[B, C, D], query);
        assert_eq!(shown(&mut network, D).len(), 1, "{query:?}");
    }
}

#[test]
fn what_comes_through_a_middle_that_lost_its_source_lives_until_lifetimes_run_out() {
    let mut network = chain(4);
    network.register(A, "ep=node1&base=coap://[2001:db8::1]&lt=3600", "</temp>");
    network.run_until(seconds(1_000));
    network.stop(A).expect("a node");
    // Who comes now gets what is left.
    let mut late = node(directory(5), config(5));
    mirror_through(&mut late, D, A, "");
    network.add("coap://e", late);
    network.run_until(seconds(2_000));
    for uri in [C, D, "coap://e"] {
        let standing = network.node(uri).replicator().standings().next().expect("a source");
        assert!(!standing.is_in_step, "{uri} is in step with who is not");
        assert!(standing.confirmed.is_some_and(|confirmed| confirmed <= seconds(1_100)), "{uri}: {standing:?}");
    }
    for (second, count) in [(3_598, 1), (3_601, 0)] {
        network.run_until(seconds(second));
        for uri in [B, C, D, "coap://e"] {
            assert_eq!(shown(&mut network, uri).len(), count, "{uri}: after {second} s");
        }
    }
}

#[test]
fn a_selection_is_taken_through_a_chain() {
    let mut network = chain(3);
    let mut last = node(directory(4), config(4));
    mirror_through(&mut last, C, A, "d=floor3");
    network.add(D, last);
    for number in 0..100 {
        let parameters = format!("ep=node{number}&d=floor{}&base=coap://[2001:db8::{number:x}]", number % 10);
        network.register(A, &parameters, "</temp>");
    }
    network.run_until(seconds(10));
    assert_eq!(shown(&mut network, C).len(), 100);
    assert_eq!(shown(&mut network, D).len(), 10);
    let floor3 = |line: &String| line.contains("floor3");
    let expected: Vec<String> = shown(&mut network, A).into_iter().filter(floor3).collect();
    assert_eq!(shown(&mut network, D), expected);
}

#[test]
fn a_selection_is_read_again_when_what_it_comes_from_has_forgotten_something() {
    let mut network = chain(2);
    let mut last = node(directory(3), config(3));
    mirror_through(&mut last, B, A, "et=lamp");
    network.add(C, last);
    for number in 1..=2 {
        network.register(A, &format!("ep=node{number}&base=coap://[2001:db8::{number}]&et=lamp&lt=86400"), "");
    }
    network.run_until(seconds(10));
    assert_eq!(shown(&mut network, C).len(), 2);
    // As after a removal that A remembers no longer.
    let now = network.now;
    let origin = waypost_model::Origin::Foreign(A.parse().expect("an authority"));
    let key = waypost_model::Key { origin, sector: None, endpoint: EndpointName::new("node1").expect("a name") };
    let version = network.directory(A).version().clone();
    assert!(network.directory(B).forget_copy(now, &key, &version));
    network.cut(A, B);
    network.run_until(seconds(200));
    assert_eq!(shown(&mut network, C).len(), 1);
    assert!(network.events(C).iter().any(|event| matches!(event, SyncEvent::StartedAnew { .. })));
}

#[test]
fn one_who_offers_no_feed_passes_nothing_on_and_is_not_mirrored_in_the_place_of_another() {
    let mut network = chain(1);
    network.add(B, node(directory(2), config(2)));
    let mut last = node(directory(3), config(3));
    // The host alone: its feed has to be found, and it shows none.
    let (host, authority) = (B.parse().expect("a URI"), A.parse().expect("an authority"));
    last.replicator_mut().add_mirror_through(host, authority, Query::all()).expect("room");
    network.add(C, last);
    network.register(B, "ep=other&base=coap://[2001:db8::1]", "</temp>");
    network.run_until(seconds(100));
    assert!(shown(&mut network, C).is_empty());

    let mut shows = ServerConfig::default();
    shows.links = LinkDocumentBuf::parse(r#"</sync/feed>;rt="waypost.feed""#).expect("a link");
    let mut replicator = Replicator::new(config(2));
    replicator.add_mirror(format!("{A}/sync/feed").parse().expect("a URI")).expect("room");
    network.stop(B).expect("a node");
    network.add(B, Replicated::new(Server::new(directory(2), shows), replicator));
    network.register(A, "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.run_until(seconds(1_000));
    assert_same(&mut network, &[C], "once there is a feed");
}

#[test]
fn a_proxy_answers_from_what_it_mirrors_through_another() {
    let mut network = chain(2);
    let elsewhere = ServerConfig::default().with_registration_elsewhere(LinkDocumentBuf::default());
    let service = Replicated::new(Server::new(directory(3), elsewhere), Replicator::new(config(3)));
    let mut proxy = Proxy::new(service, ProxyConfig::new(3));
    let through = Holding::Through(format!("{B}/sync/feed").parse().expect("a URI"), Query::all());
    proxy.add_upstream(&A.parse().expect("a URI"), through).expect("room");
    network.add_proxy(C, proxy);
    // It never speaks with the directory, nor the other does any more.
    network.cut(A, C);
    network.register(A, "ep=node1&base=coap://[2001:db8::1]", "</temp>;rt=t1,</x>;rt=t2");
    network.run_until(seconds(10));
    network.cut(A, B);
    for second in [10, 1_000] {
        network.run_until(seconds(second));
        assert_eq!(network.links(C, "res", "rt=t1"), [r#"<coap://[2001:db8::1]/temp>;rt="t1""#], "after {second} s");
    }
    // How long that counts as the whole answer, it takes from when the authority was heard of last.
    network.run_until(seconds(10) + ProxyConfig::new(0).unconfirmed + Duration::from_secs(100));
    let response = network.look_up(C, "res", "rt=t1").expect("an answer");
    assert_eq!(response.code, Code::GATEWAY_TIMEOUT);
}

#[derive(Debug, Clone)]
enum Step {
    Register { name: u8, et: bool, link: u8 },
    Renew { name: u8 },
    Remove { name: u8 },
    Cut { at: usize },
    Heal,
    Forget { at: usize, replica: u64 },
    Wait { seconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        5 => (0..5_u8, any::<bool>(), 0..3_u8).prop_map(|(name, et, link)| Step::Register { name, et, link }),
        2 => (0..5_u8).prop_map(|name| Step::Renew { name }),
        2 => (0..5_u8).prop_map(|name| Step::Remove { name }),
        1 => (0..3_usize).prop_map(|at| Step::Cut { at }),
        1 => Just(Step::Heal),
        1 => (1..3_usize, 10..1_000_u64).prop_map(|(at, replica)| Step::Forget { at, replica }),
        3 => (0..200_u64).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

/// When each endpoint of the law was heard of last.
type Heard = BTreeMap<u8, Instant>;

fn play(network: &mut Network, step: &Step, heard: &mut Heard) {
    let now = network.now;
    match *step {
        Step::Register { name, et, link } => {
            let et = if et { "&et=lamp" } else { "" };
            let parameters = format!("ep=node{name}&base=coap://[2001:db8::{name}]&lt=600{et}");
            network.register(A, &parameters, &format!("</{link}>"));
            heard.insert(name, now);
        }
        // There may be nothing to renew, or to remove.
        Step::Renew { name } => {
            let location = location_of(network, &format!("node{name}"));
            if network.directory(A).renew(now, &location).is_ok() {
                heard.insert(name, now);
            }
        }
        Step::Remove { name } => {
            let location = location_of(network, &format!("node{name}"));
            let _ = network.directory(A).remove(now, &location);
        }
        Step::Cut { at } => network.cut(CHAIN[at], CHAIN[at + 1]),
        Step::Heal => network.heal(),
        Step::Forget { at, replica } => {
            network.stop(CHAIN[at]).expect("a node");
            let mut again = node(directory(replica), config(replica));
            mirror_through(&mut again, CHAIN[at - 1], A, "");
            network.add(CHAIN[at], again);
        }
        Step::Wait { seconds } => network.run_until(now + Duration::from_secs(seconds)),
    }
    network.settle();
}

/// The names that a directory shows of what a query selects, sorted.
fn names(network: &mut Network, uri: &str, query: &str) -> Vec<String> {
    let now = network.now;
    let query: Query = query.parse().expect("a query");
    let found = network.directory(uri).endpoints(now, &query);
    let mut names: Vec<String> = found.map(|found| found.name().to_owned()).collect();
    names.sort_unstable();
    names
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_end_of_a_chain_shows_what_its_beginning_has_and_never_what_is_over(
        steps in prop::collection::vec(step(), 1..30),
        query in prop::sample::select(vec!["", "et=lamp"]),
    ) {
        let mut network = chain(3);
        let mut last = node(directory(4), config(4));
        mirror_through(&mut last, C, A, query);
        network.add(D, last);
        let mut heard = Heard::new();
        for step in &steps {
            play(&mut network, step, &mut heard);
            let now = network.now;
            for (name, heard) in heard.iter().filter(|(_, heard)| **heard + Duration::from_secs(600) <= now) {
                for uri in [B, C, D] {
                    let is_shown = names(&mut network, uri, "").contains(&format!("node{name}"));
                    prop_assert!(!is_shown, "{uri}: node{name} at {now:?}, heard of at {heard:?}");
                }
            }
        }
        network.heal();
        for _ in 0..10 {
            play(&mut network, &Step::Register { name: 4, et: true, link: 0 }, &mut heard);
            play(&mut network, &Step::Wait { seconds: 300 }, &mut heard);
        }
        prop_assert_eq!(names(&mut network, D, ""), names(&mut network, A, query));
    }
}

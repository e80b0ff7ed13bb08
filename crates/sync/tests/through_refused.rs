//! What is not taken through another directory: what it does not pass on, one's own, and what goes round.

extern crate alloc;

mod common;

use common::Network;
use common::chain::{A, B, C, D, add_mirror, assert_same, chain, config, directory, mirror_through, node, seconds};
use waypost_filter::Query;
use waypost_link_format::LinkDocumentBuf;
use waypost_rest::Code;
use waypost_server::{Server, ServerConfig};
use waypost_sync::{NotFollowed, Replicated, Replicator, SyncEvent};

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
        add_mirror(&mut network, C, 3, B, "d=floor-3");
        network.register(A, "ep=node1&d=floor-3&base=coap://[2001:db8::1]", "</temp>");
        network.run_until(seconds(10));
        assert!(network.names(C).is_empty());
        assert!(!network.is_in_step(C));
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
    add_mirror(&mut network, C, 3, B, "");
    network.register(A, "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.run_until(seconds(10));
    assert_eq!((network.count(B), network.count(C)), (1, 0));
    // Number, relation, cursor, heard, size, renewals, whole.
    let question =
        [&[0x88, 0x00, 0x00, 0x68][..], A.as_bytes(), &[0xa0, 0xa0, 0x19, 0x10, 0x00, 0x18, 0x64, 0xf4]].concat();
    assert_eq!(common::ask(&mut network, "coap://stranger", B, question).code, Code::FORBIDDEN);
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
    assert!(network.names(C).is_empty());

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
fn nobody_takes_its_own_authority_from_another() {
    let mut network = chain(2);
    network.directory(A).add_authority(A.parse().expect("an authority"));
    mirror_through(network.node(A), B, A, "");
    network.register(A, "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.run_until(seconds(1_000));
    assert_eq!((network.count(A), network.count(B)), (1, 1));
    assert!(network.events(A).iter().any(|event| matches!(event, SyncEvent::OwnAuthority { .. })));
    assert!(!network.requests.contains_key(B), "it was not even asked");
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
    assert_eq!((network.count(C), network.count(D)), (1, 0));
    let events = network.events(D);
    assert!(events.iter().any(|event| matches!(event, SyncEvent::TooFar { hops: 2, .. })), "{events:?}");
}

#[test]
fn mirrors_that_were_made_to_go_round_take_nothing_from_each_other() {
    let mut network = chain(1);
    for (number, uri, source) in [(2, B, D), (3, C, B), (4, D, C)] {
        add_mirror(&mut network, uri, number, source, "");
    }
    network.register(A, "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.run_until(seconds(3_600));
    for uri in [B, C, D] {
        assert!(network.names(uri).is_empty() && !network.is_in_step(uri), "{uri}");
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
    assert!([B, C, D].iter().all(|uri| !network.is_in_step(uri)));
}

#[test]
fn what_goes_round_does_not_live_longer_for_it() {
    let mut network = ring();
    network.cut(A, B);
    for (second, count) in [(7_190, 1), (7_202, 0), (20_000, 0)] {
        network.run_until(seconds(second));
        for uri in [B, C, D] {
            assert_eq!(network.count(uri), count, "{uri}: after {second} s");
        }
    }
}

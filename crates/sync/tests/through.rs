//! Mirrors of mirrors: what is registered at one directory comes to another through those between.

extern crate alloc;

mod common;

use alloc::collections::BTreeMap;
use core::time::Duration;

use common::chain::{A, B, C, CHAIN, D, add_mirror, assert_same, chain, config, directory, node, seconds, shown};
use common::{Network, Plain};
use proptest::prelude::*;
use waypost_filter::Query;
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{EndpointName, Update};
use waypost_rest::Code;
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Holding, Proxy, ProxyConfig, Replicated, Replicator, SyncConfig, SyncEvent};
use waypost_time::Instant;

#[test]
fn what_is_registered_goes_down_a_chain_and_so_does_what_becomes_of_it() {
    let mut network = chain(4);
    network.register(A, "ep=node1&base=coap://[2001:db8::1]&lt=3600", "</temp>;rt=t1");
    network.register(A, "ep=node2&d=floor&base=coap://[2001:db8::2]&et=lamp&lt=3600", "</x>;rt=\"t2 t3\"");
    network.run_until(seconds(100));
    assert_same(&mut network, &[B, C, D], "registered");
    assert_eq!(network.count(D), 2);

    network.register(A, "ep=node1&base=coap://[2001:db8::3]&lt=3600", "</new>;rt=t4");
    network.settle();
    assert_same(&mut network, &[B, C, D], "changed, at once");

    let location = network.location(A, "ep=node1");
    network.remove(A, &location);
    network.settle();
    assert_same(&mut network, &[B, C, D], "removed, at once");
    assert_eq!(network.count(D), 1);
}

#[test]
fn a_change_costs_at_the_end_of_a_chain_what_it_costs_at_its_beginning() {
    let mut network = chain(4);
    let many: Vec<String> = (0..40).map(|number| format!("</sensors/{number}>;rt=temperature-c")).collect();
    network.register(A, "ep=node1&base=coap://[2001:db8::1]", &many.join(","));
    network.run_until(seconds(100));
    let before = network.bytes.clone();
    let (location, now) = (network.location(A, "ep=node1"), network.now);
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
    let location = network.location(A, "ep=node1");
    network.renew(A, &location);
    for (second, count) in [(298, 2), (301, 1), (490, 1), (501, 0)] {
        network.run_until(seconds(second));
        for uri in CHAIN {
            assert_eq!(network.count(uri), count, "{uri}: after {second} s");
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
fn a_source_that_does_not_answer_is_confirmed_at_no_link_of_a_chain_meanwhile() {
    let mut network = chain(4);
    network.register(A, "ep=node1&base=coap://[2001:db8::1]&lt=86400", "</temp>");
    network.run_until(seconds(200));
    let confirmed = |network: &mut Network, uri: &str| {
        network.node(uri).replicator().standings().next().expect("a source").confirmed.expect("it was in step")
    };
    network.silent = Some(A);
    // B asks after a minute and a quarter at the latest, and then waits for five minutes.
    for (uri, second) in [(B, 280), (C, 360), (D, 440), (C, 490), (D, 490)] {
        network.run_until(seconds(second));
        let last = confirmed(&mut network, uri);
        assert!(last <= seconds(275), "{uri}: {last:?} at {:?}", network.now);
    }
    assert!(network.is_in_step(B), "it is not given up yet");
    network.silent = None;
    network.run_until(seconds(1_500));
    for uri in [B, C, D] {
        assert!(network.is_in_step(uri) && confirmed(&mut network, uri) > seconds(1_400), "{uri}");
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
        add_mirror(&mut network, C, 3, B, "");
        network.register(A, "ep=node1&base=coap://[2001:db8::1]&lt=100", "</temp>");
        network.register(A, "ep=node2&base=coap://[2001:db8::2]&lt=86400", "</temp>");
        for second in (80..1_000).step_by(80) {
            network.run_until(seconds(second));
            network.register(A, "ep=node1&base=coap://[2001:db8::1]&lt=100", "</temp>");
            assert_same(&mut network, &[B, C], "renewed again and again");
        }
        let location = network.location(A, "ep=node2");
        network.remove(A, &location);
        let now = network.now;
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
        assert_eq!(network.count(C), 2);
    }
}

#[test]
fn renewals_that_were_lost_on_the_way_through_a_mirror_are_noticed_with_the_next_write() {
    // Now and then the last one asks; at most of these times it does not soon.
    for renewed in (60..360).step_by(20) {
        let mut network = chain(3);
        let lifetime = renewed + 20;
        network.register(A, &format!("ep=node1&base=coap://[2001:db8::1]&lt={lifetime}"), "</temp>");
        network.run_until(seconds(renewed));
        let location = network.location(A, "");
        network.renew(A, &location);
        network.deaf = Some(C);
        network.run_until(seconds(renewed + 15));
        network.deaf = None;
        network.register(A, "ep=node2&base=coap://[2001:db8::2]", "</temp>");
        network.run_until(seconds(lifetime + 5));
        assert_eq!(network.count(C), 2, "renewed after {renewed} seconds");
    }
}

#[test]
fn a_source_that_is_asked_for_itself_by_another_name_answers_what_is_its_own() {
    let mut network = Network::default();
    let mut own = directory(1);
    own.add_authority(A.parse().expect("an authority"));
    network.add("coap://[2001:db8::a]", node(own, config(1)));
    add_mirror(&mut network, B, 2, "coap://[2001:db8::a]", "");
    network.register("coap://[2001:db8::a]", "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.run_until(seconds(10));
    let location = network.location(B, "");
    assert!(location.as_str().starts_with("coap://a/rd/"), "{location}");
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
    let location = network.location(A, "ep=node7");
    network.remove(A, &location);
    network.register(A, "ep=node8&base=coap://[2001:db8::3]&lt=86400", "</new>");
    let before = network.bytes[C];
    add_mirror(&mut network, B, 9, A, "");
    network.run_until(seconds(2_000));
    assert_same(&mut network, &[B, C, D], "started anew");
    let bytes = network.bytes[C] - before;
    assert!(bytes < 2_000, "what C had was not read again: {bytes} bytes");
}

#[test]
fn what_an_authority_lost_with_its_memory_is_gone_down_the_chain() {
    for query in ["", "ep=node*"] {
        let mut network = chain(3);
        add_mirror(&mut network, D, 4, C, query);
        for number in 1..=2 {
            let parameters = format!("ep=node{number}&base=coap://[2001:db8::{number}]&lt=86400");
            network.register(A, &parameters, "</temp>");
        }
        network.run_until(seconds(100));
        assert_eq!(network.count(D), 2, "{query:?}");
        network.stop(A).expect("a node");
        network.add(A, node(directory(7), config(7)));
        network.register(A, "ep=node1&base=coap://[2001:db8::3]&lt=86400", "</new>");
        network.run_until(seconds(3_000));
        // Its locations are others, as its secret is.
        assert_same(&mut network, &[B, C, D], query);
        assert_eq!(network.count(D), 1, "{query:?}");
    }
}

#[test]
fn what_comes_through_a_middle_that_lost_its_source_lives_until_lifetimes_run_out() {
    let mut network = chain(4);
    network.register(A, "ep=node1&base=coap://[2001:db8::1]&lt=3600", "</temp>");
    network.run_until(seconds(1_000));
    network.stop(A).expect("a node");
    // Who comes now gets what is left.
    add_mirror(&mut network, "coap://e", 5, D, "");
    network.run_until(seconds(2_000));
    for uri in [C, D, "coap://e"] {
        let standing = network.node(uri).replicator().standings().next().expect("a source");
        assert!(!standing.is_in_step, "{uri} is in step with who is not");
        assert!(standing.confirmed.is_some_and(|confirmed| confirmed <= seconds(1_100)), "{uri}: {standing:?}");
    }
    for (second, count) in [(3_598, 1), (3_601, 0)] {
        network.run_until(seconds(second));
        for uri in [B, C, D, "coap://e"] {
            assert_eq!(network.count(uri), count, "{uri}: after {second} s");
        }
    }
}

#[test]
fn a_selection_is_taken_through_a_chain() {
    let mut network = chain(3);
    add_mirror(&mut network, D, 4, C, "d=floor3");
    for number in 0..100 {
        let parameters = format!("ep=node{number}&d=floor{}&base=coap://[2001:db8::{number:x}]", number % 10);
        network.register(A, &parameters, "</temp>");
    }
    network.run_until(seconds(10));
    assert_eq!(network.count(C), 100);
    assert_eq!(network.count(D), 10);
    let floor3 = |line: &String| line.contains("floor3");
    let expected: Vec<String> = shown(&mut network, A).into_iter().filter(floor3).collect();
    assert_eq!(shown(&mut network, D), expected);
}

#[test]
fn a_selection_is_read_again_when_what_it_comes_from_has_forgotten_something() {
    let mut network = chain(2);
    add_mirror(&mut network, C, 3, B, "et=lamp");
    for number in 1..=2 {
        network.register(A, &format!("ep=node{number}&base=coap://[2001:db8::{number}]&et=lamp&lt=86400"), "");
    }
    network.run_until(seconds(10));
    assert_eq!(network.count(C), 2);
    // As after a removal that A remembers no longer.
    let now = network.now;
    let origin = waypost_model::Origin::Foreign(A.parse().expect("an authority"));
    let key = waypost_model::Key { origin, sector: None, endpoint: EndpointName::new("node1").expect("a name") };
    let version = network.directory(A).version().clone();
    assert!(network.directory(B).forget_copy(now, &key, &version));
    network.cut(A, B);
    network.run_until(seconds(200));
    assert_eq!(network.count(C), 1);
    assert!(network.events(C).iter().any(|event| matches!(event, SyncEvent::StartedAnew { .. })));
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

fn endpoint(name: u8) -> EndpointName {
    EndpointName::new(&format!("node{name}")).expect("a name")
}

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
            let location = network.directory(A).locate(None, &endpoint(name));
            if network.directory(A).renew(now, &location).is_ok() {
                heard.insert(name, now);
            }
        }
        Step::Remove { name } => {
            let location = network.directory(A).locate(None, &endpoint(name));
            let _ = network.directory(A).remove(now, &location);
        }
        Step::Cut { at } => network.cut(CHAIN[at], CHAIN[at + 1]),
        Step::Heal => network.heal(),
        Step::Forget { at, replica } => {
            network.stop(CHAIN[at]).expect("a node");
            add_mirror(network, CHAIN[at], replica, CHAIN[at - 1], "");
        }
        Step::Wait { seconds } => network.run_until(now + Duration::from_secs(seconds)),
    }
    network.settle();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn the_end_of_a_chain_shows_what_its_beginning_has_and_never_what_is_over(
        steps in prop::collection::vec(step(), 1..30),
        query in prop::sample::select(vec!["", "et=lamp"]),
    ) {
        let mut network = chain(3);
        add_mirror(&mut network, D, 4, C, query);
        let mut heard = Heard::new();
        for step in &steps {
            play(&mut network, step, &mut heard);
            let now = network.now;
            for (name, heard) in heard.iter().filter(|(_, heard)| **heard + Duration::from_secs(600) <= now) {
                for uri in [B, C, D] {
                    let is_shown = network.names(uri).contains(&format!("node{name}"));
                    prop_assert!(!is_shown, "{uri}: node{name} at {now:?}, heard of at {heard:?}");
                }
            }
        }
        network.heal();
        for _ in 0..10 {
            play(&mut network, &Step::Register { name: 4, et: true, link: 0 }, &mut heard);
            play(&mut network, &Step::Wait { seconds: 300 }, &mut heard);
        }
        prop_assert_eq!(network.names(D), network.selected(A, query));
    }
}

//! Of links that change, what is different travels, and all who follow hold the same as if everything had.

extern crate alloc;

mod common;

use core::time::Duration;

use common::Network;
use proptest::prelude::*;
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{Change, Lifetime, Location, ReplicaId, Update, Version};
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Replicated, Replicator, SyncConfig, SyncEvent};

const NODES: [&str; 4] = ["coap://a", "coap://b", "coap://mirror-of-a", "coap://mirror-of-b"];

/// Two replicas of one authority, and a mirror of each, that remember so many bytes of former links. Both replicas have written, and
/// all have asked since.
fn world(former_links: usize) -> Network {
    let mut network = Network::default();
    for (number, uri) in NODES.iter().enumerate() {
        let mut own = Config::new(*b"shared by us all", ReplicaId(number as u64 + 1));
        own.limits.former_links = former_links;
        let mut config = SyncConfig::new(number as u64);
        config.admits_mirrors = true;
        let mut replicator = Replicator::new(config);
        let source = |node: usize| format!("{}/sync/feed", NODES[node]).parse().expect("a URI");
        match number {
            0 | 1 => replicator.add_replica(source(1 - number)),
            _ => replicator.add_mirror(source(number - 2)),
        }
        .expect("room");
        network.add(uri, Replicated::new(Server::new(Directory::new(own), ServerConfig::default()), replicator));
    }
    for (number, uri) in NODES[..2].iter().enumerate() {
        network.register(uri, &format!("ep=first{number}&base=coap://first"), "</first>");
    }
    heal(&mut network);
    network.bytes.clear();
    network
}

/// The links of a device: a dozen of them, each of which the bits decide about, and in which order they are.
fn links(bits: u16) -> LinkDocumentBuf {
    let link = |number: u16| {
        let is_set = bits >> number & 1 != 0;
        match number {
            0..6 if is_set => Some(format!(r#"</{number}>;rt="urn:oma:lwm2m:ext:{number}";title="set";obs"#)),
            0..6 => Some(format!(r#"</{number}>;rt="urn:oma:lwm2m:ext:{number}";title="not set""#)),
            _ => is_set.then(|| format!(r#"</{number}>;rt="urn:oma:lwm2m:ext:{number}";if="oic.if.baseline""#)),
        }
    };
    let mut links: Vec<String> = (0..12).filter_map(link).collect();
    if bits >> 15 != 0 {
        links.reverse();
    }
    LinkDocumentBuf::parse(links.join(",")).expect("links")
}

fn locate(network: &mut Network, uri: &str, endpoint: u8) -> Option<Location> {
    let (now, query) = (network.now, format!("ep=node{endpoint}").parse().expect("a query"));
    network.directory(uri).endpoints(now, &query).next().map(|found| found.location())
}

/// Sets the links of a registration; tells whether it is there.
fn set_links(network: &mut Network, uri: &str, endpoint: u8, links: LinkDocumentBuf) -> bool {
    update(network, uri, endpoint, Update { links: Some(links), ..Update::default() })
}

fn update(network: &mut Network, uri: &str, endpoint: u8, update: Update) -> bool {
    let (now, location) = (network.now, locate(network, uri, endpoint));
    location.is_some_and(|location| network.directory(uri).update(now, &location, update).is_ok())
}

/// What a directory shows of the registrations: names, bases, lifetimes and links as they are written.
fn shown(network: &mut Network, uri: &str) -> Vec<String> {
    let now = network.now;
    let endpoints = network.directory(uri).endpoints(now, &Query::all());
    let shown = |found: waypost_directory::Endpoint<'_>| {
        format!("{} {} {} {}", found.name(), found.base(), found.lifetime().as_secs(), found.document().as_str())
    };
    let mut shown: Vec<String> = endpoints.map(shown).collect();
    shown.sort();
    shown
}

/// What a replica knows of each registration, with the write that set each field.
fn known(network: &mut Network, uri: &str) -> Vec<Change> {
    let now = network.now;
    let feed = network.directory(uri).feed(now, &Version::new()).expect("nothing is forgotten");
    let mut known: Vec<Change> = feed.map(|change| change.to_change()).collect();
    for change in &mut known {
        // Each counts by itself how old it is, and for how long it must be remembered.
        match change {
            Change::Put { record, age } => (record.renewals, *age) = (0, Duration::ZERO),
            Change::Remove(removal) => removal.horizon = Duration::ZERO,
            Change::Renew(_) => {}
        }
    }
    known
}

#[derive(Debug, Clone)]
enum Step {
    Register { at: usize, endpoint: u8, bits: u16 },
    Links { at: usize, endpoint: u8, bits: u16 },
    Lifetime { at: usize, endpoint: u8, seconds: u32 },
    Renew { at: usize, endpoint: u8 },
    Remove { at: usize, endpoint: u8 },
    Cut { a: usize, b: usize },
    Heal,
    Settle,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let place = || (0..2_usize, 0..2_u8);
    // One bit more or less than all or none, as a rule.
    let bits = || prop_oneof![4 => (0..12_u16).prop_map(|bit| 1 << bit), 3 => Just(0), 1 => any::<u16>()];
    let step = prop_oneof![
        2 => (place(), bits()).prop_map(|((at, endpoint), bits)| Step::Register { at, endpoint, bits }),
        6 => (place(), bits()).prop_map(|((at, endpoint), bits)| Step::Links { at, endpoint, bits }),
        1 => (place(), 60_000..90_000_u32).prop_map(|((at, endpoint), seconds)| Step::Lifetime { at, endpoint, seconds }),
        1 => place().prop_map(|(at, endpoint)| Step::Renew { at, endpoint }),
        1 => place().prop_map(|(at, endpoint)| Step::Remove { at, endpoint }),
        1 => (0..4_usize, 0..2_usize).prop_map(|(a, b)| Step::Cut { a, b }),
        1 => Just(Step::Heal),
        4 => Just(Step::Settle),
    ];
    prop::collection::vec(step, 0..40)
}

fn run(network: &mut Network, steps: &[Step]) {
    for step in steps {
        match *step {
            Step::Register { at, endpoint, bits } => {
                // One bit more, and its endpoint is elsewhere.
                let (links, host) = (links(bits), bits & 1);
                network.register(NODES[at], &format!("ep=node{endpoint}&base=coap://h{host}"), links.as_str());
            }
            Step::Links { at, endpoint, bits } => drop(set_links(network, NODES[at], endpoint, links(bits))),
            Step::Lifetime { at, endpoint, seconds } => {
                let lifetime = Some(Lifetime::from_secs(seconds).expect("a lifetime"));
                update(network, NODES[at], endpoint, Update { lifetime, ..Update::default() });
            }
            Step::Renew { at, endpoint } => drop(update(network, NODES[at], endpoint, Update::default())),
            Step::Remove { at, endpoint } => {
                let now = network.now;
                if let Some(location) = locate(network, NODES[at], endpoint) {
                    network.directory(NODES[at]).remove(now, &location).expect("a registration");
                }
            }
            Step::Cut { a, b } => network.cut(NODES[a], NODES[b]),
            Step::Heal => heal(network),
            Step::Settle => {
                let end = network.now + Duration::from_secs(1);
                network.run_until(end);
            }
        }
    }
    heal(network);
}

/// Lets everybody speak again, until all have asked who were told to wait: what a removal sees depends on that.
fn heal(network: &mut Network) {
    network.heal();
    let end = network.now + Duration::from_secs(1_000);
    network.run_until(end);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn all_hold_the_same_with_deltas_as_without(steps in steps()) {
        let [mut with, mut without] = [world(1 << 20), world(0)];
        run(&mut with, &steps);
        run(&mut without, &steps);
        let there = shown(&mut with, NODES[0]);
        for uri in NODES {
            prop_assert_eq!(&shown(&mut with, uri), &there, "{}", uri);
            prop_assert_eq!(&shown(&mut without, uri), &there, "{}", uri);
            let refused = with.events(uri).into_iter().find(|event| matches!(event, SyncEvent::Refused { .. }));
            prop_assert_eq!(refused, None);
        }
        prop_assert_eq!(known(&mut with, NODES[1]), known(&mut with, NODES[0]));
    }
}

/// A world in which everybody has heard of one registration.
fn informed(former_links: usize) -> Network {
    let mut network = world(former_links);
    network.register(NODES[0], "ep=node0&base=coap://h0", links(0).as_str());
    network.settle();
    network.bytes.clear();
    network
}

#[test]
fn what_is_different_is_passed_on_as_such() {
    for (former_links, expected) in [(1 << 20, 50..200), (0, links(1).as_str().len()..2_000)] {
        let mut network = informed(former_links);
        assert!(set_links(&mut network, NODES[0], 0, links(1)));
        network.settle();
        // The mirror of the other replica hears of it at second hand.
        for uri in &NODES[1..] {
            assert!(expected.contains(&network.bytes[*uri]), "{uri}: {:?}", network.bytes);
            assert_eq!(shown(&mut network, uri), shown(&mut network, NODES[0]));
        }
    }
}

#[test]
fn who_missed_several_changes_is_told_what_is_different_from_what_it_holds() {
    let mut network = informed(1 << 20);
    network.cut(NODES[0], NODES[2]);
    for bits in [1, 3, 1 << 7] {
        assert!(set_links(&mut network, NODES[0], 0, links(bits)));
        let end = network.now + Duration::from_secs(1);
        network.run_until(end);
    }
    assert_ne!(shown(&mut network, NODES[2]), shown(&mut network, NODES[0]));
    network.heal();
    network.bytes.clear();
    let end = network.now + Duration::from_secs(120);
    network.run_until(end);
    assert_eq!(shown(&mut network, NODES[2]), shown(&mut network, NODES[0]));
    let all = links(1 << 7).as_str().len();
    assert!(network.bytes[NODES[2]] < all, "{} octets, and the links are {all}", network.bytes[NODES[2]]);
}

#[test]
fn a_registration_that_is_made_again_is_told_by_what_is_different() {
    for (bits, base) in [(1 << 7, "coap://h0"), (0, "coap://elsewhere")] {
        let mut network = informed(1 << 20);
        let all = links(bits);
        network.register(NODES[0], &format!("ep=node0&base={base}"), all.as_str());
        network.settle();
        for uri in &NODES[1..] {
            assert!(network.bytes[*uri] < all.as_str().len() * 2 / 3, "{uri}: {:?}", network.bytes);
            assert_eq!(shown(&mut network, uri), shown(&mut network, NODES[0]));
        }
    }
}

#[test]
fn links_in_another_order_are_told_whole() {
    let mut network = informed(1 << 20);
    let all = links(1 << 15);
    assert!(set_links(&mut network, NODES[0], 0, all.clone()));
    network.settle();
    for uri in &NODES[1..] {
        assert!(network.bytes[*uri] > all.as_str().len(), "{uri}: {:?}", network.bytes);
        assert_eq!(shown(&mut network, uri), shown(&mut network, NODES[0]));
    }
}

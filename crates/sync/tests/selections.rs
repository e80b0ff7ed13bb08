//! Mirrors that follow a feed and hold what a query selects.

extern crate alloc;

mod common;

use alloc::collections::BTreeSet;

use common::{Network, node};
use proptest::prelude::*;
use waypost_filter::Query;
use waypost_model::{EndpointName, Update};
use waypost_sync::{NotFollowed, SyncConfig, SyncEvent};
use waypost_time::Instant;

/// Two replicas of one authority; the first is mirrored.
const SOURCES: [&str; 2] = ["coap://a", "coap://b"];
const MIRROR: &str = "coap://mirror";

fn network(query: &str, tune: impl Fn(&mut SyncConfig)) -> Network {
    let mut network = Network::default();
    for (number, uri) in SOURCES.iter().enumerate() {
        let mut config = SyncConfig::new(number as u64);
        config.admits_mirrors = true;
        tune(&mut config);
        let mut node = node(number as u64 + 1, config);
        let other = format!("{}/sync/feed", SOURCES[1 - number]);
        node.replicator_mut().add_replica(other.parse().expect("a URI")).expect("room");
        network.add(uri, node);
    }
    let mut mirror = node(3, SyncConfig::new(3));
    let feed = format!("{}/sync/feed", SOURCES[0]).parse().expect("a URI");
    mirror.replicator_mut().add_mirror_of(feed, query.parse().expect("a query")).expect("room");
    network.add(MIRROR, mirror);
    network
}

/// The registrations that a query finds, as one sees them there.
fn found(network: &mut Network, uri: &str, query: &str) -> BTreeSet<String> {
    let now = network.now;
    let query: Query = query.parse().expect("a query");
    let directory = network.directory(uri);
    let found = directory.endpoints(now, &query);
    let text = |endpoint: waypost_directory::Endpoint<'_>| {
        let attributes: Vec<_> = endpoint.attributes().collect();
        let (sector, name, base) = (endpoint.sector(), endpoint.name(), endpoint.base());
        format!("{sector:?} {name} {base} {attributes:?} {}", endpoint.document().as_str())
    };
    found.map(text).collect()
}

/// What sets the endpoint type.
fn update_of(et: &str) -> Update {
    let mut update = Update::default();
    update.attributes.push("et", Some(et)).expect("an attribute");
    update
}

fn seconds(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1_000)
}

/// Registers `count` endpoints, each in one of ten sectors.
fn fill(network: &mut Network, count: usize) {
    for number in 0..count {
        let parameters = format!("ep=node{number}&d=floor{}&base=coap://[2001:db8::{number:x}]", number % 10);
        network.register(SOURCES[0], &parameters, "</temp>;rt=temperature-c");
    }
}

#[test]
fn a_mirror_holds_what_is_selected_and_no_more() {
    let mut network = network("d=floor3", |_| {});
    fill(&mut network, 100);
    network.settle();
    assert_eq!(found(&mut network, MIRROR, "").len(), 10);
    assert_eq!(found(&mut network, MIRROR, ""), found(&mut network, SOURCES[0], "d=floor3"));
}

#[test]
fn reading_a_selection_costs_what_is_in_it() {
    let [all, some] = ["", "d=floor3"].map(|query| {
        let mut network = network(query, |_| {});
        fill(&mut network, 3_000);
        network.stop(SOURCES[1]).expect("a node");
        network.settle();
        network.bytes[MIRROR]
    });
    assert!(some * 9 < all, "{some} of {all} bytes");
}

#[test]
fn a_selection_is_read_in_many_answers_with_nothing_said_of_the_rest() {
    let small = |config: &mut SyncConfig| {
        config.limits.answer_bytes = 300;
        config.limits.looked_at = 7;
    };
    let mut network = network("d=floor3", small);
    fill(&mut network, 500);
    network.settle();
    assert_eq!(found(&mut network, MIRROR, ""), found(&mut network, SOURCES[0], "d=floor3"));
    assert!(network.requests[SOURCES[0]] > 500 / 7);
    // A leave has the name of an endpoint: 450 of them would be more than all of this.
    assert!(network.bytes[MIRROR] < 50 * 100 + network.requests[SOURCES[0]] * 25, "{}", network.bytes[MIRROR]);
}

#[test]
fn what_comes_to_match_enters_and_what_ceases_to_leaves() {
    let mut network = network("rt=lamp", |_| {});
    network.register(SOURCES[0], "ep=node1&base=coap://[2001:db8::1]", "</a>;rt=lamp,</b>;rt=lux");
    network.register(SOURCES[0], "ep=node2&base=coap://[2001:db8::2]", "</b>;rt=lux");
    network.run_until(seconds(10));
    assert_eq!(found(&mut network, MIRROR, ""), found(&mut network, SOURCES[0], "ep=node1"));

    network.register(SOURCES[0], "ep=node1&base=coap://[2001:db8::1]", "</b>;rt=lux");
    network.register(SOURCES[0], "ep=node2&base=coap://[2001:db8::2]", "</a>;rt=lamp");
    network.run_until(seconds(20));
    assert_eq!(found(&mut network, MIRROR, ""), found(&mut network, SOURCES[0], "ep=node2"));
}

/// The links of a registration are set before it matches, and what makes it match is said without them.
#[test]
fn what_comes_to_match_by_an_update_comes_whole() {
    let mut network = network("et=lamp", |_| {});
    network.register(SOURCES[0], "ep=node1&base=coap://[2001:db8::1]", "</a>;rt=lux");
    network.run_until(seconds(10));
    let location = network.directory(SOURCES[0]).locate(None, &EndpointName::new("node1").expect("a name"));
    let update = update_of("lamp");
    let now = network.now;
    network.directory(SOURCES[1]).update(now, &location, update).expect("a registration");
    network.run_until(seconds(20));
    assert_eq!(found(&mut network, MIRROR, "").len(), 1);
    assert_eq!(found(&mut network, MIRROR, ""), found(&mut network, SOURCES[0], ""));
}

#[test]
fn many_writes_to_what_is_not_selected_are_few_notifications() {
    let mut network = network("d=floor3", |_| {});
    fill(&mut network, 10);
    network.stop(SOURCES[1]).expect("a node");
    network.run_until(seconds(10));
    let before = network.messages;
    for number in 0..1_000 {
        let now = Instant::from_millis(10_000 + number);
        network.register(SOURCES[0], "ep=busy&d=floor4&base=coap://[2001:db8::9]", &format!("</{number}>"));
        network.run_until(now);
    }
    network.run_until(seconds(12));
    assert!(network.messages - before < 20, "{}", network.messages - before);
}

/// Replaces the first source by one that knows nothing, as a machine that lost its memory does.
fn lose_memory(network: &mut Network) {
    network.stop(SOURCES[0]).expect("a node");
    let mut config = SyncConfig::new(7);
    config.admits_mirrors = true;
    network.add(SOURCES[0], node(7, config));
}

#[test]
fn what_a_source_lost_with_its_memory_is_in_its_selection_no_longer() {
    let mut network = network("d=floor3", |_| {});
    fill(&mut network, 30);
    network.stop(SOURCES[1]).expect("a node");
    network.run_until(seconds(100));
    assert_eq!(found(&mut network, MIRROR, "").len(), 3);

    lose_memory(&mut network);
    // Nothing of what it was before is merged with this.
    network.register(SOURCES[0], "ep=node3&d=floor3&base=coap://[2001:db8::7]", "</new>");
    network.register(SOURCES[0], "ep=node99&d=floor3&base=coap://[2001:db8::8]", "</new>");
    network.run_until(seconds(300));
    assert_eq!(found(&mut network, MIRROR, "").len(), 2);
    assert_eq!(found(&mut network, MIRROR, ""), found(&mut network, SOURCES[0], "d=floor3"));
    assert!(network.events(MIRROR).iter().any(|event| matches!(event, SyncEvent::StartedAnew { .. })));
}

#[test]
fn a_source_that_hears_again_what_it_lost_is_read_again_once() {
    let mut network = network("d=floor3", |_| {});
    fill(&mut network, 30);
    network.run_until(seconds(100));
    let before = found(&mut network, MIRROR, "");
    lose_memory(&mut network);
    let other = format!("{}/sync/feed", SOURCES[1]).parse().expect("a URI");
    network.node(SOURCES[0]).replicator_mut().add_replica(other).expect("room");
    network.run_until(seconds(2_000));
    assert_eq!(found(&mut network, MIRROR, ""), before);
    let is_anew = |event: &SyncEvent| matches!(event, SyncEvent::StartedAnew { .. });
    assert_eq!(network.events(MIRROR).into_iter().filter(is_anew).count(), 1);
}

#[test]
fn an_answer_about_a_selection_says_little_where_there_is_nothing_to_say() {
    let mut network = network("d=floor3", |_| {});
    fill(&mut network, 30);
    network.run_until(seconds(10));
    let before = network.bytes[MIRROR];
    network.run_until(seconds(3_610));
    let bytes = network.bytes[MIRROR] - before;
    assert!(bytes <= 3_600 / 54 * 4, "{bytes} bytes in an hour, of an answer a minute");
}

#[test]
fn one_authority_is_mirrored_by_one_query() {
    let mut network = network("d=floor3", |_| {});
    let replicator = network.node(MIRROR).replicator_mut();
    assert_eq!(replicator.add_mirror("coap://a".parse().expect("a URI")), Err(NotFollowed::Already));
}

#[derive(Debug, Clone)]
enum Step {
    Register { at: usize, name: u8, lamp: bool, room: u8, link: u8 },
    Update { at: usize, name: u8, lamp: bool },
    Remove { at: usize, name: u8 },
    Part,
    Heal,
    Lose,
    Wait { seconds: u64 },
}

fn step() -> impl Strategy<Value = Step> {
    let (at, name) = (0..2_usize, 0..4_u8);
    prop_oneof![
        4 => (at.clone(), name.clone(), any::<bool>(), 0..2_u8, 0..3_u8)
            .prop_map(|(at, name, lamp, room, link)| Step::Register { at, name, lamp, room, link }),
        4 => (at.clone(), name.clone(), any::<bool>()).prop_map(|(at, name, lamp)| Step::Update { at, name, lamp }),
        2 => (at, name).prop_map(|(at, name)| Step::Remove { at, name }),
        2 => Just(Step::Part),
        2 => Just(Step::Heal),
        1 => Just(Step::Lose),
        3 => (0..100_u64).prop_map(|seconds| Step::Wait { seconds }),
    ]
}

fn play(network: &mut Network, step: &Step) {
    let now = network.now;
    let located = |network: &mut Network, at: usize, name: u8| {
        let name = EndpointName::new(&format!("node{name}")).expect("a name");
        network.directory(SOURCES[at]).locate(None, &name)
    };
    match *step {
        Step::Register { at, name, lamp, room, link } => {
            let et = if lamp { "&et=lamp" } else { "" };
            let parameters = format!("ep=node{name}&base=coap://[2001:db8::{name}]&room={room}{et}");
            network.register(SOURCES[at], &parameters, &format!("</{link}>;rt=r{link}"));
        }
        Step::Update { at, name, lamp } => {
            let location = located(network, at, name);
            // There may be nothing to update.
            let update = update_of(if lamp { "lamp" } else { "lux" });
            let _ = network.directory(SOURCES[at]).update(now, &location, update);
        }
        Step::Remove { at, name } => {
            let location = located(network, at, name);
            let _ = network.directory(SOURCES[at]).remove(now, &location);
        }
        Step::Part => network.cut(SOURCES[0], SOURCES[1]),
        Step::Heal => network.heal(),
        Step::Lose => network.cut(SOURCES[0], MIRROR),
        Step::Wait { seconds } => network.run_until(now + core::time::Duration::from_secs(seconds)),
    }
    network.settle();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_mirror_holds_what_its_source_selects(
        steps in prop::collection::vec(step(), 1..40),
        query in prop::sample::select(vec!["et=lamp", "rt=r1", "room=1&rt=r2", "ep=node1", "et=lamp&rt=r0"]),
        answer_bytes in prop::sample::select(vec![50_usize, 64 * 1024]),
    ) {
        let mut network = network(query, |config| config.limits.answer_bytes = answer_bytes);
        for step in &steps {
            play(&mut network, step);
        }
        network.heal();
        let end = network.now + core::time::Duration::from_secs(1_000);
        network.run_until(end);
        let is_odd = |event: &SyncEvent| {
            matches!(event, SyncEvent::Malformed { .. } | SyncEvent::Refused { .. })
        };
        prop_assert!(!network.events(MIRROR).iter().any(is_odd));
        prop_assert_eq!(found(&mut network, MIRROR, ""), found(&mut network, SOURCES[0], query));
    }
}

//! Directories that have come apart find together again, at the cost of the difference.

extern crate alloc;

mod common;

use core::time::Duration;

use common::{Network, node, registration, three_replicas};
use waypost_directory::{self as directory, Config, Directory, Refused};
use waypost_filter::Query;
use waypost_model::{Key, Location, Origin, ReplicaId, Version};
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Limits, Replicated, Replicator, SyncConfig, SyncEvent};
use waypost_time::Instant;

const SOURCE: &str = "coap://source";
const MIRROR: &str = "coap://mirror";

/// A source with so many registrations, and a mirror that is in step with it.
fn pair(count: usize) -> Network {
    pair_with(count, "</temp>;rt=temperature-c", |_| (), |_| ())
}

/// The same, with these links and limits of each.
fn pair_with(count: usize, links: &str, there: impl FnOnce(&mut Limits), here: impl FnOnce(&mut Limits)) -> Network {
    let mut network = Network::default();
    let [mut config, mut own] = [1, 2].map(SyncConfig::new);
    config.admits_mirrors = true;
    there(&mut config.limits);
    here(&mut own.limits);
    network.add(SOURCE, node(1, config));
    let mut mirror = node(2, own);
    mirror.replicator_mut().add_mirror("coap://source/sync/feed".parse().expect("a URI")).expect("room");
    network.add(MIRROR, mirror);
    for number in 0..count {
        network.register(SOURCE, &format!("ep=node{number}&base=coap://h{number}&lt=100000000"), links);
    }
    network.settle();
    network.events(MIRROR);
    network
}

/// Loses every so many registrations at the mirror.
fn lose(network: &mut Network, step: usize) {
    let now = network.now;
    for (key, dot) in copies(network).into_iter().step_by(step) {
        assert!(network.directory(MIRROR).forget_copy(now, &key, &[dot].into_iter().collect()));
    }
}

/// Loses them, and lets them be found.
fn lose_and_find(network: &mut Network, step: usize) {
    lose(network, step);
    network.run_until(network.now + Duration::from_secs(900));
}

/// The keys that a mirror has of its source, with their writes.
fn copies(network: &mut Network) -> Vec<(Key, waypost_model::Dot)> {
    let now = network.now;
    let origin = Origin::Foreign("coap://source".parse().expect("an authority"));
    let directory = network.directory(MIRROR);
    directory.ids(now, &origin).map(|(_, record)| (record.to_record().key, record.dot())).collect()
}

fn reconciled(network: &mut Network) -> Option<(usize, usize)> {
    network.events(MIRROR).into_iter().find_map(|event| match event {
        SyncEvent::Reconciled { added, removed, .. } => Some((added, removed)),
        _ => None,
    })
}

#[test]
fn what_is_lost_behind_the_back_of_the_engine_is_noticed_and_fetched() {
    let mut network = pair(500);
    lose_and_find(&mut network, 50);
    assert_eq!(network.names(MIRROR), network.names(SOURCE));
    assert_eq!(reconciled(&mut network), Some((10, 0)));
}

#[test]
fn what_is_lost_is_found_in_answers_of_any_size() {
    for answer_bytes in [1, 50, 400] {
        let limit = |limits: &mut Limits| limits.answer_bytes = answer_bytes;
        let mut network = pair_with(100, "</temp>;rt=temperature-c", limit, limit);
        lose_and_find(&mut network, 50);
        assert_eq!(network.names(MIRROR), network.names(SOURCE), "{answer_bytes} bytes");
    }
}

#[test]
fn who_asks_for_more_than_a_source_answers_at_once_asks_for_less() {
    let limit = |ids| move |limits: &mut Limits| limits.ids = ids;
    for (there, here) in [(512, 7), (7, 512), (1, 512)] {
        let mut network = pair_with(400, "</temp>", limit(there), limit(here));
        lose_and_find(&mut network, 10);
        assert_eq!(network.names(MIRROR), network.names(SOURCE), "{there} there, {here} here");
        assert_eq!(reconciled(&mut network), Some((40, 0)), "{there} there, {here} here");
    }
}

#[test]
fn who_is_answered_more_than_gets_through_asks_for_less() {
    let links = format!(r#"</temp>;title="{}""#, "x".repeat(8_000));
    for (what, received_bytes, longest) in [("here", 30_000, None), ("between", 1_000_000, Some(30_000))] {
        // The source says as much at once as it likes, but of changes no more than is asked for.
        let there = |limits: &mut Limits| limits.answer_bytes = 10_000_000;
        let here = |limits: &mut Limits| (limits.answer_bytes, limits.received_bytes) = (20_000, received_bytes);
        let mut network = pair_with(300, &links, there, here);
        network.longest = longest;
        lose_and_find(&mut network, 30);
        assert_eq!(network.names(MIRROR), network.names(SOURCE), "no room {what}");
        assert_eq!(reconciled(&mut network), Some((10, 0)), "no room {what}");
    }
}

#[test]
fn a_source_says_no_more_at_once_than_it_may_of_what_is_missing() {
    let links = format!(r#"</temp>;title="{}""#, "x".repeat(8_000));
    let mut network = pair_with(300, &links, |limits| limits.answer_bytes = 20_000, |_| ());
    network.largest = 0;
    lose_and_find(&mut network, 30);
    assert_eq!(reconciled(&mut network), Some((10, 0)));
    assert!(network.largest <= 20_000, "{} octets", network.largest);
}

#[test]
fn who_was_away_for_longer_than_removals_are_remembered_reads_the_difference_alone() {
    let mut network = pair(2000);
    let end = network.now + Duration::from_secs(10);
    network.run_until(end);
    network.cut(SOURCE, MIRROR);
    network.run_until(end + Duration::from_secs(600));
    let now = network.now;
    // More removals than are remembered.
    let all = network.directory(SOURCE).endpoints(now, &Query::all()).map(|found| found.location());
    let removed: Vec<_> = all.step_by(20).collect();
    for location in &removed {
        network.remove(SOURCE, location);
    }
    network.register(SOURCE, "ep=new&base=coap://new&lt=100000000", "</x>");
    // A hundred thousand are remembered: fill that up.
    for number in 0..100_100 {
        let sensor = registration(&format!("ep=short{number}&base=coap://s"), "");
        let location = network.directory(SOURCE).register(now, sensor).expect("room").location;
        network.remove(SOURCE, &location);
    }
    assert!(
        network
            .directory(SOURCE)
            .feed(now, &[waypost_model::Dot::new(ReplicaId(1), 2000)].into_iter().collect::<Version>())
            .is_err()
    );
    network.heal();
    network.bytes.clear();
    network.run_until(now + Duration::from_secs(1200));
    assert_eq!(network.names(MIRROR), network.names(SOURCE));
    assert_eq!(reconciled(&mut network), Some((1, 100)));
    // A hundred and one differences at some seventeen octets, one entry, and the hundred removals, which are remembered for
    // longer than those after them; not two thousand entries.
    assert!(network.bytes[MIRROR] < 7_000, "{} octets", network.bytes[MIRROR]);
}

#[test]
fn what_others_removed_before_this_replica_heard_of_them_is_gone_once_they_were_compared() {
    let (mut network, uris) = three_replicas();
    network.register(uris[0], "ep=brief&base=coap://h&lt=60", "</t>");
    remove_all(&mut network, uris[0]);
    // So they have forgotten a removal that the third, which has forgotten everything, does not know of.
    network.run_until(Instant::from_millis(7_200_000));
    network.stop(uris[2]).expect("a node");
    let mut anew = node(77, SyncConfig::new(77));
    for other in &uris[..2] {
        anew.replicator_mut().add_replica(format!("{other}/sync/feed").parse().expect("a URI")).expect("room");
    }
    network.add(uris[2], anew);
    let now = network.now;
    for name in ["node1", "node2"] {
        network.register(uris[2], &format!("ep={name}&base=coap://h"), "</temp>");
    }
    let location = locations(&mut network, uris[2])[0].clone();
    network.directory(uris[2]).renew(now, &location).expect("a registration");
    // It is heard, and hears nothing as yet.
    let told = network.directory(uris[2]).clone();
    let there = network.directory(uris[0]);
    for change in told.feed(now, &Version::new()).expect("who has nothing misses nothing") {
        there.apply(now, change.to_change()).expect("a change");
    }
    there.advance(told.version()).expect("room");
    remove_all(&mut network, uris[0]);
    network.settle();
    for uri in uris {
        assert_eq!(network.names(uri), [""; 0], "{uri}");
    }
    let mended = network.events(uris[2]).into_iter().find(|event| matches!(event, SyncEvent::Reconciled { .. }));
    assert!(matches!(mended, Some(SyncEvent::Reconciled { added: 0, removed: 2, .. })), "{mended:?}");
}

fn locations(network: &mut Network, uri: &str) -> Vec<Location> {
    let now = network.now;
    network.directory(uri).endpoints(now, &Query::all()).map(|found| found.location()).collect()
}

fn remove_all(network: &mut Network, uri: &str) {
    let now = network.now;
    for location in locations(network, uri) {
        network.directory(uri).remove(now, &location).expect("a registration");
    }
}

#[test]
fn what_expires_at_slightly_different_times_alarms_nobody() {
    let mut network = pair(50);
    for round in 0..200_u64 {
        let parameters = format!("ep=brief{round}&base=coap://b&lt={}", 60 + round * 7);
        network.register(SOURCE, &parameters, "</t>");
        network.run_until(Instant::from_millis(round * 61_000 + 1_000));
    }
    let events = network.events(MIRROR);
    let is_alarm = |event: &&SyncEvent| matches!(event, SyncEvent::Reconciled { .. } | SyncEvent::StartedAnew { .. });
    assert_eq!(events.iter().find(is_alarm), None);
}

#[test]
fn what_a_comparison_finds_and_there_is_no_room_for_does_not_count_as_held() {
    let directory = |replica, limit: fn(&mut directory::Limits)| {
        let mut config = Config::new(*b"keep it a secret", ReplicaId(replica));
        limit(&mut config.limits);
        Server::new(Directory::new(config), ServerConfig::default())
    };
    let [mut config, own] = [1, 2].map(SyncConfig::new);
    config.admits_mirrors = true;
    let mut network = Network::default();
    let source = directory(1, |limits| limits.tombstones = 1);
    network.add(SOURCE, Replicated::new(source, Replicator::new(config)));
    let mut replicator = Replicator::new(own);
    replicator.add_mirror("coap://source/sync/feed".parse().expect("a URI")).expect("room");
    let mirror = directory(2, |limits| limits.registrations = 2);
    network.add(MIRROR, Replicated::new(mirror, replicator));
    network.register(MIRROR, "ep=own&base=coap://h", "</t>");
    network.register(SOURCE, "ep=node1&base=coap://h", "</t>");
    network.settle();
    assert!(network.is_in_step(MIRROR));

    // More is removed than is remembered, and the mirror hears nothing of what was registered then.
    network.deaf = Some(MIRROR);
    let now = network.now;
    for number in 0..3 {
        let brief = registration(&format!("ep=brief{number}&base=coap://h"), "</t>");
        let location = network.directory(SOURCE).register(now, brief).expect("room").location;
        network.remove(SOURCE, &location);
    }
    network.register(SOURCE, "ep=node2&base=coap://h", "</t>");
    network.run_until(now + Duration::from_secs(200));
    assert!(network.comparisons > 0);
    assert_eq!(network.names(MIRROR), ["node1", "own"]);
    assert!(!network.is_in_step(MIRROR));
    let confirmed = network.node(MIRROR).replicator().standings().find_map(|standing| standing.confirmed);
    assert!(confirmed.is_some_and(|confirmed| confirmed < now + Duration::from_secs(100)), "{confirmed:?}");

    // Once there is room it is asked for again.
    let own = network.location(MIRROR, "ep=own");
    network.remove(MIRROR, &own);
    network.run_until(network.now + Duration::from_secs(500));
    assert_eq!(network.names(MIRROR), ["node1", "node2"]);
    assert!(network.is_in_step(MIRROR));
}

#[test]
fn what_could_not_be_fetched_takes_nothing_from_what_is_here() {
    let mut network = pair(50);
    let now = network.now;
    // The source's clock runs far ahead for a moment, and what it writes then is refused for long.
    let ahead = now + Duration::from_secs(3 * 3600);
    let again = registration("ep=node7&base=coap://moved&lt=100000000", "</temp>");
    network.directory(SOURCE).register(ahead, again).expect("room");
    network.run_until(now + Duration::from_secs(1800));
    let events = network.events(MIRROR);
    assert!(
        events.iter().any(|event| matches!(event, SyncEvent::Refused { refused: Refused::Early, .. })),
        "{events:?}"
    );
    assert!(network.comparisons > 0);
    assert_eq!(network.selected(MIRROR, "ep=node7"), ["node7"]);
}

#[test]
fn a_comparison_that_came_to_nothing_is_begun_again_soon_and_nothing_is_confirmed_meanwhile() {
    let mut network = pair(500);
    lose(&mut network, 50);
    network.comparisons_lost = 1;
    while network.comparisons_lost > 0 {
        network.run_until(network.now + Duration::from_secs(1));
    }
    let lost = network.now;
    assert!(!network.is_in_step(MIRROR), "it is not known what is there");
    network.run_until(lost + Duration::from_secs(100));
    assert_eq!(reconciled(&mut network), Some((10, 0)));
    assert!(network.is_in_step(MIRROR));
}

#[test]
fn a_source_that_answers_no_comparison_is_not_asked_again_and_again() {
    let mut network = pair(500);
    lose(&mut network, 50);
    network.comparisons_lost = 1_000;
    network.run_until(network.now + Duration::from_secs(24 * 3600));
    let asked = 1_000 - network.comparisons_lost;
    assert!((100..200).contains(&asked), "{asked} times");
}

#[test]
fn of_writes_that_did_not_see_each_other_only_those_go_that_the_source_has_lost() {
    let mut network = pair(50);
    let now = network.now;
    // Another replica registered it too, and both are here.
    let mut other = Directory::new(Config::new(*b"keep it a secret", ReplicaId(9)));
    other.register(now, registration("ep=node7&base=coap://old&lt=100000000", "</temp>")).expect("room");
    let told = other.feed(now, &Version::new()).expect("who has nothing misses nothing").next().expect("a change");
    let (key, dot) = (told.to_change().key().clone(), told.dot());
    let there = network.directory(SOURCE);
    there.apply(now, told.to_change()).expect("a change");
    there.advance(other.version()).expect("room");
    network.run_until(now + Duration::from_secs(10));
    let writes = |network: &mut Network| {
        let made: Vec<_> = copies(network).into_iter().filter(|(copy, _)| copy.endpoint == key.endpoint).collect();
        made.into_iter().map(|(_, dot)| dot.replica).collect::<Vec<_>>()
    };
    assert_eq!(writes(&mut network), [ReplicaId(1), ReplicaId(9)]);

    assert!(network.directory(SOURCE).forget_copy(now, &key, &[dot].into_iter().collect()));
    assert_eq!(network.selected(SOURCE, "ep=node7"), ["node7"]);
    while network.now < now + Duration::from_secs(900) {
        network.run_until(network.now + Duration::from_secs(1));
        assert_eq!(network.selected(MIRROR, "ep=node7"), ["node7"]);
    }
    assert_eq!(writes(&mut network), [ReplicaId(1)]);
    assert_eq!(reconciled(&mut network), Some((0, 1)));
}

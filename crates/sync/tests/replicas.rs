//! Replicas of one authority.

extern crate alloc;

mod common;

use core::time::Duration;

use common::{Network, three_replicas};
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_model::ReplicaId;
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Replicated, Replicator, SyncConfig, SyncEvent};
use waypost_time::Instant;

fn targets(network: &mut Network, uri: &str) -> Vec<String> {
    let now = network.now;
    network.directory(uri).resources(now, &Query::all()).map(|found| found.target().into_owned()).collect()
}

#[test]
fn what_is_registered_at_one_is_found_at_all() {
    let (mut network, uris) = three_replicas();
    network.settle();
    network.register(uris[0], "ep=node1&base=coap://[2001:db8::1]", "</temp>;rt=temperature-c");
    network.register(uris[1], "ep=node2&base=coap://[2001:db8::2]&et=lamp", "</light>;rt=light-lux");
    network.settle();
    for uri in uris {
        assert_eq!(network.names(uri), ["node1", "node2"], "{uri}");
        assert_eq!(targets(&mut network, uri).len(), 2, "{uri}");
        assert_eq!(network.events(uri).iter().filter(|event| matches!(event, SyncEvent::InStep { .. })).count(), 2);
    }
    assert_eq!(network.location(uris[0], "ep=node1"), network.location(uris[2], "ep=node1"));
}

#[test]
fn an_update_at_another_replica_changes_one_field_and_keeps_the_rest() {
    let (mut network, uris) = three_replicas();
    network.register(uris[0], "ep=node1&base=coap://[2001:db8::1]&et=lamp", "</temp>;rt=temperature-c");
    network.settle();
    let location = network.location(uris[1], "ep=node1");
    let now = network.now;
    let update = waypost_model::Update {
        base: Some(waypost_model::Base::given("coap://[2001:db8::9]").expect("a base")),
        ..Default::default()
    };
    network.bytes.clear();
    network.directory(uris[1]).update(now, &location, update).expect("a registration");
    network.settle();
    for uri in uris {
        assert_eq!(targets(&mut network, uri), ["coap://[2001:db8::9]/temp"], "{uri}");
        let found = network.directory(uri).registration(now, &location).expect("a registration");
        assert_eq!(found.attributes().collect::<Vec<_>>(), [("et", Some("lamp"))]);
    }
    // The links did not travel again.
    assert!(network.bytes.values().all(|bytes| *bytes < 200), "{:?}", network.bytes);
}

#[test]
fn what_is_removed_at_one_is_gone_at_all_and_does_not_come_back() {
    let (mut network, uris) = three_replicas();
    network.register(uris[0], "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.settle();
    network.cut(uris[0], uris[2]);
    network.cut(uris[1], uris[2]);
    let location = network.location(uris[1], "ep=node1");
    network.remove(uris[1], &location);
    let now = network.now;
    network.run_until(now + Duration::from_secs(10));
    assert_eq!(network.names(uris[0]).len(), 0);
    assert_eq!(network.names(uris[2]), ["node1"]);
    network.heal();
    network.run_until(now + Duration::from_secs(1000));
    for uri in uris {
        assert_eq!(network.names(uri).len(), 0, "{uri}");
    }
}

#[test]
fn both_sides_of_a_partition_take_registrations_and_agree_after_it() {
    let (mut network, uris) = three_replicas();
    network.settle();
    network.cut(uris[0], uris[1]);
    network.cut(uris[0], uris[2]);
    network.register(uris[0], "ep=here&base=coap://[2001:db8::1]", "</a>");
    network.register(uris[1], "ep=there&base=coap://[2001:db8::2]", "</b>");
    network.run_until(Instant::from_millis(100_000));
    assert_eq!(network.names(uris[0]), ["here"]);
    assert_eq!(network.names(uris[2]), ["there"]);
    network.heal();
    network.run_until(Instant::from_millis(1_000_000));
    for uri in uris {
        assert_eq!(network.names(uri), ["here", "there"], "{uri}");
    }
}

#[test]
fn an_answer_that_is_cut_is_asked_on() {
    let (mut network, uris) = three_replicas();
    for number in 0..2000 {
        let parameters = format!("ep=node{number}&base=coap://[2001:db8::{number:x}]");
        network.register(
            uris[0],
            &parameters,
            r#"</temp>;rt="temperature-c";title="as long as it takes to fill an answer""#,
        );
    }
    network.settle();
    assert_eq!(network.names(uris[2]).len(), 2000);
    assert_eq!(network.directory(uris[2]).version().clone(), network.directory(uris[0]).version().clone());
}

#[test]
fn there_may_be_any_number_of_starts_without_memory() {
    let uris = ["coap://a", "coap://b", "coap://c"];
    let start = |replica: u64, own: &str| {
        let mut config = Config::new(*b"shared by us all", ReplicaId(replica));
        config.limits.replicas = 12;
        config.limits.replicas_kept = Duration::from_secs(1_600);
        config.limits.expired_kept = Duration::ZERO;
        config.limits.tombstone_guard = Duration::from_secs(50);
        let server = Server::new(Directory::new(config), Default::default());
        let mut replicator = Replicator::new(SyncConfig::new(replica));
        for other in uris.iter().filter(|other| **other != own) {
            replicator.add_replica(format!("{other}/sync/feed").parse().expect("a URI")).expect("room");
        }
        Replicated::new(server, replicator)
    };
    let mut network = Network::default();
    for (number, uri) in uris.iter().enumerate() {
        network.add(uri, start(number as u64, uri));
    }
    network.register(uris[1], "ep=stays&base=coap://[2001:db8::1]", "</a>");
    network.settle();
    for number in 0..60 {
        // Two of them restart in turn, and the third never does.
        let uri = uris[number % 2 + 1];
        network.stop(uri).expect("a node");
        network.add(uri, start(100 + number as u64, uri));
        network.settle();
        network.register(uri, &format!("ep=node{number}&base=coap://[2001:db8::2]&lt=100"), "</b>");
        let end = network.now + Duration::from_secs(300);
        network.run_until(end);
        for uri in uris {
            assert_eq!(network.names(uri), ["stays"], "{uri} after {number}");
            assert!(network.directory(uri).version().len() <= 12, "{uri} after {number}");
        }
        let refused = network.events(uris[0]).into_iter().find(|event| matches!(event, SyncEvent::Refused { .. }));
        assert_eq!(refused, None, "after {number}");
        let mended = network.events(uris[0]).into_iter().find(|event| matches!(event, SyncEvent::Reconciled { .. }));
        assert_eq!(mended, None, "after {number}");
    }
    // And those that left nothing are known no more, so that the version does not grow.
    let end = network.now + Duration::from_secs(4_000);
    network.run_until(end);
    let known = network.directory(uris[0]).version().len();
    assert!(known <= 4, "{known}");
}

#[test]
fn who_restarts_without_memory_is_heard_at_once() {
    let (mut network, uris) = three_replicas();
    network.register(uris[1], "ep=old&base=coap://[2001:db8::1]", "</a>");
    network.settle();
    network.stop(uris[0]).expect("a node");
    let mut anew = common::node(77, SyncConfig::new(77));
    for other in &uris[1..] {
        let uri = format!("{other}/sync/feed").parse().expect("a URI");
        anew.replicator_mut().add_replica(uri).expect("room");
    }
    network.add(uris[0], anew);
    network.settle();
    network.register(uris[0], "ep=new&base=coap://[2001:db8::2]", "</b>");
    network.settle();
    for uri in uris {
        assert_eq!(network.names(uri), ["new", "old"], "{uri}");
    }
}

#[test]
fn what_is_renewed_elsewhere_in_the_moment_in_which_it_was_registered_comes_to_rest() {
    let (mut network, uris) = three_replicas();
    network.register(uris[0], "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.settle();
    let location = network.location(uris[1], "ep=node1");
    network.renew(uris[1], &location);
    network.messages = 0;
    network.settle();
    assert!(network.messages < 20, "{} messages", network.messages);
}

#[test]
fn what_a_clock_that_is_ahead_wrote_is_taken_when_its_time_has_come_and_holds_up_nothing() {
    let (mut network, uris) = three_replicas();
    network.stop(uris[1]).expect("a node");
    let mut ahead = Config::new(*b"shared by us all", ReplicaId(2));
    ahead.epoch = 2 * 3_600_000;
    let mut replicator = Replicator::new(SyncConfig::new(2));
    for other in [uris[0], uris[2]] {
        replicator.add_replica(format!("{other}/sync/feed").parse().expect("a URI")).expect("room");
    }
    network.add(uris[1], Replicated::new(Server::new(Directory::new(ahead), ServerConfig::default()), replicator));
    network.register(uris[0], "ep=node1&base=coap://[2001:db8::1]&lt=900000", "</temp>");
    network.settle();

    let location = network.location(uris[1], "ep=node1");
    network.directory(uris[1]).remove(Instant::ZERO, &location).expect("a registration");
    network.register(uris[1], "ep=node2&base=coap://[2001:db8::2]&lt=900000", "</temp>");
    network.register(uris[2], "ep=node3&base=coap://[2001:db8::3]&lt=900000", "</temp>");
    // An hour ahead is tolerated.
    network.run_until(Instant::from_millis(3_590_000));
    assert_eq!(network.names(uris[0]), ["node1", "node3"]);
    assert!(network.requests[uris[1]] < 250, "{:?}", network.requests);
    network.run_until(Instant::from_millis(4_100_000));
    for uri in uris {
        assert_eq!(network.names(uri), ["node2", "node3"], "{uri}");
    }
}

#[test]
fn what_is_told_while_another_question_is_under_way_is_not_taken_for_what_another_wrote() {
    let (mut network, uris) = three_replicas();
    // The second has no write of the first in its question, and then it has.
    network.register(uris[1], "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.run_until(Instant::from_millis(1_000_000));
    network.register(uris[0], "ep=node2&base=coap://[2001:db8::2]", "</temp>");
    network.run_until(Instant::from_millis(1_001_000));
    let (now, location) = (network.now, network.location(uris[0], "ep=node1"));
    for uri in uris {
        network.events(uri);
    }
    let lifetime = waypost_model::Lifetime::from_secs(7200).expect("a lifetime");
    let update = waypost_model::Update { lifetime: Some(lifetime), ..Default::default() };
    network.directory(uris[0]).update(now, &location, update).expect("a registration");
    network.directory(uris[1]).remove(now, &location).expect("a registration");
    network.run_until(Instant::from_millis(2_000_000));
    for uri in uris {
        assert_eq!(network.events(uri), [], "{uri}");
    }
    assert_eq!(network.names(uris[0]), network.names(uris[1]));
}

#[test]
fn replicas_that_have_no_room_for_what_the_other_has_do_not_ask_each_other_without_pause() {
    let uris = ["coap://a", "coap://b"];
    let mut network = Network::default();
    for (number, uri) in (1..).zip(uris) {
        let mut config = Config::new(*b"shared by us all", ReplicaId(number));
        config.limits.registrations = 1;
        let mut replicator = Replicator::new(SyncConfig::new(number));
        for other in uris.iter().filter(|other| **other != uri) {
            replicator.add_replica(format!("{other}/sync/feed").parse().expect("a URI")).expect("room");
        }
        network.add(uri, Replicated::new(Server::new(Directory::new(config), ServerConfig::default()), replicator));
        network.register(uri, &format!("ep=node{number}&base=coap://h&lt=100000"), "</t>");
    }
    // Each question shows who is asked that there is news, and cannot be taken.
    network.run_until(Instant::from_millis(3_600_000));
    for uri in uris {
        assert_eq!(network.names(uri).len(), 1, "{uri}");
        let requests = network.requests[uri];
        assert!(requests < 60, "{uri} was asked {requests} times in an hour");
    }
}

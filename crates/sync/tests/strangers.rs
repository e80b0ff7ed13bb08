//! What strangers may make a directory do.

extern crate alloc;

mod common;

use core::time::Duration;

use common::{Network, ask, node};
use minicbor::Encoder;
use waypost_model::Origin;
use waypost_rest::{Code, Credential, ExchangeId, Method, Observe, Output, Peer, Request, Service as _};
use waypost_sync::{FEED_FORMAT, Limits, SyncConfig, SyncEvent};
use waypost_time::Instant;

const SOURCE: &str = "coap://source";
const MIRROR: &str = "coap://mirror";
const REPLICA: &str = "coap://replica";
const REGISTRATIONS: u64 = 2_000;

/// A directory that anybody may mirror. What may be looked at in a second is less than there is.
fn source() -> Network {
    source_with(|_| ())
}

/// One with other limits.
fn source_with(limit: impl FnOnce(&mut Limits)) -> Network {
    let mut config = SyncConfig::new(1);
    config.admits_mirrors = true;
    config.limits.looks = 500;
    config.limits.looks_in_all = 4_000;
    limit(&mut config.limits);
    let mut node = node(1, config);
    node.replicator_mut().add_replica("coap://replica/sync/feed".parse().expect("a URI")).expect("room");
    let mut network = Network::default();
    network.add(SOURCE, node);
    for number in 0..REGISTRATIONS {
        network.register(SOURCE, &format!("ep=node{number}&base=coap://h{number}&lt=100000000"), "</temp>");
    }
    network
}

fn cells(relation: u8, key: u8, from: u64) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    out.array(5).and_then(|out| out.u8(1)?.u8(relation)?.bytes(&[key; 16])?.u64(from)?.u64(32)).expect("room");
    out.into_writer()
}

fn entries(key: u8, ids: &[u64]) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    out.array(3 + ids.len() as u64).and_then(|out| out.u8(2)?.u8(1)?.bytes(&[key; 16])).expect("room");
    ids.iter().for_each(|id| {
        out.u64(*id).expect("room");
    });
    out.into_writer()
}

#[test]
fn who_has_everything_looked_at_again_and_again_is_told_to_wait() {
    let mut network = source();
    // Each of these takes a look at everything: another key, or back to the beginning.
    let questions = [cells(1, 1, 0), cells(1, 1, 0), cells(1, 2, 0), entries(3, &[7])];
    let answers: Vec<_> =
        (0..8).map(|number| ask(&mut network, "coap://eve", SOURCE, questions[number % 4].clone())).collect();
    assert_eq!((answers[0].code, answers[1].code), (Code::CONTENT, Code::CONTENT));
    let (code, max_age) = (answers[7].code, answers[7].max_age.expect("a time to wait"));
    assert_eq!(code, Code::TOO_MANY_REQUESTS);
    // Other ports of hers do not help, and others need not wait.
    assert_eq!(ask(&mut network, "coap://eve:61616", SOURCE, cells(1, 4, 0)).code, Code::TOO_MANY_REQUESTS);
    assert_eq!(ask(&mut network, "coap://bob", SOURCE, cells(1, 5, 0)).code, Code::CONTENT);
    network.run_until(network.now + Duration::from_secs(max_age.into()));
    assert_eq!(ask(&mut network, "coap://eve", SOURCE, cells(1, 6, 0)).code, Code::CONTENT);
}

#[test]
fn who_waits_for_what_all_have_looked_at_is_not_blamed_for_it() {
    let mut network = source_with(|limits| limits.looks_in_all = 100);
    network.reachable.extend(["coap://eve", "coap://bob"]);
    assert_eq!(ask(&mut network, "coap://eve", SOURCE, cells(1, 1, 0)).code, Code::CONTENT);
    let answer = ask(&mut network, "coap://bob", SOURCE, cells(1, 2, 0));
    assert_eq!(answer.code, Code::SERVICE_UNAVAILABLE);
    network.run_until(network.now + Duration::from_secs(answer.max_age.expect("a time to wait").into()));
    assert_eq!(ask(&mut network, "coap://bob", SOURCE, cells(1, 2, 0)).code, Code::CONTENT);
}

/// The question of a mirror that holds nothing for changes of about so many bytes.
fn changes(size: u64) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    let written = out
        .array(8)
        .and_then(|out| out.u8(0)?.u8(0)?.u8(1)?.map(0)?.map(0)?.u64(size)?.u64(1_000)?.bool(true).map(drop));
    written.expect("room");
    out.into_writer()
}

#[test]
fn what_is_written_counts_beside_what_is_looked_at() {
    let is_answered = |network: &mut Network, asker: &str, question: Vec<u8>| {
        ask(network, asker, SOURCE, question).code != Code::TOO_MANY_REQUESTS
    };
    let mut config = SyncConfig::new(1);
    (config.admits_mirrors, config.limits.looks) = (true, 500);
    let mut network = Network::default();
    network.add(SOURCE, node(1, config));
    let links = vec!["</temp>;rt=temperature-c;title=in-the-hall"; 1_000].join(",");
    for number in 0..2 {
        network.register(SOURCE, &format!("ep=large{number}&base=coap://h{number}&lt=100000000"), &links);
    }
    let now = network.now;
    let ids: Vec<u64> = network.directory(SOURCE).ids(now, &Origin::Local).map(|(id, _)| id).collect();
    assert_eq!((ids.len(), links.len() / 1_024), (2, 41));
    // Of five thousand looks, the question itself takes 64, and what is written 41 or, before it is too much for one answer, 82.
    let of_one = (0..100).take_while(|_| is_answered(&mut network, "coap://eve", entries(1, &ids[..1]))).count();
    let of_both = (0..100).take_while(|_| is_answered(&mut network, "coap://bob", entries(1, &ids))).count();
    let of_all = (0..100).take_while(|size| is_answered(&mut network, "coap://mallory", changes(100 + size))).count();
    assert!(of_one <= 48 && of_both <= 35 && of_all <= 48, "{of_one}, {of_both}, {of_all}");
}

#[test]
fn to_go_on_comparing_takes_no_look_at_everything() {
    let mut network = source();
    let now = network.now;
    let ids: Vec<u64> = network.directory(SOURCE).ids(now, &Origin::Local).map(|(id, _)| id).take(3).collect();
    for number in 0..20 {
        assert_eq!(ask(&mut network, "coap://bob", SOURCE, cells(1, 1, number * 32)).code, Code::CONTENT, "{number}");
    }
    for number in 0..10 {
        let answer = ask(&mut network, "coap://bob", SOURCE, entries(1, &ids));
        assert_eq!((answer.code, answer.payload.len() > 100), (Code::CONTENT, true), "{number}");
    }
}

#[test]
fn strangers_together_leave_room_and_take_no_comparison_from_replicas() {
    let mut network = source();
    let mut refused = 0;
    for number in 0..40 {
        let answer = ask(&mut network, &format!("coap://eve{number}"), SOURCE, cells(1, number, 0));
        refused += u32::from(answer.code != Code::CONTENT);
    }
    // Four at a time, and of what all may look at there is plenty left.
    assert_eq!(refused, 36);
    network.reachable.insert(REPLICA);
    for number in 0..10 {
        assert_eq!(ask(&mut network, REPLICA, SOURCE, cells(0, number, 0)).code, Code::CONTENT);
    }
    // Nobody holds a comparison for ever.
    for _ in 0..3 {
        for number in 0..4 {
            ask(&mut network, &format!("coap://eve{number}"), SOURCE, cells(1, number, 32));
        }
        network.run_until(network.now + Duration::from_secs(50));
    }
    assert_eq!(ask(&mut network, "coap://bob", SOURCE, cells(1, 99, 0)).code, Code::CONTENT);
}

#[test]
fn who_merely_bears_the_address_of_a_mirror_spends_nothing_of_what_it_has_and_takes_no_comparison_from_it() {
    let mut network = source();
    network.reachable.insert(MIRROR);
    assert_eq!(ask(&mut network, MIRROR, SOURCE, cells(1, 1, 0)).code, Code::CONTENT);
    // Other ports do not make another host.
    let forged = (0..20).map(|key| ask(&mut network, "coap://mirror:61616", SOURCE, cells(1, key, 0)).code);
    assert_eq!(forged.last(), Some(Code::TOO_MANY_REQUESTS));
    // More than what is left to the mirror in one moment would be to begin again a few times.
    for number in 1..20 {
        assert_eq!(ask(&mut network, MIRROR, SOURCE, cells(1, 1, number * 32)).code, Code::CONTENT, "{number}");
    }
    // Those who bear the addresses of others leave room to compare, too.
    for number in 0..8 {
        ask(&mut network, &format!("coap://eve{number}"), SOURCE, cells(1, 1, 0));
    }
    network.reachable.insert("coap://bob");
    assert_eq!(ask(&mut network, "coap://bob", SOURCE, cells(1, 1, 0)).code, Code::CONTENT);
}

#[test]
fn who_finds_no_room_to_compare_among_those_who_may_be_anybody_finds_it_once_it_shows_that_it_is_there() {
    let hosts = ["coap://h1", "coap://h2", "coap://h3", "coap://h4", "coap://h5"];
    let mut network = source();
    for number in 0..4 {
        ask(&mut network, &format!("coap://eve{number}"), SOURCE, cells(1, 1, 0));
    }
    let answer = ask(&mut network, hosts[0], SOURCE, cells(1, 1, 0));
    assert_eq!((answer.code, answer.max_age, answer.echo.is_some()), (Code::TOO_MANY_REQUESTS, Some(60), true));
    network.reachable.extend(hosts);
    let codes = hosts.map(|host| ask(&mut network, host, SOURCE, cells(1, 1, 0)).code);
    assert_eq!(codes[..4], [Code::CONTENT; 4]);
    assert_eq!(codes[4], Code::SERVICE_UNAVAILABLE, "there is nothing that it could show");
}

#[test]
fn who_merely_bears_the_address_of_a_replica_is_told_to_show_that_it_is_there_and_has_nothing_done_for_it() {
    let mut network = source();
    network.settle();
    for question in [cells(0, 1, 0), entries(1, &[7]), changes(1_000)] {
        let before = network.messages;
        let answer = ask(&mut network, REPLICA, SOURCE, question);
        assert_eq!((answer.code, answer.max_age, answer.echo.is_some()), (Code::TOO_MANY_REQUESTS, Some(0), true));
        assert_eq!(network.messages - before, 1, "nobody is asked for news because of it");
    }
    // Another port is another stranger, and none is told of the feed of replicas.
    assert_eq!(ask(&mut network, "coap://replica:61616", SOURCE, cells(0, 1, 0)).code, Code::FORBIDDEN);
    network.reachable.insert(REPLICA);
    assert_eq!(ask(&mut network, REPLICA, SOURCE, cells(0, 1, 0)).code, Code::CONTENT);
}

#[test]
fn who_has_the_credential_of_a_replica_need_not_show_where_it_is() {
    let (mut config, credential) = (SyncConfig::new(1), Credential::PublicKey(vec![7; 32]));
    config.replica_credentials = vec![credential.clone()];
    let mut node = node(1, config);
    node.replicator_mut().add_replica("coap://replica/sync/feed".parse().expect("a URI")).expect("room");
    let mut request = Request::new(Method::Fetch, ["sync", "feed"]).with_payload(FEED_FORMAT, cells(0, 1, 0));
    request.accept = Some(FEED_FORMAT);
    for (uri, exchange) in [(REPLICA, ExchangeId(1)), ("coap://elsewhere", ExchangeId(2))] {
        let peer = Peer::new(uri).with_credential(credential.clone());
        node.handle_request(Instant::ZERO, exchange, &peer, request.clone());
        let mut outputs = core::iter::from_fn(|| node.poll_output());
        let is_answer = |output: &Output| matches!(output, Output::Response { exchange: id, response } if *id == exchange && response.code == Code::CONTENT);
        assert!(outputs.any(|output| is_answer(&output)), "{uri}");
    }
}

#[test]
fn a_mirror_that_is_told_to_wait_does_and_is_mended() {
    let mut network = source();
    let mut mirror = node(2, SyncConfig::new(2));
    mirror.replicator_mut().add_mirror("coap://source/sync/feed".parse().expect("a URI")).expect("room");
    network.add(MIRROR, mirror);
    network.settle();
    let now = network.now;
    let origin = Origin::Foreign(SOURCE.parse().expect("an authority"));
    let copies: Vec<_> = network
        .directory(MIRROR)
        .ids(now, &origin)
        .map(|(_, record)| (record.to_record().key, record.dot()))
        .take(300)
        .collect();
    for (key, dot) in copies {
        assert!(network.directory(MIRROR).forget_copy(now, &key, &[dot].into_iter().collect()));
    }
    // Another on the same host asks too much.
    network.run_until(now + Duration::from_secs(50));
    for key in 0..8 {
        ask(&mut network, "coap://mirror:61616", SOURCE, cells(1, key, 0));
    }
    network.run_until(now + Duration::from_secs(400));
    assert_eq!(network.count(MIRROR) as u64, REGISTRATIONS);
    let events = network.events(MIRROR);
    let mended = events.iter().find(|event| matches!(event, SyncEvent::Reconciled { .. }));
    assert!(matches!(mended, Some(SyncEvent::Reconciled { added: 300, removed: 0, .. })), "{events:?}");
}

#[test]
fn whoever_forges_addresses_keeps_no_mirror_from_asking_that_is_there() {
    let mut network = source_with(|limits| limits.looks_in_all = 1_000);
    for number in 0..40 {
        ask(&mut network, &format!("coap://forged{number}"), SOURCE, cells(1, number, 0));
    }
    network.reachable.insert("coap://bob");
    assert_eq!(ask(&mut network, "coap://bob", SOURCE, cells(1, 99, 0)).code, Code::CONTENT);
}

/// How many of these observations are taken.
fn observed(network: &mut Network, clients: impl IntoIterator<Item = impl AsRef<str>>) -> usize {
    let mut request = Request::new(Method::Fetch, ["sync", "feed"]).with_payload(FEED_FORMAT, changes(1 << 20));
    (request.accept, request.observe) = (Some(FEED_FORMAT), Some(Observe::Register));
    let exchanges: Vec<_> =
        clients.into_iter().map(|client| network.send(client.as_ref(), SOURCE, request.clone())).collect();
    network.settle();
    exchanges.into_iter().filter(|exchange| network.answers(*exchange)[0].is_observed).count()
}

fn observable() -> Network {
    source_with(|limits| {
        limits.observers = 40;
        (limits.looks, limits.looks_in_all) = (1 << 40, 1 << 40);
        limits.answer_bytes = 1 << 20;
    })
}

#[test]
fn nobody_observes_so_often_that_others_cannot() {
    let mut network = observable();
    network.reachable.extend(["coap://eve", "coap://ann"]);
    assert_eq!(observed(&mut network, ["coap://eve"; 40]), 16);
    assert_eq!(observed(&mut network, ["coap://ann"; 3]), 3);
}

#[test]
fn who_may_be_anybody_observes_from_at_most_half_of_the_room() {
    let mut network = observable();
    network.reachable.insert("coap://ann");
    assert_eq!(observed(&mut network, (0..40).map(|host| format!("coap://forged{host}"))), 20);
    assert_eq!(observed(&mut network, ["coap://ann"]), 1);
}

#[test]
fn replicas_observe_however_many_strangers_do() {
    let mut network = observable();
    network.reachable.extend(["coap://a", "coap://b", "coap://c", REPLICA]);
    let strangers = ["coap://a", "coap://b", "coap://c"];
    assert_eq!(observed(&mut network, strangers.into_iter().cycle().take(60)), 40);
    assert_eq!(observed(&mut network, [REPLICA]), 1);
}

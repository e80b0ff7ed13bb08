//! What happens at limits that nothing else reaches.

extern crate alloc;

mod common;

use core::time::Duration;

use common::follower::Follower;
use common::{Network, ask, node};
use minicbor::Encoder;
use waypost_client::Fault;
use waypost_rest::{Code, RequestFailure};
use waypost_sync::{Limits, NotFollowed, Replicator, SyncConfig, SyncEvent};
use waypost_time::Instant;

const SOURCE: &str = "coap://source";

fn source(limit: impl FnOnce(&mut Limits)) -> Network {
    let mut config = SyncConfig::new(1);
    config.admits_mirrors = true;
    limit(&mut config.limits);
    let mut network = Network::default();
    network.add(SOURCE, node(1, config));
    network
}

/// The question of a mirror that holds writes of so many replicas.
fn question(replicas: u64) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    out.array(8).and_then(|out| out.u8(0)?.u8(0)?.u8(1)?.map(replicas)).expect("room");
    for replica in 0..replicas {
        out.u64(1_000 + replica).and_then(|out| out.u64(1)).expect("room");
    }
    out.map(0).and_then(|out| out.u64(1_000)?.u64(1_000)?.bool(true)).expect("room");
    out.into_writer()
}

#[test]
fn no_more_directories_are_followed_than_sources() {
    let mut config = SyncConfig::new(1);
    config.limits.sources = 2;
    let mut replicator = Replicator::new(config);
    let added = ["coap://a", "coap://b", "coap://c"].map(|uri| replicator.add_mirror(uri.parse().expect("a URI")));
    assert_eq!(added, [Ok(()), Ok(()), Err(NotFollowed::OverLimit)]);
}

#[test]
fn a_question_of_more_than_question_bytes_is_too_large() {
    let (most, more) = (question(20), question(21));
    let mut network = source(|limits| limits.question_bytes = most.len());
    assert_eq!(ask(&mut network, "coap://a", SOURCE, most).code, Code::CONTENT);
    assert_eq!(ask(&mut network, "coap://a", SOURCE, more).code, Code::REQUEST_ENTITY_TOO_LARGE);
}

const MIRRORS: [&str; 3] = ["coap://m1", "coap://m2", "coap://m3"];

fn add_mirrors(network: &mut Network) {
    for (number, uri) in (2..).zip(MIRRORS) {
        let mut mirror = node(number, SyncConfig::new(number));
        mirror.replicator_mut().add_mirror("coap://source/sync/feed".parse().expect("a URI")).expect("room");
        network.add(uri, mirror);
    }
}

#[test]
fn who_is_beyond_the_observers_is_answered_and_comes_back() {
    let mut network = source(|limits| limits.observers = 2);
    add_mirrors(&mut network);
    network.reachable.extend(MIRRORS);
    network.settle();
    assert_eq!(network.node(SOURCE).replicator().observers(), 2);
    network.register(SOURCE, "ep=node1&base=coap://h", "</temp>");
    network.settle();
    assert_eq!(MIRRORS.map(|uri| network.count(uri)), [1, 1, 0]);
    let poll = Limits::default().poll;
    network.run_until(network.now + poll + poll / 4);
    assert_eq!(MIRRORS.map(|uri| network.count(uri)), [1, 1, 1]);
}

#[test]
fn who_finds_no_room_to_observe_among_those_who_may_be_anybody_finds_it_once_it_has_shown_that_it_is_there() {
    let mut network = source(|limits| limits.observers = 4);
    add_mirrors(&mut network);
    network.settle();
    assert_eq!(network.node(SOURCE).replicator().observers(), 2);
    let poll = Limits::default().poll;
    network.run_until(network.now + poll + poll / 4);
    assert_eq!(network.node(SOURCE).replicator().observers(), 3);
}

#[test]
fn a_question_goes_without_an_answer_for_patience_and_no_longer() {
    let patience = Duration::from_secs(40);
    let mut follower = Follower::with(|limits| limits.patience = patience);
    follower.pass_until(Instant::ZERO + (patience - Duration::from_millis(1)));
    assert!(follower.events().is_empty());
    follower.pass_until(Instant::ZERO + patience);
    let fault = Fault::Unanswered(RequestFailure::TimedOut);
    assert!(matches!(follower.events()[..], [SyncEvent::Failed { fault: found, .. }] if found == fault));
}

#[test]
fn the_pauses_after_failures_grow_from_retry_to_retry_max() {
    let (retry, retry_max) = (Duration::from_secs(3), Duration::from_secs(20));
    let mut follower = Follower::with(|limits| (limits.retry, limits.retry_max) = (retry, retry_max));
    let mut pauses = Vec::new();
    for _ in 0..6 {
        follower.hear_nothing();
        let due = follower.replicator.poll_timeout().expect("it asks again");
        pauses.push(due.saturating_since(follower.now));
        follower.ask_at(due).expect("a question");
    }
    // Up to a quarter more, so that not all come back at one moment.
    let is_about = |pause: Duration, span: Duration| (span..=span + span / 4).contains(&pause);
    assert!(
        is_about(pauses[0], retry) && is_about(pauses[1], retry * 2) && is_about(pauses[5], retry_max),
        "{pauses:?}"
    );
}

#[test]
fn what_differs_by_more_than_cells_can_tell_is_read_anew() {
    let mut follower = Follower::with(|limits| limits.cells = 64);
    follower.hear_refusal(Code::CONFLICT);
    let mut questions = 0;
    while let Some((comparison, question)) = follower.ask() {
        if question.payload[1] != 1 {
            break;
        }
        questions += 1;
        assert!(questions <= 4, "{questions} questions for cells");
        follower.hear_other(comparison, &common::follower::cells(&question, 9, 5, 1..=1_000));
    }
    assert!(follower.events().iter().any(|event| matches!(event, SyncEvent::StartedAnew { .. })));
}

//! A source that lies is refused, reported, and changes nothing but what it owns.

extern crate alloc;

mod common;

use core::time::Duration;

use common::liar::{Claim, HONEST, NOW, encode, hear, is_refused, mirror, mirror_through, own, passage, replica};
use minicbor::Encoder;
use proptest::prelude::*;
use waypost_directory::{Config, Directory};
use waypost_model::{Origin, ReplicaId};
use waypost_rest::{ExchangeId, Method, Output, Peer, Request};
use waypost_sync::{FEED_FORMAT, Replicator, SyncConfig, SyncEvent};

#[test]
fn what_is_true_is_taken() {
    // At another authority, a replica may have the id of this one.
    for replica in [9, 1] {
        let mut victim = mirror();
        let before = own(&victim.directory);
        let events = hear(&mut victim, &encode(&Claim { replica, ..HONEST }));
        assert!(!is_refused(&events), "{events:?}");
        assert_eq!(victim.directory.endpoints(NOW, &"href=coap://liar/rd/there".parse().expect("a query")).count(), 1);
        assert_eq!(own(&victim.directory), before);
    }
}

#[test]
fn a_place_is_kept_in_its_one_spelling() {
    let mut victim = mirror();
    hear(&mut victim, &encode(&Claim { place: "/r%64/%74here", ..HONEST }));
    assert_eq!(victim.directory.endpoints(NOW, &"href=coap://liar/rd/there".parse().expect("a query")).count(), 1);
}

#[test]
fn what_cannot_be_true_is_refused_and_reported() {
    let day = 24 * 3600 * 1000;
    let claims = [
        ("a place elsewhere", Claim { place: "//third/rd/x", ..HONEST }),
        ("a place that leads out of itself", Claim { place: "/../../x", ..HONEST }),
        ("a place that goes nowhere", Claim { place: "/rd/./x", ..HONEST }),
        ("a place with a query", Claim { place: "/rd/x?y", ..HONEST }),
        ("a place that is none", Claim { place: "coap://third/rd/x", ..HONEST }),
        ("an age beyond all lifetimes", Claim { age: u64::MAX, ..HONEST }),
        ("the last sequence number", Claim { after: u64::MAX - 1, span: 1, delta: 1, ..HONEST }),
        ("sequence numbers that wrap", Claim { after: u64::MAX, span: 1, delta: 1, ..HONEST }),
        ("a change outside its run", Claim { span: 1, delta: 2, ..HONEST }),
        ("a change before its run", Claim { delta: 0, ..HONEST }),
        ("a time far ahead", Claim { time: (NOW.as_millis() + 365 * day) << 16, ..HONEST }),
    ];
    for (what, claim) in claims {
        let mut victim = mirror();
        let before = own(&victim.directory);
        // Where the run begins beyond what is here, it is a gap and only asked for again.
        let is_gap = claim.after > 0;
        let events = hear(&mut victim, &encode(&claim));
        assert!(is_gap || is_refused(&events), "{what}: {events:?}");
        assert_eq!(own(&victim.directory), before, "{what}");
        assert_eq!(victim.directory.len(), 1, "{what}");
    }
}

#[test]
fn after_the_last_write_that_can_be_numbered_there_is_none() {
    let mut victim = mirror();
    let before = own(&victim.directory);
    let mut answer = encode(&Claim { span: u64::MAX, delta: u64::MAX, ..HONEST });
    // The run has another change, with the same number.
    answer[0] += 1;
    answer.extend(&encode(&Claim { delta: 0, ..HONEST })[12..]);
    let events = hear(&mut victim, &answer);
    assert!(events.iter().any(|event| matches!(event, SyncEvent::Malformed { .. })), "{events:?}");
    assert_eq!(own(&victim.directory), before);
}

#[test]
fn a_source_numbers_its_writes_as_it_likes_and_hides_nothing_of_others() {
    let mut victim = mirror();
    let before = own(&victim.directory);
    // It claims to have everything that any replica will ever write.
    let mut out = Encoder::new(Vec::new());
    for replica in [2_u64, 3, 4] {
        out.array(3).and_then(|out| out.bytes(&replica.to_be_bytes())?.u64(0)?.u64(1 << 59).map(drop)).expect("room");
    }
    hear(&mut victim, &out.into_writer());
    assert_eq!(own(&victim.directory), before);
    let theirs = Origin::Foreign("coap://liar".parse().expect("an authority"));
    assert_eq!(victim.directory.version_of(&theirs).len(), 3);
    assert_eq!(victim.directory.version_of(&Origin::Foreign("coap://honest".parse().expect("an authority"))).len(), 0);
}

#[test]
fn a_replica_that_knows_writes_which_are_forgotten_here_is_not_followed() {
    let mut victim = replica();
    let before = own(&victim.directory);
    let mut out = Encoder::new(Vec::new());
    out.array(3).and_then(|out| out.bytes(&1_u64.to_be_bytes())?.u64(0)?.u64(500).map(drop)).expect("room");
    let events = hear(&mut victim, &out.into_writer());
    assert!(events.iter().any(|event| matches!(event, SyncEvent::ForgottenWrites { .. })), "{events:?}");
    assert_eq!(own(&victim.directory), before);
}

#[test]
fn huge_counts_reserve_nothing() {
    for head in [[0x9b_u8, 0xff], [0xbb, 0xff], [0x5b, 0xff], [0x7b, 0xff], [0x9f, 0x00], [0xbf, 0x00]] {
        let mut answer = Vec::from(head);
        answer.extend([0xff; 7]);
        let mut victim = mirror();
        assert!(is_refused(&hear(&mut victim, &answer)), "{head:x?}");
    }
}

#[test]
fn who_is_no_reader_is_told_nothing() {
    let mut victim = mirror();
    // As a follower of this very kind asks.
    let mut other = Replicator::new(SyncConfig::new(2));
    other.add_mirror("coap://victim/sync/feed".parse().expect("a URI")).expect("room");
    let mut empty = Directory::new(Config::new([7; 16], ReplicaId(5)));
    let Some(Output::Request { request, .. }) = other.poll_output(NOW, &mut empty) else { panic!("no question") };
    victim.replicator.handle_request(NOW, &victim.directory, ExchangeId(1), &Peer::new("coap://stranger"), &request);
    let Some(Output::Response { response, .. }) = victim.replicator.poll_output(NOW, &mut victim.directory) else {
        panic!("no answer")
    };
    assert_eq!(response.code.to_string(), "4.03");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_answer_touches_what_is_not_the_sources(mut answer in prop::collection::vec(any::<u8>(), 0..80), at in any::<prop::sample::Index>(), change in any::<u8>(), kind in 0..4_u8) {
        let is_replica = kind == 0;
        let mut victim = match kind {
            0 => replica(),
            1 => mirror(),
            2 => mirror_through(""),
            _ => mirror_through("et=x"),
        };
        let before = own(&victim.directory);
        hear(&mut victim, &answer);
        // And one that is nearly right.
        answer = [passage(1, 0), encode(&HONEST)].concat();
        let at = at.index(answer.len());
        answer[at] = change;
        hear(&mut victim, &answer);
        if !is_replica {
            prop_assert_eq!(own(&victim.directory), before);
        }
    }

    #[test]
    fn no_question_panics(octets in prop::collection::vec(any::<u8>(), 0..60), format in any::<bool>()) {
        let mut victim = replica();
        let mut request = Request::new(Method::Fetch, ["sync", "feed"]).with_payload(FEED_FORMAT, octets);
        if format {
            request.accept = Some(FEED_FORMAT);
        }
        victim.replicator.handle_request(NOW, &victim.directory, ExchangeId(1), &Peer::new("coap://liar"), &request);
        let Some(Output::Response { .. }) = victim.replicator.poll_output(NOW + Duration::ZERO, &mut victim.directory) else {
            panic!("no answer")
        };
    }
}

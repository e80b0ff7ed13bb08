//! Duplicates: RFC 7252 §4.5.

mod common;

use core::time::Duration;

use coap_lite::MessageType::{Acknowledgement, Confirmable};
use common::{Bench, FAR, NEAR, Shelf, get, long_text, post};
use waypost_rest::{Code, Response};

#[test]
fn a_duplicate_gets_the_same_reply_and_is_not_acted_upon() {
    let mut bench = Bench::new(Shelf::default());
    let message = post(1, "echo").payload("hello").bytes();
    let first = bench.bytes_from(NEAR, &message);
    bench.wait(Duration::from_secs(200));
    assert_eq!(bench.bytes_from(NEAR, &message), first);
    assert_eq!(bench.shelf().requests.len(), 1);
}

#[test]
fn a_message_is_new_again_after_the_lifetime_of_an_exchange() {
    let mut bench = Bench::new(Shelf::default());
    bench.say(post(1, "echo"));
    bench.wait(Duration::from_secs(246));
    bench.say(post(1, "echo"));
    assert_eq!(bench.shelf().requests.len(), 1);
    bench.wait(Duration::from_secs(1));
    bench.say(post(1, "echo"));
    assert_eq!(bench.shelf().requests.len(), 2);
}

#[test]
fn a_duplicate_of_a_non_confirmable_request_is_ignored() {
    let mut bench = Bench::new(Shelf::default());
    assert_eq!(bench.say(post(1, "echo").non()).len(), 1);
    assert!(bench.say(post(1, "echo").non()).is_empty());
    assert_eq!(bench.shelf().requests.len(), 1);
}

#[test]
fn a_duplicate_of_an_unanswered_request_is_ignored_until_it_was_acknowledged() {
    let mut bench = Bench::new(Shelf::default());
    assert!(bench.say(post(1, "slow")).is_empty());
    assert!(bench.say(post(1, "slow")).is_empty());
    bench.wait(Duration::from_secs(1));
    let again = bench.ask(post(1, "slow"));
    assert_eq!((again.kind(), &*again.code()), (Acknowledgement, "0.00"));

    // Also once the response is out: it must not come in an acknowledgement any more (RFC 7252 §5.2.2).
    bench.update(|shelf| shelf.finish(Response::new(Code::CHANGED)));
    assert_eq!(bench.messages()[0].kind(), Confirmable);
    let again = bench.ask(post(1, "slow"));
    assert_eq!((again.kind(), &*again.code()), (Acknowledgement, "0.00"));
    assert_eq!(bench.shelf().requests.len(), 1);
}

#[test]
fn equal_identifiers_of_different_peers_and_sockets_are_different_messages() {
    let mut bench = Bench::new(Shelf::default());
    bench.from(NEAR, &post(1, "echo"));
    bench.from(FAR, &post(1, "echo"));
    let mut elsewhere = common::path(NEAR);
    elsewhere.local.set_port(5685);
    bench.endpoint.handle_datagram(bench.now, elsewhere, &post(1, "echo").bytes());
    assert_eq!(bench.shelf().requests.len(), 3);
}

#[test]
fn a_device_that_restarted_and_counts_from_the_start_is_heard() {
    let mut bench = Bench::new(Shelf::default());
    bench.ask(post(1, "echo").payload("before"));
    let answer = bench.ask(post(1, "echo").payload("after"));
    assert_eq!(answer.text(), "after");
}

#[test]
fn a_busy_peer_makes_room_at_its_own_expense() {
    let mut bench = Bench::with(Shelf::default(), |config| {
        config.limits.remembered_per_peer = 10;
        config.limits.remembered = 20;
    });
    let modest = post(7, "echo");
    bench.from(FAR, &modest);
    for id in 0..1000 {
        bench.ask(post(id, "echo"));
        assert!(bench.endpoint.usage().remembered <= 20);
    }
    bench.from(FAR, &modest);
    let from_far = bench.shelf().requests.iter().filter(|(_, peer, _)| peer.uri.contains("2001:db8")).count();
    assert_eq!(from_far, 1);
}

#[test]
fn replies_that_are_kept_stay_within_their_bytes() {
    let mut bench = Bench::with(Shelf::with_text(long_text(1000)), |config| config.limits.remembered_bytes = 50_000);
    for id in 0..200u16 {
        let from = format!("[::1]:{}", 2000 + id % 20);
        assert_eq!(bench.from(&from, &get(id, "text")).len(), 1);
        assert!(bench.endpoint.usage().remembered_bytes <= 50_000);
    }
    assert!(bench.endpoint.usage().remembered_bytes > 40_000);
}

#[test]
fn addresses_in_great_numbers_find_a_limit_and_busy_peers_stay() {
    let mut bench = Bench::with(Shelf::with_text("x"), |config| config.limits.peers = 100);
    bench.ask(get(1, "text").uint(6, 0));
    for port in 0..2000 {
        let answers = bench.from(&format!("[2001:db8::3]:{}", 1000 + port), &get(1, "text"));
        assert_eq!(answers[0].code(), "2.05");
        assert!(bench.endpoint.usage().peers <= 100);
    }
    assert_eq!(bench.endpoint.usage().observations, 1);
}

#[test]
fn when_all_peers_are_busy_a_newcomer_is_told_to_come_back() {
    let mut bench = Bench::with(Shelf::with_text("x"), |config| config.limits.peers = 3);
    for port in 1..=3 {
        bench.from(&format!("[::1]:{port}"), &get(1, "text").uint(6, 0));
    }
    let answer = bench.ask(get(1, "text"));
    assert_eq!((&*answer.code(), answer.number(14)), ("5.03", Some(10)));
    assert_eq!(answer.0.get_token(), [0, 1]);
    assert!(bench.say(get(2, "text").non()).is_empty());
}

//! The messaging layer: RFC 7252 §4.1 to §4.3 and §5.2.

mod common;

use core::time::Duration;

use coap_lite::MessageType::{Acknowledgement, Confirmable, NonConfirmable, Reset};
use common::{Bench, Shelf, ack, empty, get, post, request};
use waypost_rest::{Code, Response};

#[test]
fn a_confirmable_request_is_answered_in_its_acknowledgement() {
    let answer = Bench::new(Shelf::default()).ask(post(1, "echo").payload("hello"));
    assert_eq!((answer.kind(), answer.id(), &*answer.code()), (Acknowledgement, 1, "2.05"));
    assert_eq!(answer.0.get_token(), [0, 1]);
    assert_eq!(answer.text(), "hello");
}

#[test]
fn a_non_confirmable_request_is_answered_by_a_message_of_its_own() {
    let answer = Bench::new(Shelf::default()).ask(post(1, "echo").non().payload("hello"));
    assert_eq!((answer.kind(), &*answer.code()), (NonConfirmable, "2.05"));
    assert_eq!(answer.0.get_token(), [0, 1]);
}

#[test]
fn a_ping_is_answered_with_a_reset_and_leaves_no_trace() {
    let mut bench = Bench::new(Shelf::default());
    let answer = bench.ask(empty(Confirmable, 77));
    assert_eq!((answer.kind(), answer.id(), &*answer.code()), (Reset, 77, "0.00"));
    assert_eq!(bench.endpoint.usage().peers, 0);
}

#[test]
fn empty_messages_that_answer_nothing_are_ignored() {
    let mut bench = Bench::new(Shelf::default());
    for kind in [NonConfirmable, Acknowledgement, Reset] {
        assert!(bench.say(empty(kind, 5)).is_empty());
    }
}

#[test]
fn a_late_answer_is_preceded_by_an_acknowledgement_and_confirmable() {
    let mut bench = Bench::new(Shelf::default());
    assert!(bench.say(post(9, "slow")).is_empty());
    let sent = bench.wait(Duration::from_secs(1));
    let [(after, acknowledgement)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!(*after, Duration::from_millis(500));
    assert_eq!((acknowledgement.kind(), acknowledgement.id(), &*acknowledgement.code()), (Acknowledgement, 9, "0.00"));

    bench.update(|shelf| shelf.finish(Response::new(Code::CHANGED)));
    let [response] = &bench.messages()[..] else { panic!() };
    assert_eq!((response.kind(), &*response.code()), (Confirmable, "2.04"));
    assert_eq!(response.0.get_token(), [0, 9]);
    bench.say(ack(response.id()));
    assert!(bench.wait(Duration::from_secs(100)).is_empty());
}

#[test]
fn an_answer_within_the_delay_of_the_acknowledgement_is_piggybacked() {
    let mut bench = Bench::new(Shelf::default());
    assert!(bench.say(post(9, "slow")).is_empty());
    assert!(bench.wait(Duration::from_millis(499)).is_empty());
    bench.update(|shelf| shelf.finish(Response::new(Code::CHANGED)));
    let [response] = &bench.messages()[..] else { panic!() };
    assert_eq!((response.kind(), response.id(), &*response.code()), (Acknowledgement, 9, "2.04"));
    assert!(bench.wait(Duration::from_secs(100)).is_empty());
}

#[test]
fn a_late_answer_to_a_non_confirmable_request_is_not_announced() {
    let mut bench = Bench::new(Shelf::default());
    assert!(bench.say(post(9, "slow").non()).is_empty());
    assert!(bench.wait(Duration::from_secs(10)).is_empty());
    bench.update(|shelf| shelf.finish(Response::new(Code::CHANGED)));
    assert_eq!(bench.messages()[0].kind(), NonConfirmable);
}

#[test]
fn a_request_that_is_never_answered_is_given_up_and_the_service_told() {
    let mut bench = Bench::new(Shelf::default());
    bench.say(post(9, "slow"));
    let exchange = bench.shelf().pending[0];
    bench.wait(Duration::from_secs(246));
    assert_eq!(bench.endpoint.usage().exchanges, 1);
    bench.wait(Duration::from_secs(2));
    assert_eq!(bench.shelf().cancelled, [exchange]);
    assert_eq!(bench.endpoint.usage().exchanges, 0);
}

#[test]
fn a_method_that_is_not_known_is_not_allowed() {
    let mut bench = Bench::new(Shelf::default());
    let answer = bench.ask(request(Confirmable, "0.08", 3, "echo"));
    assert_eq!((&*answer.code(), answer.kind()), ("4.05", Acknowledgement));
    assert!(bench.shelf().requests.is_empty());
}

#[test]
fn a_peer_is_named_by_its_address() {
    let mut bench = Bench::new(Shelf::default());
    bench.from("[fe80::17%3]:5683", &get(1, "echo"));
    bench.from("[::ffff:192.0.2.7]:99", &get(1, "echo"));
    let peers: Vec<_> = bench.shelf().requests.iter().map(|(_, peer, _)| (&*peer.uri, peer.zone)).collect();
    assert_eq!(peers, [("coap://[fe80::17]", Some(3)), ("coap://192.0.2.7:99", None)]);
}

#[test]
fn everything_about_a_peer_is_forgotten_in_the_end() {
    let mut bench = Bench::new(Shelf::default());
    bench.ask(get(1, "echo"));
    bench.ask(get(2, "echo").non());
    assert_eq!(bench.endpoint.usage().peers, 1);
    bench.wait(Duration::from_secs(600));
    assert_eq!(bench.endpoint.usage(), waypost_coap::Usage::default());
    assert_eq!(bench.endpoint.poll_timeout(), None);
}

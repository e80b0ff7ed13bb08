//! Observations that the service makes: RFC 7641 §3.

mod common;

use core::time::Duration;

use coap_lite::MessageType::{Acknowledgement, Confirmable};
use common::{Bench, Message, NEAR, Shelf, ack, empty, get, long_text, path, reset};
use waypost_rest::{Method, Observe, Request, RequestFailure, RequestId};

fn look_up() -> Request {
    Request::new(Method::Get, ["rd-lookup", "ep"]).with_observe(Observe::Register)
}

fn ask(bench: &mut Bench, request: Request) -> Vec<Message> {
    bench.update(|shelf| shelf.ask(7, path(NEAR).peer(), request));
    bench.messages()
}

/// A bench whose service observes `NEAR` and has had its first answer, and the token.
fn observing() -> (Bench, Vec<u8>) {
    let mut bench = Bench::new(Shelf::default());
    bench.ask(get(1, "echo"));
    let question = ask(&mut bench, look_up()).remove(0);
    assert_eq!((question.kind(), question.number(6)), (Confirmable, Some(0)));
    let mut answer = empty(Acknowledgement, question.id());
    answer.0.header.set_code("2.05");
    assert!(bench.say(answer.token(question.0.get_token()).uint(6, 5).payload("one")).is_empty());
    let token = question.0.get_token().to_vec();
    (bench, token)
}

fn notification(token: &[u8], id: u16, sequence: u32, text: impl AsRef<[u8]>) -> Message {
    let mut message = empty(Confirmable, id);
    message.0.header.set_code("2.05");
    message.token(token).uint(6, sequence).payload(text)
}

/// What came, as text, and whether it is part of an observation.
fn heard(bench: &Bench) -> Vec<(String, bool)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let responses = bench.shelf().responses.iter();
    responses
        .map(|(id, outcome)| {
            assert_eq!(*id, RequestId(7));
            let response = outcome.as_ref().unwrap();
            (text(&response.payload), response.is_observed)
        })
        .collect()
}

#[test]
fn notifications_are_acknowledged_and_reach_the_service() {
    let (mut bench, token) = observing();
    assert_eq!(bench.ask(notification(&token, 100, 6, "two")), ack(100));
    bench.wait(Duration::from_secs(100_000));
    assert!(bench.say(notification(&token, 101, 7, "three").non()).is_empty());
    let expected = [("one", true), ("two", true), ("three", true)];
    assert_eq!(heard(&bench), expected.map(|(text, is_observed)| (text.to_owned(), is_observed)));
    assert_eq!(bench.endpoint.usage().requests, 1);
}

#[test]
fn duplicates_and_overtaken_notifications_are_acknowledged_and_dropped() {
    let (mut bench, token) = observing();
    bench.ask(notification(&token, 100, 8, "new"));
    assert_eq!(bench.ask(notification(&token, 100, 8, "new")), ack(100));
    assert_eq!(bench.ask(notification(&token, 101, 7, "old")), ack(101));
    assert_eq!(heard(&bench).len(), 2);
    // Numbers go round, and mean nothing after 128 seconds.
    bench.ask(notification(&token, 102, 0xff_ffff, "old, too"));
    assert_eq!(heard(&bench).len(), 2);
    bench.wait(Duration::from_secs(129));
    bench.ask(notification(&token, 103, 2, "from a server that was restarted"));
    assert_eq!(heard(&bench).len(), 3);
}

#[test]
fn a_notification_with_an_error_or_without_observe_ends_it() {
    for code in ["4.04", "2.05"] {
        let (mut bench, token) = observing();
        let mut last = empty(Confirmable, 100);
        last.0.header.set_code(code);
        assert_eq!(bench.ask(last.token(&token)), ack(100));
        assert!(!bench.shelf().responses[1].1.as_ref().unwrap().is_observed);
        assert_eq!(bench.ask(notification(&token, 101, 9, "more")), reset(101));
        assert_eq!(bench.endpoint.usage().requests, 0);
    }
}

#[test]
fn a_server_that_does_not_grant_it_answers_once() {
    let mut bench = Bench::new(Shelf::default());
    bench.ask(get(1, "echo"));
    let question = ask(&mut bench, look_up()).remove(0);
    let mut answer = empty(Acknowledgement, question.id());
    answer.0.header.set_code("2.05");
    bench.say(answer.token(question.0.get_token()).payload("one"));
    assert_eq!(heard(&bench), [("one".to_owned(), false)]);
    assert_eq!(bench.ask(notification(question.0.get_token(), 101, 9, "more")), reset(101));
}

#[test]
fn a_long_notification_is_fetched_and_then_told_whole() {
    let (mut bench, token) = observing();
    let text = long_text(40);
    let first = notification(&token, 100, 6, &text[..16]).option(4, b"a").uint(23, 8);
    let sent = bench.say(first);
    let [acknowledgement, fetch] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((acknowledgement, fetch.number(6), fetch.block(23)), (&ack(100), None, Some((1, false, 0))));
    assert_ne!(fetch.0.get_token(), token);
    let block = |question: &Message, number: u32, more: u32, part: &[u8]| {
        let mut answer = empty(Acknowledgement, question.id());
        answer.0.header.set_code("2.05");
        answer.token(question.0.get_token()).option(4, b"a").uint(23, number << 4 | more << 3).payload(part)
    };
    let fetch = bench.ask(block(fetch, 1, 1, &text[16..32]));
    assert_eq!(heard(&bench).len(), 1);
    bench.say(block(&fetch, 2, 0, &text[32..]));
    assert_eq!(heard(&bench)[1], (String::from_utf8(text).unwrap(), true));
    bench.ask(notification(&token, 101, 7, "three"));
    assert_eq!(heard(&bench).len(), 3);
}

#[test]
fn a_newer_notification_takes_the_place_of_one_that_is_being_fetched() {
    for blocks in 1..4u32 {
        let (mut bench, token) = observing();
        let block = |fetch: &Message, number: u32, more: bool| {
            let mut answer = empty(Acknowledgement, fetch.id());
            answer.0.header.set_code("2.05");
            let answer = answer.token(fetch.0.get_token()).option(4, b"a");
            answer.uint(23, number << 4 | u32::from(more) << 3).payload([b'x'; 16])
        };
        let first = notification(&token, 100, 6, [b'x'; 16]).option(4, b"a").uint(23, 8);
        let mut fetch = bench.say(first).remove(1);
        for number in 1..blocks {
            fetch = bench.ask(block(&fetch, number, true));
        }
        bench.ask(notification(&token, 101, 7, "short"));
        bench.say(block(&fetch, blocks, false));
        assert_eq!(heard(&bench)[1..], [("short".to_owned(), true)]);
        assert!(bench.wait(Duration::from_secs(100)).is_empty());
        assert_eq!(bench.endpoint.usage().requests, 1);
    }
}

#[test]
fn a_notification_that_cannot_be_fetched_ends_it() {
    let (mut bench, token) = observing();
    bench.say(notification(&token, 100, 6, [b'x'; 16]).option(4, b"a").uint(23, 8));
    bench.wait(Duration::from_secs(100));
    assert_eq!(bench.shelf().responses[1].1, Err(RequestFailure::TimedOut));
    assert_eq!(bench.endpoint.usage().requests, 0);
}

#[test]
fn to_ask_again_keeps_the_token() {
    let (mut bench, token) = observing();
    let question = ask(&mut bench, look_up()).remove(0);
    assert_eq!((question.0.get_token(), question.number(6)), (&token[..], Some(0)));
    // The server was restarted and counts from the start.
    let mut answer = empty(Acknowledgement, question.id());
    answer.0.header.set_code("2.05");
    bench.say(answer.token(&token).uint(6, 1).payload("two"));
    bench.ask(notification(&token, 101, 2, "three"));
    assert_eq!(heard(&bench).len(), 3);
    assert_eq!(bench.endpoint.usage().requests, 1);
}

#[test]
fn a_server_that_does_not_answer_when_asked_again_ends_it() {
    let (mut bench, _) = observing();
    ask(&mut bench, look_up());
    bench.wait(Duration::from_secs(100));
    assert_eq!(bench.shelf().responses[1].1, Err(RequestFailure::TimedOut));
    assert_eq!(bench.endpoint.usage().requests, 0);
}

#[test]
fn to_end_it_keeps_the_token_and_nothing_but_the_answer_comes_then() {
    let (mut bench, token) = observing();
    let mut request = look_up();
    request.observe = Some(Observe::Deregister);
    let question = ask(&mut bench, request).remove(0);
    assert_eq!((question.0.get_token(), question.number(6)), (&token[..], Some(1)));
    assert_eq!(bench.ask(notification(&token, 100, 6, "too late")), ack(100));
    let mut answer = empty(Acknowledgement, question.id());
    answer.0.header.set_code("2.05");
    bench.say(answer.token(&token).payload("the end"));
    assert_eq!(heard(&bench)[1..], [("the end".to_owned(), false)]);
    assert_eq!(bench.ask(notification(&token, 101, 7, "more")), reset(101));
    assert_eq!(bench.endpoint.usage().requests, 0);
}

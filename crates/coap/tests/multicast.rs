//! Requests to a group: RFC 7252 §8.

mod common;

use core::time::Duration;

use coap_lite::MessageType::NonConfirmable;
use common::{Bench, FAR, Message, SERVER, Shelf, empty, get, long_text, post};
use waypost_coap::Path;

fn call(bench: &mut Bench, message: &Message) {
    let path = Path::multicast(SERVER.parse().unwrap(), FAR.parse().unwrap());
    bench.endpoint.handle_datagram(bench.now, path, &message.bytes());
}

fn group(id: u16) -> Message {
    get(id, "group").non().option(15, b"rt=core.rd")
}

#[test]
fn an_answer_comes_at_a_random_time_within_the_leisure_from_an_address_of_a_host() {
    let mut delays = Vec::new();
    for seed in 0..40 {
        let mut bench = Bench::with(Shelf::default(), |config| config.seed = [seed; 16]);
        call(&mut bench, &group(1));
        assert!(bench.shelf().requests[0].2.is_multicast);
        let sent = bench.wait(Duration::from_secs(6));
        let [(after, answer)] = &sent[..] else { panic!("{sent:?}") };
        assert_eq!((answer.kind(), answer.text()), (NonConfirmable, "rt=core.rd"));
        assert_eq!(answer.0.get_token(), [0, 1]);
        delays.push(*after);
    }
    delays.sort();
    assert!(delays[0] < Duration::from_secs(1) && delays[39] > Duration::from_secs(4));
    assert!(delays[39] <= Duration::from_secs(5));
}

#[test]
fn a_service_that_keeps_silent_is_silent() {
    let mut bench = Bench::new(Shelf::default());
    call(&mut bench, &get(1, "group").non());
    assert!(bench.wait(Duration::from_secs(10)).is_empty());
    assert_eq!(bench.endpoint.usage().exchanges, 0);
}

#[test]
fn silence_after_a_request_to_the_host_is_an_acknowledgement() {
    let mut bench = Bench::new(Shelf::default());
    let answer = bench.ask(get(1, "group"));
    assert_eq!((&*answer.code(), answer.id()), ("0.00", 1));
    assert!(bench.wait(Duration::from_secs(10)).is_empty());
}

#[test]
fn errors_pings_and_confirmable_requests_are_not_answered() {
    let mut bench = Bench::new(Shelf::default());
    for message in [
        get(1, "nothing here").non(),
        get(2, "group").option(15, b"x"),
        empty(coap_lite::MessageType::Confirmable, 3),
        get(4, "group").non().option(9, b""),
        get(5, "group").non().option(15, &[0xff]),
        post(6, "echo").non(),
        get(7, "text").non().block2(1, 2),
        get(8, "text").non().block1(0, true, 0).payload([0; 16]),
    ] {
        call(&mut bench, &message);
        assert!(bench.wait(Duration::from_secs(10)).is_empty(), "{message:?}");
    }
    call(&mut bench, &get(9, "text").non());
    let path = Path::multicast(SERVER.parse().unwrap(), FAR.parse().unwrap());
    bench.endpoint.handle_datagram(bench.now, path, b"\x4f\x01\x00\x01");
    bench.endpoint.handle_datagram(bench.now, path, &[0x40; 3000]);
}

#[test]
fn duplicates_are_answered_once() {
    let mut bench = Bench::new(Shelf::default());
    call(&mut bench, &group(1));
    call(&mut bench, &group(1));
    assert_eq!(bench.wait(Duration::from_secs(10)).len(), 1);
}

#[test]
fn a_group_is_not_observed() {
    let mut bench = Bench::new(Shelf::with_text("one"));
    call(&mut bench, &get(1, "text").non().uint(6, 0));
    let sent = bench.wait(Duration::from_secs(10));
    assert_eq!(sent[0].1.number(6), None);
    assert_eq!(bench.endpoint.usage().observations, 0);
}

#[test]
fn the_rest_of_a_long_answer_is_fetched_from_the_host() {
    let mut bench = Bench::new(Shelf::with_text(long_text(200)));
    call(&mut bench, &get(1, "text").non().block2(0, 2));
    let (_, first) = bench.wait(Duration::from_secs(10)).remove(0);
    assert_eq!((first.block(23), first.body().len()), (Some((0, true, 2)), 64));
    let second = bench.from(FAR, &get(2, "text").block2(1, 2)).remove(0);
    assert_eq!((second.get(4), second.body()), (first.get(4), &long_text(200)[64..128]));
    assert_eq!(bench.shelf().requests.len(), 1);
}

#[test]
fn answers_that_wait_are_few_for_each_peer() {
    let mut bench = Bench::with(Shelf::default(), |config| config.limits.exchanges_per_peer = 3);
    for id in 0..100 {
        call(&mut bench, &group(id));
    }
    assert_eq!(bench.wait(Duration::from_secs(10)).len(), 3);
}

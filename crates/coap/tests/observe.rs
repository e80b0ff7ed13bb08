//! Observation: RFC 7641, and RFC 7959 §2.6.

mod common;

use core::time::Duration;

use coap_lite::MessageType::{Acknowledgement, Confirmable};
use common::{Bench, FAR, Message, NEAR, Shelf, ack, get, long_text, path, post, reset};
use waypost_rest::{Method, Request};

fn observe(id: u16) -> Message {
    get(id, "text").uint(6, 0)
}

/// A bench with an observation by `NEAR`, made with message 1.
fn observed(text: impl Into<Vec<u8>>) -> Bench {
    let mut bench = Bench::new(Shelf::with_text(text));
    let answer = bench.ask(observe(1));
    assert!(answer.number(6).is_some(), "{answer:?}");
    bench
}

fn write(bench: &mut Bench, text: &str) -> Vec<Message> {
    bench.update(|shelf| shelf.write(text));
    bench.messages()
}

fn is_older(one: &Message, other: &Message) -> bool {
    let (one, other) = (one.number(6).unwrap(), other.number(6).unwrap());
    one < other && other - one < 1 << 23 || one > other && one - other > 1 << 23
}

#[test]
fn changes_are_told_confirmably_in_order_and_with_the_token() {
    let mut bench = Bench::new(Shelf::with_text("one"));
    let mut previous = bench.ask(observe(1));
    assert_eq!((previous.kind(), previous.text()), (Acknowledgement, "one"));
    for text in ["two", "three", "four"] {
        let [notification] = &write(&mut bench, text)[..] else { panic!() };
        assert_eq!((notification.kind(), notification.text()), (Confirmable, text));
        assert_eq!(notification.0.get_token(), [0, 1]);
        assert_eq!(notification.number(12), Some(0));
        assert!(is_older(&previous, notification));
        bench.say(ack(notification.id()));
        previous = notification.clone();
    }
    assert!(bench.wait(Duration::from_secs(200)).is_empty());
}

#[test]
fn changes_while_a_notification_is_under_way_are_merged() {
    let mut bench = observed("one");
    let first = write(&mut bench, "two").remove(0);
    for text in ["three", "four", "five"] {
        assert!(write(&mut bench, text).is_empty());
    }
    assert_eq!(bench.shelf().asked, 1);
    let answers = bench.say(ack(first.id()));
    let [notification] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(notification.text(), "five");
}

#[test]
fn a_change_that_was_undone_meanwhile_is_not_told() {
    let mut bench = observed("one");
    let first = write(&mut bench, "two").remove(0);
    write(&mut bench, "three");
    write(&mut bench, "two");
    assert!(bench.say(ack(first.id())).is_empty());
}

#[test]
fn an_unacknowledged_notification_gives_way_to_the_newer_state_but_keeps_its_pace() {
    let mut bench = observed("one");
    let first = write(&mut bench, "two").remove(0);
    bench.wait(Duration::from_secs(4));
    write(&mut bench, "three");
    let sent = bench.wait(Duration::from_secs(100));
    assert_eq!(sent.len(), 3, "five transmissions in all");
    let (_, newer) = &sent[0];
    assert_eq!(newer.text(), "three");
    assert_ne!(newer.id(), first.id());
    assert!(is_older(&first, newer));
    // It was never acknowledged.
    assert_eq!(bench.endpoint.usage().observations, 0);
    assert_eq!(bench.shelf().cancelled.len(), 1);
}

#[test]
fn when_the_newer_state_is_the_old_one_again_the_old_notification_is_repeated() {
    let mut bench = observed("one");
    let first = write(&mut bench, "two").remove(0);
    write(&mut bench, "three");
    write(&mut bench, "two");
    let sent = bench.wait(Duration::from_secs(3));
    assert_eq!(sent.iter().map(|(_, message)| message).collect::<Vec<_>>(), [&first]);
}

#[test]
fn a_reset_ends_the_observation() {
    let mut bench = observed("one");
    let first = write(&mut bench, "two").remove(0);
    let exchange = bench.shelf().requests[0].0;
    bench.say(reset(first.id()));
    assert_eq!(bench.shelf().cancelled, [exchange]);
    assert!(write(&mut bench, "three").is_empty());
}

#[test]
fn observe_1_ends_the_observation_and_is_answered_as_a_read() {
    let mut bench = observed("one");
    let answer = bench.ask(get(2, "text").token(&[0, 1]).uint(6, 1));
    assert_eq!((answer.text(), answer.number(6)), ("one", None));
    assert_eq!(bench.shelf().cancelled.len(), 1);
    assert!(write(&mut bench, "two").is_empty());
}

#[test]
fn observe_1_with_another_token_or_from_another_peer_ends_nothing() {
    let mut bench = observed("one");
    bench.ask(get(2, "text").token(b"other").uint(6, 1));
    bench.from(FAR, &get(2, "text").token(&[0, 1]).uint(6, 1));
    assert_eq!(write(&mut bench, "two").len(), 1);
}

#[test]
fn a_second_registration_with_a_token_takes_the_place_of_the_first() {
    let mut bench = observed("one");
    bench.ask(observe(2).token(&[0, 1]));
    assert_eq!(bench.endpoint.usage().observations, 1);
    assert_eq!(bench.shelf().cancelled, [bench.shelf().requests[0].0]);
    assert_eq!(write(&mut bench, "two").len(), 1);
}

#[test]
fn another_request_with_the_token_ends_the_observation() {
    let mut bench = observed("one");
    bench.ask(post(2, "echo").token(&[0, 1]));
    assert_eq!(bench.endpoint.usage().observations, 0);
}

#[test]
fn a_client_that_is_gone_loses_all_its_observations_at_once() {
    let mut bench = observed("one");
    bench.ask(observe(2));
    bench.ask(observe(3));
    write(&mut bench, "two");
    let sent = bench.wait(Duration::from_secs(94));
    assert_eq!(sent.len(), 4);
    assert_eq!(bench.endpoint.usage().observations, 0);
    assert_eq!(bench.shelf().cancelled.len(), 3);
}

#[test]
fn a_client_that_ignores_one_observation_and_is_heard_otherwise_loses_that_one() {
    let mut bench = observed("one");
    bench.ask(observe(2));
    let first = write(&mut bench, "two").remove(0);
    bench.wait(Duration::from_secs(30));
    bench.ask(get(3, "text"));
    let sent = bench.wait(Duration::from_secs(64));
    let (_, last) = sent.last().unwrap();
    assert_ne!(last.0.get_token(), first.0.get_token());
    assert_eq!(bench.endpoint.usage().observations, 1);
}

#[test]
fn a_silent_client_is_asked_for_a_sign_of_life_every_24_hours() {
    let day = Duration::from_secs(24 * 60 * 60);
    let mut bench = observed("one");
    assert!(bench.wait(day - Duration::from_secs(1)).is_empty());
    for _ in 0..3 {
        let sent = bench.wait(Duration::from_secs(2));
        let [(_, ping)] = &sent[..] else { panic!("{sent:?}") };
        assert_eq!((ping.kind(), &*ping.code()), (Confirmable, "0.00"));
        bench.say(reset(ping.id()));
        assert!(bench.wait(day - Duration::from_secs(2)).is_empty());
    }
    assert_eq!(bench.endpoint.usage().observations, 1);
    // This time there is no answer.
    bench.wait(Duration::from_secs(100));
    assert_eq!(bench.endpoint.usage().observations, 0);
    assert_eq!(bench.shelf().cancelled.len(), 1);
}

#[test]
fn the_end_of_the_resource_is_told_without_observe() {
    let mut bench = observed("one");
    bench.update(Shelf::remove_text);
    let notification = bench.messages().remove(0);
    assert_eq!((&*notification.code(), notification.number(6)), ("4.04", None));
    bench.say(ack(notification.id()));
    assert_eq!(bench.endpoint.usage().observations, 0);
    assert!(bench.shelf().cancelled.is_empty());
}

#[test]
fn one_notification_at_a_time_goes_to_a_peer_and_all_get_their_turn() {
    let mut bench = observed("one");
    for id in 2..=5 {
        bench.ask(observe(id));
    }
    let mut served = Vec::new();
    let mut under_way = write(&mut bench, "two");
    for round in 0..5 {
        let [notification] = &under_way[..] else { panic!("{under_way:?}") };
        served.push(notification.0.get_token()[1]);
        // New changes do not let the one that was just served go first again.
        bench.update(|shelf| shelf.write(format!("text {round}")));
        under_way = bench.say(ack(notification.id()));
    }
    served.sort_unstable();
    assert_eq!(served, [1, 2, 3, 4, 5]);
}

#[test]
fn a_notification_does_not_wait_for_the_answer_to_a_request_nor_a_request_for_an_acknowledgement() {
    let mut bench = observed("one");
    let ask = |bench: &mut Bench, id| {
        bench.update(|shelf| shelf.ask(id, path(NEAR).peer(), Request::new(Method::Get, ["there"])));
        bench.messages().iter().map(Message::code).collect::<Vec<_>>()
    };
    assert_eq!(ask(&mut bench, 7), ["0.01"]);
    assert_eq!(write(&mut bench, "two").iter().map(Message::code).collect::<Vec<_>>(), ["2.05"]);
    // Of each, one at a time.
    assert!(ask(&mut bench, 8).is_empty());
    assert!(write(&mut bench, "three").is_empty());

    let mut bench = observed("one");
    assert_eq!(write(&mut bench, "two").len(), 1);
    assert_eq!(ask(&mut bench, 7), ["0.01"]);
}

#[test]
fn peers_do_not_wait_for_each_other() {
    let mut bench = observed("one");
    bench.from(FAR, &observe(1));
    assert_eq!(write(&mut bench, "two").len(), 2);
}

#[test]
fn a_long_notification_comes_in_blocks_of_the_size_asked_for_at_the_start() {
    let mut bench = Bench::new(Shelf::with_text("short"));
    bench.ask(observe(1).block2(0, 2));
    let text = long_text(150);
    let [first] = &write(&mut bench, core::str::from_utf8(&text).unwrap())[..] else { panic!() };
    assert_eq!((first.block(23), first.body()), (Some((0, true, 2)), &text[..64]));
    bench.say(ack(first.id()));
    let second = bench.ask(get(2, "text").block2(1, 2));
    assert_eq!((second.body(), second.get(4), second.number(6)), (&text[64..128], first.get(4), None));
    let third = bench.ask(get(3, "text").block2(2, 2));
    assert_eq!((third.body(), third.block(23)), (&text[128..], Some((2, false, 2))));
}

#[test]
fn a_notification_waits_until_the_blocks_of_the_one_before_are_fetched() {
    let mut bench = observed("short");
    let text = String::from_utf8(long_text(2000)).unwrap();
    let first = write(&mut bench, &text).remove(0);
    bench.say(ack(first.id()));
    assert!(write(&mut bench, "new").is_empty());
    let answers = bench.say(get(2, "text").block2(1, 6));
    let [rest, notification] = &answers[..] else { panic!("{answers:?}") };
    assert_eq!(rest.body(), &text.as_bytes()[1024..]);
    assert_eq!(notification.text(), "new");
}

#[test]
fn a_notification_does_not_wait_for_a_client_that_does_not_fetch() {
    let mut bench = observed("short");
    let text = String::from_utf8(long_text(2000)).unwrap();
    let first = write(&mut bench, &text).remove(0);
    bench.say(ack(first.id()));
    write(&mut bench, "new");
    let sent = bench.wait(Duration::from_secs(7));
    assert_eq!(sent[0].1.text(), "new");
    assert!(sent[0].0 >= Duration::from_secs(5));
}

#[test]
fn to_fetch_a_block_with_the_token_of_the_observation_does_not_end_it() {
    let mut bench = Bench::new(Shelf::with_text(long_text(2000)));
    bench.ask(observe(1));
    bench.ask(get(2, "text").token(&[0, 1]).block2(1, 6));
    assert_eq!(bench.endpoint.usage().observations, 1);
}

#[test]
fn over_the_limits_a_request_to_observe_is_a_plain_read() {
    let mut bench = Bench::with(Shelf::with_text("one"), |config| {
        config.limits.observations_per_peer = 2;
        config.limits.observations = 3;
    });
    let mut is_observed = |from: &str, id| bench.from(from, &observe(id))[0].number(6).is_some();
    assert!(is_observed(NEAR, 1) && is_observed(NEAR, 2));
    assert!(!is_observed(NEAR, 3));
    assert!(is_observed(FAR, 1));
    assert!(!is_observed(FAR, 2));
    assert_eq!(bench.shelf().observers.len(), 3);
}

#[test]
fn observe_is_ignored_where_it_has_no_meaning() {
    let mut bench = Bench::new(Shelf::with_text("one"));
    for message in [post(1, "text").uint(6, 0), get(2, "text").uint(6, 2), get(3, "text").option(6, &[0; 4])] {
        assert_eq!(bench.ask(message).number(6), None);
    }
    assert_eq!(bench.endpoint.usage().observations, 0);
}

#[test]
fn a_duplicate_of_the_registration_does_not_begin_a_second_observation() {
    let mut bench = observed("one");
    bench.ask(observe(1));
    assert_eq!((bench.shelf().requests.len(), bench.endpoint.usage().observations), (1, 1));
}

#[test]
fn an_observer_that_comes_and_goes_leaves_no_timers_behind() {
    let mut bench = Bench::new(Shelf::with_text("one"));
    for id in 0..500 {
        bench.ask(observe(2 * id).token(b"t"));
        bench.ask(get(2 * id + 1, "text").token(b"t").uint(6, 1));
    }
    bench.wait(Duration::from_secs(600));
    assert_eq!(bench.endpoint.usage(), waypost_coap::Usage::default());
    assert_eq!(bench.endpoint.poll_timeout(), None);
}

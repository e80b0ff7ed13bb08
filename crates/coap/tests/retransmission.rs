//! Reliable transmission: RFC 7252 §4.2, observed on responses of their own.

mod common;

use core::time::Duration;
use std::collections::HashSet;

use common::{Bench, FAR, Message, NEAR, Shelf, ack, post, reset};
use waypost_rest::{Code, Response};

/// A bench with an unacknowledged response under way, and that response.
fn with_response(seed: u8) -> (Bench, Message) {
    let mut bench = Bench::with(Shelf::default(), |config| config.seed = [seed; 16]);
    bench.say(post(1, "slow"));
    bench.wait(Duration::from_secs(1));
    bench.update(|shelf| shelf.finish(Response::new(Code::CHANGED)));
    let response = bench.messages().remove(0);
    (bench, response)
}

#[test]
fn a_message_is_sent_again_four_times_at_doubling_intervals() {
    let mut firsts = Vec::new();
    for seed in 0..50 {
        let (mut bench, response) = with_response(seed);
        let sent = bench.wait(Duration::from_secs(300));
        assert_eq!(sent.len(), 4);
        assert!(sent.iter().all(|(_, message)| *message == response));
        let first = sent[0].0;
        let at: Vec<_> = sent.iter().map(|(at, _)| *at).collect();
        assert_eq!(at, [first, first * 3, first * 7, first * 15]);
        assert!(at[3] <= Duration::from_secs(45));
        firsts.push(first);
    }
    firsts.sort();
    assert!(firsts[0] >= Duration::from_secs(2) && firsts[0] < Duration::from_millis(2200));
    assert!(firsts[49] <= Duration::from_secs(3) && firsts[49] > Duration::from_millis(2800));
}

#[test]
fn an_acknowledgement_or_a_reset_ends_it() {
    for answer in [ack as fn(u16) -> Message, reset] {
        let (mut bench, response) = with_response(1);
        bench.wait(Duration::from_secs(4));
        assert!(bench.say(answer(response.id())).is_empty());
        assert!(bench.wait(Duration::from_secs(300)).is_empty());
    }
}

#[test]
fn acknowledgements_of_others_change_nothing() {
    let (mut bench, response) = with_response(1);
    bench.from(FAR, &ack(response.id()));
    bench.from(NEAR, &ack(response.id().wrapping_add(1)));
    assert_eq!(bench.wait(Duration::from_secs(300)).len(), 4);
}

#[test]
fn a_late_timer_does_not_send_everything_at_once() {
    let (mut bench, _) = with_response(1);
    bench.now += Duration::from_secs(1000);
    bench.endpoint.handle_timeout(bench.now);
    assert_eq!(bench.messages().len(), 1);
    bench.endpoint.handle_timeout(bench.now);
    assert!(bench.messages().is_empty());
}

#[test]
fn a_clock_that_goes_back_changes_nothing() {
    let (mut bench, _) = with_response(1);
    let deadline = bench.endpoint.poll_timeout();
    bench.endpoint.handle_timeout(waypost_time::Instant::ZERO);
    assert!(bench.messages().is_empty());
    assert_eq!(bench.endpoint.poll_timeout(), deadline);
}

#[test]
fn identifiers_to_a_peer_do_not_repeat() {
    let mut bench = Bench::new(Shelf::default());
    let ids: HashSet<_> = (0..1000).map(|id| bench.ask(post(id, "echo").non()).id()).collect();
    assert_eq!(ids.len(), 1000);
}

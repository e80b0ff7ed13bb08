//! A source that wants to see that its mirror receives what is sent to it.

extern crate alloc;

mod common;

use bytes::Bytes;
use common::follower::{By, Follower, run};
use waypost_rest::{Code, Request, Response};
use waypost_sync::SyncEvent;
use waypost_time::Instant;

/// Refuses what was asked last, with an Echo value.
fn challenge(follower: &mut Follower, code: Code, echo: &'static [u8]) {
    let mut response = Response::new(code).with_max_age(7);
    response.echo = Some(Bytes::from_static(echo));
    follower.replicator.handle_response(follower.now, &mut follower.directory, follower.request, Ok(response));
}

fn echo(question: Option<(waypost_rest::RequestId, Request)>) -> Option<Bytes> {
    question.expect("a question").1.echo
}

#[test]
fn a_question_is_repeated_with_the_echo_value_that_it_was_refused_with() {
    for code in [Code::UNAUTHORIZED, Code::TOO_MANY_REQUESTS] {
        let mut follower = Follower::new();
        challenge(&mut follower, code, b"prove it");
        assert_eq!(echo(follower.ask()).as_deref(), Some(&b"prove it"[..]), "{code}");
        follower.hear(&run(By::Id(9), 0, 1, &[(1, "first")]));
        assert_eq!(follower.names(), ["first"], "{code}");
        assert!(
            follower
                .events()
                .iter()
                .all(|event| matches!(event, SyncEvent::InStep { .. } | SyncEvent::MirroredBy { .. })),
            "{code}"
        );
        let later = follower.replicator.poll_timeout().expect("it asks again");
        assert_eq!(echo(follower.ask_at(later)).as_deref(), Some(&b"prove it"[..]), "{code}");
    }
}

#[test]
fn so_is_a_question_of_a_comparison() {
    let mut follower = Follower::new();
    follower.hear_refusal(Code::CONFLICT);
    let (comparison, before) = follower.ask().expect("a question for cells");
    let mut response = Response::new(Code::TOO_MANY_REQUESTS);
    response.echo = Some(Bytes::from_static(b"prove it"));
    follower.replicator.handle_response(follower.now, &mut follower.directory, comparison, Ok(response));
    let (_, again) = follower.ask().expect("the question again");
    assert_eq!((again.payload, again.echo.as_deref()), (before.payload, Some(&b"prove it"[..])));
}

#[test]
fn both_are_repeated_when_both_are_refused_while_they_are_under_way() {
    let mut follower = Follower::new();
    follower.hear(&run(By::Id(9), 0, 1, &[(1, "node1")]));
    follower.ask_at(Instant::from_millis(100_000)).expect("a question");
    // What it has amounts to something else.
    follower.hear(&[0x81, 0xa1, 8, 1]);
    let (comparison, _) = follower.ask().expect("a question for cells");
    let (changes, _) = follower.ask_at(Instant::from_millis(200_000)).expect("a question for changes");
    for request in [changes, comparison] {
        let mut response = Response::new(Code::TOO_MANY_REQUESTS);
        response.echo = Some(Bytes::from_static(b"prove it"));
        follower.replicator.handle_response(follower.now, &mut follower.directory, request, Ok(response));
    }
    let mut repeated = [(); 2].map(|()| follower.ask().expect("a question again"));
    repeated.sort_by_key(|(request, _)| *request);
    assert_eq!(repeated.each_ref().map(|(request, _)| *request), [changes, comparison]);
    assert!(repeated.iter().all(|(_, request)| request.echo.as_deref() == Some(&b"prove it"[..])));
}

#[test]
fn who_refuses_every_echo_value_is_left_in_peace() {
    for (code, most) in [(Code::UNAUTHORIZED, 2), (Code::TOO_MANY_REQUESTS, 1)] {
        let mut follower = Follower::new();
        let mut repeats = 0;
        loop {
            challenge(&mut follower, code, b"prove it");
            if follower.ask().is_none() {
                break;
            }
            repeats += 1;
            assert!(repeats <= most, "{code}: repeated {repeats} times");
        }
        assert_eq!(repeats, most, "{code}");
        let events = follower.events();
        assert!(matches!(events[..], [SyncEvent::Failed { .. }]), "{code}: {events:?}");
        assert!(follower.replicator.poll_timeout().is_some_and(|due| due > Instant::ZERO), "{code}");
    }
}

#[test]
fn an_echo_value_that_cannot_be_one_is_not_sent() {
    let mut follower = Follower::new();
    challenge(&mut follower, Code::UNAUTHORIZED, &[7; 41]);
    let later = follower.replicator.poll_timeout().expect("it asks again");
    assert_eq!(echo(follower.ask_at(later)), None);
}

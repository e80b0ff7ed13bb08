//! A source that has everything read or compared again and again, or asked on in vain, is left in peace for a while, longer each time.

extern crate alloc;

mod common;

use core::time::Duration;

use common::follower::{By, Follower, cells, run};
use common::liar::{NOW, hear, mirror};
use minicbor::Encoder;
use waypost_model::Origin;
use waypost_rest::{Code, Request, RequestId};
use waypost_sync::{Limits, SyncEvent};
use waypost_time::Instant;

const WRITER: u64 = 9;
const HOUR: Instant = Instant::from_millis(3_600_000);

/// What says how much the source has lost so far.
fn mark(losses: u64) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    out.array(2).and_then(|out| out.u64(1)?.u64(losses).map(drop)).expect("room");
    out.into_writer()
}

/// Lets an hour pass in which every question is answered at once.
fn answer_for_an_hour(follower: &mut Follower, mut answer: impl FnMut(&mut Follower, RequestId, &Request)) {
    let mut questions = 0;
    while follower.now < HOUR {
        let Some((request, question)) = follower.ask() else {
            let due = follower.replicator.poll_timeout().expect("it asks again");
            follower.pass_until(due);
            continue;
        };
        questions += 1;
        assert!(questions < 1_000, "{questions} questions by {:?}", follower.now);
        answer(follower, request, &question);
    }
}

/// How often it was told of that everything was read or compared; all of these may come again and again.
fn told(follower: &mut Follower) -> usize {
    let is_told = |event: &SyncEvent| matches!(event, SyncEvent::StartedAnew { .. } | SyncEvent::Reconciled { .. });
    follower.events().iter().filter(|event| is_told(event)).count()
}

#[test]
fn one_that_has_lost_something_whenever_it_was_read_is_read_more_and_more_seldom() {
    let mut follower = Follower::new();
    // The question that was asked already.
    follower.hear(&mark(0));
    let mut answers = 0;
    answer_for_an_hour(&mut follower, |follower, _, _| {
        answers += 1;
        let more = [run(By::Id(WRITER), 0, 1, &[(1, "first")]), Vec::from([0xf5])].concat();
        follower.hear(&if answers % 2 == 1 { more } else { mark(answers) });
    });
    let told = told(&mut follower);
    assert!((10..30).contains(&told), "read {told} times");
}

#[test]
fn one_that_tells_of_a_loss_whenever_it_was_read_to_the_end_is_read_more_and_more_seldom() {
    let mut follower = Follower::new();
    follower.hear(&mark(0));
    let mut losses = 0;
    answer_for_an_hour(&mut follower, |follower, _, _| {
        follower.hear(&mark(losses));
        // A notification.
        losses += 1;
        follower.hear(&mark(losses));
    });
    let told = told(&mut follower);
    assert!((10..90).contains(&told), "read {told} times");
}

#[test]
fn one_that_cannot_be_gone_on_from_whenever_it_was_compared_is_compared_more_and_more_seldom() {
    let mut follower = Follower::new();
    follower.hear_refusal(Code::CONFLICT);
    let theirs = Origin::Foreign("coap://source".parse().expect("an authority"));
    let mut made_up = 0;
    answer_for_an_hour(&mut follower, |follower, request, question| match question.payload[1] {
        0 => follower.hear_refusal(Code::CONFLICT),
        1 => {
            made_up += 1;
            // It has all that is here, and one more.
            let here = follower.directory.ids(follower.now, &theirs).map(|(id, _)| id);
            let answer = cells(question, WRITER, made_up, here.chain([1_000_000 + made_up]));
            follower.hear_other(request, &answer);
        }
        _ => {
            let name = format!("node{made_up}");
            follower.hear_other(request, &run(By::Id(WRITER), made_up - 1, 1, &[(1, &name)]));
        }
    });
    let told = told(&mut follower);
    assert!((10..30).contains(&told), "compared {told} times");
}

#[test]
fn one_that_was_quiet_for_a_while_is_read_at_once_again() {
    let mut follower = Follower::new();
    follower.hear(&mark(0));
    for losses in 1..20 {
        follower.now = follower.now + Limits::default().reconcile + Duration::from_secs(60);
        follower.ask_at(follower.now).expect("a question");
        follower.hear(&mark(losses));
        follower.ask().expect("a question from the beginning, at once");
        follower.hear(&mark(losses));
    }
    assert_eq!(told(&mut follower), 19);
}

#[test]
fn what_a_source_has_read_and_compared_fills_no_log() {
    let mut follower =
        Follower::with(|limits| (limits.events_per_minute, limits.retry) = (2, Duration::from_millis(1)));
    follower.hear(&mark(0));
    for losses in 1..6 {
        follower.hear(&mark(losses));
        while follower.ask().is_none() {
            follower.pass_until(follower.replicator.poll_timeout().expect("it asks again"));
        }
        follower.hear(&mark(losses));
    }
    assert!(follower.now < Instant::from_millis(60_000));
    assert_eq!(told(&mut follower), 2);
    follower.ask_at(Instant::from_millis(60_000));
    let events = follower.events();
    assert!(events.contains(&SyncEvent::More { count: 3 }), "{events:?}");
}

#[test]
fn a_source_that_makes_ask_on_in_vain_is_left_in_peace_and_in_step_no_longer() {
    let mut gap = Vec::from([0x83, 0x48]);
    gap.extend([0x41; 8]);
    gap.extend([0x05, 0x01]);
    let is_in_step = |victim: &Follower| victim.replicator.standings().all(|standing| standing.is_in_step);
    for (what, answer) in [("more", Vec::from([0xf5])), ("gap", gap)] {
        let mut victim = mirror();
        hear(&mut victim, &[]);
        assert!(is_in_step(&victim), "{what}");
        let (mut questions, mut is_asked) = (0, true);
        while is_asked {
            questions += 1;
            assert!(questions < 20, "{what}: asked {questions} times at one moment");
            victim.hear(&answer);
            is_asked = victim.ask().is_some();
        }
        let due = victim.replicator.poll_timeout().expect("a time to ask again");
        assert!(due > NOW, "{what}");
        let in_vain = |victim: &mut Follower| {
            let events = core::iter::from_fn(|| victim.replicator.poll_event());
            events.filter(|event| matches!(event, SyncEvent::InVain { .. })).count()
        };
        assert_eq!(in_vain(&mut victim), 1, "{what}");
        victim.replicator.handle_timeout(due, &mut victim.directory);
        victim.ask().expect("a question");
        victim.hear(&answer);
        assert_eq!(in_vain(&mut victim), 0, "{what} is told of once");
        assert!(!is_in_step(&victim), "{what}");
    }
}

#[test]
fn a_source_that_tells_of_ever_new_replicas_and_of_nothing_they_wrote_is_left_in_peace() {
    let mut follower = Follower::new();
    let replicas = 40;
    let mut answers = 0;
    for round in 0..20_u64 {
        let mut out = Encoder::new(Vec::new());
        for replica in 0..replicas {
            let replica = 1_000 + round * replicas + replica;
            out.array(3).and_then(|out| out.bytes(&replica.to_be_bytes())?.u64(0)?.u64(1)).expect("room");
        }
        out.bool(true).expect("room");
        follower.hear(&out.into_writer());
        answers += 1;
        if follower.ask().is_none() {
            break;
        }
    }
    assert!(answers <= 5, "{answers} answers");
    assert!(follower.events().iter().any(|event| matches!(event, SyncEvent::InVain { .. })));
}

#[test]
fn one_that_is_read_from_the_beginning_and_makes_up_replicas_lets_no_question_grow() {
    let mut follower = Follower::new();
    follower.hear(&mark(0));
    follower.hear(&mark(1));
    let mut made_up = 0;
    let mut largest = 0;
    for answers in 1..30 {
        let question = loop {
            match follower.ask() {
                Some((_, question)) => break question,
                None => follower.pass_until(follower.replicator.poll_timeout().expect("it asks again")),
            }
        };
        largest = largest.max(question.payload.len());
        let name = format!("node{answers}");
        let mut answer = run(By::Id(WRITER), answers - 1, 1, &[(1, &name)]);
        for _ in 0..500 {
            made_up += 1;
            answer.extend(run(By::Id(1_000 + made_up), 0, 1, &[]));
        }
        answer.push(0xf5);
        follower.hear(&answer);
    }
    assert!(largest <= Limits::default().question_bytes, "{largest} octets");
}

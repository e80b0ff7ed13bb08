//! What is said is read as the answer to the question that it answers.

extern crate alloc;

mod common;

use core::time::Duration;

use common::follower::{By, Follower, cells, run};
use minicbor::{Decoder, Encoder};
use waypost_client::Fault;
use waypost_rest::{Code, Request};
use waypost_sync::SyncEvent;

/// The replica that wrote what the source tells of.
const WRITER: By = By::Id(9);

/// What the source says that it has amounts to.
fn digest(count: u64, sum: u64) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    out.u64(count).and_then(|out| out.u64(sum).map(drop)).expect("room");
    out.into_writer()
}

#[test]
fn an_old_question_is_not_taken_for_the_new_one_that_has_its_number() {
    let mut follower = Follower::new();
    // When this is asked, there is no replica yet to call by index.
    follower.hear(&run(WRITER, 0, 1, &[(1, "first")]));
    let answered = follower.number;
    let mut questions = 0;
    loop {
        let due = follower.replicator.poll_timeout().expect("it asks again");
        if follower.ask_at(due).is_none() {
            continue;
        }
        questions += 1;
        if follower.number == answered {
            break;
        }
        assert!(questions < 100, "numbers do not come round");
        follower.hear_nothing();
    }
    follower.events();
    follower.hear(&run(By::Index(0), 1, 1, &[(1, "second")]));
    assert_eq!(follower.names(), ["first", "second"], "{:?}", follower.events());
}

#[test]
fn a_registration_that_is_too_large_is_called_so_after_it_was_asked_for_alone() {
    let mut follower = Follower::with(|limits| limits.received_bytes = 1_000);
    // What was removed is forgotten there, so that everything is compared.
    follower.hear_refusal(Code::CONFLICT);
    let (comparison, question) = follower.ask().expect("a question for cells");
    let mut counts = Vec::new();
    follower.hear_other(comparison, &cells(&question, 9, 5, 1..=5));
    while let Some((comparison, question)) = follower.ask() {
        counts.push(asked_ids(&question));
        follower.hear_other(comparison, &[0; 2_000]);
    }
    assert_eq!(counts, [5, 2, 1]);
    let events = follower.events();
    let is_too_large = |event: &SyncEvent| matches!(event, SyncEvent::Failed { fault: Fault::TooLarge, .. });
    assert!(events.iter().any(is_too_large), "{events:?}");
}

/// Returns how many registrations are asked for one by one.
fn asked_ids(question: &Request) -> u64 {
    let mut question = Decoder::new(&question.payload);
    let length = question.array().expect("a question").expect("a length");
    assert_eq!(question.u8().expect("a kind"), 2);
    // They come after the kind, the relation and the key.
    length - 3
}

/// One that has just begun to read from the beginning, and the number of the question that it observes.
fn reading_anew() -> (Follower, u8) {
    let mut follower = Follower::new();
    let told = [run(WRITER, 0, 2, &[(1, "goes"), (1, "stays")]), digest(7, 7)].concat();
    follower.hear(&told);
    assert_eq!(follower.names(), ["goes", "stays"]);
    // It has something else than the source, and cannot find out what.
    let observed = follower.number;
    let (comparison, _) = follower.ask().expect("a question");
    follower.hear_other(comparison, &[]);
    assert!(follower.events().iter().any(|event| matches!(event, SyncEvent::StartedAnew { .. })));
    follower.ask().expect("a question from the beginning");
    (follower, observed)
}

#[test]
fn what_answers_an_older_question_does_not_end_a_reading_that_began_after_it() {
    let (mut follower, observed) = reading_anew();
    // This was on its way already.
    follower.hear_of(observed, &[]);
    follower.ask();
    follower.hear(&run(WRITER, 0, 2, &[(2, "stays")]));
    assert_eq!(follower.names(), ["stays"]);
}

#[test]
fn who_answers_a_reading_with_what_cannot_be_read_is_left_in_peace() {
    let (mut follower, _) = reading_anew();
    follower.hear_of(u8::MAX, &[]);
    assert!(follower.events().iter().any(|event| matches!(event, SyncEvent::Malformed { .. })));
    assert!(follower.ask().is_none());
}

#[test]
fn an_answer_that_tells_of_more_renewals_than_it_may_is_not_taken() {
    for (count, is_too_large) in [(10_000_u16, false), (10_001, true)] {
        let mut follower = Follower::with(|limits| limits.renewals = 10_000);
        follower.hear(&run(WRITER, 0, 20_000, &[(1, "first")]));
        follower.events();
        // Of age zero, so many, by no lowest bits: each the one after the one before, in two bits.
        let mut packed = vec![0, count as u8 | 0x80, (count >> 7) as u8 | 0x80, (count >> 14) as u8, 0];
        packed.resize(packed.len() + usize::from(count).div_ceil(4), 0b1010_1010);
        let mut out = Encoder::new(Vec::new());
        let written = out.map(1).and_then(|out| out.bytes(&9_u64.to_be_bytes())?.array(3)?.u64(0)?.u64(20_000));
        written.and_then(|out| out.bytes(&packed).map(drop)).expect("room");
        follower.hear(&out.into_writer());
        let events = follower.events();
        let failed = |event: &SyncEvent| matches!(event, SyncEvent::Failed { fault: Fault::TooLarge, .. });
        assert_eq!((events.len(), events.iter().all(failed)), (usize::from(is_too_large), true), "{events:?}");
    }
}

#[test]
fn who_could_not_be_read_once_is_asked_again_soon_and_else_more_and_more_seldom() {
    let mut follower = Follower::new();
    let mut pauses = Vec::new();
    for _ in 0..12 {
        // No item of an answer.
        follower.hear(&[0xff]);
        let due = follower.replicator.poll_timeout().expect("it asks again");
        pauses.push(due.saturating_since(follower.now));
        follower.ask_at(due).expect("a question");
    }
    assert!(pauses[0] <= Duration::from_secs(5), "{pauses:?}");
    assert!(pauses[11] >= Duration::from_secs(150), "{pauses:?}");
}

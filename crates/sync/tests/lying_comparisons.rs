//! A source that lies when it is compared with.

extern crate alloc;

mod common;

use common::follower::cells;
use common::liar::{NOW, informed, is_refused, mirror};
use minicbor::Encoder;
use waypost_model::{Origin, ReplicaId};
use waypost_rest::{Code, Output, Request, Response};
use waypost_sync::{FEED_FORMAT, SyncEvent};

/// What is asked for cells: the key, and where they begin.
fn cells_question(request: &Request) -> ([u8; 16], u64) {
    let mut question = minicbor::Decoder::new(&request.payload);
    question.array().expect("a question");
    assert_eq!(question.u8().expect("a kind"), 1);
    question.u8().expect("a relation");
    let key = question.bytes().expect("a key").try_into().expect("of sixteen octets");
    (key, question.u64().expect("an index"))
}

#[test]
fn cells_that_contradict_each_other_are_asked_for_once_more_with_another_key() {
    let mut victim = mirror();
    // It has something that amounts to something else.
    let mut out = Encoder::new(Vec::new());
    out.u64(7).and_then(|out| out.u64(7).map(drop)).expect("room");
    victim.hear(&out.into_writer());
    let mut keys = Vec::new();
    loop {
        let Some(Output::Request { id, request, .. }) = victim.replicator.poll_output(NOW, &mut victim.directory)
        else {
            panic!("no question")
        };
        let events = victim.events();
        if events.iter().any(|event| matches!(event, SyncEvent::StartedAnew { .. })) {
            break;
        }
        let (key, from) = cells_question(&request);
        keys.push(key);
        assert!(from == 0 && keys.len() <= 2, "{} keys", keys.len());
        // These are cells of three sets.
        let of = |ids: &[u64]| waypost_sketch::Encoder::new(key, ids.iter().copied());
        let cells = of(&[1, 2, 3]).take(1).chain(of(&[]).take(11)).chain(of(&[4]).skip(12));
        let run: Vec<u8> = cells.take(64).flat_map(waypost_sketch::Cell::to_bytes).collect();
        let mut out = Encoder::new(Vec::new());
        out.array(2).and_then(|out| out.map(0)?.bytes(&run).map(drop)).expect("room");
        let answer = Response::content(FEED_FORMAT, out.into_writer());
        victim.replicator.handle_response(NOW, &mut victim.directory, id, Ok(answer));
    }
    assert!(keys.len() == 2 && keys[0] != keys[1]);
}

#[test]
fn registrations_that_cannot_be_read_do_not_count_as_held_after_a_comparison() {
    let mut victim = informed();
    let theirs = Origin::Foreign("coap://liar".parse().expect("an authority"));
    let mut ids: Vec<u64> = victim.directory.ids(NOW, &theirs).map(|(id, _)| id).collect();
    ids.push(7);
    // It has forgotten too much to go on, and has one that is not here.
    victim.hear_refusal(Code::CONFLICT);
    let (comparison, question) = victim.ask().expect("a question for cells");
    victim.hear_other(comparison, &cells(&question, 9, 5, ids.into_iter()));
    let (comparison, _) = victim.ask().expect("a question for what is missing");
    victim.hear_other(comparison, &[0xff]);
    let events = victim.events();
    assert!(is_refused(&events), "{events:?}");
    assert!(victim.ask().is_none(), "it is left in peace");
    assert!(victim.replicator.standings().all(|standing| !standing.is_in_step));
    assert_eq!(victim.directory.version_of(&theirs).sequence(ReplicaId(9)), 1);
}

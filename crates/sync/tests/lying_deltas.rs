//! Link deltas of a source that cannot be right.

extern crate alloc;

mod common;

use core::convert::Infallible;

use common::follower::Follower;
use common::liar::{HONEST, NOW, hear, informed, is_refused, own};
use minicbor::Encoder;
use waypost_client::Fault;
use waypost_link_delta::{LinkDelta, Tag};
use waypost_link_format::LinkDocument;
use waypost_rest::ETag;
use waypost_sync::SyncEvent;

/// An answer that says of the registration of [`HONEST`] again and again that its links are what a delta makes of them.
fn changes(deltas: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    let written: Result<(), minicbor::encode::Error<Infallible>> = (|| {
        let count = deltas.len() as u64;
        out.array(3 + count)?.bytes(&HONEST.replica.to_be_bytes())?.u64(1)?.u64(count)?;
        for (delta, sequence) in deltas.iter().zip(2..) {
            // A base that was given, a place, and stamps.
            out.array(13)?.u64(2 | 4 | 8)?.u64(1)?.null()?.str("theirs")?.null()?.null()?.null()?;
            out.bytes(delta)?.u64(0)?.u64((5 << 16) + sequence)?.u32(0)?.str(HONEST.place)?;
            // All was set by the first write, but for the links.
            out.array(7)?.map(1)?.u64(HONEST.replica)?.u64(sequence)?;
            out.array(3)?.u64(HONEST.replica)?.u64(1)?.u64(HONEST.time)?;
            out.u8(1)?.u8(1)?.u8(1)?.u8(1)?.u8(0)?;
        }
        Ok(())
    })();
    written.expect("a vector takes everything");
    out.into_writer()
}

/// What leads from some links to others.
fn delta(from: &str, to: &str) -> LinkDelta {
    let [before, after] = [from, to].map(|links| LinkDocument::parse(links).expect("links"));
    LinkDelta::between(before, after).starting_from(tag(from)).leading_to(tag(to))
}

fn tag(links: &str) -> Tag {
    Tag::new(ETag::of(links.as_bytes()).as_bytes()).expect("a tag")
}

/// The links of what the source said of [`HONEST`].
fn theirs(victim: &Follower) -> String {
    let query = "ep=theirs".parse().expect("a query");
    victim.directory.endpoints(NOW, &query).next().expect("a registration").document().as_str().into()
}

#[test]
fn a_delta_of_links_that_are_here_is_taken() {
    let mut victim = informed();
    let steps = [("</theirs>", "</theirs>,</more>"), ("</theirs>,</more>", "</theirs>;obs,</more>")];
    let events = hear(&mut victim, &changes(&steps.map(|(from, to)| delta(from, to).encode())));
    assert!(events.is_empty(), "{events:?}");
    assert_eq!(theirs(&victim), "</theirs>;obs,</more>");
}

#[test]
fn a_delta_that_cannot_be_right_is_refused_and_reported() {
    let right = || delta("</theirs>", "</theirs>,</more>");
    let many: String = (0..1_001).map(|number| format!(",</{number}>")).collect();
    let deltas = [
        ("one that leads elsewhere", right().leading_to(tag("</elsewhere>")).encode()),
        ("one for whatever is here", LinkDelta::between(LinkDocument::default(), right().put().as_document()).encode()),
        ("one from nothing", LinkDelta::whole(right().put().as_document()).leading_to(tag("</more>")).encode()),
        ("one that does not say what it leads to", {
            LinkDelta::between(LinkDocument::default(), right().put().as_document())
                .starting_from(tag("</theirs>"))
                .encode()
        }),
        ("more links than there may be", delta("</theirs>", &format!("</theirs>{many}")).encode()),
        ("none", Vec::new()),
        ("one with something behind it", [right().encode(), Vec::from([0])].concat()),
        (
            "one that announces more than it has",
            Vec::from([0x84, 0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]),
        ),
    ];
    for (what, delta) in deltas {
        let mut victim = informed();
        let before = own(&victim.directory);
        let events = hear(&mut victim, &changes(&[delta]));
        assert!(is_refused(&events), "{what}: {events:?}");
        assert_eq!(theirs(&victim), "</theirs>", "{what}");
        assert_eq!(own(&victim.directory), before, "{what}");
    }
}

#[test]
fn who_is_told_what_became_of_other_links_asks_for_all_and_leaves_a_source_in_peace_that_goes_on_so() {
    let mut victim = informed();
    let answer = changes(&[delta("</other>", "</other>,</more>").encode()]);
    let (mut questions, mut wholes, mut events) = (0, 0, Vec::new());
    let mut is_asked = true;
    while is_asked {
        victim.hear(&answer);
        let question = victim.ask();
        is_asked = question.is_some();
        // The last item of the question.
        wholes += usize::from(question.is_some_and(|(_, question)| question.payload.last() == Some(&0xf5)));
        questions += 1;
        assert!(questions < 20, "asked {questions} times at one moment");
        events.extend(core::iter::from_fn(|| victim.replicator.poll_event()));
    }
    assert!(wholes > 0);
    assert!(events.iter().any(|event| matches!(event, SyncEvent::StartedAnew { .. })), "{events:?}");
    assert!(victim.replicator.poll_timeout().is_some_and(|due| due > NOW));
    assert_eq!(theirs(&victim), "</theirs>");
}

#[test]
fn deltas_make_no_more_links_of_one_answer_than_could_be_sent_in_it() {
    let mut victim = informed();
    let large: String = (0..600).map(|number| format!(r#",</{number}>;title="{}""#, "x".repeat(80))).collect();
    let links = |step: usize| match step {
        0 => String::from("</theirs>"),
        _ => format!("</theirs>;ct={step}{large}"),
    };
    let steps: Vec<Vec<u8>> = (0..200).map(|step| delta(&links(step), &links(step + 1)).encode()).collect();
    let (answer, limit) = (changes(&steps), waypost_sync::Limits::default().received_bytes);
    assert!(answer.len() < limit / 10);
    let events = hear(&mut victim, &answer);
    let is_too_large = |event: &SyncEvent| matches!(event, SyncEvent::Failed { fault: Fault::TooLarge, .. });
    assert!(events.iter().any(is_too_large), "{events:?}");
    let taken = (1..=200).find(|step| theirs(&victim) == links(*step)).expect("some were taken");
    assert_eq!(taken, limit / links(100).len());
}

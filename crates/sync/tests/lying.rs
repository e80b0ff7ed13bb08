//! A source that lies is refused, reported, and changes nothing but what it owns.

extern crate alloc;

mod common;

use core::convert::Infallible;
use core::slice::from_ref;
use core::time::Duration;

use common::follower::{Follower, cells};
use minicbor::Encoder;
use proptest::prelude::*;
use waypost_client::{Fault, ResourceUri};
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_link_delta::{LinkDelta, Tag};
use waypost_link_format::LinkDocument;
use waypost_model::{Location, Origin, Registration, ReplicaId, Version};
use waypost_rest::{Code, ETag, ExchangeId, Method, Output, Peer, Request, Response};
use waypost_sync::{FEED_FORMAT, NotFollowed, Replicator, SyncConfig, SyncEvent};
use waypost_time::Instant;

const NOW: Instant = Instant::from_millis(1_000_000_000);

/// Whom the liar tells of.
const VICTIM: &str = "coap://victim";

/// What of a directory a source must not touch.
fn own(directory: &Directory) -> (Vec<String>, Version, usize) {
    let local = directory.endpoints(NOW, &Query::all()).filter(|found| found.location().is_local());
    let names = local.map(|found| format!("{} {} {}", found.name(), found.base(), found.document().as_str())).collect();
    let changes = directory.feed(NOW, &Version::new()).expect("everything is there").count();
    (names, directory.version().clone(), changes)
}

/// A directory with a registration of its own, which follows the liar.
fn follower(config: SyncConfig, follow: impl FnOnce(&mut Replicator) -> Result<(), NotFollowed>) -> Follower {
    let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
    let sensor = Registration::parse("ep=own&base=coap://own", "</own>").expect("a registration");
    directory.register(NOW, sensor).expect("room");
    Follower::of(NOW, directory, config, follow)
}

fn mirror() -> Follower {
    mirror_with(SyncConfig::new(1))
}

fn mirror_with(config: SyncConfig) -> Follower {
    follower(config, |replicator| replicator.add_mirror(liar()))
}

fn replica() -> Follower {
    follower(SyncConfig::new(1), |replicator| replicator.add_replica(liar()))
}

/// One that mirrors an authority through the liar.
fn mirror_through(query: &str) -> Follower {
    let (authority, query) = (VICTIM.parse().expect("an authority"), query.parse().expect("a query"));
    follower(SyncConfig::new(1), |replicator| replicator.add_mirror_through(liar(), authority, query))
}

fn liar() -> ResourceUri {
    "coap://liar/sync/feed".parse().expect("a URI")
}

/// Answers the last question for changes, and lets it ask on; what it told of.
fn hear(victim: &mut Follower, answer: &[u8]) -> Vec<SyncEvent> {
    victim.hear(answer);
    while victim.ask().is_some() {}
    victim.events()
}

/// What is said of one registration.
struct Claim<'c> {
    replica: u64,
    after: u64,
    span: u64,
    delta: u64,
    age: u64,
    time: u64,
    place: &'c str,
}

const HONEST: Claim<'static> =
    Claim { replica: 9, after: 0, span: 1, delta: 1, age: 0, time: 5 << 16, place: "/rd/there" };

fn encode(claim: &Claim<'_>) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    let written: Result<(), minicbor::encode::Error<Infallible>> = (|| {
        out.array(4)?.bytes(&claim.replica.to_be_bytes())?.u64(claim.after)?.u64(claim.span)?;
        // A base that was given, and a place.
        out.array(12)?.u64(2 | 4)?.u64(claim.delta)?.null()?.str("theirs")?.str("coap://theirs")?.u32(3600)?;
        out.map(0)?.str("</theirs>")?.u64(claim.age)?.u64(claim.time)?.u32(0)?.str(claim.place)?;
        Ok(())
    })();
    written.expect("a vector takes everything");
    out.into_writer()
}

fn is_refused(events: &[SyncEvent]) -> bool {
    events.iter().any(|event| matches!(event, SyncEvent::Refused { .. } | SyncEvent::Malformed { .. }))
}

#[test]
fn what_is_true_is_taken() {
    // At another authority, a replica may have the id of this one.
    for replica in [9, 1] {
        let mut victim = mirror();
        let before = own(&victim.directory);
        let events = hear(&mut victim, &encode(&Claim { replica, ..HONEST }));
        assert!(!is_refused(&events), "{events:?}");
        assert_eq!(victim.directory.endpoints(NOW, &"href=coap://liar/rd/there".parse().expect("a query")).count(), 1);
        assert_eq!(own(&victim.directory), before);
    }
}

#[test]
fn a_place_is_kept_in_its_one_spelling() {
    let mut victim = mirror();
    hear(&mut victim, &encode(&Claim { place: "/r%64/%74here", ..HONEST }));
    assert_eq!(victim.directory.endpoints(NOW, &"href=coap://liar/rd/there".parse().expect("a query")).count(), 1);
}

#[test]
fn what_cannot_be_true_is_refused_and_reported() {
    let day = 24 * 3600 * 1000;
    let claims = [
        ("a place elsewhere", Claim { place: "//third/rd/x", ..HONEST }),
        ("a place that leads out of itself", Claim { place: "/../../x", ..HONEST }),
        ("a place that goes nowhere", Claim { place: "/rd/./x", ..HONEST }),
        ("a place with a query", Claim { place: "/rd/x?y", ..HONEST }),
        ("a place that is none", Claim { place: "coap://third/rd/x", ..HONEST }),
        ("an age beyond all lifetimes", Claim { age: u64::MAX, ..HONEST }),
        ("the last sequence number", Claim { after: u64::MAX - 1, span: 1, delta: 1, ..HONEST }),
        ("sequence numbers that wrap", Claim { after: u64::MAX, span: 1, delta: 1, ..HONEST }),
        ("a change outside its run", Claim { span: 1, delta: 2, ..HONEST }),
        ("a change before its run", Claim { delta: 0, ..HONEST }),
        ("a time far ahead", Claim { time: (NOW.as_millis() + 365 * day) << 16, ..HONEST }),
    ];
    for (what, claim) in claims {
        let mut victim = mirror();
        let before = own(&victim.directory);
        // Where the run begins beyond what is here, it is a gap and only asked for again.
        let is_gap = claim.after > 0;
        let events = hear(&mut victim, &encode(&claim));
        assert!(is_gap || is_refused(&events), "{what}: {events:?}");
        assert_eq!(own(&victim.directory), before, "{what}");
        assert_eq!(victim.directory.len(), 1, "{what}");
    }
}

#[test]
fn after_the_last_write_that_can_be_numbered_there_is_none() {
    let mut victim = mirror();
    let before = own(&victim.directory);
    let mut answer = encode(&Claim { span: u64::MAX, delta: u64::MAX, ..HONEST });
    // The run has another change, with the same number.
    answer[0] += 1;
    answer.extend(&encode(&Claim { delta: 0, ..HONEST })[12..]);
    let events = hear(&mut victim, &answer);
    assert!(events.iter().any(|event| matches!(event, SyncEvent::Malformed { .. })), "{events:?}");
    assert_eq!(own(&victim.directory), before);
}

#[test]
fn a_source_numbers_its_writes_as_it_likes_and_hides_nothing_of_others() {
    let mut victim = mirror();
    let before = own(&victim.directory);
    // It claims to have everything that any replica will ever write.
    let mut out = Encoder::new(Vec::new());
    for replica in [2_u64, 3, 4] {
        out.array(3).and_then(|out| out.bytes(&replica.to_be_bytes())?.u64(0)?.u64(1 << 59).map(drop)).expect("room");
    }
    hear(&mut victim, &out.into_writer());
    assert_eq!(own(&victim.directory), before);
    let theirs = Origin::Foreign("coap://liar".parse().expect("an authority"));
    assert_eq!(victim.directory.version_of(&theirs).len(), 3);
    assert_eq!(victim.directory.version_of(&Origin::Foreign("coap://honest".parse().expect("an authority"))).len(), 0);
}

#[test]
fn who_passes_on_an_authority_lies_about_that_one_alone() {
    let mut victim = mirror_through("");
    let third = Location::new("coap://third/rd/1").expect("a location");
    let sensor = Registration::parse("ep=theirs&base=coap://honest", "</honest>").expect("a registration");
    victim.directory.mirror(NOW, third, sensor, Duration::ZERO).expect("room");
    let before = own(&victim.directory);
    let others = |directory: &Directory| {
        let origin = Origin::Foreign("coap://third".parse().expect("an authority"));
        (directory.version_of(&origin).clone(), directory.digest(&origin))
    };
    let kept = others(&victim.directory);
    let mut out = passage(1, 0);
    out.extend(encode(&HONEST));
    let events = hear(&mut victim, &out);
    assert!(!is_refused(&events), "{events:?}");
    let found = |href: &str| victim.directory.endpoints(NOW, &format!("href={href}").parse().expect("a query")).count();
    assert_eq!(["coap://victim/rd/there", "coap://third/rd/1"].map(found), [1, 1]);
    assert_eq!(found("coap://liar/rd/there"), 0, "it is no registration of the liar");

    for place in ["//third/rd/1", "coap://third/rd/1", "coap://liar/rd/there", "/../x"] {
        let mut out = passage(1, 0);
        out.extend(encode(&Claim { after: 1, place, ..HONEST }));
        assert!(is_refused(&hear(&mut victim, &out)), "{place}");
    }
    assert_eq!((own(&victim.directory), others(&victim.directory)), (before, kept));
}

#[test]
fn a_source_that_says_it_has_it_from_far_away_is_not_taken_from() {
    for hops in [9, u64::MAX] {
        let mut victim = mirror_through("");
        let mut out = passage(hops, u64::MAX);
        out.extend(encode(&HONEST));
        let events = hear(&mut victim, &out);
        assert!(events.iter().any(|event| matches!(event, SyncEvent::TooFar { .. })), "{events:?}");
        assert_eq!(victim.directory.len(), 1);
    }
}

#[test]
fn a_source_that_says_it_was_never_in_step_or_will_be_is_not_in_step() {
    for age in [1, u64::MAX] {
        let mut victim = mirror_through("");
        hear(&mut victim, &passage(1, age));
        let standing = victim.replicator.standings().next().expect("a source");
        assert!(!standing.is_in_step && standing.confirmed < Some(NOW), "{standing:?}");
    }
}

/// What says through how many directories it has come, and how many milliseconds ago it was all there was.
fn passage(hops: u64, age: u64) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    out.bool(false).and_then(|out| out.u64(hops)?.u64(u64::MAX)?.u64(age).map(drop)).expect("room");
    out.into_writer()
}

#[test]
fn a_replica_that_knows_writes_which_are_forgotten_here_is_not_followed() {
    let mut victim = replica();
    let before = own(&victim.directory);
    let mut out = Encoder::new(Vec::new());
    out.array(3).and_then(|out| out.bytes(&1_u64.to_be_bytes())?.u64(0)?.u64(500).map(drop)).expect("room");
    let events = hear(&mut victim, &out.into_writer());
    assert!(events.iter().any(|event| matches!(event, SyncEvent::ForgottenWrites { .. })), "{events:?}");
    assert_eq!(own(&victim.directory), before);
}

#[test]
fn huge_counts_reserve_nothing() {
    for head in [[0x9b_u8, 0xff], [0xbb, 0xff], [0x5b, 0xff], [0x7b, 0xff], [0x9f, 0x00], [0xbf, 0x00]] {
        let mut answer = Vec::from(head);
        answer.extend([0xff; 7]);
        let mut victim = mirror();
        assert!(is_refused(&hear(&mut victim, &answer)), "{head:x?}");
    }
}

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

/// One that has heard what is true.
fn informed() -> Follower {
    let mut victim = mirror();
    assert!(!is_refused(&hear(&mut victim, &encode(&HONEST))));
    victim
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
fn who_is_no_reader_is_told_nothing() {
    let mut victim = mirror();
    // As a follower of this very kind asks.
    let mut other = Replicator::new(SyncConfig::new(2));
    other.add_mirror("coap://victim/sync/feed".parse().expect("a URI")).expect("room");
    let mut empty = Directory::new(Config::new([7; 16], ReplicaId(5)));
    let Some(Output::Request { request, .. }) = other.poll_output(NOW, &mut empty) else { panic!("no question") };
    victim.replicator.handle_request(NOW, &victim.directory, ExchangeId(1), &Peer::new("coap://stranger"), &request);
    let Some(Output::Response { response, .. }) = victim.replicator.poll_output(NOW, &mut victim.directory) else {
        panic!("no answer")
    };
    assert_eq!(response.code.to_string(), "4.03");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_answer_touches_what_is_not_the_sources(mut answer in prop::collection::vec(any::<u8>(), 0..80), at in any::<prop::sample::Index>(), change in any::<u8>(), kind in 0..4_u8) {
        let is_replica = kind == 0;
        let mut victim = match kind {
            0 => replica(),
            1 => mirror(),
            2 => mirror_through(""),
            _ => mirror_through("et=x"),
        };
        let before = own(&victim.directory);
        hear(&mut victim, &answer);
        // And one that is nearly right.
        answer = [passage(1, 0), encode(&HONEST)].concat();
        let at = at.index(answer.len());
        answer[at] = change;
        hear(&mut victim, &answer);
        if !is_replica {
            prop_assert_eq!(own(&victim.directory), before);
        }
    }

    #[test]
    fn no_question_panics(octets in prop::collection::vec(any::<u8>(), 0..60), format in any::<bool>()) {
        let mut victim = replica();
        let mut request = Request::new(Method::Fetch, ["sync", "feed"]).with_payload(FEED_FORMAT, octets);
        if format {
            request.accept = Some(FEED_FORMAT);
        }
        victim.replicator.handle_request(NOW, &victim.directory, ExchangeId(1), &Peer::new("coap://liar"), &request);
        let Some(Output::Response { .. }) = victim.replicator.poll_output(NOW + Duration::ZERO, &mut victim.directory) else {
            panic!("no answer")
        };
    }
}

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
fn a_source_that_lies_much_fills_no_log() {
    let mut config = SyncConfig::new(1);
    config.limits.events_per_minute = 5;
    let mut victim = mirror_with(config);
    let lie = encode(&Claim { place: "elsewhere", ..HONEST });
    let told: Vec<_> =
        (0..12).flat_map(|_| hear(&mut victim, &lie)).filter(|event| is_refused(from_ref(event))).collect();
    assert_eq!(told.len(), 5);
    let end = NOW + Duration::from_secs(60);
    assert!(victim.replicator.poll_timeout().is_some_and(|due| due <= end));
    victim.replicator.handle_timeout(end, &mut victim.directory);
    let more: Vec<_> = victim.events();
    assert!(more.contains(&SyncEvent::More { count: 7 }), "{more:?}");
}

#[test]
fn what_a_source_says_after_a_minute_that_was_full_is_told_of() {
    let mut config = SyncConfig::new(1);
    config.limits.events_per_minute = 5;
    let mut victim = mirror_with(config);
    let lie = encode(&Claim { place: "elsewhere", ..HONEST });
    let told = |victim: &mut Follower| hear(victim, &lie).iter().filter(|event| is_refused(from_ref(event))).count();
    assert_eq!((0..5).map(|_| told(&mut victim)).sum::<usize>(), 5);
    let later = NOW + Duration::from_secs(60);
    let answer = Response::content(FEED_FORMAT, [&[victim.number], &*lie].concat());
    victim.replicator.handle_response(later, &mut victim.directory, victim.request, Ok(answer));
    let events = victim.events();
    assert!(events.iter().any(|event| is_refused(from_ref(event))), "{events:?}");
}

#[test]
fn what_nobody_took_is_told_of() {
    let mut config = SyncConfig::new(1);
    config.limits.events = 3;
    let mut victim = mirror_with(config);
    let lie = encode(&Claim { place: "elsewhere", ..HONEST });
    for _ in 0..5 {
        victim.hear(&lie);
        victim.ask();
    }
    let events = victim.events();
    let Some(SyncEvent::Missed { count }) = events.first() else { panic!("{events:?}") };
    assert!(*count >= 2 && events.len() == 4 && is_refused(&events[3..]), "{events:?}");
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

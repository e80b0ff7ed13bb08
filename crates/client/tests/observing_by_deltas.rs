//! An observed look-up whose directory tells by link deltas what changes.

mod common;

use common::{Asked, Bench, code, links};
use waypost_client::{Fault, Limits, Lookup, LookupClient, LookupEvent};
use waypost_link_delta::{LinkDelta, Tag};
use waypost_link_format::LinkDocument;
use waypost_rest::{Code, ContentFormat, ETag, Observe, Response, Service};

const FORMAT: ContentFormat = ContentFormat(65_040);

fn bench() -> (Bench<LookupClient>, Asked) {
    bench_within(Limits::default())
}

fn bench_within(limits: Limits) -> (Bench<LookupClient>, Asked) {
    let mut bench = Bench::lookup_within(limits);
    let lookup = Lookup::resources("coap://rd.example/rd-lookup/res".parse().unwrap(), "rt=x".parse().unwrap());
    bench.look_up(lookup.observed_by_deltas());
    let asked = bench.asked();
    assert_eq!((asked.request.accept, asked.request.observe), (Some(FORMAT), Some(Observe::Register)));
    (bench, asked)
}

fn document(text: &str) -> LinkDocument<'_> {
    LinkDocument::parse(text).unwrap()
}

fn tag(number: u8) -> Tag {
    Tag::new(&[number]).unwrap()
}

fn whole(text: &str, state: u8) -> Response {
    response(&LinkDelta::whole(document(text)).leading_to(tag(state)))
}

fn step(before: (&str, u8), after: (&str, u8)) -> Response {
    let delta = LinkDelta::between(document(before.0), document(after.0));
    response(&delta.starting_from(tag(before.1)).leading_to(tag(after.1)))
}

fn response(delta: &LinkDelta) -> Response {
    observed(Response::content(FORMAT, delta.encode()))
}

fn observed(mut response: Response) -> Response {
    response.is_observed = true;
    response
}

const A: &str = "<coap://h/a>";
const AB: &str = "<coap://h/a>,<coap://h/b>";

#[test]
fn each_step_leads_on_from_the_one_before() {
    let (mut bench, asked) = bench();
    bench.answer(&asked, whole(A, 1));
    assert_eq!(bench.found(), A);
    for (before, after) in [((A, 1), (AB, 2)), ((AB, 2), ("<coap://h/b>;obs", 3)), (("<coap://h/b>;obs", 3), ("", 4))] {
        bench.answer(&asked, step(before, after));
        assert_eq!(bench.found(), after.0);
    }
    bench.asks_nothing();
}

#[test]
fn how_long_a_step_is_fresh_says_nothing_of_the_links() {
    let (mut bench, asked) = bench();
    bench.answer(&asked, whole(A, 1).with_max_age(20));
    let [LookupEvent::Found(answer)] = &bench.events()[..] else { panic!() };
    assert_eq!(answer.max_age.as_secs(), 20);
    bench.answer(&asked, step((A, 1), (AB, 2)).with_max_age(0));
    let [LookupEvent::Found(answer)] = &bench.events()[..] else { panic!() };
    assert_eq!(answer.max_age.as_secs(), 60);
}

#[test]
fn links_are_resolved_against_where_they_are_from() {
    let (mut bench, asked) = bench();
    bench.answer(&asked, whole("</a>", 1));
    assert_eq!(bench.found(), "<coap://rd.example/a>");
    bench.answer(&asked, step(("</a>", 1), ("</a>;obs", 2)));
    assert_eq!(bench.found(), "<coap://rd.example/a>;obs");
}

#[test]
fn after_a_step_that_was_missed_it_is_asked_what_leads_on() {
    let (mut bench, asked) = bench();
    bench.answer(&asked, whole(A, 1));
    bench.events();
    bench.answer(&asked, step((AB, 2), ("", 3)));
    assert!(bench.events().is_empty(), "a step from another state shows nothing");
    let again = bench.asked();
    assert_eq!((again.id, again.request.observe), (asked.id, Some(Observe::Register)));
    assert_eq!(again.request.etags, [ETag::new(&[1]).unwrap()]);
    bench.answer(&again, step((A, 1), ("<coap://h/c>", 3)));
    assert_eq!(bench.found(), "<coap://h/c>");
    bench.answer(&asked, whole(AB, 9));
    assert_eq!(bench.found(), AB, "a directory may always begin anew");
}

#[test]
fn what_has_not_changed_need_not_be_sent_again() {
    let (mut bench, asked) = bench();
    bench.answer(&asked, whole(A, 1));
    bench.events();
    let (again, _) = bench.next_asked(400);
    assert_eq!(again.request.etags, [ETag::new(&[1]).unwrap()]);
    let mut valid = observed(code(Code::VALID));
    valid.etag = Some(ETag::new(&[1]).unwrap());
    bench.answer(&again, valid);
    assert!(matches!(bench.events()[..], [LookupEvent::Confirmed { .. }]));
    bench.answer(&asked, step((A, 1), (AB, 2)));
    assert_eq!(bench.found(), AB);
}

#[test]
fn a_directory_that_has_no_deltas_is_observed_in_link_format() {
    let (mut bench, asked) = bench();
    bench.answer(&asked, code(Code::NOT_ACCEPTABLE));
    assert!(bench.events().is_empty());
    let asked = bench.asked();
    assert_eq!(
        (asked.request.accept, asked.request.observe),
        (Some(ContentFormat::LINK_FORMAT), Some(Observe::Register))
    );
    bench.answer(&asked, observed(links(A)));
    assert_eq!(bench.found(), A);
    bench.answer(&asked, code(Code::NOT_ACCEPTABLE));
    let [LookupEvent::Refused { code: Code::NOT_ACCEPTABLE, .. }] = &bench.events()[..] else { panic!() };
}

#[test]
fn a_directory_that_pays_no_heed_to_accept_is_understood() {
    let (mut bench, asked) = bench();
    bench.answer(&asked, observed(links(A)));
    assert_eq!(bench.found(), A);
    bench.answer(&asked, observed(links(AB)));
    assert_eq!(bench.found(), AB);
}

#[test]
fn steps_that_never_fit_are_given_up_for_link_format() {
    let (mut bench, asked) = bench();
    for _ in 0..3 {
        bench.answer(&asked, step((AB, 2), ("", 3)));
        assert_eq!(bench.asked().request.accept, Some(FORMAT));
    }
    bench.answer(&asked, step((AB, 2), ("", 3)));
    let [end, anew] = &bench.all_asked()[..] else { panic!() };
    assert_eq!((end.id, end.request.accept, end.request.observe), (asked.id, Some(FORMAT), Some(Observe::Deregister)));
    assert_eq!(
        (anew.request.accept, anew.request.observe),
        (Some(ContentFormat::LINK_FORMAT), Some(Observe::Register))
    );
    assert_ne!(anew.id, asked.id);
    bench.answer(anew, observed(links(A)));
    assert_eq!(bench.found(), A);
}

#[test]
fn a_payload_that_is_no_delta_is_reported_and_the_observation_ended() {
    let (mut bench, asked) = bench();
    bench.answer(&asked, observed(Response::content(FORMAT, &b"\x84\xf6"[..])));
    let [LookupEvent::Failed { fault: Fault::Delta(error), .. }] = &bench.events()[..] else { panic!() };
    assert_eq!(error.offset, 2);
    assert_eq!(bench.asked().request.observe, Some(Observe::Deregister));
}

#[test]
fn what_steps_amount_to_is_limited() {
    let limits = Limits { answer_bytes: 100, ..Limits::default() };
    let (mut bench, asked) = bench_within(limits);
    let mut before = (String::new(), 0);
    bench.answer(&asked, whole("", 0));
    bench.events();
    for state in 1..=8 {
        let links: Vec<_> = (0..state).map(|number| format!("<coap://h/{number}>")).collect();
        let after = (links.join(","), state);
        bench.answer(&asked, step((&before.0, before.1), (&after.0, after.1)));
        before = after;
        match &bench.events()[..] {
            [LookupEvent::Found(_)] => assert!(before.0.len() <= 100),
            [LookupEvent::Failed { fault: Fault::TooLarge, .. }] => {
                assert!(before.0.len() > 100);
                assert!(!bench.engine.is_empty(), "it is tried again later");
                return;
            }
            other => panic!("{other:?}"),
        }
    }
    panic!("over the limit without a word");
}

#[test]
fn nothing_more_is_asked_after_it_was_cancelled() {
    let (mut bench, asked) = bench();
    bench.answer(&asked, whole(A, 1));
    let Some((id, _)) = bench.engine.poll_event() else { panic!() };
    bench.engine.cancel(bench.now, id);
    let end = bench.asked();
    assert_eq!((end.request.observe, end.request.accept), (Some(Observe::Deregister), Some(FORMAT)));
    bench.answer(&asked, step((AB, 2), ("", 3)));
    bench.asks_nothing();
    assert_eq!(bench.engine.poll_timeout(), None);
}

//! What RFC 9176 asks of a look-up client, section by section.

mod common;

use common::{Bench, RD, challenge, code, links, overdrawn, unavailable};
use core::time::Duration;
use waypost_client::{Fault, Limits, Lookup, LookupEvent, LookupRefused, ResourceUri};
use waypost_filter::{Page, Query};
use waypost_rest::{Code, ContentFormat, ETag, Observe, RequestFailure, Response, Service as _};

const RES: &str = "coap://rd.example/rd-lookup/res";
const EP: &str = "coap://rd.example/rd-lookup/ep";

fn resources(uri: &str, query: &str) -> Lookup {
    Lookup::resources(uri.parse().unwrap(), query.parse().unwrap())
}

fn tagged(mut response: Response, tag: &[u8]) -> Response {
    response.etag = Some(ETag::new(tag).unwrap());
    response
}

fn observed(mut response: Response) -> Response {
    response.is_observed = true;
    response
}

#[test]
fn s3_4_an_answer_names_the_link_that_its_link_local_addresses_are_on() {
    let mut bench = Bench::lookup();
    let uri = ResourceUri::new("coap://[fe80::1]/rd-lookup/res").unwrap().in_zone(3);
    bench.look_up(Lookup::resources(uri, Query::all()));
    let asked = bench.asked();
    assert_eq!(asked.peer.zone, Some(3));
    bench.answer(&asked, links("<coap://[fe80::17]/temp>"));
    let [LookupEvent::Found(answer)] = &bench.events()[..] else { panic!() };
    assert_eq!(answer.zone, Some(3));
}

#[test]
fn s4_any_unsuccessful_code_is_taken_and_reported() {
    for refusal in (4..=5).flat_map(|class| (0..32).map(move |detail| Code::new(class, detail).unwrap())) {
        if [Code::SERVICE_UNAVAILABLE, Code::TOO_MANY_REQUESTS].contains(&refusal) {
            continue;
        }
        let mut bench = Bench::lookup();
        bench.look_up(resources(RES, ""));
        let asked = bench.asked();
        bench.answer(&asked, Response::refusal(refusal, "no"));
        let [LookupEvent::Refused { code, diagnostic, .. }] = &bench.events()[..] else { panic!() };
        assert_eq!((*code, &**diagnostic), (refusal, "no"));
        assert!(bench.engine.is_empty());
    }
}

#[test]
fn s4_a_refusal_says_how_long_it_holds() {
    for (given, expected) in [(Some(7), 7), (None, 60)] {
        let mut bench = Bench::lookup();
        bench.look_up(resources(RES, ""));
        let asked = bench.asked();
        let mut refusal = Response::refusal(Code::NOT_FOUND, "no");
        refusal.max_age = given;
        bench.answer(&asked, refusal);
        let [LookupEvent::Refused { max_age, is_explicit, .. }] = &bench.events()[..] else { panic!() };
        assert_eq!((*max_age, *is_explicit), (Duration::from_secs(expected), given.is_some()));
    }
}

#[test]
fn a_code_of_a_class_that_responses_do_not_have_is_no_refusal() {
    for code in [1, 3, 6, 7].into_iter().flat_map(|class| (0..32).map(move |detail| Code::new(class, detail).unwrap()))
    {
        let mut bench = Bench::lookup();
        bench.look_up(resources(RES, ""));
        let asked = bench.asked();
        bench.answer(&asked, Response::refusal(code, "what?"));
        let [LookupEvent::Failed { fault, .. }] = &bench.events()[..] else { panic!() };
        assert_eq!(*fault, Fault::Code(code));
    }
}

#[test]
fn s4_a_request_is_repeated_after_the_max_age_of_5_03() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, "rt=x"));
    let mut asked = bench.asked();
    for _ in 0..3 {
        bench.answer(&asked, unavailable(20));
        let [LookupEvent::Postponed { wait, .. }] = &bench.events()[..] else { panic!() };
        assert_eq!(*wait, Duration::from_secs(20));
        let (again, waited) = bench.next_asked(30);
        assert!((20..=23).contains(&waited), "{waited}");
        assert_eq!(again.line(), asked.line());
        asked = again;
    }
    bench.answer(&asked, unavailable(20));
    assert!(matches!(bench.events()[..], [LookupEvent::Refused { code: Code::SERVICE_UNAVAILABLE, .. }]));
}

#[test]
fn s4_link_format_is_asked_for_and_other_answers_are_reported_as_such() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, ""));
    let asked = bench.asked();
    assert_eq!(asked.request.accept, Some(ContentFormat::LINK_FORMAT));
    bench.answer(&asked, Response::content(ContentFormat(60), "\u{80}"));
    let [LookupEvent::Failed { fault, .. }] = &bench.events()[..] else { panic!() };
    assert_eq!(*fault, Fault::Format(ContentFormat(60)));
    assert_eq!(fault.to_string(), "content format 60, which was not asked for");
}

#[test]
fn s4_what_is_not_link_format_is_reported_with_its_place() {
    for (payload, problem) in [
        (&b"</a>,<b"[..], "not link-format: target is not closed by `>` at byte 7"),
        (&b"</a>;x=\"\xff\""[..], "not link-format: text is not UTF-8 at byte 8"),
    ] {
        let mut bench = Bench::lookup();
        bench.look_up(resources(RES, ""));
        let asked = bench.asked();
        bench.answer(&asked, Response::content(ContentFormat::LINK_FORMAT, payload));
        let [LookupEvent::Failed { fault, .. }] = &bench.events()[..] else { panic!() };
        assert_eq!(fault.to_string(), problem);
    }
}

#[test]
fn s4_3_interfaces_are_discovered_and_remembered_while_they_are_fresh() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RD, "rt=x"));
    let asked = bench.asked();
    assert_eq!(asked.line(), "GET coap://rd.example/.well-known/core?rt=core.rd-lookup-res");
    bench.answer(&asked, links(r#"</look/>;rt="core.rd-lookup-res""#).with_max_age(100));
    let asked = bench.asked();
    assert_eq!(asked.line(), "GET coap://rd.example/look/?rt=x");
    bench.answer(&asked, links(""));
    assert_eq!(bench.found(), "");

    bench.pass(99);
    bench.look_up(resources(RD, "rt=y"));
    assert_eq!(bench.asked().line(), "GET coap://rd.example/look/?rt=y");
    bench.pass(1);
    bench.look_up(resources(RD, "rt=z"));
    assert_eq!(bench.asked().line(), "GET coap://rd.example/.well-known/core?rt=core.rd-lookup-res");
}

#[test]
fn s4_3_what_several_look_ups_need_is_discovered_once() {
    let discovery = "GET coap://rd.example/.well-known/core?rt=core.rd-lookup-res";
    let mut bench = Bench::lookup();
    let ids = ["rt=a", "rt=b", "rt=c"].map(|query| bench.look_up(resources(RD, query)));
    let asked = bench.asked();
    assert_eq!(asked.line(), discovery);
    // It goes over to another.
    bench.engine.cancel(bench.now, ids[0]);
    let asked = bench.asked();
    assert_eq!(asked.line(), discovery);
    bench.answer(&asked, links(r#"</look>;rt="core.rd-lookup-res""#).with_max_age(100));
    let lines: Vec<_> = bench.all_asked().iter().map(common::Asked::line).collect();
    assert_eq!(lines, ["GET coap://rd.example/look?rt=b", "GET coap://rd.example/look?rt=c"]);

    bench.pass(100);
    bench.look_up(resources(RD, "rt=d"));
    bench.look_up(resources(RD, "rt=e"));
    let asked = bench.asked();
    bench.fail(&asked, RequestFailure::TimedOut);
    let is_lost = |event: &LookupEvent| matches!(event, LookupEvent::Failed { fault: Fault::Unanswered(_), .. });
    let events = bench.events();
    assert_eq!((events.len(), events.iter().all(is_lost)), (2, true), "{events:?}");

    bench.look_up(resources(RD, "rt=f"));
    assert_eq!(bench.asked().line(), discovery);
}

#[test]
fn what_nobody_waits_for_any_more_is_withdrawn() {
    let mut bench = Bench::lookup();
    let cancelled = bench.look_up(resources(RD, "rt=a"));
    let discovery = bench.asked();
    bench.engine.cancel(bench.now, cancelled);
    bench.asks_nothing();
    assert_eq!(bench.withdrawn, [discovery.id]);
    bench.engine.cancel(bench.now, cancelled);
    bench.look_up(resources("coap://rd.example/look", "rt=b"));
    let get = bench.asked();
    bench.pass(300);
    assert_eq!(bench.withdrawn, [discovery.id, get.id]);
    bench.look_up(resources("coap://rd.example/look", "rt=c"));
    let answered = bench.asked();
    bench.answer(&answered, links(""));
    bench.pass(1_000);
    assert_eq!(bench.withdrawn.len(), 2);
}

#[test]
fn s4_3_who_waits_for_a_discovery_waits_no_longer_than_for_an_answer() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RD, "rt=a"));
    bench.look_up(resources(RD, "rt=b"));
    let asked = bench.asked();
    bench.answer(&asked, unavailable(400));
    bench.pass(300);
    let lost = bench.events();
    let is_lost = |event: &&LookupEvent| matches!(event, LookupEvent::Failed { fault: Fault::Unanswered(_), .. });
    assert_eq!(lost.iter().filter(is_lost).count(), 1, "{lost:?}");
    assert_eq!(bench.engine.len(), 1);
}

#[test]
fn s4_3_interfaces_can_be_elsewhere_and_the_next_is_tried_when_one_fails() {
    let mut bench = Bench::lookup();
    bench.look_up(Lookup::endpoints(RD.parse().unwrap(), Query::all()));
    let asked = bench.asked();
    let found = r#"<coap://a.example/ep>;rt="core.rd-lookup-ep",<coaps://x>;rt="core.rd-lookup-ep",<ep>;rt="core.rd-lookup-ep""#;
    bench.answer(&asked, links(found));
    let asked = bench.asked();
    assert_eq!(asked.line(), "GET coap://a.example/ep");
    bench.fail(&asked, RequestFailure::TimedOut);
    let asked = bench.asked();
    assert_eq!(asked.line(), "GET coap://rd.example/.well-known/ep");
    bench.fail(&asked, RequestFailure::TimedOut);
    assert!(matches!(bench.events()[..], [LookupEvent::Failed { fault: Fault::Unanswered(_), .. }]));
}

#[test]
fn s4_3_a_host_without_the_interface_is_reported() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RD, ""));
    let asked = bench.asked();
    bench.answer(&asked, links("</x>"));
    assert!(matches!(bench.events()[..], [LookupEvent::Failed { fault: Fault::NoInterface, .. }]));
}

#[test]
fn s5_3_4_echo_is_answered() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, ""));
    let asked = bench.asked();
    bench.answer(&asked, challenge("42"));
    let again = bench.asked();
    assert_eq!((again.line(), again.request.echo), (asked.line(), Some("42".into())));
}

#[test]
fn who_may_be_refused_for_others_repeats_at_once_with_the_echo_value_and_then_waits() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, ""));
    let asked = bench.asked();
    bench.answer(&asked, overdrawn(40, "43"));
    let again = bench.asked();
    assert_eq!((again.line(), again.request.echo.as_deref()), (asked.line(), Some(&b"43"[..])));
    assert!(bench.events().is_empty());
    // Then it is its own doing.
    bench.answer(&again, overdrawn(40, "44"));
    bench.asks_nothing();
    assert!(matches!(bench.events()[..], [LookupEvent::Postponed { wait, .. }] if wait == Duration::from_secs(40)));
    let (later, waited) = bench.next_asked(60);
    assert!((40..=45).contains(&waited), "{waited}");
    bench.answer(&later, overdrawn(40, "45"));
    bench.asks_nothing();
}

#[test]
fn s6_1_the_answer_is_links_whose_context_and_target_need_nothing_else() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, ""));
    let asked = bench.asked();
    let text = r#"<coap://[2001:db8::1]/t>;rt="a b";anchor="coap://[2001:db8::1]/x";sz=5,<http://www.example/a/../b>,</l>;anchor="/x";title*=utf-8'en'%41"#;
    bench.answer(&asked, links(text));
    let expected = r#"<coap://[2001:db8::1]/t>;rt="a b";sz=5;anchor="coap://[2001:db8::1]/x",<http://www.example/a/../b>,<coap://rd.example/l>;title*=utf-8'en'%41;anchor="coap://rd.example/x""#;
    assert_eq!(bench.found(), expected);
}

#[test]
fn s6_2_all_criteria_are_sent_each_as_an_argument_of_its_own() {
    let mut bench = Bench::lookup();
    let query = "rt=tag:example.net,2020:sensor&d=floor%263*&title=a%20b&href=coap://h/x%3Fy&obs";
    bench.look_up(resources(RES, query));
    let arguments = bench.asked().request.query;
    assert_eq!(arguments, ["rt=tag:example.net,2020:sensor", "d=floor&3*", "title=a b", "href=coap://h/x?y", "obs=*"]);
}

#[test]
fn s6_2_a_page_of_the_query_is_asked_for_with_its_count() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, "rt=x&page=2&count=10"));
    let asked = bench.asked();
    assert_eq!(asked.request.query, ["rt=x", "page=2", "count=10"]);
}

#[test]
fn s6_2_pages_are_walked_until_one_is_not_full() {
    for (last, text) in [("", ""), ("<coap://h/4>", "<coap://h/4>")] {
        let mut bench = Bench::lookup();
        bench.look_up(resources(RES, "rt=x").in_pages_of(2));
        for page in 0..2 {
            let asked = bench.asked();
            assert_eq!(asked.request.query, ["rt=x".to_string(), format!("page={page}"), "count=2".into()]);
            bench.answer(&asked, links("<coap://h/1>,<coap://h/2>"));
            bench.asks_nothing();
            let [LookupEvent::Found(answer)] = &bench.events()[..] else { panic!() };
            assert_eq!((answer.page, answer.is_last), (Some(Page { page, count: 2 }), false));
        }
        let asked = bench.asked();
        bench.answer(&asked, links(last));
        let [LookupEvent::Found(answer)] = &bench.events()[..] else { panic!() };
        assert_eq!((answer.links.as_str(), answer.is_last), (text, true));
        assert!(bench.engine.is_empty());
    }
}

#[test]
fn s6_2_a_page_is_asked_for_when_the_one_before_was_taken() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, "").in_pages_of(1));
    let asked = bench.asked();
    bench.answer(&asked, links("<coap://h/1>"));
    bench.pass(1000);
    bench.asks_nothing();
    assert_eq!(bench.found(), "<coap://h/1>");
    bench.asked();
}

#[test]
fn s6_2_a_directory_without_pages_is_asked_once() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, "").in_pages_of(1));
    let asked = bench.asked();
    bench.answer(&asked, links("<coap://h/1>,<coap://h/2>"));
    let [LookupEvent::Found(answer)] = &bench.events()[..] else { panic!() };
    assert!(answer.is_last);
}

#[test]
fn s6_2_pages_without_end_are_left() {
    let mut bench = Bench::lookup_within(Limits { pages: 3, ..Limits::default() });
    bench.look_up(resources(RES, "").in_pages_of(1));
    let mut last = Vec::new();
    for _ in 0..3 {
        let asked = bench.asked();
        bench.answer(&asked, links("<coap://h/1>"));
        last = bench.events();
    }
    assert!(matches!(last[..], [LookupEvent::Found(_), LookupEvent::Failed { fault: Fault::TooManyPages, .. }]));
    bench.asks_nothing();
}

#[test]
fn s6_2_an_answer_is_revalidated_by_its_etag() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, "rt=x"));
    let asked = bench.asked();
    assert!(asked.request.etags.is_empty());
    bench.answer(&asked, tagged(links("</1>"), b"one"));
    assert_eq!(bench.found(), "<coap://rd.example/1>");

    bench.look_up(resources(RES, "rt=x"));
    let asked = bench.asked();
    assert_eq!(asked.request.etags, [ETag::new(b"one").unwrap()]);
    bench.answer(&asked, tagged(code(Code::VALID), b"one"));
    assert_eq!(bench.found(), "<coap://rd.example/1>");

    bench.look_up(resources(RES, "rt=y"));
    assert!(bench.asked().request.etags.is_empty(), "another query has another answer");
}

#[test]
fn s6_2_a_2_03_without_an_answer_to_revalidate_is_a_failure() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, ""));
    let asked = bench.asked();
    bench.answer(&asked, tagged(code(Code::VALID), b"one"));
    assert!(matches!(bench.events()[..], [LookupEvent::Failed { fault: Fault::Code(Code::VALID), .. }]));
}

#[test]
fn s6_2_an_answer_that_was_replaced_before_it_was_found_valid_is_asked_for_in_full() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, ""));
    let asked = bench.asked();
    bench.answer(&asked, tagged(links("</1>"), b"one"));
    bench.events();

    let [first, second] = [(); 2].map(|()| {
        bench.look_up(resources(RES, ""));
        bench.asked()
    });
    bench.answer(&second, tagged(links("</2>"), b"two"));
    assert_eq!(bench.found(), "<coap://rd.example/2>");
    bench.answer(&first, tagged(code(Code::VALID), b"one"));
    let again = bench.asked();
    assert!(again.request.etags.is_empty());
    bench.answer(&again, tagged(code(Code::VALID), b"one"));
    assert!(matches!(bench.events()[..], [LookupEvent::Failed { fault: Fault::Code(Code::VALID), .. }]));
}

#[test]
fn s6_2_an_observed_result_is_replaced_with_each_notification() {
    let mut bench = Bench::lookup();
    let id = bench.look_up(resources(RES, "rt=x").observed());
    let asked = bench.asked();
    assert_eq!(asked.request.observe, Some(Observe::Register));
    for text in ["", "<coap://h/1>", "<coap://h/1>,<coap://h/2>", ""] {
        bench.answer(&asked, observed(links(text)));
        let [LookupEvent::Found(answer)] = &bench.events()[..] else { panic!() };
        assert!(answer.is_observed && !answer.is_last);
        assert_eq!(answer.links.as_str(), text);
    }
    // Some directories notify although nothing changed.
    bench.answer(&asked, observed(links("")));
    assert!(matches!(bench.events()[..], [LookupEvent::Confirmed { .. }]));

    bench.engine.cancel(bench.now, id);
    let end = bench.asked();
    assert_eq!((end.id, end.request.observe), (asked.id, Some(Observe::Deregister)));
    assert_eq!(end.line(), asked.line());
    bench.answer(&asked, observed(links("<coap://h/3>")));
    assert!(bench.events().is_empty() && bench.engine.is_empty());
}

#[test]
fn s6_2_only_the_latest_result_waits_to_be_taken() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, "").observed());
    let asked = bench.asked();
    for number in 0..1000 {
        bench.answer(&asked, observed(links(&format!("<coap://h/{number}>"))));
    }
    assert_eq!(bench.found(), "<coap://h/999>");
}

#[test]
fn s6_2_an_observation_is_asked_for_again_under_its_name_when_nothing_is_heard() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, "").observed());
    let asked = bench.asked();
    bench.answer(&asked, observed(tagged(links("</1>"), b"1")));
    bench.events();
    let (again, waited) = bench.next_asked(400);
    assert!((305..=315).contains(&waited), "{waited}");
    assert_eq!((again.id, again.request.observe), (asked.id, Some(Observe::Register)));
    assert_eq!(again.request.etags, [ETag::new(b"1").unwrap()]);
    bench.answer(&again, observed(tagged(code(Code::VALID), b"1")));
    assert!(matches!(bench.events()[..], [LookupEvent::Confirmed { .. }]));
}

#[test]
fn what_was_asked_is_unanswered_until_an_answer_comes_whatever_comes_instead() {
    let mut bench = Bench::lookup();
    assert_eq!(bench.engine.unanswered_since(), None);
    bench.look_up(resources(RES, "").observed());
    let asked = bench.asked();
    bench.answer(&asked, observed(links("</1>")));
    assert_eq!(bench.engine.unanswered_since(), None, "a notification would tell of a change");
    let (again, _) = bench.next_asked(400);
    let since = bench.now;
    bench.answer(&again, unavailable(20));
    let (again, _) = bench.next_asked(30);
    bench.fail(&again, RequestFailure::TimedOut);
    let (again, _) = bench.next_asked(100);
    assert_eq!(bench.engine.unanswered_since(), Some(since));
    bench.answer(&again, observed(links("</1>")));
    assert_eq!(bench.engine.unanswered_since(), None);
    // Who slept did not ask when it was time to.
    let due = bench.engine.poll_timeout().unwrap();
    bench.now = due + Duration::from_secs(7_200);
    bench.engine.handle_timeout(bench.now);
    bench.asked();
    assert_eq!(bench.engine.unanswered_since(), Some(due));
}

#[test]
fn s6_2_a_directory_that_cannot_be_observed_is_asked_again_and_again() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, "").observed());
    let asked = bench.asked();
    bench.answer(&asked, links("<coap://h/1>"));
    let [LookupEvent::Found(answer)] = &bench.events()[..] else { panic!() };
    assert!(!answer.is_observed && !answer.is_last);
    let (asked, waited) = bench.next_asked(80);
    assert!((60..=75).contains(&waited), "{waited}");
    bench.answer(&asked, links("<coap://h/1>"));
    assert!(matches!(bench.events()[..], [LookupEvent::Confirmed { .. }]));
    let (asked, _) = bench.next_asked(80);
    bench.answer(&asked, links("<coap://h/2>"));
    assert_eq!(bench.found(), "<coap://h/2>");
}

#[test]
fn s6_2_an_observation_that_ends_is_begun_again_ever_more_slowly() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, "").observed());
    let asked = bench.asked();
    bench.answer(&asked, observed(links("")));
    bench.events();
    bench.answer(&asked, code(Code::NOT_FOUND));
    assert!(matches!(bench.events()[..], [LookupEvent::Refused { .. }]));
    let mut last = 0;
    for round in 0..5 {
        let (asked, waited) = bench.next_asked(4000);
        assert!(round == 0 || waited > last, "{waited}");
        last = waited;
        bench.fail(&asked, RequestFailure::TimedOut);
        assert!(matches!(bench.events()[..], [LookupEvent::Failed { .. }]));
    }
    let (asked, _) = bench.next_asked(4000);
    bench.answer(&asked, observed(links("<coap://h/1>")));
    assert_eq!(bench.found(), "<coap://h/1>");
}

#[test]
fn s6_2_an_observation_with_useless_notifications_is_ended() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, "").observed());
    let asked = bench.asked();
    bench.answer(&asked, observed(links("")));
    bench.events();
    bench.answer(&asked, observed(links("<")));
    let end = bench.asked();
    assert_eq!((end.id, end.request.observe), (asked.id, Some(Observe::Deregister)));
    let (again, _) = bench.next_asked(60);
    assert_ne!(again.id, asked.id);
}

#[test]
fn s6_4_registration_resources_are_opaque_uris() {
    let mut bench = Bench::lookup();
    bench.look_up(Lookup::endpoints(EP.parse().unwrap(), Query::all()));
    let asked = bench.asked();
    let text = r#"</rd/1234>;ep="node5",<urn:example:a%20b>;ep="x",<coaps://other.example/a/./b?q>;ep="y""#;
    bench.answer(&asked, links(text));
    let expected =
        r#"<coap://rd.example/rd/1234>;ep="node5",<urn:example:a%20b>;ep="x",<coaps://other.example/a/./b?q>;ep="y""#;
    assert_eq!(bench.found(), expected);
    bench.asks_nothing();
}

#[test]
fn the_replication_draft_provenance_is_resolved_like_an_anchor() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, "provenance"));
    let asked = bench.asked();
    bench.answer(&asked, links(r#"<coap://h/t>;provenance="/reg/42""#));
    assert_eq!(bench.found(), r#"<coap://h/t>;provenance="coap://rd.example/reg/42""#);
}

#[test]
fn answers_over_the_limit_are_reported() {
    let mut bench = Bench::lookup_within(Limits { answer_bytes: 40, ..Limits::default() });
    // As received, and as resolved.
    for text in ["<coap://h/0123456789012345678901234567890>", "</1>,</2>,</3>"] {
        bench.look_up(resources(RES, ""));
        let asked = bench.asked();
        bench.answer(&asked, links(text));
        assert!(matches!(bench.events()[..], [LookupEvent::Failed { fault: Fault::TooLarge, .. }]));
    }
}

#[test]
fn look_ups_over_the_limit_and_at_places_of_no_use_are_refused() {
    let mut bench = Bench::lookup_within(Limits { lookups: 1, ..Limits::default() });
    let now = bench.now;
    assert_eq!(bench.engine.look_up(now, resources("coaps://rd.example", "")), Err(LookupRefused::Scheme));
    assert_eq!(bench.engine.look_up(now, resources("coap://[ff02::fe]", "")), Err(LookupRefused::Group));
    let id = bench.look_up(resources(RES, ""));
    assert_eq!(bench.engine.look_up(now, resources(RES, "")), Err(LookupRefused::OverLimit));
    bench.engine.cancel(now, id);
    bench.look_up(resources(RES, ""));
}

#[test]
fn s4_what_is_observed_is_left_in_peace_for_as_long_as_the_directory_asks_for() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, "").observed());
    let asked = bench.asked();
    bench.answer(&asked, unavailable(1800));
    let (again, waited) = bench.next_asked(3000);
    assert_eq!(again.line(), asked.line());
    assert!((1800..=2250).contains(&waited), "{waited}");
}

#[test]
fn an_observation_that_is_not_answered_in_time_is_ended_so_that_none_grows_from_a_late_answer() {
    let mut bench = Bench::lookup();
    bench.look_up(resources(RES, "rt=x").observed());
    let asked = bench.asked();
    bench.step(300);
    assert!(matches!(bench.events()[..], [LookupEvent::Failed { fault: Fault::Unanswered(_), .. }]));
    let end = bench.asked();
    assert_eq!((end.id, end.request.observe), (asked.id, Some(Observe::Deregister)));
}

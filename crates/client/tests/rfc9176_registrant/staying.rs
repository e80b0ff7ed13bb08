//! Sections 5.3 to 7.5: staying registered and leaving.

use core::time::Duration;

use crate::common::{Bench, LINKS, challenge, changed, code, created, overdrawn, unavailable};
use waypost_client::{Candidate, Description, Registrant, RegistrantConfig};
use waypost_model::EndpointName;
use waypost_rest::{Code, Method, RequestFailure, Response, Service};

#[test]
fn s5_3_a_registration_is_renewed_in_time_for_ever() {
    let mut bench = Bench::registrant("ep=node1&lt=600", &["coap://rd.example/rd"]);
    bench.register();
    for _ in 0..100 {
        let (renewal, waited) = bench.next_asked(600);
        assert!((375..=450).contains(&waited), "{waited}");
        bench.answer(&renewal, changed());
        assert_eq!(bench.events(), ["renewed at coap://rd.example"]);
    }
}

#[test]
fn s5_3_a_registration_that_lapsed_while_the_device_slept_is_made_again_whatever_is_heard_first() {
    let mut bench = Bench::registrant("ep=node1&lt=600", &["coap://rd.example/rd"]);
    let old = bench.register();
    bench.now += Duration::from_secs(3600);
    bench.fail(&old, RequestFailure::TimedOut);
    assert_eq!(bench.events(), ["lapsed at coap://rd.example"]);
    let (renewal, waited) = bench.next_asked(60);
    assert_eq!((&*renewal.line(), waited), ("POST coap://rd.example/reg/1", 0));
}

#[test]
fn s5_3_registrants_that_started_at_once_do_not_renew_at_once() {
    let mut times = Vec::new();
    for seed in 0..100 {
        let mut bench = Bench::registrant_with(RegistrantConfig::new(seed), "ep=node1", &["coap://rd.example/rd"]);
        bench.register();
        times.push(bench.next_asked(90_000).1 / 100);
    }
    times.sort_unstable();
    times.dedup();
    assert!(times.len() > 40, "{}", times.len());
}

#[test]
fn s5_3_1_a_renewal_sends_no_parameters_and_no_payload() {
    let query = "ep=node1&d=floor-3&lt=600&base=coap://[2001:db8::1]&et=x";
    let mut bench = Bench::registrant(query, &["coap://rd.example/rd"]);
    bench.register();
    let (renewal, _) = bench.next_asked(600);
    assert_eq!(renewal.line(), "POST coap://rd.example/reg/1");
    assert!(renewal.request.payload.is_empty() && renewal.request.content_format.is_none());
}

#[test]
fn s5_3_1_an_update_sends_what_changed_and_nothing_else() {
    let query = |base: &str, rest: &str| format!("ep=node1&d=floor-3&base={base}{rest}");
    let mut bench = Bench::registrant(&query("coap://[2001:db8::1]", "&lt=600&et=x"), &["coap://rd.example/rd"]);
    bench.register();
    for (rest, expected) in
        [("&lt=700&et=x", "?lt=700"), ("&lt=700&et=x&new=1", "?new=1"), ("&lt=700&et=x&et=y&new=1", "?et=x&et=y")]
    {
        bench.update(&query("coap://[2001:db8::1]", rest), LINKS);
        let asked = bench.asked();
        assert_eq!(asked.line(), format!("POST coap://rd.example/reg/1{expected}"));
        bench.answer(&asked, changed());
        assert_eq!(bench.events(), ["updated at coap://rd.example"]);
    }
    bench.update(&query("coap://[2001:db8::2]", "&lt=700&et=x&et=y&new=1"), LINKS);
    let asked = bench.asked();
    assert_eq!(asked.line(), "POST coap://rd.example/reg/1?base=coap://[2001:db8::2]");
    // What changes meanwhile follows.
    bench.update(&query("coap://[2001:db8::2]", "&lt=800&et=x&et=y&new=1"), LINKS);
    bench.asks_nothing();
    bench.answer(&asked, changed());
    let asked = bench.asked();
    assert_eq!(asked.line(), "POST coap://rd.example/reg/1?lt=800");
    bench.answer(&asked, changed());
    bench.update(&query("coap://[2001:db8::2]", "&lt=800&et=x&et=y&new=1"), LINKS);
    bench.asks_nothing();
}

#[test]
fn s5_3_1_what_an_update_cannot_express_is_registered_again() {
    let full = "ep=node1&lt=600&base=coap://[2001:db8::1]&et=x";
    for (query, text) in [
        (full, "</other>"),
        ("ep=node1&lt=600&base=coap://[2001:db8::1]", LINKS),
        ("ep=node1&lt=600&et=x", LINKS),
        ("ep=node1&base=coap://[2001:db8::1]&et=x", LINKS),
    ] {
        let mut bench = Bench::registrant(full, &["coap://rd.example/rd"]);
        bench.register();
        bench.update(query, text);
        let asked = bench.asked();
        assert_eq!(asked.line(), format!("POST coap://rd.example/rd?{query}"));
        assert_eq!(asked.request.payload, text);
        bench.answer(&asked, created("/reg/1"));
        assert_eq!(bench.events(), ["updated at coap://rd.example"]);
    }
}

#[test]
fn s5_3_1_another_name_or_sector_is_another_registration() {
    let mut bench = Bench::registrant("ep=node1", &["coap://rd.example/rd"]);
    bench.register();
    bench.update("ep=node1&d=floor-3", LINKS);
    let removal = bench.asked();
    assert_eq!(removal.line(), "DELETE coap://rd.example/reg/1");
    bench.answer(&removal, code(Code::DELETED));
    assert_eq!(bench.asked().line(), "POST coap://rd.example/rd?ep=node1&d=floor-3");
}

#[test]
fn s5_3_1_after_any_failure_of_an_update_it_registers_again() {
    for refusal in [Code::NOT_FOUND, Code::BAD_REQUEST, Code::METHOD_NOT_ALLOWED, Code::FORBIDDEN] {
        let mut bench = Bench::registrant("ep=node1&lt=600", &["coap://rd.example/rd"]);
        bench.register();
        let (renewal, _) = bench.next_asked(600);
        bench.answer(&renewal, code(refusal));
        assert_eq!(bench.asked().line(), "POST coap://rd.example/rd?ep=node1&lt=600");
    }
}

#[test]
fn s5_3_1_a_renewal_that_is_not_answered_is_repeated_once_and_then_another_directory_is_found() {
    for lost in [RequestFailure::TimedOut, RequestFailure::Unreachable] {
        let mut bench = Bench::registrant("ep=node1&lt=6000", &["coap://a.example/rd", "coap://b.example/rd"]);
        bench.register();
        let (renewal, _) = bench.next_asked(6000);
        bench.fail(&renewal, lost);
        let (again, waited) = bench.next_asked(60);
        assert_eq!(again.line(), renewal.line());
        assert!((10..=13).contains(&waited), "{waited}");
        bench.fail(&again, lost);
        let asked = bench.asked();
        assert_eq!(asked.peer.uri, "coap://b.example");
        bench.events();
        bench.answer(&asked, created("/11"));
        assert_eq!(bench.events(), ["moved from coap://a.example: registered as node1 at coap://b.example/11"]);
    }
}

#[test]
fn s5_3_a_renewal_waits_no_longer_than_leaves_time_for_another_directory() {
    let mut bench = Bench::registrant("ep=node1&lt=60", &["coap://a.example/rd", "coap://b.example/rd"]);
    bench.register();
    let (_, waited) = bench.next_asked(60);
    let (elsewhere, more) = bench.next_asked(60);
    assert_eq!(elsewhere.peer.uri, "coap://b.example");
    assert!(waited + more < 55, "{waited} {more}");
    bench.answer(&elsewhere, created("/reg/2"));
    assert!(!bench.events().iter().any(|event| event.starts_with("lapsed")));
}

#[test]
fn s5_3_1_a_5_03_that_exceeds_the_remaining_lifetime_has_it_register_again() {
    let mut bench = Bench::registrant("ep=node1&lt=600", &["coap://a.example/rd", "coap://b.example/rd"]);
    bench.register();
    let (renewal, waited) = bench.next_asked(600);
    bench.answer(&renewal, unavailable(u32::try_from(600 - waited + 1).unwrap()));
    assert_eq!(bench.asked().line(), "POST coap://b.example/rd?ep=node1&lt=600");

    let mut bench = Bench::registrant("ep=node1&lt=600", &["coap://a.example/rd", "coap://b.example/rd"]);
    bench.register();
    let (renewal, _) = bench.next_asked(600);
    bench.answer(&renewal, unavailable(60));
    let (again, _) = bench.next_asked(70);
    assert_eq!(again.line(), "POST coap://a.example/reg/1");
}

#[test]
fn s5_3_2_it_removes_its_registration_when_it_leaves() {
    let mut bench = Bench::registrant("ep=node1", &["coap://rd.example/rd"]);
    bench.register();
    bench.engine.shutdown(bench.now);
    let removal = bench.asked();
    assert_eq!(removal.line(), "DELETE coap://rd.example/reg/1");
    assert!(!bench.engine.is_stopped());
    bench.answer(&removal, code(Code::DELETED));
    assert_eq!(bench.events(), ["removed at coap://rd.example", "stopped"]);
    assert!(bench.engine.is_stopped() && bench.engine.poll_timeout().is_none());
}

#[test]
fn s5_3_2_it_leaves_even_if_the_directory_does_not_answer() {
    let mut bench = Bench::registrant("ep=node1", &["coap://rd.example/rd"]);
    bench.register();
    bench.engine.shutdown(bench.now);
    let removal = bench.asked();
    bench.fail(&removal, RequestFailure::TimedOut);
    assert!(bench.engine.is_stopped());
    assert_eq!(bench.events().pop().unwrap(), "stopped");
}

#[test]
fn s5_3_2_what_was_being_registered_is_removed_too() {
    let mut bench = Bench::registrant("ep=node1", &["coap://rd.example/rd"]);
    let asked = bench.asked();
    bench.engine.shutdown(bench.now);
    bench.asks_nothing();
    bench.answer(&asked, created("/reg/1"));
    let removal = bench.asked();
    assert_eq!(removal.request.method, Method::Delete);
    bench.answer(&removal, code(Code::NOT_FOUND));
    assert!(bench.engine.is_stopped());
    // And from the beginning again.
    bench.engine.start(bench.now);
    assert_eq!(bench.asked().line(), asked.line());
}

#[test]
fn s5_3_4_a_request_is_repeated_with_the_echo_value_that_the_directory_wants() {
    let mut bench = Bench::registrant("ep=node1&lt=600", &["coap://rd.example/rd"]);
    let asked = bench.asked();
    assert_eq!(asked.request.echo, None);
    bench.answer(&asked, challenge("0123"));
    let again = bench.asked();
    assert_eq!((again.line(), again.request.echo), (asked.line(), Some("0123".into())));
    assert!(bench.events().is_empty());
}

#[test]
fn s5_3_4_an_echo_value_of_a_success_is_kept_for_the_next_request() {
    let mut bench = Bench::registrant("ep=node1&lt=600", &["coap://a.example/rd", "coap://b.example/rd"]);
    let asked = bench.asked();
    let mut response = created("/reg/1");
    response.echo = Some("0124".into());
    bench.answer(&asked, response);
    let (renewal, _) = bench.next_asked(600);
    assert_eq!(renewal.request.echo, Some("0124".into()));
    // Nobody else gets it.
    bench.fail(&renewal, RequestFailure::Unreachable);
    let elsewhere = bench.asked();
    assert_eq!((&*elsewhere.peer.uri, elsewhere.request.echo), ("coap://b.example", None));
}

#[test]
fn s5_3_4_a_directory_that_is_never_content_with_an_echo_value_has_failed() {
    let mut bench = Bench::registrant("ep=node1", &["coap://a.example/rd", "coap://b.example/rd"]);
    for _ in 0..3 {
        let asked = bench.asked();
        assert_eq!(asked.peer.uri, "coap://a.example");
        bench.answer(&asked, challenge("again"));
    }
    assert_eq!(bench.asked().peer.uri, "coap://b.example");
}

#[test]
fn s5_3_4_a_removal_answers_echo_too() {
    let mut bench = Bench::registrant("ep=node1", &["coap://rd.example/rd"]);
    bench.register();
    bench.engine.shutdown(bench.now);
    let removal = bench.asked();
    bench.answer(&removal, challenge("0125"));
    let again = bench.asked();
    assert_eq!((again.line(), again.request.echo), (removal.line(), Some("0125".into())));
}

#[test]
fn who_may_be_refused_for_others_repeats_at_once_with_the_echo_value_and_then_waits() {
    let mut bench = Bench::registrant("ep=node1", &["coap://rd.example/rd"]);
    let asked = bench.asked();
    bench.answer(&asked, overdrawn(40, "0126"));
    let again = bench.asked();
    assert_eq!((again.line(), again.request.echo.as_deref()), (asked.line(), Some(&b"0126"[..])));
    assert!(bench.events().is_empty());
    // Then it is its own doing.
    bench.answer(&again, overdrawn(40, "0127"));
    bench.asks_nothing();
    assert_eq!(bench.events(), ["postponed by coap://rd.example/rd for 40 s"]);
    let (later, waited) = bench.next_asked(60);
    assert!((40..=45).contains(&waited), "{waited}");
    bench.answer(&later, overdrawn(40, "0128"));
    bench.asks_nothing();
}

#[test]
fn a_removal_that_may_be_refused_for_others_is_repeated_with_the_echo_value_and_leaves_nothing_behind() {
    let mut bench = Bench::registrant("ep=node1", &["coap://rd.example/rd"]);
    bench.register();
    bench.engine.shutdown(bench.now);
    let removal = bench.asked();
    bench.answer(&removal, overdrawn(40, "0128"));
    let again = bench.asked();
    assert_eq!((again.line(), again.request.echo.as_deref()), (removal.line(), Some(&b"0128"[..])));
    bench.answer(&again, code(Code::DELETED));
    assert!(bench.engine.is_stopped());
}

#[test]
fn s7_5_it_takes_another_name_when_it_is_rejected() {
    for refusal in [Code::FORBIDDEN, Code::UNAUTHORIZED] {
        let mut description = Description::parse("ep=node1", LINKS).unwrap();
        description.alternatives = ["node1-b", "node1-c"].map(|name| EndpointName::new(name).unwrap()).into();
        let mut bench = Bench::new(Registrant::new(description, RegistrantConfig::new(1)));
        bench.add(Candidate::new("coap://a.example/rd").unwrap());
        bench.add(Candidate::new("coap://b.example/rd").unwrap());
        let mut lines = Vec::new();
        for _ in 0..4 {
            let asked = bench.asked();
            lines.push(asked.line());
            bench.answer(&asked, code(refusal));
        }
        assert_eq!(
            lines,
            [
                "POST coap://a.example/rd?ep=node1",
                "POST coap://a.example/rd?ep=node1-b",
                "POST coap://a.example/rd?ep=node1-c",
                "POST coap://b.example/rd?ep=node1",
            ]
        );
        let asked = bench.asked();
        bench.events();
        bench.answer(&asked, created("/reg/2"));
        assert_eq!(bench.events(), ["registered as node1-b at coap://b.example/reg/2"]);
        bench.asks_nothing();
    }
}

#[test]
fn refusals_are_told_with_their_diagnostic_made_safe_to_print() {
    let mut bench = Bench::registrant("ep=node1", &["coap://rd.example/rd"]);
    let asked = bench.asked();
    bench.answer(&asked, Response::refusal(Code::BAD_REQUEST, "lt:\u{1b}[31m\nno".to_owned() + &"x".repeat(1000)));
    let event = bench.events().remove(0);
    assert!(event.starts_with("refused by coap://rd.example/rd: 4.00 lt: [31m noxxx"), "{event}");
    assert!(event.len() < 400 && !event.chars().any(char::is_control));
}

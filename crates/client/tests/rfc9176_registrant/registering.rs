//! Sections 3 to 5.2: finding a directory and registering.

use crate::common::{Bench, LINKS, RD, changed, code, created, links, patient, unavailable, wkc};
use core::time::Duration;
use waypost_client::{Candidate, Description, Interfaces, Limits, Rdao, RegistrantConfig, ResourceUri};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::EndpointName;
use waypost_rest::{Code, ContentFormat, ExchangeId, Method, Output, Peer, Request, RequestFailure, Service};

#[test]
fn s3_1_what_is_registered_can_be_obtained_from_the_well_known_core() {
    let mut bench = Bench::registrant("ep=node1", &["coap://rd.example/rd"]);
    bench.register();
    let request = Request::new(Method::Get, [".well-known", "core"]).with_query("rt=light*");
    bench.engine.handle_request(bench.now, ExchangeId(1), &Peer::new(RD), request);
    let Some(Output::Response { response, .. }) = bench.engine.poll_output() else { panic!() };
    assert_eq!(response.content_format, Some(ContentFormat::LINK_FORMAT));
    assert_eq!(&response.payload[..], br#"</light>;rt="light-lux""#);
}

#[test]
fn s3_2_several_directories_are_a_fall_back_for_one_registration() {
    let mut bench = Bench::registrant("ep=node1", &["coap://a.example/rd", "coap://b.example/rd"]);
    bench.register();
    bench.asks_nothing();
}

#[test]
fn s4_any_unsuccessful_code_is_taken_and_means_failure() {
    for class in 4..=7 {
        for detail in 0..32 {
            let refusal = Code::new(class, detail).unwrap();
            if [Code::SERVICE_UNAVAILABLE, Code::TOO_MANY_REQUESTS].contains(&refusal) {
                continue;
            }
            let mut bench = Bench::registrant("ep=node1", &["coap://a.example/rd", "coap://b.example/rd"]);
            let asked = bench.asked();
            bench.answer(&asked, code(refusal));
            assert_eq!(bench.events(), [format!("refused by coap://a.example/rd: {refusal}")]);
            assert_eq!(bench.asked().peer.uri, "coap://b.example");
        }
    }
}

#[test]
fn s4_a_request_is_repeated_after_the_max_age_of_5_03_up_to_n_times() {
    let mut bench = Bench::registrant("ep=node1", &["coap://a.example/rd", "coap://b.example/rd"]);
    let mut asked = bench.asked();
    for _ in 0..3 {
        bench.answer(&asked, unavailable(40));
        assert_eq!(bench.events(), ["postponed by coap://a.example/rd for 40 s"]);
        let (again, waited) = bench.next_asked(60);
        assert_eq!(again.line(), asked.line());
        assert!((40..=45).contains(&waited), "{waited}");
        asked = again;
    }
    bench.answer(&asked, unavailable(40));
    assert_eq!(bench.events(), ["refused by coap://a.example/rd: 5.03"]);
    assert_eq!(bench.asked().peer.uri, "coap://b.example");
}

#[test]
fn s4_a_5_03_that_asks_for_more_patience_than_is_configured_is_a_failure() {
    let mut bench = Bench::registrant("ep=node1", &["coap://a.example/rd", "coap://b.example/rd"]);
    let asked = bench.asked();
    bench.answer(&asked, unavailable(100_000));
    assert_eq!(bench.asked().peer.uri, "coap://b.example");
}

#[test]
fn s4_the_only_directory_is_left_in_peace_for_as_long_as_it_asks_for() {
    let mut bench = Bench::registrant("ep=node1", &["coap://a.example/rd"]);
    let asked = bench.asked();
    bench.answer(&asked, unavailable(1800));
    let (again, waited) = bench.next_asked(3000);
    assert_eq!(again.line(), asked.line());
    assert!((1800..=2250).contains(&waited), "{waited}");
    // But not for ever.
    bench.answer(&again, unavailable(u32::MAX));
    let (_, waited) = bench.next_asked(10_000);
    assert!((3600..=4500).contains(&waited), "{waited}");
}

#[test]
fn s4_registrations_are_in_link_format_which_every_directory_takes() {
    let mut bench = Bench::registrant("ep=node1", &["coap://a.example/rd", "coap://b.example/rd"]);
    let asked = bench.asked();
    assert_eq!(asked.request.content_format, Some(ContentFormat::LINK_FORMAT));
    assert_eq!(asked.request.payload, LINKS);
    // There is nothing left to fall back to.
    bench.answer(&asked, code(Code::UNSUPPORTED_CONTENT_FORMAT));
    assert_eq!(bench.asked().peer.uri, "coap://b.example");
}

#[test]
fn s4_1_guesses_that_do_not_work_out_are_limited_very_strictly() {
    for outcome in [Err(RequestFailure::Unreachable), Ok(code(Code::METHOD_NOT_ALLOWED)), Ok(links(""))] {
        let mut bench = Bench::registrant_with(patient(), "ep=node1", &[]);
        bench.add(Candidate::new("coap://[2001:db8::1]").unwrap().guessed());
        let mut asked_at = Vec::new();
        let end = bench.now + Duration::from_secs(7 * 86_400);
        while bench.now < end {
            let (asked, _) = bench.next_asked(2 * 86_400);
            asked_at.push(bench.now);
            bench.engine.handle_response(bench.now, asked.id, outcome.clone());
            // Being told again and again does not help.
            bench.add(Candidate::new("coap://[2001:db8::1]").unwrap().guessed());
        }
        let gaps: Vec<_> = asked_at.windows(2).map(|pair| pair[1].saturating_since(pair[0]).as_secs()).collect();
        assert!(gaps[0] >= 3600 && gaps[1] >= 7200 && gaps.len() <= 14, "{gaps:?}");
        assert!(gaps[6..].iter().all(|gap| *gap >= 86_400), "{gaps:?}");
    }
}

#[test]
fn s4_1_a_group_is_asked_once_and_its_answers_are_collected() {
    let mut bench = Bench::registrant("ep=node1", &["coap://[ff05::fe]"]);
    let asked = bench.asked();
    assert!(asked.request.is_multicast);
    assert_eq!(asked.line(), "GET coap://[ff05::fe]/.well-known/core?rt=core.rd*");
    for host in ["coap://[2001:db8::1]", "coap://[2001:db8::2]"] {
        bench.engine.handle_group_response(bench.now, asked.id, &Peer::new(host), wkc(&["/rd"]));
    }
    bench.asks_nothing();
    bench.pass(10);
    assert_eq!(bench.events(), ["discovered 2 registration interfaces by coap://[ff05::fe]"]);
    let first = bench.asked();
    assert_eq!(first.line(), "POST coap://[2001:db8::1]/rd?ep=node1");
    bench.fail(&first, RequestFailure::TimedOut);
    assert_eq!(bench.asked().line(), "POST coap://[2001:db8::2]/rd?ep=node1");
}

#[test]
fn s4_1_nobody_registers_at_a_group() {
    let mut bench = Bench::registrant("ep=node1", &["coap://[ff05::fe]"]);
    let asked = bench.asked();
    // An answer of which nobody knows where it came from, and one that names the group.
    bench.answer(&asked, wkc(&["/rd", "coap://[2001:db8::3]/rd"]));
    let stray = wkc(&["coap://[ff05::fe]/rd", "coap://224.0.1.190/rd"]);
    bench.engine.handle_group_response(bench.now, asked.id, &Peer::new("coap://[2001:db8::1]"), stray);
    bench.pass(10);
    assert_eq!(bench.asked().peer.uri, "coap://[2001:db8::3]");
}

#[test]
fn s4_1_1_an_announced_address_is_used_for_its_lifetime_and_reserved_bits_are_ignored() {
    let mut option = Rdao { address: "2001:db8::1".parse().unwrap(), lifetime: 100 }.to_bytes();
    assert_eq!(option[..8], [41, 3, 0, 0, 0, 0, 0, 100]);
    option[2..4].copy_from_slice(&[0xff, 0xff]);
    let option = Rdao::parse(&option).unwrap();

    let mut bench = Bench::registrant("ep=node1", &[]);
    bench.add(option.into());
    let asked = bench.asked();
    assert_eq!(asked.peer.uri, "coap://[2001:db8::1]");
    bench.fail(&asked, RequestFailure::TimedOut);
    let (again, _) = bench.next_asked(15);
    assert_eq!(again.line(), asked.line());
    bench.pass(100);
    bench.fail(&again, RequestFailure::TimedOut);
    bench.pass(86_400);
    bench.asks_nothing();
    assert_eq!(bench.events().pop().unwrap(), "no directory left to try");
}

#[test]
fn s4_1_1_a_lifetime_of_zero_takes_the_address_back() {
    let mut bench = Bench::registrant("ep=node1", &[]);
    let option = Rdao { address: "2001:db8::1".parse().unwrap(), lifetime: 600 };
    bench.add(option.into());
    let asked = bench.asked();
    bench.fail(&asked, RequestFailure::TimedOut);
    bench.add(Rdao { lifetime: 0, ..option }.into());
    bench.pass(3600);
    bench.asks_nothing();
}

#[test]
fn s4_1_1_options_that_are_not_this_one_are_refused() {
    let option = Rdao { address: "2001:db8::1".parse().unwrap(), lifetime: 1 }.to_bytes();
    assert!(Rdao::parse(&option[..23]).is_err());
    for (index, value) in [(0, 40), (1, 2)] {
        let mut other = option;
        other[index] = value;
        assert!(Rdao::parse(&other).is_err());
    }
    assert_eq!(Rdao::find_all(&[5, 0, 1]).count(), 0);
    let twice = [&option[..], &[5, 1, 0, 0, 0, 0, 5, 220], &option, &[41]].concat();
    assert_eq!(Rdao::find_all(&twice).count(), 2);
}

#[test]
fn s4_3_discovery_asks_for_one_of_the_five_values() {
    for (interfaces, value) in [
        (Interfaces::Registration, "core.rd"),
        (Interfaces::Lookups, "core.rd-lookup*"),
        (Interfaces::Resources, "core.rd-lookup-res"),
        (Interfaces::Endpoints, "core.rd-lookup-ep"),
        (Interfaces::All, "core.rd*"),
    ] {
        let request = interfaces.request(&ResourceUri::new(RD).unwrap());
        assert_eq!(request.query, [format!("rt={value}")]);
    }
}

#[test]
fn s4_3_relative_and_absolute_uris_of_the_schemes_that_are_spoken_are_taken() {
    let mut bench = Bench::registrant_with(patient(), "ep=node1", &["coap://rd.example:61616"]);
    let asked = bench.asked();
    let found = r#"<rd>;rt="core.rd",</a/>;rt=core.rd;ct=40,<coap://other.example/b%20c?x=1>;rt="x core.rd",
        <//third.example/d>;rt=core.rd,<http://web.example/rd>;rt=core.rd,</lookup>;rt="core.rd-lookup-res",</x>"#;
    bench.answer(&asked, links(found));
    let mut lines = Vec::new();
    for _ in 0..4 {
        let asked = bench.asked();
        lines.push((asked.line(), asked.request.path.clone()));
        bench.fail(&asked, RequestFailure::Unreachable);
    }
    let path = |segments: &[&str]| segments.iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(lines[0], ("POST coap://rd.example:61616/.well-known/rd?ep=node1".into(), path(&[".well-known", "rd"])));
    assert_eq!(lines[1], ("POST coap://rd.example:61616/a/?ep=node1".into(), path(&["a", ""])));
    assert_eq!(lines[2], ("POST coap://other.example/b c?x=1&ep=node1".into(), path(&["b c"])));
    assert_eq!(lines[3].0, "POST coap://third.example/d?ep=node1");
    bench.asks_nothing();
}

#[test]
fn s4_3_an_interface_that_does_not_hint_at_link_format_comes_last() {
    let mut bench = Bench::registrant("ep=node1", &[RD]);
    let asked = bench.asked();
    bench.answer(
        &asked,
        links(r#"</cbor>;rt="core.rd";ct=65060,</any>;rt="core.rd",</both>;rt="core.rd";ct="65060 40""#),
    );
    let order: Vec<_> = core::iter::repeat_with(|| {
        let asked = bench.asked();
        bench.fail(&asked, RequestFailure::Unreachable);
        asked.request.path.join("/")
    })
    .take(3)
    .collect();
    assert_eq!(order, ["any", "both", "cbor"]);
}

#[test]
fn s5_a_registration_carries_what_it_has_to() {
    let query = "ep=node1&d=floor-3&lt=600&base=coap://[2001:db8::1]&et=ex.boiler&et=ex.b&flag";
    let mut bench = Bench::registrant(query, &["coap://rd.example/rd"]);
    let expected =
        "POST coap://rd.example/rd?ep=node1&d=floor-3&lt=600&base=coap://[2001:db8::1]&et=ex.boiler&et=ex.b&flag";
    assert_eq!(bench.asked().line(), expected);
}

#[test]
fn s5_the_endpoint_name_is_left_out_where_the_directory_assigns_it() {
    let mut bench = Bench::registrant("d=floor-3", &["coap://rd.example/rd"]);
    assert_eq!(bench.register().line(), "POST coap://rd.example/rd?d=floor-3");
}

#[test]
fn s5_links_are_in_limited_link_format() {
    let relative = LinkDocumentBuf::parse("<temp>").unwrap();
    assert!(Description::new(EndpointName::new("node1").unwrap()).with_links(relative).is_err());
}

#[test]
fn s5_the_returned_location_is_used_as_it_is_with_empty_last_segments() {
    for location in ["/reg/1/", "/reg/1", "/reg//", "/a b/ä%2f/", "/4521"] {
        let mut bench = Bench::registrant("ep=node1&lt=600", &["coap://rd.example/rd"]);
        let asked = bench.asked();
        bench.answer(&asked, created(location));
        let (renewal, _) = bench.next_asked(600);
        assert_eq!(renewal.request.method, Method::Post);
        assert_eq!(renewal.request.path, location[1..].split('/').collect::<Vec<_>>());
    }
}

#[test]
fn s5_a_success_without_location_is_a_failure() {
    let mut bench = Bench::registrant("ep=node1", &["coap://rd.example/rd"]);
    let asked = bench.asked();
    bench.answer(&asked, code(Code::CREATED));
    assert_eq!(bench.events()[0], "failed at coap://rd.example/rd: no location of the registration");
}

#[test]
fn s5_a_location_that_no_request_can_carry_is_a_failure() {
    for segments in [vec!["a", ".."], vec!["", "x"]] {
        let mut bench = Bench::registrant("ep=node1", &["coap://rd.example/rd"]);
        let asked = bench.asked();
        let mut response = code(Code::CREATED);
        response.location_path = segments.iter().map(ToString::to_string).collect();
        bench.answer(&asked, response);
        assert!(bench.engine.registration().is_none());
    }
}

#[test]
fn s5_after_a_failure_the_next_registration_uri_is_tried_and_then_the_next_directory() {
    let mut bench = Bench::registrant_with(patient(), "ep=node1", &["coap://a.example", "coap://b.example"]);
    let asked = bench.asked();
    bench.answer(&asked, wkc(&["/rd1", "/rd2"]));
    let mut lines = Vec::new();
    for _ in 0..3 {
        let asked = bench.asked();
        lines.push(asked.line());
        bench.fail(&asked, RequestFailure::TimedOut);
    }
    assert_eq!(
        lines,
        [
            "POST coap://a.example/rd1?ep=node1",
            "POST coap://a.example/rd2?ep=node1",
            "GET coap://b.example/.well-known/core?rt=core.rd*",
        ]
    );
    // Then the first is discovered anew.
    let (asked, waited) = bench.next_asked(60);
    assert_eq!(asked.line(), "GET coap://a.example/.well-known/core?rt=core.rd*");
    assert!((10..=13).contains(&waited), "{waited}");
}

#[test]
fn s5_discovered_uris_are_used_no_longer_than_they_are_fresh() {
    let mut bench = Bench::registrant("ep=node1&lt=3600", &[RD]);
    let asked = bench.asked();
    bench.answer(&asked, wkc(&["/rd"]).with_max_age(120));
    bench.register();
    let (renewal, _) = bench.next_asked(3600);
    bench.answer(&renewal, code(Code::NOT_FOUND));
    assert_eq!(bench.asked().line(), "GET coap://rd.example/.well-known/core?rt=core.rd*");
}

#[test]
fn s5_rate_limits_hold_over_the_whole_registration_time() {
    let limits = Limits { burst: 4, refill: Duration::from_secs(100), retry: Duration::ZERO, ..Limits::default() };
    let config = RegistrantConfig::new(1).with_limits(limits);
    let mut bench = Bench::registrant_with(config, "ep=node1", &["coap://a.example", "coap://b.example/rd"]);
    let (start, mut count) = (bench.now, 0);
    while bench.now < start + Duration::from_secs(10_000) {
        let (asked, _) = bench.next_asked(1_000);
        count += 1;
        let outcome = match asked.request.method {
            Method::Get => Ok(wkc(&["/1", "/2", "/3", "/4", "/5", "/6", "/7", "/8", "/9"])),
            _ => Err(RequestFailure::Unreachable),
        };
        bench.engine.handle_response(bench.now, asked.id, outcome);
    }
    assert!((50..=105).contains(&count), "{count}");
}

#[test]
fn s5_1_simple_registration_sends_the_parameters_without_base_and_payload() {
    let config = RegistrantConfig::new(1).simple();
    let mut bench = Bench::registrant_with(config, "ep=node1&lt=6000&base=coap://[2001:db8::1]&et=x", &[RD]);
    let asked = bench.asked();
    assert_eq!(asked.line(), "POST coap://rd.example/.well-known/rd?ep=node1&lt=6000&et=x");
    assert!(asked.request.payload.is_empty() && asked.request.content_format.is_none());

    // While the request is under way, the directory comes and fetches.
    let request = Request::new(Method::Get, [".well-known", "core"]);
    bench.engine.handle_request(bench.now, ExchangeId(7), &Peer::new(RD), request);
    let Some(Output::Response { exchange: ExchangeId(7), response }) = bench.engine.poll_output() else { panic!() };
    assert_eq!(response.payload, LINKS);

    bench.answer(&asked, changed());
    assert_eq!(bench.events(), ["registered as node1 at coap://rd.example"]);
    let (again, waited) = bench.next_asked(6000);
    assert_eq!(again.line(), asked.line());
    assert!((3750..=4500).contains(&waited), "{waited}");
    bench.answer(&again, changed());
    assert_eq!(bench.events(), ["renewed at coap://rd.example"]);
}

#[test]
fn s5_1_the_first_simple_registration_may_fail_and_is_repeated() {
    let mut bench = Bench::registrant_with(RegistrantConfig::new(1).simple(), "ep=node1", &[RD]);
    let asked = bench.asked();
    bench.fail(&asked, RequestFailure::TimedOut);
    let (again, waited) = bench.next_asked(60);
    assert_eq!(again.line(), asked.line());
    assert!((10..=13).contains(&waited), "{waited}");
}

#[test]
fn s5_1_a_simple_registrant_finds_its_directory_by_group_too() {
    let mut bench = Bench::registrant_with(RegistrantConfig::new(1).simple(), "ep=node1", &["coap://[ff02::fe]"]);
    let asked = bench.asked();
    bench.engine.handle_group_response(bench.now, asked.id, &Peer::new("coap://[2001:db8::1]"), wkc(&["/a", "/b"]));
    bench.pass(10);
    assert_eq!(bench.asked().line(), "POST coap://[2001:db8::1]/.well-known/rd?ep=node1");
}

#[test]
fn s5_2_a_third_party_gives_the_base_of_whom_it_registers() {
    let mut bench = Bench::registrant("ep=lamp&base=coap://[2001:db8::9]:61616", &["coap://rd.example/rd"]);
    assert!(bench.register().request.query.contains(&"base=coap://[2001:db8::9]:61616".to_string()));
}

#[test]
fn what_is_not_answered_is_withdrawn_and_what_nobody_was_told_of_is_counted() {
    let config = RegistrantConfig::new(1).with_limits(Limits { events: 2, ..Limits::default() });
    let mut bench = Bench::registrant_with(config, "ep=node1", &["coap://rd.example/rd"]);
    let asked = bench.asked();
    bench.pass(300);
    assert_eq!(bench.withdrawn, [asked.id]);
    bench.pass(10_000);
    let events = bench.events();
    assert!(events[0].starts_with("missed ") && events.len() == 3, "{events:?}");
    assert_eq!(bench.events().len(), 0);
}

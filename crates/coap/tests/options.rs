//! Options of requests: RFC 7252 §5.4 and §5.10, RFC 7967, RFC 9175.

mod common;

use coap_lite::MessageType::{Acknowledgement, Reset};
use common::{Bench, Message, NEAR, Shelf, get, post};
use waypost_rest::{ContentFormat, ETag, IfMatch, Method, Observe, Request};

/// What reaches the service.
fn taken(message: &Message) -> Request {
    let mut bench = Bench::new(Shelf::default());
    let answer = bench.ask(message);
    match bench.shelf().requests.first() {
        Some((_, _, request)) => request.clone(),
        None => panic!("{answer:?}"),
    }
}

fn refused(message: &Message) -> (String, String) {
    let mut bench = Bench::new(Shelf::default());
    let answer = bench.ask(message);
    assert!(bench.shelf().requests.is_empty());
    (answer.code(), answer.text().to_owned())
}

#[test]
fn a_service_sees_what_the_options_say() {
    let message = post(1, "rd/4521")
        .option(11, b"")
        .option(15, b"ep=node1")
        .option(15, "d=étage".as_bytes())
        .uint(12, 40)
        .uint(17, 0)
        .option(4, b"one")
        .option(4, b"two")
        .option(252, b"fresh")
        .payload("</a>");
    let request = taken(&message);
    assert_eq!(request.method, Method::Post);
    assert_eq!(request.path, ["rd", "4521", ""]);
    assert_eq!(request.query, ["ep=node1", "d=étage"]);
    assert_eq!(request.content_format, Some(ContentFormat::LINK_FORMAT));
    assert_eq!(request.accept, Some(ContentFormat::TEXT_PLAIN));
    assert_eq!(request.etags, [ETag::new(b"one").unwrap(), ETag::new(b"two").unwrap()]);
    assert_eq!(request.echo.as_deref(), Some(&b"fresh"[..]));
    assert_eq!((request.observe, request.is_multicast), (None, false));
    assert_eq!(&request.payload[..], b"</a>");
    assert_eq!(taken(&get(1, "text").uint(6, 0)).observe, Some(Observe::Register));
    assert_eq!(taken(&get(1, "text").uint(6, 1)).observe, Some(Observe::Deregister));
}

#[test]
fn all_methods_are_passed_on() {
    let methods = ["0.01", "0.02", "0.03", "0.04", "0.05", "0.06", "0.07"]
        .map(|code| taken(&common::request(coap_lite::MessageType::Confirmable, code, 1, "x")).method);
    use Method::{Delete, Fetch, Get, IPatch, Patch, Post, Put};
    assert_eq!(methods, [Get, Post, Put, Delete, Fetch, Patch, IPatch]);
}

#[test]
fn elective_options_that_are_not_known_or_malformed_are_ignored() {
    let message = post(1, "echo")
        .option(2, b"?")
        .option(16, b"\x10")
        .option(2048, &[7; 300])
        .option(292, b"tag")
        .option(4, b"nine bytes long")
        .option(12, &[1, 2, 3])
        .option(60, &[0; 9])
        .option(252, &[0; 41]);
    let request = taken(&message);
    assert_eq!((request.etags.len(), request.content_format, request.echo), (0, None, None));
}

#[test]
fn a_supernumerary_elective_option_is_ignored() {
    assert_eq!(taken(&post(1, "echo").uint(12, 40).uint(12, 0)).content_format, Some(ContentFormat(40)));
}

#[test]
fn critical_options_that_are_not_known_are_refused_by_name() {
    for (number, diagnostic) in [
        (5, "If-None-Match: not supported"),
        (9, "OSCORE: not supported"),
        (19, "option 19: not supported"),
        (65001, "option 65001: not supported"),
    ] {
        assert_eq!(refused(&get(1, "echo").option(number, b"")), ("4.02".into(), diagnostic.into()));
    }
}

#[test]
fn if_match_is_passed_on_where_the_service_heeds_it_and_refused_elsewhere() {
    let request = taken(&post(1, "made").option(1, b"one").option(1, b""));
    assert_eq!(request.if_match, [IfMatch::ETag(ETag::new(b"one").unwrap()), IfMatch::Exists]);
    assert_eq!(refused(&post(1, "echo").option(1, b"")), ("4.02".into(), "If-Match: not supported".into()));
}

#[test]
fn critical_options_of_a_wrong_length_or_given_twice_are_refused_by_name() {
    for (message, diagnostic) in [
        (get(1, "").option(11, &[b'x'; 256]), "Uri-Path: not of the right length"),
        (get(1, "").option(15, &[b'x'; 256]), "Uri-Query: not of the right length"),
        (get(1, "").option(3, b""), "Uri-Host: not of the right length"),
        (get(1, "made").option(1, &[0; 9]), "If-Match: not of the right length"),
        (get(1, "").option(7, &[1, 2, 3]), "Uri-Port: not of the right length"),
        (get(1, "").option(17, &[1, 2, 3]), "Accept: not of the right length"),
        (get(1, "").option(23, &[0; 4]), "Block2: not of the right length"),
        (get(1, "").option(27, &[0; 4]), "Block1: not of the right length"),
        (get(1, "").uint(17, 0).uint(17, 40), "Accept: given more than once"),
        (get(1, "").block2(0, 1).block2(0, 2), "Block2: given more than once"),
        (get(1, "").option(3, b"a").option(3, b"b"), "Uri-Host: given more than once"),
    ] {
        assert_eq!(refused(&message), ("4.02".into(), diagnostic.into()));
    }
}

#[test]
fn text_that_is_not_utf_8_is_refused_with_its_offset() {
    let (code, text) = refused(&get(1, "rd-lookup").option(15, b"ep=\xc3\x28"));
    assert_eq!((&*code, &*text), ("4.00", "Uri-Query: not UTF-8 at byte 3"));
    assert_eq!(refused(&get(1, "").option(11, b"\xff")).1, "Uri-Path: not UTF-8 at byte 0");
}

#[test]
fn a_non_confirmable_message_with_an_unknown_critical_option_is_reset() {
    let mut bench = Bench::new(Shelf::default());
    let answer = bench.ask(get(7, "echo").option(9, b"").non());
    assert_eq!((answer.kind(), answer.id(), &*answer.code()), (Reset, 7, "0.00"));
    let answer = bench.ask(get(8, "echo").option(15, b"\xff").non());
    assert_eq!(answer.code(), "4.00");
}

#[test]
fn whatever_the_host_is_called_it_is_served() {
    taken(&get(1, "x").option(3, b"directory.example.com").uint(7, 61616));
    taken(&get(1, "x").option(7, b""));
}

#[test]
fn a_proxy_is_not_to_be_found_here() {
    for (number, value) in [(35, "coap://example.com/x"), (39, "coap")] {
        let (code, text) = refused(&get(1, "x").option(number, value.as_bytes()));
        assert_eq!((&*code, &*text), ("5.05", "not a forward-proxy"));
    }
}

#[test]
fn responses_that_a_client_does_not_want_are_not_sent() {
    let mut bench = Bench::new(Shelf::default());
    let answer = bench.ask(post(1, "echo").uint(258, 2));
    assert_eq!((answer.kind(), &*answer.code()), (Acknowledgement, "0.00"));
    assert!(bench.say(post(2, "echo").uint(258, 2).non()).is_empty());
    assert_eq!(bench.ask(post(3, "echo").uint(258, 0b11000)).code(), "2.05");
    assert_eq!(bench.ask(post(4, "nothing").uint(258, 8)).code(), "0.00");
    // Nor is an observation begun that would not be known of.
    bench.ask(get(5, "text").uint(6, 0).uint(258, 2));
    assert_eq!(bench.shelf().observers.len(), 0);
}

#[test]
fn a_response_carries_what_the_service_says() {
    let mut bench = Bench::new(Shelf::default());
    let answer = bench.ask(post(1, "made"));
    let segments: Vec<_> = answer.0.get_option(coap_lite::CoapOption::LocationPath).unwrap().iter().cloned().collect();
    assert_eq!(segments, [&b"made"[..], b"1", b""]);
}

#[test]
fn the_echo_of_a_service_passes_in_both_directions() {
    let mut bench = Bench::new(Shelf::default());
    let challenge = bench.ask(post(1, "proof"));
    assert_eq!((&*challenge.code(), challenge.get(252)), ("4.01", Some(&b"prove it"[..])));
    assert_eq!(bench.ask(post(2, "proof").option(252, b"prove it")).code(), "2.04");
}

#[test]
fn a_long_diagnostic_is_cut_between_characters() {
    let mut bench = Bench::new(Shelf::default());
    bench.say(post(1, "slow"));
    bench.update(|shelf| {
        let diagnostic = "ü".repeat(2000);
        shelf.finish(waypost_rest::Response::refusal(waypost_rest::Code::BAD_REQUEST, diagnostic));
    });
    let answer = bench.messages().remove(0);
    assert_eq!((answer.block(23), answer.text()), (None, &*"ü".repeat(512)));
    assert_eq!(bench.bytes_from(NEAR, &post(1, "slow").bytes()).len(), 1);
}

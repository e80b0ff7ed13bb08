//! Section 5.1: simple registration.

use waypost_rest::{Code, ContentFormat, Method, Peer, RequestFailure, Response};
use waypost_server::{EchoConfig, ServerConfig, ServerLimits};

use crate::harness::*;

fn simple() -> Peer {
    Peer::new("coap://[2001:db8:f0::1]:6553")
}

#[test]
fn section_5_1_the_directory_asks_back_and_answers_afterwards() {
    let mut world = World::new();
    let exchange = world.submit(&simple(), touch("/.well-known/rd?lt=6000&ep=node1"));
    assert!(world.answer(exchange).is_none(), "unanswered until the links are known");
    let (id, peer, request) = world.request();
    assert_eq!(peer, simple());
    assert_eq!((request.method, request.path.join("/").as_str()), (Method::Get, ".well-known/core"));
    assert_eq!(request.accept, Some(ContentFormat::LINK_FORMAT));
    assert_eq!(world.get(&client(), "/rd-lookup/ep"), "", "not there before the links are");

    world.respond(id, wkc("</sen/temp>"));
    let response = world.answer(exchange).unwrap();
    assert_eq!(response.code, Code::CHANGED);
    assert!(response.location_path.is_empty());
    assert_eq!(world.get(&client(), "/rd-lookup/res?ep=node1"), "<coap://[2001:db8:f0::1]:6553/sen/temp>");
}

#[test]
fn section_5_1_parameters_are_those_of_a_registration_but_base() {
    let mut world = World::new();
    let response = world.ask(&simple(), touch("/.well-known/rd?ep=node1&base=coap://x"));
    assert_eq!((response.code, text(&response).as_str()), (Code::BAD_REQUEST, "base: not accepted here"));
    for (query, name) in [("lt=60", "ep"), ("ep=a&ep=b", "ep"), ("ep=a&lt=0", "lt"), ("ep=a&d=", "d")] {
        let response = world.ask(&simple(), touch(&format!("/.well-known/rd?{query}")));
        assert_eq!(response.code, Code::BAD_REQUEST);
        assert!(text(&response).starts_with(&format!("{name}: ")), "{}", text(&response));
    }
    assert!(world.has_no_request(), "a malformed request costs no fetch");
    let exchange = world.submit(&simple(), touch("/.well-known/rd?ep=node1&d=floor-1&et=x&lt=60"));
    let (id, ..) = world.request();
    world.respond(id, wkc("</t>"));
    assert_eq!(world.answer(exchange).unwrap().code, Code::CHANGED);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep?d=floor-1&et=x&ep=node1")).len(), 1);
}

#[test]
fn registrants_from_before_the_standard_register_simply_at_the_discovery_resource() {
    let mut world = World::new();
    let exchange = world.submit(&simple(), touch("/.well-known/core?ep=node1&lt=6000"));
    let (id, ..) = world.request();
    world.respond(id, wkc("</sen/temp>"));
    assert_eq!(world.answer(exchange).unwrap().code, Code::CHANGED);
    assert_eq!(world.get(&client(), "/rd-lookup/res?ep=node1"), "<coap://[2001:db8:f0::1]:6553/sen/temp>");

    let mut world = World::with(ServerConfig::default().without_simple_registration());
    assert_eq!(world.ask(&simple(), touch("/.well-known/core?ep=node1")).code, Code::METHOD_NOT_ALLOWED);
}

#[test]
fn section_5_1_a_body_is_refused() {
    let mut world = World::new();
    let response = world.ask(&simple(), post("/.well-known/rd", "ep=node1", "</t>"));
    assert_eq!(response.code, Code::BAD_REQUEST);
    assert!(world.has_no_request());
}

#[test]
fn section_5_1_it_needs_a_transport_on_which_the_source_can_be_asked() {
    let mut world = World::new();
    for uri in ["http://192.0.2.1", "coap+tcp://192.0.2.1:40000", "coap+ws://192.0.2.1:40000"] {
        assert_eq!(world.ask(&Peer::new(uri), touch("/.well-known/rd?ep=node1")).code, Code::BAD_REQUEST);
    }
}

#[test]
fn section_5_1_it_can_be_disabled() {
    let mut world = World::with(ServerConfig::default().without_simple_registration());
    assert_eq!(world.ask(&simple(), touch("/.well-known/rd?ep=node1")).code, Code::NOT_FOUND);
    assert!(world.has_no_request());
}

#[test]
fn section_5_1_the_links_are_not_asked_for_again_while_they_are_fresh() {
    let mut world = World::new();
    let exchange = world.submit(&simple(), touch("/.well-known/rd?ep=node1"));
    let (id, ..) = world.request();
    world.respond(id, wkc("</t>").map(|response| response.with_max_age(100)));
    assert_eq!(world.answer(exchange).unwrap().code, Code::CHANGED);
    world.pass(99);
    assert_eq!(world.ask(&simple(), touch("/.well-known/rd?ep=node1")).code, Code::CHANGED);
    assert!(world.has_no_request());
    world.pass(1);
    let exchange = world.submit(&simple(), touch("/.well-known/rd?ep=node1"));
    let (id, ..) = world.request();
    world.respond(id, wkc("</u>"));
    assert_eq!(world.answer(exchange).unwrap().code, Code::CHANGED);
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "<coap://[2001:db8:f0::1]:6553/u>");
}

#[test]
fn section_5_1_stale_links_are_revalidated_by_their_etag() {
    let mut world = World::new();
    let exchange = world.submit(&simple(), touch("/.well-known/rd?ep=node1"));
    let (id, ..) = world.request();
    world.respond(id, wkc("</t>").map(|response| tagged(response, &[7])));
    assert_eq!(world.answer(exchange).unwrap().code, Code::CHANGED);
    world.pass(60);
    let exchange = world.submit(&simple(), touch("/.well-known/rd?ep=node1"));
    let (id, _, request) = world.request();
    assert_eq!(request.etags[0].as_bytes(), [7]);
    world.respond(id, Ok(tagged(Response::new(Code::VALID), &[7])));
    assert_eq!(world.answer(exchange).unwrap().code, Code::CHANGED);
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "<coap://[2001:db8:f0::1]:6553/t>");
}

#[test]
fn section_5_1_a_registrant_that_gives_up_its_request_finds_its_links_known_later() {
    let mut world = World::new();
    let exchange = world.submit(&simple(), touch("/.well-known/rd?ep=node1"));
    let (id, ..) = world.request();
    world.cancel(exchange);
    world.respond(id, wkc("</t>"));
    assert!(world.answer(exchange).is_none());
    assert_eq!(world.ask(&simple(), touch("/.well-known/rd?ep=node1")).code, Code::CHANGED);
    assert!(world.has_no_request());
}

#[test]
fn section_5_1_requests_that_wait_for_the_same_links_share_one_fetch() {
    let mut world = World::new();
    let first = world.submit(&simple(), touch("/.well-known/rd?ep=node1"));
    let second = world.submit(&simple(), touch("/.well-known/rd?ep=node2"));
    let (id, ..) = world.request();
    world.respond(id, wkc("</t>"));
    assert_eq!(world.answer(first).unwrap().code, Code::CHANGED);
    assert_eq!(world.answer(second).unwrap().code, Code::CHANGED);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep")).len(), 2);
}

#[test]
fn section_5_1_a_failed_fetch_is_a_failed_registration() {
    let malformed = wkc("</t>;rt=\"");
    let relative = wkc("<t>");
    let cbor = Ok(Response::content(ContentFormat(64), &b"\x80"[..]));
    let huge = wkc(&"</t>,".repeat(100_000));
    for (outcome, code) in [
        (Err(RequestFailure::TimedOut), Code::GATEWAY_TIMEOUT),
        (Err(RequestFailure::Unreachable), Code::GATEWAY_TIMEOUT),
        (Err(RequestFailure::Unusable), Code::BAD_GATEWAY),
        (Ok(Response::new(Code::NOT_FOUND)), Code::BAD_GATEWAY),
        (Ok(Response::new(Code::VALID)), Code::BAD_GATEWAY),
        (cbor, Code::BAD_GATEWAY),
        (malformed, Code::BAD_REQUEST),
        (relative, Code::BAD_REQUEST),
        (huge, Code::REQUEST_ENTITY_TOO_LARGE),
    ] {
        let mut world = World::new();
        let exchange = world.submit(&simple(), touch("/.well-known/rd?ep=node1"));
        let (id, ..) = world.request();
        world.respond(id, outcome);
        assert_eq!(world.answer(exchange).unwrap().code, code);
        assert_eq!(world.server.directory().len(), 0);
    }
}

#[test]
fn section_5_1_a_fetch_that_is_never_answered_ends() {
    let mut world = World::new();
    let exchange = world.submit(&simple(), touch("/.well-known/rd?ep=node1"));
    let (id, ..) = world.request();
    world.pass(100);
    assert_eq!(world.answer(exchange).unwrap().code, Code::GATEWAY_TIMEOUT);
    assert_eq!(world.withdrawn, [id]);
    world.respond(id, wkc("</t>"));
    assert_eq!(world.server.directory().len(), 0, "what comes too late is ignored");
}

#[test]
fn section_5_1_a_registrant_may_ask_the_directory_for_an_echo_in_turn() {
    let mut world = World::new();
    let exchange = world.submit(&simple(), touch("/.well-known/rd?ep=node1"));
    let (id, ..) = world.request();
    let mut challenge = Response::new(Code::UNAUTHORIZED);
    challenge.echo = Some((&b"challenge"[..]).into());
    world.respond(id, Ok(challenge.clone()));
    let (id, _, request) = world.request();
    assert_eq!(request.echo.as_deref(), Some(&b"challenge"[..]));
    world.respond(id, Ok(challenge));
    assert_eq!(world.answer(exchange).unwrap().code, Code::BAD_GATEWAY, "but only once");
    assert!(world.has_no_request());
}

#[test]
fn section_5_1_the_apparent_registrant_is_verified_by_echo_where_configured() {
    let mut echo = EchoConfig::new([3; 16]);
    echo.requires_freshness = false;
    let mut world = World::with(ServerConfig::default().with_echo(echo));
    let request = touch("/.well-known/rd?ep=node1");
    let challenge = world.ask(&simple(), request.clone());
    assert_eq!(challenge.code, Code::UNAUTHORIZED);
    assert!(world.has_no_request(), "nothing is sent to an unverified address");
    let echo = challenge.echo.unwrap();
    // Somebody else's value, and an old one, prove nothing.
    assert_eq!(world.ask(&node(), echoing(request.clone(), &echo)).code, Code::UNAUTHORIZED);
    world.pass(301);
    let challenge = world.ask(&simple(), echoing(request.clone(), &echo));
    assert_eq!(challenge.code, Code::UNAUTHORIZED);
    let exchange = world.submit(&simple(), echoing(request, &challenge.echo.unwrap()));
    let (id, ..) = world.request();
    world.respond(id, wkc("</t>"));
    assert_eq!(world.answer(exchange).unwrap().code, Code::CHANGED);
}

#[test]
fn section_5_1_simple_registrations_are_deleted_when_their_lifetime_ends() {
    let mut world = World::new();
    let exchange = world.submit(&simple(), touch("/.well-known/rd?ep=node1&lt=50"));
    let (id, ..) = world.request();
    world.respond(id, wkc("</t>"));
    assert_eq!(world.answer(exchange).unwrap().code, Code::CHANGED);
    let found = world.get(&client(), "/rd-lookup/ep");
    let location = found[1..].split('>').next().unwrap().to_owned();
    world.pass(40);
    assert_eq!(world.ask(&simple(), touch("/.well-known/rd?ep=node1&lt=50")).code, Code::CHANGED);
    world.pass(49);
    assert_eq!(world.ask(&client(), get(&location)).code, Code::CONTENT);
    world.pass(1);
    assert_eq!(world.ask(&client(), get(&location)).code, Code::NOT_FOUND, "not even kept to be refreshed");
    assert_eq!(world.ask(&simple(), touch(&location)).code, Code::NOT_FOUND);
}

/// Another replica may have renewed it meanwhile, without having been heard of.
#[test]
fn section_5_1_to_delete_a_simple_registration_that_has_expired_is_no_write_that_others_take() {
    let mut world = World::new();
    let exchange = world.submit(&simple(), touch("/.well-known/rd?ep=node1&lt=50"));
    let (id, ..) = world.request();
    world.respond(id, wkc("</t>"));
    world.answer(exchange).unwrap();
    let written = world.server.directory().version().clone();
    world.pass(60);
    assert!(world.server.directory().is_empty());
    assert_eq!(*world.server.directory().version(), written);
}

#[test]
fn section_5_1_a_regular_registration_of_the_same_name_is_kept_like_any_other() {
    let mut world = World::new();
    let exchange = world.submit(&simple(), touch("/.well-known/rd?ep=node1&lt=50"));
    let (id, ..) = world.request();
    world.respond(id, wkc("</t>"));
    world.answer(exchange).unwrap();
    let location = world.register(&simple(), "ep=node1&lt=50", "</t>");
    world.pass(60);
    assert_eq!(world.ask(&simple(), touch(&location)).code, Code::CHANGED);
}

#[test]
fn section_5_1_what_is_fetched_counts_as_a_change_of_so_much() {
    let limits = ServerLimits { changes_per_minute: 10, ..ServerLimits::default() };
    let mut world = World::with(ServerConfig::default().with_limits(limits));
    let exchange = world.submit(&simple(), touch("/.well-known/rd?ep=a"));
    let (id, ..) = world.request();
    world.respond(id, wkc(&format!("</t>;title=\"{}\"", "x".repeat(10_000))));
    assert_eq!(world.answer(exchange).unwrap().code, Code::CHANGED);
    assert_eq!(world.ask(&simple(), touch("/.well-known/rd?ep=b")).code, Code::TOO_MANY_REQUESTS);
}

//! Section 5.3.4: request freshness by Echo.

use bytes::Bytes;
use waypost_rest::{Code, Peer, Request};
use waypost_server::{EchoConfig, ServerConfig};

use crate::harness::*;

fn world() -> World {
    World::with(ServerConfig::default().with_echo(EchoConfig::new([9; 16])))
}

/// Does as a registrant must: repeats the request with the value it is given.
fn insist(world: &mut World, peer: &Peer, request: Request) -> waypost_rest::Response {
    let response = world.ask(peer, request.clone());
    match (response.code, &response.echo) {
        (Code::UNAUTHORIZED, Some(echo)) => world.ask(peer, echoing(request, echo)),
        _ => response,
    }
}

#[test]
fn section_5_3_4_2_the_exchange_of_figure_18() {
    let mut world = world();
    let location = location(&insist(&mut world, &node(), post("/rd", "ep=node1", "</t>")));
    let reduce = touch(&format!("{location}?lt=7200"));
    let stale = world.ask(&node(), reduce.clone());
    assert_eq!(stale.code, Code::UNAUTHORIZED);
    let reduced = world.ask(&node(), echoing(reduce.clone(), &stale.echo.unwrap()));
    assert_eq!(reduced.code, Code::CHANGED);
    let restore = touch(&format!("{location}?lt=90000"));
    let restored = world.ask(&node(), echoing(restore, &reduced.echo.unwrap()));
    assert_eq!(restored.code, Code::CHANGED);
    assert!(restored.echo.is_some());
}

#[test]
fn section_5_3_4_1_a_captured_request_cannot_be_replayed() {
    let mut world = world();
    let registered = insist(&mut world, &node(), post("/rd", "ep=node1", "</t>"));
    let location = location(&registered);
    let captured = echoing(touch(&format!("{location}?lt=7200")), &registered.echo.unwrap());
    let response = world.ask(&node(), captured.clone());
    assert_eq!(response.code, Code::CHANGED);
    assert_eq!(world.ask(&node(), captured.clone()).code, Code::UNAUTHORIZED);
    let restored = echoing(touch(&format!("{location}?lt=90000")), &response.echo.unwrap());
    assert_eq!(world.ask(&node(), restored).code, Code::CHANGED);
    assert_eq!(world.ask(&node(), captured).code, Code::UNAUTHORIZED);
    world.pass(8000);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep")).len(), 1);
}

#[test]
fn section_5_3_4_1_successes_carry_the_value_for_the_next_request() {
    let mut world = world();
    let mut response = insist(&mut world, &node(), post("/rd", "ep=node1", "</t>"));
    let location = location(&response);
    for _ in 0..5 {
        response = world.ask(&node(), echoing(touch(&location), &response.echo.unwrap()));
        assert_eq!(response.code, Code::CHANGED);
    }
    let request = echoing(delete(&location), &response.echo.unwrap());
    assert_eq!(world.ask(&node(), request).code, Code::DELETED);
}

#[test]
fn section_5_3_4_1_the_counter_is_kept_across_removal() {
    let mut world = world();
    let registration = post("/rd", "ep=node1", "</t>");
    let registered = world.ask(&node(), registration.clone());
    assert_eq!(registered.code, Code::CREATED, "a resource that never was has no last change");
    let location = location(&registered);
    let removal = echoing(delete(&location), &registered.echo.unwrap());
    let removed = world.ask(&node(), removal);
    assert_eq!(removed.code, Code::DELETED);
    assert_eq!(world.ask(&node(), registration.clone()).code, Code::UNAUTHORIZED, "a replay");
    assert_eq!(world.ask(&node(), echoing(registration, &removed.echo.unwrap())).code, Code::CREATED);
}

#[test]
fn section_5_3_4_1_changes_of_one_resource_do_not_make_requests_to_another_stale() {
    let mut world = world();
    let one = world.ask(&host(1), post("/rd", "ep=one", ""));
    let two = world.ask(&host(2), post("/rd", "ep=two", ""));
    assert_eq!((one.code, two.code), (Code::CREATED, Code::CREATED));
    let request = echoing(touch(&location(&one)), &one.echo.unwrap());
    assert_eq!(world.ask(&host(1), request).code, Code::CHANGED);
}

#[test]
fn section_5_3_4_values_are_made_for_a_peer_and_cannot_be_forged() {
    let mut world = world();
    let registered = world.ask(&node(), post("/rd", "ep=node1", ""));
    let (location, echo) = (location(&registered), registered.echo.unwrap());
    for forged in [Bytes::new(), Bytes::from_static(&[0xFF; 24]), echo.slice(..23), Bytes::from_static(&[0xFF; 40])] {
        assert_eq!(world.ask(&node(), echoing(touch(&location), &forged)).code, Code::UNAUTHORIZED);
    }
    assert_eq!(world.ask(&host(7), echoing(touch(&location), &echo)).code, Code::UNAUTHORIZED);
    assert!((1..=40).contains(&echo.len()));
}

#[test]
fn section_5_3_4_reading_needs_no_freshness() {
    let mut world = world();
    let location = location(&world.ask(&node(), post("/rd", "ep=node1", "</t>")));
    assert_eq!(world.ask(&node(), get(&location)).code, Code::CONTENT);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep")).len(), 1);
}

#[test]
fn section_5_3_4_what_is_refused_otherwise_is_refused_so() {
    let mut world = world();
    let location = location(&world.ask(&node(), post("/rd", "ep=node1", "</t>")));
    assert_eq!(world.ask(&node(), touch(&format!("{location}?lt=0"))).code, Code::BAD_REQUEST);
    assert_eq!(world.ask(&node(), touch("/rd/4521")).code, Code::NOT_FOUND);
}

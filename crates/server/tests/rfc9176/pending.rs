//! Section 5.1: simple registrations that wait for the links of their peers, and those whose peers never answer.

use waypost_rest::{Code, ExchangeId, Peer, RequestFailure};
use waypost_server::{EchoConfig, ServerConfig, ServerLimits};

use crate::harness::*;

/// A server that lets three wait, and two of one peer.
fn world() -> World {
    world_with(ServerConfig::default())
}

fn world_with(config: ServerConfig) -> World {
    let limits = ServerLimits { pending_fetches: 3, pending_fetches_per_peer: 2, ..ServerLimits::default() };
    World::with(config.with_limits(limits))
}

fn begin(world: &mut World, peer: &Peer) -> ExchangeId {
    world.submit(peer, touch("/.well-known/rd?ep=a"))
}

/// Tells whether a peer that would answer at once can register.
fn can_register(world: &mut World, peer: &Peer) -> bool {
    let exchange = begin(world, peer);
    if world.answer(exchange).is_some() {
        return false;
    }
    let (id, asked, _) = world.last_request();
    assert_eq!(asked.uri, peer.uri);
    world.respond(id, wkc("</t>"));
    world.answer(exchange).unwrap().code == Code::CHANGED
}

#[test]
fn one_peer_has_its_share() {
    let mut world = world();
    begin(&mut world, &host(1));
    begin(&mut world, &host(1));
    let refusal = world.ask(&host(1), touch("/.well-known/rd?ep=c"));
    assert_eq!((refusal.code, refusal.max_age), (Code::TOO_MANY_REQUESTS, Some(60)));
    assert!(can_register(&mut world, &host(2)));
}

#[test]
fn the_share_of_a_host_is_not_used_up_by_those_that_bear_its_address() {
    let mut world = world();
    begin(&mut world, &host(1));
    begin(&mut world, &host(1));
    assert!(can_register(&mut world, &reachable(1)));
}

#[test]
fn whoever_gives_up_and_comes_again_has_no_more_than_its_share() {
    let mut world = world();
    for port in [1, 2] {
        let exchange = begin(&mut world, &Peer::new(format!("{}:{port}", host(1).uri)));
        world.cancel(exchange);
    }
    assert_eq!(world.ask(&host(1), touch("/.well-known/rd?ep=a")).code, Code::TOO_MANY_REQUESTS);
    begin(&mut world, &host(2));
    assert_eq!(world.ask(&host(3), touch("/.well-known/rd?ep=a")).code, Code::TOO_MANY_REQUESTS);
}

#[test]
fn whoever_is_not_known_to_be_reachable_never_keeps_out_those_that_are() {
    let mut world = world();
    let waiting = [1, 2, 3].map(|number| begin(&mut world, &host(number)));
    let refusal = world.ask(&host(4), touch("/.well-known/rd?ep=a"));
    assert_eq!(
        (refusal.code, refusal.max_age),
        (Code::TOO_MANY_REQUESTS, Some(60)),
        "it can show that it is reachable"
    );
    let why = "pending simple registrations: over the limit of 3 for clients not known to be reachable";
    assert_eq!(text(&refusal), why);
    let first = world.first_request();
    for number in 5..8 {
        begin(&mut world, &reachable(number));
    }
    let displaced = waiting.map(|exchange| world.answer(exchange).expect("an answer").code);
    assert_eq!(displaced, [Code::SERVICE_UNAVAILABLE; 3]);
    assert_eq!((world.withdrawn.len(), world.withdrawn[0]), (3, first));
    let refusal = world.ask(&reachable(8), touch("/.well-known/rd?ep=a"));
    assert_eq!((refusal.code, refusal.max_age), (Code::SERVICE_UNAVAILABLE, Some(60)));
    world.pass(50);
    let refusal = world.ask(&host(4), touch("/.well-known/rd?ep=a"));
    assert_eq!(refusal.code, Code::TOO_MANY_REQUESTS);
}

#[test]
fn who_has_not_been_answered_for_a_while_makes_room_for_others_of_its_kind() {
    for make in [host, reachable] {
        let mut world = world();
        let silent = begin(&mut world, &make(1));
        world.pass(1);
        let slow = begin(&mut world, &make(2));
        let (slow_id, ..) = world.last_request();
        begin(&mut world, &make(3));
        world.pass(3);
        assert!(!can_register(&mut world, &make(4)), "an answer takes its time");
        world.pass(1);
        assert!(can_register(&mut world, &make(4)));
        assert_eq!(world.answer(silent).expect("an answer").code, Code::SERVICE_UNAVAILABLE);
        world.respond(slow_id, wkc("</t>"));
        assert_eq!(world.answer(slow).expect("an answer").code, Code::CHANGED, "while nobody needs its place");
    }
}

#[test]
fn whoever_has_repeated_an_echo_value_of_the_server_is_reachable() {
    let mut echo = EchoConfig::new([3; 16]);
    echo.requires_freshness = false;
    let mut world = world_with(ServerConfig::default().with_echo(echo));
    let prove = |world: &mut World, number| {
        let challenge = world.ask(&host(number), touch("/.well-known/rd?ep=a"));
        world.submit(&host(number), echoing(touch("/.well-known/rd?ep=a"), &challenge.echo.unwrap()))
    };
    for number in 1..4 {
        prove(&mut world, number);
    }
    let exchange = prove(&mut world, 4);
    assert_eq!(world.answer(exchange).expect("an answer").code, Code::SERVICE_UNAVAILABLE);
}

#[test]
fn what_a_peer_waits_for_while_it_turns_out_to_be_reachable_does_not_stay_pending() {
    let mut world = world();
    for _ in 0..3 {
        for peer in [host(1), reachable(1)] {
            let exchange = begin(&mut world, &peer);
            let (id, ..) = world.last_request();
            world.respond(id, Err(RequestFailure::TimedOut));
            assert_eq!(world.answer(exchange).unwrap().code, Code::GATEWAY_TIMEOUT);
        }
    }
}

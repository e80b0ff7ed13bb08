//! Observers of what costs much.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};

use waypost_directory::{Config, Directory};
use waypost_model::ReplicaId;
use waypost_rest::{Code, ExchangeId, Peer, Response, Service as _};
use waypost_server::{ServerConfig, ServerLimits};

use crate::flood::*;
use crate::harness::*;

#[test]
fn observers_of_much_are_told_of_changes_no_more_often_than_they_may_ask_and_in_the_end_of_the_last() {
    let mut world = world();
    let mut known = BTreeMap::<ExchangeId, Response>::new();
    for number in 0..50 {
        // All different, so that nobody shares an answer with others.
        let (exchange, first) =
            world.observe(&host(1), &format!("/rd-lookup/res?et=fat&page=0&count={}", 2_000 + number));
        known.insert(exchange, first);
        world.pass(100);
    }
    assert!(known.values().all(|first| first.is_observed));
    let (mut told, seconds) = (0, 100);
    for second in 0..seconds {
        world.register(&host(1), "ep=node1&et=fat", &format!("</{second}>"));
        for (exchange, response) in world.all_notifications() {
            assert_eq!(response.code, Code::CONTENT);
            told += response.payload.len() as u64;
            known.insert(exchange, response);
        }
        world.pass(1);
    }
    assert!(told > EVERYTHING && told < EVERYTHING * (seconds + 20) / 10, "{told}");
    for _ in 0..1_000 {
        world.pass(1);
        known.extend(world.all_notifications());
    }
    let last = format!("/{}>", seconds - 1);
    assert!(known.values().all(|response| text(response).contains(&last)));
    assert_eq!(world.server.poll_timeout(), world.server.directory().next_expiry());
}

#[test]
fn who_is_told_of_more_than_it_may_ask_for_can_ask_all_the_same() {
    let mut world = world();
    let (exchange, _) = world.observe(&host(1), "/rd-lookup/res");
    change(&mut world, 50);
    assert!((1..20).contains(&world.taken(exchange).len()));
    assert_eq!(everything(&mut world, 1).code, Code::CONTENT);
}

#[test]
fn however_much_strangers_observe_the_others_are_told_at_once() {
    let mut world = world();
    for number in 0..50 {
        // All different, so that nobody shares an answer with others.
        world.observe(&host(number), &format!("/rd-lookup/res?et=fat&page=0&count={}", 2_000 + number));
        world.pass(10);
    }
    let (exchange, _) = world.observe(&reachable(1_000), "/rd-lookup/res?et=fat");
    change(&mut world, 1);
    assert_eq!(world.taken(exchange).len(), 1);
}

#[test]
fn however_many_addresses_are_forged_those_who_are_there_find_room_to_observe() {
    let world = |limits: ServerLimits, watches: usize| {
        let mut directory = Config::new([7; 16], ReplicaId(1));
        directory.limits.watches = watches;
        World::over(Directory::new(directory), ServerConfig::default().with_limits(limits))
    };
    let default = ServerLimits::default;
    let worlds = [
        world(ServerLimits { observations: 20, ..default() }, 1_000),
        world(ServerLimits { observed_bytes: 2_000, ..default() }, 1_000),
        world(default(), 20),
    ];
    for mut world in worlds {
        for number in 0..40 {
            world.register(&reachable(number), &format!("ep=node{number}&base=coap://h"), "</a>");
        }
        let mut observed =
            |peer: Peer, number: u16| world.observe(&peer, &format!("/rd-lookup/ep?ep=node{number}")).1.is_observed;
        let strangers = (0..30).filter(|&number| observed(host(number), number)).count();
        assert!((5..30).contains(&strangers), "{strangers}");
        let known = (30..35).filter(|&number| observed(reachable(number), number)).count();
        assert_eq!(known, 5);
    }
}

#[test]
fn observers_that_wait_are_woken_one_after_the_other_and_nothing_is_written_in_vain() {
    let written = Arc::new(AtomicUsize::new(0));
    let mut world = world_with(|config| config.policy = Box::new(Counting(written.clone())));
    let observe = |world: &mut World, number: u16, count: usize| {
        world.observe(&host(number), &format!("/rd-lookup/res?et=fat&page=0&count={count}")).0
    };
    let mut observers = Vec::new();
    // Some of one account, some of many, and two of each answer.
    for number in 0..40 {
        for peer in [1, 100 + number, 200 + number] {
            observers.push(observe(&mut world, peer, 2_000 + usize::from(number % 20)));
        }
        world.pass(100);
    }
    change(&mut world, 3);
    let first = world.all_notifications().len();
    assert!(first < observers.len());
    written.store(0, Ordering::Relaxed);
    let (mut woken, mut told) = (0, 0);
    while told + first < observers.len() {
        world.pass(1);
        let ready = world.told();
        woken += ready.len();
        for exchange in ready {
            world.server.handle_ready(world.now, exchange);
        }
        told += world.all_notifications().len();
    }
    assert!(woken < 2 * observers.len(), "{woken}");
    assert!(written.load(Ordering::Relaxed) <= 20);
}

#[test]
fn an_observer_that_was_put_off_can_go() {
    let mut world = world();
    let (exchange, _) = world.observe(&host(1), "/rd-lookup/res?et=fat");
    change(&mut world, 50);
    assert!(world.taken(exchange).len() < 20);
    world.register(&host(1), "ep=node1&et=fat", "</new>");
    assert!(world.notifications(exchange).is_empty());
    assert_ne!(world.server.poll_timeout(), world.server.directory().next_expiry());
    world.cancel(exchange);
    assert_eq!(world.server.poll_timeout(), world.server.directory().next_expiry());
    world.pass(1_000);
    assert!(world.told().is_empty());
}

#[test]
fn answers_are_kept_for_observers_as_long_as_there_is_room() {
    let limits = ServerLimits { observed_bytes: 100, ..ServerLimits::default() };
    let mut world = World::with(ServerConfig::default().with_limits(limits));
    world.register(&host(1), "ep=a&base=coap://h", "</a>");
    let (first, answer) = world.observe(&reachable(3), "/rd-lookup/res");
    assert!(answer.is_observed);
    world.register(&host(1), "ep=b&base=coap://h", &format!("</b>;title=\"{}\"", "x".repeat(50)));
    assert_eq!(world.notifications(first)[0].code, Code::CONTENT);
    let (_, answer) = world.observe(&reachable(3), "/rd-lookup/res?ep=b");
    assert_eq!((answer.code, answer.is_observed), (Code::CONTENT, false));
    let (second, answer) = world.observe(&reachable(2), "/rd-lookup/res");
    assert!(answer.is_observed, "what is kept already takes no more");
    world.cancel(second);
    world.register(&host(1), "ep=c&base=coap://h", "</c>;title=xx");
    let (_, answer) = world.observe(&reachable(2), "/rd-lookup/res");
    assert_eq!(
        (answer.code, answer.is_observed),
        (Code::CONTENT, false),
        "what has outgrown the room is answered once"
    );
    assert!(text(&answer).contains("/c>"));
    assert_eq!(world.notifications(first)[0].code, Code::SERVICE_UNAVAILABLE);
    assert_eq!(world.notifications(first).len(), 0);
    assert_eq!(world.server.observations(), 0);
    assert!(world.observe(&reachable(3), "/rd-lookup/res?ep=b").1.is_observed, "there is room again");
}

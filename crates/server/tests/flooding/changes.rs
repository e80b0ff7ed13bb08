//! Changes.

use alloc::collections::BTreeMap;
use core::time::Duration;

use waypost_rest::{Code, Peer, Response};
use waypost_server::{FirstComeFirstRemembered, ServerConfig};

use crate::flood::*;
use crate::harness::*;

/// A server that takes twenty changes in a second, and ten of one client.
fn slow_world() -> World {
    world_with(|config| {
        (config.limits.changes_per_minute, config.limits.changes_per_minute_in_all) = (600, 1_200);
    })
}

fn register(world: &mut World, peer: &Peer, number: u16) -> Response {
    world.ask(peer, post("/rd", &format!("ep=many{number}"), "</a>"))
}

/// A document of so many KiB.
fn document(kibibytes: usize) -> String {
    format!("</a>;title=\"{}\"", "x".repeat(kibibytes * 1_024 - 13))
}

#[test]
fn of_whoever_registers_under_many_addresses_no_more_is_taken_than_of_all_together() {
    let mut world = slow_world();
    let answers: Vec<_> = (0..300).map(|number| register(&mut world, &reachable(number), number)).collect();
    assert_eq!(answers.iter().filter(|answer| answer.code == Code::CREATED).count(), 201);
    assert_eq!(answers[299].code, Code::SERVICE_UNAVAILABLE);
    assert_eq!(one(&mut world, 1_000).code, Code::CONTENT);
    wait_as_told(&mut world, &answers[299]);
    assert_eq!(register(&mut world, &reachable(1_000), 1_000).code, Code::CREATED);
}

#[test]
fn strangers_have_half_as_many_changes_of_their_own_and_more_as_soon_as_they_show_that_they_are_reachable() {
    let mut world = slow_world();
    let answers: Vec<_> = (0..300).map(|number| register(&mut world, &host(number), number)).collect();
    assert_eq!(answers.iter().filter(|answer| answer.code == Code::CREATED).count(), 101);
    assert_eq!(answers[299].code, Code::TOO_MANY_REQUESTS, "to which a transport adds an Echo value");
    assert_eq!(register(&mut world, &reachable(299), 299).code, Code::CREATED);
    assert_eq!(register(&mut world, &with_key(&host(300), 1), 300).code, Code::CREATED);
    wait_as_told(&mut world, &answers[299]);
    assert_eq!(register(&mut world, &host(1_000), 1_000).code, Code::CREATED);
}

#[test]
fn however_many_forge_renewals_those_of_reachable_clients_succeed() {
    let mut world = World::with(ServerConfig::default());
    let large = world.register(&reachable(0), "ep=large", &document(63));
    let small = [1, 2, 3, 4, 5].map(|number| world.register(&reachable(number), &format!("ep=n{number}"), "</a>"));
    for round in 0..10_000_u16 {
        world.now += Duration::from_millis(1);
        for forged in 0..2 {
            world.ask(&host(1_000 + (2 * round + forged) % 3_000), touch(&large));
        }
        let own = usize::from(round) % small.len();
        let renewed = world.ask(&reachable(1 + own as u16), touch(&small[own]));
        assert_eq!(renewed.code, Code::CHANGED, "in round {round}");
    }
}

#[test]
fn a_fleet_with_large_documents_renews_without_refusal() {
    let mut world = World::with(ServerConfig::default());
    let fleet: Vec<_> = (0..20)
        .map(|number| (reachable(number), world.register(&reachable(number), &format!("ep=n{number}"), &document(32))))
        .collect();
    for _ in 0..60 {
        world.now += Duration::from_secs(1);
        for (peer, location) in fleet.iter().cycle().take(1_000) {
            assert_eq!(world.ask(peer, touch(location)).code, Code::CHANGED);
        }
    }
}

#[test]
fn what_is_refused_for_its_sender_does_not_count_the_links_of_what_it_names() {
    let mut world = world_with(|config| {
        config.limits.changes_per_minute = 600;
        config.policy = Box::new(FirstComeFirstRemembered::new().accepting_unprotected());
    });
    let owner = with_key(&host(1), 1);
    let location = world.register(&owner, "ep=large", &document(63));
    for request in [touch(&format!("{location}?lt=100")), delete(&location)] {
        for _ in 0..45 {
            assert_eq!(world.ask(&with_key(&host(1), 2), request.clone()).code, Code::FORBIDDEN);
        }
    }
    assert_eq!(world.ask(&owner, touch(&format!("{location}?lt=100"))).code, Code::CHANGED);
}

#[test]
fn links_that_are_worked_on_count_for_each_kibibyte() {
    let mut world = slow_world();
    let location = world.register(&reachable(1), "ep=large", &document(9));
    world.pass(60);
    let answers: Vec<_> =
        (0..20).map(|number| world.ask(&reachable(1), touch(&format!("{location}?lt={}", 100 + number)))).collect();
    assert_eq!(answers.iter().filter(|answer| answer.code == Code::CHANGED).count(), 100 / 10 + 1);
    assert_eq!(answers[19].code, Code::TOO_MANY_REQUESTS);
}

#[test]
fn those_that_come_at_once_are_told_to_come_back_one_after_the_other() {
    for make in [reachable, host] {
        let mut world = slow_world();
        let rate = u64::from(if make(0).is_reachable { 20_u16 } else { 10 });
        let (mut asked, mut last) = (0, 0);
        let mut coming = BTreeMap::<u64, Vec<u16>>::from([(0, (0..2_000).collect())]);
        let start = world.now;
        while let Some((second, numbers)) = coming.pop_first() {
            world.pass((start + Duration::from_secs(second)).saturating_since(world.now).as_secs());
            asked += numbers.len();
            last = second;
            for number in numbers {
                let answer = register(&mut world, &make(number), number);
                if answer.code != Code::CREATED {
                    let told = u64::from(answer.max_age.expect("a time to wait"));
                    assert!(told <= 60);
                    coming.entry(second + told).or_default().push(number);
                }
            }
        }
        let at_best = 2_000 / rate - 10;
        assert!((at_best - 1..at_best * 5 / 4).contains(&last), "{last} s");
        assert!(asked <= 5 * 2_000, "{asked}");
        assert_eq!(world.server.directory().len(), 100 + 2_000);
    }
}

#[test]
fn a_stranger_can_soon_show_that_it_is_reachable_though_others_spend_what_strangers_have() {
    let mut world = slow_world();
    for second in 0..60 {
        for number in 0..25 {
            register(&mut world, &host(second * 25 + number), 0);
        }
        world.pass(1);
    }
    // As many as are admitted in a second.
    let answers: Vec<_> = (0..11).map(|number| register(&mut world, &host(2_000 + number), 1)).collect();
    assert_eq!((answers[10].code, answers[10].max_age), (Code::TOO_MANY_REQUESTS, Some(1)));
}

#[test]
fn changes_of_one_client_have_a_rate_at_which_each_kibibyte_of_links_counts_like_a_request() {
    let mut world = world_with(|config| config.limits.changes_per_minute = 600);
    let links = format!("</a>;title=\"{}\"", "x".repeat(3 * 1_024));
    let register = |world: &mut World, number| world.ask(&host(1), post("/rd", &format!("ep=own{number}"), &links));
    let answers: Vec<_> = (0..30).map(|number| register(&mut world, number)).collect();
    assert_eq!(answers.iter().filter(|answer| answer.code == Code::CREATED).count(), 100 / 4 + 1);
    assert_eq!((answers[29].code, answers[29].max_age), (Code::TOO_MANY_REQUESTS, Some(1)));
    assert_eq!(world.ask(&host(2), post("/rd", "ep=other", "</a>")).code, Code::CREATED);
    world.pass(1);
    assert_eq!(register(&mut world, 30).code, Code::CREATED);
}

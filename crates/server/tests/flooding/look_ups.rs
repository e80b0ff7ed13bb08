//! Look-ups that cost much, and those that are refused.

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;
use waypost_rest::Code;

use crate::flood::*;
use crate::harness::*;

#[test]
fn who_asks_for_everything_again_and_again_waits_and_gets_in_the_meantime_what_is_free() {
    let mut world = world();
    let answers: Vec<_> = (0..50).map(|_| everything(&mut world, 1)).collect();
    let answered = answers.iter().filter(|answer| answer.code == Code::CONTENT).count();
    assert!((1..10).contains(&answered), "{answered}");
    let refusal = answers.last().unwrap();
    assert_eq!(refusal.code, Code::TOO_MANY_REQUESTS, "{}", text(refusal));
    for uri in ["/rd-lookup/res?ep=node7", "/rd-lookup/ep?ep=node7", "/rd-lookup/ep?page=1&count=10"] {
        assert_eq!(world.ask(&reachable(1), get(uri)).code, Code::CONTENT, "{uri}");
    }
    wait_as_told(&mut world, refusal);
    assert_eq!(everything(&mut world, 1).code, Code::CONTENT);
}

#[test]
fn others_are_answered_while_somebody_asks_for_everything() {
    let mut world = world();
    for _ in 0..50 {
        everything(&mut world, 1);
        assert_eq!(one(&mut world, 2).code, Code::CONTENT);
    }
    assert_eq!(everything(&mut world, 1).code, Code::TOO_MANY_REQUESTS);
    assert_eq!(everything(&mut world, 2).code, Code::CONTENT);
}

#[test]
fn of_whoever_comes_under_many_addresses_nobody_gets_more_than_what_is_free() {
    let mut world = world();
    let answers: Vec<_> = (0..200).map(|number| everything(&mut world, number)).collect();
    assert!(answers.iter().filter(|answer| answer.code == Code::CONTENT).count() < 40);
    assert_eq!(answers[199].code, Code::SERVICE_UNAVAILABLE);
    assert_eq!(one(&mut world, 1_000).code, Code::CONTENT);
    wait_as_told(&mut world, &answers[199]);
    assert_eq!(everything(&mut world, 1_000).code, Code::CONTENT);
}

#[test]
fn those_who_are_refused_for_the_sake_of_all_are_not_all_told_to_come_back_at_once() {
    let mut world = world();
    let told = |answer: waypost_rest::Response| answer.max_age.filter(|_| answer.code == Code::SERVICE_UNAVAILABLE);
    let told: Vec<_> = (0..200).filter_map(|number| told(everything(&mut world, number))).collect();
    assert!(told.is_sorted() && told[told.len() - 1] > told[0] + 5, "{told:?}");
}

#[test]
fn however_much_strangers_look_up_the_others_are_answered() {
    let mut world = world();
    let answers: Vec<_> = (0..200).map(|number| world.ask(&host(number), get("/rd-lookup/res"))).collect();
    assert_eq!(answers[199].code, Code::TOO_MANY_REQUESTS, "to which a transport adds an Echo value");
    assert!(answers.iter().filter(|answer| answer.code == Code::CONTENT).count() < 20);
    assert_eq!(everything(&mut world, 199).code, Code::CONTENT);
    wait_as_told(&mut world, &answers[199]);
    assert_eq!(world.ask(&host(1_000), get("/rd-lookup/res")).code, Code::CONTENT);
}

#[test]
fn whoever_bears_the_address_of_another_spends_nothing_of_what_that_one_has() {
    let mut world = world_with(|config| {
        config.limits.observations_per_peer = 1;
        config.limits.registrations_per_peer = 1;
        config.limits.changes_per_minute = 10;
    });
    let (forged, victim) = (host(1_000), reachable(1_000));
    world.observe(&forged, "/rd-lookup/res?ep=node7");
    for number in 0..20 {
        world.ask(&forged, post("/rd", &format!("ep=forged{number}"), "</a>"));
    }
    assert_eq!(world.ask(&forged, post("/rd", "ep=forged", "")).code, Code::TOO_MANY_REQUESTS);
    assert_eq!(exhaust(&mut world, &forged).code, Code::TOO_MANY_REQUESTS);
    assert_eq!(world.ask(&victim, get("/rd-lookup/res")).code, Code::CONTENT);
    assert_eq!(world.ask(&victim, post("/rd", "ep=own", "</a>")).code, Code::CREATED);
    assert!(world.observe(&victim, "/rd-lookup/res?ep=node7").1.is_observed);
}

#[test]
fn who_is_refused_again_and_again_is_refused_unseen_and_gets_in_when_it_was_told() {
    let written = Arc::new(AtomicUsize::new(0));
    let mut world = world_with(|config| {
        config.limits.refused_look_ups = 2;
        config.policy = Box::new(Counting(written.clone()));
    });
    let refusal = exhaust(&mut world, &reachable(1));
    for _ in 0..19 {
        everything(&mut world, 1);
    }
    assert_eq!(one(&mut world, 1).code, Code::CONTENT);
    everything(&mut world, 1);
    written.store(0, Ordering::Relaxed);
    for _ in 0..1_000 {
        assert_eq!(everything(&mut world, 1).max_age, refusal.max_age);
        assert_eq!(one(&mut world, 1).code, Code::TOO_MANY_REQUESTS);
    }
    assert_eq!(written.load(Ordering::Relaxed), 0);
    assert_eq!(one(&mut world, 2).code, Code::CONTENT);
    wait_as_told(&mut world, &refusal);
    assert_eq!(everything(&mut world, 1).code, Code::CONTENT);
}

#[test]
fn who_alone_is_refused_what_is_free_is_told_so_while_all_together_are_overdrawn() {
    let mut world = world_with(|config| config.limits.refused_look_ups = 2);
    for number in 0..200 {
        everything(&mut world, number);
    }
    for _ in 0..21 {
        assert_eq!(everything(&mut world, 1_000).code, Code::SERVICE_UNAVAILABLE);
    }
    let refusal = one(&mut world, 1_000);
    assert_eq!(
        (refusal.code, text(&refusal).as_str()),
        (Code::TOO_MANY_REQUESTS, "more work than one client may cause")
    );
    assert_eq!(one(&mut world, 1_001).code, Code::CONTENT);
}

#[test]
fn others_get_what_is_free_however_many_are_refused() {
    let mut world = world_with(|config| config.limits.refused_look_ups = 2);
    for number in 0..2_000 {
        everything(&mut world, number);
    }
    assert_eq!(everything(&mut world, 3_000).code, Code::SERVICE_UNAVAILABLE);
    assert_eq!(one(&mut world, 3_000).code, Code::CONTENT);
}

#[test]
fn what_is_searched_in_vain_costs_as_well() {
    let mut world = world();
    for number in 0..3_000 {
        world.register(&host(number % 50), &format!("ep=small{number}&base=coap://h{number}"), "</a>,</b>");
    }
    let uri = "/rd-lookup/res?href=coap://h*&href=coap:*&anchor=coap://h7/x*";
    let answers: Vec<_> = (0..50).map(|_| world.ask(&reachable(1), get(uri))).collect();
    assert_eq!((answers[0].code, text(&answers[0]).as_str()), (Code::CONTENT, ""));
    assert_eq!(answers[49].code, Code::TOO_MANY_REQUESTS);
    assert_eq!(world.ask(&reachable(1), get("/rd-lookup/res?href=coap://h7/none")).code, Code::CONTENT);
}

#[test]
fn who_reads_a_large_registration_again_and_again_waits_but_not_for_what_it_has_or_what_is_small() {
    let mut world = world();
    let register = |world: &mut World, name: &str, bytes| {
        world.register(&reachable(1), name, &format!("</a>;title=\"{}\"", "x".repeat(bytes)))
    };
    let (large, small) = (register(&mut world, "ep=large", 60_000), register(&mut world, "ep=small", 100));
    let answers: Vec<_> = (0..10).map(|_| world.ask(&reachable(1), get(&large))).collect();
    assert_eq!(answers.iter().filter(|answer| answer.code == Code::CONTENT).count(), 4);
    let refusal = &answers[9];
    assert_eq!(refusal.code, Code::TOO_MANY_REQUESTS);
    let mut again = get(&large);
    again.etags.extend(answers[0].etag);
    assert_eq!(world.ask(&reachable(1), again).code, Code::VALID);
    assert_eq!(world.ask(&reachable(1), get(&small)).code, Code::CONTENT);
    assert_eq!(world.ask(&reachable(2), get(&large)).code, Code::CONTENT);
    wait_as_told(&mut world, refusal);
    assert_eq!(world.ask(&reachable(1), get(&large)).code, Code::CONTENT);
}

#[test]
fn a_look_costs_as_much_as_128_bytes_of_an_answer() {
    let rate = EVERYTHING;
    let mut world = world_with(|config| {
        (config.limits.look_up_work, config.limits.look_up_work_in_all) = (rate, 10 * rate);
    });
    let query = waypost_filter::Query::parse("anchor=coap*").unwrap();
    let mut found = world.server.directory().resources(world.now, &query);
    assert_eq!(found.by_ref().count(), 0);
    let cost = found.looks() * 128;
    assert!(cost > FREE as u64);
    let answers = core::iter::repeat_with(|| world.ask(&reachable(1), get("/rd-lookup/res?anchor=coap*")).code);
    let answered = answers.take_while(|code| *code == Code::CONTENT).count() as u64;
    assert_eq!(answered, 10 * rate / cost + 1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn whatever_is_asked_no_client_gets_more_than_its_rate(
        steps in prop::collection::vec((0_u64..4, 0_u16..3, 0_usize..5), 1..120),
    ) {
        let mut world = world();
        let (mut seconds, mut got) = (0, BTreeMap::<u16, u64>::new());
        for (passed, client, what) in steps {
            seconds += passed;
            world.pass(passed);
            let uri = ["res", "ep", "res?count=90", "res?page=3&count=90", "res?ep=node5"][what];
            let answer = world.ask(&reachable(client), get(&format!("/rd-lookup/{uri}")));
            prop_assert!([Code::CONTENT, Code::TOO_MANY_REQUESTS, Code::SERVICE_UNAVAILABLE].contains(&answer.code));
            if answer.payload.len() > FREE {
                *got.entry(client).or_default() += answer.payload.len() as u64;
            }
            let most = |rate| rate * (seconds + 11) + EVERYTHING;
            prop_assert!(got.values().all(|got| *got <= most(EVERYTHING / 10)));
            prop_assert!(got.values().sum::<u64>() <= most(EVERYTHING / 2));
        }
    }
}

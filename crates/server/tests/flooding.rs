//! Look-ups that cost much, and whoever asks for them again and again.

extern crate alloc;

mod harness;

use alloc::collections::BTreeMap;
use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};

use harness::*;
use proptest::prelude::*;
use waypost_rest::{Code, ExchangeId, Response, Service as _};
use waypost_server::{Client, Denial, Policy, ServerConfig, ServerLimits};

/// What a look-up of everything answers with, in bytes, and more.
const EVERYTHING: u64 = 200_000;
/// What is free.
const FREE: usize = 8 << 10;

/// A server with some fat registrations, which may work a tenth of what everything is for each client in a second.
fn world() -> World {
    world_with(|config| config)
}

fn world_with(more: impl FnOnce(ServerConfig) -> ServerConfig) -> World {
    let limits = ServerLimits {
        look_up_work: EVERYTHING / 10,
        look_up_work_in_all: EVERYTHING / 2,
        events: 0,
        ..ServerLimits::default()
    };
    let mut world = World::with(more(ServerConfig::default().with_limits(limits)));
    for number in 0..100 {
        let links: Vec<String> = (0..15).map(|link| format!("</{link}>;title=\"{}\"", "x".repeat(100))).collect();
        world.register(&host(number), &format!("ep=node{number}&base=coap://h{number}&et=fat"), &links.join(","));
    }
    world
}

/// Lets everybody do everything, and counts what is written.
#[derive(Debug)]
struct Counting(Arc<AtomicUsize>);

impl Policy for Counting {
    fn look_up(&self, _: &Client<'_>) -> Result<(), Denial> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn reveals_everything(&self) -> bool {
        true
    }
}

fn everything(world: &mut World, number: u16) -> Response {
    world.ask(&host(number), get("/rd-lookup/res"))
}

#[test]
fn who_asks_for_everything_again_and_again_waits_and_gets_in_the_meantime_what_is_free() {
    let mut world = world();
    let answers: Vec<_> = (0..50).map(|_| everything(&mut world, 1)).collect();
    let answered = answers.iter().filter(|answer| answer.code == Code::CONTENT).count();
    assert!((1..10).contains(&answered), "{answered}");
    let refusal = answers.last().unwrap();
    assert_eq!(refusal.code, Code::TOO_MANY_REQUESTS, "{}", text(refusal));
    for uri in ["/rd-lookup/res?ep=node7", "/rd-lookup/ep?ep=node7", "/rd-lookup/ep?page=1&count=10"] {
        assert_eq!(world.ask(&host(1), get(uri)).code, Code::CONTENT, "{uri}");
    }
    world.pass(u64::from(refusal.max_age.expect("a time to wait")));
    assert_eq!(everything(&mut world, 1).code, Code::CONTENT);
}

#[test]
fn others_are_answered_while_somebody_asks_for_everything() {
    let mut world = world();
    for _ in 0..50 {
        everything(&mut world, 1);
        world.get(&host(2), "/rd-lookup/ep?ep=node7");
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
    let bystander = host(1_000);
    assert_eq!(world.ask(&bystander, get("/rd-lookup/res?ep=node7")).code, Code::CONTENT);
    world.pass(u64::from(answers[199].max_age.expect("a time to wait")));
    assert_eq!(world.ask(&bystander, get("/rd-lookup/res")).code, Code::CONTENT);
}

#[test]
fn whoever_bears_the_address_of_another_spends_nothing_of_what_that_one_has() {
    let mut world = world_with(|mut config| {
        config.limits.observations_per_peer = 1;
        config.limits.registrations_per_peer = 1;
        config.limits.changes_per_minute = 10;
        config
    });
    let forged = host(1_000);
    let mut victim = forged.clone();
    victim.is_reachable = true;
    world.observe(&forged, "/rd-lookup/res?ep=node7");
    for number in 0..20 {
        everything(&mut world, 1_000);
        world.ask(&forged, post("/rd", &format!("ep=forged{number}"), "</a>"));
    }
    assert_eq!(world.ask(&forged, post("/rd", "ep=forged", "")).code, Code::TOO_MANY_REQUESTS);
    assert_eq!(everything(&mut world, 1_000).code, Code::TOO_MANY_REQUESTS);
    assert_eq!(world.ask(&victim, get("/rd-lookup/res")).code, Code::CONTENT);
    assert_eq!(world.ask(&victim, post("/rd", "ep=own", "</a>")).code, Code::CREATED);
    assert!(world.observe(&victim, "/rd-lookup/res?ep=node7").1.is_observed);
}

#[test]
fn who_is_refused_again_and_again_is_refused_unseen_and_gets_in_when_it_was_told() {
    let written = Arc::new(AtomicUsize::new(0));
    let mut world = world_with(|mut config| {
        config.limits.refused_look_ups = 2;
        config.with_policy(Counting(written.clone()))
    });
    let mut refusal = everything(&mut world, 1);
    while refusal.code == Code::CONTENT {
        refusal = everything(&mut world, 1);
    }
    for _ in 0..19 {
        everything(&mut world, 1);
    }
    assert_eq!(world.ask(&host(1), get("/rd-lookup/res?ep=node7")).code, Code::CONTENT);
    everything(&mut world, 1);
    written.store(0, Ordering::Relaxed);
    for _ in 0..1_000 {
        assert_eq!(everything(&mut world, 1).max_age, refusal.max_age);
        assert_eq!(world.ask(&host(1), get("/rd-lookup/res?ep=node7")).code, Code::TOO_MANY_REQUESTS);
    }
    assert_eq!(written.load(Ordering::Relaxed), 0);
    assert_eq!(world.ask(&host(2), get("/rd-lookup/res?ep=node7")).code, Code::CONTENT);
    world.pass(u64::from(refusal.max_age.expect("a time to wait")));
    assert_eq!(everything(&mut world, 1).code, Code::CONTENT);
}

#[test]
fn others_get_what_is_free_however_many_are_refused() {
    let mut world = world_with(|mut config| {
        config.limits.refused_look_ups = 2;
        config
    });
    for number in 0..2_000 {
        everything(&mut world, number);
    }
    assert_eq!(everything(&mut world, 3_000).code, Code::SERVICE_UNAVAILABLE);
    assert_eq!(world.ask(&host(3_000), get("/rd-lookup/res?ep=node7")).code, Code::CONTENT);
}

#[test]
fn of_whoever_registers_under_many_addresses_no_more_is_taken_than_of_all_together() {
    let mut world = world_with(|mut config| {
        (config.limits.changes_per_minute, config.limits.changes_per_minute_in_all) = (600, 1_200);
        config
    });
    world.pass(60);
    let answers: Vec<_> =
        (0..300).map(|number| world.ask(&host(number), post("/rd", &format!("ep=many{number}"), "</a>"))).collect();
    assert_eq!(answers.iter().filter(|answer| answer.code == Code::CREATED).count(), 201);
    assert_eq!(answers[299].code, Code::SERVICE_UNAVAILABLE);
    assert_eq!(world.ask(&host(1_000), get("/rd-lookup/res?ep=node7")).code, Code::CONTENT);
    world.pass(u64::from(answers[299].max_age.expect("a time to wait")));
    assert_eq!(world.ask(&host(1_000), post("/rd", "ep=late", "</a>")).code, Code::CREATED);
}

#[test]
fn changes_of_one_client_have_a_rate_at_which_each_kibibyte_of_links_counts_like_a_request() {
    let mut world = world_with(|mut config| {
        config.limits.changes_per_minute = 600;
        config
    });
    world.pass(60);
    let links = format!("</a>;title=\"{}\"", "x".repeat(3 * 1_024));
    let register = |world: &mut World, number| world.ask(&host(1), post("/rd", &format!("ep=own{number}"), &links));
    let answers: Vec<_> = (0..30).map(|number| register(&mut world, number)).collect();
    assert_eq!(answers.iter().filter(|answer| answer.code == Code::CREATED).count(), 100 / 4 + 1);
    assert_eq!((answers[29].code, answers[29].max_age), (Code::TOO_MANY_REQUESTS, Some(1)));
    assert_eq!(world.ask(&host(2), post("/rd", "ep=other", "</a>")).code, Code::CREATED);
    world.pass(1);
    assert_eq!(register(&mut world, 30).code, Code::CREATED);
}

#[test]
fn what_is_searched_in_vain_costs_as_well() {
    let mut world = world();
    for number in 0..3_000 {
        world.register(&host(number % 50), &format!("ep=small{number}&base=coap://h{number}"), "</a>,</b>");
    }
    let uri = "/rd-lookup/res?href=coap://h*&href=coap:*&anchor=coap://h7/x*";
    let answers: Vec<_> = (0..50).map(|_| world.ask(&host(1), get(uri))).collect();
    assert_eq!((answers[0].code, text(&answers[0]).as_str()), (Code::CONTENT, ""));
    assert_eq!(answers[49].code, Code::TOO_MANY_REQUESTS);
    assert_eq!(world.ask(&host(1), get("/rd-lookup/res?href=coap://h7/none")).code, Code::CONTENT);
}

#[test]
fn a_look_costs_as_much_as_128_bytes_of_an_answer() {
    let rate = EVERYTHING;
    let mut world = world_with(|mut config| {
        (config.limits.look_up_work, config.limits.look_up_work_in_all) = (rate, 10 * rate);
        config
    });
    let query = waypost_filter::Query::parse("anchor=coap*").unwrap();
    let mut found = world.server.directory().resources(world.now, &query);
    assert_eq!(found.by_ref().count(), 0);
    let cost = found.looks() * 128;
    assert!(cost > FREE as u64);
    let answers = core::iter::repeat_with(|| world.ask(&host(1), get("/rd-lookup/res?anchor=coap*")).code);
    let answered = answers.take_while(|code| *code == Code::CONTENT).count() as u64;
    assert_eq!(answered, 10 * rate / cost + 1);
}

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
    for number in 0..50 {
        world.register(&host(2), "ep=busy&et=fat", &format!("</{number}>"));
        world.let_ready();
    }
    assert!((1..20).contains(&world.taken(exchange).len()));
    assert_eq!(everything(&mut world, 1).code, Code::CONTENT);
}

#[test]
fn observers_that_wait_are_woken_one_after_the_other_and_nothing_is_written_in_vain() {
    let written = Arc::new(AtomicUsize::new(0));
    let mut world = world_with(|config| config.with_policy(Counting(written.clone())));
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
    for round in 0..3 {
        world.register(&host(1), "ep=node1&et=fat", &format!("</{round}>"));
        world.let_ready();
    }
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
    for number in 0..50 {
        world.register(&host(1), "ep=node1&et=fat", &format!("</{number}>"));
        world.let_ready();
    }
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
    let (first, answer) = world.observe(&client(), "/rd-lookup/res");
    assert!(answer.is_observed);
    world.register(&host(1), "ep=b&base=coap://h", &format!("</b>;title=\"{}\"", "x".repeat(50)));
    assert_eq!(world.notifications(first)[0].code, Code::CONTENT);
    let (_, answer) = world.observe(&client(), "/rd-lookup/res?ep=b");
    assert_eq!((answer.code, answer.is_observed), (Code::CONTENT, false));
    let (second, answer) = world.observe(&host(2), "/rd-lookup/res");
    assert!(answer.is_observed, "what is kept already takes no more");
    world.cancel(second);
    world.register(&host(1), "ep=c&base=coap://h", "</c>;title=xx");
    let (_, answer) = world.observe(&host(2), "/rd-lookup/res");
    assert_eq!(
        (answer.code, answer.is_observed),
        (Code::CONTENT, false),
        "what has outgrown the room is answered once"
    );
    assert!(text(&answer).contains("/c>"));
    assert_eq!(world.notifications(first)[0].code, Code::SERVICE_UNAVAILABLE);
    assert_eq!(world.notifications(first).len(), 0);
    assert_eq!(world.server.observations(), 0);
    assert!(world.observe(&client(), "/rd-lookup/res?ep=b").1.is_observed, "there is room again");
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
            let answer = world.ask(&host(client), get(&format!("/rd-lookup/{uri}")));
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

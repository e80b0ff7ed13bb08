//! What many observers of one look-up cost.

extern crate alloc;

mod harness;

use alloc::sync::Arc;
use core::sync::atomic::{AtomicUsize, Ordering};

use harness::*;
use waypost_directory::Endpoint;
use waypost_filter::Query;
use waypost_link_delta::{Basis, Limits, LinkDelta};
use waypost_link_format::LinkDocument;
use waypost_rest::{Code, ContentFormat, Method, Observe, Response, Service as _};
use waypost_server::{Client, Policy, ServerConfig};

/// Counts how often the server asks whether a registration may be shown: once for each in each rendering.
#[derive(Debug)]
struct Counting(Arc<AtomicUsize>);

impl Policy for Counting {
    fn reveals(&self, _: &Client<'_>, _: &Endpoint<'_>) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed);
        true
    }
}

#[test]
fn ten_thousand_observers_of_one_query_cost_one_rendering_per_change() {
    let count = Arc::new(AtomicUsize::new(0));
    let mut world = World::with(ServerConfig::default().with_policy(Counting(count.clone())));
    let location = world.register(&node(), "ep=node1&et=x", "</t>");
    for number in 0..10_000 {
        assert!(world.observe(&host(number), "/rd-lookup/ep?et=x").1.is_observed);
    }
    assert_eq!(count.swap(0, Ordering::Relaxed), 1, "the first answers share a rendering too");

    world.ask(&node(), touch(&format!("{location}?model=1")));
    let responses: Vec<_> = world.all_notifications().into_iter().map(|(_, response)| response).collect();
    assert_eq!(responses.len(), 10_000);
    assert_eq!(count.swap(0, Ordering::Relaxed), 1);
    assert!(responses.iter().all(|response| response.payload.as_ptr() == responses[0].payload.as_ptr()), "one body");

    world.register(&host(1), "ep=node2&et=y", "</t>");
    assert!(world.all_notifications().is_empty());
    assert_eq!(count.load(Ordering::Relaxed), 0, "what the query does not select costs nothing");
}

#[test]
fn ten_thousand_observers_by_deltas_cost_one_rendering_and_one_encoding_per_change() {
    const FORMAT: ContentFormat = ContentFormat(65_040);
    let count = Arc::new(AtomicUsize::new(0));
    let mut world = World::with(ServerConfig::default().with_policy(Counting(count.clone())));
    let location = world.register(&node(), "ep=node1&et=x&base=coap://h", "</1>,</2>,</3>");
    let exchanges: Vec<_> = (0..10_000)
        .map(|number| {
            let mut request = get("/rd-lookup/res?et=x").with_observe(Observe::Register);
            request.accept = Some(FORMAT);
            world.submit(&host(number), request)
        })
        .collect();
    assert_eq!(count.swap(0, Ordering::Relaxed), 3, "each link once");
    let is_one_body = |responses: &[Response]| {
        let mut payloads = responses.iter().map(|response| response.payload.as_ptr());
        let first = payloads.next();
        payloads.all(|payload| Some(payload) == first)
    };
    let first: Vec<_> = exchanges.into_iter().map(|exchange| world.answer(exchange).unwrap()).collect();
    assert!(is_one_body(&first) && first.iter().all(|response| response.is_observed));

    for links in ["</4>", "</5>"] {
        let delta = LinkDelta::between(LinkDocument::default(), LinkDocument::parse(links).unwrap());
        let patch = request(Method::IPatch, &location).with_payload(FORMAT, delta.encode());
        assert_eq!(world.ask(&node(), patch).code, Code::CHANGED);
        let there = world.server.directory().resources(world.now, &Query::all()).count();
        let responses: Vec<_> = world.all_notifications().into_iter().map(|(_, response)| response).collect();
        assert_eq!(responses.len(), 10_000);
        assert_eq!(count.swap(0, Ordering::Relaxed), there, "each link once");
        assert!(is_one_body(&responses));
        let limits = Limits { bytes: 1_000, links: 1 };
        let step = LinkDelta::decode(&responses[0].payload, &limits).unwrap();
        assert!(matches!(step.from(), Basis::State(_)), "a step, and no more than that");
    }
}

#[test]
fn ten_thousand_observers_of_a_page_are_not_notified_of_what_is_on_another() {
    let count = Arc::new(AtomicUsize::new(0));
    let mut world = World::with(ServerConfig::default().with_policy(Counting(count.clone())));
    for number in 0..3 {
        world.register(&host(number), &format!("ep=node{number}"), "");
    }
    for number in 0..10_000 {
        assert!(world.observe(&host(number), "/rd-lookup/ep?count=2&page=0").1.is_observed);
    }
    assert_eq!(count.swap(0, Ordering::Relaxed), 2);
    let register = |world: &mut World, number: u16| {
        world.ask(&host(number), post("/rd", &format!("ep=node{number}&model=1"), ""));
        world.all_notifications().len()
    };
    assert_eq!(register(&mut world, 2), 0);
    assert_eq!(count.swap(0, Ordering::Relaxed), 2, "one rendering tells that the page is as it was");
    assert_eq!(register(&mut world, 1), 10_000);
    assert_eq!(count.swap(0, Ordering::Relaxed), 2);
}

#[test]
fn those_who_were_told_are_passed_by_until_they_ask() {
    let mut world = World::new();
    let (slow, _) = world.observe(&host(1), "/rd-lookup/ep");
    let (quick, _) = world.observe(&host(2), "/rd-lookup/ep?count=5");
    for number in 3..10 {
        world.register(&host(number), &format!("ep=node{number}"), "");
        assert_eq!(world.told(), if number == 3 { vec![slow, quick] } else { vec![quick] });
        world.server.handle_ready(world.now, quick);
        assert_eq!(world.notifications(quick).len(), usize::from(number < 8), "the page is full then");
    }
    world.server.handle_ready(world.now, slow);
    let notifications = world.notifications(slow);
    assert_eq!(notifications.iter().map(|response| links(&text(response)).len()).collect::<Vec<_>>(), [7]);
    world.register(&host(10), "ep=node10", "");
    assert_eq!(world.told(), [slow, quick]);
}

#[test]
fn observations_leave_nothing_behind() {
    let mut config = waypost_directory::Config::new([1; 16], waypost_model::ReplicaId(1));
    // One watch is the server's own, for its log.
    config.limits.watches = 3;
    let mut world = World::over(waypost_directory::Directory::new(config), ServerConfig::default());
    for round in 0..50 {
        let (one, first) = world.observe(&reachable(1), &format!("/rd-lookup/ep?et={round}"));
        let (two, second) = world.observe(&reachable(1), &format!("/rd-lookup/ep?et={round}&count=1&page=0"));
        let (three, third) = world.observe(&reachable(1), &format!("/rd-lookup/res?et={round}"));
        assert!(first.is_observed && second.is_observed && third.is_observed, "two watches for three observers");
        let (_, fourth) = world.observe(&reachable(1), "/rd-lookup/res?rt=other");
        assert!(!fourth.is_observed, "no watch is left, so it is answered once");
        for exchange in [one, two, three] {
            world.cancel(exchange);
        }
    }
    assert_eq!(world.server.observations(), 0);
}

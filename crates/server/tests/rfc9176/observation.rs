//! Section 6.2: observing look-ups.

use waypost_rest::{Code, ContentFormat, Observe, Service as _};
use waypost_server::{ServerConfig, ServerLimits};

use crate::harness::*;

const LIGHTS: &str = concat!(
    r#"</west>;rt="tag:example.org,2020:light","#,
    r#"</south>;rt="tag:example.org,2020:light","#,
    r#"</east>;rt="tag:example.org,2020:light""#
);

#[test]
fn section_6_3_the_observation_of_figure_20() {
    let mut world = World::new();
    let uri = "/rd-lookup/res?rt=tag:example.org,2020:light";
    let (exchange, first) = world.observe(&client(), uri);
    assert!(first.is_observed);
    assert_eq!((first.code, text(&first).as_str()), (Code::CONTENT, ""));
    assert_eq!(first.content_format, Some(ContentFormat::LINK_FORMAT));
    world.register(&node(), "ep=lights&base=coap://[2001:db8:3::124]", LIGHTS);
    let notifications = world.notifications(exchange);
    assert_eq!(notifications.len(), 1);
    assert!(notifications[0].is_observed);
    assert_eq!(
        text(&notifications[0]),
        "<coap://[2001:db8:3::124]/west>;rt=\"tag:example.org,2020:light\",\
         <coap://[2001:db8:3::124]/south>;rt=\"tag:example.org,2020:light\",\
         <coap://[2001:db8:3::124]/east>;rt=\"tag:example.org,2020:light\""
    );
}

#[test]
fn section_6_2_every_kind_of_change_is_notified_and_zero_links_are_a_success() {
    let mut world = World::new();
    let (exchange, _) = world.observe(&client(), "/rd-lookup/ep?et=x");
    let location = world.register(&node(), "ep=a&et=x&lt=100", "</1>");
    assert_eq!(world.notifications(exchange).len(), 1, "entered");
    world.ask(&node(), touch(&format!("{location}?model=2")));
    assert_eq!(world.notifications(exchange).len(), 1, "changed");
    world.ask(&node(), touch(&format!("{location}?et=y")));
    let left = world.notifications(exchange);
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].code, text(&left[0]).as_str()), (Code::CONTENT, ""));
    world.ask(&node(), touch(&format!("{location}?et=x")));
    assert_eq!(world.notifications(exchange).len(), 1);
    world.pass(100);
    assert_eq!(world.notifications(exchange).len(), 1, "expired");
    world.ask(&node(), touch(&location));
    assert_eq!(world.notifications(exchange).len(), 1, "refreshed");
    world.ask(&node(), delete(&location));
    let removed = world.notifications(exchange);
    assert_eq!((removed.len(), text(&removed[0]).as_str()), (1, ""));
}

#[test]
fn section_6_2_what_does_not_change_the_answer_is_not_notified() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=a&et=x", "</1>;rt=r");
    let (endpoints, _) = world.observe(&client(), "/rd-lookup/ep?et=x");
    let (resources, _) = world.observe(&client(), "/rd-lookup/res?et=x");
    world.ask(&node(), touch(&location));
    world.ask(&node(), touch(&format!("{location}?lt=500")));
    world.ask(&node(), touch(&format!("{location}?et=x")));
    world.register(&node(), "ep=a&et=x", "</1>;rt=r");
    world.register(&node(), "ep=b&et=y", "</1>;rt=r");
    assert!(world.notifications(endpoints).is_empty());
    assert!(world.notifications(resources).is_empty());
    world.ask(&node(), touch(&format!("{location}?model=2")));
    assert_eq!(world.notifications(endpoints).len(), 1);
    assert!(world.notifications(resources).is_empty(), "attributes of the endpoint are not shown there");
}

#[test]
fn section_6_2_a_page_can_be_observed() {
    let mut world = World::new();
    world.register(&node(), "ep=a&base=coap://h", "</0>,</1>,</2>");
    let (exchange, first) = world.observe(&client(), "/rd-lookup/res?count=2&page=0");
    assert_eq!(text(&first), "<coap://h/0>,<coap://h/1>");
    world.register(&node(), "ep=a&base=coap://h", "</0>,</1>,</3>");
    assert!(world.notifications(exchange).is_empty(), "the change is on another page");
    world.register(&node(), "ep=a&base=coap://h", "</0>");
    assert_eq!(world.notifications(exchange).iter().map(text).collect::<Vec<_>>(), ["<coap://h/0>"]);
}

#[test]
fn section_6_2_a_slow_observer_gets_the_last_state_once() {
    let mut world = World::new();
    let (exchange, _) = world.observe(&client(), "/rd-lookup/ep");
    for number in 0..10 {
        world.register(&host(number), &format!("ep=node{number}"), "");
    }
    assert_eq!(world.told(), [exchange], "told once, however much changes");
    world.server.handle_ready(world.now, exchange);
    let notifications = world.notifications(exchange);
    assert_eq!(notifications.len(), 1);
    assert_eq!(links(&text(&notifications[0])).len(), 10);
}

#[test]
fn section_6_2_a_change_that_was_undone_is_not_notified() {
    let mut world = World::new();
    let (exchange, _) = world.observe(&client(), "/rd-lookup/ep");
    let location = world.register(&node(), "ep=a", "");
    world.ask(&node(), delete(&location));
    assert!(world.notifications(exchange).is_empty());
}

#[test]
fn section_6_1_observers_see_what_is_link_local_on_their_link_only() {
    let mut world = World::new();
    let (near, _) = world.observe(&neighbour(1), "/rd-lookup/res");
    let (far, _) = world.observe(&client(), "/rd-lookup/res");
    let (other, _) = world.observe(&neighbour(2), "/rd-lookup/res");
    world.register(&neighbour(1), "ep=a", "</t>");
    assert_eq!(world.notifications(near).len(), 1);
    assert!(world.notifications(far).is_empty());
    assert!(world.notifications(other).is_empty());
}

#[test]
fn section_6_1_observers_see_a_registration_go_to_another_link_under_the_same_address() {
    let mut world = World::new();
    let location = world.register(&neighbour(1), "ep=a", "</t>");
    let (left, first) = world.observe(&neighbour(1), "/rd-lookup/res");
    let (entered, second) = world.observe(&neighbour(2), "/rd-lookup/res");
    assert_eq!((text(&first).as_str(), text(&second).as_str()), ("<coap://[fe80::17]/t>", ""));
    world.ask(&neighbour(2), touch(&location));
    assert_eq!(text(&world.notifications(left)[0]), "");
    assert_eq!(text(&world.notifications(entered)[0]), "<coap://[fe80::17]/t>");
    world.register(&neighbour(1), "ep=a", "</t>");
    assert_eq!(text(&world.notifications(left)[0]), "<coap://[fe80::17]/t>");
    assert_eq!(text(&world.notifications(entered)[0]), "");
}

#[test]
fn section_6_2_an_observation_ends_when_it_is_cancelled() {
    let mut world = World::new();
    let (exchange, _) = world.observe(&client(), "/rd-lookup/ep");
    assert_eq!(world.server.observations(), 1);
    world.cancel(exchange);
    assert_eq!(world.server.observations(), 0);
    world.register(&node(), "ep=a", "");
    assert!(world.notifications(exchange).is_empty());
    world.cancel(exchange);
}

#[test]
fn section_6_2_a_new_request_under_the_same_name_takes_the_place_of_an_observation() {
    let mut world = World::new();
    let (exchange, _) = world.observe(&client(), "/rd-lookup/ep");
    world.server.handle_request(world.now, exchange, &client(), get("/rd-lookup/ep"));
    assert_eq!(world.server.observations(), 0);
}

#[test]
fn section_6_2_an_observer_that_is_ready_without_a_change_is_not_notified() {
    let mut world = World::new();
    world.register(&node(), "ep=a", "");
    let (exchange, _) = world.observe(&client(), "/rd-lookup/ep?lt-age");
    world.pass(10);
    world.server.handle_ready(world.now, exchange);
    assert!(world.notifications(exchange).is_empty());
}

#[test]
fn section_6_2_a_known_representation_can_start_an_observation() {
    let mut world = World::new();
    world.register(&node(), "ep=a", "");
    let known = world.ask(&client(), get("/rd-lookup/ep"));
    let mut request = get("/rd-lookup/ep").with_observe(Observe::Register);
    request.etags.push(known.etag.unwrap());
    let exchange = world.submit(&client(), request);
    let response = world.answer(exchange).unwrap();
    assert_eq!((response.code, response.is_observed), (Code::VALID, true));
    world.register(&host(1), "ep=b", "");
    assert_eq!(world.notifications(exchange).len(), 1);
}

#[test]
fn section_6_2_a_failed_lookup_is_not_observed() {
    let mut world = World::new();
    let exchange = world.submit(&client(), get("/rd-lookup/ep?page=1").with_observe(Observe::Register));
    assert_eq!(world.answer(exchange).unwrap().code, Code::BAD_REQUEST);
    assert_eq!(world.server.observations(), 0);
}

#[test]
fn section_6_2_an_answer_that_grows_too_large_ends_the_observation_with_an_error() {
    let limits = ServerLimits { answer_bytes: 200, ..ServerLimits::default() };
    let mut world = World::with(ServerConfig::default().with_limits(limits));
    let (exchange, first) = world.observe(&client(), "/rd-lookup/res");
    assert!(first.is_observed);
    world.register(&node(), "ep=a", &(0..20).map(|number| format!("</{number}>")).collect::<Vec<_>>().join(","));
    let notifications = world.notifications(exchange);
    assert_eq!(notifications.iter().map(|response| response.code).collect::<Vec<_>>(), [Code::BAD_REQUEST]);
    assert_eq!(world.server.observations(), 0);
}

#[test]
fn section_6_2_over_the_limit_a_lookup_is_answered_but_not_observed() {
    let limits = ServerLimits { observations: 3, observations_per_peer: 2, ..ServerLimits::default() };
    let mut world = World::with(ServerConfig::default().with_limits(limits));
    let is_observed = |world: &mut World, peer| world.observe(&peer, "/rd-lookup/ep").1.is_observed;
    assert!(is_observed(&mut world, reachable(1)) && is_observed(&mut world, reachable(1)));
    assert!(!is_observed(&mut world, reachable(1)));
    assert!(is_observed(&mut world, reachable(2)));
    assert!(!is_observed(&mut world, reachable(3)));
    assert_eq!(world.server.observations(), 3);
}

//! The application that hosts the server uses the directory beside the network.

mod harness;

use core::time::Duration;

use harness::*;
use waypost_directory::{Scope, WatchChange};
use waypost_filter::Query;
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{Authority, Base, Change, EndpointName, Location, Registration, ReplicaId, Version};
use waypost_rest::{Code, Service as _};
use waypost_server::{Event, Server, ServerConfig, ServerLimits};

fn door() -> Registration {
    let links = LinkDocumentBuf::parse(r#"</door>;rt="lock""#).unwrap();
    Registration::new(EndpointName::new("door").unwrap(), Base::given("coap://[2001:db8::5]").unwrap(), links)
}

#[test]
fn what_the_application_registers_is_found_and_notified_on_the_network() {
    let mut world = World::new();
    let (exchange, _) = world.observe(&client(), "/rd-lookup/res?rt=lock");
    let now = world.now;
    let registered = world.server.directory_mut().register(now, door()).unwrap();
    let notifications = world.notifications(exchange);
    assert_eq!(text(&notifications[0]), r#"<coap://[2001:db8::5]/door>;rt="lock""#);
    world.server.directory_mut().remove(now, &registered.location).unwrap();
    assert_eq!(text(&world.notifications(exchange)[0]), "");
}

#[test]
fn what_the_network_registers_is_found_in_process() {
    let mut world = World::new();
    world.register(&host(1), "ep=node1", "</t>;rt=temp");
    let query = "rt=temp".parse().unwrap();
    let targets: Vec<_> =
        world.server.directory().resources(world.now, &query).map(|r| r.target().into_owned()).collect();
    assert_eq!(targets, ["coap://[2001:db8:4::1]/t"]);
}

#[test]
fn watches_of_the_application_work_beside_those_of_the_server() {
    let mut world = World::new();
    let now = world.now;
    let watch = world.server.directory_mut().watch(now, Scope::Endpoints, Query::all()).unwrap();
    let (exchange, _) = world.observe(&client(), "/rd-lookup/ep");
    let location = world.register(&host(1), "ep=node1", "");
    assert_eq!(world.notifications(exchange).len(), 1);
    let directory = world.server.directory_mut();
    let event = directory.poll_watch().unwrap();
    assert_eq!((event.watch, event.location.as_str(), event.what), (watch, location.as_str(), WatchChange::Entered));
    assert!(directory.poll_watch().is_none());
}

#[test]
fn refusals_are_told_of_up_to_so_many_in_a_minute_and_then_how_many_more_there_were() {
    let mut world = World::new();
    let most = ServerLimits::default().events_per_minute;
    for minute in 0..2 {
        for _ in 0..most + 7 {
            assert_eq!(world.ask(&host(1), post("/rd", "", "")).code, Code::BAD_REQUEST);
        }
        assert_eq!(world.events().len(), most, "minute {minute}");
        let end = world.server.poll_timeout().expect("something to tell");
        world.now = end;
        world.server.handle_timeout(end);
        assert_eq!(world.events(), [Event::RefusedMore { count: 7 }]);
        assert_eq!(world.server.poll_timeout(), None);
    }
}

#[test]
fn a_directory_that_is_taken_back_is_not_watched_any_more() {
    let mut world = World::new();
    world.observe(&client(), "/rd-lookup/ep");
    let now = world.now;
    let mut directory = world.server.into_directory();
    directory.register(now, door()).unwrap();
    assert!(directory.poll_watch().is_none());
}

#[test]
fn a_server_can_be_moved_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Server>();
}

#[test]
fn events_tell_what_happened() {
    let mut world = World::new();
    let location = world.register(&host(1), "ep=node1&lt=60", "");
    world.register(&host(1), "ep=node1&lt=60", "</t>");
    world.ask(&host(1), touch(&location));
    world.ask(&host(1), touch(&format!("{location}?et=x")));
    world.ask(&host(2), post("/rd", "lt=x", ""));
    world.pass(60);
    world.ask(&host(1), touch(&location));
    world.ask(&host(1), delete(&location));
    let log: Vec<_> = world.events().iter().map(ToString::to_string).collect();
    let peer = "coap://[2001:db8:4::1]";
    assert_eq!(
        log,
        [
            format!("registered {location} as \"node1\" by {peer}"),
            format!("registered again {location} as \"node1\" by {peer}"),
            format!("renewed {location} by {peer}"),
            format!("updated {location} by {peer}"),
            String::from(
                "refused \"/rd\" to coap://[2001:db8:4::2]: 4.00 \"lt: must be a number from 1 to 4294967295\""
            ),
            format!("expired {location}"),
            format!("renewed {location} by {peer}"),
            format!("removed {location} by {peer}"),
        ]
    );
}

#[test]
fn the_oldest_events_are_dropped_where_nobody_takes_them() {
    let limits = ServerLimits { events: 3, ..ServerLimits::default() };
    let mut world = World::with(ServerConfig::default().with_limits(limits));
    for number in 0..5 {
        world.register(&host(1), &format!("ep=node{number}"), "");
    }
    let events = world.events();
    assert_eq!(events[0], Event::Missed { count: 2 });
    assert!(events[1..].iter().all(|event| matches!(event, Event::Registered { .. })) && events.len() == 4);
    assert_eq!(world.events(), []);
}

#[test]
fn nobody_fills_a_log_by_renewals_or_by_registrations() {
    let limits = ServerLimits { events_per_minute: 3, ..ServerLimits::default() };
    let mut world = World::with(ServerConfig::default().with_limits(limits));
    let locations: Vec<_> =
        (0..5).map(|number| world.register(&host(1), &format!("ep=node{number}&lt=90"), "")).collect();
    for location in &locations {
        world.ask(&host(1), touch(location));
    }
    let told = |events: Vec<Event>| events.iter().map(|event| event.to_string()[..7].to_owned()).collect::<Vec<_>>();
    assert_eq!(told(world.events()), ["registe", "registe", "registe", "renewed", "renewed", "renewed"]);
    world.pass(60);
    assert_eq!(world.events(), [Event::ChangedMore { count: 2 }, Event::RenewedMore { count: 2 }]);
    world.pass(40);
    assert_eq!(told(world.events()), ["expired", "expired", "expired"]);
}

#[test]
fn what_happens_after_a_minute_that_was_full_is_told_of() {
    let limits = ServerLimits { events_per_minute: 3, ..ServerLimits::default() };
    let mut world = World::with(ServerConfig::default().with_limits(limits));
    for number in 0..3 {
        world.register(&host(1), &format!("ep=node{number}&lt=86400"), "");
    }
    assert_eq!(world.events().len(), 3);
    world.now += Duration::from_secs(86_400);
    world.server.handle_timeout(world.now);
    let events = world.events();
    assert_eq!(events.len(), 3);
    assert!(events.iter().all(|event| matches!(event, Event::Expired { .. })), "{events:?}");
}

#[test]
fn a_refusal_in_a_log_is_of_bounded_size() {
    let mut world = World::new();
    let name = "x".repeat(5000);
    assert_eq!(world.ask(&host(1), get(&format!("/{name}"))).code, Code::NOT_FOUND);
    let response = world.ask(&host(1), post("/rd", &format!("ep=a&{name} =1"), ""));
    assert!(response.payload.len() < 200);
    for event in world.events() {
        assert!(event.to_string().len() < 400);
        assert!(matches!(event, Event::Refused { .. }));
    }
}

#[test]
fn registrations_of_other_directories_are_shown_as_full_uris() {
    // The feed of one directory, applied at another, with the origin as the other knows it.
    let mut there = World::over(directory_of(ReplicaId(2)), ServerConfig::default());
    there.register(&host(1), "ep=node1", "</t>");
    let nothing = Version::new();
    let changes: Vec<_> =
        there.server.directory().feed(there.now, &nothing).unwrap().map(|change| change.to_change()).collect();
    let mut here = World::new();
    let authority = Authority::new("coap://other.example").unwrap();
    for change in changes {
        let Change::Put { record, age } = change else { continue };
        let local = record.location.clone().map_or_else(|| "/rd/1".into(), |location| location.as_str().to_owned());
        let location = Location::new(&format!("coap://other.example{local}")).unwrap();
        let record = Box::new(record.at(authority.clone(), location));
        let now = here.now;
        here.server.directory_mut().apply(now, Change::Put { record, age }).unwrap();
    }
    let found = here.get(&client(), "/rd-lookup/ep");
    assert!(found.starts_with("<coap://other.example/rd/"), "{found}");
    assert_eq!(here.get(&client(), "/rd-lookup/ep?href=/*"), "", "so that local ones can be told apart");
    assert_eq!(here.get(&client(), "/rd-lookup/res"), "<coap://[2001:db8:4::1]/t>");
    assert_eq!(here.ask(&client(), delete("/rd/1")).code, Code::NOT_FOUND);
    let location = Location::new(found[1..].split('>').next().unwrap()).unwrap();
    assert!(!location.is_local());
}

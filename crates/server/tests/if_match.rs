//! If-Match on the registration resource (RFC 7252 section 5.10.8.1).

mod harness;

use harness::*;
use proptest::prelude::*;
use waypost_link_delta::{LinkDelta, Tag};
use waypost_link_format::LinkDocument;
use waypost_rest::{Code, ContentFormat, ETag, IfMatch, Method, Request, Response, Service as _};
use waypost_server::{EchoConfig, FirstComeFirstRemembered, ServerConfig};

const LINKS: &str = r#"</temp>;rt="temperature-c""#;

fn other() -> IfMatch {
    IfMatch::ETag(ETag::of(b"</other>"))
}

fn put(uri: &str, links: &str) -> Request {
    let delta = LinkDelta::between(LinkDocument::default(), LinkDocument::parse(links).unwrap());
    request(Method::IPatch, uri).with_payload(ContentFormat(65_040), delta.encode())
}

/// One request of each method that a registration takes.
fn requests(location: &str) -> [Request; 5] {
    let mut patch = put(location, "</x>");
    patch.method = Method::Patch;
    [get(location), touch(location), patch, put(location, "</x>"), delete(location)]
}

fn is_unmet(response: &Response) -> bool {
    (response.code, &*text(response)) == (Code::PRECONDITION_FAILED, "if-match: not the present state")
}

#[test]
fn a_request_is_served_where_one_of_the_states_that_it_presumes_is_the_present_one() {
    for number in 0..5 {
        for present in [|etag| IfMatch::ETag(etag), |_| IfMatch::Exists] {
            let mut world = World::new();
            let location = world.register(&node(), "ep=node1", LINKS);
            let etag = world.ask(&node(), get(&location)).etag.unwrap();
            let [plain, conditional] = [0, 1].map(|_| requests(&location)[number].clone());
            let conditional = conditional.with_if_match(other()).with_if_match(present(etag));
            let code = world.ask(&node(), conditional).code;
            let mut world = World::new();
            world.register(&node(), "ep=node1", LINKS);
            assert!(code.is_success());
            assert_eq!(code, world.ask(&node(), plain).code, "as if it presumed nothing");
        }
    }
}

#[test]
fn a_request_that_presumes_another_state_is_refused_and_has_no_effect() {
    for number in 0..5 {
        let mut world = World::new();
        let location = world.register(&node(), "ep=node1&lt=100", LINKS);
        world.pass(50);
        let request = requests(&location)[number].clone().with_if_match(other());
        assert!(is_unmet(&world.ask(&node(), request)));
        assert_eq!(world.get(&node(), &location), LINKS);
        world.pass(50);
        assert_eq!(world.get(&client(), "/rd-lookup/ep"), "", "what is refused does not renew");
    }
}

#[test]
fn what_is_not_there_is_in_no_state() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1", LINKS);
    world.ask(&node(), delete(&location));
    for uri in [&location[..], "/rd/4521", "/nowhere"] {
        for request in requests(uri) {
            assert_eq!(world.ask(&node(), request.clone()).code, Code::NOT_FOUND, "{uri}");
            assert!(is_unmet(&world.ask(&node(), request.clone().with_if_match(IfMatch::Exists))), "{uri}");
            assert!(is_unmet(&world.ask(&node(), request.with_if_match(other()))), "{uri}");
        }
    }
}

#[test]
fn of_two_who_change_what_they_have_read_the_second_is_told_to_read_again() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1", LINKS);
    let read = |world: &mut World| IfMatch::ETag(world.ask(&client(), get(&location)).etag.unwrap());
    let [one, two] = [read(&mut world), read(&mut world)];
    assert_eq!(world.ask(&host(1), put(&location, "</one>").with_if_match(one)).code, Code::CHANGED);
    assert!(is_unmet(&world.ask(&host(2), put(&location, "</two>").with_if_match(two))));
    let two = read(&mut world);
    let changed = world.ask(&host(2), put(&location, "</two>").with_if_match(two));
    assert_eq!(changed.code, Code::CHANGED);
    assert_eq!(links(&world.get(&client(), &location)), ["</one>", "</temp>;rt=\"temperature-c\"", "</two>"]);

    // The answer has the name of what there is now.
    let last = IfMatch::ETag(changed.etag.unwrap());
    assert_eq!(world.ask(&host(2), delete(&location).with_if_match(last)).code, Code::DELETED);
}

#[test]
fn the_state_is_that_of_the_links_alone() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1&base=coap://a", LINKS);
    let state = IfMatch::ETag(world.ask(&node(), get(&location)).etag.unwrap());
    for query in ["lt=100", "base=coap://b", "floor=3"] {
        let update = touch(&format!("{location}?{query}"));
        assert_eq!(world.ask(&node(), update.with_if_match(state)).code, Code::CHANGED);
    }
}

#[test]
fn it_is_heeded_on_registrations_alone() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1", LINKS);
    for uri in ["/rd", "/rd-lookup/res", "/rd-lookup/ep", "/.well-known/core", "/.well-known/rd"] {
        assert!(!world.server.heeds_if_match(&get(uri)), "{uri}");
    }
    assert!(world.server.heeds_if_match(&delete(&location)) && world.server.heeds_if_match(&get("/nowhere")));
}

#[test]
fn who_may_not_change_a_registration_does_not_learn_its_state() {
    let mut world = World::with(ServerConfig::default().with_policy(FirstComeFirstRemembered::new()));
    let location = world.register(&with_key(&node(), 1), "ep=node1", LINKS);
    let state = IfMatch::ETag(world.ask(&with_key(&node(), 1), get(&location)).etag.unwrap());
    for presumed in [state, other()] {
        let request = delete(&location).with_if_match(presumed);
        assert_eq!(world.ask(&with_key(&node(), 2), request).code, Code::FORBIDDEN);
    }
    assert!(is_unmet(&world.ask(&with_key(&node(), 1), delete(&location).with_if_match(other()))));
}

#[test]
fn a_request_that_may_be_old_is_to_be_repeated_whatever_it_presumes() {
    let mut world = World::with(ServerConfig::default().with_echo(EchoConfig::new([7; 16])));
    let location = world.register(&node(), "ep=node1", LINKS);
    let request = delete(&location).with_if_match(other());
    let stale = world.ask(&node(), request.clone());
    assert_eq!(stale.code, Code::UNAUTHORIZED);
    assert!(is_unmet(&world.ask(&node(), echoing(request, &stale.echo.unwrap()))));
}

proptest! {
    #[test]
    fn a_delta_and_if_match_that_presume_the_same_are_served_alike(known in 0..3_u8, present in 0..3_u8) {
        let [known, present] = [known, present].map(|state| format!("</{state}>"));
        let mut world = World::new();
        let location = world.register(&node(), "ep=node1", &present);
        let etag = ETag::of(known.as_bytes());
        let response = world.ask(&node(), put(&location, "</x>").with_if_match(IfMatch::ETag(etag)));
        prop_assert_eq!(response.code, if known == present { Code::CHANGED } else { Code::PRECONDITION_FAILED });

        let mut world = World::new();
        world.register(&node(), "ep=node1", &present);
        let delta = LinkDelta::between(LinkDocument::default(), LinkDocument::parse("</x>").unwrap());
        let delta = delta.starting_from(Tag::new(etag.as_bytes()).unwrap());
        let patch = request(Method::IPatch, &location).with_payload(ContentFormat(65_040), delta.encode());
        let same = world.ask(&node(), patch);
        prop_assert_eq!(same.code, if known == present { Code::CHANGED } else { Code::CONFLICT });
        prop_assert_eq!(same.etag, response.etag);
    }
}

//! Section 5.3: operations on the registration resource.

use waypost_rest::{Code, ContentFormat, Method};

use crate::harness::*;

#[test]
fn section_5_3_after_its_lifetime_a_registration_is_not_found() {
    let mut world = World::new();
    world.register(&node(), "ep=node1&lt=100", "</t>");
    world.pass(99);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?ep=node1")).len(), 1);
    world.pass(1);
    assert_eq!(world.get(&client(), "/rd-lookup/res?ep=node1"), "");
    assert_eq!(world.get(&client(), "/rd-lookup/ep?ep=node1"), "");
}

#[test]
fn section_5_3_an_expired_registration_can_still_be_refreshed() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1&lt=100", "</t>");
    world.pass(150);
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "");
    assert_eq!(world.ask(&node(), touch(&location)).code, Code::CHANGED);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res")).len(), 1);
}

#[test]
fn section_5_3_an_expired_registration_is_collected_eventually() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1&lt=100", "</t>");
    let kept = world.server.directory().config().limits.expired_kept.as_secs();
    world.pass(100 + kept + 1);
    assert_eq!(world.ask(&node(), touch(&location)).code, Code::NOT_FOUND);
    assert_eq!(world.register(&node(), "ep=node1", "</t>"), location);
}

#[test]
fn section_5_3_1_an_update_resets_the_timeout_with_and_without_lt() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1&lt=100", "</t>");
    for _ in 0..3 {
        world.pass(75);
        assert_eq!(world.ask(&node(), touch(&location)).code, Code::CHANGED);
    }
    world.pass(99);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep")).len(), 1);
    assert_eq!(world.ask(&node(), touch(&format!("{location}?lt=300"))).code, Code::CHANGED);
    world.pass(299);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep")).len(), 1);
    // The lifetime of the last update stays.
    assert_eq!(world.ask(&node(), touch(&location)).code, Code::CHANGED);
    world.pass(299);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep")).len(), 1);
    world.pass(1);
    assert_eq!(world.get(&client(), "/rd-lookup/ep"), "");
}

#[test]
fn section_5_3_1_a_new_base_resolves_the_links_anew() {
    let mut world = World::new();
    let payload = concat!(
        r#"</sensors/temp>;rt=temperature-c;if=sensor,"#,
        r#"<http://www.example.com/sensors/temp>;anchor="/sensors/temp";rel=describedby"#
    );
    let location = world.register(&node(), "ep=endpoint1&lt=500&base=coap://local-proxy-old.example.com", payload);
    assert_eq!(
        world.get(&client(), "/rd-lookup/res?ep=endpoint1"),
        "<coap://local-proxy-old.example.com/sensors/temp>;rt=\"temperature-c\";if=\"sensor\",\
         <http://www.example.com/sensors/temp>;anchor=\"coap://local-proxy-old.example.com/sensors/temp\";\
         rel=\"describedby\""
    );
    let response = world.ask(&node(), touch(&format!("{location}?base=coaps://new.example.com")));
    assert_eq!(response.code, Code::CHANGED);
    assert_eq!(
        world.get(&client(), "/rd-lookup/res?ep=endpoint1"),
        "<coaps://new.example.com/sensors/temp>;rt=\"temperature-c\";if=\"sensor\",\
         <http://www.example.com/sensors/temp>;anchor=\"coaps://new.example.com/sensors/temp\";rel=\"describedby\""
    );
}

#[test]
fn section_5_3_1_a_base_that_was_given_is_kept() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1&base=coap://given.example", "</t>");
    world.ask(&host(9), touch(&location));
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "<coap://given.example/t>");
    // Also one that was given in an update.
    let location = world.register(&node(), "ep=node1", "</t>");
    world.ask(&node(), touch(&format!("{location}?base=coap://later.example")));
    world.ask(&host(9), touch(&location));
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "<coap://later.example/t>");
}

#[test]
fn section_5_3_1_a_base_that_was_never_given_follows_the_source_of_the_update() {
    let mut world = World::new();
    let location = world.register(&host(1), "ep=node1", "</t>");
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "<coap://[2001:db8:4::1]/t>");
    world.ask(&host(2), touch(&location));
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "<coap://[2001:db8:4::2]/t>");
    // Onto a link, where it is then hidden from others, and back.
    world.ask(&neighbour(5), touch(&location));
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "");
    assert_eq!(world.get(&neighbour(5), "/rd-lookup/res"), "<coap://[fe80::17]/t>");
    world.ask(&host(3), touch(&location));
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "<coap://[2001:db8:4::3]/t>");
}

#[test]
fn section_5_3_1_the_base_of_an_update_obeys_the_rules_of_the_registration() {
    let mut world = World::new();
    let location = world.register(&host(1), "ep=node1", "</t>");
    for base in ["node1", "coap://[fe80::1%2525eth0]", "coap://[fe80::1]"] {
        let response = world.ask(&host(1), touch(&format!("{location}?base={base}")));
        assert_eq!(response.code, Code::BAD_REQUEST, "{base}");
        assert!(text(&response).starts_with("base: "));
    }
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "<coap://[2001:db8:4::1]/t>");
}

#[test]
fn section_5_3_1_attributes_override_those_of_the_same_name_and_no_others() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1&et=a&et=b&model=x1", "</t>");
    assert_eq!(world.ask(&node(), touch(&format!("{location}?et=c&new=1"))).code, Code::CHANGED);
    let found = world.get(&client(), "/rd-lookup/ep");
    for attribute in [r#"et="c""#, r#"model="x1""#, r#"new="1""#] {
        assert!(found.contains(attribute), "{found}");
    }
    assert!(!found.contains(r#"et="a""#) && !found.contains(r#"et="b""#), "{found}");
    assert_eq!(world.get(&client(), "/rd-lookup/ep?et=a"), "");
}

#[test]
fn section_5_3_1_name_and_sector_cannot_be_changed() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1", "</t>");
    for name in ["ep", "d"] {
        let response = world.ask(&node(), touch(&format!("{location}?{name}=node1")));
        assert_eq!((response.code, text(&response)), (Code::BAD_REQUEST, format!("{name}: not accepted here")));
    }
}

#[test]
fn section_5_3_1_an_update_with_a_payload_changes_nothing() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1&lt=100", "</t>");
    world.pass(50);
    let response = world.ask(&node(), post(&location, "lt=500", "</u>"));
    assert_eq!((response.code, text(&response).as_str()), (Code::BAD_REQUEST, "payload: none expected"));
    world.pass(50);
    assert_eq!(world.get(&client(), "/rd-lookup/ep"), "");
}

#[test]
fn section_5_3_1_an_update_of_an_unknown_registration_is_not_found() {
    let mut world = World::new();
    for path in ["/rd/4521", "/rd/", "/rd/4521/", "/4521"] {
        assert_eq!(world.ask(&node(), touch(path)).code, Code::NOT_FOUND);
    }
    let location = world.register(&node(), "ep=node1", "");
    assert_eq!(world.ask(&node(), touch(&format!("{location}/"))).code, Code::NOT_FOUND);
}

#[test]
fn section_5_3_2_removal() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1", "</t>");
    assert_eq!(world.ask(&node(), delete(&location)).code, Code::DELETED);
    assert_eq!(world.get(&client(), "/rd-lookup/ep"), "");
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "");
    assert_eq!(world.ask(&node(), delete(&location)).code, Code::NOT_FOUND);
    assert_eq!(world.ask(&node(), touch(&location)).code, Code::NOT_FOUND);
    assert_eq!(world.register(&node(), "ep=node1", "</t>"), location, "the location of a name is stable");
}

#[test]
fn section_5_3_3_get_returns_the_links_as_they_were_registered() {
    let mut world = World::new();
    let payload = r#"</a>;rt=x,<http://example.com/b>;anchor="/a";rel=describedby"#;
    let location = world.register(&node(), "ep=node1&lt=100", payload);
    let response = world.ask(&node(), get(&location));
    assert_eq!((response.code, response.content_format), (Code::CONTENT, Some(ContentFormat::LINK_FORMAT)));
    assert_eq!(text(&response), payload);
    let mut request = get(&location);
    request.etags.push(response.etag.unwrap());
    assert_eq!(world.ask(&node(), request).code, Code::VALID);
    let mut request = get(&location);
    request.accept = Some(ContentFormat(60));
    assert_eq!(world.ask(&node(), request).code, Code::NOT_ACCEPTABLE);
    assert_eq!(world.ask(&node(), get("/rd/4521")).code, Code::NOT_FOUND);
}

#[test]
fn section_5_3_3_other_methods_are_not_allowed() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1", "</t>");
    for method in [Method::Put, Method::Fetch] {
        assert_eq!(world.ask(&node(), request(method, &location)).code, Code::METHOD_NOT_ALLOWED);
    }
    assert_eq!(world.ask(&node(), request(Method::Put, "/rd/4521")).code, Code::NOT_FOUND);
}

//! Section 5: registration; section 5.2: third parties.

use waypost_rest::{Code, Peer};

use crate::harness::*;

const PAYLOAD: &str = concat!(
    r#"</sensors/temp>;rt=temperature-c;if=sensor,"#,
    r#"<http://www.example.com/sensors/temp>;anchor="/sensors/temp";rel=describedby"#
);

#[test]
fn section_5_a_registration_is_created_and_its_location_returned() {
    let mut world = World::new();
    let response = world.ask(&node(), post("/rd", "ep=node1", PAYLOAD));
    assert_eq!(response.code, Code::CREATED);
    assert_eq!(response.location_path[0], "rd");
    assert_eq!(response.location_path.len(), 2);
    assert!(response.payload.is_empty());
}

#[test]
fn section_5_registering_twice_gives_one_resource() {
    let mut world = World::new();
    let first = world.register(&node(), "ep=node1", PAYLOAD);
    let second = world.register(&host(1), "ep=node1", "</other>");
    assert_eq!(first, second);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep")).len(), 1);
}

#[test]
fn section_5_registering_again_replaces_content_and_parameters() {
    let mut world = World::new();
    world.register(&node(), "ep=node1&base=coap://a.example&et=x&battery=low&lt=60", "</old>;rt=x");
    world.register(&node(), "ep=node1&et=y", "</new>");
    let found = world.get(&client(), "/rd-lookup/ep?ep=node1");
    assert!(found.contains(r#"et="y""#) && found.contains(r#"base="coap://[2001:db8:3::123]:61616""#), "{found}");
    assert!(!found.contains("battery") && !found.contains(r#"et="x""#), "{found}");
    assert_eq!(world.get(&client(), "/rd-lookup/res?ep=node1"), "<coap://[2001:db8:3::123]:61616/new>");
    world.pass(100);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep?ep=node1")).len(), 1, "the lifetime is replaced as well");
}

#[test]
fn section_5_endpoint_names_are_unique_in_a_sector_only() {
    let mut world = World::new();
    let none = world.register(&node(), "ep=node1", "</a>");
    let one = world.register(&node(), "ep=node1&d=floor-1", "</b>");
    let two = world.register(&node(), "ep=node1&d=floor-2", "</c>");
    assert!(none != one && one != two && none != two);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep?ep=node1")).len(), 3);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?d=floor-2")).len(), 1);
}

#[test]
fn section_5_a_location_cannot_be_guessed_from_the_name() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1", "");
    assert!(!location.contains("node1"));
}

#[test]
fn section_5_ep_and_d_are_1_to_63_bytes_without_control_characters() {
    let mut world = World::new();
    let long = "x".repeat(63);
    for name in [long.as_str(), "a b", "ä", "Malmö/1", "*"] {
        assert_eq!(world.ask(&node(), post("/rd", &format!("ep={name}&d={name}"), "")).code, Code::CREATED);
    }
    let over = "x".repeat(64);
    for name in ["", over.as_str(), "a%00b", "a%1Fb", "a%7Fb", "a%C2%80b", "a%C2%9Fb"] {
        let response = world.ask(&node(), post("/rd", &format!("ep={name}"), ""));
        assert_eq!(response.code, Code::BAD_REQUEST);
        assert!(text(&response).starts_with("ep: "), "{}", text(&response));
        let response = world.ask(&node(), post("/rd", &format!("ep=e&d={name}"), ""));
        assert_eq!(response.code, Code::BAD_REQUEST);
        assert!(text(&response).starts_with("d: "), "{}", text(&response));
    }
}

#[test]
fn section_5_a_missing_name_is_refused() {
    let mut world = World::new();
    let response = world.ask(&node(), post("/rd", "d=floor-1", PAYLOAD));
    assert_eq!((response.code, text(&response).as_str()), (Code::BAD_REQUEST, "ep: missing"));
}

#[test]
fn section_5_repeated_parameters_are_refused_by_name() {
    let mut world = World::new();
    for (name, value) in [("ep", "e"), ("d", "d"), ("lt", "60"), ("base", "coap://x")] {
        let mut query = String::from("ep=e&d=d&lt=60&base=coap://x");
        query.push_str(&format!("&{name}={value}"));
        let response = world.ask(&node(), post("/rd", &query, ""));
        assert_eq!((response.code, text(&response)), (Code::BAD_REQUEST, format!("{name}: repeated")));
    }
    assert_eq!(world.server.directory().len(), 0);
}

#[test]
fn section_5_lifetimes_are_1_to_4294967295_seconds() {
    let mut world = World::new();
    for lifetime in ["1", "4294967295"] {
        assert_eq!(world.ask(&node(), post("/rd", &format!("ep=a&lt={lifetime}"), "")).code, Code::CREATED);
    }
    for lifetime in ["0", "4294967296", "-1", "%2B5", "abc", "", "1.5", "99999999999999999999999"] {
        let response = world.ask(&node(), post("/rd", &format!("ep=b&lt={lifetime}"), ""));
        assert_eq!(response.code, Code::BAD_REQUEST, "{lifetime}");
        assert!(text(&response).starts_with("lt: "));
    }
}

#[test]
fn section_5_the_default_lifetime_is_90000_seconds() {
    let mut world = World::new();
    world.register(&node(), "ep=node1", PAYLOAD);
    world.pass(89_999);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep")).len(), 1);
    world.pass(1);
    assert_eq!(world.get(&client(), "/rd-lookup/ep"), "");
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "");
}

#[test]
fn section_5_without_base_the_source_of_the_request_is_the_base() {
    let mut world = World::new();
    world.register(&Peer::new("coap://[2001:db8::1]"), "ep=a", "</t>");
    world.register(&Peer::new("coaps+ws://192.0.2.7:8443"), "ep=b", "</t>");
    assert_eq!(world.get(&client(), "/rd-lookup/res?ep=a"), "<coap://[2001:db8::1]/t>");
    assert_eq!(world.get(&client(), "/rd-lookup/res?ep=b"), "<coaps+ws://192.0.2.7:8443/t>");
}

#[test]
fn section_5_a_base_must_be_able_to_resolve() {
    let mut world = World::new();
    for base in ["", "node1", "/path", "urn:ex:1", "coap://", "coap://[fe80::1%25eth0]", "coap://[::1", "co ap://x"] {
        let response =
            world.ask(&neighbour(1), post("/rd", &format!("ep=a&base={}", base.replace('%', "%25")), "</t>"));
        assert_eq!(response.code, Code::BAD_REQUEST, "{base}");
        assert!(text(&response).starts_with("base: "), "{}", text(&response));
    }
    assert_eq!(world.server.directory().len(), 0);
}

#[test]
fn section_5_a_link_local_base_must_be_on_the_link_of_the_request() {
    let mut world = World::new();
    let response = world.ask(&node(), post("/rd", "ep=a&base=coap://[fe80::1]", "</t>"));
    assert_eq!(response.code, Code::BAD_REQUEST);
    assert!(text(&response).starts_with("base: "));
    assert_eq!(world.ask(&neighbour(3), post("/rd", "ep=a&base=coap://[fe80::1]", "</t>")).code, Code::CREATED);
}

#[test]
fn section_5_unknown_parameters_are_stored_with_all_their_values() {
    let mut world = World::new();
    world.register(&node(), "ep=node1&model=x1&et=a&et=b&flag&text=a%22b%5Cc%20%C3%A4", "</t>");
    let found = world.get(&client(), "/rd-lookup/ep?ep=node1");
    for attribute in [r#"model="x1""#, r#"et="a""#, r#"et="b""#, ";flag", r#"text="a\"b\\c ä""#] {
        assert!(found.contains(attribute), "{attribute} in {found}");
    }
    for query in ["model=x1", "et=a", "et=b", "flag", "text=a%22*", "model=*"] {
        assert_eq!(links(&world.get(&client(), &format!("/rd-lookup/ep?{query}"))).len(), 1, "{query}");
    }
    assert_eq!(world.get(&client(), "/rd-lookup/ep?et=c"), "");
}

#[test]
fn section_5_what_the_directory_says_itself_cannot_be_set_as_an_attribute() {
    let mut world = World::new();
    for name in ["rt", "href", "anchor", "page", "count", "provenance", "lt-age", "lt-remaining", "EP", "Base", "LT"] {
        let response = world.ask(&node(), post("/rd", &format!("ep=a&{name}=1"), ""));
        assert_eq!(response.code, Code::BAD_REQUEST, "{name}");
        assert!(text(&response).starts_with(&format!("{name}: ")));
    }
}

#[test]
fn section_9_3_the_name_of_a_parameter_must_be_able_to_name_an_attribute() {
    let mut world = World::new();
    for argument in ["=x", "a%20b=1", "a%22=1", "%C3%A4=1", "a;b=1", "a%3Eb"] {
        let response = world.ask(&node(), post("/rd", &format!("ep=a&{argument}"), ""));
        assert_eq!(response.code, Code::BAD_REQUEST, "{argument}");
    }
}

#[test]
fn section_5_a_payload_must_be_in_limited_link_format() {
    let mut world = World::new();
    for (payload, offset) in [
        ("garbage", 0),
        ("</a>;rt=\"", 9),
        ("</a>,", 5),
        ("<a>", 1),
        ("</a>;anchor=\"b\"", 13),
        ("</a> ;rt=x", 4),
        ("</a>;href=x", 5),
    ] {
        let response = world.ask(&node(), post("/rd", "ep=a", payload));
        assert_eq!(response.code, Code::BAD_REQUEST, "{payload}");
        let diagnostic = text(&response);
        assert!(
            diagnostic.starts_with("payload: ") && diagnostic.ends_with(&format!("at byte {offset}")),
            "{diagnostic}"
        );
    }
    let mut request = post("/rd", "ep=a", "");
    request.payload = vec![b'<', b'/', 0xFF, b'>'].into();
    assert_eq!(world.ask(&node(), request).code, Code::BAD_REQUEST);
    assert_eq!(world.server.directory().len(), 0);
}

#[test]
fn section_6_1_zone_identifiers_do_not_come_in_with_links_either() {
    let mut world = World::new();
    for payload in
        ["<coap://[fe80::1%25eth0]/x>", "<coap://[fe80::1%eth0]/x>", r#"</x>;anchor="coap://[fe80::1%25eth0]/""#]
    {
        assert_eq!(world.ask(&neighbour(1), post("/rd", "ep=a", payload)).code, Code::BAD_REQUEST, "{payload}");
    }
}

#[test]
fn section_5_an_empty_payload_registers_an_endpoint_without_links() {
    let mut world = World::new();
    world.register(&node(), "ep=node1", "");
    let response = world.ask(&node(), touch("/rd?ep=node2"));
    assert_eq!(response.code, Code::CREATED);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep")).len(), 2);
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "");
}

#[test]
fn section_5_a_payload_without_content_format_is_read_as_link_format() {
    let mut world = World::new();
    let mut request = post("/rd", "ep=node1", "</t>");
    request.content_format = None;
    assert_eq!(world.ask(&node(), request).code, Code::CREATED);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res")).len(), 1);
}

#[test]
fn section_5_2_a_third_party_registers_with_a_base() {
    let mut world = World::new();
    let tool = client();
    world.register(&tool, "ep=lm1&base=coap://[2001:db8:4::1]", "</light>");
    world.register(&tool, "ep=lm2&base=coap://[2001:db8:4::2]:61616", "</light>");
    assert_eq!(
        links(&world.get(&client(), "/rd-lookup/res")),
        ["<coap://[2001:db8:4::1]/light>", "<coap://[2001:db8:4::2]:61616/light>"]
    );
}

//! Section 4: URI discovery, content formats.

use waypost_link_format::LinkDocumentBuf;
use waypost_rest::{Code, ContentFormat, Method};
use waypost_server::{Path, Paths, ServerConfig};

use crate::harness::*;

#[test]
fn section_4_3_discovery_shows_registration_and_both_lookups_with_hints() {
    let mut world = World::new();
    assert_eq!(
        world.get(&client(), "/.well-known/core?rt=core.rd*"),
        "</rd>;rt=\"core.rd\";ct=\"40 65040\",</rd-lookup/res>;rt=\"core.rd-lookup-res\";ct=\"40 65040\";obs,\
         </rd-lookup/ep>;rt=\"core.rd-lookup-ep\";ct=\"40 65040\";obs"
    );
}

#[test]
fn section_4_3_the_rt_filter_selects_exactly_and_by_prefix() {
    let mut world = World::new();
    assert_eq!(world.get(&client(), "/.well-known/core?rt=core.rd"), r#"</rd>;rt="core.rd";ct="40 65040""#);
    assert_eq!(links(&world.get(&client(), "/.well-known/core?rt=core.rd-lookup*")).len(), 2);
    assert_eq!(
        world.get(&client(), "/.well-known/core?rt=core.rd-lookup-ep"),
        r#"</rd-lookup/ep>;rt="core.rd-lookup-ep";ct="40 65040";obs"#
    );
}

#[test]
fn section_4_3_the_first_link_is_the_path_of_the_registration_interface() {
    let mut world = World::new();
    assert!(world.get(&client(), "/.well-known/core").starts_with("</rd>"));
}

#[test]
fn section_4_3_what_is_discovered_works() {
    let paths = Paths {
        registration: Path::new("/resourcedirectory/").unwrap(),
        resources: Path::new("/resource-lookup/").unwrap(),
        endpoints: Path::new("/endpoint-lookup/").unwrap(),
        ..Paths::default()
    };
    let mut world = World::with(ServerConfig::default().with_paths(paths));
    let found = world.get(&client(), "/.well-known/core?rt=core.rd");
    assert_eq!(found, r#"</resourcedirectory/>;rt="core.rd";ct="40 65040""#);
    let response = world.ask(&node(), post("/resourcedirectory/", "ep=node1", "</t>"));
    assert_eq!(response.code, Code::CREATED);
    assert_eq!(links(&world.get(&client(), "/resource-lookup/")).len(), 1);
    assert_eq!(links(&world.get(&client(), "/endpoint-lookup/")).len(), 1);
    assert_eq!(world.ask(&client(), get("/rd-lookup/res")).code, Code::NOT_FOUND);
}

#[test]
fn section_4_3_the_implementation_link_comes_last_and_is_found_by_its_relation() {
    let mut world = World::new();
    let found = world.get(&client(), "/.well-known/core?rel=impl-info");
    assert!(found.starts_with("<https://") && found.ends_with(r#">;rel="impl-info""#), "{found}");
    assert!(world.get(&client(), "/.well-known/core").ends_with(&found));
    let mut world = World::with(ServerConfig::default().with_implementation(None));
    assert_eq!(world.get(&client(), "/.well-known/core?rel=impl-info"), "");
}

#[test]
fn section_4_3_links_of_the_application_are_shown_too() {
    let links = LinkDocumentBuf::parse(r#"</clock>;rt="ex.clock";sz=12"#).unwrap();
    let mut world = World::with(ServerConfig::default().with_links(links));
    assert_eq!(world.get(&client(), "/.well-known/core?rt=ex.clock"), r#"</clock>;sz=12;rt="ex.clock""#);
    assert!(world.get(&client(), "/.well-known/core").starts_with("</rd>"));
}

#[test]
fn section_4_3_links_to_interfaces_on_other_hosts_can_be_shown() {
    let links = LinkDocumentBuf::parse(r#"<coap://[2001:db8:23::2]/rd-lookup/ep>;rt="core.rd-lookup-ep""#).unwrap();
    let mut world = World::with(ServerConfig::default().with_links(links));
    let found = world.get(&client(), "/.well-known/core?rt=core.rd-lookup-ep");
    assert!(found.ends_with(r#",<coap://[2001:db8:23::2]/rd-lookup/ep>;rt="core.rd-lookup-ep""#), "{found}");
}

#[test]
fn section_4_1_a_multicast_request_without_a_match_is_not_answered() {
    let mut world = World::new();
    let mut request = get("/.well-known/core?rt=core.ps");
    request.is_multicast = true;
    let exchange = world.submit(&client(), request);
    assert!(world.is_silent(exchange));
    let mut request = get("/.well-known/core?rt=core.rd*");
    request.is_multicast = true;
    assert_eq!(world.ask(&client(), request).code, Code::CONTENT);
}

#[test]
fn section_4_1_a_multicast_request_for_anything_but_discovery_is_neither_answered_nor_obeyed() {
    let mut world = World::new();
    for mut request in [
        post("/rd", "ep=node1", "</t>"),
        get("/rd-lookup/ep"),
        touch("/.well-known/rd?ep=node1"),
        get("/nothing"),
        request(Method::Put, "/.well-known/core"),
    ] {
        request.is_multicast = true;
        let exchange = world.submit(&client(), request);
        assert!(world.is_silent(exchange));
    }
    assert!(world.has_no_request());
    assert_eq!(world.server.directory().len(), 0);
}

#[test]
fn section_4_2_link_format_is_supported_and_what_is_not_supported_is_said() {
    let mut world = World::new();
    let mut request = post("/rd", "ep=node1", "</t>");
    request.content_format = Some(ContentFormat(64));
    assert_eq!(world.ask(&node(), request).code, Code::UNSUPPORTED_CONTENT_FORMAT);
    for uri in ["/.well-known/core", "/rd-lookup/res", "/rd-lookup/ep"] {
        let mut request = get(uri);
        request.accept = Some(ContentFormat(64));
        assert_eq!(world.ask(&client(), request).code, Code::NOT_ACCEPTABLE);
        let mut request = get(uri);
        request.accept = Some(ContentFormat::LINK_FORMAT);
        assert_eq!(world.ask(&client(), request).code, Code::CONTENT);
    }
}

#[test]
fn section_4_unknown_paths_and_methods_are_refused() {
    let mut world = World::new();
    assert_eq!(world.ask(&client(), get("/nothing")).code, Code::NOT_FOUND);
    assert_eq!(world.ask(&client(), get("/")).code, Code::NOT_FOUND);
    for (method, uri) in [
        (Method::Get, "/rd"),
        (Method::Put, "/rd"),
        (Method::Delete, "/rd"),
        (Method::Get, "/.well-known/rd"),
        (Method::Put, "/.well-known/core"),
        (Method::Post, "/rd-lookup/ep"),
        (Method::Delete, "/rd-lookup/res"),
        (Method::Fetch, "/rd-lookup/res"),
    ] {
        assert_eq!(world.ask(&client(), request(method, uri)).code, Code::METHOD_NOT_ALLOWED, "{method} {uri}");
    }
}

#[test]
fn registrants_can_be_sent_elsewhere() {
    let elsewhere = |uri: &str| LinkDocumentBuf::parse(format!(r#"<{uri}>;rt="core.rd""#)).unwrap();
    let config = ServerConfig::default().with_registration_elsewhere(elsewhere("coap://rd.example/rd"));
    let mut world = World::with(config);
    assert_eq!(
        world.get(&client(), "/.well-known/core?rt=core.rd*"),
        "<coap://rd.example/rd>;rt=\"core.rd\",</rd-lookup/res>;rt=\"core.rd-lookup-res\";ct=\"40 65040\";obs,\
         </rd-lookup/ep>;rt=\"core.rd-lookup-ep\";ct=\"40 65040\";obs"
    );
    for path in ["/rd", "/.well-known/rd", "/.well-known/core"] {
        let refused = world.ask(&node(), post(path, "ep=node1", "</t>")).code;
        assert!(matches!(refused, Code::NOT_FOUND | Code::METHOD_NOT_ALLOWED), "{path}: {refused}");
    }
    world.server.send_registrants_to(elsewhere("coap://other.example/rd"));
    assert!(world.get(&client(), "/.well-known/core").starts_with("<coap://other.example/rd>"));
}

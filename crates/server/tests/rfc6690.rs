//! What RFC 6690 requires of a server, section by section, through the transport seam alone.

mod harness;

use harness::*;
use waypost_link_format::{LinkDocument, LinkDocumentBuf};
use waypost_rest::{Code, ContentFormat};
use waypost_server::ServerConfig;

/// The links of the examples in section 5, beside those of the directory.
fn world() -> World {
    let links = LinkDocumentBuf::parse(concat!(
        r#"</sensors>;ct=40;title="Sensor Index","#,
        r#"</sensors/temp>;rt="temperature-c";if="sensor","#,
        r#"</sensors/light>;rt="light-lux core.sen-light";if="sensor","#,
        r#"<http://www.example.com/sensors/t123>;anchor="/sensors/temp";rel="describedby","#,
        r#"</t>;anchor="/sensors/temp";rel="alternate""#
    ));
    World::with(ServerConfig::default().with_links(links.unwrap()))
}

#[test]
fn section_4_the_well_known_resource_is_link_format() {
    let mut world = world();
    let response = world.ask(&client(), get("/.well-known/core"));
    assert_eq!((response.code, response.content_format), (Code::CONTENT, Some(ContentFormat::LINK_FORMAT)));
    assert_eq!(LinkDocument::parse(&text(&response)).unwrap().links().count(), 9);
}

#[test]
fn section_4_no_links_are_a_payload_of_length_zero() {
    let mut world = world();
    let response = world.ask(&client(), get("/.well-known/core?rt=nothing"));
    assert_eq!((response.code, response.payload.len()), (Code::CONTENT, 0));
    assert_eq!(response.content_format, Some(ContentFormat::LINK_FORMAT));
}

#[test]
fn section_4_1_a_filter_matches_a_value_exactly() {
    let mut world = world();
    let found = r#"</sensors/temp>;rt="temperature-c";if="sensor""#;
    assert_eq!(world.get(&client(), "/.well-known/core?rt=temperature-c"), found);
    assert_eq!(world.get(&client(), "/.well-known/core?rt=temperature"), "");
    let found = r#"</sensors>;ct="40";title="Sensor Index""#;
    assert_eq!(world.get(&client(), "/.well-known/core?title=Sensor%20Index"), found);
}

#[test]
fn section_4_1_each_of_several_relation_values_is_tried() {
    let mut world = world();
    for value in ["light-lux", "core.sen-light", "core.sen-*", "light*"] {
        assert!(world.get(&client(), &format!("/.well-known/core?rt={value}")).starts_with("</sensors/light>"));
    }
    assert_eq!(world.get(&client(), "/.well-known/core?rt=light-lux%20core.sen-light"), "");
}

#[test]
fn section_4_1_a_star_matches_a_prefix_and_alone_whatever_has_the_attribute() {
    let mut world = world();
    assert_eq!(links(&world.get(&client(), "/.well-known/core?if=sens*")).len(), 2);
    assert_eq!(links(&world.get(&client(), "/.well-known/core?title=*")).len(), 1);
    assert_eq!(links(&world.get(&client(), "/.well-known/core?anchor=*")).len(), 2);
    assert_eq!(links(&world.get(&client(), "/.well-known/core?obs=*")).len(), 2);
}

#[test]
fn section_4_1_href_filters_by_target_and_anchor_by_context() {
    let mut world = world();
    assert_eq!(links(&world.get(&client(), "/.well-known/core?href=/sensors*")).len(), 3);
    assert_eq!(world.get(&client(), "/.well-known/core?href=/sensors"), r#"</sensors>;ct="40";title="Sensor Index""#);
    assert_eq!(
        links(&world.get(&client(), "/.well-known/core?anchor=/sensors/temp")),
        [
            r#"</t>;anchor="/sensors/temp";rel="alternate""#,
            r#"<http://www.example.com/sensors/t123>;anchor="/sensors/temp";rel="describedby""#
        ]
    );
}

#[test]
fn section_4_1_a_multicast_query_without_a_match_gets_no_response() {
    let mut world = world();
    for (query, is_silent) in [("rt=nothing", true), ("rt=temperature-c", false), ("count=x", true)] {
        let mut request = get(&format!("/.well-known/core?{query}"));
        request.is_multicast = true;
        let exchange = world.submit(&client(), request);
        assert_eq!(world.is_silent(exchange), is_silent, "{query}");
    }
}

#[test]
fn section_4_the_representation_has_an_etag() {
    let mut world = world();
    let response = world.ask(&client(), get("/.well-known/core?rt=core.rd"));
    let mut request = get("/.well-known/core?rt=core.rd");
    request.etags.push(response.etag.unwrap());
    assert_eq!(world.ask(&client(), request).code, Code::VALID);
}

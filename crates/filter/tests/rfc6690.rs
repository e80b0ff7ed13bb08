//! RFC 6690 section 4.1 (query filtering), requirement by requirement, on the examples of section 5.

use waypost_filter::{Query, select};
use waypost_link_format::LinkDocument;

/// The document that section 5 filters by anchor.
const SENSORS: &str = r#"</sensors>;ct=40;title="Sensor Index",</sensors/temp>;rt="temperature-c";if="sensor",</sensors/light>;rt="light-lux";if="sensor",<http://www.example.com/sensors/t123>;anchor="/sensors/temp";rel="describedby",</t>;anchor="/sensors/temp";rel="alternate""#;

/// The targets of the links of `document` that `query` selects.
fn targets<'a>(document: &'a str, query: &str) -> Vec<&'a str> {
    let query = Query::parse(query).unwrap();
    let document = LinkDocument::parse(document).unwrap();
    select(document, &query).map(|link| link.target()).collect()
}

#[test]
fn s4_1_without_a_query_every_link_is_returned() {
    assert_eq!(targets(SENSORS, "").len(), 5);
}

#[test]
fn s4_1_an_empty_document_has_no_links_to_return() {
    assert!(targets("", "rt=*").is_empty());
    assert!(targets("", "").is_empty());
}

#[test]
fn s4_1_one_name_and_value_select() {
    assert_eq!(targets(SENSORS, "rt=light-lux"), ["/sensors/light"]);
    assert!(targets(SENSORS, "rt=light").is_empty());
}

#[test]
fn s4_1_several_criteria_must_all_match() {
    assert_eq!(targets(SENSORS, "if=sensor"), ["/sensors/temp", "/sensors/light"]);
    assert_eq!(targets(SENSORS, "if=sensor&rt=temperature-c"), ["/sensors/temp"]);
    assert_eq!(targets(SENSORS, "rt=temperature-c&if=sensor"), ["/sensors/temp"]);
    assert!(targets(SENSORS, "if=sensor&rt=other").is_empty());
}

#[test]
fn s4_1_href_is_the_reference_between_the_angle_brackets() {
    assert_eq!(targets(SENSORS, "href=/sensors"), ["/sensors"]);
    assert_eq!(targets(SENSORS, "href=/sensors*"), ["/sensors", "/sensors/temp", "/sensors/light"]);
    assert_eq!(targets(SENSORS, "href=http://www.example.com/*"), ["http://www.example.com/sensors/t123"]);
    assert_eq!(targets(SENSORS, "href=*").len(), 5);
}

#[test]
fn s4_1_an_attribute_must_exist_to_match() {
    assert_eq!(targets(SENSORS, "title=*"), ["/sensors"]);
    assert_eq!(targets(SENSORS, "title"), ["/sensors"]);
    assert!(targets(SENSORS, "foo=").is_empty());
    assert!(targets(SENSORS, "foo=*").is_empty());
}

#[test]
fn s4_1_the_default_relation_is_not_an_attribute() {
    assert!(targets("</a>", "rel=hosts").is_empty());
}

#[test]
fn s4_1_the_value_is_percent_decoded() {
    assert_eq!(targets(SENSORS, "title=Sensor%20Index"), ["/sensors"]);
    assert_eq!(targets(SENSORS, "title=Sensor%20*"), ["/sensors"]);
    assert_eq!(targets(SENSORS, "title=%53%65*"), ["/sensors"]);
    assert!(targets(SENSORS, "title=Sensor+Index").is_empty());
}

#[test]
fn s4_1_an_encoded_asterisk_at_the_end_is_the_wildcard() {
    assert_eq!(targets(SENSORS, "rt=light%2A"), ["/sensors/light"]);
}

#[test]
fn s4_1_an_asterisk_before_the_end_stands_for_itself() {
    let document = r#"</a>;title="2*3",</b>;title="2*",</c>;title="213""#;
    assert_eq!(targets(document, "title=2*3"), ["/a"]);
    assert_eq!(targets(document, "title=2**"), ["/a", "/b"]);
}

#[test]
fn s4_1_quoted_strings_of_links_are_unescaped() {
    let document = r#"</a>;title="say \"hi\" \\o/",</b>;title="s\a\y""#;
    assert_eq!(targets(document, r#"title=say "hi" \o/"#), ["/a"]);
    assert_eq!(targets(document, "title=say"), ["/b"]);
    assert_eq!(targets(document, r#"title=say "hi*"#), ["/a"]);
}

#[test]
fn s4_1_quotes_in_a_query_stand_for_themselves() {
    assert!(targets(SENSORS, "rt=%22light-lux%22").is_empty());
    assert_eq!(targets(r#"</a>;title="\"x\"""#, "title=%22x%22"), ["/a"]);
}

#[test]
fn s4_1_a_quoted_value_and_a_token_match_alike() {
    let document = r#"</a>;rt=x,</b>;rt="x",</c>;foo="y",</d>;foo=y"#;
    assert_eq!(targets(document, "rt=x"), ["/a", "/b"]);
    assert_eq!(targets(document, "foo=y"), ["/c", "/d"]);
}

#[test]
fn s4_1_values_are_compared_bitwise() {
    let document = r#"</a>;title="Ü",</b>;title="U\u0308",</c>;title="ü""#.replace("\\u0308", "\u{308}");
    assert_eq!(targets(&document, "title=%C3%9C"), ["/a"]);
    assert_eq!(targets(&document, "title=U%CC%88"), ["/b"]);
    assert!(targets(SENSORS, "rt=Light-Lux").is_empty());
}

#[test]
fn s4_1_any_string_is_a_prefix_of_itself() {
    assert_eq!(targets(SENSORS, "rt=light-lux*"), ["/sensors/light"]);
}

#[test]
fn s4_1_the_empty_prefix_matches_every_attribute_that_exists() {
    let document = r#"</a>;obs,</b>;x="",</c>;obs="1",</d>"#;
    assert_eq!(targets(document, "obs=*"), ["/a", "/c"]);
    assert_eq!(targets(document, "x=*"), ["/b"]);
}

#[test]
fn s4_1_the_empty_value_matches_empty_values_and_flags() {
    let document = r#"</a>;obs,</b>;obs="",</c>;obs="1",</d>"#;
    assert_eq!(targets(document, "obs="), ["/a", "/b"]);
}

#[test]
fn s4_1_each_value_of_a_relation_type_is_tried() {
    let document = r#"</l>;rt="light-lux core.sen-light";if="a  b";rel="self up";rev="x y""#;
    for query in ["rt=light-lux", "rt=core.sen-light", "rt=core.*", "if=a", "if=b", "rel=up", "rel=self", "rev=y"] {
        assert_eq!(targets(document, query), ["/l"], "{query}");
    }
    for query in ["rt=sen-light", "rt=light", "if=", "rel=s"] {
        assert!(targets(document, query).is_empty(), "{query}");
    }
}

#[test]
fn s4_1_a_list_of_relation_types_is_not_itself_a_value() {
    let document = r#"</l>;rt="light-lux core.sen-light""#;
    assert!(targets(document, "rt=light-lux%20core.sen-light").is_empty());
    assert!(targets(document, "rt=light-lux%20*").is_empty());
}

#[test]
fn s4_1_other_attributes_are_one_value_also_with_spaces() {
    let document = r#"</l>;ct="40 60";title="a b""#;
    assert!(targets(document, "ct=40").is_empty());
    assert_eq!(targets(document, "ct=40%2060"), ["/l"]);
    assert_eq!(targets(document, "ct=40*"), ["/l"]);
    assert!(targets(document, "title=b").is_empty());
}

#[test]
fn s4_1_every_occurrence_of_an_attribute_is_tried() {
    let document = r#"</l>;foo="1";foo="2""#;
    assert_eq!(targets(document, "foo=1"), ["/l"]);
    assert_eq!(targets(document, "foo=2"), ["/l"]);
    assert_eq!(targets(document, "foo=1&foo=2"), ["/l"]);
}

#[test]
fn s4_1_names_are_compared_without_regard_to_case() {
    assert_eq!(targets("</a>;RT=x", "rt=x"), ["/a"]);
    assert_eq!(targets("</a>;rt=\"x y\"", "Rt=y"), ["/a"]);
}

#[test]
fn s5_example_of_the_light_with_one_type() {
    let document = r#"</sensors/temp>;rt="temperature-c";if="sensor",</sensors/light>;rt="light-lux";if="sensor""#;
    assert_eq!(targets(document, "rt=light-lux"), ["/sensors/light"]);
}

#[test]
fn s5_example_of_the_light_with_two_types() {
    let document =
        r#"</sensors/temp>;rt="temperature-c";if="sensor",</sensors/light>;rt="light-lux core.sen-light";if="sensor""#;
    assert_eq!(targets(document, "rt=light-lux"), ["/sensors/light"]);
}

#[test]
fn s5_example_of_the_anchor() {
    // The answer printed in the RFC says temp123 where the document has t123.
    assert_eq!(targets(SENSORS, "anchor=/sensors/temp"), ["http://www.example.com/sensors/t123", "/t"]);
}

#[test]
fn s5_example_of_the_firmware() {
    let document = r#"</firmware/v2.1>;rt="firmware";sz=262144,</x>"#;
    assert_eq!(targets(document, "rt=firmware"), ["/firmware/v2.1"]);
    assert_eq!(targets(document, "sz=262144"), ["/firmware/v2.1"]);
}

#[test]
fn a_server_can_page_its_own_list() {
    assert_eq!(targets(SENSORS, "count=2"), ["/sensors", "/sensors/temp"]);
    assert_eq!(targets(SENSORS, "count=2&page=2"), ["/t"]);
    assert_eq!(targets(SENSORS, "if=sensor&count=1&page=1"), ["/sensors/light"]);
    assert!(targets(SENSORS, "count=2&page=3").is_empty());
}

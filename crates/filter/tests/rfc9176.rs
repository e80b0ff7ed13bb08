//! RFC 9176 sections 4.3 and 6.2 (discovery and look-up filtering), requirement by requirement.

use waypost_filter::{Query, Record, ResolvedLink, select};
use waypost_link_format::LinkDocument;

/// A registration: its attributes, and its links as they look from its base.
struct Endpoint {
    attributes: Vec<(&'static str, &'static str)>,
    base: &'static str,
    links: &'static str,
}

impl Record for Endpoint {
    fn any_value(&self, name: &str, visit: &mut dyn FnMut(Option<&str>) -> bool) -> bool {
        (name == "base" && visit(Some(self.base))) || self.attributes.as_slice().any_value(name, visit)
    }
}

impl Endpoint {
    fn resources(&self) -> impl Iterator<Item = ResolvedLink<'_>> + Clone {
        LinkDocument::parse(self.links).unwrap().links().map(|link| ResolvedLink { link, base: self.base })
    }
}

fn directory() -> Vec<Endpoint> {
    vec![
        Endpoint {
            attributes: vec![
                ("href", "/rd/1"),
                ("href", "coap://rd.example/rd/1"),
                ("ep", "node1"),
                ("d", "floor-3"),
                ("et", "tag:example.com,2020:platform"),
                ("et", "oic.d.sensor"),
            ],
            base: "coap://node1.example",
            links: r#"</temp>;rt="temperature-c tag:example.org,2020:temp";if="sensor",</light>;rt="light-lux";if="sensor",</t>;anchor="/temp";rel="alternate",<http://www.example.com/t123>;anchor="/temp";rel="describedby""#,
        },
        Endpoint {
            attributes: vec![("href", "coap://other.example/reg/7"), ("ep", "node2"), ("rt", "gateway")],
            base: "coap://[2001:db8::2]:61616",
            links: r#"</temp>;rt="temperature-c";d="floor-3""#,
        },
        Endpoint { attributes: vec![("href", "/rd/3"), ("ep", "node3")], base: "coap://node3.example", links: "" },
    ]
}

/// Targets of the resource look-up.
fn resources(query: &str) -> Vec<String> {
    let query = Query::parse(query).unwrap();
    let directory = directory();
    let all = directory.iter().flat_map(|endpoint| endpoint.resources().map(move |link| (link, endpoint)));
    let matching = all.filter(|(link, endpoint)| query.matches_resource(link, *endpoint));
    query
        .paginate(matching)
        .map(|(link, endpoint)| {
            format!("{} {}", endpoint.attributes.iter().find(|a| a.0 == "ep").unwrap().1, link.link.target())
        })
        .collect()
}

/// Names of the endpoint look-up.
fn endpoints(query: &str) -> Vec<&'static str> {
    let query = Query::parse(query).unwrap();
    let directory = directory();
    let matching = directory.iter().filter(|endpoint| query.matches_endpoint(*endpoint, endpoint.resources()));
    query.paginate(matching).map(|endpoint| endpoint.attributes.iter().find(|a| a.0 == "ep").unwrap().1).collect()
}

#[test]
fn s4_3_the_interfaces_are_found_by_resource_type() {
    let document = r#"</rd>;rt="core.rd";ct="40",</rd-lookup/ep>;rt="core.rd-lookup-ep",</rd-lookup/res>;rt="core.rd-lookup-res";obs"#;
    let document = LinkDocument::parse(document).unwrap();
    let found = |query: &str| -> Vec<&str> {
        let query = Query::parse(query).unwrap();
        select(document, &query).map(|link| link.target()).collect()
    };
    assert_eq!(found("rt=core.rd"), ["/rd"]);
    assert_eq!(found("rt=core.rd*"), ["/rd", "/rd-lookup/ep", "/rd-lookup/res"]);
    assert_eq!(found("rt=core.rd-lookup*"), ["/rd-lookup/ep", "/rd-lookup/res"]);
    assert_eq!(found("rt=core.rd-lookup-res"), ["/rd-lookup/res"]);
    assert_eq!(found("rt=core.rd-lookup-ep"), ["/rd-lookup/ep"]);
}

#[test]
fn s6_2_without_criteria_everything_is_returned() {
    assert_eq!(resources("").len(), 5);
    assert_eq!(endpoints(""), ["node1", "node2", "node3"]);
}

#[test]
fn s6_2_all_criteria_must_match() {
    assert_eq!(resources("rt=temperature-c&if=sensor&ep=node1"), ["node1 /temp"]);
    assert!(resources("rt=temperature-c&if=sensor&ep=node2").is_empty());
    assert!(endpoints("ep=node1&ep=node2").is_empty());
}

#[test]
fn s6_2_a_trailing_asterisk_is_a_wildcard() {
    assert_eq!(resources("rt=light*"), ["node1 /light"]);
    assert_eq!(endpoints("ep=node*").len(), 3);
    assert_eq!(endpoints("d=*"), ["node1", "node2"]);
}

#[test]
fn s6_2_relation_types_match_on_any_of_their_values() {
    assert_eq!(resources("rt=tag:example.org,2020:temp"), ["node1 /temp"]);
    assert_eq!(resources("rt=tag:example.org,2020:*"), ["node1 /temp"]);
}

#[test]
fn s6_2_a_resource_matches_if_its_endpoint_does() {
    assert_eq!(resources("ep=node2"), ["node2 /temp"]);
    assert_eq!(resources("et=oic.d.sensor&if=sensor"), ["node1 /temp", "node1 /light"]);
    assert_eq!(resources("rt=gateway&rt=temperature-c"), ["node2 /temp"]);
    assert_eq!(resources("base=coap://node1.example&rel=alternate"), ["node1 /t"]);
}

#[test]
fn s6_2_an_endpoint_matches_if_any_of_its_links_does() {
    assert_eq!(endpoints("rt=temperature-c"), ["node1", "node2"]);
    assert_eq!(endpoints("d=floor-3"), ["node1", "node2"]);
    assert_eq!(endpoints("rt=light-lux&rt=temperature-c"), ["node1"]);
    assert_eq!(endpoints("rt=temperature-c&rt=gateway"), ["node2"]);
}

#[test]
fn s6_2_href_of_a_resource_is_matched_resolved() {
    assert_eq!(resources("href=coap://node1.example/temp"), ["node1 /temp"]);
    assert_eq!(resources("href=coap://[2001:db8::2]:61616/*"), ["node2 /temp"]);
    assert_eq!(resources("href=http://www.example.com/t123"), ["node1 http://www.example.com/t123"]);
    assert!(resources("href=/temp").is_empty());
}

#[test]
fn s6_2_href_of_an_endpoint_is_matched_in_either_form() {
    assert_eq!(endpoints("href=/rd/1"), ["node1"]);
    assert_eq!(endpoints("href=coap://rd.example/rd/1"), ["node1"]);
    assert_eq!(endpoints("href=coap://other.example/reg/7"), ["node2"]);
    assert_eq!(endpoints("href=/*"), ["node1", "node3"]);
}

#[test]
fn s6_2_href_of_the_registration_selects_its_resources() {
    assert_eq!(resources("href=/rd/1").len(), 4);
    assert_eq!(resources("href=/rd/1&rel=alternate"), ["node1 /t"]);
}

#[test]
fn s6_2_href_of_a_resource_selects_its_endpoint() {
    assert_eq!(endpoints("href=coap://node1.example/light"), ["node1"]);
}

#[test]
fn s6_2_anchor_is_matched_resolved() {
    assert_eq!(resources("anchor=coap://node1.example/temp"), ["node1 /t", "node1 http://www.example.com/t123"]);
    assert!(resources("anchor=/temp").is_empty());
    assert_eq!(endpoints("anchor=*"), ["node1"]);
}

#[test]
fn s6_2_links_without_anchor_have_none_to_match() {
    assert!(resources("anchor=coap://node1.example").is_empty());
}

#[test]
fn s6_2_count_limits_the_results() {
    assert_eq!(resources("count=2"), ["node1 /temp", "node1 /light"]);
    assert_eq!(resources("count=100").len(), 5);
    assert!(resources("count=0").is_empty());
}

#[test]
fn s6_2_pages_are_numbered_from_zero() {
    assert_eq!(endpoints("page=0&count=2"), ["node1", "node2"]);
    assert_eq!(endpoints("page=1&count=2"), ["node3"]);
    assert!(endpoints("page=2&count=2").is_empty());
    assert!(endpoints("page=4294967295&count=4294967295").is_empty());
}

#[test]
fn s6_2_pages_apply_after_the_criteria() {
    assert_eq!(resources("if=sensor&page=1&count=1"), ["node1 /light"]);
}

#[test]
fn s6_2_page_needs_count() {
    let error = Query::parse("rt=x&page=1").unwrap_err();
    assert_eq!(error.to_string(), "page: needs count");
    assert_eq!(error.argument(), 2);
}

#[test]
fn s6_2_without_count_all_results_are_returned() {
    assert!(Query::parse("rt=x").unwrap().page().is_none());
}

#[test]
fn draft_provenance_is_matched_on_its_last_occurrence() {
    let links = r#"<coap://a/x>;provenance="coap://far.example/rd/1";provenance="/rd/1",<coap://a/y>;provenance="/rd/1";provenance="coap://far.example/rd/1""#;
    let document = LinkDocument::parse(links).unwrap();
    let query = Query::parse("provenance=/*").unwrap();
    let targets: Vec<_> = select(document, &query).map(|link| link.target()).collect();
    assert_eq!(targets, ["coap://a/x"]);
}

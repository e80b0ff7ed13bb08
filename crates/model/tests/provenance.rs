//! The provenance of a link (the replication draft).

use waypost_link_format::LinkDocument;
use waypost_model::{Location, Provenance};

fn read(link: &str) -> Option<String> {
    let document = LinkDocument::parse(link).unwrap();
    Provenance::of(&document.links().next().unwrap()).map(String::from)
}

#[test]
fn the_last_provenance_of_a_link_counts() {
    assert_eq!(read(r#"</t>;provenance="/reg/1""#).as_deref(), Some("/reg/1"));
    assert_eq!(read(r#"</t>;provenance="/reg/1";Provenance="/reg/2""#).as_deref(), Some("/reg/2"));
    assert_eq!(read(r#"</t>;provenance="/reg/1";provenance"#), None);
    assert_eq!(read(r#"</t>;provenance="not a reference""#), None);
    assert_eq!(read("</t>"), None);
}

#[test]
fn a_provenance_is_resolved_against_the_document_like_an_anchor() {
    let resolve = |reference: &str, base: &str| {
        Provenance::new(reference).unwrap().resolve(base).map(String::from).map_err(|error| error.to_string())
    };
    let base = "coap://rd.example/rd-lookup/res?if=core.s";
    assert_eq!(resolve("/reg/1234", base).unwrap(), "coap://rd.example/reg/1234");
    assert_eq!(resolve("../reg/1", base).unwrap(), "coap://rd.example/reg/1");
    assert_eq!(resolve("//other.example/1", base).unwrap(), "coap://other.example/1");
    assert_eq!(resolve("coap://[2001:db8:23::2]/reg/11", base).unwrap(), "coap://[2001:db8:23::2]/reg/11");
    assert_eq!(resolve("/reg/1", "/rd-lookup/res").unwrap_err(), "must be a URI reference");
}

#[test]
fn a_criterion_is_an_equal_reference_or_a_prefix() {
    let provenance = Provenance::new("/reg/42").unwrap();
    for criterion in ["/reg/42", "/reg/*", "/*", "*", "/reg/42*"] {
        assert!(provenance.matches(criterion), "{criterion}");
    }
    for criterion in ["", "/reg", "/reg/421", "/reg/4", "coap://rd.example/*"] {
        assert!(!provenance.matches(criterion), "{criterion}");
    }
}

#[test]
fn a_provenance_is_a_location_unless_it_is_relative() {
    for reference in ["/reg/42", "coap://rd.example/reg/42"] {
        let location = Provenance::new(reference).unwrap().to_location().unwrap();
        assert_eq!(location, Location::new(reference).unwrap());
        assert_eq!(Provenance::from(location).as_str(), reference);
    }
    for reference in ["", "reg/42", "//rd.example/42", "/reg/42?x"] {
        assert!(Provenance::new(reference).unwrap().to_location().is_err(), "{reference}");
    }
}

//! Locations of registration resources (RFC 9176 §5, RFC 7252 §6).

use proptest::prelude::*;
use waypost_model::Location;

#[test]
fn a_local_location_has_one_spelling() {
    for (given, kept) in [
        ("/rd/4521", "/rd/4521"),
        ("/", "/"),
        ("/reg/4/", "/reg/4/"),
        ("/rd//x", "/rd//x"),
        ("/%72d/%7e", "/rd/~"),
        ("/rd/a%2fb", "/rd/a%2Fb"),
        ("/rd/%C3%bc", "/rd/%C3%BC"),
        ("/rd/a:b@c=d,e", "/rd/a:b@c=d,e"),
    ] {
        assert_eq!(Location::new(given).unwrap().as_str(), kept);
    }
}

#[test]
fn a_location_is_a_path_or_a_uri_without_query_and_fragment() {
    let not_uri = "must be a path that begins with a slash, or a URI";
    let more = "must not have a query or fragment";
    for (text, reason) in [
        ("", not_uri),
        ("rd/1", not_uri),
        ("../rd/1", not_uri),
        ("//rd.example/1", not_uri),
        ("/rd/a b", not_uri),
        ("/rd/ü", not_uri),
        ("/rd/%4", not_uri),
        ("/rd/%zz", not_uri),
        ("/rd/1?", more),
        ("/rd/1#x", more),
        ("coap://rd.example/1?x", more),
        ("/rd/./1", "must not have a segment of one or two dots"),
        ("/rd/%2e%2E", "must not have a segment of one or two dots"),
        ("/rd/%ff", "must be UTF-8 when percent-decoded"),
    ] {
        assert_eq!(Location::new(text).map_err(|error| error.to_string()), Err(reason.to_owned()), "{text}");
    }
}

#[test]
fn a_foreign_location_is_kept_as_given() {
    let location = Location::new("coap://RD.example/r%64/%ff").unwrap();
    assert_eq!(location.as_str(), "coap://RD.example/r%64/%ff");
    assert!(!location.is_local());
    assert_eq!(location.segments().collect::<Vec<_>>(), ["rd", "\u{FFFD}"]);
    assert_eq!(Location::new("coap://rd.example").unwrap().segments().count(), 0);
}

#[test]
fn segments_that_no_path_can_carry_are_refused() {
    assert!(Location::from_segments(["rd", ".."]).is_err());
    assert!(Location::from_segments(["", "rd.example"]).is_err(), "would be read as a host");
    assert_eq!(Location::from_segments([""; 0]).unwrap().as_str(), "/");
}

proptest! {
    #[test]
    fn segments_survive_the_way_into_a_location_and_back(segments in prop::collection::vec(any::<String>(), 1..5)) {
        if let Ok(location) = Location::from_segments(&segments) {
            prop_assert!(location.is_local());
            prop_assert!(location.as_str().is_ascii());
            prop_assert_eq!(Location::new(location.as_str()), Ok(location.clone()));
            let back: Vec<_> = location.segments().collect();
            let none: Vec<String> = Vec::new();
            // RFC 7252 §6.4: the path "/" has no segments.
            let expected = if segments == [""] { &none } else { &segments };
            prop_assert_eq!(&back, expected);
        }
    }

    #[test]
    fn no_text_makes_reading_a_location_panic(text in any::<String>(), path in "/[a-z%./0-9A-F]{0,12}") {
        let _ = Location::new(&text);
        if let Ok(location) = Location::new(&path) {
            let again = Location::from_segments(location.segments()).unwrap();
            prop_assert_eq!(again, location);
        }
    }
}

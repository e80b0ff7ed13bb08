//! Endpoint attributes (RFC 9176 §5, §9.3).

use waypost_model::Attributes;

#[test]
fn unknown_parameters_are_kept_with_their_values_in_order() {
    let mut attributes = Attributes::new();
    for (name, value) in [("et", Some("b")), ("proxy", None), ("et", Some("a")), ("et", Some("b")), ("x", Some(""))] {
        attributes.push(name, value).unwrap();
    }
    let all: Vec<_> = attributes.iter().collect();
    let expected = [("et", Some("b")), ("et", Some("a")), ("et", Some("b")), ("proxy", None), ("x", Some(""))];
    assert_eq!(all, expected);
    assert_eq!(attributes.values("et").flatten().collect::<Vec<_>>(), ["b", "a", "b"]);
    assert_eq!(attributes.values("none").count(), 0);
    assert_eq!(attributes.len(), 5);
}

#[test]
fn names_that_mean_something_else_are_refused_in_any_case() {
    for name in [
        "ep",
        "d",
        "lt",
        "base",
        "href",
        "rt",
        "anchor",
        "page",
        "count",
        "provenance",
        "lt-age",
        "lt-remaining",
        "EP",
        "Href",
    ] {
        let error = Attributes::new().push(name, Some("x")).unwrap_err();
        assert_eq!(error.to_string(), "must not be an endpoint attribute", "{name}");
    }
}

#[test]
fn a_name_is_query_key_and_link_parameter_at_once() {
    for name in ["a", "con", "ex.building", "A-1_b~!$+"] {
        assert!(Attributes::new().push(name, None).is_ok(), "{name}");
    }
    for name in ["", "a b", "a=b", "a&b", "a;b", "title*", "a'b", "a%20", "a#", "ü", "a\"", "a^", "a|"] {
        let error = Attributes::new().push(name, None).unwrap_err();
        assert_eq!(error.to_string(), "must be a name of letters, digits and !$+-._~", "{name}");
    }
}

#[test]
fn a_value_is_what_a_quoted_string_can_carry() {
    for value in ["", "a b", "\"quoted\"", "back\\slash", "grün", ",;<>=*"] {
        assert!(Attributes::new().push("x", Some(value)).is_ok(), "{value}");
    }
    for value in ["\0", "a\r\nb", "\t", "\u{7f}"] {
        let error = Attributes::new().push("x", Some(value)).unwrap_err();
        assert_eq!(error.to_string(), "must not have control characters");
    }
}

#[test]
fn a_refused_attribute_leaves_nothing_behind() {
    let mut attributes = Attributes::new();
    assert!(attributes.push("x", Some("\n")).is_err());
    assert!(attributes.is_empty());
}

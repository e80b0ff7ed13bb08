//! Resolution of references, by RFC 3986 §5.

use iri_string::types::{IriAbsoluteStr, IriReferenceStr};
use proptest::prelude::*;
use waypost_link_format::{Base, origin, resolve};

const BASE: &str = "http://a/b/c/d;p?q";

#[test]
fn rfc_3986_section_5_4_1_normal_examples() {
    for (reference, expected) in [
        ("g:h", "g:h"),
        ("g", "http://a/b/c/g"),
        ("./g", "http://a/b/c/g"),
        ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"),
        ("//g", "http://g"),
        ("?y", "http://a/b/c/d;p?y"),
        ("g?y", "http://a/b/c/g?y"),
        ("#s", "http://a/b/c/d;p?q#s"),
        ("g#s", "http://a/b/c/g#s"),
        ("g?y#s", "http://a/b/c/g?y#s"),
        (";x", "http://a/b/c/;x"),
        ("g;x", "http://a/b/c/g;x"),
        ("g;x?y#s", "http://a/b/c/g;x?y#s"),
        ("", "http://a/b/c/d;p?q"),
        (".", "http://a/b/c/"),
        ("./", "http://a/b/c/"),
        ("..", "http://a/b/"),
        ("../", "http://a/b/"),
        ("../g", "http://a/b/g"),
        ("../..", "http://a/"),
        ("../../", "http://a/"),
        ("../../g", "http://a/g"),
    ] {
        assert_eq!(resolve(BASE, reference).unwrap(), expected, "{reference}");
    }
}

#[test]
fn rfc_3986_section_5_4_2_abnormal_examples() {
    for (reference, expected) in [
        ("../../../g", "http://a/g"),
        ("../../../../g", "http://a/g"),
        ("/./g", "http://a/g"),
        ("/../g", "http://a/g"),
        ("g.", "http://a/b/c/g."),
        (".g", "http://a/b/c/.g"),
        ("g..", "http://a/b/c/g.."),
        ("..g", "http://a/b/c/..g"),
        ("./../g", "http://a/b/g"),
        ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"),
        ("g/../h", "http://a/b/c/h"),
        ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ("g;x=1/../y", "http://a/b/c/y"),
        ("g?y/./x", "http://a/b/c/g?y/./x"),
        ("g?y/../x", "http://a/b/c/g?y/../x"),
        ("g#s/./x", "http://a/b/c/g#s/./x"),
        ("g#s/../x", "http://a/b/c/g#s/../x"),
        ("http:g", "http:g"),
    ] {
        assert_eq!(resolve(BASE, reference).unwrap(), expected, "{reference}");
    }
}

#[test]
fn a_uri_is_borrowed_unmodified_as_rfc_9176_section_6_1_has_it() {
    let uri = "coap://EXAMPLE.com:5683/a/../b";
    let resolved = resolve("coap://[2001:db8::1]", uri).unwrap();
    assert_eq!((resolved.as_ptr(), resolved.len()), (uri.as_ptr(), uri.len()));
}

#[test]
fn a_base_with_an_empty_path_and_one_with_a_fragment_serve() {
    assert_eq!(resolve("coap://[2001:db8::1]", "a").unwrap(), "coap://[2001:db8::1]/a");
    assert_eq!(resolve("coap://h/x/y#f", "a").unwrap(), "coap://h/x/a");
    assert_eq!(resolve("coap://h/x/y#f", "").unwrap(), "coap://h/x/y");
    assert_eq!(resolve("coap://h?q", "/a").unwrap(), "coap://h/a");
}

#[test]
fn what_is_no_base_or_no_reference_is_refused() {
    for base in ["", "/a", "host", "//host", "1:a", "coap://[::1"] {
        assert!(resolve(base, "/a").is_err(), "{base}");
        assert!(Base::new(base).is_err(), "{base}");
    }
    for reference in ["a b", "%", "//[", "1:2", "<", "\u{7f}"] {
        assert!(resolve(BASE, reference).is_err(), "{reference}");
    }
}

#[test]
fn the_origin_is_scheme_and_authority() {
    for (uri, expected) in [
        ("coap://h", Some("coap://h")),
        ("coap://u@h:1/x", Some("coap://u@h:1")),
        ("coap://h?q", Some("coap://h")),
        ("coap://h#f", Some("coap://h")),
        ("coap+tcp://[::1]:5683/", Some("coap+tcp://[::1]:5683")),
        ("file:///x", Some("file://")),
        ("urn:a", None),
        ("a:/b", None),
        ("a:é", None),
        ("a:", None),
        ("//h/x", None),
        ("", None),
    ] {
        assert_eq!(origin(uri), expected, "{uri}");
    }
}

fn by_library(base: &str, reference: &str) -> String {
    let base = IriAbsoluteStr::new(base).unwrap();
    IriReferenceStr::new(reference).unwrap().resolve_against(base).to_string()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2048))]

    #[test]
    fn what_is_resolved_without_the_library_is_what_the_library_resolves(
        base in "coap(\\+tcp)?://(h|[a-z]{1,3}:[0-9]{1,4}|\\[2001:db8::[1-9]\\])(/[a-z./]{0,8})?(\\?[a-z/.]{0,4})?",
        reference in "/?[a-z./ö]{0,12}(\\?[a-z/.?]{0,6})?(#[a-z/.?]{0,6})?",
    ) {
        prop_assume!(!base.contains("?#"));
        prop_assert_eq!(resolve(&base, &reference).unwrap(), by_library(&base, &reference));
    }

    #[test]
    fn a_resolved_reference_is_a_uri_that_resolves_to_itself(reference in "[a-z./:?#ö]{0,16}") {
        if let Ok(resolved) = resolve(BASE, &reference) {
            prop_assert_eq!(resolve(BASE, &resolved).unwrap(), resolved.clone());
            prop_assert!(resolved.contains(':'));
        }
    }

    #[test]
    fn nothing_makes_resolution_panic(base: String, reference: String) {
        let _ = resolve(&base, &reference);
        let _ = origin(&reference);
    }
}

//! Authorities and origins.

use proptest::prelude::*;
use waypost_model::{Authority, Origin};

#[test]
fn equal_authorities_have_one_spelling() {
    for (given, kept) in [
        ("coap://rd.example", "coap://rd.example"),
        ("COAP://RD.Example/", "coap://rd.example"),
        ("coap://rd.example:5683", "coap://rd.example"),
        ("coap://rd.example:", "coap://rd.example"),
        ("coap://rd.example:5684", "coap://rd.example:5684"),
        ("coaps://rd.example:5684", "coaps://rd.example"),
        ("coap+tcp://rd.example:5683", "coap+tcp://rd.example"),
        ("coaps+ws://rd.example:443", "coaps+ws://rd.example"),
        ("http://rd.example:080", "http://rd.example"),
        ("coap://[2001:DB8:0:0::1]:61616", "coap://[2001:db8::1]:61616"),
        ("coap://192.0.2.1", "coap://192.0.2.1"),
        ("coap://%c3%bc.example", "coap://%C3%BC.example"),
        ("oscore://vghh", "oscore://vghh"),
    ] {
        assert_eq!(Authority::new(given).unwrap().as_str(), kept);
    }
}

#[test]
fn an_authority_is_scheme_host_and_port_alone() {
    for (text, reason) in [
        ("", "must be a URI"),
        ("rd.example", "must be a URI"),
        ("//rd.example", "must be a URI"),
        ("coap:rd.example", "must have a host"),
        ("coap://", "must have a host"),
        ("coap://:5683", "must have a host"),
        ("coap://me@rd.example", "must not have user information"),
        ("coap://rd.example:65536", "must have a port of at most 65535"),
        ("coap://rd.example/rd", "must not have a path, query or fragment"),
        ("coap://rd.example?x", "must not have a path, query or fragment"),
        ("coap://rd.example#x", "must not have a path, query or fragment"),
        ("coap://rd example", "must be a URI"),
    ] {
        assert_eq!(Authority::new(text).map_err(|error| error.to_string()), Err(reason.to_owned()), "{text}");
    }
}

#[test]
fn the_authority_of_a_location_is_found() {
    let authority = Authority::of("coap://RD.example:5683/reg/42?x#y").unwrap();
    assert_eq!(authority.as_str(), "coap://rd.example");
    assert_eq!(authority.scheme(), "coap");
    assert!(Authority::of("/reg/42").is_err());
    assert!(!Origin::Foreign(authority).is_local());
}

proptest! {
    #[test]
    fn reading_what_was_kept_changes_nothing(text in "(coap|COAPS|http)://[a-zA-Z0-9.%\\[\\]:é@-]{0,12}(:[0-9]{0,6})?/?") {
        if let Ok(authority) = Authority::new(&text) {
            prop_assert_eq!(Authority::new(authority.as_str()), Ok(authority.clone()));
            prop_assert_eq!(Authority::of(&text), Ok(authority));
        }
    }
}

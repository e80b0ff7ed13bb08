//! Base URIs (RFC 9176 §5).

use proptest::prelude::*;
use waypost_model::{Base, BaseSource};

#[test]
fn a_base_is_kept_as_given() {
    for (text, origin) in [
        ("coap://[2001:db8::1]:61616", "coap://[2001:db8::1]:61616"),
        ("coaps://Node.Example/a/b/", "coaps://Node.Example"),
        ("coap://192.0.2.1:5683/", "coap://192.0.2.1:5683"),
        ("coap://[ff35:30:2001:db8:f1::8000:1]", "coap://[ff35:30:2001:db8:f1::8000:1]"),
        ("coap+tcp://node1:/x", "coap+tcp://node1:"),
    ] {
        let base = Base::given(text).unwrap();
        assert_eq!((base.as_str(), base.origin()), (text, origin));
    }
    assert_eq!(Base::observed("coap://[::1]").unwrap().source(), BaseSource::Observed);
}

#[test]
fn a_base_can_resolve_what_is_registered() {
    for (text, reason) in [
        ("", "must be an absolute URI"),
        ("node1", "must be an absolute URI"),
        ("/sensors", "must be an absolute URI"),
        ("//node1", "must be an absolute URI"),
        ("coap://no de", "must be an absolute URI"),
        ("coap://[::1", "must be an absolute URI"),
        ("urn:dev:mac:1", "must have a host"),
        ("coap:///x", "must have a host"),
        ("coap://:5683", "must have a host"),
        ("coap://node1:99999", "must have a port of at most 65535"),
        ("coap://node1?x", "must not have a query or fragment"),
        ("coap://node1/#x", "must not have a query or fragment"),
        ("coap://[fe80::1%25eth0]", "must not have a zone identifier"),
        ("coap://[fe80::1%eth0]:61616/", "must not have a zone identifier"),
    ] {
        assert_eq!(Base::given(text).map_err(|error| error.to_string()), Err(reason.to_owned()), "{text}");
    }
}

#[test]
fn link_local_hosts_are_told_from_others() {
    for (text, is_link_local) in [
        ("coap://[fe80::1]", true),
        ("coap://[FEBF::1]:61616/x", true),
        ("coap://169.254.0.1", true),
        ("coap://169.254.255.255:61616", true),
        ("coap://[::ffff:169.254.0.1]", true),
        ("coap://me@[fe80::1]", true),
        ("coap://[ff02::fd]", true),
        ("coap://224.0.0.251", true),
        ("coap://[fec0::1]", false),
        ("coap://[2001:db8::1]", false),
        ("coap://[ff05::fd]", false),
        ("coap://224.0.1.187", false),
        ("coap://169.253.0.1", false),
        ("coap://fe80.example", false),
        ("coap://node1/[fe80::1]", false),
    ] {
        // A bracket is no character of a path.
        let Ok(base) = Base::given(text) else {
            assert!(text.contains("/["), "{text}");
            continue;
        };
        assert_eq!(base.is_link_local(), is_link_local, "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_makes_reading_a_base_panic(text in any::<String>(), uri in "[a-z]{1,3}://[a-f0-9:.%@\\[\\]]{0,12}[/?#a]{0,4}") {
        for text in [text, uri] {
            if let Ok(base) = Base::given(&text) {
                prop_assert!(base.as_str().starts_with(base.origin()));
                let _ = base.is_link_local();
            }
        }
    }
}

//! Requests and responses built by hand.

use waypost_rest::{Code, ContentFormat, Credential, Method, Observe, Peer, Request, Response};

#[test]
fn a_new_request_carries_nothing_but_method_and_path() {
    let request = Request::new(Method::Get, ["rd-lookup", "res"]);
    assert_eq!(request.path, ["rd-lookup", "res"]);
    assert!(request.query.is_empty() && request.etags.is_empty() && request.payload.is_empty());
    assert_eq!((request.content_format, request.accept, request.observe), (None, None, None));
    assert!(!request.is_multicast && request.echo.is_none());
}

#[test]
fn arguments_keep_their_order() {
    let request =
        Request::new(Method::Get, ["ep"]).with_query("et=a").with_query("et=b").with_observe(Observe::Register);
    assert_eq!(request.query, ["et=a", "et=b"]);
    assert_eq!(request.observe, Some(Observe::Register));
}

#[test]
fn a_refusal_is_a_diagnostic_without_content_format() {
    let response = Response::refusal(Code::SERVICE_UNAVAILABLE, "too many").with_max_age(30);
    assert_eq!(response.content_format, None);
    assert_eq!(response.max_age, Some(30));
    assert_eq!(&response.payload[..], b"too many");
}

#[test]
fn a_representation_has_its_content_format() {
    let response = Response::content(ContentFormat::LINK_FORMAT, "</a>");
    assert_eq!((response.code, response.content_format), (Code::CONTENT, Some(ContentFormat(40))));
}

#[test]
fn a_peer_collects_what_it_proved() {
    let peer = Peer::new("coaps://[2001:db8::1]")
        .with_credential(Credential::PublicKey(vec![1]))
        .with_credential(Credential::Session(vec![2]));
    assert_eq!(peer.credentials.len(), 2);
    assert_eq!(peer.zone, None);
}

//! What a proxy makes of sources that give no links: what is theirs to say is passed on, and what is no answer is told as such.

use waypost_directory::{Config, Directory};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::ReplicaId;
use waypost_rest::{Code, ContentFormat, ExchangeId, Method, Output, Peer, Request, Response, Service as _};
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Holding, Proxy, ProxyConfig, Replicated, Replicator, SyncConfig};
use waypost_time::Instant;

/// What a client of a proxy is told whose only source answers each look-up so.
fn told(answer: &Response) -> Response {
    let elsewhere = ServerConfig::default().with_registration_elsewhere(LinkDocumentBuf::default());
    let server = Server::new(Directory::new(Config::new([9; 16], ReplicaId(9))), elsewhere);
    let mut proxy = Proxy::new(Replicated::new(server, Replicator::new(SyncConfig::new(9))), ProxyConfig::new(9));
    proxy.add_upstream(&"coap://a".parse().expect("a URI"), Holding::Answers).expect("room");
    let look_up = Request::new(Method::Get, ["rd-lookup", "ep"]);
    proxy.handle_request(Instant::ZERO, ExchangeId(1), &Peer::new("coap://client"), look_up);
    while let Some(output) = proxy.poll_output() {
        match output {
            Output::Request { id, request, .. } if request.path == [".well-known", "core"] => {
                let interfaces = r#"</rd-lookup/ep>;rt="core.rd-lookup-ep""#;
                let discovered = Response::content(ContentFormat::LINK_FORMAT, interfaces);
                proxy.handle_response(Instant::ZERO, id, Ok(discovered));
            }
            Output::Request { id, .. } => proxy.handle_response(Instant::ZERO, id, Ok(answer.clone())),
            Output::Response { response, .. } => return response,
            _ => {}
        }
    }
    panic!("no answer to {answer:?}");
}

#[test]
fn a_refusal_is_passed_on_for_as_long_as_it_holds() {
    for code in [Code::BAD_REQUEST, Code::FORBIDDEN, Code::NOT_FOUND, Code::INTERNAL_SERVER_ERROR, Code::BAD_GATEWAY] {
        let refused = told(&Response::refusal(code, "because").with_max_age(7));
        assert_eq!((refused.code, refused.max_age, &refused.payload[..]), (code, Some(7), &b"because"[..]));
        let refused = told(&Response::refusal(code, "because"));
        assert_eq!((refused.code, refused.max_age.unwrap_or(60)), (code, 60), "what is not said is a minute");
    }
}

#[test]
fn a_source_that_is_not_available_says_when_to_come_back() {
    let refused = told(&Response::refusal(Code::SERVICE_UNAVAILABLE, "later").with_max_age(300));
    assert_eq!((refused.code, refused.max_age), (Code::SERVICE_UNAVAILABLE, Some(300)));
}

#[test]
fn that_the_proxy_asks_too_much_is_not_the_fault_of_its_client() {
    let refused = told(&Response::refusal(Code::TOO_MANY_REQUESTS, "you ask too much").with_max_age(30));
    assert_eq!((refused.code, refused.max_age), (Code::SERVICE_UNAVAILABLE, Some(30)));
    assert_ne!(&refused.payload[..], b"you ask too much");
}

#[test]
fn what_is_no_answer_is_a_bad_gateway() {
    for class in [1, 2, 3, 6, 7] {
        let code = Code::new(class, 1).expect("a code");
        let refused = told(&Response::refusal(code, "what?").with_max_age(1_000_000));
        assert_eq!((refused.code, refused.max_age), (Code::BAD_GATEWAY, Some(10)), "{code}");
    }
}

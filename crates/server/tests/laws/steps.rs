//! What a transport may call, one after the other.

use bytes::Bytes;
use proptest::prelude::*;
use waypost_link_delta::{LinkDelta, Tag};
use waypost_link_format::LinkDocument;
use waypost_rest::{Code, ContentFormat, ETag, Method, Observe, Peer, Request, RequestFailure, Response};

use crate::harness::*;

/// The content format of link deltas.
pub(crate) const LINK_DELTA: ContentFormat = ContentFormat(65_040);

/// One call of the transport, or what leads to one.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    /// A request from a peer; the second number says which of the known Echo values comes with it, if any.
    Ask(usize, Request, Option<usize>),
    /// The answer to the request of the server with that number, modulo how many there were.
    Respond(usize, Result<Response, RequestFailure>),
    /// The transport is ready for a notification of that exchange.
    Ready(u64),
    Cancel(u64),
    Timeout,
    Pass(u64),
}

pub(crate) fn peers() -> [Peer; 4] {
    [host(1), with_key(&host(2), 1), neighbour(1), with_key(&neighbour(2), 2)]
}

fn links() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "",
        "</a>;rt=x",
        "</a>;rt=\"x y\",</b>;if=s;anchor=\"/a\"",
        "<http://example.com/>,</c>;flag",
        "</a>;rt=\"",
        "<a>",
        "garbage",
    ])
}

fn parameter() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "ep=a",
        "ep=b",
        "ep=c",
        "d=x",
        "d=y",
        "lt=1",
        "lt=60",
        "lt=0",
        "lt=z",
        "base=coap://h",
        "base=coap://[fe80::1]",
        "base=h",
        "et=x",
        "et=y",
        "flag",
        "rt=x",
        "ep=",
        "=",
    ])
}

fn query() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "ep=a",
        "d=x",
        "rt=x",
        "rt=*",
        "et=*",
        "if=s",
        "href=/*",
        "count=1",
        "page=0&count=1",
        "page=1&count=1",
        "page=1",
        "count=z",
        "provenance",
        "provenance=/*",
        "lt-age",
        "lt-remaining",
        "lt-age=1",
        "base=coap*",
    ])
}

pub(crate) fn a_request() -> impl Strategy<Value = Request> {
    let parameters = || prop::collection::vec(parameter(), 0..4).prop_map(|arguments| arguments.join("&"));
    let queries = || prop::collection::vec(query(), 0..3).prop_map(|arguments| arguments.join("&"));
    let format = prop::option::of(prop::sample::select(vec![ContentFormat::LINK_FORMAT, ContentFormat(64)]));
    let registration = (parameters(), links(), prop::bool::weighted(0.7)).prop_map(|(query, links, is_named)| {
        post("/rd", &if is_named { format!("{query}&ep=a") } else { query }, links)
    });
    let named = (prop::sample::select(vec!["ep=a", "ep=b", "ep=c", "ep=a&d=x"]), links())
        .prop_map(|(name, links)| post("/rd", &format!("{name}&lt=60"), links));
    let operation = (
        prop::sample::select(vec![Method::Post, Method::Delete, Method::Get, Method::Put]),
        prop::sample::select(vec![0_usize, 1, 2, 3]),
        parameters(),
    )
        .prop_map(|(method, number, query)| request(method, &format!("{}?{query}", locations()[number])));
    let patch = (
        prop::sample::select(vec![Method::Patch, Method::IPatch]),
        prop::sample::select(vec![0_usize, 1, 2, 3]),
        parameters(),
        [links(), links()],
        prop::bool::weighted(0.2),
    )
        .prop_map(|(method, number, query, [before, after], is_tagged)| {
            let [before, after] = [before, after].map(|links| LinkDocument::parse(links).unwrap_or_default());
            let mut delta = LinkDelta::between(before, after);
            if is_tagged {
                delta = delta.starting_from(Tag::new(b"unknown").unwrap());
            }
            request(method, &format!("{}?{query}", locations()[number])).with_payload(LINK_DELTA, delta.encode())
        });
    let touched = prop::sample::select(vec![0_usize, 1, 2]).prop_map(|number| touch(&locations()[number]));
    let simple = prop::sample::select(vec!["ep=a", "ep=b", "ep=b&lt=60", "ep=c&lt=1", "ep=c&base=coap://h", ""])
        .prop_map(|query| touch(&format!("/.well-known/rd?{query}")));
    let lookup = (
        prop::sample::select(vec!["ep", "res"]),
        queries(),
        prop::bool::weighted(0.7),
        prop::option::weighted(0.3, Just(LINK_DELTA)),
    )
        .prop_map(|(interface, query, observes, accept)| {
            let mut request = get(&format!("/rd-lookup/{interface}?{query}"));
            request.accept = accept;
            if observes { request.with_observe(Observe::Register) } else { request }
        });
    let odd = (
        prop::sample::select(vec![Method::Get, Method::Post, Method::Put, Method::Fetch]),
        prop::collection::vec("[a-z./ %é]{0,4}", 0..3),
        prop::collection::vec("[a-z=*&%é]{0,6}", 0..3),
        format,
        prop::collection::vec(any::<u8>(), 0..8),
    )
        .prop_map(|(method, path, query, format, payload)| {
            let mut request = Request::new(method, path);
            request.query = query;
            request.content_format = format;
            request.payload = payload.into();
            request
        });
    let any = prop_oneof![3 => registration, 3 => named, 2 => operation, 2 => patch, 2 => touched, 2 => simple, 5 => lookup, 1 => odd];
    (any, prop::bool::weighted(0.05)).prop_map(|(mut request, is_multicast)| {
        request.is_multicast = is_multicast;
        request
    })
}

/// Where the registrations of these names are.
pub(crate) fn locations() -> [String; 4] {
    use waypost_model::{EndpointName, Sector};
    let directory = directory();
    let sector = Sector::new("x").unwrap();
    let locate = |name, sector| directory.locate(sector, &EndpointName::new(name).unwrap()).as_str().to_owned();
    [locate("a", None), locate("b", None), locate("c", None), locate("a", Some(&sector))]
}

fn outcome() -> impl Strategy<Value = Result<Response, RequestFailure>> {
    let found =
        (links(), prop::option::of(0..3_u8), prop::option::of(0..100_u32)).prop_map(|(links, etag, max_age)| {
            let mut response = Response::content(ContentFormat::LINK_FORMAT, links);
            response.etag = etag.map(|etag| ETag::new(&[etag]).unwrap());
            response.max_age = max_age;
            Ok(response)
        });
    let valid = (0..3_u8).prop_map(|etag| Ok(tagged(Response::new(Code::VALID), &[etag])));
    let challenge = Just(()).prop_map(|()| {
        let mut response = Response::new(Code::UNAUTHORIZED);
        response.echo = Some(Bytes::from_static(b"echo"));
        Ok(response)
    });
    let failure = prop::sample::select(vec![RequestFailure::TimedOut, RequestFailure::Unusable]).prop_map(Err);
    prop_oneof![4 => found, 1 => valid, 1 => challenge, 1 => failure]
}

fn a_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (0..4_usize, a_request(), prop::option::weighted(0.7, 0..2_usize))
            .prop_map(|(peer, request, echo)| Step::Ask(peer, request, echo)),
        2 => (0..4_usize, outcome()).prop_map(|(number, outcome)| Step::Respond(number, outcome)),
        3 => (1..30_u64).prop_map(Step::Ready),
        1 => (1..30_u64).prop_map(Step::Cancel),
        1 => Just(Step::Timeout),
        2 => prop::sample::select(vec![0, 1, 999, 1_000, 30_000, 60_000, 100_000, 90_000_000]).prop_map(Step::Pass),
    ]
}

pub(crate) fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(a_step(), 0..40)
}

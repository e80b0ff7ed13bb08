//! The laws of the engine, over generated sequences of calls.

extern crate alloc;

mod harness;

use alloc::collections::BTreeMap;
use core::time::Duration;

use bytes::Bytes;
use harness::*;
use proptest::prelude::*;
use waypost_directory::Directory;
use waypost_filter::Query;
use waypost_link_delta::{LinkDelta, Tag};
use waypost_link_format::LinkDocument;
use waypost_model::Version;
use waypost_rest::{
    Code, ContentFormat, ETag, ExchangeId, Method, Observe, Output, Peer, Request, RequestFailure, RequestId, Response,
    Service as _,
};
use waypost_server::{EchoConfig, FirstComeFirstRemembered, Server, ServerConfig, ServerLimits};
use waypost_time::Instant;

/// The content format of link deltas.
const LINK_DELTA: ContentFormat = ContentFormat(65_040);

/// One call of the transport, or what leads to one.
#[derive(Debug, Clone)]
enum Step {
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

/// What came out, without what depends on when it was taken out.
#[derive(Debug, Default, PartialEq)]
struct Transcript {
    responses: BTreeMap<ExchangeId, Vec<Option<Response>>>,
    notifications: Vec<(ExchangeId, Response)>,
    requests: Vec<(RequestId, Peer, Request)>,
}

struct Run {
    server: Server,
    now: Instant,
    exchanges: u64,
    outputs: Vec<Output>,
    transcript: Transcript,
    echoes: Vec<Bytes>,
    /// Which links each observer knows, and how to ask for them.
    observed: BTreeMap<ExchangeId, (usize, Request, Bytes)>,
    asked: BTreeMap<ExchangeId, (usize, Request)>,
}

impl Run {
    fn new(variant: u8) -> Self {
        let limits = ServerLimits {
            registrations_per_peer: 3,
            observations: 6,
            observations_per_peer: 3,
            pending_fetches: 3,
            pending_fetches_per_peer: 2,
            remembered_changes: 2,
            cached_documents: 2,
            events: 4,
            answer_bytes: 600,
            ..ServerLimits::default()
        };
        let config = ServerConfig::default().with_limits(limits);
        let config = match variant {
            0 => config,
            1 => config.with_echo(EchoConfig::new([5; 16])),
            _ => config.with_policy(FirstComeFirstRemembered::new().accepting_unprotected()),
        };
        Self {
            server: Server::new(directory(), config),
            now: Instant::from_millis(5_000),
            exchanges: 0,
            outputs: Vec::new(),
            transcript: Transcript::default(),
            echoes: Vec::new(),
            observed: BTreeMap::new(),
            asked: BTreeMap::new(),
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Ask(peer, request, echo) => {
                self.exchanges += 1;
                let exchange = ExchangeId(self.exchanges);
                let mut request = request.clone();
                request.echo = echo.and_then(|number| {
                    let count = self.echoes.len();
                    (count > 0).then(|| self.echoes[count - 1 - number % count].clone())
                });
                self.asked.insert(exchange, (*peer, request.clone()));
                self.server.handle_request(self.now, exchange, &peers()[*peer], request);
            }
            Step::Respond(number, outcome) => {
                let count = self.transcript.requests.len();
                let id = if count > 0 { self.transcript.requests[number % count].0 } else { RequestId(9) };
                self.server.handle_response(self.now, id, outcome.clone());
            }
            Step::Ready(exchange) => self.server.handle_ready(self.now, ExchangeId(*exchange)),
            Step::Cancel(exchange) => {
                self.server.handle_cancel(self.now, ExchangeId(*exchange));
                self.drain();
                self.observed.remove(&ExchangeId(*exchange));
            }
            Step::Timeout => self.server.handle_timeout(self.now),
            Step::Pass(millis) => self.now += Duration::from_millis(*millis),
        }
    }

    fn drain(&mut self) {
        while let Some(output) = self.server.poll_output() {
            self.outputs.push(output.clone());
            match output {
                Output::Response { exchange, response } => {
                    self.echoes.extend(response.echo.clone());
                    if response.is_observed {
                        let (peer, request) = self.asked[&exchange].clone();
                        self.observed.insert(exchange, (peer, request, known_by(&Bytes::new(), &response)));
                    }
                    self.transcript.responses.entry(exchange).or_default().push(Some(response));
                }
                Output::Silence { exchange } => self.transcript.responses.entry(exchange).or_default().push(None),
                Output::Notification { exchange, response } => {
                    if response.code.is_success() {
                        let known = &mut self.observed.get_mut(&exchange).expect("an observer").2;
                        *known = known_by(known, &response);
                    } else {
                        self.observed.remove(&exchange);
                    }
                    self.transcript.notifications.push((exchange, response));
                }
                Output::Request { id, peer, request } => self.transcript.requests.push((id, peer, request)),
                Output::Withdrawn { id, peer } => {
                    assert!(self.transcript.requests.iter().any(|(asked, of, _)| (*asked, of) == (id, &peer)));
                }
                Output::Changed { exchange } => assert!(self.asked.contains_key(&exchange)),
                other => panic!("{other:?}"),
            }
        }
    }

    /// Everything that a refused request must not touch.
    fn state(&self) -> (Version, Vec<String>) {
        let directory = self.server.directory();
        (directory.version().clone(), contents(directory, self.now))
    }
}

/// Returns the links that are known after a response by who knew others before.
fn known_by(before: &Bytes, response: &Response) -> Bytes {
    if response.content_format != Some(LINK_DELTA) {
        return response.payload.clone();
    }
    let delta = LinkDelta::decode(&response.payload, &waypost_link_delta::Limits::default()).unwrap();
    let links = delta.apply(LinkDocument::parse_bytes(before).unwrap());
    Bytes::from(links.as_str().to_owned())
}

fn contents(directory: &Directory, now: Instant) -> Vec<String> {
    let all = Query::all();
    let endpoints = directory.endpoints(now, &all).map(|endpoint| {
        let attributes: Vec<_> = endpoint.attributes().collect();
        format!(
            "{:?} {} {} {:?} {:?} {attributes:?}",
            endpoint.location(),
            endpoint.name(),
            endpoint.base(),
            endpoint.lifetime(),
            endpoint.age()
        )
    });
    let resources = directory.resources(now, &all).map(|resource| resource.link().raw().to_owned());
    endpoints.chain(resources).collect()
}

fn peers() -> [Peer; 4] {
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

fn a_request() -> impl Strategy<Value = Request> {
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
fn locations() -> [String; 4] {
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

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(a_step(), 0..40)
}

fn answers_of(run: &Run) -> BTreeMap<ExchangeId, Vec<Option<Code>>> {
    let codes = |responses: &Vec<Option<Response>>| {
        responses.iter().map(|response| response.as_ref().map(|response| response.code)).collect()
    };
    run.transcript.responses.iter().map(|(exchange, responses)| (*exchange, codes(responses))).collect()
}

proptest! {
    #[test]
    fn equal_inputs_give_equal_outputs(variant in 0..3_u8, steps in steps()) {
        let mut runs = [Run::new(variant), Run::new(variant)];
        for run in &mut runs {
            for step in &steps {
                run.step(step);
                run.drain();
            }
        }
        prop_assert_eq!(&runs[0].outputs, &runs[1].outputs);
        prop_assert_eq!(runs[0].server.poll_timeout(), runs[1].server.poll_timeout());
    }

    #[test]
    fn every_request_has_exactly_one_answer(variant in 0..3_u8, steps in steps()) {
        let mut run = Run::new(variant);
        for step in &steps {
            run.step(step);
            run.drain();
        }
        // What waits for a peer is answered when its time is up; what was cancelled need not be.
        run.now += Duration::from_secs(1_000);
        run.server.handle_timeout(run.now);
        run.drain();
        let cancelled: Vec<_> = steps.iter().filter_map(|step| match step {
            Step::Cancel(exchange) => Some(ExchangeId(*exchange)),
            _ => None,
        }).collect();
        for number in 1..=run.exchanges {
            let answers = run.transcript.responses.get(&ExchangeId(number)).map_or(0, Vec::len);
            let is_cancelled = cancelled.contains(&ExchangeId(number));
            prop_assert!(answers == 1 || answers == 0 && is_cancelled, "exchange {}: {} answers", number, answers);
        }
    }

    #[test]
    fn when_outputs_are_taken_makes_no_difference_to_them(steps in steps(), often in prop::collection::vec(any::<bool>(), 40)) {
        // Nothing here depends on what came out before: no Echo, no answers to requests of the server.
        let steps: Vec<_> = steps.into_iter().filter(|step| !matches!(step, Step::Respond(..) | Step::Cancel(_))).collect();
        let mut eager = Run::new(0);
        let mut lazy = Run::new(0);
        for (step, often) in steps.iter().zip(&often) {
            eager.step(step);
            eager.drain();
            lazy.step(step);
            if *often {
                lazy.drain();
            }
        }
        lazy.drain();
        eager.drain();
        prop_assert_eq!(&eager.transcript.responses, &lazy.transcript.responses);
        prop_assert_eq!(&eager.transcript.notifications, &lazy.transcript.notifications);
        prop_assert_eq!(&eager.transcript.requests, &lazy.transcript.requests);
    }

    #[test]
    fn early_late_and_repeated_timeouts_are_harmless(
        variant in 0..3_u8,
        steps in steps(),
        early in prop::collection::vec(0..3_u8, 40),
    ) {
        let mut punctual = Run::new(variant);
        let mut erratic = Run::new(variant);
        for (step, early) in steps.iter().zip(&early) {
            punctual.step(step);
            punctual.drain();
            erratic.step(step);
            for _ in 0..*early {
                let before = erratic.now.saturating_sub(Duration::from_secs(u64::from(*early)));
                erratic.server.handle_timeout(before);
                erratic.server.handle_timeout(erratic.now);
            }
            erratic.drain();
        }
        for run in [&mut punctual, &mut erratic] {
            run.now += Duration::from_secs(1_000);
            run.server.handle_timeout(run.now);
            run.drain();
        }
        prop_assert_eq!(answers_of(&punctual), answers_of(&erratic));
        prop_assert_eq!(contents(punctual.server.directory(), punctual.now), contents(erratic.server.directory(), erratic.now));
    }

    #[test]
    fn a_refused_request_changes_nothing(variant in 0..3_u8, steps in steps(), peer in 0..4_usize, request in a_request()) {
        let mut run = Run::new(variant);
        for step in &steps {
            run.step(step);
            run.drain();
        }
        run.server.handle_timeout(run.now);
        run.drain();
        let before = run.state();
        let observations = run.server.observations();
        run.step(&Step::Ask(peer, request, None));
        run.drain();
        let exchange = ExchangeId(run.exchanges);
        let is_refused = match run.transcript.responses.get(&exchange).map(|answers| &answers[0]) {
            Some(Some(response)) => !response.code.is_success(),
            Some(None) | None => true,
        };
        if is_refused {
            prop_assert_eq!(before, run.state());
            prop_assert_eq!(observations, run.server.observations());
        }
    }

    #[test]
    fn what_an_observer_knows_is_what_a_fresh_lookup_shows(variant in 0..3_u8, steps in steps()) {
        let mut run = Run::new(variant);
        for step in &steps {
            run.step(step);
            run.drain();
        }
        // Let everything that is due expire, and everybody who was told be ready.
        for _ in 0..3 {
            run.server.handle_timeout(run.now);
            for exchange in run.observed.keys().copied().collect::<Vec<_>>() {
                run.server.handle_ready(run.now, exchange);
            }
            run.drain();
        }
        for (exchange, (peer, request, known)) in run.observed.clone() {
            if request.query.iter().any(|argument| argument.starts_with("lt-")) {
                continue;
            }
            let mut request = request;
            let is_by_deltas = request.accept.is_some();
            request.observe = None;
            run.step(&Step::Ask(peer, request, None));
            run.drain();
            let fresh = run.transcript.responses[&ExchangeId(run.exchanges)][0].clone().unwrap();
            let [known, fresh] = [known, known_by(&Bytes::new(), &fresh)].map(|links| String::from_utf8(links.to_vec()).unwrap());
            // Deltas do not carry the order.
            let is_same = if is_by_deltas { harness::links(&known) == harness::links(&fresh) } else { known == fresh };
            prop_assert!(is_same, "exchange {:?}: {} instead of {}", exchange, known, fresh);
        }
        prop_assert_eq!(run.observed.len(), run.server.observations());
    }

    #[test]
    fn a_notification_always_says_something_new(variant in 0..3_u8, steps in steps()) {
        let mut run = Run::new(variant);
        let mut known: BTreeMap<ExchangeId, Bytes> = BTreeMap::new();
        for step in &steps {
            run.step(step);
            run.drain();
            for output in core::mem::take(&mut run.outputs) {
                match output {
                    Output::Response { exchange, response } if response.is_observed => {
                        known.insert(exchange, response.payload);
                    }
                    Output::Notification { exchange, response } if response.code.is_success() => {
                        let shows_time = run.asked[&exchange].1.query.iter().any(|argument| argument.contains("lt-"));
                        let before = known.insert(exchange, response.payload.clone());
                        prop_assert!(shows_time || before != Some(response.payload));
                    }
                    _ => {}
                }
            }
        }
    }
}

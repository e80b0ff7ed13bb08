//! Laws of the engines, whatever is called in whatever order.

use core::time::Duration;

use proptest::prelude::*;
use waypost_client::{
    Candidate, Description, Limits, Lookup, LookupClient, LookupConfig, LookupEvent, Rdao, Registrant,
    RegistrantConfig, ResourceUri,
};
use waypost_link_format::LinkDocument;
use waypost_rest::{
    Code, ContentFormat, ETag, ExchangeId, Method, Output, Peer, Request, RequestFailure, RequestId, Response, Service,
};
use waypost_time::Instant;

/// What a test does to an engine.
#[derive(Debug, Clone)]
enum Action {
    /// Answer the request made so many before the last.
    Respond(u64, Result<Response, RequestFailure>),
    GroupRespond(u64, Response),
    Timeout,
    Pass(u64),
    /// The clock goes back for one call.
    Back(u64),
    Request(bool),
    Own(u8, usize),
}

const URIS: [&str; 6] = [
    "coap://a.example",
    "coap://b.example/rd",
    "coap://[ff05::fe]",
    "coap://[2001:db8::1]:61616",
    "coap://a.example/rd-lookup/res",
    "http://web.example",
];
const QUERIES: [&str; 5] =
    ["ep=node1&lt=60", "ep=node1&lt=60&et=x", "ep=node1", "ep=node2&d=x&base=coap://h", "lt=4294967295"];

fn response() -> impl Strategy<Value = Response> {
    let code = prop_oneof![
        Just(Code::CREATED),
        Just(Code::CHANGED),
        Just(Code::CONTENT),
        Just(Code::VALID),
        Just(Code::DELETED),
        Just(Code::UNAUTHORIZED),
        Just(Code::SERVICE_UNAVAILABLE),
        Just(Code::TOO_MANY_REQUESTS),
        Just(Code::NOT_FOUND),
        any::<u8>().prop_map(Code::from_u8),
    ];
    let payload = prop_oneof![
        Just(r#"</rd>;rt="core.rd",</l>;rt="core.rd-lookup-res""#.to_string()),
        Just(r#"<coap://c.example/rd>;rt="core.rd",<coap://d.example/x>;rt="core.rd""#.to_string()),
        Just("<coap://h/1>,<coap://h/2>".to_string()),
        Just(String::new()),
        any::<String>(),
    ];
    let location = prop_oneof![
        Just(vec![]),
        Just(vec!["reg".to_string(), "1".into(), String::new()]),
        proptest::collection::vec(any::<String>(), 0..3),
    ];
    let max_age = prop_oneof![Just(None), Just(Some(0)), Just(Some(30)), any::<u32>().prop_map(Some)];
    (code, payload, location, max_age, any::<[bool; 4]>()).prop_map(
        |(code, payload, location_path, max_age, [is_observed, has_echo, has_etag, has_format])| {
            let mut response = Response::new(code).with_payload(payload);
            response.location_path = location_path;
            response.max_age = max_age;
            response.is_observed = is_observed;
            response.echo = has_echo.then(|| "echo".into());
            response.etag = has_etag.then(|| ETag::from_hash(1));
            response.content_format = has_format.then_some(ContentFormat::LINK_FORMAT);
            response
        },
    )
}

fn action() -> impl Strategy<Value = Action> {
    let failure =
        prop_oneof![Just(RequestFailure::TimedOut), Just(RequestFailure::Unreachable), Just(RequestFailure::Unusable)];
    let outcome = prop_oneof![5 => response().prop_map(Ok), 1 => failure.prop_map(Err)];
    prop_oneof![
        6 => (0..3_u64, outcome).prop_map(|(back, outcome)| Action::Respond(back, outcome)),
        1 => (0..2_u64, response()).prop_map(|(back, response)| Action::GroupRespond(back, response)),
        3 => Just(Action::Timeout),
        2 => (0..200_u64).prop_map(Action::Pass),
        1 => Just(Action::Pass(1_000_000)),
        1 => (0..100_u64).prop_map(Action::Back),
        1 => any::<bool>().prop_map(Action::Request),
        3 => (0..6_u8, 0..6_usize).prop_map(|(what, which)| Action::Own(what, which)),
    ]
}

/// An engine that is driven by actions.
trait Engine: Service + core::fmt::Debug {
    fn start() -> Self;
    /// Does one of the things that only this engine can.
    fn own(&mut self, now: Instant, what: u8, which: usize);
    /// Takes what happened.
    fn events(&mut self) -> Vec<String>;
}

const LIMITS: fn() -> Limits = || Limits { candidates: 4, events: 8, lookups: 4, ..Limits::default() };

impl Engine for Registrant {
    fn start() -> Self {
        let description = Description::parse(QUERIES[0], "</temp>").unwrap();
        Self::new(description, RegistrantConfig::new(1).with_limits(LIMITS()))
    }

    fn own(&mut self, now: Instant, what: u8, which: usize) {
        match what {
            0 => self.shutdown(now),
            1 => self.start(now),
            2 => self.update(now, Description::parse(QUERIES[which % QUERIES.len()], "</temp>").unwrap()),
            3 => self.update(now, Description::parse(QUERIES[0], "</other>").unwrap()),
            _ => {
                let candidate = Candidate::new(URIS[which]).unwrap();
                let candidate = if what == 4 { candidate } else { candidate.valid_for(Duration::from_secs(90)) };
                // Some are refused.
                let _ = self.add_directory(now, candidate);
            }
        }
    }

    fn events(&mut self) -> Vec<String> {
        core::iter::from_fn(|| self.poll_event()).map(|event| event.to_string()).collect()
    }
}

#[derive(Debug)]
struct Lookups(LookupClient, Vec<waypost_client::LookupId>);

impl Service for Lookups {
    fn handle_request(&mut self, now: Instant, exchange: ExchangeId, peer: &Peer, request: Request) {
        self.0.handle_request(now, exchange, peer, request);
    }
    fn handle_response(&mut self, now: Instant, id: RequestId, outcome: Result<Response, RequestFailure>) {
        self.0.handle_response(now, id, outcome);
    }
    fn handle_ready(&mut self, now: Instant, exchange: ExchangeId) {
        self.0.handle_ready(now, exchange);
    }
    fn handle_cancel(&mut self, now: Instant, exchange: ExchangeId) {
        self.0.handle_cancel(now, exchange);
    }
    fn handle_timeout(&mut self, now: Instant) {
        self.0.handle_timeout(now);
    }
    fn poll_output(&mut self) -> Option<Output> {
        self.0.poll_output()
    }
    fn poll_timeout(&self) -> Option<Instant> {
        self.0.poll_timeout()
    }
}

impl Engine for Lookups {
    fn start() -> Self {
        Self(LookupClient::new(LookupConfig::new(1).with_limits(LIMITS())), Vec::new())
    }

    fn own(&mut self, now: Instant, what: u8, which: usize) {
        let lookup = Lookup::resources(ResourceUri::new(URIS[which]).unwrap(), "rt=x".parse().unwrap());
        let started = match what {
            0 | 1 => {
                if let Some(id) = self.1.pop() {
                    self.0.cancel(now, id);
                }
                return;
            }
            2 => self.0.look_up(now, lookup),
            3 => self.0.look_up(now, lookup.in_pages_of(2)),
            _ => self.0.look_up(now, lookup.observed()),
        };
        self.1.extend(started);
    }

    fn events(&mut self) -> Vec<String> {
        let events = core::iter::from_fn(|| self.0.poll_event()).map(|(id, event)| {
            if let LookupEvent::Found(answer) = &event {
                LinkDocument::parse(answer.links.as_str()).expect("a valid document");
            }
            format!("{id:?} {event:?}")
        });
        events.collect()
    }
}

/// Runs an engine, and keeps what it said.
struct Run<E> {
    engine: E,
    now: Instant,
    last_id: u64,
    requests: Vec<(Instant, RequestId, Peer, Request)>,
    answers: usize,
    events: Vec<String>,
}

impl<E: Engine> Run<E> {
    fn new() -> Self {
        let now = Instant::from_millis(1_000_000);
        Self { engine: E::start(), now, last_id: 0, requests: Vec::new(), answers: 0, events: Vec::new() }
    }

    fn act(&mut self, action: &Action) {
        let now = self.now;
        match action.clone() {
            Action::Respond(back, outcome) => {
                self.engine.handle_response(now, RequestId(self.last_id.saturating_sub(back)), outcome);
            }
            Action::GroupRespond(back, response) => {
                let peer = Peer::new("coap://[2001:db8::5]");
                self.engine.handle_group_response(
                    now,
                    RequestId(self.last_id - back.min(self.last_id)),
                    &peer,
                    response,
                );
            }
            Action::Timeout => {
                self.now = self.engine.poll_timeout().map_or(now, |at| at.max(now));
                self.engine.handle_timeout(self.now);
            }
            Action::Pass(seconds) => self.now = now + Duration::from_secs(seconds),
            Action::Back(seconds) => self.engine.handle_timeout(now.saturating_sub(Duration::from_secs(seconds))),
            Action::Request(is_multicast) => {
                let mut request = Request::new(Method::Get, [".well-known", "core"]);
                request.is_multicast = is_multicast;
                self.engine.handle_request(now, ExchangeId(1), &Peer::new("coap://h"), request);
            }
            Action::Own(what, which) => self.engine.own(now, what, which),
        }
    }

    fn drain(&mut self) -> usize {
        let mut count = 0;
        while let Some(output) = self.engine.poll_output() {
            count += 1;
            match output {
                Output::Request { id, peer, request } => {
                    self.last_id = self.last_id.max(id.0);
                    self.requests.push((self.now, id, peer, request));
                }
                Output::Withdrawn { id, peer } => {
                    assert!(self.requests.iter().any(|(_, asked, of, _)| (*asked, of) == (id, &peer)), "{id:?}");
                }
                Output::Response { .. } | Output::Silence { .. } => self.answers += 1,
                other => panic!("{other:?}"),
            }
        }
        count
    }

    fn said(&mut self) -> String {
        self.drain();
        self.events.extend(self.engine.events());
        self.drain();
        format!("{:?} {} {:?}", self.requests, self.answers, self.events)
    }
}

/// Equal inputs give equal outputs, work per call is bounded, and timers come to rest.
fn keeps_to_the_rules<E: Engine>(actions: &[Action]) {
    let (mut one, mut other) = (Run::<E>::new(), Run::<E>::new());
    for action in actions {
        one.act(action);
        other.act(action);
        let said = one.drain();
        other.drain();
        assert!(said <= 8, "{said} outputs of one call");
        one.events.extend(one.engine.events());
        other.events.extend(other.engine.events());
        one.drain();
        other.drain();
        let mut rounds = 0;
        while one.engine.poll_timeout().is_some_and(|at| at <= one.now) {
            one.engine.handle_timeout(one.now);
            other.engine.handle_timeout(other.now);
            one.drain();
            other.drain();
            rounds += 1;
            assert!(rounds <= 8, "the timers do not come to rest");
        }
    }
    assert_eq!(one.said(), other.said());
}

/// A time-out that is early or repeated, and an answer to what was never asked, change nothing.
fn is_not_disturbed<E: Engine>(actions: &[Action]) {
    let mut run = Run::<E>::new();
    for action in actions {
        run.act(action);
        run.drain();
        while run.engine.poll_timeout().is_some_and(|at| at <= run.now) {
            run.engine.handle_timeout(run.now);
            run.drain();
        }
        run.engine.handle_timeout(run.now);
        run.drain();
        let before = format!("{:?}", run.engine);
        run.engine.handle_timeout(run.now);
        run.engine.handle_timeout(run.now.saturating_sub(Duration::from_secs(5)));
        run.engine.handle_response(run.now, RequestId(u64::MAX), Ok(Response::new(Code::CONTENT)));
        run.engine.handle_group_response(run.now, RequestId(0), &Peer::new("x"), Response::new(Code::CONTENT));
        run.engine.handle_cancel(run.now, ExchangeId(3));
        run.engine.handle_ready(run.now, ExchangeId(3));
        assert_eq!(before, format!("{:?}", run.engine));
    }
}

/// It does not matter when what an engine says is taken.
fn can_be_drained_late<E: Engine>(actions: &[Action]) {
    let (mut prompt, mut late) = (Run::<E>::new(), Run::<E>::new());
    for action in actions {
        // Answers go by the requests that were seen, so they have to be the same.
        late.last_id = prompt.last_id;
        prompt.act(action);
        late.act(action);
        prompt.drain();
    }
    let requests = |run: &Run<E>| run.requests.iter().map(|(_, id, _, request)| format!("{id:?}{request:?}")).collect();
    late.drain();
    let (one, other): (Vec<String>, Vec<String>) = (requests(&prompt), requests(&late));
    assert_eq!(one, other);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn a_registrant_keeps_to_the_rules(actions in proptest::collection::vec(action(), 0..60)) {
        keeps_to_the_rules::<Registrant>(&actions);
    }

    #[test]
    fn a_look_up_client_keeps_to_the_rules(actions in proptest::collection::vec(action(), 0..60)) {
        keeps_to_the_rules::<Lookups>(&actions);
    }

    #[test]
    fn a_registrant_is_not_disturbed(actions in proptest::collection::vec(action(), 0..40)) {
        is_not_disturbed::<Registrant>(&actions);
    }

    #[test]
    fn a_look_up_client_is_not_disturbed(actions in proptest::collection::vec(action(), 0..40)) {
        is_not_disturbed::<Lookups>(&actions);
    }

    #[test]
    fn a_registrant_can_be_drained_late(actions in proptest::collection::vec(action(), 0..40)) {
        can_be_drained_late::<Registrant>(&actions);
    }

    #[test]
    fn a_look_up_client_can_be_drained_late(actions in proptest::collection::vec(action(), 0..40)) {
        can_be_drained_late::<Lookups>(&actions);
    }

    /// Discoveries and registrations, however the directories behave.
    #[test]
    fn a_registrant_asks_no_more_than_its_rate(actions in proptest::collection::vec(action(), 0..200)) {
        let mut run = Run::<Registrant>::new();
        for action in &actions {
            run.act(action);
            run.drain();
        }
        let limits = LIMITS();
        let asked = |(at, _, _, request): &(Instant, RequestId, Peer, Request)| {
            let is_registration = request.method == Method::Post && !request.payload.is_empty();
            (is_registration || request.method == Method::Get).then_some(*at)
        };
        let asked: Vec<Instant> = run.requests.iter().filter_map(asked).collect();
        // Each request may be repeated for an Echo value.
        let each = 1 + limits.echo_repeats as usize;
        for (index, first) in asked.iter().enumerate() {
            for (count, last) in asked[index..].iter().enumerate() {
                let refills = last.saturating_since(*first).as_secs() / limits.refill.as_secs();
                prop_assert!(count <= each * (limits.burst as usize + refills as usize + 1));
            }
        }
    }

    /// There is one request at a time, and it is one that a transport can send.
    #[test]
    fn a_registrant_asks_one_thing_at_a_time(actions in proptest::collection::vec(action(), 0..60)) {
        let mut run = Run::<Registrant>::new();
        for action in &actions {
            run.act(action);
            let before = run.requests.len();
            run.drain();
            prop_assert!(run.requests.len() <= before + 1);
            for (_, _, peer, request) in &run.requests[before..] {
                prop_assert!(peer.uri.starts_with("coap://"));
                prop_assert!(!request.path.iter().any(|segment| segment == "." || segment == ".."));
                prop_assert!(request.is_multicast == peer.uri.contains("ff05"), "{} {:?}", peer.uri, request);
            }
        }
    }

    #[test]
    fn an_option_comes_back_as_it_was_written(address: [u8; 16], lifetime: u32, reserved: [u8; 2]) {
        let option = Rdao { address: address.into(), lifetime };
        let mut written = option.to_bytes();
        written[2..4].copy_from_slice(&reserved);
        prop_assert_eq!(Rdao::parse(&written), Ok(option));
    }

    #[test]
    fn options_are_found_in_anything(octets: Vec<u8>) {
        prop_assert!(Rdao::find_all(&octets).count() <= octets.len() / 24);
    }

    #[test]
    fn any_text_is_a_uri_or_is_refused(text in "(coap://)?[a-z.:/?&%#\\[\\]0-9]{0,40}|\\PC{0,20}") {
        if let Ok(uri) = ResourceUri::new(&text) {
            prop_assert_eq!(uri.as_str(), &*text);
            prop_assert!(uri.peer().uri.contains("://"));
        }
    }
}

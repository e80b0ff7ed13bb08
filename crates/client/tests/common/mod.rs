//! A clock that the test turns, and engines that the test answers by hand.

// Each test program uses its part of it.
#![allow(dead_code)]

use core::time::Duration;

use waypost_client::{
    Candidate, Description, Limits, Lookup, LookupClient, LookupConfig, LookupEvent, LookupId, Registrant,
    RegistrantConfig, RegistrantEvent,
};
use waypost_rest::{Code, ContentFormat, Method, Output, Peer, Request, RequestFailure, RequestId, Response, Service};
use waypost_time::Instant;

pub(crate) const RD: &str = "coap://rd.example";
pub(crate) const LINKS: &str = r#"</temp>;rt="temperature-c",</light>;rt="light-lux""#;

/// An engine and its time.
pub(crate) struct Bench<S> {
    pub(crate) engine: S,
    pub(crate) now: Instant,
    asked: Vec<Asked>,
    /// The requests to whose answers nobody listens any more.
    pub(crate) withdrawn: Vec<RequestId>,
}

/// A request that waits for its outcome.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) id: RequestId,
    pub(crate) peer: Peer,
    pub(crate) request: Request,
    pub(crate) at: Instant,
}

impl<S: Service> Bench<S> {
    pub(crate) fn new(engine: S) -> Self {
        Self { engine, now: Instant::from_millis(1_000_000), asked: Vec::new(), withdrawn: Vec::new() }
    }

    /// Takes the only request that waits.
    #[track_caller]
    pub(crate) fn asked(&mut self) -> Asked {
        self.drain();
        assert_eq!(self.asked.len(), 1, "{:?}", self.asked);
        self.asked.remove(0)
    }

    /// Takes all requests that wait.
    pub(crate) fn all_asked(&mut self) -> Vec<Asked> {
        self.drain();
        core::mem::take(&mut self.asked)
    }

    #[track_caller]
    pub(crate) fn asks_nothing(&mut self) {
        self.drain();
        assert!(self.asked.is_empty(), "{:?}", self.asked);
    }

    pub(crate) fn answer(&mut self, asked: &Asked, response: Response) {
        self.engine.handle_response(self.now, asked.id, Ok(response));
    }

    pub(crate) fn fail(&mut self, asked: &Asked, failure: RequestFailure) {
        self.engine.handle_response(self.now, asked.id, Err(failure));
    }

    /// Lets time pass up to the next time-out, and to it, if it is within so many seconds.
    pub(crate) fn step(&mut self, seconds: u64) -> bool {
        let end = self.now + Duration::from_secs(seconds);
        match self.engine.poll_timeout().filter(|timeout| *timeout <= end) {
            Some(timeout) => {
                self.now = self.now.max(timeout);
                self.engine.handle_timeout(self.now);
                self.drain();
                true
            }
            None => false,
        }
    }

    /// Lets time pass, calling the engine when it wants to be called.
    pub(crate) fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(timeout) = self.engine.poll_timeout().filter(|timeout| *timeout <= end) {
            self.now = self.now.max(timeout);
            self.engine.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
        self.engine.handle_timeout(end);
        self.drain();
    }

    /// Lets time pass until the engine asks something, and returns that and after how many seconds.
    #[track_caller]
    pub(crate) fn next_asked(&mut self, seconds: u64) -> (Asked, u64) {
        let start = self.now;
        self.drain();
        while self.asked.is_empty() {
            assert!(self.step(seconds), "nothing is asked within {seconds} seconds");
            assert!(self.now <= start + Duration::from_secs(seconds), "nothing is asked within {seconds} seconds");
        }
        (self.asked(), self.now.saturating_since(start).as_secs())
    }

    fn drain(&mut self) {
        while let Some(output) = self.engine.poll_output() {
            match output {
                Output::Request { id, peer, request } => {
                    self.asked.push(Asked { id, peer, request, at: self.now });
                }
                Output::Withdrawn { id, .. } => self.withdrawn.push(id),
                other => panic!("{other:?}"),
            }
        }
    }
}

impl Bench<Registrant> {
    pub(crate) fn registrant(query: &str, directories: &[&str]) -> Self {
        Self::registrant_with(RegistrantConfig::new(1), query, directories)
    }

    pub(crate) fn registrant_with(config: RegistrantConfig, query: &str, directories: &[&str]) -> Self {
        let description = Description::parse(query, LINKS).unwrap();
        let mut bench = Self::new(Registrant::new(description, config));
        for uri in directories {
            bench.add(Candidate::new(uri).unwrap());
        }
        bench
    }

    pub(crate) fn add(&mut self, candidate: Candidate) {
        self.engine.add_directory(self.now, candidate).unwrap();
    }

    /// Takes what happened, one line each.
    pub(crate) fn events(&mut self) -> Vec<String> {
        core::iter::from_fn(|| self.engine.poll_event()).map(|event| event.to_string()).collect()
    }

    pub(crate) fn raw_events(&mut self) -> Vec<RegistrantEvent> {
        core::iter::from_fn(|| self.engine.poll_event()).collect()
    }

    /// Answers the request for a registration.
    pub(crate) fn register(&mut self) -> Asked {
        let asked = self.asked();
        assert_eq!(asked.request.method, Method::Post);
        self.answer(&asked, created("/reg/1"));
        self.events();
        asked
    }

    pub(crate) fn update(&mut self, query: &str, links: &str) {
        self.engine.update(self.now, Description::parse(query, links).unwrap());
    }
}

impl Bench<LookupClient> {
    pub(crate) fn lookup() -> Self {
        Self::lookup_within(Limits::default())
    }

    pub(crate) fn lookup_within(limits: Limits) -> Self {
        Self::new(LookupClient::new(LookupConfig::new(1).with_limits(limits)))
    }

    pub(crate) fn look_up(&mut self, lookup: Lookup) -> LookupId {
        self.engine.look_up(self.now, lookup).unwrap()
    }

    pub(crate) fn events(&mut self) -> Vec<LookupEvent> {
        core::iter::from_fn(|| self.engine.poll_event()).map(|(_, event)| event).collect()
    }

    /// Takes the only event, an answer, and returns its links.
    #[track_caller]
    pub(crate) fn found(&mut self) -> String {
        let mut events = self.events();
        match (events.pop(), events.is_empty()) {
            (Some(LookupEvent::Found(answer)), true) => answer.links.as_str().into(),
            other => panic!("{other:?}"),
        }
    }
}

/// A limit on failures that lets a test try as often as it wants.
pub(crate) fn patient() -> RegistrantConfig {
    RegistrantConfig::new(1).with_limits(Limits { burst: 1000, ..Limits::default() })
}

pub(crate) fn created(path: &str) -> Response {
    let mut response = Response::new(Code::CREATED);
    response.location_path = path[1..].split('/').map(Into::into).collect();
    response
}

pub(crate) fn changed() -> Response {
    Response::new(Code::CHANGED)
}

pub(crate) fn links(text: &str) -> Response {
    Response::content(ContentFormat::LINK_FORMAT, text.to_owned())
}

pub(crate) fn wkc(paths: &[&str]) -> Response {
    links(&paths.iter().map(|path| format!(r#"<{path}>;rt="core.rd""#)).collect::<Vec<_>>().join(","))
}

pub(crate) fn code(code: Code) -> Response {
    Response::new(code)
}

pub(crate) fn unavailable(seconds: u32) -> Response {
    code(Code::SERVICE_UNAVAILABLE).with_max_age(seconds)
}

pub(crate) fn challenge(echo: &'static str) -> Response {
    let mut response = code(Code::UNAUTHORIZED);
    response.echo = Some(echo.into());
    response
}

/// Refuses what others may have caused.
pub(crate) fn overdrawn(seconds: u32, echo: &'static str) -> Response {
    let mut response = code(Code::TOO_MANY_REQUESTS).with_max_age(seconds);
    response.echo = Some(echo.into());
    response
}

impl Asked {
    /// Returns the request in one line.
    pub(crate) fn line(&self) -> String {
        let mut line = format!("{} {}/{}", self.request.method, self.peer.uri, self.request.path.join("/"));
        if !self.request.query.is_empty() {
            line = format!("{line}?{}", self.request.query.join("&"));
        }
        line
    }
}

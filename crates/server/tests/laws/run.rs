//! A server that is called, and what came out.

use alloc::collections::BTreeMap;
use core::time::Duration;

use bytes::Bytes;
use waypost_directory::Directory;
use waypost_filter::Query;
use waypost_link_delta::LinkDelta;
use waypost_link_format::LinkDocument;
use waypost_model::Version;
use waypost_rest::{Code, ExchangeId, Output, Peer, Request, RequestId, Response, Service as _};
use waypost_server::{EchoConfig, FirstComeFirstRemembered, Server, ServerConfig, ServerLimits};
use waypost_time::Instant;

use crate::harness::*;
use crate::steps::{LINK_DELTA, Step, peers};

/// What came out, without what depends on when it was taken out.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Transcript {
    pub(crate) responses: BTreeMap<ExchangeId, Vec<Option<Response>>>,
    pub(crate) notifications: Vec<(ExchangeId, Response)>,
    pub(crate) requests: Vec<(RequestId, Peer, Request)>,
}

pub(crate) struct Run {
    pub(crate) server: Server,
    pub(crate) now: Instant,
    pub(crate) exchanges: u64,
    pub(crate) outputs: Vec<Output>,
    pub(crate) transcript: Transcript,
    pub(crate) echoes: Vec<Bytes>,
    /// Which links each observer knows, and how to ask for them.
    pub(crate) observed: BTreeMap<ExchangeId, (usize, Request, Bytes)>,
    pub(crate) asked: BTreeMap<ExchangeId, (usize, Request)>,
}

impl Run {
    pub(crate) fn new(variant: u8) -> Self {
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

    pub(crate) fn step(&mut self, step: &Step) {
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

    pub(crate) fn drain(&mut self) {
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
    pub(crate) fn state(&self) -> (Version, Vec<String>) {
        let directory = self.server.directory();
        (directory.version().clone(), contents(directory, self.now))
    }
}

/// Returns the links that are known after a response by who knew others before.
pub(crate) fn known_by(before: &Bytes, response: &Response) -> Bytes {
    if response.content_format != Some(LINK_DELTA) {
        return response.payload.clone();
    }
    let delta = LinkDelta::decode(&response.payload, &waypost_link_delta::Limits::default()).unwrap();
    let links = delta.apply(LinkDocument::parse_bytes(before).unwrap());
    Bytes::from(links.as_str().to_owned())
}

pub(crate) fn contents(directory: &Directory, now: Instant) -> Vec<String> {
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

pub(crate) fn answers_of(run: &Run) -> BTreeMap<ExchangeId, Vec<Option<Code>>> {
    let codes = |responses: &Vec<Option<Response>>| {
        responses.iter().map(|response| response.as_ref().map(|response| response.code)).collect()
    };
    run.transcript.responses.iter().map(|(exchange, responses)| (*exchange, codes(responses))).collect()
}

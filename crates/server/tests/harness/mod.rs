//! A world around one server: virtual peers and a virtual clock.

// Each test program uses its part of it.
#![allow(dead_code)]

extern crate alloc;

use alloc::collections::BTreeMap;
use core::time::Duration;

use bytes::Bytes;
use waypost_directory::{Config, Directory};
use waypost_model::{Authority, ReplicaId};
use waypost_rest::{
    Code, ContentFormat, Credential, ETag, ExchangeId, Method, Observe, Output, Peer, Request, RequestFailure,
    RequestId, Response, Service,
};
use waypost_server::{Event, Server, ServerConfig};
use waypost_time::Instant;

/// A server, what it said, and what time it is.
pub(crate) struct World {
    pub(crate) server: Server,
    pub(crate) now: Instant,
    last_exchange: u64,
    answers: BTreeMap<ExchangeId, Option<Response>>,
    notifications: Vec<(ExchangeId, Response)>,
    requests: Vec<(RequestId, Peer, Request)>,
    changed: Vec<ExchangeId>,
    /// The requests of the server to whose answers nobody listens any more.
    pub(crate) withdrawn: Vec<RequestId>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(ServerConfig::default())
    }

    pub(crate) fn with(config: ServerConfig) -> Self {
        Self::over(directory(), config)
    }

    pub(crate) fn over(directory: Directory, config: ServerConfig) -> Self {
        Self {
            server: Server::new(directory, config),
            now: Instant::from_millis(1_000_000),
            last_exchange: 0,
            answers: BTreeMap::new(),
            notifications: Vec::new(),
            requests: Vec::new(),
            changed: Vec::new(),
            withdrawn: Vec::new(),
        }
    }

    /// Lets time pass, calling the server when it wants to be called.
    pub(crate) fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(timeout) = self.server.poll_timeout().filter(|timeout| *timeout <= end) {
            self.now = self.now.max(timeout);
            self.server.handle_timeout(self.now);
            self.drain();
        }
        self.now = end;
        self.server.handle_timeout(end);
        self.drain();
    }

    /// Hands in a request, and returns the name of the exchange.
    pub(crate) fn submit(&mut self, peer: &Peer, request: Request) -> ExchangeId {
        self.last_exchange += 1;
        let exchange = ExchangeId(self.last_exchange);
        self.server.handle_request(self.now, exchange, peer, request);
        self.drain();
        exchange
    }

    /// Hands in a request that is answered at once.
    pub(crate) fn ask(&mut self, peer: &Peer, request: Request) -> Response {
        let exchange = self.submit(peer, request);
        self.answer(exchange).expect("an answer at once")
    }

    /// Takes the answer of an exchange, if there is one yet.
    pub(crate) fn answer(&mut self, exchange: ExchangeId) -> Option<Response> {
        self.answers.remove(&exchange).flatten()
    }

    /// Tells whether the server chose silence.
    pub(crate) fn is_silent(&mut self, exchange: ExchangeId) -> bool {
        self.answers.remove(&exchange) == Some(None)
    }

    /// Takes the only request that the server made.
    pub(crate) fn request(&mut self) -> (RequestId, Peer, Request) {
        assert_eq!(self.requests.len(), 1, "{:?}", self.requests);
        self.requests.remove(0)
    }

    /// Returns the name of the first of the requests that the server made.
    pub(crate) fn first_request(&self) -> RequestId {
        self.requests.first().expect("a request").0
    }

    /// Takes the last of the requests that the server made.
    pub(crate) fn last_request(&mut self) -> (RequestId, Peer, Request) {
        self.requests.pop().expect("a request")
    }

    pub(crate) fn has_no_request(&self) -> bool {
        self.requests.is_empty()
    }

    pub(crate) fn respond(&mut self, id: RequestId, outcome: Result<Response, RequestFailure>) {
        self.server.handle_response(self.now, id, outcome);
        self.drain();
    }

    pub(crate) fn cancel(&mut self, exchange: ExchangeId) {
        self.server.handle_cancel(self.now, exchange);
        self.drain();
    }

    /// Takes the notifications of one observation, letting everybody be ready at once.
    pub(crate) fn notifications(&mut self, exchange: ExchangeId) -> Vec<Response> {
        self.let_ready();
        self.taken(exchange)
    }

    /// Takes the notifications of one observation that are there already.
    pub(crate) fn taken(&mut self, exchange: ExchangeId) -> Vec<Response> {
        self.drain();
        let (own, others) = core::mem::take(&mut self.notifications).into_iter().partition(|(of, _)| *of == exchange);
        self.notifications = others;
        own.into_iter().map(|(_, response): (ExchangeId, Response)| response).collect()
    }

    /// Takes the notifications of all observations, letting everybody be ready at once.
    pub(crate) fn all_notifications(&mut self) -> Vec<(ExchangeId, Response)> {
        self.let_ready();
        core::mem::take(&mut self.notifications)
    }

    /// Tells the server that everybody who was told of a change can be notified.
    pub(crate) fn let_ready(&mut self) {
        self.drain();
        while !self.changed.is_empty() {
            for exchange in core::mem::take(&mut self.changed) {
                self.server.handle_ready(self.now, exchange);
            }
            self.drain();
        }
    }

    /// Takes who was told of a change.
    pub(crate) fn told(&mut self) -> Vec<ExchangeId> {
        self.drain();
        core::mem::take(&mut self.changed)
    }

    pub(crate) fn events(&mut self) -> Vec<Event> {
        core::iter::from_fn(|| self.server.poll_event()).collect()
    }

    fn drain(&mut self) {
        while let Some(output) = self.server.poll_output() {
            match output {
                Output::Response { exchange, response } => {
                    assert!(self.answers.insert(exchange, Some(response)).is_none(), "two answers");
                }
                Output::Silence { exchange } => {
                    assert!(self.answers.insert(exchange, None).is_none(), "two answers");
                }
                Output::Changed { exchange } => self.changed.push(exchange),
                Output::Notification { exchange, response } => self.notifications.push((exchange, response)),
                Output::Request { id, peer, request } => self.requests.push((id, peer, request)),
                Output::Withdrawn { id, .. } => self.withdrawn.push(id),
                other => panic!("{other:?}"),
            }
        }
    }

    // What peers commonly do.

    /// Registers, and returns the location.
    pub(crate) fn register(&mut self, peer: &Peer, query: &str, links: &str) -> String {
        let response = self.ask(peer, post("/rd", query, links));
        assert_eq!(response.code, Code::CREATED, "{}", text(&response));
        location(&response)
    }

    /// Looks up, and returns the links.
    pub(crate) fn get(&mut self, peer: &Peer, uri: &str) -> String {
        let response = self.ask(peer, get(uri));
        assert_eq!(response.code, Code::CONTENT, "{}", text(&response));
        assert_eq!(response.content_format, Some(ContentFormat::LINK_FORMAT));
        text(&response)
    }

    /// Starts to observe, and returns the exchange and what it starts with.
    pub(crate) fn observe(&mut self, peer: &Peer, uri: &str) -> (ExchangeId, Response) {
        let exchange = self.submit(peer, get(uri).with_observe(Observe::Register));
        let response = self.answer(exchange).expect("an answer at once");
        (exchange, response)
    }
}

pub(crate) fn directory() -> Directory {
    directory_of(ReplicaId(1))
}

pub(crate) fn directory_of(replica: ReplicaId) -> Directory {
    let mut config = Config::new(*b"0123456789abcdef", replica);
    config.authorities.push(Authority::new("coap://rd.example.com").unwrap());
    Directory::new(config)
}

/// The first host of the examples, without and with a port of its own.
pub(crate) fn node() -> Peer {
    Peer::new("coap://[2001:db8:3::123]:61616")
}

pub(crate) fn host(number: u16) -> Peer {
    Peer::new(format!("coap://[2001:db8:4::{number:x}]"))
}

/// A host that is known to receive what is sent to it.
pub(crate) fn reachable(number: u16) -> Peer {
    let mut host = host(number);
    host.is_reachable = true;
    host
}

pub(crate) fn client() -> Peer {
    Peer::new("coap://[2001:db8:f::1]:40000")
}

pub(crate) fn neighbour(zone: u32) -> Peer {
    Peer::new("coap://[fe80::17]").with_zone(zone)
}

pub(crate) fn with_key(peer: &Peer, key: u8) -> Peer {
    peer.clone().with_credential(Credential::PublicKey(vec![key; 32]))
}

pub(crate) fn request(method: Method, uri: &str) -> Request {
    let (path, query) = uri.split_once('?').unwrap_or((uri, ""));
    let mut request = Request::new(method, path[1..].split('/').map(decode));
    for argument in query.split('&').filter(|argument| !argument.is_empty()) {
        request = request.with_query(decode(argument));
    }
    request
}

pub(crate) fn get(uri: &str) -> Request {
    request(Method::Get, uri)
}

pub(crate) fn delete(uri: &str) -> Request {
    request(Method::Delete, uri)
}

/// A POST with an empty payload.
pub(crate) fn touch(uri: &str) -> Request {
    request(Method::Post, uri)
}

pub(crate) fn post(path: &str, query: &str, links: &str) -> Request {
    request(Method::Post, &format!("{path}?{query}")).with_payload(ContentFormat::LINK_FORMAT, links.to_owned())
}

/// What a host answers to a GET of its `/.well-known/core`.
pub(crate) fn wkc(links: &str) -> Result<Response, RequestFailure> {
    Ok(Response::content(ContentFormat::LINK_FORMAT, links.to_owned()))
}

pub(crate) fn tagged(mut response: Response, etag: &[u8]) -> Response {
    response.etag = Some(ETag::new(etag).unwrap());
    response
}

pub(crate) fn echoing(mut request: Request, echo: &Bytes) -> Request {
    request.echo = Some(echo.clone());
    request
}

pub(crate) fn text(response: &Response) -> String {
    String::from_utf8(response.payload.to_vec()).unwrap()
}

pub(crate) fn location(response: &Response) -> String {
    response.location_path.iter().map(|segment| format!("/{segment}")).collect()
}

/// The links of a document, each as text, for comparing where the order is the directory's.
pub(crate) fn links(document: &str) -> Vec<String> {
    let document = waypost_link_format::LinkDocument::parse(document).unwrap();
    let mut links: Vec<_> = document.links().map(|link| link.raw().to_owned()).collect();
    links.sort();
    links
}

fn decode(text: &str) -> String {
    let mut octets = Vec::new();
    let mut rest = text.bytes();
    while let Some(octet) = rest.next() {
        octets.push(match octet {
            b'%' => {
                let digits: String = [rest.next().unwrap(), rest.next().unwrap()].map(char::from).iter().collect();
                u8::from_str_radix(&digits, 16).unwrap()
            }
            octet => octet,
        });
    }
    String::from_utf8(octets).unwrap()
}

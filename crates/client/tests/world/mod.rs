//! Directories, registrants and look-up clients on a network without sockets, in virtual time.

// Tests run where there is `std`.
#![allow(clippy::std_instead_of_alloc)]

use core::time::Duration;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use waypost_client::{
    Candidate, Description, Limits, Lookup, LookupClient, LookupConfig, LookupEvent, Registrant, RegistrantConfig,
};
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_model::{Authority, Change, Dot, Record, Registration, ReplicaId, Stamp, Timestamp, Version};
use waypost_rest::{
    Credential, ExchangeId, Method, Observe, Output, Peer, Request, RequestFailure, RequestId, Response, Service,
};
use waypost_server::{Server, ServerConfig};
use waypost_time::Instant;

/// The name of a host.
pub(crate) type Host = usize;

enum Node {
    Server(Box<Server>),
    Registrant(Box<Registrant>, Vec<String>),
    Client(Box<LookupClient>),
}

impl Node {
    fn service(&mut self) -> &mut dyn Service {
        match self {
            Self::Server(server) => &mut **server,
            Self::Registrant(registrant, _) => &mut **registrant,
            Self::Client(client) => &mut **client,
        }
    }
}

pub(crate) struct World {
    now: Instant,
    nodes: Vec<(String, Node, bool)>,
    /// Who asked what under which exchange of the other side.
    exchanges: BTreeMap<ExchangeId, (Host, RequestId, Host)>,
    /// Those of them that were sent to a group.
    to_group: BTreeSet<ExchangeId>,
    last_exchange: u64,
    mail: VecDeque<(Instant, Mail)>,
    loss: Option<(u64, u64)>,
    requests: Vec<Method>,
    payload_bytes: usize,
}

enum Mail {
    Request { from: Host, to: Host, id: RequestId, request: Request },
    Outcome { to: Host, id: RequestId, outcome: Result<Response, RequestFailure> },
    GroupAnswer { from: Host, to: Host, id: RequestId, response: Response },
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            now: Instant::from_millis(1_000_000),
            nodes: Vec::new(),
            exchanges: BTreeMap::new(),
            to_group: BTreeSet::new(),
            last_exchange: 0,
            mail: VecDeque::new(),
            loss: None,
            requests: Vec::new(),
            payload_bytes: 0,
        }
    }

    /// Starts a directory, in the place of the one that was at this address.
    pub(crate) fn serve(&mut self, uri: &str, config: ServerConfig) {
        let mut directory = Config::new(*b"0123456789abcdef", ReplicaId(1));
        directory.authorities.push(Authority::new(uri).unwrap());
        let node = Node::Server(Server::new(Directory::new(directory), config).into());
        match self.host(uri) {
            Some(host) => self.nodes[host] = (uri.into(), node, true),
            None => self.nodes.push((uri.into(), node, true)),
        }
    }

    pub(crate) fn register(&mut self, description: Description, config: RegistrantConfig, at: &[&str]) -> Host {
        let mut registrant = Registrant::new(description, config);
        for uri in at {
            registrant.add_directory(self.now, Candidate::new(uri).unwrap()).unwrap();
        }
        self.join(Node::Registrant(registrant.into(), Vec::new()))
    }

    pub(crate) fn client(&mut self, limits: Limits) -> Host {
        self.join(Node::Client(LookupClient::new(LookupConfig::new(5).with_limits(limits)).into()))
    }

    fn join(&mut self, node: Node) -> Host {
        self.nodes.push((format!("coap://[2001:db8::{:x}]", 0x100 + self.nodes.len()), node, true));
        self.settle();
        self.nodes.len() - 1
    }

    pub(crate) fn address(&self, host: Host) -> &str {
        &self.nodes[host].0
    }

    pub(crate) fn kill(&mut self, uri: &str) {
        let host = self.host(uri).unwrap();
        self.nodes[host].2 = false;
    }

    pub(crate) fn revive(&mut self, uri: &str) {
        let host = self.host(uri).unwrap();
        self.nodes[host].2 = true;
    }

    /// Has so many of a hundred requests get no answer from now on.
    pub(crate) fn lose(&mut self, seed: u64, percent: u64) {
        self.loss = Some((seed, percent));
    }

    pub(crate) fn update(&mut self, host: Host, description: Description) {
        let now = self.now;
        self.registrant(host).update(now, description);
        self.settle();
    }

    pub(crate) fn shutdown(&mut self, host: Host) {
        let now = self.now;
        self.registrant(host).shutdown(now);
        self.settle();
    }

    pub(crate) fn announce(&mut self, host: Host, candidate: Candidate) {
        let now = self.now;
        self.registrant(host).add_directory(now, candidate).unwrap();
        self.settle();
    }

    /// Returns what happened to a registrant.
    pub(crate) fn lines(&self, host: Host) -> Vec<String> {
        match &self.nodes[host].1 {
            Node::Registrant(_, lines) => lines.clone(),
            _ => panic!("not a registrant"),
        }
    }

    pub(crate) fn start(&mut self, host: Host, lookup: Lookup) {
        let now = self.now;
        match &mut self.nodes[host].1 {
            Node::Client(client) => client.look_up(now, lookup).unwrap(),
            _ => panic!("not a client"),
        };
        self.settle();
    }

    pub(crate) fn events(&mut self, host: Host) -> Vec<LookupEvent> {
        let events = match &mut self.nodes[host].1 {
            Node::Client(client) => core::iter::from_fn(|| client.poll_event()).map(|(_, event)| event).collect(),
            _ => panic!("not a client"),
        };
        self.settle();
        events
    }

    /// Looks up, and returns the targets in their order.
    pub(crate) fn look_up(&mut self, lookup: Lookup) -> Vec<String> {
        let client = self.client(Limits::default());
        self.start(client, lookup);
        let mut targets = Vec::new();
        loop {
            self.pass(1);
            for event in self.events(client) {
                let LookupEvent::Found(answer) = event else { panic!("{event:?}") };
                targets.extend(answer.links.links().map(|link| link.target().to_string()));
                if answer.is_last {
                    return targets;
                }
            }
        }
    }

    pub(crate) fn found(&mut self, uri: &str, query: &str) -> Vec<String> {
        self.look_up(Lookup::resources(uri.parse().unwrap(), query.parse().unwrap()))
    }

    /// Returns how many registrations a directory shows.
    pub(crate) fn known(&mut self, uri: &str) -> usize {
        let (now, host) = (self.now, self.host(uri).unwrap());
        match &self.nodes[host].1 {
            Node::Server(server) => server.directory().endpoints(now, &Query::all()).count(),
            _ => panic!("not a directory"),
        }
    }

    /// Has a directory take what another replica of it wrote just now without having seen what this one has.
    pub(crate) fn merge(&mut self, uri: &str, registration: Registration) {
        let (now, host) = (self.now, self.host(uri).unwrap());
        let stamp = Stamp { time: Timestamp::from_millis(now.as_millis() + 100), dot: Dot::new(ReplicaId(2), 1) };
        let record = Box::new(Record::register(registration, stamp, Version::new()));
        match &mut self.nodes[host].1 {
            Node::Server(server) => {
                server.directory_mut().apply(now, Change::Put { record, age: Duration::ZERO }).unwrap();
            }
            _ => panic!("not a directory"),
        }
        self.settle();
    }

    pub(crate) const fn requests(&self) -> usize {
        self.requests.len()
    }

    /// Returns the methods of all requests so far.
    pub(crate) fn methods(&self) -> &[Method] {
        &self.requests
    }

    pub(crate) const fn payload_bytes(&self) -> usize {
        self.payload_bytes
    }

    pub(crate) fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        loop {
            self.settle();
            let mail = self.mail.iter().map(|(at, _)| *at).min();
            let alive = self.nodes.iter_mut().filter(|(_, _, is_alive)| *is_alive);
            let timeout = alive.filter_map(|(_, node, _)| node.service().poll_timeout()).min();
            let Some(next) = mail.into_iter().chain(timeout).min().filter(|next| *next <= end) else { break };
            self.now = self.now.max(next);
            let now = self.now;
            for (_, node, _) in self.nodes.iter_mut().filter(|(_, _, is_alive)| *is_alive) {
                if node.service().poll_timeout().is_some_and(|timeout| timeout <= now) {
                    node.service().handle_timeout(now);
                }
            }
            self.settle();
            let (due, later) = core::mem::take(&mut self.mail).into_iter().partition(|(at, _)| *at <= now);
            self.mail = later;
            let due: VecDeque<(Instant, Mail)> = due;
            for (_, mail) in due {
                self.deliver(mail);
                self.settle();
            }
        }
        self.now = end;
    }

    fn deliver(&mut self, mail: Mail) {
        let now = self.now;
        match mail {
            Mail::Request { from, to, id, request } => {
                self.last_exchange += 1;
                let exchange = ExchangeId(self.last_exchange);
                let ended = request.observe == Some(Observe::Deregister) || request.observe == Some(Observe::Register);
                if ended {
                    let old: Vec<_> = self
                        .exchanges
                        .iter()
                        .filter(|(_, other)| **other == (from, id, to))
                        .map(|(old, _)| *old)
                        .collect();
                    for old in old {
                        self.exchanges.remove(&old);
                        self.nodes[to].1.service().handle_cancel(now, old);
                    }
                }
                self.exchanges.insert(exchange, (from, id, to));
                if request.is_multicast {
                    self.to_group.insert(exchange);
                }
                let peer = Peer::new(self.nodes[from].0.clone())
                    .with_credential(Credential::Session(from.to_be_bytes().to_vec()));
                self.nodes[to].1.service().handle_request(now, exchange, &peer, request);
            }
            Mail::Outcome { to, id, outcome } => self.nodes[to].1.service().handle_response(now, id, outcome),
            Mail::GroupAnswer { from, to, id, response } => {
                let peer = Peer::new(self.nodes[from].0.clone());
                self.nodes[to].1.service().handle_group_response(now, id, &peer, response);
            }
        }
    }

    fn settle(&mut self) {
        let mut again = true;
        while again {
            again = false;
            for host in 0..self.nodes.len() {
                while let Some(output) = self.nodes[host].1.service().poll_output() {
                    again = true;
                    self.carry(host, output);
                }
                if let Node::Registrant(registrant, lines) = &mut self.nodes[host].1 {
                    lines.extend(core::iter::from_fn(|| registrant.poll_event()).map(|event| event.to_string()));
                }
            }
        }
    }

    fn carry(&mut self, host: Host, output: Output) {
        let soon = self.now + Duration::from_millis(20);
        match output {
            Output::Request { id, peer, request } => {
                self.requests.push(request.method);
                if request.is_multicast {
                    let alive = self
                        .nodes
                        .iter()
                        .enumerate()
                        .filter(|(_, (_, node, is_alive))| *is_alive && matches!(node, Node::Server(_)));
                    let servers: Vec<_> = alive.map(|(server, _)| server).collect();
                    for to in servers {
                        self.mail.push_back((soon, Mail::Request { from: host, to, id, request: request.clone() }));
                    }
                    return;
                }
                let to = self.host(&peer.uri).filter(|to| self.nodes[*to].2);
                let is_lost = self.is_lost();
                let mail = match to {
                    Some(to) if !is_lost => (soon, Mail::Request { from: host, to, id, request }),
                    _ => {
                        let late = self.now + Duration::from_secs(93);
                        (late, Mail::Outcome { to: host, id, outcome: Err(RequestFailure::TimedOut) })
                    }
                };
                self.mail.push_back(mail);
            }
            Output::Response { exchange, response } => {
                let Some(&(to, id, _)) = self.exchanges.get(&exchange) else { return };
                self.payload_bytes += response.payload.len();
                if !response.is_observed {
                    self.exchanges.remove(&exchange);
                }
                let mail = match self.to_group.contains(&exchange) {
                    true => Mail::GroupAnswer { from: host, to, id, response },
                    false => Mail::Outcome { to, id, outcome: Ok(response) },
                };
                self.mail.push_back((soon, mail));
            }
            Output::Silence { exchange } => {
                self.exchanges.remove(&exchange);
            }
            Output::Changed { exchange } => {
                let now = self.now;
                self.nodes[host].1.service().handle_ready(now, exchange);
            }
            Output::Notification { exchange, mut response } => {
                let Some(&(to, id, _)) = self.exchanges.get(&exchange) else { return };
                self.payload_bytes += response.payload.len();
                response.is_observed = response.code.is_success();
                self.mail.push_back((soon, Mail::Outcome { to, id, outcome: Ok(response) }));
            }
            Output::Withdrawn { id, .. } => {
                self.mail
                    .retain(|(_, mail)| !matches!(mail, Mail::Outcome { to, id: of, .. } if (*to, *of) == (host, id)));
            }
            other => panic!("{other:?}"),
        }
    }

    fn is_lost(&mut self) -> bool {
        let Some((state, percent)) = &mut self.loss else { return false };
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 33) % 100 < *percent
    }

    fn registrant(&mut self, host: Host) -> &mut Registrant {
        match &mut self.nodes[host].1 {
            Node::Registrant(registrant, _) => registrant,
            _ => panic!("not a registrant"),
        }
    }

    fn host(&self, uri: &str) -> Option<Host> {
        self.nodes.iter().position(|(own, _, _)| own == uri)
    }
}

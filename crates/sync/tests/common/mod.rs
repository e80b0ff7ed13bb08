//! A network of directories without a network: what one asks, another answers, in an order that a seed decides.

#![allow(dead_code, reason = "each test uses a part of it")]

use alloc::collections::{BTreeMap, VecDeque};

use waypost_directory::{Config, Directory};
use waypost_model::{Registration, ReplicaId};
use waypost_rest::{ExchangeId, Observe, Output, Peer, Request, RequestFailure, RequestId, Response, Service};
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Replicated, Replicator, SyncConfig, SyncEvent};
use waypost_time::Instant;

pub(crate) type Node = Replicated<Server>;

/// Directories by their URIs.
#[derive(Default)]
pub(crate) struct Network {
    pub(crate) now: Instant,
    nodes: BTreeMap<String, Node>,
    exchanges: BTreeMap<ExchangeId, Exchange>,
    next: u64,
    /// Pairs that cannot reach each other: who asks, and who would answer.
    cut: Vec<(String, String)>,
    /// Bytes of feed answers, by who was answered.
    pub(crate) bytes: BTreeMap<String, usize>,
    pub(crate) messages: usize,
    /// The longest answer, in bytes.
    pub(crate) largest: usize,
}

struct Exchange {
    client: String,
    server: String,
    request: RequestId,
    is_observed: bool,
}

impl Network {
    pub(crate) fn add(&mut self, uri: &str, node: Node) {
        self.nodes.insert(uri.into(), node);
    }

    pub(crate) fn node(&mut self, uri: &str) -> &mut Node {
        self.nodes.get_mut(uri).expect("a node")
    }

    pub(crate) fn directory(&mut self, uri: &str) -> &mut Directory {
        self.node(uri).service_mut().directory_mut()
    }

    pub(crate) fn register(&mut self, uri: &str, parameters: &str, links: &str) {
        let now = self.now;
        self.directory(uri).register(now, registration(parameters, links)).expect("within the limits");
    }

    pub(crate) fn events(&mut self, uri: &str) -> Vec<SyncEvent> {
        let node = self.node(uri);
        core::iter::from_fn(|| node.replicator_mut().poll_event()).collect()
    }

    /// Lets nothing through from `a` to `b` and back.
    pub(crate) fn cut(&mut self, a: &str, b: &str) {
        self.cut.push((a.into(), b.into()));
        self.cut.push((b.into(), a.into()));
    }

    pub(crate) fn heal(&mut self) {
        self.cut.clear();
    }

    /// Removes a node with all that it knew.
    pub(crate) fn stop(&mut self, uri: &str) -> Option<Node> {
        self.exchanges.retain(|_, exchange| exchange.client != uri && exchange.server != uri);
        self.nodes.remove(uri)
    }

    /// Lets everybody speak until nobody has anything to say.
    pub(crate) fn settle(&mut self) {
        let mut rounds = 0;
        loop {
            let mut outputs = VecDeque::new();
            for (uri, node) in &mut self.nodes {
                while let Some(output) = node.poll_output() {
                    outputs.push_back((uri.clone(), output));
                }
            }
            if outputs.is_empty() {
                return;
            }
            for (uri, output) in outputs {
                self.deliver(&uri, output);
            }
            rounds += 1;
            assert!(rounds < 10_000, "the network never comes to rest");
        }
    }

    /// Lets time pass, with all that is due in it.
    pub(crate) fn run_until(&mut self, end: Instant) {
        loop {
            self.settle();
            let next = self.nodes.values().filter_map(Service::poll_timeout).min().filter(|next| *next <= end);
            let Some(next) = next else { break };
            self.now = self.now.max(next);
            for node in self.nodes.values_mut() {
                node.handle_timeout(self.now);
            }
        }
        self.now = end;
        for node in self.nodes.values_mut() {
            node.handle_timeout(self.now);
        }
        self.settle();
    }

    fn deliver(&mut self, from: &str, output: Output) {
        self.messages += 1;
        match output {
            Output::Request { id, peer, request } => self.ask(from, id, &peer, request),
            Output::Response { exchange, response } | Output::Notification { exchange, response } => {
                self.answer(exchange, response);
            }
            Output::Changed { exchange } => {
                let now = self.now;
                self.node(from).handle_ready(now, exchange);
            }
            _ => {}
        }
    }

    fn ask(&mut self, from: &str, id: RequestId, peer: &Peer, request: Request) {
        let now = self.now;
        let is_cut = self.cut.contains(&(from.into(), peer.uri.clone()));
        if is_cut || !self.nodes.contains_key(&peer.uri) {
            self.node(from).handle_response(now, id, Err(RequestFailure::TimedOut));
            return;
        }
        let earlier =
            self.exchanges.iter().find(|(_, own)| own.client == from && own.request == id && own.server == peer.uri);
        let exchange = earlier.map_or_else(
            || {
                self.next += 1;
                ExchangeId(self.next)
            },
            |(exchange, _)| *exchange,
        );
        let is_observed = request.observe == Some(Observe::Register);
        let kept = Exchange { client: from.into(), server: peer.uri.clone(), request: id, is_observed };
        self.exchanges.insert(exchange, kept);
        self.node(&peer.uri).handle_request(now, exchange, &Peer::new(from), request);
    }

    fn answer(&mut self, exchange: ExchangeId, response: Response) {
        let now = self.now;
        let Some(known) = self.exchanges.get(&exchange) else { return };
        let (client, server, request) = (known.client.clone(), known.server.clone(), known.request);
        if self.cut.contains(&(server.clone(), client.clone())) {
            // What observes is not told, and the server notices.
            self.exchanges.remove(&exchange);
            self.node(&server).handle_cancel(now, exchange);
            return;
        }
        if !(known.is_observed && response.is_observed) {
            self.exchanges.remove(&exchange);
        }
        self.largest = self.largest.max(response.payload.len());
        *self.bytes.entry(client.clone()).or_default() += response.payload.len();
        self.node(&client).handle_response(now, request, Ok(response));
    }
}

pub(crate) fn node(replica: u64, config: SyncConfig) -> Node {
    let mut own = Config::new(*b"shared by us all", ReplicaId(replica));
    own.limits.registrations = usize::MAX;
    own.limits.documents = usize::MAX;
    Replicated::new(Server::new(Directory::new(own), ServerConfig::default()), Replicator::new(config))
}

pub(crate) fn registration(parameters: &str, links: &str) -> Registration {
    Registration::parse(parameters, links).expect("a registration")
}

/// Three replicas that know each other.
pub(crate) fn three_replicas() -> (Network, [&'static str; 3]) {
    let uris = ["coap://a", "coap://b", "coap://c"];
    let mut network = Network::default();
    for (number, uri) in uris.iter().enumerate() {
        let mut node = node(number as u64 + 1, SyncConfig::new(number as u64));
        for other in uris.iter().filter(|other| *other != uri) {
            node.replicator_mut().add_replica(format!("{other}/sync/feed").parse().expect("a URI")).expect("room");
        }
        network.add(uri, node);
    }
    (network, uris)
}

/// What a look-up interface answers.
pub(crate) fn look_up(server: &mut Server, now: Instant, interface: &str) -> Vec<u8> {
    let request = Request::new(waypost_rest::Method::Get, ["rd-lookup", interface]);
    server.handle_request(now, ExchangeId(1), &Peer::new("coap://client"), request);
    let Some(Output::Response { response, .. }) = server.poll_output() else { panic!("no answer") };
    response.payload.to_vec()
}

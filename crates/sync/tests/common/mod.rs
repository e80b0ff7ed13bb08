//! A network of directories without a network: what one asks, another answers, in an order that a seed decides.

#![allow(dead_code, reason = "each test uses a part of it")]

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};

use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_link_format::LinkDocument;
use waypost_model::{Location, Registration, ReplicaId};
use waypost_rest::{
    Code, ExchangeId, Method, Observe, Output, Peer, Request, RequestFailure, RequestId, Response, Service,
};
use waypost_server::{Client, Policy, Server, ServerConfig};
use waypost_sync::{Proxy, ProxyConfig, Replicated, Replicator, SyncConfig, SyncEvent};
use waypost_time::Instant;

pub(crate) mod chain;
pub(crate) mod follower;
pub(crate) mod liar;

pub(crate) type Node = Replicated<Server>;

/// Shows neither provenance nor lifetimes, as directories that know no replication.
#[derive(Debug)]
pub(crate) struct Plain;

impl Policy for Plain {
    fn reveals_provenance(&self, _: &Client<'_>) -> bool {
        false
    }

    fn reveals_lifetime(&self, _: &Client<'_>) -> bool {
        false
    }
}

/// Directories by their URIs. Each stands behind a proxy, which is in front of nothing unless it is told otherwise.
#[derive(Default)]
pub(crate) struct Network {
    pub(crate) now: Instant,
    nodes: BTreeMap<String, Proxy<Server>>,
    exchanges: BTreeMap<ExchangeId, Exchange>,
    next: u64,
    /// Pairs that cannot reach each other: who asks, and who would answer.
    cut: Vec<(String, String)>,
    /// Whom notifications are lost to, and nobody notices.
    pub(crate) deaf: Option<&'static str>,
    /// Whom requests are lost to, and it takes long to notice.
    pub(crate) silent: Option<&'static str>,
    /// Whom the transport cannot send notifications to for now, and those that wait.
    pub(crate) busy: Option<&'static str>,
    pub(crate) waiting: BTreeSet<ExchangeId>,
    /// The last segment of a path that no request gets through to.
    pub(crate) unheard: Option<&'static str>,
    /// Bytes of feed answers, by who was answered.
    pub(crate) bytes: BTreeMap<String, usize>,
    pub(crate) messages: usize,
    /// Who is known everywhere to receive what is sent to its address.
    pub(crate) reachable: BTreeSet<&'static str>,
    /// Who has shown that to whom, by the Echo value that came with a refusal.
    verified: BTreeSet<(String, String)>,
    /// How long an answer of a node to another can be.
    pub(crate) longest: Option<usize>,
    /// The longest answer, in bytes.
    pub(crate) largest: usize,
    /// Directories in which only the last argument of a query counts, as it nearly is in one that is in use.
    pub(crate) last_counts: Vec<String>,
    /// Requests that were delivered, by who was asked.
    pub(crate) requests: BTreeMap<String, usize>,
    /// Questions for cells, with which everything is compared, that were delivered.
    pub(crate) comparisons: usize,
    /// How many of the next ones are lost.
    pub(crate) comparisons_lost: usize,
    /// What those were answered who are no directories, by whom.
    answers: BTreeMap<ExchangeId, Vec<Response>>,
}

struct Exchange {
    client: String,
    server: String,
    request: RequestId,
    is_observed: bool,
}

impl Network {
    pub(crate) fn add(&mut self, uri: &str, node: Node) {
        self.add_proxy(uri, Proxy::new(node, ProxyConfig::new(0)));
    }

    pub(crate) fn add_proxy(&mut self, uri: &str, proxy: Proxy<Server>) {
        self.nodes.insert(uri.into(), proxy);
    }

    pub(crate) fn proxy(&mut self, uri: &str) -> &mut Proxy<Server> {
        self.nodes.get_mut(uri).expect("a node")
    }

    pub(crate) fn node(&mut self, uri: &str) -> &mut Node {
        self.proxy(uri).replicated_mut()
    }

    /// Sends a request of a client.
    pub(crate) fn send(&mut self, client: &str, uri: &str, request: Request) -> ExchangeId {
        self.next += 1;
        let exchange = ExchangeId(self.next);
        let is_observed = request.observe == Some(Observe::Register);
        let kept = Exchange { client: client.into(), server: uri.into(), request: RequestId(0), is_observed };
        self.exchanges.insert(exchange, kept);
        let now = self.now;
        let peer = self.peer(client, uri);
        self.proxy(uri).handle_request(now, exchange, &peer, request);
        exchange
    }

    /// Returns what came of a request of a client so far.
    pub(crate) fn answers(&self, exchange: ExchangeId) -> &[Response] {
        self.answers.get(&exchange).map_or(&[], Vec::as_slice)
    }

    /// Looks something up as a client does; the answer, or none as yet.
    pub(crate) fn look_up(&mut self, uri: &str, interface: &str, query: &str) -> Option<Response> {
        let mut request = Request::new(Method::Get, ["rd-lookup", interface]);
        request.query = query.split('&').filter(|argument| !argument.is_empty()).map(Into::into).collect();
        let exchange = self.send("coap://client", uri, request);
        self.settle();
        self.answers(exchange).first().cloned()
    }

    /// Looks something up that must be found; the links, sorted.
    pub(crate) fn links(&mut self, uri: &str, interface: &str, query: &str) -> Vec<String> {
        let response = self.look_up(uri, interface, query).expect("an answer");
        assert_eq!(response.code, Code::CONTENT, "{query}: {:?}", response.payload);
        let text = core::str::from_utf8(&response.payload).expect("text");
        let document = LinkDocument::parse(text).expect("link-format");
        let mut links: Vec<String> = document.links().map(|link| link.raw().into()).collect();
        links.sort_unstable();
        links
    }

    pub(crate) fn directory(&mut self, uri: &str) -> &mut Directory {
        self.node(uri).service_mut().directory_mut()
    }

    pub(crate) fn register(&mut self, uri: &str, parameters: &str, links: &str) {
        let now = self.now;
        self.directory(uri).register(now, registration(parameters, links)).expect("within the limits");
    }

    pub(crate) fn renew(&mut self, uri: &str, location: &Location) {
        let now = self.now;
        self.directory(uri).renew(now, location).expect("a registration");
    }

    pub(crate) fn remove(&mut self, uri: &str, location: &Location) {
        let now = self.now;
        self.directory(uri).remove(now, location).expect("a registration");
    }

    /// Returns where the first registration is that a query selects.
    pub(crate) fn location(&mut self, uri: &str, query: &str) -> Location {
        let (now, query) = (self.now, query.parse().expect("a query"));
        self.directory(uri).endpoints(now, &query).next().expect("a registration").location()
    }

    /// Returns the names of the registrations at a directory, sorted.
    pub(crate) fn names(&mut self, uri: &str) -> Vec<String> {
        self.selected(uri, "")
    }

    /// Returns the names of those that a query selects, sorted.
    pub(crate) fn selected(&mut self, uri: &str, query: &str) -> Vec<String> {
        let (now, query) = (self.now, query.parse().expect("a query"));
        let found = self.directory(uri).endpoints(now, &query);
        let mut names: Vec<String> = found.map(|found| found.name().to_owned()).collect();
        names.sort_unstable();
        names
    }

    pub(crate) fn count(&mut self, uri: &str) -> usize {
        let now = self.now;
        self.directory(uri).endpoints(now, &Query::all()).count()
    }

    /// Tells whether a directory is in step with all that it follows.
    pub(crate) fn is_in_step(&mut self, uri: &str) -> bool {
        self.node(uri).replicator().standings().all(|standing| standing.is_in_step)
    }

    pub(crate) fn events(&mut self, uri: &str) -> Vec<SyncEvent> {
        let node = self.node(uri);
        core::iter::from_fn(|| node.replicator_mut().poll_event()).collect()
    }

    /// Lets nothing through from `a` to `b` and back.
    pub(crate) fn cut(&mut self, a: &str, b: &str) {
        self.cut_one_way(a, b);
        self.cut_one_way(b, a);
    }

    /// Lets nothing through from `a` to `b`.
    pub(crate) fn cut_one_way(&mut self, a: &str, b: &str) {
        self.cut.push((a.into(), b.into()));
    }

    /// Lets the transport send again to who was busy.
    pub(crate) fn free(&mut self) {
        self.busy = None;
        for exchange in core::mem::take(&mut self.waiting) {
            let (now, server) = (self.now, self.exchanges[&exchange].server.clone());
            self.proxy(&server).handle_ready(now, exchange);
        }
    }

    pub(crate) fn heal(&mut self) {
        self.cut.clear();
    }

    /// Removes a node with all that it knew.
    pub(crate) fn stop(&mut self, uri: &str) -> Option<Proxy<Server>> {
        self.exchanges.retain(|_, exchange| exchange.client != uri && exchange.server != uri);
        self.verified.retain(|(client, server)| client != uri && server != uri);
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
        for step in 0.. {
            assert!(step < 1_000_000, "time stands still at {:?}", self.now);
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

    /// Returns who asks, as the transport of who is asked knows it.
    fn peer(&self, uri: &str, server: &str) -> Peer {
        let mut peer = Peer::new(uri);
        peer.is_reachable = self.reachable.contains(uri) || self.verified.contains(&(uri.into(), server.into()));
        peer
    }

    fn deliver(&mut self, from: &str, output: Output) {
        self.messages += 1;
        match output {
            Output::Request { id, peer, request } => self.ask(from, id, &peer, request),
            Output::Response { exchange, response } => self.answer(exchange, response),
            Output::Notification { exchange, response } => {
                let is_lost =
                    self.exchanges.get(&exchange).is_some_and(|known| Some(known.client.as_str()) == self.deaf);
                if !is_lost {
                    self.answer(exchange, response);
                }
            }
            Output::Changed { exchange } => {
                let now = self.now;
                let client = self.exchanges.get(&exchange).map(|known| known.client.as_str());
                if client.is_some() && client == self.busy {
                    self.waiting.insert(exchange);
                } else {
                    self.proxy(from).handle_ready(now, exchange);
                }
            }
            _ => {}
        }
    }

    fn ask(&mut self, from: &str, id: RequestId, peer: &Peer, mut request: Request) {
        if self.last_counts.contains(&peer.uri) {
            request.query.drain(..request.query.len().saturating_sub(1));
        }
        let now = self.now;
        if Some(peer.uri.as_str()) == self.silent {
            return;
        }
        let is_unheard = request.path.last().is_some_and(|last| Some(last.as_str()) == self.unheard);
        let is_comparison = request.payload.starts_with(&[0x85, 1]);
        let is_lost = is_comparison && self.comparisons_lost > 0;
        self.comparisons_lost -= usize::from(is_lost);
        let is_cut = is_unheard || is_lost || self.cut.contains(&(from.into(), peer.uri.clone()));
        if is_cut || !self.nodes.contains_key(&peer.uri) {
            self.proxy(from).handle_response(now, id, Err(RequestFailure::TimedOut));
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
        *self.requests.entry(peer.uri.clone()).or_default() += 1;
        self.comparisons += usize::from(is_comparison);
        if request.echo.take_if(|echo| *echo == ECHO).is_some() {
            self.verified.insert((from.into(), peer.uri.clone()));
        }
        let asker = self.peer(from, &peer.uri);
        self.proxy(&peer.uri).handle_request(now, exchange, &asker, request);
    }

    fn answer(&mut self, exchange: ExchangeId, mut response: Response) {
        let now = self.now;
        let Some(known) = self.exchanges.get(&exchange) else { return };
        let (client, server, request) = (known.client.clone(), known.server.clone(), known.request);
        let wants_observation = known.is_observed;
        if self.cut.contains(&(server.clone(), client.clone())) {
            // What observes is not told, and the server notices.
            self.exchanges.remove(&exchange);
            self.proxy(&server).handle_cancel(now, exchange);
            return;
        }
        if !(wants_observation && response.is_observed) {
            self.exchanges.remove(&exchange);
        }
        let observes_in_vain = wants_observation && response.code.is_success() && !response.is_observed;
        if (response.code == Code::TOO_MANY_REQUESTS || observes_in_vain) && !self.peer(&client, &server).is_reachable {
            response.echo = Some(ECHO.into());
        }
        self.largest = self.largest.max(response.payload.len());
        if !self.nodes.contains_key(&client) {
            self.answers.entry(exchange).or_default().push(response);
            return;
        }
        *self.bytes.entry(client.clone()).or_default() += response.payload.len();
        let is_too_large = self.longest.is_some_and(|longest| response.payload.len() > longest);
        let outcome = if is_too_large { Err(RequestFailure::TooLarge) } else { Ok(response) };
        self.proxy(&client).handle_response(now, request, outcome);
    }
}

/// What shows that one receives what is sent to its address.
const ECHO: &str = "prove it";

/// The answer of a node to a question for its feed, or why there is none.
pub(crate) fn ask(network: &mut Network, asker: &str, uri: &str, question: Vec<u8>) -> Response {
    let mut request = Request::new(Method::Fetch, ["sync", "feed"]).with_payload(waypost_sync::FEED_FORMAT, question);
    request.accept = Some(waypost_sync::FEED_FORMAT);
    let exchange = network.send(asker, uri, request);
    network.settle();
    network.answers(exchange).first().cloned().expect("an answer")
}

pub(crate) fn node(replica: u64, config: SyncConfig) -> Node {
    let mut own = Config::new(*b"shared by us all", ReplicaId(replica));
    own.limits.registrations = usize::MAX;
    own.limits.documents = usize::MAX;
    own.limits.document_bytes = usize::MAX;
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
    let request = Request::new(Method::Get, ["rd-lookup", interface]);
    server.handle_request(now, ExchangeId(1), &Peer::new("coap://client"), request);
    let Some(Output::Response { response, .. }) = server.poll_output() else { panic!("no answer") };
    response.payload.to_vec()
}

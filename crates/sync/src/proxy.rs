//! The look-up proxy: stands in front of directories, and answers look-ups for them.

mod conjunction;
mod forwarding;
mod looked_up;
mod observed;
mod pending;
mod recurring;
mod service;
mod shapes;
mod upstream;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use waypost_client::{Limits as ClientLimits, LookupClient, LookupConfig, LookupId, ResourceUri};
use waypost_directory::{Directory, Scope, ShowLifetime};
use waypost_filter::{Query, excludes};
use waypost_link_format::{LinkBuf, LinkDocumentBuf};
use waypost_rest::{Code, ContentFormat, ExchangeId, Method, Output, Peer, Request, Response};
use waypost_time::{Instant, Jitter};

use self::looked_up::LookedUp;
use self::observed::Observed;
use self::pending::{Forwards, Part, Pending, Question, Waiter, too_large};
use self::shapes::Shapes;
use self::upstream::Upstream;
use crate::cache::{Asked, Cache};
use crate::coverage::covers;
use crate::handover::Handover;
use crate::union::part_of;
use crate::{Duplicates, Holding, NotFollowed, ProxyConfig, ProxyEvent, Replicated};

/// A look-up proxy in front of directories (draft-amsuess-core-rd-replication, *Approaches*).
///
/// It stands around a service that has a directory, such as a server, and the engine that keeps the directory in step. Look-ups
/// that the service can answer, because all that they select is registered or mirrored there, go to the service; they can be
/// observed. The others are put together from what is mirrored, from answers that are fresh, and from what the sources say when
/// they are asked. Everything else goes to the service.
///
/// ```
/// use waypost_directory::{Config, Directory};
/// use waypost_model::ReplicaId;
/// use waypost_rest::{ExchangeId, Method, Output, Peer, Request, Service};
/// use waypost_server::{Server, ServerConfig};
/// use waypost_sync::{Holding, Proxy, ProxyConfig, Replicated, Replicator, SyncConfig};
/// use waypost_time::Instant;
///
/// let server = ServerConfig::default().with_registration_elsewhere(Default::default());
/// let server = Server::new(Directory::new(Config::new(*b"keep it a secret", ReplicaId(1))), server);
/// let replicated = Replicated::new(server, Replicator::new(SyncConfig::new(1)));
/// let mut proxy = Proxy::new(replicated, ProxyConfig::new(1));
/// proxy.add_upstream(&"coap://[2001:db8::1]".parse()?, Holding::Mirror("d=floor-3".parse()?))?;
///
/// // What is on another floor has to be asked for; first it is asked where.
/// let lookup = Request::new(Method::Get, ["rd-lookup", "res"]).with_query("d=floor-4");
/// proxy.handle_request(Instant::ZERO, ExchangeId(1), &Peer::new("coap://[2001:db8::2]"), lookup);
/// let asked: Vec<Output> = core::iter::from_fn(|| proxy.poll_output()).collect();
/// assert!(asked.iter().all(|output| matches!(output, Output::Request { request, .. } if request.path == [".well-known", "core"])));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Proxy<S> {
    replicated: Replicated<S>,
    config: ProxyConfig,
    upstreams: Vec<Upstream>,
    client: LookupClient,
    cache: Cache,
    forwards: Forwards,
    forwarded: BTreeMap<Asked, LookupId>,
    pending: BTreeMap<Question, Pending>,
    waiting: BTreeMap<ExchangeId, Question>,
    waiting_of: BTreeMap<String, usize>,
    shapes: Shapes,
    handover: Handover,
    observed: BTreeMap<u32, Observed>,
    last_observed: u32,
    jitter: Jitter,
    outputs: VecDeque<Output>,
    events: VecDeque<ProxyEvent>,
    now: Instant,
}

impl<S> Proxy<S> {
    /// Makes a proxy in front of nothing yet.
    #[must_use]
    pub fn new(replicated: Replicated<S>, config: ProxyConfig) -> Self {
        let limits = ClientLimits {
            lookups: config.limits.forwards,
            answer_bytes: config.limits.answer_bytes,
            answer_timeout: config.limits.patience,
            // What a source says is for the client to hear.
            unavailable_retries: 0,
            cached_answers: config.limits.cached_answers,
            cached_bytes: config.limits.cached_bytes,
            ..ClientLimits::default()
        };
        let mut client = LookupConfig::new(config.seed).with_limits(limits);
        client.schemes.clone_from(&config.schemes);
        Self {
            replicated,
            upstreams: Vec::new(),
            client: LookupClient::new(client),
            cache: Cache::default(),
            forwards: BTreeMap::new(),
            forwarded: BTreeMap::new(),
            pending: BTreeMap::new(),
            waiting: BTreeMap::new(),
            waiting_of: BTreeMap::new(),
            shapes: Shapes::default(),
            handover: Handover::default(),
            observed: BTreeMap::new(),
            last_observed: 0,
            jitter: Jitter::new(config.seed),
            outputs: VecDeque::new(),
            events: VecDeque::new(),
            now: Instant::ZERO,
            config,
        }
    }

    /// Puts the proxy in front of one more directory. The URI is that of its host; its interfaces are discovered.
    ///
    /// # Errors
    ///
    /// When it is in front of as many as [`ProxyLimits::upstreams`](crate::ProxyLimits::upstreams) allows, or of that one
    /// already.
    pub fn add_upstream(&mut self, uri: &ResourceUri, holding: Holding) -> Result<(), NotFollowed> {
        self.add_upstream_of(uri, holding, Query::all())
    }

    /// Puts the proxy in front of one more directory, of which one knows something: each value there passes the tests of
    /// `summary`, such as `d=floor-3*` for a directory of some sectors. It is not asked for what it [cannot have](excludes).
    ///
    /// # Errors
    ///
    /// As [`add_upstream`](Self::add_upstream).
    pub fn add_upstream_of(&mut self, uri: &ResourceUri, holding: Holding, summary: Query) -> Result<(), NotFollowed> {
        let host = match uri.zone() {
            Some(zone) => ResourceUri::from(uri.authority().clone()).in_zone(zone),
            None => uri.authority().clone().into(),
        };
        if self.upstreams.len() >= self.config.limits.upstreams {
            return Err(NotFollowed::OverLimit);
        }
        if self.upstreams.iter().any(|upstream| upstream.host == host) {
            return Err(NotFollowed::Already);
        }
        let replicator = self.replicated.replicator_mut();
        match &holding {
            Holding::Mirror(query) => replicator.add_mirror_of(host.clone(), query.clone())?,
            Holding::Through(source, query) => {
                replicator.add_mirror_through(source.clone(), host.authority().clone(), query.clone())?;
            }
            Holding::Answers | Holding::Recurring => {}
        }
        self.upstreams.push(Upstream::new(host, holding, summary));
        Ok(())
    }

    /// Returns links to where endpoints can register, by what the sources say about themselves: each of the resource type
    /// `core.rd`. A server that offers no registration shows them in `/.well-known/core`.
    #[must_use]
    pub fn registrations(&self) -> LinkDocumentBuf {
        let found: BTreeSet<&str> =
            self.upstreams.iter().flat_map(|upstream| &upstream.registry.found).map(ResourceUri::as_str).collect();
        found.into_iter().filter_map(|uri| LinkBuf::new(uri).ok()?.with("rt", "core.rd").ok()).collect()
    }

    /// Returns the next event for the log.
    pub fn poll_event(&mut self) -> Option<ProxyEvent> {
        self.events.pop_front()
    }

    /// Returns the service and its engine.
    pub const fn replicated(&self) -> &Replicated<S> {
        &self.replicated
    }

    /// Returns the service and its engine, to work with them.
    pub const fn replicated_mut(&mut self) -> &mut Replicated<S> {
        &mut self.replicated
    }

    /// Returns the broader queries that are observed because they recur, each with its source.
    pub fn observed(&self) -> impl Iterator<Item = (&str, &Query)> {
        self.observed.values().map(|observed| (self.upstreams[observed.upstream].host.as_str(), &observed.query))
    }
}

impl<S: AsMut<Directory>> Proxy<S> {
    fn note(&mut self, event: ProxyEvent) {
        if self.events.len() >= self.config.limits.events {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Reads a look-up, if a request is one that the proxy has to do with.
    fn read(&self, request: &Request) -> Option<LookedUp> {
        let scope = match &request.path {
            path if *path == self.config.resources => Scope::Resources,
            path if *path == self.config.endpoints => Scope::Endpoints,
            _ => return None,
        };
        if request.method != Method::Get || request.is_multicast || self.upstreams.is_empty() {
            return None;
        }
        // What cannot be understood is refused by the service.
        let lookup = LookedUp::new(scope, Query::from_options(&request.query).ok()?);
        // A path is at this authority: nothing that is registered elsewhere is shown so.
        (!lookup.is_about_paths()).then_some(lookup)
    }

    /// Tells whether all that a source has for a look-up is in the directory of the service.
    fn is_mirrored(&self, now: Instant, upstream: usize, lookup: &LookedUp) -> bool {
        let source = &self.upstreams[upstream];
        let (authority, unconfirmed) = (source.host.authority(), self.config.unconfirmed);
        excludes(&source.summary, &lookup.criteria)
            || covers(now, self.replicated.replicator(), authority, unconfirmed, (lookup.scope, &lookup.criteria))
    }

    /// Answers all who wait for a question, if its answer is complete.
    fn finish(&mut self, now: Instant, question: &Question) {
        if !self.pending.get(question).is_some_and(Pending::is_complete) {
            return;
        }
        let Some(pending) = self.pending.remove(question) else { return };
        for waiter in &pending.waiters {
            self.waiting.remove(&waiter.exchange);
            self.leave(&waiter.peer);
            let response = pending.answer(now, &waiter.request, &waiter.query, self.config.limits.answer_bytes);
            self.outputs.push_back(Output::Response { exchange: waiter.exchange, response });
        }
    }

    /// Takes note that a request of a peer waits no longer.
    fn leave(&mut self, peer: &str) {
        if let Some(count) = self.waiting_of.get_mut(peer) {
            *count -= 1;
            if *count == 0 {
                self.waiting_of.remove(peer);
            }
        }
    }

    /// Forgets a request: nobody waits for its answer any more. What was asked for its sake is kept for the next.
    fn forget(&mut self, exchange: ExchangeId) {
        let Some(question) = self.waiting.remove(&exchange) else { return };
        let Some(pending) = self.pending.get_mut(&question) else { return };
        let Some(at) = pending.waiters.iter().position(|waiter| waiter.exchange == exchange) else { return };
        let waiter = pending.waiters.remove(at);
        self.leave(&waiter.peer);
    }

    /// Tells whether there is room for one more request that waits; if not, what to say.
    fn admit(&self, peer: &Peer) -> Result<(), Response> {
        let limits = &self.config.limits;
        let refusal =
            |code, diagnostic: &'static str| Response::refusal(code, diagnostic).with_max_age(limits.retry_seconds);
        if self.waiting_of.get(&peer.uri).is_some_and(|count| *count >= limits.waiting_per_peer) {
            return Err(refusal(Code::TOO_MANY_REQUESTS, "too many look-ups at a time"));
        }
        if self.waiting.len() >= limits.waiting || self.client.len() >= limits.forwards {
            return Err(refusal(Code::SERVICE_UNAVAILABLE, "too many look-ups are under way"));
        }
        Ok(())
    }

    /// Shows of each endpoint what it registered last.
    fn hand_over(&mut self, now: Instant) {
        if self.config.duplicates == Duplicates::Newest {
            let (service, replicator) = self.replicated.parts();
            self.handover.update(now, service.as_mut(), replicator);
        }
    }

    /// Answers a look-up that cannot be left to the service, or has it wait for sources.
    fn look_up(
        &mut self,
        now: Instant,
        exchange: ExchangeId,
        peer: &Peer,
        request: Request,
        lookup: LookedUp,
    ) -> Option<Response> {
        if request.accept.is_some_and(|accept| accept != ContentFormat::LINK_FORMAT) {
            return Some(Response::new(Code::NOT_ACCEPTABLE));
        }
        if lookup.show.lifetime != ShowLifetime::No && !self.config.passes_lifetimes {
            return Some(Response::refusal(Code::FORBIDDEN, "lifetimes are not shown here"));
        }
        let scope = lookup.scope;
        let asked_upstreams = self.upstreams_of(peer);
        let Some((held, unheld)) = self.held(now, &lookup, &asked_upstreams, peer.zone) else {
            return Some(too_large());
        };
        // One source alone can be asked for the page alone.
        let is_alone = unheld.len() == 1 && held.iter().all(|(part, _)| part.is_empty());
        let (query, own) = match is_alone {
            true => (lookup.whole, lookup.criteria.without_page()),
            false => (lookup.whole.without_page(), lookup.criteria),
        };
        let asked = |upstream| Asked { upstream, scope, query: query.clone() };
        let parts: BTreeMap<usize, Option<Part>> =
            unheld.iter().map(|&upstream| (upstream, self.known(now, &asked(upstream)))).collect();
        let mut pending = Pending { held, parts, waiters: Vec::new() };
        if pending.is_complete() {
            return Some(pending.answer(now, &request, &own, self.config.limits.answer_bytes));
        }
        if let Err(refusal) = self.admit(peer) {
            return Some(refusal);
        }
        let question = Question { scope, query: query.clone(), zone: peer.zone };
        let missing = pending.parts.iter().filter(|(_, part)| part.is_none()).map(|(upstream, _)| *upstream);
        for upstream in missing.collect::<Vec<_>>() {
            if let Err(fault) = self.ask(now, &asked(upstream), &question) {
                pending.parts.insert(upstream, Some(Part::Failed(fault)));
            }
            if self.upstreams[upstream].holding == Holding::Recurring
                && let Some(query) = self.shapes.note(now, upstream, scope, &own, &self.config.limits)
            {
                self.observe(now, upstream, query);
            }
        }
        let waiter = Waiter { exchange, peer: peer.uri.clone(), request, query: own };
        self.pending.entry(question.clone()).or_insert(pending).waiters.push(waiter);
        self.waiting.insert(exchange, question.clone());
        *self.waiting_of.entry(peer.uri.clone()).or_default() += 1;
        self.finish(now, &question);
        None
    }

    /// Returns the sources that a peer is answered for. One that is itself a source asks as a proxy, and wants what is registered
    /// here alone; nobody is asked on its behalf, so that proxies can stand in front of each other. That this proxy is in front
    /// of itself, it knows by the authorities of its directory.
    fn upstreams_of(&mut self, peer: &Peer) -> Vec<usize> {
        if self.upstreams.iter().any(|upstream| upstream.host.authority().as_str() == peer.uri) {
            return Vec::new();
        }
        let own = &self.replicated.service_mut().as_mut().config().authorities;
        let is_other = |upstream: &usize| !own.contains(self.upstreams[*upstream].host.authority());
        (0..self.upstreams.len()).filter(is_other).collect()
    }

    /// Returns what is here of a look-up: what is registered here, and the whole answers of sources; and the sources whose
    /// answer is not. `None` if that is too large.
    fn held(
        &mut self,
        now: Instant,
        lookup: &LookedUp,
        upstreams: &[usize],
        zone: Option<u32>,
    ) -> Option<(Vec<pending::HeldPart>, Vec<usize>)> {
        let what = (lookup.scope, &lookup.criteria, lookup.show);
        let limit = self.config.limits.answer_bytes;
        let mut held = Vec::new();
        let mut unheld = Vec::new();
        let local = part_of(now, self.replicated.service_mut().as_mut(), "/", what, zone, limit).ok()?;
        held.push(local);
        for &upstream in upstreams {
            let is_mirrored = self.is_mirrored(now, upstream, lookup);
            let source = &self.upstreams[upstream];
            let covering = |observed: &&mut Observed| {
                observed.upstream == upstream
                    && covers(
                        now,
                        &observed.replicator,
                        source.host.authority(),
                        self.config.unconfirmed,
                        (lookup.scope, &lookup.criteria),
                    )
            };
            if is_mirrored {
                let directory = self.replicated.service_mut().as_mut();
                held.push(part_of(now, directory, &source.locations, what, zone, limit).ok()?);
            } else if let Some(observed) = self.observed.values_mut().find(covering) {
                let part = part_of(now, &observed.directory, &source.locations, what, zone, limit).ok()?;
                observed.used(part.0.as_str().len());
                held.push(part);
            } else {
                unheld.push(upstream);
            }
        }
        let held = held.into_iter().map(|(part, good_until)| (Arc::new(part), good_until)).collect();
        Some((held, unheld))
    }
}

//! The look-up proxy: stands in front of directories, and answers look-ups for them.

mod answering;
mod conjunction;
mod forwarding;
mod looked_up;
mod observed;
mod observers;
mod observing;
mod parts;
mod pending;
mod recurring;
mod service;
mod shapes;
mod subscriptions;
mod upstream;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use waypost_client::{Limits as ClientLimits, LookupClient, LookupConfig, LookupId, ResourceUri};
use waypost_directory::Directory;
use waypost_filter::Query;
use waypost_link_format::{LinkBuf, LinkDocumentBuf};
use waypost_rest::{Budget, Events, ExchangeId, Output, Tally};
use waypost_time::{Instant, Jitter};

use self::observed::Observed;
use self::observers::Observers;
use self::pending::{Forwards, Pending, Question};
use self::shapes::Shapes;
use self::subscriptions::Subscriptions;
use self::upstream::Upstream;
use crate::cache::{Asked, Cache};
use crate::handover::Handover;
use crate::{Holding, NotFollowed, ProxyConfig, ProxyEvent, Replicated};

/// A look-up proxy in front of directories (draft-amsuess-core-rd-replication, *Approaches*).
///
/// It stands around a service that has a directory, such as a server, and the engine that keeps the directory in step. Look-ups
/// that the service can answer, because all that they select is registered or mirrored there, go to the service. The others are
/// put together from what is mirrored, from answers that are fresh, and from what the sources say when they are asked, or
/// tell because they are observed. Everything else goes to the service.
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
    waiting_of: Tally,
    shapes: Shapes,
    handover: Handover,
    observers: Observers,
    /// Look-ups that are left to the service although a source is lost, and for how many seconds their answers are fresh.
    aged: BTreeMap<ExchangeId, u32>,
    /// What clients had put together of late.
    work: Budget,
    subscriptions: Subscriptions,
    observed: BTreeMap<u32, Observed>,
    last_observed: u32,
    jitter: Jitter,
    outputs: VecDeque<Output>,
    events: Events<ProxyEvent>,
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
            waiting_of: Tally::default(),
            shapes: Shapes::default(),
            handover: Handover::default(),
            observers: Observers::default(),
            aged: BTreeMap::new(),
            work: Budget::default(),
            subscriptions: Subscriptions::new(&config),
            observed: BTreeMap::new(),
            last_observed: 0,
            jitter: Jitter::new(config.seed),
            outputs: VecDeque::new(),
            events: Events::new(config.limits.events, config.limits.events_per_minute),
            now: Instant::ZERO,
            config,
        }
    }

    /// Puts the proxy in front of one more directory. The URI is that of its host; its interfaces are discovered.
    ///
    /// A directory that is a proxy itself has to be given by its address: by that it is recognised when it asks, and nobody is asked on its
    /// behalf, so that proxies can be in front of each other. One that is given by its name is taken for a client, and the two would ask
    /// each other in circles.
    ///
    /// # Errors
    ///
    /// When it is in front of as many as [`ProxyLimits::upstreams`](crate::ProxyLimits::upstreams) allows, or of that one
    /// already.
    pub fn add_upstream(&mut self, uri: &ResourceUri, holding: Holding) -> Result<(), NotFollowed> {
        self.add_upstream_of(uri, holding, Query::all())
    }

    /// Puts the proxy in front of one more directory, of which one knows something: each value there passes the tests of
    /// `summary`, such as `d=floor-3*` for a directory of some sectors. It is not asked for what it [cannot have](waypost_filter::excludes).
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
        self.observers.is_extended = true;
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
        self.events.pop()
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
        self.events.push(self.now, event);
    }
}

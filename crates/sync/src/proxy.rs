//! The look-up proxy: stands in front of directories, and answers look-ups for them.

mod conjunction;
mod observed;
mod pending;
mod service;
mod shapes;
mod upstream;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use waypost_client::{
    Fault, Limits as ClientLimits, Lookup, LookupClient, LookupConfig, LookupEvent, LookupId, ResourceUri,
};
use waypost_directory::{Directory, Scope, Show, ShowLifetime};
use waypost_filter::{Criterion, Query, Test};
use waypost_link_format::{Link, LinkBuf, LinkDocumentBuf};
use waypost_model::Authority;
use waypost_rest::{Code, ContentFormat, ExchangeId, Method, Output, Peer, Request, RequestFailure, Response};
use waypost_time::{Instant, Jitter};

use self::conjunction::{Conjunction, Trial, broadest};
use self::observed::Observed;
use self::pending::{Forward, Forwards, MAX_AGE, Part, Pending, Question, Waiter, too_large};
use self::shapes::Shapes;
use self::upstream::Upstream;
use crate::cache::{Asked, Cache, Cached};
use crate::coverage::covers;
use crate::handover::Handover;
use crate::union::{part_of, union};
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

/// A look-up, as far as a proxy has to understand it.
struct LookedUp {
    scope: Scope,
    /// As it was asked.
    whole: Query,
    /// The criteria, without what only says what to show.
    criteria: Query,
    show: Show,
}

impl LookedUp {
    fn new(scope: Scope, whole: Query) -> Self {
        let (mut criteria, mut show) = (whole.clone(), Show::default());
        criteria.retain(|criterion| {
            let is_bare = *criterion.test() == Test::Exists;
            match criterion.name() {
                "provenance" => show.provenance = true,
                "lt-age" if is_bare => show.lifetime = ShowLifetime::Age,
                "lt-remaining" if is_bare => show.lifetime = ShowLifetime::Remaining,
                _ => return true,
            }
            !is_bare
        });
        match scope {
            Scope::Resources => show.lifetime = ShowLifetime::No,
            Scope::Endpoints => show.provenance = false,
        }
        Self { scope, whole, criteria, show }
    }
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
        if let Holding::Mirror(query) = &holding {
            self.replicated.replicator_mut().add_mirror_of(host.clone(), query.clone())?;
        }
        self.upstreams.push(Upstream::new(host, holding));
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
        (!lookup.criteria.criteria().iter().any(is_about_paths)).then_some(lookup)
    }

    /// Tells whether all that a source has for a look-up is in the directory of the service.
    fn is_mirrored(&self, now: Instant, upstream: usize, lookup: &LookedUp) -> bool {
        let (name, unconfirmed) = (self.upstreams[upstream].host.as_str(), self.config.unconfirmed);
        covers(now, self.replicated.replicator(), name, unconfirmed, (lookup.scope, &lookup.criteria))
    }

    /// Has a source asked for the sake of a question, in the way in which it can answer.
    fn ask(&mut self, now: Instant, asked: &Asked, question: &Question) -> Result<(), Fault> {
        let source = &mut self.upstreams[asked.upstream];
        let criteria = LookedUp::new(asked.scope, asked.query.clone()).criteria;
        let conditions = criteria.criteria().len() + usize::from(criteria.page().is_some());
        if source.holding != Holding::Recurring || conditions < 2 {
            return self.forward(now, asked, question);
        }
        match &mut source.conjunction {
            Conjunction::Unknown => {
                let mut trial = Trial::new(&source.host, |lookup| self.client.look_up(now, lookup).ok());
                trial.waiting.push((asked.clone(), question.clone()));
                source.conjunction = Conjunction::Tried(trial);
                Ok(())
            }
            Conjunction::Tried(trial) => {
                trial.waiting.push((asked.clone(), question.clone()));
                Ok(())
            }
            Conjunction::Sound => self.forward(now, asked, question),
            Conjunction::Unsound => {
                let query = broadest(asked.scope, &criteria);
                let is_same = |observed: &Observed| observed.upstream == asked.upstream && observed.query == query;
                if !self.observed.values().any(is_same) {
                    self.observe(now, asked.upstream, query.clone());
                }
                let mut all = self.observed.values_mut();
                let observed = all.find(|observed| is_same(observed)).ok_or(Fault::Unavailable)?;
                observed.waiting.insert(question.clone());
                Ok(())
            }
        }
    }

    /// Begins to ask a source, unless it is asked that already, for the sake of a question.
    fn forward(&mut self, now: Instant, asked: &Asked, question: &Question) -> Result<(), Fault> {
        if let Some(forward) = self.forwarded.get(asked).and_then(|id| self.forwards.get_mut(id)) {
            forward.questions.insert(question.clone());
            return Ok(());
        }
        let host = self.upstreams[asked.upstream].host.clone();
        let lookup = match asked.scope {
            Scope::Resources => Lookup::resources(host, asked.query.clone()),
            Scope::Endpoints => Lookup::endpoints(host, asked.query.clone()),
        };
        let id = self.client.look_up(now, lookup).map_err(|_| Fault::Unavailable)?;
        self.forwarded.insert(asked.clone(), id);
        self.forwards.insert(id, Forward { asked: asked.clone(), questions: BTreeSet::from([question.clone()]) });
        Ok(())
    }

    /// Takes what came of the questions to sources.
    fn take_events(&mut self, now: Instant) {
        while let Some((id, event)) = self.client.poll_event() {
            let has_links = matches!(&event, LookupEvent::Found(answer) if !answer.links.is_empty());
            if self.take_trial(now, id, has_links) {
                continue;
            }
            let Some(upstream) = self.forwards.get(&id).map(|forward| forward.asked.upstream) else { continue };
            let part = match event {
                LookupEvent::Found(answer) => {
                    self.upstreams[upstream].answered();
                    let fresh_until = answer.received + answer.max_age;
                    let links = self.own_links(upstream, answer.links);
                    Part::Links { links: Arc::new(links), fresh_until }
                }
                LookupEvent::Refused { code, diagnostic, .. } => {
                    self.upstreams[upstream].answered();
                    Part::Refused(Response::refusal(code, String::from(diagnostic)))
                }
                LookupEvent::Failed { fault, .. } => {
                    if let Fault::Unanswered(_) = fault {
                        self.upstreams[upstream].failed(now, fault, &self.config.limits, &mut self.jitter);
                    }
                    self.note(ProxyEvent::Failed { upstream: self.upstreams[upstream].name(), fault });
                    Part::Failed(fault)
                }
                _ => continue,
            };
            let Some(forward) = self.forwards.remove(&id) else { continue };
            self.forwarded.remove(&forward.asked);
            let part = self.settle(now, &forward.asked, part);
            for question in forward.questions {
                self.take_part(now, &question, upstream, part.clone());
            }
        }
    }

    /// Takes the answer of a source to a question.
    fn take_part(&mut self, now: Instant, question: &Question, upstream: usize, part: Part) {
        if let Some(pending) = self.pending.get_mut(question) {
            pending.parts.insert(upstream, Some(part));
            self.finish(now, question);
        }
    }

    /// Takes what came of trying out a source, and asks what waited for it; tells whether that is what it was.
    fn take_trial(&mut self, now: Instant, id: LookupId, has_links: bool) -> bool {
        let is_of = |upstream: &mut Upstream| match &mut upstream.conjunction {
            Conjunction::Tried(trial) => trial.take(id, has_links),
            _ => false,
        };
        let Some(number) = self.upstreams.iter_mut().position(is_of) else { return false };
        let conjunction = &mut self.upstreams[number].conjunction;
        let Conjunction::Tried(trial) = conjunction else { return true };
        let Some(verdict) = trial.verdict() else { return true };
        let waiting = core::mem::take(&mut trial.waiting);
        let is_unknown = matches!(verdict, Conjunction::Unknown);
        *conjunction = verdict;
        for (asked, question) in waiting {
            // Of an empty directory, or one that does not answer, nothing wrong can be said.
            let begun =
                if is_unknown { self.forward(now, &asked, &question) } else { self.ask(now, &asked, &question) };
            if let Err(fault) = begun {
                self.take_part(now, &question, number, Part::Failed(fault));
            }
        }
        true
    }

    /// Answers those who waited for something to be observed.
    fn take_observed(&mut self, now: Instant) {
        let waited = self
            .observed
            .iter_mut()
            .flat_map(|(number, observed)| observed.poll_waiting(now).into_iter().map(|question| (*number, question)));
        for (number, question) in waited.collect::<Vec<_>>() {
            let Some(observed) = self.observed.get(&number) else { continue };
            let (upstream, limit) = (observed.upstream, self.config.limits.answer_bytes);
            let lookup = LookedUp::new(question.scope, question.query.clone());
            let (what, locations) =
                ((lookup.scope, &lookup.criteria, lookup.show), &self.upstreams[upstream].locations);
            let part = if observed.is_in_step() {
                // The page is what the source would have been asked for.
                let part = part_of(now, &observed.directory, locations, what, question.zone, limit).and_then(
                    |(links, good_until)| Ok((union(&[Arc::new(links)], &lookup.criteria, limit)?, good_until)),
                );
                part.map_or(Part::Refused(too_large()), |(text, good_until)| {
                    let links = Arc::new(LinkDocumentBuf::parse(text).unwrap_or_default());
                    Part::Links { links, fresh_until: good_until.min(now + MAX_AGE) }
                })
            } else {
                Part::Failed(Fault::Unanswered(RequestFailure::TimedOut))
            };
            self.take_part(now, &question, upstream, part);
        }
    }

    /// Keeps an answer for later, or takes one from before in the place of none.
    fn settle(&mut self, now: Instant, asked: &Asked, part: Part) -> Part {
        match part {
            Part::Links { links, fresh_until } => {
                if !shows_lifetimes(&asked.query) {
                    let (answers, bytes) = (self.config.limits.cached_answers, self.config.limits.cached_bytes);
                    self.cache.put(asked.clone(), Cached { links: links.clone(), fresh_until }, answers, bytes);
                }
                Part::Links { links, fresh_until }
            }
            Part::Failed(Fault::Unanswered(failure)) => {
                let usable = |cached: &Cached| now < cached.fresh_until + self.config.stale;
                match self.cache.find(asked).filter(usable) {
                    Some(Cached { links, fresh_until }) => {
                        self.note(ProxyEvent::Stale { upstream: self.upstreams[asked.upstream].name() });
                        Part::Links { links, fresh_until }
                    }
                    None => Part::Failed(Fault::Unanswered(failure)),
                }
            }
            part => part,
        }
    }

    /// Returns of an answer what its source is itself the origin of, as far as that can be seen. In front of one source alone
    /// nothing can come twice, and what it says is passed on.
    fn own_links(&self, upstream: usize, links: LinkDocumentBuf) -> LinkDocumentBuf {
        if self.upstreams.len() == 1 {
            return links;
        }
        let own = self.upstreams[upstream].host.authority();
        let is_registration = |link: &Link<'_>| link.rt().any(|word| word == "core.rd-ep");
        let is_own = |uri: &str| Authority::of(uri).is_ok_and(|authority| authority == *own);
        let is_foreign = |link: &Link<'_>| match link.provenance() {
            Some(provenance) => !is_own(&provenance),
            None => is_registration(link) && !is_own(link.target()),
        };
        if !links.links().any(|link| is_foreign(&link)) {
            return links;
        }
        links.links().filter(|link| !is_foreign(link)).map(LinkBuf::from).collect()
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
        if self.waiting.len() >= limits.waiting || self.forwards.len() >= limits.forwards {
            return Err(refusal(Code::SERVICE_UNAVAILABLE, "too many look-ups are under way"));
        }
        Ok(())
    }

    /// Begins to observe what queries to a source have in common.
    fn observe(&mut self, now: Instant, upstream: usize, query: Query) {
        if self.observed.len() >= self.config.limits.observed {
            return;
        }
        let source = &self.upstreams[upstream];
        let (name, from) = (source.name(), (upstream, &source.host));
        let epoch = self.replicated.service_mut().as_mut().config().epoch;
        let Some(observed) = Observed::new(now, epoch, from, query.clone(), &self.config, &mut self.jitter) else {
            return;
        };
        self.last_observed = self.last_observed.wrapping_add(1) % OBSERVED;
        self.observed.insert(self.last_observed, observed);
        self.note(ProxyEvent::Observing { upstream: name, query });
    }

    /// Ends observations that do not pay.
    fn review(&mut self, now: Instant) {
        let config = &self.config;
        let ended: Vec<u32> = self
            .observed
            .iter_mut()
            .filter_map(|(number, observed)| (!observed.pays(now, config)).then_some(*number))
            .collect();
        for number in ended {
            let Some(observed) = self.observed.remove(&number) else { continue };
            let (upstream, query) = (observed.upstream, observed.query.clone());
            for question in &observed.waiting {
                self.take_part(now, question, upstream, Part::Failed(Fault::Unavailable));
            }
            self.outputs.extend(observed.end(now).into_iter().map(|output| service::of_observed(number, output)));
            self.shapes.block(now, upstream, query.clone(), &self.config.limits);
            self.note(ProxyEvent::NotObserving { upstream: self.upstreams[upstream].name(), query });
        }
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
                        source.host.as_str(),
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

    /// Returns the answer of a source, if it is known without asking.
    fn known(&mut self, now: Instant, asked: &Asked) -> Option<Part> {
        let is_fresh = |cached: &Cached| now < cached.fresh_until;
        if let Some(Cached { links, fresh_until }) = self.cache.find(asked).filter(is_fresh) {
            return Some(Part::Links { links, fresh_until });
        }
        let fault = self.upstreams[asked.upstream].lost(now)?;
        Some(self.settle(now, asked, Part::Failed(fault)))
    }
}

/// Whether a criterion is about a path at this authority.
fn is_about_paths(criterion: &Criterion) -> bool {
    matches!(criterion.name(), "href" | "provenance")
        && matches!(criterion.test(), Test::Exact(value) | Test::Prefix(value) if value.starts_with('/'))
}

/// Whether the answer to a query ages: it cannot be used again later.
fn shows_lifetimes(query: &Query) -> bool {
    query.criteria().iter().any(|criterion| matches!(criterion.name(), "lt-age" | "lt-remaining"))
}

/// Observations are numbered below this, and anew from the beginning after that.
const OBSERVED: u32 = 1 << 20;

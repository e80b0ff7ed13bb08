//! How a proxy answers look-ups: from what is here, and from what sources say.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use waypost_directory::{Directory, Scope, ShowLifetime};
use waypost_filter::{Query, excludes};
use waypost_rest::{Account, Code, ContentFormat, ExchangeId, Method, Output, Overdrawn, Peer, Request, Response};
use waypost_time::Instant;

use super::Proxy;
use super::looked_up::LookedUp;
use super::parts::{MAX_AGE, Part, Parts, too_large};
use super::pending::{Pending, Question, Waiter};
use crate::coverage::confirmed;
use crate::union::part_of;
use crate::{Duplicates, Holding, ProxyEvent};

impl<S: AsMut<Directory>> Proxy<S> {
    /// Reads a look-up, if a request is one that the proxy has to do with.
    pub(super) fn read(&self, request: &Request) -> Option<LookedUp> {
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

    /// Returns when all that a source had for a look-up was in the directory of the service, as far as is known: now, while they are
    /// in step. Nothing, where the look-up cannot be answered from there.
    pub(super) fn confirmed(&self, now: Instant, upstream: usize, lookup: &LookedUp) -> Option<Instant> {
        let source = &self.upstreams[upstream];
        let (authority, unconfirmed) = (source.host.authority(), self.config.unconfirmed);
        if excludes(&source.summary, &lookup.criteria) {
            return Some(now);
        }
        confirmed(now, self.replicated.replicator(), authority, unconfirmed, (lookup.scope, &lookup.criteria))
    }

    /// Returns when all that all sources had for a look-up was in the directory of the service: see [`confirmed`](Self::confirmed).
    pub(super) fn all_confirmed(&self, now: Instant, lookup: &LookedUp) -> Option<Instant> {
        (0..self.upstreams.len()).map(|upstream| self.confirmed(now, upstream, lookup)).min().flatten()
    }

    /// Answers all who wait for a question, if its answer is complete.
    pub(super) fn finish(&mut self, now: Instant, question: &Question) {
        if !self.pending.get(question).is_some_and(|pending| pending.parts.is_complete()) {
            return;
        }
        let Some(pending) = self.pending.remove(question) else { return };
        for waiter in &pending.waiters {
            self.waiting.remove(&waiter.exchange);
            self.waiting_of.take(&waiter.account, 1);
            self.conclude(now, waiter, question, &pending.parts);
        }
        // Observers were told nothing meanwhile.
        self.observers.changed(question);
        self.end_observation(now, question);
    }

    /// Answers a request, of which all parts are there.
    fn conclude(&mut self, now: Instant, waiter: &Waiter, question: &Question, parts: &Parts) {
        self.work.count(now, waiter.account.clone(), parts.size(), self.config.limits.work());
        let mut response = self.answer(now, parts, &waiter.query);
        response.is_observed = response.code.is_success() && self.admit_observer(now, waiter, question, response.etag);
        if !response.is_observed {
            self.dismiss_observer(now, waiter.exchange);
        }
        let response = response.or_valid(&waiter.request);
        self.outputs.push_back(Output::Response { exchange: waiter.exchange, response });
    }

    /// Returns the answer to a query, put together from its parts, or why there is none.
    pub(super) fn answer(&mut self, now: Instant, parts: &Parts, query: &Query) -> Response {
        let away = if self.config.partial { parts.away() } else { Vec::new() };
        if let Some(problem) = parts.problem(now, &away, |upstream| self.retry_seconds(now, upstream)) {
            return problem;
        }
        for upstream in away {
            self.note(ProxyEvent::Partial { upstream: self.upstreams[upstream].name() });
        }
        parts.answer(now, query, self.config.limits.answer_bytes)
    }

    /// Returns after how many seconds it makes sense to ask for what a source did not have an answer to.
    fn retry_seconds(&self, now: Instant, upstream: usize) -> u32 {
        let rest = self.upstreams[upstream].rest(now);
        rest.map_or(self.config.limits.retry_seconds, |rest| rest.as_millis().div_ceil(1_000) as u32)
    }

    /// Forgets a request: nobody waits for its answer any more. What was asked for its sake is kept for the next.
    pub(super) fn forget(&mut self, exchange: ExchangeId) {
        let Some(question) = self.waiting.remove(&exchange) else { return };
        let Some(pending) = self.pending.get_mut(&question) else { return };
        let Some(at) = pending.waiters.iter().position(|waiter| waiter.exchange == exchange) else { return };
        let waiter = pending.waiters.remove(at);
        self.waiting_of.take(&waiter.account, 1);
    }

    /// Tells whether there is room for one more request that waits; if not, what to say.
    fn admit(&self, account: &Account) -> Result<(), Response> {
        let limits = &self.config.limits;
        let refusal =
            |code, diagnostic: &'static str| Response::refusal(code, diagnostic).with_max_age(limits.retry_seconds);
        if self.waiting_of.of(account) >= limits.waiting_per_peer {
            return Err(refusal(Code::TOO_MANY_REQUESTS, "too many look-ups at a time"));
        }
        if self.waiting.len() >= limits.waiting || self.client.len() >= limits.forwards {
            return Err(refusal(Code::SERVICE_UNAVAILABLE, "too many look-ups are under way"));
        }
        Ok(())
    }

    /// Shows of each endpoint what it registered last.
    pub(super) fn hand_over(&mut self, now: Instant) {
        if self.config.duplicates == Duplicates::Newest {
            let (service, replicator) = self.replicated.parts();
            self.handover.update(now, service.as_mut(), replicator);
        }
    }

    /// Answers a look-up that cannot be left to the service, or has it wait for sources.
    ///
    /// # Errors
    /// What to say where that is all.
    pub(super) fn look_up(
        &mut self,
        now: Instant,
        exchange: ExchangeId,
        peer: &Peer,
        request: Request,
        lookup: LookedUp,
    ) -> Result<(), Response> {
        if request.accept.is_some_and(|accept| accept != ContentFormat::LINK_FORMAT) {
            return Err(Response::new(Code::NOT_ACCEPTABLE));
        }
        if lookup.show.lifetime != ShowLifetime::No && !self.config.passes_lifetimes {
            return Err(Response::refusal(Code::FORBIDDEN, "lifetimes are not shown here"));
        }
        let account = Account::of(peer);
        self.work.admit(now, &account, self.config.limits.work()).map_err(Overdrawn::response)?;
        let scope = lookup.scope;
        // One that is itself a source asks as a proxy, and wants what is registered here alone; nobody is asked on its behalf, so
        // that proxies can stand in front of each other.
        let is_source = self.is_source(peer);
        let upstreams = if is_source { Vec::new() } else { self.others() };
        let mut parts = self.held(now, &lookup, &upstreams, peer.zone).ok_or_else(too_large)?;
        self.find_recurring(now, &lookup, peer.zone, &mut parts);
        // One source alone can be asked for the page alone, unless its whole answer is known.
        let whole = Question { scope, query: lookup.whole.clone().without_page(), zone: peer.zone };
        let alone = parts.only_asked().filter(|upstream| !self.is_fresh(now, &whole.to(*upstream)));
        let (question, own) = match alone {
            Some(_) => (Question { query: lookup.whole, ..whole }, lookup.criteria.without_page()),
            None => (whole, lookup.criteria),
        };
        for (&upstream, part) in parts.sources.iter_mut().filter(|(_, part)| part.is_none()) {
            *part = self.known(now, &question.to(upstream));
        }
        let waiter = Waiter { exchange, account, is_source, request, query: own };
        if parts.is_complete() {
            self.conclude(now, &waiter, &question, &parts);
            return Ok(());
        }
        self.admit(&waiter.account)?;
        let missing = parts.sources.iter().filter(|(_, part)| part.is_none()).map(|(upstream, _)| *upstream);
        let missing: Vec<usize> = missing.collect();
        // Where it can be observed, the answer comes with that.
        self.begin_observation(now, &waiter, &question);
        for upstream in missing {
            let asked = question.to(upstream);
            if !self.subscriptions.is_awaited(&asked, &question)
                && let Err(fault) = self.ask(now, &asked, &question)
            {
                parts.sources.insert(upstream, Some(Part::Failed(fault)));
            }
            if self.upstreams[upstream].holding == Holding::Recurring
                && let Some(query) = self.shapes.note(now, upstream, scope, &waiter.query, &self.config.limits)
            {
                self.observe(now, upstream, query);
            }
        }
        self.waiting.insert(exchange, question.clone());
        self.waiting_of.add(waiter.account.clone(), 1);
        let pending = self.pending.entry(question.clone()).or_insert(Pending { parts, waiters: Vec::new() });
        pending.waiters.push(waiter);
        self.finish(now, &question);
        Ok(())
    }

    /// Tells whether a peer is one of the sources.
    pub(super) fn is_source(&self, peer: &Peer) -> bool {
        self.upstreams.iter().any(|upstream| upstream.host.authority().as_str() == peer.uri)
    }

    /// Returns the sources but for this host itself, which is known by the authorities of the directory.
    pub(super) fn others(&mut self) -> Vec<usize> {
        let own = &self.replicated.service_mut().as_mut().config().authorities;
        let is_other = |upstream: &usize| !own.contains(self.upstreams[*upstream].host.authority());
        (0..self.upstreams.len()).filter(is_other).collect()
    }

    /// Returns what is here of a look-up: what is registered here, and the whole answers of the sources that are mirrored.
    /// `None` if that is too large.
    pub(super) fn held(
        &mut self,
        now: Instant,
        lookup: &LookedUp,
        upstreams: &[usize],
        zone: Option<u32>,
    ) -> Option<Parts> {
        let what = (lookup.scope, &lookup.criteria, lookup.show);
        let limit = self.config.limits.answer_bytes;
        let held_of = |directory: &Directory, locations: &str, confirmed: Instant| {
            let part = part_of(now, directory, locations, what, zone, limit).ok()?;
            Some(Part::held(confirmed, part))
        };
        let local = held_of(self.replicated.service_mut().as_mut(), "/", now)?;
        let mut sources = BTreeMap::new();
        for &upstream in upstreams {
            let part = match self.confirmed(now, upstream, lookup) {
                Some(confirmed) => {
                    let directory = self.replicated.service_mut().as_mut();
                    Some(held_of(directory, &self.upstreams[upstream].locations, confirmed)?)
                }
                None => None,
            };
            sources.insert(upstream, part);
        }
        Some(Parts { local, sources })
    }
}

/// Returns for how many seconds an answer of the service is fresh, where a source of it is lost and was confirmed last at a moment.
pub(super) fn fresh_for(now: Instant, confirmed: Instant) -> Option<u32> {
    (confirmed < now).then(|| (confirmed + MAX_AGE).saturating_since(now).as_secs() as u32)
}

//! How a proxy has clients observe what cannot be left to the service: by observing its sources, and what is at hand.

use alloc::vec::Vec;

use waypost_client::LookupEvent;
use waypost_directory::{Directory, ShowLifetime};
use waypost_filter::Query;
use waypost_rest::{Code, ETag, ExchangeId, Observe, Output, Response, Service};
use waypost_time::Instant;

use super::Proxy;
use super::answering::fresh_for;
use super::conjunction::Conjunction;
use super::looked_up::LookedUp;
use super::observers::Observation;
use super::parts::{Part, Parts};
use super::pending::{Pending, Question, Waiter};
use crate::Holding;
use crate::cache::Asked;
use crate::coverage::{next_loss, usable};

impl<S: AsMut<Directory>> Proxy<S> {
    /// Has a client that is answered now observe its look-up from now on; false if that cannot be, so that it is answered once.
    pub(super) fn admit_observer(
        &mut self,
        now: Instant,
        waiter: &Waiter,
        question: &Question,
        known: Option<ETag>,
    ) -> bool {
        if !self.begin_observation(now, waiter, question) {
            return false;
        }
        let former = self.observers.add(waiter.exchange, &waiter.account, (question, &waiter.query), known);
        if let Some(former) = former {
            self.end_observation(now, &former);
        }
        true
    }

    /// Begins to observe what a client asks to observe, unless it is observed; false if that cannot be.
    pub(super) fn begin_observation(&mut self, now: Instant, waiter: &Waiter, question: &Question) -> bool {
        let lookup = LookedUp::new(question.scope, question.query.clone());
        if waiter.request.observe != Some(Observe::Register)
            || lookup.show.lifetime != ShowLifetime::No
            || waiter.is_source
            || !self.observers.admits(waiter.exchange, &waiter.account, &self.config.limits)
        {
            return false;
        }
        if self.observers.results.contains_key(question) {
            return true;
        }
        let directory = self.replicated.service_mut().as_mut();
        let watcher = *self.observers.watcher.get_or_insert_with(|| directory.add_watcher());
        let Ok(watch) = directory.watch_as(watcher, now, lookup.scope, lookup.criteria.clone()) else { return false };
        self.observers.by_watch.insert(watch, question.clone());
        self.observers.results.insert(question.clone(), Observation::new(watch));
        let is_begun = self.observed_parts(now, question, &lookup).is_ok();
        if !is_begun {
            self.end_observation(now, question);
        }
        is_begun
    }

    /// Ends the observation of a client, if it is one of those that cannot be left to the service.
    pub(super) fn dismiss_observer(&mut self, now: Instant, exchange: ExchangeId) {
        self.observers.served.remove(&exchange);
        self.observers.dismissed.remove(&exchange);
        if let Some(question) = self.observers.remove(exchange) {
            self.end_observation(now, &question);
        }
    }

    /// Ends what nobody needs any more: neither an observer nor one who waits for the first answer.
    pub(super) fn end_observation(&mut self, now: Instant, question: &Question) {
        if self.pending.contains_key(question)
            || self.observers.results.get(question).is_none_or(Observation::is_observed)
        {
            return;
        }
        let Some(observation) = self.observers.end(question) else { return };
        self.replicated.service_mut().as_mut().unwatch(observation.watch);
        for upstream in observation.subscribed {
            self.subscriptions.remove(now, &question.to(upstream), question);
        }
    }

    /// Returns what the answer to a question that is observed is put together from, and observes those sources for it whose part
    /// is not at hand.
    ///
    /// # Errors
    /// What to say when it cannot be observed.
    fn observed_parts(&mut self, now: Instant, question: &Question, lookup: &LookedUp) -> Result<Parts, Response> {
        let upstreams = self.others();
        let mut parts = self.held(now, lookup, &upstreams, question.zone).ok_or_else(super::parts::too_large)?;
        // The page was that of the one source.
        if question.query.page().is_some() && parts.only_asked().is_none() {
            return Err(ask_again());
        }
        for (&upstream, part) in &mut parts.sources {
            let asked = question.to(upstream);
            let Some(observation) = self.observers.results.get_mut(question) else { return Err(ask_again()) };
            if part.is_some() {
                if observation.subscribed.remove(&upstream) {
                    self.subscriptions.remove(now, &asked, question);
                }
                continue;
            }
            let source = &self.upstreams[upstream];
            // What a source does not join by AND is found out here, and cannot be observed there.
            let is_whole = source.holding != Holding::Recurring
                || matches!(source.conjunction, Conjunction::Sound)
                || lookup.conditions() < 2;
            let is_admitted = observation.subscribed.contains(&upstream) || !source.is_put_off(now);
            let known = self.cache.find(&asked);
            if !is_whole || !is_admitted || !self.subscriptions.add(now, &source.host, asked.clone(), question, known) {
                return Err(ask_again());
            }
            observation.subscribed.insert(upstream);
            *part = self.subscriptions.part(now, &asked);
        }
        Ok(parts)
    }

    /// Returns what to notify an observer of that is ready; nothing if it knows it already.
    fn notification(&mut self, now: Instant, exchange: ExchangeId) -> Option<Response> {
        let observer = self.observers.all.get(&exchange)?;
        // The answer to what is asked now comes first.
        if self.waiting.contains_key(&exchange) || self.pending.contains_key(&observer.question) {
            return None;
        }
        let (question, query) = (observer.question.clone(), observer.query.clone());
        let mut response = self.observed_answer(now, &question, &query)?;
        let observer = self.observers.all.get_mut(&exchange)?;
        if !response.code.is_success() {
            self.dismiss_observer(now, exchange);
        } else if observer.known == response.etag {
            return None;
        } else {
            observer.known = response.etag;
            response.is_observed = true;
        }
        Some(response)
    }

    /// Returns the present answer to a question that is observed; nothing while a source has not answered.
    fn observed_answer(&mut self, now: Instant, question: &Question, query: &Query) -> Option<Response> {
        if let Some(response) = self.observers.answer(question, query) {
            return Some(response.clone());
        }
        let lookup = LookedUp::new(question.scope, question.query.clone());
        let response = match self.observed_parts(now, question, &lookup) {
            Ok(parts) if !parts.is_complete() => return None,
            Ok(parts) => self.answer(now, &parts, query),
            Err(refusal) => refusal,
        };
        if response.code.is_success() {
            self.observers.keep(question, query, &response, self.config.limits.subscribed_bytes);
        }
        Some(response)
    }

    /// Takes what sources tell of what is observed there.
    pub(super) fn take_subscribed(&mut self, now: Instant) {
        while let Some((id, event)) = self.subscriptions.client.poll_event() {
            let Some(asked) = self.subscriptions.asked(id).cloned() else { continue };
            let found = |links, until| Part::Links { links, fresh_until: until };
            let mut part = match event {
                LookupEvent::Found(answer) => {
                    found(self.own_links(asked.upstream, answer.links), answer.received + answer.max_age)
                }
                LookupEvent::Confirmed { received, max_age } => match self.subscriptions.latest(&asked) {
                    Some(links) => found(links, received + max_age),
                    None => continue,
                },
                LookupEvent::Refused { code, diagnostic, max_age, is_explicit, .. } => {
                    Part::refused(code, diagnostic, is_explicit.then(|| now + max_age))
                }
                LookupEvent::Failed { fault, .. } => Part::Failed(fault),
                _ => continue,
            };
            self.heard(now, asked.upstream, &mut part);
            if let Part::Links { .. } = part {
                self.settle(now, &asked, part.clone());
            }
            self.tell(now, &asked, &part);
        }
        for question in self.subscriptions.expire(now) {
            self.observers.changed(&question);
        }
    }

    /// Tells those who observe, or wait for the first answer, what a source said to somebody.
    pub(super) fn tell(&mut self, now: Instant, asked: &Asked, part: &Part) {
        for question in self.subscriptions.take(asked, part) {
            self.observers.changed(&question);
            let is_awaited = |pending: &Pending| matches!(pending.parts.sources.get(&asked.upstream), Some(None));
            if self.pending.get(&question).is_some_and(is_awaited) {
                let part = self.settle(now, asked, part.clone());
                self.take_part(now, &question, asked.upstream, part);
            }
        }
    }

    /// Takes note of what changed in the directory.
    pub(super) fn take_watched(&mut self) {
        let Some(watcher) = self.observers.watcher else { return };
        while let Some(event) = self.replicated.service_mut().as_mut().poll_watch_as(watcher) {
            if let Some(question) = self.observers.by_watch.get(&event.watch).cloned() {
                self.observers.changed(&question);
            }
        }
    }

    /// Looks whether what is mirrored can be used for other answers than before.
    pub(super) fn review_coverage(&mut self, now: Instant) {
        let usable = || usable(now, self.replicated.replicator(), self.config.unconfirmed);
        if !self.observers.is_extended && usable().eq(self.observers.usable.iter().copied()) {
            return;
        }
        (self.observers.usable, self.observers.is_extended) = (usable().collect(), false);
        self.observers.all_changed();
        let upstreams = self.others();
        let served = self.observers.served.iter();
        let is_lost =
            |lookup: &LookedUp| upstreams.iter().any(|upstream| self.confirmed(now, *upstream, lookup).is_none());
        let lost = served.filter(|(_, lookup)| is_lost(lookup)).map(|(exchange, _)| *exchange);
        for exchange in lost.collect::<Vec<_>>() {
            self.observers.dismiss(exchange);
        }
    }

    /// Returns when [`review_coverage`](Self::review_coverage) has something to do.
    pub(super) fn next_coverage(&self) -> Option<Instant> {
        let replicator = self.replicated.replicator();
        if self.observers.is_empty() { None } else { next_loss(self.now, replicator, self.config.unconfirmed) }
    }
}

impl<S: Service + AsMut<Directory>> Proxy<S> {
    /// Takes note of who observes at the service, by what it says; and says how fresh that is.
    pub(super) fn take_served(&mut self, output: &mut Output) {
        let (Output::Response { exchange, response } | Output::Notification { exchange, response }) = output else {
            return;
        };
        let left = self.aged.remove(exchange).or_else(|| {
            let confirmed = self.all_confirmed(self.now, self.observers.served.get(exchange)?)?;
            fresh_for(self.now, confirmed)
        });
        if !response.is_observed {
            self.observers.served.remove(exchange);
        }
        if let Some(left) = left.filter(|_| response.code.is_success()) {
            response.max_age = Some(response.max_age.map_or(left, |max_age| max_age.min(left)));
        }
    }

    /// Tells an observer that is ready what there is now.
    pub(super) fn notify(&mut self, now: Instant, exchange: ExchangeId) {
        let notification = if self.observers.dismissed.remove(&exchange) {
            self.replicated.handle_cancel(now, exchange);
            Some(ask_again())
        } else if self.observers.all.contains_key(&exchange) {
            self.notification(now, exchange)
        } else {
            return self.replicated.handle_ready(now, exchange);
        };
        self.outputs.extend(notification.map(|response| Output::Notification { exchange, response }));
    }
}

/// Returns what ends an observation that cannot go on in the way in which it began.
fn ask_again() -> Response {
    Response::refusal(Code::SERVICE_UNAVAILABLE, "ask again").with_max_age(0)
}

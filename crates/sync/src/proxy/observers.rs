use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use waypost_directory::{WatchId, Watcher};
use waypost_filter::{Held, Query};
use waypost_rest::{Account, ETag, ExchangeId, Response, Tally};

use super::looked_up::LookedUp;
use super::pending::Question;
use crate::ProxyLimits;

/// The clients that observe a look-up which cannot be left to the service ([RFC 7641]), and what is known of their answers.
///
/// Observers of one question share everything but their pages. They are told that something may have changed; what there is, is
/// put together when one of them is ready to hear of it.
///
/// [RFC 7641]: https://www.rfc-editor.org/rfc/rfc7641
#[derive(Debug, Default)]
pub(super) struct Observers {
    pub(super) all: BTreeMap<ExchangeId, Observer>,
    pub(super) results: BTreeMap<Question, Observation>,
    tally: Tally,
    /// Bytes of the answers that are kept.
    kept: usize,
    /// Who is to be told that something may have changed.
    to_tell: BTreeSet<ExchangeId>,
    pub(super) watcher: Option<Watcher>,
    pub(super) by_watch: BTreeMap<WatchId, Question>,
    /// Observers that the service has, and of what: all of that was mirrored when they came.
    pub(super) served: BTreeMap<ExchangeId, LookedUp>,
    /// Those for whom it is so no longer: they are told to ask again.
    pub(super) dismissed: BTreeSet<ExchangeId>,
    /// What of each source that is mirrored could be used when it was last looked.
    pub(super) usable: Vec<Option<Held>>,
    /// Whether there are more sources than then.
    pub(super) is_extended: bool,
}

/// A client that observes.
#[derive(Debug)]
pub(super) struct Observer {
    pub(super) question: Question,
    account: Account,
    /// Its page counts.
    pub(super) query: Query,
    /// What it knows.
    pub(super) known: Option<ETag>,
}

/// A question that is observed.
#[derive(Debug)]
pub(super) struct Observation {
    pub(super) watch: WatchId,
    /// The sources that are observed for its sake.
    pub(super) subscribed: BTreeSet<usize>,
    observers: BTreeSet<ExchangeId>,
    /// The answers, by page, that hold until something changes.
    answers: BTreeMap<Query, Response>,
}

impl Observation {
    pub(super) const fn new(watch: WatchId) -> Self {
        Self { watch, subscribed: BTreeSet::new(), observers: BTreeSet::new(), answers: BTreeMap::new() }
    }

    pub(super) fn is_observed(&self) -> bool {
        !self.observers.is_empty()
    }

    /// Forgets the answers, and returns how many bytes they were.
    fn forget(&mut self) -> usize {
        core::mem::take(&mut self.answers).values().map(|response| response.payload.len()).sum()
    }
}

impl Observers {
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty() && self.served.is_empty()
    }

    /// Tells whether there is room for an observer.
    pub(super) fn admits(&self, exchange: ExchangeId, account: &Account, limits: &ProxyLimits) -> bool {
        self.all.contains_key(&exchange)
            || self.all.len() < account.share_of(limits.observers) && self.tally.of(account) < limits.observers_per_peer
    }

    /// Takes in an observer of a question that is observed; returns the question that it observed before, if nobody does any more.
    pub(super) fn add(
        &mut self,
        exchange: ExchangeId,
        account: &Account,
        (question, query): (&Question, &Query),
        known: Option<ETag>,
    ) -> Option<Question> {
        let former = self.remove(exchange).filter(|former| former != question);
        if let Some(observation) = self.results.get_mut(question) {
            observation.observers.insert(exchange);
        }
        self.tally.add(account.clone(), 1);
        let account = account.clone();
        self.all.insert(exchange, Observer { question: question.clone(), account, query: query.clone(), known });
        // What changed while the answer was put together must not be missed.
        self.to_tell.insert(exchange);
        former
    }

    /// Ends an observation; returns the question, if nobody observes it any more.
    pub(super) fn remove(&mut self, exchange: ExchangeId) -> Option<Question> {
        self.to_tell.remove(&exchange);
        let observer = self.all.remove(&exchange)?;
        self.tally.take(&observer.account, 1);
        let observation = self.results.get_mut(&observer.question)?;
        observation.observers.remove(&exchange);
        observation.observers.is_empty().then_some(observer.question)
    }

    /// Returns the answer that was put together for another observer.
    pub(super) fn answer(&self, question: &Question, query: &Query) -> Option<&Response> {
        self.results.get(question)?.answers.get(query)
    }

    /// Keeps an answer for other observers, within so many bytes of all.
    pub(super) fn keep(&mut self, question: &Question, query: &Query, response: &Response, limit: usize) {
        let size = response.payload.len();
        if self.kept + size <= limit
            && let Some(observation) = self.results.get_mut(question)
        {
            self.kept += size;
            observation.answers.insert(query.clone(), response.clone());
        }
    }

    /// Takes note that there may be another answer to a question.
    pub(super) fn changed(&mut self, question: &Question) {
        if let Some(observation) = self.results.get_mut(question) {
            self.kept -= observation.forget();
            self.to_tell.extend(&observation.observers);
        }
    }

    /// Takes out a question that nobody observes.
    pub(super) fn end(&mut self, question: &Question) -> Option<Observation> {
        let mut observation = self.results.remove(question)?;
        self.kept -= observation.forget();
        self.by_watch.remove(&observation.watch);
        Some(observation)
    }

    /// Takes note that there may be another answer to every question.
    pub(super) fn all_changed(&mut self) {
        self.kept -= self.results.values_mut().map(Observation::forget).sum::<usize>();
        self.to_tell.extend(self.all.keys());
    }

    /// Lets an observer of the service ask again.
    pub(super) fn dismiss(&mut self, exchange: ExchangeId) {
        self.served.remove(&exchange);
        self.dismissed.insert(exchange);
        self.to_tell.insert(exchange);
    }

    /// Returns the next who is to be told.
    pub(super) fn poll_changed(&mut self) -> Option<ExchangeId> {
        self.to_tell.pop_first()
    }
}

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use waypost_client::ResourceUri;
use waypost_directory::{Config, Directory};
use waypost_filter::{Query, Scope};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::ReplicaId;
use waypost_rest::{ETag, Output, RequestFailure, RequestId, Response};
use waypost_time::{Instant, Jitter};

use super::parts::MAX_AGE;
use super::pending::Question;
use crate::{ProxyConfig, ProxyLimits, Replicator, SyncConfig};

/// What recurring queries to a source have in common, mirrored into a directory of its own while that pays.
#[derive(Debug)]
pub(super) struct Observed {
    pub(super) upstream: usize,
    pub(super) query: Query,
    pub(super) directory: Directory,
    pub(super) replicator: Replicator,
    /// Bytes of answers that need not be asked for since the last review.
    saved: usize,
    /// What a cache would have in place of this: until when, and which answers.
    answers: BTreeMap<(Scope, Query), (Instant, ETag)>,
    /// Bytes that came from the source since the last review.
    spent: usize,
    was_in_step: bool,
    review: Instant,
    /// Who waits for it to be in step, and until when.
    pub(super) waiting: BTreeSet<Question>,
    patience: Instant,
}

/// Whether it is worth to observe something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Undecided,
    Pays,
    DoesNotPay,
}

impl Observed {
    /// Begins to mirror; `None` if that cannot be.
    pub(super) fn new(
        now: Instant,
        epoch: u64,
        (upstream, host): (usize, &ResourceUri),
        query: Query,
        config: &ProxyConfig,
        jitter: &mut Jitter,
    ) -> Option<Self> {
        let mut sync = SyncConfig::new(jitter.bits());
        sync.schemes.clone_from(&config.schemes);
        sync.limits.received_bytes = config.limits.observed_bytes;
        let mut replicator = Replicator::new(sync);
        replicator.add_mirror_of(host.clone(), query.clone()).ok()?;
        // Nothing is registered there, so that its locations are no secret.
        let mut own = Config::new([0; 16], ReplicaId(0));
        own.epoch = epoch;
        let directory = Directory::new(own);
        Some(Self {
            upstream,
            query,
            directory,
            replicator,
            saved: 0,
            answers: BTreeMap::new(),
            spent: 0,
            was_in_step: false,
            review: now + config.limits.review,
            waiting: BTreeSet::new(),
            patience: now + config.limits.patience,
        })
    }

    pub(super) fn handle_response(
        &mut self,
        now: Instant,
        request: RequestId,
        outcome: Result<Response, RequestFailure>,
    ) {
        self.spent += EXCHANGE + outcome.as_ref().map_or(0, |response| response.payload.len());
        self.replicator.handle_response(now, &mut self.directory, request, outcome);
    }

    pub(super) fn handle_timeout(&mut self, now: Instant) {
        self.directory.expire(now);
        self.replicator.handle_timeout(now, &mut self.directory);
    }

    pub(super) fn poll_output(&mut self, now: Instant) -> Option<Output> {
        while self.replicator.poll_event().is_some() {}
        self.replicator.poll_output(now, &mut self.directory)
    }

    pub(super) fn poll_timeout(&self) -> Option<Instant> {
        let expiry = self.directory.next_expiry();
        let patience = (!self.waiting.is_empty()).then_some(self.patience);
        self.replicator.poll_timeout().into_iter().chain(expiry).chain([self.review]).chain(patience).min()
    }

    /// Returns those who waited, if it is in step now, or if it takes too long.
    pub(super) fn poll_waiting(&mut self, now: Instant) -> BTreeSet<Question> {
        match self.is_in_step() || self.patience <= now {
            true => core::mem::take(&mut self.waiting),
            false => BTreeSet::new(),
        }
    }

    fn is_in_step(&self) -> bool {
        self.replicator.standings().all(|standing| standing.is_in_step)
    }

    /// Returns when everything was here last, if it is in step.
    pub(super) fn confirmed(&self, now: Instant) -> Option<Instant> {
        let confirmed = self.replicator.standings_at(now).map(|standing| standing.confirmed).min().flatten();
        confirmed.filter(|_| self.is_in_step())
    }

    /// Takes note that an answer was found here. What that saved is what a cache would have had to ask for: nothing while its
    /// answer is fresh, and no links while they are the same.
    pub(super) fn used(
        &mut self,
        now: Instant,
        asked: (Scope, &Query),
        answer: &LinkDocumentBuf,
        limits: &ProxyLimits,
    ) {
        let answer = answer.as_str().as_bytes();
        let (etag, fresh_until) = (ETag::of(answer), now + MAX_AGE);
        let asked = (asked.0, asked.1.clone());
        match self.answers.get_mut(&asked) {
            Some((until, _)) if now < *until => {}
            Some((until, known)) => {
                self.saved += EXCHANGE + if *known == etag { 0 } else { answer.len() };
                (*until, *known) = (fresh_until, etag);
            }
            None => {
                self.saved += EXCHANGE + answer.len();
                // A cache, too, would have forgotten one.
                if self.answers.len() >= limits.cached_answers {
                    self.answers.pop_first();
                }
                self.answers.insert(asked, (fresh_until, etag));
            }
        }
    }

    /// Tells how it stands: it must save more than it takes. The beginning is left out of account: it has a limit of its own, and
    /// what did not pay is tried ever more rarely.
    pub(super) fn review(&mut self, now: Instant, config: &ProxyConfig) -> Verdict {
        if !self.was_in_step {
            self.was_in_step = self.is_in_step();
            let is_small = self.spent <= config.limits.observed_bytes;
            if self.was_in_step {
                self.spent = 0;
            }
            let goes_on = is_small && (self.was_in_step || now < self.review);
            return if goes_on { Verdict::Undecided } else { Verdict::DoesNotPay };
        }
        if now < self.review {
            return Verdict::Undecided;
        }
        let pays = self.saved > self.spent;
        (self.saved, self.spent, self.review) = (0, 0, now + config.limits.review);
        if pays { Verdict::Pays } else { Verdict::DoesNotPay }
    }

    /// Ends it, and returns what is still to be said to the source.
    pub(super) fn end(mut self, now: Instant) -> Vec<Output> {
        self.replicator.end(now)
    }
}

/// Bytes that a question and an answer take beside the links.
const EXCHANGE: usize = 64;

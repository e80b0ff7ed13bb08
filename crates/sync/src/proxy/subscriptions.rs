use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use waypost_client::{Fault, Limits, Lookup, LookupClient, LookupConfig, LookupId, ResourceUri};
use waypost_filter::Scope;
use waypost_link_format::LinkDocumentBuf;
use waypost_time::Instant;

use super::parts::Part;
use super::pending::Question;
use crate::ProxyConfig;
use crate::cache::{Asked, Cached};

/// What is observed at sources because clients observe it here: one observation for each question to a source, shared by all that
/// need its answer, and ended when nobody does. A source that cannot be observed is asked again and again.
#[derive(Debug)]
pub(super) struct Subscriptions {
    pub(super) client: LookupClient,
    all: BTreeMap<Asked, Subscription>,
    by_lookup: BTreeMap<LookupId, Asked>,
    /// How many there may be at one source.
    per_source: usize,
    /// Bytes of what the sources said last, and how many there may be.
    bytes: usize,
    limit: usize,
    /// How long that is used when a source is lost.
    stale: Duration,
}

#[derive(Debug)]
struct Subscription {
    lookup: LookupId,
    /// What the source said last, and until when that is fresh.
    latest: Option<(LinkDocumentBuf, Instant)>,
    /// Why it says nothing for now.
    problem: Option<Part>,
    /// Whether it has said something since this began.
    is_heard: bool,
    /// Whether what it said last is used no more.
    is_over: bool,
    questions: BTreeSet<Question>,
}

impl Subscriptions {
    pub(super) fn new(config: &ProxyConfig) -> Self {
        let limits = Limits {
            lookups: config.limits.subscriptions,
            answer_bytes: config.limits.answer_bytes,
            answer_timeout: config.limits.patience,
            // What a source says is for the client to hear.
            unavailable_retries: 0,
            unavailable_wait: config.limits.put_off,
            cached_answers: config.limits.subscriptions,
            cached_bytes: config.limits.subscribed_bytes,
            retry: config.limits.retry,
            retry_max: config.limits.retry_max,
            poll: config.limits.poll,
            refresh: config.limits.poll,
            ..Limits::default()
        };
        let mut client = LookupConfig::new(config.seed).with_limits(limits);
        client.schemes.clone_from(&config.schemes);
        Self {
            client: LookupClient::new(client),
            all: BTreeMap::new(),
            by_lookup: BTreeMap::new(),
            per_source: config.limits.subscriptions_per_source,
            bytes: 0,
            limit: config.limits.subscribed_bytes,
            stale: config.stale,
        }
    }

    /// Observes a source for the sake of a question, beginning with what it is known to have said; false if there is no room.
    pub(super) fn add(
        &mut self,
        now: Instant,
        host: &ResourceUri,
        asked: Asked,
        question: &Question,
        known: Option<Cached>,
    ) -> bool {
        if let Some(subscription) = self.all.get_mut(&asked) {
            subscription.questions.insert(question.clone());
            return true;
        }
        if self.all.keys().filter(|other| other.upstream == asked.upstream).count() >= self.per_source {
            return false;
        }
        let lookup = match asked.scope {
            Scope::Resources => Lookup::resources(host.clone(), asked.query.clone()),
            Scope::Endpoints => Lookup::endpoints(host.clone(), asked.query.clone()),
        };
        let Ok(lookup) = self.client.look_up(now, lookup.observed()) else { return false };
        self.by_lookup.insert(lookup, asked.clone());
        let latest = known.map(|known| (known.links, known.fresh_until));
        let questions = BTreeSet::from([question.clone()]);
        let subscription = Subscription { lookup, latest, problem: None, is_heard: false, is_over: false, questions };
        self.bytes += subscription.size();
        self.all.insert(asked, subscription);
        true
    }

    /// Ends what a question needs no more, if nobody else does.
    pub(super) fn remove(&mut self, now: Instant, asked: &Asked, question: &Question) {
        let Some(subscription) = self.all.get_mut(asked) else { return };
        subscription.questions.remove(question);
        if subscription.questions.is_empty()
            && let Some(subscription) = self.all.remove(asked)
        {
            self.bytes -= subscription.size();
            self.by_lookup.remove(&subscription.lookup);
            self.client.cancel(now, subscription.lookup);
        }
    }

    /// Tells whether an answer to a question will come that has not come yet.
    pub(super) fn is_awaited(&self, asked: &Asked, question: &Question) -> bool {
        self.all.get(asked).is_some_and(|own| !own.is_heard && own.questions.contains(question))
    }

    pub(super) fn asked(&self, lookup: LookupId) -> Option<&Asked> {
        self.by_lookup.get(&lookup)
    }

    /// Returns what a source said last.
    pub(super) fn latest(&self, asked: &Asked) -> Option<LinkDocumentBuf> {
        let (links, _) = self.all.get(asked)?.latest.as_ref()?;
        Some(links.clone())
    }

    /// Returns the part that a source has in answers; nothing while it has not answered.
    pub(super) fn part(&self, now: Instant, asked: &Asked) -> Option<Part> {
        let subscription = self.all.get(asked)?;
        let latest = subscription.latest.as_ref().filter(|_| subscription.is_usable(now, self.stale));
        match latest {
            Some((links, fresh_until)) => Some(Part::Links { links: links.clone(), fresh_until: *fresh_until }),
            None => subscription.problem.clone(),
        }
    }

    /// Takes what a source says, or why it does not; returns the questions to which there is another answer now.
    pub(super) fn take(&mut self, asked: &Asked, part: &Part) -> BTreeSet<Question> {
        let Some(subscription) = self.all.get_mut(asked) else { return BTreeSet::new() };
        let before = self.bytes - subscription.size();
        let was_heard = core::mem::replace(&mut subscription.is_heard, true);
        let is_new = match part {
            Part::Links { links, .. } if before + links.as_str().len() > self.limit => {
                subscription.latest = None;
                subscription.problem.replace(Part::Failed(Fault::Unavailable)).is_none()
            }
            Part::Links { links, fresh_until } => {
                let former = subscription.latest.replace((links.clone(), *fresh_until));
                subscription.is_over = false;
                subscription.problem.take().is_some() || former.is_none_or(|(former, _)| former != *links)
            }
            // That is not for the source to say.
            Part::Failed(Fault::Unavailable) => false,
            problem => {
                subscription.problem = Some(problem.clone());
                true
            }
        };
        self.bytes = before + subscription.size();
        if is_new || !was_heard { subscription.questions.clone() } else { BTreeSet::new() }
    }

    /// Returns the questions whose answer had something stale that may not be used any longer.
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Question> {
        let stale = self.stale;
        let due = self.all.values_mut().filter(|own| own.used_until(stale).is_some_and(|until| until <= now));
        let ended = due.flat_map(|subscription| {
            subscription.is_over = true;
            subscription.questions.iter().cloned()
        });
        ended.collect()
    }

    /// Returns when [`expire`](Self::expire) has something to do.
    pub(super) fn next_expiry(&self) -> Option<Instant> {
        self.all.values().filter_map(|subscription| subscription.used_until(self.stale)).min()
    }
}

impl Subscription {
    fn size(&self) -> usize {
        self.latest.as_ref().map_or(0, |(links, _)| links.as_str().len())
    }

    fn is_usable(&self, now: Instant, stale: Duration) -> bool {
        match self.problem {
            None => self.is_heard || self.latest.as_ref().is_some_and(|(_, fresh_until)| now < *fresh_until),
            Some(_) => self.used_until(stale).is_some_and(|until| now < until),
        }
    }

    /// Returns until when what a source said is used that cannot be reached, or is not to be asked.
    fn used_until(&self, stale: Duration) -> Option<Instant> {
        match (&self.problem, &self.latest) {
            (Some(problem), Some((_, fresh_until))) if problem.is_passing() && !self.is_over => {
                Some(*fresh_until + stale)
            }
            _ => None,
        }
    }
}

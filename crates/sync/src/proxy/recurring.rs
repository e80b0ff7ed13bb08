//! What a proxy observes because it recurs, or because its source cannot be asked for it.

use alloc::vec::Vec;

use waypost_client::{Fault, LookupId};
use waypost_directory::Directory;
use waypost_filter::Query;
use waypost_link_format::LinkDocumentBuf;
use waypost_rest::RequestFailure;
use waypost_time::Instant;

use super::conjunction::{Conjunction, Trial, broadest};
use super::looked_up::LookedUp;
use super::observed::{Observed, Verdict};
use super::parts::{Part, Parts};
use super::pending::Question;
use super::upstream::Upstream;
use super::{Proxy, service};
use crate::cache::Asked;
use crate::coverage::confirmed;
use crate::union::{part_of, union};
use crate::{Holding, ProxyEvent};

impl<S: AsMut<Directory>> Proxy<S> {
    /// Has a source asked for the sake of a question, in the way in which it can answer.
    pub(super) fn ask(&mut self, now: Instant, asked: &Asked, question: &Question) -> Result<(), Fault> {
        let source = &mut self.upstreams[asked.upstream];
        let lookup = LookedUp::new(asked.scope, asked.query.clone());
        if source.holding != Holding::Recurring || lookup.conditions() < 2 {
            return self.forward(now, asked, question);
        }
        match &mut source.conjunction {
            Conjunction::Unknown => {
                let mut trial = Trial::new(&source.host, |lookup| self.client.look_up(now, lookup).ok());
                if trial.verdict().is_some() {
                    // There was no room to ask anything.
                    return Err(Fault::Unavailable);
                }
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
                let query = broadest(asked.scope, &lookup.criteria);
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

    /// Finds what sources have of a look-up in what is observed because it recurs.
    pub(super) fn find_recurring(&mut self, now: Instant, lookup: &LookedUp, zone: Option<u32>, parts: &mut Parts) {
        let what = (lookup.scope, &lookup.criteria);
        let (limit, unconfirmed) = (self.config.limits.answer_bytes, self.config.unconfirmed);
        for (&upstream, part) in parts.sources.iter_mut().filter(|(_, part)| part.is_none()) {
            let source = &self.upstreams[upstream];
            let mut of_source = self.observed.values_mut().filter(|observed| observed.upstream == upstream);
            let covering = of_source.find_map(|observed| {
                let authority = source.host.authority();
                Some((confirmed(now, &observed.replicator, authority, unconfirmed, what)?, observed))
            });
            let Some((confirmed, observed)) = covering else { continue };
            let shown = (lookup.scope, &lookup.criteria, lookup.show);
            *part = Some(match part_of(now, &observed.directory, &source.locations, shown, zone, limit) {
                Ok(held) => {
                    observed.used(now, what, &held.0, &self.config.limits);
                    Part::held(confirmed, held)
                }
                Err(_) => Part::Failed(Fault::TooLarge),
            });
        }
    }

    /// Begins to observe what queries to a source have in common.
    pub(super) fn observe(&mut self, now: Instant, upstream: usize, query: Query) {
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
    pub(super) fn review(&mut self, now: Instant) {
        let mut ended: Vec<u32> = Vec::new();
        for (number, observed) in &mut self.observed {
            match observed.review(now, &self.config) {
                Verdict::Undecided => {}
                Verdict::Pays => self.shapes.paid(observed.upstream, &observed.query),
                Verdict::DoesNotPay => ended.push(*number),
            }
        }
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

    /// Takes what came of trying out a source, if that is what it was; returns the source.
    pub(super) fn take_trial(&mut self, id: LookupId, has_links: bool) -> Option<usize> {
        let is_of = |upstream: &mut Upstream| match &mut upstream.conjunction {
            Conjunction::Tried(trial) => trial.take(id, has_links),
            _ => false,
        };
        self.upstreams.iter_mut().position(is_of)
    }

    /// Asks a source what waited for it to be tried out, if that has come to an end.
    pub(super) fn end_trial(&mut self, now: Instant, number: usize) {
        let conjunction = &mut self.upstreams[number].conjunction;
        let Conjunction::Tried(trial) = conjunction else { return };
        let Some(verdict) = trial.verdict() else { return };
        let waiting = core::mem::take(&mut trial.waiting);
        let is_unknown = matches!(verdict, Conjunction::Unknown);
        *conjunction = verdict;
        for (asked, question) in waiting {
            if let Some(part) = self.known(now, &asked) {
                self.take_part(now, &question, number, part);
                continue;
            }
            // Of an empty directory, or one that does not answer, nothing wrong can be said.
            let begun =
                if is_unknown { self.forward(now, &asked, &question) } else { self.ask(now, &asked, &question) };
            if let Err(fault) = begun {
                self.take_part(now, &question, number, Part::Failed(fault));
            }
        }
    }

    /// Answers those who waited for something to be observed.
    pub(super) fn take_observed(&mut self, now: Instant) {
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
            let part = if let Some(confirmed) = observed.confirmed(now) {
                // The page is what the source would have been asked for.
                let part = part_of(now, &observed.directory, locations, what, question.zone, limit)
                    .and_then(|(links, good_until)| Ok((union(&[links], &lookup.criteria, limit)?, good_until)));
                part.map_or(Part::Failed(Fault::TooLarge), |(text, good_until)| {
                    let links = LinkDocumentBuf::parse(text).unwrap_or_default();
                    Part::held(confirmed, (links, good_until))
                })
            } else {
                Part::Failed(Fault::Unanswered(RequestFailure::TimedOut))
            };
            self.take_part(now, &question, upstream, part);
        }
    }
}

/// Observations are numbered below this, and anew from the beginning after that.
const OBSERVED: u32 = 1 << 20;

//! What a mirror finds out about its source.
//!
//! That an attribute is there proves nothing: a registrant may have given it, and a source that does not know the question answers with
//! what has it. So it has to be absent from what is shown unasked, and present when it is asked for; and the first answer about everything
//! has to cover what is there without the question. What proves neither that the source can nor that it cannot, as something may have
//! changed between two questions, is tried again, and then without what was seen to change since.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::slice::from_ref;

use waypost_client::{Answer, Lookup, LookupId};
use waypost_filter::{Criterion, Query, Test};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::Location;
use waypost_rest::Code;
use waypost_time::{Instant, back_off};

use super::LookupMirror;
use super::entry::{Entry, links_by_provenance, stripped};
use super::reading::Reading;
use crate::Means;
use crate::follower::Surroundings;

/// What a source can do that not every directory can.
#[derive(Debug, Default)]
pub(super) struct Trials {
    /// Whether links show where they come from.
    pub(super) provenance: Trial,
    /// Whether registrations show their ages.
    pub(super) ages: Trial,
    /// When what is unknown is to be tried again, if the source has put that off.
    pub(super) put_off: Option<Instant>,
    /// Whether links of a few registrations have been looked up by their names: all links are judged by these.
    pub(super) has_sample: bool,
    /// How many of these look-ups had an outcome.
    outcomes: usize,
    /// How often an answer proved nothing, and when last.
    doubts: u32,
    doubted: Option<Instant>,
    /// What the first answer about all ages did not have, and was there before.
    missing: BTreeSet<Location>,
}

/// Whether the source can do something that not every directory can.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trial {
    #[default]
    Unknown,
    Asked(LookupId),
    /// It did for one registration; everything is asked for.
    Likely,
    /// It did not do so for all that were there before. It is asked which of them are there.
    Doubted,
    Can,
    Cannot,
}

impl Trials {
    /// Returns the look-ups that are to find something out.
    pub(super) fn asked(&self) -> impl Iterator<Item = LookupId> {
        let trials = [self.provenance, self.ages].into_iter();
        trials.filter_map(|trial| if let Trial::Asked(id) = trial { Some(id) } else { None })
    }

    /// Notes an outcome of a look-up of the links of one registration. So many are a sample.
    pub(super) const fn note_outcome(&mut self, sample: usize) {
        self.outcomes = self.outcomes.saturating_add(1);
        self.has_sample |= self.outcomes >= sample;
    }

    /// Takes a refusal of what was to find something out, if that is what it was: that the source cannot, or cannot say for now
    /// ([RFC 8516 §4](https://www.rfc-editor.org/rfc/rfc8516#section-4)).
    pub(super) fn refused(&mut self, id: LookupId, code: Code, until: Instant) {
        let is_put_off = matches!(code, Code::TOO_MANY_REQUESTS | Code::SERVICE_UNAVAILABLE);
        if is_put_off && self.asked().any(|asked| asked == id) {
            self.put_off = self.put_off.max(Some(until));
        }
        self.conclude(id, if is_put_off { Trial::Unknown } else { Trial::Cannot });
    }

    /// Returns what follows from an answer that proves nothing: what it was to find out is tried again after a while.
    fn doubt(&mut self, surroundings: &mut Surroundings<'_>) -> Trial {
        let limits = &surroundings.config.limits;
        self.doubts = self.doubts.saturating_add(1);
        self.doubted = Some(surroundings.now);
        let pause = surroundings.jitter.stretch(back_off(limits.retry, limits.retry_max, self.doubts));
        self.put_off = self.put_off.max(Some(surroundings.now + pause));
        Trial::Unknown
    }

    /// Tells whether a registration may prove that the source cannot do something: those that come and go, or change, all the time
    /// prove nothing, or they could keep everything from being found out.
    fn heeds(&self, entry: &Entry) -> bool {
        self.doubted.is_none_or(|doubted| entry.since < doubted)
    }

    /// Takes that for the outcome of what a look-up was to find out, if it was one of these.
    pub(super) fn conclude(&mut self, id: LookupId, outcome: Trial) {
        for trial in [&mut self.provenance, &mut self.ages] {
            if *trial == Trial::Asked(id) {
                *trial = outcome;
            }
        }
    }
}

impl LookupMirror {
    /// Tells whether the source says how old registrations are.
    pub(crate) const fn shows_ages(&self) -> bool {
        matches!(self.trials.ages, Trial::Can)
    }

    /// Returns which look-ups tell what is there, once that is found out.
    pub(crate) const fn means(&self) -> Option<Means> {
        match self.trials.provenance {
            Trial::Can => Some(Means::Lookups),
            Trial::Cannot => Some(Means::LookupsOfEach),
            Trial::Unknown if self.trials.doubts >= MANY_DOUBTS => Some(Means::LookupsOfEach),
            _ => None,
        }
    }

    /// Asks for what not every directory can, with a registration that is there, unless that is put off.
    pub(super) fn try_out(&mut self, now: Instant) {
        if self.trials.put_off.is_some_and(|until| now < until) {
            return;
        }
        self.trials.put_off = None;
        // No other than it was found by: who shares its name in another sector might answer for it.
        let of_entry = |entry: &Entry, extra| entry.select(Query::all().with(Criterion::new(extra, Test::Exists)));
        if self.trials.provenance == Trial::Unknown
            && self.trials.has_sample
            && let Some(entry) = self.find_another(Entry::has_links_without_provenance)
        {
            let lookup = Lookup::resources(self.host.clone(), of_entry(entry, "provenance"));
            self.trials.provenance = self.client.look_up(now, lookup).map_or(Trial::Unknown, Trial::Asked);
        }
        if self.trials.ages == Trial::Unknown
            && let Some(entry) = self.find_another(|entry| !entry.has_age)
        {
            let lookup = Lookup::endpoints(self.host.clone(), of_entry(entry, "lt-age"));
            self.trials.ages = self.client.look_up(now, lookup).map_or(Trial::Unknown, Trial::Asked);
        }
    }

    /// Returns a registration that is fit, another one after each doubt: none is to keep anything from being found out.
    fn find_another(&self, is_fit: impl Fn(&Entry) -> bool) -> Option<&Entry> {
        let count = self.entries.len();
        let from = self.trials.doubts as usize % count.max(1);
        self.entries.values().cycle().skip(from).take(count).find(|entry| is_fit(entry))
    }

    pub(super) fn judge_provenance(&mut self, surroundings: &mut Surroundings<'_>, answer: &Answer) {
        let is_shown = answer.links.links().all(|link| link.provenance().is_some());
        let by_location = links_by_provenance(from_ref(&answer.links));
        let found = stripped(&answer.links);
        let is_proof = |location: &Location| {
            let entry = self.entries.get(location).filter(|entry| entry.has_links_without_provenance());
            entry.is_some_and(|entry| entry.is_covered(&found))
        };
        self.trials.provenance = match is_shown {
            true if by_location.keys().any(is_proof) => Trial::Likely,
            true => self.trials.doubt(surroundings),
            false => Trial::Cannot,
        };
        if self.trials.provenance == Trial::Likely {
            let lookup = Lookup::resources(self.host.clone(), self.showing("provenance"));
            self.resources = Some(Reading::new(lookup));
            self.wanted.clear();
            for id in core::mem::take(&mut self.by_lookup).into_keys() {
                self.lost.remove(&id);
                self.client.cancel(surroundings.now, id);
            }
            self.entries.values_mut().for_each(|entry| entry.lookup = None);
        }
    }

    /// Judges the first answer about all links by those that were looked up by name; tells whether it may be taken.
    pub(super) fn judge_resources(
        &mut self,
        surroundings: &mut Surroundings<'_>,
        links: &BTreeMap<Location, LinkDocumentBuf>,
    ) -> bool {
        if self.trials.provenance != Trial::Likely {
            return true;
        }
        let is_known = |entry: &Entry| entry.has_links_without_provenance() && self.trials.heeds(entry);
        let mut known = self.entries.iter().filter(|(_, entry)| is_known(entry)).peekable();
        // A query may select a registration by one of its links, and that link alone.
        let is_of_all = self.query.criteria().is_empty();
        let agrees = |entry: &Entry, found| if is_of_all { entry.is_covered(found) } else { entry.covers(found) };
        let is_there = |location, entry: &Entry| links.get(location).is_some_and(|found| agrees(entry, found));
        let is_proof = known.peek().is_some() && known.all(|(location, entry)| is_there(location, entry));
        self.trials.provenance = if is_proof { Trial::Can } else { self.trials.doubt(surroundings) };
        if !is_proof && let Some(mut resources) = self.resources.take() {
            resources.stop(surroundings.now, &mut self.client);
            self.wanted.extend(self.entries.keys().cloned());
        }
        is_proof
    }

    pub(super) fn judge_ages(&mut self, surroundings: &mut Surroundings<'_>, answer: &Answer) {
        let has_none = |target: &str| {
            let entry = Location::new(target).ok().and_then(|location| self.entries.get(&location));
            entry.is_some_and(|entry| !entry.has_age)
        };
        let is_shown = answer.links.links().all(|link| link.parameter("lt-age").is_some());
        self.trials.ages = match is_shown {
            true if answer.links.links().any(|link| has_none(link.target())) => Trial::Likely,
            true => self.trials.doubt(surroundings),
            false => Trial::Cannot,
        };
        if self.trials.ages == Trial::Likely {
            self.look_up_ages(surroundings.now);
        }
    }

    /// Judges the first answer about the ages of all registrations, and the next one without: what the first one does not have must not be
    /// there any more. Tells whether it may be taken.
    pub(super) fn judge_endpoints(&mut self, surroundings: &mut Surroundings<'_>) -> bool {
        let pass = self.pass;
        match self.trials.ages {
            Trial::Likely => {
                let (found, missing): (Vec<_>, Vec<_>) = self
                    .entries
                    .iter()
                    .filter(|(_, entry)| self.trials.heeds(entry))
                    .partition(|(_, entry)| entry.found_in == pass);
                let is_proof = missing.is_empty() && !found.is_empty();
                let missing = missing.into_iter().map(|(location, _)| location.clone()).collect();
                self.trials.ages = match (is_proof, found.is_empty()) {
                    (true, _) => Trial::Can,
                    (false, false) => Trial::Doubted,
                    (false, true) => self.trials.doubt(surroundings),
                };
                self.trials.missing = missing;
                if !is_proof {
                    let lookup = Lookup::endpoints(self.host.clone(), self.query.clone());
                    self.endpoints.look_up(surroundings.now, &mut self.client, lookup);
                }
                is_proof
            }
            Trial::Doubted => {
                let missing = core::mem::take(&mut self.trials.missing);
                let is_there = |location| self.entries.get(location).is_some_and(|entry| entry.found_in == pass);
                let is_proof = !missing.iter().any(is_there);
                self.trials.ages = if is_proof { Trial::Can } else { self.trials.doubt(surroundings) };
                if is_proof {
                    self.look_up_ages(surroundings.now);
                }
                true
            }
            _ => true,
        }
    }

    fn look_up_ages(&mut self, now: Instant) {
        let lookup = Lookup::endpoints(self.host.clone(), self.showing("lt-age"));
        self.endpoints.look_up(now, &mut self.client, lookup);
    }

    /// Returns the query that asks for something to be shown besides. Some directories let the last criterion count alone.
    fn showing(&self, name: &str) -> Query {
        let shown = Query::all().with(Criterion::new(name, Test::Exists));
        self.query.criteria().iter().cloned().fold(shown, Query::with)
    }
}

/// After so many answers that proved nothing it is told by what a source is mirrored meanwhile.
const MANY_DOUBTS: u32 = 3;

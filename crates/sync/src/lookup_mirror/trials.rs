//! What a mirror finds out about its source.

use waypost_client::{Answer, Lookup, LookupId};
use waypost_filter::{Criterion, Query, Test};
use waypost_rest::Code;
use waypost_time::Instant;

use super::LookupMirror;
use super::reading::Reading;
use crate::Means;

/// What a source can do that not every directory can.
#[derive(Debug, Default)]
pub(super) struct Trials {
    /// Whether links show where they come from.
    pub(super) provenance: Trial,
    /// Whether registrations show their ages.
    pub(super) ages: Trial,
    /// When what is unknown is to be tried again, if the source has put that off.
    pub(super) put_off: Option<Instant>,
}

/// Whether the source can do something that not every directory can.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trial {
    #[default]
    Unknown,
    Asked(LookupId),
    Can,
    Cannot,
}

impl Trials {
    /// Returns the look-ups that are to find something out.
    pub(super) fn asked(&self) -> impl Iterator<Item = LookupId> {
        let trials = [self.provenance, self.ages].into_iter();
        trials.filter_map(|trial| if let Trial::Asked(id) = trial { Some(id) } else { None })
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
            Trial::Unknown | Trial::Asked(_) => None,
        }
    }

    /// Asks for what not every directory can, with a registration that is there, unless that is put off.
    pub(super) fn try_out(&mut self, now: Instant) {
        if self.trials.put_off.is_some_and(|until| now < until) {
            return;
        }
        self.trials.put_off = None;
        let Some(entry) = self.entries.values().next() else { return };
        let of_entry = |extra: &str| Query::all().with(Criterion::new(extra, Test::Exists)).with(entry.criterion());
        if self.trials.provenance == Trial::Unknown {
            let lookup = Lookup::resources(self.host.clone(), of_entry("provenance"));
            self.trials.provenance = self.client.look_up(now, lookup).map_or(Trial::Unknown, Trial::Asked);
        }
        if self.trials.ages == Trial::Unknown {
            let lookup = Lookup::endpoints(self.host.clone(), of_entry("lt-age"));
            self.trials.ages = self.client.look_up(now, lookup).map_or(Trial::Unknown, Trial::Asked);
        }
    }

    pub(super) fn judge_provenance(&mut self, now: Instant, answer: &Answer) {
        self.trials.provenance = match answer.links.links().next() {
            Some(link) if link.provenance().is_some() => {
                let lookup = Lookup::resources(self.host.clone(), self.showing("provenance"));
                self.resources = Some(Reading::new(lookup));
                Trial::Can
            }
            Some(_) => Trial::Cannot,
            // A registration without links says nothing; the next change brings another.
            None => Trial::Unknown,
        };
        if self.trials.provenance == Trial::Can {
            self.wanted.clear();
            for id in core::mem::take(&mut self.by_lookup).into_keys() {
                self.lost.remove(&id);
                self.client.cancel(now, id);
            }
            self.entries.values_mut().for_each(|entry| entry.lookup = None);
        }
    }

    pub(super) fn judge_ages(&mut self, now: Instant, answer: &Answer) {
        let Some(link) = answer.links.links().next() else {
            // It was gone before it was asked for; the next change brings another.
            self.trials.ages = Trial::Unknown;
            return;
        };
        let shows = link.parameter("lt-age").is_some();
        self.trials.ages = if shows { Trial::Can } else { Trial::Cannot };
        if shows {
            let lookup = Lookup::endpoints(self.host.clone(), self.showing("lt-age"));
            self.endpoints.look_up(now, &mut self.client, lookup);
        }
    }

    /// Returns the query that asks for something to be shown besides. Some directories let the last criterion count alone.
    fn showing(&self, name: &str) -> Query {
        let shown = Query::all().with(Criterion::new(name, Test::Exists));
        self.query.criteria().iter().cloned().fold(shown, Query::with)
    }
}

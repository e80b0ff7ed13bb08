use alloc::{borrow::Cow, vec::Vec};

use waypost_filter::{Criterion, Query};

use crate::{
    Directory, Endpoint, Scope,
    documents::{Document, SHARED},
    index::id_set::IdSet,
    lookup::criteria::{is_met_by_endpoint, is_met_by_link},
    lookup::find::{Candidates, Found, find},
};

/// How a look-up finds its results: which sets of the index it goes through and asks, and what it has to check besides.
#[derive(Debug)]
pub(crate) struct Plan<'d> {
    pub(crate) directory: &'d Directory,
    pub(crate) scope: Scope,
    /// What the index tells of each criterion, the one with the fewest candidates first.
    pub(crate) parts: Vec<Candidates<'d>>,
    /// Criteria that the parts do not decide.
    pub(crate) unchecked: Vec<Criterion>,
    /// Those of them that the index could tell more of, at a price.
    broad: Vec<Criterion>,
    /// About how many registrations the first part has, or how many there are if there is none.
    pub(crate) fewest: u64,
    /// How much was looked at, and how much may be.
    looks: u64,
    pub(crate) most_looks: u64,
}

/// What may be spent on collecting the candidates of one criterion before others were looked at.
const FIRST_BUDGET: u64 = 1024;
/// A set that costs so many times the number of candidates to collect is not collected: they are checked instead.
const WORTH: u64 = 16;

impl<'d> Plan<'d> {
    pub(crate) fn new(directory: &'d Directory, scope: Scope, query: &Query) -> Self {
        let (parts, unchecked, broad) = (Vec::new(), Vec::new(), Vec::new());
        let fewest = directory.index.shown.len();
        let mut plan = Self { directory, scope, parts, unchecked, broad, fewest, looks: 0, most_looks: u64::MAX };
        for criterion in query.criteria() {
            let found = find(directory, scope, criterion, FIRST_BUDGET);
            plan.looks += found.steps() / WORTH;
            match found {
                Found::Everything => {}
                Found::Some(part) => plan.add(part, criterion),
                Found::Unknown(_) => plan.broad.push(criterion.clone()),
            }
        }
        plan.unchecked.extend_from_slice(&plan.broad);
        plan.sort();
        plan
    }

    /// Counts what is looked at, registrations and links; tells whether that much may be.
    pub(crate) fn look(&mut self, looks: u64) -> bool {
        self.looks = self.looks.saturating_add(looks);
        self.looks <= self.most_looks
    }

    /// Returns how much was looked at.
    pub(crate) fn looks(&self) -> u64 {
        self.looks
    }

    /// Tells whether the parts decide everything.
    pub(crate) fn is_exact(&self) -> bool {
        self.unchecked.is_empty()
    }

    /// Tells whether what meets the parts, a registration or one of its links, meets the criteria as well that they do not decide.
    pub(crate) fn accepts(&self, endpoint: &Endpoint<'_>, position: u32) -> bool {
        self.unchecked.iter().all(|criterion| match self.scope {
            Scope::Endpoints => is_met_by_endpoint(criterion, endpoint),
            Scope::Resources => is_met_by_link(criterion, &endpoint.resource(position)),
        })
    }

    /// Makes parts of the broad criteria, as far as that is worth its price where `ahead` registrations have to be looked at.
    pub(crate) fn collect(&mut self, ahead: u64) {
        for criterion in core::mem::take(&mut self.broad) {
            let candidates = if self.parts.is_empty() { u64::MAX } else { self.fewest.min(ahead) };
            let budget = candidates.min(self.most_looks - self.looks.min(self.most_looks));
            let budget = budget.saturating_mul(WORTH).max(FIRST_BUDGET);
            let found = find(self.directory, self.scope, &criterion, budget);
            self.look(found.steps() / WORTH);
            match found {
                Found::Unknown(_) => {}
                Found::Everything => self.unchecked.retain(|unchecked| *unchecked != criterion),
                Found::Some(part) => {
                    self.unchecked.retain(|unchecked| *unchecked != criterion);
                    self.add(part, &criterion);
                }
            }
        }
        self.sort();
    }

    fn add(&mut self, part: Candidates<'d>, criterion: &Criterion) {
        if !part.is_exact {
            self.unchecked.push(criterion.clone());
        }
        self.fewest = self.fewest.min(part.weight(self.directory));
        self.parts.push(part);
    }

    /// Tells whether [`intersect`](Self::intersect) would do anything.
    pub(crate) fn can_intersect(&self) -> bool {
        let count = |kind| self.parts.iter().filter(|part| part.kind(self.scope) == Some(kind)).count();
        count(Kind::Links) > 1 || count(Kind::Slots) > 1
    }

    /// Tells whether [`collect`](Self::collect) might do anything.
    pub(crate) fn is_broad(&self) -> bool {
        !self.broad.is_empty()
    }

    /// Joins the parts that only links can meet, because the same link has to meet them all, and those that only
    /// registrations as a whole can meet.
    pub(crate) fn intersect(&mut self) {
        let mut parts = Vec::new();
        for kind in [Kind::Links, Kind::Slots] {
            let (mut same, others): (Vec<_>, Vec<_>) =
                self.parts.drain(..).partition(|part| part.kind(self.scope) == Some(kind));
            self.parts = others;
            if same.len() > 1 {
                same.sort_by_key(|part| part.links.len() + part.slots.len());
                let common = |sets: &[&IdSet]| Cow::Owned(IdSet::common(sets));
                let slots = common(&same.iter().map(|part| &*part.slots).collect::<Vec<_>>());
                let links = common(&same.iter().map(|part| &*part.links).collect::<Vec<_>>());
                same = Vec::from([Candidates { slots, links, is_exact: true }]);
            }
            parts.append(&mut same);
        }
        parts.append(&mut self.parts);
        self.parts = parts;
        self.sort();
    }

    fn sort(&mut self) {
        let directory = self.directory;
        if self.parts.len() > 1 {
            self.parts.sort_by_cached_key(|part| part.weight(directory));
        }
        self.fewest = match self.parts.first() {
            Some(part) => part.weight(directory),
            None => directory.index.shown.len(),
        };
    }
}

/// What alone can meet a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Links,
    Slots,
}

impl<'d> Candidates<'d> {
    /// Tells whether a link of a document meets the part.
    pub(crate) fn is_met_in(&self, document: &Document) -> bool {
        words(document).any(|start| self.links.word(start) != 0)
    }

    /// Returns the documents of several users in which a link meets the part.
    pub(crate) fn shared(&self, directory: &'d Directory) -> impl Iterator<Item = &'d Document> {
        let mut next = SHARED;
        core::iter::from_fn(move || {
            let link = self.links.iter_from(next).next()?;
            let document = directory.documents.shared(link)?;
            next = document.first() + document.len();
            Some(document)
        })
    }

    pub(crate) fn kind(&self, scope: Scope) -> Option<Kind> {
        if !self.is_exact {
            None
        } else if self.links.is_empty() {
            Some(Kind::Slots)
        } else if self.slots.is_empty() && scope == Scope::Resources {
            Some(Kind::Links)
        } else {
            None
        }
    }

    /// Returns how many links of documents with several users meet the part.
    pub(crate) fn shared_links(&self) -> u64 {
        self.links.count_in(SHARED..=u32::MAX)
    }

    /// Returns about how many registrations there are to look at.
    pub(crate) fn weight(&self, directory: &Directory) -> u64 {
        let mut weight = self.slots.len();
        if self.links.is_empty() {
            return weight;
        }
        let shared = self.shared_links();
        weight += self.links.len() - shared;
        // Some documents stand for all.
        let sample = self.links.iter_from(SHARED).take(SAMPLE).filter_map(|link| directory.documents.shared(link));
        let (count, users) =
            sample.fold((0, 0), |(count, users), document| (count + 1, users + document.users().len()));
        weight + (users * shared).checked_div(count).unwrap_or(0)
    }
}

const SAMPLE: usize = 16;

/// Returns the number of each 64th link of a document.
///
/// Numbers are given in blocks of that size, so that no link of another document is between.
pub(crate) fn words(document: &Document) -> impl Iterator<Item = u32> {
    (0..document.len()).step_by(u64::BITS as usize).map(|position| document.first() + position)
}

use alloc::{borrow::Cow, vec::Vec};
use core::ops::RangeInclusive;

use waypost_filter::{Criterion, Query};

use crate::{
    Directory, Scope,
    documents::{Document, Documents, SHARED},
    find::{Candidates, Found, find},
    id_set::IdSet,
    stream::Stream,
};

/// How a look-up finds its results: which sets of the index it goes through and asks, and what it has to check besides.
#[derive(Debug)]
pub(crate) struct Plan<'d> {
    scope: Scope,
    documents: &'d Documents,
    /// What the index tells of each criterion, the one with the fewest candidates first.
    pub(crate) parts: Vec<Candidates<'d>>,
    /// Criteria that the index does not decide.
    pub(crate) unchecked: Vec<Criterion>,
}

/// Whether a registration as a whole meets a part, or only some of its links can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hit {
    All,
    Some,
    None,
}

/// What may be spent on collecting the candidates of one criterion before others were looked at.
const FIRST_BUDGET: u64 = 1024;
/// A set that costs so many times the number of candidates to collect is not collected: they are checked instead.
const WORTH: u64 = 16;

impl<'d> Plan<'d> {
    pub(crate) fn new(directory: &'d Directory, scope: Scope, query: &Query) -> Self {
        let mut plan = Self { scope, documents: &directory.documents, parts: Vec::new(), unchecked: Vec::new() };
        let mut unknown = Vec::new();
        for criterion in query.criteria() {
            match find(directory, scope, criterion, FIRST_BUDGET) {
                Found::Everything => {}
                Found::Some(part) => plan.add(part, criterion),
                Found::Unknown => unknown.push(criterion),
            }
        }
        let mut fewest = plan.parts.iter().map(|part| part.weight(&directory.documents)).min();
        for criterion in unknown {
            let budget = fewest.map_or(u64::MAX, |fewest| fewest.saturating_mul(WORTH));
            match if budget > FIRST_BUDGET { find(directory, scope, criterion, budget) } else { Found::Unknown } {
                Found::Everything => {}
                Found::Some(part) => {
                    fewest = Some(part.weight(&directory.documents).min(fewest.unwrap_or(u64::MAX)));
                    plan.add(part, criterion);
                }
                Found::Unknown => plan.unchecked.push(criterion.clone()),
            }
        }
        plan.sort();
        plan
    }

    /// Returns the slots to look at, from `start` on.
    pub(crate) fn stream(&self, directory: &'d Directory, start: u32) -> Stream<'d> {
        match self.parts.first() {
            Some(part) => Stream::new(&directory.documents, &part.slots, &part.links, start),
            None => {
                let all = Cow::Borrowed(&directory.index.shown);
                Stream::new(&directory.documents, &all, &Cow::Owned(IdSet::EMPTY), start)
            }
        }
    }

    /// Tells whether the parts decide everything.
    pub(crate) fn is_exact(&self) -> bool {
        self.unchecked.is_empty()
    }

    fn add(&mut self, part: Candidates<'d>, criterion: &Criterion) {
        if !part.is_exact {
            self.unchecked.push(criterion.clone());
        }
        self.parts.push(part);
    }

    /// Tells whether [`intersect`](Self::intersect) would do anything.
    pub(crate) fn can_intersect(&self) -> bool {
        let count = |kind| self.parts.iter().filter(|part| part.kind(self.scope) == Some(kind)).count();
        count(Kind::Links) > 1 || count(Kind::Slots) > 1
    }

    /// Joins the parts that only links can meet, because the same link has to meet them all, and those that only
    /// registrations as a whole can meet.
    pub(crate) fn intersect(&mut self) {
        let mut parts = Vec::new();
        for kind in [Kind::Links, Kind::Slots] {
            let (mut same, others): (Vec<_>, Vec<_>) =
                self.parts.drain(..).partition(|part| part.kind(self.scope) == Some(kind));
            self.parts = others;
            same.sort_by_key(|part| part.links.len() + part.slots.len());
            parts.extend(same.into_iter().reduce(|joined, part| Candidates {
                slots: Cow::Owned(joined.slots.intersection(&part.slots)),
                links: Cow::Owned(joined.links.intersection(&part.links)),
                is_exact: true,
            }));
        }
        parts.append(&mut self.parts);
        self.parts = parts;
        self.sort();
    }

    fn sort(&mut self) {
        let documents = self.documents;
        if self.parts.len() > 1 {
            self.parts.sort_by_cached_key(|part| part.weight(documents));
        }
    }
}

/// What alone can meet a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Links,
    Slots,
}

impl Candidates<'_> {
    /// Tells how the registration in a slot meets the part.
    pub(crate) fn hit(&self, slot: u32, document: &Document) -> Hit {
        if self.slots.contains(slot) {
            return Hit::All;
        }
        if numbers(document).is_some_and(|numbers| self.links.meets(numbers)) { Hit::Some } else { Hit::None }
    }

    fn kind(&self, scope: Scope) -> Option<Kind> {
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

    /// Returns about how many registrations there are to look at.
    fn weight(&self, documents: &Documents) -> u64 {
        let mut weight = self.slots.len();
        if self.links.is_empty() {
            return weight;
        }
        let shared = self.links.count_in(SHARED..=u32::MAX);
        weight += self.links.len() - shared;
        // Some documents stand for all.
        let sample = self.links.iter_from(SHARED).take(SAMPLE).filter_map(|link| documents.shared(link));
        let (count, users) =
            sample.fold((0, 0), |(count, users), document| (count + 1, users + document.users().len()));
        weight + (users * shared).checked_div(count).unwrap_or(0)
    }
}

const SAMPLE: usize = 16;

/// Returns the numbers of the links of a document.
pub(crate) fn numbers(document: &Document) -> Option<RangeInclusive<u32>> {
    Some(document.first()..=document.first() + document.len().checked_sub(1)?)
}

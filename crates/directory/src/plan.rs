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
    /// What the index tells of each criterion, the one with the fewest candidates first.
    pub(crate) parts: Vec<Candidates<'d>>,
    /// Criteria that the index does not decide.
    pub(crate) unchecked: Vec<&'d Criterion>,
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
    pub(crate) fn new(directory: &'d Directory, scope: Scope, query: &'d Query) -> Self {
        let mut plan = Self { parts: Vec::new(), unchecked: Vec::new() };
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
                Found::Unknown => plan.unchecked.push(criterion),
            }
        }
        if scope == Scope::Resources {
            plan.intersect();
        }
        if plan.parts.len() > 1 {
            plan.parts.sort_by_cached_key(|part| part.weight(&directory.documents));
        }
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

    fn add(&mut self, part: Candidates<'d>, criterion: &'d Criterion) {
        if !part.is_exact {
            self.unchecked.push(criterion);
        }
        self.parts.push(part);
    }

    /// Joins the parts that only links can meet: the same link has to meet them all.
    fn intersect(&mut self) {
        let (mut links, mut others): (Vec<_>, Vec<_>) =
            self.parts.drain(..).partition(|part| part.is_exact && part.slots.is_empty());
        links.sort_by_key(|part| part.links.len());
        let mut links = links.into_iter();
        if let Some(mut joined) = links.next() {
            for part in links {
                joined.links = Cow::Owned(joined.links.intersection(&part.links));
            }
            others.push(joined);
        }
        self.parts = others;
    }
}

impl Candidates<'_> {
    /// Tells how the registration in a slot meets the part.
    pub(crate) fn hit(&self, slot: u32, document: &Document) -> Hit {
        if self.slots.contains(slot) {
            return Hit::All;
        }
        if numbers(document).is_some_and(|numbers| self.links.meets(numbers)) { Hit::Some } else { Hit::None }
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
        weight + if count > 0 { users * shared / count } else { 0 }
    }
}

const SAMPLE: usize = 16;

/// Returns the numbers of the links of a document.
pub(crate) fn numbers(document: &Document) -> Option<RangeInclusive<u32>> {
    Some(document.first()..=document.first() + document.len().checked_sub(1)?)
}

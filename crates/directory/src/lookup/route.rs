use alloc::vec::Vec;

use crate::{
    documents::{Document, SHARED, first_link, slot_of},
    index::id_set::IdIter,
    index::slot_set::{SlotIter, SlotSet},
    lookup::find::Candidates,
    lookup::plan::Plan,
    lookup::stream::Stream,
};

/// The slots that a look-up goes through, ascending.
///
/// What is best depends on how many results there are and how many are wanted, which nobody knows before. So a look-up begins
/// with what costs least to begin with, and takes a [better](Plan::better_route) route when most of what it looked at was in
/// vain.
pub(crate) enum Route<'d> {
    /// Everything that is shown: best where every few registrations have a result.
    All(IdIter<'d>),
    /// The candidates of the first part.
    First(Stream<'d>),
    /// What all parts have in common.
    Common(SlotIter),
}

impl Default for Route<'_> {
    /// Returns the way to nothing.
    fn default() -> Self {
        Self::All(IdIter::empty())
    }
}

impl Iterator for Route<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        match self {
            Self::All(slots) => slots.next(),
            Self::First(slots) => slots.next(),
            Self::Common(slots) => slots.next(),
        }
    }
}

/// One of so many registrations must have a result for the walk along all of them to be better than merging the users of every
/// document.
const DENSE: u64 = 4;
/// To ask for a registration costs so many times as much as to take an id out of a set with all the others.
const ASKING: u64 = 256;
/// So many registrations are looked at before criteria are collected that were put off because much meets them.
const MANY: u64 = 1024;

impl<'d> Plan<'d> {
    /// Returns the way to the results from a slot on, of which `wanted` are wanted.
    pub(crate) fn route(&mut self, start: u32, wanted: u64) -> Route<'d> {
        let Some(first) = self.parts.first() else { return self.route_of_all(start) };
        // Each document of several users has to be looked up before the first result.
        let shared = first.shared_links();
        let shown = self.directory.index.shown.len();
        let is_dense = self.fewest * DENSE >= shown;
        let is_shorter = wanted.saturating_mul(shown) / self.fewest.max(1) < shared / 2;
        if shared > 0 && (is_dense || is_shorter) {
            return self.route_of_all(start);
        }
        self.route_of_first(start)
    }

    pub(crate) fn route_of_all(&self, start: u32) -> Route<'d> {
        Route::All(self.directory.index.shown.iter_from(start))
    }

    /// Returns a better route than one that was taken up to a slot, if there is one. On that one, `ahead` registrations would
    /// have to be looked at.
    pub(crate) fn better_route(&mut self, route: &Route<'d>, start: u32, ahead: u64) -> Option<Route<'d>> {
        let shown = self.directory.index.shown.len();
        let is_broad = self.is_broad() && ahead > MANY;
        if is_broad {
            self.collect(ahead);
        }
        match route {
            Route::Common(_) => return None,
            Route::All(_) => {
                let first = self.parts.first()?;
                if self.fewest * 2 < shown && ahead > first.shared_links() {
                    return Some(self.route_of_first(start));
                }
            }
            Route::First(_) => {}
        }
        let ids = self.ids();
        let is_worth_it = ahead.min(self.fewest).saturating_mul(ASKING) > ids;
        let intersects = is_worth_it && self.can_intersect() && self.look(ids / ASKING);
        if intersects {
            self.intersect();
        }
        let ids = self.ids();
        if is_worth_it && self.parts.len() > 1 && self.fewest * ASKING > ids && self.look(ids / ASKING) {
            return Some(Route::Common(self.common(start).into_iter_from(start)));
        }
        (intersects || is_broad).then(|| self.route(start, u64::MAX))
    }

    /// Returns about how many ids there are to take out of the sets of all parts, or what comes to the same.
    pub(crate) fn ids(&self) -> u64 {
        let words = u64::from(self.directory.registry.end()) / u64::from(u64::BITS);
        self.parts.iter().map(|part| part.weight(self.directory) + words).sum()
    }

    /// Returns the slots from `start` on in which every part can be met.
    pub(crate) fn common(&self, start: u32) -> SlotSet {
        let directory = self.directory;
        let end = directory.registry.end();
        let only_links = || self.parts.iter().filter(|part| part.slots.is_empty());
        // Of the documents of several users, those in which all these parts are met, if there is such a part.
        let documents = only_links().min_by_key(|part| part.shared_links()).map(|first| {
            let shared = first.shared(directory);
            shared.filter(|document| only_links().all(|part| part.is_met_in(document))).collect::<Vec<_>>()
        });
        let sets = self.parts.iter().map(|part| {
            let mut slots = SlotSet::new(end);
            part.links.each_in(first_link(start)..=SHARED - 1, |link| slots.insert(slot_of(link)));
            slots.remove_all(directory.documents.leftovers.slots());
            part.slots.each_in(start..=u32::MAX, |slot| slots.insert(slot));
            let users = |document: &Document| document.users().each_in(start..=u32::MAX, |slot| slots.insert(slot));
            match &documents {
                Some(documents) => {
                    documents.iter().copied().filter(|document| part.is_met_in(document)).for_each(users);
                }
                None => part.shared(directory).for_each(users),
            }
            slots
        });
        let common = sets.reduce(|mut common, slots| {
            common.intersect(&slots);
            common
        });
        common.unwrap_or_else(|| SlotSet::new(0))
    }

    fn route_of_first(&mut self, start: u32) -> Route<'d> {
        let shared = self.parts.first().map_or(0, Candidates::shared_links);
        if !self.look(shared) {
            return Route::default();
        }
        match self.parts.first() {
            Some(part) => Route::First(Stream::new(&self.directory.documents, &part.slots, &part.links, start)),
            None => self.route_of_all(start),
        }
    }
}

impl Route<'_> {
    /// Returns how many of the parts all registrations on the route are known to meet, if they are exact: that many of the
    /// first ones need not be asked.
    pub(crate) fn known(&self, parts: usize) -> usize {
        match self {
            Self::All(_) => 0,
            Self::First(_) => parts.min(1),
            Self::Common(_) => parts,
        }
    }
}

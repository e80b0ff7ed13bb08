use alloc::{boxed::Box, collections::BTreeSet, vec::Vec};
use core::cmp::Reverse;
use core::hash::{Hash, Hasher};

use hashbrown::HashTable;
use siphasher::sip::SipHasher13;
use waypost_filter::{Criterion, Query, Test};

use crate::{
    Endpoint, Scope, WatchId,
    conditions::{Conditions, Sides},
    selection::Selection,
    slots::Slots,
};

/// The selections that are watched, found from a change by what it contains.
///
/// Each selection waits for one of its conditions and is looked at only when a change meets that one. Most of what there
/// is to know of a selection then is whether the change meets the other conditions as well, which was found out once for
/// all selections. If it does not, the selection was looked at in vain: from then on it waits for a condition that this
/// change did not meet. So the selections find by themselves what is rare among the changes, as clauses find the literals to
/// watch in a solver of satisfiability, and the same change never has them looked at in vain again.
#[derive(Debug, Clone)]
pub(crate) struct Selections {
    key: [u8; 16],
    conditions: Conditions,
    places: Slots<Place>,
    by_query: HashTable<u32>,
    /// Those without conditions: any change concerns them.
    unconditional: BTreeSet<u32>,
}

#[derive(Debug, Clone)]
struct Place {
    selection: Selection,
    /// One for each criterion.
    conditions: Box<[u32]>,
    /// The number of the criterion that it waits for.
    waits_for: usize,
}

impl Selections {
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self {
            key,
            conditions: Conditions::new(key),
            places: Slots::new(),
            by_query: HashTable::new(),
            unconditional: BTreeSet::new(),
        }
    }

    /// Adds a watch of a query; returns its selection.
    pub(crate) fn add(&mut self, scope: Scope, query: &Query, watch: WatchId) -> u32 {
        let mut selection = Selection::new(scope, query);
        let hash = hash(&self.key, &selection);
        let places = &self.places;
        let is_same = |id: &u32| {
            let other = &places[*id].selection;
            other.scope == selection.scope && other.criteria == selection.criteria
        };
        if let Some(&id) = self.by_query.find(hash, is_same) {
            self.places[id].selection.watches.insert(watch);
            return id;
        }
        selection.watches.insert(watch);
        let conditions: Box<[u32]> =
            selection.criteria.iter().map(|criterion| self.conditions.hold(criterion)).collect();
        let mut place = Place { selection, conditions, waits_for: 0 };
        place.waits_for = self.most_selective(&place, |_| true).unwrap_or(0);
        let waits_for = place.conditions.get(place.waits_for).copied();
        let id = self.places.insert(place);
        match waits_for {
            Some(condition) => self.conditions.wait(condition, id),
            None => {
                self.unconditional.insert(id);
            }
        }
        let (key, places) = (&self.key, &self.places);
        self.by_query.insert_unique(hash, id, |id| self::hash(key, &places[*id].selection));
        id
    }

    /// Takes a watch out of its selection.
    pub(crate) fn remove(&mut self, id: u32, watch: WatchId) {
        let selection = &mut self.places[id].selection;
        selection.watches.remove(&watch);
        if !selection.watches.is_empty() {
            return;
        }
        let hash = hash(&self.key, selection);
        if let Ok(found) = self.by_query.find_entry(hash, |other| *other == id) {
            found.remove();
        }
        let Some(place) = self.places.remove(id) else { return };
        self.unconditional.remove(&id);
        if let Some(condition) = place.conditions.get(place.waits_for) {
            self.conditions.leave(*condition, id);
        }
        place.selection.criteria.iter().for_each(|criterion| self.conditions.release(criterion));
    }

    /// Returns the selections that a change can concern: of which the registration meets each condition, before or after.
    pub(crate) fn concerned(&mut self, before: Option<&Endpoint<'_>>, after: Option<&Endpoint<'_>>) -> Vec<u32> {
        self.conditions.take_apart(before, after);
        let mut concerned: Vec<u32> = self.unconditional.iter().copied().collect();
        let mut in_vain = Vec::new();
        for condition in self.conditions.met() {
            for id in self.conditions.waiting(*condition) {
                let conditions = self.places[*id].conditions.iter();
                let sides = conditions.fold(Sides::BOTH, |sides, other| sides.and(self.conditions.sides(*other)));
                let list = if sides == Sides::NEITHER { &mut in_vain } else { &mut concerned };
                list.push(*id);
            }
        }
        in_vain.into_iter().for_each(|id| self.wait_for_another(id));
        concerned.sort_unstable();
        concerned
    }

    /// Lets a selection wait for a condition that the present change does not meet, if there is one.
    fn wait_for_another(&mut self, id: u32) {
        let place = &self.places[id];
        let is_met = |condition| self.conditions.sides(condition) != Sides::NEITHER;
        let Some(next) = self.most_selective(place, |condition| !is_met(condition)) else { return };
        self.conditions.leave(place.conditions[place.waits_for], id);
        self.conditions.wait(place.conditions[next], id);
        self.places[id].waits_for = next;
    }

    /// Returns the number of the criterion that the fewest changes should meet, of those that `may` be chosen.
    ///
    /// What names one thing comes first; then, where nothing tells how rare a value is, one that few others wait for.
    fn most_selective(&self, place: &Place, may: impl Fn(u32) -> bool) -> Option<usize> {
        let numbers = (0..place.conditions.len()).filter(|number| may(place.conditions[*number]));
        numbers.min_by_key(|number| {
            let waiting = self.conditions.waiting(place.conditions[*number]).len();
            (rank(&place.selection.criteria[*number]), waiting)
        })
    }
}

impl core::ops::Index<u32> for Selections {
    type Output = Selection;

    fn index(&self, id: u32) -> &Selection {
        &self.places[id].selection
    }
}

/// Orders criteria by how few registrations should meet them, as far as their form tells.
fn rank(criterion: &Criterion) -> (u8, Reverse<usize>) {
    match (criterion.name(), criterion.test()) {
        ("ep" | "href" | "base" | "provenance" | "anchor", Test::Exact(_)) => (0, Reverse(0)),
        // Every endpoint has it.
        ("rt", Test::Exact(value)) if &**value == "core.rd-ep" => (4, Reverse(0)),
        (_, Test::Exact(_)) => (1, Reverse(0)),
        (_, Test::Prefix(prefix)) => (2, Reverse(prefix.len())),
        (_, Test::Exists) => (3, Reverse(0)),
    }
}

fn hash(key: &[u8; 16], selection: &Selection) -> u64 {
    let mut hasher = SipHasher13::new_with_key(key);
    (selection.scope, &selection.criteria).hash(&mut hasher);
    hasher.finish()
}

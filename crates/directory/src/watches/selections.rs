use alloc::{collections::BTreeSet, vec::Vec};
use core::cmp::Reverse;
use core::hash::{Hash, Hasher};

use hashbrown::HashTable;
use siphasher::sip::SipHasher13;
use waypost_filter::{Criterion, Query, Test};

use crate::{
    Scope, WatchId,
    slots::Slots,
    watches::conditions::Conditions,
    watches::contents::{Contents, Sides},
    watches::selection::{Listener, Selection},
};

/// The selections that are watched, found from a change by what it contains.
///
/// Each selection waits for one of its conditions and is looked at only when a change meets that one. If the change does
/// not meet the others as well, the selection was looked at in vain: from then on it waits for a condition that this change
/// did not meet. So the selections find by themselves what is rare among the changes, as clauses find the literals to watch
/// in a solver of satisfiability, and the same change never has them looked at in vain again.
#[derive(Debug, Clone)]
pub(crate) struct Selections {
    key: [u8; 16],
    pub(crate) conditions: Conditions,
    selections: Slots<Selection>,
    by_query: HashTable<u32>,
    /// Those without conditions: any change concerns them.
    unconditional: BTreeSet<u32>,
}

impl Selections {
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self {
            key,
            conditions: Conditions::new(key),
            selections: Slots::new(),
            by_query: HashTable::new(),
            unconditional: BTreeSet::new(),
        }
    }

    /// Adds a watch of a query; returns its selection.
    pub(crate) fn add(&mut self, scope: Scope, query: &Query, watch: WatchId, listener: Listener) -> u32 {
        let mut selection = Selection::new(scope, query);
        let hash = hash(&self.key, &selection);
        let is_same = |id: &u32| {
            let other = &self.selections[*id];
            other.scope == selection.scope && other.criteria == selection.criteria
        };
        if let Some(&id) = self.by_query.find(hash, is_same) {
            self.selections[id].watches.insert(watch, listener);
            return id;
        }
        selection.watches.insert(watch, listener);
        selection.conditions = selection.criteria.iter().map(|criterion| self.conditions.hold(criterion)).collect();
        let first = self.most_selective(&selection, |_| true);
        selection.waits_for = first.unwrap_or(0);
        let condition = first.map(|first| selection.conditions[first]);
        let id = self.selections.insert(selection);
        match condition {
            Some(condition) => self.conditions.wait(condition, id),
            None => {
                self.unconditional.insert(id);
            }
        }
        let (key, selections) = (&self.key, &self.selections);
        self.by_query.insert_unique(hash, id, |id| self::hash(key, &selections[*id]));
        id
    }

    /// Takes a watch out of its selection.
    pub(crate) fn remove(&mut self, id: u32, watch: WatchId) {
        let selection = &mut self.selections[id];
        selection.watches.remove(&watch);
        if !selection.watches.is_empty() {
            return;
        }
        let hash = hash(&self.key, selection);
        if let Ok(found) = self.by_query.find_entry(hash, |other| *other == id) {
            found.remove();
        }
        let Some(selection) = self.selections.remove(id) else { return };
        match selection.conditions.get(selection.waits_for) {
            Some(condition) => self.conditions.leave(*condition, id),
            None => {
                self.unconditional.remove(&id);
            }
        }
        selection.criteria.iter().for_each(|criterion| self.conditions.release(criterion));
    }

    /// Returns the selections that a change can concern: of which the registration meets each condition, before or after.
    pub(crate) fn concerned(&mut self, contents: &Contents) -> Vec<u32> {
        let mut concerned: Vec<u32> = self.unconditional.iter().copied().collect();
        let mut in_vain = Vec::new();
        for id in contents.found().iter().flat_map(|condition| self.conditions.waiting(*condition)) {
            let is_in_vain = self.selections[*id].sides(contents) == Sides::NEITHER;
            let list = if is_in_vain { &mut in_vain } else { &mut concerned };
            list.push(*id);
        }
        in_vain.into_iter().for_each(|id| self.wait_for_another(id, contents));
        concerned.sort_unstable();
        concerned
    }

    /// Lets a selection wait for a condition that a change does not meet, if there is one.
    fn wait_for_another(&mut self, id: u32, contents: &Contents) {
        let selection = &self.selections[id];
        let may = |condition| contents.sides(condition) == Sides::NEITHER;
        let Some(next) = self.most_selective(selection, may) else { return };
        self.conditions.leave(selection.conditions[selection.waits_for], id);
        self.conditions.wait(selection.conditions[next], id);
        self.selections[id].waits_for = next;
    }

    /// Returns the number of the criterion that the fewest changes should meet, of those that `may` be chosen.
    ///
    /// What names one thing comes first; then, where nothing tells how rare a value is, one that few others wait for.
    fn most_selective(&self, selection: &Selection, may: impl Fn(u32) -> bool) -> Option<usize> {
        let Selection { criteria, conditions, .. } = selection;
        let numbers = (0..conditions.len()).filter(|number| may(conditions[*number]));
        numbers.min_by_key(|number| (rank(&criteria[*number]), self.conditions.waiting(conditions[*number]).len()))
    }
}

impl core::ops::Index<u32> for Selections {
    type Output = Selection;

    fn index(&self, id: u32) -> &Selection {
        &self.selections[id]
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

#[cfg(test)]
mod tests {
    use alloc::format;

    use waypost_model::{Registration, ReplicaId};
    use waypost_time::Instant;

    use super::*;
    use crate::{Config, Directory, Watcher};

    /// Returns the selections that are looked at when a registration comes, and those that this can concern.
    fn look(selections: &mut Selections, registration: &str, links: &str) -> (usize, Vec<u32>) {
        let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
        let registration = Registration::parse(registration, links).unwrap();
        let location = directory.register(Instant::ZERO, registration).unwrap().location;
        let endpoint = directory.registration(Instant::ZERO, &location).unwrap();
        let mut contents = Contents::default();
        contents.take_apart(&selections.conditions, None, Some(&endpoint));
        let looked_at = contents.found().iter().map(|condition| selections.conditions.waiting(*condition).len());
        (looked_at.sum(), selections.concerned(&contents))
    }

    #[test]
    fn a_selection_is_looked_at_in_vain_once_at_most_by_changes_that_are_alike() {
        let mut selections = Selections::new([7; 16]);
        let listener = Listener { watcher: Watcher::default(), wants_links: false };
        let mut add = |number: u32| {
            let query = format!("rt=common&if=common&title=unit-{number}-*").parse().unwrap();
            selections.add(Scope::Resources, &query, WatchId(number.into()), listener)
        };
        let ids: Vec<u32> = (0..1000).map(&mut add).collect();
        let (registration, links) = ("ep=a&base=coap://h", "</a>;rt=common;if=common");
        let (looked_at, concerned) = look(&mut selections, registration, links);
        assert!(looked_at > 0, "nothing told that these are common");
        assert!(concerned.is_empty());
        assert_eq!(look(&mut selections, registration, links), (0, Vec::new()));
        let links = "</a>;rt=common;if=common;title=unit-7-x";
        assert_eq!(look(&mut selections, registration, links), (1, Vec::from([ids[7]])));
        // What does not change much does not matter either.
        assert_eq!(look(&mut selections, "ep=b&base=coap://h", "</a>;title=unit-7-x;if=y"), (1, Vec::new()));
        assert_eq!(look(&mut selections, "ep=b&base=coap://h", "</a>;title=unit-7-x;if=y"), (0, Vec::new()));
        assert_eq!(look(&mut selections, registration, links), (1, Vec::from([ids[7]])));
    }

    #[test]
    fn what_names_one_thing_is_waited_for_first_and_then_what_few_wait_for() {
        let mut selections = Selections::new([7; 16]);
        let listener = Listener { watcher: Watcher::default(), wants_links: false };
        for number in 0..100 {
            let query = format!("rt=common&ep=node{number}").parse().unwrap();
            selections.add(Scope::Resources, &query, WatchId(number), listener);
            let query = format!("ct=40&rt=kind-{number}").parse().unwrap();
            selections.add(Scope::Endpoints, &query, WatchId(1000 + number), listener);
        }
        let (looked_at, _) = look(&mut selections, "ep=node&base=coap://h", "</a>;rt=common;ct=40");
        assert!(looked_at <= 1);
        let (looked_at, concerned) = look(&mut selections, "ep=node7&base=coap://h", "</a>;rt=\"common kind-8\";ct=40");
        assert_eq!((looked_at, concerned.len()), (2, 2));
    }

    #[test]
    fn nothing_is_left_of_selections_that_nobody_watches() {
        let mut selections = Selections::new([7; 16]);
        let listener = Listener { watcher: Watcher::default(), wants_links: false };
        let queries = ["", "rt=a*&rt=a*&if=*", "rt=a*&ep=x", "if=*&rt=a*", "ep=x"];
        let mut add = |(number, query): (u64, &str)| {
            (selections.add(Scope::Endpoints, &query.parse().unwrap(), WatchId(number), listener), WatchId(number))
        };
        let added: Vec<_> = (0..).zip(queries).map(&mut add).collect();
        assert_eq!(added[1].0, added[3].0, "the order of criteria means nothing");
        look(&mut selections, "ep=y&base=coap://h", "</a>;rt=ab");
        added.into_iter().for_each(|(id, watch)| selections.remove(id, watch));
        assert_eq!((selections.selections.len(), selections.by_query.len()), (0, 0));
        assert!(selections.unconditional.is_empty() && selections.conditions.is_empty());
    }
}

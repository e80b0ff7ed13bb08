use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
};
use core::hash::Hasher;

use hashbrown::HashTable;
use siphasher::sip::SipHasher13;
use waypost_filter::{Criterion, Test};

use crate::{index::reading::each_word, slots::Slots};

/// What the watched queries ask for, each distinct condition once, found by the values that meet it.
///
/// What that costs depends on the value, and not on how many conditions there are.
#[derive(Debug, Clone)]
pub(crate) struct Conditions {
    key: [u8; 16],
    names: BTreeMap<Box<str>, Name>,
    conditions: Slots<Condition>,
    by_value: HashTable<u32>,
    next_name: u32,
}

/// The conditions on one attribute.
#[derive(Debug, Clone, Default)]
struct Name {
    id: u32,
    exists: Option<u32>,
    exact: usize,
    /// How many prefixes there are of each length.
    lengths: BTreeMap<usize, usize>,
}

/// The name of an attribute and a test on its value, whatever the level.
#[derive(Debug, Clone)]
struct Condition {
    name: u32,
    test: Test,
    /// How many selections have it.
    users: usize,
    /// Those that are looked at when it is met.
    waiting: BTreeSet<u32>,
}

impl Conditions {
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self { key, names: BTreeMap::new(), conditions: Slots::new(), by_value: HashTable::new(), next_name: 0 }
    }

    /// Finds or adds a condition and counts one user more.
    pub(crate) fn hold(&mut self, criterion: &Criterion) -> u32 {
        if let Some(id) = self.find(criterion) {
            self.conditions[id].users += 1;
            return id;
        }
        let test = criterion.test();
        if !self.names.contains_key(criterion.name()) {
            self.names.insert(criterion.name().into(), Name { id: self.next_name, ..Name::default() });
            self.next_name += 1;
        }
        let Some(name) = self.names.get_mut(criterion.name()) else { unreachable!("the name was just inserted") };
        let condition = Condition { name: name.id, test: test.clone(), users: 1, waiting: BTreeSet::new() };
        let id = self.conditions.insert(condition);
        match test {
            Test::Exists => name.exists = Some(id),
            Test::Exact(_) => name.exact += 1,
            Test::Prefix(prefix) => *name.lengths.entry(prefix.len()).or_default() += 1,
        }
        if let Some((kind, value)) = value_of(test) {
            let (key, conditions) = (&self.key, &self.conditions);
            let hash_of = |id: &u32| {
                let Condition { name, test, .. } = &conditions[*id];
                value_of(test).map_or(0, |(kind, value)| hash(key, *name, kind, value))
            };
            self.by_value.insert_unique(hash(key, name.id, kind, value), id, hash_of);
        }
        id
    }

    /// Counts one user less of the condition of a criterion and drops it after the last.
    pub(crate) fn release(&mut self, criterion: &Criterion) {
        let Some(id) = self.find(criterion) else { return };
        self.conditions[id].users -= 1;
        if self.conditions[id].users > 0 {
            return;
        }
        self.conditions.remove(id);
        let Some(name) = self.names.get_mut(criterion.name()) else { return };
        match criterion.test() {
            Test::Exists => name.exists = None,
            Test::Exact(_) => name.exact -= 1,
            Test::Prefix(prefix) => {
                if let Some(count) = name.lengths.get_mut(&prefix.len()) {
                    *count -= 1;
                    if *count == 0 {
                        name.lengths.remove(&prefix.len());
                    }
                }
            }
        }
        if let Some((kind, value)) = value_of(criterion.test())
            && let Ok(found) = self.by_value.find_entry(hash(&self.key, name.id, kind, value), |other| *other == id)
        {
            found.remove();
        }
        if name.is_unused() {
            self.names.remove(criterion.name());
        }
    }

    /// Lets a selection wait for a condition.
    pub(crate) fn wait(&mut self, condition: u32, selection: u32) {
        self.conditions[condition].waiting.insert(selection);
    }

    /// Lets a selection wait for a condition no longer.
    pub(crate) fn leave(&mut self, condition: u32, selection: u32) {
        self.conditions[condition].waiting.remove(&selection);
    }

    /// Returns the selections that wait for a condition.
    pub(crate) fn waiting(&self, condition: u32) -> &BTreeSet<u32> {
        &self.conditions[condition].waiting
    }

    #[cfg(test)]
    pub(crate) fn is_empty(&self) -> bool {
        self.names.is_empty() && self.conditions.len() == 0 && self.by_value.is_empty()
    }

    /// Tells whether there is any condition on an attribute.
    pub(crate) fn has_name(&self, name: &str) -> bool {
        self.names.contains_key(name)
    }

    /// Returns the number after the highest one that a condition has or had.
    pub(crate) fn end(&self) -> u32 {
        self.conditions.end()
    }

    /// Hands over the conditions that a value of an attribute meets.
    pub(crate) fn each_met(&self, name: &str, value: &str, mut visit: impl FnMut(u32)) {
        let Some(known) = self.names.get(name) else { return };
        known.exists.into_iter().for_each(&mut visit);
        if known.exact > 0 || !known.lengths.is_empty() {
            each_word(name, value, |word| self.each_met_by(known, word, 0, |_, condition| visit(condition)));
        }
    }

    /// Hands over the conditions that a URI meets and that look at `least` bytes of it or more, each with how many it looks at.
    pub(crate) fn each_met_by_uri(&self, name: &str, uri: &str, least: usize, mut visit: impl FnMut(usize, u32)) {
        let Some(known) = self.names.get(name) else { return };
        if let Some(exists) = known.exists.filter(|_| least == 0) {
            visit(0, exists);
        }
        self.each_met_by(known, uri, least, visit);
    }

    fn each_met_by(&self, name: &Name, value: &str, least: usize, mut visit: impl FnMut(usize, u32)) {
        if name.exact > 0 {
            let hash = hash(&self.key, name.id, Kind::Exact, value);
            let found = self.find_value(hash, name.id, Kind::Exact, value);
            found.into_iter().for_each(|condition| visit(usize::MAX, condition));
        }
        let (mut hasher, mut hashed) = (hasher(&self.key, name.id, Kind::Prefix), 0);
        for (&length, _) in name.lengths.range(least..).take_while(|(length, _)| **length <= value.len()) {
            let Some(prefix) = value.get(..length) else { continue };
            hasher.write(&prefix.as_bytes()[hashed..]);
            hashed = length;
            let found = self.find_value(hasher.finish(), name.id, Kind::Prefix, prefix);
            found.into_iter().for_each(|condition| visit(length, condition));
        }
    }

    fn find(&self, criterion: &Criterion) -> Option<u32> {
        let name = self.names.get(criterion.name())?;
        match value_of(criterion.test()) {
            None => name.exists,
            Some((kind, value)) => self.find_value(hash(&self.key, name.id, kind, value), name.id, kind, value),
        }
    }

    fn find_value(&self, hash: u64, name: u32, kind: Kind, value: &str) -> Option<u32> {
        let is_same = |id: &u32| {
            let condition = &self.conditions[*id];
            condition.name == name && value_of(&condition.test) == Some((kind, value))
        };
        self.by_value.find(hash, is_same).copied()
    }
}

impl Name {
    fn is_unused(&self) -> bool {
        self.exists.is_none() && self.exact == 0 && self.lengths.is_empty()
    }
}

/// How a value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Exact,
    Prefix,
}

fn value_of(test: &Test) -> Option<(Kind, &str)> {
    match test {
        Test::Exists => None,
        Test::Exact(value) => Some((Kind::Exact, value)),
        Test::Prefix(prefix) => Some((Kind::Prefix, prefix)),
    }
}

fn hash(key: &[u8; 16], name: u32, kind: Kind, value: &str) -> u64 {
    let mut hasher = hasher(key, name, kind);
    hasher.write(value.as_bytes());
    hasher.finish()
}

/// Returns what hashes the values of a name, in as many parts as one likes. It is keyed so that nobody can make values that
/// collide.
fn hasher(key: &[u8; 16], name: u32, kind: Kind) -> SipHasher13 {
    let mut hasher = SipHasher13::new_with_key(key);
    hasher.write_u64(u64::from(name) << 1 | u64::from(kind == Kind::Prefix));
    hasher
}

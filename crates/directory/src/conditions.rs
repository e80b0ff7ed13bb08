use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::hash::Hasher;

use hashbrown::HashTable;
use siphasher::sip::SipHasher13;
use waypost_filter::{Criterion, Record, Test};
use waypost_link_format::{Parameter, resolve};

use crate::{
    Endpoint,
    documents::Document,
    index::{each_word, lower_case},
    slots::Slots,
};

/// What the watched queries ask for, each distinct condition once.
///
/// A change is [taken apart](Self::take_apart) into the values of the registration before and after it, and each value is
/// looked up here. So what a change costs depends on how much it contains, and not on how many conditions there are.
#[derive(Debug, Clone)]
pub(crate) struct Conditions {
    key: [u8; 16],
    names: BTreeMap<Box<str>, Name>,
    conditions: Slots<Condition>,
    by_value: HashTable<u32>,
    next_name: u32,
    /// Counts the changes that were taken apart.
    round: u64,
    /// The conditions that the last of them met, in the order in which they were found.
    met: Vec<u32>,
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
    met: Sides,
    /// When it was met.
    round: u64,
}

/// Before a change, after it, both or neither.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sides(u8);

impl Sides {
    pub(crate) const NEITHER: Self = Self(0);
    const BEFORE: Self = Self(1);
    const AFTER: Self = Self(2);
    pub(crate) const BOTH: Self = Self(3);

    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl Conditions {
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self {
            key,
            names: BTreeMap::new(),
            conditions: Slots::new(),
            by_value: HashTable::new(),
            next_name: 0,
            round: 0,
            met: Vec::new(),
        }
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
        let (round, waiting) = (0, BTreeSet::new());
        let condition = Condition { name: name.id, test: test.clone(), users: 1, waiting, met: Sides::NEITHER, round };
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

    /// Returns the conditions that the change which was taken apart last meets, before or after it.
    pub(crate) fn met(&self) -> &[u32] {
        &self.met
    }

    /// Returns on which sides of that change a condition is met: by the endpoint, or by any of its links.
    pub(crate) fn sides(&self, condition: u32) -> Sides {
        let condition = &self.conditions[condition];
        if condition.round == self.round { condition.met } else { Sides::NEITHER }
    }

    /// Finds the conditions that a registration meets, before a change and after it.
    pub(crate) fn take_apart(&mut self, before: Option<&Endpoint<'_>>, after: Option<&Endpoint<'_>>) {
        self.round += 1;
        self.met.clear();
        let mut documents: Vec<(&Document, Vec<(&str, Sides)>)> = Vec::with_capacity(2);
        for (endpoint, side) in [(before, Sides::BEFORE), (after, Sides::AFTER)] {
            let Some(endpoint) = endpoint else { continue };
            self.take_apart_endpoint(endpoint, side);
            let (document, base) = (endpoint.stored_document(), endpoint.base());
            // Most changes leave the links as they were, and many the base.
            match documents.last_mut().filter(|(other, _)| core::ptr::eq(*other, document)) {
                None => documents.push((document, Vec::from([(base, side)]))),
                Some((_, bases)) => match bases.last_mut().filter(|(other, _)| *other == base) {
                    None => bases.push((base, side)),
                    Some((_, sides)) => *sides = sides.or(side),
                },
            }
        }
        for (document, bases) in documents {
            self.take_apart_links(document, &bases);
        }
    }

    fn take_apart_endpoint(&mut self, endpoint: &Endpoint<'_>, side: Sides) {
        let own = ["ep", "d", "base", "rt", "href", "provenance"].into_iter().map(Into::into);
        for name in own.chain(endpoint.attributes().map(|(name, _)| lower_case(name))) {
            if !self.names.contains_key(&*name) {
                continue;
            }
            let mut meet = |value: Option<&str>| {
                self.meet(&name, value.unwrap_or_default(), side);
                false
            };
            match &*name {
                // That of its links, which is its location.
                "provenance" => endpoint.any_location(&mut meet),
                _ => endpoint.any_value(&name, &mut meet),
            };
        }
    }

    /// Finds the conditions that the links of a document meet, seen from each base.
    fn take_apart_links(&mut self, document: &Document, bases: &[(&str, Sides)]) {
        let all = bases.iter().fold(Sides::NEITHER, |all, (_, sides)| all.or(*sides));
        let (has_targets, has_anchors) = (self.names.contains_key("href"), self.names.contains_key("anchor"));
        // The links of a document are much alike, so most parameters are written as in the link before.
        let mut previous: Vec<Parameter<'_>> = Vec::new();
        for link in (0..document.len()).filter_map(|position| document.link(position)) {
            if has_targets {
                self.meet_reference("href", link.target(), bases);
            }
            for (place, parameter) in link.parameters().enumerate() {
                match previous.get_mut(place) {
                    Some(previous) if *previous == parameter => continue,
                    Some(previous) => *previous = parameter,
                    None => previous.push(parameter),
                }
                let name = lower_case(parameter.name());
                let value = || parameter.value().unwrap_or_default();
                match &*name {
                    "anchor" if has_anchors => self.meet_reference("anchor", &value(), bases),
                    // The provenance of every link is the location of its registration.
                    "anchor" | "provenance" => {}
                    _ => self.meet(&name, &value(), all),
                }
            }
        }
    }

    fn meet_reference(&mut self, name: &str, reference: &str, bases: &[(&str, Sides)]) {
        for (base, sides) in bases {
            match resolve(base, reference) {
                Ok(uri) => self.meet(name, &uri, *sides),
                Err(_) => self.meet(name, reference, *sides),
            }
        }
    }

    /// Notes the conditions that a value meets.
    fn meet(&mut self, name: &str, value: &str, sides: Sides) {
        let Some(known) = self.names.get(name) else { return };
        let round = self.round;
        let (key, by_value, conditions, met) = (&self.key, &self.by_value, &mut self.conditions, &mut self.met);
        let mut note = |conditions: &mut Slots<Condition>, id: Option<u32>| {
            let Some(id) = id else { return };
            let condition = &mut conditions[id];
            if condition.round == round {
                condition.met = condition.met.or(sides);
            } else {
                (condition.round, condition.met) = (round, sides);
                met.push(id);
            }
        };
        note(conditions, known.exists);
        if known.exact == 0 && known.lengths.is_empty() {
            return;
        }
        each_word(name, value, |word| {
            if known.exact > 0 {
                let hash = hash(key, known.id, Kind::Exact, word);
                let found = find_value(by_value, conditions, hash, known.id, Kind::Exact, word);
                note(conditions, found);
            }
            let (mut hasher, mut hashed) = (hasher(key, known.id, Kind::Prefix), 0);
            for length in known.lengths.keys().take_while(|length| **length <= word.len()) {
                let Some(prefix) = word.get(..*length) else { continue };
                hasher.write(&prefix.as_bytes()[hashed..]);
                hashed = *length;
                let found = find_value(by_value, conditions, hasher.finish(), known.id, Kind::Prefix, prefix);
                note(conditions, found);
            }
        });
    }

    fn find(&self, criterion: &Criterion) -> Option<u32> {
        let name = self.names.get(criterion.name())?;
        match value_of(criterion.test()) {
            None => name.exists,
            Some((kind, value)) => {
                let hash = hash(&self.key, name.id, kind, value);
                find_value(&self.by_value, &self.conditions, hash, name.id, kind, value)
            }
        }
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

fn find_value(
    by_value: &HashTable<u32>,
    conditions: &Slots<Condition>,
    hash: u64,
    name: u32,
    kind: Kind,
    value: &str,
) -> Option<u32> {
    let is_same = |id: &u32| {
        let condition = &conditions[*id];
        condition.name == name && value_of(&condition.test) == Some((kind, value))
    };
    by_value.find(hash, is_same).copied()
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

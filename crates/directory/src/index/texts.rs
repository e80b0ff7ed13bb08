use core::hash::Hasher;

use siphasher::sip::SipHasher13;

use crate::{index::dictionary::Dictionary, index::hashed_ids::HashedIds, index::ids::Ids};

/// A text of each registration, such as its name: found in order, and a whole one at once.
///
/// Most are those of one registration alone, and a look-up mostly asks for one of these. So they are found by their hash as
/// well, where a descent in the order of the texts would wait for memory several times. Nothing but the slots and hashes is kept
/// for that: what a registration has as its text, the owner of all this tells.
#[derive(Debug, Clone)]
pub(crate) struct Texts {
    sorted: Dictionary,
    /// The slots that have their text alone.
    alone: HashedIds,
    key: [u8; 16],
}

impl Texts {
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self { sorted: Dictionary::default(), alone: HashedIds::default(), key }
    }

    /// Notes the text of a slot; `text_of` tells those that are noted.
    pub(crate) fn insert<'t>(&mut self, text: &str, slot: u32, text_of: impl Fn(u32) -> &'t str) {
        let hash = self.hash(text);
        let is_new = self.sorted.insert(text, &[slot]);
        if is_new {
            self.alone.insert(hash, slot);
        } else if let Some(other) = self.alone.find(hash, |other| text_of(other) == text)
            && other != slot
        {
            self.alone.remove(hash, other);
        }
    }

    /// Forgets the text of a slot.
    pub(crate) fn remove(&mut self, text: &str, slot: u32) {
        let hash = self.hash(text);
        let left = self.sorted.remove(text, &[slot]);
        if let Some(other) = left {
            self.alone.insert(hash, other);
        } else {
            self.alone.remove(hash, slot);
        }
    }

    /// Returns the slots that have a text.
    pub(crate) fn find<'t>(&self, text: &str, text_of: impl Fn(u32) -> &'t str) -> Option<Ids<'_>> {
        let alone = self.alone.find(self.hash(text), |slot| text_of(slot) == text);
        alone.map(Ids::One).or_else(|| self.sorted.find(text))
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.sorted.is_empty()
    }

    /// Returns the texts in order.
    pub(crate) fn sorted(&self) -> &Dictionary {
        &self.sorted
    }

    fn hash(&self, text: &str) -> u32 {
        hash(&self.key, text)
    }
}

/// The hash is keyed so that nobody can make texts that collide.
pub(crate) fn hash(key: &[u8; 16], text: &str) -> u32 {
    let mut hasher = SipHasher13::new_with_key(key);
    hasher.write(text.as_bytes());
    hasher.finish() as u32
}

#[cfg(test)]
mod tests {
    use alloc::{
        collections::{BTreeMap, BTreeSet},
        format,
        string::String,
    };
    use proptest::prelude::*;

    use super::*;

    fn ids(found: Option<Ids<'_>>) -> BTreeSet<u32> {
        match found {
            None => BTreeSet::new(),
            Some(Ids::One(id)) => BTreeSet::from([id]),
            Some(Ids::Set(set)) => set.iter_from(0).collect(),
        }
    }

    proptest! {
        #[test]
        fn a_text_is_found_with_all_that_have_it_and_by_its_hash_where_one_has_it(
            operations in prop::collection::vec((0_u32..900, prop::option::weighted(0.8, 0_u32..600)), 0..1500),
        ) {
            let mut texts = Texts::new([7; 16]);
            // As in the registry, the text of a slot is the new one before it is noted.
            let mut of_slots = BTreeMap::<u32, String>::new();
            for (slot, number) in operations {
                let new = number.map(|number| format!("node{number}"));
                let old = of_slots.remove(&slot);
                of_slots.extend(new.clone().map(|new| (slot, new)));
                let text_of = |slot: u32| of_slots[&slot].as_str();
                if let Some(old) = old {
                    texts.remove(&old, slot);
                }
                if let Some(new) = new {
                    texts.insert(&new, slot, text_of);
                }
            }
            let text_of = |slot: u32| of_slots[&slot].as_str();
            let mut model = BTreeMap::<&str, BTreeSet<u32>>::new();
            for (slot, text) in &of_slots {
                model.entry(text).or_default().insert(*slot);
            }
            for text in (0..600).map(|number| format!("node{number}")) {
                let all = model.remove(text.as_str()).unwrap_or_default();
                let alone = texts.alone.find(texts.hash(&text), |slot| text_of(slot) == text);
                prop_assert_eq!(alone, all.first().copied().filter(|_| all.len() == 1));
                prop_assert_eq!(ids(texts.find(&text, text_of)), all);
            }
        }
    }
}

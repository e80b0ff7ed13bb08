use alloc::boxed::Box;

use waypost_model::{Authority, Dot, Key, Origin, Record, State};
use waypost_time::Instant;

use crate::{entry::Entry, entry::token::Token, index::hashed_ids::HashedIds, slots::Slots};

/// All registrations and what is left of removed ones, by slot and by key.
///
/// What is left of a removed registration keeps its slot, so that the same endpoint comes back to the same place in the
/// order of results, and so that a late copy of it meets the removal.
#[derive(Debug, Clone)]
pub(crate) struct Registry {
    places: Slots<Place>,
    by_token: HashedIds,
    entries: usize,
}

#[derive(Debug, Clone)]
pub(crate) enum Place {
    Entry(Entry),
    Grave(Box<Grave>),
}

/// What is left of a removed registration until no stale copy of it can be anywhere.
#[derive(Debug, Clone)]
pub(crate) struct Grave {
    pub(crate) token: Token,
    /// Holds removals alone.
    pub(crate) state: State,
    /// When it may be forgotten.
    pub(crate) until: Instant,
}

impl Place {
    fn token(&self) -> Token {
        match self {
            Self::Entry(entry) => entry.token(),
            Self::Grave(grave) => grave.token,
        }
    }

    pub(crate) fn entry(&self) -> Option<&Entry> {
        match self {
            Self::Entry(entry) => Some(entry),
            Self::Grave(_) => None,
        }
    }

    /// Returns the authority that it was registered at, if that is another one.
    pub(crate) fn authority(&self) -> Option<&Authority> {
        match self {
            Self::Entry(entry) => entry.authority(),
            Self::Grave(grave) => match &grave.state.key()?.origin {
                Origin::Local => None,
                Origin::Foreign(authority) => Some(authority),
            },
        }
    }

    /// Hands over the writes that it consists of.
    pub(crate) fn each_dot(&self, mut visit: impl FnMut(Dot)) {
        let state = match self {
            Self::Entry(entry) => entry.state(),
            Self::Grave(grave) => Some(&grave.state),
        };
        match (state, self.entry()) {
            (Some(state), _) => {
                state.records().map(Record::dot).for_each(&mut visit);
                state.removals().for_each(|removal| visit(removal.stamp.dot));
            }
            (None, Some(entry)) => visit(entry.stamp().dot),
            (None, None) => {}
        }
    }

    /// Returns the date that a queue has it under.
    pub(crate) fn filed(&self) -> Instant {
        match self {
            Self::Entry(entry) => entry.filed,
            Self::Grave(grave) => grave.until,
        }
    }

    pub(crate) fn set_filed(&mut self, filed: Instant) {
        match self {
            Self::Entry(entry) => entry.filed = filed,
            Self::Grave(grave) => debug_assert_eq!(grave.until, filed, "the queue of removals is exact"),
        }
    }

    pub(crate) fn has_key(&self, key: &Key) -> bool {
        match self {
            Self::Entry(entry) => entry.has_key(key),
            Self::Grave(grave) => grave.state.key() == Some(key),
        }
    }
}

impl Registry {
    pub(crate) const fn new() -> Self {
        Self { places: Slots::new(), by_token: HashedIds::new(), entries: 0 }
    }

    /// Returns how many registrations there are, kept ones included.
    pub(crate) fn entries(&self) -> usize {
        self.entries
    }

    /// Returns how many removed registrations are remembered.
    pub(crate) fn graves(&self) -> usize {
        self.places.len() - self.entries
    }

    /// Returns the number after the highest slot that was ever taken.
    pub(crate) fn end(&self) -> u32 {
        self.places.end()
    }

    pub(crate) fn find(&self, token: Token) -> Option<u32> {
        self.by_token.find(token.hash(), |slot| self.places[slot].token() == token)
    }

    pub(crate) fn place(&self, slot: u32) -> Option<&Place> {
        self.places.get(slot)
    }

    pub(crate) fn place_mut(&mut self, slot: u32) -> Option<&mut Place> {
        self.places.get_mut(slot)
    }

    pub(crate) fn entry(&self, slot: u32) -> Option<&Entry> {
        self.places.get(slot)?.entry()
    }

    pub(crate) fn entry_mut(&mut self, slot: u32) -> Option<&mut Entry> {
        match self.places.get_mut(slot)? {
            Place::Entry(entry) => Some(entry),
            Place::Grave(_) => None,
        }
    }

    /// Puts what belongs to a token in its slot, or in a new one; returns the slot and what was there.
    pub(crate) fn put(&mut self, place: Place) -> (u32, Option<Place>) {
        self.entries += usize::from(place.entry().is_some());
        let token = place.token();
        if let Some(slot) = self.find(token) {
            let old = core::mem::replace(&mut self.places[slot], place);
            self.entries -= usize::from(old.entry().is_some());
            return (slot, Some(old));
        }
        let slot = self.places.insert(place);
        self.by_token.insert(token.hash(), slot);
        (slot, None)
    }

    /// Forgets what is in a slot, and frees it.
    pub(crate) fn take(&mut self, slot: u32) -> Option<Place> {
        let place = self.places.remove(slot)?;
        self.entries -= usize::from(place.entry().is_some());
        self.by_token.remove(place.token().hash(), slot);
        Some(place)
    }
}

impl core::ops::Index<u32> for Registry {
    type Output = Entry;

    /// Returns the registration in a slot that the caller knows to hold one.
    fn index(&self, slot: u32) -> &Entry {
        match self.entry(slot) {
            Some(entry) => entry,
            None => unreachable!("slot {slot} holds no registration"),
        }
    }
}

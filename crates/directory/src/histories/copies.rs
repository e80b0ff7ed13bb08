use alloc::vec::Vec;

use waypost_model::{Dot, Key, Location, Record, Version};
use waypost_time::Instant;

use crate::{Directory, directory::authority_of, entry::signs::Signs, entry::token::Token, registry::Place};

/// Single registrations, as replicas exchange them.
impl Directory {
    /// Returns the registration of a key with the stamp of each field: what [`apply`](Self::apply) takes. Also one that has
    /// expired and is kept.
    #[must_use]
    pub fn record(&self, key: &Key) -> Option<Record> {
        let slot = self.slot_of(Token::of(&self.context.config.secret, key), key).ok()??;
        Some(self.state(Some(slot)).record()?.into_owned())
    }

    /// Forgets of a registration what writes in a version made; tells whether there was any of that.
    ///
    /// This is for a copy that was removed where it came from, so long ago that the removal is not remembered there, or that is
    /// no longer wanted. It leaves no removal behind, and counts among the [`losses`](Self::losses). What this replica wrote itself is
    /// not forgotten so. Of several writes that did not see each other, those that are not in the version stay, and removals do: the
    /// registration is what they say.
    pub fn forget_copy(&mut self, now: Instant, key: &Key, version: &Version) -> bool {
        let token = Token::of(&self.context.config.secret, key);
        let Ok(Some(slot)) = self.slot_of(token, key) else { return false };
        let Some(Place::Entry(entry)) = self.registry.place(slot) else { return false };
        let (signs, copies_until) = (Signs::of_entry(entry), entry.copies_until());
        let mut state = self.state(Some(slot));
        let is_copy = |dot: &Dot| version.contains(*dot) && !self.is_own(&key.origin, dot.replica);
        let gone: Vec<Dot> = state.records().map(Record::dot).filter(is_copy).collect();
        gone.iter().for_each(|dot| {
            state.forget(*dot);
        });
        // Nothing may be left of the authority then: the count goes on all the same.
        let losses = self.losses(&key.origin);
        match (gone.is_empty(), state.is_empty()) {
            (true, _) => return false,
            // Removals stay: what they saw may still come.
            (false, false) => self.settle(now, token, state, &signs, copies_until),
            (false, true) => self.forget(now, slot),
        }
        self.histories.of_mut(authority_of(&key.origin)).losses = losses + 1;
        true
    }

    /// Forgets a registration that has expired, if this replica wrote all that is known of it; tells whether it did.
    ///
    /// It leaves no removal behind: others may have heard from the endpoint since. What others wrote is kept, so that renewals
    /// that are heard of later find it.
    pub fn forget_expired(&mut self, now: Instant, location: &Location) -> bool {
        let Some(slot) = self.find(location.as_str()) else { return false };
        // A removal that did not see it is remembered instead.
        self.hide_expired(now, slot);
        let is_expired = self.registry.entry(slot).is_some_and(|entry| entry.is_expired(now));
        let replica = self.context.config.replica;
        let is_own = is_expired && self.state(Some(slot)).records().all(|record| record.dot().replica == replica);
        if is_own {
            self.forget(now, slot);
        }
        is_own
    }
}

use waypost_model::{Key, Location, Record, State, Version};
use waypost_time::Instant;

use crate::{Directory, directory::authority_of, entry::token::Token, registry::Place};

/// Single registrations, as replicas exchange them.
impl Directory {
    /// Returns the registration of a key with the stamp of each field: what [`apply`](Self::apply) takes. Also one that has
    /// expired and is kept.
    #[must_use]
    pub fn record(&self, key: &Key) -> Option<Record> {
        let slot = self.slot_of(Token::of(&self.context.config.secret, key), key).ok()??;
        Some(self.state(Some(slot)).record()?.into_owned())
    }

    /// Forgets a registration, if every write that made it is in a version; tells whether that was so.
    ///
    /// This is for a copy that was removed where it came from, so long ago that the removal is not remembered there, or that is
    /// no longer wanted. It leaves no removal behind, and counts among the [`losses`](Self::losses). A registration that this
    /// replica wrote itself is not forgotten so.
    pub fn forget_copy(&mut self, now: Instant, key: &Key, version: &Version) -> bool {
        let token = Token::of(&self.context.config.secret, key);
        let Ok(Some(slot)) = self.slot_of(token, key) else { return false };
        let is_entry = matches!(self.registry.place(slot), Some(Place::Entry(_)));
        let state: State = self.state(Some(slot));
        let mut dots = state.records().map(Record::dot);
        let is_copy = is_entry && dots.all(|dot| version.contains(dot) && !self.is_own(&key.origin, dot.replica));
        if is_copy {
            self.forget(now, slot);
            self.histories.of_mut(authority_of(&key.origin)).losses += 1;
        }
        is_copy
    }

    /// Forgets a registration that has expired, if this replica wrote all that is known of it; tells whether it did.
    ///
    /// It leaves no removal behind: others may have heard from the endpoint since. What others wrote is kept, so that renewals
    /// that are heard of later find it.
    pub fn forget_expired(&mut self, now: Instant, location: &Location) -> bool {
        let Some(slot) = self.find(location.as_str()) else { return false };
        let is_expired = self.registry.entry(slot).is_some_and(|entry| entry.is_expired(now));
        let replica = self.context.config.replica;
        let is_own = is_expired && self.state(Some(slot)).records().all(|record| record.dot().replica == replica);
        if is_own {
            self.forget(now, slot);
        }
        is_own
    }
}

use waypost_model::{State, Version};
use waypost_time::Instant;

use crate::{
    Directory,
    entry::{Entry, dots_of},
    registry::{Grave, Place},
    token::Token,
};

/// The one way in: whatever changed a registration, here it is made so, and everything that follows from it.
impl Directory {
    /// Gives the registration of `token` a new state. `seen` is when it was last renewed.
    pub(crate) fn settle(&mut self, now: Instant, token: Token, state: State, seen: Instant) {
        let place = match state.record() {
            Some(record) => {
                let document = self.documents.hold(record.links.value.clone());
                drop(record);
                Entry::pack(state, token, document, seen).map(|mut entry| {
                    entry.is_shown = true;
                    entry.filed = entry.deadline();
                    Place::Entry(entry)
                })
            }
            None => {
                let horizon = state.removals().map(|removal| removal.horizon).max();
                horizon.map(|horizon| Place::Grave(Grave { token, until: now + horizon, state }.into()))
            }
        };
        match place {
            Some(place) => {
                let (slot, old) = self.registry.put(place);
                self.follow(slot, old);
            }
            None => {
                if let Some(slot) = self.registry.find(token) {
                    self.forget(slot);
                }
            }
        }
        while self.registry.graves() > self.context.config.limits.tombstones {
            let Some(slot) = self.graves.pop() else { break };
            self.forget_removal(slot);
        }
    }

    /// Hides a registration that has expired, for its endpoint to find it when it comes back.
    pub(crate) fn hide(&mut self, slot: u32) {
        let Some(entry) = self.registry.entry_mut(slot) else { return };
        let old = entry.clone();
        entry.is_shown = false;
        entry.filed = old.deadline() + self.context.config.limits.expired_kept;
        self.follow(slot, Some(Place::Entry(old)));
        // The kept document and the one of the old state are the same one, held once.
        while self.kept.len() > self.context.config.limits.expired {
            let Some(slot) = self.kept.pop() else { break };
            self.forget(slot);
        }
    }

    /// Forgets all that is known of a registration.
    pub(crate) fn forget(&mut self, slot: u32) {
        let old = self.registry.take(slot);
        self.follow(slot, old);
    }

    /// Forgets a removal; from now on a reader of the feed that has not seen it has a gap.
    pub(crate) fn forget_removal(&mut self, slot: u32) {
        if let Some(Place::Grave(grave)) = self.registry.place(slot) {
            self.log.forgotten.merge(&dots_of(&grave.state));
        }
        self.forget(slot);
    }

    /// Lets everything follow the difference between what was in a slot and what is.
    fn follow(&mut self, slot: u32, old: Option<Place>) {
        let Self { registry, documents, index, deadlines, kept, graves, log, watches, context, .. } = self;
        let new = registry.place(slot);
        let (old_entry, new_entry) = (old.as_ref().and_then(Place::entry), new.and_then(Place::entry));
        let is_shown = |entry: &&Entry| entry.is_shown;
        let (old_shown, new_shown) = (old_entry.filter(is_shown), new_entry.filter(is_shown));

        watches.note(context, documents, old_shown, new_shown);
        index.change(slot, old_shown, new_shown, registry, documents);
        let mut queue = |place: &Place, file: bool| {
            let (queue, at) = match place {
                Place::Entry(entry) if entry.is_shown => (&mut *deadlines, entry.filed),
                Place::Entry(entry) => (&mut *kept, entry.filed),
                Place::Grave(grave) => (&mut *graves, grave.until),
            };
            if file { queue.file(at, slot) } else { queue.unfile(at, slot) }
        };
        if let Some(old) = &old {
            queue(old, false);
            log.unfile(&dots_in_feed(old), slot);
        }
        if let Some(new) = new {
            queue(new, true);
            log.file(&dots_in_feed(new), slot);
        }
        if let Some(old) = old_entry {
            let is_same = new_entry.is_some_and(|new| new.document == old.document);
            // A new state has counted itself as a holder; one that was only hidden has not.
            if !(is_same && new_shown.is_none()) {
                documents.release(old.document);
            }
        }
    }
}

/// Returns the writes that a feed shows: what has expired is expired everywhere, by itself.
fn dots_in_feed(place: &Place) -> Version {
    match place {
        Place::Entry(entry) if entry.is_shown => entry.dots(),
        Place::Entry(_) => Version::new(),
        Place::Grave(grave) => dots_of(&grave.state),
    }
}

use waypost_model::State;
use waypost_time::Instant;

use crate::{
    Digest, Directory, Limits,
    entry::Entry,
    entry::signs::Signs,
    entry::token::Token,
    registry::{Grave, Place},
};

/// The one way in: whatever changed a registration, here it is made so, and everything that follows from it.
impl Directory {
    /// Gives the registration of `token` a new state.
    ///
    /// `signs` tell when it was last renewed. A copy of it elsewhere may live until `copies_until`.
    pub(crate) fn settle(
        &mut self,
        now: Instant,
        token: Token,
        mut state: State,
        signs: &Signs,
        copies_until: Instant,
    ) {
        signs.bury(now, &mut state);
        let earlier = self.registry.find(token).and_then(|slot| self.registry.entry(slot));
        let copies_until = copies_until.max(earlier.map_or(Instant::ZERO, Entry::copies_until));
        let is_shadowed = earlier.is_some_and(|entry| entry.is_shadowed() && !entry.is_expired(now));
        let limits = &self.context.config.limits;
        let place = match state.record() {
            Some(record) => {
                let links = &record.links.value;
                // Most updates leave the links as they are.
                let document = match earlier.map(|earlier| earlier.document) {
                    Some(document) if self.documents[document].has(links) => document,
                    _ => self.documents.hold(links),
                };
                // What returns because a newer write is gone takes no place.
                let is_successor = |earlier: &&Entry| earlier.links_stamp() < record.links.stamp;
                if let Some(earlier) = earlier.filter(is_successor) {
                    let former = (earlier.document, earlier.links_stamp());
                    let (successor, limit) = (record.links.stamp, limits.former_links);
                    self.documents.remember(earlier.authority(), former, successor, limit);
                }
                drop(record);
                Entry::pack(&state, token, document, signs, copies_until).map(|mut entry| {
                    entry.show(!entry.is_expired(now), is_shadowed);
                    Place::Entry(entry)
                })
            }
            None => {
                let horizon = state.removals().map(|removal| removal.horizon).max();
                let until = |horizon| (now + horizon).max(copies_until + limits.tombstone_guard);
                horizon.map(|horizon| Place::Grave(Grave { token, until: until(horizon), state }.into()))
            }
        };
        match place {
            Some(place) => self.replace(now, place),
            None => {
                if let Some(slot) = self.registry.find(token) {
                    self.forget(now, slot);
                }
                self.shed(now);
            }
        }
    }

    /// Puts what there is now of a registration in the place of what was. It takes over the hold on its document, if that is the
    /// same.
    pub(crate) fn replace(&mut self, now: Instant, place: Place) {
        let (slot, old) = self.registry.put(place);
        self.follow(now, slot, old.as_ref());
        self.shed(now);
    }

    /// Hides a registration that has expired, for its endpoint to find it when it comes back; or what of it has.
    pub(crate) fn hide(&mut self, now: Instant, slot: u32) {
        let Some(entry) = self.registry.entry_mut(slot) else { return };
        // What is due is in no queue any more.
        entry.filed = Instant::MAX;
        if let Some(state) = entry.state()
            && (!entry.is_expired(now) || state.removals().next().is_some())
        {
            // Not all have expired. A removal that did not see what has is remembered for as long as any.
            let (token, state, signs, until) =
                (entry.token(), state.clone(), Signs::of_entry(entry), entry.copies_until());
            return self.settle(now, token, state, &signs, until);
        }
        let old = entry.clone();
        entry.show(false, false);
        self.follow(now, slot, Some(&Place::Entry(old)));
        self.shed(now);
    }

    /// Collects a registration at once, if it has expired, before something else becomes of it: look-ups have not shown it any more,
    /// and what watches are told has to follow that. Tells whether it had.
    pub(crate) fn hide_expired(&mut self, now: Instant, slot: u32) -> bool {
        let expired = self.registry.entry(slot).filter(|entry| entry.is_shown() && entry.is_expired(now)).cloned();
        if let Some(entry) = &expired {
            self.deadlines.unfile(entry.filed, slot);
            self.hide(now, slot);
            self.watches.insist(entry);
        }
        expired.is_some()
    }

    /// Takes a registration out of look-ups and of what is watched, or puts it back.
    pub(crate) fn shadow_slot(&mut self, now: Instant, slot: u32, is_shadowed: bool) {
        let Some(entry) = self.registry.entry_mut(slot) else { return };
        let old = entry.clone();
        entry.show(entry.is_shown(), is_shadowed);
        self.follow(now, slot, Some(&Place::Entry(old)));
    }

    /// Forgets all that is known of a registration.
    ///
    /// If somebody may still hold a copy of it, a reader of the feed who has not seen what became of it has a gap.
    pub(crate) fn forget(&mut self, now: Instant, slot: u32) {
        let old = self.registry.take(slot);
        let until = match &old {
            Some(Place::Entry(entry)) => copies_of_expired_until(entry, &self.context.config.limits),
            Some(Place::Grave(_)) => Some(Instant::MAX),
            None => None,
        };
        if let Some(old) = &old
            && until.is_some_and(|until| until > now)
        {
            let history = self.histories.of_mut(old.authority());
            old.each_dot(|dot| history.log.forgotten.insert(dot));
        }
        self.follow(now, slot, old.as_ref());
    }

    /// Forgets the oldest of what is only remembered, down to the limits.
    fn shed(&mut self, now: Instant) {
        while self.registry.graves() > self.context.config.limits.tombstones {
            let Some(slot) = self.graves.pop() else { break };
            self.forget(now, slot);
        }
        while self.kept.len() > self.context.config.limits.expired || self.is_short_of_documents() {
            let Some(slot) = self.kept.pop() else { break };
            self.forget(now, slot);
        }
    }

    /// Tells whether so much of the room for documents is taken that what has expired has to make some.
    fn is_short_of_documents(&self) -> bool {
        let limits = &self.context.config.limits;
        let is_short = |taken: usize, limit: usize| taken > limit - limit / SPARE;
        is_short(self.documents.len(), limits.documents) || is_short(self.documents.bytes(), limits.document_bytes)
    }

    /// Lets everything follow the difference between what was in a slot and what is.
    fn follow(&mut self, now: Instant, slot: u32, old: Option<&Place>) {
        self.file(now, slot, old);
        let Self { registry, documents, index, histories, watches, context, .. } = self;
        let new = registry.place(slot);
        let (old_entry, new_entry) = (old.and_then(Place::entry), new.and_then(Place::entry));
        let is_shown = |entry: &&Entry| entry.is_shown();
        let (old_shown, new_shown) = (old_entry.filter(is_shown), new_entry.filter(is_shown));

        let is_visible = |entry: &&Entry| entry.is_visible();
        let (old_visible, new_visible) = (old_entry.filter(is_visible), new_entry.filter(is_visible));
        watches.note(context, documents, old_visible, new_visible);
        index.locate(slot, old_shown, new_shown);
        index.change(slot, old_visible, new_visible, registry, documents);
        for (entry, change) in [(old_shown, Digest::take as fn(&mut Digest, &Entry)), (new_shown, Digest::add)] {
            if let Some(entry) = entry {
                change(&mut histories.of_mut(entry.authority()).digest, entry);
            }
        }
        if let Some(old) = old {
            old.each_dot(|dot| histories.unfile(old.authority(), dot, slot));
        }
        if let Some(new) = new {
            let log = &mut histories.of_mut(new.authority()).log;
            new.each_dot(|dot| log.file(dot, slot));
        }
        if let Some(old) = old_entry
            && new_entry.is_none_or(|new| new.document != old.document)
        {
            documents.release(old.document);
        }
    }

    /// Files what is in a slot by when something has to be done about it.
    pub(crate) fn file(&mut self, now: Instant, slot: u32, old: Option<&Place>) {
        let Self { registry, deadlines, kept, graves, context, .. } = self;
        let queues = [deadlines, kept, graves];
        let mut new = registry.place_mut(slot);
        if let (Some(Place::Entry(old)), Some(Place::Entry(new))) = (old, &mut new)
            && (old.is_shown() && new.is_shown() && new.due() >= old.filed)
        {
            // It comes up early where it is, and is filed anew then.
            new.filed = old.filed;
            return;
        }
        if let Some(old) = old {
            queues[queue_of(old)].unfile(old.filed(), slot);
        }
        if let Some(new) = new {
            let filed = queues[queue_of(new)].file(now, due(new, &context.config.limits), slot);
            new.set_filed(filed);
        }
    }
}

/// Returns the position of the queue that something is filed in.
fn queue_of(place: &Place) -> usize {
    match place {
        Place::Entry(entry) if entry.is_shown() => 0,
        Place::Entry(_) => 1,
        Place::Grave(_) => 2,
    }
}

/// Returns when something has to be done: when what is shown expires, and when what is kept or remembered is forgotten.
pub(crate) fn due(place: &Place, limits: &Limits) -> Instant {
    match place {
        Place::Entry(entry) if entry.is_shown() => entry.due(),
        Place::Entry(entry) => kept_until(entry, limits),
        Place::Grave(grave) => grave.until,
    }
}

/// Returns until when a registration that has expired has to be told to others, if at all.
///
/// What has expired has expired everywhere, by itself; except where a write is missing that shortened its lifetime.
pub(crate) fn copies_of_expired_until(entry: &Entry, limits: &Limits) -> Option<Instant> {
    let until = entry.copies_until();
    (until > entry.deadline()).then(|| until + limits.tombstone_guard)
}

/// Returns when a registration that has expired may be forgotten.
fn kept_until(entry: &Entry, limits: &Limits) -> Instant {
    let kept = entry.deadline() + limits.expired_kept;
    copies_of_expired_until(entry, limits).map_or(kept, |until| until.max(kept))
}

/// One part of so many of the room for documents is not for what has expired.
const SPARE: usize = 8;

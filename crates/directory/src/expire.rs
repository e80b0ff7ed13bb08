use waypost_time::Instant;

use crate::{Directory, deadlines::Deadlines, registry::Place, settle::due};

/// Collecting what has expired.
impl Directory {
    /// Collects what has expired: at most [`Limits::expire_batch`](crate::Limits::expire_batch) registrations and
    /// removals; tells whether more is waiting.
    ///
    /// Look-ups never show what has expired, whether it was collected or not. Collecting takes it out of the index, tells
    /// the watches, and in the end forgets it. Replicas of which nothing is left are forgotten, too.
    pub fn expire(&mut self, now: Instant) -> bool {
        self.retire(now);
        for _ in 0..self.context.config.limits.expire_batch.max(1) {
            if !self.expire_one(now) {
                return false;
            }
        }
        self.next_expiry().is_some_and(|next| next <= now)
    }

    /// Returns when [`expire`](Self::expire) should be called next. It may find nothing to do then: what was about to expire
    /// may have been renewed, and what is more than two minutes away is known to the minute.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Instant> {
        [&self.deadlines, &self.kept, &self.graves].into_iter().filter_map(Deadlines::first).min()
    }

    fn expire_one(&mut self, now: Instant) -> bool {
        let due_now =
            [&mut self.deadlines, &mut self.kept, &mut self.graves].into_iter().find_map(|queue| queue.pop_due(now));
        let Some(slot) = due_now else { return false };
        match self.registry.place(slot) {
            Some(place) if due(place, &self.context.config.limits) > now => self.file(now, slot, None),
            Some(Place::Entry(entry)) if entry.is_shown() => self.hide(now, slot),
            _ => self.forget(now, slot),
        }
        true
    }
}

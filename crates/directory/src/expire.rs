use waypost_time::Instant;

use crate::{Directory, deadlines::Deadlines};

/// Collecting what has expired.
impl Directory {
    /// Collects what has expired: at most [`Limits::expire_batch`](crate::Limits::expire_batch) registrations and
    /// removals; tells whether more is waiting.
    ///
    /// Look-ups never show what has expired, whether it was collected or not. Collecting takes it out of the index, tells
    /// the watches, and in the end forgets it.
    pub fn expire(&mut self, now: Instant) -> bool {
        for _ in 0..self.context.config.limits.expire_batch.max(1) {
            if !self.expire_one(now) {
                return false;
            }
        }
        self.next_expiry().is_some_and(|next| next <= now)
    }

    /// Returns when [`expire`](Self::expire) should be called next. It may find nothing to do then, if what was about to
    /// expire was renewed.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Instant> {
        [&self.deadlines, &self.kept, &self.graves].into_iter().filter_map(Deadlines::first).min()
    }

    fn expire_one(&mut self, now: Instant) -> bool {
        if let Some(slot) = self.deadlines.pop_due(now) {
            let Some(entry) = self.registry.entry_mut(slot) else { return true };
            if entry.is_expired(now) {
                self.hide(now, slot);
            } else {
                entry.filed = entry.deadline();
                self.deadlines.file(entry.filed, slot);
            }
        } else if let Some(slot) = self.kept.pop_due(now) {
            self.forget(now, slot);
        } else if let Some(slot) = self.graves.pop_due(now) {
            self.forget(now, slot);
        } else {
            return false;
        }
        true
    }
}

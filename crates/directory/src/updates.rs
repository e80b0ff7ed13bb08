use waypost_model::{Stamp, Update};
use waypost_time::Instant;

use crate::{Directory, Refused, entry::stamps::Stamps, registry::Place};

/// Updates of registrations that one write alone made, as nearly all are.
impl Directory {
    /// Makes an update with a write of this replica: entry becomes entry, since there is nothing to merge.
    pub(crate) fn update_entry(
        &mut self,
        now: Instant,
        slot: u32,
        update: &Update,
        stamp: Stamp,
    ) -> Result<(), Refused> {
        let entry = &self.registry[slot];
        let mut stamps =
            entry.stamps().cloned().unwrap_or_else(|| Stamps::all(entry.stamp(), entry.fields().map(|(name, _)| name)));
        if self.may_forget_replicas(now) {
            let own = entry.stamp().dot.replica;
            stamps.seen.retain(|dot| dot.replica == own || self.histories.local.knows(dot.replica));
        }
        let stamp = stamp.after(Some(stamps.latest().max(entry.stamp().time)));
        stamps.update(update, stamp);
        let mut new = entry.updated(update, stamps, stamp, now);
        let document = &self.documents[entry.document];
        let links = update.links.as_ref().map_or(document.as_str(), |links| links.as_str());
        self.check(new.base(), new.attributes(), links)?;
        if let Some(links) = &update.links {
            self.check_links(links)?;
        }
        new.show(!new.is_expired(now), entry.is_shadowed() && !entry.is_expired(now));
        if let Some(links) = &update.links {
            new.document = self.documents.hold(links);
            let limit = self.context.config.limits.former_links;
            self.documents.remember(entry.authority(), (entry.document, entry.links_stamp()), stamp, limit);
        }
        self.histories.local.note_own(stamp.dot);
        self.replace(now, Place::Entry(new));
        Ok(())
    }
}

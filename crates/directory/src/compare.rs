use waypost_model::{Dot, Origin};
use waypost_time::Instant;

use crate::{Digest, Directory, RecordRef, directory::authority_of, entry::signs::Signs, histories::digest::id_of};

/// Comparing whole directories.
impl Directory {
    /// Returns what the registrations of an authority amount to.
    #[must_use]
    pub fn digest(&self, origin: &Origin) -> Digest {
        self.histories.of(authority_of(origin)).digest
    }

    /// Returns the registrations of an authority, with the id of each: a hash of its names and of the write that made it what it
    /// is. They come in no order that means anything, and with their ages.
    ///
    /// Where several writes that did not see each other make a registration, each of them is there, as it was written. Those
    /// that have expired and are kept are among them: elsewhere they may have been renewed, and who compares must not take
    /// them for removed.
    pub fn ids(&self, now: Instant, origin: &Origin) -> impl Iterator<Item = (u64, RecordRef<'_>)> {
        let writes = self.histories.of(authority_of(origin)).log.iter();
        writes.filter_map(move |(dot, slot)| {
            let record = self.record_of(now, dot, slot)?;
            Some((id_of(dot, record.sector(), record.endpoint()), record))
        })
    }

    /// Returns what a write at an authority left: one of those that [`ids`](Self::ids) yields.
    #[must_use]
    pub fn written(&self, now: Instant, origin: &Origin, dot: Dot) -> Option<RecordRef<'_>> {
        let before = Dot::new(dot.replica, dot.sequence.checked_sub(1)?);
        let (sequence, slot) = self.histories.of(authority_of(origin)).log.after(before)?.next()?;
        if sequence == dot.sequence { self.record_of(now, dot, slot) } else { None }
    }

    /// Returns what a write left of the registration in a slot.
    ///
    /// What several writes make together is nobody's write: told as the newest of them, it would pass for having seen the others.
    fn record_of(&self, now: Instant, dot: Dot, slot: u32) -> Option<RecordRef<'_>> {
        let entry = self.registry.entry(slot)?;
        let age = now.saturating_since(Signs::of_entry(entry).of(dot));
        let Some(state) = entry.state() else {
            return Some(RecordRef::of_entry(&self.context, &self.documents, entry, age));
        };
        let record = state.records().find(|record| record.dot() == dot)?;
        Some(RecordRef::of_record(&self.context, &self.documents, record, age))
    }
}

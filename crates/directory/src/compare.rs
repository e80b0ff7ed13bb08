use waypost_model::{Dot, Key, Origin, Sector};
use waypost_time::Instant;

use crate::{
    ChangeRef, Digest, Directory, RecordRef, RemovalRef, directory::authority_of, histories::digest::id_of,
    histories::digest::id_of_removal,
};

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
        writes.filter_map(move |(dot, slot)| match self.change_of(now, dot, slot)? {
            ChangeRef::Put(record) => Some((id_of(dot, record.sector(), record.endpoint()), record)),
            ChangeRef::Remove(_) => None,
        })
    }

    /// Returns the removals at an authority that are remembered, each with an id: [that](RecordRef::removal_id) of the registration
    /// that it removed, whichever write that was. They come in no order that means anything.
    pub fn removals(&self, now: Instant, origin: &Origin) -> impl Iterator<Item = (u64, RemovalRef<'_>)> {
        let writes = self.histories.of(authority_of(origin)).log.iter();
        writes.filter_map(move |(dot, slot)| match self.change_of(now, dot, slot)? {
            ChangeRef::Put(_) => None,
            ChangeRef::Remove(removal) => {
                let Key { sector, endpoint, .. } = removal.key();
                Some((id_of_removal(sector.as_ref().map(Sector::as_str), endpoint.as_str()), removal))
            }
        })
    }

    /// Returns what a write at an authority left: one of those that [`ids`](Self::ids) or [`removals`](Self::removals) yield.
    #[must_use]
    pub fn written(&self, now: Instant, origin: &Origin, dot: Dot) -> Option<ChangeRef<'_>> {
        let slot = self.histories.of(authority_of(origin)).log.slot(dot)?;
        self.change_of(now, dot, slot)
    }
}

impl RecordRef<'_> {
    /// Returns what stands for a removal of the registration, whoever makes it: see [`Directory::removals`].
    #[must_use]
    pub fn removal_id(&self) -> u64 {
        id_of_removal(self.sector(), self.endpoint())
    }
}

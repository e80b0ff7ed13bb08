use core::fmt;

use waypost_model::{Authority, Dot, Removal, ReplicaId, State, Version};
use waypost_time::Instant;

use crate::{
    ChangeRef, Directory, RecordRef, RemovalRef, entry::signs::Signs, histories::log::Log,
    histories::writes::WritesIter, registry::Place,
};

/// The changes after a version: see [`Directory::feed`].
///
/// ```
/// use waypost_directory::{Config, Directory};
/// use waypost_model::{Base, EndpointName, Registration, ReplicaId, Version};
/// use waypost_time::Instant;
///
/// let now = Instant::ZERO;
/// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
/// let registration = Registration::new(EndpointName::new("node1").unwrap(), base, Default::default());
/// directory.register(now, registration).unwrap();
///
/// assert_eq!(directory.feed(now, &Version::new()).unwrap().count(), 1);
/// assert_eq!(directory.feed(now, directory.version()).unwrap().count(), 0);
/// ```
#[derive(Clone)]
pub struct Feed<'d> {
    directory: &'d Directory,
    log: &'d Log,
    now: Instant,
    after: Version,
    replica: Option<ReplicaId>,
    writes: Option<WritesIter<'d>>,
}

impl<'d> Feed<'d> {
    pub(crate) fn new(
        directory: &'d Directory,
        now: Instant,
        authority: Option<&Authority>,
        after: &Version,
    ) -> Result<Self, FeedGap> {
        let log = &directory.histories.of(authority).log;
        // Who holds nothing misses no removal.
        if !after.is_empty() && !after.includes(&log.forgotten) {
            return Err(FeedGap(()));
        }
        let replica = log.replica_from(ReplicaId(0));
        let mut feed = Self { directory, log, now, after: after.clone(), replica, writes: None };
        feed.enter();
        Ok(feed)
    }

    fn enter(&mut self) {
        self.writes =
            self.replica.and_then(|replica| self.log.after(Dot { replica, sequence: self.after.sequence(replica) }));
    }

    fn change(&self, dot: Dot, slot: u32) -> Option<ChangeRef<'d>> {
        let Directory { context, documents, registry, .. } = self.directory;
        let entry = match registry.place(slot)? {
            Place::Grave(grave) => {
                let horizon = grave.until.saturating_since(self.now);
                return Some(ChangeRef::Remove(RemovalRef::new(removal_of(&grave.state, dot)?, horizon)));
            }
            Place::Entry(entry) => entry,
        };
        let age = self.now.saturating_since(Signs::of_entry(entry).of(dot));
        let Some(state) = entry.state() else {
            return Some(ChangeRef::Put(RecordRef::of_entry(context, documents, entry, age)));
        };
        if let Some(removal) = removal_of(state, dot) {
            return Some(ChangeRef::Remove(RemovalRef::new(removal, removal.horizon)));
        }
        let record = state.records().find(|record| record.dot() == dot)?;
        Some(ChangeRef::Put(RecordRef::of_record(context, documents, record, age)))
    }
}

fn removal_of(state: &State, dot: Dot) -> Option<&Removal> {
    state.removals().find(|removal| removal.stamp.dot == dot)
}

impl<'d> Iterator for Feed<'d> {
    type Item = ChangeRef<'d>;

    fn next(&mut self) -> Option<ChangeRef<'d>> {
        loop {
            let replica = self.replica?;
            match self.writes.as_mut().and_then(Iterator::next) {
                Some((sequence, slot)) => {
                    if let Some(change) = self.change(Dot { replica, sequence }, slot) {
                        return Some(change);
                    }
                }
                None => {
                    self.replica = replica.0.checked_add(1).and_then(|next| self.log.replica_from(ReplicaId(next)));
                    self.enter();
                }
            }
        }
    }
}

impl fmt::Debug for Feed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("after", &self.after).finish_non_exhaustive()
    }
}

/// Says that a removal after the version was forgotten: the reader is too far behind for a feed.
///
/// ```
/// use waypost_directory::{Config, Directory};
/// use waypost_model::{Base, EndpointName, Registration, ReplicaId};
/// use waypost_time::Instant;
///
/// let now = Instant::ZERO;
/// let mut config = Config::new([7; 16], ReplicaId(1));
/// config.limits.tombstones = 0;
/// let mut directory = Directory::new(config);
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
/// let registration = Registration::new(EndpointName::new("node1").unwrap(), base, Default::default());
/// let location = directory.register(now, registration).unwrap().location;
/// let before = directory.version().clone();
/// directory.remove(now, &location).unwrap();
/// assert_eq!(directory.feed(now, &before).unwrap_err().to_string(), "a removal after that version was forgotten");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a removal after that version was forgotten")]
pub struct FeedGap(());

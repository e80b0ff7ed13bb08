use alloc::boxed::Box;
use core::time::Duration;

use waypost_model::{Change, Dot, Key, Removal, Stamp, State, Version};
use waypost_time::Instant;

use crate::{Directory, RecordRef, entry::signs::Signs, registry::Place};

/// A change in a [feed](crate::Directory::feed), borrowed from the directory: what a [`Change`] says, without making one.
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
/// let mut other = Directory::new(Config::new([7; 16], ReplicaId(2)));
/// for change in directory.feed(now, &Version::new()).unwrap() {
///     other.apply(now, change.to_change()).unwrap();
/// }
/// assert_eq!(other.len(), 1);
/// ```
#[derive(Debug, Clone, Copy)]
pub enum ChangeRef<'d> {
    /// A registration was made or updated.
    Put(RecordRef<'d>),
    /// A registration was removed.
    Remove(RemovalRef<'d>),
}

impl ChangeRef<'_> {
    /// Returns the write that the change is.
    #[must_use]
    pub fn dot(&self) -> Dot {
        match self {
            Self::Put(record) => record.dot(),
            Self::Remove(removal) => removal.stamp().dot,
        }
    }

    /// Returns it as an owned change.
    #[must_use]
    pub fn to_change(&self) -> Change {
        match self {
            Self::Put(record) => Change::Put { record: Box::new(record.to_record()), age: record.age() },
            Self::Remove(removal) => Change::Remove(removal.to_removal()),
        }
    }
}

/// The removal of a registration, borrowed from the directory: what a [`Removal`] says as of the time of the feed.
///
/// ```
/// use waypost_directory::{ChangeRef, Config, Directory};
/// use waypost_model::{Base, EndpointName, Registration, ReplicaId, Version};
/// use waypost_time::Instant;
///
/// let now = Instant::ZERO;
/// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
/// let registration = Registration::new(EndpointName::new("node1").unwrap(), base, Default::default());
/// let location = directory.register(now, registration).unwrap().location;
/// directory.remove(now, &location).unwrap();
///
/// let change = directory.feed(now, &Version::new()).unwrap().next().unwrap();
/// let ChangeRef::Remove(removal) = change else { panic!("it was removed") };
/// assert_eq!(removal.key().endpoint.as_str(), "node1");
/// ```
#[derive(Debug, Clone, Copy)]
pub struct RemovalRef<'d> {
    removal: &'d Removal,
    horizon: Duration,
}

impl<'d> RemovalRef<'d> {
    pub(crate) fn new(removal: &'d Removal, horizon: Duration) -> Self {
        Self { removal, horizon }
    }

    /// Returns what the registration was known by.
    #[must_use]
    pub fn key(&self) -> &'d Key {
        &self.removal.key
    }

    /// Returns the write that removed it.
    #[must_use]
    pub fn stamp(&self) -> Stamp {
        self.removal.stamp
    }

    /// Returns the writes that this one saw, and itself: it removes them.
    #[must_use]
    pub fn seen(&self) -> &'d Version {
        &self.removal.seen
    }

    /// Returns how long it must still be remembered.
    #[must_use]
    pub fn horizon(&self) -> Duration {
        self.horizon
    }

    /// Returns it as an owned removal.
    #[must_use]
    pub fn to_removal(&self) -> Removal {
        Removal { horizon: self.horizon, ..self.removal.clone() }
    }
}

impl Directory {
    /// Returns what a write left of what is in a slot.
    ///
    /// What several writes make together is nobody's write: told as the newest of them, it would pass for having seen the others.
    pub(crate) fn change_of(&self, now: Instant, dot: Dot, slot: u32) -> Option<ChangeRef<'_>> {
        let Self { context, documents, registry, .. } = self;
        let entry = match registry.place(slot)? {
            Place::Grave(grave) => {
                let horizon = grave.until.saturating_since(now);
                return Some(ChangeRef::Remove(RemovalRef::new(removal_of(&grave.state, dot)?, horizon)));
            }
            Place::Entry(entry) => entry,
        };
        let age = now.saturating_since(Signs::of_entry(entry).of(dot));
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

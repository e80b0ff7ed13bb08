use alloc::boxed::Box;
use core::time::Duration;

use crate::{Dot, Key, Record, Stamp, Timestamp, Version};

/// The difference between two versions for one registration: what replicas exchange.
///
/// Spans of time are ages as of sending; the receiver subtracts them from its own clock.
///
/// ```
/// use core::time::Duration;
/// use waypost_model::{Change, Dot, EndpointName, Key, Renewal, ReplicaId};
///
/// let key = Key::local(None, EndpointName::new("node1").unwrap());
/// let dot = Dot::new(ReplicaId(1), 1);
/// let change = Change::Renew(Renewal { key, dot, renewals: 1, age: Duration::ZERO });
/// assert_eq!(change.dot(), dot);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Change {
    /// A registration was made or updated.
    Put {
        /// The registration.
        record: Box<Record>,
        /// How long ago it was last renewed.
        age: Duration,
    },
    /// A registration was renewed and nothing else about it changed.
    Renew(Renewal),
    /// A registration was removed.
    Remove(Removal),
}

impl Change {
    /// Returns what the registration is known by.
    #[must_use]
    pub const fn key(&self) -> &Key {
        match self {
            Self::Put { record, .. } => &record.key,
            Self::Renew(renewal) => &renewal.key,
            Self::Remove(removal) => &removal.key,
        }
    }

    /// Returns the write that the change is, or that it renews.
    #[must_use]
    pub const fn dot(&self) -> Dot {
        match self {
            Self::Put { record, .. } => record.dot(),
            Self::Renew(renewal) => renewal.dot,
            Self::Remove(removal) => removal.stamp.dot,
        }
    }

    /// Returns the latest time in the change, for [`Clock::observe`](crate::Clock::observe); a renewal has none.
    #[must_use]
    pub fn latest(&self) -> Option<Timestamp> {
        match self {
            Self::Put { record, .. } => Some(record.latest()),
            Self::Renew(_) => None,
            Self::Remove(removal) => Some(removal.stamp.time),
        }
    }
}

/// A renewal of a registration. It is no write and has no dot of its own.
///
/// Only the replica that made the write `dot` may send it. A renewal that arrives at another one becomes a write there: an
/// empty update, which takes the registration over and says nothing else.
///
/// ```
/// use core::time::Duration;
/// use waypost_model::{Dot, EndpointName, Key, Renewal, ReplicaId};
///
/// let key = Key::local(None, EndpointName::new("node1").unwrap());
/// let renewal = Renewal { key, dot: Dot::new(ReplicaId(1), 1), renewals: 3, age: Duration::from_secs(7) };
/// assert_eq!(renewal.renewals, 3);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Renewal {
    /// What the registration is known by.
    pub key: Key,
    /// The write that is renewed.
    pub dot: Dot,
    /// How often it has been renewed with this one.
    pub renewals: u32,
    /// How long ago it was last renewed.
    pub age: Duration,
}

/// The removal of a registration, and what is kept of it: a tombstone.
///
/// It removes the writes that it saw, and no other.
///
/// ```
/// use core::time::Duration;
/// use waypost_model::{Dot, EndpointName, Key, Removal, ReplicaId, Stamp, Timestamp};
///
/// let key = Key::local(None, EndpointName::new("node1").unwrap());
/// let dot = Dot::new(ReplicaId(1), 2);
/// let stamp = Stamp { time: Timestamp::from_millis(1), dot };
/// let removal = Removal { key, stamp, seen: [dot].into_iter().collect(), horizon: Duration::from_secs(90_000) };
/// assert!(removal.seen.contains(Dot::new(ReplicaId(1), 1)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Removal {
    /// What the registration was known by.
    pub key: Key,
    /// The write that removed it.
    pub stamp: Stamp,
    /// The writes that this one saw, and itself: it removes them.
    pub seen: Version,
    /// How long it must still be remembered: until every copy of what it removes has expired by itself.
    pub horizon: Duration,
}

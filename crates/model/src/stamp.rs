use crate::{Dot, Timestamp};

/// When and by whom something was written. Stamps are totally ordered: by time, then replica, then sequence number.
///
/// A write that saw another has the greater stamp.
///
/// ```
/// use waypost_model::{Dot, ReplicaId, Stamp, Timestamp};
///
/// let time = Timestamp::from_millis(1_000);
/// let a = Stamp { time, dot: Dot::new(ReplicaId(1), 9) };
/// let b = Stamp { time, dot: Dot::new(ReplicaId(2), 1) };
/// assert!(a < b && b < Stamp { time: time.next(), ..a });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Stamp {
    /// The reading of the writer's hybrid logical clock.
    pub time: Timestamp,
    /// The write.
    pub dot: Dot,
}

impl Stamp {
    /// Returns the stamp, its time put after `seen` where it was not: a write is later than what it saw, even if the
    /// clock that stamped it was not told.
    #[must_use]
    pub fn after(self, seen: Option<Timestamp>) -> Self {
        let time = seen.map_or(self.time, |seen| self.time.max(seen.next()));
        Self { time, ..self }
    }
}

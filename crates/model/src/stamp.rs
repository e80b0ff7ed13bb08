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
    pub(crate) fn after(self, seen: Option<Timestamp>) -> Self {
        let time = seen.map_or(self.time, |seen| self.time.max(seen.next()));
        Self { time, ..self }
    }
}

/// A value with the stamp of the write that set it.
///
/// Merging keeps the later, so it does not matter in which order, or how often, the same registers meet.
///
/// ```
/// use waypost_model::{Dot, Register, ReplicaId, Stamp, Timestamp};
///
/// let stamp = |millis| Stamp { time: Timestamp::from_millis(millis), dot: Dot::new(ReplicaId(1), millis) };
/// let mut register = Register { value: "old", stamp: stamp(1) };
/// register.merge(&Register { value: "new", stamp: stamp(2) });
/// register.merge(&Register { value: "old", stamp: stamp(1) });
/// assert_eq!(register.value, "new");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Register<T> {
    /// The value.
    pub value: T,
    /// The write that set it.
    pub stamp: Stamp,
}

impl<T> Register<T> {
    /// Makes a register.
    pub const fn new(value: T, stamp: Stamp) -> Self {
        Self { value, stamp }
    }

    /// Takes the other value if it was written later; returns whether it was.
    pub fn merge(&mut self, other: &Self) -> bool
    where
        T: Clone,
    {
        let later = other.stamp > self.stamp;
        if later {
            self.clone_from(other);
        }
        later
    }
}

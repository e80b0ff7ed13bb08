use crate::Stamp;

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

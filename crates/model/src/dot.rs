/// One process that writes, in one incarnation.
///
/// A replica that lost its sequence numbers takes a new one, so that no dot is ever used twice.
///
/// ```
/// use waypost_model::ReplicaId;
///
/// assert!(ReplicaId(1) < ReplicaId(2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
pub struct ReplicaId(pub u64);

/// The name of one write: who wrote, and the how-manieth write of that replica it is, from 1.
///
/// ```
/// use waypost_model::{Dot, ReplicaId};
///
/// let dot = Dot::new(ReplicaId(7), 1);
/// assert_eq!(dot.next(), Dot { replica: ReplicaId(7), sequence: 2 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Dot {
    /// Who wrote.
    pub replica: ReplicaId,
    /// The number of the write at that replica. Zero names no write, and is in every version.
    pub sequence: u64,
}

impl Dot {
    /// Makes a dot.
    #[must_use]
    pub const fn new(replica: ReplicaId, sequence: u64) -> Self {
        Self { replica, sequence }
    }

    /// Returns the dot of the same replica's next write.
    #[must_use]
    pub const fn next(self) -> Self {
        Self { replica: self.replica, sequence: self.sequence.saturating_add(1) }
    }
}

use alloc::vec::Vec;
use core::cmp::Ordering;

use crate::{Dot, ReplicaId};

/// A set of dots, summarised as the highest sequence number of each replica: names a state of a directory.
///
/// Versions are ordered by inclusion. Two that each hold a write that the other lacks are not comparable.
///
/// ```
/// use waypost_model::{Dot, ReplicaId, Version};
///
/// let (a, b) = (ReplicaId(1), ReplicaId(2));
/// let mut here: Version = [Dot::new(a, 3)].into_iter().collect();
/// let there: Version = [Dot::new(a, 1), Dot::new(b, 1)].into_iter().collect();
/// assert!(here.contains(Dot::new(a, 2)));
/// assert_eq!(here.partial_cmp(&there), None);
/// here.merge(&there);
/// assert!(there < here);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Vec<Dot>", into = "Vec<Dot>"))]
pub struct Version(Vec<Dot>);

impl Version {
    /// Makes the empty version, which every other includes.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Returns the highest sequence number of a replica, zero for none.
    #[must_use]
    pub fn sequence(&self, replica: ReplicaId) -> u64 {
        self.position(replica).map_or(0, |at| self.0[at].sequence)
    }

    /// Returns whether a write is in the version.
    #[must_use]
    pub fn contains(&self, dot: Dot) -> bool {
        dot.sequence <= self.sequence(dot.replica)
    }

    /// Returns whether all of another version is in this one.
    #[must_use]
    pub fn includes(&self, other: &Self) -> bool {
        other.iter().all(|dot| self.contains(dot))
    }

    /// Returns the highest dot of each replica, in the order of the replicas.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Dot> {
        self.0.iter().copied()
    }

    /// Returns what this version has beyond another: for each replica that is ahead, the sequence number after which it
    /// is, as a dot, and the highest.
    ///
    /// ```
    /// use waypost_model::{Dot, ReplicaId, Version};
    ///
    /// let a = ReplicaId(1);
    /// let old: Version = [Dot::new(a, 3)].into_iter().collect();
    /// let new: Version = [Dot::new(a, 5), Dot::new(ReplicaId(2), 1)].into_iter().collect();
    /// let ahead: Vec<_> = new.beyond(&old).collect();
    /// assert_eq!(ahead, [(Dot::new(a, 3), 5), (Dot::new(ReplicaId(2), 0), 1)]);
    /// assert_eq!(old.beyond(&new).count(), 0);
    /// ```
    pub fn beyond(&self, other: &Self) -> impl Iterator<Item = (Dot, u64)> {
        self.0.iter().filter_map(move |dot| {
            let after = other.sequence(dot.replica);
            (after < dot.sequence).then_some((Dot::new(dot.replica, after), dot.sequence))
        })
    }

    /// Returns the number of replicas that wrote.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns whether there is no write in it.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds a write, and with it every earlier one of its replica.
    pub fn insert(&mut self, dot: Dot) {
        match self.position(dot.replica) {
            Ok(at) => self.0[at].sequence = self.0[at].sequence.max(dot.sequence),
            Err(at) if dot.sequence > 0 => self.0.insert(at, dot),
            Err(_) => {}
        }
    }

    /// Keeps the replicas whose highest dots are accepted, and takes out the others.
    ///
    /// ```
    /// use waypost_model::{Dot, ReplicaId, Version};
    ///
    /// let mut version: Version = [Dot::new(ReplicaId(1), 3), Dot::new(ReplicaId(2), 1)].into_iter().collect();
    /// version.retain(|dot| dot.replica != ReplicaId(1));
    /// assert_eq!(version.len(), 1);
    /// ```
    pub fn retain(&mut self, keep: impl FnMut(&Dot) -> bool) {
        self.0.retain(keep);
    }

    /// Adds every write of another version.
    pub fn merge(&mut self, other: &Self) {
        other.iter().for_each(|dot| self.insert(dot));
    }

    fn position(&self, replica: ReplicaId) -> Result<usize, usize> {
        self.0.binary_search_by_key(&replica, |dot| dot.replica)
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (self.includes(other), other.includes(self)) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Greater),
            (false, true) => Some(Ordering::Less),
            (false, false) => None,
        }
    }
}

impl Extend<Dot> for Version {
    fn extend<I: IntoIterator<Item = Dot>>(&mut self, dots: I) {
        dots.into_iter().for_each(|dot| self.insert(dot));
    }
}

impl FromIterator<Dot> for Version {
    fn from_iter<I: IntoIterator<Item = Dot>>(dots: I) -> Self {
        let mut version = Self::new();
        version.extend(dots);
        version
    }
}

impl From<Vec<Dot>> for Version {
    fn from(mut dots: Vec<Dot>) -> Self {
        // Sorted first, so that a long list from a peer is not inserted into the middle again and again.
        dots.sort_unstable();
        dots.into_iter().collect()
    }
}

impl From<Version> for Vec<Dot> {
    fn from(version: Version) -> Self {
        version.0
    }
}

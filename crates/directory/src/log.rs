use alloc::collections::{BTreeMap, btree_map};
use core::ops::Bound;

use waypost_model::{Dot, ReplicaId, Version};

/// Which registration or removal each write made last, by replica and sequence number.
///
/// This ordered set is the change log: a newer write of the same registration moves its slot, so memory stays with what
/// lives. A registration is filed once per replica that wrote a part of it which still stands: a reader may have seen one
/// of those writes and not the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    replicas: BTreeMap<ReplicaId, BTreeMap<u64, u32>>,
    /// The latest removal of each replica that was forgotten.
    pub(crate) forgotten: Version,
}

impl Log {
    pub(crate) fn file(&mut self, dots: &Version, slot: u32) {
        for dot in dots.iter() {
            self.replicas.entry(dot.replica).or_default().insert(dot.sequence, slot);
        }
    }

    pub(crate) fn unfile(&mut self, dots: &Version, slot: u32) {
        for dot in dots.iter() {
            let Some(slots) = self.replicas.get_mut(&dot.replica) else { continue };
            if let btree_map::Entry::Occupied(found) = slots.entry(dot.sequence)
                && *found.get() == slot
            {
                found.remove();
            }
            if slots.is_empty() {
                self.replicas.remove(&dot.replica);
            }
        }
    }

    /// Iterates over the writes after a dot of the same replica.
    pub(crate) fn after(&self, dot: Dot) -> Option<btree_map::Range<'_, u64, u32>> {
        Some(self.replicas.get(&dot.replica)?.range((Bound::Excluded(dot.sequence), Bound::Unbounded)))
    }

    /// Returns the first replica that is not below `replica`.
    pub(crate) fn replica_from(&self, replica: ReplicaId) -> Option<ReplicaId> {
        self.replicas.range(replica..).next().map(|(replica, _)| *replica)
    }
}

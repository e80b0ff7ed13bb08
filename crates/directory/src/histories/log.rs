use alloc::collections::BTreeMap;

use waypost_model::{Dot, ReplicaId, Version};

use crate::histories::writes::{Writes, WritesIter};

/// Which registration or removal each write made last, by replica and sequence number.
///
/// This ordered set is the change log: a newer write of the same registration moves its slot, so memory stays with what
/// lives. A registration is filed once per replica that wrote a part of it which still stands: a reader may have seen one
/// of those writes and not the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    replicas: BTreeMap<ReplicaId, Writes>,
    /// The latest removal of each replica that was forgotten.
    pub(crate) forgotten: Version,
}

impl Log {
    pub(crate) const fn new() -> Self {
        Self { replicas: BTreeMap::new(), forgotten: Version::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.replicas.is_empty() && self.forgotten.is_empty()
    }

    /// Tells whether a write of a replica stands.
    pub(crate) fn has(&self, replica: ReplicaId) -> bool {
        self.replicas.contains_key(&replica)
    }

    pub(crate) fn file(&mut self, dot: Dot, slot: u32) {
        self.replicas.entry(dot.replica).or_default().insert(dot.sequence, slot);
    }

    pub(crate) fn unfile(&mut self, dot: Dot, slot: u32) {
        if let Some(writes) = self.replicas.get_mut(&dot.replica) {
            writes.remove(dot.sequence, slot);
            if writes.is_empty() {
                self.replicas.remove(&dot.replica);
            }
        }
    }

    /// Returns where a write is filed.
    pub(crate) fn slot(&self, dot: Dot) -> Option<u32> {
        let before = Dot::new(dot.replica, dot.sequence.checked_sub(1)?);
        let (sequence, slot) = self.after(before)?.next()?;
        (sequence == dot.sequence).then_some(slot)
    }

    /// Iterates over the writes after a dot of the same replica.
    pub(crate) fn after(&self, dot: Dot) -> Option<WritesIter<'_>> {
        Some(self.replicas.get(&dot.replica)?.after(dot.sequence))
    }

    /// Iterates over all writes that stand.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Dot, u32)> {
        let all = self.replicas.iter();
        all.flat_map(|(replica, writes)| writes.after(0).map(|(sequence, slot)| (Dot::new(*replica, sequence), slot)))
    }

    /// Returns the first replica that is not below `replica`.
    pub(crate) fn replica_from(&self, replica: ReplicaId) -> Option<ReplicaId> {
        self.replicas.range(replica..).next().map(|(replica, _)| *replica)
    }
}

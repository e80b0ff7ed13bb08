use alloc::collections::{BTreeMap, VecDeque};

use waypost_model::{Dot, ReplicaId, Version};

use crate::histories::absent::Absent;

/// What was renewed of late at one authority.
///
/// A renewal is no write, so that it is not in the log. Each replica numbers the renewals of what it wrote; what was renewed
/// after a number is told by the last so many of them, and where these do not reach back so far, by the ages of everything
/// that the replica wrote.
#[derive(Debug, Clone, Default)]
pub(crate) struct Renewals {
    owners: BTreeMap<ReplicaId, Recent>,
    /// Those of what is not here.
    pub(crate) absent: Absent,
}

/// The last renewals of what one replica wrote.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recent {
    /// Number and slot; ascending.
    renewals: VecDeque<(u64, u32)>,
    last: u64,
    /// The highest number that is no longer among them.
    forgotten: u64,
}

impl Renewals {
    pub(crate) const fn new() -> Self {
        Self { owners: BTreeMap::new(), absent: Absent::new() }
    }

    /// Notes a renewal by the owner itself.
    pub(crate) fn note(&mut self, owner: ReplicaId, slot: u32, limit: usize) {
        let recent = self.owners.entry(owner).or_default();
        recent.last += 1;
        recent.push(recent.last, slot, limit);
    }

    /// Notes that one of the renewals up to a number is that of the registration in a slot.
    pub(crate) fn note_heard(&mut self, owner: ReplicaId, upto: u64, slot: u32, limit: usize) {
        self.owners.entry(owner).or_default().push(upto, slot, limit);
    }

    /// Notes that the renewals up to a number were heard of.
    pub(crate) fn advance(&mut self, owner: ReplicaId, upto: u64) {
        self.owners.entry(owner).or_default().last = upto;
    }

    /// Returns the number of the last renewal of each replica.
    pub(crate) fn heard(&self) -> Version {
        self.owners.iter().map(|(owner, recent)| Dot::new(*owner, recent.last)).collect()
    }

    pub(crate) fn sequence(&self, owner: ReplicaId) -> u64 {
        self.owners.get(&owner).map_or(0, |recent| recent.last)
    }

    /// Returns the replicas of which there are renewals after these.
    pub(crate) fn after(&self, after: &Version) -> impl Iterator<Item = (ReplicaId, &Recent)> {
        let all = self.owners.iter().map(|(owner, recent)| (*owner, recent));
        all.filter(|(owner, recent)| after.sequence(*owner) < recent.last)
    }

    pub(crate) fn forget(&mut self, owner: ReplicaId) {
        self.owners.remove(&owner);
        self.absent.forget(owner);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.owners.is_empty()
    }
}

impl Recent {
    /// Returns the number of the last one.
    pub(crate) const fn last(&self) -> u64 {
        self.last
    }

    /// Returns the slots of those after a number, unless that reaches back too far.
    pub(crate) fn slots_after(&self, after: u64) -> Option<impl Iterator<Item = u32>> {
        let start = self.renewals.partition_point(|(number, _)| *number <= after);
        (after >= self.forgotten).then(|| self.renewals.range(start..).map(|(_, slot)| *slot))
    }

    fn push(&mut self, number: u64, slot: u32, limit: usize) {
        // Those of a batch that is told in parts may be followed by one that ends before it.
        let number = self.renewals.back().map_or(number, |(last, _)| number.max(*last));
        self.renewals.push_back((number, slot));
        while self.renewals.len() > limit {
            if let Some((number, _)) = self.renewals.pop_front() {
                self.forgotten = number;
            }
        }
    }
}

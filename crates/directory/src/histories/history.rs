use alloc::vec::Vec;
use core::time::Duration;

use waypost_model::{Dot, ReplicaId, Version};
use waypost_time::Instant;

use crate::Digest;
use crate::histories::log::Log;
use crate::histories::renewals::Renewals;
use crate::histories::retired::{Ended, Retired};

/// The writes at one authority.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) log: Log,
    pub(crate) renewals: Renewals,
    pub(crate) digest: Digest,
    /// The writes that are here, or were until something newer took their place; without those of replicas that were forgotten.
    pub(crate) version: Version,
    /// The number of the last write of this replica.
    pub(crate) written: u64,
    retired: Retired,
    /// How many copies were forgotten without a trace in the log.
    pub(crate) losses: u64,
}

impl History {
    pub(crate) const fn new() -> Self {
        Self {
            log: Log::new(),
            renewals: Renewals::new(),
            digest: Digest { count: 0, sum: 0 },
            version: Version::new(),
            written: 0,
            retired: Retired::new(),
            losses: 0,
        }
    }

    /// Notes a write of this replica.
    pub(crate) fn note_own(&mut self, dot: Dot) {
        self.written = dot.sequence;
        self.version.insert(dot);
    }

    pub(crate) fn is_empty(&self) -> bool {
        let is_unused = self.version.is_empty() && self.written == 0 && self.log.is_empty() && self.renewals.is_empty();
        is_unused && self.digest == Digest::default()
    }

    /// Takes a version in. What is new in it and has left nothing is taken for retiring.
    pub(crate) fn advance(&mut self, version: &Version) {
        for dot in version.iter() {
            if self.version.sequence(dot.replica) == 0 && !self.log.has(dot.replica) {
                self.retired.retire(dot.replica);
            }
        }
        self.version.merge(version);
    }

    /// Tells whether a replica is known, by its writes or from a version.
    pub(crate) fn knows(&self, replica: ReplicaId) -> bool {
        self.version.sequence(replica) > 0 || self.log.has(replica)
    }

    /// Returns the version without the replicas that are retiring.
    pub(crate) fn told(&self) -> Version {
        let is_told = |replica| self.log.has(replica) || !self.retired.is_retiring(replica);
        self.version.iter().filter(|dot| is_told(dot.replica)).collect()
    }

    /// Looks which replicas have left nothing, for how long, and forgets those of which that is long enough. `half` is the time
    /// that one is resting, and that it is retiring.
    pub(crate) fn retire(&mut self, now: Instant, half: Duration, own: ReplicaId) {
        let replicas: Vec<ReplicaId> =
            self.version.iter().chain(self.log.forgotten.iter()).map(|dot| dot.replica).collect();
        for replica in replicas {
            if self.log.has(replica) {
                self.retired.remove(replica);
                continue;
            }
            match self.retired.look(now, replica, half) {
                None => {}
                // Who has forgotten it already has no gap.
                Some(Ended::Rest) => self.log.forgotten.retain(|dot| dot.replica != replica),
                Some(Ended::Retirement) => self.forget(replica, own),
            }
        }
    }

    /// Forgets so many replicas that have left nothing, the longest idle first, and none that is in a version; nothing happens
    /// if there are not so many.
    pub(crate) fn make_room(&mut self, over: usize, version: &Version, own: ReplicaId) {
        let mut gone: Vec<_> = self
            .version
            .iter()
            .filter(|dot| !self.log.has(dot.replica) && dot.replica != own && version.sequence(dot.replica) == 0)
            .map(|dot| (self.retired.rank(dot.replica), dot.replica))
            .collect();
        if gone.len() < over {
            return;
        }
        gone.sort_unstable();
        gone.into_iter().take(over).for_each(|(_, replica)| self.forget(replica, own));
    }

    /// Forgets a replica.
    pub(crate) fn forget(&mut self, replica: ReplicaId, own: ReplicaId) {
        self.version.retain(|dot| dot.replica != replica);
        self.log.forgotten.retain(|dot| dot.replica != replica);
        self.retired.remove(replica);
        // Its own renewals go on from the last number.
        if replica != own {
            self.renewals.forget(replica);
        }
    }
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}

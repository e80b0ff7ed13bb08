use alloc::{collections::BTreeMap, vec::Vec};
use core::time::Duration;

use waypost_model::{ReplicaId, Version};
use waypost_time::Instant;

use crate::histories::History;

/// The replicas in a version of which nothing is left: no registration, no removal.
///
/// Each start without memory is a replica of its own, so that there are ever more of them. One that has left nothing is first
/// *resting*, and then *retiring*, for half of [`Limits::replicas_kept`](crate::Limits::replicas_kept) each; then it is
/// forgotten. Of one that is retiring nobody is told who does not know of it, and who hears of one of which nothing is left
/// takes it for retiring. So one that some have forgotten is not brought back by the others.
///
/// To forget is safe because a version decides nothing but what is asked for. Whether a late change is taken is decided by what
/// is known of its registration, which a removal is part of for as long as any copy of what it removed could live. And what
/// came back after that has expired by its age: nobody renews what a replica wrote that is no more.
#[derive(Debug, Clone, Default)]
pub(crate) struct Retired {
    idle: BTreeMap<ReplicaId, Idle>,
}

#[derive(Debug, Clone, Copy)]
struct Idle {
    is_retiring: bool,
    /// Since when it is what it is; filled in at the next look.
    since: Option<Instant>,
}

impl Retired {
    pub(crate) const fn new() -> Self {
        Self { idle: BTreeMap::new() }
    }

    fn is_retiring(&self, replica: ReplicaId) -> bool {
        self.idle.get(&replica).is_some_and(|idle| idle.is_retiring)
    }
}

impl History {
    /// Takes a version in. What is new in it and has left nothing is taken for retiring.
    pub(crate) fn advance(&mut self, version: &Version) {
        for dot in version.iter() {
            if self.version.sequence(dot.replica) == 0 && !self.log.has(dot.replica) {
                self.retired.idle.insert(dot.replica, Idle { is_retiring: true, since: None });
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
                self.retired.idle.remove(&replica);
                continue;
            }
            let idle = self.retired.idle.entry(replica).or_insert(Idle { is_retiring: false, since: None });
            let since = *idle.since.get_or_insert(now);
            if since + half > now {
                continue;
            }
            if idle.is_retiring {
                self.forget(replica, own);
            } else {
                *idle = Idle { is_retiring: true, since: Some(now) };
                // Who has forgotten it already has no gap.
                self.log.forgotten.retain(|dot| dot.replica != replica);
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
            .map(|dot| {
                let idle = self.retired.idle.get(&dot.replica);
                let rank = idle.map(|idle| (!idle.is_retiring, idle.since.unwrap_or(Instant::MAX)));
                (rank.unwrap_or((true, Instant::MAX)), dot.replica)
            })
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
        self.retired.idle.remove(&replica);
        // Its own renewals go on from the last number.
        if replica != own {
            self.renewals.forget(replica);
        }
    }
}

use alloc::collections::BTreeMap;
use core::time::Duration;

use waypost_model::ReplicaId;
use waypost_time::Instant;

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

/// Whose turn it is to go first: who retires before who rests, and who does so for long before others.
pub(crate) type Rank = (bool, Instant);

impl Retired {
    pub(crate) const fn new() -> Self {
        Self { idle: BTreeMap::new() }
    }

    pub(crate) fn is_retiring(&self, replica: ReplicaId) -> bool {
        self.idle.get(&replica).is_some_and(|idle| idle.is_retiring)
    }

    /// Returns when a replica is to be forgotten, compared with others.
    pub(crate) fn rank(&self, replica: ReplicaId) -> Rank {
        let rank = self.idle.get(&replica).map(|idle| (!idle.is_retiring, idle.since.unwrap_or(Instant::MAX)));
        rank.unwrap_or((true, Instant::MAX))
    }

    /// Takes a replica for retiring, that has left nothing.
    pub(crate) fn retire(&mut self, replica: ReplicaId) {
        self.idle.insert(replica, Idle { is_retiring: true, since: None });
    }

    /// Notes that a replica is neither resting nor retiring.
    pub(crate) fn remove(&mut self, replica: ReplicaId) {
        self.idle.remove(&replica);
    }

    /// Looks how long a replica has been what it is; returns whether it was resting, or else retiring, for as long as `half`. One
    /// that was resting is retiring from now on.
    pub(crate) fn look(&mut self, now: Instant, replica: ReplicaId, half: Duration) -> Option<Ended> {
        let idle = self.idle.entry(replica).or_insert(Idle { is_retiring: false, since: None });
        let since = *idle.since.get_or_insert(now);
        if since + half > now {
            return None;
        }
        if idle.is_retiring {
            return Some(Ended::Retirement);
        }
        *idle = Idle { is_retiring: true, since: Some(now) };
        Some(Ended::Rest)
    }
}

/// What was over when it was looked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    Rest,
    Retirement,
}

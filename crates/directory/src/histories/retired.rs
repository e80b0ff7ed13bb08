use alloc::{collections::BTreeMap, vec::Vec};

use waypost_model::{Dot, Key, Origin, ReplicaId, State, Version};
use waypost_time::Instant;

use crate::{ChangeRef, Directory, histories::History, registry::Place};

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
    fn retire(&mut self, now: Instant, half: core::time::Duration, own: ReplicaId) {
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

    fn forget(&mut self, replica: ReplicaId, own: ReplicaId) {
        self.version.retain(|dot| dot.replica != replica);
        self.log.forgotten.retain(|dot| dot.replica != replica);
        self.retired.idle.remove(&replica);
        // Its own renewals go on from the last number.
        if replica != own {
            self.renewals.forget(replica);
        }
    }
}

impl Directory {
    /// Forgets what a source that is mirrored has lost with its memory, when it holds no more than a version; tells whether a
    /// registration was among that.
    ///
    /// Copies made of other writes are [forgotten](Self::forget_copy): they would be merged with what the source has heard since. So
    /// are the replicas that are not in the version, once nothing of what they wrote is left, that the source is behind no longer.
    /// What is of this authority is not forgotten so: others may have heard of it.
    pub fn forget_lost(&mut self, now: Instant, origin: &Origin, held: &Version) -> bool {
        let own = self.context.config.replica;
        let Origin::Foreign(authority) = origin else { return false };
        // Who has nothing misses nothing: there is no gap.
        let here = self.feed_of(now, origin, &Version::new()).into_iter().flatten();
        let is_lost = |change: &ChangeRef<'_>| matches!(change, ChangeRef::Put(_)) && !held.contains(change.dot());
        let lost: Vec<Key> = here.filter(is_lost).map(|change| change.to_change().key().clone()).collect();
        let all = self.version_of(origin).clone();
        let forgotten = lost.iter().filter(|key| self.forget_copy(now, key, &all)).count();
        let history = self.histories.of_mut(Some(authority));
        let lost = |dot: &Dot| held.sequence(dot.replica) == 0 && !history.log.has(dot.replica);
        let lost: Vec<ReplicaId> = history.version.iter().filter(lost).map(|dot| dot.replica).collect();
        lost.into_iter().for_each(|replica| history.forget(replica, own));
        forgotten > 0
    }

    /// Looks for replicas to forget, once in a while.
    pub(crate) fn retire(&mut self, now: Instant) {
        if self.next_retirement > now {
            return;
        }
        self.began.get_or_insert(now);
        let kept = self.context.config.limits.replicas_kept;
        self.next_retirement = now + kept / LOOKS;
        let own = self.context.config.replica;
        self.histories.each(|history| history.retire(now, kept / 2, own));
    }
}

impl Directory {
    /// Returns all that is known of the registration in a slot, for a write of this replica. What it saw of replicas that are
    /// forgotten need not be named for ever.
    pub(crate) fn state_to_write(&self, now: Instant, slot: Option<u32>) -> State {
        let mut state = self.state(slot);
        if self.may_forget_replicas(now) {
            let authority = slot.and_then(|slot| self.registry.place(slot)).and_then(Place::authority);
            let history = self.histories.of(authority);
            state.forget_replicas(|replica| history.knows(replica));
        }
        state
    }

    /// Tells whether a write may leave out what it saw of replicas that are not known. What has just begun may not have heard of
    /// one that others know well.
    pub(crate) fn may_forget_replicas(&self, now: Instant) -> bool {
        let guard = self.context.config.limits.tombstone_guard;
        self.began.is_some_and(|began| began + guard <= now)
    }
}

/// How often it is looked for replicas that have left nothing, in the time after which they are forgotten.
const LOOKS: u32 = 16;

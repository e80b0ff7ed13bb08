use alloc::vec::Vec;

use waypost_model::{Dot, Key, Origin, ReplicaId, State, Version};
use waypost_time::Instant;

use crate::{ChangeRef, Directory, registry::Place};

/// Replicas that have left nothing, or have lost it.
impl Directory {
    /// Forgets what a source that is mirrored has lost with its memory, when it holds no more than a version; tells whether a
    /// registration was among that.
    ///
    /// What other writes made is [forgotten](Self::forget_copy): it would be merged with what the source has heard since. So
    /// are the replicas that are not in the version, once nothing of what they wrote is left, that the source is behind no longer.
    /// What is of this authority is not forgotten so: others may have heard of it.
    pub fn forget_lost(&mut self, now: Instant, origin: &Origin, held: &Version) -> bool {
        let own = self.context.config.replica;
        let Origin::Foreign(authority) = origin else { return false };
        // Who has nothing misses nothing: there is no gap.
        let here = self.feed_of(now, origin, &Version::new()).into_iter().flatten();
        let is_lost = |change: &ChangeRef<'_>| matches!(change, ChangeRef::Put(_)) && !held.contains(change.dot());
        let lost: Vec<(Key, Version)> = here
            .filter(is_lost)
            .map(|change| (change.to_change().key().clone(), [change.dot()].into_iter().collect()))
            .collect();
        let forgotten = lost.iter().filter(|(key, writes)| self.forget_copy(now, key, writes)).count();
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

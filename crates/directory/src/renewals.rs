use alloc::vec::Vec;
use core::time::Duration;

use waypost_model::{Dot, Origin, ReplicaId, State, Version};
use waypost_time::Instant;

use crate::{
    Directory, Refused, directory::authority_of, entry::Entry, entry::signs::Signs, histories::History,
    histories::renewals::Recent, registry::Place,
};

/// The renewals of what one replica wrote, from one number to another: see [`Directory::renewals`].
///
/// ```
/// use waypost_directory::{Config, Directory};
/// use waypost_model::{Origin, Registration, ReplicaId, Version};
/// use waypost_time::Instant;
///
/// let [start, later] = [0, 60_000].map(Instant::from_millis);
/// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// let location = directory.register(start, Registration::parse("ep=node1&base=coap://h", "")?)?.location;
/// directory.renew(later, &location)?;
///
/// let batches = directory.renewals(later, &Origin::Local, &Version::new());
/// assert_eq!((batches[0].owner, batches[0].upto), (ReplicaId(1), 1));
/// assert_eq!(batches[0].renewed[0].sequence, 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RenewalBatch {
    /// The replica that made the writes.
    pub owner: ReplicaId,
    /// The number of the last renewal before these.
    pub after: u64,
    /// The number of the last of these.
    pub upto: u64,
    /// What was renewed, by the sequence numbers of the writes, ascending.
    pub renewed: Vec<Renewed>,
}

/// One registration in a [`RenewalBatch`].
///
/// ```
/// use core::time::Duration;
/// use waypost_directory::Renewed;
///
/// let renewed = Renewed { sequence: 7, age: Duration::from_secs(3), lifetime: Duration::from_secs(90_000) };
/// assert!(renewed.age < renewed.lifetime);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Renewed {
    /// The sequence number of the write that is renewed.
    pub sequence: u64,
    /// How long ago it was renewed last.
    pub age: Duration,
    /// How long it lasts from then on; zero where that is not known, because the registration is not here.
    pub lifetime: Duration,
}

/// Where renewals of what one replica wrote were cut: see [`Directory::renewals_from`].
///
/// ```
/// use waypost_directory::RenewalsCut;
/// use waypost_model::ReplicaId;
///
/// let cut = RenewalsCut { owner: ReplicaId(1), upto: 70, sequence: 9 };
/// assert!(cut.sequence < u64::MAX);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RenewalsCut {
    /// The replica that made the writes.
    pub owner: ReplicaId,
    /// The number of the last renewal of those that were cut.
    pub upto: u64,
    /// The sequence number of the last write that was told of.
    pub sequence: u64,
}

/// Renewals, as replicas and mirrors tell them to each other.
impl Directory {
    /// Returns the numbers of the last renewals at an authority that are known here, by the replica that made the writes.
    #[must_use]
    pub fn heard(&self, origin: &Origin) -> Version {
        self.histories.of(authority_of(origin)).renewals.heard()
    }

    /// Returns what was renewed at an authority after those renewals, with the ages of now.
    ///
    /// What was renewed more than once is there once; what was renewed and then changed, removed or has expired is not. Of what others
    /// renewed and is not here, others may know more: it is there, with a lifetime of zero.
    #[must_use]
    pub fn renewals(&self, now: Instant, origin: &Origin, after: &Version) -> Vec<RenewalBatch> {
        self.renewals_from(now, origin, after, None, usize::MAX).0
    }

    /// Returns the same from where it was cut on, with at most so many renewals, or writes that were looked at for them; and where that
    /// cuts it again, if it does. The last batch is one that goes on, then.
    ///
    /// Who was told of one that goes on has heard of nothing but the ages in it: the numbers are those that it ends with.
    #[must_use]
    pub fn renewals_from(
        &self,
        now: Instant,
        origin: &Origin,
        after: &Version,
        from: Option<RenewalsCut>,
        limit: usize,
    ) -> (Vec<RenewalBatch>, Option<RenewalsCut>) {
        let history = self.histories.of(authority_of(origin));
        let (mut batches, mut room) = (Vec::new(), limit.max(1));
        for (owner, recent) in history.renewals.after(after) {
            let known = after.sequence(owner)..recent.last();
            let from = from.filter(|from| from.owner == owner && known.contains(&(from.upto.saturating_sub(1))));
            let (upto, told) = from.map_or((recent.last(), 0), |from| (from.upto, from.sequence));
            let (renewed, cut) = self.renewed(now, history, owner, recent, (known.start, told), room);
            room = room.saturating_sub(renewed.len());
            batches.push(RenewalBatch { owner, after: known.start, upto, renewed });
            let cut = cut.or_else(|| (room == 0).then_some(u64::MAX));
            if let Some(sequence) = cut {
                return (batches, Some(RenewalsCut { owner, upto, sequence }));
            }
        }
        (batches, None)
    }

    /// Takes the renewals of what another replica wrote; `renewed` has sequence numbers and ages. Tells how many were news.
    ///
    /// What is not here is passed over, and passed on.
    ///
    /// # Errors
    ///
    /// When they do not go on from what is known, which means to ask for those between; and when they are of what this
    /// replica wrote, which nobody else renews.
    pub fn apply_renewals(
        &mut self,
        now: Instant,
        origin: &Origin,
        (owner, after, upto): (ReplicaId, u64, u64),
        renewed: impl IntoIterator<Item = (u64, Duration)>,
    ) -> Result<usize, Refused> {
        let news = self.apply_renewals_in_part(now, origin, (owner, after, upto), renewed)?;
        let history = self.histories.of(authority_of(origin));
        if upto > history.renewals.sequence(owner) && history.knows(owner) {
            self.histories.of_mut(authority_of(origin)).renewals.advance(owner, upto);
        }
        Ok(news)
    }

    /// Takes some of them in the same way, of a batch that [goes on](Self::renewals_from): nothing of it counts as heard.
    ///
    /// # Errors
    ///
    /// As [`Directory::apply_renewals`].
    pub fn apply_renewals_in_part(
        &mut self,
        now: Instant,
        origin: &Origin,
        (owner, after, upto): (ReplicaId, u64, u64),
        renewed: impl IntoIterator<Item = (u64, Duration)>,
    ) -> Result<usize, Refused> {
        let authority = authority_of(origin);
        let known = self.histories.of(authority).renewals.sequence(owner);
        if self.is_own(origin, owner) {
            return Err(Refused::Implausible { what: "replica" });
        }
        if after > known {
            return Err(Refused::Implausible { what: "number of a renewal" });
        }
        // Of a replica that has left nothing, there is nothing to renew.
        if upto <= known || !self.histories.of(authority).knows(owner) {
            return Ok(0);
        }
        let limits = self.context.config.limits;
        let mut news = 0;
        for (sequence, age) in renewed {
            let dot = Dot::new(owner, sequence);
            let history = self.histories.of_mut(authority);
            let Some(slot) = history.log.slot(dot) else {
                // What is still to come comes with its age.
                if sequence > 0 && history.version.contains(dot) {
                    history.renewals.absent.note(dot, upto, now.saturating_sub(age), limits.absent_renewals);
                }
                continue;
            };
            // Also what is no news here is some to whoever asks here.
            news += usize::from(self.renew_copy(now, slot, dot, age));
            self.histories.of_mut(authority).renewals.note_heard(owner, upto, slot, limits.renewals);
        }
        Ok(news)
    }

    /// Renews a registration since a write of another replica says that it was renewed; tells whether that makes it younger.
    pub(crate) fn renew_by(&mut self, now: Instant, slot: u32, dot: Dot, age: Duration) -> bool {
        let own = |entry: &Entry, replica| entry.is_local() && replica == self.context.config.replica;
        let seen = now.saturating_sub(age);
        let Some(entry) = self.registry.entry(slot).filter(|entry| !own(entry, dot.replica)) else { return false };
        // What took the place of that write did not see it: its owner may never hear of it, as it is in no feed any more.
        let is_to_be_told = entry.is_local() && entry.state().is_none() && entry.stamp().dot != dot;
        if !is_to_be_told {
            return self.renew_copy(now, slot, dot, age);
        }
        let is_younger = seen > entry.seen && age < entry.lifetime().duration();
        if is_younger {
            self.renew_since(now, slot, seen);
        }
        is_younger
    }

    /// Renews what another replica wrote; tells whether that makes it younger.
    fn renew_copy(&mut self, now: Instant, slot: u32, dot: Dot, age: Duration) -> bool {
        let seen = now.saturating_sub(age);
        self.hide_expired(now, slot);
        let Some(entry) = self.registry.entry_mut(slot) else { return false };
        if entry.is_shown() && entry.state().is_none() {
            let is_younger = seen > entry.seen && age < entry.lifetime().duration();
            if is_younger {
                entry.renew(seen);
            }
            return is_younger;
        }
        let (token, mut signs) = (entry.token(), Signs::of_entry(entry));
        let state = self.state(Some(slot));
        // What says the same as all of them is a sign of life of each.
        let is_one = state.records().any(|record| record.dot() == dot);
        let mut is_younger = false;
        for record in state.records().filter(|record| !is_one || record.dot() == dot) {
            if seen > signs.of(record.dot()) && age < record.lifetime.value.duration() {
                signs.set(record.dot(), seen);
                is_younger = true;
            }
        }
        if is_younger {
            if let Some(entry) = self.registry.entry_mut(slot) {
                entry.renewals = entry.renewals.saturating_add(1);
            }
            self.settle(now, token, state, &signs, seen);
        }
        is_younger
    }

    /// Returns what of the writes after one was renewed after a number, and the last write that was looked at, where there are more
    /// than there is room for.
    fn renewed(
        &self,
        now: Instant,
        history: &History,
        owner: ReplicaId,
        recent: &Recent,
        (after, told): (u64, u64),
        room: usize,
    ) -> (Vec<Renewed>, Option<u64>) {
        let mut last = None;
        let of_slot = |slot: u32| {
            let entry = self.registry.place(slot).and_then(Place::entry);
            let alone = entry.filter(|entry| entry.state().is_none());
            let alone = alone.map(|entry| (entry.stamp().dot, entry.seen, entry.lifetime()));
            let signs = entry.map(Signs::of_entry).unwrap_or(Signs::all(now));
            let several = entry.and_then(Entry::state).into_iter().flat_map(State::records);
            let several = several.map(move |record| (record.dot(), signs.of(record.dot()), record.lifetime.value));
            alone.into_iter().chain(several).filter_map(move |(dot, seen, lifetime)| {
                let (age, lifetime) = (now.saturating_since(seen), lifetime.duration());
                let is_known = dot.replica == owner && age < lifetime;
                is_known.then_some(Renewed { sequence: dot.sequence, age, lifetime })
            })
        };
        let mut renewed: Vec<Renewed> = if let Some(slots) = recent.slots_after(after) {
            slots.flat_map(of_slot).collect()
        } else {
            // It reaches back too far: the ages of all.
            let mut all = history.log.after(Dot::new(owner, told)).into_iter().flatten().peekable();
            let looked_at = all.by_ref().take(room).flat_map(|(sequence, slot)| {
                last = Some(sequence);
                of_slot(slot)
            });
            let renewed = looked_at.collect();
            last = last.filter(|_| all.peek().is_some());
            renewed
        };
        renewed.extend(history.renewals.absent.after(now, owner, after).map(|(dot, seen)| Renewed {
            sequence: dot.sequence,
            age: now.saturating_since(seen),
            lifetime: Duration::ZERO,
        }));
        renewed.sort_unstable_by_key(|renewed| (renewed.sequence, renewed.age));
        renewed.dedup_by_key(|renewed| renewed.sequence);
        renewed.retain(|renewed| renewed.sequence > told && last.is_none_or(|last| renewed.sequence <= last));
        if renewed.len() > room {
            renewed.truncate(room);
            last = renewed.last().map(|renewed| renewed.sequence);
        }
        (renewed, last)
    }
}

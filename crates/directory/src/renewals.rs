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
        let history = self.histories.of(authority_of(origin));
        let batch = |(owner, recent)| self.batch(now, history, owner, recent, after.sequence(owner));
        history.renewals.after(after).map(batch).collect()
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
        self.histories.of_mut(authority).renewals.advance(owner, upto);
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

    fn batch(&self, now: Instant, history: &History, owner: ReplicaId, recent: &Recent, after: u64) -> RenewalBatch {
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
            let all = history.log.after(Dot::new(owner, 0));
            all.into_iter().flatten().flat_map(|(_, slot)| of_slot(slot)).collect()
        };
        renewed.extend(history.renewals.absent.after(now, owner, after).map(|(dot, seen)| Renewed {
            sequence: dot.sequence,
            age: now.saturating_since(seen),
            lifetime: Duration::ZERO,
        }));
        renewed.sort_unstable_by_key(|renewed| (renewed.sequence, renewed.age));
        renewed.dedup_by_key(|renewed| renewed.sequence);
        RenewalBatch { owner, after, upto: recent.last(), renewed }
    }
}

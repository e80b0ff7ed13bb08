use alloc::vec::Vec;
use core::time::Duration;

use waypost_model::{
    Change, Clock, Dot, Key, Lifetime, Location, Merged, Origin, Record, Removal, Renewal, ReplicaId, Timestamp,
    Version,
};
use waypost_time::Instant;

use crate::{Applied, Directory, Refused, directory::authority_of, entry::signs::Signs, entry::token::Token};

/// Changes that were made elsewhere.
impl Directory {
    /// Takes a change that was made at another replica or another authority.
    ///
    /// A registration may come that has expired already: then it takes the place of a copy that would live longer. A change
    /// may come late, again, and after newer ones. It does not count in [`version`](Self::version) by itself, because an
    /// earlier one may still be missing: see [`advance`](Self::advance).
    ///
    /// # Errors
    ///
    /// When the change cannot be right, when a limit is reached, and when the change shows that this replica has lost
    /// writes of its own. Nothing has changed then.
    pub fn apply(&mut self, now: Instant, change: Change) -> Result<Applied, Refused> {
        let token = Token::of(&self.context.config.secret, change.key());
        let slot = self.present_slot(now, token, change.key())?;
        match change {
            Change::Put { record, age } => self.put(now, token, slot, *record, age),
            Change::Renew(renewal) => self.apply_renewal(now, slot, &renewal),
            Change::Remove(removal) => self.apply_removal(now, token, slot, removal),
        }
    }

    /// Notes that everything in a version was taken in: what a feed ended in, once all its changes were applied.
    ///
    /// # Errors
    ///
    /// When this replica has lost writes of its own that are in the version, and when there are too many replicas.
    pub fn advance(&mut self, version: &Version) -> Result<(), Refused> {
        self.advance_of(&Origin::Local, version)
    }

    /// Notes the same of the writes at any authority.
    ///
    /// # Errors
    ///
    /// As [`advance`](Self::advance).
    pub fn advance_of(&mut self, origin: &Origin, version: &Version) -> Result<(), Refused> {
        self.check_version(origin, version)?;
        let (limit, own) = (self.context.config.limits.replicas, self.context.config.replica);
        let merged = |directory: &Self| {
            let mut merged = directory.version_of(origin).clone();
            merged.merge(version);
            merged
        };
        let over = merged(self).len().saturating_sub(limit);
        if over > 0 && version.len() <= limit {
            self.histories.of_mut(authority_of(origin)).make_room(over, version, own);
        }
        self.check_replicas(&merged(self))?;
        self.histories.of_mut(authority_of(origin)).advance(version);
        Ok(())
    }

    fn put(
        &mut self,
        now: Instant,
        token: Token,
        slot: Option<u32>,
        record: Record,
        age: Duration,
    ) -> Result<Applied, Refused> {
        self.check_dot(&record.key.origin, record.dot(), &record.seen, is_renewal(&record))?;
        self.check_unique(&record.key.origin, record.dot(), slot)?;
        self.check_place(&record.key, record.location.as_ref(), token)?;
        self.check_record(&record)?;
        // It may have been renewed while it was not here.
        let renewed = self.histories.of(authority_of(&record.key.origin)).renewals.absent.seen(record.dot());
        let age = renewed.map_or(age, |seen| age.min(now.saturating_since(seen)));
        let lifetime = record.lifetime.value.duration();
        if age > lifetime + Lifetime::MAX.duration() {
            return Err(Refused::Implausible { what: "age" });
        }
        let clock = self.clock_after(now, &record.key.origin, record.latest())?;
        let seen = now.saturating_sub(age);
        let (dot, origin) = (record.dot(), record.key.origin.clone());
        let entry = slot.and_then(|slot| self.registry.entry(slot));
        let (is_new, mut signs) = (entry.is_none(), entry.map_or(Signs::all(seen), Signs::of_entry));
        let mut state = self.state(slot);
        let before: Vec<Dot> = state.records().map(Record::dot).collect();
        // Nobody else renews what this replica wrote: what it has no more has expired, however late others heard of it.
        if self.is_own(&origin, dot.replica) && !before.contains(&dot) {
            return Ok(Applied::Unchanged);
        }
        let merged = state.merge(Change::Put { record: record.into(), age });
        let applied = match merged {
            Merged::Unchanged => {
                // It tells when the endpoint was alive, whatever took its place meanwhile.
                let is_younger = slot.is_some_and(|slot| self.renew_by(now, slot, dot, age));
                return Ok(if is_younger { Applied::Changed } else { Applied::Unchanged });
            }
            Merged::Renewed | Merged::Changed => Applied::Changed,
            Merged::Conflict(conflict) => Applied::Conflict(conflict),
        };
        // So does what was known of it, and what it takes the place of.
        let seen = if before.contains(&dot) { seen.max(signs.of(dot)) } else { seen };
        let replaced = before.into_iter().filter(|dot| state.records().all(|record| record.dot() != *dot));
        let later = replaced.map(|dot| signs.of(dot)).max().filter(|sign| *sign > seen);
        signs.set(dot, later.unwrap_or(seen));
        signs.bury(now, &mut state);
        if state.len() > MAX_WRITES {
            return Err(Refused::OverLimit { what: "concurrent writes", limit: MAX_WRITES });
        }
        // What several writes merge to is no longer what was checked.
        if let Some(record) = state.record() {
            self.check_record(&record)?;
        }
        if is_new && state.is_alive() {
            self.make_room(now)?;
        }
        self.clock = clock;
        let copies_until = seen + lifetime;
        self.settle(now, token, state, &signs, copies_until);
        // Who made it did not hear of what was renewed meanwhile, and who renewed that may not be there to tell.
        if let (Some(slot), Some(sign)) = (slot, later)
            && origin.is_local()
            && sign + lifetime > now
        {
            self.renew_since(now, slot, sign);
        }
        Ok(applied)
    }

    fn apply_renewal(&mut self, now: Instant, slot: Option<u32>, renewal: &Renewal) -> Result<Applied, Refused> {
        let Some((slot, entry)) = slot.and_then(|slot| Some((slot, self.registry.entry(slot)?))) else {
            return Ok(Applied::Unchanged);
        };
        if renewal.age >= entry.lifetime().duration() {
            return Err(Refused::Implausible { what: "age" });
        }
        // Nobody else renews what this replica wrote.
        if self.is_own(&renewal.key.origin, renewal.dot.replica) {
            return Err(Refused::Implausible { what: "dot" });
        }
        let mut state = self.state(Some(slot));
        if state.merge(Change::Renew(renewal.clone())) != Merged::Renewed {
            return Ok(Applied::Unchanged);
        }
        let seen = now.saturating_sub(renewal.age);
        let token = entry.token();
        if entry.is_shown() && entry.state().is_none() {
            if let Some(entry) = self.registry.entry_mut(slot) {
                entry.renewals = renewal.renewals;
                entry.seen = entry.seen.max(seen);
            }
        } else {
            let mut signs = Signs::of_entry(entry);
            signs.set(renewal.dot, seen.max(signs.of(renewal.dot)));
            self.settle(now, token, state, &signs, seen);
        }
        Ok(Applied::Changed)
    }

    fn apply_removal(
        &mut self,
        now: Instant,
        token: Token,
        slot: Option<u32>,
        mut removal: Removal,
    ) -> Result<Applied, Refused> {
        self.check_dot(&removal.key.origin, removal.stamp.dot, &removal.seen, false)?;
        self.check_unique(&removal.key.origin, removal.stamp.dot, slot)?;
        let clock = self.clock_after(now, &removal.key.origin, removal.stamp.time)?;
        // No copy can live longer than the longest lifetime.
        removal.horizon = removal.horizon.min(Lifetime::MAX.duration() + self.context.config.limits.tombstone_guard);
        if slot.is_none() && self.registry.end() as usize >= crate::documents::MAX_SLOTS {
            return Err(Refused::OverLimit { what: "registrations", limit: crate::documents::MAX_SLOTS });
        }
        let entry = slot.and_then(|slot| self.registry.entry(slot));
        let (signs, seen) = entry.map_or((Signs::all(now), now), |entry| (Signs::of_entry(entry), entry.seen));
        let mut state = self.state(slot);
        let merged = state.merge(Change::Remove(removal));
        if merged == Merged::Unchanged {
            return Ok(Applied::Unchanged);
        }
        signs.bury(now, &mut state);
        if state.len() > MAX_WRITES {
            return Err(Refused::OverLimit { what: "concurrent writes", limit: MAX_WRITES });
        }
        self.clock = clock;
        self.settle(now, token, state, &signs, seen);
        Ok(Applied::Changed)
    }

    /// Returns the clock as it is after a write at an authority was seen. Those of other authorities do not set it: only replicas
    /// of one authority write about the same.
    fn clock_after(&self, now: Instant, origin: &Origin, latest: Timestamp) -> Result<Clock, Refused> {
        let mut clock = self.clock.clone();
        clock.observe(self.millis(now), latest).map_err(|_| Refused::Early)?;
        Ok(if origin.is_local() { clock } else { self.clock.clone() })
    }

    /// Checks that a write can be one that another replica made after those that it says it saw.
    fn check_dot(&self, origin: &Origin, dot: Dot, seen: &Version, is_renewal: bool) -> Result<(), Refused> {
        let last = seen.sequence(dot.replica);
        // A renewal does not count as seen, not even by itself.
        let is_last = if is_renewal { !seen.is_empty() && last < dot.sequence } else { last == dot.sequence };
        if dot.sequence == 0 || !is_last {
            return Err(Refused::Implausible { what: "dot" });
        }
        self.check_version(origin, seen)?;
        self.check_write(origin, dot)?;
        // Itself, and as many as may be known.
        let limit = self.context.config.limits.replicas;
        if seen.len() > limit.saturating_add(1) { Err(Refused::OverLimit { what: "replicas", limit }) } else { Ok(()) }
    }

    /// Checks that a write is not known to have changed another registration: the log has one place for each.
    fn check_unique(&self, origin: &Origin, dot: Dot, slot: Option<u32>) -> Result<(), Refused> {
        match self.histories.of(authority_of(origin)).log.slot(dot) {
            Some(other) if Some(other) != slot => Err(Refused::Implausible { what: "dot" }),
            _ => Ok(()),
        }
    }

    /// Checks that a version claims no more of this replica than it has written, and no write after which there can be no
    /// other.
    fn check_version(&self, origin: &Origin, version: &Version) -> Result<(), Refused> {
        version.iter().try_for_each(|dot| self.check_write(origin, dot))
    }

    fn check_write(&self, origin: &Origin, dot: Dot) -> Result<(), Refused> {
        if dot.sequence > MAX_SEQUENCE {
            return Err(Refused::Implausible { what: "sequence" });
        }
        // Nobody else writes in the name of this replica, unless it was that itself in an earlier life.
        let is_own = self.is_own(origin, dot.replica);
        let is_ahead = is_own && dot.sequence > self.histories.of(authority_of(origin)).written;
        if is_ahead { Err(Refused::ForgottenWrites) } else { Ok(()) }
    }

    /// Tells whether the writes of a replica at an authority are those of this one. Another authority may have one of the same id.
    pub(crate) fn is_own(&self, origin: &Origin, replica: ReplicaId) -> bool {
        origin.is_local() && replica == self.context.config.replica
    }

    fn check_replicas(&self, version: &Version) -> Result<(), Refused> {
        let limit = self.context.config.limits.replicas;
        if version.len() > limit { Err(Refused::OverLimit { what: "replicas", limit }) } else { Ok(()) }
    }

    fn check_place(&self, key: &Key, location: Option<&Location>, token: Token) -> Result<(), Refused> {
        match (&key.origin, location) {
            (Origin::Local, None) => Ok(()),
            (Origin::Foreign(authority), Some(location)) => self.check_foreign(authority, location, token),
            _ => Err(Refused::Implausible { what: "location" }),
        }
    }
}

/// Tells whether a write is a renewal, and set no field.
fn is_renewal(record: &Record) -> bool {
    let own = record.written;
    let fields = [record.first, record.replaced, record.base.stamp, record.lifetime.stamp, record.links.stamp];
    let attributes = record.attributes.values().map(|values| values.stamp);
    record.is_renewal() && fields.into_iter().chain(attributes).all(|stamp| stamp != own)
}

/// A replica that makes a million writes a second gets here in half a million years.
const MAX_SEQUENCE: u64 = u64::MAX >> 4;

/// Writes of one registration that did not see each other: one per replica at worst, and two or three in practice.
const MAX_WRITES: usize = 64;

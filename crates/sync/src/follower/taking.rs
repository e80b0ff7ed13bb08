use alloc::boxed::Box;

use waypost_directory::{Applied, Refused, RenewalsCut};
use waypost_model::{Authority, Change, Dot, Key, Location, Origin, Record, Removal, ReplicaId, Version};

use super::{Follower, Surroundings, Taken};
use crate::passage::Passage;
use crate::subject::Subject;
use crate::wire::{Answer, ArrivedPut, Incomplete, Item, Packed};
use crate::{Malformed, SyncEvent};

/// What a follower does with the items of an answer.
impl Follower {
    pub(super) fn take(&mut self, surroundings: &mut Surroundings<'_>, answer: Answer<'_>, cursor: &Version) -> Taken {
        let held_nothing = self.cursor(surroundings.directory).is_empty();
        let (mut taken, mut is_early, mut caught_up) = (Taken::All, false, None);
        let limits = &surroundings.config.limits;
        let (mut room, mut renewals) = (limits.received_bytes, limits.renewals);
        for item in answer {
            let next = match item {
                Ok(Item::Passage(passage)) => {
                    caught_up = Some(passage).filter(|passage| passage.age.is_zero());
                    self.pass(surroundings, passage)
                }
                Ok(Item::Mark(mark)) => {
                    self.is_outdated |= self.mark.replace(mark).is_some_and(|before| before != mark);
                    None
                }
                Ok(Item::Begin { after }) if !self.cursor(surroundings.directory).contains(after) => Some(Taken::Gap),
                Ok(Item::Begin { .. }) => {
                    is_early = false;
                    None
                }
                Ok(Item::Put(put)) => self.put(surroundings, *put, &mut room),
                Ok(Item::Removal(removal)) => self.remove(surroundings, removal),
                Ok(Item::Leave(dot, mut key)) => {
                    self.place_key(&mut key);
                    self.leave(surroundings, dot, &key);
                    None
                }
                Ok(Item::End { upto }) if is_early || self.is_after_early(upto) => self.pass_early(surroundings, upto),
                Ok(Item::End { upto }) => self.advance(surroundings, &[upto].into_iter().collect()),
                Ok(Item::Renewals { owner, after, upto, renewed, told }) => {
                    self.renew(surroundings, (owner, after, upto), renewed, told, &mut renewals)
                }
                Ok(Item::Digest(there)) => {
                    self.note_held(cursor);
                    self.doubt(surroundings, there);
                    None
                }
                Ok(Item::Behind(version)) => {
                    self.find_lost(surroundings, &version);
                    None
                }
                Ok(Item::More(upto)) => {
                    if let Some(selection) = &mut self.selection
                        && held_nothing
                    {
                        selection.news = upto;
                    }
                    taken = Taken::More;
                    None
                }
                Err(malformed) => Some(self.misread(surroundings, malformed)),
            };
            match next {
                Some(Taken::Early) => is_early = true,
                Some(next) => return next,
                None => {}
            }
        }
        if taken == Taken::All && self.is_outdated {
            return Taken::Outdated;
        }
        if let Some(passage) = caught_up.filter(|_| taken == Taken::All) {
            self.passage = Some((surroundings.now, passage));
        }
        taken
    }

    /// Reports that what the source said cannot be read.
    pub(super) fn misread(&self, surroundings: &mut Surroundings<'_>, malformed: Malformed) -> Taken {
        (surroundings.events)(SyncEvent::Malformed { source: self.name.clone(), malformed });
        Taken::Malformed
    }

    /// Notes how the source has come by what it passes on; tells whether that is taken. That the source has caught up with the
    /// authority says nothing about what is here before all of it is.
    fn pass(&mut self, surroundings: &mut Surroundings<'_>, passage: Passage) -> Option<Taken> {
        if let Subject::Through(authority) = &self.subject
            && passage.hops > surroundings.config.limits.hops
        {
            let (source, authority) = (self.name.clone(), authority.clone());
            (surroundings.events)(SyncEvent::TooFar { source, authority, hops: passage.hops });
            return Some(Taken::Stopped);
        }
        if !passage.age.is_zero() {
            self.passage = Some((surroundings.now, passage));
        }
        None
    }

    /// Takes a registration. Deltas may make so many octets of links as there is `room` for.
    pub(super) fn put(
        &mut self,
        surroundings: &mut Surroundings<'_>,
        mut put: ArrivedPut,
        room: &mut usize,
    ) -> Option<Taken> {
        self.place_key(&mut put.key);
        let (age, place, key, is_by_delta) = (put.age, put.place.take(), put.key.clone(), put.is_by_delta());
        // To make the record that is here costs as much as to take the one that came.
        let present = if put.is_whole() { None } else { surroundings.directory.record(&key) };
        let mut record = match put.complete(present.as_ref()) {
            Ok(record) => record,
            Err(Incomplete::Missing) => return Some(Taken::Incomplete),
            Err(Incomplete::Astray) => {
                self.refuse(surroundings, Some(key), Refused::Implausible { what: "links" });
                return Some(Taken::Incomplete);
            }
        };
        if is_by_delta {
            match room.checked_sub(record.links.value.as_str().len()) {
                Some(left) => *room = left,
                None => return Some(Taken::TooLarge),
            }
        }
        if let Origin::Foreign(authority) = &key.origin
            && !self.place_record(&mut record, authority, place.as_deref())
        {
            let refused = Refused::Implausible { what: "location" };
            (surroundings.events)(SyncEvent::Refused { source: self.name.clone(), key: Some(key), refused });
            return None;
        }
        if let Some(anew) = &mut self.anew {
            anew.unmentioned.remove(&record.dot());
        }
        self.apply(surroundings, Change::Put { record: Box::new(record), age })
    }

    /// Takes a removal.
    pub(super) fn remove(&mut self, surroundings: &mut Surroundings<'_>, mut removal: Removal) -> Option<Taken> {
        self.place_key(&mut removal.key);
        self.apply(surroundings, Change::Remove(removal))
    }

    fn apply(&mut self, surroundings: &mut Surroundings<'_>, change: Change) -> Option<Taken> {
        let key = change.key().clone();
        let source = self.name.clone();
        match surroundings.directory.apply(surroundings.now, change) {
            Ok(Applied::Conflict(conflict)) => {
                self.has_news = true;
                (surroundings.events)(SyncEvent::Conflict { source, key, conflict });
                None
            }
            Ok(applied) => {
                self.has_news |= applied != Applied::Unchanged;
                None
            }
            Err(refused) => {
                if let Some(anew) = &mut self.anew
                    && surroundings.directory.record(&key).is_some()
                {
                    anew.refused.insert(key.clone());
                }
                self.refuse(surroundings, Some(key), refused)
            }
        }
    }

    /// Forgets what has left the selection, unless it is known already.
    fn leave(&mut self, surroundings: &mut Surroundings<'_>, dot: Dot, key: &Key) {
        let mut version = self.cursor(surroundings.directory).into_owned();
        if !version.contains(dot) {
            version.insert(dot);
            surroundings.directory.forget_copy(surroundings.now, key, &version);
        }
    }

    /// Takes renewals, as many as there is `room` for: a few octets can stand for very many. They may be `told` of as far as to a write,
    /// and go on. Those of what this replica wrote come back from others, and are no news.
    fn renew(
        &mut self,
        surroundings: &mut Surroundings<'_>,
        (owner, after, upto): (ReplicaId, u64, u64),
        renewed: Packed<'_>,
        told: Option<u64>,
        room: &mut usize,
    ) -> Option<Taken> {
        let origin = &self.origin;
        let directory = &mut *surroundings.directory;
        if origin.is_local() && owner == directory.config().replica {
            return None;
        }
        if directory.heard(origin).sequence(owner) < after {
            return Some(Taken::Gap);
        }
        let Some(left) = room.checked_sub(renewed.total()) else { return Some(Taken::TooLarge) };
        *room = left;
        if told.is_some() || self.renewals_cut.is_some_and(|cut| cut.owner == owner) {
            self.renewals_cut = told.map(|sequence| RenewalsCut { owner, upto, sequence });
        }
        let (now, batch) = (surroundings.now, (owner, after, upto));
        let applied = match told {
            Some(_) => directory.apply_renewals_in_part(now, origin, batch, renewed),
            None => directory.apply_renewals(now, origin, batch, renewed),
        };
        match applied {
            Ok(count) => {
                self.has_news |= count > 0;
                None
            }
            Err(refused) => self.refuse(surroundings, None, refused),
        }
    }

    /// Notes that everything in a version was taken.
    pub(super) fn advance(&mut self, surroundings: &mut Surroundings<'_>, version: &Version) -> Option<Taken> {
        if let Err(refused) = surroundings.directory.advance_of(&self.origin, version) {
            return self.refuse(surroundings, None, refused);
        }
        if let Some(anew) = &mut self.anew {
            anew.cursor.merge(version);
            // There are as many replicas as a source makes up: no more of them count as held than the directory keeps.
            if anew.cursor.len() > surroundings.directory.config().limits.replicas {
                let held = surroundings.directory.version_of(&self.origin);
                anew.cursor.retain(|dot| held.contains(*dot));
            }
        }
        None
    }

    /// Reports what was not taken. What can never be right is passed over; where there is no room, nothing more is taken, so
    /// that it is asked for again when there may be; what comes too early is asked for again when it may be time.
    fn refuse(&mut self, surroundings: &mut Surroundings<'_>, key: Option<Key>, refused: Refused) -> Option<Taken> {
        let source = self.name.clone();
        let (event, taken) = match refused {
            Refused::ForgottenWrites => (SyncEvent::ForgottenWrites { source }, Some(Taken::Stopped)),
            Refused::Early => (SyncEvent::Refused { source, key, refused }, Some(Taken::Early)),
            Refused::OverLimit { .. } => (SyncEvent::Refused { source, key, refused }, Some(Taken::Stopped)),
            refused => (SyncEvent::Refused { source, key, refused }, None),
        };
        (surroundings.events)(event);
        taken
    }

    /// Says where a registration was made, which the source does not say.
    fn place_key(&self, key: &mut Key) {
        key.origin = self.origin.clone();
    }

    /// Gives a mirrored record its URI; tells whether the place can be that of a registration of the source.
    fn place_record(&self, record: &mut Record, authority: &Authority, place: Option<&str>) -> bool {
        // In the one spelling of a path, so that no two are one to whoever resolves them.
        let Some(place) = place.and_then(|place| Location::new(place).ok()).filter(Location::is_local) else {
            return false;
        };
        record.location = Location::new(&[authority.as_str(), place.as_str()].concat()).ok();
        record.location.is_some()
    }
}

use core::time::Duration;

use waypost_model::{
    Authority, BaseSource, Change, Dot, Key, Location, Origin, Record, Registration, Stamp, State, Update,
};
use waypost_time::Instant;

use crate::{Directory, RecordRef, Refused, entry::Entry, entry::signs::Signs, entry::token::Token, registry::Place};

/// What a registration request led to.
///
/// ```
/// use waypost_directory::{Config, Directory};
/// use waypost_model::{Base, EndpointName, Registration, ReplicaId};
/// use waypost_time::Instant;
///
/// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
/// let registration = Registration::new(EndpointName::new("node1").unwrap(), base, Default::default());
/// let first = directory.register(Instant::ZERO, registration.clone()).unwrap();
/// let again = directory.register(Instant::ZERO, registration).unwrap();
/// assert!(first.is_new && !again.is_new);
/// assert_eq!(first.location, again.location);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered {
    /// Where the registration resource is.
    pub location: Location,
    /// Whether there was no live registration of that name before.
    pub is_new: bool,
}

impl Directory {
    /// Registers an endpoint, or replaces its registration with all its parameters ([RFC 9176 §5]).
    ///
    /// To register the same again is a renewal, where this replica made the last write. Whether the registrant may replace
    /// what is there is for the caller to decide, by the [credentials](crate::Endpoint::credentials) of the registration
    /// that is at [`locate`](Self::locate).
    ///
    /// # Errors
    ///
    /// When a limit is reached, and when the location would be that of another registration.
    ///
    /// [RFC 9176 §5]: https://www.rfc-editor.org/rfc/rfc9176#section-5
    pub fn register(&mut self, now: Instant, registration: Registration) -> Result<Registered, Refused> {
        let key = registration.key();
        let token = Token::of(&self.context.config.secret, &key);
        let slot = self.present_slot(now, token, &key)?;
        self.check_registration(&registration)?;
        let present = slot.and_then(|slot| Some((slot, self.registry.entry(slot)?)));
        let location = self.context.location(token);
        let is_new = present.is_none_or(|(_, entry)| !entry.is_shown() || entry.is_expired(now));
        if let Some((slot, entry)) = present
            // Elsewhere it may have been removed meanwhile: that would undo a renewal, and not a registration.
            && entry.stamp().dot.replica == self.context.config.replica
            && self.is_same(entry, &registration)
        {
            self.renew_slot(now, slot);
            return Ok(Registered { location, is_new });
        }
        if present.is_none() {
            self.make_room(now)?;
        }
        let stamp = self.next_stamp(now, None);
        let mut state = self.state_to_write(now, slot);
        state.register(registration, stamp);
        self.histories.local.note_own(stamp.dot);
        self.settle(now, token, state, &Signs::all(now), now);
        Ok(Registered { location, is_new })
    }

    /// Changes parameters of a registration and renews it ([RFC 9176 §5.3.1]); an empty update is a renewal.
    ///
    /// It also revives a registration that has expired and is kept. A given base replaces any base. An observed base, the
    /// source address of the update, replaces an observed base only: once a base was given, it is kept until another is
    /// given. So a server can pass the source address with each update. Parameters that are as they were are no change.
    ///
    /// # Errors
    ///
    /// When there is no such registration, when it was made elsewhere, and when a limit is reached.
    ///
    /// [RFC 9176 §5.3.1]: https://www.rfc-editor.org/rfc/rfc9176#section-5.3.1
    pub fn update(&mut self, now: Instant, location: &Location, update: Update) -> Result<(), Refused> {
        let slot = self.own_present(now, location)?;
        let update = self.reduce(&self.registry[slot], update);
        if update.is_empty() {
            self.renew_slot(now, slot);
            return Ok(());
        }
        let stamp = self.next_stamp(now, None);
        if self.registry[slot].state().is_none() {
            return self.update_entry(now, slot, &update, stamp);
        }
        let mut state = self.state_to_write(now, Some(slot));
        let has_links = update.links.is_some();
        if let Some(record) = state.update(update, stamp) {
            if has_links { self.check_record(record) } else { self.check_update(record) }?;
        }
        self.histories.local.note_own(stamp.dot);
        self.settle(now, self.registry[slot].token(), state, &Signs::all(now), now);
        Ok(())
    }

    /// Renews a registration for its lifetime from now on ([RFC 9176 §5.3.1]).
    ///
    /// It also revives one that has expired and is kept. A renewal that changes nothing else is no write: it takes no dot
    /// and wakes no watch. One that arrives at a replica that did not make the last write takes the registration over,
    /// with a write of its own, since only the owner of a write may renew it. Such a write says nothing else: if the
    /// registration was removed elsewhere meanwhile, it stays removed.
    ///
    /// # Errors
    ///
    /// When there is no such registration, and when it was made elsewhere.
    ///
    /// [RFC 9176 §5.3.1]: https://www.rfc-editor.org/rfc/rfc9176#section-5.3.1
    pub fn renew(&mut self, now: Instant, location: &Location) -> Result<(), Refused> {
        let slot = self.own_present(now, location)?;
        self.renew_slot(now, slot);
        Ok(())
    }

    /// Removes a registration ([RFC 9176 §5.3.2]).
    ///
    /// # Errors
    ///
    /// When there is no such registration, and when it was made elsewhere.
    ///
    /// [RFC 9176 §5.3.2]: https://www.rfc-editor.org/rfc/rfc9176#section-5.3.2
    pub fn remove(&mut self, now: Instant, location: &Location) -> Result<(), Refused> {
        let slot = self.own(location)?;
        self.remove_slot(now, slot);
        Ok(())
    }

    /// Takes in, or brings up to date, a registration of another directory that was read by look-ups there.
    ///
    /// `location` is its URI there, `age` the time since it was last renewed, as far as known. It is shown with that URI,
    /// beside the local ones.
    ///
    /// # Errors
    ///
    /// When a limit is reached, when the location is no URI of another directory or belongs to another registration, and
    /// when the registration has expired already.
    pub fn mirror(
        &mut self,
        now: Instant,
        location: Location,
        registration: Registration,
        age: Duration,
    ) -> Result<Registered, Refused> {
        let implausible = Refused::Implausible { what: "location" };
        let authority = Authority::of(location.as_str()).map_err(|_| implausible)?;
        let own = registration.key();
        let key = Key { origin: Origin::Foreign(authority.clone()), ..own };
        let token = Token::of(&self.context.config.secret, &key);
        let slot = self.present_slot(now, token, &key)?;
        self.check_foreign(&authority, &location, token)?;
        self.check_registration(&registration)?;
        if age >= registration.lifetime.duration() {
            return Err(Refused::Implausible { what: "age" });
        }
        let present = slot.and_then(|slot| Some((slot, self.registry.entry(slot)?)));
        let seen = now.saturating_sub(age);
        let is_new = present.is_none_or(|(_, entry)| !entry.is_shown() || entry.is_expired(now));
        if let Some((slot, entry)) = present
            && entry.foreign_uri() == location.as_str()
            && self.is_same(entry, &registration)
        {
            self.renew_since(now, slot, seen);
            return Ok(Registered { location, is_new });
        }
        if present.is_none() {
            self.make_room(now)?;
        }
        let stamp = self.next_stamp(now, Some(&authority));
        let mut state = self.state(slot);
        self.histories.of_mut(Some(&authority)).note_own(stamp.dot);
        let record = Record::register(registration, stamp, state.seen()).at(authority, location.clone());
        state.merge(Change::Put { record: record.into(), age });
        self.settle(now, token, state, &Signs::all(seen), seen);
        Ok(Registered { location, is_new })
    }

    /// Removes a registration of another directory that is no longer there.
    ///
    /// # Errors
    ///
    /// When there is no such registration, and when it is a local one.
    pub fn unmirror(&mut self, now: Instant, location: &Location) -> Result<(), Refused> {
        let slot = self.find(location.as_str()).ok_or(Refused::NotFound)?;
        if self.registry[slot].is_local() {
            return Err(Refused::NotOwner);
        }
        self.remove_slot(now, slot);
        Ok(())
    }

    /// Returns where there is something of a key, which look-ups show no longer if it has expired.
    pub(crate) fn present_slot(&mut self, now: Instant, token: Token, key: &Key) -> Result<Option<u32>, Refused> {
        let slot = self.slot_of(token, key)?;
        // What is kept of it may have had to give way.
        if slot.is_some_and(|slot| self.hide_expired(now, slot)) { self.slot_of(token, key) } else { Ok(slot) }
    }

    fn own_present(&mut self, now: Instant, location: &Location) -> Result<u32, Refused> {
        let slot = self.own(location)?;
        if self.hide_expired(now, slot) { self.own(location) } else { Ok(slot) }
    }

    pub(crate) fn renew_slot(&mut self, now: Instant, slot: u32) {
        self.renew_since(now, slot, now);
    }

    /// Renews a registration as of `seen`. What has expired may be gone at other replicas, so that to renew it is a write.
    pub(crate) fn renew_since(&mut self, now: Instant, slot: u32, seen: Instant) {
        let replica = self.context.config.replica;
        if let Some(entry) = self.registry.entry_mut(slot)
            && entry.is_shown()
            && !entry.is_expired(now)
            && entry.stamp().dot.replica == replica
            && entry.state().is_none()
        {
            let (is_news, authority) = (entry.is_local() || seen > entry.seen, entry.authority().cloned());
            entry.renew(seen.max(entry.seen));
            // Who reads look-ups again and again mostly finds what it knows.
            if is_news {
                let limit = self.context.config.limits.renewals;
                self.histories.of_mut(authority.as_ref()).renewals.note(replica, slot, limit);
            }
            return;
        }
        let (authority, is_expired) = (self.registry[slot].authority().cloned(), self.registry[slot].is_expired(now));
        let stamp = self.next_stamp(now, authority.as_ref());
        let mut state = self.state(Some(slot));
        let renewed = if is_expired { state.revive(stamp) } else { state.update(Update::default(), stamp) };
        if renewed.is_some() {
            self.histories.of_mut(authority.as_ref()).note_own(stamp.dot);
            self.settle(now, self.registry[slot].token(), state, &Signs::all(seen), seen);
        }
    }

    fn remove_slot(&mut self, now: Instant, slot: u32) {
        let entry = &self.registry[slot];
        let (token, seen) = (entry.token(), entry.seen);
        let horizon = entry.lifetime().duration() + self.context.config.limits.tombstone_guard;
        let authority = entry.authority().cloned();
        let stamp = self.next_stamp(now, authority.as_ref());
        let entry = &self.registry[slot];
        let state = match entry.state() {
            Some(state) => {
                let mut state = state.clone();
                state.remove(stamp, horizon);
                state
            }
            None => entry.removal(stamp, horizon).into(),
        };
        self.histories.of_mut(authority.as_ref()).note_own(stamp.dot);
        self.settle(now, token, state, &Signs::all(seen), seen);
    }

    /// Returns the slot of the local registration at a location.
    fn own(&self, location: &Location) -> Result<u32, Refused> {
        let slot = self.find(location.as_str()).ok_or(Refused::NotFound)?;
        if self.registry[slot].is_local() { Ok(slot) } else { Err(Refused::NotOwner) }
    }

    /// Returns the slot of a key.
    pub(crate) fn slot_of(&self, token: Token, key: &Key) -> Result<Option<u32>, Refused> {
        let Some(slot) = self.registry.find(token) else { return Ok(None) };
        match self.registry.place(slot) {
            Some(place) if place.has_key(key) => Ok(Some(slot)),
            _ => Err(Refused::LocationTaken),
        }
    }

    /// Returns all that is known of the registration in a slot.
    pub(crate) fn state(&self, slot: Option<u32>) -> State {
        match slot.and_then(|slot| self.registry.place(slot)) {
            Some(Place::Entry(entry)) => match entry.state() {
                Some(state) => state.clone(),
                None => {
                    let record = RecordRef::of_entry(&self.context, &self.documents, entry, Duration::ZERO);
                    record.to_record().into()
                }
            },
            Some(Place::Grave(grave)) => grave.state.clone(),
            None => State::new(),
        }
    }

    /// Returns the stamp for a write of this replica about a registration at an authority. The clock moves on also if nothing is
    /// written then.
    fn next_stamp(&mut self, now: Instant, authority: Option<&Authority>) -> Stamp {
        let replica = self.context.config.replica;
        let dot = Dot::new(replica, self.histories.of(authority).written).next();
        self.clock.stamp(self.millis(now), dot)
    }

    /// Returns the time that the replicas share.
    pub(crate) fn millis(&self, now: Instant) -> u64 {
        self.context.config.epoch.saturating_add(now.as_millis())
    }

    /// Tells whether a registration request repeats what is there.
    fn is_same(&self, entry: &Entry, registration: &Registration) -> bool {
        entry.base() == registration.base.as_str()
            && entry.base_source() == registration.base.source()
            && entry.lifetime() == registration.lifetime
            && entry.zone() == registration.zone
            && entry.credentials().map_or(registration.credentials.is_empty(), |own| *own == registration.credentials)
            && entry.attributes().eq(registration.attributes.iter())
            && self.documents[entry.document].as_str() == registration.links.as_str()
    }

    /// Takes out of an update what would not change anything.
    fn reduce(&self, entry: &Entry, mut update: Update) -> Update {
        update.base = update.base.filter(|base| {
            let is_kept = base.source() == BaseSource::Observed && entry.base_source() == BaseSource::Given;
            let is_same =
                base.as_str() == entry.base() && base.source() == entry.base_source() && update.zone == entry.zone();
            !is_kept && !is_same
        });
        if update.base.is_none() {
            update.zone = None;
        }
        update.lifetime = update.lifetime.filter(|lifetime| *lifetime != entry.lifetime());
        update.links = update.links.filter(|links| links.as_str() != self.documents[entry.document].as_str());
        let is_same = update.attributes.by_name().all(|(name, values)| {
            let own = entry.attributes().filter(|(own, _)| *own == name.as_str()).map(|(_, value)| value);
            own.eq(values.iter().map(Option::as_deref))
        });
        if is_same {
            update.attributes = Default::default();
        }
        update
    }
}

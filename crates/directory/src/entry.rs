pub(crate) mod packed;
pub(crate) mod signs;
pub(crate) mod stamps;
pub(crate) mod token;

use alloc::{boxed::Box, string::String, vec::Vec};
use core::time::Duration;

use waypost_link_format::origin;
use waypost_model::{
    Authority, Base, BaseSource, Credentials, Dot, EndpointName, Key, Lifetime, Location, Origin, Removal, ReplicaId,
    Sector, Stamp, State, Update, Version,
};
use waypost_time::Instant;

use crate::{
    entry::packed::{Attributes, packed_length, push_attribute},
    entry::signs::Signs,
    entry::stamps::Stamps,
    entry::token::Token,
};

/// One registration as it is kept: names, base and attributes in one buffer, a few words, and what is rare in a box.
///
/// A directory holds millions of these, so a registration without credentials, whose fields were all set by one write,
/// costs its text and this struct. [`Entry::pack`] and
/// [`RecordRef::to_record`](crate::RecordRef::to_record) are inverse to each other.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Sector, endpoint name, base, then the [attributes](Attributes).
    text: Box<str>,
    rare: Option<Box<Rare>>,
    /// The stamps, where they are not all that of the write.
    stamps: Option<Box<Stamps>>,
    /// When the registration was last made, updated or renewed.
    pub(crate) seen: Instant,
    /// The date that the queue of deadlines has it under.
    pub(crate) filed: Instant,
    stamp: Stamp,
    token: Token,
    pub(crate) document: u32,
    lifetime: Lifetime,
    pub(crate) renewals: u32,
    base_length: u16,
    /// Length of scheme and authority of the base; zero if it has no authority.
    origin_length: u16,
    sector_length: u8,
    endpoint_length: u8,
    /// [`GIVEN`], [`LINK_LOCAL`] and [`SHADOWED`].
    flags: u8,
    /// Whether look-ups show it: cleared when it has expired and was collected, but is kept. A `bool` leaves room to tell what is no
    /// entry.
    is_shown: bool,
}

/// What most registrations do not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Rare {
    credentials: Credentials,
    zone: Option<u32>,
    foreign: Option<(Authority, Location)>,
    /// All writes, where what is shown is merged from several.
    state: Option<State>,
    /// When each of the records among these was last renewed.
    signs: Box<[(Dot, Instant)]>,
    /// When the first and the last of them expire.
    expires: Option<(Instant, Instant)>,
    /// Until when copies elsewhere may live, where that is longer than this one lives.
    copies_until: Option<Instant>,
}

impl Rare {
    fn boxed(self) -> Option<Box<Self>> {
        (self != Self::default()).then(|| Box::new(self))
    }
}

const NO_SECTOR: u8 = u8::MAX;
/// Bytes that the base of a registration can have.
pub(crate) const MAX_BASE: usize = u16::MAX as usize;
/// Marks a base that the registrant gave.
const GIVEN: u8 = 1;
/// Marks a base that means something on one link alone.
const LINK_LOCAL: u8 = 2;
/// Says that another registration is shown in its place.
const SHADOWED: u8 = 4;

impl Entry {
    /// Packs what `state` shows, which is the registration of `token`; the links are the document `document`.
    pub(crate) fn pack(
        state: &State,
        token: Token,
        document: u32,
        signs: &Signs,
        copies_until: Instant,
    ) -> Option<Self> {
        let seen = signs.last(state);
        let is_simple = state.len() == 1;
        let record = state.record()?;
        let sector = record.key.sector.as_ref().map(Sector::as_str);
        let names = [sector.unwrap_or_default(), record.key.endpoint.as_str(), record.base.value.as_str()];
        let text = text_of(names, record.attributes());
        let foreign = match (&record.key.origin, &record.location) {
            (Origin::Foreign(authority), Some(location)) => Some((authority.clone(), location.clone())),
            _ => None,
        };
        let deadlines = || state.records().map(|record| signs.deadline(record));
        let expires = deadlines().min().zip(deadlines().max()).filter(|_| !is_simple);
        let deadline = expires.map_or(seen + record.lifetime.value.duration(), |(_, last)| last);
        let signs = state.records().filter(|_| !is_simple).map(|record| (record.dot(), signs.of(record.dot())));
        let rare = Rare {
            credentials: record.credentials.clone(),
            zone: record.zone,
            foreign,
            state: (!is_simple).then(|| state.clone()),
            signs: signs.collect(),
            expires,
            copies_until: (copies_until > deadline).then_some(copies_until),
        };
        Some(Self {
            sector_length: sector.map_or(NO_SECTOR, |sector| sector.len() as u8),
            endpoint_length: record.key.endpoint.as_str().len() as u8,
            base_length: record.base.value.as_str().len() as u16,
            origin_length: origin(record.base.value.as_str()).map_or(0, str::len) as u16,
            flags: flags_of(&record.base.value),
            is_shown: false,
            text,
            rare: rare.boxed(),
            stamps: Stamps::of(&record).map(Box::new),
            seen,
            filed: Instant::MAX,
            stamp: record.written,
            token,
            document,
            lifetime: record.lifetime.value,
            renewals: record.renewals,
        })
    }

    /// Returns what the write `stamps` and `stamp` are of makes of a registration that one write alone made, at `now`: what
    /// [`State::update`] would, without the record that merging needs. The document stays.
    pub(crate) fn updated(&self, update: &Update, stamps: Stamps, stamp: Stamp, now: Instant) -> Self {
        let (base, flags) = match &update.base {
            Some(base) => (base.as_str(), flags_of(base)),
            None => (self.base(), self.flags & (GIVEN | LINK_LOCAL)),
        };
        let is_set = |name: &str| update.attributes.by_name().any(|(set, _)| set.as_str() == name);
        let mut attributes: Vec<_> = self.attributes().filter(|(name, _)| !is_set(name)).collect();
        attributes.extend(update.attributes.iter());
        attributes.sort_by_key(|(name, _)| *name);
        let lifetime = update.lifetime.unwrap_or(self.lifetime);
        let copies_until = self.copies_until();
        let old = self.rare.as_deref();
        let rare = Rare {
            credentials: old.map(|rare| rare.credentials.clone()).unwrap_or_default(),
            zone: if update.base.is_some() { update.zone } else { self.zone() },
            foreign: old.and_then(|rare| rare.foreign.clone()),
            copies_until: (copies_until > now + lifetime.duration()).then_some(copies_until),
            ..Rare::default()
        };
        Self {
            text: text_of([self.sector().unwrap_or_default(), self.endpoint(), base], attributes.into_iter()),
            rare: rare.boxed(),
            stamps: Some(Box::new(stamps)),
            seen: now,
            filed: Instant::MAX,
            stamp,
            lifetime,
            renewals: 0,
            base_length: base.len() as u16,
            origin_length: origin(base).map_or(0, str::len) as u16,
            flags,
            is_shown: false,
            ..*self
        }
    }

    /// Returns the removal, by the write `stamp`, of a registration that one write alone made: what [`State::remove`] would.
    pub(crate) fn removal(&self, stamp: Stamp, horizon: Duration) -> Removal {
        let latest = self.stamps().map_or(self.stamp.time, |stamps| stamps.latest().max(self.stamp.time));
        let mut seen = self.stamps().map_or_else(|| Version::from_iter([self.stamp.dot]), |stamps| stamps.seen.clone());
        seen.insert(stamp.dot);
        Removal { key: self.key(), stamp: stamp.after(Some(latest)), seen, horizon }
    }

    /// Returns all writes, where what is shown is merged from several.
    pub(crate) fn state(&self) -> Option<&State> {
        self.rare.as_ref()?.state.as_ref()
    }

    /// Returns the stamps, where they are not all that of the write.
    pub(crate) fn stamps(&self) -> Option<&Stamps> {
        self.stamps.as_deref()
    }

    /// Returns the name of each attribute once, in their order, and the write that set it; also of those without a value.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, Stamp)> {
        let stamps = self.stamps();
        let stamped = stamps.into_iter().flat_map(|stamps| stamps.attributes.iter());
        let mut last = None;
        let plain = stamps.is_none().then(|| self.attributes()).into_iter().flatten();
        let plain = plain.filter_map(move |(name, _)| (last.replace(name) != Some(name)).then_some(name));
        stamped.map(|(name, stamp)| (&**name, *stamp)).chain(plain.map(|name| (name, self.stamp)))
    }

    /// Counts a renewal by this replica, at `now`.
    pub(crate) fn renew(&mut self, now: Instant) {
        self.seen = now;
        self.renewals = self.renewals.saturating_add(1);
    }

    pub(crate) fn token(&self) -> Token {
        self.token
    }

    pub(crate) fn stamp(&self) -> Stamp {
        self.stamp
    }

    /// Returns when the registration expires.
    pub(crate) fn deadline(&self) -> Instant {
        let expires = self.rare.as_ref().and_then(|rare| rare.expires);
        expires.map_or(self.seen + self.lifetime.duration(), |(_, last)| last)
    }

    /// Returns when the first of the writes expires that make the registration.
    pub(crate) fn due(&self) -> Instant {
        let expires = self.rare.as_ref().and_then(|rare| rare.expires);
        expires.map_or(self.deadline(), |(first, _)| first)
    }

    /// Returns when each of several writes was last renewed; nothing, if there is one alone.
    pub(crate) fn signs(&self) -> &[(Dot, Instant)] {
        self.rare.as_ref().map_or(&[], |rare| &rare.signs)
    }

    /// Returns until when a copy of this or an earlier state may live somewhere.
    pub(crate) fn copies_until(&self) -> Instant {
        let longer = self.rare.as_ref().and_then(|rare| rare.copies_until);
        longer.map_or(self.deadline(), |longer| longer.max(self.deadline()))
    }

    pub(crate) fn is_shown(&self) -> bool {
        self.is_shown
    }

    pub(crate) fn is_shadowed(&self) -> bool {
        self.flags & SHADOWED != 0
    }

    pub(crate) fn is_visible(&self) -> bool {
        self.is_shown && !self.is_shadowed()
    }

    /// Says whether look-ups show it, and whether another one is shown in its place.
    pub(crate) fn show(&mut self, is_shown: bool, is_shadowed: bool) {
        self.is_shown = is_shown;
        self.flags = self.flags & !SHADOWED | if is_shadowed { SHADOWED } else { 0 };
    }

    pub(crate) fn is_expired(&self, now: Instant) -> bool {
        self.deadline() <= now
    }

    pub(crate) fn sector(&self) -> Option<&str> {
        (self.sector_length != NO_SECTOR).then(|| &self.text[..self.sector_end()])
    }

    pub(crate) fn endpoint(&self) -> &str {
        &self.text[self.sector_end()..self.endpoint_end()]
    }

    pub(crate) fn base(&self) -> &str {
        &self.text[self.endpoint_end()..self.base_end()]
    }

    /// Returns scheme and authority of the base, if it has an authority.
    pub(crate) fn base_origin(&self) -> Option<&str> {
        let origin = &self.text[self.endpoint_end()..self.endpoint_end() + self.origin_length as usize];
        (!origin.is_empty()).then_some(origin)
    }

    /// Tells whether the base has an authority and goes on after it.
    pub(crate) fn has_base_path(&self) -> bool {
        (1..self.base_length).contains(&self.origin_length)
    }

    pub(crate) fn base_source(&self) -> BaseSource {
        if self.flags & GIVEN != 0 { BaseSource::Given } else { BaseSource::Observed }
    }

    /// Returns name and value of each attribute, by name.
    pub(crate) fn attributes(&self) -> Attributes<'_> {
        Attributes::of(self.attribute_text())
    }

    pub(crate) fn attribute_text(&self) -> &str {
        &self.text[self.base_end()..]
    }

    pub(crate) fn lifetime(&self) -> Lifetime {
        self.lifetime
    }

    pub(crate) fn zone(&self) -> Option<u32> {
        self.rare.as_ref()?.zone
    }

    /// Returns the write that set the links.
    pub(crate) fn links_stamp(&self) -> Stamp {
        self.stamps().map_or(self.stamp, |stamps| stamps.links)
    }

    /// Returns the replica that wrote the base.
    pub(crate) fn base_writer(&self) -> ReplicaId {
        self.stamps().map_or(self.stamp, |stamps| stamps.base).dot.replica
    }

    pub(crate) fn credentials(&self) -> Option<&Credentials> {
        Some(&self.rare.as_ref()?.credentials)
    }

    pub(crate) fn authority(&self) -> Option<&Authority> {
        self.rare.as_ref()?.foreign.as_ref().map(|(authority, _)| authority)
    }

    pub(crate) fn foreign_location(&self) -> Option<&Location> {
        self.rare.as_ref()?.foreign.as_ref().map(|(_, location)| location)
    }

    /// Returns the location of a foreign registration, nothing of a local one.
    pub(crate) fn foreign_uri(&self) -> &str {
        self.foreign_location().map_or("", Location::as_str)
    }

    pub(crate) fn is_link_local(&self) -> bool {
        self.flags & LINK_LOCAL != 0
    }

    pub(crate) fn is_local(&self) -> bool {
        self.authority().is_none()
    }

    /// Tells whether this is the registration of a key.
    pub(crate) fn has_key(&self, key: &Key) -> bool {
        let origin = match &key.origin {
            Origin::Local => None,
            Origin::Foreign(authority) => Some(authority),
        };
        self.endpoint() == key.endpoint.as_str()
            && self.sector() == key.sector.as_ref().map(Sector::as_str)
            && self.authority() == origin
    }

    pub(crate) fn key(&self) -> Key {
        // The names were valid when they were packed.
        let valid = "names in an entry are valid";
        let (Ok(endpoint), Ok(sector)) =
            (EndpointName::new(self.endpoint()), self.sector().map(Sector::new).transpose())
        else {
            unreachable!("{valid}")
        };
        Key {
            origin: self.authority().map_or(Origin::Local, |authority| Origin::Foreign(authority.clone())),
            sector,
            endpoint,
        }
    }

    pub(crate) fn to_base(&self) -> Base {
        match Base::new(self.base(), self.base_source()) {
            Ok(base) => base,
            Err(_) => unreachable!("the base in an entry is valid"),
        }
    }

    fn sector_end(&self) -> usize {
        if self.sector_length == NO_SECTOR { 0 } else { usize::from(self.sector_length) }
    }

    fn endpoint_end(&self) -> usize {
        self.sector_end() + usize::from(self.endpoint_length)
    }

    fn base_end(&self) -> usize {
        self.endpoint_end() + self.base_length as usize
    }
}

fn text_of<'t>(names: [&str; 3], attributes: impl Iterator<Item = (&'t str, Option<&'t str>)> + Clone) -> Box<str> {
    let length = names.map(str::len).iter().sum::<usize>()
        + attributes.clone().map(|(name, value)| packed_length(name, value)).sum::<usize>();
    let mut text = String::with_capacity(length);
    names.iter().for_each(|name| text.push_str(name));
    attributes.for_each(|(name, value)| push_attribute(&mut text, name, value));
    text.into()
}

fn flags_of(base: &Base) -> u8 {
    let given = if base.source() == BaseSource::Given { GIVEN } else { 0 };
    let link_local = if base.is_link_local() { LINK_LOCAL } else { 0 };
    given | link_local
}

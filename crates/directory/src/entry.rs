use alloc::{boxed::Box, string::String};

use waypost_link_format::origin;
use waypost_model::{
    AttributeName, Authority, Base, BaseSource, Credentials, Dot, EndpointName, Key, Lifetime, Location, Origin,
    Record, ReplicaId, Sector, Stamp, State, Version,
};
use waypost_time::Instant;

use crate::{signs::Signs, token::Token};

/// One registration as it is kept: names, base and attributes in one buffer, a few words, and what is rare in a box.
///
/// A directory holds millions of these, so a registration without credentials, whose fields were all set by one write,
/// costs its text and this struct. [`Entry::pack`] and
/// [`RecordRef::to_record`](crate::RecordRef::to_record) are inverse to each other.
#[derive(Debug, Clone)]
pub(crate) struct Entry {
    /// Sector, endpoint name, base, then the attributes (see [`push_attribute`]).
    text: Box<str>,
    rare: Option<Box<Rare>>,
    /// When the registration was last made, updated or renewed.
    pub(crate) seen: Instant,
    /// The date that the queue of deadlines has it under.
    pub(crate) filed: Instant,
    stamp: Stamp,
    token: Token,
    pub(crate) document: u32,
    lifetime: Lifetime,
    pub(crate) renewals: u32,
    base_length: u32,
    /// Length of scheme and authority of the base; zero if it has no authority.
    origin_length: u32,
    sector_length: u8,
    endpoint_length: u8,
    /// [`GIVEN`] and [`LINK_LOCAL`].
    base_kind: u8,
    /// Whether look-ups show it: cleared when it has expired and was collected, but is kept.
    pub(crate) is_shown: bool,
    /// Whether another registration is shown in its place.
    pub(crate) is_shadowed: bool,
}

/// What most registrations do not have.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Rare {
    credentials: Credentials,
    zone: Option<u32>,
    foreign: Option<(Authority, Location)>,
    stamps: Option<Box<Stamps>>,
    /// All writes, where what is shown is merged from several.
    state: Option<State>,
    /// When each of the records among these was last renewed.
    signs: Box<[(Dot, Instant)]>,
    /// When the first and the last of them expire.
    expires: Option<(Instant, Instant)>,
    /// Until when copies elsewhere may live, where that is longer than this one lives.
    copies_until: Option<Instant>,
}

/// The stamps, where they are not all the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamps {
    pub(crate) seen: Version,
    pub(crate) first: Stamp,
    pub(crate) replaced: Stamp,
    pub(crate) base: Stamp,
    pub(crate) lifetime: Stamp,
    pub(crate) links: Stamp,
    /// By name. Names of which no value is left are here as well.
    attributes: Box<[(AttributeName, Stamp)]>,
}

const NO_SECTOR: u8 = u8::MAX;
/// Marks a base that the registrant gave.
const GIVEN: u8 = 1;
/// Marks a base that means something on one link alone.
const LINK_LOCAL: u8 = 2;

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
        let packed = |(name, value): (&str, Option<&str>)| name.len() + value.map_or(0, str::len) + 2 * LENGTH_DIGITS;
        let length = names.map(str::len).iter().sum::<usize>() + record.attributes().map(packed).sum::<usize>();
        let mut text = String::with_capacity(length);
        names.iter().for_each(|name| text.push_str(name));
        for (name, value) in record.attributes() {
            push_attribute(&mut text, name, value);
        }
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
            stamps: Stamps::of(&record).map(Box::new),
            state: (!is_simple).then(|| state.clone()),
            signs: signs.collect(),
            expires,
            copies_until: (copies_until > deadline).then_some(copies_until),
        };
        Some(Self {
            sector_length: sector.map_or(NO_SECTOR, |sector| sector.len() as u8),
            endpoint_length: record.key.endpoint.as_str().len() as u8,
            base_length: record.base.value.as_str().len() as u32,
            origin_length: origin(record.base.value.as_str()).map_or(0, str::len) as u32,
            base_kind: kind_of(&record.base.value),
            text: text.into(),
            rare: (rare != Rare::default()).then(|| Box::new(rare)),
            seen,
            filed: Instant::MAX,
            stamp: record.written,
            token,
            document,
            lifetime: record.lifetime.value,
            renewals: record.renewals,
            is_shown: false,
            is_shadowed: false,
        })
    }

    /// Returns all writes, where what is shown is merged from several.
    pub(crate) fn state(&self) -> Option<&State> {
        self.rare.as_ref()?.state.as_ref()
    }

    /// Returns the stamps, where they are not all that of the write.
    pub(crate) fn stamps(&self) -> Option<&Stamps> {
        self.rare.as_ref()?.stamps.as_deref()
    }

    /// Returns the name of each attribute once, in their order, and the write that set it; also of those without a value.
    pub(crate) fn fields(&self) -> impl Iterator<Item = (&str, Stamp)> {
        let stamps = self.stamps();
        let stamped = stamps.into_iter().flat_map(|stamps| stamps.attributes.iter());
        let mut last = None;
        let plain = stamps.is_none().then(|| self.attributes()).into_iter().flatten();
        let plain = plain.filter_map(move |(name, _)| (last.replace(name) != Some(name)).then_some(name));
        stamped.map(|(name, stamp)| (name.as_str(), *stamp)).chain(plain.map(|name| (name, self.stamp)))
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

    pub(crate) fn is_visible(&self) -> bool {
        self.is_shown && !self.is_shadowed
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

    pub(crate) fn base_source(&self) -> BaseSource {
        if self.base_kind & GIVEN != 0 { BaseSource::Given } else { BaseSource::Observed }
    }

    /// Returns name and value of each attribute, by name.
    pub(crate) fn attributes(&self) -> Attributes<'_> {
        Attributes { text: &self.text[self.base_end()..] }
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
        self.base_kind & LINK_LOCAL != 0
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

impl Stamps {
    /// Returns the stamps of a record, if they say more than the write itself.
    fn of(record: &Record) -> Option<Self> {
        let written = record.written;
        let is_plain = [record.first, record.replaced, record.base.stamp, record.lifetime.stamp, record.links.stamp]
            .into_iter()
            .chain(record.attributes.values().map(|register| register.stamp))
            .all(|stamp| stamp == written)
            && record.attributes.values().all(|register| !register.value.is_empty())
            && record.seen.iter().eq([written.dot]);
        (!is_plain).then(|| Self {
            seen: record.seen.clone(),
            first: record.first,
            replaced: record.replaced,
            base: record.base.stamp,
            lifetime: record.lifetime.stamp,
            links: record.links.stamp,
            attributes: record.attributes.iter().map(|(name, register)| (name.clone(), register.stamp)).collect(),
        })
    }
}

/// Name and value of each endpoint attribute, ordered by name.
#[derive(Debug, Clone)]
pub(crate) struct Attributes<'e> {
    text: &'e str,
}

impl<'e> Iterator for Attributes<'e> {
    type Item = (&'e str, Option<&'e str>);

    fn next(&mut self) -> Option<Self::Item> {
        let (lengths, rest) = self.text.split_at_checked(2 * LENGTH_DIGITS)?;
        let (name_length, value_length) =
            (read_length(&lengths[..LENGTH_DIGITS]), read_length(&lengths[LENGTH_DIGITS..]));
        let (name, rest) = rest.split_at_checked(name_length)?;
        let (value, rest) = rest.split_at_checked(value_length.saturating_sub(1))?;
        self.text = rest;
        Some((name, (value_length > 0).then_some(value)))
    }
}

fn kind_of(base: &Base) -> u8 {
    let given = if base.source() == BaseSource::Given { GIVEN } else { 0 };
    let link_local = if base.is_link_local() { LINK_LOCAL } else { 0 };
    given | link_local
}

/// Digits to the base 128 that a length is written in: each is an ASCII character, so that the buffer stays text.
const LENGTH_DIGITS: usize = 3;

/// The longest attribute name or value that can be packed.
pub(crate) const MAX_ATTRIBUTE: usize = (1 << (7 * LENGTH_DIGITS)) - 2;

/// Appends length of the name, length of the value plus one (zero for a flag), name and value.
fn push_attribute(text: &mut String, name: &str, value: Option<&str>) {
    for length in [name.len(), value.map_or(0, |value| value.len() + 1)] {
        text.extend((0..LENGTH_DIGITS).map(|digit| char::from((length >> (7 * digit)) as u8 & 0x7f)));
    }
    text.push_str(name);
    text.push_str(value.unwrap_or_default());
}

fn read_length(digits: &str) -> usize {
    digits.bytes().rev().fold(0, |length, digit| length << 7 | usize::from(digit))
}

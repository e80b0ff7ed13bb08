use alloc::collections::BTreeMap;

use waypost_link_format::LinkDocumentBuf;

use crate::{
    AttributeName, AttributeValues, Attributes, Authority, Base, Credentials, Dot, Key, Lifetime, Location, Origin,
    Register, Registration, Stamp, Timestamp, Update, Version,
};

/// A registration as one write left it: each field with the stamp of the write that set it.
///
/// It is the form in which replicas exchange a registration. What several writes that did not see each other make of it
/// together is a [`State`](crate::State).
///
/// ```
/// use waypost_link_format::LinkDocumentBuf;
/// use waypost_model::{
///     Base, Dot, EndpointName, Lifetime, Record, Registration, ReplicaId, Stamp, Timestamp, Update, Version,
/// };
///
/// let endpoint = EndpointName::new("node1").unwrap();
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
/// let registration = Registration::new(endpoint, base, LinkDocumentBuf::default());
///
/// let first = Stamp { time: Timestamp::from_millis(1), dot: Dot::new(ReplicaId(1), 1) };
/// let mut record = Record::register(registration, first, Version::new());
///
/// let second = Stamp { time: Timestamp::from_millis(2), dot: Dot::new(ReplicaId(1), 2) };
/// let lifetime = Lifetime::from_secs(600).unwrap();
/// record.update(Update { lifetime: Some(lifetime), ..Update::default() }, second);
/// assert_eq!((record.lifetime.value, record.lifetime.stamp), (lifetime, second));
/// assert_eq!(record.base.stamp, first);
/// assert_eq!(record.stamp(), second);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Record {
    /// What the registration is known by.
    pub key: Key,
    /// Where a foreign registration is: its full URI. `None` for a local one, which is where its key says.
    pub location: Option<Location>,
    /// The write that left it so.
    pub written: Stamp,
    /// The writes that this one saw, and itself: it takes their place. Renewals do not count: neither those that it saw, nor
    /// itself where it is one.
    pub seen: Version,
    /// The registration that the credentials were first remembered from.
    pub first: Stamp,
    /// The last whole registration; it set every attribute that it did not name to nothing.
    pub replaced: Stamp,
    /// What relative references are resolved against.
    pub base: Register<Base>,
    /// The zone that a link-local base is in: an interface number of the host of the replica that set the base, without
    /// meaning elsewhere.
    pub zone: Option<u32>,
    /// How long it lasts without a renewal.
    pub lifetime: Register<Lifetime>,
    /// The endpoint attributes.
    pub attributes: BTreeMap<AttributeName, Register<AttributeValues>>,
    /// The links, as registered.
    pub links: Register<LinkDocumentBuf>,
    /// What the registrant proved.
    pub credentials: Credentials,
    /// How often it was renewed since the write; only the replica that wrote it counts up.
    pub renewals: u32,
}

impl Record {
    /// Makes the record of a whole registration, made by the write `stamp` that saw the writes `seen`.
    #[must_use]
    pub fn register(registration: Registration, stamp: Stamp, seen: Version) -> Self {
        let Registration { sector, endpoint, base, lifetime, attributes, links, zone, credentials } = registration;
        let mut record = Self {
            key: Key::local(sector, endpoint),
            location: None,
            written: stamp,
            seen,
            first: stamp,
            replaced: stamp,
            base: Register::new(base, stamp),
            zone,
            lifetime: Register::new(lifetime, stamp),
            attributes: BTreeMap::new(),
            links: Register::new(links, stamp),
            credentials,
            renewals: 0,
        };
        record.seen.insert(stamp.dot);
        record.set_attributes(attributes, stamp);
        record
    }

    /// Returns the record as one of another authority, where it is at the URI `location`.
    #[must_use]
    pub fn at(mut self, authority: Authority, location: Location) -> Self {
        self.key.origin = Origin::Foreign(authority);
        self.location = Some(location);
        self
    }

    /// Makes the update `stamp` to the record; it saw what the record saw. An empty one is a renewal.
    pub fn update(&mut self, update: Update, stamp: Stamp) {
        if !update.is_empty() {
            self.seen.insert(stamp.dot);
        }
        if let Some(base) = update.base {
            self.base = Register::new(base, stamp);
            self.zone = update.zone;
        }
        if let Some(lifetime) = update.lifetime {
            self.lifetime = Register::new(lifetime, stamp);
        }
        if let Some(links) = update.links {
            self.links = Register::new(links, stamp);
        }
        self.set_attributes(update.attributes, stamp);
        self.written = stamp;
        self.renewals = 0;
    }

    /// Returns the stamp of the write that left the record so; its dot names the record in the feed.
    #[must_use]
    pub const fn stamp(&self) -> Stamp {
        self.written
    }

    /// Returns the dot of the write that left the record so.
    #[must_use]
    pub const fn dot(&self) -> Dot {
        self.written.dot
    }

    /// Returns whether the write set no field: it renewed what others had written, and now owns it.
    #[must_use]
    pub fn is_renewal(&self) -> bool {
        !self.seen.contains(self.dot())
    }

    /// Returns the latest time in any of the stamps, for [`Clock::observe`](crate::Clock::observe).
    #[must_use]
    pub fn latest(&self) -> Timestamp {
        let fields = [self.written, self.first, self.replaced, self.base.stamp, self.lifetime.stamp, self.links.stamp];
        let attributes = self.attributes.values().map(|register| register.stamp);
        fields.into_iter().chain(attributes).map(|stamp| stamp.time).max().unwrap_or_default()
    }

    /// Returns every pair of attribute name and value.
    pub fn attributes(&self) -> impl Iterator<Item = (&str, Option<&str>)> + Clone {
        self.attributes
            .iter()
            .flat_map(|(name, values)| values.value.iter().map(|value| (name.as_str(), value.as_deref())))
    }

    /// Returns whether two records are writes of which each says something that the other did not see.
    #[must_use]
    pub fn is_concurrent_with(&self, other: &Self) -> bool {
        self.seen.partial_cmp(&other.seen).is_none()
            && !self.seen.contains(other.dot())
            && !other.seen.contains(self.dot())
    }

    /// Takes the later of each field, and everything that the other saw. It must not have been registered first.
    pub(crate) fn merge_fields(&mut self, other: &Self) {
        if self.base.merge(&other.base) {
            self.zone = other.zone;
        }
        self.lifetime.merge(&other.lifetime);
        self.links.merge(&other.links);
        for (name, values) in &other.attributes {
            match self.attributes.get_mut(name) {
                Some(register) => {
                    register.merge(values);
                }
                None => {
                    self.attributes.insert(name.clone(), values.clone());
                }
            }
        }
        self.replaced = self.replaced.max(other.replaced);
        let replaced = self.replaced;
        self.attributes.retain(|_, register| register.stamp >= replaced);
        if other.written > self.written {
            self.written = other.written;
            self.location.clone_from(&other.location);
            self.renewals = other.renewals;
        }
        self.seen.merge(&other.seen);
    }

    fn set_attributes(&mut self, attributes: Attributes, stamp: Stamp) {
        self.attributes.extend(attributes.into_iter().map(|(name, values)| (name, Register::new(values, stamp))));
    }
}

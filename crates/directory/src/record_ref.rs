use alloc::{boxed::Box, collections::BTreeMap};
use core::{fmt, slice, time::Duration};

use waypost_link_format::{LinkDocument, LinkDocumentBuf};
use waypost_model::{
    AttributeName, AttributeValues, Authority, BaseSource, Credentials, Dot, Lifetime, Location, Origin, Record,
    Register, Sector, Stamp, Version,
};

use crate::{context::Context, documents::Documents, entry::Entry, entry::packed::Attributes};

/// A registration as one write left it, borrowed from the directory: what a [`Record`] says, without making one.
///
/// ```
/// use waypost_directory::{ChangeRef, Config, Directory};
/// use waypost_model::{Base, EndpointName, Registration, ReplicaId, Version};
/// use waypost_time::Instant;
///
/// let now = Instant::ZERO;
/// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
/// let registration = Registration::new(EndpointName::new("node1").unwrap(), base, Default::default());
/// directory.register(now, registration).unwrap();
///
/// let change = directory.feed(now, &Version::new()).unwrap().next().unwrap();
/// let ChangeRef::Put(record) = change else { panic!("it was registered") };
/// assert_eq!((record.endpoint(), record.base().value), ("node1", "coap://[2001:db8::1]"));
/// assert_eq!(record.base().stamp, record.written());
/// ```
#[derive(Clone, Copy)]
pub struct RecordRef<'d> {
    context: &'d Context,
    documents: &'d Documents,
    source: Source<'d>,
    age: Duration,
}

#[derive(Clone, Copy)]
enum Source<'d> {
    /// All there is of a registration: one write.
    Entry(&'d Entry),
    /// One of several writes that did not see each other.
    Record(&'d Record),
}

impl<'d> RecordRef<'d> {
    pub(crate) fn of_entry(context: &'d Context, documents: &'d Documents, entry: &'d Entry, age: Duration) -> Self {
        Self { context, documents, source: Source::Entry(entry), age }
    }

    pub(crate) fn of_record(context: &'d Context, documents: &'d Documents, record: &'d Record, age: Duration) -> Self {
        Self { context, documents, source: Source::Record(record), age }
    }

    /// Tells whether it is one of several writes that did not see each other, and together make the registration.
    #[must_use]
    pub fn is_one_of_several(&self) -> bool {
        matches!(self.source, Source::Record(_))
    }

    /// Returns the authority of a registration that was made elsewhere.
    #[must_use]
    pub fn authority(&self) -> Option<&'d Authority> {
        match self.source {
            Source::Entry(entry) => entry.authority(),
            Source::Record(record) => match &record.key.origin {
                Origin::Foreign(authority) => Some(authority),
                Origin::Local => None,
            },
        }
    }

    /// Returns the sector, if there is one.
    #[must_use]
    pub fn sector(&self) -> Option<&'d str> {
        match self.source {
            Source::Entry(entry) => entry.sector(),
            Source::Record(record) => record.key.sector.as_ref().map(Sector::as_str),
        }
    }

    /// Returns the endpoint name.
    #[must_use]
    pub fn endpoint(&self) -> &'d str {
        match self.source {
            Source::Entry(entry) => entry.endpoint(),
            Source::Record(record) => record.key.endpoint.as_str(),
        }
    }

    /// Returns the full URI of a registration that was made elsewhere.
    #[must_use]
    pub fn location(&self) -> Option<&'d Location> {
        match self.source {
            Source::Entry(entry) => entry.foreign_location(),
            Source::Record(record) => record.location.as_ref(),
        }
    }

    /// Returns the write that left it so.
    #[must_use]
    pub fn written(&self) -> Stamp {
        match self.source {
            Source::Entry(entry) => entry.stamp(),
            Source::Record(record) => record.written,
        }
    }

    /// Returns the dot of the write that left it so.
    #[must_use]
    pub fn dot(&self) -> Dot {
        self.written().dot
    }

    /// Returns the highest dot of each replica that the write saw, itself included, in the order of the replicas.
    pub fn seen(&self) -> impl Iterator<Item = Dot> + use<'d> {
        let seen = match self.source {
            Source::Entry(entry) => entry.stamps().map(|stamps| &stamps.seen),
            Source::Record(record) => Some(&record.seen),
        };
        let itself = seen.is_none().then(|| self.dot());
        seen.into_iter().flat_map(Version::iter).chain(itself)
    }

    /// Returns the registration that the credentials were first remembered from.
    #[must_use]
    pub fn first(&self) -> Stamp {
        match self.source {
            Source::Entry(entry) => entry.stamps().map_or(entry.stamp(), |stamps| stamps.first),
            Source::Record(record) => record.first,
        }
    }

    /// Returns the last whole registration; it set every attribute that it did not name to nothing.
    #[must_use]
    pub fn replaced(&self) -> Stamp {
        match self.source {
            Source::Entry(entry) => entry.stamps().map_or(entry.stamp(), |stamps| stamps.replaced),
            Source::Record(record) => record.replaced,
        }
    }

    /// Returns the base and the write that set it.
    #[must_use]
    pub fn base(&self) -> Register<&'d str> {
        match self.source {
            Source::Entry(entry) => {
                Register::new(entry.base(), entry.stamps().map_or(entry.stamp(), |stamps| stamps.base))
            }
            Source::Record(record) => Register::new(record.base.value.as_str(), record.base.stamp),
        }
    }

    /// Returns whether the registrant gave the base or it is the source address.
    #[must_use]
    pub fn base_source(&self) -> BaseSource {
        match self.source {
            Source::Entry(entry) => entry.base_source(),
            Source::Record(record) => record.base.value.source(),
        }
    }

    /// Returns the zone that a link-local base is in, a number without meaning but to the replica that set the base.
    #[must_use]
    pub fn zone(&self) -> Option<u32> {
        match self.source {
            Source::Entry(entry) => entry.zone(),
            Source::Record(record) => record.zone,
        }
    }

    /// Returns the lifetime and the write that set it.
    #[must_use]
    pub fn lifetime(&self) -> Register<Lifetime> {
        match self.source {
            Source::Entry(entry) => {
                Register::new(entry.lifetime(), entry.stamps().map_or(entry.stamp(), |stamps| stamps.lifetime))
            }
            Source::Record(record) => record.lifetime.clone(),
        }
    }

    /// Returns each endpoint attribute by name, with its values and the write that set them. There may be no value left.
    pub fn attributes(&self) -> impl Iterator<Item = (&'d str, Register<AttributeValuesRef<'d>>)> + use<'d> {
        let (entry, record) = match self.source {
            Source::Entry(entry) => (Some(entry), None),
            Source::Record(record) => (None, Some(record)),
        };
        let of_entry = entry.into_iter().flat_map(|entry| {
            entry.fields().map(|(name, stamp)| {
                (
                    name,
                    Register::new(AttributeValuesRef(ValuesIn::Entry { name, attributes: entry.attributes() }), stamp),
                )
            })
        });
        let of_record = record.into_iter().flat_map(|record| {
            record.attributes.iter().map(|(name, values)| {
                (name.as_str(), Register::new(AttributeValuesRef(ValuesIn::Record(values.value.iter())), values.stamp))
            })
        });
        of_entry.chain(of_record)
    }

    /// Returns the links and the write that set them.
    #[must_use]
    pub fn links(&self) -> Register<LinkDocument<'d>> {
        match self.source {
            Source::Entry(entry) => Register::new(self.documents[entry.document].as_document(), entry.links_stamp()),
            Source::Record(record) => Register::new(record.links.value.as_document(), record.links.stamp),
        }
    }

    /// Returns the links that the registration had before these: the last ones that a write in a version set, as far as they
    /// are [remembered](crate::Limits::former_links). Who holds that version may have them, and be told only what is different.
    ///
    /// ```
    /// use waypost_directory::{ChangeRef, Config, Directory};
    /// use waypost_model::{Registration, ReplicaId};
    /// use waypost_time::Instant;
    ///
    /// let now = Instant::ZERO;
    /// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
    /// directory.register(now, Registration::parse("ep=node1&base=coap://h", "</a>,</b>").unwrap()).unwrap();
    /// let before = directory.version().clone();
    /// directory.register(now, Registration::parse("ep=node1&base=coap://h", "</a>,</b>;obs").unwrap()).unwrap();
    /// let Some(ChangeRef::Put(record)) = directory.feed(now, &before).unwrap().next() else { panic!() };
    /// assert_eq!(record.former_links(&before).unwrap().as_str(), "</a>,</b>");
    /// ```
    #[must_use]
    pub fn former_links(&self, version: &Version) -> Option<LinkDocument<'d>> {
        let former = self.documents.former.held(self.authority(), self.links().stamp, version);
        former.map(LinkDocumentBuf::as_document)
    }

    /// Returns what the registrant proved.
    #[must_use]
    pub fn credentials(&self) -> &'d Credentials {
        match self.source {
            Source::Entry(entry) => entry.credentials().unwrap_or(&self.context.no_credentials),
            Source::Record(record) => &record.credentials,
        }
    }

    /// Returns how often it was renewed since the write.
    #[must_use]
    pub fn renewals(&self) -> u32 {
        match self.source {
            Source::Entry(entry) => entry.renewals,
            Source::Record(record) => record.renewals,
        }
    }

    /// Returns how long ago it was last renewed.
    #[must_use]
    pub fn age(&self) -> Duration {
        self.age
    }

    /// Returns it as an owned record.
    #[must_use]
    pub fn to_record(&self) -> Record {
        let entry = match self.source {
            Source::Record(record) => return record.clone(),
            Source::Entry(entry) => entry,
        };
        let base = self.base();
        // Most have one attribute or two: to sort them first would cost more than it saves.
        let mut attributes = BTreeMap::new();
        attributes.extend(self.attributes().filter_map(|(name, values)| owned(name, values)));
        Record {
            key: entry.key(),
            location: self.location().cloned(),
            written: self.written(),
            seen: self.seen().collect(),
            first: self.first(),
            replaced: self.replaced(),
            base: Register::new(entry.to_base(), base.stamp),
            zone: self.zone(),
            lifetime: self.lifetime(),
            attributes,
            links: Register::new(self.documents[entry.document].to_buf(), self.links().stamp),
            credentials: self.credentials().clone(),
            renewals: self.renewals(),
        }
    }
}

/// The values of one endpoint attribute in the order given; `None` is a flag. See [`RecordRef::attributes`].
///
/// ```
/// use waypost_directory::{ChangeRef, Config, Directory};
/// use waypost_model::{Registration, ReplicaId, Version};
/// use waypost_time::Instant;
///
/// let now = Instant::ZERO;
/// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// directory.register(now, Registration::parse("ep=node1&base=coap://h&et=a&et=b", "").unwrap()).unwrap();
/// let Some(ChangeRef::Put(record)) = directory.feed(now, &Version::new()).unwrap().next() else { panic!() };
/// let (name, values) = record.attributes().next().unwrap();
/// assert_eq!(name, "et");
/// assert!(values.value.eq([Some("a"), Some("b")]));
/// ```
#[derive(Debug, Clone)]
pub struct AttributeValuesRef<'d>(ValuesIn<'d>);

#[derive(Debug, Clone)]
enum ValuesIn<'d> {
    Entry { name: &'d str, attributes: Attributes<'d> },
    Record(slice::Iter<'d, Option<Box<str>>>),
}

impl<'d> Iterator for AttributeValuesRef<'d> {
    type Item = Option<&'d str>;

    fn next(&mut self) -> Option<Option<&'d str>> {
        match &mut self.0 {
            ValuesIn::Entry { name, attributes } => attributes.find(|(other, _)| other == name).map(|(_, value)| value),
            ValuesIn::Record(values) => values.next().map(Option::as_deref),
        }
    }
}

/// Makes an attribute owned.
fn owned(name: &str, values: Register<AttributeValuesRef<'_>>) -> Option<(AttributeName, Register<AttributeValues>)> {
    let mut owned = AttributeValues::default();
    let added = values.value.into_iter().try_for_each(|value| owned.push(value));
    debug_assert_eq!(added, Ok(()), "attributes in an entry are valid");
    Some((AttributeName::new(name).ok()?, Register::new(owned, values.stamp)))
}

impl fmt::Debug for RecordRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RecordRef")
            .field("sector", &self.sector())
            .field("endpoint", &self.endpoint())
            .field("written", &self.written())
            .finish_non_exhaustive()
    }
}

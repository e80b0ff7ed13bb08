//! Signatures agreed between the crates. Split into one file per concept; add to it, keep what is here.
use alloc::{borrow::Cow, boxed::Box, collections::BTreeMap, string::String, vec::Vec};
use core::{fmt, num::NonZeroU32, time::Duration};
use waypost_link_format::{LinkDocument, LinkDocumentBuf};

/// `ep`: 1 to 63 bytes of UTF-8 without U+0000–U+001F and U+007F–U+009F (RFC 9176 §5).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EndpointName(Box<str>);
impl EndpointName { pub fn new(name: &str) -> Result<Self, InvalidName> { todo!() } pub fn as_str(&self) -> &str { todo!() } }
/// `d`: the same rules.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sector(Box<str>);
impl Sector { pub fn new(name: &str) -> Result<Self, InvalidName> { todo!() } pub fn as_str(&self) -> &str { todo!() } }
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)] #[error("…")] pub struct InvalidName(());

/// What a registration is known by: where it was made, sector, endpoint name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key { pub origin: Origin, pub sector: Option<Sector>, pub endpoint: EndpointName }
impl Key { pub fn local(sector: Option<Sector>, endpoint: EndpointName) -> Self { todo!() } }
/// Scheme, host and port, normalised (lower case, default port left out): `coap://rd.example`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Authority(Box<str>);
impl Authority { pub fn new(uri: &str) -> Result<Self, InvalidAuthority> { todo!() } pub fn as_str(&self) -> &str { todo!() } }
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)] #[error("…")] pub struct InvalidAuthority(());
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Origin { #[default] Local, Foreign(Authority) }

/// Path-absolute path of a local registration resource, or the full URI of a foreign one. No query, no fragment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Location(Box<str>);
impl Location {
    pub fn new(reference: &str) -> Result<Self, InvalidLocation> { todo!() }
    pub fn as_str(&self) -> &str { todo!() }
    pub fn is_local(&self) -> bool { todo!() }
    /// percent-decoded path segments, an empty last one kept
    pub fn segments(&self) -> impl Iterator<Item = Cow<'_, str>> { core::iter::empty() }
}
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)] #[error("…")] pub struct InvalidLocation(());

/// `lt`: 1 to 4294967295 seconds; default 90000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lifetime(NonZeroU32);
impl Lifetime { pub const DEFAULT: Self = Self(NonZeroU32::new(90000).unwrap()); pub fn from_secs(s: u32) -> Result<Self, InvalidLifetime> { todo!() } pub fn as_secs(self) -> u32 { todo!() } pub fn duration(self) -> Duration { todo!() } }
impl Default for Lifetime { fn default() -> Self { Self::DEFAULT } }
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)] #[error("…")] pub struct InvalidLifetime(());
/// Whole seconds since the last renewal (`lt-age`), or what is left (`lt-remaining`) given the lifetime.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Age(u32);
impl Age { pub fn from_secs(s: u32) -> Self { todo!() } pub fn as_secs(self) -> u32 { todo!() } pub fn remaining(self, of: Lifetime) -> Duration { todo!() } pub fn from_remaining(of: Lifetime, left: u32) -> Self { todo!() } }

/// The URI that a registration's relative references are resolved against (RFC 9176 §5): no zone id; origin kept apart.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Base { uri: Box<str>, source: BaseSource }
impl Base {
    pub fn given(uri: &str) -> Result<Self, InvalidBase> { todo!() }
    pub fn observed(uri: &str) -> Result<Self, InvalidBase> { todo!() }
    pub fn as_str(&self) -> &str { todo!() }
    pub fn source(&self) -> BaseSource { todo!() }
    pub fn origin(&self) -> &str { todo!() }
    pub fn is_link_local(&self) -> bool { todo!() }
}
/// Whether the registrant gave the base or it is the source address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BaseSource { Given, Observed }
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)] #[error("…")] pub struct InvalidBase(());

/// The endpoint attributes besides ep, d, base, lt: name → values in the order given (None: a flag); sorted by name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Attributes { by_name: BTreeMap<Box<str>, Vec<Option<Box<str>>>> }
impl Attributes {
    pub fn push(&mut self, name: &str, value: Option<&str>) -> Result<(), InvalidAttribute> { todo!() }
    /// Every (name, value) in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> { core::iter::empty() }
    pub fn values(&self, name: &str) -> impl Iterator<Item = Option<&str>> { core::iter::empty() }
    pub fn is_empty(&self) -> bool { todo!() }
}
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)] #[error("…")] pub struct InvalidAttribute(());

/// What one endpoint tells the directory in a registration request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    pub sector: Option<Sector>, pub endpoint: EndpointName, pub base: Base, pub lifetime: Lifetime,
    pub attributes: Attributes, pub links: LinkDocumentBuf,
    /// The link (interface number) it was made on, when that matters: a link-local base is only shown there.
    pub link: Option<u32>,
    pub credentials: Credentials,
}
impl Registration { pub fn new(endpoint: EndpointName, base: Base, links: LinkDocumentBuf) -> Self { todo!() } }
/// What an update request changes (RFC 9176 §5.3.1). Empty: a renewal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Update {
    pub base: Option<Base>, pub lifetime: Option<Lifetime>,
    /// Each name given replaces all values of that name.
    pub attributes: Attributes, pub links: Option<LinkDocumentBuf>,
}
impl Update { pub fn is_empty(&self) -> bool { todo!() } }
/// What the registrant proved, opaque; First Come First Remembered compares it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Credentials(Vec<Box<[u8]>>);
impl Credentials {
    pub fn new<B: Into<Box<[u8]>>>(proofs: impl IntoIterator<Item = B>) -> Self { todo!() }
    pub fn is_empty(&self) -> bool { todo!() }
    /// Whether all of `self` is in `shown`.
    pub fn is_met_by(&self, shown: &Credentials) -> bool { todo!() }
}
/// The `provenance` link attribute: URI reference of the registration resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Provenance(Location);

/// One writing process in one incarnation; a replica that lost its sequence numbers takes a new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReplicaId(pub u64);
/// The name of one write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dot { pub replica: ReplicaId, pub sequence: u64 }
/// Set of dots as replica → highest sequence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Version(BTreeMap<ReplicaId, u64>);
impl Version {
    pub fn new() -> Self { todo!() }
    pub fn sequence(&self, replica: ReplicaId) -> u64 { todo!() }
    pub fn contains(&self, dot: Dot) -> bool { todo!() }
    pub fn insert(&mut self, dot: Dot) { todo!() }
    pub fn merge(&mut self, other: &Version) { todo!() }
    pub fn iter(&self) -> impl Iterator<Item = Dot> { core::iter::empty() }
} // PartialOrd: set inclusion
/// Hybrid logical clock: orders writes in accordance with causality.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);
/// Ord: timestamp, then replica, then sequence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp { pub time: Timestamp, pub dot: Dot }
/// A value with the stamp of the write that set it; merging keeps the later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Register<T> { pub value: T, pub stamp: Stamp }

/// The replicated state of one registration: a join semilattice.
/// `replaced`: stamp of the last whole registration; attribute registers older than it are gone. `removed`: the version
/// that the last removals saw: the record is alive while any of its stamps' dots is outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub key: Key, pub replaced: Stamp, pub base: Register<Base>, pub lifetime: Register<Lifetime>,
    pub attributes: BTreeMap<Box<str>, Register<Vec<Option<Box<str>>>>>, pub links: Register<LinkDocumentBuf>,
    pub link: Option<u32>, pub credentials: Credentials, pub renewals: u32, pub removed: Version,
}
impl Record {
    pub fn register(registration: Registration, stamp: Stamp, removed: Version) -> Self { todo!() }
    pub fn update(&mut self, update: Update, stamp: Stamp) { todo!() }
    pub fn merge(&mut self, other: &Record) -> Result<(), Conflict> { todo!() }
    /// The newest stamp: names the record's state in the feed.
    pub fn stamp(&self) -> Stamp { todo!() }
    pub fn is_alive(&self) -> bool { todo!() }
}
/// Different credentials for the same key: never merged silently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)] #[error("…")] pub struct Conflict(());

/// The difference between two versions for one registration: what replicas exchange, and what Directory::apply takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change { Put { record: Box<Record>, age: Duration }, Renew(Renewal), Remove(Removal) }
/// Only the owner of `dot` (the record's newest stamp) may send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewal { pub key: Key, pub dot: Dot, pub renewals: u32, pub age: Duration }
/// A tombstone: `stamp` is the removal's own, `seen` what it removes, `horizon` how long it must be remembered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal { pub key: Key, pub stamp: Stamp, pub seen: Version, pub horizon: Duration }

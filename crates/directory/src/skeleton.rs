//! Signatures agreed between the crates. Split into one file per concept; add to it, keep what is here.
use alloc::{borrow::Cow, string::String, vec::Vec, boxed::Box};
use core::{fmt, time::Duration};
use waypost_filter::Query;
use waypost_link_format::{Link, LinkBuf, LinkDocument, LinkWriter};
use waypost_model::*;
use waypost_time::Instant;

/// What a directory is told at its start.
#[derive(Debug, Clone)]
pub struct Config {
    /// Derives locations from names; keep it over restarts so that locations stay the same.
    pub secret: [u8; 16],
    pub replica: ReplicaId,
    /// Path under which locations are made, default "/rd".
    pub path: String,
    /// The names this directory is reached by, so that a registration's `href` is recognised in URI form.
    pub authorities: Vec<Authority>,
    pub limits: Limits,
}
impl Config { pub fn new(secret: [u8; 16], replica: ReplicaId) -> Self { todo!() } }
/// One place for everything that a peer can drive. non_exhaustive with public fields and safe defaults.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub registrations: usize, pub links_per_registration: usize, pub bytes_per_registration: usize,
    pub attributes_per_registration: usize, pub watches: usize, /* … tombstones, expired_kept: Duration, expire_batch */
}
impl Default for Limits { fn default() -> Self { todo!() } }

#[derive(Debug)]
pub struct Directory { config: Config }
impl Directory {
    pub fn new(config: Config) -> Self { todo!() }
    pub fn config(&self) -> &Config { todo!() }
    /// An authority learnt later (an address that a socket was bound to).
    pub fn add_authority(&mut self, authority: Authority) { todo!() }
    pub fn register(&mut self, now: Instant, registration: Registration) -> Result<Registered, Refused> { todo!() }
    /// An empty update is a renewal. Also revives a registration that expired but is still kept (RFC 9176 §5.3).
    pub fn update(&mut self, now: Instant, location: &Location, update: Update) -> Result<(), Refused> { todo!() }
    pub fn renew(&mut self, now: Instant, location: &Location) -> Result<(), Refused> { todo!() }
    pub fn remove(&mut self, now: Instant, location: &Location) -> Result<(), Refused> { todo!() }
    /// Takes a change made elsewhere; local writes end in the same place.
    pub fn apply(&mut self, now: Instant, change: Change) -> Result<Applied, Refused> { todo!() }
    /// Collects what has expired, a bounded number at a time; tells whether more is waiting.
    pub fn expire(&mut self, now: Instant) -> bool { todo!() }
    pub fn next_expiry(&self) -> Option<Instant> { todo!() }
    pub fn len(&self) -> usize { todo!() }
    /// Where a local registration of that name is, or would be.
    pub fn locate(&self, sector: Option<&Sector>, endpoint: &EndpointName) -> Location { todo!() }
    /// Live or expired-but-kept.
    pub fn registration(&self, now: Instant, location: &Location) -> Option<Endpoint<'_>> { todo!() }
    pub fn resources<'d>(&'d self, now: Instant, query: &'d Query) -> Resources<'d> { todo!() }
    pub fn endpoints<'d>(&'d self, now: Instant, query: &'d Query) -> Endpoints<'d> { todo!() }
    pub fn watch(&mut self, now: Instant, scope: Scope, query: Query) -> Result<WatchId, Refused> { todo!() }
    pub fn unwatch(&mut self, watch: WatchId) { todo!() }
    pub fn poll_watch(&mut self) -> Option<WatchEvent> { todo!() }
    pub fn version(&self) -> &Version { todo!() }
    /// Changes after a version, in order, one slot per registration. Err: the version is older than the oldest tombstone dropped.
    pub fn feed<'d>(&'d self, now: Instant, after: &Version) -> Result<Feed<'d>, FeedGap> { todo!() }
}
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registered { pub location: Location, pub is_new: bool }
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied { Changed, /** nothing new in it */ Unchanged }
/// Sorted by who must act.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    #[error("no such registration")] NotFound,
    #[error("over the limit of {limit} {what}")] OverLimit { what: &'static str, limit: usize },
    #[error("other credentials")] NotAllowed,
    #[error("not the owner")] NotOwner,
}

/// One registration, seen at an instant.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint<'d> { _d: &'d Directory }
impl<'d> Endpoint<'d> {
    pub fn location(&self) -> Location { todo!() }
    pub fn origin(&self) -> Origin { todo!() }
    pub fn sector(&self) -> Option<&'d str> { todo!() }
    pub fn name(&self) -> &'d str { todo!() }
    pub fn base(&self) -> &'d str { todo!() }
    pub fn base_source(&self) -> BaseSource { todo!() }
    pub fn lifetime(&self) -> Lifetime { todo!() }
    pub fn age(&self) -> Age { todo!() }
    pub fn is_expired(&self) -> bool { todo!() }
    /// interface number for link-local bases
    pub fn link(&self) -> Option<u32> { todo!() }
    pub fn attributes(&self) -> Box<dyn Iterator<Item = (&'d str, Option<&'d str>)> + 'd> { todo!() }
    pub fn credentials(&self) -> &'d Credentials { todo!() }
    pub fn document(&self) -> LinkDocument<'d> { todo!() }
    pub fn dot(&self) -> Dot { todo!() }
    pub fn resources(&self) -> Box<dyn Iterator<Item = Resource<'d>> + 'd> { todo!() }
    /// As an endpoint look-up shows it (RFC 9176 §6.4), with what `show` allows.
    pub fn write<W: fmt::Write>(&self, out: &mut LinkWriter<'_, W>, show: Show) -> fmt::Result { todo!() }
}
/// One link of a registration, as a look-up shows it.
#[derive(Debug, Clone, Copy)]
pub struct Resource<'d> { _d: &'d Directory }
impl<'d> Resource<'d> {
    pub fn endpoint(&self) -> Endpoint<'d> { todo!() }
    /// As registered.
    pub fn link(&self) -> Link<'d> { todo!() }
    /// Resolved against the base.
    pub fn target(&self) -> Cow<'d, str> { todo!() }
    pub fn anchor(&self) -> Option<Cow<'d, str>> { todo!() }
    pub fn write<W: fmt::Write>(&self, out: &mut LinkWriter<'_, W>, show: Show) -> fmt::Result { todo!() }
}
/// What a look-up shows besides RFC 9176.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Show { pub provenance: bool, pub lifetime: ShowLifetime }
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShowLifetime { #[default] No, /** lt and lt-age */ Age, /** lt and lt-remaining */ Remaining }

#[derive(Debug)] pub struct Resources<'d> { _d: &'d Directory }
impl<'d> Iterator for Resources<'d> { type Item = Resource<'d>; fn next(&mut self) -> Option<Resource<'d>> { todo!() } }
#[derive(Debug)] pub struct Endpoints<'d> { _d: &'d Directory }
impl<'d> Iterator for Endpoints<'d> { type Item = Endpoint<'d>; fn next(&mut self) -> Option<Endpoint<'d>> { todo!() } }

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope { Endpoints, Resources }
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId(u64);
/// One registration's part in one watch's result changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchEvent { pub watch: WatchId, pub location: Location, pub what: WatchChange }
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchChange { Entered, Changed, Left }

#[derive(Debug)] pub struct Feed<'d> { _d: &'d Directory }
impl<'d> Iterator for Feed<'d> { type Item = Change; fn next(&mut self) -> Option<Change> { todo!() } }
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)] #[error("…")] pub struct FeedGap(());

use alloc::string::String;

use waypost_filter::Query;
use waypost_model::{Authority, Clock, Credentials, EndpointName, Location, Origin, Sector, Version};
use waypost_time::Instant;

use crate::{
    ChangeRef, Config, Endpoint, Endpoints, Feed, FeedGap, RecordRef, Resources, Scope, config::DEFAULT_PATH,
    context::Context, deadlines::Deadlines, documents::Documents, entry::token::Token, histories::Histories,
    index::Index, index::ids::Ids, lookup::Lookup, lookup::criteria::is_met_by_endpoint, registry::Registry,
    watches::Watches,
};

/// The registrations of an authority, with those of others beside them: takes changes, answers look-ups, tells what
/// changed.
///
/// It reads no clock: whoever calls says what time it is, and time should not run backwards. Look-ups borrow the
/// directory and never change it.
///
/// # Order of results
///
/// Results come in the order of the slots of their registrations, and the links of a registration in the order of its
/// document. A registration keeps its slot as long as it exists, and while it is remembered after its removal; a new one
/// takes the slot that was freed last, or one at the end. So the order is the same for every query, nothing moves while
/// something else changes, and the pages of a look-up line up.
///
/// ```
/// use waypost_directory::{Config, Directory};
/// use waypost_filter::Query;
/// use waypost_link_format::LinkDocumentBuf;
/// use waypost_model::{Base, EndpointName, Registration, ReplicaId};
/// use waypost_time::Instant;
///
/// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// let links = LinkDocumentBuf::parse("</t>;rt=\"temperature-c\"").unwrap();
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
/// let registration = Registration::new(EndpointName::new("node1").unwrap(), base, links);
/// directory.register(Instant::ZERO, registration).unwrap();
///
/// let query = Query::parse("rt=temp*").unwrap();
/// let found = directory.resources(Instant::ZERO, &query).next().unwrap();
/// assert_eq!(found.target(), "coap://[2001:db8::1]/t");
/// ```
#[derive(Debug, Clone)]
pub struct Directory {
    pub(crate) context: Context,
    pub(crate) registry: Registry,
    pub(crate) documents: Documents,
    pub(crate) index: Index,
    /// When what is shown expires.
    pub(crate) deadlines: Deadlines,
    /// When what has expired and is kept is forgotten.
    pub(crate) kept: Deadlines,
    /// When removals are forgotten.
    pub(crate) graves: Deadlines,
    pub(crate) histories: Histories,
    pub(crate) clock: Clock,
    pub(crate) watches: Watches,
    /// When this directory was first told the time.
    pub(crate) began: Option<Instant>,
    /// When to look for replicas to forget.
    pub(crate) next_retirement: Instant,
}

impl Directory {
    /// Makes an empty directory.
    #[must_use]
    pub fn new(mut config: Config) -> Self {
        config.path = normal_path(&config.path);
        Self {
            documents: Documents::new(config.secret),
            clock: Clock::new().with_tolerance(config.limits.clock_ahead),
            watches: Watches::new(config.secret),
            registry: Registry::new(),
            index: Index::new(config.secret),
            deadlines: Deadlines::by_minute(),
            kept: Deadlines::exact(),
            graves: Deadlines::exact(),
            histories: Histories::default(),
            began: None,
            next_retirement: Instant::ZERO,
            context: Context { config, no_credentials: Credentials::default() },
        }
    }

    /// Returns what the directory was told at its start, and authorities learnt since.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.context.config
    }

    /// Adds a name that this directory is reached by, such as an address that a socket was bound to.
    pub fn add_authority(&mut self, authority: Authority) {
        if !self.context.config.authorities.contains(&authority) {
            self.context.config.authorities.push(authority);
            // Every local registration has one location more to be found by.
            self.index.chunks.change_all();
        }
    }

    /// Returns how many registrations there are: live ones and those that have expired and are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.registry.entries()
    }

    /// Returns whether there is no registration.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns where the local registration of a name is, or would be.
    #[must_use]
    pub fn locate(&self, sector: Option<&Sector>, endpoint: &EndpointName) -> Location {
        let sector = sector.map(Sector::as_str);
        self.context.location(Token::of_names(&self.context.config.secret, None, sector, endpoint.as_str()))
    }

    /// Returns where the registration is that a change in a [feed](Self::feed_of) is about: a path for a local one, a URI for one
    /// that was made elsewhere.
    #[must_use]
    pub fn locate_record(&self, record: &RecordRef<'_>) -> Location {
        record.location().cloned().unwrap_or_else(|| self.context.location(self.token_of(record)))
    }

    fn token_of(&self, record: &RecordRef<'_>) -> Token {
        let origin = record.authority().map(Authority::as_str);
        Token::of_names(&self.context.config.secret, origin, record.sector(), record.endpoint())
    }

    /// Returns a registration by its location; also one that has expired and is kept.
    ///
    /// A local registration is found by the URI form of its location, too, with any of the
    /// [authorities](Config::authorities).
    #[must_use]
    pub fn registration(&self, now: Instant, location: &Location) -> Option<Endpoint<'_>> {
        let slot = self.find(location.as_str())?;
        Some(Endpoint::new(&self.context, &self.documents, self.registry.entry(slot)?, now))
    }

    /// Tells whether an [endpoint look-up](Self::endpoints) finds the registration that a change in a [feed](Self::feed_of) is
    /// about, as all of its writes make it. The page of the query does not count.
    #[must_use]
    pub fn selects(&self, now: Instant, query: &Query, change: &ChangeRef<'_>) -> bool {
        let token = match change {
            ChangeRef::Put(record) => self.token_of(record),
            ChangeRef::Remove(removed) => Token::of(&self.context.config.secret, removed.key()),
        };
        let entry = self.registry.find(token).and_then(|slot| self.registry.entry(slot));
        let found = entry.map(|entry| Endpoint::new(&self.context, &self.documents, entry, now));
        found.is_some_and(|endpoint| query.criteria().iter().all(|criterion| is_met_by_endpoint(criterion, &endpoint)))
    }

    /// Finds links: the resource look-up of [RFC 9176 §6.1], with the filter of [RFC 9176 §6.2].
    ///
    /// The iterator works as it is driven and borrows the directory alone. It yields the page that the query asks for, so that
    /// there is nothing left to page.
    ///
    /// [RFC 9176 §6.1]: https://www.rfc-editor.org/rfc/rfc9176#section-6.1
    /// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
    #[must_use]
    pub fn resources(&self, now: Instant, query: &Query) -> Resources<'_> {
        Resources(Lookup::new(self, now, Scope::Resources, query))
    }

    /// Finds registrations: the endpoint look-up of [RFC 9176 §6.4], with the filter of [RFC 9176 §6.2]. It yields the page that
    /// the query asks for.
    ///
    /// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
    /// [RFC 9176 §6.4]: https://www.rfc-editor.org/rfc/rfc9176#section-6.4
    #[must_use]
    pub fn endpoints(&self, now: Instant, query: &Query) -> Endpoints<'_> {
        Endpoints(Lookup::new(self, now, Scope::Endpoints, query))
    }

    /// Returns the writes at this authority that this directory holds, or held until something newer took their place.
    ///
    /// Its own writes are in it from the moment they are made; those of other replicas when [`advance`](Self::advance) says
    /// so. Registrations of other authorities do not count here, nor do the writes of replicas that have left nothing for
    /// [`Limits::replicas_kept`](crate::Limits::replicas_kept).
    #[must_use]
    pub fn version(&self) -> &Version {
        self.version_of(&Origin::Local)
    }

    /// Returns the same of the writes at any authority.
    #[must_use]
    pub fn version_of(&self, origin: &Origin) -> &Version {
        &self.histories.of(authority_of(origin)).version
    }

    /// Returns the version of the writes at any authority as it is told to who lacks a part of it.
    ///
    /// Replicas that have left nothing here for some time are not in it: they are about to be forgotten, and news of them would
    /// bring them back where they are already.
    #[must_use]
    pub fn told_version(&self, origin: &Origin) -> Version {
        self.histories.of(authority_of(origin)).told()
    }

    /// Returns how many copies of registrations at an authority were forgotten so that a [feed](Self::feed_of) does not tell of it:
    /// see [`forget_copy`](Self::forget_copy). It begins again where nothing is left of the authority.
    #[must_use]
    pub fn losses(&self, origin: &Origin) -> u64 {
        self.histories.of(authority_of(origin)).losses
    }

    /// Returns where registrations that are or were here have been made: at this authority first, then at others.
    pub fn origins(&self) -> impl Iterator<Item = Origin> {
        [Origin::Local].into_iter().chain(self.histories.authorities().cloned().map(Origin::Foreign))
    }

    /// Returns the changes at this authority after a version, in the order of their dots: of each registration its present
    /// state.
    ///
    /// They are borrowed; [`ChangeRef::to_change`](crate::ChangeRef::to_change) makes one that can be
    /// [applied](Self::apply). Whoever applies them all in another directory and then [advances](Self::advance) it to this
    /// directory's [`version`](Self::version) as it was now, holds what this one holds.
    ///
    /// # Errors
    ///
    /// When a removal after the version has been forgotten. The reader has to start again from nothing, and drop what it
    /// does not find.
    pub fn feed(&self, now: Instant, after: &Version) -> Result<Feed<'_>, FeedGap> {
        self.feed_of(now, &Origin::Local, after)
    }

    /// Returns the same of the changes at any authority, as far as they were taken in here.
    ///
    /// # Errors
    ///
    /// As [`feed`](Self::feed).
    pub fn feed_of(&self, now: Instant, origin: &Origin, after: &Version) -> Result<Feed<'_>, FeedGap> {
        Feed::new(self, now, authority_of(origin), after)
    }

    /// Returns the slot of the registration at a location, given as path or URI.
    pub(crate) fn find(&self, location: &str) -> Option<u32> {
        let Some(path) = self.context.path_of(location) else { return self.find_foreign(location) };
        let slot = self.registry.find(self.context.token_of(path)?)?;
        self.registry.entry(slot)?.is_local().then_some(slot)
    }

    pub(crate) fn find_foreign(&self, uri: &str) -> Option<u32> {
        match self.index.foreign.find(uri)? {
            Ids::One(slot) => Some(slot),
            Ids::Set(slots) => slots.iter_from(0).next(),
        }
    }
}

pub(crate) fn authority_of(origin: &Origin) -> Option<&Authority> {
    match origin {
        Origin::Local => None,
        Origin::Foreign(authority) => Some(authority),
    }
}

/// Returns a path as locations spell it, without a slash at the end; the default path for what is none.
fn normal_path(path: &str) -> String {
    match Location::new(path) {
        Ok(path) if path.is_local() => path.as_str().trim_end_matches('/').into(),
        _ => DEFAULT_PATH.into(),
    }
}

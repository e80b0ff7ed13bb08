use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use waypost_client::ResourceUri;
use waypost_directory::Directory;
use waypost_filter::Query;
use waypost_model::{Authority, Version};
use waypost_rest::{Events, ExchangeId, Output, Peer, Request, RequestFailure, RequestId, Response};
use waypost_time::{Instant, Jitter};

use crate::client::Client;
use crate::context::{Context, NotPassedOn};
use crate::follower::{Follower, Surroundings};
use crate::following::{Followed, Following};
use crate::lookup_mirror::LookupMirror;
use crate::source::{Asker, Source};
use crate::subject::Subject;
use crate::wire::Question;
use crate::{NotFollowed, Relation, Standing, SyncConfig, SyncEvent};

/// The engine: keeps a [`Directory`] in step with others.
///
/// It performs no I/O and owns no directory: whoever drives it hands the directory in. To put it on a transport together
/// with the server of a directory, use [`Replicated`](crate::Replicated).
///
/// Calls may come in any order. The work that a call does is bounded by [`Limits`](crate::Limits).
#[derive(Debug)]
pub struct Replicator {
    config: SyncConfig,
    jitter: Jitter,
    source: Source,
    followed: BTreeMap<u32, Following>,
    next: u32,
    events: Events<SyncEvent>,
    draining: Draining,
}

/// Whether what is here is being handed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Draining {
    No,
    Until(Instant),
    Over,
}

impl Replicator {
    /// Makes an engine that follows nobody yet.
    #[must_use]
    pub fn new(config: SyncConfig) -> Self {
        Self {
            jitter: Jitter::new(config.seed),
            events: Events::new(config.limits.events, config.limits.events_per_minute),
            config,
            source: Source::default(),
            followed: BTreeMap::new(),
            next: 0,
            draining: Draining::No,
        }
    }

    /// Returns the configuration.
    #[must_use]
    pub const fn config(&self) -> &SyncConfig {
        &self.config
    }

    /// Follows another replica of the same authority, and lets it follow.
    ///
    /// The URI is that of its feed, or of its host, whose feed is then discovered. Replicas have to be added at each other:
    /// that is how they know each other.
    ///
    /// A replica is recognised by its address. One that is given by its name is followed, but refused when it asks, unless it has one of the
    /// [credentials of replicas](SyncConfig::replica_credentials); and that it has begun is not noticed before it is asked again.
    ///
    /// # Errors
    ///
    /// When as many are followed as [`Limits::sources`](crate::Limits::sources) allows, or that one is already.
    pub fn add_replica(&mut self, uri: ResourceUri) -> Result<(), NotFollowed> {
        let authority = uri.authority().clone();
        self.follow(uri, authority, Subject::Replica, Query::all())
    }

    /// Mirrors what is registered at a directory of another authority. The URI is that of its feed, or of its host.
    ///
    /// # Errors
    ///
    /// When as many are followed as [`Limits::sources`](crate::Limits::sources) allows, or that one is already.
    pub fn add_mirror(&mut self, uri: ResourceUri) -> Result<(), NotFollowed> {
        self.add_mirror_of(uri, Query::all())
    }

    /// Mirrors what a query selects of what is registered at a directory of another authority: the registrations that an endpoint
    /// look-up finds, by a feed with all of their links. The URI is that of its feed, or of its host.
    ///
    /// The page of the query, if it has one, does not count.
    ///
    /// # Errors
    ///
    /// When as many are followed as [`Limits::sources`](crate::Limits::sources) allows, or that one is already.
    pub fn add_mirror_of(&mut self, uri: ResourceUri, query: Query) -> Result<(), NotFollowed> {
        let authority = uri.authority().clone();
        self.follow(uri, authority, Subject::Mirror, query)
    }

    /// Mirrors what a query selects of what is registered at an authority, through a directory that mirrors all of it and
    /// [passes it on](SyncConfig::passes_on). The URI is that of the feed of this directory, or of its host. The authority is named as
    /// it is there; the query without criteria stands for everything.
    ///
    /// It is shown as what it is at its authority: see [*Mirrors of mirrors*](crate#mirrors-of-mirrors).
    ///
    /// ```
    /// use waypost_filter::Query;
    /// use waypost_sync::{Replicator, SyncConfig};
    ///
    /// let mut replicator = Replicator::new(SyncConfig::new(1));
    /// let (proxy, rd) = ("coap://proxy.example".parse()?, "coap://rd.example".parse()?);
    /// replicator.add_mirror_through(proxy, rd, Query::all())?;
    /// let standing = replicator.standings().next().unwrap();
    /// assert_eq!((standing.source, standing.authority.as_str()), ("coap://proxy.example", "coap://rd.example"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// When as many are followed as [`Limits::sources`](crate::Limits::sources) allows, or that authority is mirrored already.
    pub fn add_mirror_through(
        &mut self,
        uri: ResourceUri,
        authority: Authority,
        query: Query,
    ) -> Result<(), NotFollowed> {
        let is_own = *uri.authority() == authority;
        let subject = if is_own { Subject::Mirror } else { Subject::Through(authority.clone()) };
        self.follow(uri, authority, subject, query)
    }

    /// Returns how it stands with each directory that is followed, in the order in which they were added.
    pub fn standings(&self) -> impl Iterator<Item = Standing<'_>> {
        let of = |following| Standing { others: self.others(following), ..following.standing(&self.config.limits) };
        self.followed.values().map(of)
    }

    /// Returns the same as it is now: what is in step is confirmed, unless its source is being asked whether it still is.
    pub(crate) fn standings_at(&self, now: Instant) -> impl Iterator<Item = Standing<'_>> {
        self.followed.values().map(move |following| Standing {
            confirmed: following.confirmed(now),
            others: self.others(following),
            ..following.standing(&self.config.limits)
        })
    }

    /// Returns the next event for the log.
    pub fn poll_event(&mut self) -> Option<SyncEvent> {
        self.events.pop()
    }

    /// Returns how many peers observe the feed.
    #[must_use]
    pub fn observers(&self) -> usize {
        self.source.observers()
    }

    /// Returns how many answers were encoded so far. One that was sent to several peers counts once.
    #[must_use]
    pub const fn encodings(&self) -> u64 {
        self.source.encodings()
    }

    /// Tells whether a request is for this engine.
    #[must_use]
    pub fn is_for(&self, request: &Request) -> bool {
        request.path == self.config.path
    }

    /// Takes a request for the feed. The answer comes out of [`Replicator::poll_output`].
    pub fn handle_request(
        &mut self,
        now: Instant,
        directory: &Directory,
        exchange: ExchangeId,
        peer: &Peer,
        request: &Request,
    ) {
        let mut is_replica = peer.credentials.iter().any(|own| self.config.replica_credentials.contains(own));
        // Who has nothing while there is something has just started, and knows nobody who observed it before; who has what is not
        // here may have lost the observation.
        let is_news = || {
            let version = directory.version();
            let is_other = |cursor: Version| !version.includes(&cursor) || (cursor.is_empty() && !version.is_empty());
            Question::cursor(&request.payload).is_some_and(is_other)
        };
        for following in self.followed.values_mut() {
            let Followed::ByFeed(follower) = &mut following.by else { continue };
            if follower.relation() == Relation::Replica && follower.peer().uri == peer.uri {
                // Anybody can bear its address.
                if !(is_replica || peer.is_reachable) {
                    return self.source.challenge(exchange);
                }
                is_replica = true;
                if is_news() {
                    follower.hear_of_news(now, &self.config.limits);
                }
            }
        }
        let client = Client::of(peer, is_replica);
        let asker = Asker { exchange, client: &client };
        self.serve(now, directory, |source, context| source.handle_request(context, asker, request));
    }

    /// Takes the answer to a request of this engine, a notification, or why there is none.
    pub fn handle_response(
        &mut self,
        now: Instant,
        directory: &mut Directory,
        request: RequestId,
        outcome: Result<Response, RequestFailure>,
    ) {
        let (name, request) = split(request);
        let without_feed = self.with(now, directory, name, |followed, surroundings| match followed {
            Followed::ByFeed(follower) => {
                follower.handle_outcome(surroundings, request, outcome);
                follower.without_feed().cloned()
            }
            Followed::ByLookups(mirror) => {
                mirror.handle_response(surroundings, request, outcome);
                None
            }
        });
        if let Some(host) = without_feed.flatten()
            && let Some(following) = self.followed.get_mut(&name)
        {
            let mirror = LookupMirror::new(host, following.query.clone(), &self.config);
            following.by = Followed::ByLookups(Box::new(mirror));
        }
    }

    /// Says that a notification can be sent.
    pub fn handle_ready(&mut self, now: Instant, directory: &Directory, exchange: ExchangeId) {
        self.serve(now, directory, |source, context| source.handle_ready(context, exchange));
    }

    /// Says that an observation of the feed has ended.
    pub fn handle_cancel(&mut self, exchange: ExchangeId) {
        self.source.handle_cancel(exchange);
    }

    /// Says that time has passed.
    pub fn handle_timeout(&mut self, now: Instant, directory: &mut Directory) {
        if matches!(self.draining, Draining::Until(until) if until <= now) {
            self.draining = Draining::Over;
        }
        self.events.turn(now);
        for name in self.names() {
            self.with(now, directory, name, Followed::handle_timeout);
        }
    }

    /// Returns the next thing that the engine has to say.
    pub fn poll_output(&mut self, now: Instant, directory: &mut Directory) -> Option<Output> {
        if let Some(output) = self.serve(now, directory, Source::poll_output) {
            return Some(output);
        }
        for name in self.names() {
            let output = self.with(now, directory, name, Followed::poll_output);
            if let Some(output) = output.flatten() {
                return Some(output.with_request_renamed(|id| joined(name, id)));
            }
        }
        None
    }

    /// Hands over what is here, before this replica ends: tells the other replicas at once of all that they have not heard, and
    /// finds out whether they hold it. Where nothing was ever registered, that is over at once. What fails at the other replicas is not
    /// [told](Replicator::poll_event) any more.
    ///
    /// Whoever ends is to take no more writes, to go on with everything else until [`Replicator::is_drained`], and then to stop.
    pub fn drain(&mut self, now: Instant, directory: &Directory) {
        if self.draining == Draining::No {
            self.draining = Draining::Until(now + self.config.limits.drain);
        }
        self.source.hurry(now);
        for following in self.followed.values_mut() {
            if let Followed::ByFeed(follower) = &mut following.by
                && follower.relation() == Relation::Replica
            {
                follower.hand_over(directory.version());
            }
        }
    }

    /// Returns whether draining has begun.
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.draining != Draining::No
    }

    /// Returns whether draining has come to its end: the other replicas hold what is here, or
    /// [`Limits::drain`](crate::Limits::drain) has passed.
    #[must_use]
    pub fn is_drained(&self, now: Instant, directory: &Directory) -> bool {
        let until = match self.draining {
            Draining::No => return false,
            Draining::Over => return true,
            Draining::Until(until) => until,
        };
        until <= now || (self.source.is_told(directory) && self.followed.values().all(Following::is_handed_over))
    }

    /// Ends all that goes on at sources, and returns what is to be said there.
    pub(crate) fn end(&mut self, now: Instant) -> Vec<Output> {
        let mut outputs = Vec::new();
        for (name, following) in core::mem::take(&mut self.followed) {
            let last = following.by.end(now, &self.config).into_iter();
            outputs.extend(last.map(|output| output.with_request_renamed(|id| joined(name, id))));
        }
        outputs
    }

    /// Returns when [`Replicator::handle_timeout`] wants to be called next.
    #[must_use]
    pub fn poll_timeout(&self) -> Option<Instant> {
        let deadline = |following: &Following| following.by.deadline();
        let drained = if let Draining::Until(until) = self.draining { Some(until) } else { None };
        let others = [self.source.deadline(), self.events.deadline(), drained];
        self.followed.values().filter_map(deadline).chain(others.into_iter().flatten()).min()
    }

    fn follow(
        &mut self,
        uri: ResourceUri,
        authority: Authority,
        subject: Subject,
        query: Query,
    ) -> Result<(), NotFollowed> {
        if self.followed.len() >= self.config.limits.sources {
            return Err(NotFollowed::OverLimit);
        }
        let (name, relation, query): (Box<str>, _, _) = (uri.as_str().into(), subject.relation(), query.without_page());
        // Of one authority, one query says what is held, and one source has the last word.
        let is_held = |other: &Following| {
            let is_mirrored = [relation, other.relation] == [Relation::Mirror; 2];
            other.authority == authority && (is_mirrored || other.name == name)
        };
        if self.followed.values().any(is_held) {
            return Err(NotFollowed::Already);
        }
        let by = Followed::ByFeed(Box::new(Follower::new(uri, subject, &query)));
        self.followed.insert(
            self.next,
            Following { name, authority, relation, query, confirmed: None, by, means: None, others: None },
        );
        self.next += 1;
        Ok(())
    }

    fn names(&self) -> Vec<u32> {
        self.followed.keys().copied().collect()
    }

    fn with<R>(
        &mut self,
        now: Instant,
        directory: &mut Directory,
        name: u32,
        work: impl FnOnce(&mut Followed, &mut Surroundings<'_>) -> R,
    ) -> Option<R> {
        let Self { config, jitter, followed, events, .. } = self;
        let mut note = |event: SyncEvent| events.push(now, event);
        let following = followed.get_mut(&name)?;
        // Before as well: it may have been so ever since something was last done here.
        following.confirmed = following.confirmed(now);
        let done = work(&mut following.by, &mut Surroundings { now, directory, config, jitter, events: &mut note });
        following.confirmed = following.confirmed(now);
        if let Some(means) = following.poll_means() {
            note(SyncEvent::MirroredBy { source: following.name.clone(), means });
        }
        self.note_others(now, name);
        Some(done)
    }

    /// Tells of a directory whose registrations a source shows, once.
    fn note_others(&mut self, now: Instant, name: u32) {
        let Some(following) = self.followed.get(&name) else { return };
        let others = self.others(following);
        if others == following.others.as_ref() {
            return;
        }
        let (source, others) = (following.name.clone(), others.cloned());
        if let Some(authority) = others.clone() {
            self.events.push(now, SyncEvent::ShowsOthers { source, authority });
        }
        if let Some(following) = self.followed.get_mut(&name) {
            following.others = others;
        }
    }

    /// Returns a directory whose registrations a source shows, and that is not followed here.
    fn others<'r>(&'r self, following: &'r Following) -> Option<&'r Authority> {
        let is_followed = |authority: &Authority| self.followed.values().any(|other| other.authority == *authority);
        following.by.others().find(|authority| !is_followed(authority))
    }

    /// Works as a source.
    fn serve<R>(
        &mut self,
        now: Instant,
        directory: &Directory,
        work: impl FnOnce(&mut Source, &Context<'_>) -> R,
    ) -> R {
        let Self { config, followed, source, .. } = self;
        let passage = |authority: &Authority| {
            let is_of = |following: &&Following| {
                following.relation == Relation::Mirror
                    && following.authority == *authority
                    && following.query.criteria().is_empty()
            };
            let following = followed.values().find(is_of).ok_or(NotPassedOn::NotHeld)?;
            following.passage(now, &config.limits).ok_or(NotPassedOn::NotYet)
        };
        work(source, &Context { now, directory, config, passage: &passage })
    }
}

/// Makes the name of a request from whom it is for and the name that was given there, which is small.
const fn joined(followed: u32, RequestId(own): RequestId) -> RequestId {
    RequestId((followed as u64) << FOLLOWED_SHIFT | own & ((1 << FOLLOWED_SHIFT) - 1))
}

const fn split(RequestId(id): RequestId) -> (u32, RequestId) {
    ((id >> FOLLOWED_SHIFT) as u32, RequestId(id & ((1 << FOLLOWED_SHIFT) - 1)))
}

/// Bits for the names of requests to one source: what is asked in a second for a thousand years.
const FOLLOWED_SHIFT: u32 = 40;

use alloc::vec::Vec;

use waypost_filter::Query;
use waypost_model::Location;
use waypost_time::Instant;

use crate::{Directory, LinkChange, Refused, Scope, watches::selection::Listener};

/// The name of a watch.
///
/// ```
/// use waypost_directory::{Config, Directory, Scope};
/// use waypost_filter::Query;
/// use waypost_model::ReplicaId;
/// use waypost_time::Instant;
///
/// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// let first = directory.watch(Instant::ZERO, Scope::Endpoints, Query::all()).unwrap();
/// let second = directory.watch(Instant::ZERO, Scope::Endpoints, Query::all()).unwrap();
/// assert_ne!(first, second);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WatchId(pub(crate) u64);

/// Someone who watches, with a queue of events of its own, so that nobody takes what another waits for.
///
/// The default one is the application that has the directory. What stands between the two, such as a server, is another.
///
/// ```
/// use waypost_directory::{Config, Directory, Scope};
/// use waypost_filter::Query;
/// use waypost_model::{Base, EndpointName, Registration, ReplicaId};
/// use waypost_time::Instant;
///
/// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// let other = directory.add_watcher();
/// directory.watch_as(other, Instant::ZERO, Scope::Endpoints, Query::all()).unwrap();
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
/// let registration = Registration::new(EndpointName::new("node1").unwrap(), base, Default::default());
/// directory.register(Instant::ZERO, registration).unwrap();
///
/// assert_eq!(directory.poll_watch(), None);
/// assert!(directory.poll_watch_as(other).is_some());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Watcher(pub(crate) u32);

/// Says that one registration's part in the result of a watch changed.
///
/// ```
/// use waypost_directory::{Config, Directory, Scope, WatchChange};
/// use waypost_filter::Query;
/// use waypost_model::{Base, EndpointName, Registration, ReplicaId};
/// use waypost_time::Instant;
///
/// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// let watch = directory.watch(Instant::ZERO, Scope::Endpoints, Query::parse("ep=node*").unwrap()).unwrap();
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
/// let registration = Registration::new(EndpointName::new("node1").unwrap(), base, Default::default());
/// let location = directory.register(Instant::ZERO, registration).unwrap().location;
///
/// let event = directory.poll_watch().unwrap();
/// assert_eq!((event.watch, event.what, event.location), (watch, WatchChange::Entered, location));
/// assert_eq!(directory.poll_watch(), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchEvent {
    /// Whose result changed.
    pub watch: WatchId,
    /// The registration.
    pub location: Location,
    /// What happened to it, or to those of its links that are watched.
    pub what: WatchChange,
    /// What happened to each link, for a watch that [tells of links](Directory::watch_links); else, and when something was
    /// missed, nothing.
    pub links: Vec<LinkChange>,
}

/// What happened to a registration in the result of a watch.
///
/// ```
/// use waypost_directory::WatchChange;
///
/// assert_ne!(WatchChange::Entered, WatchChange::Left);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WatchChange {
    /// It was not in the result and is now.
    Entered,
    /// It is in the result as before, and is shown differently; of its links some may have entered, changed or left.
    Changed,
    /// It was in the result and is no more.
    Left,
    /// More happened than could be remembered or examined: the result may have changed and has to be looked up anew. The
    /// registration is one of those that changed.
    Missed,
}

impl Directory {
    /// Watches a query: from now on, [`poll_watch`](Self::poll_watch) tells what changes in its result.
    ///
    /// What is in the result already is for a look-up to tell. The page of the query does not count. What expires is told
    /// when [`expire`](Self::expire) collects it.
    ///
    /// # Errors
    ///
    /// When there are too many watches.
    pub fn watch(&mut self, now: Instant, scope: Scope, query: Query) -> Result<WatchId, Refused> {
        self.watch_as(Watcher::default(), now, scope, query)
    }

    /// Watches a query on behalf of a [`Watcher`], as [`watch`](Self::watch) does for the application.
    ///
    /// # Errors
    ///
    /// When there are too many watches.
    pub fn watch_as(
        &mut self,
        watcher: Watcher,
        _now: Instant,
        scope: Scope,
        query: Query,
    ) -> Result<WatchId, Refused> {
        self.add_watch(watcher, scope, query, false)
    }

    /// Watches a query of links, and tells of each registration which of its links [changed](WatchEvent::links).
    ///
    /// Taken together, the events turn the result as it was when the watch was made into the result as it is, but for the
    /// order of links in a registration: where only that changed, or the zone that a registration is seen from, no link
    /// did. What the links were before is kept while an event waits, within
    /// [`Limits::watch_bytes`](crate::Limits::watch_bytes).
    ///
    /// # Errors
    ///
    /// When there are too many watches.
    pub fn watch_links(&mut self, now: Instant, query: Query) -> Result<WatchId, Refused> {
        self.watch_links_as(Watcher::default(), now, query)
    }

    /// Watches a query of links on behalf of a [`Watcher`], as [`watch_links`](Self::watch_links) does for the application.
    ///
    /// # Errors
    ///
    /// When there are too many watches.
    pub fn watch_links_as(&mut self, watcher: Watcher, _now: Instant, query: Query) -> Result<WatchId, Refused> {
        self.add_watch(watcher, Scope::Resources, query, true)
    }

    /// Ends a watch. Its events that wait are dropped.
    pub fn unwatch(&mut self, watch: WatchId) {
        self.watches.remove(watch);
    }

    /// Makes a watcher beside the application.
    pub fn add_watcher(&mut self) -> Watcher {
        self.watches.add_watcher()
    }

    /// Ends all watches of a watcher.
    pub fn remove_watcher(&mut self, watcher: Watcher) {
        self.watches.remove_watcher(watcher);
    }

    /// Returns the next event of any watch of the application, in the order in which the results first changed.
    ///
    /// Several changes of the same registration that were not asked for yet are one event; none, if it is as it was.
    pub fn poll_watch(&mut self) -> Option<WatchEvent> {
        self.poll_watch_as(Watcher::default())
    }

    /// Returns the next event of any watch of a watcher, as [`poll_watch`](Self::poll_watch) does for the application.
    pub fn poll_watch_as(&mut self, watcher: Watcher) -> Option<WatchEvent> {
        self.watches.poll(&self.context, &self.documents, &self.registry, watcher)
    }

    #[expect(clippy::needless_pass_by_value, reason = "a watch has its query")]
    fn add_watch(
        &mut self,
        watcher: Watcher,
        scope: Scope,
        query: Query,
        wants_links: bool,
    ) -> Result<WatchId, Refused> {
        let limit = self.context.config.limits.watches;
        if self.watches.len() >= limit {
            return Err(Refused::OverLimit { what: "watches", limit });
        }
        Ok(self.watches.add(scope, &query, Listener { watcher, wants_links }))
    }
}

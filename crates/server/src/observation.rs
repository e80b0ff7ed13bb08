use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::ops::Bound;

use waypost_directory::{Directory, Scope, WatchId, Watcher};
use waypost_filter::Query;
use waypost_rest::{ETag, ExchangeId, Response};
use waypost_time::Instant;

use crate::lookup::{Lookup, Rendering, View};
use crate::paging::Paging;
use crate::quota::{Account, Tally};
use crate::{Policy, Refusal, ServerLimits};

/// The observed look-ups ([RFC 9176 §6.2], [RFC 7641]).
///
/// Observers of one look-up with one view share a result: one watch in the directory, and one rendering per change. Results
/// that differ in page, view or what they show share the watch. An observer that is slow costs nothing: it is told that
/// something changed, and gets the state of the moment when it is ready.
///
/// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
/// [RFC 7641]: https://www.rfc-editor.org/rfc/rfc7641
#[derive(Debug, Default)]
pub(crate) struct Observations {
    watcher: Watcher,
    observers: BTreeMap<ExchangeId, Observer>,
    results: BTreeMap<ResultId, SharedResult>,
    result_ids: BTreeMap<(Lookup, View), ResultId>,
    watched: BTreeMap<WatchId, Watched>,
    watch_ids: BTreeMap<(Scope, Query), WatchId>,
    tally: Tally,
    last_result: ResultId,
    /// Results of whose change not all observers were told yet.
    changed: VecDeque<ResultId>,
}

type ResultId = u64;

#[derive(Debug)]
struct Observer {
    result: ResultId,
    account: Account,
    /// What the observer knows.
    known: ETag,
    revision: u64,
    /// Whether it was told that there is something new, and has not asked for it yet.
    is_told: bool,
}

#[derive(Debug)]
struct SharedResult {
    lookup: Lookup,
    view: View,
    watch: WatchId,
    observers: BTreeSet<ExchangeId>,
    rendering: Option<(Instant, Rendering)>,
    /// Counts the changes of which the watch told.
    revision: u64,
    /// Whether it is among the changed ones.
    is_queued: bool,
    /// The last observer that was told.
    told: Option<ExchangeId>,
}

#[derive(Debug)]
struct Watched {
    key: (Scope, Query),
    results: BTreeSet<ResultId>,
}

/// What a rendering needs besides the look-up.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    pub(crate) now: Instant,
    pub(crate) directory: &'a Directory,
    pub(crate) policy: &'a dyn Policy,
    pub(crate) limits: &'a ServerLimits,
    pub(crate) paging: &'a mut Paging,
}

impl Observations {
    pub(crate) fn new(watcher: Watcher) -> Self {
        Self { watcher, ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.observers.len()
    }

    /// Tells whether there is room for one more observation of this account.
    pub(crate) fn admits(&self, account: &Account, limits: &ServerLimits) -> bool {
        self.observers.len() < limits.observations && self.tally.of(account) < limits.observations_per_peer
    }

    /// Makes sure that the directory watches what a look-up selects; false if it has no room for another watch.
    pub(crate) fn watch(&mut self, now: Instant, directory: &mut Directory, lookup: &Lookup) -> bool {
        let key = (lookup.scope, lookup.query.clone().without_page());
        if self.watch_ids.contains_key(&key) {
            return true;
        }
        let Ok(watch) = directory.watch_as(self.watcher, now, key.0, key.1.clone()) else { return false };
        self.watch_ids.insert(key.clone(), watch);
        self.watched.insert(watch, Watched { key, results: BTreeSet::new() });
        true
    }

    /// Adds an observer of a look-up that is watched, and returns what it observes.
    ///
    /// # Errors
    /// A refusal if there is no answer to observe; then nothing is added.
    pub(crate) fn add(
        &mut self,
        context: &mut Context<'_>,
        exchange: ExchangeId,
        account: Account,
        lookup: Lookup,
        view: View,
    ) -> Result<Rendering, Refusal> {
        let key = (lookup, view);
        let watch_key = (key.0.scope, key.0.query.clone().without_page());
        let watch = *self.watch_ids.get(&watch_key).ok_or(Refusal::Internal)?;
        let (id, rendering) = match self.result_ids.get(&key) {
            Some(&id) => (id, self.rendering(context, id)?),
            None => {
                let (lookup, view) = key.clone();
                let rendering = lookup.render(context, &view)?;
                self.last_result += 1;
                let id = self.last_result;
                let result = SharedResult {
                    lookup,
                    view,
                    watch,
                    observers: BTreeSet::new(),
                    rendering: Some((context.now, rendering.clone())),
                    revision: 0,
                    is_queued: false,
                    told: None,
                };
                self.results.insert(id, result);
                self.result_ids.insert(key, id);
                if let Some(watched) = self.watched.get_mut(&watch) {
                    watched.results.insert(id);
                }
                (id, rendering)
            }
        };
        let result = self.results.get_mut(&id).ok_or(Refusal::Internal)?;
        result.observers.insert(exchange);
        let observer = Observer {
            result: id,
            account: account.clone(),
            known: rendering.etag,
            revision: result.revision,
            is_told: false,
        };
        self.observers.insert(exchange, observer);
        self.tally.add(account);
        Ok(rendering)
    }

    /// Ends an observation, and what only it needed.
    pub(crate) fn remove(&mut self, directory: &mut Directory, exchange: ExchangeId) {
        let Some(observer) = self.observers.remove(&exchange) else { return };
        self.tally.take(&observer.account);
        let Some(result) = self.results.get_mut(&observer.result) else { return };
        result.observers.remove(&exchange);
        if !result.observers.is_empty() {
            return;
        }
        let Some(result) = self.results.remove(&observer.result) else { return };
        self.result_ids.remove(&(result.lookup, result.view));
        if let Some(watched) = self.watched.get_mut(&result.watch) {
            watched.results.remove(&observer.result);
        }
        self.unwatch_unused(directory, result.watch);
    }

    /// Drops the watch of a look-up that nobody observes after all.
    pub(crate) fn unwatch(&mut self, directory: &mut Directory, lookup: &Lookup) {
        let key = (lookup.scope, lookup.query.clone().without_page());
        if let Some(&watch) = self.watch_ids.get(&key) {
            self.unwatch_unused(directory, watch);
        }
    }

    fn unwatch_unused(&mut self, directory: &mut Directory, watch: WatchId) {
        if self.watched.get(&watch).is_some_and(|watched| watched.results.is_empty())
            && let Some(watched) = self.watched.remove(&watch)
        {
            self.watch_ids.remove(&watched.key);
            directory.unwatch(watch);
        }
    }

    /// Takes note that a watch fired.
    pub(crate) fn fired(&mut self, watch: WatchId) {
        let Some(watched) = self.watched.get(&watch) else { return };
        for id in &watched.results {
            let Some(result) = self.results.get_mut(id) else { continue };
            result.revision += 1;
            result.rendering = None;
            // Those who were told and have not asked yet are passed over, so starting anew tells nobody twice.
            result.told = None;
            if !result.is_queued {
                result.is_queued = true;
                self.changed.push_back(*id);
            }
        }
    }

    /// Returns the next observer to tell of a change.
    pub(crate) fn poll_changed(&mut self) -> Option<ExchangeId> {
        while let Some(id) = self.changed.front() {
            let Some(result) = self.results.get_mut(id) else {
                self.changed.pop_front();
                continue;
            };
            let after = result.told.map_or(Bound::Unbounded, Bound::Excluded);
            for &exchange in result.observers.range((after, Bound::Unbounded)) {
                let Some(observer) = self.observers.get_mut(&exchange) else { continue };
                if !observer.is_told && observer.revision != result.revision {
                    observer.is_told = true;
                    result.told = Some(exchange);
                    return Some(exchange);
                }
            }
            result.is_queued = false;
            self.changed.pop_front();
        }
        None
    }

    /// Returns what to notify an observer of that is ready; `None` if it knows it already.
    pub(crate) fn notification(
        &mut self,
        context: &mut Context<'_>,
        exchange: ExchangeId,
    ) -> Option<Result<Response, Refusal>> {
        let observer = self.observers.get_mut(&exchange)?;
        observer.is_told = false;
        let id = observer.result;
        let result = self.results.get(&id)?;
        if observer.revision == result.revision {
            return None;
        }
        let (revision, shows_time) = (result.revision, result.lookup.shows_time());
        let rendering = match self.rendering(context, id) {
            Ok(rendering) => rendering,
            Err(refusal) => return Some(Err(refusal)),
        };
        let observer = self.observers.get_mut(&exchange)?;
        observer.revision = revision;
        let is_new = observer.known != rendering.etag;
        observer.known = rendering.etag;
        (is_new || shows_time).then(|| {
            let mut response = rendering.response(context.now);
            response.is_observed = true;
            Ok(response)
        })
    }

    /// Returns the rendering of a result as it is now, made once for all its observers.
    fn rendering(&mut self, context: &mut Context<'_>, id: ResultId) -> Result<Rendering, Refusal> {
        let result = self.results.get_mut(&id).ok_or(Refusal::Internal)?;
        if let Some((made, rendering)) = &result.rendering
            && context.now < rendering.good_until
            && (*made == context.now || !result.lookup.shows_time())
        {
            return Ok(rendering.clone());
        }
        let rendering = result.lookup.render(context, &result.view)?;
        result.rendering = Some((context.now, rendering.clone()));
        Ok(rendering)
    }
}

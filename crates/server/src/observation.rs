use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::mem::{replace, take};

use bytes::Bytes;
use waypost_directory::{Directory, Scope, WatchId, Watcher};
use waypost_filter::Query;
use waypost_rest::{Account, ETag, ExchangeId, Overdrawn, Response, Tally};
use waypost_time::Instant;

use crate::lookup::{Context, FREE, Lookup, Rendering, View};
use crate::steps::Steps;
use crate::turns::Turns;
use crate::{Refusal, ServerLimits};

/// The observed look-ups ([RFC 9176 §6.2], [RFC 7641]).
///
/// Observers of one look-up with one view share a result: one watch in the directory, and one rendering per change. Results
/// that differ in page, view or what they show share the watch. An observer that is slow costs nothing: it is told that
/// something changed, and gets the state of the moment when it is ready. Until then further changes pass it by.
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
    /// What the renderings take.
    bytes: usize,
    last_result: ResultId,
    /// Watches that fired and of which not all observers were told yet.
    changed: VecDeque<WatchId>,
    /// When observers are told of what changed that caused more work than they may.
    turns: Turns,
}

type ResultId = u64;

#[derive(Debug)]
struct Observer {
    result: ResultId,
    account: Account,
    /// What the observer knows, and as of which revision.
    known: ETag,
    revision: u64,
    /// When it is told of what changed, if it was put off.
    turn: Option<Instant>,
}

#[derive(Debug)]
struct SharedResult {
    lookup: Lookup,
    view: View,
    watch: WatchId,
    observers: usize,
    /// Those of them that have to wait for their turn, or for somebody else's in which the result is rendered.
    put_off: BTreeSet<(Instant, ExchangeId)>,
    rendering: Rendered,
    /// For observers that take link deltas.
    steps: Steps,
}

/// A rendering, and what it was made of.
#[derive(Debug)]
struct Rendered {
    rendering: Rendering,
    revision: u64,
    at: Instant,
    /// The work that it took, or takes at least.
    cost: u64,
}

/// What a result is at the moment.
#[derive(Debug)]
struct Current {
    rendering: Rendering,
    /// Whether there is room to keep it for the observers.
    is_kept: bool,
}

#[derive(Debug)]
struct Watched {
    key: (Scope, Query),
    results: usize,
    /// Counts the changes of which the watch told.
    revision: u64,
    /// The observers that know of the last change, or have to be told of it. The others were told and have not asked yet.
    up_to_date: BTreeSet<ExchangeId>,
    to_tell: BTreeSet<ExchangeId>,
    /// Whether it is among those that fired.
    is_queued: bool,
}

impl Observations {
    pub(crate) fn new(watcher: Watcher) -> Self {
        Self { watcher, ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.observers.len()
    }

    /// Tells whether there is room for one more observation of this client.
    pub(crate) fn admits(&self, account: &Account, limits: &ServerLimits) -> bool {
        self.observers.len() < account.share_of(limits.observations)
            && self.tally.of(account) < limits.observations_per_peer
    }

    /// Makes sure that the directory watches what a look-up of a client selects; false if it has no room for another watch.
    pub(crate) fn watch(
        &mut self,
        now: Instant,
        directory: &mut Directory,
        account: &Account,
        lookup: &Lookup,
    ) -> bool {
        let key = (lookup.scope, lookup.query.clone().without_page());
        if self.watch_ids.contains_key(&key) {
            return true;
        }
        if self.watched.len() >= account.share_of(directory.config().limits.watches) {
            return false;
        }
        let Ok(watch) = directory.watch_as(self.watcher, now, key.0, key.1.clone()) else { return false };
        self.watch_ids.insert(key.clone(), watch);
        self.watched.insert(watch, Watched::new(key));
        true
    }

    /// Adds an observer of a look-up that is watched, and returns what it observes; if there is no room to keep that, nothing is
    /// added.
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
        let revision = self.watched.get(&watch).ok_or(Refusal::Internal)?.revision;
        let id = match self.result_ids.get(&key) {
            Some(&id) => {
                let current = self.current(context, id)?;
                if !current.is_kept {
                    return Ok(current.rendering);
                }
                id
            }
            None => {
                let rendered = render(context, &key.0, &key.1, revision)?;
                if self.bytes + rendered.rendering.size() > account.share_of(context.limits.observed_bytes) {
                    return Ok(rendered.rendering);
                }
                self.add_result(context, key, watch, rendered)
            }
        };
        let result = self.results.get_mut(&id).ok_or(Refusal::Internal)?;
        result.observers += 1;
        let rendering = result.rendering.rendering.clone();
        if let Some(watched) = self.watched.get_mut(&watch) {
            watched.up_to_date.insert(exchange);
        }
        self.tally.add(account.clone(), 1);
        let observer = Observer { result: id, account, known: rendering.etag, revision, turn: None };
        self.observers.insert(exchange, observer);
        Ok(rendering)
    }

    fn add_result(
        &mut self,
        context: &mut Context<'_>,
        key: (Lookup, View),
        watch: WatchId,
        rendering: Rendered,
    ) -> ResultId {
        let (lookup, view) = key.clone();
        self.bytes += rendering.rendering.size();
        self.last_result += 1;
        let id = self.last_result;
        let (put_off, steps) = (BTreeSet::new(), Steps::default());
        let mut result = SharedResult { lookup, view, watch, observers: 0, put_off, rendering, steps };
        result.take_step(context);
        self.results.insert(id, result);
        self.result_ids.insert(key, id);
        if let Some(watched) = self.watched.get_mut(&watch) {
            watched.results += 1;
        }
        id
    }

    /// Ends an observation, and what only it needed.
    pub(crate) fn remove(&mut self, directory: &mut Directory, exchange: ExchangeId) {
        self.settle(exchange);
        let Some(observer) = self.observers.remove(&exchange) else { return };
        let account = &observer.account;
        self.tally.take(account, 1);
        if self.tally.of(account) == 0 {
            self.turns.forget(account);
        }
        let Some(result) = self.results.get_mut(&observer.result) else { return };
        let watch = result.watch;
        result.observers -= 1;
        let is_last = result.observers == 0;
        if let Some(watched) = self.watched.get_mut(&watch) {
            watched.up_to_date.remove(&exchange);
            watched.to_tell.remove(&exchange);
            watched.results -= usize::from(is_last);
        }
        if is_last && let Some(result) = self.results.remove(&observer.result) {
            self.bytes -= result.rendering.rendering.size();
            self.result_ids.remove(&(result.lookup, result.view));
            self.unwatch_unused(directory, watch);
        }
    }

    /// Drops the watch of a look-up that nobody observes after all.
    pub(crate) fn unwatch(&mut self, directory: &mut Directory, lookup: &Lookup) {
        let key = (lookup.scope, lookup.query.clone().without_page());
        if let Some(&watch) = self.watch_ids.get(&key) {
            self.unwatch_unused(directory, watch);
        }
    }

    fn unwatch_unused(&mut self, directory: &mut Directory, watch: WatchId) {
        if self.watched.get(&watch).is_some_and(|watched| watched.results == 0)
            && let Some(watched) = self.watched.remove(&watch)
        {
            self.watch_ids.remove(&watched.key);
            directory.unwatch(watch);
        }
    }

    /// Tells whether there is an observation of this name.
    pub(crate) fn has(&self, exchange: ExchangeId) -> bool {
        self.observers.contains_key(&exchange)
    }

    /// Returns who observes.
    pub(crate) fn account(&self, exchange: ExchangeId) -> Option<Account> {
        self.observers.get(&exchange).map(|observer| observer.account.clone())
    }

    /// Takes note that a watch fired.
    pub(crate) fn fired(&mut self, watch: WatchId) {
        let Some(watched) = self.watched.get_mut(&watch) else { return };
        watched.revision += 1;
        let up_to_date = take(&mut watched.up_to_date);
        if watched.to_tell.is_empty() {
            watched.to_tell = up_to_date;
        } else {
            watched.to_tell.extend(up_to_date);
        }
        self.queue(watch);
    }

    fn queue(&mut self, watch: WatchId) {
        if let Some(watched) = self.watched.get_mut(&watch)
            && !watched.is_queued
            && !watched.to_tell.is_empty()
        {
            watched.is_queued = true;
            self.changed.push_back(watch);
        }
    }

    /// Returns when the next observer is told that was put off.
    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        self.turns.first().map(|(turn, _)| turn)
    }

    /// Tells those of a change who were put off until now.
    pub(crate) fn take_up(&mut self, now: Instant) {
        while let Some((turn, exchange)) = self.turns.first().filter(|(turn, _)| *turn <= now) {
            self.turns.take(turn, exchange);
            self.wake(exchange);
        }
    }

    /// Tells one of a change who was put off.
    fn wake(&mut self, exchange: ExchangeId) {
        let Some(watch) = self.settle(exchange) else { return };
        if let Some(watched) = self.watched.get_mut(&watch) {
            watched.to_tell.insert(exchange);
        }
        self.queue(watch);
    }

    /// Forgets that an observer was put off; returns what it watches.
    fn settle(&mut self, exchange: ExchangeId) -> Option<WatchId> {
        let observer = self.observers.get_mut(&exchange)?;
        let result = self.results.get_mut(&observer.result)?;
        if let Some(turn) = observer.turn.take() {
            self.turns.take(turn, exchange);
            result.put_off.remove(&(turn, exchange));
        }
        Some(result.watch)
    }

    /// Leaves an observer as one that was told of a change and has not asked yet, to be told again when it has its turn.
    fn put_off(&mut self, context: &Context<'_>, exchange: ExchangeId, overdrawn: Overdrawn) {
        let Some(observer) = self.observers.get_mut(&exchange) else { return };
        let Some(result) = self.results.get_mut(&observer.result) else { return };
        let next = self.turns.next(&observer.account, overdrawn);
        let turn = (context.now + overdrawn.wait()).max(*next);
        // Who waits for what others wait for gets it with the first of them.
        if result.put_off.first().is_none_or(|(first, _)| *first > turn) {
            *next = turn + overdrawn.time_for(result.rendering.cost, context.limits.work());
        }
        self.turns.give(turn, exchange);
        observer.turn = Some(turn);
        result.put_off.insert((turn, exchange));
        if let Some(watched) = self.watched.get_mut(&result.watch) {
            watched.up_to_date.remove(&exchange);
        }
    }

    /// Returns the next observer to tell of a change.
    pub(crate) fn poll_changed(&mut self) -> Option<ExchangeId> {
        while let Some(watch) = self.changed.front() {
            if let Some(watched) = self.watched.get_mut(watch) {
                if let Some(exchange) = watched.to_tell.pop_first() {
                    return Some(exchange);
                }
                watched.is_queued = false;
            }
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
        self.settle(exchange)?;
        let observer = self.observers.get(&exchange)?;
        let id = observer.result;
        let result = self.results.get(&id)?;
        let lookup = &result.lookup;
        let (watch, shows_time) = (result.watch, lookup.shows_time() && !lookup.is_by_deltas());
        let watched = self.watched.get_mut(&watch)?;
        watched.to_tell.remove(&exchange);
        watched.up_to_date.insert(exchange);
        let revision = watched.revision;
        if observer.revision == revision {
            return None;
        }
        let current = match self.current(context, id) {
            Err(Refusal::Overdrawn(overdrawn)) => {
                self.put_off(context, exchange, overdrawn);
                return None;
            }
            Err(refusal) => return Some(Err(refusal)),
            Ok(current) => current,
        };
        if !current.is_kept {
            let (limit, retry) = (context.limits.observed_bytes, context.limits.retry_seconds);
            return Some(Err(Refusal::Full { what: "bytes for observers", limit, retry }));
        }
        let rendering = current.rendering;
        let observer = self.observers.get_mut(&exchange)?;
        observer.revision = revision;
        let known = replace(&mut observer.known, rendering.etag);
        (known != rendering.etag || shows_time).then(|| {
            let step = self.step(exchange, &[known]);
            let mut response = step.map_or_else(|| rendering.response(context.now), |step| rendering.step(step));
            response.is_observed = true;
            Ok(response)
        })
    }

    /// Returns the link delta that leads from one of the states that an observer has to the present one, made once for all
    /// who are there; none if whole answers are what it observes, or no way is known.
    pub(crate) fn step(&mut self, exchange: ExchangeId, known: &[ETag]) -> Option<Bytes> {
        let result = self.results.get_mut(&self.observers.get(&exchange)?.result)?;
        known.iter().find_map(|&known| result.steps.from(known))
    }

    /// Returns a result as it is now, rendered once for all its observers.
    ///
    /// # Errors
    /// A refusal if there is no answer, or if it takes more work than the client may cause.
    fn current(&mut self, context: &mut Context<'_>, id: ResultId) -> Result<Current, Refusal> {
        let result = self.results.get_mut(&id).ok_or(Refusal::Internal)?;
        let revision = self.watched.get(&result.watch).ok_or(Refusal::Internal)?.revision;
        if result.is_fresh(context.now, revision) {
            return Ok(Current { rendering: result.rendering.rendering.clone(), is_kept: true });
        }
        if let Some(overdrawn) = context.overdrawn.filter(|_| result.rendering.cost > FREE) {
            return Err(Refusal::Overdrawn(overdrawn));
        }
        let rendered = render(context, &result.lookup, &result.view, revision).inspect_err(|_| {
            // Not to be tried again and again in the hope that it is free.
            result.rendering.cost = FREE + 1;
        })?;
        let rendering = rendered.rendering.clone();
        let bytes = self.bytes - result.rendering.rendering.size() + rendering.size();
        let is_kept = bytes <= context.limits.observed_bytes;
        if is_kept {
            self.bytes = bytes;
            result.rendering = rendered;
            result.take_step(context);
            for (_, exchange) in take(&mut result.put_off) {
                self.wake(exchange);
            }
        }
        Ok(Current { rendering, is_kept })
    }
}

impl SharedResult {
    /// Tells whether the rendering shows the result as it is now.
    fn is_fresh(&self, now: Instant, revision: u64) -> bool {
        let Rendered { rendering, revision: made_of, at, .. } = &self.rendering;
        *made_of == revision && now < rendering.good_until && (*at == now || !self.lookup.shows_time())
    }

    /// Takes note of how the rendering differs from the one before.
    fn take_step(&mut self, context: &mut Context<'_>) {
        if self.lookup.is_by_deltas() {
            let rendering = &self.rendering.rendering;
            self.steps.advance(rendering.etag, &rendering.links, context.limits.remembered_states);
            context.work += rendering.links.len() as u64;
        }
    }
}

impl Watched {
    fn new(key: (Scope, Query)) -> Self {
        Self { key, results: 0, revision: 0, up_to_date: BTreeSet::new(), to_tell: BTreeSet::new(), is_queued: false }
    }
}

fn render(context: &mut Context<'_>, lookup: &Lookup, view: &View, revision: u64) -> Result<Rendered, Refusal> {
    let rendering = lookup.render(context, view)?;
    Ok(Rendered { rendering, revision, at: context.now, cost: context.work })
}

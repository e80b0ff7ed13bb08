use alloc::{
    boxed::Box,
    collections::{BTreeMap, BTreeSet},
    vec::Vec,
};
use core::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;
use waypost_filter::{Criterion, Query, Record, Test};
use waypost_time::Instant;

use crate::{
    Endpoint, Resource, Scope, WatchEvent, WatchId, Watcher,
    context::Context,
    documents::Documents,
    endpoints,
    entry::Entry,
    events::Events,
    index::{each_word, lower_case},
    resources,
};

/// The watches, found from a change by what it contains.
///
/// Each watch waits for one thing: the criterion of its query that the fewest registrations should meet. A change is
/// taken apart into its values, before and after; only watches that wait for one of them are looked at. And only if what
/// they would show is different before and after, something is told.
#[derive(Debug, Clone)]
pub(crate) struct Watches {
    key: [u8; 16],
    next: u64,
    watches: BTreeMap<WatchId, Watch>,
    by_name: BTreeMap<Box<str>, Triggers>,
    /// Watches that any change can concern.
    all: BTreeSet<WatchId>,
    events: BTreeMap<Watcher, Events>,
    next_watcher: u32,
}

#[derive(Debug, Clone)]
struct Watch {
    watcher: Watcher,
    scope: Scope,
    query: Query,
}

/// The watches that wait for values of one attribute.
#[derive(Debug, Clone, Default)]
struct Triggers {
    exact: BTreeMap<Box<str>, BTreeSet<WatchId>>,
    prefixes: BTreeMap<Box<str>, BTreeSet<WatchId>>,
    /// How many prefixes there are of each length.
    lengths: BTreeMap<usize, usize>,
    exists: BTreeSet<WatchId>,
}

impl Watches {
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self {
            key,
            next: 0,
            watches: BTreeMap::new(),
            by_name: BTreeMap::new(),
            all: BTreeSet::new(),
            events: BTreeMap::new(),
            next_watcher: Watcher::default().0 + 1,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.watches.len()
    }

    pub(crate) fn add_watcher(&mut self) -> Watcher {
        let watcher = Watcher(self.next_watcher);
        self.next_watcher += 1;
        watcher
    }

    /// Ends all watches of a watcher.
    pub(crate) fn remove_watcher(&mut self, watcher: Watcher) {
        let own: Vec<WatchId> =
            self.watches.iter().filter(|(_, watch)| watch.watcher == watcher).map(|(id, _)| *id).collect();
        own.into_iter().for_each(|id| self.remove(id));
        self.events.remove(&watcher);
    }

    pub(crate) fn add(&mut self, watcher: Watcher, scope: Scope, query: Query) -> WatchId {
        let id = WatchId(self.next);
        self.next += 1;
        match trigger(&query) {
            Some(criterion) => self.by_name.entry(criterion.name().into()).or_default().add(criterion.test(), id),
            None => {
                self.all.insert(id);
            }
        }
        self.watches.insert(id, Watch { watcher, scope, query });
        id
    }

    pub(crate) fn remove(&mut self, id: WatchId) {
        let Some(watch) = self.watches.remove(&id) else { return };
        if let Some(events) = self.events.get_mut(&watch.watcher) {
            events.drop_watch(id);
        }
        self.all.remove(&id);
        if let Some(criterion) = trigger(&watch.query)
            && let Some(triggers) = self.by_name.get_mut(criterion.name())
        {
            triggers.remove(criterion.test(), id);
            if triggers.is_empty() {
                self.by_name.remove(criterion.name());
            }
        }
    }

    pub(crate) fn poll(&mut self, watcher: Watcher) -> Option<WatchEvent> {
        self.events.get_mut(&watcher)?.poll()
    }

    /// Tells the watches concerned that a registration, as look-ups show it, changed.
    pub(crate) fn note(&mut self, context: &Context, documents: &Documents, old: Option<&Entry>, new: Option<&Entry>) {
        if self.watches.is_empty() {
            return;
        }
        // What is compared does not depend on the time.
        let view = |entry| Endpoint::new(context, documents, entry, Instant::ZERO);
        let (old, new) = (old.map(view), new.map(view));
        let mut concerned: Vec<WatchId> = self.all.iter().copied().collect();
        for endpoint in [&old, &new].into_iter().flatten() {
            self.collect(endpoint, &mut concerned);
        }
        concerned.sort_unstable();
        concerned.dedup();
        let Some(endpoint) = new.or(old) else { return };
        let records = |endpoint: &Option<Endpoint<'_>>| endpoint.map_or(0, |endpoint| 1 + endpoint.resources().count());
        let records = records(&old) + records(&new);
        let mut tests = context.config.limits.watch_tests;
        for id in concerned {
            let Some(watch) = self.watches.get(&id) else { continue };
            match tests.checked_sub(records * watch.query.criteria().len().max(1)) {
                Some(left) => tests = left,
                None => {
                    self.events.entry(watch.watcher).or_default().miss(id, endpoint.location());
                    continue;
                }
            }
            let digest = |endpoint: &Option<Endpoint<'_>>| watch.digest(self.key, endpoint.as_ref()?);
            let (before, after) = (digest(&old), digest(&new));
            if before != after {
                let limit = context.config.limits.watch_events;
                let events = self.events.entry(watch.watcher).or_default();
                events.push(id, endpoint.location(), before, after, limit);
            }
        }
    }

    /// Collects the watches that wait for a value of a registration or one of its links.
    fn collect(&self, endpoint: &Endpoint<'_>, concerned: &mut Vec<WatchId>) {
        if self.by_name.is_empty() {
            return;
        }
        let own = ["ep", "d", "base", "rt", "href"].into_iter().map(Into::into);
        for name in own.chain(endpoint.attributes().map(|(name, _)| lower_case(name))) {
            self.collect_values(&name, endpoint, concerned);
        }
        for resource in endpoint.resources() {
            let own = ["href", "provenance"].into_iter().map(Into::into);
            for name in own.chain(resource.link().parameters().map(|parameter| lower_case(parameter.name()))) {
                self.collect_values(&name, &resource, concerned);
            }
        }
    }

    fn collect_values(&self, name: &str, record: &impl Record, concerned: &mut Vec<WatchId>) {
        if let Some(triggers) = self.by_name.get(name) {
            record.any_value(name, &mut |value| {
                triggers.collect(name, value.unwrap_or_default(), concerned);
                false
            });
        }
    }
}

impl Watch {
    /// Returns what stands for what the watch shows of a registration; nothing if it shows nothing.
    fn digest(&self, key: [u8; 16], endpoint: &Endpoint<'_>) -> Option<u64> {
        let mut hasher = SipHasher13::new_with_key(&key);
        let criteria = self.query.criteria();
        // Who sees a registration depends on its link.
        endpoint.zone().hash(&mut hasher);
        match self.scope {
            Scope::Endpoints => {
                if !criteria.iter().all(|criterion| endpoints::is_met(criterion, endpoint)) {
                    return None;
                }
                endpoint.location().as_str().hash(&mut hasher);
                endpoint.base().hash(&mut hasher);
                endpoint.attributes().for_each(|attribute| attribute.hash(&mut hasher));
            }
            Scope::Resources => {
                let shown =
                    |resource: &Resource<'_>| criteria.iter().all(|criterion| resources::is_met(criterion, resource));
                let mut is_empty = true;
                for resource in endpoint.resources().filter(shown) {
                    is_empty = false;
                    resource.target().hash(&mut hasher);
                    resource.anchor().hash(&mut hasher);
                    resource.link().raw().hash(&mut hasher);
                }
                if is_empty {
                    return None;
                }
            }
        }
        Some(hasher.finish())
    }
}

impl Triggers {
    fn add(&mut self, test: &Test, id: WatchId) {
        match test {
            Test::Exists => {
                self.exists.insert(id);
            }
            Test::Exact(value) => {
                self.exact.entry(value.clone()).or_default().insert(id);
            }
            Test::Prefix(prefix) => {
                let watches = self.prefixes.entry(prefix.clone()).or_default();
                if watches.is_empty() {
                    *self.lengths.entry(prefix.len()).or_default() += 1;
                }
                watches.insert(id);
            }
        }
    }

    fn remove(&mut self, test: &Test, id: WatchId) {
        match test {
            Test::Exists => {
                self.exists.remove(&id);
            }
            Test::Exact(value) => {
                take(&mut self.exact, value, id);
            }
            Test::Prefix(prefix) => {
                if take(&mut self.prefixes, prefix, id)
                    && let Some(count) = self.lengths.get_mut(&prefix.len())
                {
                    *count -= 1;
                    if *count == 0 {
                        self.lengths.remove(&prefix.len());
                    }
                }
            }
        }
    }

    fn is_empty(&self) -> bool {
        self.exact.is_empty() && self.prefixes.is_empty() && self.exists.is_empty()
    }

    fn collect(&self, name: &str, value: &str, concerned: &mut Vec<WatchId>) {
        concerned.extend(&self.exists);
        each_word(name, value, |word| self.collect_word(word, concerned));
    }

    fn collect_word(&self, word: &str, concerned: &mut Vec<WatchId>) {
        concerned.extend(self.exact.get(word).into_iter().flatten());
        for length in self.lengths.keys().take_while(|length| **length <= word.len()) {
            let watches = word.get(..*length).and_then(|prefix| self.prefixes.get(prefix));
            concerned.extend(watches.into_iter().flatten());
        }
    }
}

/// Takes a watch out; tells whether it was the last of its value.
fn take(watches: &mut BTreeMap<Box<str>, BTreeSet<WatchId>>, value: &str, id: WatchId) -> bool {
    let is_last = watches.get_mut(value).is_some_and(|ids| ids.remove(&id) && ids.is_empty());
    if is_last {
        watches.remove(value);
    }
    is_last
}

/// Returns the criterion that the fewest registrations should meet; none if all do.
fn trigger(query: &Query) -> Option<&Criterion> {
    let rank = |criterion: &&Criterion| match (criterion.name(), criterion.test()) {
        ("ep" | "href" | "base" | "provenance" | "anchor", Test::Exact(_)) => (0, 0),
        ("rt", Test::Exact(value)) if &**value == "core.rd-ep" => (4, 0),
        (_, Test::Exact(_)) => (1, 0),
        (_, Test::Prefix(prefix)) => (2, usize::MAX - prefix.len()),
        (_, Test::Exists) => (3, 0),
    };
    query.criteria().iter().min_by_key(rank)
}

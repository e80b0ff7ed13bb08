use alloc::{collections::BTreeMap, string::String, vec::Vec};

use waypost_filter::Query;
use waypost_link_format::LinkDocument;
use waypost_time::Instant;

use crate::{
    Endpoint, LinkChange, Scope, WatchChange, WatchEvent, WatchId, Watcher,
    context::Context,
    documents::Documents,
    entry::Entry,
    events::{Difference, Event, Events, Subject},
    registry::Registry,
    selections::Selections,
};

/// The watches, told of a change if what they show of the registration is different before and after it.
#[derive(Debug, Clone)]
pub(crate) struct Watches {
    key: [u8; 16],
    next: u64,
    watches: BTreeMap<WatchId, Watch>,
    selections: Selections,
    events: BTreeMap<Watcher, Events>,
    next_watcher: u32,
}

#[derive(Debug, Clone)]
struct Watch {
    watcher: Watcher,
    selection: u32,
    tells_links: bool,
}

impl Watches {
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self {
            key,
            next: 0,
            watches: BTreeMap::new(),
            selections: Selections::new(key),
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

    pub(crate) fn add(&mut self, watcher: Watcher, scope: Scope, query: &Query, tells_links: bool) -> WatchId {
        let id = WatchId(self.next);
        self.next += 1;
        let selection = self.selections.add(scope, query, id);
        self.watches.insert(id, Watch { watcher, selection, tells_links });
        id
    }

    pub(crate) fn remove(&mut self, id: WatchId) {
        let Some(watch) = self.watches.remove(&id) else { return };
        self.selections.remove(watch.selection, id);
        if let Some(events) = self.events.get_mut(&watch.watcher) {
            events.drop_watch(id);
        }
    }

    /// Returns the next event of a watcher.
    pub(crate) fn poll(
        &mut self,
        context: &Context,
        documents: &Documents,
        registry: &Registry,
        watcher: Watcher,
    ) -> Option<WatchEvent> {
        let Event { watch, subject, what, links } = self.events.get_mut(&watcher)?.poll()?;
        let location = subject.location(context);
        let own = self.watches.get(&watch)?;
        if !own.tells_links || what == WatchChange::Missed {
            return Some(WatchEvent { watch, location, what, links: Vec::new() });
        }
        let endpoint = subject.entry(registry).map(|entry| view(context, documents, entry));
        let now = endpoint.and_then(|endpoint| self.selections[own.selection].links(&endpoint)).unwrap_or_default();
        let links = LinkChange::between(document(&links), document(&now));
        Some(WatchEvent { watch, location, what, links })
    }

    /// Tells the watches concerned that a registration, as look-ups show it, changed.
    pub(crate) fn note(&mut self, context: &Context, documents: &Documents, old: Option<&Entry>, new: Option<&Entry>) {
        if self.watches.is_empty() {
            return;
        }
        let (old_subject, new_subject) = (old.map(Subject::of), new.map(Subject::of));
        let Some(subject) = new_subject.as_ref().or(old_subject.as_ref()) else { return };
        if old_subject.as_ref().is_some_and(|old| old != subject) {
            // For who looks up, the one at the old location is gone, and another one has come.
            self.note(context, documents, old, None);
            return self.note(context, documents, None, new);
        }
        let (old, new) =
            (old.map(|entry| view(context, documents, entry)), new.map(|entry| view(context, documents, entry)));
        let limits = &context.config.limits;
        let records = |endpoint: &Option<Endpoint<'_>>| {
            endpoint.map_or(0, |endpoint| 1 + endpoint.stored_document().len() as usize)
        };
        let records = records(&old) + records(&new);
        let mut tests = limits.watch_tests;
        for id in self.selections.concerned(old.as_ref(), new.as_ref()) {
            let selection = &self.selections[id];
            let mut spend = |count: usize| {
                let left = tests.checked_sub(count);
                tests = left.unwrap_or(tests);
                left.is_some()
            };
            let difference = spend(records * selection.criteria.len().max(1)).then(|| {
                let digest = |endpoint: &Option<Endpoint<'_>>| selection.digest(self.key, endpoint.as_ref()?);
                Difference { before: digest(&old), after: digest(&new) }
            });
            if difference.is_some_and(|difference| difference.before == difference.after) {
                continue;
            }
            for &id in &selection.watches {
                let Some(watch) = self.watches.get(&id) else { continue };
                let events = self.events.entry(watch.watcher).or_default();
                let links = || match &old {
                    Some(endpoint) if watch.tells_links => selection.links(endpoint).unwrap_or_default(),
                    _ => String::new(),
                };
                match difference.filter(|_| spend(1)) {
                    Some(difference) => events.push(id, subject, difference, links, limits),
                    None => events.miss(id, subject),
                }
            }
        }
    }
}

/// What watches show does not depend on the time.
fn view<'d>(context: &'d Context, documents: &'d Documents, entry: &'d Entry) -> Endpoint<'d> {
    Endpoint::new(context, documents, entry, Instant::ZERO)
}

/// Reads links as they were written for a watch.
fn document(links: &str) -> LinkDocument<'_> {
    let document = LinkDocument::parse(links);
    debug_assert!(document.is_ok(), "a writer writes documents");
    document.unwrap_or(LinkDocument::EMPTY)
}

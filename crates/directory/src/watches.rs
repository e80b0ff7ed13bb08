pub(crate) mod conditions;
pub(crate) mod contents;
pub(crate) mod events;
pub(crate) mod link_change;
pub(crate) mod selection;
pub(crate) mod selections;
pub(crate) mod shown;
pub(crate) mod watch;

use alloc::{collections::BTreeMap, string::String, vec::Vec};

use waypost_filter::Query;
use waypost_link_format::LinkDocument;
use waypost_time::Instant;

use crate::{
    Endpoint, Limits, LinkChange, Scope, WatchChange, WatchEvent, WatchId, Watcher,
    context::Context,
    documents::Documents,
    entry::Entry,
    registry::Registry,
    watches::contents::{Contents, Side},
    watches::events::{Difference, Event, Events, Subject},
    watches::selection::Listener,
    watches::selections::Selections,
    watches::shown::Shown,
};

/// The watches, told of a change if what they show of the registration is different before and after it.
#[derive(Debug, Clone)]
pub(crate) struct Watches {
    key: [u8; 16],
    next: u64,
    /// Watch → its selection.
    watches: BTreeMap<WatchId, u32>,
    selections: Selections,
    contents: Contents,
    events: BTreeMap<Watcher, Events>,
    next_watcher: u32,
}

impl Watches {
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self {
            key,
            next: 0,
            watches: BTreeMap::new(),
            selections: Selections::new(key),
            contents: Contents::default(),
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
        let is_own = |id: &WatchId| self.listener(*id).is_some_and(|listener| listener.watcher == watcher);
        let own: Vec<WatchId> = self.watches.keys().copied().filter(is_own).collect();
        own.into_iter().for_each(|id| self.remove(id));
        self.events.remove(&watcher);
    }

    pub(crate) fn add(&mut self, scope: Scope, query: &Query, listener: Listener) -> WatchId {
        let id = WatchId(self.next);
        self.next += 1;
        self.watches.insert(id, self.selections.add(scope, query, id, listener));
        id
    }

    pub(crate) fn remove(&mut self, id: WatchId) {
        let Some(listener) = self.listener(id) else { return };
        let Some(selection) = self.watches.remove(&id) else { return };
        self.selections.remove(selection, id);
        if let Some(events) = self.events.get_mut(&listener.watcher) {
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
        let selection = &self.selections[*self.watches.get(&watch)?];
        let wants_links = selection.watches.get(&watch).is_some_and(|listener| listener.wants_links);
        if !wants_links || what == WatchChange::Missed {
            return Some(WatchEvent { watch, location, what, links: Vec::new() });
        }
        let endpoint = subject.entry(registry).map(|entry| view(context, documents, entry));
        let now = endpoint.map(|endpoint| selection.write_links(&endpoint)).unwrap_or_default();
        let links = LinkChange::between(document(&links), document(&now));
        Some(WatchEvent { watch, location, what, links })
    }

    /// Tells what waits to be told of a registration, whatever becomes of it.
    pub(crate) fn insist(&mut self, entry: &Entry) {
        let subject = Subject::of(entry);
        self.events.values_mut().for_each(|events| events.insist(&subject));
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
        let view = |entry| view(context, documents, entry);
        self.tell(subject, old.map(view), new.map(view), &context.config.limits);
    }

    /// Tells the watches concerned of what became of a registration, as far as the limits allow.
    fn tell(&mut self, subject: &Subject, old: Option<Endpoint<'_>>, new: Option<Endpoint<'_>>, limits: &Limits) {
        self.contents.take_apart(&self.selections.conditions, old.as_ref(), new.as_ref());
        let shown = |endpoint| Shown::new(self.key, endpoint);
        let (mut before, mut after) = (old.map(shown), new.map(shown));
        let mut tests = 0;
        for id in self.selections.concerned(&self.contents) {
            let selection = &self.selections[id];
            let is_examined = tests < limits.watch_tests;
            let mut digest = |side, shown: &mut Option<Shown<'_>>| {
                selection.digest(&self.contents, side, shown.as_mut().filter(|_| is_examined)?, &mut tests)
            };
            let difference =
                Difference { before: digest(Side::Before, &mut before), after: digest(Side::After, &mut after) };
            if is_examined && difference.before == difference.after {
                continue;
            }
            for (watch, listener) in &selection.watches {
                let events = self.events.entry(listener.watcher).or_default();
                if tests >= limits.watch_tests {
                    events.miss(*watch, subject);
                    continue;
                }
                tests += 1;
                let links = || match &old {
                    Some(endpoint) if listener.wants_links => selection.write_links(endpoint),
                    _ => String::new(),
                };
                events.push(*watch, subject, difference, links, limits);
            }
        }
    }

    fn listener(&self, id: WatchId) -> Option<Listener> {
        self.selections[*self.watches.get(&id)?].watches.get(&id).copied()
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

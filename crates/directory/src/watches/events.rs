use alloc::{boxed::Box, collections::BTreeMap, string::String};

use waypost_model::Location;

use crate::{Limits, WatchChange, WatchId, context::Context, entry::Entry, entry::token::Token, registry::Registry};

/// Events that wait to be asked for: one per watch and registration, however often it changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Events {
    pending: BTreeMap<WatchId, BTreeMap<Subject, Pending>>,
    order: BTreeMap<u64, (WatchId, Subject)>,
    next: u64,
    /// Watches of which events had to be dropped.
    missed: BTreeMap<WatchId, Subject>,
    /// The size of all links that wait.
    bytes: usize,
}

/// The registration that an event is about. The registration may be gone and its slot be another's by then.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Subject {
    token: Token,
    /// Where it is if it was made elsewhere. That is not part of its key and can change.
    foreign: Option<Location>,
}

/// An event, but for what can be told when it is asked for.
#[derive(Debug)]
pub(crate) struct Event {
    pub(crate) watch: WatchId,
    pub(crate) subject: Subject,
    pub(crate) what: WatchChange,
    /// The links that the watch showed when it was told last, if it tells of links.
    pub(crate) links: Box<str>,
}

/// What a change does to what a watch shows of a registration; numbers stand for what is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Difference {
    pub(crate) before: Option<u64>,
    pub(crate) after: Option<u64>,
}

/// The difference between what the watch showed when it was told last, and what it shows now.
#[derive(Debug, Clone)]
struct Pending {
    order: u64,
    difference: Difference,
    links: Box<str>,
}

/// The number of what a watch showed that is nothing else.
const UNKNOWN: u64 = u64::MAX;

impl Subject {
    pub(crate) fn of(entry: &Entry) -> Self {
        Self { token: entry.token(), foreign: entry.foreign_location().cloned() }
    }

    pub(crate) fn location(&self, context: &Context) -> Location {
        self.foreign.clone().unwrap_or_else(|| context.location(self.token))
    }

    /// Returns the registration if look-ups show it, or would if no time had passed since the last change.
    pub(crate) fn entry<'r>(&self, registry: &'r Registry) -> Option<&'r Entry> {
        let entry = registry.entry(registry.find(self.token)?)?;
        (entry.is_shown() && entry.foreign_location() == self.foreign.as_ref()).then_some(entry)
    }
}

impl Events {
    /// Adds an event, or brings the waiting one up to date. `links` writes the links that the watch showed before.
    pub(crate) fn push(
        &mut self,
        watch: WatchId,
        subject: &Subject,
        difference: Difference,
        links: impl FnOnce() -> String,
        limits: &Limits,
    ) {
        if self.missed.contains_key(&watch) {
            return;
        }
        let pending = self.pending.entry(watch).or_default();
        if let Some(waiting) = pending.get_mut(subject) {
            waiting.difference.after = difference.after;
            if waiting.difference.before == difference.after {
                self.take(watch, subject);
            }
            return;
        }
        let links = links().into_boxed_str();
        if self.order.len() >= limits.watch_events || self.bytes + links.len() > limits.watch_bytes {
            self.miss(watch, subject);
            return;
        }
        self.bytes += links.len();
        self.order.insert(self.next, (watch, subject.clone()));
        pending.insert(subject.clone(), Pending { order: self.next, difference, links });
        self.next += 1;
    }

    /// Tells what waits about a registration whatever becomes of it: look-ups have shown it otherwise than the watches know.
    pub(crate) fn insist(&mut self, subject: &Subject) {
        for waiting in self.pending.values_mut().filter_map(|pending| pending.get_mut(subject)) {
            waiting.difference.before = waiting.difference.before.and(Some(UNKNOWN));
        }
    }

    /// Notes that something may have changed for a watch which is not told in particular.
    pub(crate) fn miss(&mut self, watch: WatchId, subject: &Subject) {
        if !self.missed.contains_key(&watch) {
            self.drop_watch(watch);
            self.missed.insert(watch, subject.clone());
        }
    }

    pub(crate) fn poll(&mut self) -> Option<Event> {
        if let Some((_, (watch, subject))) = self.order.first_key_value() {
            let (watch, subject) = (*watch, subject.clone());
            let Pending { difference, links, .. } = self.take(watch, &subject)?;
            let what = match (difference.before, difference.after) {
                (None, _) => WatchChange::Entered,
                (_, None) => WatchChange::Left,
                _ => WatchChange::Changed,
            };
            return Some(Event { watch, subject, what, links });
        }
        let (watch, subject) = self.missed.pop_first()?;
        Some(Event { watch, subject, what: WatchChange::Missed, links: Box::default() })
    }

    /// Drops the events of a watch.
    pub(crate) fn drop_watch(&mut self, watch: WatchId) {
        self.missed.remove(&watch);
        for pending in self.pending.remove(&watch).into_iter().flat_map(BTreeMap::into_values) {
            self.order.remove(&pending.order);
            self.bytes -= pending.links.len();
        }
    }

    fn take(&mut self, watch: WatchId, subject: &Subject) -> Option<Pending> {
        let own = self.pending.get_mut(&watch)?;
        let pending = own.remove(subject)?;
        if own.is_empty() {
            self.pending.remove(&watch);
        }
        self.order.remove(&pending.order);
        self.bytes -= pending.links.len();
        Some(pending)
    }
}

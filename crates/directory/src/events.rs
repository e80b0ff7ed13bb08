use alloc::{collections::BTreeMap, vec::Vec};

use waypost_model::Location;

use crate::{WatchChange, WatchEvent, WatchId};

/// Events that wait to be asked for: one per watch and registration, however often it changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Events {
    pending: BTreeMap<(WatchId, Location), Pending>,
    order: BTreeMap<u64, (WatchId, Location)>,
    next: u64,
    /// Watches of which events had to be dropped.
    missed: BTreeMap<WatchId, Location>,
}

/// What the watch showed when it was told last, and what it shows now.
#[derive(Debug, Clone, Copy)]
struct Pending {
    order: u64,
    before: Option<u64>,
    after: Option<u64>,
}

impl Events {
    /// Adds an event, or brings the waiting one up to date. `before` and `after` stand for what is shown.
    pub(crate) fn push(
        &mut self,
        watch: WatchId,
        location: Location,
        before: Option<u64>,
        after: Option<u64>,
        limit: usize,
    ) {
        if self.missed.contains_key(&watch) {
            return;
        }
        let key = (watch, location);
        if let Some(pending) = self.pending.get_mut(&key) {
            pending.after = after;
            if pending.before == after {
                let order = pending.order;
                self.pending.remove(&key);
                self.order.remove(&order);
            }
            return;
        }
        if self.pending.len() >= limit {
            self.miss(watch, key.1);
            return;
        }
        self.order.insert(self.next, key.clone());
        self.pending.insert(key, Pending { order: self.next, before, after });
        self.next += 1;
    }

    /// Notes that something may have changed for a watch which is not told in particular.
    pub(crate) fn miss(&mut self, watch: WatchId, location: Location) {
        self.drop_watch(watch);
        self.missed.insert(watch, location);
    }

    pub(crate) fn poll(&mut self) -> Option<WatchEvent> {
        if let Some((_, key)) = self.order.pop_first() {
            let pending = self.pending.remove(&key)?;
            let what = match (pending.before, pending.after) {
                (None, _) => WatchChange::Entered,
                (_, None) => WatchChange::Left,
                _ => WatchChange::Changed,
            };
            return Some(WatchEvent { watch: key.0, location: key.1, what });
        }
        let (watch, location) = self.missed.pop_first()?;
        Some(WatchEvent { watch, location, what: WatchChange::Missed })
    }

    /// Drops the events of a watch.
    pub(crate) fn drop_watch(&mut self, watch: WatchId) {
        self.missed.remove(&watch);
        let own = self.pending.iter().filter(|((own, _), _)| *own == watch);
        let own: Vec<_> = own.map(|(key, pending)| (key.clone(), pending.order)).collect();
        for (key, order) in own {
            self.pending.remove(&key);
            self.order.remove(&order);
        }
    }
}

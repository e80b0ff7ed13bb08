pub(crate) mod absent;
pub(crate) mod change_ref;
pub(crate) mod copies;
pub(crate) mod digest;
pub(crate) mod feed;
pub(crate) mod former_links;
mod history;
pub(crate) mod log;
pub(crate) mod renewals;
mod retired;
pub(crate) mod writes;

use alloc::collections::BTreeMap;

use waypost_model::{Authority, Dot};

pub(crate) use self::history::History;

/// What was written, apart for each authority that it was written at.
///
/// A source that is mirrored numbers its writes as it likes. Kept apart, that says nothing about the writes of others.
#[derive(Debug, Clone, Default)]
pub(crate) struct Histories {
    pub(crate) local: History,
    foreign: BTreeMap<Authority, History>,
}

/// The history of an authority that nothing is known of.
static NOTHING: History = History::new();

impl Histories {
    /// Returns the history of an authority; of the own one where none is named.
    pub(crate) fn of(&self, authority: Option<&Authority>) -> &History {
        match authority {
            None => &self.local,
            Some(authority) => self.foreign.get(authority).unwrap_or(&NOTHING),
        }
    }

    /// Returns the other authorities that something is known of.
    pub(crate) fn authorities(&self) -> impl Iterator<Item = &Authority> {
        self.foreign.keys()
    }

    /// Returns the history of an authority, to add to it.
    pub(crate) fn of_mut(&mut self, authority: Option<&Authority>) -> &mut History {
        match authority {
            None => &mut self.local,
            Some(authority) => self.foreign.entry(authority.clone()).or_default(),
        }
    }

    /// Does something to the history of each authority.
    pub(crate) fn each(&mut self, mut work: impl FnMut(&mut History)) {
        work(&mut self.local);
        self.foreign.values_mut().for_each(&mut work);
        self.foreign.retain(|_, history| !history.is_empty());
    }

    /// Takes the writes of what was in a slot out of the log.
    pub(crate) fn unfile(&mut self, authority: Option<&Authority>, dot: Dot, slot: u32) {
        let history = self.of_mut(authority);
        history.log.unfile(dot, slot);
        if let Some(authority) = authority.filter(|_| history.is_empty()) {
            self.foreign.remove(authority);
        }
    }
}

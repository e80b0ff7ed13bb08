pub(crate) mod absent;
pub(crate) mod change_ref;
pub(crate) mod copies;
pub(crate) mod digest;
pub(crate) mod feed;
pub(crate) mod former_links;
pub(crate) mod log;
pub(crate) mod renewals;
pub(crate) mod retired;
pub(crate) mod writes;

use alloc::collections::BTreeMap;

use waypost_model::{Authority, Dot, Version};

use crate::{Digest, histories::log::Log, histories::renewals::Renewals, histories::retired::Retired};

/// What was written, apart for each authority that it was written at.
///
/// A source that is mirrored numbers its writes as it likes. Kept apart, that says nothing about the writes of others.
#[derive(Debug, Clone, Default)]
pub(crate) struct Histories {
    pub(crate) local: History,
    foreign: BTreeMap<Authority, History>,
}

/// The writes at one authority.
#[derive(Debug, Clone)]
pub(crate) struct History {
    pub(crate) log: Log,
    pub(crate) renewals: Renewals,
    pub(crate) digest: Digest,
    /// The writes that are here, or were until something newer took their place; without those of replicas that were forgotten.
    pub(crate) version: Version,
    /// The number of the last write of this replica.
    pub(crate) written: u64,
    pub(crate) retired: Retired,
    /// How many copies were forgotten without a trace in the log.
    pub(crate) losses: u64,
}

/// The history of an authority that nothing is known of.
static NOTHING: History = History::new();

impl History {
    const fn new() -> Self {
        Self {
            log: Log::new(),
            renewals: Renewals::new(),
            digest: Digest { count: 0, sum: 0 },
            version: Version::new(),
            written: 0,
            retired: Retired::new(),
            losses: 0,
        }
    }

    /// Notes a write of this replica.
    pub(crate) fn note_own(&mut self, dot: Dot) {
        self.written = dot.sequence;
        self.version.insert(dot);
    }

    fn is_empty(&self) -> bool {
        let is_unused = self.version.is_empty() && self.written == 0 && self.log.is_empty() && self.renewals.is_empty();
        is_unused && self.digest == Digest::default()
    }
}

impl Default for History {
    fn default() -> Self {
        Self::new()
    }
}

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

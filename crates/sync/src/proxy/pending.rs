use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use waypost_client::LookupId;
use waypost_filter::{Query, Scope};
use waypost_rest::{Account, ExchangeId, Request};

use super::parts::Parts;
use crate::cache::Asked;

/// What is asked by everybody who gets the same answer, but for the page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Question {
    pub(super) scope: Scope,
    pub(super) query: Query,
    pub(super) zone: Option<u32>,
}

impl Question {
    /// Returns what is asked of a source for its sake.
    pub(super) fn to(&self, upstream: usize) -> Asked {
        Asked { upstream, scope: self.scope, query: self.query.clone() }
    }
}

/// An answer that is not complete yet.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) parts: Parts,
    pub(super) waiters: Vec<Waiter>,
}

/// A request that waits for an answer.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) exchange: ExchangeId,
    pub(super) account: Account,
    /// Whether it is one of the sources that waits.
    pub(super) is_source: bool,
    pub(super) request: Request,
    /// Its page counts.
    pub(super) query: Query,
}

/// A question to a source, and who waits for its answer.
#[derive(Debug)]
pub(super) struct Forward {
    pub(super) asked: Asked,
    pub(super) questions: BTreeSet<Question>,
}

/// The questions that are under way.
pub(super) type Forwards = BTreeMap<LookupId, Forward>;

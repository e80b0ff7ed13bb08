//! Whether a source joins the criteria of a query by AND, as it should.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use waypost_client::{Lookup, LookupId, ResourceUri};
use waypost_filter::{Held, Query, Scope, remainder};

use super::pending::Question;
use crate::cache::Asked;

/// What is known about how a source joins criteria. There are directories in which only one of several counts, or the page.
#[derive(Debug, Default)]
pub(super) enum Conjunction {
    #[default]
    Unknown,
    /// It is being tried out; those who wait for the outcome.
    Tried(Trial),
    Sound,
    /// What several criteria select has to be found out here.
    Unsound,
}

#[derive(Debug, Default)]
pub(super) struct Trial {
    /// Look-ups for what is not there, and has nonetheless a criterion that everything meets.
    nothing: BTreeSet<LookupId>,
    /// A look-up for anything.
    anything: Option<LookupId>,
    found_nothing: bool,
    found_anything: bool,
    pub(super) waiting: Vec<(Asked, Question)>,
}

impl Trial {
    /// Begins a trial; `look_up` asks the source.
    pub(super) fn new(host: &ResourceUri, mut look_up: impl FnMut(Lookup) -> Option<LookupId>) -> Self {
        let mut ask = |query: &str| look_up(Lookup::endpoints(host.clone(), Query::parse(query).unwrap_or_default()));
        Self {
            nothing: [NOTHING_LAST, NOTHING_FIRST].into_iter().filter_map(&mut ask).collect(),
            anything: ask(ANYTHING),
            ..Self::default()
        }
    }

    /// Takes the answer to a look-up, or that there is none; tells whether it was one of this trial.
    pub(super) fn take(&mut self, id: LookupId, has_links: bool) -> bool {
        if self.anything == Some(id) {
            self.anything = None;
            self.found_anything = has_links;
        } else if self.nothing.remove(&id) {
            self.found_nothing |= has_links;
        } else {
            return false;
        }
        true
    }

    /// Returns the verdict when all answers are there. An empty directory says nothing.
    pub(super) fn verdict(&self) -> Option<Conjunction> {
        if self.found_nothing {
            return Some(Conjunction::Unsound);
        }
        if self.anything.is_some() || !self.nothing.is_empty() {
            return None;
        }
        Some(if self.found_anything { Conjunction::Sound } else { Conjunction::Unknown })
    }
}

/// Returns a query of one criterion at most whose whole result has the answer to another query: that for a name first, then that
/// for a sector, as they select least.
pub(super) fn broadest(scope: Scope, query: &Query) -> Query {
    let mut criteria: Vec<_> = query.criteria().iter().collect();
    criteria.sort_by_key(|criterion| match criterion.name() {
        "ep" => 0,
        "d" => 1,
        _ => 2,
    });
    let single = criteria.into_iter().map(|criterion| Query::all().with(criterion.clone()));
    let mut decisive = single.filter(|single| remainder(single, Held::Both, query, scope).is_some());
    decisive.next().unwrap_or_default()
}

/// A sound source answers with one link, or none.
const ANYTHING: &str = "ep=*&page=0&count=1";
const NOTHING_LAST: &str = "ep=*&ep=waypost.there-is-no-such-endpoint";
const NOTHING_FIRST: &str = "ep=waypost.there-is-no-such-endpoint&ep=*";

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use waypost_filter::{Held, Query, Scope, remainder};
use waypost_time::{Instant, back_off};

use crate::ProxyLimits;

/// Counts which broader queries would have answered what was asked: `rt=core.s&ex.building=8341` if `title` came with a new value
/// each time.
///
/// Broader by one criterion is enough: what recurs in a broader shape yet makes queries of their own recur.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    counted: BTreeMap<(usize, Query), Shape>,
}

#[derive(Debug)]
struct Shape {
    since: Instant,
    /// Different queries that it would have answered, as many as it takes.
    answers: BTreeSet<Query>,
    /// How often in a row it did not pay to observe it, and until when it is not tried again.
    failures: u32,
    blocked: Option<Instant>,
}

impl Shapes {
    /// Takes note of what was asked of a source; returns the broader query that is worth to be observed now, if there is one.
    pub(super) fn note(
        &mut self,
        now: Instant,
        upstream: usize,
        scope: Scope,
        query: &Query,
        limits: &ProxyLimits,
    ) -> Option<Query> {
        let query = query.clone().without_page();
        for shape in broader(&query) {
            if remainder(&shape, Held::Both, &query, scope).is_none() {
                continue;
            }
            let key = (upstream, shape);
            self.make_room(now, &key, limits);
            let counted = self.counted.entry(key.clone()).or_insert_with(|| Shape::new(now));
            if counted.blocked.is_some_and(|until| now < until) {
                continue;
            }
            if now.saturating_since(counted.since) > limits.review {
                counted.begin(now);
            }
            counted.answers.insert(query.clone());
            if counted.answers.len() >= limits.recurrences {
                counted.begin(now);
                return Some(key.1);
            }
        }
        None
    }

    /// Takes note that observing a query did not pay. It is not tried again for a while, twice as long each time.
    pub(super) fn block(&mut self, now: Instant, upstream: usize, query: Query, limits: &ProxyLimits) {
        let key = (upstream, query);
        self.make_room(now, &key, limits);
        let shape = self.counted.entry(key).or_insert_with(|| Shape::new(now));
        shape.begin(now);
        shape.failures = shape.failures.saturating_add(1);
        shape.blocked = Some(now + back_off(limits.review, LONGEST_BLOCK.max(limits.review), shape.failures));
    }

    /// Takes note that observing a query pays.
    pub(super) fn paid(&mut self, upstream: usize, query: &Query) {
        self.counted.remove(&(upstream, query.clone()));
    }

    fn make_room(&mut self, now: Instant, key: &(usize, Query), limits: &ProxyLimits) {
        if self.counted.len() < limits.shapes || self.counted.contains_key(key) {
            return;
        }
        let is_counting = |shape: &Shape| now.saturating_since(shape.since) <= limits.review;
        self.counted.retain(|_, shape| is_counting(shape) || shape.blocked.is_some_and(|until| now < until));
        if self.counted.len() >= limits.shapes
            && let Some(oldest) = self.counted.iter().min_by_key(|(_, shape)| shape.since).map(|(key, _)| key.clone())
        {
            self.counted.remove(&oldest);
        }
    }
}

impl Shape {
    const fn new(since: Instant) -> Self {
        Self { since, answers: BTreeSet::new(), failures: 0, blocked: None }
    }

    /// Begins to count.
    fn begin(&mut self, now: Instant) {
        self.since = now;
        self.answers.clear();
    }
}

/// Returns the queries that have one criterion less, each in one normal form.
fn broader(query: &Query) -> Vec<Query> {
    let mut criteria = query.criteria().to_vec();
    criteria.sort_unstable();
    criteria.dedup();
    if criteria.len() > CRITERIA {
        return Vec::new();
    }
    let without = |left_out: usize| {
        let kept = criteria.iter().enumerate().filter(|(position, _)| *position != left_out);
        kept.map(|(_, criterion)| criterion.clone()).fold(Query::all(), Query::with)
    };
    (0..criteria.len()).map(without).collect()
}

/// How long what never pays is not tried again.
const LONGEST_BLOCK: Duration = Duration::from_secs(86_400);
/// Queries of more criteria than this are not looked at.
const CRITERIA: usize = 8;

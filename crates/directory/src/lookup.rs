use waypost_filter::{Page, Query};
use waypost_time::Instant;

use crate::{Directory, Endpoint, Scope, documents::Document, plan::Plan, stream::Stream};

/// What both kinds of look-up share: the plan, and the walk over the slots that it leads to.
pub(crate) struct Lookup<'d> {
    pub(crate) directory: &'d Directory,
    pub(crate) now: Instant,
    pub(crate) plan: Plan<'d>,
    page: Option<Page>,
    /// `Some` if link-local registrations are shown only to who asks from their link.
    seen_from: Option<Option<u32>>,
    stream: Option<Stream<'d>>,
    /// Registrations looked at, and how many there will be when the plan is reconsidered.
    tried: u64,
    reconsider: u64,
}

/// Registrations to look at before it may pay to intersect sets.
const PATIENCE: u64 = 128;
/// If fewer than one in so many registrations had a result, the sets are intersected.
const HOPE: u64 = 8;

impl<'d> Lookup<'d> {
    pub(crate) fn new(directory: &'d Directory, now: Instant, scope: Scope, query: &Query) -> Self {
        let plan = Plan::new(directory, scope, query);
        Self { directory, now, plan, page: query.page(), seen_from: None, stream: None, tried: 0, reconsider: PATIENCE }
    }

    pub(crate) fn see_from(&mut self, zone: Option<u32>) {
        self.seen_from = Some(zone);
    }

    /// Returns how many results come before the page, and how many are on it.
    pub(crate) fn slice(&self) -> (u64, u64) {
        self.page.map_or((0, u64::MAX), |page| (page.skip(), u64::from(page.count)))
    }

    /// Tells whether everything in the index counts, so that results can be counted there.
    pub(crate) fn is_countable(&self) -> bool {
        self.plan.is_exact()
            && self.directory.deadlines.first().is_none_or(|first| first > self.now)
            && (self.seen_from.is_none() || self.directory.index.link_local.is_empty())
    }

    pub(crate) fn start(&mut self, slot: u32) {
        self.stream = Some(self.plan.stream(self.directory, slot));
    }

    /// Returns the next registration that is shown and may have results; `results` counts those so far.
    ///
    /// To intersect large sets costs much at once, and to ask each of them for every candidate costs little each time. What
    /// is better depends on how many results there are and how many are wanted, which nobody knows before. So it begins
    /// with asking, and goes over to intersecting when most of what was asked for was in vain.
    pub(crate) fn next_slot(&mut self, results: u64) -> Option<(u32, Endpoint<'d>, &'d Document)> {
        loop {
            let mut slot = self.stream.as_mut()?.next()?;
            self.tried += 1;
            if self.tried == self.reconsider {
                self.reconsider *= 2;
                if results * HOPE < self.tried && self.plan.can_intersect() {
                    self.plan.intersect();
                    self.start(slot);
                    slot = self.stream.as_mut()?.next()?;
                }
            }
            let entry = &self.directory.registry[slot];
            let endpoint = Endpoint::new(&self.directory.context, &self.directory.documents, entry, self.now);
            if !entry.is_expired(self.now) && self.is_visible(slot, &endpoint) {
                return Some((slot, endpoint, &self.directory.documents[entry.document]));
            }
        }
    }

    fn is_visible(&self, slot: u32, endpoint: &Endpoint<'_>) -> bool {
        match self.seen_from {
            Some(zone) if self.directory.index.link_local.contains(slot) => zone.is_some() && endpoint.zone() == zone,
            _ => true,
        }
    }
}

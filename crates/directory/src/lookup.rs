use waypost_filter::{Page, Query};
use waypost_time::Instant;

use crate::{Directory, Endpoint, Scope, documents::Document, entry::Entry, plan::Plan, stream::Stream};

/// What both kinds of look-up share: the plan, and the walk over the slots that it leads to.
pub(crate) struct Lookup<'d> {
    pub(crate) directory: &'d Directory,
    pub(crate) now: Instant,
    pub(crate) plan: Plan<'d>,
    page: Option<Page>,
    /// `Some` if link-local registrations are shown only to who asks from their link.
    seen_from: Option<Option<u32>>,
    stream: Option<Stream<'d>>,
}

impl<'d> Lookup<'d> {
    pub(crate) fn new(directory: &'d Directory, now: Instant, scope: Scope, query: &'d Query) -> Self {
        let plan = Plan::new(directory, scope, query);
        Self { directory, now, plan, page: query.page(), seen_from: None, stream: None }
    }

    pub(crate) fn see_from(&mut self, link: Option<u32>) {
        self.seen_from = Some(link);
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

    /// Returns the next registration that is shown and may have results.
    pub(crate) fn next_slot(&mut self) -> Option<(u32, Endpoint<'d>, &'d Document)> {
        loop {
            let slot = self.stream.as_mut()?.next()?;
            let entry = &self.directory.registry[slot];
            if !entry.is_expired(self.now) && self.is_visible(slot, entry) {
                let document = &self.directory.documents[entry.document];
                return Some((
                    slot,
                    Endpoint::new(&self.directory.context, &self.directory.documents, entry, self.now),
                    document,
                ));
            }
        }
    }

    fn is_visible(&self, slot: u32, entry: &Entry) -> bool {
        match self.seen_from {
            Some(link) if self.directory.index.link_local.contains(slot) => link.is_some() && entry.link() == link,
            _ => true,
        }
    }
}

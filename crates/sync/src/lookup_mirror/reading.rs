use alloc::vec::Vec;

use waypost_client::{Answer, Lookup, LookupClient, LookupId};
use waypost_link_format::LinkDocumentBuf;
use waypost_time::{Instant, Jitter, back_off};

use crate::Limits;

/// A look-up of everything that goes on: observed, or read in pages again and again where the answer is too large.
///
/// The pages of one pass are no picture of one moment: what moves from a page to one that was read already is on none. So what a pass
/// misses counts as gone when the next one misses it, too.
#[derive(Debug)]
pub(super) struct Reading {
    lookup: Lookup,
    /// What is under way: the observation, or a pass.
    id: Option<LookupId>,
    /// Links of a page, where it is read in pages.
    count: Option<u32>,
    /// Whether the source has shown that it knows pages, since all was too large: one that does not might find nothing.
    knows_pages: bool,
    /// When the pass began that is under way.
    began: Option<Instant>,
    /// When what is not under way begins.
    due: Instant,
    /// What the pass has brought, and how many bytes.
    pages: Vec<LinkDocumentBuf>,
    bytes: usize,
    failures: u32,
    /// Whether all of it was read when that was tried last.
    pub(super) is_read: bool,
}

/// What a page is in its pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// More are to come.
    Within,
    /// Nothing more comes: this is the end of what was read.
    End,
    /// There is no other, so that everything goes into one answer again: that is asked for.
    Alone,
    /// It cannot be one of its pages, or there is too much on them.
    Astray,
}

impl Reading {
    pub(super) const fn new(lookup: Lookup) -> Self {
        Self {
            lookup,
            id: None,
            count: None,
            knows_pages: false,
            began: None,
            due: Instant::ZERO,
            pages: Vec::new(),
            bytes: 0,
            failures: 0,
            is_read: false,
        }
    }

    pub(super) fn is(&self, id: LookupId) -> bool {
        self.id == Some(id)
    }

    pub(super) const fn id(&self) -> Option<LookupId> {
        self.id
    }

    /// Tells whether it is read in pages.
    pub(super) const fn is_in_pages(&self) -> bool {
        self.count.is_some()
    }

    /// Returns when the pass began that is under way, if one is.
    pub(super) const fn began(&self) -> Option<Instant> {
        self.began
    }

    pub(super) fn deadline(&self) -> Option<Instant> {
        self.id.is_none().then_some(self.due)
    }

    /// Begins what is due.
    pub(super) fn go_on(&mut self, now: Instant, client: &mut LookupClient, limits: &Limits) {
        if self.id.is_some() || self.due > now {
            return;
        }
        let lookup = self.lookup.clone();
        let lookup = self.count.map_or_else(|| lookup.clone().observed(), |count| lookup.clone().in_pages_of(count));
        self.id = client.look_up(now, lookup).ok();
        self.began = self.id.and(self.count).map(|_| now);
        // If there is no room for it, it has to wait.
        self.due = now + limits.retry;
        (self.pages, self.bytes) = (Vec::new(), 0);
    }

    /// Asks again at once.
    pub(super) fn refresh(&mut self, now: Instant, client: &mut LookupClient) {
        match self.id {
            Some(id) => client.refresh(now, id),
            None => self.due = now,
        }
    }

    /// Looks up something else from now on.
    pub(super) fn look_up(&mut self, now: Instant, client: &mut LookupClient, lookup: Lookup) {
        self.lookup = lookup;
        self.stop(now, client);
    }

    /// Takes an answer; returns what it is in its pass.
    pub(super) fn take(&mut self, answer: &Answer, limits: &Limits, jitter: &mut Jitter) -> Place {
        if !self.is_in_pages() {
            (self.failures, self.is_read) = (0, true);
            return Place::End;
        }
        self.bytes = self.bytes.saturating_add(answer.links.as_str().len());
        let is_repeated = self.pages.last().is_some_and(|last| !answer.is_last && *last == answer.links);
        let is_only = self.pages.is_empty() && answer.is_last;
        if is_repeated || is_only && !self.knows_pages || self.bytes > limits.paged_bytes {
            return Place::Astray;
        }
        if answer.is_last {
            (self.id, self.began) = (None, None);
        }
        if is_only {
            self.give_up_pages();
            self.due = answer.received;
            return Place::Alone;
        }
        self.knows_pages = true;
        self.pages.push(answer.links.clone());
        if !answer.is_last {
            return Place::Within;
        }
        (self.failures, self.is_read) = (0, true);
        self.due = answer.received + jitter.stretch(answer.max_age.max(limits.poll));
        Place::End
    }

    /// Returns what the pass has brought that has ended.
    pub(super) fn take_pages(&mut self) -> Vec<LinkDocumentBuf> {
        core::mem::take(&mut self.pages)
    }

    /// Reads shorter pages from now on; tells whether there are any.
    pub(super) fn narrow(&mut self, now: Instant, client: &mut LookupClient) -> bool {
        let count = self.count.map_or(FIRST, |count| count / NARROWER);
        if count == 0 {
            return false;
        }
        self.count = Some(count);
        self.stop(now, client);
        true
    }

    /// Notes that it was not answered. An observation goes on by itself; a pass begins again after a while.
    pub(super) fn fail(&mut self, now: Instant, client: &mut LookupClient, limits: &Limits, jitter: &mut Jitter) {
        self.is_read = false;
        if self.is_in_pages() {
            self.failures = self.failures.saturating_add(1);
            self.stop(now, client);
            self.due = now + jitter.stretch(back_off(limits.retry, limits.retry_max, self.failures));
        }
    }

    /// Asks for everything at once again when it goes on, since pages are of no use.
    pub(super) const fn give_up_pages(&mut self) {
        (self.count, self.knows_pages) = (None, false);
    }

    /// Ends what is under way.
    pub(super) fn stop(&mut self, now: Instant, client: &mut LookupClient) {
        if let Some(id) = self.id.take() {
            client.cancel(now, id);
        }
        (self.began, self.due) = (None, now);
        self.pages = Vec::new();
    }
}

/// Links of a page, at first.
const FIRST: u32 = 512;
/// So much shorter are the pages after one that was too long.
const NARROWER: u32 = 16;

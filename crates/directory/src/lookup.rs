pub(crate) mod counts;
pub(crate) mod criteria;
pub(crate) mod endpoints;
pub(crate) mod find;
pub(crate) mod pages;
pub(crate) mod plan;
pub(crate) mod resources;
pub(crate) mod route;
pub(crate) mod stream;

use alloc::vec::Vec;
use core::ops::Range;

use waypost_filter::{Page, Query};
use waypost_time::Instant;

use crate::{
    Directory, Endpoint, Scope,
    documents::Document,
    index::chunks::{chunk_of, first_slot},
    lookup::counts::Counts,
    lookup::find::Candidates,
    lookup::plan::{Plan, words},
    lookup::route::Route,
};

/// A look-up under way: the walk along the registrations that may have results, and along the results of each.
///
/// It is the same for both kinds of look-up. In one, each link of a registration may be a result; in the other, it is the
/// registration that is one.
pub(crate) struct Lookup<'d> {
    pub(crate) directory: &'d Directory,
    pub(crate) plan: Plan<'d>,
    now: Instant,
    page: Option<Page>,
    /// `Some` if link-local registrations are shown only to who asks from their link.
    seen_from: Option<Option<u32>>,
    route: Route<'d>,
    /// Registrations looked at on this route, how many there will be when it is reconsidered, results found, and how many are
    /// wanted.
    tried: u64,
    reconsider: u64,
    found: u64,
    wanted: u64,
    current: Option<Visit<'d>>,
    /// Which links of the current registration meet the parts, a bit each; empty if all do.
    selected: Vec<u64>,
    /// Results still to be given; `None` until the first is asked for.
    left: Option<u64>,
}

/// A registration that may have results.
struct Visit<'d> {
    slot: u32,
    endpoint: Endpoint<'d>,
    /// The links that were not looked at yet; in a look-up of endpoints, the one that stands for the registration.
    rest: Range<u32>,
}

/// Registrations to look at before another route may pay.
const PATIENCE: u64 = 16;
/// So many results are passed over one by one. To find the way to a page further on is quicker by counts.
const NEAR: u64 = 256;

impl<'d> Lookup<'d> {
    pub(crate) fn new(directory: &'d Directory, now: Instant, scope: Scope, query: &Query) -> Self {
        let plan = Plan::new(directory, scope, query);
        Self {
            directory,
            plan,
            now,
            page: query.page(),
            seen_from: None,
            route: Route::default(),
            tried: 0,
            reconsider: PATIENCE,
            found: 0,
            wanted: u64::MAX,
            current: None,
            selected: Vec::new(),
            left: None,
        }
    }

    /// Leaves out link-local registrations that are not of a zone.
    pub(crate) fn see_from(&mut self, zone: Option<u32>) {
        self.seen_from = Some(zone);
        self.left = None;
    }

    /// Goes to a page with the help of counts that were kept since an earlier one.
    pub(crate) fn turn_to(&mut self, page: Page, counts: &mut Counts) {
        self.page = Some(page);
        self.start(counts);
    }

    /// Returns how many results are still to be given at most, if that is known yet.
    pub(crate) fn left(&self) -> Option<u64> {
        self.left
    }

    /// Goes to the first result of the page.
    fn start(&mut self, counts: &mut Counts) {
        let (skip, count) = self.page.map_or((0, u64::MAX), |page| (page.skip(), u64::from(page.count)));
        let way = if skip > NEAR && count > 0 { counts.way_to(skip, self) } else { Some((0, skip)) };
        let is_there = way.is_some_and(|(slot, skip)| {
            self.go_to(slot, skip.saturating_add(count));
            self.pass_over(skip)
        });
        self.left = Some(if is_there { count } else { 0 });
    }

    /// Returns the next result: a registration and, in a look-up of resources, the position of one of its links.
    pub(crate) fn next(&mut self) -> Option<(Endpoint<'d>, u32)> {
        if self.left.is_none() {
            self.start(&mut Counts::default());
        }
        let left = self.left.replace(0)?.checked_sub(1)?;
        let found = self.step()?;
        self.left = Some(left);
        Some(found)
    }

    fn step(&mut self) -> Option<(Endpoint<'d>, u32)> {
        loop {
            if let Some(visit) = &mut self.current {
                for position in visit.rest.by_ref() {
                    if is_selected(&self.selected, position) && self.plan.accepts(&visit.endpoint, position) {
                        self.found += 1;
                        return Some((visit.endpoint, position));
                    }
                }
            }
            self.current = Some(self.enter()?);
        }
    }

    /// Passes over results; tells whether there are any after them.
    fn pass_over(&mut self, mut results: u64) -> bool {
        while results > 0 {
            let Some(visit) = self.enter() else { return false };
            let here = self.results(&visit);
            if here > results {
                self.current = Some(visit);
                return (0..results).all(|_| self.step().is_some());
            }
            self.found += here;
            results -= here;
        }
        true
    }

    /// Begins a walk at a slot, on which `wanted` results are wanted.
    pub(crate) fn go_to(&mut self, slot: u32, wanted: u64) {
        let route = self.plan.route(slot, wanted);
        self.take(route);
        self.wanted = wanted;
    }

    fn take(&mut self, route: Route<'d>) {
        self.route = route;
        (self.tried, self.reconsider, self.found) = (0, PATIENCE, 0);
        self.current = None;
    }

    /// Counts the results of the next registration that may have some; returns its slot as well.
    pub(crate) fn count_next(&mut self) -> Option<(u32, u64)> {
        let visit = self.enter()?;
        let results = self.results(&visit);
        self.found += results;
        Some((visit.slot, results))
    }

    /// Counts the results in a chunk.
    pub(crate) fn count_in(&mut self, chunk: usize) -> u64 {
        self.take(self.plan.route_of_all(first_slot(chunk)));
        self.reconsider = u64::MAX;
        let mut count = 0;
        while let Some(slot) = self.route.next().filter(|slot| chunk_of(*slot) == chunk) {
            if !self.plan.look(1) {
                break;
            }
            count += self.visit(slot).map_or(0, |visit| self.results(&visit));
        }
        count
    }

    /// Tells whether everything in the index that this look-up could show is still to be shown.
    pub(crate) fn is_up_to_date(&self) -> bool {
        self.directory.deadlines.first().is_none_or(|first| first > self.now)
    }

    /// Tells whether what is shown of a chunk depends on who asks.
    pub(crate) fn is_seen_from(&self, chunk: usize) -> bool {
        self.seen_from.is_some() && self.directory.index.link_local.meets(first_slot(chunk)..=first_slot(chunk + 1) - 1)
    }

    /// Goes to the next registration that may have results.
    fn enter(&mut self) -> Option<Visit<'d>> {
        loop {
            let slot = self.next_slot()?;
            if let Some(visit) = self.visit(slot) {
                return Some(visit);
            }
        }
    }

    fn next_slot(&mut self) -> Option<u32> {
        loop {
            let slot = self.route.next().filter(|_| self.plan.look(1))?;
            self.tried += 1;
            if self.tried < self.reconsider {
                return Some(slot);
            }
            self.reconsider *= 2;
            if self.found >= self.tried {
                return Some(slot);
            }
            // If it goes on like this, so many more have to be looked at.
            let wanted = self.wanted.saturating_sub(self.found);
            let ahead = wanted.saturating_mul(self.tried) / self.found.max(1);
            match self.plan.better_route(&self.route, slot, ahead) {
                Some(route) => {
                    self.take(route);
                    self.wanted = wanted;
                }
                None => return Some(slot),
            }
        }
    }

    /// Looks at a registration; nothing if it cannot have results.
    fn visit(&mut self, slot: u32) -> Option<Visit<'d>> {
        let directory = self.directory;
        let scope = self.plan.scope;
        let known = if scope == Scope::Endpoints { self.route.known(self.plan.parts.len()) } else { 0 };
        let of_slots = |part: &&Candidates<'_>| part.links.is_empty();
        let parts = self.plan.parts[known..].iter();
        // These can be asked before anything is known of the registration.
        if !parts.clone().filter(of_slots).all(|part| part.slots.contains(slot)) {
            return None;
        }
        let entry = &directory.registry[slot];
        // Where only the registration counts, its document is not looked at: that would be to wait for memory once more.
        let document = || &directory.documents[entry.document];
        self.selected.clear();
        for part in parts.filter(|part| !of_slots(part)) {
            let is_met = match scope {
                _ if part.slots.contains(slot) => true,
                Scope::Endpoints => part.is_met_in(document()),
                Scope::Resources => select(&mut self.selected, part, document()),
            };
            if !is_met {
                return None;
            }
        }
        let endpoint = Endpoint::new(&directory.context, &directory.documents, entry, self.now);
        if entry.is_expired(self.now) || !self.is_visible(slot, &endpoint) {
            return None;
        }
        let end = if scope == Scope::Endpoints { 1 } else { document().len() };
        // What the parts do not decide is found out link by link.
        if !self.plan.is_exact() && !self.plan.look(u64::from(directory.documents[entry.document].len())) {
            return None;
        }
        Some(Visit { slot, endpoint, rest: 0..end })
    }

    fn is_visible(&self, slot: u32, endpoint: &Endpoint<'_>) -> bool {
        match self.seen_from {
            Some(zone) if self.directory.index.link_local.contains(slot) => zone.is_some() && endpoint.zone() == zone,
            _ => true,
        }
    }

    /// Counts the results in the current registration.
    fn results(&self, visit: &Visit<'d>) -> u64 {
        if !self.plan.is_exact() {
            let selected = visit.rest.clone().filter(|position| is_selected(&self.selected, *position));
            return selected.filter(|position| self.plan.accepts(&visit.endpoint, *position)).count() as u64;
        }
        match &*self.selected {
            [] => visit.rest.len() as u64,
            selected => selected.iter().map(|word| u64::from(word.count_ones())).sum(),
        }
    }
}

fn is_selected(selected: &[u64], position: u32) -> bool {
    let word = selected.get((position / u64::BITS) as usize);
    word.is_none_or(|word| word >> (position % u64::BITS) & 1 == 1)
}

/// Keeps of the links that are selected those that meet a part; tells whether there are any.
fn select(selected: &mut Vec<u64>, part: &Candidates<'_>, document: &Document) -> bool {
    if selected.is_empty() {
        selected.resize(words(document).count(), u64::MAX);
    }
    let mut any = 0;
    for (word, start) in selected.iter_mut().zip(words(document)) {
        *word &= part.links.word(start);
        any |= *word;
    }
    any != 0
}

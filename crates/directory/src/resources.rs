use alloc::vec::Vec;
use core::fmt;

use waypost_filter::{Criterion, Level, Query};
use waypost_time::Instant;

use crate::{
    Directory, Endpoint, Resource, Scope,
    documents::{Document, SHARED, first_link, slot_of},
    lookup::Lookup,
    plan::Hit,
};

/// The links that a resource look-up finds, in the [order of results](Directory#order-of-results).
///
/// ```
/// use waypost_directory::{Config, Directory};
/// use waypost_filter::Query;
/// use waypost_model::ReplicaId;
/// use waypost_time::Instant;
///
/// let directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// assert_eq!(directory.resources(Instant::ZERO, &Query::all()).count(), 0);
/// ```
pub struct Resources<'d> {
    lookup: Lookup<'d>,
    /// How many were found, those that were passed over included.
    results: u64,
    /// Results to pass over and to give; `None` until the first is asked for.
    rest: Option<(u64, u64)>,
    current: Option<Current<'d>>,
    /// The parts that the links of the current registration have to meet one by one.
    open: Vec<usize>,
}

/// Where the walk is.
#[derive(Clone, Copy)]
struct Current<'d> {
    endpoint: Endpoint<'d>,
    document: &'d Document,
    position: u32,
}

impl<'d> Resources<'d> {
    pub(crate) fn new(directory: &'d Directory, now: Instant, query: &Query) -> Self {
        let lookup = Lookup::new(directory, now, Scope::Resources, query);
        Self { lookup, results: 0, rest: None, current: None, open: Vec::new() }
    }

    /// Leaves out links of registrations whose base is a link-local address, but for those made in `zone`
    /// ([RFC 9176 §6.1]).
    ///
    /// [RFC 9176 §6.1]: https://www.rfc-editor.org/rfc/rfc9176#section-6.1
    #[must_use]
    pub fn seen_from(mut self, zone: Option<u32>) -> Self {
        self.lookup.see_from(zone);
        self
    }

    /// Starts the walk, as far on as can be told from the index; returns what is left to pass over, and to give.
    fn start(&mut self) -> (u64, u64) {
        let (mut skip, count) = self.lookup.slice();
        let mut slot = 0;
        if skip > 0 && self.lookup.is_countable() {
            self.lookup.plan.intersect();
            match &*self.lookup.plan.parts {
                [] => {
                    let (start, before) = self.lookup.directory.index.chunk_before(skip);
                    slot = start;
                    skip -= before;
                }
                [part] if part.slots.is_empty() && !part.links.meets(SHARED..=u32::MAX) => {
                    match u32::try_from(skip).ok().and_then(|skip| part.links.select(skip)) {
                        Some(link) => {
                            slot = slot_of(link);
                            skip = part.links.count_in(first_link(slot)..=link) - 1;
                        }
                        None => slot = u32::MAX,
                    }
                }
                _ => {}
            }
        }
        if slot < u32::MAX {
            self.lookup.start(slot);
        }
        (skip, count)
    }

    /// Goes to the next registration that may have results.
    fn enter(&mut self) -> Option<Current<'d>> {
        'slots: loop {
            let (slot, endpoint, document) = self.lookup.next_slot(self.results)?;
            self.open.clear();
            for (number, part) in self.lookup.plan.parts.iter().enumerate() {
                match part.hit(slot, document) {
                    Hit::All => {}
                    Hit::Some => self.open.push(number),
                    Hit::None => continue 'slots,
                }
            }
            return Some(Current { endpoint, document, position: 0 });
        }
    }

    /// Tells whether a link of the current registration is a result.
    fn is_result(&self, number: u32, resource: &Resource<'d>) -> bool {
        let plan = &self.lookup.plan;
        self.open.iter().all(|part| plan.parts[*part].links.contains(number))
            && plan.unchecked.iter().all(|criterion| is_met(criterion, resource))
    }
}

/// Tells whether a link meets a criterion, itself or by its endpoint ([RFC 9176 §6.2]).
///
/// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
pub(crate) fn is_met(criterion: &Criterion, resource: &Resource<'_>) -> bool {
    match criterion.level() {
        Level::Either => criterion.matches(resource) || criterion.matches(&resource.endpoint()),
        Level::Endpoint => criterion.matches(&resource.endpoint()),
        Level::Resource => criterion.matches(resource),
    }
}

impl<'d> Iterator for Resources<'d> {
    type Item = Resource<'d>;

    fn next(&mut self) -> Option<Resource<'d>> {
        let (mut skip, count) = match self.rest {
            Some(rest) => rest,
            None => self.start(),
        };
        self.rest = Some((0, 0));
        if count == 0 {
            return None;
        }
        loop {
            let mut current = match self.current.take() {
                Some(current) => current,
                None => self.enter()?,
            };
            while current.position < current.document.len() {
                let number = current.document.first() + current.position;
                let resource = Resource::new(current.endpoint, current.document, current.position);
                current.position += 1;
                if !self.is_result(number, &resource) {
                    continue;
                }
                self.results += 1;
                if skip == 0 {
                    self.current = Some(current);
                    self.rest = Some((0, count - 1));
                    return Some(resource);
                }
                skip -= 1;
            }
        }
    }
}

impl core::iter::FusedIterator for Resources<'_> {}

impl fmt::Debug for Resources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resources").field("rest", &self.rest).finish_non_exhaustive()
    }
}

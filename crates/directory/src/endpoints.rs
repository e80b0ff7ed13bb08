use core::fmt;

use waypost_filter::{Criterion, Level, Query};
use waypost_time::Instant;

use crate::{Directory, Endpoint, Scope, documents::Document, lookup::Lookup, plan::Hit};

/// The registrations that an endpoint look-up finds, in the [order of results](Directory#order-of-results).
///
/// ```
/// use waypost_directory::{Config, Directory};
/// use waypost_filter::Query;
/// use waypost_model::ReplicaId;
/// use waypost_time::Instant;
///
/// let directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// assert_eq!(directory.endpoints(Instant::ZERO, &Query::all()).count(), 0);
/// ```
pub struct Endpoints<'d> {
    lookup: Lookup<'d>,
    /// How many were found, those that were passed over included.
    results: u64,
    /// Results to pass over and to give; `None` until the first is asked for.
    rest: Option<(u64, u64)>,
}

impl<'d> Endpoints<'d> {
    pub(crate) fn new(directory: &'d Directory, now: Instant, query: &Query) -> Self {
        Self { lookup: Lookup::new(directory, now, Scope::Endpoints, query), results: 0, rest: None }
    }

    /// Leaves out registrations whose base is a link-local address, but for those made in `zone`
    /// ([RFC 9176 §6.4]).
    ///
    /// [RFC 9176 §6.4]: https://www.rfc-editor.org/rfc/rfc9176#section-6.4
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
            let ids = match &*self.lookup.plan.parts {
                [] => Some(&self.lookup.directory.index.shown),
                [part] if part.links.is_empty() => Some(&*part.slots),
                _ => None,
            };
            if let Some(ids) = ids {
                slot = u32::try_from(skip).ok().and_then(|skip| ids.select(skip)).unwrap_or(u32::MAX);
                skip = 0;
            }
        }
        if slot < u32::MAX {
            self.lookup.start(slot);
        }
        (skip, count)
    }

    fn is_result(&self, slot: u32, endpoint: &Endpoint<'d>, document: &Document) -> bool {
        let plan = &self.lookup.plan;
        plan.parts.iter().skip(1).all(|part| part.hit(slot, document) != Hit::None)
            && plan.unchecked.iter().all(|criterion| is_met(criterion, endpoint))
    }
}

/// Tells whether an endpoint meets a criterion, itself or by any one of its links ([RFC 9176 §6.2]).
///
/// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
pub(crate) fn is_met(criterion: &Criterion, endpoint: &Endpoint<'_>) -> bool {
    let by_link = || endpoint.resources().any(|resource| criterion.matches(&resource));
    match criterion.level() {
        Level::Either => criterion.matches(endpoint) || by_link(),
        Level::Endpoint => criterion.matches(endpoint),
        Level::Resource => by_link(),
    }
}

impl<'d> Iterator for Endpoints<'d> {
    type Item = Endpoint<'d>;

    fn next(&mut self) -> Option<Endpoint<'d>> {
        let (mut skip, count) = match self.rest {
            Some(rest) => rest,
            None => self.start(),
        };
        self.rest = Some((0, 0));
        if count == 0 {
            return None;
        }
        loop {
            let (slot, endpoint, document) = self.lookup.next_slot(self.results)?;
            if !self.is_result(slot, &endpoint, document) {
                continue;
            }
            self.results += 1;
            if skip == 0 {
                self.rest = Some((0, count - 1));
                return Some(endpoint);
            }
            skip -= 1;
        }
    }
}

impl core::iter::FusedIterator for Endpoints<'_> {}

impl fmt::Debug for Endpoints<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoints").field("rest", &self.rest).finish_non_exhaustive()
    }
}

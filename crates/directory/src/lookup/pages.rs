use core::fmt;

use waypost_filter::{Page, Query, Scope};
use waypost_time::Instant;

use crate::{Directory, Endpoints, Resources, lookup::Lookup, lookup::counts::Counts};

/// A result to page through: what one look-up counted, the next one need not count again.
///
/// A page far into a large result is found by counting what comes before it. This remembers the counts, so that a further page
/// costs little, whatever changes in the directory meanwhile: only what changed is counted anew. The pages are the same as
/// those of a look-up without it, only sooner.
///
/// It takes 4 bytes for each 256 slots of the directory, for each of the two kinds of look-up that it is used for. It belongs to one
/// directory: with another one, also with a clone that went its own way, it may begin a page at the wrong result.
///
/// While registrations have expired that [`expire`](Directory::expire) did not collect yet, the counts do not help, and a page
/// takes as long as without them.
///
/// ```
/// use waypost_directory::{Config, Directory, Pages};
/// use waypost_filter::{Page, Query};
/// use waypost_model::{Base, EndpointName, Registration, ReplicaId};
/// use waypost_time::Instant;
///
/// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// let mut pages = Pages::new(Query::parse("ep=node*").unwrap());
/// for number in 0..100 {
///     let name = EndpointName::new(&format!("node{number}")).unwrap();
///     let base = Base::given("coap://[2001:db8::1]").unwrap();
///     directory.register(Instant::ZERO, Registration::new(name, base, Default::default())).unwrap();
///
///     let found = pages.endpoints(&directory, Instant::ZERO, Page { page: number, count: 1 }).next().unwrap();
///     assert_eq!(found.name(), format!("node{number}"));
/// }
/// ```
#[derive(Clone)]
pub struct Pages {
    query: Query,
    seen_from: Option<Option<u32>>,
    endpoints: Counts,
    resources: Counts,
}

impl Pages {
    /// Begins to page through what a query finds. A page in the query has no say.
    #[must_use]
    pub fn new(query: Query) -> Self {
        Self { query, seen_from: None, endpoints: Counts::default(), resources: Counts::default() }
    }

    /// Leaves out registrations whose base is a link-local address, but for those made in `zone`, as
    /// [`Resources::seen_from`] and [`Endpoints::seen_from`] do.
    #[must_use]
    pub fn seen_from(self, zone: Option<u32>) -> Self {
        Self { seen_from: Some(zone), ..Self::new(self.query) }
    }

    /// Finds a page of links, as [`Directory::resources`] does.
    pub fn resources<'d>(&mut self, directory: &'d Directory, now: Instant, page: Page) -> Resources<'d> {
        let mut lookup = self.look_up(directory, now, Scope::Resources);
        lookup.turn_to(page, &mut self.resources);
        Resources(lookup)
    }

    /// Finds a page of registrations, as [`Directory::endpoints`] does.
    pub fn endpoints<'d>(&mut self, directory: &'d Directory, now: Instant, page: Page) -> Endpoints<'d> {
        let mut lookup = self.look_up(directory, now, Scope::Endpoints);
        lookup.turn_to(page, &mut self.endpoints);
        Endpoints(lookup)
    }

    fn look_up<'d>(&self, directory: &'d Directory, now: Instant, scope: Scope) -> Lookup<'d> {
        let mut lookup = Lookup::new(directory, now, scope, &self.query);
        if let Some(zone) = self.seen_from {
            lookup.see_from(zone);
        }
        lookup
    }
}

impl fmt::Debug for Pages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("query", &self.query).field("seen_from", &self.seen_from).finish_non_exhaustive()
    }
}

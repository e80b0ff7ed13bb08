use core::fmt;

use waypost_filter::{Criterion, Level};

use crate::{Endpoint, lookup::Lookup, resources};

/// The registrations that an endpoint look-up finds, in the [order of results](crate::Directory#order-of-results).
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
pub struct Endpoints<'d>(pub(crate) Lookup<'d>);

impl Endpoints<'_> {
    /// Leaves out registrations whose base is a link-local address, but for those made in `zone`
    /// ([RFC 9176 §6.4]).
    ///
    /// [RFC 9176 §6.4]: https://www.rfc-editor.org/rfc/rfc9176#section-6.4
    #[must_use]
    pub fn seen_from(mut self, zone: Option<u32>) -> Self {
        self.0.see_from(zone);
        self
    }
}

impl<'d> Iterator for Endpoints<'d> {
    type Item = Endpoint<'d>;

    fn next(&mut self) -> Option<Endpoint<'d>> {
        self.0.next().map(|(endpoint, _)| endpoint)
    }
}

impl core::iter::FusedIterator for Endpoints<'_> {}

impl fmt::Debug for Endpoints<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoints").field("left", &self.0.left()).finish_non_exhaustive()
    }
}

/// Tells whether an endpoint itself meets a criterion.
pub(crate) fn meets(endpoint: &Endpoint<'_>, criterion: &Criterion) -> bool {
    match criterion.name() {
        "href" => endpoint.is_at(criterion.test()),
        _ => criterion.matches(endpoint),
    }
}

/// Tells whether an endpoint meets a criterion, itself or by any one of its links ([RFC 9176 §6.2]).
///
/// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
pub(crate) fn is_met(criterion: &Criterion, endpoint: &Endpoint<'_>) -> bool {
    let by_link = || endpoint.resources().any(|resource| resources::meets(&resource, criterion));
    match criterion.level() {
        Level::Either => meets(endpoint, criterion) || by_link(),
        Level::Endpoint => meets(endpoint, criterion),
        Level::Resource => by_link(),
    }
}

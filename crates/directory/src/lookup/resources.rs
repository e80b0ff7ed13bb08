use core::fmt;

use crate::{Resource, lookup::Lookup};

/// The links that a resource look-up finds, in the [order of results](crate::Directory#order-of-results).
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
pub struct Resources<'d>(pub(crate) Lookup<'d>);

impl Resources<'_> {
    /// Leaves out links of registrations whose base is a link-local address, but for those made in `zone`
    /// ([RFC 9176 §6.1]).
    ///
    /// [RFC 9176 §6.1]: https://www.rfc-editor.org/rfc/rfc9176#section-6.1
    #[must_use]
    pub fn seen_from(mut self, zone: Option<u32>) -> Self {
        self.0.see_from(zone);
        self
    }

    /// Ends when so many registrations and links were looked at: then [`looks`](Self::looks) are more than `most`, and there may be
    /// further results. Without it, a look-up that finds little may look at everything.
    #[must_use]
    pub fn looking_at_most(mut self, most: u64) -> Self {
        self.0.plan.most_looks = most;
        self
    }

    /// Returns how many registrations, and links that the index does not tell of, were looked at so far, or what comes to the
    /// same: about what this look-up has cost beside its results.
    #[must_use]
    pub fn looks(&self) -> u64 {
        self.0.plan.looks()
    }
}

impl<'d> Iterator for Resources<'d> {
    type Item = Resource<'d>;

    fn next(&mut self) -> Option<Resource<'d>> {
        self.0.next().map(|(endpoint, position)| endpoint.resource(position))
    }
}

impl core::iter::FusedIterator for Resources<'_> {}

impl fmt::Debug for Resources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resources").field("left", &self.0.left()).finish_non_exhaustive()
    }
}

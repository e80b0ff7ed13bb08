use core::fmt;

/// By what means a directory is mirrored: the best of those that it offers.
///
/// ```
/// use waypost_sync::Means;
///
/// assert_eq!(Means::Feed.to_string(), "its feed");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Means {
    /// Its feed tells what changes.
    Feed,
    /// Its look-ups: one of all endpoints, and one of all resources, which shows whose they are.
    Lookups,
    /// Its look-ups: one of all endpoints, and one of the resources of each.
    LookupsOfEach,
}

impl fmt::Display for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Feed => "its feed",
            Self::Lookups => "its look-ups, which show the provenance of links",
            Self::LookupsOfEach => "its look-ups, one for each registration, as they show no provenance of links",
        })
    }
}

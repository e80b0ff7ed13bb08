use core::time::Duration;

/// Bounds on everything that a peer can drive, in one place.
///
/// The defaults suit a directory of a hundred thousand endpoints that strangers may use; raise them where the peers are
/// known.
///
/// ```
/// use waypost_directory::Limits;
///
/// let mut limits = Limits::with_room_for(10_000_000);
/// limits.links_per_registration = 100;
/// assert_eq!(limits.registrations, 10_000_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Registrations, expired ones that are kept included; more than 33 554 432 cannot be had in one directory.
    pub registrations: usize,
    /// Links in the document of one registration.
    pub links_per_registration: usize,
    /// Bytes of link document, base and attributes of one registration together; a base alone has at most 65 535, whatever this says.
    pub bytes_per_registration: usize,
    /// Attribute values of one endpoint.
    pub attributes_per_registration: usize,
    /// Distinct link documents. When there is little room left, expired registrations are not kept.
    pub documents: usize,
    /// Bytes of all distinct link documents together. What they and their index take in memory is three times as much where
    /// links are as devices have them, and fifteen times where somebody makes it so.
    pub document_bytes: usize,
    /// Bytes of links that are remembered after others have taken their place, so that who held them can be told what is
    /// different alone; 4 MiB by default. The oldest go first.
    pub former_links: usize,
    /// Watches.
    pub watches: usize,
    /// Events that wait for [`Directory::poll_watch`](crate::Directory::poll_watch). When more happens, the watches
    /// concerned are told to look again.
    pub watch_events: usize,
    /// Bytes of links that wait with these events, where a watch tells of links. When there are more, it is the same.
    pub watch_bytes: usize,
    /// Tests of a criterion at a link that one change may cost to tell what is different for the watches that it can concern.
    /// Watches of equal queries are tested once, and each that is told counts as one test. The watches beyond that are told to
    /// look again.
    pub watch_tests: usize,
    /// How long an expired registration is kept, hidden, for its endpoint to refresh it ([RFC 9176 §5.3]).
    ///
    /// [RFC 9176 §5.3]: https://www.rfc-editor.org/rfc/rfc9176#section-5.3
    pub expired_kept: Duration,
    /// How many expired registrations are kept; beyond that an expired one is forgotten at once.
    pub expired: usize,
    /// How many removals are remembered; beyond that the oldest is forgotten, and who is that far behind gets a
    /// [`FeedGap`](crate::FeedGap). A replica that did not hear of such a removal may bring back what was removed, until that expires.
    pub tombstones: usize,
    /// How long a removal is remembered beyond the lifetime of what it removed: what clocks may drift and messages may
    /// take.
    pub tombstone_guard: Duration,
    /// How many of the last renewals are remembered of what each replica of an authority wrote, to tell others who was renewed since
    /// they asked last; beyond that, they are told the ages of all that is here.
    pub renewals: usize,
    /// How many renewals of what is not here are remembered of each authority, to tell others that may have it. Beyond that, those of
    /// the oldest writes are forgotten.
    pub absent_renewals: usize,
    /// How many registrations one call of [`Directory::expire`](crate::Directory::expire) collects.
    pub expire_batch: usize,
    /// How many replicas may have written what is here. Beyond that, those that have left nothing are forgotten, the longest
    /// idle first; if there are none, new ones are refused.
    pub replicas: usize,
    /// How long a replica is known, about, of which no registration and no removal is left: longer than any two replicas are
    /// apart, or one of them asleep. One that has forgotten it sooner than others costs a question.
    pub replicas_kept: Duration,
    /// How far the clock of a peer may be ahead. What was made later than that is [refused](crate::Refused::Early) until its time has
    /// come.
    pub clock_ahead: Duration,
}

impl Limits {
    /// Returns limits for so many registrations: each may have links of its own, of a KiB in the mean, and as many are remembered
    /// that have expired or were removed, if these are more than by default.
    #[must_use]
    pub fn with_room_for(registrations: usize) -> Self {
        let default = Self::default();
        Self {
            registrations,
            documents: registrations,
            document_bytes: registrations.saturating_mul(1 << 10),
            expired: registrations.max(default.expired),
            tombstones: registrations.max(default.tombstones),
            ..default
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            registrations: 100_000,
            links_per_registration: 1_000,
            bytes_per_registration: 64 * 1024,
            attributes_per_registration: 64,
            documents: 100_000,
            document_bytes: 128 << 20,
            former_links: 4 << 20,
            watches: 10_000,
            watch_events: 100_000,
            watch_bytes: 16 << 20,
            watch_tests: 100_000,
            expired_kept: Duration::from_secs(24 * 3600),
            expired: 100_000,
            tombstones: 100_000,
            tombstone_guard: Duration::from_secs(3600),
            renewals: 65_536,
            absent_renewals: 4_096,
            expire_batch: 32,
            replicas: 1_024,
            replicas_kept: Duration::from_secs(24 * 3600),
            clock_ahead: Duration::from_secs(3600),
        }
    }
}

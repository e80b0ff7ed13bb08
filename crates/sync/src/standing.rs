use core::time::Duration;

use waypost_filter::{Held, Query};
use waypost_model::Authority;
use waypost_time::Instant;

use crate::Relation;

/// How it stands with a directory that is followed.
///
/// ```
/// use waypost_sync::{Replicator, SyncConfig};
///
/// let mut replicator = Replicator::new(SyncConfig::new(1));
/// replicator.add_mirror_of("coap://rd.example".parse()?, "d=floor-3".parse()?)?;
/// let standing = replicator.standings().next().unwrap();
/// assert_eq!(standing.source, "coap://rd.example");
/// assert!(standing.confirmed.is_none(), "nothing was read yet");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Standing<'r> {
    /// The source, as it was named.
    pub source: &'r str,
    /// What the source is.
    pub relation: Relation,
    /// Whose registrations are taken: those of the source, or of the authority that is mirrored through it.
    pub authority: &'r Authority,
    /// Through how many other directories they come, as far as is known.
    pub hops: u64,
    /// What is taken from it: the query without criteria stands for everything.
    pub query: &'r Query,
    /// What of that is here: registrations with all of their links by a feed, the results of both look-ups without one.
    pub held: Held,
    /// Another directory whose registrations the source shows as well, as proxies do, and which nobody follows here, neither
    /// through the source nor otherwise. What its look-ups say is then more than what is taken from it. Only look-ups tell; a feed
    /// does not.
    pub others: Option<&'r Authority>,
    /// Whether everything that the authority has to say on that is here.
    pub is_in_step: bool,
    /// When that was so last, as far as was looked; never, if not.
    pub confirmed: Option<Instant>,
    /// How much later than it seems here a registration may have been renewed there, while it is in step; nothing, if the source
    /// does not say how old registrations are.
    pub delay: Option<Duration>,
}

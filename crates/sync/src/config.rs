use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;

use waypost_rest::{ContentFormat, Credential};

use crate::Limits;

/// What a [`Replicator`](crate::Replicator) is told at its start.
///
/// By default nobody may read the feed but the replicas that were [added](crate::Replicator::add_replica).
///
/// ```
/// use waypost_sync::SyncConfig;
///
/// let mut config = SyncConfig::new(0x5eed);
/// config.admits_mirrors = true;
/// assert_eq!(config.path, ["sync", "feed"]);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SyncConfig {
    /// What spreads retries over time.
    pub seed: u64,
    /// The segments of the path that the feed is at; `/sync/feed` by default.
    pub path: Vec<String>,
    /// The content format of questions and answers; [`FEED_FORMAT`] by default. It must be the same at all directories.
    pub content_format: ContentFormat,
    /// Whether anybody may mirror what is registered here. Ages of registrations are told with it, which say something about
    /// how devices communicate; look-ups tell them only where a policy allows it.
    pub admits_mirrors: bool,
    /// Whether anybody may mirror, [through](crate::Replicator::add_mirror_through) this directory, what it mirrors itself. Not by
    /// default: a source may tell a mirror what it tells nobody else, ages for one.
    pub passes_on: bool,
    /// What a peer can prove to be taken for a replica, beside being reachable at the address of one that was added.
    pub replica_credentials: Vec<Credential>,
    /// The schemes that the transport speaks; `coap` by default.
    pub schemes: Vec<Box<str>>,
    /// What peers can drive.
    pub limits: Limits,
}

/// The content format of questions and answers of a feed: 65041, of the range for experiments
/// ([RFC 7252 §12.3](https://www.rfc-editor.org/rfc/rfc7252#section-12.3)).
pub const FEED_FORMAT: ContentFormat = ContentFormat(65_041);

/// The resource type of a feed, which [`/.well-known/core`](https://www.rfc-editor.org/rfc/rfc6690#section-4) shows.
pub const FEED_RESOURCE_TYPE: &str = "waypost.feed";

impl SyncConfig {
    /// Makes the configuration with everything but the seed at its default.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            path: Vec::from(["sync".into(), "feed".into()]),
            content_format: FEED_FORMAT,
            admits_mirrors: false,
            passes_on: false,
            replica_credentials: Vec::new(),
            schemes: Vec::from(["coap".into()]),
            limits: Limits::default(),
        }
    }
}

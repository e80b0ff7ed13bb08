use core::time::Duration;

/// Bounds on everything that peers can make an endpoint hold or do.
///
/// A bound *per peer* keeps one peer from using up what is there for all: a peer is one address and port. At a bound per
/// peer the peer's own oldest item makes room; at a bound in total, caches drop what belongs to the peer that was heard
/// least recently, and everything else refuses the newcomer.
///
/// ```
/// use waypost_coap::Limits;
///
/// let mut limits = Limits::default();
/// limits.body = 16 * 1024;
/// assert!(limits.observations_per_peer < limits.observations);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The largest datagram with a request that is read, in bytes. A longer one is answered with 4.13. Responses were asked for,
    /// and some servers send long ones whole.
    pub datagram: usize,
    /// The largest request body that is put together from blocks, in bytes. A longer one is answered with 4.13.
    pub body: usize,
    /// The largest response body that is taken for a request of the service, in bytes, be it in blocks or whole.
    pub response_body: usize,
    /// How often the fetching of one response body begins anew because the body has changed meanwhile.
    pub restarts: u32,
    /// Peers that something is remembered of. Those with nothing under way make room for others, and then those with nothing but
    /// unfinished request bodies; while all have more than that under way, newcomers are answered with 5.03.
    pub peers: usize,
    /// Messages of one peer that are remembered to recognise duplicates. All of them are looked through for each that comes.
    pub remembered_per_peer: usize,
    /// Messages that are remembered to recognise duplicates.
    pub remembered: usize,
    /// Bytes of replies that are kept to answer duplicates.
    pub remembered_bytes: usize,
    /// Requests of one peer that the service has not answered yet. Further ones are answered with 5.03.
    pub exchanges_per_peer: usize,
    /// Requests that the service has not answered yet.
    pub exchanges: usize,
    /// Request bodies of one peer that are being put together.
    pub uploads_per_peer: usize,
    /// Bytes of request bodies that are being put together. Beyond that, the unfinished ones of those who were heard least
    /// recently are dropped.
    pub upload_bytes: usize,
    /// Response bodies that one peer is fetching in blocks.
    pub downloads_per_peer: usize,
    /// Bytes of response bodies that peers are fetching in blocks.
    pub download_bytes: usize,
    /// How long an unfinished transfer of a body is kept after its last block.
    pub transfer_timeout: Duration,
    /// Observations of one peer. A further request to observe is answered as if it did not ask to.
    pub observations_per_peer: usize,
    /// Observations.
    pub observations: usize,
    /// Requests of the service to one peer that have no response yet, or that observe: who mirrors a directory by its look-ups
    /// observes each registration. Further ones fail at once.
    pub requests_per_peer: usize,
    /// Requests of the service that have no response yet, or that observe.
    pub requests: usize,
    /// Names of hosts of which the addresses are looked up, or known, at a time. Known ones make room for others; while all are being
    /// looked up, requests to further ones fail at once. The first 16 addresses of each are kept.
    pub names: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            datagram: 2048,
            body: 256 * 1024,
            response_body: 256 * 1024,
            restarts: 4,
            peers: 256 * 1024,
            remembered_per_peer: 256,
            remembered: 64 * 1024,
            remembered_bytes: 16 * 1024 * 1024,
            exchanges_per_peer: 16,
            exchanges: 4096,
            uploads_per_peer: 4,
            upload_bytes: 16 * 1024 * 1024,
            downloads_per_peer: 4,
            download_bytes: 64 * 1024 * 1024,
            transfer_timeout: Duration::from_secs(93),
            observations_per_peer: 1024,
            observations: 128 * 1024,
            requests_per_peer: 1024,
            requests: 4096,
            names: 64,
        }
    }
}

/// How much an endpoint holds, to compare with its [`Limits`](crate::Limits).
///
/// ```
/// use waypost_coap::Usage;
///
/// assert_eq!(Usage::default().observations, 0);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Usage {
    /// Peers that something is remembered of.
    pub peers: usize,
    /// Messages that are remembered to recognise duplicates.
    pub remembered: usize,
    /// Bytes of replies that are kept to answer duplicates.
    pub remembered_bytes: usize,
    /// Requests that the service has not answered yet.
    pub exchanges: usize,
    /// Bytes of request bodies that are being put together.
    pub upload_bytes: usize,
    /// Bytes of response bodies that peers are fetching.
    pub download_bytes: usize,
    /// Observations.
    pub observations: usize,
    /// Requests of the service that have no response yet, or that observe.
    pub requests: usize,
}

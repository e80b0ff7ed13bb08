/// Says why a directory is not followed.
///
/// ```
/// use waypost_sync::{NotFollowed, Replicator, SyncConfig};
///
/// let mut replicator = Replicator::new(SyncConfig::new(1));
/// replicator.add_mirror("coap://rd.example".parse()?)?;
/// assert_eq!(replicator.add_mirror("coap://rd.example".parse()?), Err(NotFollowed::Already));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotFollowed {
    /// As many are followed as the limits allow.
    #[error("over the limit of sources")]
    OverLimit,
    /// It is followed already.
    #[error("followed already")]
    Already,
}

use waypost_time::Instant;

use crate::secret::TransferKey;
use crate::token::Token;

/// A request that is answered again and again ([RFC 7641](https://www.rfc-editor.org/rfc/rfc7641)).
#[derive(Debug)]
pub(crate) struct Observation {
    pub(crate) token: Token,
    /// The largest block that the client wants.
    pub(crate) block_exponent: Option<u8>,
    /// The transfer by which the client fetches the rest of a long notification.
    pub(crate) transfer: TransferKey,
    /// Whether the state has changed since the service was last asked for it.
    pub(crate) has_changed: bool,
    /// Whether it stands in a queue.
    pub(crate) is_queued: bool,
    /// The notification that waits for its acknowledgement.
    pub(crate) outstanding: Option<u16>,
    /// When to try again, while the client is still fetching the blocks of the notification before.
    pub(crate) held_until: Option<Instant>,
}

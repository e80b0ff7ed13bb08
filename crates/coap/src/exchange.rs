use waypost_rest::{ExchangeId, Method};
use waypost_time::Instant;

use crate::block::Block;
use crate::secret::TransferKey;
use crate::slot::Slot;
use crate::token::Token;

/// A request that is to be answered.
#[derive(Debug)]
pub(crate) struct Exchange {
    pub(crate) id: ExchangeId,
    pub(crate) slot: Slot,
    pub(crate) token: Token,
    pub(crate) message_id: u16,
    pub(crate) method: Method,
    pub(crate) is_confirmable: bool,
    pub(crate) is_multicast: bool,
    /// Whether the request was acknowledged without a response, so that the response has to be a message of its own.
    pub(crate) is_acknowledged: bool,
    pub(crate) wants_observation: bool,
    pub(crate) wants_size: bool,
    pub(crate) unwanted: u8,
    pub(crate) block1: Option<Block>,
    pub(crate) block2: Option<Block>,
    pub(crate) transfer: TransferKey,
    /// The size of the request.
    pub(crate) received: usize,
    /// When to acknowledge the request if it has not been answered by then.
    pub(crate) acknowledge_at: Option<Instant>,
    pub(crate) expires: Instant,
}

impl Exchange {
    /// Tells whether the client asked not to be sent responses of this class ([RFC 7967 §2.1](https://www.rfc-editor.org/rfc/rfc7967#section-2.1)).
    pub(crate) fn is_unwanted(&self, class: u8) -> bool {
        class > 0 && self.unwanted & 1 << (class - 1) != 0
    }
}

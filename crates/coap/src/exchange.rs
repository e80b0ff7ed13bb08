use waypost_rest::{ExchangeId, Method};
use waypost_time::Instant;

use crate::block::Block;
use crate::peers::Slot;
use crate::secret::TransferKey;
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

/// Puts the slot of the peer into the name of the exchange, so that no table is needed to find it.
pub(crate) fn exchange_id(serial: u64, slot: Slot) -> ExchangeId {
    ExchangeId(serial << SLOT_BITS | u64::from(slot.0))
}

pub(crate) fn slot_of(exchange: ExchangeId) -> Slot {
    Slot((exchange.0 & u64::from(MOST_SLOTS)) as u32)
}

const SLOT_BITS: u32 = 24;
/// How many peers there can be.
pub(crate) const MOST_SLOTS: u32 = (1 << SLOT_BITS) - 1;

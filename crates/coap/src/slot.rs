use waypost_rest::ExchangeId;

/// Where the state of a peer stands, while there is any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Slot(pub(crate) u32);

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

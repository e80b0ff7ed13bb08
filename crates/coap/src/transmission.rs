use core::time::Duration;

use bytes::Bytes;
use waypost_rest::ExchangeId;
use waypost_time::Instant;

use crate::token::Token;

/// A confirmable message that waits for its acknowledgement ([RFC 7252 §4.2](https://www.rfc-editor.org/rfc/rfc7252#section-4.2)).
#[derive(Debug)]
pub(crate) struct Transmission {
    pub(crate) id: u16,
    pub(crate) datagram: Bytes,
    pub(crate) content: Content,
    /// How often it was sent again.
    pub(crate) retransmissions: u8,
    /// The time from the latest transmission to the next.
    pub(crate) timeout: Duration,
    pub(crate) due: Instant,
    pub(crate) started: Instant,
}

/// What a confirmable message carries, and so what its fate means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    /// A response of its own.
    Response,
    Notification(ExchangeId),
    /// A request of the service, by its token.
    Question(Token),
    /// Nothing: it asks for a sign of life.
    Probe,
}

impl Content {
    /// Tells whether it counts towards NSTART.
    pub(crate) const fn is_paced(self) -> bool {
        matches!(self, Self::Notification(_) | Self::Question(_))
    }
}

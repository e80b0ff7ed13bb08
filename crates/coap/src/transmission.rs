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

/// What waits for fewer messages of its kind to be under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    Notification,
    Question,
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
    /// Returns what it is a turn of, if NSTART limits how many of it are under way.
    ///
    /// A client limits its requests ([RFC 7252 §4.7](https://www.rfc-editor.org/rfc/rfc7252#section-4.7)), and a server its
    /// notifications ([RFC 7641 §4.5.1](https://www.rfc-editor.org/rfc/rfc7641#section-4.5.1)). Who is both counts each apart: a
    /// peer that observes has shown that it is there, whatever became of a request to it.
    pub(crate) const fn turn(self) -> Option<Turn> {
        match self {
            Self::Notification(_) => Some(Turn::Notification),
            Self::Question(_) => Some(Turn::Question),
            Self::Response | Self::Probe => None,
        }
    }
}

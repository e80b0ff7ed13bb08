/// How long responses are to an address that has not shown that it receives what it asks for.
///
/// The source address of a datagram can be forged, so that a small request brings a large response upon a victim
/// ([RFC 7252 §11.3], [RFC 9175 §2.6], [RFC 9176 §8.4]). An address counts as verified when it is a loopback address, when
/// it has returned an Echo value of this endpoint, or when it has acknowledged or answered a message of this endpoint.
/// It counts as such while the endpoint remembers anything of the peer, and for
/// [`EXCHANGE_LIFETIME`](crate::Timing::exchange_lifetime) after it was last heard.
///
/// To others, a response is at most three times as large as its request, link, network and transport headers included. And when the
/// service refuses them with 4.29, perhaps for what was done in their name, the response has an Echo value: to repeat it in the next
/// request, as [RFC 9175 §2.3] asks of every client, verifies the address. Who does not know the option is refused all the same, and
/// told by Max-Age when to come again.
///
/// This bounds how long responses and notifications are, not how often they go out: those that have to be acknowledged are repeated up
/// to [`max_retransmit`](crate::Timing::max_retransmit) times. It does not bound requests of the service, which are repeated as often:
/// how many of them a stranger can bring upon an address is for the service to limit.
///
/// ```
/// use waypost_coap::Amplification;
///
/// assert_eq!(Amplification::default().allowance(40), Some(244));
/// assert_eq!(Amplification::Unlimited.allowance(40), None);
/// ```
///
/// [RFC 7252 §11.3]: https://www.rfc-editor.org/rfc/rfc7252#section-11.3
/// [RFC 9175 §2.3]: https://www.rfc-editor.org/rfc/rfc9175#section-2.3
/// [RFC 9175 §2.6]: https://www.rfc-editor.org/rfc/rfc9175#section-2.6
/// [RFC 9176 §8.4]: https://www.rfc-editor.org/rfc/rfc9176#section-8.4
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Amplification {
    /// There is no limit: for networks in which addresses cannot be forged.
    Unlimited,
    /// A long response is sent in small blocks. Every client that knows block-wise transfer gets its answer, slowly.
    #[default]
    SmallBlocks,
    /// A long response to a read is replaced by 4.01 with an Echo option. A client that does not know the option gets no
    /// answer; one that does gets it at full speed.
    Echo,
}

impl Amplification {
    /// Returns the size of the largest response to a request of `request` bytes from an address that is not verified,
    /// both without the headers below CoAP; `None` without limit.
    #[must_use]
    pub const fn allowance(self, request: usize) -> Option<usize> {
        match self {
            Self::Unlimited => None,
            Self::SmallBlocks | Self::Echo => Some(FACTOR * (request + HEADERS) - HEADERS),
        }
    }
}

/// The ratio that [RFC 9000 §8](https://www.rfc-editor.org/rfc/rfc9000#section-8) deems acceptable.
const FACTOR: usize = 3;
/// Ethernet, IPv6 and UDP headers, as [RFC 9175 §2.4](https://www.rfc-editor.org/rfc/rfc9175#section-2.4) counts them.
const HEADERS: usize = 14 + 40 + 8;

use core::time::Duration;

use crate::{Amplification, Limits};

/// How an endpoint behaves.
///
/// ```
/// use waypost_coap::{Amplification, Config};
///
/// let mut config = Config::new(*b"sixteen secrets!");
/// config.amplification = Amplification::Echo;
/// config.timing.max_retransmit = 2;
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Config {
    /// What all randomness is drawn from: message identifiers, tokens, delays, Echo values. Equal seeds and equal inputs
    /// give equal outputs. On a network it has to be unpredictable and fresh at each start, as `Config::random` has it where
    /// there is a standard library.
    pub seed: [u8; 16],
    /// Time-outs and delays.
    pub timing: Timing,
    /// Bounds on what peers can make the endpoint hold.
    pub limits: Limits,
    /// How long responses are to an address that has not shown that it asked for them.
    pub amplification: Amplification,
    /// The largest block, as the exponent SZX of [RFC 7959 §2.2](https://www.rfc-editor.org/rfc/rfc7959#section-2.2): 0
    /// for 16 bytes to 6 for 1024 bytes.
    pub block_exponent: u8,
}

impl Config {
    /// Makes the configuration with everything but the seed at its default.
    #[must_use]
    pub fn new(seed: [u8; 16]) -> Self {
        Self {
            seed,
            timing: Timing::default(),
            limits: Limits::default(),
            amplification: Amplification::default(),
            block_exponent: 6,
        }
    }

    /// Makes the configuration with a seed that nobody can predict, fresh at each call and so at each start.
    ///
    /// It is drawn from what the operating system gives the standard library for its hash maps.
    ///
    /// ```
    /// use waypost_coap::Config;
    ///
    /// assert_ne!(Config::random().seed, Config::random().seed);
    /// ```
    #[cfg(feature = "std")]
    #[must_use]
    pub fn random() -> Self {
        use core::hash::BuildHasher;

        let state = std::hash::RandomState::new();
        let halves = [state.hash_one(0), state.hash_one(1)].map(u64::to_be_bytes);
        Self::new(core::array::from_fn(|index| halves[index / 8][index % 8]))
    }
}

/// The transmission parameters ([RFC 7252 §4.8](https://www.rfc-editor.org/rfc/rfc7252#section-4.8)).
///
/// ```
/// use core::time::Duration;
/// use waypost_coap::Timing;
///
/// let timing = Timing::default();
/// assert_eq!(timing.max_transmit_span(), Duration::from_secs(45));
/// assert_eq!(timing.max_transmit_wait(), Duration::from_secs(93));
/// assert_eq!(timing.exchange_lifetime(), Duration::from_secs(247));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Timing {
    /// ACK_TIMEOUT: the shortest time until the first retransmission.
    pub ack_timeout: Duration,
    /// ACK_RANDOM_FACTOR: the longest time until the first retransmission, in units of the shortest; at least 1.
    pub ack_random_factor: f32,
    /// MAX_RETRANSMIT: how often a message is sent again.
    pub max_retransmit: u8,
    /// NSTART: how many requests to one peer are under way at a time, and how many notifications.
    pub nstart: usize,
    /// DEFAULT_LEISURE: within what time a request to a group is answered.
    pub leisure: Duration,
    /// MAX_LATENCY: the longest time that a datagram is on its way.
    pub max_latency: Duration,
    /// How long a request waits for the answer of the service before it is acknowledged without one.
    pub ack_delay: Duration,
    /// After what time without a sign of life an observer is asked whether it is still there, at most 24 hours
    /// ([RFC 7641 §4.5](https://www.rfc-editor.org/rfc/rfc7641#section-4.5)).
    pub observer_check: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ack_timeout: Duration::from_secs(2),
            ack_random_factor: 1.5,
            max_retransmit: 4,
            nstart: 1,
            leisure: Duration::from_secs(5),
            max_latency: Duration::from_secs(100),
            ack_delay: Duration::from_millis(500),
            observer_check: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl Timing {
    /// Returns MAX_TRANSMIT_SPAN: the time from the first transmission of a message to its last.
    #[must_use]
    pub fn max_transmit_span(&self) -> Duration {
        self.slowest_ack().saturating_mul(self.doublings(0) - 1)
    }

    /// Returns MAX_TRANSMIT_WAIT: the time from the first transmission of a message to giving up.
    #[must_use]
    pub fn max_transmit_wait(&self) -> Duration {
        self.slowest_ack().saturating_mul(self.doublings(1) - 1)
    }

    /// Returns EXCHANGE_LIFETIME: how long a message identifier means one message.
    #[must_use]
    pub fn exchange_lifetime(&self) -> Duration {
        self.max_transmit_span().saturating_add(self.max_latency.saturating_mul(2)).saturating_add(self.ack_timeout)
    }

    /// Returns the longest time until the first retransmission.
    pub(crate) fn slowest_ack(&self) -> Duration {
        let factor = if self.ack_random_factor >= 1.0 { self.ack_random_factor.min(100.0) } else { 1.0 };
        Duration::try_from_secs_f32(self.ack_timeout.as_secs_f32() * factor).unwrap_or(self.ack_timeout)
    }

    fn doublings(&self, more: u32) -> u32 {
        1 << (u32::from(self.max_retransmit) + more).min(24)
    }
}

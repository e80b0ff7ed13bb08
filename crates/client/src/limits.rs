use core::time::Duration;

/// Bounds on everything that directories can make a client keep or do, and on how often a client asks.
///
/// ```
/// use core::time::Duration;
/// use waypost_client::Limits;
///
/// let limits = Limits { unavailable_retries: 5, ..Limits::default() };
/// assert_eq!(limits.retry, Duration::from_secs(10));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Places where a directory may be that a registrant keeps in mind; 16 by default.
    pub candidates: usize,
    /// Interfaces of one kind that are taken from what discovery at one place yields; 8 by default.
    pub interfaces: usize,
    /// Bytes of one answer to discovery; 64 KiB by default.
    pub discovery_bytes: usize,
    /// How long answers to a request to a group are collected; 10 seconds by default.
    pub group_wait: Duration,
    /// After what time a request without an outcome is taken for unanswered, in case that the transport does not say; 300
    /// seconds by default, more than a confirmable exchange of CoAP can take.
    pub answer_timeout: Duration,
    /// How often a request is repeated because the server wants an Echo value; 2 by default. After a 4.29, it is once at most.
    pub echo_repeats: u32,
    /// How often one request is repeated after 5.03 or 4.29, when Max-Age has passed; 3 by default.
    pub unavailable_retries: u32,
    /// How long one request may be put off so, all repetitions together; 600 seconds by default. An observed look-up goes on after that,
    /// or after [`Limits::retry_max`] if that is longer.
    pub unavailable_wait: Duration,
    /// How often a renewal that is not answered is repeated before another directory is looked for, if the lifetime lasts
    /// for another [`Limits::answer_timeout`]; 1 by default.
    pub renew_retries: u32,
    /// After what time a directory that did not answer is tried again, doubled with each failure; 10 seconds by default.
    pub retry: Duration,
    /// The same for a directory that refused; 600 seconds by default.
    pub refused_retry: Duration,
    /// The longest such time; one hour by default.
    pub retry_max: Duration,
    /// After what time a guess that was wrong is tried again, doubled with each failure; one hour by default.
    pub guess_retry: Duration,
    /// The longest such time; one day by default.
    pub guess_retry_max: Duration,
    /// How many discoveries and registrations may follow one another without delay; 16 by default.
    pub burst: u32,
    /// One more every so often, over all the time that the registrant runs; 15 seconds by default.
    pub refill: Duration,
    /// Bytes of a diagnostic that are kept; 256 by default.
    pub diagnostic_bytes: usize,
    /// Events that wait for the application; 256 by default. Above, the oldest are dropped, and how many is told
    /// in their place.
    pub events: usize,
    /// Look-ups and observations at a time; 64 by default.
    pub lookups: usize,
    /// Bytes of one answer to a look-up, as received and as resolved; 1 MiB by default.
    pub answer_bytes: usize,
    /// Pages of one look-up; 100 000 by default.
    pub pages: u32,
    /// Answers that are kept to be revalidated; 32 by default.
    pub cached_answers: usize,
    /// Bytes of all these answers; 4 MiB by default.
    pub cached_bytes: usize,
    /// How often at most a look-up that cannot be observed is repeated instead; every 60 seconds by default.
    pub poll: Duration,
    /// After what time without a notification an observation is asked for again, at least; 300 seconds by default.
    pub refresh: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        const fn seconds(seconds: u64) -> Duration {
            Duration::from_secs(seconds)
        }
        Self {
            candidates: 16,
            interfaces: 8,
            discovery_bytes: 64 << 10,
            group_wait: seconds(10),
            answer_timeout: seconds(300),
            echo_repeats: 2,
            unavailable_retries: 3,
            unavailable_wait: seconds(600),
            renew_retries: 1,
            retry: seconds(10),
            refused_retry: seconds(600),
            retry_max: seconds(3600),
            guess_retry: seconds(3600),
            guess_retry_max: seconds(86_400),
            burst: 16,
            refill: seconds(15),
            diagnostic_bytes: 256,
            events: 256,
            lookups: 64,
            answer_bytes: 1 << 20,
            pages: 100_000,
            cached_answers: 32,
            cached_bytes: 4 << 20,
            poll: seconds(60),
            refresh: seconds(300),
        }
    }
}

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use waypost_client::ResourceUri;
use waypost_filter::Query;
use waypost_rest::Allowance;

/// What a [`Proxy`](crate::Proxy) is told at its start.
///
/// ```
/// use waypost_sync::ProxyConfig;
///
/// let config = ProxyConfig::new(0x5eed);
/// assert_eq!(config.resources, ["rd-lookup", "res"]);
/// assert!(!config.passes_lifetimes);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ProxyConfig {
    /// What spreads retries over time.
    pub seed: u64,
    /// The segments of the path of the resource look-up, the same as that of the service; `/rd-lookup/res` by default.
    pub resources: Vec<String>,
    /// The segments of the path of the endpoint look-up, the same as that of the service; `/rd-lookup/ep` by default.
    pub endpoints: Vec<String>,
    /// The schemes that the transport speaks; `coap` by default.
    pub schemes: Vec<Box<str>>,
    /// How long an answer may be used after it went stale, when who gave it cannot be reached, or wants to be asked later; an hour by
    /// default. It is marked by a Max-Age of zero.
    pub stale: Duration,
    /// How long what is mirrored counts as complete after its source was lost; 25 hours by default, the default lifetime of
    /// a registration. What has outlived its lifetime is not shown in any case.
    pub unconfirmed: Duration,
    /// Whether a look-up is answered with what the other sources have while one is away, if that is anything. It is marked by a
    /// Max-Age of zero, and [told](crate::ProxyEvent::Partial). Not by default: a look-up client has no way to see that
    /// something is missing, and must not take for a fact that it is not there. So it is told 5.04, with a Max-Age after which
    /// the source is asked again.
    pub partial: bool,
    /// What is shown of an endpoint that is registered at several sources.
    pub duplicates: Duplicates,
    /// Whether clients may ask for the ages of registrations that are not mirrored here. Not by default: a source may tell
    /// a proxy what it tells nobody else (draft-amsuess-core-rd-replication, *Lifetime reporting*).
    pub passes_lifetimes: bool,
    /// What clients and sources can drive.
    pub limits: ProxyLimits,
}

/// Everything that clients and sources can drive at a [`Proxy`](crate::Proxy).
///
/// ```
/// use waypost_sync::ProxyLimits;
///
/// let limits = ProxyLimits::default();
/// assert!(limits.waiting_per_peer < limits.waiting);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyLimits {
    /// Directories that are proxied; 64 by default.
    pub upstreams: usize,
    /// Answers that are kept, fresh and stale; 1 024 by default. Beyond that, those go that were used longest ago.
    pub cached_answers: usize,
    /// Bytes of all these answers; 16 MiB by default.
    pub cached_bytes: usize,
    /// Bytes of one answer of a source, and of one that is put together; 4 MiB by default. Above: 4.00, and the client asks
    /// in pages or more precisely.
    pub answer_bytes: usize,
    /// Bytes of links that the look-ups of one client, by its [account](waypost_rest::Account), may have put together per second, be it
    /// for a page of a few links; 16 MiB by default, which takes some hundredths of a processor. It may have those of ten seconds at
    /// once, and is told to wait beyond that: 4.29. Look-ups that the service answers have the limits of the service.
    pub work: u64,
    /// The same for all clients together that are known to be reachable or proved something; 64 MiB by default. Above: 5.03. All
    /// others together have half as much apart. Above: 4.29.
    pub work_in_all: u64,
    /// Questions to sources that are not answered yet; 256 by default. Above: 5.03.
    pub forwards: usize,
    /// Requests of clients that wait for sources; 1 024 by default. Above: 5.03.
    pub waiting: usize,
    /// The same for one peer; 64 by default. Above: 4.29.
    pub waiting_per_peer: usize,
    /// Clients that observe what has to be asked for; 1 024 by default. Above, a look-up is answered once and not observed, and so it
    /// is for those who are not known to be reachable when there are half as many.
    pub observers: usize,
    /// The same for one peer; 64 by default.
    pub observers_per_peer: usize,
    /// Questions to sources that are observed there because clients observe them here, one for each different query and source;
    /// 256 by default. Above, a look-up is answered once and not observed.
    pub subscriptions: usize,
    /// The same for one source; 8 by default. A transport may have few requests to one peer at a time, those that observe
    /// included, and there has to be room for others.
    pub subscriptions_per_source: usize,
    /// Bytes of all that they tell; 16 MiB by default. Above, observations end with 5.03. As many may be kept of the answers
    /// that are put together from that.
    pub subscribed_bytes: usize,
    /// How often at most a source is asked again for what is observed, because it does not tell of changes, or to see whether
    /// it still would; ten seconds by default. Max-Age makes it less often.
    pub poll: Duration,
    /// How long a source may take to answer; 20 seconds by default. A client that is told after that is still there.
    pub patience: Duration,
    /// How long a source that did not answer is not asked again; two seconds by default, doubled with each failure. One that answered
    /// something else meanwhile goes on being asked.
    pub retry: Duration,
    /// The longest such time; one minute by default.
    pub retry_max: Duration,
    /// The longest time that a source is not asked because it said so, by 4.29 or 5.03 with a Max-Age; ten minutes by default.
    pub put_off: Duration,
    /// Events that wait for the application; 1 024 by default. Above, the oldest are dropped, and how many is told in their place.
    pub events: usize,
    /// Events in a minute of what clients make happen: failures, and answers that are stale or in part; 60 by default, so that nobody
    /// fills a log. How many more there were is told when the minute is over.
    pub events_per_minute: usize,
    /// Broader queries that are kept in mind because what was asked would have been found by them; 1 024 by default.
    pub shapes: usize,
    /// How many different queries of one shape make it worth to observe what they have in common; 4 by default.
    pub recurrences: usize,
    /// Broader queries that are observed at a time, over all sources; 16 by default.
    pub observed: usize,
    /// Bytes that the beginning of such an observation may take; 4 MiB by default.
    pub observed_bytes: usize,
    /// How often it is seen whether an observation pays, and how long it must recur to begin; five minutes by default.
    pub review: Duration,
    /// Seconds after which a client that met a limit may try again, the Max-Age of 4.29 and 5.03; 10 by default.
    pub retry_seconds: u32,
}

/// What is shown of an endpoint that has registrations of one name and sector at several sources, as it has after it could not
/// reach one of them and went on to another (draft-amsuess-core-rd-replication, *Redundancy and handover*).
///
/// This is about what is mirrored. Of what is asked for, all is shown: the answers tell names and sectors, but not when a
/// registration was renewed. If they were made to tell, by `lt-age`, each would be a new one, that is neither worth to be kept nor
/// revalidated nor observed. Links that are word for word the same are said once, whatever registrations they are of, unless
/// their provenance is asked for.
///
/// ```
/// use waypost_sync::{Duplicates, ProxyConfig};
///
/// assert_eq!(ProxyConfig::new(1).duplicates, Duplicates::Newest);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Duplicates {
    /// The one that was renewed last, and each other that may have been renewed last, as far as is known here.
    Newest,
    /// All of them.
    All,
}

/// What a proxy holds of a source, beside answers while they are fresh.
///
/// ```
/// use waypost_sync::Holding;
///
/// let floor = Holding::Mirror("d=floor-3".parse()?);
/// assert_ne!(floor, Holding::Mirror(Default::default()));
/// # Ok::<(), waypost_filter::InvalidQuery>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Holding {
    /// Nothing: this is a plain cache.
    Answers,
    /// What queries that recur in one shape have in common, while that pays.
    Recurring,
    /// What a query selects; everything, if it has no criteria.
    Mirror(Query),
    /// The same, taken from the feed of another directory that
    /// [mirrors the source and passes it on](crate::Replicator::add_mirror_through).
    Through(ResourceUri, Query),
}

impl ProxyConfig {
    /// Makes the configuration with everything but the seed at its default.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            resources: Vec::from(["rd-lookup".into(), "res".into()]),
            endpoints: Vec::from(["rd-lookup".into(), "ep".into()]),
            schemes: Vec::from(["coap".into()]),
            stale: Duration::from_secs(3_600),
            unconfirmed: Duration::from_secs(90_000),
            partial: false,
            duplicates: Duplicates::Newest,
            passes_lifetimes: false,
            limits: ProxyLimits::default(),
        }
    }
}

impl ProxyLimits {
    pub(crate) const fn work(&self) -> Allowance {
        Allowance { each: self.work, all: self.work_in_all }
    }
}

impl Default for ProxyLimits {
    fn default() -> Self {
        Self {
            upstreams: 64,
            cached_answers: 1_024,
            cached_bytes: 16 << 20,
            answer_bytes: 4 << 20,
            work: 16 << 20,
            work_in_all: 64 << 20,
            forwards: 256,
            waiting: 1_024,
            waiting_per_peer: 64,
            observers: 1_024,
            observers_per_peer: 64,
            subscriptions: 256,
            subscriptions_per_source: 8,
            subscribed_bytes: 16 << 20,
            poll: Duration::from_secs(10),
            patience: Duration::from_secs(20),
            retry: Duration::from_secs(2),
            retry_max: Duration::from_secs(60),
            put_off: Duration::from_secs(600),
            events: 1_024,
            events_per_minute: 60,
            shapes: 1_024,
            recurrences: 4,
            observed: 16,
            observed_bytes: 4 << 20,
            review: Duration::from_secs(300),
            retry_seconds: 10,
        }
    }
}

use core::time::Duration;

use waypost_filter::QueryLimits;
use waypost_rest::Allowance;

/// Everything that peers can drive at a server, in one place. What a registration may hold, and how many there are, is
/// in the [limits of the directory](waypost_directory::Limits).
///
/// One peer is whoever proved the same, or else one host, whatever its ports. Requests that bear the address of a host which is
/// not known to [receive what is sent there](waypost_rest::Peer::is_reachable) count apart from those of the host once it is: they may
/// be of anybody. All such strangers together have their own rates, half of those of all others, so that these lose nothing to them.
/// If others leave a host nothing, it gets out by the Echo value that `waypost-coap` gives it with each 4.29.
///
/// ```
/// use waypost_server::ServerLimits;
///
/// let limits = ServerLimits { observations: 64, ..ServerLimits::default() };
/// assert_eq!(limits.observations, 64);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerLimits {
    /// Registrations that one peer may have made and that are live; 10 000 by default. Above: 4.29.
    pub registrations_per_peer: usize,
    /// Changes that one peer may ask for per minute; 600 000 by default, which occupies a processor by less than half. Each
    /// request to register, update or remove counts as one, and as one more for each KiB of its payload, whether it succeeds or not.
    /// So does each KiB of the links of the registration that it is about, once it is known that these are to be worked on: not for a
    /// mere renewal, and not for what is refused before. What is fetched for a simple registration counts like a request, and so does
    /// each registration that comes of it. A peer may ask for those of ten seconds at once. Above: 4.29.
    pub changes_per_minute: usize,
    /// The same of all peers together that are known to be reachable or proved something; 900 000 by default, which occupies a
    /// processor by at most two thirds, and takes in a fleet of a million within a minute or two. Above: 5.03. All others together
    /// have half as many apart. Above: 4.29, as whoever shows that it is reachable is not one of them any more.
    pub changes_per_minute_in_all: usize,
    /// What the look-ups of one peer may cost per second; 16 MiB by default, at most a twentieth of what one processor does. The cost
    /// is the bytes of what is written, and [as many](waypost_directory::Resources::looks) times 128 as registrations and links
    /// were looked at for it. To read a registration counts as well. Up to 8 KiB of such work are free, and so is an answer that is there already for observers, to a
    /// request that observes. A peer may have the work of ten seconds at once. Beyond, it gets only what is free, and for the rest
    /// 4.29. What it is told of as an observer may cost the same again; beyond, it is told later.
    pub look_up_work: u64,
    /// The same of all peers together that are known to be reachable or proved something; 64 MiB by default, at most a fifth of what
    /// one processor does. Beyond, 5.03 in the place of 4.29. All others together have half as much apart. Beyond, 4.29.
    pub look_up_work_in_all: u64,
    /// Look-ups per second that may be tried for one peer beyond that, to find that they are not free; 500 by default, which occupies
    /// a processor by at most a tenth. A peer may have those of ten seconds at once. Beyond, its look-ups are refused unseen, with 4.29,
    /// and free ones as well, until either of both rates allows for another one.
    pub refused_look_ups: u64,
    /// Observations; 100 000 by default. Above, a look-up is answered once and not observed. Of these, of the bytes below and of the
    /// watches of the directory, those who are not known to be reachable take none when half is taken.
    pub observations: usize,
    /// Observations of one peer; 1 000 by default.
    pub observations_per_peer: usize,
    /// Bytes of the answers that are kept for all observers; 256 MiB by default. Above, a look-up is answered once and not observed,
    /// and an observation ends with 5.03 when its answer grows.
    pub observed_bytes: usize,
    /// Earlier states of one observed look-up from which observers by link deltas are led on to the present one; 16 by default.
    /// Whoever is further behind gets the whole answer.
    pub remembered_states: usize,
    /// Simple registrations that wait for the `/.well-known/core` of their peer; 256 by default. Above, those of peers that are not
    /// known to be reachable make room for those of others, with 5.03, and what has waited for five seconds for its like. Else: 5.03,
    /// and 4.29 to whoever is not known to be reachable, as it gets in if it shows that it is.
    pub pending_fetches: usize,
    /// The same for one peer; 4 by default. Above: 4.29.
    pub pending_fetches_per_peer: usize,
    /// Seconds after which a pending fetch is given up; 100 by default, a little more than a confirmable exchange of CoAP
    /// can take.
    pub fetch_seconds: u32,
    /// Documents of simple registrations that are kept while they are fresh; 1 024 by default.
    pub cached_documents: usize,
    /// Bytes of all these documents; 1 MiB by default.
    pub cached_bytes: usize,
    /// Bytes of one answer; 16 MiB by default. Above: 4.00, and the client asks in pages.
    pub answer_bytes: usize,
    /// Results of look-ups that clients page through, of which it is remembered where their pages are; 64 by default. Each takes
    /// 4 bytes per 256 registrations. Above, the one that was not used for longest is forgotten, and its next page takes longer.
    pub paged_results: usize,
    /// Arguments in the query of a request; 64 by default. Above: 4.13.
    pub query_arguments: usize,
    /// Criteria and bytes in the query of a look-up. Above: 4.00.
    pub query: QueryLimits,
    /// Registration resources whose last change is remembered one by one for the sake of freshness; 100 000 by default.
    /// Above, the oldest share one value, which costs their clients a round trip.
    pub remembered_changes: usize,
    /// Events that wait for the application; 1 024 by default. Above, the oldest are dropped, and how many is told in their place.
    pub events: usize,
    /// Events of one kind in a minute, so that nobody fills a log; 60 by default. The kinds are refusals, renewals, and all other
    /// changes of registrations. How many more there were is told when the minute is over.
    pub events_per_minute: usize,
    /// Seconds after which a client that met a limit may try again, the Max-Age of 4.29 and 5.03; 60 by default. If it has to wait
    /// because all together cause too much work, it is told when there is place for it among those who wait as well, if that is
    /// sooner, so that they do not all come back at once.
    pub retry_seconds: u32,
}

impl ServerLimits {
    /// How many look-ups may be refused per second: of all together as many as come, or else many addresses could keep the others from
    /// what is free.
    pub(crate) const fn refusals(&self) -> Allowance {
        Allowance { each: self.refused_look_ups, all: u64::MAX }
    }

    /// What changes may take per second, in sixtieths of one.
    pub(crate) const fn changes(&self) -> Allowance {
        Allowance { each: self.changes_per_minute as u64, all: self.changes_per_minute_in_all as u64 }
    }

    /// Over how long those who are refused are spread.
    pub(crate) const fn retry(&self) -> Duration {
        Duration::from_secs(self.retry_seconds as u64)
    }

    pub(crate) const fn work(&self) -> Allowance {
        Allowance { each: self.look_up_work, all: self.look_up_work_in_all }
    }
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            registrations_per_peer: 10_000,
            changes_per_minute: 600_000,
            changes_per_minute_in_all: 900_000,
            look_up_work: 16 << 20,
            look_up_work_in_all: 64 << 20,
            refused_look_ups: 500,
            observations: 100_000,
            observations_per_peer: 1_000,
            observed_bytes: 256 << 20,
            remembered_states: 16,
            pending_fetches: 256,
            pending_fetches_per_peer: 4,
            fetch_seconds: 100,
            cached_documents: 1_024,
            cached_bytes: 1 << 20,
            answer_bytes: 16 << 20,
            paged_results: 64,
            query_arguments: 64,
            query: QueryLimits::default(),
            remembered_changes: 100_000,
            events: 1_024,
            events_per_minute: 60,
            retry_seconds: 60,
        }
    }
}

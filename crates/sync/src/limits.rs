use core::time::Duration;

/// Everything that peers can drive at the engine, and how often it asks them.
///
/// ```
/// use waypost_sync::Limits;
///
/// let mut limits = Limits::default();
/// limits.answer_bytes = 4096;
/// assert!(limits.retry < limits.retry_max);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of one answer of the feed, about, counted as if it told all links; 64 KiB by default. What is left over is asked for in
    /// the next question. One change that is longer still goes whole.
    pub answer_bytes: usize,
    /// Bytes of a question, which are those of a version: about 14 for each replica; 32 KiB by default.
    pub question_bytes: usize,
    /// How many observations of the feed there may be at a time; 1 024 by default. Who comes when there are so many is answered, and
    /// comes back. Those that are not known to [receive what is sent to them](waypost_rest::Peer::is_reachable) have at most half of
    /// them, and can come back as those that are, by the Echo value that a transport sends with the answer. Replicas are not counted,
    /// but each may have so many itself.
    pub observers: usize,
    /// How many of them one mirror may have, by its [account](waypost_rest::Account); 16 by default. What it mirrors
    /// [through](crate::Replicator::add_mirror_through) this directory beyond that, it asks for every now and then.
    pub observers_per_account: usize,
    /// How many directories are followed; 256 by default.
    pub sources: usize,
    /// Through how many other directories registrations may come that are mirrored
    /// [through](crate::Replicator::add_mirror_through) one; 8 by default. Mirrors that were made to go round find out by it.
    pub hops: u64,
    /// Bytes of what a source may send in one answer, and of the links that deltas in it may make, 4 MiB by
    /// default. The transport has to take answers of so many bytes, too.
    pub received_bytes: usize,
    /// Renewals that one answer tells of, of less than two bytes each; 100 000 by default, a few dozen milliseconds of work. The others
    /// come with the next. Who asks says its own limit, so that the lower one of both counts, and takes no answer that tells of more.
    pub renewals: usize,
    /// Bytes of all pages of a look-up at a source that has no feed, where its answer is more than
    /// [`received_bytes`](Self::received_bytes) or what the transport takes, as they are once references are resolved; 64 MiB by default.
    /// What is more is not mirrored, or by a look-up for each registration.
    pub paged_bytes: usize,
    /// Look-ups at one source that has no feed, most of which are observations of a registration each; 1 000 by default, no more
    /// than the transport has room for at one peer. What is beyond that is not mirrored.
    pub lookups_per_source: usize,
    /// How long a registration is kept that was not confirmed, where the source shows no ages; an hour by default.
    pub unconfirmed: Duration,
    /// Events that wait for [`Replicator::poll_event`](crate::Replicator::poll_event); 1 024 by default. Beyond that, the oldest go,
    /// and how many is told in their place.
    pub events: usize,
    /// Events in a minute that sources can cause as often as they like: what was not taken or cannot be read, conflicts, comparisons
    /// and readings from the beginning; 60 by default, so that no source fills a log. How many more there were is told when the
    /// minute is over.
    pub events_per_minute: usize,
    /// How long the first failure to ask a source makes the next question wait; two seconds by default. The wait doubles with each
    /// failure in a row.
    pub retry: Duration,
    /// The longest such wait; five minutes by default.
    pub retry_max: Duration,
    /// How often a source is compared with what is here, at most, when what they amount to differs; ten minutes by default. A comparison
    /// that came to nothing is begun again sooner: after [`retry`](Self::retry), and twice as long with each more in a row.
    pub reconcile: Duration,
    /// Cells that a comparison may take, of 12 bytes each; 262 144 by default, enough for some 190 000 differences. Beyond that,
    /// everything is read anew.
    pub cells: usize,
    /// Registrations that are asked for in one question of a comparison, and answered; 512 by default. Who is refused so many, or
    /// what is more than [`answer_bytes`](Self::answer_bytes), asks for half as many.
    pub ids: usize,
    /// Whose comparisons are answered at a time: replicas, as many mirrors, and as many of those that are not known to
    /// [receive what is sent to them](waypost_rest::Peer::is_reachable), by their [accounts](waypost_rest::Account); 4 by default.
    /// Above: 5.03, and 4.29 to whoever is not known to be reachable, as it may get in if it shows that it is. Each may have one for
    /// each authority, which takes thirty-six bytes for each registration there while it lasts, and sixteen for each removal.
    pub reconciliations: usize,
    /// How many registrations the questions of one mirror, by its [account](waypost_rest::Account), may have looked at, per second;
    /// 100 000 by default. Each KiB that is written for it counts as one more. It may have those of ten seconds at once, and is told
    /// to wait beyond that: 4.29. Replicas are not counted.
    pub looks: u64,
    /// The same of all mirrors together that have a credential or are known to
    /// [receive what is sent to them](waypost_rest::Peer::is_reachable), so that there is room for replicas and endpoints; a million by
    /// default, a tenth of what one processor does. Beyond, 5.03. All others together have half as much, apart; beyond, 4.29.
    pub looks_in_all: u64,
    /// How long renewals are gathered before the observers of the feed are told of them; ten seconds by default. Registrations
    /// that live shorter than a few times this may seem to have expired elsewhere before they are heard of.
    pub renewal_delay: Duration,
    /// How often an observer of a selection is told of something, at most, as each write is something to it; once a second by
    /// default.
    pub selection_pace: Duration,
    /// Changes that are looked at for one answer about a selection; 10 000 by default, a few milliseconds of work.
    pub looked_at: usize,
    /// How often a source that is observed is asked whether it still knows of that, and what all it has amounts to; a minute by
    /// default.
    pub refresh: Duration,
    /// How long a replica that is to end waits for the others to hold what it holds; two seconds by default.
    pub drain: Duration,
    /// How often a source that cannot be observed is asked, and one that passes on what it has not heard of itself; ten seconds by
    /// default.
    pub poll: Duration,
    /// How long a question may go without an answer, whatever the transport does; five minutes by default.
    pub patience: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            answer_bytes: 64 * 1024,
            question_bytes: 32 * 1024,
            observers: 1_024,
            observers_per_account: 16,
            sources: 256,
            hops: 8,
            received_bytes: 4 * 1024 * 1024,
            renewals: 100_000,
            paged_bytes: 64 * 1024 * 1024,
            lookups_per_source: 1_000,
            unconfirmed: Duration::from_secs(3_600),
            events: 1_024,
            events_per_minute: 60,
            retry: Duration::from_secs(2),
            retry_max: Duration::from_secs(300),
            reconcile: Duration::from_secs(600),
            cells: 262_144,
            ids: 512,
            reconciliations: 4,
            looks: 100_000,
            looks_in_all: 1_000_000,
            renewal_delay: Duration::from_secs(10),
            selection_pace: Duration::from_secs(1),
            looked_at: 10_000,
            refresh: Duration::from_secs(60),
            drain: Duration::from_secs(2),
            poll: Duration::from_secs(10),
            patience: Duration::from_secs(300),
        }
    }
}

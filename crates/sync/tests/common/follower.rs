use minicbor::{Decoder, Encoder};
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_model::ReplicaId;
use waypost_rest::{Code, Output, Request, RequestFailure, RequestId, Response};
use waypost_sketch::Cell;
use waypost_sync::{FEED_FORMAT, Limits, NotFollowed, Replicator, SyncConfig, SyncEvent};
use waypost_time::Instant;

/// An engine that follows a source, and the test is the source. It has just asked for the feed.
pub(crate) struct Follower {
    pub(crate) now: Instant,
    pub(crate) directory: Directory,
    pub(crate) replicator: Replicator,
    /// The name of its questions for changes, and the number of the last one.
    pub(crate) request: RequestId,
    pub(crate) number: u8,
}

impl Follower {
    pub(crate) fn new() -> Self {
        Self::with(|_| ())
    }

    /// One with other limits.
    pub(crate) fn with(limit: impl FnOnce(&mut Limits)) -> Self {
        let mut config = SyncConfig::new(1);
        limit(&mut config.limits);
        let directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
        Self::of(Instant::ZERO, directory, config, |replicator| {
            replicator.add_mirror("coap://source/sync/feed".parse().expect("a URI"))
        })
    }

    /// One that follows a source as it is told to.
    pub(crate) fn of(
        now: Instant,
        directory: Directory,
        config: SyncConfig,
        follow: impl FnOnce(&mut Replicator) -> Result<(), NotFollowed>,
    ) -> Self {
        let mut replicator = Replicator::new(config);
        follow(&mut replicator).expect("room");
        let mut follower = Self { now, directory, replicator, request: RequestId(0), number: 0 };
        follower.ask().expect("a question");
        follower
    }

    /// Takes the next question.
    pub(crate) fn ask(&mut self) -> Option<(RequestId, Request)> {
        let output = self.replicator.poll_output(self.now, &mut self.directory);
        let Some(Output::Request { id, request, .. }) = output else { return None };
        // One for changes begins with its kind and its number.
        if let [_, 0, number, ..] = *request.payload {
            (self.request, self.number) = (id, number);
        }
        Some((id, request))
    }

    /// Takes the question that it asks when time has passed.
    pub(crate) fn ask_at(&mut self, now: Instant) -> Option<(RequestId, Request)> {
        self.pass_until(now);
        self.ask()
    }

    /// Lets time pass.
    pub(crate) fn pass_until(&mut self, now: Instant) {
        self.now = now;
        self.replicator.handle_timeout(now, &mut self.directory);
    }

    /// Takes the answer to the last question for changes, or a notification that came of it.
    pub(crate) fn hear(&mut self, answer: &[u8]) {
        self.hear_of(self.number, answer);
    }

    /// Takes the answer to the question of that number, or a notification that came of it.
    pub(crate) fn hear_of(&mut self, number: u8, answer: &[u8]) {
        let mut response = Response::content(FEED_FORMAT, [&[number], answer].concat());
        response.is_observed = true;
        self.replicator.handle_response(self.now, &mut self.directory, self.request, Ok(response));
    }

    /// Takes the answer to another question.
    pub(crate) fn hear_other(&mut self, request: RequestId, answer: &[u8]) {
        let response = Response::content(FEED_FORMAT, answer.to_vec());
        self.replicator.handle_response(self.now, &mut self.directory, request, Ok(response));
    }

    /// Is refused an answer to the last question for changes.
    pub(crate) fn hear_refusal(&mut self, code: Code) {
        let response = Response::new(code);
        self.replicator.handle_response(self.now, &mut self.directory, self.request, Ok(response));
    }

    /// Gets no answer to the last question for changes.
    pub(crate) fn hear_nothing(&mut self) {
        self.replicator.handle_response(self.now, &mut self.directory, self.request, Err(RequestFailure::TimedOut));
    }

    pub(crate) fn events(&mut self) -> Vec<SyncEvent> {
        core::iter::from_fn(|| self.replicator.poll_event()).collect()
    }

    /// Returns the names of what it mirrors, sorted.
    pub(crate) fn names(&self) -> Vec<String> {
        let found = self.directory.endpoints(self.now, &Query::all());
        let mut names: Vec<String> = found.map(|found| found.name().to_owned()).collect();
        names.sort_unstable();
        names
    }
}

/// Whom a run is of, as it is told.
#[derive(Debug, Clone, Copy)]
pub(crate) enum By {
    Id(u64),
    /// Its place in the cursor of the question.
    Index(u64),
}

/// A run of registrations, each so many writes after the one before it.
pub(crate) fn run(by: By, after: u64, span: u64, registrations: &[(u64, &str)]) -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    out.array(3 + registrations.len() as u64).expect("room");
    match by {
        By::Id(id) => out.bytes(&id.to_be_bytes()),
        By::Index(index) => out.u64(index),
    }
    .and_then(|out| out.u64(after)?.u64(span))
    .expect("room");
    for (delta, name) in registrations {
        // A base that was given, and a place.
        out.array(12)
            .and_then(|out| out.u64(2 | 4)?.u64(*delta)?.null()?.str(name)?.str("coap://h")?.u32(1_000_000)?.map(0))
            .and_then(|out| out.str("</t>")?.u64(0)?.u64(5 << 16)?.u32(0)?.str(&["/rd/", name].concat()))
            .expect("room");
    }
    out.into_writer()
}

/// The first cells of a source that has these ids, made by so many writes of a replica.
pub(crate) fn cells(question: &Request, replica: u64, writes: u64, ids: impl Iterator<Item = u64>) -> Vec<u8> {
    let mut question = Decoder::new(&question.payload);
    let key = question.array().and_then(|_| question.u8()).and_then(|_| question.u8()).and_then(|_| question.bytes());
    let key = key.expect("a question for cells").try_into().expect("a key of sixteen octets");
    let run: Vec<u8> = waypost_sketch::Encoder::new(key, ids).take(32).flat_map(Cell::to_bytes).collect();
    let mut out = Encoder::new(Vec::new());
    out.array(2).and_then(|out| out.map(1)?.u64(replica)?.u64(writes)?.bytes(&run).map(drop)).expect("room");
    out.into_writer()
}

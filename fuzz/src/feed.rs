//! Questions and answers of a feed, from a peer that may lie, to an engine with a directory.

use std::sync::LazyLock;

use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_model::{Registration, ReplicaId, Version};
use waypost_rest::{Code, ExchangeId, Method, Output, Peer, Request, RequestId, Response};
use waypost_sync::{FEED_FORMAT, Replicator, SyncConfig, SyncEvent};
use waypost_time::Instant;

/// Takes the first byte for what the peer is: see [`World::new`]. What follows are messages, each after three bytes: what it is,
/// as a [`Message`], and its length. The number that the answer to a question for changes begins with is not in it.
pub fn feed(data: &[u8]) {
    world(data);
}

/// Does the same, and returns what came of it.
pub fn world(data: &[u8]) -> World {
    let (&kind, mut rest) = data.split_first().unwrap_or((&0, &[]));
    let mut world = World::new(kind);
    while let [what, high, low, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let (message, after) = after.split_at(length.min(after.len()));
        rest = after;
        world.take(Message::ALL[usize::from(*what) % Message::ALL.len()], message);
    }
    world
}

/// What a message of the peer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message {
    /// The answer to what the engine asked last.
    Answer,
    /// A notification of the feed.
    Notification,
    /// A question.
    Question,
}

impl Message {
    pub const ALL: [Self; 3] = [Self::Answer, Self::Notification, Self::Question];
}

/// An engine with a directory, and a peer that it follows and that may follow it.
pub struct World {
    pub directory: Directory,
    pub replicator: Replicator,
    pub now: Instant,
    /// What the engine asked last.
    pub asked: Option<(RequestId, Request)>,
    /// The number of its last question for changes, which is written before each answer to it and each notification.
    number: u8,
    /// What the peer was answered last.
    pub answered: Option<Response>,
    /// How many messages could not be read.
    pub unread: usize,
    is_replica: bool,
}

impl World {
    /// Makes an engine that follows the peer as another replica, as a mirror, or as one of a third authority through it, by the last
    /// two bits of `kind`; as a mirror of what a query selects, if the third is set.
    pub fn new(kind: u8) -> Self {
        let mut world = Self {
            directory: OWN.clone(),
            replicator: replicator(kind),
            now: BEGIN,
            asked: None,
            number: 0,
            answered: None,
            unread: 0,
            is_replica: is_replica(kind),
        };
        world.poll();
        world
    }

    pub fn take(&mut self, what: Message, message: &[u8]) {
        match what {
            Message::Answer => self.answer(self.asked.as_ref().map_or(CHANGES, |(id, _)| *id), message),
            Message::Notification => self.answer(CHANGES, message),
            Message::Question => self.question(message),
        }
        self.check();
    }

    /// Takes what the engine has to say; returns what it answered.
    fn poll(&mut self) -> Vec<Response> {
        let mut responses = Vec::new();
        while let Some(output) = self.replicator.poll_output(self.now, &mut self.directory) {
            match output {
                Output::Request { id, request, .. } => {
                    if let [_, 0, number, ..] = *request.payload {
                        self.number = number;
                    }
                    self.asked = Some((id, request));
                }
                Output::Response { exchange: EXCHANGE, response } => responses.push(response),
                Output::Changed { exchange } => self.replicator.handle_ready(self.now, &self.directory, exchange),
                _ => {}
            }
        }
        responses
    }

    fn answer(&mut self, name: RequestId, message: &[u8]) {
        let message = if name == CHANGES { [&[self.number], message].concat() } else { message.to_vec() };
        let mut response = Response::content(FEED_FORMAT, message);
        response.is_observed = true;
        self.replicator.handle_response(self.now, &mut self.directory, name, Ok(response));
        while let Some(event) = self.replicator.poll_event() {
            self.unread += usize::from(matches!(event, SyncEvent::Malformed { .. }));
        }
        self.asked = None;
        self.poll();
        // Waits end, so that it asks again.
        if self.asked.is_none()
            && let Some(due) = self.replicator.poll_timeout()
        {
            self.now = self.now.max(due.min(Instant::from_millis(1_000_500_000)));
            self.replicator.handle_timeout(self.now, &mut self.directory);
        }
        self.poll();
    }

    /// Takes a question; there is one answer to it.
    fn question(&mut self, message: &[u8]) {
        let request = Request::new(Method::Fetch, ["sync", "feed"]).with_payload(FEED_FORMAT, message.to_vec());
        self.replicator.handle_request(
            self.now,
            &self.directory,
            EXCHANGE,
            &Peer::new("coap://peer").reachable(),
            &request,
        );
        let mut answers = self.poll();
        assert_eq!(answers.len(), 1);
        self.answered = answers.pop();
        self.unread += usize::from(self.answered.as_ref().is_some_and(|answer| answer.code == Code::BAD_REQUEST));
    }

    fn check(&self) {
        // A mirror's source owns nothing of this; a replica may change it, but not take away what makes sense of it.
        if !self.is_replica {
            assert!(is_untouched(&self.directory, self.now));
        }
        for origin in self.directory.origins() {
            let ids = || self.directory.ids(self.now, &origin);
            assert!(ids().all(|(_, record)| self.directory.written(self.now, &origin, record.dot()).is_some()));
            assert!(ids().count() as u64 >= self.directory.digest(&origin).count);
            if let Ok(feed) = self.directory.feed_of(self.now, &origin, &Version::new()) {
                feed.for_each(|change| drop(change.to_change()));
            }
        }
        assert!(self.directory.resources(self.now, &Query::all()).count() < 100_000);
    }
}

/// Makes an engine that follows the peer as [`World::new`] says.
pub fn replicator(kind: u8) -> Replicator {
    let mut config = SyncConfig::new(1);
    (config.admits_mirrors, config.passes_on) = (true, true);
    let mut replicator = Replicator::new(config);
    let uri = "coap://peer/sync/feed".parse().expect("a URI");
    let query: Query = if kind & 4 == 0 { "" } else { "et=lamp" }.parse().expect("a query");
    match kind & 3 {
        0 => replicator.add_replica(uri),
        1 => replicator.add_mirror_of(uri, query),
        _ => replicator.add_mirror_through(uri, THIRD.parse().expect("an authority"), query),
    }
    .expect("room");
    replicator
}

/// Whether an engine of a kind is another replica to its peer.
pub const fn is_replica(kind: u8) -> bool {
    kind & 3 == 0
}

/// What the directory begins with.
pub static OWN: LazyLock<Directory> = LazyLock::new(|| {
    let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
    for (names, links) in [("ep=a&base=coap://a&et=x", "</a>;rt=a"), ("ep=b&d=s&base=coap://b", "</b>,</c>")] {
        let registration = Registration::parse(names, links).expect("a registration");
        directory.register(BEGIN, registration).expect("room");
    }
    directory
});

/// Whether what is local is what it was, as look-ups show it and as the feed numbers it.
pub fn is_untouched(directory: &Directory, now: Instant) -> bool {
    let all = Query::all();
    let [own, begun] = [directory, &OWN].map(|directory| {
        let local = directory.endpoints(now, &all).filter(|found| found.origin().is_local());
        local.map(|found| (found.name(), found.base(), found.document().as_str()))
    });
    own.eq(begun) && directory.version() == OWN.version()
}

/// When a conversation begins.
pub const BEGIN: Instant = Instant::from_millis(1_000_000_000);
/// Whom the peer mirrors.
pub const THIRD: &str = "coap://third";
/// The name of questions for changes.
pub const CHANGES: RequestId = RequestId(0);
/// The exchange that the peer asks in.
const EXCHANGE: ExchangeId = ExchangeId(7);

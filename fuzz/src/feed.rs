//! Questions and answers of a feed, from a peer that may lie, to an engine with a directory.

use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_model::{Registration, ReplicaId, Version};
use waypost_rest::{ExchangeId, Method, Output, Peer, Request, RequestId, Response};
use waypost_sync::{FEED_FORMAT, Replicator, SyncConfig};
use waypost_time::Instant;

/// Takes the first byte for what the peer is: bit 0 for a replica, else a source that is mirrored; bit 1 for one that answers a
/// comparison. What follows are messages, each after a byte with its length: answers to the engine, or questions where the highest
/// bit of the length is set.
pub fn feed(data: &[u8]) {
    let [kind, rest @ ..] = data else { return };
    let mut rest = rest;
    let mut world = World::new(kind & 1 != 0);
    let name = RequestId(u64::from(kind >> 1 & 1));
    while let [length, after @ ..] = rest {
        let (message, after) = after.split_at(usize::from(length & 0x7f).min(after.len()));
        rest = after;
        if length & 0x80 == 0 {
            world.answer(name, message)
        } else {
            world.question(message)
        }
        world.check();
    }
}

struct World {
    directory: Directory,
    replicator: Replicator,
    is_replica: bool,
    own: (Vec<String>, Version),
    now: Instant,
}

impl World {
    fn new(is_replica: bool) -> Self {
        let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
        let now = Instant::from_millis(1_000_000_000);
        for (names, links) in [("ep=a&base=coap://a&et=x", "</a>;rt=a"), ("ep=b&d=s&base=coap://b", "</b>,</c>")] {
            let registration = Registration::parse(names, links).expect("a registration");
            directory.register(now, registration).expect("room");
        }
        let mut replicator = Replicator::new(SyncConfig::new(1));
        let uri = "coap://peer/sync/feed".parse().expect("a URI");
        if is_replica { replicator.add_replica(uri) } else { replicator.add_mirror(uri) }.expect("room");
        let own = own(&directory, now);
        Self { directory, replicator, is_replica, own, now }
    }

    /// Takes a message as an answer, or a notification.
    fn answer(&mut self, name: RequestId, message: &[u8]) {
        while self.replicator.poll_output(self.now, &mut self.directory).is_some() {}
        let mut response = Response::content(FEED_FORMAT, message.to_vec());
        response.is_observed = true;
        self.replicator.handle_response(self.now, &mut self.directory, name, Ok(response));
        while self.replicator.poll_event().is_some() {}
        // Waits end, so that it asks again.
        if let Some(due) = self.replicator.poll_timeout() {
            self.now = self.now.max(due.min(Instant::from_millis(1_000_500_000)));
            self.replicator.handle_timeout(self.now, &mut self.directory);
        }
    }

    /// Takes a message as a question; there is one answer to it.
    fn question(&mut self, message: &[u8]) {
        while self.replicator.poll_output(self.now, &mut self.directory).is_some() {}
        let request = Request::new(Method::Fetch, ["sync", "feed"]).with_payload(FEED_FORMAT, message.to_vec());
        self.replicator.handle_request(self.now, &self.directory, ExchangeId(7), &Peer::new("coap://peer"), &request);
        let outputs = core::iter::from_fn(|| self.replicator.poll_output(self.now, &mut self.directory));
        let answers = outputs.filter(|output| matches!(output, Output::Response { exchange: ExchangeId(7), .. }));
        assert_eq!(answers.count(), 1);
    }

    fn check(&self) {
        // A mirror's source owns nothing of this; a replica may change it, but not take away what makes sense of it.
        if !self.is_replica {
            assert_eq!(own(&self.directory, self.now), self.own);
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

/// What is local, as look-ups show it and as the feed numbers it.
fn own(directory: &Directory, now: Instant) -> (Vec<String>, Version) {
    let local = directory.endpoints(now, &Query::all()).filter(|found| found.location().is_local());
    let shown = local.map(|found| format!("{} {} {}", found.name(), found.base(), found.document().as_str())).collect();
    (shown, directory.version().clone())
}

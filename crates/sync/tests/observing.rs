//! Observations of a feed that are lost on the way.

extern crate alloc;

mod common;

use core::time::Duration;

use common::three_replicas;
use minicbor::Encoder;
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_model::ReplicaId;
use waypost_rest::{Method, Output, Request, RequestId, Response};
use waypost_sync::{FEED_FORMAT, Replicator, SyncConfig};
use waypost_time::Instant;

/// An engine that observes a source which has nothing.
struct Follower {
    directory: Directory,
    replicator: Replicator,
    request: RequestId,
    /// The number of its question.
    number: u8,
}

impl Follower {
    fn new() -> Self {
        let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
        let mut replicator = Replicator::new(SyncConfig::new(1));
        replicator.add_mirror("coap://source/sync/feed".parse().expect("a URI")).expect("room");
        let Some(Output::Request { id, request, .. }) = replicator.poll_output(Instant::ZERO, &mut directory) else {
            panic!("no question")
        };
        let mut follower = Self { directory, replicator, request: id, number: request.payload[2] };
        follower.hear(Instant::ZERO);
        follower
    }

    /// Takes an answer or a notification that has no news.
    fn hear(&mut self, now: Instant) {
        let mut response = Response::content(FEED_FORMAT, vec![self.number]);
        response.is_observed = true;
        self.replicator.handle_response(now, &mut self.directory, self.request, Ok(response));
    }

    fn asks(&mut self, now: Instant) -> bool {
        self.replicator.handle_timeout(now, &mut self.directory);
        matches!(self.replicator.poll_output(now, &mut self.directory), Some(Output::Request { .. }))
    }
}

#[test]
fn who_was_asleep_asks_at_once_though_an_old_notification_comes_first() {
    let mut follower = Follower::new();
    let awake = Instant::from_millis(100_000);
    follower.hear(awake);
    assert!(follower.asks(awake));
}

#[test]
fn who_hears_notifications_all_the_time_asks_as_often_as_who_hears_none() {
    let mut follower = Follower::new();
    let asked = (1..=8).find(|ten| {
        let now = Instant::from_millis(ten * 10_000);
        follower.hear(now);
        follower.asks(now)
    });
    assert!(matches!(asked, Some(6..)), "{asked:?}");
}

#[test]
fn who_is_asked_by_a_replica_that_has_more_asks_it_in_turn() {
    let (mut network, uris) = three_replicas();
    network.settle();
    let start = network.now;
    // The first notices that two of its observers are gone; they do not.
    network.cut(uris[0], uris[1]);
    network.cut(uris[0], uris[2]);
    network.register(uris[0], "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.settle();
    network.heal();
    network.run_until(start + Duration::from_secs(1));
    let now = network.now;
    let count = |network: &mut common::Network, uri| network.directory(uri).endpoints(now, &Query::all()).count();
    assert_eq!((count(&mut network, uris[1]), count(&mut network, uris[2])), (0, 0));
    // What the first asks now and then shows what it holds.
    let mut out = Encoder::new(Vec::new());
    let cursor = |out: &mut Encoder<Vec<u8>>| out.map(1)?.u8(1)?.u8(1).map(drop);
    out.array(7).and_then(|out| out.u8(0)?.u8(0)?.u8(0)).expect("room");
    cursor(&mut out).and_then(|()| out.map(0)?.u16(1_000)?.bool(false).map(drop)).expect("room");
    let question = Request::new(Method::Fetch, ["sync", "feed"]).with_payload(FEED_FORMAT, out.into_writer());
    network.send(uris[0], uris[1], question);
    network.settle();
    assert_eq!((count(&mut network, uris[1]), count(&mut network, uris[2])), (1, 1), "and it tells the third");
}

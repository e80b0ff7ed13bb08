//! A directory that tells the truth, whose messages the others begin with.

use std::time::Duration;

use waypost_directory::{Config, Directory};
use waypost_model::{Credentials, Location, Registration, ReplicaId};
use waypost_rest::{ExchangeId, Output, Peer, Request, Response};
use waypost_sync::{FEED_FORMAT, Replicator, SyncConfig};
use waypost_time::Instant;

use crate::feed::THIRD;

/// The peer that [`crate::feed::replicator`] follows, and which follows it.
pub struct Honest {
    pub directory: Directory,
    pub replicator: Replicator,
    is_passing_on: bool,
}

impl Honest {
    /// Makes the peer of an engine of a kind; it answers in so many bytes.
    pub fn new(now: Instant, kind: u8, answer_bytes: usize) -> Self {
        let mut config = SyncConfig::new(9);
        (config.admits_mirrors, config.passes_on) = (true, true);
        config.limits.answer_bytes = answer_bytes;
        let mut replicator = Replicator::new(config);
        replicator.add_replica("coap://engine".parse().expect("a URI")).expect("room");
        let is_passing_on = kind & 3 >= 2;
        let mut honest = Self { directory: directory(9), replicator, is_passing_on };
        if is_passing_on {
            let third = format!("{THIRD}/sync/feed").parse().expect("a URI");
            honest.replicator.add_mirror(third).expect("room");
            // Nothing is there yet.
            let outputs = honest.poll(now);
            let ids = outputs.iter().filter_map(|output| match output {
                Output::Request { id, peer, request } if peer.uri == THIRD => Some((*id, request.payload[2])),
                _ => None,
            });
            for (id, number) in ids {
                let nothing = Ok(Response::content(FEED_FORMAT, vec![number]));
                honest.replicator.handle_response(now, &mut honest.directory, id, nothing);
            }
        }
        honest
    }

    /// Registers something whose endpoint has proved who it is, or what it passes on.
    pub fn register(&mut self, now: Instant, parameters: &str, links: &str) {
        let mut registration = Registration::parse(parameters, links).expect("a registration");
        registration.credentials = Credentials::new([*b"proof"]);
        if self.is_passing_on {
            let location = Location::new(&format!("{THIRD}/{}", registration.endpoint.as_str())).expect("a location");
            self.directory.mirror(now, location, registration, Duration::ZERO).expect("room");
        } else {
            self.directory.register(now, registration).expect("room");
        }
    }

    /// Removes the first registration.
    pub fn remove(&mut self, now: Instant) {
        let found = self.directory.endpoints(now, &Default::default()).next().map(|found| found.location());
        let location = found.expect("a registration");
        let removed = match location.is_local() {
            true => self.directory.remove(now, &location),
            false => self.directory.unmirror(now, &location),
        };
        removed.expect("it is there");
    }

    /// Answers what the engine asks.
    pub fn answer(&mut self, now: Instant, request: &Request) -> Vec<u8> {
        let peer = Peer::new("coap://engine").reachable();
        self.replicator.handle_request(now, &self.directory, ExchangeId(1), &peer, request);
        let answer = self.poll(now).into_iter().find_map(|output| match output {
            Output::Response { response, .. } => Some(response.payload.to_vec()),
            _ => None,
        });
        answer.expect("an answer")
    }

    /// Takes what it has to say.
    pub fn poll(&mut self, now: Instant) -> Vec<Output> {
        std::iter::from_fn(|| self.replicator.poll_output(now, &mut self.directory)).collect()
    }
}

/// An empty directory of the same authority as the engine's.
pub fn directory(replica: u64) -> Directory {
    Directory::new(Config::new([7; 16], ReplicaId(replica)))
}

/// Links of which one can be changed and most stay as they are.
pub const MANY: &str =
    "</a>;rt=sensor;if=s,</b>;rt=sensor;if=s,</c>;rt=sensor;if=s,</d>;rt=sensor;if=s,</e>;rt=sensor;if=s";
/// What a selection selects.
pub const LAMP: &str = "ep=lamp&et=lamp&base=coap://c&lt=600";

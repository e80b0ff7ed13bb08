use std::hash::{Hash, Hasher};
use std::sync::Arc;

use waypost_directory::Directory;
use waypost_model::{Dot, Version};
use waypost_rest::{Output, Peer, Request, RequestId, Response};
use waypost_sync::{Replicator, SyncConfig};

use crate::replica::Replica;
use crate::time::{Tick, instant};

/// Lets one replica ask another until it has no more to ask.
pub(crate) fn hear(to: &mut Replica, from: &Replica, now: Tick) {
    let mut asker = replicator();
    for _ in 0..QUESTIONS {
        let Some((id, request)) = question(&mut asker, now, &mut to.directory) else { return };
        let response = answer(&from.directory, now, &request);
        asker.handle_response(instant(now), &mut to.directory, id, Ok(response));
    }
    panic!("there is no end to the questions");
}

/// An answer on its way.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    /// The replica that asked.
    pub(crate) to: usize,
    /// When it asked.
    asked: Tick,
    /// What it was then.
    asker: Arc<Replica>,
    response: Response,
    /// What the source held then.
    tells: Version,
}

impl Letter {
    /// Makes the answer to a question for what is new; nothing if there is no news.
    pub(crate) fn new((to, asker): (usize, &Arc<Replica>), source: &Replica, now: Tick) -> Option<Self> {
        let (_, request) = question(&mut replicator(), now, &mut asker.directory.clone())?;
        let response = answer(&source.directory, now, &request);
        Some(Self { to, asked: now, asker: Arc::clone(asker), response, tells: source.directory.version().clone() })
    }

    /// Tells whether a write is news to the asker.
    pub(crate) fn tells_of(&self, dot: Dot) -> bool {
        !self.asker.directory.version().contains(dot) && self.tells.contains(dot)
    }

    /// Lets the asker take the answer.
    pub(crate) fn take(&self, replica: &mut Replica, now: Tick) {
        let mut asker = replicator();
        let asked = question(&mut asker, self.asked, &mut self.asker.directory.clone());
        let (id, _) = asked.expect("it asks the same again");
        asker.handle_response(instant(now), &mut replica.directory, id, Ok(self.response.clone()));
        replica.look(now);
    }
}

impl PartialEq for Letter {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Hash for Letter {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl Letter {
    fn key(&self) -> impl PartialEq + Hash + '_ {
        (self.to, self.asker.directory.version(), self.response.code.to_string(), &self.response.payload)
    }
}

/// Makes an engine that has nothing to do but to ask. All that it must remember is in the directory.
fn replicator() -> Replicator {
    let mut replicator = Replicator::new(SyncConfig::new(1));
    replicator.add_replica(format!("{OTHER}/sync/feed").parse().expect("it is valid")).expect("it is the only one");
    replicator
}

fn question(asker: &mut Replicator, now: Tick, directory: &mut Directory) -> Option<(RequestId, Request)> {
    match asker.poll_output(instant(now), directory)? {
        Output::Request { id, request, .. } => Some((id, request)),
        output => panic!("{output:?} is no question"),
    }
}

fn answer(directory: &Directory, now: Tick, request: &Request) -> Response {
    let mut source = replicator();
    let exchange = waypost_rest::ExchangeId(0);
    source.handle_request(instant(now), directory, exchange, &Peer::new(OTHER).reachable(), request);
    match source.poll_output(instant(now), &mut directory.clone()) {
        Some(Output::Response { response, .. }) => response,
        output => panic!("{output:?} is no answer"),
    }
}

/// Whom either of two replicas knows the other by.
const OTHER: &str = "coap://other";
/// More than it takes to ask for what is new, to compare, and to begin anew.
const QUESTIONS: usize = 16;

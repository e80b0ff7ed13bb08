//! One message of a feed, from a peer that may lie, to an engine that waits for it: what the decoders make of it.

use std::sync::LazyLock;

use minicbor::{Decoder, Encoder};
use waypost_directory::{Digest, Directory};
use waypost_filter::Query;
use waypost_model::Version;
use waypost_rest::{Code, ExchangeId, Method, Output, Peer, Request, RequestId, Response};
use waypost_sync::{FEED_FORMAT, Replicator, SyncEvent};

use crate::feed::{self, BEGIN, CHANGES, World, is_replica};
use crate::honest::{Honest, LAMP, MANY};

/// Takes the first byte for what is waited for: see [`first_byte`]. The rest is the message; the number that the answer to a question
/// for changes begins with is not in it.
pub fn feed_message(data: &[u8]) {
    let Some((&first, message)) = data.split_first() else { return };
    is_understood(first, message);
}

/// Does the same with a message by itself; tells whether it was understood.
pub fn is_understood(first: u8, message: &[u8]) -> bool {
    let scene = &SCENES[usize::from(first) % SCENES.len()];
    let mut engine = scene.engine();
    match scene.kind {
        Kind::Question => engine.question(scene, message),
        _ => engine.answer(scene, message),
    }
}

/// Returns the first byte for a kind of message, and one of [`RELATIONS`].
pub fn first_byte(kind: Kind, relation: usize) -> u8 {
    (kind as usize * RELATIONS.len() + relation) as u8
}

/// What the engine is to the peer, as [`World::new`] takes it, and what that is called.
pub const RELATIONS: [(u8, &str); 5] =
    [(0, "replica"), (1, "mirror"), (5, "selection"), (2, "through"), (6, "through-selection")];

/// What a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It answers what has changed.
    Changes,
    /// It answers which cells all there is makes.
    Cells,
    /// It answers which registrations are behind the ids that cells told of.
    Entries,
    /// It is a question.
    Question,
}

impl Kind {
    pub const ALL: [Self; 4] = [Self::Changes, Self::Cells, Self::Entries, Self::Question];
}

/// An engine and a directory that holds two registrations of its own and one of the peer, and what the peer says to get there.
pub struct Scene {
    kind: Kind,
    relation: u8,
    directory: Directory,
    /// What the peer is when the engine knows what it has said.
    pub honest: Honest,
    /// What the peer says before the message.
    before: Vec<Vec<u8>>,
    /// Octets of the texts that are held.
    texts: usize,
}

static SCENES: LazyLock<Vec<Scene>> = LazyLock::new(|| {
    Kind::ALL.into_iter().flat_map(|kind| RELATIONS.map(|(relation, _)| Scene::new(kind, relation))).collect()
});

impl Scene {
    /// Makes the scene for a kind of message, and a relation that [`World::new`] takes.
    pub fn new(kind: Kind, relation: u8) -> Self {
        let mut world = World::new(relation);
        let mut honest = Honest::new(BEGIN, relation, 400);
        honest.register(BEGIN, LAMP, MANY);
        let (_, request) = world.asked.clone().expect("a question");
        world.take(feed::Message::Answer, &honest.answer(BEGIN, &request)[1..]);
        assert_eq!((world.unread, world.directory.len()), (0, 3));
        let directory = world.directory;
        let texts = texts(&directory);
        let mut scene = Self { kind, relation, directory, honest, before: Vec::new(), texts };
        match kind {
            Kind::Changes => {}
            // A source that passes on what it mirrors has to have read it.
            Kind::Question => scene.say(|scene, request| scene.honest.answer(BEGIN, request)[1..].to_vec()),
            Kind::Cells | Kind::Entries => {
                scene.say(|_, _| something_else());
                scene.honest.register(BEGIN, "ep=more&et=lamp&base=coap://m", "</m>");
                if kind == Kind::Entries {
                    scene.say(|scene, request| scene.honest.answer(BEGIN, request));
                }
            }
        }
        scene
    }

    /// Returns what the engine asks when it waits for the message.
    pub fn asked(&self) -> Option<Request> {
        self.engine().asked.map(|(_, request)| request)
    }

    /// Makes the engine, up to where it waits for the message.
    fn engine(&self) -> Engine {
        let replicator = feed::replicator(self.relation);
        let mut engine = Engine { directory: self.directory.clone(), replicator, asked: None, number: 0 };
        engine.poll();
        self.before.iter().for_each(|message| engine.hear_answer(message));
        engine
    }

    fn say(&mut self, what: impl FnOnce(&mut Self, &Request) -> Vec<u8>) {
        let request = self.asked().expect("a question");
        let said = what(self, &request);
        self.before.push(said);
    }
}

/// An engine with a directory, and what it asked last.
struct Engine {
    directory: Directory,
    replicator: Replicator,
    asked: Option<(RequestId, Request)>,
    number: u8,
}

impl Engine {
    /// Takes what the engine has to say; returns what it answered.
    fn poll(&mut self) -> Vec<Response> {
        let mut responses = Vec::new();
        for outputs in 0.. {
            assert!(outputs < 8, "it has more and more to say");
            match self.replicator.poll_output(BEGIN, &mut self.directory) {
                Some(Output::Request { id, request, .. }) => {
                    if let (CHANGES, [_, 0, number, ..]) = (id, &*request.payload) {
                        self.number = *number;
                    }
                    self.asked = Some((id, request));
                }
                Some(Output::Response { response, .. }) => responses.push(response),
                Some(_) => {}
                None => break,
            }
        }
        responses
    }

    /// Takes the answer to what it asked last.
    fn hear_answer(&mut self, message: &[u8]) {
        if let Some((id, _)) = self.asked.take() {
            self.hear(id, message);
        }
    }

    /// Takes an answer, or a notification.
    fn hear(&mut self, id: RequestId, message: &[u8]) {
        let number: &[u8] = if id == CHANGES { &[self.number] } else { &[] };
        let mut response = Response::content(FEED_FORMAT, [number, message].concat());
        response.is_observed = true;
        self.replicator.handle_response(BEGIN, &mut self.directory, id, Ok(response));
        self.poll();
    }

    /// Returns what is held of each origin: writes, renewals, and what all of it amounts to.
    fn held(&self) -> Vec<(Version, Version, Digest)> {
        let of = |origin| {
            (self.directory.version_of(&origin).clone(), self.directory.heard(&origin), self.directory.digest(&origin))
        };
        self.directory.origins().map(of).collect()
    }

    fn answer(&mut self, scene: &Scene, message: &[u8]) -> bool {
        while self.replicator.poll_event().is_some() {}
        self.hear_answer(message);
        let (mut events, mut is_read) = (0, true);
        while let Some(event) = self.replicator.poll_event() {
            if let SyncEvent::Malformed { malformed, .. } = event {
                assert!(malformed.offset <= message.len(), "{malformed:?}");
                is_read = false;
            }
            events += 1;
        }
        assert!(events <= message.len() + 2, "{events} events");
        let asks_for_entries = self.asked.as_ref().is_some_and(|(_, asked)| matches!(*asked.payload, [_, 2, ..]));
        // Whoever follows goes on.
        assert!(self.asked.is_some() || self.replicator.poll_timeout().is_some());
        let is_in_step = self.replicator.standings().all(|standing| standing.is_in_step);
        if scene.kind == Kind::Changes && is_in_step {
            assert!(is_sequence(message), "taken, though it is none");
        }
        // What is held is no more than what was said.
        let texts = texts(&self.directory);
        assert!(texts <= scene.texts + 2 * message.len(), "{texts} octets of texts are held");
        let held = self.held();
        let replicas: usize = held.iter().map(|(version, heard, _)| version.len() + heard.len()).sum();
        assert!(replicas <= 6 + message.len() / 2, "{replicas} replicas are known");
        if !is_replica(scene.relation) {
            assert!(feed::is_untouched(&self.directory, BEGIN));
        }
        // A notification may come twice.
        if scene.kind == Kind::Changes && self.asked.is_none() {
            self.hear(CHANGES, message);
            assert_eq!(self.held(), held);
        }
        match scene.kind {
            // It asks for what is there and not here.
            Kind::Cells => is_read && asks_for_entries,
            Kind::Entries => self.directory.len() > scene.directory.len(),
            _ => is_read,
        }
    }

    fn question(&mut self, scene: &Scene, message: &[u8]) -> bool {
        let request = Request::new(Method::Fetch, ["sync", "feed"]).with_payload(FEED_FORMAT, message.to_vec());
        let peer = Peer::new("coap://peer").reachable();
        let [first, second] = [(); 2].map(|()| {
            self.replicator.handle_request(BEGIN, &self.directory, EXCHANGE, &peer, &request);
            let mut answers = self.poll();
            assert_eq!(answers.len(), 1);
            answers.remove(0)
        });
        assert_eq!(first, second);
        let is_read = first.code != Code::BAD_REQUEST;
        assert!(!is_read || is_item(message), "read, though it is none");
        let most =
            if first.code == Code::CONTENT { self.replicator.config().limits.answer_bytes + scene.texts } else { 0 };
        assert!(first.payload.len() <= most + DIAGNOSTIC, "{} octets", first.payload.len());
        is_read
    }
}

/// How many octets of texts a directory holds.
fn texts(directory: &Directory) -> usize {
    let texts = directory.endpoints(BEGIN, &Query::all()).map(|found| {
        let attributes = found.attributes().map(|(name, value)| name.len() + value.map_or(0, str::len));
        let names = found.name().len() + found.sector().map_or(0, str::len);
        names + found.base().len() + found.document().as_str().len() + attributes.sum::<usize>()
    });
    texts.sum()
}

/// Whether it is one item of CBOR.
fn is_item(message: &[u8]) -> bool {
    let mut input = Decoder::new(message);
    input.skip().is_ok() && input.position() == message.len()
}

/// Whether it is a sequence of items of CBOR.
fn is_sequence(message: &[u8]) -> bool {
    let mut input = Decoder::new(message);
    while input.position() < message.len() {
        if input.skip().is_err() {
            return false;
        }
    }
    true
}

/// An answer that says that all there is amounts to something else.
fn something_else() -> Vec<u8> {
    let mut out = Encoder::new(Vec::new());
    out.u64(7).and_then(|out| out.u64(7).map(drop)).expect("room");
    out.into_writer()
}

const EXCHANGE: ExchangeId = ExchangeId(7);
/// Octets of a refusal that says why.
const DIAGNOSTIC: usize = 120;

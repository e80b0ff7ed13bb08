//! The seeds of the target `feed`: conversations with a peer that tells the truth.

use std::time::Duration;
use std::{fs, path::PathBuf};

use waypost_directory::{Config, Directory};
use waypost_fuzz::feed::{CHANGES, Message, THIRD, World, world};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{Location, Origin, Registration, ReplicaId, Update, Version};
use waypost_rest::{ExchangeId, Output, Peer, Request, RequestId, Response};
use waypost_sync::{FEED_FORMAT, Replicator, SyncConfig};
use waypost_time::Instant;

/// The peer, the engine that is fuzzed, and what the peer has said.
struct Conversation {
    engine: World,
    directory: Directory,
    replicator: Replicator,
    said: Vec<u8>,
}

impl Conversation {
    /// Begins one of a kind; the peer answers in so many bytes.
    fn new(kind: u8, answer_bytes: usize) -> Self {
        let engine = World::new(kind);
        let mut config = SyncConfig::new(9);
        (config.admits_mirrors, config.passes_on) = (true, true);
        config.limits.answer_bytes = answer_bytes;
        let mut replicator = Replicator::new(config);
        replicator.add_replica("coap://engine".parse().unwrap()).unwrap();
        let said = vec![kind];
        let mut peer = Self { engine, directory: directory(9), replicator, said };
        if peer.is_passing_on() {
            peer.replicator.add_mirror(format!("{THIRD}/sync/feed").parse().unwrap()).unwrap();
            // Nothing is there yet.
            let outputs = peer.poll();
            let ids = outputs.iter().filter_map(|output| match output {
                Output::Request { id, peer, request } if peer.uri == THIRD => Some((*id, request.payload[2])),
                _ => None,
            });
            for (id, number) in ids {
                let nothing = Ok(Response::content(FEED_FORMAT, vec![number]));
                peer.replicator.handle_response(peer.engine.now, &mut peer.directory, id, nothing);
            }
        }
        peer
    }

    fn is_passing_on(&self) -> bool {
        self.said[0] & 3 == 2
    }

    fn poll(&mut self) -> Vec<Output> {
        let Self { engine, directory, replicator, .. } = self;
        std::iter::from_fn(|| replicator.poll_output(engine.now, directory)).collect()
    }

    fn say(&mut self, what: Message, message: &[u8]) {
        let number = Message::ALL.iter().position(|known| *known == what).unwrap() as u8;
        self.said.push(number);
        self.said.extend(u16::try_from(message.len()).expect("a short message").to_be_bytes());
        self.said.extend(message);
        self.engine.take(what, message);
        assert_eq!(self.engine.unread, 0, "{message:x?}");
    }

    /// Registers something, or what it passes on.
    fn register(&mut self, parameters: &str, links: &str) {
        let registration = Registration::parse(parameters, links).unwrap();
        let now = self.engine.now;
        if self.is_passing_on() {
            let location = Location::new(&format!("{THIRD}/{}", registration.endpoint.as_str())).unwrap();
            self.directory.mirror(now, location, registration, Duration::ZERO).unwrap();
        } else {
            self.directory.register(now, registration).unwrap();
        }
    }

    /// Removes the first registration.
    fn remove(&mut self) {
        let now = self.engine.now;
        let location = self.directory.endpoints(now, &Default::default()).next().unwrap().location();
        let removed = match location.is_local() {
            true => self.directory.remove(now, &location),
            false => self.directory.unmirror(now, &location),
        };
        removed.unwrap();
    }

    /// Answers what the engine asks, so many times.
    fn answer(&mut self, times: usize) {
        for _ in 0..times {
            let Some((id, request)) = self.engine.asked.clone() else { return };
            let peer = Peer::new("coap://engine");
            self.replicator.handle_request(self.engine.now, &self.directory, ExchangeId(1), &peer, &request);
            let answer = self.poll().into_iter().find_map(|output| match output {
                Output::Response { response, .. } => Some(response),
                _ => None,
            });
            let answer = answer.expect("an answer").payload;
            self.say(Message::Answer, if id == CHANGES { &answer[1..] } else { &answer });
        }
    }

    /// Tells the engine, which observes, what has changed.
    fn notify(&mut self) {
        self.notify_in(|words| words);
    }

    /// Does the same in other words.
    fn notify_in(&mut self, words: impl Fn(Vec<u8>) -> Vec<u8>) {
        let is_changed = |output: &Output| matches!(output, Output::Changed { .. });
        assert!(self.poll().iter().any(is_changed), "it observes");
        self.replicator.handle_ready(self.engine.now, &self.directory, ExchangeId(1));
        for output in self.poll() {
            if let Output::Notification { response, .. } = output {
                self.say(Message::Notification, &words(response.payload[1..].to_vec()));
            }
        }
    }

    /// Changes one of many links of a registration of its own.
    fn change_a_link(&mut self) {
        let now = self.engine.now;
        let location = self.directory.endpoints(now, &Default::default()).next().unwrap().location();
        let links = Some(LinkDocumentBuf::parse([MANY, ",</one>"].concat()).unwrap());
        self.directory.update(now, &location, Update { links, ..Update::default() }).unwrap();
    }

    /// Lets another follow the engine, and asks in its place.
    fn ask(&mut self, follow: impl FnOnce(&mut Replicator)) {
        let (mut directory, mut replicator) = (directory(8), Replicator::new(SyncConfig::new(8)));
        follow(&mut replicator);
        let mut now = self.engine.now;
        for round in 0..5 {
            if round == 1 {
                lose_one(now, &mut directory);
            }
            let asked: Vec<(RequestId, Request)> = std::iter::from_fn(|| replicator.poll_output(now, &mut directory))
                .filter_map(
                    |output| if let Output::Request { id, request, .. } = output { Some((id, request)) } else { None },
                )
                .collect();
            for (id, request) in asked {
                self.say(Message::Question, &request.payload);
                let answer = self.engine.answered.clone().expect("an answer");
                replicator.handle_response(now, &mut directory, id, Ok(answer));
            }
            now = now.max(replicator.poll_timeout().unwrap_or(now));
            replicator.handle_timeout(now, &mut directory);
        }
    }
}

fn directory(replica: u64) -> Directory {
    Directory::new(Config::new([7; 16], ReplicaId(replica)))
}

/// Forgets a registration that was made elsewhere, so that one has to compare.
fn lose_one(now: Instant, directory: &mut Directory) {
    let origins: Vec<Origin> = directory.origins().collect();
    for origin in origins {
        let version: Version = directory.version_of(&origin).clone();
        let key = directory.ids(now, &origin).next().map(|(_, record)| record.to_record().key);
        if let Some(key) = key {
            directory.forget_copy(now, &key, &version);
        }
    }
}

const MANY: &str =
    "</a>;rt=sensor;if=s,</b>;rt=sensor;if=s,</c>;rt=sensor;if=s,</d>;rt=sensor;if=s,</e>;rt=sensor;if=s";
const LAMP: &str = "ep=lamp&et=lamp&base=coap://c&lt=600";

/// The conversations, and what each is about.
fn conversations() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for (kind, name) in [(0, "replica"), (1, "mirror"), (5, "selection"), (2, "through"), (6, "through-selection")] {
        let mut note = |what: &str, peer: Conversation| all.push((format!("{name}-{what}"), peer.said));

        let mut peer = Conversation::new(kind, 4096);
        peer.register(LAMP, "</c>;rt=c");
        peer.answer(1);
        peer.register("ep=lamp&et=lamp&base=coap://d&lt=600", "</c>;rt=c");
        peer.answer(1);
        peer.register("ep=other&d=e&base=coap://e&lt=600", "</e>,</f>");
        peer.notify();
        peer.register("ep=lamp&et=lamp&base=coap://d&lt=600", "</c>;rt=c");
        peer.answer(1);
        peer.remove();
        peer.answer(1);
        note("changes", peer);

        for (what, one) in [("link-delta", b"one"), ("link-delta-astray", b"two")] {
            let mut peer = Conversation::new(kind, 4096);
            if peer.is_passing_on() {
                continue;
            }
            peer.register(LAMP, MANY);
            peer.answer(1);
            peer.change_a_link();
            peer.notify_in(|mut words| {
                let at = words.windows(3).position(|words| words == b"one").expect("the link");
                words[at..at + 3].copy_from_slice(one);
                assert!(words.len() < MANY.len() + 60, "what is different alone");
                words
            });
            peer.answer(2);
            note(what, peer);
        }

        let mut peer = Conversation::new(kind, 4096);
        peer.register(LAMP, "</c>;rt=c");
        peer.engine.now += Duration::from_secs(700);
        peer.answer(2);
        note("expired", peer);

        let mut peer = Conversation::new(kind, 20);
        for parameters in [LAMP, "ep=lamp2&et=lamp&base=coap://d", "ep=other&base=coap://e"] {
            peer.register(parameters, "</c>");
        }
        peer.answer(4);
        note("more", peer);

        let mut peer = Conversation::new(kind, 4096);
        peer.register(LAMP, "</c>;rt=c");
        peer.register("ep=lamp2&et=lamp&base=coap://d", "</d>");
        peer.answer(1);
        peer.directory = directory(10);
        peer.register(LAMP, "</new>");
        peer.answer(5);
        note("lost-memory", peer);
    }
    let feed = || "coap://engine/sync/feed".parse().unwrap();
    let mut peer = Conversation::new(0, 4096);
    peer.ask(|reader| reader.add_replica(feed()).unwrap());
    all.push(("asks-as-replica".into(), peer.said));
    let mut peer = Conversation::new(1, 4096);
    peer.ask(|reader| reader.add_mirror(feed()).unwrap());
    all.push(("asks-as-mirror".into(), peer.said));
    let mut peer = Conversation::new(1, 4096);
    peer.ask(|reader| reader.add_mirror_of(feed(), "et=x".parse().unwrap()).unwrap());
    all.push(("asks-for-selection".into(), peer.said));
    for query in ["", "et=lamp"] {
        let mut peer = Conversation::new(2, 4096);
        peer.register(LAMP, "</c>;rt=c");
        peer.answer(1);
        peer.ask(|reader| reader.add_mirror_through(feed(), THIRD.parse().unwrap(), query.parse().unwrap()).unwrap());
        all.push((format!("asks-through-{}", if query.is_empty() { "all" } else { "selection" }), peer.said));
    }
    all
}

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus/feed")
}

#[test]
fn the_engine_understands_each_conversation() {
    for (name, said) in conversations() {
        assert!(said.len() > 10, "{name}");
    }
}

#[test]
fn each_seed_is_understood() {
    for entry in fs::read_dir(corpus()).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(world(&fs::read(&path).unwrap()).unread, 0, "{path:?}: write the seeds anew");
    }
}

/// `cargo test --manifest-path fuzz/Cargo.toml --test feed_seeds -- --ignored` after the encoding was changed.
#[test]
#[ignore = "writes the seeds"]
fn the_seeds_are_written() {
    fs::remove_dir_all(corpus()).unwrap();
    fs::create_dir(corpus()).unwrap();
    for (name, said) in conversations() {
        fs::write(corpus().join(name), said).unwrap();
    }
}

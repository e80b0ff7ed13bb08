//! The seeds of the targets `feed` and `feed_message`: what a peer says that tells the truth.

use std::time::Duration;
use std::{fs, path::PathBuf};

use waypost_directory::Directory;
use waypost_fuzz::feed::{BEGIN, CHANGES, Message, THIRD, World, world};
use waypost_fuzz::feed_message::{Kind, RELATIONS, Scene, first_byte, is_understood};
use waypost_fuzz::honest::{Honest, LAMP, MANY, directory};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{Origin, Update, Version};
use waypost_rest::{ExchangeId, Output, Request, RequestId};
use waypost_sync::{Replicator, SyncConfig};
use waypost_time::Instant;

/// The peer, the engine that is fuzzed, and what the peer has said.
struct Conversation {
    engine: World,
    honest: Honest,
    said: Vec<u8>,
}

impl Conversation {
    /// Begins one of a kind; the peer answers in so many bytes.
    fn new(kind: u8, answer_bytes: usize) -> Self {
        let engine = World::new(kind);
        let honest = Honest::new(engine.now, kind, answer_bytes);
        Self { engine, honest, said: vec![kind] }
    }

    fn poll(&mut self) -> Vec<Output> {
        self.honest.poll(self.engine.now)
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
        self.honest.register(self.engine.now, parameters, links);
    }

    /// Answers what the engine asks, so many times.
    fn answer(&mut self, times: usize) {
        for _ in 0..times {
            let Some((id, request)) = self.engine.asked.clone() else { return };
            let answer = self.honest.answer(self.engine.now, &request);
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
        self.honest.replicator.handle_ready(self.engine.now, &self.honest.directory, ExchangeId(1));
        for output in self.poll() {
            if let Output::Notification { response, .. } = output {
                self.say(Message::Notification, &words(response.payload[1..].to_vec()));
            }
        }
    }

    /// Changes one of many links of a registration of its own.
    fn change_a_link(&mut self) {
        let now = self.engine.now;
        let location = self.honest.directory.endpoints(now, &Default::default()).next().unwrap().location();
        let links = Some(LinkDocumentBuf::parse([MANY, ",</one>"].concat()).unwrap());
        self.honest.directory.update(now, &location, Update { links, ..Update::default() }).unwrap();
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

/// The conversations, and what each is about.
fn conversations() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for (kind, name) in RELATIONS {
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
        peer.honest.remove(peer.engine.now);
        peer.answer(1);
        note("changes", peer);

        for (what, one) in [("link-delta", b"one"), ("link-delta-astray", b"two")] {
            let mut peer = Conversation::new(kind, 4096);
            if kind & 3 == 2 {
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
        peer.honest.directory = directory(10);
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

/// Messages by themselves, and what each is about.
fn messages() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for (number, (relation, name)) in RELATIONS.into_iter().enumerate() {
        let mut note = |what: &str, kind, message: &[u8]| {
            let first = first_byte(kind, number);
            assert!(is_understood(first, message), "{name}-{what}");
            all.push((format!("{name}-{what}"), [&[first], message].concat()));
        };
        for (what, deed) in DEEDS {
            let mut scene = Scene::new(Kind::Changes, relation);
            deed(&mut scene.honest);
            let request = scene.asked().expect("a question");
            note(what, Kind::Changes, &scene.honest.answer(BEGIN, &request)[1..]);
        }
        for (what, kind) in [("changes", Kind::Changes), ("cells", Kind::Cells), ("entries", Kind::Entries)] {
            let mut scene = Scene::new(kind, relation);
            let request = scene.asked().expect("a question");
            note(&format!("asks-for-{what}"), Kind::Question, &request.payload);
            if kind != Kind::Changes {
                note(what, kind, &scene.honest.answer(BEGIN, &request));
            }
        }
    }
    all
}

/// What a peer does, before it is asked what has changed.
type Deed = fn(&mut Honest);

const DEEDS: [(&str, Deed); 8] = [
    ("nothing", |_| {}),
    ("new", |honest| honest.register(BEGIN, "ep=new&d=e&base=coap://n&et=lamp&x", "</n>,</o>")),
    ("updated", |honest| honest.register(BEGIN, "ep=lamp&et=lamp&base=coap://d&lt=600", MANY)),
    ("renewed", |honest| honest.register(BEGIN, LAMP, MANY)),
    ("changed", |honest| honest.register(BEGIN, LAMP, &[MANY, ",</one>"].concat())),
    ("removed", |honest| honest.remove(BEGIN)),
    ("more", |honest| {
        for number in 0..6 {
            honest.register(BEGIN, &format!("ep=lamp{number}&et=lamp&base=coap://c"), MANY);
        }
    }),
    ("forgotten", |honest| honest.directory = directory(10)),
];

fn corpus(target: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target)
}

#[test]
fn the_engine_understands_each_conversation() {
    for (name, said) in conversations() {
        assert!(said.len() > 10, "{name}");
    }
}

#[test]
fn the_engine_understands_each_message() {
    assert!(messages().len() > 30);
}

#[test]
fn each_seed_of_a_conversation_is_understood() {
    for (name, _) in conversations() {
        let path = corpus("feed").join(name);
        assert_eq!(world(&fs::read(&path).unwrap()).unread, 0, "{path:?}: write the seeds anew");
    }
}

#[test]
fn each_seed_of_a_message_is_understood() {
    for (name, _) in messages() {
        let path = corpus("feed_message").join(name);
        let seed = fs::read(&path).unwrap();
        assert!(is_understood(seed[0], &seed[1..]), "{path:?}: write the seeds anew");
    }
}

/// `cargo test --manifest-path fuzz/Cargo.toml --test feed_seeds -- --ignored` after the encoding was changed.
#[test]
#[ignore = "writes the seeds"]
fn the_seeds_are_written() {
    for (target, seeds) in [("feed", conversations()), ("feed_message", messages())] {
        fs::create_dir_all(corpus(target)).unwrap();
        for (name, seed) in seeds {
            fs::write(corpus(target).join(name), seed).unwrap();
        }
    }
}

//! The seeds of the target `look_ups`: what a directory says that tells the truth.

use std::path::PathBuf;
use std::{collections::BTreeMap, fs};

use waypost_directory::Directory;
use waypost_fuzz::honest::{LAMP, MANY, directory};
use waypost_fuzz::look_ups::{Answer, World};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{Registration, Update};
use waypost_rest::{Code, ContentFormat, ExchangeId, Output, Peer, RequestId, Response, Service};
use waypost_server::{Client, Policy, Server, ServerConfig};

/// A directory, the engine that mirrors it, and what it has said.
struct Conversation {
    engine: World,
    server: Server,
    /// What is observed in which exchange.
    observed: BTreeMap<ExchangeId, RequestId>,
    exchanges: u64,
    said: Vec<u8>,
}

/// Shows neither where links come from nor how old they are.
#[derive(Debug)]
struct Plain;

impl Policy for Plain {
    fn reveals_provenance(&self, _: &Client<'_>) -> bool {
        false
    }

    fn reveals_lifetime(&self, _: &Client<'_>) -> bool {
        false
    }
}

impl Conversation {
    fn new(config: ServerConfig) -> Self {
        let server = Server::new(directory(9), config);
        Self { engine: World::new(), server, observed: BTreeMap::new(), exchanges: 0, said: Vec::new() }
    }

    fn say(&mut self, id: RequestId, response: &Response) {
        let at = self.engine.open.iter().position(|(open, _)| *open == id).expect("it is open");
        let answer = match (response.code, response.content_format) {
            (Code::CONTENT, Some(ContentFormat::LINK_FORMAT)) => Answer::Links,
            (Code::CONTENT, Some(_)) => Answer::LinkDelta,
            (code, _) => Answer::Code(code),
        };
        let after = self.engine.open.len() - 1 - at;
        let mut what = answer.write(after, response.is_observed);
        if response.etag.is_none() {
            what |= 0x80;
        }
        self.said.push(what);
        self.said.extend(u16::try_from(response.payload.len()).expect("a short answer").to_be_bytes());
        self.said.extend(&response.payload);
        self.engine.take(what, &response.payload);
    }

    /// Answers everything that the engine asks.
    fn answer(&mut self) {
        let is_answered =
            |observed: &BTreeMap<_, RequestId>, id: &RequestId| observed.values().any(|other| other == id);
        while let Some((id, request)) =
            self.engine.open.iter().find(|(id, _)| !is_answered(&self.observed, id)).cloned()
        {
            self.exchanges += 1;
            let exchange = ExchangeId(self.exchanges);
            self.server.handle_request(self.engine.now, exchange, &Peer::new("coap://engine"), request);
            let response = self.response().expect("an answer");
            if response.is_observed {
                self.observed.insert(exchange, id);
            }
            self.say(id, &response);
        }
    }

    fn response(&mut self) -> Option<Response> {
        while let Some(output) = self.server.poll_output() {
            if let Output::Response { response, .. } | Output::Notification { response, .. } = output {
                return Some(response);
            }
        }
        None
    }

    /// Notifies of everything that has changed.
    fn notify(&mut self) {
        let now = self.engine.now;
        self.server.handle_timeout(now);
        let mut changed = Vec::new();
        while let Some(output) = self.server.poll_output() {
            if let Output::Changed { exchange } = output {
                changed.push(exchange);
            }
        }
        for exchange in changed {
            self.server.handle_ready(now, exchange);
            if let (Some(response), Some(id)) = (self.response(), self.observed.get(&exchange).copied()) {
                // What is observed may have ended meanwhile.
                if self.engine.open.iter().any(|(open, _)| *open == id) {
                    self.say(id, &response);
                }
            }
        }
        self.answer();
    }

    fn wait(&mut self) {
        let what = Answer::Silence.write(0, false);
        self.said.extend([what, 0, 0]);
        self.engine.take(what, &[]);
        self.answer();
    }

    fn directory(&mut self) -> &mut Directory {
        self.server.directory_mut()
    }

    fn register(&mut self, parameters: &str, links: &str) {
        let (now, registration) = (self.engine.now, Registration::parse(parameters, links).expect("a registration"));
        self.directory().register(now, registration).expect("room");
    }

    fn change_a_link(&mut self) {
        let now = self.engine.now;
        let location = self.directory().endpoints(now, &Default::default()).next().expect("one").location();
        let links = LinkDocumentBuf::parse([MANY, ",</one>"].concat()).expect("links");
        self.directory().update(now, &location, Update { links: Some(links), ..Update::default() }).expect("room");
    }
}

/// The conversations, and what each is about.
fn conversations() -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for (name, is_plain) in [("open", false), ("plain", true)] {
        let config = || {
            let config = ServerConfig::default();
            if is_plain { config.with_policy(Plain) } else { config }
        };
        let mut note = |what: &str, peer: Conversation| {
            let mirrored = peer.engine.directory.len() - 2;
            assert!(mirrored > 0, "{name}-{what}: nothing is mirrored");
            all.push((format!("{name}-{what}"), peer.said));
        };

        let mut peer = Conversation::new(config());
        peer.register(LAMP, MANY);
        peer.answer();
        peer.change_a_link();
        peer.notify();
        note("link-delta", peer);

        let mut peer = Conversation::new(config());
        peer.answer();
        peer.register(LAMP, "</c>");
        peer.notify();
        peer.register("ep=more&d=e&base=coap://m", "</m>,</n>;rt=n");
        peer.notify();
        peer.register("ep=more&base=coap://m", "</m>");
        peer.notify();
        for _ in 0..4 {
            peer.wait();
        }
        note("more", peer);
    }
    all
}

fn corpus() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus/look_ups")
}

#[test]
fn what_is_registered_in_each_conversation_is_mirrored() {
    assert_eq!(conversations().len(), 4);
}

/// `cargo test --manifest-path fuzz/Cargo.toml --test look_up_seeds -- --ignored`
#[test]
#[ignore = "writes the seeds"]
fn the_seeds_are_written() {
    fs::create_dir_all(corpus()).unwrap();
    for (name, said) in conversations() {
        fs::write(corpus().join(name), said).unwrap();
    }
}

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use waypost_client::{Candidate, Description, Limits, Registrant, RegistrantConfig, RegistrantEvent};
use waypost_rest::{ExchangeId, Method, Output, Peer, Request, RequestFailure, RequestId, Response, Service};
use waypost_time::Instant;

use crate::bent::{Bend, Bent};
use crate::host::Host;
use crate::machine::{Actor, Boot};
use crate::note::{Content, Kind, Note, Outcome, Telling};
use crate::random::Random;

/// What an endpoint is like, at every start.
#[derive(Debug, Clone)]
pub(crate) struct Traits {
    pub(crate) kind: Kind,
    /// How many links it registers.
    pub(crate) links: u32,
    pub(crate) is_simple: bool,
    /// The shortest and longest lifetimes that it asks for, in seconds.
    pub(crate) lifetimes: (u32, u32),
    /// Where directories may be.
    pub(crate) candidates: Vec<String>,
}

/// An endpoint that stays registered, changes now and then, and goes away for a while.
pub(crate) struct Device {
    registrant: Bent<Registrant>,
    host: Host,
    traits: Traits,
    random: Random,
    content: Content,
    is_wanted: bool,
    acts: Instant,
    /// The requests that the judge knows of.
    told: BTreeSet<RequestId>,
    notes: VecDeque<Note>,
}

impl Device {
    pub(crate) fn new(boot: Boot, traits: Traits, bend: Option<Box<dyn Bend<Registrant>>>) -> Self {
        let Boot { host, now, incarnation, mut random, .. } = boot;
        let number = incarnation * NUMBERS;
        let lifetime = lifetime(&mut random, &traits);
        let content = Content { lifetime, attribute: number, links: number, is_simple: traits.is_simple };
        let mut config = RegistrantConfig::new(random.number()).with_limits(limits());
        config.is_simple = traits.is_simple;
        let mut registrant = Registrant::new(description(host, &traits, &content), config);
        for candidate in &traits.candidates {
            let candidate = Candidate::new(candidate).expect("a URI of the world");
            registrant.add_directory(now, candidate).expect("few candidates of the right scheme");
        }
        let mut device = Self {
            registrant: Bent::new(registrant, bend),
            host,
            traits,
            random,
            content,
            is_wanted: true,
            acts: now,
            told: BTreeSet::new(),
            notes: [Note::Wants(true)].into(),
        };
        device.plan(now);
        device
    }

    fn plan(&mut self, now: Instant) {
        self.acts = now + self.random.magnitude(Duration::from_secs(5), Duration::from_secs(3600));
    }

    /// Does something that a registrant has to react to.
    fn act(&mut self, now: Instant) {
        let registrant = self.registrant.service_mut();
        match self.random.below(10) {
            _ if !self.is_wanted => {
                self.is_wanted = true;
                registrant.start(now);
                self.notes.push_back(Note::Wants(true));
            }
            0..2 => {
                self.is_wanted = false;
                registrant.shutdown(now);
                self.notes.push_back(Note::Wants(false));
            }
            2..4 => self.content.links += 1,
            4..5 => self.content.lifetime = lifetime(&mut self.random, &self.traits),
            _ => self.content.attribute += 1,
        }
        let description = description(self.host, &self.traits, &self.content);
        self.registrant.service_mut().update(now, description);
    }

    fn note_request(&mut self, id: RequestId, peer: &Peer, request: &Request) {
        let is_registration = request.query.iter().any(|argument| argument.starts_with("ep="));
        let telling = match request.method {
            Method::Post if is_registration => Telling::Register(self.content),
            // A patch carries what is different in the links.
            Method::Post | Method::IPatch => Telling::Update {
                attribute: argument(request, "rev="),
                lifetime: argument(request, "lt="),
                links: (request.method == Method::IPatch).then_some(self.content.links),
            },
            Method::Delete => Telling::Remove,
            _ => return,
        };
        let Some(directory) = Host::of(&peer.uri) else { return };
        self.told.insert(id);
        self.notes.push_back(Note::Telling { request: id, directory, telling });
    }

    fn note_events(&mut self) {
        while let Some(event) = self.registrant.service_mut().poll_event() {
            match event {
                RegistrantEvent::Lapsed { .. } => self.notes.push_back(Note::Lapsed),
                RegistrantEvent::Moved { .. } => self.notes.push_back(Note::Moved),
                _ => {}
            }
            self.notes.push_back(Note::Remark(event.to_string()));
        }
    }
}

impl Actor for Device {
    fn poll_note(&mut self) -> Option<Note> {
        self.note_events();
        self.notes.pop_front()
    }
}

impl Service for Device {
    fn handle_request(&mut self, now: Instant, exchange: ExchangeId, peer: &Peer, request: Request) {
        self.registrant.handle_request(now, exchange, peer, request);
    }

    fn handle_response(&mut self, now: Instant, request: RequestId, outcome: Result<Response, RequestFailure>) {
        if self.told.remove(&request) {
            let outcome = match &outcome {
                Ok(response) if response.code.is_success() => Outcome::Acknowledged,
                Ok(response) if response.code.class() == 4 => Outcome::Refused,
                _ => Outcome::Unknown,
            };
            self.notes.push_back(Note::Told { request, outcome });
        }
        self.registrant.handle_response(now, request, outcome);
    }

    fn handle_group_response(&mut self, now: Instant, request: RequestId, peer: &Peer, response: Response) {
        self.registrant.handle_group_response(now, request, peer, response);
    }

    fn handle_ready(&mut self, now: Instant, exchange: ExchangeId) {
        self.registrant.handle_ready(now, exchange);
    }

    fn handle_cancel(&mut self, now: Instant, exchange: ExchangeId) {
        self.registrant.handle_cancel(now, exchange);
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.acts <= now {
            self.act(now);
            self.plan(now);
        }
        if self.registrant.poll_timeout().is_some_and(|deadline| deadline <= now) {
            self.registrant.handle_timeout(now);
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        let output = self.registrant.poll_output()?;
        if let Output::Request { id, peer, request } = &output {
            self.note_request(*id, peer, request);
        }
        Some(output)
    }

    fn poll_timeout(&self) -> Option<Instant> {
        Some(self.registrant.poll_timeout().map_or(self.acts, |deadline| deadline.min(self.acts)))
    }
}

/// Makes the description that holds a content. Each link tells whose it is, of which content, and of how many.
fn description(host: Host, traits: &Traits, content: &Content) -> Description {
    let (name, kind, count) = (host.endpoint(), traits.kind.as_str(), traits.links);
    let Content { lifetime, attribute, links, .. } = content;
    let query = format!("ep={name}&lt={lifetime}&base={}&et={kind}&rev={attribute}", host.uri());
    let link = |nth| format!(r#"</{name}/{links}/{count}/{nth}>;rt="{kind}";title="what the {nth}th part does""#);
    let links: Vec<_> = (0..count).map(link).collect();
    Description::parse(&query, &links.join(",")).expect("a description of the world")
}

fn lifetime(random: &mut Random, traits: &Traits) -> u32 {
    let [shortest, longest] =
        [traits.lifetimes.0, traits.lifetimes.1].map(|seconds| Duration::from_secs(seconds.into()));
    random.magnitude(shortest, longest).as_secs() as u32
}

fn argument(request: &Request, name: &str) -> Option<u32> {
    request.query.iter().find_map(|argument| argument.strip_prefix(name)?.parse().ok())
}

/// The limits of the clients in the world: they come back soon enough to be there when the weather has calmed.
pub(crate) fn limits() -> Limits {
    let [refused_retry, retry_max, guess_retry] = [120, 300, 300].map(Duration::from_secs);
    Limits { refused_retry, retry_max, guess_retry, guess_retry_max: guess_retry, ..Limits::default() }
}

/// More contents than an endpoint has before it starts anew.
const NUMBERS: u32 = 100_000;

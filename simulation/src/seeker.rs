use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use waypost_client::{Answer, Lookup, LookupClient, LookupConfig, LookupEvent, LookupId};
use waypost_filter::Query;
use waypost_link_format::Link;
use waypost_rest::{ExchangeId, Output, Peer, Request, RequestFailure, RequestId, Response, Service};
use waypost_time::Instant;

use crate::device::limits;
use crate::host::Host;
use crate::machine::{Actor, Boot};
use crate::note::{Found, Kind, Note, Question, Scope, Shown, Whom};
use crate::random::Random;

/// What a client of look-ups wants to know.
#[derive(Debug, Clone)]
pub(crate) struct Interests {
    pub(crate) directories: Vec<Host>,
    pub(crate) devices: Vec<Host>,
    /// What it observes all the time, and looks up again to compare; otherwise it asks for this and that.
    pub(crate) observed: Option<Question>,
}

/// A client that looks up again and again, and may observe.
pub(crate) struct Seeker {
    client: LookupClient,
    interests: Interests,
    random: Random,
    acts: Instant,
    asked: Vec<(LookupId, Question)>,
    notes: VecDeque<Note>,
}

impl Seeker {
    pub(crate) fn new(boot: Boot, interests: Interests) -> Self {
        let Boot { now, mut random, .. } = boot;
        let client = LookupClient::new(LookupConfig::new(random.number()).with_limits(limits()));
        let (asked, notes) = (Vec::new(), VecDeque::new());
        let mut seeker = Self { client, interests, random, acts: now, asked, notes };
        if let Some(question) = seeker.interests.observed {
            seeker.ask(now, question);
        }
        seeker.plan(now);
        seeker
    }

    fn plan(&mut self, now: Instant) {
        self.acts = now + self.random.magnitude(Duration::from_secs(20), Duration::from_secs(600));
    }

    /// Asks, unless an earlier question but that of an observation has no answer yet: a directory keeps one body for a client
    /// and a resource, so that transfers of the same one keep beginning anew.
    fn ask_next(&mut self, now: Instant) {
        if self.asked.iter().all(|(_, question)| question.is_observed) {
            let question = self.question();
            self.ask(now, question);
        }
    }

    fn ask(&mut self, now: Instant, question: Question) {
        let at = question.directory.uri().parse().expect("a URI of the world");
        let lookup = match question.scope {
            Scope::Endpoints => Lookup::endpoints(at, query(question.of)),
            Scope::Resources => Lookup::resources(at, query(question.of)),
        };
        let lookup = if question.is_observed { lookup.observed() } else { lookup };
        let lookup = self.client.look_up(now, lookup).expect("few look-ups at a host of the right scheme");
        self.asked.push((lookup, question));
        self.notes.push_back(Note::Seeking { lookup });
    }

    fn question(&mut self) -> Question {
        if let Some(question) = self.interests.observed {
            return Question { is_observed: false, ..question };
        }
        let random = &mut self.random;
        Question {
            directory: random.pick(&self.interests.directories),
            scope: random.pick(&[Scope::Endpoints, Scope::Resources]),
            of: match random.below(3) {
                0 => Whom::All,
                1 => Whom::Kind(random.pick(&Kind::ALL)),
                _ => Whom::One(random.pick(&self.interests.devices)),
            },
            is_observed: false,
        }
    }

    fn note_events(&mut self) {
        while let Some((lookup, event)) = self.client.poll_event() {
            let Some(place) = self.asked.iter().position(|(id, _)| *id == lookup) else { continue };
            let question = self.asked[place].1;
            let note = match event {
                LookupEvent::Found(answer) => Note::Found {
                    lookup,
                    question,
                    found: read(&answer, question.scope),
                    is_fresh: !answer.max_age.is_zero(),
                },
                LookupEvent::Refused { code, diagnostic, .. } => {
                    Note::NotFound { lookup, why: format!("{code} {diagnostic}") }
                }
                LookupEvent::Failed { fault, .. } => Note::NotFound { lookup, why: fault.to_string() },
                _ => continue,
            };
            if !question.is_observed {
                self.asked.remove(place);
            }
            self.notes.push_back(note);
        }
    }
}

impl Actor for Seeker {
    fn poll_note(&mut self) -> Option<Note> {
        self.note_events();
        self.notes.pop_front()
    }
}

impl Service for Seeker {
    fn handle_request(&mut self, now: Instant, exchange: ExchangeId, peer: &Peer, request: Request) {
        self.client.handle_request(now, exchange, peer, request);
    }

    fn handle_response(&mut self, now: Instant, request: RequestId, outcome: Result<Response, RequestFailure>) {
        self.client.handle_response(now, request, outcome);
    }

    fn handle_ready(&mut self, now: Instant, exchange: ExchangeId) {
        self.client.handle_ready(now, exchange);
    }

    fn handle_cancel(&mut self, now: Instant, exchange: ExchangeId) {
        self.client.handle_cancel(now, exchange);
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.acts <= now {
            self.ask_next(now);
            self.plan(now);
        }
        self.client.handle_timeout(now);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.client.poll_output()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        Some(self.client.poll_timeout().map_or(self.acts, |deadline| deadline.min(self.acts)))
    }
}

/// Returns the query for endpoints.
pub(crate) fn query(of: Whom) -> Query {
    match of {
        Whom::All => Query::all(),
        Whom::Kind(kind) => format!("et={}", kind.as_str()).parse().expect("a query"),
        Whom::One(host) => format!("ep={}", host.endpoint()).parse().expect("a query"),
    }
}

/// Reads what an answer shows of each endpoint.
fn read(answer: &Answer, scope: Scope) -> Found {
    match scope {
        Scope::Endpoints => read_endpoints(answer),
        Scope::Resources => read_resources(answer),
    }
}

fn read_endpoints(answer: &Answer) -> Found {
    let mut numbers: BTreeMap<Host, Vec<Option<u32>>> = BTreeMap::new();
    for link in answer.links.links() {
        let Some(host) = value(&link, "ep").and_then(|name| Host::of_endpoint(&name)) else { continue };
        numbers.entry(host).or_default().push(value(&link, "rev").and_then(|number| number.parse().ok()));
    }
    let whole = |numbers: Vec<_>| numbers.into_iter().collect::<Option<_>>().and_then(Shown::registrations);
    numbers.into_iter().map(|(host, numbers)| (host, whole(numbers).unwrap_or(Shown::Torn))).collect()
}

/// How often each link of a content is there, by the number of the content and of its links.
type Contents = BTreeMap<(u32, usize), BTreeMap<usize, usize>>;

fn read_resources(answer: &Answer) -> Found {
    let mut links: BTreeMap<Host, Contents> = BTreeMap::new();
    for link in answer.links.links() {
        let mut path = link.target().rsplitn(5, '/').map(str::to_owned);
        let (Some(nth), Some(count), Some(number), Some(name)) = (path.next(), path.next(), path.next(), path.next())
        else {
            continue;
        };
        let (Some(host), Ok(nth), Ok(count), Ok(number)) =
            (Host::of_endpoint(&name), nth.parse(), count.parse(), number.parse())
        else {
            continue;
        };
        *links.entry(host).or_default().entry((number, count)).or_default().entry(nth).or_default() += 1;
    }
    links.into_iter().map(|(host, contents)| (host, whole(&contents).unwrap_or(Shown::Torn))).collect()
}

/// Returns the registrations that links are of, if none of their links are missing.
fn whole(contents: &Contents) -> Option<Shown> {
    let mut numbers = Vec::new();
    for ((number, count), links) in contents {
        let times = *links.values().next()?;
        if links.len() != *count || links.values().any(|other| *other != times) {
            return None;
        }
        numbers.extend(std::iter::repeat_n(*number, times));
    }
    Shown::registrations(numbers)
}

fn value(link: &Link<'_>, name: &str) -> Option<String> {
    Some(link.parameters().find(|parameter| parameter.has_name(name))?.value()?.into_owned())
}

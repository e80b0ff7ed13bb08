//! The engine of look-ups.

mod following;
mod outcome;
mod running;
mod service;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use bytes::Bytes;
use waypost_model::Authority;
use waypost_rest::{ContentFormat, Method, Observe, Output, Request, RequestId};
use waypost_time::{Instant, Jitter};

use self::running::{Phase, Running, Step};
use crate::answers::Answers;
use crate::lookup::Mode;
use crate::{Interfaces, Lookup, LookupConfig, LookupEvent, LookupId, LookupRefused, ResourceUri};

/// Looks up resources and endpoints at directories ([RFC 9176 §6]), without I/O.
///
/// It discovers the interfaces, asks, walks through pages, follows Echo and Max-Age, revalidates by ETag what it has, and
/// keeps observations going. It is a [`Service`](waypost_rest::Service), so it runs on any transport that can run a
/// directory; requests to it are not found.
///
/// ```
/// use waypost_client::{Lookup, LookupClient, LookupConfig, LookupEvent};
/// use waypost_rest::{ContentFormat, Output, Response, Service};
/// use waypost_time::Instant;
///
/// let mut client = LookupClient::new(LookupConfig::new(1));
/// let lookup = Lookup::resources("coap://rd.example/rd-lookup/res".parse()?, "rt=light-lux".parse()?);
/// let lights = client.look_up(Instant::ZERO, lookup)?;
///
/// let Some(Output::Request { id, request, .. }) = client.poll_output() else { panic!() };
/// assert_eq!(request.query, ["rt=light-lux"]);
///
/// let links = r#"<coap://[2001:db8::1]/light>;rt="light-lux""#;
/// client.handle_response(Instant::ZERO, id, Ok(Response::content(ContentFormat::LINK_FORMAT, links)));
/// let Some((id, LookupEvent::Found(answer))) = client.poll_event() else { panic!() };
/// assert!(id == lights && answer.is_last);
/// assert_eq!(answer.links.links().next().unwrap().target(), "coap://[2001:db8::1]/light");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 9176 §6]: https://www.rfc-editor.org/rfc/rfc9176#section-6
#[derive(Debug)]
pub struct LookupClient {
    config: LookupConfig,
    running: BTreeMap<LookupId, Running>,
    by_request: BTreeMap<RequestId, LookupId>,
    /// What discovery yielded, and until when it holds.
    discovered: BTreeMap<(ResourceUri, Interfaces), (Vec<ResourceUri>, Instant)>,
    /// Which look-up discovers something that others wait for as well.
    discovering: BTreeMap<(ResourceUri, Interfaces), LookupId>,
    answers: Answers,
    /// The last Echo value, and who gave it.
    echo: Option<(Authority, Bytes)>,
    random: Jitter,
    last_lookup: u64,
    last_request: u64,
    outputs: VecDeque<Output>,
    events: VecDeque<(LookupId, LookupEvent)>,
    now: Instant,
}

impl LookupClient {
    /// Makes a client with nothing to do.
    #[must_use]
    pub fn new(config: LookupConfig) -> Self {
        Self {
            random: Jitter::new(config.seed),
            config,
            running: BTreeMap::new(),
            by_request: BTreeMap::new(),
            discovered: BTreeMap::new(),
            discovering: BTreeMap::new(),
            answers: Answers::default(),
            echo: None,
            last_lookup: 0,
            last_request: 0,
            outputs: VecDeque::new(),
            events: VecDeque::new(),
            now: Instant::ZERO,
        }
    }

    /// Starts a look-up. What comes of it comes out of [`LookupClient::poll_event`] under the name that is returned.
    ///
    /// # Errors
    ///
    /// When the place is a group or of a scheme that is not spoken here, or there are too many look-ups.
    pub fn look_up(&mut self, now: Instant, lookup: Lookup) -> Result<LookupId, LookupRefused> {
        self.now = self.now.max(now);
        let scheme = lookup.at.authority().scheme();
        if !self.config.schemes.iter().any(|spoken| **spoken == *scheme) {
            return Err(LookupRefused::Scheme);
        }
        if lookup.at.is_group() {
            return Err(LookupRefused::Group);
        }
        if self.running.len() >= self.config.limits.lookups {
            return Err(LookupRefused::OverLimit);
        }
        self.last_lookup += 1;
        let id = LookupId(self.last_lookup);
        self.running.insert(id, Running::new(lookup));
        self.begin(id);
        Ok(id)
    }

    /// Asks again now for what is observed, and not only after a while without a notification. It does nothing for a look-up that
    /// is not observed, or is under way.
    pub fn refresh(&mut self, now: Instant, id: LookupId) {
        self.now = self.now.max(now);
        if self.running.get(&id).is_some_and(|running| matches!(running.phase, Phase::Observing { .. })) {
            self.ask(id);
        }
    }

    /// Ends a look-up. What came of it and was not taken yet can still be taken.
    pub fn cancel(&mut self, now: Instant, id: LookupId) {
        self.now = self.now.max(now);
        let Some(running) = self.running.remove(&id) else { return };
        for waiting in self.end_discovery(id, &running.place()) {
            self.begin(waiting);
        }
        let Some(request) = running.request else { return };
        self.by_request.remove(&request);
        self.end_request(request, &running);
    }

    /// Returns what came of which look-up next.
    ///
    /// Events wait until they are taken; a look-up in pages does not go on before its last page was taken.
    pub fn poll_event(&mut self) -> Option<(LookupId, LookupEvent)> {
        let (id, event) = self.events.pop_front()?;
        if let Some(running) = self.running.get_mut(&id) {
            running.untaken -= 1;
            if running.untaken == 0 && matches!(running.phase, Phase::Full) {
                running.phase = Phase::Idle;
                self.begin(id);
            }
        }
        Some((id, event))
    }

    /// Returns since when something is asked that was not answered, or was to be asked, where that was late; nothing, if nothing is.
    ///
    /// What is observed is known to be as it was found until then. A directory that failed to answer, or said to come back later, has
    /// not answered.
    #[must_use]
    pub fn unanswered_since(&self) -> Option<Instant> {
        self.running.values().filter_map(|running| running.unanswered).min()
    }

    /// Returns how many look-ups are under way.
    #[must_use]
    pub fn len(&self) -> usize {
        self.running.len()
    }

    /// Returns whether nothing is under way.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// Returns the configuration.
    #[must_use]
    pub const fn config(&self) -> &LookupConfig {
        &self.config
    }

    /// Starts the next step of a look-up: the interface that is known, or discovery.
    fn begin(&mut self, id: LookupId) {
        let now = self.now;
        let Some(running) = self.running.get_mut(&id) else { return };
        if !matches!(running.step, Step::Get { .. }) {
            let lookup = &running.lookup;
            running.step = if lookup.at.is_host() {
                match self.discovered.get(&(lookup.at.clone(), lookup.interfaces)) {
                    Some((uris, until)) if *until > now && running.tried < uris.len() => {
                        Step::Get { uri: uris[running.tried].clone() }
                    }
                    _ => Step::Discover,
                }
            } else {
                Step::Get { uri: lookup.at.clone() }
            };
        }
        if matches!(running.step, Step::Discover) && *self.discovering.entry(running.place()).or_insert(id) != id {
            running.phase = Phase::Waiting { deadline: now + self.config.limits.answer_timeout };
            return;
        }
        self.ask(id);
    }

    /// Ends the discovery that a look-up did, if it did one; returns those that waited for it.
    fn end_discovery(&mut self, id: LookupId, place: &(ResourceUri, Interfaces)) -> Vec<LookupId> {
        if self.discovering.get(place) != Some(&id) {
            return Vec::new();
        }
        self.discovering.remove(place);
        let waits = |other: &Running| matches!(other.phase, Phase::Waiting { .. }) && other.place() == *place;
        self.running.iter().filter(|(_, other)| waits(other)).map(|(id, _)| *id).collect()
    }

    /// Sends the request of the present step.
    fn ask(&mut self, id: LookupId) {
        let Some(running) = self.running.get(&id) else { return };
        let (uri, mut request) = match &running.step {
            Step::Discover => {
                let interfaces = self.config.discovery.unwrap_or(running.lookup.interfaces);
                (running.lookup.at.clone(), interfaces.request(&running.lookup.at))
            }
            Step::Get { uri } => (uri.clone(), self.get(running, uri)),
        };
        if running.lookup.mode == Mode::Observed && matches!(running.step, Step::Get { .. }) {
            request.observe = Some(Observe::Register);
        }
        request.echo = self.echo.as_ref().filter(|(of, _)| of == uri.authority()).map(|(_, echo)| echo.clone());
        let deadline = self.now + self.config.limits.answer_timeout;
        let Some(running) = self.running.get_mut(&id) else { return };
        running.phase = Phase::Asking { deadline };
        running.unanswered.get_or_insert(self.now);
        running.revalidates = !request.etags.is_empty();
        // An observation that is asked for again keeps its name.
        let name = *running.request.get_or_insert_with(|| {
            self.last_request += 1;
            RequestId(self.last_request)
        });
        self.by_request.insert(name, id);
        self.outputs.push_back(Output::Request { id: name, peer: uri.peer(), request });
    }

    /// Makes the request of a look-up at an interface.
    fn get(&self, running: &Running, uri: &ResourceUri) -> Request {
        let mut request = uri.request(Method::Get);
        let arguments = running.lookup.arguments(running.page);
        let is_by_deltas = running.is_by_deltas();
        request.etags.extend(match is_by_deltas {
            true => running.following.etag(),
            false => self.answers.etag(&(uri.clone(), arguments.clone())),
        });
        request.query.extend(arguments);
        request.accept = Some(if is_by_deltas { self.config.link_delta_format } else { ContentFormat::LINK_FORMAT });
        request
    }

    /// Tells the transport that nobody waits for an answer any more, and through it the directory where that is an observation.
    fn end_request(&mut self, id: RequestId, running: &Running) {
        self.outputs.push_back(match (running.lookup.mode, &running.step) {
            (Mode::Observed, Step::Get { uri }) => {
                let mut request = self.get(running, uri).with_observe(Observe::Deregister);
                request.etags.clear();
                Output::Request { id, peer: uri.peer(), request }
            }
            (_, Step::Get { uri }) => Output::Withdrawn { id, peer: uri.peer() },
            (_, Step::Discover) => Output::Withdrawn { id, peer: running.lookup.at.peer() },
        });
    }

    fn note(&mut self, id: LookupId, event: LookupEvent) {
        if let Some(running) = self.running.get_mut(&id) {
            if running.lookup.mode == Mode::Observed {
                // Only the latest counts, and a directory must not be able to pile them up.
                self.events.retain(|(other, _)| *other != id);
                running.untaken = 0;
            }
            running.untaken += 1;
        }
        self.events.push_back((id, event));
    }
}

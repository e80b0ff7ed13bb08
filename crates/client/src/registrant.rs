//! The engine: what a registrant does next, and why.

mod outcome;
mod service;
mod task;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use core::time::Duration;

use bytes::Bytes;
use waypost_link_delta::LinkDelta;
use waypost_model::{Authority, EndpointName, Lifetime, Location};
use waypost_rest::{ContentFormat, Method, Output, Request, RequestId};
use waypost_time::{Instant, Jitter};

pub(crate) use self::outcome::{SHORTEST_WAIT, echo_of, is_postponement};
pub(crate) use self::task::Patience;
use self::task::{Asked, Discovered, Held, Step, Task};
use crate::description::{Difference, Told};
use crate::directories::{Directories, Next};
use crate::rate::Rate;
use crate::{Candidate, CandidateRefused, Description, RegistrantConfig, RegistrantEvent, ResourceUri};

/// Keeps one endpoint registered at a directory ([RFC 9176 §5]), without I/O.
///
/// It finds a directory among the places it is told of, registers, renews in time, brings the directory up to date when the
/// description changes, and removes the registration when it is shut down. When a directory fails it takes the next
/// interface, then the next place, and begins again, ever more slowly.
///
/// It is a [`Service`](waypost_rest::Service), so it runs on any transport that can run a directory. To GET requests for
/// `/.well-known/core` it answers with the links that it registers.
///
/// ```
/// use waypost_client::{Candidate, Description, Registrant, RegistrantConfig, RegistrantEvent};
/// use waypost_link_format::LinkDocumentBuf;
/// use waypost_model::EndpointName;
/// use waypost_rest::{Code, Output, Response, Service};
/// use waypost_time::Instant;
///
/// let links = LinkDocumentBuf::parse(r#"</temp>;rt="temperature-c""#)?;
/// let description = Description::new(EndpointName::new("node1")?).with_links(links)?;
/// let mut registrant = Registrant::new(description, RegistrantConfig::new(1));
/// registrant.add_directory(Instant::ZERO, Candidate::new("coap://rd.example/rd")?)?;
///
/// let Some(Output::Request { id, request, .. }) = registrant.poll_output() else { panic!() };
/// assert_eq!((&request.path[..], &request.query[..]), (&["rd".to_string()][..], &["ep=node1".to_string()][..]));
///
/// let mut created = Response::new(Code::CREATED);
/// created.location_path = vec!["rd".into(), "4521".into()];
/// registrant.handle_response(Instant::from_millis(20), id, Ok(created));
/// assert_eq!(registrant.poll_event().unwrap().to_string(), "registered as node1 at coap://rd.example/rd/4521");
/// assert!(registrant.poll_timeout().is_some(), "it wants to renew");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 9176 §5]: https://www.rfc-editor.org/rfc/rfc9176#section-5
#[derive(Debug)]
pub struct Registrant {
    config: RegistrantConfig,
    description: Description,
    /// Which of its names is used.
    name: usize,
    directories: Directories,
    rate: Rate,
    random: Jitter,
    task: Task,
    held: Option<Held>,
    /// The last Echo value, and who gave it.
    echo: Option<(Authority, Bytes)>,
    is_stopping: bool,
    last_id: u64,
    outputs: VecDeque<Output>,
    events: VecDeque<RegistrantEvent>,
    missed_events: u64,
    now: Instant,
}

impl Registrant {
    /// Makes a registrant that knows no directory yet.
    #[must_use]
    pub fn new(description: Description, config: RegistrantConfig) -> Self {
        Self {
            directories: Directories::new(config.is_simple),
            rate: Rate::new(config.limits.burst, config.limits.refill),
            random: Jitter::new(config.seed),
            config,
            description,
            name: 0,
            task: Task::Idle,
            held: None,
            echo: None,
            is_stopping: false,
            last_id: 0,
            outputs: VecDeque::new(),
            events: VecDeque::new(),
            missed_events: 0,
            now: Instant::ZERO,
        }
    }

    /// Adds a place where a directory may be, or extends its lifetime. Places are tried in the order they were added in.
    ///
    /// Naming a place again does not have it tried any sooner: what is known of its failures stays.
    ///
    /// # Errors
    ///
    /// When its scheme is not spoken here, or there are too many places.
    pub fn add_directory(&mut self, now: Instant, candidate: Candidate) -> Result<(), CandidateRefused> {
        self.advance(now);
        let scheme = candidate.uri.authority().scheme();
        if !self.config.schemes.iter().any(|spoken| **spoken == *scheme) {
            return Err(CandidateRefused::Scheme);
        }
        self.directories.add(self.now, candidate, &self.config.limits)?;
        if matches!(self.task, Task::Resting { .. }) {
            self.task = Task::Idle;
        }
        self.proceed();
        Ok(())
    }

    /// Changes what the directory is to know. Only what differs is sent, as far as an update can carry it.
    pub fn update(&mut self, now: Instant, description: Description) {
        self.advance(now);
        if description.endpoint != self.description.endpoint
            || description.alternatives != self.description.alternatives
        {
            self.name = 0;
        }
        self.description = description;
        self.proceed();
    }

    /// Removes the registration, and does nothing more after that. [`Registrant::is_stopped`] tells when it is done.
    pub fn shutdown(&mut self, now: Instant) {
        self.advance(now);
        self.is_stopping = true;
        match &self.task {
            // What was asked for may come about; then it has to be removed.
            Task::Asking(asked) if !matches!(asked.step, Step::Discover { .. }) => {}
            Task::Stopped => {}
            _ => self.task = Task::Idle,
        }
        self.proceed();
    }

    /// Begins again after [`Registrant::shutdown`].
    pub fn start(&mut self, now: Instant) {
        self.advance(now);
        self.is_stopping = false;
        if matches!(self.task, Task::Stopped) {
            self.task = Task::Idle;
        }
        self.proceed();
    }

    /// Returns what happened next; before that, how much was dropped because nobody asked.
    pub fn poll_event(&mut self) -> Option<RegistrantEvent> {
        match core::mem::take(&mut self.missed_events) {
            0 => self.events.pop_front(),
            count => Some(RegistrantEvent::Missed { count }),
        }
    }

    /// Returns what the directory is to know.
    #[must_use]
    pub const fn description(&self) -> &Description {
        &self.description
    }

    /// Returns the configuration.
    #[must_use]
    pub const fn config(&self) -> &RegistrantConfig {
        &self.config
    }

    /// Returns the directory that holds the registration and the registration resource there, which is none for a simple
    /// registration.
    #[must_use]
    pub fn registration(&self) -> Option<(&Authority, Option<&Location>)> {
        let held = self.held.as_ref().filter(|held| !held.is_lapsed)?;
        Some((held.interface.authority(), held.location.as_ref()))
    }

    /// Returns whether the registrant has shut down.
    #[must_use]
    pub const fn is_stopped(&self) -> bool {
        matches!(self.task, Task::Stopped)
    }

    /// Brings everything that depends on time up to it. A clock that goes back does not turn time back.
    fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
        let now = self.now;
        if let Some(held) = self.held.as_mut().filter(|held| !held.is_lapsed && held.expires <= now) {
            held.is_lapsed = true;
            let at = held.interface.authority().clone();
            self.note(RegistrantEvent::Lapsed { at });
        }
    }

    /// Starts what is to be done next, when nothing is under way.
    fn proceed(&mut self) {
        while matches!(self.task, Task::Idle) {
            if !self.begin() {
                return;
            }
        }
    }

    /// Starts the next step; returns whether anything was started or changed.
    fn begin(&mut self) -> bool {
        let now = self.now;
        if self.is_stopping {
            return self.begin_to_stop();
        }
        if let Some(held) = self.held.as_ref().filter(|held| !held.is_doubtful) {
            let difference = held.difference(&self.wanted());
            return match difference {
                Difference::None if now < held.renew_at => false,
                Difference::Other => self.replace(),
                difference if self.config.is_simple || !self.is_expressible(&difference) => self.register_again(),
                _ => self.ask(Step::Update, Patience::default()),
            };
        }
        let permitted = self.rate.next_at();
        if permitted > now {
            self.task = Task::Waiting { until: permitted };
            return true;
        }
        match self.directories.next(now) {
            Next::Discover(place, uri) => self.ask(Step::Discover { place, uri }, Patience::default()),
            Next::Register(place, uri) => self.ask(Step::Register { place, uri }, Patience::default()),
            Next::Wait(until) => {
                self.note(RegistrantEvent::Exhausted { retry_in: Some(until.saturating_since(now)) });
                self.task = Task::Resting { until };
                true
            }
            Next::Nothing => {
                self.note(RegistrantEvent::Exhausted { retry_in: None });
                self.task = Task::Resting { until: Instant::MAX };
                true
            }
        }
    }

    fn begin_to_stop(&mut self) -> bool {
        match &self.held {
            Some(held) if held.location.is_some() && !held.is_lapsed => self.ask(Step::Remove, Patience::default()),
            _ => {
                if let Some(held) = self.held.take().filter(|held| !held.is_lapsed) {
                    self.note(RegistrantEvent::Left { at: held.interface.authority().clone() });
                }
                self.note(RegistrantEvent::Stopped);
                self.task = Task::Stopped;
                false
            }
        }
    }

    /// Takes away a registration that is not the one wanted any more.
    fn replace(&mut self) -> bool {
        if self.held.as_ref().is_some_and(|held| held.location.is_some()) {
            return self.ask(Step::Remove, Patience::default());
        }
        if let Some(held) = self.held.take() {
            self.note(RegistrantEvent::Left { at: held.interface.authority().clone() });
        }
        true
    }

    /// Registers at the interface that has the registration already.
    fn register_again(&mut self) -> bool {
        let permitted = self.rate.next_at();
        if permitted > self.now {
            self.task = Task::Waiting { until: permitted };
            return true;
        }
        let Some(held) = &self.held else { return false };
        let (place, uri) = (held.place, held.interface.clone());
        self.ask(Step::Register { place, uri }, Patience::default())
    }

    /// Sends the request of a step.
    fn ask(&mut self, step: Step, patience: Patience) -> bool {
        let told = self.told_by(&step);
        let delta = self.delta_for(&step, &told);
        let Some((uri, mut request)) = self.request(&step, &told, delta.as_ref()) else {
            self.task = Task::Idle;
            self.held = None;
            return true;
        };
        if matches!(step, Step::Discover { .. } | Step::Register { .. }) {
            self.rate.take(self.now);
        }
        let peer = uri.peer();
        request.echo = self.echo.as_ref().filter(|(of, _)| of == uri.authority()).map(|(_, echo)| echo.clone());
        self.last_id += 1;
        let id = RequestId(self.last_id);
        let limits = &self.config.limits;
        let wait = match (&step, &self.held) {
            _ if request.is_multicast => limits.group_wait,
            // Half of what is left is for another directory.
            (Step::Update, Some(held)) if held.expires > self.now => {
                let half = held.expires.saturating_since(self.now) / 2;
                half.clamp(SHORTEST_WAIT.min(limits.answer_timeout), limits.answer_timeout)
            }
            _ => limits.answer_timeout,
        };
        let deadline = self.now + wait;
        let found = Discovered::default();
        let is_patch = delta.is_some();
        let asked = Asked { id, uri, step, told, is_patch, patience, asked: self.now, deadline, found };
        self.task = Task::Asking(Box::new(asked));
        self.outputs.push_back(Output::Request { id, peer, request });
        true
    }

    fn request(&self, step: &Step, told: &Told, delta: Option<&LinkDelta>) -> Option<(ResourceUri, Request)> {
        let is_simple = self.config.is_simple;
        Some(match step {
            Step::Discover { uri, .. } => (uri.clone(), self.config.discovery.request(uri)),
            Step::Register { uri, .. } => {
                let mut request = uri.request(Method::Post);
                request.query.extend(told.arguments(is_simple));
                if !is_simple {
                    let links = Bytes::copy_from_slice(told.description.links().as_str().as_bytes());
                    request = request.with_payload(ContentFormat::LINK_FORMAT, links);
                }
                (uri.clone(), request)
            }
            Step::Update => {
                let held = self.held.as_ref()?;
                let mut request = held.request(if delta.is_some() { Method::IPatch } else { Method::Post })?;
                if let Difference::Update(arguments) | Difference::Patch(arguments) = held.difference(told) {
                    request.query = arguments;
                }
                if let (Some(delta), Some(format)) = (delta, self.config.link_delta_format) {
                    request = request.with_payload(format, delta.encode());
                }
                (held.uri()?, request)
            }
            Step::Remove => {
                let held = self.held.as_ref()?;
                (held.uri()?, held.request(Method::Delete)?)
            }
        })
    }

    /// Returns what is to be told now.
    fn wanted(&self) -> Told {
        Told { description: self.description.clone(), name: self.description.name(self.name).cloned() }
    }

    /// Returns what the directory will know when it agrees to a step.
    fn told_by(&self, step: &Step) -> Told {
        let wanted = self.wanted();
        match (step, &self.held) {
            // An update carries all of it or nothing.
            (Step::Update, Some(held)) if !self.is_expressible(&held.difference(&wanted)) => held.told.clone(),
            _ => wanted,
        }
    }

    /// Returns the change of links that goes with a step.
    fn delta_for(&self, step: &Step, told: &Told) -> Option<LinkDelta> {
        let held = self.held.as_ref().filter(|_| matches!(step, Step::Update))?;
        let difference = held.difference(told);
        match difference {
            Difference::Patch(_) if self.is_expressible(&difference) => held.delta(told),
            _ => None,
        }
    }

    /// Tells whether an update of the registration can express a difference: where links differ, that takes link deltas, and the
    /// name of the links that they are for.
    fn is_expressible(&self, difference: &Difference) -> bool {
        match (difference, &self.held) {
            (Difference::None | Difference::Update(_), _) => true,
            (Difference::Patch(_), Some(held)) => {
                let is_spoken = self.config.link_delta_format.is_some();
                is_spoken && held.state.is_some() && self.directories.takes_deltas(held.place, &held.interface)
            }
            _ => false,
        }
    }

    fn note(&mut self, event: RegistrantEvent) {
        while self.events.len() >= self.config.limits.events.max(1) {
            self.events.pop_front();
            self.missed_events += 1;
        }
        self.events.push_back(event);
    }

    /// Returns when to renew: at three quarters of the lifetime, or up to an eighth of it earlier, so that a fleet that
    /// registered at once does not renew at once, and a quarter is left to try again.
    fn renew_at(&mut self, asked: Instant, lifetime: Lifetime) -> Instant {
        let lifetime = lifetime.duration();
        let delay = (lifetime / 4 * 3).saturating_sub(self.random.up_to(lifetime / 8));
        asked + delay.max(Duration::from_millis(500))
    }
}

/// Returns the names that are still to be tried.
fn next_name(description: &Description, name: usize) -> Option<&EndpointName> {
    description.name(name + 1)
}

/// Makes a location of the segments in a response.
fn location_of(segments: &[impl AsRef<str>]) -> Option<Location> {
    (!segments.is_empty()).then(|| Location::from_segments(segments).ok())?
}

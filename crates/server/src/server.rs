use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::ToString;

use bytes::Bytes;
use waypost_directory::{Directory, Scope, WatchChange, WatchEvent, WatchId, Watcher};
use waypost_filter::Query;
use waypost_link_format::LinkDocumentBuf;
use waypost_model::Location;
use waypost_rest::{
    Account, Budget, Code, Events, ExchangeId, Method, Observe, Output, Overdrawn, Pace, Peer, Request, RequestFailure,
    RequestId, Response, Service,
};
use waypost_time::Instant;

use crate::discovery::Discovery;
use crate::event::EventKind;
use crate::fetch::Simple;
use crate::freshness::Freshness;
use crate::lookup::{Context, FREE, Lookup, View};
use crate::observation::Observations;
use crate::paging::Paging;
use crate::quota::Quota;
use crate::{Event, Refusal, ServerConfig};

/// A CoRE Resource Directory on the network: the interfaces of [RFC 9176] over a [`Directory`], without I/O.
///
/// It is a [`Service`]: a transport hands it requests and takes its outputs. The application keeps the directory in its
/// own hands all the while, through [`Server::directory`] and [`Server::directory_mut`]; what it changes there reaches the
/// observers as well.
///
/// ```
/// use waypost_directory::{Config, Directory};
/// use waypost_model::ReplicaId;
/// use waypost_rest::{Code, ContentFormat, ExchangeId, Method, Output, Peer, Request, Service};
/// use waypost_server::{Server, ServerConfig};
/// use waypost_time::Instant;
///
/// let directory = Directory::new(Config::new([0; 16], ReplicaId(1)));
/// let mut server = Server::new(directory, ServerConfig::default());
/// let request = Request::new(Method::Post, ["rd"])
///     .with_query("ep=node1")
///     .with_payload(ContentFormat::LINK_FORMAT, r#"</temp>;rt="temperature-c""#);
/// server.handle_request(Instant::ZERO, ExchangeId(1), &Peer::new("coap://[2001:db8::1]"), request);
/// let Some(Output::Response { response, .. }) = server.poll_output() else { panic!() };
/// assert_eq!(response.code, Code::CREATED);
/// assert_eq!(response.location_path[0], "rd");
/// assert_eq!(server.directory().len(), 1);
/// ```
///
/// [RFC 9176]: https://www.rfc-editor.org/rfc/rfc9176
#[derive(Debug)]
pub struct Server {
    pub(crate) directory: Directory,
    pub(crate) config: ServerConfig,
    pub(crate) freshness: Option<Freshness>,
    pub(crate) quota: Quota,
    pub(crate) simple: Simple,
    pub(crate) outputs: VecDeque<Output>,
    discovery: Discovery,
    pub(crate) observations: Observations,
    paging: Paging,
    events: Events<Event>,
    /// What was asked to be changed.
    changes: Budget,
    /// What look-ups cost.
    pub(crate) work: Budget,
    /// How many look-ups were refused because of that: apart, so that to be refused makes nobody wait longer.
    refused: Pace<Account>,
    /// What notifications cost: apart, so that what others change keeps nobody from asking.
    notified: Budget,
    /// Watches every endpoint, to report what expires.
    expiry_watch: Option<WatchId>,
    watcher: Watcher,
    now: Instant,
}

/// What to do about a request.
enum Answer {
    Now(Response),
    Later,
    Silence,
}

impl Server {
    /// Makes a server over a directory.
    #[must_use]
    pub fn new(mut directory: Directory, config: ServerConfig) -> Self {
        let remembered = config.limits.remembered_changes;
        let is_empty = directory.is_empty();
        let watcher = directory.add_watcher();
        let expiry_watch = match config.limits.events {
            0 => None,
            _ => directory.watch_as(watcher, Instant::ZERO, Scope::Endpoints, Query::all()).ok(),
        };
        Self {
            discovery: Discovery::new(&config),
            freshness: config.echo.clone().map(|echo| Freshness::new(echo, is_empty, remembered)),
            quota: Quota::default(),
            simple: Simple::default(),
            outputs: VecDeque::new(),
            observations: Observations::new(watcher),
            paging: Paging::default(),
            events: Events::new(config.limits.events, config.limits.events_per_minute),
            changes: Budget::default(),
            work: Budget::default(),
            refused: Pace::default(),
            notified: Budget::default(),
            expiry_watch,
            watcher,
            now: Instant::ZERO,
            directory,
            config,
        }
    }

    /// Returns the next event for the log.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.take_watch_events();
        self.events.pop()
    }

    /// Returns the directory, to change it in process. Changes reach the observers at the next [`Service::poll_output`].
    pub const fn directory_mut(&mut self) -> &mut Directory {
        &mut self.directory
    }

    /// Returns the directory, to look up in process.
    #[must_use]
    pub const fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Returns the configuration.
    #[must_use]
    pub const fn config(&self) -> &ServerConfig {
        &self.config
    }

    /// Says where registrants are sent from now on, in the place of
    /// [`ServerConfig::registration_elsewhere`]. Nothing can be registered here any more.
    pub fn send_registrants_to(&mut self, links: LinkDocumentBuf) {
        self.config.registration_elsewhere = Some(links);
        self.discovery = Discovery::new(&self.config);
    }

    /// Returns how many observations there are.
    #[must_use]
    pub fn observations(&self) -> usize {
        self.observations.len()
    }

    /// Returns the directory, ending the server and what it watched.
    #[must_use]
    pub fn into_directory(mut self) -> Directory {
        self.directory.remove_watcher(self.watcher);
        self.directory
    }

    pub(crate) fn note(&mut self, event: Event) {
        if self.config.limits.events > 0 {
            self.events.push(self.now, event);
        }
    }

    pub(crate) fn note_refusal(&mut self, peer: &Peer, path: impl FnOnce() -> Box<str>, refusal: &Refusal) {
        if self.config.limits.events > 0 {
            self.events.push_with(self.now, EventKind::Refusal, || Event::Refused {
                peer: peer.uri.clone(),
                path: path(),
                code: refusal.code(),
                diagnostic: refusal.to_string().into(),
            });
        }
    }

    pub(crate) fn note_change(&mut self, location: &Location) {
        if let Some(freshness) = &mut self.freshness {
            freshness.changed(location);
        }
    }

    pub(crate) fn preemptive_echo(&self, now: Instant, peer: &Peer) -> Option<Bytes> {
        self.freshness.as_ref().and_then(|freshness| freshness.preemptive(now, peer))
    }

    /// Brings everything that depends on time up to it. A clock that goes back does not turn time back.
    fn advance(&mut self, now: Instant) -> Instant {
        self.now = self.now.max(now);
        // Before anything that is told of, which is of the new minute.
        self.events.turn(self.now);
        self.directory.expire(self.now);
        self.take_watch_events();
        self.forget_expired_simple(self.now);
        self.give_up_fetches(self.now);
        self.take_watch_events();
        self.observations.take_up(self.now);
        self.now
    }

    fn take_watch_events(&mut self) {
        while let Some(event) = self.directory.poll_watch_as(self.watcher) {
            if Some(event.watch) == self.expiry_watch {
                self.note_expiry(&event);
            } else {
                self.observations.fired(event.watch);
            }
        }
    }

    fn note_expiry(&mut self, event: &WatchEvent) {
        let endpoint = self.directory.registration(self.now, &event.location);
        if event.what == WatchChange::Left && endpoint.is_some_and(|endpoint| endpoint.is_expired()) {
            self.note(Event::Expired { location: event.location.clone() });
        }
    }

    fn answer(
        &mut self,
        now: Instant,
        exchange: ExchangeId,
        peer: &Peer,
        request: &Request,
    ) -> Result<Answer, Refusal> {
        let (paths, resource) = (&self.config.paths, &request.path);
        // Registrants from before the standard register simply at the discovery resource.
        let is_registry = self.config.registration_elsewhere.is_none();
        let is_old_simple = request.method == Method::Post && self.config.simple_registration && is_registry;
        if paths.discovery.is(resource) && !is_old_simple {
            return Ok(self.discovery.serve(request)?.map_or(Answer::Silence, Answer::Now));
        }
        if request.is_multicast {
            // Only discovery makes sense to a group: everything else would be done, or answered, many times.
            return Ok(Answer::Silence);
        }
        if request.method != Method::Get {
            self.admit_change(now, peer, request)?;
        }
        let paths = &self.config.paths;
        let response = if paths.registration.is(resource) && is_registry {
            self.register(now, peer, request)?
        } else if paths.resources.is(resource) {
            self.look_up(now, exchange, peer, request, Scope::Resources)?
        } else if paths.endpoints.is(resource) {
            self.look_up(now, exchange, peer, request, Scope::Endpoints)?
        } else if (paths.simple_registration.is(resource) || paths.discovery.is(resource)) && is_registry {
            return Ok(self.register_simply(now, exchange, peer, request)?.map_or(Answer::Later, Answer::Now));
        } else {
            let location = Location::from_segments(resource).map_err(|_| Refusal::of_absence(request))?;
            self.operate(now, peer, &location, request)?
        };
        Ok(Answer::Now(response))
    }

    /// Counts a request for a change, and what it brings, unless its client caused more than it may.
    fn admit_change(&mut self, now: Instant, peer: &Peer, request: &Request) -> Result<(), Refusal> {
        let (work, limits) = (change_work(request.payload.len()), &self.config.limits);
        let spent = self.changes.spend(now, Account::of(peer), work, limits.changes(), limits.retry());
        spent.map_err(Refusal::Overdrawn)
    }

    /// Counts a change that brings so many bytes of links.
    pub(crate) fn count_change(&mut self, peer: &Peer, links: usize) {
        self.changes.count(self.now, Account::of(peer), change_work(links), self.config.limits.changes());
    }

    /// Counts the links of a registration that are worked on for a change, besides the change itself. Merely to name a registration
    /// with many links must not cost much: it costs nothing to forge.
    pub(crate) fn count_links(&mut self, peer: &Peer, links: usize) {
        if links >= LINKS {
            let work = change_work(links) - CHANGE;
            self.changes.count(self.now, Account::of(peer), work, self.config.limits.changes());
        }
    }

    fn look_up(
        &mut self,
        now: Instant,
        exchange: ExchangeId,
        peer: &Peer,
        request: &Request,
        scope: Scope,
    ) -> Result<Response, Refusal> {
        if request.method != Method::Get {
            return Err(Refusal::MethodNotAllowed);
        }
        let policy = self.config.policy.as_ref();
        let lookup = Lookup::parse(scope, request, policy, peer, &self.config.limits)?;
        let lookup = lookup.accepting(request.accept, self.config.link_delta_format)?;
        let view = View::of(peer, policy);
        let account = Account::of(peer);
        let overdrawn = self.work.admit(now, &account, self.config.limits.work()).err();
        if let Some(overdrawn) = overdrawn
            && self.refused.admit(now, &account, self.config.limits.refusals()).is_err()
        {
            // Whoever else may not cause more, it alone does not get what is free.
            return Err(Refusal::Overdrawn(Overdrawn::Client(overdrawn.wait())));
        }
        let asks_to_observe = request.observe == Some(Observe::Register);
        let observer = asks_to_observe.then(|| account.clone()).filter(|account| {
            self.observations.admits(account, &self.config.limits)
                && self.observations.watch(now, &mut self.directory, account, &lookup)
        });
        let (directory, limits, paging) = (&self.directory, &self.config.limits, &mut self.paging);
        let mut context = Context { now, directory, policy, limits, paging, overdrawn, work: 0 };
        let mut rendering = match observer {
            Some(account) => self.observations.add(&mut context, exchange, account, lookup.clone(), view),
            None => lookup.render(&mut context, &view),
        };
        let work = context.work;
        if overdrawn.is_none() && work > FREE {
            self.work.count(now, account.clone(), work, self.config.limits.work());
        }
        if let Err(Refusal::Overdrawn(overdrawn)) = rendering {
            // What it would have cost is not known, but that it is not free.
            let limits = &self.config.limits;
            let overdrawn = self.work.put_off(now, overdrawn, FREE, limits.work(), limits.retry());
            rendering = Err(Refusal::Overdrawn(overdrawn));
            self.refused.count(now, account.clone(), 1, self.config.limits.refusals());
        }
        let is_observed = self.observations.has(exchange);
        if asks_to_observe && !is_observed {
            self.observations.unwatch(&mut self.directory, &lookup);
        }
        let rendering = rendering?;
        let mut response = rendering.response(now).or_valid(request);
        if response.code != Code::VALID
            && let Some(step) = self.observations.step(exchange, &request.etags)
        {
            response = rendering.step(step);
        }
        response.is_observed = is_observed;
        Ok(response)
    }
}

impl AsRef<Directory> for Server {
    fn as_ref(&self) -> &Directory {
        &self.directory
    }
}

impl AsMut<Directory> for Server {
    fn as_mut(&mut self) -> &mut Directory {
        &mut self.directory
    }
}

impl Service for Server {
    fn handle_request(&mut self, now: Instant, exchange: ExchangeId, peer: &Peer, request: Request) {
        let now = self.advance(now);
        self.observations.remove(&mut self.directory, exchange);
        let output = match self.answer(now, exchange, peer, &request) {
            Ok(Answer::Now(response)) => Output::Response { exchange, response },
            Ok(Answer::Later) => return,
            Ok(Answer::Silence) => Output::Silence { exchange },
            Err(_) if request.is_multicast => Output::Silence { exchange },
            Err(refusal) => {
                self.note_refusal(peer, || path_of(&request), &refusal);
                Output::Response { exchange, response: refusal.response() }
            }
        };
        self.outputs.push_back(output);
    }

    fn heeds_if_match(&self, request: &Request) -> bool {
        let paths = &self.config.paths;
        let interfaces =
            [&paths.discovery, &paths.registration, &paths.resources, &paths.endpoints, &paths.simple_registration];
        !interfaces.iter().any(|interface| interface.is(&request.path))
    }

    fn handle_response(&mut self, now: Instant, request: RequestId, outcome: Result<Response, RequestFailure>) {
        let now = self.advance(now);
        self.take_fetched(now, request, outcome);
    }

    fn handle_ready(&mut self, now: Instant, exchange: ExchangeId) {
        let now = self.advance(now);
        let Some(account) = self.observations.account(exchange) else { return };
        let overdrawn = self.notified.admit(now, &account, self.config.limits.work()).err();
        let policy = self.config.policy.as_ref();
        let (directory, limits, paging) = (&self.directory, &self.config.limits, &mut self.paging);
        let mut context = Context { now, directory, policy, limits, paging, overdrawn, work: 0 };
        let notification = self.observations.notification(&mut context, exchange);
        let work = context.work;
        // What comes to nothing is not free for whoever has caused more than it may.
        let free = if overdrawn.is_some() && notification.is_none() { 0 } else { FREE };
        if work > free {
            self.notified.count(now, account, work, self.config.limits.work());
        }
        let response = match notification {
            None => return,
            Some(Ok(response)) => response,
            Some(Err(refusal)) => {
                self.observations.remove(&mut self.directory, exchange);
                refusal.response()
            }
        };
        self.outputs.push_back(Output::Notification { exchange, response });
    }

    fn handle_cancel(&mut self, now: Instant, exchange: ExchangeId) {
        self.advance(now);
        self.observations.remove(&mut self.directory, exchange);
        self.simple.cancel(exchange);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.advance(now);
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.take_watch_events();
        if let Some(output) = self.outputs.pop_front() {
            return Some(output);
        }
        self.observations.poll_changed().map(|exchange| Output::Changed { exchange })
    }

    fn poll_timeout(&self) -> Option<Instant> {
        let others =
            [self.simple.next_timeout(&self.config.limits), self.events.deadline(), self.observations.next_timeout()];
        let others = others.into_iter().flatten();
        self.directory.next_expiry().into_iter().chain(others).min()
    }
}

/// The path of a request as a log shows it.
fn path_of(request: &Request) -> Box<str> {
    let mut path = Location::from_segments(&request.path).map_or_else(|_| "?".to_string(), |path| path.as_str().into());
    path.truncate(128);
    path.into()
}

/// Returns what a change costs that brings so many bytes of links.
const fn change_work(links: usize) -> u64 {
    CHANGE * (1 + links / LINKS) as u64
}

/// What a change costs, where those of a second are allowed for by those of a minute.
const CHANGE: u64 = 60;
/// The bytes of links that cost as much as a request.
const LINKS: usize = 1 << 10;

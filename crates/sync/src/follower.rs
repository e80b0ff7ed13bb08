mod anew;
mod asked;
mod beginnings;
mod comparing;
mod early;
mod handing_over;
mod pausing;
mod reachability;
mod taking;

use alloc::boxed::Box;
use core::time::Duration;

use bytes::Bytes;
use waypost_client::{Fault, ResourceUri};
use waypost_directory::{Directory, RenewalsCut};
use waypost_filter::Query;
use waypost_model::{Authority, Origin, Version};
use waypost_rest::{Code, Method, Observe, Output, Peer, Request, RequestFailure, RequestId, Response};
use waypost_time::{Instant, Jitter, back_off};

use self::anew::Anew;
use self::asked::Asked;
use self::beginnings::Beginnings;
use self::comparing::{Comparison, Turn, put_off};
use self::early::Early;
use self::handing_over::{HAND_OVER, HandingOver};
use self::reachability::Reachability;
use crate::passage::Passage;
use crate::subject::Subject;
use crate::wire::{Answer, ChangesQuestion, Mark, Number, Question, Selection};
use crate::{FEED_RESOURCE_TYPE, Limits, Relation, SyncConfig, SyncEvent};

/// Follows the feed of one directory.
///
/// It asks for what comes after the version that is here, takes the answer in, asks on until nothing is left, and then
/// observes. A notification that does not begin where the last one ended is no harm: it asks again.
#[derive(Debug)]
pub(crate) struct Follower {
    name: Box<str>,
    subject: Subject,
    /// Where what is taken was made, as it is seen here.
    origin: Origin,
    /// What is asked for, where that is not everything.
    selection: Option<Selection>,
    step: Step,
    phase: Phase,
    asked: Asked,
    reachability: Reachability,
    /// Whether the next question asks for everything to be said, because something that was left out is not here.
    is_whole: bool,
    /// How the source has come by what it passes on, and when it said so.
    passage: Option<(Instant, Passage)>,
    /// Where the renewals that were taken last go on, if they were cut.
    renewals_cut: Option<RenewalsCut>,
    /// What a selection was read from.
    mark: Option<Mark>,
    /// Whether the source has lost something that it cannot tell of, so that a selection is to be read anew.
    is_outdated: bool,
    /// Whether it is still to be found out what is here that the source has lost.
    is_ahead: bool,
    /// What the source had when that was found out last.
    left: Version,
    anew: Option<Anew>,
    early: Option<Early>,
    comparison: Option<Comparison>,
    /// When it may be compared again.
    comparable: Instant,
    /// How many comparisons in a row came to nothing.
    given_up: u32,
    failures: u32,
    /// When it lets news end a pause again.
    heeds_news: Instant,
    /// How often in a row it asked on and came no further.
    vain: u32,
    /// Whether the answer that is being taken had something that was not here.
    has_news: bool,
    beginnings: Beginnings,
    is_in_step: bool,
    /// Where the feed had to be looked for.
    host: Option<ResourceUri>,
    /// Whether the host turned out to offer no feed, or not to this reader.
    is_without_feed: bool,
    handing_over: Option<HandingOver>,
}

#[derive(Debug, Clone)]
enum Step {
    /// Where the feed is has to be asked.
    Discover { host: ResourceUri },
    /// The feed is there.
    Read { feed: ResourceUri },
}

#[derive(Debug, Clone)]
enum Phase {
    /// A question is to be asked.
    Due,
    /// The source has forgotten too much to go on: first it is compared with.
    Comparing,
    /// A question is under way.
    Asking { deadline: Instant },
    /// Notifications come by themselves.
    Observing { refresh: Instant },
    /// It is asked again then.
    Waiting { until: Instant },
}

/// What a follower works with.
pub(crate) struct Surroundings<'s> {
    pub(crate) now: Instant,
    pub(crate) directory: &'s mut Directory,
    pub(crate) config: &'s SyncConfig,
    pub(crate) jitter: &'s mut Jitter,
    pub(crate) events: &'s mut dyn FnMut(SyncEvent),
}

/// How far an answer was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    All,
    /// There is more to ask for.
    More,
    /// It does not go on from what is here.
    Gap,
    /// It left out what is not here.
    Incomplete,
    /// There is more in it than may be.
    TooLarge,
    /// It does not say all that is gone.
    Outdated,
    /// It has what cannot be taken yet.
    Early,
    /// It cannot be read.
    Malformed,
    /// Nothing more can be taken from this source for now.
    Stopped,
}

impl Follower {
    /// Follows the feed at a URI, or the one that the host of a URI without path has.
    pub(crate) fn new(uri: ResourceUri, subject: Subject, query: &Query) -> Self {
        let name = uri.as_str().into();
        let origin = match &subject {
            Subject::Replica => Origin::Local,
            Subject::Mirror => Origin::Foreign(uri.authority().clone()),
            Subject::Through(authority) => Origin::Foreign(authority.clone()),
        };
        let host = uri.request(Method::Get).path.is_empty().then(|| uri.clone());
        Self {
            name,
            subject,
            origin,
            selection: (!query.criteria().is_empty()).then(|| Selection { query: query.clone(), news: Version::new() }),
            step: if host.is_some() { Step::Discover { host: uri } } else { Step::Read { feed: uri } },
            phase: Phase::Due,
            asked: Asked::default(),
            reachability: Reachability::default(),
            is_whole: false,
            passage: None,
            renewals_cut: None,
            mark: None,
            is_outdated: false,
            is_ahead: false,
            left: Version::new(),
            anew: None,
            early: None,
            comparison: None,
            comparable: Instant::ZERO,
            given_up: 0,
            failures: 0,
            heeds_news: Instant::ZERO,
            vain: 0,
            has_news: false,
            beginnings: Beginnings::new(),
            is_in_step: false,
            host,
            is_without_feed: false,
            handing_over: None,
        }
    }

    /// Tells whether everything that the source has to say was here when it spoke last: nothing is asked for that could say more.
    const fn is_confirmed(&self) -> bool {
        self.is_in_step && !self.is_ahead && matches!(self.phase, Phase::Observing { .. } | Phase::Waiting { .. })
    }

    pub(crate) const fn relation(&self) -> Relation {
        self.subject.relation()
    }

    /// Tells whether everything that the source has to say is here, and the source has everything that there is to say.
    pub(crate) fn is_in_step(&self) -> bool {
        self.is_in_step && !self.is_ahead && !self.is_late()
    }

    /// Tells whether the source may lack some of what it passes on.
    fn is_late(&self) -> bool {
        self.passage.is_some_and(|(_, passage)| !passage.age.is_zero())
    }

    /// Returns when everything that the authority had to say was here last, if all that the source has to say is: now, or before it was to
    /// be asked, where that is late.
    pub(crate) fn confirmed(&self, now: Instant) -> Option<Instant> {
        let late = self.passage.filter(|_| self.is_late());
        let until = self.own_deadline().map_or(now, |due| due.min(now));
        self.is_confirmed().then(|| late.map_or(until, |(heard, passage)| heard.saturating_sub(passage.age)))
    }

    /// Returns through how many other directories it comes, as far as is known.
    pub(crate) fn hops(&self) -> u64 {
        self.passage.map_or(0, |(_, passage)| passage.hops)
    }

    /// Returns how long after a renewal it is known here at the latest.
    pub(crate) fn delay(&self, limits: &Limits) -> Option<Duration> {
        let before = self.passage.map_or(Some(Duration::ZERO), |(_, passage)| passage.delay)?;
        Some(before.saturating_add(limits.renewal_delay * 2))
    }

    /// Returns what ends the observation of the feed, if there is one.
    pub(crate) fn end(&self, config: &SyncConfig) -> Option<Output> {
        let (Phase::Observing { .. }, Step::Read { feed }) = (&self.phase, &self.step) else { return None };
        let ((number, cursor), heard) = (self.asked.answered()?.clone(), Version::new());
        let (subject, selection) = (self.subject.clone(), self.selection.clone());
        let question = ChangesQuestion {
            number,
            subject,
            cursor,
            heard,
            size: 0,
            renewals: 0,
            is_whole: false,
            selection,
            cut: None,
        };
        let request = ask(feed, config, &Question::Changes(question)).with_observe(Observe::Deregister);
        Some(Output::Request { id: CHANGES, peer: self.peer(), request })
    }

    /// Returns whom the source is reached at.
    pub(crate) fn peer(&self) -> Peer {
        match &self.step {
            Step::Discover { host } => host.peer(),
            Step::Read { feed } => feed.peer(),
        }
    }

    /// Returns the host to mirror by look-ups, if it turned out to offer no feed, or not to this reader.
    pub(crate) fn without_feed(&self) -> Option<&ResourceUri> {
        self.host.as_ref().filter(|_| self.is_without_feed)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let own = self.own_deadline();
        let comparison = self.comparison.as_ref().and_then(Comparison::deadline);
        let early = self.early.as_ref().map(|early| early.until);
        own.into_iter().chain(comparison).chain(early).min()
    }

    const fn own_deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Due | Phase::Comparing => None,
            Phase::Asking { deadline } => Some(deadline),
            Phase::Observing { refresh } => Some(refresh),
            Phase::Waiting { until } => Some(until),
        }
    }

    /// Asks at once, since there is news; but not again and again where what was said could not be taken.
    pub(crate) fn hear_of_news(&mut self, now: Instant, limits: &Limits) {
        if matches!(self.phase, Phase::Waiting { .. }) && self.heeds_news > now {
            return;
        }
        self.heeds_news = now + limits.retry;
        self.wake();
    }

    /// Asks at once what else would be asked later.
    pub(crate) fn wake(&mut self) {
        if let Phase::Observing { .. } | Phase::Waiting { .. } = self.phase {
            self.phase = Phase::Due;
        }
    }

    pub(crate) fn handle_timeout(&mut self, surroundings: &mut Surroundings<'_>) {
        self.time_comparison(surroundings);
        self.time_early(surroundings.now);
        if self.own_deadline().is_none_or(|deadline| deadline > surroundings.now) {
            return;
        }
        match self.phase {
            Phase::Asking { .. } => self.fail(surroundings, RequestFailure::TimedOut.into()),
            _ => self.phase = Phase::Due,
        }
    }

    /// Returns the question to ask next, if it is time for one, and its name.
    pub(crate) fn poll_request(&mut self, surroundings: &mut Surroundings<'_>) -> Option<(RequestId, Request)> {
        let config = surroundings.config;
        if let (Some(comparison), Step::Read { feed }) = (&mut self.comparison, &self.step)
            && comparison.turn == Turn::Ask
        {
            comparison.turn = Turn::Asked { deadline: surroundings.now + config.limits.patience };
            let question = comparison.reconciliation.question(&config.limits);
            let mut request = ask(feed, config, &question);
            request.echo = self.reachability.echo();
            return Some((COMPARISON, request));
        }
        let Phase::Due = self.phase else { return None };
        if self.is_own(surroundings.directory) {
            self.is_in_step = false;
            self.wait(surroundings.now, surroundings.jitter.stretch(config.limits.retry_max));
            (surroundings.events)(SyncEvent::OwnAuthority { source: self.name.clone() });
            return None;
        }
        let mut request = match &self.step {
            Step::Discover { .. } => {
                let argument = ["rt=", FEED_RESOURCE_TYPE].concat();
                Request::new(Method::Get, [".well-known", "core"]).with_query(argument)
            }
            Step::Read { feed } => {
                let cursor = self.cursor(surroundings.directory).into_owned();
                let question = ChangesQuestion {
                    number: self.asked.push(cursor.clone()),
                    subject: self.subject.clone(),
                    cursor,
                    heard: surroundings.directory.heard(&self.origin),
                    size: config.limits.answer_bytes as u64,
                    renewals: config.limits.renewals as u64,
                    is_whole: self.is_whole,
                    selection: self.selection.clone(),
                    cut: self.renewals_cut,
                };
                ask(feed, config, &Question::Changes(question)).with_observe(Observe::Register)
            }
        };
        request.echo = self.reachability.echo();
        self.phase = Phase::Asking { deadline: surroundings.now + config.limits.patience };
        Some((CHANGES, request))
    }

    /// Takes the answer to the last question, or a notification.
    pub(crate) fn handle_outcome(
        &mut self,
        surroundings: &mut Surroundings<'_>,
        request: RequestId,
        outcome: Result<Response, RequestFailure>,
    ) {
        if request == COMPARISON {
            return self.take_comparison(surroundings, outcome);
        }
        if !matches!(self.phase, Phase::Asking { .. } | Phase::Observing { .. }) {
            return;
        }
        let response = match outcome {
            Ok(response) => response,
            Err(failure) => return self.fail(surroundings, failure.into()),
        };
        if self.reachability.take(request, &response) {
            self.phase = Phase::Due;
            return;
        }
        let limits = &surroundings.config.limits;
        if response.payload.len() > limits.received_bytes {
            return self.fail(surroundings, Fault::TooLarge);
        }
        match &self.step {
            Step::Discover { host } => match discovered(host, &response) {
                Ok(feed) => {
                    self.step = Step::Read { feed };
                    self.phase = Phase::Due;
                }
                // A directory that never heard of replication can still be read.
                Err(Fault::NoInterface) if self.subject == Subject::Mirror => self.is_without_feed = true,
                Err(fault) => self.fail(surroundings, fault),
            },
            Step::Read { .. }
                if response.code == Code::FORBIDDEN && self.subject == Subject::Mirror && self.host.is_some() =>
            {
                self.is_without_feed = true;
            }
            // What was removed after the cursor is not known there any more.
            Step::Read { .. } if response.code == Code::CONFLICT && self.anew.is_none() => {
                if self.selection.is_some() {
                    return self.start_anew(surroundings);
                }
                self.beginnings.push(surroundings.now, limits);
                self.phase = Phase::Comparing;
                self.compare(surroundings);
            }
            Step::Read { .. } if response.code != Code::CONTENT => {
                if response.code == Code::NOT_FOUND
                    && let Subject::Through(authority) = &self.subject
                {
                    let (source, authority) = (self.name.clone(), authority.clone());
                    (surroundings.events)(SyncEvent::NotPassedOn { source, authority });
                }
                let pause = put_off(&response, limits).unwrap_or_default();
                self.fail_for(surroundings, Fault::Code(response.code), pause);
            }
            Step::Read { .. } => match response.content_format {
                Some(format) if format == surroundings.config.content_format => {
                    let (before, cut) = (self.cursor(surroundings.directory).into_owned(), self.renewals_cut);
                    let known = surroundings.directory.version_of(&self.origin).clone();
                    self.has_news = false;
                    let taken = match Number::split(&response.payload) {
                        Ok((number, answer)) => {
                            let Some(cursor) = self.asked.answer(number).cloned() else { return };
                            self.take(surroundings, Answer::new(answer, &cursor), &cursor)
                        }
                        Err(malformed) => self.misread(surroundings, malformed),
                    };
                    let is_further = self.has_news
                        || is_beyond(&self.cursor(surroundings.directory), &before, &known)
                        || self.renewals_cut != cut;
                    let is_end = matches!(taken, Taken::Malformed | Taken::Stopped);
                    if self.anew.is_some() && !self.asked.is_last_answered() && !is_end {
                        // It answers what was asked before the reading began, or went on.
                        return self.ask_on(surroundings, is_further);
                    }
                    self.go_on(surroundings, taken, is_further, response.is_observed);
                }
                format => self.fail(surroundings, format.map_or(Fault::Code(response.code), Fault::Format)),
            },
        }
    }

    fn go_on(&mut self, surroundings: &mut Surroundings<'_>, taken: Taken, is_further: bool, is_observed: bool) {
        let (now, limits) = (surroundings.now, &surroundings.config.limits);
        match taken {
            Taken::Stopped => {
                self.is_in_step = false;
                self.wait(now, surroundings.jitter.stretch(limits.retry_max));
            }
            Taken::Malformed => {
                self.failures = self.failures.saturating_add(1);
                self.is_in_step = false;
                let pause = back_off(limits.retry, limits.retry_max, self.failures);
                self.wait(now, surroundings.jitter.stretch(pause));
            }
            Taken::TooLarge => self.fail(surroundings, Fault::TooLarge),
            Taken::Incomplete if self.is_whole => self.start_anew(surroundings),
            Taken::Incomplete => {
                self.is_whole = true;
                self.ask_on(surroundings, is_further);
            }
            Taken::Outdated => {
                self.finish_anew(surroundings);
                self.start_anew(surroundings);
            }
            Taken::Gap | Taken::More | Taken::Early => self.ask_on(surroundings, is_further),
            Taken::All => {
                if let Some(selection) = &mut self.selection {
                    selection.news = Version::new();
                }
                self.is_whole = false;
                (self.failures, self.vain) = (0, 0);
                self.finish_anew(surroundings);
                if !self.is_in_step {
                    self.is_in_step = true;
                    (surroundings.events)(SyncEvent::InStep { source: self.name.clone() });
                }
                if self.is_handing_over() {
                    self.wait(now, HAND_OVER);
                } else if is_observed {
                    // A notification does not put the question off: it may be an old one, that was waiting for who was asleep while
                    // its source gave up.
                    let refresh = match self.phase {
                        Phase::Observing { refresh } => refresh,
                        _ => now + surroundings.jitter.stretch(limits.refresh),
                    };
                    // Nobody is told that the source has caught up.
                    let poll = self.is_late().then(|| now + surroundings.jitter.stretch(limits.poll));
                    let refresh = poll.map_or(refresh, |poll| poll.min(refresh));
                    self.phase = Phase::Observing { refresh };
                } else {
                    self.wait(now, surroundings.jitter.stretch(limits.poll));
                }
            }
        }
    }

    /// Tells whether what is to be mirrored is what this directory is the origin of.
    fn is_own(&self, directory: &Directory) -> bool {
        let is_own = |authority: &Authority| directory.config().authorities.contains(authority);
        matches!(&self.origin, Origin::Foreign(authority) if is_own(authority))
    }
}

/// Tells whether a version has more writes than before of replicas that were known. That there are others is nothing by itself: there
/// are as many as a source makes up, and each that is noted may have another forgotten.
fn is_beyond(version: &Version, before: &Version, known: &Version) -> bool {
    known.iter().any(|known| version.sequence(known.replica) > before.sequence(known.replica))
}

/// Makes the request for a question.
fn ask(feed: &ResourceUri, config: &SyncConfig, question: &Question) -> Request {
    let payload = Bytes::from(question.encode());
    let mut request = feed.request(Method::Fetch).with_payload(config.content_format, payload);
    request.accept = Some(config.content_format);
    request
}

/// The name of questions for changes, and of the observation.
const CHANGES: RequestId = RequestId(0);
/// The name of questions of a comparison.
const COMPARISON: RequestId = RequestId(1);
/// Returns the feed that a host offers.
fn discovered(host: &ResourceUri, response: &Response) -> Result<ResourceUri, Fault> {
    if response.code != Code::CONTENT {
        return Err(Fault::Code(response.code));
    }
    let document = waypost_link_format::LinkDocument::parse_bytes(&response.payload).map_err(Fault::Links)?;
    let mut feeds = document.links().filter(|link| link.rt().any(|word| word == FEED_RESOURCE_TYPE));
    // A feed elsewhere is for whoever was told of it by the operator.
    let own = |feed: &ResourceUri| feed.authority() == host.authority();
    feeds.find_map(|link| host.resolve(link.target()).ok().filter(own)).ok_or(Fault::NoInterface)
}

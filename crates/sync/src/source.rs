use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use bytes::Bytes;
use waypost_directory::{ChangeRef, Directory, RenewalBatch};
use waypost_model::{Dot, Location, Origin, Version};
use waypost_rest::{Code, ExchangeId, Method, Observe, Output, Request, Response};
use waypost_time::Instant;

use crate::pace::Pace;
use crate::sessions::{Comparer, Sessions};
use crate::wire::{ChangesQuestion, Question, Selection, Writer};
use crate::{Relation, SyncConfig};

/// Serves the feed of a directory: answers questions, and tells those who observe.
///
/// An observer costs its cursor and nothing else: what it is told next is read from the directory when the transport can
/// send. So a slow one piles up nothing, and what changed twice meanwhile is sent once.
#[derive(Debug, Default)]
pub(crate) struct Source {
    observers: BTreeMap<ExchangeId, Observer>,
    /// What the observers were last told about.
    announced: Position,
    unsettled: Unsettled,
    /// When they are told of the renewals since.
    renewals_due: Option<Instant>,
    outputs: VecDeque<Output>,
    encoded: Option<Encoded>,
    encodings: u64,
    sessions: Sessions,
    pace: Pace,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) exchange: ExchangeId,
    /// Its host, whatever the port; of a replica, with the port.
    pub(crate) host: &'a str,
    /// Whether it is a replica of this authority.
    pub(crate) is_replica: bool,
}

#[derive(Debug)]
struct Observer {
    question: ChangesQuestion,
    /// What it was sent, with all that it held before.
    holds: Position,
    /// Whether it is to be told that there is something, and was not yet.
    is_due: bool,
    /// When it may be told: of a selection, each write in the directory is news, however small.
    next: Instant,
}

/// How far one knows the directory: its writes, and its renewals.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
struct Position {
    version: Version,
    heard: Version,
}

/// What observers may have been told without having heard it.
///
/// A notification that is under way gives way to the next one, and nobody hears what it said. So the next ones repeat what was
/// reached, in numbers: who lacks something asks. It ends with the question that each observer asks once in a while.
#[derive(Debug, Default)]
struct Unsettled {
    /// What observers hold for sure.
    after: Position,
    /// What they will when this time is over.
    then: Position,
    until: Instant,
}

/// An answer that was written, for the next who asks the same.
#[derive(Debug)]
struct Encoded {
    /// Whether it is the answer to a question, which says what everything amounts to, or a notification.
    is_asked: bool,
    question: ChangesQuestion,
    holds: Position,
    current: Position,
    at: Instant,
    octets: Bytes,
    reached: Position,
    is_complete: bool,
    /// How many registrations it says something of.
    looks: u64,
}

impl Source {
    /// Answers a request for the feed.
    pub(crate) fn handle_request(
        &mut self,
        now: Instant,
        directory: &Directory,
        config: &SyncConfig,
        asker: Asker<'_>,
        request: &Request,
    ) {
        let exchange = asker.exchange;
        self.observers.remove(&exchange);
        let response = match self.answer(now, directory, config, asker, request) {
            Ok(response) | Err(response) => response,
        };
        self.outputs.push_back(Output::Response { exchange, response });
    }

    /// Sends an observer what it lacks.
    pub(crate) fn handle_ready(
        &mut self,
        now: Instant,
        directory: &Directory,
        config: &SyncConfig,
        exchange: ExchangeId,
    ) {
        let Some(observer) = self.observers.get(&exchange) else { return };
        let (question, holds) = (observer.question.clone(), observer.holds.clone());
        let response = match self.content(now, directory, config, &question, &holds, false) {
            Ok((mut response, reached, is_complete)) => {
                response.is_observed = true;
                if let Some(observer) = self.observers.get_mut(&exchange) {
                    observer.holds = reached;
                    observer.is_due = !is_complete;
                    if question.selection.is_some() {
                        observer.next = now + config.limits.selection_pace;
                    }
                }
                response
            }
            Err(refusal) => {
                self.observers.remove(&exchange);
                refusal
            }
        };
        self.outputs.push_back(Output::Notification { exchange, response });
    }

    pub(crate) fn handle_cancel(&mut self, exchange: ExchangeId) {
        self.observers.remove(&exchange);
    }

    pub(crate) fn poll_output(&mut self, now: Instant, directory: &Directory, config: &SyncConfig) -> Option<Output> {
        self.announce(now, directory, config);
        self.outputs.pop_front().or_else(|| {
            let due = self.observers.iter_mut().find(|(_, observer)| observer.is_due && observer.next <= now);
            due.map(|(exchange, observer)| {
                observer.is_due = false;
                Output::Changed { exchange: *exchange }
            })
        })
    }

    /// Returns when [`Source::poll_output`] may have something to say though nothing happens meanwhile.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let later = self.observers.values().filter(|observer| observer.is_due).map(|observer| observer.next);
        self.renewals_due.into_iter().chain(later).min()
    }

    /// Returns how many answers were written; those that several peers were sent count once.
    pub(crate) const fn encodings(&self) -> u64 {
        self.encodings
    }

    /// Has the observers told of renewals now, and not when some more have gathered.
    pub(crate) const fn hurry(&mut self, now: Instant) {
        self.renewals_due = Some(now);
    }

    /// Tells whether everybody who observes was sent all that there is.
    pub(crate) fn is_told(&self, directory: &Directory) -> bool {
        let current = Position::of(directory);
        self.observers.values().all(|observer| observer.holds.includes(&current))
    }

    pub(crate) fn observers(&self) -> usize {
        self.observers.len()
    }

    /// Finds out who has to be told something: of writes at once, of renewals when some have gathered.
    fn announce(&mut self, now: Instant, directory: &Directory, config: &SyncConfig) {
        if self.observers.is_empty() {
            self.renewals_due = None;
            return;
        }
        let heard = directory.heard(&Origin::Local);
        if self.announced.version == *directory.version() && self.announced.heard == heard {
            self.renewals_due = None;
            return;
        }
        let is_written = self.announced.version != *directory.version();
        let due = *self.renewals_due.get_or_insert(now + config.limits.renewal_delay);
        if !is_written && due > now {
            return;
        }
        self.renewals_due = None;
        let announced = Position { version: directory.version().clone(), heard };
        let before = core::mem::replace(&mut self.announced, announced);
        self.unsettled.announce(now, config, before);
        for observer in self.observers.values_mut() {
            observer.is_due |= !observer.holds.includes(&self.announced);
        }
    }

    fn answer(
        &mut self,
        now: Instant,
        directory: &Directory,
        config: &SyncConfig,
        asker: Asker<'_>,
        request: &Request,
    ) -> Result<Response, Response> {
        if request.method != Method::Fetch {
            return Err(Response::new(Code::METHOD_NOT_ALLOWED));
        }
        if request.content_format != Some(config.content_format) {
            return Err(Response::new(Code::UNSUPPORTED_CONTENT_FORMAT));
        }
        if request.accept.is_some_and(|accept| accept != config.content_format) {
            return Err(Response::new(Code::NOT_ACCEPTABLE));
        }
        if request.payload.len() > config.limits.question_bytes {
            return Err(Response::new(Code::REQUEST_ENTITY_TOO_LARGE));
        }
        let question = Question::decode(&request.payload).map_err(|malformed| {
            let diagnostic = alloc::format!("octet {}: {malformed}", malformed.offset);
            Response::refusal(Code::BAD_REQUEST, diagnostic)
        })?;
        let is_admitted = match question.relation() {
            Relation::Replica => asker.is_replica,
            Relation::Mirror => asker.is_replica || config.admits_mirrors,
        };
        if !is_admitted {
            return Err(Response::refusal(Code::FORBIDDEN, "not a reader of this feed"));
        }
        if !asker.is_replica {
            self.pace.admit(now, asker.host, &config.limits).map_err(|seconds| {
                Response::refusal(Code::TOO_MANY_REQUESTS, "too much to look at").with_max_age(seconds)
            })?;
        }
        let encodings = self.encodings;
        let answer = self.answer_admitted(now, directory, config, asker, request, question);
        let written = self.encoded.as_ref().filter(|_| self.encodings > encodings).map_or(0, |encoded| encoded.looks);
        let looks = written + self.sessions.take_looks();
        if !asker.is_replica {
            self.pace.count(now, asker.host, looks, &config.limits);
        }
        answer
    }

    fn answer_admitted(
        &mut self,
        now: Instant,
        directory: &Directory,
        config: &SyncConfig,
        asker: Asker<'_>,
        request: &Request,
        question: Question,
    ) -> Result<Response, Response> {
        let limits = &config.limits;
        let comparer = Comparer { host: asker.host, is_replica: asker.is_replica };
        let busy = || Response::refusal(Code::SERVICE_UNAVAILABLE, "too many comparisons at a time").with_max_age(BUSY);
        let mut question = match question {
            Question::Changes(question) => question,
            Question::Cells { key, from, count, .. } => {
                let cells = self.sessions.cells(now, directory, limits, comparer, (key, from, count));
                return Ok(Response::content(config.content_format, cells.ok_or_else(busy)?).with_max_age(0));
            }
            Question::Entries { relation, key, ids } => {
                let writes = self.sessions.writes(now, directory, limits, comparer, (key, &ids)).ok_or_else(busy)?;
                let octets = entries(now, directory, relation, &writes);
                return Ok(Response::content(config.content_format, octets).with_max_age(0));
            }
        };
        question.size = question.size.min(config.limits.answer_bytes as u64);
        let holds = Position { version: question.cursor.clone(), heard: question.heard.clone() };
        let (mut response, reached, is_complete) = self.content(now, directory, config, &question, &holds, true)?;
        let wants = request.observe == Some(Observe::Register);
        // Who has not caught up asks on, and then observes.
        if wants && is_complete && self.observers.len() < config.limits.observers {
            if self.observers.is_empty() {
                self.announced = reached.clone();
                self.unsettled = Unsettled { after: reached.clone(), then: reached.clone(), until: now };
            }
            question.is_whole = false;
            self.observers.insert(asker.exchange, Observer { question, holds: reached, is_due: false, next: now });
            response.is_observed = true;
        }
        Ok(response)
    }

    /// Returns the answer to a question of who holds a version, the version that it leads to, and whether that is all.
    fn content(
        &mut self,
        now: Instant,
        directory: &Directory,
        config: &SyncConfig,
        question: &ChangesQuestion,
        holds: &Position,
        is_asked: bool,
    ) -> Result<(Response, Position, bool), Response> {
        let is_same =
            |encoded: &Encoded| encoded.is_asked == is_asked && encoded.answers(now, directory, question, holds);
        if !self.encoded.as_ref().is_some_and(is_same) {
            let settled = if is_asked { holds } else { &self.unsettled.after };
            self.encoded = Some(encode(now, directory, config, question, holds, settled, is_asked)?);
            self.encodings += 1;
        }
        let Some(encoded) = &self.encoded else { unreachable!("it was just written") };
        let response = Response::content(config.content_format, encoded.octets.clone()).with_max_age(0);
        Ok((response, encoded.reached.clone(), encoded.is_complete))
    }
}

impl Position {
    fn of(directory: &Directory) -> Self {
        Self { version: directory.version().clone(), heard: directory.heard(&Origin::Local) }
    }

    fn includes(&self, other: &Self) -> bool {
        self.version.includes(&other.version) && self.heard.includes(&other.heard)
    }
}

impl Unsettled {
    /// Notes that observers are told of something beyond a position.
    fn announce(&mut self, now: Instant, config: &SyncConfig, before: Position) {
        // Each of them asks in that time.
        let span = config.limits.refresh * 2;
        if now < self.until {
            return;
        }
        let then = core::mem::replace(&mut self.then, before);
        self.after = if self.until + span > now { then } else { self.then.clone() };
        self.until = now + span;
    }
}

impl Encoded {
    /// Tells whether this is what would be written now.
    fn answers(&self, now: Instant, directory: &Directory, question: &ChangesQuestion, holds: &Position) -> bool {
        self.at == now
            && self.question.is_like(question)
            && self.holds == *holds
            && self.current == Position::of(directory)
    }
}

fn encode(
    now: Instant,
    directory: &Directory,
    config: &SyncConfig,
    question: &ChangesQuestion,
    holds: &Position,
    settled: &Position,
    is_asked: bool,
) -> Result<Encoded, Response> {
    let gap = || Response::refusal(Code::CONFLICT, "a removal after that version was forgotten");
    let current = Position::of(directory);
    let told = directory.told_version(&Origin::Local);
    let mut writer = Writer::new(question, &holds.version, &told);
    let mut reached = holds.clone();
    let (mut is_complete, mut looks) = (true, 0);
    for change in directory.feed(now, &holds.version).map_err(|_| gap())? {
        let is_full = writer.len() as u64 >= question.size && !writer.is_empty();
        if is_full || question.selection.is_some() && looks >= config.limits.looked_at as u64 {
            is_complete = false;
            break;
        }
        match &question.selection {
            Some(selection) => match selection.concerned_by(now, directory, holds, &change).map_err(|Gap| gap())? {
                Concerned::Has => writer.change(&change, place_of(directory, question.relation, &change).as_ref()),
                Concerned::MayHaveHad => writer.leave(&change),
                Concerned::Not => writer.pass(change.dot()),
            },
            None => writer.change(&change, place_of(directory, question.relation, &change).as_ref()),
        }
        reached.version.insert(change.dot());
        looks += 1;
    }
    if is_complete {
        reached = current.clone();
        // Who was ahead of this directory stays so.
        reached.version.merge(&holds.version);
        reached.heard.merge(&holds.heard);
    }
    let mut renewals = if is_complete { directory.renewals(now, &Origin::Local, &holds.heard) } else { Vec::new() };
    // In numbers alone, what may not have been heard.
    let repeated: Vec<RenewalBatch> = holds
        .heard
        .beyond(&settled.heard)
        .filter(|(after, _)| renewals.iter().all(|batch| batch.owner != after.replica))
        .map(|(after, upto)| RenewalBatch { owner: after.replica, after: upto, upto, renewed: Vec::new() })
        .collect();
    renewals.extend(repeated);
    looks += renewals.iter().map(|batch| batch.renewed.len() as u64).sum::<u64>();
    let is_comparable = is_asked && question.selection.is_none() && current.version.includes(&holds.version);
    let digest = is_comparable.then(|| directory.digest(&Origin::Local));
    Ok(Encoded {
        is_asked,
        question: question.clone(),
        holds: holds.clone(),
        current: current.clone(),
        at: now,
        octets: if is_complete { writer.complete(&settled.version, &renewals, digest) } else { writer.cut() }.into(),
        reached,
        is_complete,
        looks,
    })
}

/// How a change concerns who holds a selection.
enum Concerned {
    /// It is in the selection.
    Has,
    /// It is not, and may have been.
    MayHaveHad,
    Not,
}

/// Says that a selection cannot be told change by change, so that it has to be read anew.
struct Gap;

impl Selection {
    fn concerned_by(
        &self,
        now: Instant,
        directory: &Directory,
        holds: &Position,
        change: &ChangeRef<'_>,
    ) -> Result<Concerned, Gap> {
        let is_news = holds.version.is_empty() || self.news.contains(change.dot());
        let is_alone = matches!(change, ChangeRef::Put(record) if !record.is_one_of_several());
        match (directory.selects(now, &self.query, change), is_news) {
            // The writes that it is together with may have been passed over, as they did not match by themselves.
            (true, false) if !is_alone => Err(Gap),
            (true, _) => Ok(Concerned::Has),
            (false, true) => Ok(Concerned::Not),
            (false, false) => Ok(Concerned::MayHaveHad),
        }
    }
}

/// Returns where a registration is, for a mirror, which cannot know.
fn place_of(directory: &Directory, relation: Relation, change: &ChangeRef<'_>) -> Option<Location> {
    match change {
        ChangeRef::Put(record) if relation == Relation::Mirror => Some(directory.locate_record(record)),
        _ => None,
    }
}

/// Encodes the registrations that these writes made, as far as they are still here.
fn entries(now: Instant, directory: &Directory, relation: Relation, writes: &[Dot]) -> Vec<u8> {
    let (cursor, heard) = (Version::new(), Version::new());
    let question = ChangesQuestion { relation, cursor, heard, size: 0, is_whole: true, selection: None };
    let mut writer = Writer::new(&question, &question.cursor, directory.version());
    for record in writes.iter().filter_map(|dot| directory.written(now, &Origin::Local, *dot)) {
        let change = ChangeRef::Put(record);
        writer.change(&change, place_of(directory, relation, &change).as_ref());
    }
    writer.cut()
}

/// Seconds after which to ask again for a comparison.
const BUSY: u32 = 60;

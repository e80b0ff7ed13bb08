mod encoded;
mod observers;

use alloc::collections::{BTreeMap, VecDeque};

use waypost_directory::Directory;
use waypost_model::Origin;
use waypost_rest::{Allowance, Budget, Code, ExchangeId, Method, Observe, Output, Overdrawn, Request, Response};
use waypost_time::Instant;

use self::encoded::{Asked, Encoded, Gap, Position, entries, looks_of};
use self::observers::{Observer, Observers};
use crate::Limits;
use crate::client::Client;
use crate::context::{Context, NotPassedOn};
use crate::passage::Passage;
use crate::sessions::{Comparer, Sessions};
use crate::subject::Subject;
use crate::wire::{ChangesQuestion, Question};

/// Serves the feeds of a directory, its own and those that it passes on: answers questions, and tells those who observe.
#[derive(Debug, Default)]
pub(crate) struct Source {
    observers: BTreeMap<Origin, Observers>,
    outputs: VecDeque<Output>,
    encoded: Option<Encoded>,
    encodings: u64,
    /// Looks that all answers took, beside those of comparisons.
    looks: u64,
    sessions: Sessions,
    /// What strangers had looked at.
    budget: Budget,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asker<'a> {
    pub(crate) exchange: ExchangeId,
    pub(crate) client: &'a Client,
}

impl Source {
    /// Answers a request for the feed.
    pub(crate) fn handle_request(&mut self, context: &Context<'_>, asker: Asker<'_>, request: &Request) {
        let exchange = asker.exchange;
        self.handle_cancel(exchange);
        let response = match self.answer(context, asker, request) {
            Ok(response) | Err(response) => response,
        };
        self.outputs.push_back(Output::Response { exchange, response });
    }

    /// Has who asks show first that it receives what is sent to its address.
    pub(crate) fn challenge(&mut self, exchange: ExchangeId) {
        self.handle_cancel(exchange);
        let response = Response::refusal(Code::TOO_MANY_REQUESTS, "not known to be reachable").with_max_age(0);
        self.outputs.push_back(Output::Response { exchange, response });
    }

    /// Sends an observer what it lacks.
    pub(crate) fn handle_ready(&mut self, context: &Context<'_>, exchange: ExchangeId) {
        let find = |observers| Some((Observers::of(observers, exchange)?, observers.settled().clone()));
        let Some((observer, settled)) = self.observers.values().find_map(find) else { return };
        let (question, holds) = (observer.question.clone(), observer.holds.clone());
        let is_selection = question.selection.is_some();
        let response = match self.content(context, question, holds, Some(settled)) {
            Ok((mut response, reached, is_complete)) => {
                response.is_observed = true;
                if let Some(observer) = self.observer(exchange) {
                    // Who is told of renewals that go on asks for the rest: it may not hear this.
                    observer.is_due = !is_complete && reached.cut.is_none();
                    observer.holds = Position { cut: None, ..reached };
                    if is_selection {
                        observer.next = context.now + context.config.limits.selection_pace;
                    }
                }
                response
            }
            Err(refusal) => {
                self.handle_cancel(exchange);
                refusal
            }
        };
        self.outputs.push_back(Output::Notification { exchange, response });
    }

    pub(crate) fn handle_cancel(&mut self, exchange: ExchangeId) {
        self.observers.retain(|_, observers| {
            observers.remove(exchange);
            !observers.is_empty()
        });
    }

    pub(crate) fn poll_output(&mut self, context: &Context<'_>) -> Option<Output> {
        for (origin, observers) in &mut self.observers {
            observers.announce(context, origin);
        }
        self.outputs.pop_front().or_else(|| {
            let exchange = self.observers.values_mut().find_map(|observers| observers.take_due(context.now))?;
            Some(Output::Changed { exchange })
        })
    }

    /// Returns when [`Source::poll_output`] may have something to say though nothing happens meanwhile.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.observers.values().filter_map(Observers::deadline).min()
    }

    /// Returns how many answers were written; those that several peers were sent count once.
    pub(crate) const fn encodings(&self) -> u64 {
        self.encodings
    }

    /// Has the observers told of renewals now, and not when some more have gathered.
    pub(crate) fn hurry(&mut self, now: Instant) {
        self.observers.values_mut().for_each(|observers| observers.hurry(now));
    }

    /// Tells whether every replica that observes was sent all that there is.
    pub(crate) fn is_told(&self, directory: &Directory) -> bool {
        self.observers.iter().all(|(origin, observers)| observers.are_told(directory, origin))
    }

    pub(crate) fn observers(&self) -> usize {
        self.observers.values().map(Observers::len).sum()
    }

    /// Tells whether there is room for one more observation of a client. Nobody takes that of others: replicas have their own, and
    /// those that may be anybody leave some to those that are somebody.
    fn may_observe(&self, client: &Client, limits: &Limits) -> bool {
        let clients = || self.observers.values().flat_map(Observers::clients);
        let own = clients().filter(|other| *other == client).count();
        if client.is_replica() {
            return own < limits.observers;
        }
        let strangers = clients().filter(|other| !other.is_replica()).count();
        let unverified = || clients().filter(|other| other.is_unverified()).count();
        let is_room_of_kind = !client.is_unverified() || unverified() < limits.observers / 2;
        own < limits.observers_per_account && strangers < limits.observers && is_room_of_kind
    }

    fn observer(&mut self, exchange: ExchangeId) -> Option<&mut Observer> {
        self.observers.values_mut().find_map(|observers| observers.of_mut(exchange))
    }

    fn answer(&mut self, context: &Context<'_>, asker: Asker<'_>, request: &Request) -> Result<Response, Response> {
        let Context { now, directory, config, .. } = *context;
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
        let mut question = Question::decode(&request.payload).map_err(|malformed| {
            let diagnostic = alloc::format!("octet {}: {malformed}", malformed.offset);
            Response::refusal(Code::BAD_REQUEST, diagnostic)
        })?;
        let subject = question.subject_mut();
        *subject = subject.clone().seen_by(directory.config());
        let account = asker.client.account();
        let is_admitted = account.is_none()
            || match subject {
                Subject::Replica => false,
                Subject::Mirror => config.admits_mirrors,
                Subject::Through(_) => config.passes_on,
            };
        if !is_admitted {
            return Err(Response::refusal(Code::FORBIDDEN, "not a reader of this feed"));
        }
        let allowance = Allowance { each: config.limits.looks, all: config.limits.looks_in_all };
        if let Some(account) = account {
            self.budget.admit(now, account, allowance).map_err(Overdrawn::response)?;
        }
        let before = self.looks;
        let answer = self.answer_admitted(context, asker, request, question);
        let looks = self.looks - before + self.sessions.take_looks();
        if let Some(account) = account {
            self.budget.count(now, account.clone(), looks + QUESTION, allowance);
        }
        answer
    }

    fn answer_admitted(
        &mut self,
        context: &Context<'_>,
        asker: Asker<'_>,
        request: &Request,
        question: Question,
    ) -> Result<Response, Response> {
        let Context { now, config, .. } = *context;
        let origin = question.subject().origin();
        let comparer = Comparer { client: asker.client, origin: &origin };
        let busy = || {
            // Who shows that it is somebody in particular has the room that those have.
            let code = if asker.client.is_unverified() { Code::TOO_MANY_REQUESTS } else { Code::SERVICE_UNAVAILABLE };
            Response::refusal(code, "too many comparisons at a time").with_max_age(BUSY)
        };
        let mut question = match question {
            Question::Changes(question) => question,
            Question::Cells { subject, key, from, count } => {
                passage(context, &subject)?;
                let cells = self.sessions.cells(context, comparer, (key, from, count)).ok_or_else(busy)?;
                return Ok(Response::content(config.content_format, cells).with_max_age(0));
            }
            Question::Entries { subject, key, ids } => {
                passage(context, &subject)?;
                let too_much = || Response::refusal(Code::REQUEST_ENTITY_TOO_LARGE, "too much for one answer");
                if ids.len() > config.limits.ids {
                    return Err(too_much());
                }
                let writes = self.sessions.writes(context, comparer, (key, &ids)).ok_or_else(busy)?;
                // One goes whole, whatever its size.
                let room = if ids.len() > 1 { config.limits.answer_bytes } else { usize::MAX };
                let octets = entries(context, subject, &writes, room);
                self.looks += looks_of(match &octets {
                    Ok(octets) => octets.len(),
                    Err(written) => *written,
                });
                let octets = octets.map_err(|_| too_much())?;
                return Ok(Response::content(config.content_format, octets).with_max_age(0));
            }
        };
        question.size = question.size.min(config.limits.answer_bytes as u64);
        let holds = Position { version: question.cursor.clone(), heard: question.heard.clone(), cut: question.cut };
        let (mut response, reached, is_complete) = self.content(context, question.clone(), holds, None)?;
        let wants = request.observe == Some(Observe::Register);
        // Who has not caught up asks on, and then observes.
        if wants && is_complete && self.may_observe(asker.client, &config.limits) {
            question.is_whole = false;
            let client = asker.client.clone();
            let observer = Observer { client, question, holds: reached, is_due: false, next: now };
            self.observers.entry(origin).or_default().insert(now, asker.exchange, observer);
            response.is_observed = true;
        }
        Ok(response)
    }

    /// Returns the answer to a question of who holds a version, the version that it leads to, and whether that is all.
    fn content(
        &mut self,
        context: &Context<'_>,
        question: ChangesQuestion,
        holds: Position,
        settled: Option<Position>,
    ) -> Result<(Response, Position, bool), Response> {
        let passage = passage(context, &question.subject)?;
        let number = question.number;
        let asked = Asked { question, holds, passage, settled };
        let encoded = match self.encoded.take().filter(|encoded| encoded.answers(context, &asked)) {
            Some(encoded) => encoded,
            None => {
                let gap = |Gap| Response::refusal(Code::CONFLICT, "a removal after that version was forgotten");
                let encoded = Encoded::new(context, asked).map_err(gap)?;
                self.encodings += 1;
                self.looks += encoded.looks;
                encoded
            }
        };
        let encoded = self.encoded.insert(encoded);
        let octets = number.before(&encoded.octets);
        let response = Response::content(context.config.content_format, octets).with_max_age(0);
        Ok((response, encoded.reached.clone(), encoded.is_complete))
    }
}

/// Returns how what is asked for has come here, if it was made elsewhere.
fn passage(context: &Context<'_>, subject: &Subject) -> Result<Option<Passage>, Response> {
    let Subject::Through(authority) = subject else { return Ok(None) };
    (context.passage)(authority).map(Some).map_err(|reason| match reason {
        NotPassedOn::NotHeld => Response::refusal(Code::NOT_FOUND, "not wholly mirrored here"),
        NotPassedOn::NotYet => Response::refusal(Code::SERVICE_UNAVAILABLE, "not read to its end yet").with_max_age(0),
    })
}

/// What a question costs, in looks, beside what is looked at for it.
const QUESTION: u64 = 64;
/// Seconds after which to ask again for a comparison.
const BUSY: u32 = 60;

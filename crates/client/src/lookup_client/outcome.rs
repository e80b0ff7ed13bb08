//! What the outcome of a request means.

use core::time::Duration;

use waypost_link_format::LinkDocumentBuf;
use waypost_rest::{Code, RequestFailure, RequestId, Response};
use waypost_time::back_off;

use super::LookupClient;
use super::following::{Followed, Following};
use super::running::{Phase, Step};
use crate::diagnostic::diagnostic_of;
use crate::discovery::{DEFAULT_MAX_AGE, link_format_of, max_age_of};
use crate::lookup::Mode;
use crate::registrant::{Patience, SHORTEST_WAIT, echo_of, is_postponement};
use crate::resolved::resolved;
use crate::{Answer, Fault, LookupEvent, LookupId, ResourceUri};

/// Why a step did not succeed.
#[derive(Clone)]
enum Problem {
    Refused(Response),
    Fault(Fault),
}

impl LookupClient {
    pub(super) fn take_outcome(&mut self, request: RequestId, outcome: Result<Response, RequestFailure>) {
        let Some(&id) = self.by_request.get(&request) else { return };
        let Some(running) = self.running.get_mut(&id) else { return };
        let step = running.step.clone();
        let uri = match &step {
            Step::Discover => running.lookup.at.clone(),
            Step::Get { uri } => uri.clone(),
        };
        let is_observed = outcome.as_ref().is_ok_and(|response| response.is_observed && response.code.is_success())
            && running.lookup.mode == Mode::Observed
            && matches!(step, Step::Get { .. });
        if !is_observed {
            running.request = None;
            self.by_request.remove(&request);
        }
        if let Ok(response) = &outcome {
            if let Some(echo) = echo_of(response) {
                self.echo = Some((uri.authority().clone(), echo.clone()));
            }
            if self.try_again(id, &uri, response) {
                return;
            }
        }
        if let Ok(response) = &outcome
            && response.code == Code::NOT_ACCEPTABLE
            && self.give_up_deltas(id)
        {
            return;
        }
        let result = match (outcome, step) {
            (Err(failure), _) => Err(Problem::Fault(failure.into())),
            (Ok(response), _) if matches!(response.code.class(), 4 | 5) => Err(Problem::Refused(response)),
            // What no response has that a client knows (RFC 7252 §5.9).
            (Ok(response), _) if !response.code.is_success() => Err(Problem::Fault(Fault::Code(response.code))),
            (Ok(response), Step::Discover) => self.take_interfaces(id, &uri, &response).map_err(Problem::Fault),
            (Ok(response), Step::Get { uri }) => {
                self.take_answer(id, &uri, &response, is_observed).map_err(Problem::Fault)
            }
        };
        if let Err(problem) = result {
            self.fail(id, &uri, problem);
        }
    }

    /// Gives up on a request that has no outcome. The transport may still have one to come: an observation that nobody knows of
    /// must not grow from it.
    pub(super) fn time_out(&mut self, id: LookupId) {
        let Some(running) = self.running.get(&id) else { return };
        let uri = match &running.step {
            Step::Discover => running.lookup.at.clone(),
            Step::Get { uri } => uri.clone(),
        };
        self.fail(id, &uri, Problem::Fault(Fault::Unanswered(RequestFailure::TimedOut)));
    }

    /// Repeats a request that the directory wants repeated: with an Echo value at once, or later.
    fn try_again(&mut self, id: LookupId, uri: &ResourceUri, response: &Response) -> bool {
        let limits = &self.config.limits;
        let Some(running) = self.running.get_mut(&id) else { return false };
        let patience = &mut running.patience;
        if patience.repeats_with_echo(response, limits) {
            self.ask(id);
            return true;
        }
        if !is_postponement(response.code) {
            return false;
        }
        let wait = max_age_of(response).max(SHORTEST_WAIT);
        patience.postponed += 1;
        patience.waited = patience.waited.saturating_add(wait);
        if patience.postponed > limits.unavailable_retries || patience.waited > limits.unavailable_wait {
            return false;
        }
        running.phase = Phase::Postponed { until: self.now + wait.saturating_add(self.random.up_to(wait / 8)) };
        self.note(id, LookupEvent::Postponed { uri: uri.as_str().into(), wait });
        true
    }

    fn take_interfaces(&mut self, id: LookupId, host: &ResourceUri, response: &Response) -> Result<(), Fault> {
        let Some(running) = self.running.get_mut(&id) else { return Ok(()) };
        let interfaces = running.lookup.interfaces;
        let uris = interfaces.read(host, response, &self.config.schemes, &self.config.limits)?;
        let uri = uris.first().cloned().ok_or(Fault::NoInterface)?;
        running.patience = Patience::default();
        running.tried = 0;
        running.step = Step::Get { uri };
        // Many hosts at a time are rare; then the first to forget is as good as any.
        while self.discovered.len() >= self.config.limits.lookups.max(1) {
            self.discovered.pop_first();
        }
        self.discovered.insert((host.clone(), interfaces), (uris, self.now + max_age_of(response)));
        self.ask(id);
        for waiting in self.end_discovery(id, &(host.clone(), interfaces)) {
            self.begin(waiting);
        }
        Ok(())
    }

    fn take_answer(
        &mut self,
        id: LookupId,
        uri: &ResourceUri,
        response: &Response,
        is_observed: bool,
    ) -> Result<(), Fault> {
        let Some(running) = self.running.get_mut(&id) else { return Ok(()) };
        let limits = &self.config.limits;
        let asked = (uri.clone(), running.lookup.arguments(running.page));
        let is_delta = response.code == Code::VALID || response.content_format == Some(self.config.link_delta_format);
        let is_delta = is_delta && running.is_by_deltas();
        let mut max_age = max_age_of(response);
        let links = if is_delta {
            match running.following.take(response, limits.answer_bytes)? {
                Followed::Links(text) => resolved(text, uri.as_str(), limits.answer_bytes)?,
                Followed::Step(text) => {
                    max_age = DEFAULT_MAX_AGE;
                    resolved(text, uri.as_str(), limits.answer_bytes)?
                }
                Followed::Gap => {
                    self.begin_anew(id);
                    return Ok(());
                }
            }
        } else if response.code == Code::VALID {
            match self.answers.revalidated(&asked, response.etag) {
                Some(links) => links,
                // Another look-up has replaced the answer meanwhile.
                None if running.revalidates => {
                    self.answers.remove(&asked);
                    self.ask(id);
                    return Ok(());
                }
                None => return Err(Fault::Code(Code::VALID)),
            }
        } else {
            let text = link_format_of(response, limits.answer_bytes)?;
            let links = resolved(text, uri.as_str(), limits.answer_bytes)?;
            self.answers.put(&asked, response.etag, &links, limits);
            links
        };
        running.patience = Patience::default();
        (running.unanswered, running.failures) = (None, 0);
        match running.lookup.mode {
            Mode::Once => self.show(id, uri, links, max_age, true, false),
            Mode::InPagesOf(count) => {
                // More than was asked for is everything: a directory that knows no pages.
                let is_full = links.links().take(count as usize + 1).count() == count as usize;
                if is_full && running.page + 1 >= limits.pages {
                    self.show(id, uri, links, max_age, false, false);
                    return Err(Fault::TooManyPages);
                }
                running.phase = Phase::Full;
                self.show(id, uri, links, max_age, !is_full, false);
                if let Some(running) = self.running.get_mut(&id) {
                    running.page += 1;
                }
            }
            Mode::Observed => {
                let next = if is_observed {
                    // RFC 7641 §3.3.1: not before the answer is stale and a random time has passed.
                    let spread = Duration::from_secs(5) + self.random.up_to(Duration::from_secs(10));
                    Phase::Observing { refresh: self.now + max_age.max(limits.refresh) + spread }
                } else {
                    Phase::Postponed { until: self.now + self.random.stretch(max_age.max(limits.poll)) }
                };
                running.phase = next;
                if running.shown.as_ref() != Some(&links) {
                    running.shown = Some(links.clone());
                    self.show(id, uri, links, max_age, false, is_observed);
                } else {
                    self.confirm(id, max_age);
                }
            }
        }
        Ok(())
    }

    /// Observes in link-format from now on; returns false if that is what is done.
    fn give_up_deltas(&mut self, id: LookupId) -> bool {
        let Some(running) = self.running.get_mut(&id).filter(|running| running.is_by_deltas()) else { return false };
        running.following.is_given_up = true;
        self.ask(id);
        true
    }

    /// Asks for everything after something was missed; in link-format, which is another observation, where that is of no use.
    fn begin_anew(&mut self, id: LookupId) {
        let Some(mut running) = self.running.remove(&id) else { return };
        if running.following.is_hopeless() {
            if let Some(request) = running.request.take() {
                self.by_request.remove(&request);
                self.end_request(request, &running);
            }
            running.following.is_given_up = true;
        }
        self.running.insert(id, running);
        self.ask(id);
    }

    fn show(
        &mut self,
        id: LookupId,
        uri: &ResourceUri,
        links: LinkDocumentBuf,
        max_age: Duration,
        is_last: bool,
        is_observed: bool,
    ) {
        let page = self.running.get(&id).and_then(|running| running.lookup.page(running.page));
        let (uri, zone, received) = (uri.clone(), uri.zone(), self.now);
        self.note(id, LookupEvent::Found(Answer { uri, links, page, is_last, is_observed, received, max_age, zone }));
        if is_last {
            self.running.remove(&id);
        }
    }

    /// Notes that an observed look-up is as it was, unless what it was is yet to be taken.
    fn confirm(&mut self, id: LookupId, max_age: Duration) {
        let is_found = |event: &LookupEvent| matches!(event, LookupEvent::Found(_));
        if !self.events.iter().any(|(other, event)| *other == id && is_found(event)) {
            self.note(id, LookupEvent::Confirmed { received: self.now, max_age });
        }
    }

    /// Goes on with the next interface, or ends the look-up, or puts it off where it is observed.
    ///
    /// What could not be discovered could not be for those that waited for it either.
    fn fail(&mut self, id: LookupId, uri: &ResourceUri, problem: Problem) {
        let limits = &self.config.limits;
        let shared = problem.clone();
        let asked_for = match &problem {
            Problem::Refused(response) if is_postponement(response.code) => {
                max_age_of(response).min(limits.retry_max.max(limits.unavailable_wait))
            }
            _ => Duration::ZERO,
        };
        let event = match problem {
            Problem::Refused(response) => LookupEvent::Refused {
                uri: uri.as_str().into(),
                code: response.code,
                diagnostic: diagnostic_of(&response, limits.diagnostic_bytes),
                max_age: max_age_of(&response),
                is_explicit: response.max_age.is_some(),
            },
            Problem::Fault(fault) => LookupEvent::Failed { uri: uri.as_str().into(), fault },
        };
        let Some(mut running) = self.running.remove(&id) else { return };
        let waiting = self.end_discovery(id, &running.place());
        if let Some(request) = running.request.take() {
            // What cannot be used, or does not come, need not go on.
            self.by_request.remove(&request);
            self.end_request(request, &running);
        }
        let limits = &self.config.limits;
        running.patience = Patience::default();
        let was_discovered = running.lookup.at.is_host() && matches!(running.step, Step::Get { .. });
        let key = (running.lookup.at.clone(), running.lookup.interfaces);
        running.step = Step::Discover;
        running.following = Following::default();
        running.tried += 1;
        let has_next = was_discovered
            && running.page == 0
            && self.discovered.get(&key).is_some_and(|(uris, _)| running.tried < uris.len());
        if was_discovered && !has_next {
            running.tried = 0;
            self.discovered.remove(&key);
        }
        let is_observed = running.lookup.mode == Mode::Observed;
        if is_observed && !has_next {
            running.failures = running.failures.saturating_add(1);
            let wait = back_off(limits.retry, limits.retry_max, running.failures).max(asked_for);
            let wait = self.random.stretch(wait);
            running.phase = Phase::Postponed { until: self.now + wait };
        }
        if has_next || is_observed {
            self.running.insert(id, running);
        }
        if has_next {
            self.begin(id);
        } else {
            self.note(id, event);
        }
        for waiting in waiting {
            self.fail(waiting, uri, shared.clone());
        }
    }
}

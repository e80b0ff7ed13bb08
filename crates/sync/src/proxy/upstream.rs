use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use waypost_client::{Fault, Interfaces, Limits as ClientLimits, ResourceUri};
use waypost_filter::Query;
use waypost_rest::{Peer, Request, RequestFailure, Response};
use waypost_time::{Instant, Jitter, back_off};

use super::conjunction::Conjunction;
use super::parts::Part;
use crate::{Holding, ProxyConfig, ProxyLimits};

/// A directory that is proxied.
#[derive(Debug)]
pub(super) struct Upstream {
    pub(super) host: ResourceUri,
    pub(super) holding: Holding,
    /// What is known of all values there.
    pub(super) summary: Query,
    /// What its locations begin with.
    pub(super) locations: String,
    pub(super) registry: Registry,
    pub(super) conjunction: Conjunction,
    /// When it answered last, be it with a refusal.
    answered: Option<Instant>,
    /// How often in a row it did not answer.
    failures: u32,
    /// Until when it is not asked again, and what is taken for its answer meanwhile.
    away: Option<(Instant, Part)>,
}

impl Upstream {
    pub(super) fn new(host: ResourceUri, holding: Holding, summary: Query) -> Self {
        let locations = [host.authority().as_str(), "/"].concat();
        let registry = Registry { phase: Phase::Due, found: Vec::new(), failures: 0 };
        let conjunction = Conjunction::default();
        Self { host, holding, summary, locations, registry, conjunction, answered: None, failures: 0, away: None }
    }

    pub(super) fn name(&self) -> Box<str> {
        self.host.as_str().into()
    }

    /// Returns what is taken for its answer while it is not to be asked, if it is not.
    pub(super) fn away(&self, now: Instant) -> Option<&Part> {
        self.away.as_ref().filter(|(until, _)| now < *until).map(|(_, part)| part)
    }

    /// Returns how long it is not asked.
    pub(super) fn rest(&self, now: Instant) -> Option<Duration> {
        self.away.as_ref().map(|(until, _)| until.saturating_since(now)).filter(|rest| !rest.is_zero())
    }

    /// Tells whether it has asked to be asked later.
    pub(super) fn is_put_off(&self, now: Instant) -> bool {
        self.away(now).is_some_and(|part| part.put_off_until().is_some())
    }

    /// Takes note that it can be reached. What it put off is not due for that: this may answer what was asked before.
    pub(super) fn answered(&mut self, now: Instant) {
        self.answered = Some(now);
        self.failures = 0;
        self.away.take_if(|(_, part)| matches!(part, Part::Failed(_)));
    }

    /// Takes note of a refusal, which goes for all that the proxy asks if it says when to come back
    /// ([RFC 8516 §4](https://www.rfc-editor.org/rfc/rfc8516#section-4),
    /// [RFC 7252 §5.9.3.4](https://www.rfc-editor.org/rfc/rfc7252#section-5.9.3.4)). One that does not is of what was asked alone. Clients
    /// are told to stay away no longer than the proxy does.
    pub(super) fn refused(&mut self, now: Instant, part: &mut Part, limits: &ProxyLimits) {
        self.answered(now);
        part.put_off_at_most(now + limits.put_off);
        let Some(until) = part.put_off_until() else { return };
        if self.away.as_ref().is_none_or(|(former, _)| *former < until) {
            self.away = Some((until, part.clone()));
        }
    }

    /// Takes note that a question was not answered. It is not asked for a while, unless it has answered another meanwhile: a transport
    /// sends questions one after the other ([RFC 7252 §4.7](https://www.rfc-editor.org/rfc/rfc7252#section-4.7)), so that one that is
    /// asked much has some that were not even sent in time.
    pub(super) fn failed(&mut self, now: Instant, failure: RequestFailure, limits: &ProxyLimits, jitter: &mut Jitter) {
        let is_busy = failure == RequestFailure::TimedOut
            && self.answered.is_some_and(|answered| now < answered + limits.patience);
        // What was asked at the same time fails with the first.
        if is_busy || self.rest(now).is_some() {
            return;
        }
        self.failures = self.failures.saturating_add(1);
        let wait = jitter.stretch(back_off(limits.retry, limits.retry_max, self.failures));
        self.away = Some((now + wait, Part::Failed(failure.into())));
    }
}

/// Where endpoints register at a source.
#[derive(Debug)]
pub(super) struct Registry {
    phase: Phase,
    /// What it said last: where it is silent, registrants may still be sent there, and find it back or go on.
    pub(super) found: Vec<ResourceUri>,
    failures: u32,
}

#[derive(Debug, Clone, Copy)]
enum Phase {
    Due,
    Asking { deadline: Instant },
    Waiting { until: Instant },
}

impl Registry {
    /// Returns the question for the registration interface, if it is time for it.
    pub(super) fn poll_request(
        &mut self,
        now: Instant,
        host: &ResourceUri,
        patience: Duration,
    ) -> Option<(Peer, Request)> {
        let Phase::Due = self.phase else { return None };
        self.phase = Phase::Asking { deadline: now + patience };
        Some((host.peer(), Interfaces::Registration.request(host)))
    }

    /// Takes the answer; tells whether something is new.
    pub(super) fn take(
        &mut self,
        now: Instant,
        host: &ResourceUri,
        outcome: Result<Response, RequestFailure>,
        config: &ProxyConfig,
        jitter: &mut Jitter,
    ) -> bool {
        let Phase::Asking { .. } = self.phase else { return false };
        let limits = &config.limits;
        let read = |response: Response| {
            let found = Interfaces::Registration.read(host, &response, &config.schemes, &ClientLimits::default());
            found.map(|found| (found, Duration::from_secs(response.max_age.unwrap_or(60).into())))
        };
        let (wait, is_new) = match outcome.map_err(Fault::from).and_then(read) {
            Ok((found, max_age)) => {
                self.failures = 0;
                let is_new = self.found != found;
                self.found = found;
                (max_age.max(limits.retry_max), is_new)
            }
            Err(_) => {
                self.failures = self.failures.saturating_add(1);
                (back_off(limits.retry, limits.retry_max, self.failures), false)
            }
        };
        self.phase = Phase::Waiting { until: now + jitter.stretch(wait) };
        is_new
    }

    /// Returns whether an answer is overdue.
    pub(super) fn handle_timeout(&mut self, now: Instant) -> bool {
        match self.phase {
            Phase::Waiting { until } if until <= now => {
                self.phase = Phase::Due;
                false
            }
            Phase::Asking { deadline } => deadline <= now,
            _ => false,
        }
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Due => None,
            Phase::Asking { deadline } => Some(deadline),
            Phase::Waiting { until } => Some(until),
        }
    }
}

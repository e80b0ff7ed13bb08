use core::time::Duration;

use waypost_client::Fault;
use waypost_directory::Digest;
use waypost_model::Version;
use waypost_rest::{Code, RequestFailure, Response};
use waypost_time::{Instant, back_off};

use super::{COMPARISON, Follower, Phase, Surroundings, Taken};
use crate::reconciliation::{Progress, Reconciliation};
use crate::wire::{Answer, Cells, Item};
use crate::{Limits, Relation, SyncEvent};

/// Comparing everything with the source.
#[derive(Debug)]
pub(super) struct Comparison {
    pub(super) reconciliation: Reconciliation,
    pub(super) turn: Turn,
    /// How often in a row it was put off.
    put_off: u32,
    /// Whether another one just before was contradictory.
    is_second: bool,
}

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// A question is to be asked.
    Ask,
    /// An answer is waited for until then.
    Asked { deadline: Instant },
    /// The source wants to be asked again then.
    PutOff { until: Instant },
}

impl Comparison {
    pub(super) const fn deadline(&self) -> Option<Instant> {
        match self.turn {
            Turn::Ask => None,
            Turn::Asked { deadline: at } | Turn::PutOff { until: at } => Some(at),
        }
    }
}

/// What a follower does when it and its source may have come apart.
impl Follower {
    /// Compares everything with the source if what it says of itself is not what is here.
    ///
    /// What expires does so at slightly different times, so that two who agree may differ for a while: a comparison tells, and
    /// comes seldom.
    pub(super) fn doubt(&mut self, surroundings: &mut Surroundings<'_>, there: Digest) {
        let is_same = surroundings.directory.digest(&self.origin) == there;
        self.is_ahead &= !is_same;
        if !is_same && self.anew.is_none() && self.comparable <= surroundings.now {
            self.compare(surroundings);
        }
    }

    /// Finds out what is here that a source which is mirrored has lost: it knows no more than `version`.
    pub(super) fn find_lost(&mut self, surroundings: &mut Surroundings<'_>, version: &Version) {
        let (now, is_mirrored) = (surroundings.now, self.relation() == Relation::Mirror);
        if !is_mirrored || self.anew.is_some() {
            return;
        }
        // Who has gone on from what it had then has lost nothing since.
        let is_found_out = !self.left.is_empty() && version.includes(&self.left);
        self.is_ahead |= self.selection.is_none() && !is_found_out;
        if self.comparable > now {
            return;
        }
        if self.selection.is_none() {
            return self.compare(surroundings);
        }
        self.comparable = now + surroundings.jitter.stretch(surroundings.config.limits.reconcile);
        self.is_outdated |= surroundings.directory.forget_lost(now, &self.origin, version);
    }

    pub(super) fn compare(&mut self, surroundings: &mut Surroundings<'_>) {
        if self.comparison.is_some() {
            return;
        }
        let limits = &surroundings.config.limits;
        self.comparable = surroundings.now + surroundings.jitter.stretch(limits.reconcile);
        let (directory, subject) = (&*surroundings.directory, self.subject.clone());
        let reconciliation =
            Reconciliation::new(surroundings.now, directory, &self.origin, subject, limits, surroundings.jitter);
        self.comparison = Some(Comparison { reconciliation, turn: Turn::Ask, put_off: 0, is_second: false });
    }

    pub(super) fn take_comparison(
        &mut self,
        surroundings: &mut Surroundings<'_>,
        outcome: Result<Response, RequestFailure>,
    ) {
        let is_asked = |comparison: &mut Comparison| matches!(comparison.turn, Turn::Asked { .. });
        let Some(mut comparison) = self.comparison.take_if(is_asked) else { return };
        if outcome.as_ref().is_ok_and(|response| self.reachability.take(COMPARISON, response)) {
            comparison.turn = Turn::Ask;
            self.comparison = Some(comparison);
            return;
        }
        let limits = &surroundings.config.limits;
        if is_too_large(&outcome, limits) {
            if !comparison.reconciliation.ask_for_less() {
                return self.give_up_comparison(surroundings, Fault::TooLarge);
            }
            comparison.turn = Turn::Ask;
            self.comparison = Some(comparison);
            return;
        }
        let response = match outcome {
            Ok(response) if put_off(&response, limits).is_some() && comparison.put_off < PUT_OFF => {
                let pause = surroundings.jitter.stretch(put_off(&response, limits).unwrap_or(limits.retry));
                comparison.put_off += 1;
                comparison.turn = Turn::PutOff { until: surroundings.now + pause };
                self.comparison = Some(comparison);
                return;
            }
            Ok(response) if response.code == Code::CONTENT => response,
            Ok(response) => return self.give_up_comparison(surroundings, Fault::Code(response.code)),
            Err(failure) => return self.give_up_comparison(surroundings, failure.into()),
        };
        (comparison.turn, comparison.put_off) = (Turn::Ask, 0);
        let now = surroundings.now;
        let progress = if comparison.reconciliation.is_fetching() {
            self.take_entries(surroundings, &mut comparison, &response.payload);
            comparison.reconciliation.go_on(now, surroundings.directory)
        } else {
            match Cells::decode(&response.payload) {
                Ok(cells) => comparison.reconciliation.take_cells(now, surroundings.directory, &cells),
                Err(malformed) => {
                    (surroundings.events)(SyncEvent::Malformed { source: self.name.clone(), malformed });
                    Progress::Hopeless
                }
            }
        };
        match progress {
            Progress::On => self.comparison = Some(comparison),
            Progress::Done(version) => {
                (self.is_ahead, self.given_up, self.left) = (false, 0, version.clone());
                let (added, removed) = (comparison.reconciliation.added, comparison.reconciliation.removed);
                if added + removed > 0 {
                    let source = self.name.clone();
                    (surroundings.events)(SyncEvent::Reconciled { source, added, removed });
                }
                if comparison.reconciliation.is_short && matches!(self.phase, Phase::Comparing) {
                    // What was not taken is not held.
                    self.go_on(surroundings, Taken::Stopped, false, false);
                } else if let Phase::Comparing = self.phase {
                    let before = self.cursor(surroundings.directory).into_owned();
                    self.advance(surroundings, &version);
                    let is_further = *self.cursor(surroundings.directory) != before;
                    self.ask_anew(surroundings, is_further);
                }
            }
            // Check-sums may agree by chance: another key tells.
            Progress::Contradiction if !comparison.is_second => {
                self.compare(surroundings);
                if let Some(comparison) = &mut self.comparison {
                    comparison.is_second = true;
                }
            }
            Progress::Again => self.compare(surroundings),
            Progress::Contradiction | Progress::Hopeless => self.start_anew(surroundings),
        }
    }

    /// Takes registrations and removals that were asked for one by one.
    fn take_entries(&mut self, surroundings: &mut Surroundings<'_>, comparison: &mut Comparison, payload: &[u8]) {
        let cursor = Version::new();
        for item in Answer::new(payload, &cursor) {
            let before = surroundings.directory.digest(&self.origin);
            let taken = match item {
                Ok(Item::Put(put)) => self.put(surroundings, *put, &mut 0),
                Ok(Item::Removal(removal)) => self.remove(surroundings, removal),
                Ok(_) => None,
                Err(malformed) => Some(self.misread(surroundings, malformed)),
            };
            comparison.reconciliation.is_short |= taken.is_some();
            let after = surroundings.directory.digest(&self.origin);
            if after.count < before.count {
                comparison.reconciliation.removed += 1;
            } else if after != before {
                comparison.reconciliation.added += 1;
            }
        }
    }

    /// Goes on with a comparison when it is time to.
    pub(super) fn time_comparison(&mut self, surroundings: &mut Surroundings<'_>) {
        let Some(comparison) = &mut self.comparison else { return };
        if comparison.deadline().is_none_or(|deadline| deadline > surroundings.now) {
            return;
        }
        match comparison.turn {
            Turn::PutOff { .. } => comparison.turn = Turn::Ask,
            _ => self.give_up_comparison(surroundings, RequestFailure::TimedOut.into()),
        }
    }

    /// Ends a comparison that came to nothing. What a mirror was to find out by it is still to be found out, and sooner than who has
    /// just compared does so again.
    fn give_up_comparison(&mut self, surroundings: &mut Surroundings<'_>, fault: Fault) {
        let limits = &surroundings.config.limits;
        self.comparison = None;
        self.is_ahead |= self.relation() == Relation::Mirror;
        self.given_up = self.given_up.saturating_add(1);
        let pause = back_off(limits.retry, limits.reconcile, self.given_up);
        self.comparable = surroundings.now + surroundings.jitter.stretch(pause);
        if let Phase::Comparing = self.phase {
            self.fail(surroundings, fault);
        }
    }
}

/// Returns how long a source wants to be left in peace, if it says that it cannot answer now.
pub(super) fn put_off(response: &Response, limits: &Limits) -> Option<Duration> {
    let is_put_off = matches!(response.code, Code::TOO_MANY_REQUESTS | Code::SERVICE_UNAVAILABLE);
    let asked_for = Duration::from_secs(response.max_age.unwrap_or(DEFAULT_MAX_AGE).into());
    is_put_off.then(|| asked_for.clamp(limits.retry, limits.retry_max))
}

/// Tells whether so much was asked for that the source, the transport or this directory refuses it.
fn is_too_large(outcome: &Result<Response, RequestFailure>, limits: &Limits) -> bool {
    match outcome {
        Ok(response) => {
            response.code == Code::REQUEST_ENTITY_TOO_LARGE || response.payload.len() > limits.received_bytes
        }
        Err(failure) => *failure == RequestFailure::TooLarge,
    }
}

/// How often in a row a comparison is put off before it is given up.
const PUT_OFF: u32 = 16;
/// Seconds, where a response does not say ([RFC 7252 §5.10.5](https://www.rfc-editor.org/rfc/rfc7252#section-5.10.5)).
const DEFAULT_MAX_AGE: u32 = 60;

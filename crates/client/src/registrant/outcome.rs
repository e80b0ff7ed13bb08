//! What the outcome of a request means.

use alloc::string::ToString;
use core::time::Duration;

use bytes::Bytes;
use waypost_link_delta::Tag;
use waypost_model::Location;
use waypost_rest::{Code, ETag, RequestFailure, RequestId, Response};

use super::task::{Asked, Held, Patience, Step, Task};
use super::{Registrant, location_of, next_name};
use crate::diagnostic::diagnostic_of;
use crate::directories::Failure;
use crate::discovery::max_age_of;
use crate::{Fault, Interfaces, RegistrantEvent, ResourceUri};

type Outcome = Result<Response, RequestFailure>;

impl Registrant {
    pub(super) fn take_outcome(&mut self, id: RequestId, outcome: Outcome) {
        let Task::Asking(asked) = &mut self.task else { return };
        if asked.id != id {
            return;
        }
        if asked.is_to_group()
            && let Ok(response) = &outcome
        {
            // Who answered is not known, but where it points to may be.
            let group = asked.uri.clone();
            return self.take_group_answer(id, &group, response);
        }
        let Task::Asking(asked) = core::mem::replace(&mut self.task, Task::Idle) else { return };
        if let Ok(response) = &outcome {
            self.keep_echo(&asked, response);
            if self.try_again(&asked, response) {
                return;
            }
        }
        match &asked.step {
            Step::Discover { place, .. } => self.after_discovery(*place, &asked, outcome),
            Step::Register { place, uri } => self.after_registration(*place, uri, &asked, outcome),
            Step::Update => self.after_update(&asked, outcome),
            Step::Remove => self.after_removal(&asked, outcome),
        }
        self.proceed();
    }

    /// Takes the answer of one member of a group.
    pub(super) fn take_group_answer(&mut self, id: RequestId, host: &ResourceUri, response: &Response) {
        let Task::Asking(asked) = &mut self.task else { return };
        if asked.id != id || !asked.is_to_group() {
            return;
        }
        let (schemes, limits) = (&self.config.schemes, &self.config.limits);
        // In a group, anybody may answer anything; what is of no use is passed over.
        let Ok(found) = Interfaces::Registration.find(host, response, schemes, limits) else { return };
        for interface in found {
            let known = &asked.found.interfaces;
            if known.len() < limits.interfaces && known.iter().all(|known| known.uri != interface.uri) {
                let max_age = max_age_of(response);
                asked.found.max_age = Some(asked.found.max_age.map_or(max_age, |shortest| shortest.min(max_age)));
                asked.found.interfaces.push(interface);
            }
        }
    }

    fn keep_echo(&mut self, asked: &Asked, response: &Response) {
        if let Some(echo) = echo_of(response) {
            self.echo = Some((asked.uri.authority().clone(), echo.clone()));
        }
    }

    /// Repeats a request that the server wants repeated: with an Echo value at once, or later.
    fn try_again(&mut self, asked: &Asked, response: &Response) -> bool {
        let (limits, mut patience) = (&self.config.limits, asked.patience);
        let is_pointless = self.is_stopping && !matches!(asked.step, Step::Remove);
        if is_pointless {
            return false;
        }
        if patience.repeats_with_echo(response, limits) {
            return self.ask(asked.step.clone(), patience);
        }
        if !is_postponement(response.code) || matches!(asked.step, Step::Remove) {
            return false;
        }
        let wait = max_age_of(response).max(SHORTEST_WAIT);
        patience.postponed += 1;
        patience.waited = patience.waited.saturating_add(wait);
        let is_in_time = match (&asked.step, &self.held) {
            (Step::Update, Some(held)) => self.now + wait < held.expires,
            _ => patience.waited <= limits.unavailable_wait,
        };
        if patience.postponed > limits.unavailable_retries || !is_in_time {
            return false;
        }
        self.note(RegistrantEvent::Postponed { uri: asked.uri.as_str().into(), wait });
        let spread = match (&asked.step, &self.held) {
            (Step::Update, Some(held)) => held.expires.saturating_since(self.now + wait).min(wait / 8),
            _ => wait / 8,
        };
        let until = self.now + wait + self.random.up_to(spread);
        self.task = Task::Postponed { until, step: asked.step.clone(), patience };
        true
    }

    fn after_discovery(&mut self, place: u64, asked: &Asked, outcome: Outcome) {
        let (found, max_age) = if asked.is_to_group() {
            (Ok(asked.found.interfaces.clone()), asked.found.max_age.unwrap_or_default())
        } else {
            match outcome {
                Ok(response) if response.code.is_success() => {
                    let (schemes, limits) = (&self.config.schemes, &self.config.limits);
                    let found = Interfaces::Registration.find(&asked.uri, &response, schemes, limits);
                    (found, max_age_of(&response))
                }
                Ok(response) => {
                    let failure = self.note_refusal(asked, &response);
                    return self.give_up_place(place, failure);
                }
                Err(failure) => {
                    self.note_fault(asked, failure.into());
                    return self.give_up_place(place, Failure::Passing);
                }
            }
        };
        match found {
            Ok(found) if found.is_empty() => {
                self.note_fault(asked, Fault::NoInterface);
                self.give_up_place(place, Failure::Refusal);
            }
            Ok(found) => {
                let at = asked.uri.authority().clone();
                self.note(RegistrantEvent::Discovered { at, interfaces: found.len() });
                let format = self.config.link_delta_format;
                self.directories.found(self.now, place, found, format, max_age);
            }
            Err(fault) => {
                self.note_fault(asked, fault);
                self.give_up_place(place, Failure::Refusal);
            }
        }
    }

    fn after_registration(&mut self, place: u64, uri: &ResourceUri, asked: &Asked, outcome: Outcome) {
        let failure = match outcome {
            Ok(response) if response.code.is_success() => {
                let location = location_of(&response.location_path);
                if location.is_some() || self.config.is_simple {
                    let location = location.filter(|_| !self.config.is_simple);
                    return self.hold(place, uri, asked, location, response.etag);
                }
                self.note_fault(asked, Fault::NoLocation);
                Failure::Refusal
            }
            Ok(response) => {
                let failure = self.note_refusal(asked, &response);
                let is_rejected = matches!(response.code, Code::UNAUTHORIZED | Code::FORBIDDEN);
                if is_rejected && echo_of(&response).is_none() && self.rename() {
                    self.directories.prefer(place);
                    return;
                }
                failure
            }
            Err(failure) => {
                self.note_fault(asked, failure.into());
                Failure::Passing
            }
        };
        self.name = 0;
        if let Some(held) = &mut self.held {
            held.is_doubtful = true;
        }
        self.give_up_interface(place, uri, failure);
    }

    /// Takes the next name; returns whether there is one.
    fn rename(&mut self) -> bool {
        let Some(endpoint) = next_name(&self.description, self.name).cloned() else { return false };
        self.name += 1;
        self.note(RegistrantEvent::Renamed { endpoint });
        true
    }

    /// Takes note of a registration that was made.
    fn hold(&mut self, place: u64, uri: &ResourceUri, asked: &Asked, location: Option<Location>, etag: Option<ETag>) {
        let lifetime = asked.told.description.lifetime.unwrap_or_default();
        let held = Held {
            place,
            interface: uri.clone(),
            location,
            told: asked.told.clone(),
            state: etag.and_then(state_of),
            is_unsure: false,
            // The directory counts from when it got the request, which is not earlier.
            expires: asked.asked + lifetime.duration(),
            renew_at: self.renew_at(asked.asked, lifetime),
            unanswered: 0,
            is_doubtful: false,
            is_lapsed: false,
        };
        let at = uri.authority().clone();
        let (location, endpoint) = (held.location.clone(), held.told.name.clone());
        let before = self.held.replace(held);
        let event = match before {
            Some(before) if *before.interface.authority() != at => {
                RegistrantEvent::Moved { from: before.interface.authority().clone(), at, location, endpoint }
            }
            Some(before) if !before.is_doubtful && before.location == location => {
                self.directories.succeeded(place, uri);
                if before.told == asked.told {
                    RegistrantEvent::Renewed { at }
                } else {
                    RegistrantEvent::Updated { at }
                }
            }
            _ => RegistrantEvent::Registered { at, location, endpoint },
        };
        self.note(event);
    }

    fn after_update(&mut self, asked: &Asked, outcome: Outcome) {
        let lifetime = asked.told.description.lifetime.unwrap_or_default();
        let renew_at = self.renew_at(asked.asked, lifetime);
        let Some(held) = &mut self.held else { return };
        let (place, uri) = (held.place, held.interface.clone());
        match outcome {
            Ok(response) if response.code.is_success() => {
                held.expires = asked.asked + lifetime.duration();
                held.renew_at = renew_at;
                held.unanswered = 0;
                held.is_lapsed = false;
                let is_renewal = held.told == asked.told;
                held.told = asked.told.clone();
                let there = response.etag.and_then(state_of);
                if asked.is_patch {
                    held.state = there;
                    held.is_unsure = false;
                } else if there.is_some_and(|there| held.state.is_some_and(|told| told != there))
                    && self.directories.takes_deltas(place, &uri)
                {
                    // The directory has other links, and they are told anew.
                    held.state = None;
                    held.is_unsure = true;
                }
                self.directories.succeeded(place, &uri);
                let at = uri.authority().clone();
                self.note(if is_renewal { RegistrantEvent::Renewed { at } } else { RegistrantEvent::Updated { at } });
            }
            // In both cases the registration stands, and the links can be told otherwise.
            Ok(response) if asked.is_patch && is_refusal_of_deltas(response.code) => {
                self.directories.refused_deltas(place, &uri);
                self.note_refusal(asked, &response);
            }
            Ok(response) if asked.is_patch && response.code == Code::CONFLICT => {
                held.state = None;
                held.is_unsure = true;
                self.note_refusal(asked, &response);
            }
            Ok(response) => {
                held.is_doubtful = true;
                match self.note_refusal(asked, &response) {
                    // The directory is there; it may take the registration anew.
                    Failure::Refusal => self.directories.prefer(place),
                    passing => self.give_up_interface(place, &uri, passing),
                }
            }
            Err(failure) => {
                held.unanswered += 1;
                held.is_unsure |= asked.is_patch;
                let (limits, unanswered, expires) = (&self.config.limits, held.unanswered, held.expires);
                let until = self.now + self.random.stretch(limits.retry);
                let is_in_time = until + limits.answer_timeout < expires;
                let is_worth_it = unanswered <= limits.renew_retries && is_in_time && !self.is_stopping;
                self.note_fault(asked, failure.into());
                let is_lost = matches!(failure, RequestFailure::TimedOut | RequestFailure::Unreachable);
                if is_lost && is_worth_it {
                    self.task = Task::Postponed { until, step: Step::Update, patience: Patience::default() };
                    return;
                }
                if let Some(held) = &mut self.held {
                    held.is_doubtful = true;
                }
                self.give_up_interface(place, &uri, Failure::Passing);
            }
        }
    }

    fn after_removal(&mut self, asked: &Asked, outcome: Outcome) {
        let at = asked.uri.authority().clone();
        self.held = None;
        match outcome {
            Ok(response) if response.code.is_success() || response.code == Code::NOT_FOUND => {
                self.note(RegistrantEvent::Removed { at });
            }
            Ok(response) => {
                self.note_refusal(asked, &response);
                self.note(RegistrantEvent::Left { at });
            }
            Err(failure) => {
                self.note_fault(asked, failure.into());
                self.note(RegistrantEvent::Left { at });
            }
        }
    }

    fn give_up_place(&mut self, place: u64, failure: Failure) {
        self.directories.place_failed(self.now, place, failure, &self.config.limits, &mut self.random);
    }

    fn give_up_interface(&mut self, place: u64, uri: &ResourceUri, failure: Failure) {
        self.directories.interface_failed(self.now, place, uri, failure, &self.config.limits, &mut self.random);
    }

    fn note_fault(&mut self, asked: &Asked, fault: Fault) {
        self.note(RegistrantEvent::Failed { uri: asked.uri.to_string().into(), fault });
    }

    /// Takes note of a refusal, and tells how bad it is.
    fn note_refusal(&mut self, asked: &Asked, response: &Response) -> Failure {
        let diagnostic = diagnostic_of(response, self.config.limits.diagnostic_bytes);
        self.note(RegistrantEvent::Refused { uri: asked.uri.to_string().into(), code: response.code, diagnostic });
        match response.code {
            code if is_postponement(code) => Failure::PutOff(max_age_of(response)),
            code if code.class() == 5 => Failure::Passing,
            _ => Failure::Refusal,
        }
    }
}

impl Asked {
    pub(super) fn is_to_group(&self) -> bool {
        matches!(self.step, Step::Discover { .. }) && self.uri.is_group()
    }
}

/// Returns the Echo value of a response, if it is of a length that it can have (RFC 9175 §2.2.1).
pub(crate) fn echo_of(response: &Response) -> Option<&Bytes> {
    response.echo.as_ref().filter(|echo| (1..=40).contains(&echo.len()))
}

/// Returns what a delta calls the links with this entity tag.
fn state_of(etag: ETag) -> Option<Tag> {
    Tag::new(etag.as_bytes()).ok()
}

/// Tells whether a directory that answers so to a link delta takes none: it knows no such method, or no such format.
const fn is_refusal_of_deltas(code: Code) -> bool {
    matches!(code, Code::METHOD_NOT_ALLOWED | Code::UNSUPPORTED_CONTENT_FORMAT)
}

/// Tells whether Max-Age says when to come back.
pub(crate) fn is_postponement(code: Code) -> bool {
    matches!(code, Code::SERVICE_UNAVAILABLE | Code::TOO_MANY_REQUESTS)
}

/// A server that says "at once" is asked again no sooner than after this time.
pub(crate) const SHORTEST_WAIT: Duration = Duration::from_secs(1);

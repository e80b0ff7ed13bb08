use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::time::Duration;

use waypost_rest::ContentFormat;
use waypost_time::{Instant, Jitter, back_off};

use crate::discovery::Found;
use crate::{Candidate, CandidateRefused, Limits, ResourceUri};

/// The places where a directory may be, what was found there, and when each may be tried again.
///
/// They are gone through in turn: the interfaces at one place, then the next place. What failed is left alone for a time
/// that doubles with each failure. Failures are remembered for all the time that the registrant runs; only a success at
/// the same place, or that time itself, takes them away (RFC 9176 §5).
#[derive(Debug)]
pub(crate) struct Directories {
    is_simple: bool,
    places: Vec<Place>,
    /// The number of the place that has its turn.
    turn: u64,
    last_number: u64,
}

#[derive(Debug)]
struct Place {
    number: u64,
    candidate: Candidate,
    expires: Instant,
    failures: u32,
    not_before: Instant,
    interfaces: Vec<Interface>,
    /// Until when the interfaces hold.
    fresh_until: Instant,
}

/// A registration interface.
#[derive(Debug, Clone)]
struct Interface {
    uri: ResourceUri,
    takes_deltas: bool,
    /// Whether it refused a delta, whatever it says.
    refused_deltas: bool,
    failures: u32,
    not_before: Instant,
}

/// What to try next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Next {
    /// Ask this place for its interfaces.
    Discover(u64, ResourceUri),
    /// Register here.
    Register(u64, ResourceUri),
    /// Nothing until then.
    Wait(Instant),
    /// Nothing at all.
    Nothing,
}

/// How bad a failure is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    /// It may be better soon.
    Passing,
    /// The directory wants to be asked again after that time.
    PutOff(Duration),
    /// The directory does not want this.
    Refusal,
}

impl Directories {
    pub(crate) const fn new(is_simple: bool) -> Self {
        Self { is_simple, places: Vec::new(), turn: 0, last_number: 0 }
    }

    /// Adds a place, or gives it the new lifetime where it is known. What is known of its failures stays.
    pub(crate) fn add(&mut self, now: Instant, candidate: Candidate, limits: &Limits) -> Result<(), CandidateRefused> {
        let expires = candidate.valid_for.map_or(Instant::MAX, |span| now + span);
        self.places.retain(|place| place.expires > now || !place.is_free(now));
        if let Some(place) = self.places.iter_mut().find(|place| place.candidate.uri == candidate.uri) {
            place.expires = expires;
            place.candidate = candidate;
            return Ok(());
        }
        if expires <= now {
            return Ok(());
        }
        if self.places.len() >= limits.candidates {
            return Err(CandidateRefused::OverLimit);
        }
        self.last_number += 1;
        let fixed = self.fixed_interface(&candidate).into_iter();
        let interfaces = fixed.map(|uri| Interface::new(uri, candidate.takes_link_deltas)).collect();
        let number = self.last_number;
        let [not_before, fresh_until] = [Instant::ZERO; 2];
        self.places.push(Place { number, candidate, expires, failures: 0, not_before, interfaces, fresh_until });
        Ok(())
    }

    /// Returns the interface that needs no discovery.
    fn fixed_interface(&self, candidate: &Candidate) -> Option<ResourceUri> {
        match (self.is_simple, candidate.uri.is_group()) {
            (_, true) => None,
            (true, false) => candidate.uri.sibling(SIMPLE).ok(),
            (false, false) => (!candidate.uri.is_host()).then(|| candidate.uri.clone()),
        }
    }

    pub(crate) fn next(&mut self, now: Instant) -> Next {
        let first = self.places.iter().position(|place| place.number >= self.turn).unwrap_or(0);
        let count = self.places.len();
        let mut earliest = None;
        for index in (first..count).chain(0..first) {
            let is_fixed = self.fixed_interface(&self.places[index].candidate).is_some();
            let place = &self.places[index];
            if place.expires <= now {
                continue;
            }
            let at = if is_fixed || place.fresh_until > now {
                if let Some(interface) = place.interfaces.iter().find(|interface| interface.not_before <= now) {
                    self.turn = place.number;
                    return Next::Register(place.number, interface.uri.clone());
                }
                place.interfaces.iter().map(|interface| interface.not_before).min()
            } else if place.not_before <= now {
                self.turn = place.number;
                return Next::Discover(place.number, place.candidate.uri.clone());
            } else {
                Some(place.not_before)
            };
            earliest = earliest.into_iter().chain(at).min();
        }
        earliest.map_or(Next::Nothing, Next::Wait)
    }

    /// Takes what was found at a place.
    pub(crate) fn found(
        &mut self,
        now: Instant,
        number: u64,
        found: Vec<Found>,
        delta_format: Option<ContentFormat>,
        max_age: Duration,
    ) {
        let is_simple = self.is_simple;
        let Some(place) = self.place(number) else { return };
        let known = core::mem::take(&mut place.interfaces);
        let mut seen = BTreeSet::new();
        for Found { uri, formats } in found {
            let uri = if is_simple { uri.sibling(SIMPLE).unwrap_or(uri) } else { uri };
            if seen.insert(uri.clone()) {
                let takes_deltas = delta_format.is_some_and(|format| formats.contains(&format));
                let interface = known.iter().find(|interface| interface.uri == uri).cloned();
                let interface = interface.unwrap_or_else(|| Interface::new(uri, takes_deltas));
                place.interfaces.push(Interface { takes_deltas, ..interface });
            }
        }
        // A minute at least, so that what was found can be tried at all.
        place.fresh_until = now + max_age.max(Duration::from_secs(60));
        if place.interfaces.iter().all(|interface| interface.not_before > now) {
            place.close(now);
        }
    }

    /// Takes note that a place yields nothing. The next place has its turn.
    pub(crate) fn place_failed(
        &mut self,
        now: Instant,
        number: u64,
        failure: Failure,
        limits: &Limits,
        random: &mut Jitter,
    ) {
        let Some(place) = self.place(number) else { return };
        place.failures = place.failures.saturating_add(1);
        let delay = delay(place.failures, failure, place.candidate.is_guess, limits);
        place.not_before = now + random.stretch(delay);
        place.fresh_until = now;
        self.turn = number + 1;
    }

    /// Takes note that an interface does not help. When it was the last at its place, the next place has its turn.
    pub(crate) fn interface_failed(
        &mut self,
        now: Instant,
        number: u64,
        uri: &ResourceUri,
        failure: Failure,
        limits: &Limits,
        random: &mut Jitter,
    ) {
        let Some(place) = self.place(number) else { return };
        let is_guess = place.candidate.is_guess;
        let Some(interface) = place.interfaces.iter_mut().find(|interface| interface.uri == *uri) else { return };
        interface.failures = interface.failures.saturating_add(1);
        let delay = delay(interface.failures, failure, is_guess, limits);
        interface.not_before = now + random.stretch(delay);
        if place.interfaces.iter().all(|interface| interface.not_before > now) {
            place.close(now);
            self.turn = number + 1;
        }
    }

    /// Forgets the failures of a place and an interface that proved good.
    pub(crate) fn succeeded(&mut self, number: u64, uri: &ResourceUri) {
        let Some(place) = self.place(number) else { return };
        place.failures = 0;
        if let Some(interface) = place.interfaces.iter_mut().find(|interface| interface.uri == *uri) {
            interface.failures = 0;
        }
    }

    /// Tells whether the registrations of an interface take link deltas, as far as is known.
    pub(crate) fn takes_deltas(&self, number: u64, uri: &ResourceUri) -> bool {
        let place = self.places.iter().find(|place| place.number == number);
        let interface = place.and_then(|place| place.interfaces.iter().find(|interface| interface.uri == *uri));
        interface.is_some_and(|interface| interface.takes_deltas && !interface.refused_deltas)
    }

    /// Takes note that an interface does not take link deltas after all.
    pub(crate) fn refused_deltas(&mut self, number: u64, uri: &ResourceUri) {
        let Some(place) = self.place(number) else { return };
        if let Some(interface) = place.interfaces.iter_mut().find(|interface| interface.uri == *uri) {
            interface.refused_deltas = true;
        }
    }

    /// Gives a place its turn.
    pub(crate) const fn prefer(&mut self, number: u64) {
        self.turn = number;
    }

    fn place(&mut self, number: u64) -> Option<&mut Place> {
        self.places.iter_mut().find(|place| place.number == number)
    }
}

impl Place {
    /// Has the interfaces discovered anew, when the first of them may be tried again.
    fn close(&mut self, now: Instant) {
        self.fresh_until = now;
        let earliest = self.interfaces.iter().map(|interface| interface.not_before).min();
        self.not_before = self.not_before.max(earliest.unwrap_or_default());
    }

    fn is_free(&self, now: Instant) -> bool {
        self.not_before <= now && self.interfaces.iter().all(|interface| interface.not_before <= now)
    }
}

impl Interface {
    const fn new(uri: ResourceUri, takes_deltas: bool) -> Self {
        Self { uri, takes_deltas, refused_deltas: false, failures: 0, not_before: Instant::ZERO }
    }
}

fn delay(failures: u32, failure: Failure, is_guess: bool, limits: &Limits) -> Duration {
    let (first, longest) = match (is_guess, failure) {
        (true, _) => (limits.guess_retry, limits.guess_retry_max),
        (false, Failure::Refusal) => (limits.refused_retry, limits.retry_max),
        (false, Failure::Passing | Failure::PutOff(_)) => (limits.retry, limits.retry_max),
    };
    let asked_for = if let Failure::PutOff(wait) = failure { wait.min(limits.retry_max) } else { Duration::ZERO };
    back_off(first, longest, failures).max(asked_for)
}

/// Where a simple registration is asked for (RFC 9176 §5.1).
const SIMPLE: &str = "/.well-known/rd";

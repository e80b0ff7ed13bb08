use std::time::Duration;

use waypost_rest::RequestId;

use crate::clock::Clock;
use crate::host::Host;
use crate::network::LONGEST_DELAY;
use crate::note::{Content, Outcome, Scope, Telling};
use crate::replicas::Replicas;
use crate::{Rule, Time};

/// What one endpoint told one authority, by the true times.
///
/// Nobody outside knows when a directory acted on a request: some time between its beginning and its end; nor whether it did,
/// where there is no answer. Of several directories that are one authority, each hears of it later, and of what was told
/// without their having heard of each other, each field is as one or the other says. So the history tells what *can* have
/// been the case at a directory during a span of time, and judges by that.
#[derive(Debug, Clone)]
pub(crate) struct History {
    /// The first stands for the beginning, when there was nothing.
    operations: Vec<Operation>,
}

#[derive(Debug, Clone)]
struct Operation {
    /// The directory that was told.
    at: Host,
    telling: Telling,
    begun: Time,
    /// The request, until it has an outcome.
    request: Option<RequestId>,
    end: Option<(Time, Outcome)>,
}

/// What an operation may say something about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    /// Whether there is a registration, and since when.
    Presence,
    Lifetime,
    Attribute,
    Links,
}

/// A span of time in which something was the case, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span<'a> {
    pub(crate) from: Time,
    pub(crate) to: Time,
    /// The directory at which it was the case.
    pub(crate) at: Host,
    /// The authority that it belongs to.
    pub(crate) replicas: &'a Replicas,
    /// The clocks of the authority.
    pub(crate) clocks: &'a [(Host, &'a Clock)],
    /// How long a directory knows a copy of a request for one.
    pub(crate) remembers: Duration,
    /// Since when something can have been shown that had some of its lifetime left then.
    pub(crate) lives_from: Time,
    /// The clocks of the proxies that it came through.
    pub(crate) proxies: &'a [&'a Clock],
    /// How late a renewal may be heard of there, so that a registration that has less left than that is missing for a moment.
    pub(crate) delay: Duration,
    /// How much younger than it is a registration may seem that was heard of from elsewhere.
    pub(crate) transit: Duration,
    /// Since when the endpoint has been able to renew, if it wants to be registered and that here.
    pub(crate) renews_since: Option<Time>,
}

impl History {
    /// Begins with nothing.
    pub(crate) fn new(at: Host) -> Self {
        let mut history = Self { operations: Vec::new() };
        history.forget(Time::ZERO, at);
        history
    }

    /// Takes note that a directory that stands alone knows nothing any more.
    pub(crate) fn forget(&mut self, now: Time, at: Host) {
        let end = Some((now, Outcome::Acknowledged));
        self.operations.push(Operation { at, telling: Telling::Remove, begun: now, request: None, end });
    }

    /// Takes note of a request.
    pub(crate) fn begin(&mut self, now: Time, at: Host, request: RequestId, telling: Telling) {
        self.operations.push(Operation { at, telling, begun: now, request: Some(request), end: None });
    }

    /// Takes note of an outcome; returns where and when the request began.
    pub(crate) fn end(&mut self, now: Time, request: RequestId, outcome: Outcome) -> Option<(Host, Time)> {
        let mut ended = self.operations.iter_mut().filter(|operation| operation.request == Some(request));
        let operation = ended.next()?;
        operation.request = None;
        operation.end = Some((now, outcome));
        Some((operation.at, operation.begun))
    }

    /// Takes note that the endpoint will not hear any more of what it asked.
    pub(crate) fn abandon(&mut self, now: Time) {
        for operation in self.operations.iter_mut().filter(|operation| operation.end.is_none()) {
            operation.request = None;
            operation.end = Some((now, Outcome::Unknown));
        }
    }

    /// Drops what cannot matter to a span that begins then or later, at any directory; `spans` has one of each.
    pub(crate) fn prune(&mut self, spans: &[Span<'_>]) {
        if self.operations.len() <= MOST_OPERATIONS {
            return;
        }
        let mut is_kept = vec![false; self.operations.len()];
        is_kept[0] = true;
        for span in spans {
            for (index, operation) in self.operations.iter().enumerate() {
                let is_recent = operation.end.is_none_or(|(ended, _)| ended + LONGEST_LINGERING >= span.from);
                is_kept[index] |=
                    is_recent || Field::ALL.iter().any(|&field| self.is_candidate(operation, field, span));
            }
        }
        let mut kept = is_kept.into_iter();
        self.operations.retain(|_| kept.next().unwrap_or(true));
    }

    /// Judges what was shown, or that nothing was, at some time within the span.
    pub(crate) fn judge(&self, shown: Option<u32>, scope: Scope, span: &Span<'_>) -> Result<(), Rule> {
        match shown {
            Some(number) => self.judge_shown(number, scope, span),
            None => self.judge_absent(span),
        }
    }

    fn judge_shown(&self, number: u32, scope: Scope, span: &Span<'_>) -> Result<(), Rule> {
        let is_meant = |operation: &Operation| operation.shows(number, scope);
        if self.candidates(Field::of(scope), span).any(is_meant) {
            let is_there = self.candidates(Field::Presence, span).any(Operation::holds);
            return match (is_there, self.is_alive(span)) {
                (false, _) => Err(Rule::Risen),
                (true, false) => Err(Rule::Expired),
                (true, true) => Ok(()),
            };
        }
        let was_told = self.operations.iter().any(|operation| operation.begun <= span.to && is_meant(operation));
        Err(match self.last(Field::Presence, span) {
            _ if !was_told => Rule::Invented,
            Some(last) if !last.holds() => Rule::Risen,
            _ => Rule::Outdated,
        })
    }

    /// Tells whether a lifetime can have been left when it was shown, since the endpoint gave the last sign of life.
    ///
    /// Of what was told without having been heard of, each is a sign of life for all.
    fn is_alive(&self, span: &Span<'_>) -> bool {
        let (_, longest) = self.lifetimes(span);
        let told =
            |operation: &&Operation| operation.holds() && operation.begun <= span.to && operation.can_be_done(span);
        self.operations.iter().filter(told).any(|operation| {
            let is_own = operation.at == span.at && span.proxies.is_empty();
            let rounding = if is_own { Duration::ZERO } else { longest / AGE_FRACTION };
            span.lives_from < operation.settled(span) + longest + rounding + span.deviation(operation)
        })
    }

    fn judge_absent(&self, span: &Span<'_>) -> Result<(), Rule> {
        let (shortest, _) = self.lifetimes(span);
        let lost = self.lost_lifetime(span);
        let mut has_lapsed = false;
        for operation in self.candidates(Field::Presence, span) {
            if !operation.holds() {
                return Ok(());
            }
            let can_have_expired = span.to + span.deviation(operation) >= operation.begun + shortest;
            let had_to_renew = operation.is_certain()
                && lost.is_none_or(|lifetime| span.to >= operation.begun + lifetime)
                && span.renews_since.is_some_and(|since| since <= operation.begun)
                && !self.is_renewed_late(operation, shortest, span.delay);
            if can_have_expired && !had_to_renew {
                return Ok(());
            }
            has_lapsed |= can_have_expired;
        }
        Err(if has_lapsed { Rule::Lapsed } else { Rule::Missing })
    }

    /// Tells whether the next sign of life after an operation can have been heard of only when a lifetime was over.
    fn is_renewed_late(&self, operation: &Operation, lifetime: Duration, delay: Duration) -> bool {
        let later = self.operations.iter().filter(|later| later.begun > operation.begun && later.is_certain());
        let next = later.filter(|later| later.holds()).filter_map(|later| later.end).min_by_key(|(ended, _)| *ended);
        !delay.is_zero() && next.is_some_and(|(ended, _)| ended + delay >= operation.begun + lifetime)
    }

    /// Tells whether what is shown can have changed within the span.
    pub(crate) fn can_change(&self, scope: Scope, span: &Span<'_>) -> bool {
        let is_news = |operation: &Operation| {
            let settled = operation.settled(span);
            settled >= span.from || !span.knew_what_is_left(span.at, span.from, operation)
        };
        let (shortest, longest) = self.lifetimes(span);
        let expires = |operation: &Operation| {
            let deviation = span.deviation(operation) + longest / AGE_FRACTION;
            operation.holds()
                && operation.begun + shortest <= span.to + deviation
                && operation.settled(span) + longest + deviation >= span.from
        };
        self.candidates(Field::Presence, span).any(|operation| is_news(operation) || expires(operation))
            || self.candidates(Field::of(scope), span).any(is_news)
    }

    /// Returns the operations of which the effect on a field can be what was there, before or in the span.
    fn candidates<'a>(&'a self, field: Field, span: &'a Span<'_>) -> impl Iterator<Item = &'a Operation> {
        let done = self.done(field, span);
        self.operations.iter().filter(move |operation| self.can_be(operation, field, &done, span))
    }

    fn is_candidate(&self, operation: &Operation, field: Field, span: &Span<'_>) -> bool {
        self.can_be(operation, field, &self.done(field, span), span)
    }

    /// Tells whether the effect of an operation on a field can be what was there in the span, when others were done.
    fn can_be(&self, operation: &Operation, field: Field, done: &[&Operation], span: &Span<'_>) -> bool {
        let mut replacing = done.iter().filter(|later| operation.is_replaced_by(later, span));
        operation.writes(field)
            && operation.begun <= span.to
            && operation.can_be_done(span)
            && replacing.all(|later| field != Field::Presence && self.is_carried_past(operation, later, span))
    }

    /// Tells whether what an operation said can be there although a later one took its place: an update at a replica that did
    /// not know of the later one goes on saying all that it found there, and is what is left when the later one is gone.
    fn is_carried_past(&self, operation: &Operation, later: &Operation, span: &Span<'_>) -> bool {
        let is_removed = |removal: &Operation| {
            !removal.holds() && later.begun < removal.begun && removal.begun <= span.to && removal.can_be_done(span)
        };
        let shortest = self.operations.iter().filter_map(Operation::lifetime).min().unwrap_or_default();
        let can_be_gone =
            later.begun + shortest <= span.to + span.deviation(later) || self.operations.iter().any(is_removed);
        let carries = |update: &Operation| {
            matches!(update.telling, Telling::Update { .. })
                && operation.begun < update.begun
                && !update.is_replaced_by(later, span)
                && !later.is_done(&Span { from: update.begun, to: update.settled(span), at: update.at, ..*span })
                && self.is_candidate(update, Field::Presence, span)
        };
        !span.replicas.is_one() && can_be_gone && self.operations.iter().any(carries)
    }

    /// Returns what was certainly done about a field, and known at the directory, when the span began; the latest first.
    fn done(&self, field: Field, span: &Span<'_>) -> Vec<&Operation> {
        let operations = self.operations.iter().rev();
        operations.filter(|operation| operation.writes(field) && operation.is_done(span)).collect()
    }

    fn last(&self, field: Field, span: &Span<'_>) -> Option<&Operation> {
        self.done(field, span).into_iter().max_by_key(|operation| operation.begun)
    }

    /// Returns the shortest and the longest lifetime that there can be.
    fn lifetimes(&self, span: &Span<'_>) -> (Duration, Duration) {
        let told = || self.candidates(Field::Lifetime, span).filter_map(Operation::lifetime);
        (told().min().unwrap_or_default(), told().max().unwrap_or_default())
    }

    /// Returns the lifetime that was acknowledged last, if the directory does not know of that.
    ///
    /// A replica acknowledges what the others have not heard yet, and may forget it before they do. What is left is what was there
    /// before, with the lifetime that it had. The endpoint finds its registration there, and goes on to renew it by the lifetime
    /// that it was told.
    fn lost_lifetime(&self, span: &Span<'_>) -> Option<Duration> {
        let mut certain = self.operations.iter().rev().filter(|operation| operation.is_certain());
        let told = certain.find(|operation| operation.lifetime().is_some())?;
        if told.is_done(span) { None } else { told.lifetime() }
    }

    /// Returns until when what was acknowledged last lasts, if that was a registration.
    pub(crate) fn lasts_until(&self) -> Option<Time> {
        let mut certain = self.operations.iter().rev().filter(|operation| operation.is_certain());
        let last = certain.find(|operation| operation.holds())?;
        let longest = self.operations.iter().filter_map(Operation::lifetime).max();
        let (ended, _) = last.end?;
        Some(ended + longest.unwrap_or_default())
    }
}

impl Field {
    const ALL: [Self; 4] = [Self::Presence, Self::Lifetime, Self::Attribute, Self::Links];

    const fn of(scope: Scope) -> Self {
        match scope {
            Scope::Endpoints => Self::Attribute,
            Scope::Resources => Self::Links,
        }
    }
}

impl Operation {
    /// Tells whether it leaves a registration.
    fn holds(&self) -> bool {
        self.telling != Telling::Remove
    }

    const fn content(&self) -> Option<&Content> {
        if let Telling::Register(content) = &self.telling { Some(content) } else { None }
    }

    fn lifetime(&self) -> Option<Duration> {
        let lifetime = match &self.telling {
            Telling::Register(content) => Some(content.lifetime),
            Telling::Update { lifetime, .. } => *lifetime,
            Telling::Remove => None,
        };
        lifetime.map(|seconds| Duration::from_secs(seconds.into()))
    }

    /// Tells whether it has an effect on a field.
    ///
    /// A removal has none on what a registration says: another that does not know of it may go on to say that.
    const fn writes(&self, field: Field) -> bool {
        match (&self.telling, field) {
            (_, Field::Presence) | (Telling::Register(_), _) => true,
            (Telling::Remove, _) => false,
            (Telling::Update { lifetime, .. }, Field::Lifetime) => lifetime.is_some(),
            (Telling::Update { attribute, .. }, Field::Attribute) => attribute.is_some(),
            (Telling::Update { links, .. }, Field::Links) => links.is_some(),
        }
    }

    /// Tells whether a look-up that shows this number shows what was told.
    ///
    /// The links of a simple registration are those that the endpoint has when they are fetched, or later ones.
    fn shows(&self, number: u32, scope: Scope) -> bool {
        match (&self.telling, scope) {
            (Telling::Register(content), Scope::Endpoints) => content.attribute == number,
            (Telling::Register(content), Scope::Resources) if content.is_simple => content.links <= number,
            (Telling::Register(content), Scope::Resources) => content.links == number,
            (Telling::Update { attribute, .. }, Scope::Endpoints) => *attribute == Some(number),
            (Telling::Update { links, .. }, Scope::Resources) => *links == Some(number),
            (Telling::Remove, _) => false,
        }
    }

    fn is_certain(&self) -> bool {
        matches!(self.end, Some((_, Outcome::Acknowledged)))
    }

    /// Tells whether it was done for sure, and known at the directory, when the span began.
    fn is_done(&self, span: &Span<'_>) -> bool {
        let Some((ended, Outcome::Acknowledged)) = self.end else { return false };
        ended <= span.from
            && !span.replicas.has_forgotten(span.at, span.from, span.to)
            && span.replicas.knew(span.at, span.from, self.at, (self.begun, ended))
    }

    /// Tells whether another operation took the place of all that this one can have done.
    fn is_replaced_by(&self, later: &Self, span: &Span<'_>) -> bool {
        self.begun < later.begun
            && self.settled(span) <= later.begun
            && span.knew_what_is_left(later.at, later.begun, self)
    }

    /// Tells whether copies of the request may have come to a directory that did not know them for copies: because it
    /// restarted, or because they came later than it remembers. It may then have done again what was done, and refused what
    /// was done already.
    fn is_ambiguous(&self, span: &Span<'_>) -> bool {
        let end = self.end.map_or(span.to, |(ended, _)| ended + LONGEST_DELAY);
        span.replicas.has_stopped(self.at, self.begun, end)
            || end.since(self.begun) + span.clock(self.at).deviation(self.begun, end) >= span.remembers
    }

    fn can_be_done(&self, span: &Span<'_>) -> bool {
        !matches!(self.end, Some((_, Outcome::Refused))) || self.is_ambiguous(span)
    }

    /// Returns after what time the request does nothing any more.
    fn settled(&self, span: &Span<'_>) -> Time {
        match self.end {
            None => span.to,
            Some((ended, Outcome::Acknowledged)) if !self.is_ambiguous(span) => ended,
            Some((ended, _)) if self.content().is_some_and(|content| content.is_simple) => {
                ended + LONGEST_DELAY + LONGEST_FETCH + span.clock(self.at).deviation(self.begun, span.to)
            }
            Some((ended, _)) => ended + LONGEST_DELAY,
        }
    }
}

impl Span<'_> {
    /// Tells whether a replica knew what is left of an operation.
    fn knew_what_is_left(&self, host: Host, at: Time, operation: &Operation) -> bool {
        self.replicas.knew_what_is_left(host, at, operation.at, (operation.begun, operation.settled(self)))
    }

    fn clock(&self, host: Host) -> &Clock {
        self.clocks.iter().find(|(other, _)| *other == host).expect("a clock of the authority").1
    }

    /// Returns how far ages that were counted since an operation can be off.
    fn deviation(&self, operation: &Operation) -> Duration {
        let of = |host: Host| self.clock(host).deviation(operation.begun, self.to);
        let is_own = self.at == operation.at && !self.replicas.has_forgotten(self.at, operation.begun, self.to);
        let there = match is_own {
            true => of(self.at),
            // It may have come by way of others.
            false => self.replicas.hosts().map(of).sum::<Duration>() + self.transit,
        };
        let by_proxy = |clock: &&Clock| clock.deviation(operation.begun, self.to) + self.transit;
        there + self.proxies.iter().map(by_proxy).sum::<Duration>()
    }
}

/// After what time a request does nothing any more, whatever happens to clocks.
const LONGEST_LINGERING: Duration = Duration::from_secs(3 * 3600);
/// How long a directory tries to fetch the links of a simple registration.
const LONGEST_FETCH: Duration = Duration::from_secs(100);
/// Ages of renewals are told to this part of a lifetime.
const AGE_FRACTION: u32 = 64;
/// Operations that are kept in any case.
const MOST_OPERATIONS: usize = 32;

#[cfg(test)]
mod tests;

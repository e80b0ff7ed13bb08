use std::time::Duration;

use waypost_rest::RequestId;

use crate::clock::Clock;
use crate::network::LONGEST_DELAY;
use crate::note::{Content, Outcome, Scope, Telling};
use crate::{Rule, Time};

/// What one endpoint told one directory, by the true times.
///
/// Nobody outside knows when a directory acted on a request: some time between its beginning and its end; nor whether it did,
/// where there is no answer, and so not what an update changed. So the history tells what *can* have been the case during a
/// span of time, and judges by that.
#[derive(Debug, Clone)]
pub(crate) struct History {
    operations: Vec<Operation>,
}

#[derive(Debug, Clone)]
struct Operation {
    effect: Effect,
    begun: Time,
    /// The request, until it has an outcome.
    request: Option<RequestId>,
    end: Option<(Time, Outcome)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Holds(Content),
    Gone,
}

/// A span of time in which something was the case, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span<'a> {
    pub(crate) from: Time,
    pub(crate) to: Time,
    /// The clock of the directory.
    pub(crate) clock: &'a Clock,
    /// When the directory restarted, with or without memory.
    pub(crate) restarts: &'a [Time],
    /// How long it knows a copy of a request for one.
    pub(crate) remembers: Duration,
    /// Since when the endpoint has been able to renew, if it wants to be registered and that here.
    pub(crate) renews_since: Option<Time>,
}

impl History {
    pub(crate) fn new() -> Self {
        let mut history = Self { operations: Vec::new() };
        history.forget(Time::ZERO);
        history
    }

    /// Takes note that the directory knows nothing any more.
    pub(crate) fn forget(&mut self, now: Time) {
        let end = Some((now, Outcome::Acknowledged));
        self.operations.push(Operation { effect: Effect::Gone, begun: now, request: None, end });
    }

    /// Takes note of a request.
    pub(crate) fn begin(&mut self, now: Time, request: RequestId, telling: &Telling) {
        let effects = match telling {
            Telling::Register(content) => vec![Effect::Holds(*content)],
            Telling::Remove => vec![Effect::Gone],
            Telling::Update { attribute, lifetime, links } => {
                let update = |content: Content| Content {
                    attribute: attribute.unwrap_or(content.attribute),
                    lifetime: lifetime.unwrap_or(content.lifetime),
                    links: links.unwrap_or(content.links),
                    ..content
                };
                self.present().into_iter().map(update).map(Effect::Holds).collect()
            }
        };
        let operation = |effect| Operation { effect, begun: now, request: Some(request), end: None };
        self.operations.extend(effects.into_iter().map(operation));
    }

    /// Takes note of an outcome; returns when the request began.
    pub(crate) fn end(&mut self, now: Time, request: RequestId, outcome: Outcome) -> Option<Time> {
        let mut begun = None;
        for operation in self.operations.iter_mut().filter(|operation| operation.request == Some(request)) {
            begun = Some(operation.begun);
            operation.request = None;
            operation.end = Some((now, outcome));
        }
        begun
    }

    /// Takes note that the endpoint will not hear any more of what it asked.
    pub(crate) fn abandon(&mut self, now: Time) {
        for operation in self.operations.iter_mut().filter(|operation| operation.end.is_none()) {
            operation.request = None;
            operation.end = Some((now, Outcome::Unknown));
        }
    }

    /// Drops what cannot matter to a span that begins at `horizon` or later.
    pub(crate) fn prune(&mut self, horizon: Time) {
        if self.operations.len() > 32 {
            let cut = self.cut(horizon);
            let is_over = |(ended, _)| ended + LONGEST_LINGERING <= cut;
            self.operations.retain(|operation| operation.begun >= cut || !operation.end.is_some_and(is_over));
        }
    }

    /// Judges what was shown, or that nothing was, at some time within the span.
    pub(crate) fn judge(&self, shown: Option<u32>, scope: Scope, span: &Span<'_>) -> Result<(), Rule> {
        match shown {
            Some(number) => self.judge_shown(number, scope, span),
            None => self.judge_absent(span),
        }
    }

    fn judge_shown(&self, number: u32, scope: Scope, span: &Span<'_>) -> Result<(), Rule> {
        let is_meant = |content: &Content| content.is_shown_as(number, scope);
        let mut has_expired = false;
        for (operation, content) in self.candidates(span) {
            let Some(content) = content.filter(is_meant) else { continue };
            if span.from < operation.settled(span) + content.duration() + operation.deviation(span) {
                return Ok(());
            }
            has_expired = true;
        }
        let was_told = self
            .operations
            .iter()
            .any(|operation| operation.begun <= span.to && operation.effect.content().as_ref().is_some_and(is_meant));
        let cut = self.cut(span.from);
        let is_gone = |operation: &Operation| operation.begun == cut && operation.effect == Effect::Gone;
        Err(match (has_expired, was_told) {
            (true, _) => Rule::Expired,
            (false, false) => Rule::Invented,
            (false, true) if self.operations.iter().any(is_gone) => Rule::Risen,
            (false, true) => Rule::Outdated,
        })
    }

    fn judge_absent(&self, span: &Span<'_>) -> Result<(), Rule> {
        let mut has_lapsed = false;
        for (operation, content) in self.candidates(span) {
            let Some(content) = content else { return Ok(()) };
            let can_have_expired = span.to + operation.deviation(span) >= operation.begun + content.duration();
            let had_to_renew =
                operation.is_certain() && span.renews_since.is_some_and(|since| since <= operation.begun);
            if can_have_expired && !had_to_renew {
                return Ok(());
            }
            has_lapsed |= can_have_expired;
        }
        Err(if has_lapsed { Rule::Lapsed } else { Rule::Missing })
    }

    /// Tells whether what is shown can have changed within the span.
    pub(crate) fn can_change(&self, span: &Span<'_>) -> bool {
        self.candidates(span).any(|(operation, content)| {
            let (begun, settled) = (operation.begun, operation.settled(span));
            let is_told = settled >= span.from;
            let expires = content.is_some_and(|content| {
                let (lifetime, deviation) = (content.duration(), operation.deviation(span));
                begun + lifetime <= span.to + deviation && settled + lifetime + deviation >= span.from
            });
            is_told || expires
        })
    }

    /// Returns the operations of which the last effect before or in the span can be, with what they leave.
    fn candidates<'a>(&'a self, span: &'a Span<'_>) -> impl Iterator<Item = (&'a Operation, Option<Content>)> {
        let cut = self.cut(span.from);
        self.operations.iter().filter_map(move |operation| {
            let is_in_time = operation.begun <= span.to;
            let is_replaced = operation.begun < cut && operation.settled(span) <= cut;
            let is_candidate = is_in_time && !is_replaced && operation.can_be_done(span);
            is_candidate.then_some((operation, operation.effect.content()))
        })
    }

    /// Returns the latest beginning of what was done for sure by `time`: it replaced all that was settled before.
    fn cut(&self, time: Time) -> Time {
        let done = self.operations.iter().rev().filter(|operation| operation.is_certain());
        let done = done.filter(|operation| operation.end.is_some_and(|(ended, _)| ended <= time));
        done.map(|operation| operation.begun).max().unwrap_or_default()
    }

    /// Returns what the registration can be that an update changes: what was acknowledged last, or what was told since.
    fn present(&self) -> Vec<Content> {
        let Some((begun, _)) = self.acknowledged() else { return Vec::new() };
        let is_refused = |operation: &Operation| matches!(operation.end, Some((_, Outcome::Refused)));
        let since = self.operations.iter().filter(|operation| operation.begun >= begun && !is_refused(operation));
        let mut contents = Vec::new();
        for content in since.filter_map(|operation| operation.effect.content()) {
            if !contents.contains(&content) {
                contents.push(content);
            }
        }
        contents
    }

    /// Returns the registration that was acknowledged last, and since when.
    pub(crate) fn acknowledged(&self) -> Option<(Time, Content)> {
        let mut certain = self.operations.iter().rev().filter(|operation| operation.is_certain());
        certain.find_map(|operation| Some((operation.begun, operation.effect.content()?)))
    }
}

impl Effect {
    const fn content(self) -> Option<Content> {
        match self {
            Self::Holds(content) => Some(content),
            Self::Gone => None,
        }
    }
}

impl Operation {
    fn is_certain(&self) -> bool {
        matches!(self.end, Some((_, Outcome::Acknowledged)))
    }

    /// Tells whether copies of the request may have come to a directory that did not know them for copies: because it
    /// restarted, or because they came later than it remembers. It may then have done again what was done, and refused what
    /// was done already.
    fn is_ambiguous(&self, span: &Span<'_>) -> bool {
        let end = self.end.map_or(span.to, |(ended, _)| ended + LONGEST_DELAY);
        let next = span.restarts.partition_point(|restart| *restart < self.begun);
        let has_restarted = span.restarts.get(next).is_some_and(|restart| *restart <= end);
        has_restarted || end.since(self.begun) + span.clock.deviation(self.begun, end) >= span.remembers
    }

    fn can_be_done(&self, span: &Span<'_>) -> bool {
        !matches!(self.end, Some((_, Outcome::Refused))) || self.is_ambiguous(span)
    }

    /// Returns after what time the request does nothing any more.
    fn settled(&self, span: &Span<'_>) -> Time {
        match self.end {
            None => span.to,
            Some((ended, Outcome::Acknowledged)) if !self.is_ambiguous(span) => ended,
            Some((ended, _)) => match self.effect {
                Effect::Holds(content) if content.is_simple => {
                    ended + LONGEST_DELAY + LONGEST_FETCH + span.clock.deviation(self.begun, span.to)
                }
                _ => ended + LONGEST_DELAY,
            },
        }
    }

    fn deviation(&self, span: &Span<'_>) -> Duration {
        span.clock.deviation(self.begun, span.to)
    }
}

/// After what time a request does nothing any more, whatever happens to clocks.
const LONGEST_LINGERING: Duration = Duration::from_secs(3 * 3600);
/// How long a directory tries to fetch the links of a simple registration.
const LONGEST_FETCH: Duration = Duration::from_secs(100);

#[cfg(test)]
mod tests {
    use super::*;

    const CONTENT: Content = Content { lifetime: 600, attribute: 7, links: 3, is_simple: false };

    fn at(seconds: u64) -> Time {
        Time::from_millis(seconds * 1000)
    }

    /// Returns a history of requests that began and ended so, and a way to judge by it.
    fn history(requests: &[(u64, u64, Telling, Outcome)]) -> History {
        let mut history = History::new();
        for (id, (begun, ended, telling, outcome)) in (0..).zip(requests) {
            history.begin(at(*begun), RequestId(id), telling);
            history.end(at(*ended), RequestId(id), *outcome);
        }
        history
    }

    fn judge(history: &History, shown: Option<u32>, from: u64, to: u64) -> Result<(), Rule> {
        let clock = Clock::new(Time::ZERO, 0, 0);
        let remembers = Duration::from_secs(247);
        let span = Span { from: at(from), to: at(to), clock: &clock, restarts: &[], remembers, renews_since: None };
        history.judge(shown, Scope::Endpoints, &span)
    }

    #[test]
    fn what_is_acknowledged_is_there_until_it_expires() {
        let history = history(&[(10, 20, Telling::Register(CONTENT), Outcome::Acknowledged)]);
        assert_eq!(judge(&history, None, 5, 15), Ok(()));
        assert_eq!(judge(&history, Some(7), 5, 15), Ok(()));
        assert_eq!(judge(&history, None, 21, 22), Err(Rule::Missing));
        assert_eq!(judge(&history, Some(8), 21, 22), Err(Rule::Invented));
        assert_eq!(judge(&history, None, 608, 609), Err(Rule::Missing));
        assert_eq!(judge(&history, Some(7), 619, 700), Ok(()));
        assert_eq!(judge(&history, Some(7), 621, 622), Err(Rule::Expired));
    }

    #[test]
    fn what_is_removed_is_gone_and_what_is_changed_is_as_it_was_changed_to() {
        let update = Telling::Update { attribute: Some(9), lifetime: None, links: None };
        let history = history(&[
            (10, 20, Telling::Register(CONTENT), Outcome::Acknowledged),
            (30, 40, update, Outcome::Acknowledged),
            (50, 60, Telling::Remove, Outcome::Acknowledged),
        ]);
        assert_eq!(judge(&history, Some(7), 35, 45), Ok(()));
        assert_eq!(judge(&history, Some(7), 41, 45), Err(Rule::Outdated));
        assert_eq!(judge(&history, Some(9), 41, 61), Ok(()));
        assert_eq!(judge(&history, Some(9), 61, 62), Err(Rule::Risen));
        assert_eq!(judge(&history, None, 61, 62), Ok(()));
    }

    #[test]
    fn an_update_changes_what_was_acknowledged_or_what_was_told_since() {
        let [long, none] =
            [Some(6000), None].map(|lifetime| Telling::Update { attribute: None, lifetime, links: None });
        let history = history(&[
            (10, 20, Telling::Register(CONTENT), Outcome::Acknowledged),
            (30, 40, long, Outcome::Unknown),
            (80, 90, none, Outcome::Acknowledged),
        ]);
        for time in [700, 6000] {
            assert_eq!(judge(&history, Some(7), time, time), Ok(()));
            assert_eq!(judge(&history, None, time, time), Ok(()));
        }
        assert_eq!(judge(&history, Some(7), 6091, 6091), Err(Rule::Expired));
    }

    #[test]
    fn what_was_refused_is_not_done_unless_the_refusal_can_be_that_of_a_copy() {
        let register = (10, 20, Telling::Register(CONTENT), Outcome::Acknowledged);
        let prompt = history(&[register.clone(), (30, 40, Telling::Remove, Outcome::Refused)]);
        assert_eq!(judge(&prompt, None, 50, 50), Err(Rule::Missing));
        let slow = history(&[register, (30, 400, Telling::Remove, Outcome::Refused)]);
        assert_eq!(judge(&slow, None, 410, 410), Ok(()));
    }

    #[test]
    fn what_has_no_outcome_can_be_done_or_not_and_late() {
        let unknown =
            [(10, 20, Telling::Register(CONTENT), Outcome::Acknowledged), (30, 40, Telling::Remove, Outcome::Unknown)];
        let mut unknown = history(&unknown);
        for time in [35, 65, 400] {
            assert_eq!(judge(&unknown, None, time, time), Ok(()));
            assert_eq!(judge(&unknown, Some(7), time, time), Ok(()));
        }
        unknown.begin(at(80), RequestId(9), &Telling::Register(CONTENT));
        unknown.end(at(81), RequestId(9), Outcome::Acknowledged);
        assert_eq!(judge(&unknown, None, 82, 83), Err(Rule::Missing));
    }
}

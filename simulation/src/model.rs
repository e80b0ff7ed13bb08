use std::collections::BTreeMap;
use std::time::Duration;

use waypost_client::LookupId;
use waypost_coap::Timing;
use waypost_rest::RequestId;

use crate::history::{History, Span};
use crate::host::Host;
use crate::machine::Machine;
use crate::note::{Found, Kind, Note, Outcome, Question, Shown, Whom};
use crate::{Finding, Happening, Rule, Tally, Time};

/// The judge: it knows what was told when, by the true times, and so what every answer may say.
#[derive(Debug, Default)]
pub(crate) struct Model {
    endpoints: BTreeMap<Host, Endpoint>,
    histories: BTreeMap<(Host, Host), History>,
    /// When each directory restarted.
    restarts: BTreeMap<Host, Vec<Time>>,
    lookups: BTreeMap<(Host, LookupId), Time>,
    /// What each observer was told last, if it was told anything.
    observers: BTreeMap<Host, Option<(Question, Found)>>,
    /// From when on everything must succeed.
    fair_from: Option<Time>,
}

#[derive(Debug)]
struct Endpoint {
    kind: Kind,
    /// Since when it wants to be registered.
    wants: Option<Time>,
    /// Which directory acknowledged something last.
    directory: Option<Host>,
}

type Judgement = Result<(), Finding>;

impl Model {
    pub(crate) fn add_endpoint(&mut self, host: Host, kind: Kind) {
        self.endpoints.insert(host, Endpoint { kind, wants: None, directory: None });
    }

    pub(crate) fn add_observer(&mut self, host: Host) {
        self.observers.insert(host, None);
    }

    /// Takes note of the weather: fair with all faults past, or foul.
    pub(crate) fn set_fair(&mut self, now: Time, is_fair: bool) {
        self.fair_from = is_fair.then_some(now + RECOVERY);
    }

    /// Takes note that a machine stopped, with or without what it knew.
    pub(crate) fn stopped(&mut self, now: Time, host: Host, forgets: bool) {
        self.restarts.entry(host).or_default().push(now);
        for ((endpoint, directory), history) in &mut self.histories {
            if *endpoint == host {
                history.abandon(now);
            }
            if *directory == host && forgets {
                history.forget(now);
            }
        }
        self.lookups.retain(|(seeker, _), _| *seeker != host);
        if let Some(observer) = self.observers.get_mut(&host) {
            *observer = None;
        }
    }

    /// Takes what a machine has to say.
    pub(crate) fn take(
        &mut self,
        now: Time,
        host: Host,
        note: Note,
        machines: &[Machine],
        tally: &mut Tally,
    ) -> Judgement {
        match note {
            Note::Telling { request, directory, telling } => {
                let history = self.histories.entry((host, directory)).or_insert_with(History::new);
                history.begin(now, request, &telling);
            }
            Note::Told { request, outcome } => return self.told(now, host, request, outcome, machines, tally),
            Note::Wants(wants) => {
                let endpoint = self.endpoints.get_mut(&host).expect("only endpoints want to be registered");
                endpoint.wants = wants.then_some(now);
            }
            Note::Seeking { lookup } => {
                self.lookups.insert((host, lookup), now);
            }
            Note::Found { lookup, question, found } => {
                return self.found(now, host, lookup, question, found, machines, tally);
            }
            Note::NotFound { lookup, why } => {
                tally.add(Happening::GivenUp);
                let begun = self.lookups.get(&(host, lookup)).copied().unwrap_or(now);
                self.succeeds_in_fair_weather(now, begun, || format!("{} looks up: {why}", name(machines, host)))?;
            }
            Note::Lapsed => tally.add(Happening::Lapsed),
            Note::Moved => tally.add(Happening::Moved),
            Note::Remark(_) => {}
        }
        Ok(())
    }

    fn told(
        &mut self,
        now: Time,
        host: Host,
        request: RequestId,
        outcome: Outcome,
        machines: &[Machine],
        tally: &mut Tally,
    ) -> Judgement {
        let own = self.histories.iter_mut().filter(|((endpoint, _), _)| *endpoint == host);
        let ended = own.filter_map(|((_, directory), history)| {
            history.prune(now.before(LONGEST_SPAN));
            Some((*directory, history.end(now, request, outcome)?))
        });
        let Some((directory, begun)) = ended.last() else { return Ok(()) };
        match outcome {
            Outcome::Acknowledged => {
                tally.add(Happening::Told);
                self.endpoints.get_mut(&host).expect("only endpoints tell").directory = Some(directory);
            }
            Outcome::Refused => {}
            Outcome::Unknown => {
                tally.add(Happening::GivenUp);
                self.succeeds_in_fair_weather(now, begun, || {
                    format!("{} asks {}", name(machines, host), name(machines, directory))
                })?;
            }
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    fn found(
        &mut self,
        now: Time,
        host: Host,
        lookup: LookupId,
        question: Question,
        found: Found,
        machines: &[Machine],
        tally: &mut Tally,
    ) -> Judgement {
        if question.is_observed {
            if self.is_fair_since(now.before(FRESHNESS)) {
                self.judge(now, question, &found, (now.before(FRESHNESS), now), machines, tally)?;
            }
            self.observers.insert(host, Some((question, found)));
            return Ok(());
        }
        let Some(begun) = self.lookups.remove(&(host, lookup)) else { return Ok(()) };
        if now.since(begun) > LONGEST_SPAN {
            return Ok(());
        }
        self.judge(now, question, &found, (begun, now), machines, tally)?;
        if self.is_fair_since(begun)
            && let Some(Some((_, known))) = self.observers.get(&host)
        {
            tally.add(Happening::Compared);
            self.compare(now, host, question, known, &found, (begun.before(FRESHNESS), now), machines)?;
        }
        Ok(())
    }

    /// Judges an answer that was made at some time within the span.
    fn judge(
        &self,
        now: Time,
        question: Question,
        found: &Found,
        span: (Time, Time),
        machines: &[Machine],
        tally: &mut Tally,
    ) -> Judgement {
        tally.add(Happening::Answered);
        for (&host, endpoint) in &self.endpoints {
            if !question.of.means(host, endpoint.kind) {
                if found.contains_key(&host) {
                    return Err(self.finding(now, Rule::Invented, host, question, machines));
                }
                continue;
            }
            tally.add(Happening::Judged);
            let shown = match found.get(&host) {
                Some(Shown::Torn) => return Err(self.finding(now, Rule::Torn, host, question, machines)),
                Some(Shown::Whole(number)) => Some(*number),
                None => None,
            };
            let span = self.span(host, question.directory, span, machines);
            let judgement = match self.histories.get(&(host, question.directory)) {
                Some(history) => history.judge(shown, question.scope, &span),
                None => shown.map_or(Ok(()), |_| Err(Rule::Invented)),
            };
            judgement.map_err(|rule| Finding {
                what: format!("{} shows {shown:?} of {}", name(machines, question.directory), name(machines, host)),
                ..self.finding(now, rule, host, question, machines)
            })?;
        }
        Ok(())
    }

    /// Compares what an observer knows with what it looked up.
    #[allow(clippy::too_many_arguments)]
    fn compare(
        &self,
        now: Time,
        observer: Host,
        question: Question,
        known: &Found,
        found: &Found,
        span: (Time, Time),
        machines: &[Machine],
    ) -> Judgement {
        let differs = |host: &&Host| known.get(host) != found.get(host);
        for &host in self.endpoints.keys().filter(differs) {
            let Some(history) = self.histories.get(&(host, question.directory)) else { continue };
            if !history.can_change(&self.span(host, question.directory, span, machines)) {
                let who = name(machines, observer);
                let (known, found) = (known.get(&host), found.get(&host));
                let what = format!("{who} knows {known:?} and finds {found:?} of {}", name(machines, host));
                return Err(Finding { at: now, rule: Rule::Stale, what });
            }
        }
        Ok(())
    }

    /// Looks at all that must be so when the weather has been fair for a while.
    pub(crate) fn check(&self, now: Time, machines: &[Machine], tally: &mut Tally) -> Judgement {
        let Some(fair_from) = self.fair_from.filter(|from| *from < now) else { return Ok(()) };
        tally.add(Happening::Checked);
        for (&host, endpoint) in &self.endpoints {
            let Some(wants) = endpoint.wants else { continue };
            let history = endpoint.directory.and_then(|directory| self.histories.get(&(host, directory)));
            // Until then, it has no reason to think that it is not registered.
            let expires = history.and_then(History::acknowledged).map(|(since, content)| since + content.duration());
            if wants.max(fair_from).max(expires.unwrap_or_default()) + PROMPTNESS < now {
                let what = format!("{} is not", name(machines, host));
                return Err(Finding { at: now, rule: Rule::Unregistered, what });
            }
        }
        for (&host, known) in &self.observers {
            let stale = |what: String| {
                let what = format!("{} knows what is not so: {what}", name(machines, host));
                Finding { at: now, rule: Rule::Stale, what }
            };
            let Some((question, known)) = known else { return Err(stale("nothing".into())) };
            self.judge(now, *question, known, (now.before(FRESHNESS), now), machines, tally)
                .map_err(|finding| stale(format!("{}: {}", finding.rule, finding.what)))?;
        }
        Ok(())
    }

    fn is_fair_since(&self, time: Time) -> bool {
        self.fair_from.is_some_and(|from| from <= time)
    }

    fn succeeds_in_fair_weather(&self, now: Time, begun: Time, what: impl FnOnce() -> String) -> Judgement {
        match self.is_fair_since(begun) {
            true => Err(Finding { at: now, rule: Rule::Failed, what: what() }),
            false => Ok(()),
        }
    }

    fn span<'a>(&'a self, host: Host, directory: Host, (from, to): (Time, Time), machines: &'a [Machine]) -> Span<'a> {
        let endpoint = &self.endpoints[&host];
        let wants_to_stay = endpoint.wants.filter(|_| endpoint.directory == Some(directory));
        Span {
            from,
            to,
            clock: &machines[directory.index()].clock,
            restarts: self.restarts.get(&directory).map_or(&[], Vec::as_slice),
            remembers: Timing::default().exchange_lifetime(),
            renews_since: self.fair_from.zip(wants_to_stay).map(|(fair_from, wants)| fair_from.max(wants)),
        }
    }

    fn finding(&self, now: Time, rule: Rule, host: Host, question: Question, machines: &[Machine]) -> Finding {
        let what = format!("{} about {}", name(machines, question.directory), name(machines, host));
        Finding { at: now, rule, what }
    }
}

impl Whom {
    fn means(self, host: Host, kind: Kind) -> bool {
        match self {
            Self::All => true,
            Self::Kind(wanted) => wanted == kind,
            Self::One(wanted) => wanted == host,
        }
    }
}

fn name(machines: &[Machine], host: Host) -> &str {
    &machines[host.index()].name
}

/// After what time of fair weather everything works again: clocks that were set back have caught up, and who waits to try
/// again has done so.
pub(crate) const RECOVERY: Duration = Duration::from_secs(15 * 60);
/// After what time an observer knows what has changed: it may have to fetch it in small blocks.
const FRESHNESS: Duration = Duration::from_secs(120);
/// After what time an endpoint that wants to be registered is.
const PROMPTNESS: Duration = Duration::from_secs(10 * 60);
/// Answers that took longer are not judged.
const LONGEST_SPAN: Duration = Duration::from_secs(30 * 60);

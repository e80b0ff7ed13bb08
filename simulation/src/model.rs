use std::collections::BTreeMap;
use std::time::Duration;

use waypost_client::LookupId;
use waypost_coap::Timing;
use waypost_rest::RequestId;

use crate::clock::Clock;
use crate::history::{History, Span};
use crate::host::Host;
use crate::machine::Machine;
use crate::note::{Found, Kind, Note, Outcome, Question, Scope, Shown, Whom};
use crate::replicas::{Position, Replicas};
use crate::{Finding, Happening, Rule, Tally, Time};

/// The judge: it knows what was told when, by the true times, and so what every answer may say.
#[derive(Debug, Default)]
pub(crate) struct Model {
    endpoints: BTreeMap<Host, Endpoint>,
    /// Which authority each directory belongs to.
    authorities: BTreeMap<Host, usize>,
    replicas: Vec<Replicas>,
    /// By endpoint and authority.
    histories: BTreeMap<(Host, usize), History>,
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

/// The present, as the judge sees it.
pub(crate) struct Present<'a> {
    pub(crate) now: Time,
    pub(crate) machines: &'a [Machine],
    pub(crate) tally: &'a mut Tally,
}

type Judgement = Result<(), Finding>;

impl Model {
    /// Adds directories that are one authority.
    pub(crate) fn add_authority(&mut self, directories: &[Host]) {
        let mut replicas = Replicas::default();
        for &directory in directories {
            replicas.add(directory);
            self.authorities.insert(directory, self.replicas.len());
        }
        self.replicas.push(replicas);
    }

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
        let stopped = self.authorities.get(&host).copied();
        if let Some(authority) = stopped {
            self.replicas[authority].stopped(now, host, forgets);
        }
        for ((endpoint, authority), history) in &mut self.histories {
            if *endpoint == host {
                history.abandon(now);
            }
            if stopped == Some(*authority) && forgets && self.replicas[*authority].is_one() {
                history.forget(now, host);
            }
        }
        self.lookups.retain(|(seeker, _), _| *seeker != host);
        if let Some(observer) = self.observers.get_mut(&host) {
            *observer = None;
        }
    }

    /// Takes note of how far a replica has come.
    pub(crate) fn moved(&mut self, now: Time, host: Host, position: Position) {
        if let Some(&authority) = self.authorities.get(&host) {
            self.replicas[authority].moved(now, host, position);
            self.replicas[authority].prune(now.before(LONGEST_MEMORY));
        }
    }

    /// Takes what a machine has to say.
    pub(crate) fn take(&mut self, present: &mut Present<'_>, host: Host, note: Note) -> Judgement {
        let now = present.now;
        match note {
            Note::Telling { request, directory, telling } => {
                let Some(&authority) = self.authorities.get(&directory) else { return Ok(()) };
                let history = self.histories.entry((host, authority)).or_insert_with(|| History::new(directory));
                history.begin(now, directory, request, telling);
            }
            Note::Told { request, outcome } => return self.told(present, host, request, outcome),
            Note::Wants(wants) => {
                let endpoint = self.endpoints.get_mut(&host).expect("only endpoints want to be registered");
                endpoint.wants = wants.then_some(now);
            }
            Note::Seeking { lookup } => {
                self.lookups.insert((host, lookup), now);
            }
            Note::Found { question, found, .. } if question.is_observed => {
                return self.notified(present, host, question, found);
            }
            Note::Found { lookup, question, found } => return self.found(present, host, lookup, question, &found),
            Note::NotFound { lookup, why } => {
                let begun = self.lookups.get(&(host, lookup)).copied().unwrap_or(now);
                return self.gave_up(present, begun, |name| format!("{} looks up: {why}", name(host)));
            }
            Note::Lapsed => present.tally.add(Happening::Lapsed),
            Note::Moved => present.tally.add(Happening::Moved),
            Note::Remark(_) => {}
        }
        Ok(())
    }

    fn told(&mut self, present: &mut Present<'_>, host: Host, request: RequestId, outcome: Outcome) -> Judgement {
        let own = self.histories.iter_mut().filter(|((endpoint, _), _)| *endpoint == host);
        let Some((authority, (directory, begun))) = own
            .filter_map(|((_, authority), history)| Some((*authority, history.end(present.now, request, outcome)?)))
            .last()
        else {
            return Ok(());
        };
        self.prune(present, host, authority);
        match outcome {
            Outcome::Acknowledged => {
                present.tally.add(Happening::Told);
                self.endpoints.get_mut(&host).expect("only endpoints tell").directory = Some(directory);
                Ok(())
            }
            Outcome::Refused => Ok(()),
            Outcome::Unknown => self.gave_up(present, begun, |name| format!("{} asks {}", name(host), name(directory))),
        }
    }

    /// Takes what an observer is told.
    fn notified(&mut self, present: &mut Present<'_>, host: Host, question: Question, found: Found) -> Judgement {
        let since = present.now.before(FRESHNESS);
        if self.is_fair_since(since) {
            self.judge(present, question, &found, since)?;
        }
        self.observers.insert(host, Some((question, found)));
        Ok(())
    }

    /// Takes what a look-up shows.
    fn found(
        &mut self,
        present: &mut Present<'_>,
        host: Host,
        lookup: LookupId,
        question: Question,
        found: &Found,
    ) -> Judgement {
        let Some(begun) = self.lookups.remove(&(host, lookup)) else { return Ok(()) };
        if present.now.since(begun) > LONGEST_SPAN {
            return Ok(());
        }
        self.judge(present, question, found, begun)?;
        match self.observers.get(&host) {
            Some(Some((_, known))) if self.is_fair_since(begun) => {
                present.tally.add(Happening::Compared);
                self.compare(present, host, question, (known, found), begun.before(FRESHNESS))
            }
            _ => Ok(()),
        }
    }

    /// Takes note that a request that began then came to nothing, which in fair weather must not be.
    fn gave_up(
        &self,
        present: &mut Present<'_>,
        begun: Time,
        what: impl FnOnce(&dyn Fn(Host) -> String) -> String,
    ) -> Judgement {
        present.tally.add(Happening::GivenUp);
        match self.is_fair_since(begun) {
            true => present.find(Rule::Failed, what(&|host| present.name(host).into())),
            false => Ok(()),
        }
    }

    /// Judges an answer that was made some time since.
    fn judge(&self, present: &mut Present<'_>, question: Question, found: &Found, since: Time) -> Judgement {
        present.tally.add(Happening::Answered);
        let authority = self.authorities[&question.directory];
        let clocks = self.clocks(present.machines, authority);
        for (&host, endpoint) in &self.endpoints {
            let shown = found.get(&host);
            if shown.is_none() && !question.of.means(host, endpoint.kind) {
                continue;
            }
            present.tally.add(Happening::Judged);
            let history = self.histories.get(&(host, authority));
            let judgement = match (shown, history) {
                (Some(_), _) if !question.of.means(host, endpoint.kind) => Err(Rule::Invented),
                (Some(Shown::Torn), _) => Err(Rule::Torn),
                (Some(Shown::Whole(_)), None) => Err(Rule::Invented),
                (None, None) => Ok(()),
                (_, Some(history)) => {
                    let number =
                        shown.and_then(|shown| if let Shown::Whole(number) = shown { Some(*number) } else { None });
                    let span = self.span(present.now, &clocks, (host, question.directory), since);
                    history.judge(number, question.scope, &span)
                }
            };
            if let Err(rule) = judgement {
                let (directory, host) = (present.name(question.directory), present.name(host));
                return present.find(rule, format!("{directory} shows {shown:?} of {host}"));
            }
        }
        Ok(())
    }

    /// Compares what an observer knows with what it looked up.
    fn compare(
        &self,
        present: &Present<'_>,
        observer: Host,
        question: Question,
        (known, found): (&Found, &Found),
        since: Time,
    ) -> Judgement {
        let authority = self.authorities[&question.directory];
        let clocks = self.clocks(present.machines, authority);
        for &host in self.endpoints.keys() {
            let (known, found) = (known.get(&host), found.get(&host));
            let Some(history) = self.histories.get(&(host, authority)) else { continue };
            let span = self.span(present.now, &clocks, (host, question.directory), since);
            if known != found && !history.can_change(question.scope, &span) {
                let (observer, host) = (present.name(observer), present.name(host));
                return present.find(Rule::Stale, format!("{observer} knows {known:?} and finds {found:?} of {host}"));
            }
        }
        Ok(())
    }

    /// Looks at all that must be so when the weather has been fair for a while.
    pub(crate) fn check(&self, present: &mut Present<'_>) -> Judgement {
        let Some(fair_from) = self.fair_from.filter(|from| *from < present.now) else { return Ok(()) };
        present.tally.add(Happening::Checked);
        for (&host, endpoint) in &self.endpoints {
            let Some(wants) = endpoint.wants else { continue };
            let authority = endpoint.directory.map(|directory| self.authorities[&directory]);
            let history = authority.and_then(|authority| self.histories.get(&(host, authority)));
            // Until then, it has no reason to think that it is not registered.
            let expires = history.and_then(History::lasts_until);
            if wants.max(fair_from).max(expires.unwrap_or_default()) + PROMPTNESS < present.now {
                return present.find(Rule::Unregistered, format!("{} is not", present.name(host)));
            }
        }
        for authority in 0..self.replicas.len() {
            self.check_replicas(present, authority)?;
        }
        for (&host, known) in &self.observers {
            let judgement = match known {
                None => present.find(Rule::Stale, "nothing".into()),
                Some((question, known)) => self.judge(present, *question, known, present.now.before(FRESHNESS)),
            };
            if let Err(Finding { rule, what, .. }) = judgement {
                let what = format!("{} knows what is not so: {rule}: {what}", present.name(host));
                return present.find(Rule::Stale, what);
            }
        }
        Ok(())
    }

    /// Compares what the replicas of an authority hold.
    fn check_replicas(&self, present: &mut Present<'_>, authority: usize) -> Judgement {
        let replicas = &self.replicas[authority];
        let since = present.now.before(FRESHNESS);
        let clocks = self.clocks(present.machines, authority);
        let held = replicas.hosts().filter_map(|host| Some((host, present.machines[host.index()].held(present.now)?)));
        let mut held: Vec<_> = held.collect();
        let Some((first, expected)) = held.pop() else { return Ok(()) };
        for (host, found) in held {
            for (one, other) in [(first, host), (host, first)] {
                if !replicas.knew(one, present.now, other, (since, since)) {
                    let what = format!("{} has not heard of {}", present.name(one), present.name(other));
                    return present.find(Rule::Apart, what);
                }
            }
            for &endpoint in self.endpoints.keys() {
                let (expected, found) = (expected.get(&endpoint), found.get(&endpoint));
                let Some(history) = self.histories.get(&(endpoint, authority)) else { continue };
                let can_change = |directory| {
                    let span = self.span(present.now, &clocks, (endpoint, directory), since);
                    Scope::ALL.iter().any(|&scope| history.can_change(scope, &span))
                };
                present.tally.add(Happening::Compared);
                if expected != found && !can_change(first) && !can_change(host) {
                    let [first, host, endpoint] = [first, host, endpoint].map(|host| present.name(host));
                    let what = format!("{first} holds {expected:?}, {host} {found:?} of {endpoint}");
                    return present.find(Rule::Apart, what);
                }
            }
        }
        Ok(())
    }

    fn is_fair_since(&self, time: Time) -> bool {
        self.fair_from.is_some_and(|from| from <= time)
    }

    /// Drops what an endpoint told an authority and can matter to nobody any more.
    fn prune(&mut self, present: &Present<'_>, host: Host, authority: usize) {
        let Some(mut history) = self.histories.remove(&(host, authority)) else { return };
        let clocks = self.clocks(present.machines, authority);
        let since = present.now.before(LONGEST_SPAN);
        let of = |directory| self.span(present.now, &clocks, (host, directory), since);
        let spans: Vec<_> = self.replicas[authority].hosts().map(of).collect();
        history.prune(&spans);
        self.histories.insert((host, authority), history);
    }

    fn clocks<'m>(&self, machines: &'m [Machine], authority: usize) -> Vec<(Host, &'m Clock)> {
        self.replicas[authority].hosts().map(|host| (host, &machines[host.index()].clock)).collect()
    }

    /// Returns what is known of the time since then, for what an endpoint told a directory.
    fn span<'a>(
        &'a self,
        now: Time,
        clocks: &'a [(Host, &'a Clock)],
        (host, directory): (Host, Host),
        since: Time,
    ) -> Span<'a> {
        let endpoint = &self.endpoints[&host];
        let authority = self.authorities[&directory];
        let wants_to_stay =
            endpoint.wants.filter(|_| endpoint.directory.is_some_and(|last| self.authorities[&last] == authority));
        Span {
            from: since,
            to: now,
            at: directory,
            replicas: &self.replicas[authority],
            clocks,
            remembers: Timing::default().exchange_lifetime(),
            transit: LONGEST_TRANSIT,
            renews_since: self.fair_from.zip(wants_to_stay).map(|(fair_from, wants)| fair_from.max(wants)),
        }
    }
}

impl Present<'_> {
    fn name(&self, host: Host) -> &str {
        &self.machines[host.index()].name
    }

    fn find(&self, rule: Rule, what: String) -> Judgement {
        Err(Finding { at: self.now, rule, what })
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

/// After what time of fair weather everything works again: clocks that were set back have caught up, and who waits to try
/// again has done so.
pub(crate) const RECOVERY: Duration = Duration::from_secs(15 * 60);
/// After what time an observer knows what has changed: it may have to fetch it in small blocks.
const FRESHNESS: Duration = Duration::from_secs(120);
/// After what time an endpoint that wants to be registered is.
const PROMPTNESS: Duration = Duration::from_secs(10 * 60);
/// Answers that took longer are not judged.
const LONGEST_SPAN: Duration = Duration::from_secs(30 * 60);
/// How far back it is known how far replicas had come: as far as operations matter.
const LONGEST_MEMORY: Duration = Duration::from_secs(6 * 3600);
/// How much younger than it is a registration may seem elsewhere: what messages take, with all repetitions, by way of others.
const LONGEST_TRANSIT: Duration = Duration::from_secs(11 * 60);

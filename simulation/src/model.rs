mod view;

use std::collections::BTreeMap;
use std::time::Duration;

use waypost_client::LookupId;
use waypost_rest::RequestId;

use self::view::View;
use crate::history::History;
use crate::host::Host;
use crate::machine::Machine;
use crate::note::{Found, Kind, Note, Outcome, Question, Scope, Whom};
use crate::proxied::{Proxied, Way};
use crate::replicas::{Position, Replicas};
use crate::{Finding, Happening, Rule, Tally, Time};

/// The judge: it knows what was told when, by the true times, and so what every answer may say.
#[derive(Debug, Default)]
pub(crate) struct Model {
    endpoints: BTreeMap<Host, Endpoint>,
    /// Which authority each directory belongs to.
    authorities: BTreeMap<Host, usize>,
    replicas: Vec<Replicas>,
    proxies: BTreeMap<Host, Proxied>,
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

    /// Adds a machine that is asked in the place of directories, and mirrors something of them.
    pub(crate) fn add_proxy(&mut self, host: Host, ways: Vec<Way>, mirrored: Whom) {
        self.proxies.insert(host, Proxied::new(ways, mirrored));
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
        self.proxies.values_mut().for_each(|proxy| proxy.sent.clear());
    }

    /// Takes note of a datagram.
    pub(crate) fn sent(&mut self, now: Time, from: Host, to: Host) {
        if self.is_fair_since(now)
            && self.proxies.contains_key(&to)
            && let Some(proxy) = self.proxies.get_mut(&from)
        {
            *proxy.sent.entry(to).or_default() += 1;
        }
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

    /// Takes note that a machine slept.
    pub(crate) fn slept(&mut self, host: Host, from: Time, to: Time) {
        if let Some(proxy) = self.proxies.get_mut(&host) {
            proxy.slept(from, to);
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
            Note::Found { lookup, question, found, is_fresh } => {
                return self.found(present, (host, lookup), question, (&found, is_fresh));
            }
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
            self.judge(present, question, (&found, false), since)?;
        }
        self.observers.insert(host, Some((question, found)));
        Ok(())
    }

    /// Takes what a look-up shows.
    fn found(
        &mut self,
        present: &mut Present<'_>,
        (host, lookup): (Host, LookupId),
        question: Question,
        (found, is_fresh): (&Found, bool),
    ) -> Judgement {
        let Some(begun) = self.lookups.remove(&(host, lookup)) else { return Ok(()) };
        if present.now.since(begun) > LONGEST_SPAN {
            return Ok(());
        }
        self.judge(present, question, (found, is_fresh), begun)?;
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

    /// Judges an answer that was made some time since, and says whether it is fresh.
    fn judge(
        &self,
        present: &mut Present<'_>,
        question: Question,
        (found, is_fresh): (&Found, bool),
        since: Time,
    ) -> Judgement {
        present.tally.add(Happening::Answered);
        let views = self.views(present, question.directory, since, is_fresh);
        if views.iter().any(|view| view.since < present.now.before(LONGEST_VIEW)) {
            return Ok(());
        }
        for (&host, endpoint) in &self.endpoints {
            let shown = found.get(&host);
            let is_meant = question.of.means(host, endpoint.kind);
            if shown.is_none() && !is_meant {
                continue;
            }
            present.tally.add(Happening::Judged);
            let judge = |view: &View<'_>, number| {
                let history = self.histories.get(&(host, self.authorities[&view.source]));
                match history {
                    Some(history) => history.judge(number, question.scope, &self.span(present.now, view, host)),
                    None if number.is_some() => Err(Rule::Invented),
                    None => Ok(()),
                }
            };
            // What is shown is at one of the sources, what is not is at none.
            let judgement = match shown {
                None => views.iter().try_for_each(|view| judge(view, None)).or_else(|rule| {
                    // Where it went to takes its place before its links are known.
                    let is_hidden =
                        |view: &View<'_>| view.is_asked && self.can_change(present, &[view], host, &Scope::ALL);
                    let is_handed_over = question.scope == Scope::Resources && views.iter().any(is_hidden);
                    if is_handed_over { Ok(()) } else { Err(rule) }
                }),
                Some(_) if !is_meant => Err(Rule::Invented),
                Some(shown) => match shown.numbers() {
                    [] => Err(Rule::Torn),
                    numbers => {
                        let views: Vec<_> = views.iter().collect();
                        let is_somewhere = |&number: &u32| judge_each(&[number], &views, judge).is_ok();
                        judge_each(numbers, &views, judge).map_err(|rule| match numbers {
                            [_, _, ..] if numbers.iter().all(is_somewhere) => Rule::Twice,
                            _ => rule,
                        })
                    }
                },
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
        let views = self.views(present, question.directory, since, false);
        for &host in self.endpoints.keys() {
            let (known, found) = (known.get(&host), found.get(&host));
            if known != found && !self.can_change(present, &views.iter().collect::<Vec<_>>(), host, &[question.scope]) {
                let (observer, host) = (present.name(observer), present.name(host));
                return present.find(Rule::Stale, format!("{observer} knows {known:?} and finds {found:?} of {host}"));
            }
        }
        Ok(())
    }

    /// Tells whether something of an endpoint can have changed since one of the views began.
    fn can_change(&self, present: &Present<'_>, views: &[&View<'_>], endpoint: Host, scopes: &[Scope]) -> bool {
        views.iter().any(|view| {
            let Some(history) = self.histories.get(&(endpoint, self.authorities[&view.source])) else { return false };
            let span = self.span(present.now, view, endpoint);
            scopes.iter().any(|&scope| history.can_change(scope, &span))
        })
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
        for &proxy in self.proxies.keys() {
            self.check_mirrors(present, proxy)?;
            self.check_rest(present, proxy, fair_from)?;
        }
        for (&host, known) in &self.observers {
            let judgement = match known {
                None => present.find(Rule::Stale, "nothing".into()),
                Some((question, known)) => {
                    self.judge(present, *question, (known, false), present.now.before(FRESHNESS))
                }
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
        let held =
            replicas.hosts().filter_map(|host| Some((host, present.machines[host.index()].held(present.now, host)?)));
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
                present.tally.add(Happening::Compared);
                let views = [first, host].map(|directory| self.view(present, directory, since));
                if expected != found && !self.can_change(present, &views.each_ref(), endpoint, &Scope::ALL) {
                    let [first, host, endpoint] = [first, host, endpoint].map(|host| present.name(host));
                    let what = format!("{first} holds {expected:?}, {host} {found:?} of {endpoint}");
                    return present.find(Rule::Apart, what);
                }
            }
        }
        Ok(())
    }

    /// Compares what a proxy holds with what its sources do.
    fn check_mirrors(&self, present: &mut Present<'_>, proxy: Host) -> Judgement {
        let views = self.views(present, proxy, present.now.before(FRESHNESS), false);
        let mirrored = self.proxies[&proxy].mirrored;
        for View { source, .. } in &views {
            let held = |host: Host| present.machines[host.index()].held(present.now, *source);
            let (Some(expected), Some(found)) = (held(*source), held(proxy)) else { continue };
            for (&host, endpoint) in &self.endpoints {
                present.tally.add(Happening::Compared);
                let expected = expected.get(&host).filter(|_| mirrored.means(host, endpoint.kind));
                let found = found.get(&host);
                if expected != found && !self.can_change(present, &views.iter().collect::<Vec<_>>(), host, &Scope::ALL)
                {
                    let [proxy, source, host] = [proxy, *source, host].map(|host| present.name(host));
                    let what = format!("{source} holds {expected:?}, {proxy} {found:?} of {host}");
                    return present.find(Rule::Apart, what);
                }
            }
        }
        Ok(())
    }

    /// Looks whether proxies have said no more to each other than there was to say.
    fn check_rest(&self, present: &Present<'_>, proxy: Host, since: Time) -> Judgement {
        let most = MOST_PER_MINUTE * (present.now.since(since).as_secs() / 60) as u32;
        match self.proxies[&proxy].sent.iter().find(|(_, sent)| **sent > most) {
            Some((&to, sent)) => {
                let [proxy, to] = [proxy, to].map(|host| present.name(host));
                present.find(Rule::Restless, format!("{proxy} sent {to} {sent} datagrams"))
            }
            None => Ok(()),
        }
    }

    fn is_fair_since(&self, time: Time) -> bool {
        self.fair_from.is_some_and(|from| from <= time)
    }

    /// Drops what an endpoint told an authority and can matter to nobody any more.
    fn prune(&mut self, present: &Present<'_>, host: Host, authority: usize) {
        let Some(mut history) = self.histories.remove(&(host, authority)) else { return };
        let since = present.now.before(if self.proxies.is_empty() { LONGEST_SPAN } else { LONGEST_VIEW });
        let views: Vec<_> =
            self.replicas[authority].hosts().map(|directory| self.view(present, directory, since)).collect();
        let spans: Vec<_> = views.iter().map(|view| self.span(present.now, view, host)).collect();
        history.prune(&spans);
        self.histories.insert((host, authority), history);
    }
}

/// Judges numbers of which each is what another source has.
fn judge_each(
    numbers: &[u32],
    views: &[&View<'_>],
    judge: impl Fn(&View<'_>, Option<u32>) -> Result<(), Rule> + Copy,
) -> Result<(), Rule> {
    let Some((&number, others)) = numbers.split_first() else { return Ok(()) };
    let at = |nth: usize| {
        judge(views[nth], Some(number))?;
        let rest: Vec<_> = views[..nth].iter().chain(&views[nth + 1..]).copied().collect();
        judge_each(others, &rest, judge)
    };
    // Where nobody registered it, there is nothing to say of it.
    let likelier = |one: Result<(), Rule>, other: Result<(), Rule>| match one {
        Err(Rule::Invented) => other,
        Err(rule) => other.map_err(|_| rule),
        Ok(()) => Ok(()),
    };
    (0..views.len()).map(at).reduce(likelier).unwrap_or(Err(Rule::Torn))
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
/// Datagrams from one proxy to another in a minute, when all is well: of two directories it asks once whether it is still told of
/// changes, and is told of renewals six times; clients ask, and endpoints change.
const MOST_PER_MINUTE: u32 = 20;
/// After what time an observer knows what has changed: it may have to fetch it in small blocks.
const FRESHNESS: Duration = Duration::from_secs(120);
/// After what time an endpoint that wants to be registered is.
const PROMPTNESS: Duration = Duration::from_secs(10 * 60);
/// Answers that took longer are not judged.
const LONGEST_SPAN: Duration = Duration::from_secs(30 * 60);
/// Answers that can show what was so longer ago are not judged.
const LONGEST_VIEW: Duration = Duration::from_secs(3 * 3600);
/// How far back it is known how far replicas had come: as far as operations matter.
const LONGEST_MEMORY: Duration = Duration::from_secs(6 * 3600);

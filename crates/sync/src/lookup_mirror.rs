//! Mirrors a directory that has no feed, by its look-ups.

mod entry;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

use waypost_client::{Answer, Fault, Lookup, LookupClient, LookupConfig, LookupEvent, LookupId, ResourceUri};
use waypost_filter::{Criterion, Query, Test};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::Location;
use waypost_rest::{Output, RequestFailure, RequestId, Response, Service};
use waypost_time::Instant;

use self::entry::{Entry, links_by_provenance};
use crate::follower::Surroundings;
use crate::{Means, SyncConfig, SyncEvent};

/// Follows a directory by observing, or polling, its look-ups.
///
/// The endpoint look-up tells which registrations there are. For their links there are two ways: where links show their
/// provenance, one look-up of all resources; else one look-up for each registration. Which it is, and whether ages are
/// shown, is found out with the first registration that has links.
#[derive(Debug)]
pub(crate) struct LookupMirror {
    name: Box<str>,
    host: ResourceUri,
    /// What of it is mirrored.
    query: Query,
    client: LookupClient,
    endpoints: Option<LookupId>,
    /// How the source shows ages: tried, and then the name that the look-up of endpoints asks for.
    ages: Trial,
    provenance: Trial,
    entries: BTreeMap<Location, Entry>,
    /// The look-up of the links of one registration each.
    by_lookup: BTreeMap<LookupId, Location>,
    /// Links that came last, with their provenance, of registrations that had not come yet, or are gone since.
    early: BTreeMap<Location, LinkDocumentBuf>,
    /// Registrations whose links are to be looked up.
    wanted: BTreeSet<Location>,
    /// When the registrations are asked for again, before the first of them expires here that may have been renewed there.
    refresh: Option<Instant>,
    /// What was not answered last. It is asked again.
    lost: BTreeSet<LookupId>,
    is_in_step: bool,
    /// Whether the links of all that was there at the beginning have been read.
    is_whole: bool,
}

/// Whether the source can do something that not every directory can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Trial {
    Unknown,
    Asked(LookupId),
    /// It can; the look-up that uses it.
    Can(LookupId),
    Cannot,
}

impl LookupMirror {
    pub(crate) fn new(host: ResourceUri, query: Query, config: &SyncConfig) -> Self {
        let limits = &config.limits;
        let mut client = LookupConfig::new(config.seed);
        client.schemes.clone_from(&config.schemes);
        client.limits.lookups = limits.lookups_per_source;
        client.limits.events = limits.events;
        client.limits.answer_bytes = limits.received_bytes;
        client.limits.answer_timeout = limits.patience;
        client.limits.refresh = limits.refresh;
        client.limits.poll = limits.poll;
        client.limits.retry = limits.retry;
        client.limits.retry_max = limits.retry_max;
        Self {
            name: host.as_str().into(),
            host,
            query,
            client: LookupClient::new(client),
            endpoints: None,
            ages: Trial::Unknown,
            provenance: Trial::Unknown,
            entries: BTreeMap::new(),
            by_lookup: BTreeMap::new(),
            early: BTreeMap::new(),
            wanted: BTreeSet::new(),
            refresh: None,
            lost: BTreeSet::new(),
            is_in_step: false,
            is_whole: false,
        }
    }

    /// Tells whether everything that the source has to say is here.
    pub(crate) fn is_in_step(&self) -> bool {
        self.is_in_step && self.is_whole && self.lost.is_empty()
    }

    /// Returns when everything that the source had to say was here last, if it is in step: now, or before what was asked since.
    pub(crate) fn confirmed(&self, now: Instant) -> Option<Instant> {
        self.is_in_step().then(|| self.client.unanswered_since().unwrap_or(now))
    }

    /// Tells whether the source says how old registrations are.
    pub(crate) const fn shows_ages(&self) -> bool {
        matches!(self.ages, Trial::Can(_))
    }

    /// Returns which look-ups tell what is there, once that is found out.
    pub(crate) const fn means(&self) -> Option<Means> {
        match self.provenance {
            Trial::Can(_) => Some(Means::Lookups),
            Trial::Cannot => Some(Means::LookupsOfEach),
            Trial::Unknown | Trial::Asked(_) => None,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.client.poll_timeout().into_iter().chain(self.refresh).min()
    }

    pub(crate) fn handle_timeout(&mut self, surroundings: &mut Surroundings<'_>) {
        self.client.handle_timeout(surroundings.now);
        if let Some(endpoints) = self.endpoints
            && self.refresh.take_if(|refresh| *refresh <= surroundings.now).is_some()
        {
            self.client.refresh(surroundings.now, endpoints);
        }
        self.take_events(surroundings);
    }

    pub(crate) fn handle_response(
        &mut self,
        surroundings: &mut Surroundings<'_>,
        request: RequestId,
        outcome: Result<Response, RequestFailure>,
    ) {
        self.client.handle_response(surroundings.now, request, outcome);
        self.take_events(surroundings);
    }

    pub(crate) fn poll_output(&mut self, surroundings: &mut Surroundings<'_>) -> Option<Output> {
        if self.endpoints.is_none() {
            let all = Lookup::endpoints(self.host.clone(), self.query.clone()).observed();
            self.endpoints = self.client.look_up(surroundings.now, all).ok();
        }
        self.look_up_links(surroundings.now);
        self.client.poll_output()
    }

    /// Ends all that is observed, and returns what is to be said to the source.
    pub(crate) fn end(mut self, now: Instant) -> Vec<Output> {
        let trials = [self.provenance, self.ages].into_iter().filter_map(|trial| match trial {
            Trial::Asked(id) | Trial::Can(id) => Some(id),
            Trial::Unknown | Trial::Cannot => None,
        });
        for id in self.by_lookup.into_keys().chain(self.endpoints).chain(trials) {
            self.client.cancel(now, id);
        }
        core::iter::from_fn(|| self.client.poll_output()).collect()
    }

    fn take_events(&mut self, surroundings: &mut Surroundings<'_>) {
        while let Some((id, event)) = self.client.poll_event() {
            // One that is the first to be lost is told of. Those of many registrations are lost together.
            let mut is_news = true;
            match event {
                LookupEvent::Found(_) | LookupEvent::Confirmed { .. } if self.lost.remove(&id) => {
                    self.note_in_step(surroundings);
                }
                LookupEvent::Failed { .. } if self.is_observed(id) => {
                    is_news = self.lost.is_empty() || !self.by_lookup.contains_key(&id);
                    self.lost.insert(id);
                }
                _ => {}
            }
            match event {
                LookupEvent::Found(answer) => self.take_answer(surroundings, id, &answer),
                LookupEvent::Confirmed { .. } if Some(id) == self.endpoints => self.confirm(surroundings),
                LookupEvent::Confirmed { .. } if self.provenance == Trial::Can(id) => self.take_no_links(surroundings),
                LookupEvent::Failed { fault, .. } => {
                    // What was not answered is no answer: it is tried again.
                    let is_lost = matches!(fault, Fault::Unanswered(_));
                    self.give_up(id, if is_lost { Trial::Unknown } else { Trial::Cannot });
                    self.is_in_step = false;
                    if is_news {
                        let retry = surroundings.config.limits.retry;
                        (surroundings.events)(SyncEvent::Failed { source: self.name.clone(), fault, retry });
                    }
                }
                LookupEvent::Refused { .. } => self.give_up(id, Trial::Cannot),
                _ => {}
            }
        }
        self.is_whole |= self.is_in_step
            && !matches!(self.provenance, Trial::Asked(_))
            && self.entries.values().all(|entry| entry.links.is_some());
    }

    fn take_answer(&mut self, surroundings: &mut Surroundings<'_>, id: LookupId, answer: &Answer) {
        if Some(id) == self.endpoints {
            self.take_endpoints(surroundings, answer);
        } else if self.provenance == Trial::Can(id) {
            self.take_resources(surroundings, answer);
        } else if self.provenance == Trial::Asked(id) {
            self.judge_provenance(surroundings.now, answer);
        } else if self.ages == Trial::Asked(id) {
            self.judge_ages(surroundings.now, answer);
        } else if let Some(location) = self.by_lookup.get(&id).cloned() {
            if answer.is_last {
                self.by_lookup.remove(&id);
            }
            if let Some(entry) = self.entries.get_mut(&location) {
                entry.links = Some(answer.links.clone());
            }
            self.show(surroundings, &location);
        }
    }

    /// Tells whether a look-up goes on, and is no trial.
    fn is_observed(&self, id: LookupId) -> bool {
        self.endpoints == Some(id) || self.provenance == Trial::Can(id) || self.by_lookup.contains_key(&id)
    }

    /// Takes the list of all registrations: what is not in it is gone.
    fn take_endpoints(&mut self, surroundings: &mut Surroundings<'_>, answer: &Answer) {
        let mut found = BTreeSet::new();
        for link in answer.links.links() {
            // What the source mirrors itself is for those to tell who took it.
            let Some((location, mut entry)) =
                Entry::read(link, &self.host, answer.received, &surroundings.config.limits)
            else {
                continue;
            };
            found.insert(location.clone());
            // A location can be used again for somebody else.
            if self.entries.get(&location).is_some_and(|known| !known.has_name_of(&entry)) {
                self.remove(surroundings, &location);
            }
            match self.entries.get_mut(&location) {
                Some(known) if known.is_same(&entry) => known.confirm(&entry),
                known => {
                    // The links may have changed with the rest.
                    if let Some(known) = known {
                        (entry.links, entry.lookup) = (known.links.take(), known.lookup);
                    } else {
                        entry.links = self.early.remove(&location);
                    }
                    self.entries.insert(location.clone(), entry);
                    self.wanted.insert(location);
                }
            }
        }
        let gone: Vec<Location> = self.entries.keys().filter(|location| !found.contains(*location)).cloned().collect();
        for location in gone {
            // If it comes back before that changes, nobody tells again which links it has.
            if let (Trial::Can(_), Some(entry)) = (self.provenance, self.entries.get_mut(&location)) {
                self.early.extend(entry.links.take().map(|links| (location.clone(), links)));
            }
            self.remove(surroundings, &location);
        }
        for location in &found {
            self.show(surroundings, location);
        }
        self.try_out(surroundings.now);
        self.plan_refresh(surroundings);
        self.note_in_step(surroundings);
    }

    /// Plans to ask whether what is about to expire was renewed. Of that nobody is notified; a source that is not silent says it.
    fn plan_refresh(&mut self, surroundings: &Surroundings<'_>) {
        let (now, pause) = (surroundings.now, surroundings.config.limits.poll);
        let first = self.entries.values().map(Entry::expires).filter(|expires| *expires > now).min();
        self.refresh = first.map(|first| first.saturating_sub(pause).max(now + pause).min(first));
    }

    fn note_in_step(&mut self, surroundings: &mut Surroundings<'_>) {
        if !self.is_in_step && self.lost.is_empty() {
            self.is_in_step = true;
            (surroundings.events)(SyncEvent::InStep { source: self.name.clone() });
        }
    }

    /// Takes the links of all registrations.
    fn take_resources(&mut self, surroundings: &mut Surroundings<'_>, answer: &Answer) {
        let mut links = links_by_provenance(&answer.links);
        for location in self.entries.keys().cloned().collect::<Vec<_>>() {
            if let Some(entry) = self.entries.get_mut(&location) {
                entry.links = Some(links.remove(&location).unwrap_or_default());
            }
            self.show(surroundings, &location);
        }
        self.early = links;
    }

    /// Notes that no links have come, so that what is new has none.
    fn take_no_links(&mut self, surroundings: &mut Surroundings<'_>) {
        let unknown =
            self.entries.iter().filter(|(_, entry)| entry.links.is_none()).map(|(location, _)| location.clone());
        for location in unknown.collect::<Vec<_>>() {
            if let Some(entry) = self.entries.get_mut(&location) {
                entry.links = Some(LinkDocumentBuf::default());
            }
            self.show(surroundings, &location);
        }
    }

    /// Notes that everything is as it was.
    fn confirm(&mut self, surroundings: &mut Surroundings<'_>) {
        for location in self.entries.keys().cloned().collect::<Vec<_>>() {
            if let Some(entry) = self.entries.get_mut(&location) {
                entry.confirm_at(surroundings.now);
            }
            self.show(surroundings, &location);
        }
        self.try_out(surroundings.now);
        self.plan_refresh(surroundings);
        self.note_in_step(surroundings);
    }

    /// Brings a registration in the directory up to date, once its links are known.
    fn show(&self, surroundings: &mut Surroundings<'_>, location: &Location) {
        let Some(entry) = self.entries.get(location) else { return };
        // A look-up cannot ask for what is in no sector, and some directories do not look at the sector asked for.
        let has_name = |other: &&Entry| other.endpoint == entry.endpoint;
        let is_alone = entry.lookup.is_none() || self.entries.values().filter(has_name).nth(1).is_none();
        let Some(registration) = entry.registration(is_alone) else { return };
        let age = entry.age(surroundings.now);
        if age >= registration.lifetime.duration() {
            return;
        }
        let key = registration.key();
        if let Err(refused) = surroundings.directory.mirror(surroundings.now, location.clone(), registration, age) {
            (surroundings.events)(SyncEvent::Refused { source: self.name.clone(), key: Some(key), refused });
        }
    }

    fn remove(&mut self, surroundings: &mut Surroundings<'_>, location: &Location) {
        let entry = self.entries.remove(location);
        self.wanted.remove(location);
        if let Some(id) = entry.and_then(|entry| entry.lookup) {
            self.by_lookup.remove(&id);
            self.lost.remove(&id);
            self.client.cancel(surroundings.now, id);
        }
        // It may have expired here by itself.
        let _ = surroundings.directory.unmirror(surroundings.now, location);
    }

    /// Asks for what not every directory can, with a registration that is there.
    fn try_out(&mut self, now: Instant) {
        let Some(entry) = self.entries.values().next() else { return };
        let of_entry = |extra: &str| Query::all().with(Criterion::new(extra, Test::Exists)).with(entry.criterion());
        if self.provenance == Trial::Unknown {
            let lookup = Lookup::resources(self.host.clone(), of_entry("provenance"));
            self.provenance = self.client.look_up(now, lookup).map_or(Trial::Unknown, Trial::Asked);
        }
        if self.ages == Trial::Unknown {
            let lookup = Lookup::endpoints(self.host.clone(), of_entry("lt-age"));
            self.ages = self.client.look_up(now, lookup).map_or(Trial::Unknown, Trial::Asked);
        }
    }

    fn judge_provenance(&mut self, now: Instant, answer: &Answer) {
        self.provenance = match answer.links.links().next() {
            Some(link) if link.provenance().is_some() => {
                let all = self.showing("provenance");
                let lookup = Lookup::resources(self.host.clone(), all).observed();
                self.client.look_up(now, lookup).map_or(Trial::Cannot, Trial::Can)
            }
            Some(_) => Trial::Cannot,
            // A registration without links says nothing; the next change brings another.
            None => Trial::Unknown,
        };
        if matches!(self.provenance, Trial::Can(_)) {
            self.wanted.clear();
            for id in core::mem::take(&mut self.by_lookup).into_keys() {
                self.lost.remove(&id);
                self.client.cancel(now, id);
            }
            self.entries.values_mut().for_each(|entry| entry.lookup = None);
        }
    }

    fn judge_ages(&mut self, now: Instant, answer: &Answer) {
        let Some(link) = answer.links.links().next() else {
            // It was gone before it was asked for; the next change brings another.
            self.ages = Trial::Unknown;
            return;
        };
        let shows = link.parameter("lt-age").is_some();
        self.ages = Trial::Cannot;
        if shows && let Some(plain) = self.endpoints.take() {
            self.lost.remove(&plain);
            self.client.cancel(now, plain);
            let all = self.showing("lt-age");
            self.endpoints = self.client.look_up(now, Lookup::endpoints(self.host.clone(), all).observed()).ok();
            self.ages = self.endpoints.map_or(Trial::Unknown, Trial::Can);
        }
    }

    /// Looks up the links of the registrations that wait for it, one by one.
    fn look_up_links(&mut self, now: Instant) {
        if !matches!(self.provenance, Trial::Cannot | Trial::Unknown) {
            return;
        }
        while let Some(location) = self.wanted.first().cloned() {
            if let Some(entry) = self.entries.get_mut(&location).filter(|entry| entry.lookup.is_none()) {
                // The name comes last: some directories let the last criterion count alone.
                let sector = entry.sector.as_ref().map(|sector| Test::Exact(sector.as_str().into()));
                let query = sector.map_or(Query::all(), |sector| Query::all().with(Criterion::new("d", sector)));
                let lookup = Lookup::resources(self.host.clone(), query.with(entry.criterion())).observed();
                let Ok(id) = self.client.look_up(now, lookup) else { return };
                entry.lookup = Some(id);
                self.by_lookup.insert(id, location.clone());
            }
            self.wanted.remove(&location);
        }
    }

    /// Returns the query that asks for something to be shown besides. Some directories let the last criterion count alone.
    fn showing(&self, name: &str) -> Query {
        let shown = Query::all().with(Criterion::new(name, Test::Exists));
        self.query.criteria().iter().cloned().fold(shown, Query::with)
    }

    /// Goes on without what a look-up was to find out, and with that for its outcome.
    fn give_up(&mut self, id: LookupId, outcome: Trial) {
        for trial in [&mut self.provenance, &mut self.ages] {
            if *trial == Trial::Asked(id) {
                *trial = outcome;
            }
        }
    }
}

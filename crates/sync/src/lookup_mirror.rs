//! Mirrors a directory that has no feed, by its look-ups.

mod entry;
mod reading;
mod trials;

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::mem::take;
use core::slice::from_ref;

use waypost_client::{Answer, Fault, Lookup, LookupClient, LookupConfig, LookupEvent, LookupId, ResourceUri};
use waypost_directory::Refused;
use waypost_filter::Query;
use waypost_link_format::{Link, LinkDocumentBuf};
use waypost_model::{Authority, Location};
use waypost_rest::{Output, RequestFailure, RequestId, Response, Service};
use waypost_time::Instant;

use self::entry::{Entry, links_by_provenance};
use self::reading::{Place, Reading};
use self::trials::{Trial, Trials};
use crate::follower::Surroundings;
use crate::{SyncConfig, SyncEvent};

/// Follows a directory by observing, or polling, its look-ups.
///
/// The endpoint look-up tells which registrations there are. For their links there are two ways: where links show their
/// provenance, one look-up of all resources; else one look-up for each registration. Which it is, and whether ages are
/// shown, is found out with the first registrations.
///
/// What is more than one answer can be is read in [pages](Reading), where the source knows them.
#[derive(Debug)]
pub(crate) struct LookupMirror {
    name: Box<str>,
    host: ResourceUri,
    /// What of it is mirrored.
    query: Query,
    client: LookupClient,
    endpoints: Reading,
    /// The look-up of all resources with their provenance, where the source can.
    resources: Option<Reading>,
    trials: Trials,
    entries: BTreeMap<Location, Entry>,
    /// Other directories whose registrations it shows, as the last reading found them, and the one that is under way.
    others: BTreeSet<Authority>,
    others_found: BTreeSet<Authority>,
    /// The number of the reading of registrations that is under way, and of the last one that came to its end.
    pass: u64,
    ended: u64,
    /// The look-up of the links of one registration each.
    by_lookup: BTreeMap<LookupId, Location>,
    /// Links that came last, with their provenance, of registrations that had not come yet, or are gone since.
    early: BTreeMap<Location, LinkDocumentBuf>,
    /// Registrations whose links are to be looked up.
    wanted: BTreeSet<Location>,
    /// When the registrations are asked for again, before the first of them expires here that may have been renewed there.
    refresh: Option<Instant>,
    /// What of that was not answered last. It is asked again.
    lost: BTreeSet<LookupId>,
    is_in_step: bool,
    /// Whether the links of all that was there at the beginning have been read.
    is_whole: bool,
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
        let all = Lookup::endpoints(host.clone(), query.clone());
        Self {
            name: host.as_str().into(),
            host,
            query,
            client: LookupClient::new(client),
            endpoints: Reading::new(all),
            resources: None,
            trials: Trials::default(),
            entries: BTreeMap::new(),
            others: BTreeSet::new(),
            others_found: BTreeSet::new(),
            pass: 0,
            ended: 0,
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
        self.is_in_step && self.is_whole && !self.is_lost()
    }

    /// Returns the other directories whose registrations the source shows.
    pub(crate) fn others(&self) -> impl Iterator<Item = &Authority> {
        self.others.iter()
    }

    /// Returns when everything that the source had to say was here last, if it is in step: now, or before what was asked since, or was
    /// to be.
    pub(crate) fn confirmed(&self, now: Instant) -> Option<Instant> {
        let unanswered = self.client.unanswered_since().into_iter().chain(self.readings().filter_map(Reading::began));
        self.is_in_step().then(|| unanswered.chain(self.client.poll_timeout()).fold(now, Instant::min))
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let readings = self.readings().filter_map(Reading::deadline);
        self.client.poll_timeout().into_iter().chain(self.refresh).chain(self.trials.put_off).chain(readings).min()
    }

    pub(crate) fn handle_timeout(&mut self, surroundings: &mut Surroundings<'_>) {
        self.client.handle_timeout(surroundings.now);
        if self.refresh.take_if(|refresh| *refresh <= surroundings.now).is_some() {
            self.endpoints.refresh(surroundings.now, &mut self.client);
        }
        if self.trials.put_off.is_some_and(|until| until <= surroundings.now) {
            self.try_out(surroundings.now);
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
        let limits = &surroundings.config.limits;
        for reading in self.resources.iter_mut().chain([&mut self.endpoints]) {
            reading.go_on(surroundings.now, &mut self.client, limits);
        }
        self.look_up_links(surroundings.now, limits.lookups_per_source.saturating_sub(BESIDES));
        self.client.poll_output()
    }

    /// Ends all that is observed, and returns what is to be said to the source.
    pub(crate) fn end(mut self, now: Instant) -> Vec<Output> {
        let readings = self.readings().filter_map(Reading::id);
        for id in self.by_lookup.keys().copied().chain(readings).chain(self.trials.asked()).collect::<Vec<_>>() {
            self.client.cancel(now, id);
        }
        core::iter::from_fn(|| self.client.poll_output()).collect()
    }

    fn take_events(&mut self, surroundings: &mut Surroundings<'_>) {
        while let Some((id, event)) = self.client.poll_event() {
            if self.by_lookup.contains_key(&id) {
                let most = surroundings.config.limits.lookups_per_source.saturating_sub(BESIDES);
                self.trials.note_outcome(self.entries.len().min(most).min(FIRST));
            }
            match event {
                LookupEvent::Found(answer) => self.take_answer(surroundings, id, &answer),
                LookupEvent::Confirmed { .. } => self.take_confirmation(surroundings, id),
                LookupEvent::Failed { fault, .. } => self.fail(surroundings, id, fault),
                LookupEvent::Refused { code, .. }
                    if self.readings().any(|reading| reading.is(id) && reading.is_in_pages()) =>
                {
                    self.lose(surroundings, id, Fault::Code(code));
                }
                LookupEvent::Refused { code, max_age, .. } => {
                    let pause = max_age.max(surroundings.config.limits.refresh);
                    self.trials.refused(id, code, surroundings.now + surroundings.jitter.stretch(pause));
                }
                _ => {}
            }
        }
        self.is_whole |= self.is_in_step
            && !matches!(self.trials.provenance, Trial::Asked(_) | Trial::Likely)
            && self.entries.values().all(|entry| entry.links.is_some());
    }

    fn take_answer(&mut self, surroundings: &mut Surroundings<'_>, id: LookupId, answer: &Answer) {
        let (limits, jitter) = (&surroundings.config.limits, &mut *surroundings.jitter);
        if self.endpoints.is(id) {
            match self.endpoints.take(answer, limits, jitter) {
                Place::Within => {
                    self.find_endpoints(surroundings, answer);
                    self.try_out(surroundings.now);
                }
                Place::End => {
                    let is_in_pages = answer.page.is_some();
                    self.find_endpoints(surroundings, answer);
                    self.end_endpoints(surroundings, is_in_pages);
                }
                Place::Alone => {}
                Place::Astray => self.give_up_pages(surroundings, id),
            }
        } else if let Some(resources) = self.resources.as_mut().filter(|resources| resources.is(id)) {
            match resources.take(answer, limits, jitter) {
                Place::Within | Place::Alone => {}
                Place::End if answer.page.is_some() => {
                    let pages = resources.take_pages();
                    self.take_resources(surroundings, &pages, true);
                }
                Place::End => self.take_resources(surroundings, from_ref(&answer.links), false),
                Place::Astray => self.give_up_pages(surroundings, id),
            }
        } else if self.trials.provenance == Trial::Asked(id) {
            self.judge_provenance(surroundings, answer);
        } else if self.trials.ages == Trial::Asked(id) {
            self.judge_ages(surroundings, answer);
        } else if let Some(location) = self.by_lookup.get(&id).cloned() {
            let was_lost = self.lost.remove(&id);
            if answer.is_last {
                self.by_lookup.remove(&id);
            }
            if let Some(entry) = self.entries.get_mut(&location) {
                entry.take_links(&answer.links, answer.received);
            }
            self.show(surroundings, &location);
            self.try_out(surroundings.now);
            if was_lost {
                self.note_in_step(surroundings);
            }
        }
    }

    fn take_confirmation(&mut self, surroundings: &mut Surroundings<'_>, id: LookupId) {
        if self.endpoints.is(id) {
            self.endpoints.is_read = true;
            self.confirm(surroundings);
        } else if let Some(resources) = self.resources.as_mut().filter(|resources| resources.is(id)) {
            resources.is_read = true;
            self.take_no_links(surroundings);
            self.note_in_step(surroundings);
        } else if self.lost.remove(&id) {
            self.note_in_step(surroundings);
        }
    }

    /// Reads shorter answers, if it was too large; else notes that there was none.
    fn fail(&mut self, surroundings: &mut Surroundings<'_>, id: LookupId, fault: Fault) {
        let Self { endpoints, resources, client, .. } = self;
        let is_narrowed = fault == Fault::TooLarge
            && reading_of(endpoints, resources, id).is_some_and(|reading| reading.narrow(surroundings.now, client));
        match fault {
            Fault::TooLarge if is_narrowed => {}
            Fault::TooLarge => self.give_up_pages(surroundings, id),
            fault => self.lose(surroundings, id, fault),
        }
    }

    /// Goes on without pages: of registrations with all of them at once after a while, if that is possible again, and of links with
    /// those of each registration by itself.
    fn give_up_pages(&mut self, surroundings: &mut Surroundings<'_>, id: LookupId) {
        let Some(mut resources) = self.resources.take_if(|resources| resources.is(id)) else {
            return self.lose(surroundings, id, Fault::TooLarge);
        };
        resources.stop(surroundings.now, &mut self.client);
        self.trials.provenance = Trial::Cannot;
        self.wanted.extend(self.entries.keys().cloned());
    }

    /// Notes that there was no answer, or none that helps. It is asked for again.
    fn lose(&mut self, surroundings: &mut Surroundings<'_>, id: LookupId, fault: Fault) {
        let limits = &surroundings.config.limits;
        // One that is the first to be lost is told of. Those of many registrations are lost together.
        let is_news = !self.by_lookup.contains_key(&id) || !self.is_lost();
        let Self { endpoints, resources, client, .. } = self;
        if let Some(reading) = reading_of(endpoints, resources, id) {
            reading.fail(surroundings.now, client, limits, surroundings.jitter);
            if fault == Fault::TooLarge {
                reading.give_up_pages();
            }
        } else if self.by_lookup.contains_key(&id) {
            self.lost.insert(id);
        }
        // What was not answered is no answer: it is tried again.
        let is_passing = matches!(fault, Fault::Unanswered(_) | Fault::Unavailable);
        self.trials.conclude(id, if is_passing { Trial::Unknown } else { Trial::Cannot });
        self.is_in_step = false;
        if is_news {
            let retry = limits.retry;
            (surroundings.events)(SyncEvent::Failed { source: self.name.clone(), fault, retry });
        }
    }

    /// Finds registrations in an answer, or a page of one.
    fn find_endpoints(&mut self, surroundings: &mut Surroundings<'_>, answer: &Answer) {
        if answer.page.is_none_or(|page| page.page == 0) {
            self.pass += 1;
            self.others_found.clear();
        }
        let mut found = BTreeSet::new();
        for link in answer.links.links() {
            let Some((location, mut entry)) =
                Entry::read(link, &self.host, answer.received, &surroundings.config.limits)
            else {
                // What the source mirrors itself is for those to tell who took it.
                if let Some(other) = other_than(self.host.authority(), link)
                    && self.others_found.len() < MOST_OTHERS
                {
                    self.others_found.insert(other);
                }
                continue;
            };
            // A location can be used again for somebody else.
            if self.entries.get(&location).is_some_and(|known| !known.has_name_of(&entry)) {
                self.remove(surroundings, &location);
            }
            let room = surroundings.directory.config().limits.registrations;
            if self.entries.len() >= room && !self.entries.contains_key(&location) {
                let refused = Refused::OverLimit { what: "registrations", limit: room };
                (surroundings.events)(SyncEvent::Refused { source: self.name.clone(), key: None, refused });
                continue;
            }
            entry.found_in = self.pass;
            found.insert(location.clone());
            match self.entries.get_mut(&location) {
                Some(known) if known.is_same(&entry) => known.confirm(&entry),
                known => {
                    // The links may have changed with the rest.
                    match known {
                        Some(known) => entry.inherit_links(known),
                        None => entry.links = self.early.remove(&location),
                    }
                    self.entries.insert(location.clone(), entry);
                    self.wanted.insert(location);
                }
            }
        }
        for location in &found {
            self.show(surroundings, location);
        }
    }

    /// Ends a reading of all registrations: what was not found is gone, in pages after it was not found twice.
    fn end_endpoints(&mut self, surroundings: &mut Surroundings<'_>, is_in_pages: bool) {
        if !self.judge_endpoints(surroundings) {
            return;
        }
        let since = if is_in_pages { self.ended } else { self.pass };
        self.ended = self.pass;
        self.others = take(&mut self.others_found);
        let gone = self.entries.iter().filter(|(_, entry)| entry.found_in < since);
        for location in gone.map(|(location, _)| location.clone()).collect::<Vec<_>>() {
            // If it comes back before that changes, nobody tells again which links it has.
            if let (Trial::Can, Some(entry)) = (self.trials.provenance, self.entries.get_mut(&location)) {
                self.early.extend(entry.links.take().map(|links| (location.clone(), links)));
            }
            self.remove(surroundings, &location);
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
        if !self.is_in_step && !self.is_lost() {
            self.is_in_step = true;
            (surroundings.events)(SyncEvent::InStep { source: self.name.clone() });
        }
    }

    /// Takes the links of all registrations.
    fn take_resources(&mut self, surroundings: &mut Surroundings<'_>, pages: &[LinkDocumentBuf], is_in_pages: bool) {
        let mut links = links_by_provenance(pages);
        if !self.judge_resources(surroundings, &links) {
            return;
        }
        for location in self.entries.keys().cloned().collect::<Vec<_>>() {
            if let Some(entry) = self.entries.get_mut(&location) {
                let found = links.remove(&location).unwrap_or_default();
                match is_in_pages {
                    true => entry.take_links_in_pages(found),
                    false => entry.links = Some(found),
                }
            }
            self.show(surroundings, &location);
        }
        self.early = links;
        self.note_in_step(surroundings);
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

    fn is_lost(&self) -> bool {
        !self.lost.is_empty() || self.readings().any(|reading| !reading.is_read)
    }

    fn readings(&self) -> impl Iterator<Item = &Reading> {
        self.resources.iter().chain([&self.endpoints])
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

    /// Looks up the links of the registrations that wait for it, one by one.
    fn look_up_links(&mut self, now: Instant, most: usize) {
        if !matches!(self.trials.provenance, Trial::Cannot | Trial::Unknown) {
            return;
        }
        // What the source can do is found out with the first of them.
        let most = if self.trials.has_sample { most } else { most.min(FIRST) };
        while self.by_lookup.len() < most
            && let Some(location) = self.wanted.first().cloned()
        {
            if let Some(entry) = self.entries.get_mut(&location).filter(|entry| entry.lookup.is_none()) {
                let lookup = Lookup::resources(self.host.clone(), entry.select(Query::all())).observed();
                let Ok(id) = self.client.look_up(now, lookup) else { return };
                entry.lookup = Some(id);
                self.by_lookup.insert(id, location.clone());
            }
            self.wanted.remove(&location);
        }
    }
}

/// Returns the other directory that a registration is at, if it is.
fn other_than(own: &Authority, link: Link<'_>) -> Option<Authority> {
    Authority::of(link.target()).ok().filter(|authority| authority != own)
}

/// Other directories that are noted.
const MOST_OTHERS: usize = 64;
/// Look-ups beside those of the links of one registration each: two of everything, and two of what the source can do.
const BESIDES: usize = 4;

/// Look-ups of the links of one registration each, at first.
const FIRST: usize = 4;

/// Returns the reading of that look-up.
fn reading_of<'r>(
    endpoints: &'r mut Reading,
    resources: &'r mut Option<Reading>,
    id: LookupId,
) -> Option<&'r mut Reading> {
    resources.iter_mut().chain([endpoints]).find(|reading| reading.is(id))
}

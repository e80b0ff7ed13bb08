use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Bound;
use core::time::Duration;

use waypost_directory::{Directory, Endpoint, Scope, WatchChange, WatchId, Watcher};
use waypost_filter::Query;
use waypost_model::{EndpointName, Key, Location, Origin, Sector};
use waypost_time::Instant;

use crate::Replicator;

/// Shows one registration of each endpoint that went from one source to another: the one that was renewed last.
///
/// The others are [shadowed](Directory::shadow), not removed: they are what their sources have, and may become the newest again.
#[derive(Debug, Default)]
pub(crate) struct Handover {
    watch: Option<(Watcher, WatchId)>,
    /// Names with several registrations.
    contested: BTreeMap<Name, BTreeSet<Location>>,
    names: BTreeMap<Location, Name>,
    /// When contested names are looked at again, and after which one.
    review: Option<Instant>,
    reviewed: Option<Name>,
}

type Name = (Option<Sector>, EndpointName);

/// A registration that competes for a name.
struct Rival {
    location: Location,
    /// When it was renewed, at the earliest and at the latest.
    renewed: (Instant, Instant),
}

impl Handover {
    /// Takes note of what changed, and shows and hides registrations accordingly.
    pub(crate) fn update(&mut self, now: Instant, directory: &mut Directory, replicator: &Replicator) {
        if replicator.standings().next().is_none() {
            return;
        }
        let (watcher, _) = match self.watch {
            Some(watch) => watch,
            None => {
                let watcher = directory.add_watcher();
                let Ok(watch) = directory.watch_as(watcher, now, Scope::Endpoints, Query::all()) else {
                    directory.remove_watcher(watcher);
                    return;
                };
                self.settle_all(now, directory, replicator);
                *self.watch.insert((watcher, watch))
            }
        };
        while let Some(event) = directory.poll_watch_as(watcher) {
            let present = directory.registration(now, &event.location).and_then(|endpoint| name_of(&endpoint));
            let name = self.names.get(&event.location).cloned().or(present);
            match (event.what, name) {
                (WatchChange::Missed, _) => self.settle_all(now, directory, replicator),
                (_, Some(name)) => self.settle(now, directory, replicator, name),
                (_, None) => {}
            }
        }
        self.review(now, directory, replicator);
    }

    /// Returns when renewals may have changed something.
    pub(crate) const fn deadline(&self) -> Option<Instant> {
        self.review
    }

    /// Looks at some of the contested names again: renewals are not told.
    fn review(&mut self, now: Instant, directory: &mut Directory, replicator: &Replicator) {
        if self.contested.is_empty() {
            self.review = None;
            return;
        }
        if *self.review.get_or_insert(now + REVIEW) > now {
            return;
        }
        let after = self.reviewed.take().map_or(Bound::Unbounded, Bound::Excluded);
        let names: Vec<Name> =
            self.contested.range((after, Bound::Unbounded)).take(BATCH).map(|(name, _)| name.clone()).collect();
        let is_all = names.len() < BATCH;
        self.reviewed = names.last().cloned().filter(|_| !is_all);
        self.review = Some(now + if is_all { REVIEW } else { PAUSE });
        names.into_iter().for_each(|name| self.settle(now, directory, replicator, name));
    }

    fn settle_all(&mut self, now: Instant, directory: &mut Directory, replicator: &Replicator) {
        let shown = directory.endpoints(now, &Query::all()).filter_map(|endpoint| name_of(&endpoint));
        let names: BTreeSet<Name> = shown.chain(self.contested.keys().cloned()).collect();
        names.into_iter().for_each(|name| self.settle(now, directory, replicator, name));
    }

    /// Decides which registrations of a name are shown.
    fn settle(&mut self, now: Instant, directory: &mut Directory, replicator: &Replicator, name: Name) {
        let rivals = rivals(now, directory, replicator, &name);
        for location in self.contested.remove(&name).into_iter().flatten() {
            self.names.remove(&location);
        }
        let newest = rivals.iter().map(|rival| rival.renewed.0).max();
        for rival in &rivals {
            let is_older = newest.is_some_and(|newest| rival.renewed.1 < newest);
            directory.shadow(now, &rival.location, is_older);
        }
        if rivals.len() > 1 {
            let locations: BTreeSet<Location> = rivals.into_iter().map(|rival| rival.location).collect();
            self.names.extend(locations.iter().map(|location| (location.clone(), name.clone())));
            self.contested.insert(name, locations);
        }
    }
}

/// Returns the registrations that an endpoint has at all authorities.
fn rivals(now: Instant, directory: &Directory, replicator: &Replicator, (sector, endpoint): &Name) -> Vec<Rival> {
    let place = |origin: Origin| match origin {
        Origin::Local => Some(directory.locate(sector.as_ref(), endpoint)),
        origin => directory.record(&Key { origin, sector: sector.clone(), endpoint: endpoint.clone() })?.location,
    };
    let rival = |location: Location| {
        let registration = directory.registration(now, &location).filter(|registration| !registration.is_expired())?;
        let seen = now.saturating_sub(registration.age().duration());
        let latest = delay(&registration.origin(), replicator).map_or(Instant::MAX, |delay| seen + delay);
        Some(Rival { location, renewed: (seen, latest) })
    };
    directory.origins().filter_map(place).filter_map(rival).collect()
}

/// Returns how much later than it seems a registration of an origin may have been renewed; nothing if that is not known.
fn delay(origin: &Origin, replicator: &Replicator) -> Option<Duration> {
    let Origin::Foreign(authority) = origin else { return Some(Duration::ZERO) };
    // Ages are told in whole seconds.
    let standing = replicator.standings().find(|standing| standing.authority == authority)?;
    standing.delay.map(|delay| delay.saturating_add(Duration::from_secs(1)))
}

fn name_of(endpoint: &Endpoint<'_>) -> Option<Name> {
    let sector = endpoint.sector().map(Sector::new).transpose().ok()?;
    Some((sector, EndpointName::new(endpoint.name()).ok()?))
}

/// How often contested names are looked at.
const REVIEW: Duration = Duration::from_secs(30);
/// How many at a time, and how long until the next.
const BATCH: usize = 256;
const PAUSE: Duration = Duration::from_millis(100);

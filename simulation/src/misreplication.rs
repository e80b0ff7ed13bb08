//! Ways in which a replica or a mirror is wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use waypost_directory::{ChangeRef, Directory};
use waypost_filter::Query;
use waypost_model::{Attributes, Change, Key, Location, Origin, Record, Registration, Renewal, Version};
use waypost_rest::{Code, Method, Request, Response};
use waypost_server::Server;
use waypost_sync::{Proxy, Replicated};
use waypost_time::Instant;

use crate::bent::Bend;

/// Renews what others wrote, and does not take it over.
pub(crate) struct RenewsForOthers;

impl Bend<Replicated<Server>> for RenewsForOthers {
    fn request(&mut self, now: Instant, service: &mut Replicated<Server>, request: &mut Request) -> Option<Response> {
        let is_renewal = request.method == Method::Post && request.path.len() == 2 && request.query.is_empty();
        let directory = service.service_mut().directory_mut();
        let location = Location::new(&["/", &request.path.join("/")].concat()).ok()?;
        let registration = directory.registration(now, &location).filter(|_| is_renewal)?;
        if registration.is_expired() {
            return None;
        }
        let record = directory.record(&key(registration.name())?)?;
        let (dot, renewals) = (record.dot(), record.renewals + 1);
        let renewal = Renewal { key: record.key, dot, renewals, age: Duration::ZERO };
        directory.apply(now, Change::Renew(renewal)).is_ok().then(|| Response::new(Code::CHANGED))
    }
}

/// Takes a removal for older than a registration if that was renewed after it, by the clocks of both, and not if it did not
/// see it.
#[derive(Default)]
pub(crate) struct MergesByAge {
    before: BTreeMap<Location, (Record, Instant)>,
}

impl Bend<Replicated<Server>> for MergesByAge {
    fn before_response(&mut self, now: Instant, service: &mut Replicated<Server>) {
        let directory = service.service().directory();
        let all = Query::all();
        self.before = directory
            .endpoints(now, &all)
            .filter_map(|endpoint| {
                let renewed = now.saturating_sub(endpoint.age().duration());
                Some((endpoint.location(), (directory.record(&key(endpoint.name())?)?, renewed)))
            })
            .collect();
    }

    fn after_response(&mut self, now: Instant, service: &mut Replicated<Server>) {
        let directory = service.service_mut().directory_mut();
        for (location, (record, renewed)) in std::mem::take(&mut self.before) {
            if directory.registration(now, &location).is_none()
                && removed(directory, now, &record.key).is_some_and(|removed| removed < renewed)
            {
                directory.register(now, registration(&record)).expect("what was there before");
            }
        }
    }
}

/// Keeps what is gone from where it was.
#[derive(Default)]
pub(crate) struct NeverForgets {
    before: Vec<(Location, Registration)>,
}

impl Bend<Proxy<Server>> for NeverForgets {
    fn before_response(&mut self, now: Instant, proxy: &mut Proxy<Server>) {
        let directory = proxy.replicated().service().directory();
        let origins: Vec<_> = directory.origins().filter(|origin| *origin != Origin::Local).collect();
        let all = Query::all();
        let names: Vec<_> = directory.endpoints(now, &all).filter_map(|endpoint| key(endpoint.name())).collect();
        let keys =
            origins.iter().flat_map(|origin| names.iter().map(|key| Key { origin: origin.clone(), ..key.clone() }));
        let records = keys.filter_map(|key| directory.record(&key));
        self.before = records.filter_map(|record| Some((record.location.clone()?, registration(&record)))).collect();
    }

    fn after_response(&mut self, now: Instant, proxy: &mut Proxy<Server>) {
        let directory = proxy.replicated_mut().service_mut().directory_mut();
        for (location, registration) in std::mem::take(&mut self.before) {
            if directory.registration(now, &location).is_none() {
                // What has taken its place stays.
                let _ = directory.mirror(now, location, registration, Duration::ZERO);
            }
        }
    }
}

/// Returns when a registration was removed, by the clock of who did it.
fn removed(directory: &Directory, now: Instant, key: &Key) -> Option<Instant> {
    let stamps = directory.feed(now, &Version::new()).ok()?.filter_map(|change| match change {
        ChangeRef::Remove(removal) if removal.key() == key => Some(removal.stamp().time.as_millis()),
        _ => None,
    });
    Some(Instant::from_millis(stamps.max()?.saturating_sub(directory.config().epoch)))
}

fn registration(record: &Record) -> Registration {
    let mut attributes = Attributes::default();
    for (name, value) in record.attributes() {
        attributes.push(name, value).expect("what was there before");
    }
    let registration =
        Registration::new(record.key.endpoint.clone(), record.base.value.clone(), record.links.value.clone());
    Registration { lifetime: record.lifetime.value, attributes, ..registration }
}

fn key(endpoint: &str) -> Option<Key> {
    let endpoint = waypost_model::EndpointName::new(endpoint).ok()?;
    Some(Key { origin: Origin::Local, sector: None, endpoint })
}

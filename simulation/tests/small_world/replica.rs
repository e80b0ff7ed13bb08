use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_model::{Change, Dot, Key, Lifetime, Location, Origin, Record, Registration, ReplicaId, Version};

use crate::known::Name;
use crate::time::{GUARD, KEPT, LIFETIME, Tick, instant};

/// One replica: a directory, and what it has heard of.
#[derive(Debug, Clone)]
pub(crate) struct Replica {
    pub(crate) directory: Directory,
    /// How often it has lost its memory.
    pub(crate) lives: u8,
    /// How many deeds it was told itself since.
    pub(crate) told: u8,
    /// What stands for the directory: equal where two directories behave alike.
    print: u64,
}

impl Replica {
    pub(crate) fn new(id: ReplicaId, lives: u8, now: Tick) -> Self {
        let mut config = Config::new([7; 16], id);
        config.limits.tombstone_guard = GUARD;
        config.limits.expired_kept = KEPT;
        let mut replica = Self { directory: Directory::new(config), lives, told: 0, print: 0 };
        replica.look(now);
        replica
    }

    /// Returns the deed that made the registration that is shown.
    pub(crate) fn shown(&self, now: Tick) -> Option<Name> {
        self.directory.endpoints(instant(now), &Query::all()).next().map(|endpoint| made_by(endpoint.base()))
    }

    /// Returns where the registration is.
    pub(crate) fn location(&self) -> Location {
        self.directory.locate(None, &key().endpoint)
    }

    /// Returns the present registration with the stamps of its fields, kept ones included.
    pub(crate) fn record(&self) -> Option<Record> {
        self.directory.record(&key())
    }

    /// Lets time pass.
    pub(crate) fn expire(&mut self, now: Tick) {
        while self.directory.expire(instant(now)) {}
        self.look(now);
    }

    /// Looks at everything that the directory will ever do differently for.
    pub(crate) fn look(&mut self, now: Tick) {
        let (directory, at) = (&self.directory, instant(now));
        let mut print = DefaultHasher::new();
        directory.config().replica.hash(&mut print);
        directory.version().hash(&mut print);
        directory.heard(&Origin::Local).hash(&mut print);
        directory.next_expiry().hash(&mut print);
        for change in directory.feed(at, &Version::new()).expect("who holds nothing misses nothing") {
            hash_change(&change.to_change(), &mut print);
        }
        if let Some(record) = self.record() {
            hash_record(&record, &mut print);
        }
        let registration = directory.registration(at, &self.location());
        registration.map(|registration| registration.deadline()).hash(&mut print);
        for batch in directory.renewals(at, &Origin::Local, &Version::new()) {
            hash_batch(&batch, &mut print);
        }
        // From where on it has forgotten removals.
        for Dot { replica, sequence } in directory.version().iter() {
            let before = |sequence| -> Version {
                let others = directory.version().iter().filter(move |dot| dot.replica != replica);
                others.chain([Dot::new(replica, sequence), NOBODYS]).collect()
            };
            let gaps = (0..sequence).filter(|sequence| directory.feed(at, &before(*sequence)).is_err());
            gaps.count().hash(&mut print);
        }
        // The clock shows in the next write.
        let mut later = directory.clone();
        later.register(at, registration_of("probe", 0)).expect("there is room");
        later.record(&registration_of("probe", 0).key()).map(|record| record.written).hash(&mut print);
        self.print = print.finish();
    }
}

impl PartialEq for Replica {
    fn eq(&self, other: &Self) -> bool {
        (self.print, self.lives, self.told) == (other.print, other.lives, other.told)
    }
}

impl Hash for Replica {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (self.print, self.lives, self.told).hash(state);
    }
}

/// Returns the registration that a deed makes.
pub(crate) fn registration(name: Name) -> Registration {
    registration_of("node1", name)
}

fn registration_of(endpoint: &str, name: Name) -> Registration {
    let mut registration = Registration::parse(&format!("ep={endpoint}&base=coap://h{name}"), "").expect("it is valid");
    registration.lifetime =
        Lifetime::from_secs(LIFETIME.as_secs().try_into().expect("it is short")).expect("it is not zero");
    registration
}

fn made_by(base: &str) -> Name {
    base.strip_prefix("coap://h").and_then(|name| name.parse().ok()).expect("all bases are made here")
}

/// Returns the deed that a record got its base from.
pub(crate) fn base_of(record: &Record) -> Name {
    made_by(record.base.value.as_str())
}

/// Returns the key of the one registration there is.
pub(crate) fn key() -> Key {
    registration(0).key()
}

pub(crate) fn hash_change(change: &Change, hasher: &mut impl Hasher) {
    match change {
        Change::Put { record, age } => {
            hash_record(record, hasher);
            age.hash(hasher);
        }
        Change::Renew(renewal) => (renewal.dot, renewal.renewals, renewal.age).hash(hasher),
        Change::Remove(removal) => (removal.stamp, &removal.seen, removal.horizon).hash(hasher),
    }
}

fn hash_record(record: &Record, hasher: &mut impl Hasher) {
    (record.written, &record.seen, record.first, record.replaced, record.renewals).hash(hasher);
    (record.base.value.as_str(), record.base.stamp, record.lifetime.stamp, record.links.stamp).hash(hasher);
}

pub(crate) fn hash_batch(batch: &waypost_directory::RenewalBatch, hasher: &mut impl Hasher) {
    (batch.owner, batch.after, batch.upto).hash(hasher);
    for renewed in &batch.renewed {
        (renewed.sequence, renewed.age).hash(hasher);
    }
}

/// A write of somebody who is not there: who holds nothing at all has no gap.
const NOBODYS: Dot = Dot::new(ReplicaId(u64::MAX), 1);

use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::time::Duration;

use crate::{
    Change, Conflict, Dot, Key, Record, Registration, Removal, Renewal, ReplicaId, Stamp, Timestamp, Update, Version,
};

/// The replicated state of one registration, and *the* merge rule.
///
/// It holds the writes that no other write has taken the place of: one [`Record`] or one [`Removal`] as a rule, several
/// while replicas have written without seeing each other. [`State::record`] is what all records together say.
///
/// States form a join semilattice: [`State::join`] is commutative, associative and idempotent, so replicas that have
/// received the same changes have the same state, in whatever order and however often they came.
///
/// # The rule
///
/// * Causal order first: a write takes the place of those that say nothing it has not seen.
/// * A renewal says nothing of its own: it says what it renewed. So a removal that saw that removes the renewal too, also one
///   that it did not see; and of two renewals of the same, the one with the greater [`Stamp`] stays.
/// * A write that saw what was renewed, and not the renewal, takes the place of both, and counts as renewed then: the endpoint
///   was alive, and meant what it had said last. So what was registered at one replica, and renewed at another that had not
///   heard of that, lives on as it was registered, also where it has expired before the renewal is heard of. Whoever finds
///   that two such writes meet tells the others, by a renewal of its own. A renewal of what has *expired* where it is renewed
///   counts as a registration: see [`State::revive`].
/// * Records that did not see each other merge field by field; each of base, lifetime, links and every attribute is taken
///   from the write with the greater [`Stamp`]. A whole registration writes every attribute, those that it does not name
///   to nothing.
/// * A removal removes what it saw. A registration, or an update of a field, that did not see it stays.
/// * Records of different credentials never merge. The credentials that were registered first, by the order of stamps,
///   win; [`State::conflict`] reports the others. They stay in the state, out of sight, until a write has seen them.
/// * Renewals of one write: the higher count.
///
/// ```
/// use waypost_link_format::LinkDocumentBuf;
/// use waypost_model::{Base, Dot, EndpointName, Lifetime, Registration, ReplicaId, Stamp, State, Timestamp, Update};
///
/// let stamp = |replica, sequence, millis| Stamp {
///     time: Timestamp::from_millis(millis),
///     dot: Dot::new(ReplicaId(replica), sequence),
/// };
/// let endpoint = EndpointName::new("node1").unwrap();
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
///
/// let mut here = State::new();
/// here.register(Registration::new(endpoint, base, LinkDocumentBuf::default()), stamp(1, 1, 1_000));
/// let mut there = here.clone();
///
/// // Two updates that do not see each other.
/// let lifetime = Lifetime::from_secs(600).unwrap();
/// here.update(Update { lifetime: Some(lifetime), ..Update::default() }, stamp(1, 2, 2_000));
/// let moved = Base::given("coap://[2001:db8::2]").unwrap();
/// there.update(Update { base: Some(moved.clone()), ..Update::default() }, stamp(2, 1, 2_001));
///
/// here.join(&there);
/// let merged = here.record().unwrap();
/// assert_eq!((merged.lifetime.value, &merged.base.value), (lifetime, &moved));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct State {
    /// By dot. None takes the place of another.
    writes: Vec<Write>,
}

impl State {
    /// Makes the state of a registration that nothing is known of.
    #[must_use]
    pub const fn new() -> Self {
        Self { writes: Vec::new() }
    }

    /// Makes a whole registration, as the local write `stamp` that has seen this state.
    ///
    /// Returns the record as it was written: the time of its stamp is put after everything that it saw. Its
    /// [`Record::first`] is that of the present record when the credentials are the same. The registration must be of the
    /// key that the state is of.
    pub fn register(&mut self, registration: Registration, stamp: Stamp) -> &Record {
        let stamp = stamp.after(self.latest());
        let mut record = Record::register(registration, stamp, self.seen());
        if let Some(present) = self.record() {
            record.key = present.key.clone();
            record.location.clone_from(&present.location);
            if present.credentials == record.credentials {
                record.first = present.first;
            }
        }
        self.replace(Box::new(record))
    }

    /// Makes an update, as the local write `stamp` that has seen this state.
    ///
    /// An empty one is a renewal, and takes the registration over: its owner is now the replica of the stamp. Returns the
    /// record as it was written, `None` when there is no registration.
    pub fn update(&mut self, update: Update, stamp: Stamp) -> Option<&Record> {
        let stamp = stamp.after(self.latest());
        let seen = self.seen();
        let mut record = match self.writes.pop_if(|write| matches!(write, Write::Record(_))) {
            Some(Write::Record(record)) if self.writes.is_empty() => record,
            last => {
                self.writes.extend(last);
                Box::new(self.record()?.into_owned())
            }
        };
        record.seen = seen;
        record.update(update, stamp);
        Some(self.replace(record))
    }

    /// Makes a renewal of what has expired here, as the local write `stamp` that has seen this state.
    ///
    /// It counts as any write does: elsewhere the registration may be gone, or another in its place that expires. Returns the
    /// record as it was written, `None` when there is no registration.
    pub fn revive(&mut self, stamp: Stamp) -> Option<&Record> {
        self.update(Update::default(), stamp)?;
        let record = self.writes.iter_mut().find_map(Write::as_record_mut)?;
        record.seen.insert(record.written.dot);
        Some(record)
    }

    /// Removes the registration, as the local write `stamp` that has seen this state.
    ///
    /// `horizon` says how long the removal must be remembered. Returns it, `None` when there is no registration.
    pub fn remove(&mut self, stamp: Stamp, horizon: Duration) -> Option<&Removal> {
        let stamp = stamp.after(self.latest());
        let key = self.records().next()?.key.clone();
        let mut seen = self.seen();
        seen.insert(stamp.dot);
        self.writes.clear();
        self.writes.push(Write::Removal(Removal { key, stamp, seen, horizon }));
        self.removals().next()
    }

    /// Counts a renewal by the replica that owns the registration, `age` ago.
    ///
    /// Returns what the others have to be told; `None` when there is no registration, or `owner` did not make the one
    /// write that it consists of: then an empty [`State::update`] takes it over.
    pub fn renew(&mut self, owner: ReplicaId, age: Duration) -> Option<Renewal> {
        let mut records = self.writes.iter_mut().filter_map(Write::as_record_mut);
        let record = records.next().filter(|record| record.dot().replica == owner)?;
        if records.next().is_some() {
            return None;
        }
        record.renewals = record.renewals.saturating_add(1);
        Some(Renewal { key: record.key.clone(), dot: record.dot(), renewals: record.renewals, age })
    }

    /// Takes a change that was made elsewhere.
    ///
    /// A change of another key is not taken.
    pub fn merge(&mut self, change: Change) -> Merged {
        if self.key().is_some_and(|key| key != change.key()) {
            return Merged::Unchanged;
        }
        let conflict = self.conflict();
        let merged = match change {
            Change::Put { record, .. } => self.insert(Write::Record(record)),
            Change::Remove(removal) => self.insert(Write::Removal(removal)),
            Change::Renew(renewal) => self.insert_renewal(&renewal),
        };
        match self.conflict() {
            Some(after) if merged == Merged::Changed && Some(after) != conflict => Merged::Conflict(after),
            _ => merged,
        }
    }

    /// Takes everything that another state of the same key holds; returns whether anything was new.
    pub fn join(&mut self, other: &Self) -> bool {
        let mut changed = false;
        for write in &other.writes {
            if self.key().is_none_or(|key| key == write.key()) {
                changed |= self.insert(write.clone()) != Merged::Unchanged;
            }
        }
        changed
    }

    /// Forgets one write: a record that has expired, or a removal past its horizon. Returns whether it was there.
    ///
    /// Forgetting is local. It is safe once every copy of what the write has seen has expired by itself.
    pub fn forget(&mut self, dot: Dot) -> bool {
        let before = self.writes.len();
        self.writes.retain(|write| write.dot() != dot);
        self.writes.len() < before
    }

    /// Forgets of what the writes saw the writes of replicas that are not known any more.
    ///
    /// This is for a state that a write is about to be made to which is no renewal: that would no longer be told from a write that
    /// saw less. It is safe once no copy of anything that such a replica wrote is anywhere.
    pub fn forget_replicas(&mut self, is_known: impl Fn(ReplicaId) -> bool) {
        for write in &mut self.writes {
            let own = write.dot();
            let seen = match write {
                Write::Record(record) => &mut record.seen,
                Write::Removal(removal) => &mut removal.seen,
            };
            seen.retain(|dot| dot.replica == own.replica || is_known(dot.replica));
        }
    }

    /// Returns what the registration is known by, `None` when nothing is known.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        self.writes.first().map(Write::key)
    }

    /// Returns the registration, merged from all records with the winning credentials; `None` when there is none.
    ///
    /// Its stamp, dot and count of renewals are those of the newest.
    #[must_use]
    pub fn record(&self) -> Option<Cow<'_, Record>> {
        let first = self.records().min_by_key(|record| record.first)?;
        let mut merged = Cow::Borrowed(first);
        for record in self.records().filter(|record| record.credentials == first.credentials) {
            if record.dot() != first.dot() {
                merged.to_mut().merge_fields(record);
            }
        }
        Some(merged)
    }

    /// Returns the records that did not see each other, in the order of their dots: one as a rule.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.writes.iter().filter_map(Write::as_record)
    }

    /// Returns the removals that no other write has seen, in the order of their dots.
    pub fn removals(&self) -> impl Iterator<Item = &Removal> {
        self.writes.iter().filter_map(Write::as_removal)
    }

    /// Returns whether there is a registration.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        self.records().next().is_some()
    }

    /// Returns whether nothing is known, not even a removal.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Returns the number of writes held, records and removals.
    #[must_use]
    pub fn len(&self) -> usize {
        self.writes.len()
    }

    /// Returns the credentials' conflict, if there is one: the newest record of the winner, and the newest of the others.
    #[must_use]
    pub fn conflict(&self) -> Option<Conflict> {
        let winner = self.records().min_by_key(|record| record.first)?;
        let newest = |wins: bool| {
            self.records()
                .filter(|record| (record.credentials == winner.credentials) == wins)
                .max_by_key(|record| record.written)
                .map(Record::dot)
        };
        Some(Conflict { kept: newest(true)?, refused: newest(false)? })
    }

    /// Returns every write that the state has seen, but for renewals.
    #[must_use]
    pub fn seen(&self) -> Version {
        let mut seen = Version::new();
        for write in &self.writes {
            seen.merge(write.seen());
        }
        seen
    }

    /// Returns the latest time in any stamp.
    #[must_use]
    pub fn latest(&self) -> Option<Timestamp> {
        self.writes.iter().map(Write::latest).max()
    }

    fn replace(&mut self, record: Box<Record>) -> &Record {
        self.writes.clear();
        self.writes.push(Write::Record(record));
        let Some(Write::Record(record)) = self.writes.last() else { unreachable!("a record was just pushed") };
        record
    }

    fn insert(&mut self, write: Write) -> Merged {
        let dot = write.dot();
        match self.writes.binary_search_by_key(&dot, Write::dot) {
            Ok(at) => self.writes[at].merge_same(&write),
            Err(_) if self.writes.iter().any(|present| present.replaces(&write)) => Merged::Unchanged,
            Err(_) => {
                self.writes.retain(|present| !write.replaces(present));
                let at = self.writes.partition_point(|present| present.dot() < dot);
                self.writes.insert(at, write);
                Merged::Changed
            }
        }
    }

    fn insert_renewal(&mut self, renewal: &Renewal) -> Merged {
        let mut records = self.writes.iter_mut().filter_map(Write::as_record_mut);
        match records.find(|record| record.dot() == renewal.dot) {
            Some(record) if record.renewals < renewal.renewals => {
                record.renewals = renewal.renewals;
                Merged::Renewed
            }
            _ => Merged::Unchanged,
        }
    }
}

impl From<Record> for State {
    fn from(record: Record) -> Self {
        Box::new(record).into()
    }
}

impl From<Box<Record>> for State {
    fn from(record: Box<Record>) -> Self {
        Self { writes: Vec::from([Write::Record(record)]) }
    }
}

impl From<Removal> for State {
    fn from(removal: Removal) -> Self {
        Self { writes: Vec::from([Write::Removal(removal)]) }
    }
}

/// What a change did to a [`State`].
///
/// ```
/// use waypost_link_format::LinkDocumentBuf;
/// use core::time::Duration;
/// use waypost_model::{
///     Base, Change, Dot, EndpointName, Merged, Record, Registration, ReplicaId, Stamp, State, Timestamp, Version,
/// };
///
/// let endpoint = EndpointName::new("node1").unwrap();
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
/// let registration = Registration::new(endpoint, base, LinkDocumentBuf::default());
/// let stamp = Stamp { time: Timestamp::from_millis(1), dot: Dot::new(ReplicaId(1), 1) };
/// let record = Box::new(Record::register(registration, stamp, Version::new()));
/// let change = Change::Put { record, age: Duration::ZERO };
///
/// let mut state = State::new();
/// assert_eq!(state.merge(change.clone()), Merged::Changed);
/// assert_eq!(state.merge(change), Merged::Unchanged);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merged {
    /// There was nothing new in it.
    Unchanged,
    /// The registration was renewed; nothing else about it changed.
    Renewed,
    /// The state changed.
    Changed,
    /// The state changed, and now holds registrations of different credentials.
    Conflict(Conflict),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Write {
    Record(Box<Record>),
    Removal(Removal),
}

impl Write {
    /// Merges two copies of one write: only what is no part of the write itself can differ.
    fn merge_same(&mut self, other: &Self) -> Merged {
        match (self, other) {
            (Self::Record(here), Self::Record(there)) if here.renewals < there.renewals => {
                here.renewals = there.renewals;
                Merged::Renewed
            }
            (Self::Removal(here), Self::Removal(there)) => {
                here.horizon = here.horizon.max(there.horizon);
                Merged::Unchanged
            }
            _ => Merged::Unchanged,
        }
    }

    /// Tells whether this write takes the place of another: whether that says nothing which this one has not seen.
    fn replaces(&self, other: &Self) -> bool {
        match self.seen().partial_cmp(other.seen()) {
            Some(Ordering::Equal) => self.stamp() > other.stamp(),
            Some(Ordering::Greater) => true,
            Some(Ordering::Less) => false,
            // What was seen may have been forgotten where this was written.
            None => self.seen().contains(other.dot()),
        }
    }

    fn stamp(&self) -> Stamp {
        match self {
            Self::Record(record) => record.written,
            Self::Removal(removal) => removal.stamp,
        }
    }

    fn dot(&self) -> Dot {
        self.stamp().dot
    }

    fn key(&self) -> &Key {
        match self {
            Self::Record(record) => &record.key,
            Self::Removal(removal) => &removal.key,
        }
    }

    fn seen(&self) -> &Version {
        match self {
            Self::Record(record) => &record.seen,
            Self::Removal(removal) => &removal.seen,
        }
    }

    fn latest(&self) -> Timestamp {
        match self {
            Self::Record(record) => record.latest(),
            Self::Removal(removal) => removal.stamp.time,
        }
    }

    fn as_record(&self) -> Option<&Record> {
        if let Self::Record(record) = self { Some(record) } else { None }
    }

    fn as_record_mut(&mut self) -> Option<&mut Record> {
        if let Self::Record(record) = self { Some(record) } else { None }
    }

    fn as_removal(&self) -> Option<&Removal> {
        if let Self::Removal(removal) = self { Some(removal) } else { None }
    }
}

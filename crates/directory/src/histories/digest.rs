use core::hash::Hasher;

use siphasher::sip::SipHasher13;
use waypost_model::{Dot, Origin};
use waypost_time::Instant;

use crate::{Directory, RecordRef, directory::authority_of, entry::Entry, entry::signs::Signs};

/// What the registrations of an authority that are shown amount to: how many there are, and the sum of their ids.
///
/// Two directories that hold the same registrations have equal digests. The ids are hashes that anybody can compute: a
/// digest guards against accidents, not against adversaries.
///
/// ```
/// use waypost_directory::{Config, Directory};
/// use waypost_model::{Origin, Registration, ReplicaId};
/// use waypost_time::Instant;
///
/// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// let empty = directory.digest(&Origin::Local);
/// let sensor = Registration::parse("ep=node1&base=coap://h", "")?;
/// let location = directory.register(Instant::ZERO, sensor)?.location;
/// assert_ne!(directory.digest(&Origin::Local), empty);
/// directory.remove(Instant::ZERO, &location)?;
/// assert_eq!(directory.digest(&Origin::Local), empty);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Digest {
    /// How many registrations there are.
    pub count: u64,
    /// The sum of their ids, modulo 2⁶⁴.
    pub sum: u64,
}

impl Digest {
    pub(crate) fn add(&mut self, entry: &Entry) {
        self.count += 1;
        self.sum = self.sum.wrapping_add(id_of_entry(entry));
    }

    pub(crate) fn take(&mut self, entry: &Entry) {
        self.count -= 1;
        self.sum = self.sum.wrapping_sub(id_of_entry(entry));
    }
}

/// Comparing whole directories.
impl Directory {
    /// Returns what the registrations of an authority amount to.
    #[must_use]
    pub fn digest(&self, origin: &Origin) -> Digest {
        self.histories.of(authority_of(origin)).digest
    }

    /// Returns the registrations of an authority, with the id of each: a hash of its names and of the write that made it what it
    /// is. They come in no order that means anything, and with their ages.
    ///
    /// Where several writes that did not see each other make a registration, each of them is there, as it was written. Those
    /// that have expired and are kept are among them: elsewhere they may have been renewed, and who compares must not take
    /// them for removed.
    pub fn ids(&self, now: Instant, origin: &Origin) -> impl Iterator<Item = (u64, RecordRef<'_>)> {
        let writes = self.histories.of(authority_of(origin)).log.iter();
        writes.filter_map(move |(dot, slot)| {
            let record = self.record_of(now, dot, slot)?;
            Some((id_of(dot, record.sector(), record.endpoint()), record))
        })
    }

    /// Returns what a write at an authority left: one of those that [`ids`](Self::ids) yields.
    #[must_use]
    pub fn written(&self, now: Instant, origin: &Origin, dot: Dot) -> Option<RecordRef<'_>> {
        let before = Dot::new(dot.replica, dot.sequence.checked_sub(1)?);
        let (sequence, slot) = self.histories.of(authority_of(origin)).log.after(before)?.next()?;
        if sequence == dot.sequence { self.record_of(now, dot, slot) } else { None }
    }

    /// Returns what a write left of the registration in a slot.
    ///
    /// What several writes make together is nobody's write: told as the newest of them, it would pass for having seen the others.
    fn record_of(&self, now: Instant, dot: Dot, slot: u32) -> Option<RecordRef<'_>> {
        let entry = self.registry.entry(slot)?;
        let age = now.saturating_since(Signs::of_entry(entry).of(dot));
        let Some(state) = entry.state() else {
            return Some(RecordRef::of_entry(&self.context, &self.documents, entry, age));
        };
        let record = state.records().find(|record| record.dot() == dot)?;
        Some(RecordRef::of_record(&self.context, &self.documents, record, age))
    }
}

/// Returns what stands for a registration in the state that one write left it in.
fn id_of(Dot { replica, sequence }: Dot, sector: Option<&str>, endpoint: &str) -> u64 {
    let mut hasher = SipHasher13::new_with_key(b"waypost registry");
    hasher.write_u64(replica.0);
    hasher.write_u64(sequence);
    hasher.write(sector.unwrap_or("\u{0}").as_bytes());
    hasher.write_u8(0xff);
    hasher.write(endpoint.as_bytes());
    hasher.finish()
}

fn id_of_entry(entry: &Entry) -> u64 {
    id_of(entry.stamp().dot, entry.sector(), entry.endpoint())
}

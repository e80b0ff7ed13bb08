use core::hash::Hasher;

use siphasher::sip::SipHasher13;
use waypost_model::{Dot, Origin};
use waypost_time::Instant;

use crate::{Directory, RecordRef, directory::authority_of, entry::Entry};

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
        self.sum = self.sum.wrapping_add(id_of(entry));
    }

    pub(crate) fn take(&mut self, entry: &Entry) {
        self.count -= 1;
        self.sum = self.sum.wrapping_sub(id_of(entry));
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
    /// Those that have expired and are kept are among them: elsewhere they may have been renewed, and who compares must not take
    /// them for removed.
    pub fn ids(&self, now: Instant, origin: &Origin) -> impl Iterator<Item = (u64, RecordRef<'_>)> {
        let writes = self.histories.of(authority_of(origin)).log.iter();
        writes.filter_map(move |(dot, slot)| {
            let entry = self.registry.entry(slot)?;
            // What was merged from several writes is filed under each.
            let is_first = entry.stamp().dot == dot;
            let age = now.saturating_since(entry.seen);
            is_first.then(|| (id_of(entry), RecordRef::of_entry(&self.context, &self.documents, entry, age)))
        })
    }
}

impl Directory {
    /// Returns the registration that a write at an authority made what it is: one that [`ids`](Self::ids) yields.
    #[must_use]
    pub fn written(&self, now: Instant, origin: &Origin, dot: Dot) -> Option<RecordRef<'_>> {
        let before = Dot::new(dot.replica, dot.sequence.checked_sub(1)?);
        let (sequence, slot) = self.histories.of(authority_of(origin)).log.after(before)?.next()?;
        let entry = self.registry.entry(slot).filter(|_| sequence == dot.sequence)?;
        let age = now.saturating_since(entry.seen);
        (entry.stamp().dot == dot).then(|| RecordRef::of_entry(&self.context, &self.documents, entry, age))
    }
}

/// Returns what stands for a registration in the state that one write left it in.
fn id_of(entry: &Entry) -> u64 {
    let Dot { replica, sequence } = entry.stamp().dot;
    let mut hasher = SipHasher13::new_with_key(b"waypost registry");
    hasher.write_u64(replica.0);
    hasher.write_u64(sequence);
    hasher.write(entry.sector().unwrap_or("\u{0}").as_bytes());
    hasher.write_u8(0xff);
    hasher.write(entry.endpoint().as_bytes());
    hasher.finish()
}

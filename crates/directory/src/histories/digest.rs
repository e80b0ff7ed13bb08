use core::hash::Hasher;

use siphasher::sip::SipHasher13;
use waypost_model::{Dot, ReplicaId};

use crate::entry::Entry;

/// What the registrations of an authority that are shown amount to: how many there are, and the sum of the ids of the writes that made
/// them.
///
/// Two directories that hold the same registrations have equal digests, also where several writes that did not see each other make
/// one. The ids are hashes that anybody can compute: a digest guards against accidents, not against adversaries.
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
    /// The sum of [the ids of their writes](crate::Directory::ids), modulo 2⁶⁴.
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

/// Returns what stands for a registration in the state that one write left it in.
pub(crate) fn id_of(Dot { replica, sequence }: Dot, sector: Option<&str>, endpoint: &str) -> u64 {
    let mut hasher = SipHasher13::new_with_key(b"waypost registry");
    hasher.write_u64(replica.0);
    hasher.write_u64(sequence);
    hasher.write(sector.unwrap_or("\u{0}").as_bytes());
    hasher.write_u8(0xff);
    hasher.write(endpoint.as_bytes());
    hasher.finish()
}

/// Returns what stands for the removal of a registration: no write has the number zero.
pub(crate) fn id_of_removal(sector: Option<&str>, endpoint: &str) -> u64 {
    id_of(Dot::new(ReplicaId(0), 0), sector, endpoint)
}

/// Returns the sum of the ids of all writes that a registration consists of.
fn id_of_entry(entry: &Entry) -> u64 {
    let id = |dot| id_of(dot, entry.sector(), entry.endpoint());
    match entry.state() {
        Some(state) => state.records().fold(0, |sum: u64, record| sum.wrapping_add(id(record.dot()))),
        None => id(entry.stamp().dot),
    }
}

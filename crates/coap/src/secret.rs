use core::hash::{BuildHasher, Hash, Hasher};
use core::net::SocketAddr;
use core::time::Duration;

use siphasher::sip::{SipHasher13, SipHasher24};
use siphasher::sip128::{Hash128, Hasher128, SipHasher24 as SipHasher24Wide};

/// Keyed hashing and randomness, all out of the seed.
#[derive(Debug, Clone)]
pub(crate) struct Secret {
    key: (u64, u64),
    drawn: u64,
}

impl Secret {
    pub(crate) fn new(seed: &[u8; 16]) -> Self {
        Self { key: SipHasher24::new_with_key(seed).keys(), drawn: 0 }
    }

    /// Draws the next random number.
    pub(crate) fn draw(&mut self) -> u64 {
        self.drawn += 1;
        let mut hasher = self.hasher(Purpose::Randomness);
        hasher.write_u64(self.drawn);
        hasher.finish()
    }

    /// Draws a time between `shortest` and `longest`.
    pub(crate) fn draw_between(&mut self, shortest: Duration, longest: Duration) -> Duration {
        let span = u64::try_from(longest.saturating_sub(shortest).as_millis()).unwrap_or(u64::MAX);
        match span {
            0 => shortest,
            _ => shortest + Duration::from_millis(self.draw() % span.saturating_add(1)),
        }
    }

    /// Returns what tells a datagram from another with the same message identifier.
    pub(crate) fn fingerprint(&self, datagram: &[u8]) -> u64 {
        SipHasher13::new_with_keys(self.key.0, self.key.1 ^ Purpose::Fingerprint as u64).hash(datagram)
    }

    /// Returns the entity tag of a body that has none.
    pub(crate) fn entity_tag(&self, body: &[u8]) -> u64 {
        SipHasher13::new_with_keys(self.key.0, self.key.1 ^ Purpose::EntityTag as u64).hash(body)
    }

    /// Returns the Echo value that shows that `remote` received it in the given period.
    pub(crate) fn echo(&self, remote: SocketAddr, period: u64) -> [u8; 8] {
        let mut hasher = self.hasher(Purpose::Echo);
        remote.hash(&mut hasher);
        hasher.write_u64(period);
        hasher.finish().to_be_bytes()
    }

    /// Returns a hasher for the key of a transfer.
    pub(crate) fn transfer_hasher(&self) -> TransferHasher {
        TransferHasher(SipHasher24Wide::new_with_keys(self.key.0, self.key.1 ^ Purpose::Transfer as u64))
    }

    fn hasher(&self, purpose: Purpose) -> SipHasher24 {
        SipHasher24::new_with_keys(self.key.0, self.key.1 ^ purpose as u64)
    }
}

/// Maps keyed by what peers choose use this, so that nobody can aim for one bucket.
impl BuildHasher for Secret {
    type Hasher = SipHasher13;

    fn build_hasher(&self) -> SipHasher13 {
        SipHasher13::new_with_keys(self.key.0, self.key.1 ^ Purpose::Map as u64)
    }
}

/// What identifies the requests of one block-wise transfer: the method and the options of the cache key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub(crate) struct TransferKey(u64, u64);

#[derive(Debug)]
pub(crate) struct TransferHasher(SipHasher24Wide);

impl TransferHasher {
    pub(crate) fn write(&mut self, number: u16, value: &[u8]) {
        self.0.write_u16(number);
        self.0.write_usize(value.len());
        self.0.write(value);
    }

    pub(crate) fn finish(&self) -> TransferKey {
        let Hash128 { h1, h2 } = self.0.finish128();
        TransferKey(h1, h2)
    }
}

/// Keeps the uses of one key apart.
#[derive(Clone, Copy)]
enum Purpose {
    Randomness = 1,
    Fingerprint,
    EntityTag,
    Echo,
    Transfer,
    Map,
}

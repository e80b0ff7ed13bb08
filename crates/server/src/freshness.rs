use alloc::collections::BTreeMap;
use core::hash::Hasher as _;

use bytes::Bytes;
use siphasher::sip::SipHasher24;
use waypost_model::Location;
use waypost_rest::{Credential, Peer};
use waypost_time::Instant;

use crate::{EchoConfig, Refusal};

/// The state counter of [RFC 9176 §5.3.4.1]: it tells whether a request that changes a registration is fresh.
///
/// Every change takes the next number. A request that changes a registration resource must show, in an Echo value, a
/// number at least as high as that of the last change of that resource. Numbers stay known after a removal, because a
/// location is derived from names and thus used again. When too many are known, the lowest one goes and becomes the
/// number that all unknown locations share: that never accepts a request that is not fresh.
///
/// An Echo value holds the counter and the time, authenticated under a secret for the peer it is given to, so nothing
/// needs to be kept for any peer.
///
/// [RFC 9176 §5.3.4.1]: https://www.rfc-editor.org/rfc/rfc9176#section-5.3.4.1
#[derive(Debug)]
pub(crate) struct Freshness {
    config: EchoConfig,
    counter: u64,
    of: BTreeMap<Location, u64>,
    oldest: BTreeMap<u64, Location>,
    floor: u64,
    limit: usize,
}

/// What an authentic Echo value says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Shown {
    counter: u64,
    made: Instant,
}

impl Freshness {
    /// Starts the counter. `is_empty` tells whether there are no registrations yet: those that are there were changed
    /// before the counter started.
    pub(crate) const fn new(config: EchoConfig, is_empty: bool, limit: usize) -> Self {
        let counter = if is_empty { 0 } else { 1 };
        Self { config, counter, of: BTreeMap::new(), oldest: BTreeMap::new(), floor: counter, limit }
    }

    /// Checks a request that would change the registration at a location.
    pub(crate) fn check(
        &self,
        now: Instant,
        peer: &Peer,
        echo: Option<&Bytes>,
        location: &Location,
    ) -> Result<(), Refusal> {
        if !self.config.requires_freshness {
            return Ok(());
        }
        let needed = self.of.get(location).copied().unwrap_or(self.floor);
        let shown = echo.and_then(|echo| self.open(peer, echo)).map_or(0, |shown| shown.counter);
        if shown >= needed { Ok(()) } else { Err(self.stale(now, peer)) }
    }

    /// Checks that a simple registration comes from where it seems to come from, if that is wanted; tells whether it is known then.
    pub(crate) fn verify_address(&self, now: Instant, peer: &Peer, echo: Option<&Bytes>) -> Result<bool, Refusal> {
        if !self.config.verifies_simple_registration {
            return Ok(false);
        }
        match echo.and_then(|echo| self.open(peer, echo)) {
            Some(shown) if now.saturating_since(shown.made) <= self.config.window => Ok(true),
            _ => Err(self.stale(now, peer)),
        }
    }

    /// Takes note of a change.
    pub(crate) fn changed(&mut self, location: &Location) {
        self.counter += 1;
        if let Some(before) = self.of.insert(location.clone(), self.counter) {
            self.oldest.remove(&before);
        }
        self.oldest.insert(self.counter, location.clone());
        while self.of.len() > self.limit {
            let Some((number, location)) = self.oldest.pop_first() else { break };
            self.of.remove(&location);
            self.floor = number;
        }
    }

    /// Returns a value that makes the peer's next request fresh.
    pub(crate) fn preemptive(&self, now: Instant, peer: &Peer) -> Option<Bytes> {
        self.config.requires_freshness.then(|| self.seal(now, peer))
    }

    fn stale(&self, now: Instant, peer: &Peer) -> Refusal {
        Refusal::Stale(self.seal(now, peer))
    }

    fn seal(&self, now: Instant, peer: &Peer) -> Bytes {
        let mut value = [0; LENGTH];
        value[..8].copy_from_slice(&self.counter.to_be_bytes());
        value[8..16].copy_from_slice(&now.as_millis().to_be_bytes());
        let code = self.authenticate(peer, &value[..16]);
        value[16..].copy_from_slice(&code);
        Bytes::copy_from_slice(&value)
    }

    fn open(&self, peer: &Peer, value: &[u8]) -> Option<Shown> {
        let value: &[u8; LENGTH] = value.try_into().ok()?;
        let code = self.authenticate(peer, &value[..16]);
        // All octets are compared whatever the first ones are, so that the time taken tells nothing.
        let difference = code.iter().zip(&value[16..]).fold(0, |all, (a, b)| all | (a ^ b));
        let number = |octets: &[u8]| octets.iter().fold(0, |number: u64, octet| number << 8 | u64::from(*octet));
        (difference == 0)
            .then(|| Shown { counter: number(&value[..8]), made: Instant::from_millis(number(&value[8..16])) })
    }

    fn authenticate(&self, peer: &Peer, content: &[u8]) -> [u8; 8] {
        let mut hasher = SipHasher24::new_with_key(self.config.secret());
        hasher.write(content);
        let mut field = |octets: &[u8]| {
            hasher.write_u64(octets.len() as u64);
            hasher.write(octets);
        };
        field(peer.uri.as_bytes());
        field(&peer.zone.map_or([0; 5], |zone| {
            let [a, b, c, d] = zone.to_be_bytes();
            [1, a, b, c, d]
        }));
        for credential in &peer.credentials {
            match credential {
                Credential::Subject { authority, name } => {
                    field(b"n");
                    field(authority.as_bytes());
                    field(name.as_bytes());
                }
                Credential::PublicKey(key) => {
                    field(b"k");
                    field(key);
                }
                Credential::Session(session) => {
                    field(b"s");
                    field(session);
                }
                _ => field(b"?"),
            }
        }
        hasher.finish().to_be_bytes()
    }
}

/// Counter, time and code.
const LENGTH: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;

    fn location(number: usize) -> Location {
        Location::new(&alloc::format!("/rd/{number}")).unwrap()
    }

    fn freshness(limit: usize) -> Freshness {
        Freshness::new(EchoConfig::new([1; 16]), true, limit)
    }

    #[test]
    fn forgetting_a_location_never_makes_an_old_request_fresh() {
        let mut freshness = freshness(2);
        let peer = Peer::new("coap://[2001:db8::1]");
        let old = freshness.seal(Instant::ZERO, &peer);
        for number in 0..5 {
            freshness.changed(&location(number));
        }
        assert_eq!(freshness.of.len(), 2);
        for number in 0..6 {
            assert!(freshness.check(Instant::ZERO, &peer, Some(&old), &location(number)).is_err());
            let new = freshness.seal(Instant::ZERO, &peer);
            assert!(freshness.check(Instant::ZERO, &peer, Some(&new), &location(number)).is_ok());
        }
    }

    #[test]
    fn a_value_is_good_for_its_peer_alone_and_only_unchanged() {
        let mut freshness = freshness(2);
        freshness.changed(&location(0));
        let peer = Peer::new("coap://[2001:db8::1]");
        let value = freshness.seal(Instant::ZERO, &peer);
        assert!(freshness.open(&peer, &value).is_some());
        assert!(freshness.open(&Peer::new("coap://[2001:db8::2]"), &value).is_none());
        assert!(freshness.open(&peer.clone().with_zone(1), &value).is_none());
        for octet in 0..value.len() {
            let mut forged = value.to_vec();
            forged[octet] ^= 1;
            assert!(freshness.open(&peer, &forged).is_none());
        }
        assert!(freshness.open(&peer, &value[..23]).is_none());
        assert!(value.len() <= 40);
    }
}

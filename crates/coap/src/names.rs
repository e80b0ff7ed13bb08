use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use waypost_rest::{Peer as Identity, Request, RequestId};
use waypost_time::Instant;

/// The addresses of hosts that are asked by name, and the requests that wait for them.
#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Whether somebody looks them up.
    pub(crate) are_looked_up: bool,
    hosts: BTreeMap<String, Host>,
}

#[derive(Debug)]
struct Host {
    addresses: Addresses,
    /// The addresses where it did not answer when it was asked there last, the latest last, and since when. Who looks them up may go
    /// on finding them.
    silent: Vec<(IpAddr, Instant)>,
}

#[derive(Debug)]
enum Addresses {
    /// They are to be looked up.
    Wanted(Vec<Waiting>),
    /// They are being looked up.
    Asked(Vec<Waiting>),
    /// These are they, the best first, and until when they are used.
    Found(Vec<SocketAddr>, Instant),
}

/// A request of the service that waits for the addresses of a host.
pub(crate) type Waiting = (RequestId, Identity, Request);

impl Names {
    /// Returns the addresses of a host, if they are known: where it did not answer, last. Their ports say nothing.
    pub(crate) fn addresses(&self, now: Instant, name: &str) -> Option<Vec<SocketAddr>> {
        let host = self.hosts.get(name)?;
        match &host.addresses {
            Addresses::Found(addresses, until) if now < *until => {
                let mut addresses = addresses.clone();
                addresses.sort_by_key(|address| host.silent_since(now, address.ip()));
                Some(addresses)
            }
            _ => None,
        }
    }

    /// Keeps a request until the addresses of a host are known; false if there is no room for one more name.
    pub(crate) fn wait(&mut self, name: &str, waiting: Waiting, longest: usize) -> bool {
        if !self.hosts.contains_key(name) && !self.make_room(longest) {
            return false;
        }
        let wanted = || Addresses::Wanted(Vec::new());
        let host = self.hosts.entry(name.into()).or_insert_with(|| Host { addresses: wanted(), silent: Vec::new() });
        if let Addresses::Found(..) = host.addresses {
            host.addresses = wanted();
        }
        if let Addresses::Wanted(all) | Addresses::Asked(all) = &mut host.addresses {
            all.push(waiting);
        }
        true
    }

    /// Returns the next name to look up.
    pub(crate) fn poll(&mut self) -> Option<String> {
        let is_wanted = |host: &Host| matches!(host.addresses, Addresses::Wanted(_));
        let (name, host) = self.hosts.iter_mut().find(|(_, host)| is_wanted(host))?;
        if let Addresses::Wanted(waiting) = &mut host.addresses {
            host.addresses = Addresses::Asked(core::mem::take(waiting));
        }
        Some(name.clone())
    }

    /// Takes the addresses of a host; returns who waited for them.
    pub(crate) fn take(&mut self, now: Instant, name: &str, addresses: &[SocketAddr]) -> Vec<Waiting> {
        let Some(host) = self.hosts.get_mut(name) else { return Vec::new() };
        let Addresses::Asked(waiting) = &mut host.addresses else { return Vec::new() };
        let waiting = core::mem::take(waiting);
        // That there are none may be over in a moment.
        let until = if addresses.is_empty() { now } else { now + KEPT };
        let addresses = &addresses[..addresses.len().min(MOST_ADDRESSES)];
        host.addresses = Addresses::Found(addresses.into(), until);
        waiting
    }

    /// Takes note that a host does not answer at an address.
    pub(crate) fn note_silence(&mut self, now: Instant, name: &str, address: IpAddr) {
        let Some(host) = self.hosts.get_mut(name) else { return };
        host.break_silence(address);
        if host.silent.len() >= MOST_ADDRESSES {
            host.silent.remove(0);
        }
        host.silent.push((address.to_canonical(), now));
    }

    /// Takes note that a host answers at an address.
    pub(crate) fn note_answer(&mut self, name: &str, address: IpAddr) {
        if let Some(host) = self.hosts.get_mut(name) {
            host.break_silence(address);
        }
    }

    /// Forgets a request that waits, and returns it.
    pub(crate) fn withdraw(&mut self, id: RequestId) -> Option<Waiting> {
        self.hosts.values_mut().find_map(|host| match &mut host.addresses {
            Addresses::Wanted(waiting) | Addresses::Asked(waiting) => {
                let index = waiting.iter().position(|(other, ..)| *other == id)?;
                Some(waiting.remove(index))
            }
            Addresses::Found(..) => None,
        })
    }

    /// Returns how many requests wait.
    pub(crate) fn waiting(&self) -> usize {
        let waiting = |host: &Host| match &host.addresses {
            Addresses::Wanted(waiting) | Addresses::Asked(waiting) => waiting.len(),
            Addresses::Found(..) => 0,
        };
        self.hosts.values().map(waiting).sum()
    }

    /// Makes room for one more name in place of one that has been known for longest.
    fn make_room(&mut self, longest: usize) -> bool {
        if self.hosts.len() < longest {
            return true;
        }
        let known = self.hosts.iter().filter_map(|(name, host)| match host.addresses {
            Addresses::Found(_, until) => Some((until, name)),
            _ => None,
        });
        let Some(oldest) = known.min().map(|(_, name)| name.clone()) else { return false };
        self.hosts.remove(&oldest);
        self.hosts.len() < longest
    }
}

impl Host {
    fn silent_since(&self, now: Instant, address: IpAddr) -> Option<Instant> {
        let address = address.to_canonical();
        let silence = self.silent.iter().find(|(other, since)| *other == address && now < *since + COUNTED);
        silence.map(|&(_, since)| since)
    }

    fn break_silence(&mut self, address: IpAddr) {
        let address = address.to_canonical();
        self.silent.retain(|(other, _)| *other != address);
    }
}

/// How long addresses are used: who looks them up does not say, and has a memory of its own.
const KEPT: Duration = Duration::from_secs(60);
/// How long it counts that a host did not answer at an address. It has to outlive the patience of who tries again.
const COUNTED: Duration = Duration::from_secs(10 * 60);
/// How many addresses of a host are kept: more than one request is sent to.
const MOST_ADDRESSES: usize = 16;

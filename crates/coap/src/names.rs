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
enum Host {
    /// Its addresses are to be looked up.
    Wanted(Vec<Waiting>),
    /// They are being looked up.
    Asked(Vec<Waiting>),
    /// These are its addresses, the best first, and until when they are used.
    Found(Vec<SocketAddr>, Instant),
}

/// A request of the service that waits for the addresses of a host.
pub(crate) type Waiting = (RequestId, Identity, Request);

impl Names {
    /// Returns the addresses of a host, if they are known. Their ports say nothing.
    pub(crate) fn addresses(&self, now: Instant, name: &str) -> Option<&[SocketAddr]> {
        match self.hosts.get(name)? {
            Host::Found(addresses, until) if now < *until => Some(addresses),
            _ => None,
        }
    }

    /// Keeps a request until the addresses of a host are known; false if there is no room for one more name.
    pub(crate) fn wait(&mut self, name: &str, waiting: Waiting, longest: usize) -> bool {
        if !self.hosts.contains_key(name) && !self.make_room(longest) {
            return false;
        }
        self.withdraw(waiting.0);
        match self.hosts.get_mut(name) {
            Some(Host::Wanted(all) | Host::Asked(all)) => all.push(waiting),
            _ => {
                self.hosts.insert(name.into(), Host::Wanted(Vec::from([waiting])));
            }
        }
        true
    }

    /// Returns the next name to look up.
    pub(crate) fn poll(&mut self) -> Option<String> {
        let (name, host) = self.hosts.iter_mut().find(|(_, host)| matches!(host, Host::Wanted(_)))?;
        if let Host::Wanted(waiting) = host {
            *host = Host::Asked(core::mem::take(waiting));
        }
        Some(name.clone())
    }

    /// Takes the addresses of a host; returns who waited for them.
    pub(crate) fn take(&mut self, now: Instant, name: &str, addresses: &[SocketAddr]) -> Vec<Waiting> {
        let Some(host @ Host::Asked(_)) = self.hosts.get_mut(name) else { return Vec::new() };
        let asked = core::mem::replace(host, Host::Found(addresses.into(), now + KEPT));
        if addresses.is_empty() {
            self.hosts.remove(name);
        }
        if let Host::Asked(waiting) = asked { waiting } else { Vec::new() }
    }

    /// Takes note that a host did not answer at an address: the others come first now.
    pub(crate) fn failed(&mut self, name: &str, address: IpAddr) {
        if let Some(Host::Found(addresses, _)) = self.hosts.get_mut(name) {
            addresses.sort_by_key(|other| other.ip() == address);
        }
    }

    /// Forgets a request that waits.
    pub(crate) fn withdraw(&mut self, id: RequestId) {
        for host in self.hosts.values_mut() {
            if let Host::Wanted(waiting) | Host::Asked(waiting) = host {
                waiting.retain(|(other, ..)| *other != id);
            }
        }
    }

    /// Returns how many requests wait.
    pub(crate) fn waiting(&self) -> usize {
        let waiting = |host: &Host| match host {
            Host::Wanted(waiting) | Host::Asked(waiting) => waiting.len(),
            Host::Found(..) => 0,
        };
        self.hosts.values().map(waiting).sum()
    }

    /// Makes room for one more name in place of one that has been known for longest.
    fn make_room(&mut self, longest: usize) -> bool {
        if self.hosts.len() < longest {
            return true;
        }
        let known = self.hosts.iter().filter_map(|(name, host)| match host {
            Host::Found(_, until) => Some((*until, name)),
            _ => None,
        });
        let Some(oldest) = known.min().map(|(_, name)| name.clone()) else { return false };
        self.hosts.remove(&oldest);
        self.hosts.len() < longest
    }
}

/// How long addresses are used: who looks them up does not say, and has a memory of its own.
const KEPT: Duration = Duration::from_secs(60);

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{Location, Parameters};
use waypost_rest::{ETag, ExchangeId, Peer, RequestId};
use waypost_time::Instant;

use crate::quota::{Account, Tally};
use crate::{Refusal, ServerLimits};

/// What simple registration keeps: fetches that are under way, documents that are fresh, and which registrations are
/// simple ones.
#[derive(Debug, Default)]
pub(crate) struct Simple {
    fetches: BTreeMap<RequestId, Fetch>,
    by_peer: BTreeMap<Peer, RequestId>,
    overdue: BTreeSet<(Instant, RequestId)>,
    waiting: usize,
    tally: Tally,
    last_id: u64,
    cache: Cache,
    deadlines: BTreeMap<Location, Instant>,
    due: BTreeSet<(Instant, Location)>,
}

/// A GET of the `/.well-known/core` of a peer, and who waits for it.
#[derive(Debug)]
pub(crate) struct Fetch {
    pub(crate) peer: Peer,
    pub(crate) etag: Option<ETag>,
    pub(crate) waiters: Vec<Waiter>,
    pub(crate) is_repeated: bool,
    give_up: Instant,
}

/// A simple registration that waits.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) exchange: ExchangeId,
    pub(crate) parameters: Parameters,
    /// What the request showed of its freshness: it must still be fresh when the links are there.
    pub(crate) echo: Option<Bytes>,
}

/// How a simple registration goes on.
#[derive(Debug)]
pub(crate) enum Begun {
    /// The links are known and fresh.
    Known(LinkDocumentBuf),
    /// The peer was asked already.
    Joined,
    /// The peer must be asked; what it served before has this name.
    Asked { id: RequestId, etag: Option<ETag> },
}

/// The links of a peer.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) links: LinkDocumentBuf,
    pub(crate) etag: Option<ETag>,
}

impl Simple {
    pub(crate) fn begin(
        &mut self,
        now: Instant,
        peer: &Peer,
        waiter: Waiter,
        limits: &ServerLimits,
    ) -> Result<Begun, Refusal> {
        let key = key(peer);
        if let Some(links) = self.cache.fresh(now, &key) {
            return Ok(Begun::Known(links));
        }
        let account = Account::of(&key);
        let (what, retry) = ("pending simple registrations", limits.retry_seconds);
        if self.tally.of(&account) >= limits.pending_fetches_per_peer {
            return Err(Refusal::TooMany { what, limit: limits.pending_fetches_per_peer, retry });
        }
        if self.waiting.max(self.fetches.len()) >= limits.pending_fetches {
            return Err(Refusal::Full { what, limit: limits.pending_fetches, retry });
        }
        self.tally.add(account, 1);
        self.waiting += 1;
        if let Some(fetch) = self.by_peer.get(&key).and_then(|id| self.fetches.get_mut(id)) {
            fetch.waiters.push(waiter);
            return Ok(Begun::Joined);
        }
        let etag = self.cache.get(&key).and_then(|found| found.etag);
        let give_up = now + Duration::from_secs(limits.fetch_seconds.into());
        let fetch = Fetch { peer: peer.clone(), etag, waiters: Vec::from([waiter]), is_repeated: false, give_up };
        Ok(Begun::Asked { id: self.start(fetch), etag })
    }

    /// Starts a fetch under a new name, once more.
    pub(crate) fn repeat(&mut self, mut fetch: Fetch) -> RequestId {
        fetch.etag = None;
        if !fetch.waiters.is_empty() {
            self.tally.add(Account::of(&key(&fetch.peer)), fetch.waiters.len());
        }
        self.waiting += fetch.waiters.len();
        self.start(fetch)
    }

    /// Ends a fetch and returns it.
    pub(crate) fn finish(&mut self, id: RequestId) -> Option<Fetch> {
        let fetch = self.fetches.remove(&id)?;
        self.by_peer.remove(&key(&fetch.peer));
        self.overdue.remove(&(fetch.give_up, id));
        let account = Account::of(&key(&fetch.peer));
        for _ in &fetch.waiters {
            self.tally.take(&account);
        }
        self.waiting -= fetch.waiters.len();
        Some(fetch)
    }

    /// Forgets somebody who waits. The fetch goes on: a constrained registrant that gives up its request to have room for
    /// the GET comes again, and then finds the links known.
    pub(crate) fn cancel(&mut self, exchange: ExchangeId) {
        for fetch in self.fetches.values_mut() {
            if let Some(at) = fetch.waiters.iter().position(|waiter| waiter.exchange == exchange) {
                fetch.waiters.remove(at);
                self.waiting -= 1;
                self.tally.take(&Account::of(&key(&fetch.peer)));
                return;
            }
        }
    }

    /// Ends and returns a fetch that took too long.
    pub(crate) fn overdue(&mut self, now: Instant) -> Option<(RequestId, Fetch)> {
        let &(deadline, id) = self.overdue.first()?;
        if deadline > now { None } else { self.finish(id).map(|fetch| (id, fetch)) }
    }

    pub(crate) fn cached(&self, peer: &Peer) -> Option<Found> {
        self.cache.get(&key(peer)).cloned()
    }

    pub(crate) fn cache(&mut self, now: Instant, peer: &Peer, found: Found, max_age: u32, limits: &ServerLimits) {
        let until = now + Duration::from_secs(max_age.into());
        self.cache.put(key(peer), found, until, limits.cached_documents, limits.cached_bytes);
    }

    /// Takes note that the registration at a location is a simple one, and when its lifetime ends.
    pub(crate) fn mark(&mut self, location: Location, deadline: Instant) {
        self.unmark(&location);
        self.due.insert((deadline, location.clone()));
        self.deadlines.insert(location, deadline);
    }

    pub(crate) fn unmark(&mut self, location: &Location) {
        if let Some(deadline) = self.deadlines.remove(location) {
            self.due.remove(&(deadline, location.clone()));
        }
    }

    pub(crate) fn next_due(&self, now: Instant) -> Option<Location> {
        self.due.first().filter(|(deadline, _)| *deadline <= now).map(|(_, location)| location.clone())
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        let due = self.due.first().map(|(deadline, _)| *deadline);
        let overdue = self.overdue.first().map(|(deadline, _)| *deadline);
        due.into_iter().chain(overdue).min()
    }

    fn start(&mut self, fetch: Fetch) -> RequestId {
        self.last_id += 1;
        let id = RequestId(self.last_id);
        self.by_peer.insert(key(&fetch.peer), id);
        self.overdue.insert((fetch.give_up, id));
        self.fetches.insert(id, fetch);
        id
    }
}

/// The documents that were fetched, by whom they were fetched from.
#[derive(Debug, Default)]
struct Cache {
    by_peer: BTreeMap<Peer, (Found, Instant)>,
    by_end: BTreeSet<(Instant, Peer)>,
    bytes: usize,
}

impl Cache {
    fn fresh(&self, now: Instant, peer: &Peer) -> Option<LinkDocumentBuf> {
        self.by_peer.get(peer).filter(|(_, until)| now < *until).map(|(found, _)| found.links.clone())
    }

    fn get(&self, peer: &Peer) -> Option<&Found> {
        self.by_peer.get(peer).map(|(found, _)| found)
    }

    fn put(&mut self, peer: Peer, found: Found, until: Instant, documents: usize, bytes: usize) {
        self.drop(&peer);
        self.bytes += found.links.as_str().len();
        self.by_end.insert((until, peer.clone()));
        self.by_peer.insert(peer, (found, until));
        // What is the least fresh is the least useful.
        while self.by_peer.len() > documents || self.bytes > bytes {
            let Some((_, peer)) = self.by_end.first().cloned() else { break };
            self.drop(&peer);
        }
    }

    fn drop(&mut self, peer: &Peer) {
        if let Some((found, until)) = self.by_peer.remove(peer) {
            self.bytes -= found.links.as_str().len();
            self.by_end.remove(&(until, peer.clone()));
        }
    }
}

/// Links are fetched from one peer for itself alone: the same address with other credentials is another peer. Whether it
/// is reachable turns out by fetching.
fn key(peer: &Peer) -> Peer {
    let mut key = peer.clone();
    key.is_reachable = false;
    key
}

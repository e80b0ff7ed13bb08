use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::cmp::Ordering;
use core::time::Duration;

use bytes::Bytes;
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{Location, Parameters};
use waypost_rest::{Account, ETag, ExchangeId, Peer, RequestId, Tally};
use waypost_time::Instant;

use crate::{Refusal, ServerLimits};

/// What simple registration keeps: fetches that are under way, documents that are fresh, and which registrations are
/// simple ones.
#[derive(Debug, Default)]
pub(crate) struct Simple {
    fetches: BTreeMap<RequestId, Fetch>,
    by_peer: BTreeMap<Peer, RequestId>,
    /// The fetches in the order in which they make room for others: first those of peers that are not known to be reachable, and of
    /// these and of the others the oldest.
    in_order: BTreeSet<(bool, Instant, RequestId)>,
    places: usize,
    /// How many places each account has.
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
    began: Instant,
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
    /// Makes room for one more simple registration of a peer. Whoever is not known to be reachable makes room for those that are, and
    /// otherwise who has not been answered for a while for others of its kind: forged addresses, and those that never answer, do not
    /// keep others out.
    ///
    /// Returns the fetch that was ended for it, if one was.
    pub(crate) fn make_room(
        &mut self,
        now: Instant,
        peer: &Peer,
        limits: &ServerLimits,
    ) -> Result<Option<(RequestId, Fetch)>, Refusal> {
        let retry = limits.retry_seconds;
        if self.tally.of(&Account::of(peer)) >= limits.pending_fetches_per_peer {
            return Err(Refusal::TooMany { what: WHAT, limit: limits.pending_fetches_per_peer, retry });
        }
        if self.places < limits.pending_fetches {
            return Ok(None);
        }
        let gives_way =
            |(is_reachable, began, _): &&(bool, Instant, RequestId)| match is_reachable.cmp(&peer.is_reachable) {
                Ordering::Less => true,
                Ordering::Equal => now.saturating_since(*began) >= PATIENCE,
                Ordering::Greater => false,
            };
        match self.in_order.first().filter(gives_way) {
            Some(&(_, _, id)) => Ok(self.finish(id).map(|fetch| (id, fetch))),
            None if peer.is_reachable => Err(no_room(limits)),
            None => Err(Refusal::NoRoomForStranger { what: WHAT, limit: limits.pending_fetches, retry }),
        }
    }

    /// Begins to wait for the links of a peer, for which there is room.
    pub(crate) fn begin(&mut self, now: Instant, peer: &Peer, waiter: Waiter) -> Begun {
        if let Some(fetch) = self.by_peer.get(peer).and_then(|id| self.fetches.get_mut(id)) {
            if !fetch.waiters.is_empty() {
                self.tally.add(Account::of(peer), 1);
                self.places += 1;
            }
            fetch.waiters.push(waiter);
            return Begun::Joined;
        }
        let etag = self.cached(peer).and_then(|found| found.etag);
        let fetch = Fetch { peer: peer.clone(), etag, waiters: Vec::from([waiter]), is_repeated: false, began: now };
        Begun::Asked { id: self.start(fetch), etag }
    }

    /// Starts a fetch under a new name, once more.
    pub(crate) fn repeat(&mut self, mut fetch: Fetch) -> RequestId {
        fetch.etag = None;
        self.start(fetch)
    }

    /// Ends a fetch and returns it.
    pub(crate) fn finish(&mut self, id: RequestId) -> Option<Fetch> {
        let fetch = self.fetches.remove(&id)?;
        self.by_peer.remove(&fetch.peer);
        self.in_order.remove(&(fetch.peer.is_reachable, fetch.began, id));
        self.tally.take(&Account::of(&fetch.peer), fetch.places());
        self.places -= fetch.places();
        Some(fetch)
    }

    /// Forgets somebody who waits. The fetch goes on: a constrained registrant that gives up its request to have room for
    /// the GET comes again, and then finds the links known.
    pub(crate) fn cancel(&mut self, exchange: ExchangeId) {
        for fetch in self.fetches.values_mut() {
            if let Some(at) = fetch.waiters.iter().position(|waiter| waiter.exchange == exchange) {
                let before = fetch.places();
                fetch.waiters.remove(at);
                self.tally.take(&Account::of(&fetch.peer), before - fetch.places());
                self.places -= before - fetch.places();
                return;
            }
        }
    }

    /// Ends and returns a fetch that took too long.
    pub(crate) fn overdue(&mut self, now: Instant, limits: &ServerLimits) -> Option<(RequestId, Fetch)> {
        let (began, id) = self.oldest()?;
        if now < began + fetch_time(limits) { None } else { self.finish(id).map(|fetch| (id, fetch)) }
    }

    /// Returns the links of a peer, if they are known and fresh.
    pub(crate) fn fresh(&self, now: Instant, peer: &Peer) -> Option<LinkDocumentBuf> {
        self.cache.fresh(now, &key(peer))
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

    pub(crate) fn next_timeout(&self, limits: &ServerLimits) -> Option<Instant> {
        let due = self.due.first().map(|(deadline, _)| *deadline);
        let overdue = self.oldest().map(|(began, _)| began + fetch_time(limits));
        due.into_iter().chain(overdue).min()
    }

    fn start(&mut self, fetch: Fetch) -> RequestId {
        self.last_id += 1;
        let id = RequestId(self.last_id);
        self.by_peer.insert(fetch.peer.clone(), id);
        self.in_order.insert((fetch.peer.is_reachable, fetch.began, id));
        self.tally.add(Account::of(&fetch.peer), fetch.places());
        self.places += fetch.places();
        self.fetches.insert(id, fetch);
        id
    }

    fn oldest(&self) -> Option<(Instant, RequestId)> {
        let of_reachable = self.in_order.range((true, Instant::ZERO, RequestId(0))..).next();
        self.in_order.first().into_iter().chain(of_reachable).map(|&(_, began, id)| (began, id)).min()
    }
}

impl Fetch {
    /// Returns how many places it takes up: one for each who waits, and one even if nobody does any more.
    fn places(&self) -> usize {
        self.waiters.len().max(1)
    }
}

/// Returns what is said to those for whom there is no room, or no longer.
pub(crate) const fn no_room(limits: &ServerLimits) -> Refusal {
    Refusal::Full { what: WHAT, limit: limits.pending_fetches, retry: limits.retry_seconds }
}

fn fetch_time(limits: &ServerLimits) -> Duration {
    Duration::from_secs(limits.fetch_seconds.into())
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

/// Links are fetched from one peer for itself alone: the same address with other credentials is another peer. Once they are there, it
/// is reachable.
fn key(peer: &Peer) -> Peer {
    let mut key = peer.clone();
    key.is_reachable = false;
    key
}

const WHAT: &str = "pending simple registrations";
/// How long a fetch may keep others out: by then even what was lost once and sent again is usually answered.
const PATIENCE: Duration = Duration::from_secs(5);

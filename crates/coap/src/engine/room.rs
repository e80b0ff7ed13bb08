//! Who is remembered, and who has to go when room runs out.

use alloc::vec::Vec;

use bytes::Bytes;
use waypost_rest::ExchangeId;
use waypost_time::Instant;

use super::{Engine, Timer};
use crate::exchange::Exchange;
use crate::observation::Observation;
use crate::path::Path;
use crate::peers::{Business, Download, Peer};
use crate::secret::TransferKey;
use crate::seen::Seen;
use crate::slot::{MOST_SLOTS, Slot, slot_of};

impl Engine {
    /// Returns where the state of a peer stands, from now on if there was none; `None` when there is no room.
    pub(super) fn enter(&mut self, path: Path) -> Option<Slot> {
        if let Some(slot) = self.peers.find(&path) {
            self.peers.mark_heard(slot, self.now);
            return Some(slot);
        }
        self.admit(path)
    }

    /// Makes room for a peer that is not known.
    pub(super) fn admit(&mut self, path: Path) -> Option<Slot> {
        if self.peers.len() >= self.config.limits.peers.min(MOST_SLOTS as usize) {
            let least_busy = self.least_busy()?;
            self.forget(least_busy);
        }
        let next_id = self.secret.draw() as u16;
        let slot = self.peers.insert(path, self.now, next_id);
        self.plan_sweep(slot, self.now + self.config.timing.exchange_lifetime());
        Some(slot)
    }

    /// Finds, among those that were heard least recently, the peer with the least under way that can give way to another.
    /// Those that had better stay are not asked again for a while; strangers stay in line, so that a flood of their bodies
    /// reorders nobody.
    fn least_busy(&mut self) -> Option<Slot> {
        let mut least = (Business::Other, None);
        let mut better_stay = Vec::new();
        for slot in self.peers.by_recency().take(MOST_CANDIDATES) {
            let Some(business) = self.peers.get(slot).map(Peer::business) else { continue };
            if business < least.0 {
                least = (business, Some(slot));
            }
            if business == Business::None {
                break;
            }
            if business > Business::StrangersUpload {
                better_stay.push(slot);
            }
        }
        for slot in better_stay {
            self.peers.list_last(slot);
        }
        least.1
    }

    /// Finds, among those that were heard least recently, a peer that can give way. Those that cannot are not asked again
    /// for a while.
    fn victim(&mut self, can_give: impl Fn(&Peer) -> bool) -> Option<Slot> {
        for _ in 0..MOST_CANDIDATES {
            let slot = self.peers.least_recent()?;
            if self.peers.get(slot).is_some_and(&can_give) {
                return Some(slot);
            }
            self.peers.list_last(slot);
        }
        None
    }

    /// Drops the state of a peer.
    pub(super) fn forget(&mut self, slot: Slot) {
        let Some(peer) = self.peers.remove(slot) else { return };
        let Peer { seen, exchanges, observations, questions, uploads, downloads, sweep_at, check_at, .. } = peer;
        self.usage.remembered -= seen.len();
        self.usage.remembered_bytes -= seen.bytes();
        self.usage.exchanges -= exchanges.len();
        self.usage.observations -= observations.len();
        self.usage.requests -= questions.len();
        self.usage.upload_bytes -= uploads.values().map(|upload| upload.body.len()).sum::<usize>();
        self.usage.download_bytes -= downloads.values().map(|download| download.response.payload.len()).sum::<usize>();
        if let Some(at) = sweep_at {
            self.timers.remove(&(at, slot, Timer::Sweep));
        }
        if let Some(at) = check_at {
            self.timers.remove(&(at, slot, Timer::Check));
        }
    }

    /// Remembers that a message was taken.
    pub(super) fn remember(&mut self, slot: Slot, id: u16, fingerprint: u64) {
        let expires = self.now + self.config.timing.exchange_lifetime();
        let most = self.config.limits.remembered_per_peer.max(1);
        self.with_seen(slot, |seen| {
            while seen.len() >= most {
                seen.forget_oldest();
            }
            seen.remember(id, fingerprint, expires);
        });
        self.shed_replies(slot);
    }

    /// Keeps the reply to a message for its duplicates.
    pub(super) fn keep_reply(&mut self, slot: Slot, id: u16, reply: Bytes) {
        self.with_seen(slot, |seen| seen.keep_reply(id, reply));
        self.shed_replies(slot);
    }

    fn with_seen(&mut self, slot: Slot, change: impl FnOnce(&mut Seen)) {
        let Some(peer) = self.peers.get_mut(slot) else { return };
        let (len, bytes) = (peer.seen.len(), peer.seen.bytes());
        change(&mut peer.seen);
        self.usage.remembered = self.usage.remembered + peer.seen.len() - len;
        self.usage.remembered_bytes = self.usage.remembered_bytes + peer.seen.bytes() - bytes;
    }

    /// Gets the remembered messages back under their limits: at the expense of those who were heard least recently, and
    /// where these have nothing to give, at the expense of the peer that wants more.
    fn shed_replies(&mut self, slot: Slot) {
        let limits = &self.config.limits;
        let (most, most_bytes) = (limits.remembered, limits.remembered_bytes);
        while self.usage.remembered > most || self.usage.remembered_bytes > most_bytes {
            let path = self.peers.get(slot).map(|peer| peer.path);
            match self.victim(|peer| Some(peer.path) != path && peer.seen.len() > 0) {
                Some(victim) => self.with_seen(victim, |seen| *seen = Seen::default()),
                None => {
                    let before = self.usage.remembered;
                    self.with_seen(slot, Seen::forget_oldest);
                    if self.usage.remembered == before {
                        return;
                    }
                }
            }
        }
    }

    /// Pins the response that a peer is going to fetch in blocks.
    pub(super) fn pin(&mut self, slot: Slot, transfer: TransferKey, download: Download) {
        self.unpin(slot, transfer);
        let size = download.response.payload.len();
        let limits = &self.config.limits;
        let (most, most_bytes) = (limits.downloads_per_peer, limits.download_bytes);
        if size > most_bytes || most == 0 {
            return;
        }
        while self.peers.get(slot).is_some_and(|peer| peer.downloads.len() >= most) {
            self.unpin_oldest(slot);
        }
        while self.usage.download_bytes + size > most_bytes {
            match self.victim(|peer| !peer.downloads.is_empty()) {
                Some(victim) => self.unpin_oldest(victim),
                None => return,
            }
        }
        let Some(peer) = self.peers.get_mut(slot) else { return };
        peer.downloads.insert(transfer, download);
        self.usage.download_bytes += size;
        self.plan_sweep(slot, self.now + self.config.limits.transfer_timeout);
    }

    pub(super) fn unpin(&mut self, slot: Slot, transfer: TransferKey) {
        let Some(peer) = self.peers.get_mut(slot) else { return };
        if let Some(download) = peer.downloads.remove(&transfer) {
            self.usage.download_bytes -= download.response.payload.len();
        }
    }

    fn unpin_oldest(&mut self, slot: Slot) {
        let Some(peer) = self.peers.get(slot) else { return };
        let oldest = peer.downloads.iter().min_by_key(|(_, download)| download.touched).map(|(&key, _)| key);
        if let Some(transfer) = oldest {
            self.unpin(slot, transfer);
        }
    }

    /// Makes room for a block of a request body, at the expense of those who were heard least recently and have not finished
    /// theirs; returns whether there is room now.
    pub(super) fn make_room_for_block(&mut self, slot: Slot, size: usize) -> bool {
        let most = self.config.limits.upload_bytes;
        let path = self.peers.get(slot).map(|peer| peer.path);
        while self.usage.upload_bytes + size > most {
            let Some(victim) = self.victim(|peer| Some(peer.path) != path && !peer.uploads.is_empty()) else {
                return false;
            };
            let Some(peer) = self.peers.get_mut(victim) else { return false };
            let bytes: usize = core::mem::take(&mut peer.uploads).values().map(|upload| upload.body.len()).sum();
            self.usage.upload_bytes -= bytes;
        }
        true
    }

    pub(super) fn drop_upload(&mut self, slot: Slot, transfer: TransferKey) {
        let Some(peer) = self.peers.get_mut(slot) else { return };
        if let Some(upload) = peer.uploads.remove(&transfer) {
            self.usage.upload_bytes -= upload.body.len();
        }
    }

    pub(super) fn has_room_for_exchange(&self, slot: Slot) -> bool {
        let limits = &self.config.limits;
        self.usage.exchanges < limits.exchanges
            && self.peers.get(slot).is_some_and(|peer| peer.exchanges.len() < limits.exchanges_per_peer)
    }

    pub(super) fn open_exchange(&mut self, exchange: Exchange) {
        let Some(peer) = self.peers.get_mut(exchange.slot) else { return };
        self.usage.exchanges += 1;
        peer.exchanges.push(exchange);
    }

    /// Prepares for a long wait if the service has not answered at once.
    pub(crate) fn after_request(&mut self, id: ExchangeId) {
        let slot = slot_of(id);
        let acknowledge_at = self.now + self.config.timing.ack_delay;
        let Some(peer) = self.peers.get_mut(slot) else { return };
        let Some(exchange) = peer.exchanges.iter_mut().find(|exchange| exchange.id == id) else { return };
        let expires = exchange.expires;
        if exchange.is_confirmable {
            exchange.acknowledge_at = Some(acknowledge_at);
            self.timers.insert((acknowledge_at, slot, Timer::Acknowledge(id)));
        }
        self.plan_sweep(slot, expires);
    }

    pub(super) fn close_exchange(&mut self, id: ExchangeId) -> Option<Exchange> {
        let peer = self.peers.get_mut(slot_of(id))?;
        let index = peer.exchanges.iter().position(|exchange| exchange.id == id)?;
        let exchange = peer.exchanges.swap_remove(index);
        self.usage.exchanges -= 1;
        if let Some(at) = exchange.acknowledge_at {
            self.timers.remove(&(at, exchange.slot, Timer::Acknowledge(id)));
        }
        Some(exchange)
    }

    pub(super) fn has_room_for_observation(&self, slot: Slot) -> bool {
        let limits = &self.config.limits;
        self.usage.observations < limits.observations
            && self.peers.get(slot).is_some_and(|peer| peer.observations.len() < limits.observations_per_peer)
    }

    pub(super) fn open_observation(&mut self, slot: Slot, id: ExchangeId, observation: Observation) {
        let Some(peer) = self.peers.get_mut(slot) else { return };
        if peer.check_at.is_none() {
            let at = self.now + self.config.timing.observer_check;
            peer.check_at = Some(at);
            self.timers.insert((at, slot, Timer::Check));
        }
        peer.observed.insert(observation.token, id);
        peer.observations.insert(id, observation);
        self.usage.observations += 1;
    }

    /// Makes sure that the state of a peer is looked through no later than `at`.
    pub(super) fn plan_sweep(&mut self, slot: Slot, at: Instant) {
        let Some(peer) = self.peers.get_mut(slot) else { return };
        if peer.sweep_at.is_some_and(|planned| planned <= at) {
            return;
        }
        if let Some(planned) = peer.sweep_at.replace(at) {
            self.timers.remove(&(planned, slot, Timer::Sweep));
        }
        self.timers.insert((at, slot, Timer::Sweep));
    }
}

/// How many peers are looked at to find one that can give way.
const MOST_CANDIDATES: usize = 32;

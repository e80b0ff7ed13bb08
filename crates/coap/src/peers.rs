use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::net::SocketAddr;

use bytes::Bytes;
use hashbrown::HashMap;
use waypost_rest::{ExchangeId, Peer as Identity, Response};
use waypost_time::Instant;

use crate::exchange::Exchange;
use crate::observation::Observation;
use crate::path::Path;
use crate::question::Question;
use crate::secret::{Secret, TransferKey};
use crate::seen::Seen;
use crate::slot::Slot;
use crate::token::Token;
use crate::transmission::Transmission;

/// All that is known of the other side of one path.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) path: Path,
    /// The peer as services see it; [`Identity::is_reachable`] says whether its address is verified.
    pub(crate) identity: Identity,
    pub(crate) heard: Instant,
    /// The identifier of the next message to the peer.
    pub(crate) next_id: u16,
    /// Until when that must not be forgotten.
    pub(crate) ids_used_until: Instant,
    /// The number of the latest notification.
    pub(crate) sequence: u32,
    pub(crate) seen: Seen,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) transmissions: Vec<Transmission>,
    pub(crate) delayed: Vec<(Instant, Bytes)>,
    pub(crate) observations: BTreeMap<ExchangeId, Observation>,
    /// The observations by the names that the peer gave them.
    pub(crate) observed: BTreeMap<Token, ExchangeId>,
    pub(crate) questions: BTreeMap<Token, Question>,
    pub(crate) uploads: BTreeMap<TransferKey, Upload>,
    pub(crate) downloads: BTreeMap<TransferKey, Download>,
    /// Requests that wait until fewer are under way, in order.
    pub(crate) waiting_questions: VecDeque<Token>,
    /// Notifications that wait until fewer are under way, in order.
    pub(crate) waiting_notifications: VecDeque<ExchangeId>,
    pub(crate) sweep_at: Option<Instant>,
    pub(crate) check_at: Option<Instant>,
    listed_at: (Instant, u64),
}

/// What is under way with a peer, from what may be dropped first to make room for others to what may not be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Business {
    None,
    /// Bodies that may never be finished, by somebody whose address may be forged.
    StrangersUpload,
    Upload,
    Other,
}

/// A request body that is being put together.
#[derive(Debug)]
pub(crate) struct Upload {
    pub(crate) body: Vec<u8>,
    pub(crate) touched: Instant,
}

/// A response body that the peer is fetching, as it was when the first block was sent.
#[derive(Debug)]
pub(crate) struct Download {
    pub(crate) response: Response,
    pub(crate) pinned: Instant,
    pub(crate) touched: Instant,
    /// Whether the last block has been sent.
    pub(crate) is_complete: bool,
}

impl Peer {
    fn new(path: Path, now: Instant, next_id: u16) -> Self {
        let mut identity = path.peer();
        identity.is_reachable = path.remote.ip().to_canonical().is_loopback();
        Self {
            path,
            identity,
            heard: now,
            next_id,
            ids_used_until: Instant::ZERO,
            sequence: 0,
            seen: Seen::default(),
            exchanges: Vec::new(),
            transmissions: Vec::new(),
            delayed: Vec::new(),
            observations: BTreeMap::new(),
            observed: BTreeMap::new(),
            questions: BTreeMap::new(),
            uploads: BTreeMap::new(),
            downloads: BTreeMap::new(),
            waiting_questions: VecDeque::new(),
            waiting_notifications: VecDeque::new(),
            sweep_at: None,
            check_at: None,
            listed_at: (Instant::ZERO, 0),
        }
    }

    pub(crate) fn business(&self) -> Business {
        let has_only_uploads = self.exchanges.is_empty()
            && self.transmissions.is_empty()
            && self.delayed.is_empty()
            && self.observations.is_empty()
            && self.questions.is_empty();
        match (has_only_uploads, self.uploads.is_empty()) {
            (true, true) => Business::None,
            (true, false) if !self.is_verified() => Business::StrangersUpload,
            (true, false) => Business::Upload,
            (false, _) => Business::Other,
        }
    }

    pub(crate) fn is_verified(&self) -> bool {
        self.identity.is_reachable
    }

    pub(crate) fn next_sequence(&mut self) -> u32 {
        self.sequence = (self.sequence + 1) & 0xff_ffff;
        self.sequence
    }
}

/// The peers, by path.
#[derive(Debug)]
pub(crate) struct Peers {
    slots: Vec<Option<Peer>>,
    free: Vec<Slot>,
    by_path: HashMap<Path, Slot, Secret>,
    /// In the order in which they were last heard, to the second. The number is for those of one second.
    by_recency: BTreeMap<(Instant, u64), Slot>,
    listings: u64,
}

impl Peers {
    pub(crate) fn new(secret: Secret) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            by_path: HashMap::with_hasher(secret),
            by_recency: BTreeMap::new(),
            listings: 0,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_path.len()
    }

    pub(crate) fn find(&self, path: &Path) -> Option<Slot> {
        self.by_path.get(path).copied()
    }

    /// Returns the path on which `remote` was heard last, out of those that begin at one of `locals`.
    pub(crate) fn latest_path(&self, locals: &[SocketAddr], remote: SocketAddr) -> Option<Path> {
        let heard = locals.iter().filter_map(|&local| {
            let slot = self.find(&Path::new(local, remote))?;
            self.get(slot).map(|peer| (peer.heard, peer.path))
        });
        heard.max().map(|(_, path)| path)
    }

    pub(crate) fn get(&self, slot: Slot) -> Option<&Peer> {
        self.slots.get(slot.0 as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, slot: Slot) -> Option<&mut Peer> {
        self.slots.get_mut(slot.0 as usize)?.as_mut()
    }

    pub(crate) fn insert(&mut self, path: Path, now: Instant, next_id: u16) -> Slot {
        let peer = Peer::new(path, now, next_id);
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                self.slots.push(None);
                Slot(self.slots.len() as u32 - 1)
            }
        };
        self.slots[slot.0 as usize] = Some(peer);
        self.by_path.insert(path, slot);
        self.list(slot, Instant::from_millis(now.as_millis() / 1000 * 1000));
        slot
    }

    /// Notes that the peer was heard.
    pub(crate) fn mark_heard(&mut self, slot: Slot, now: Instant) {
        let second = Instant::from_millis(now.as_millis() / 1000 * 1000);
        let Some(peer) = self.get_mut(slot) else { return };
        peer.heard = now;
        if peer.listed_at.0 < second {
            self.list(slot, second);
        }
    }

    /// Moves a peer behind all others in the order of who was heard last.
    pub(crate) fn list_last(&mut self, slot: Slot) {
        if let Some((&(latest, _), _)) = self.by_recency.last_key_value() {
            self.list(slot, latest);
        }
    }

    fn list(&mut self, slot: Slot, second: Instant) {
        self.listings += 1;
        let place = (second, self.listings);
        let Some(peer) = self.slots.get_mut(slot.0 as usize).and_then(Option::as_mut) else { return };
        self.by_recency.remove(&core::mem::replace(&mut peer.listed_at, place));
        self.by_recency.insert(place, slot);
    }

    pub(crate) fn remove(&mut self, slot: Slot) -> Option<Peer> {
        let peer = self.slots.get_mut(slot.0 as usize)?.take()?;
        self.by_path.remove(&peer.path);
        self.by_recency.remove(&peer.listed_at);
        self.free.push(slot);
        Some(peer)
    }

    /// Returns the peer that was heard least recently.
    pub(crate) fn least_recent(&self) -> Option<Slot> {
        self.by_recency().next()
    }

    /// Goes through the peers from the one that was heard least recently.
    pub(crate) fn by_recency(&self) -> impl Iterator<Item = Slot> {
        self.by_recency.values().copied()
    }
}

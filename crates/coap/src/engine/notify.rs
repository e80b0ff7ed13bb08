//! Observations ([RFC 7641](https://www.rfc-editor.org/rfc/rfc7641)).
//!
//! Every notification is confirmable: what a directory is observed for changes seldom and matters each time, and the
//! acknowledgement paces the next one. Changes in between are merged.

use waypost_rest::{ExchangeId, Response};

use super::answer::finish;
use super::block_wise::Cut;
use super::{Call, Engine, Timer};
use crate::block::Block;
use crate::draft::Draft;
use crate::message::Kind;
use crate::option::Extras;
use crate::secret::TransferKey;
use crate::slot::{Slot, slot_of};
use crate::transmission::{Content, Turn};

impl Engine {
    /// Notes that what an exchange observes has changed.
    pub(super) fn note_change(&mut self, exchange: ExchangeId) {
        if let Some(observation) = self.observation_mut(exchange) {
            observation.has_changed = true;
        }
        self.queue_if_changed(exchange);
    }

    pub(super) fn queue_if_changed(&mut self, exchange: ExchangeId) {
        let Some(observation) = self.observation_mut(exchange) else { return };
        let is_idle = observation.outstanding.is_none() && observation.held_until.is_none();
        if observation.has_changed && is_idle && !observation.is_queued {
            observation.is_queued = true;
            self.ready.push_back(exchange);
        }
    }

    /// Asks the service for the next notification that may go out; returns whether there was any to ask for.
    pub(crate) fn start_notification(&mut self) -> bool {
        while let Some(exchange) = self.ready.pop_front() {
            let slot = slot_of(exchange);
            let may_send = self.may_send(slot, Turn::Notification);
            let held_until = self.transfer_pause(exchange);
            let Some(peer) = self.peers.get_mut(slot) else { continue };
            let Some(observation) = peer.observations.get_mut(&exchange) else {
                // Its turn goes to the next.
                self.send_waiting(slot);
                continue;
            };
            if let Some(until) = held_until {
                observation.is_queued = false;
                observation.held_until = Some(until);
                self.timers.insert((until, slot, Timer::Release(exchange)));
                self.send_waiting(slot);
            } else if may_send {
                observation.is_queued = false;
                observation.has_changed = false;
                self.calls.push_back(Call::Ready(exchange, None));
                return true;
            } else {
                peer.waiting_notifications.push_back(exchange);
            }
        }
        false
    }

    /// Returns until when a notification waits because the client is still fetching the one before: it would find its
    /// blocks replaced.
    fn transfer_pause(&self, exchange: ExchangeId) -> Option<waypost_time::Instant> {
        let peer = self.peers.get(slot_of(exchange))?;
        let observation = peer.observations.get(&exchange)?;
        let download = peer.downloads.get(&observation.transfer).filter(|download| !download.is_complete)?;
        // A client that does not go on within the time of a lost message and its repetition has given up.
        let until = download.touched + self.config.timing.slowest_ack().saturating_mul(2);
        (until > self.now).then_some(until)
    }

    /// Goes on with observations that waited for the end of a transfer.
    pub(super) fn release_held(&mut self, slot: Slot, transfer: TransferKey) {
        let Some(peer) = self.peers.get_mut(slot) else { return };
        let held = peer.observations.iter_mut().filter(|(_, observation)| observation.transfer == transfer);
        let mut released = alloc::vec::Vec::new();
        for (&exchange, observation) in held {
            if let Some(until) = observation.held_until.take() {
                self.timers.remove(&(until, slot, Timer::Release(exchange)));
                released.push(exchange);
            }
        }
        for exchange in released {
            self.queue_if_changed(exchange);
        }
    }

    pub(super) fn release(&mut self, exchange: ExchangeId) {
        if let Some(observation) = self.observation_mut(exchange)
            && observation.held_until.take().is_some()
        {
            self.queue_if_changed(exchange);
        }
    }

    /// Sends a notification.
    pub(super) fn notify(&mut self, exchange: ExchangeId, mut response: Response) {
        let slot = slot_of(exchange);
        let Some(observation) = self.observation_mut(exchange) else { return };
        let (token, transfer, previous) = (observation.token, observation.transfer, observation.outstanding);
        let wanted = observation.block_exponent.map(|exponent| Block { number: 0, more: false, exponent });
        // An unfinished transmission goes over to the new state, with its counter and its time-out (RFC 7641 §4.5.2).
        let superseded = previous.and_then(|id| self.stop_transmission(slot, id));

        let room = self.room_for(slot, 0).saturating_sub(LONGEST_HEADER);
        let Ok(Cut { payload, block }) = self.cut(&response, wanted, room) else { return };
        let mut extras = Extras { payload, block2: block, ..Extras::default() };
        if let Some(block) = block
            && response.payload.len() > extras.payload.len()
        {
            self.name_body(&mut response);
            self.follow_download(slot, transfer, &response, block);
        }
        let is_last = !response.code.is_success();
        if !is_last {
            extras.observe = self.peers.get_mut(slot).map(crate::peers::Peer::next_sequence);
        }
        let id = self.next_message_id(slot);
        let draft = Draft::new(Kind::Confirmable, response.code.as_u8(), id, token);
        let datagram = finish(draft, &response, &extras);
        if is_last {
            self.remove_observation(exchange);
        } else if let Some(observation) = self.observation_mut(exchange) {
            observation.outstanding = datagram.is_some().then_some(id);
        }
        let Some(datagram) = datagram else { return };
        let content = Content::Notification(exchange);
        match superseded {
            Some(before) => {
                self.transmit_after(slot, id, datagram, content, before.retransmissions, before.timeout);
            }
            None => self.transmit_reliably(slot, id, datagram, content),
        }
    }

    /// Goes on after the service was asked for a notification, whether or not it gave one.
    pub(crate) fn after_ready(&mut self, exchange: ExchangeId, outstanding: Option<u16>) {
        let slot = slot_of(exchange);
        match outstanding {
            None => self.send_waiting(slot),
            Some(id) => {
                let Some(peer) = self.peers.get(slot) else { return };
                let path = peer.path;
                let unfinished = peer.transmissions.iter().find(|transmission| transmission.id == id);
                if let Some(datagram) = unfinished.map(|transmission| transmission.datagram.clone()) {
                    self.push(path, datagram);
                }
            }
        }
    }
}

/// The fixed part of a message and the longest token.
const LONGEST_HEADER: usize = 12;

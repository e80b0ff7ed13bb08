//! What goes out, and what becomes of it.

use core::time::Duration;

use bytes::Bytes;
use waypost_rest::RequestFailure;

use super::{Call, Engine, Timer};
use crate::draft;
use crate::message::Kind;
use crate::observation::Observation;
use crate::slot::{Slot, slot_of};
use crate::transmission::{Content, Transmission, Turn};
use crate::{Datagram, Path};

impl Engine {
    /// Returns an identifier for a message to a peer, not used since the lifetime of an exchange ago as long as there are
    /// enough.
    pub(super) fn next_message_id(&mut self, slot: Slot) -> u16 {
        let until = self.now + self.config.timing.exchange_lifetime();
        let Some(peer) = self.peers.get_mut(slot) else { return 0 };
        while peer.transmissions.iter().any(|transmission| transmission.id == peer.next_id) {
            peer.next_id = peer.next_id.wrapping_add(1);
        }
        let id = peer.next_id;
        peer.next_id = id.wrapping_add(1);
        peer.ids_used_until = until;
        id
    }

    /// Sends a confirmable message for the first time.
    pub(super) fn transmit_reliably(&mut self, slot: Slot, id: u16, datagram: Bytes, content: Content) {
        let timeout = self.draw_timeout();
        self.transmit_after(slot, id, datagram, content, 0, timeout);
    }

    /// Draws the time until the first retransmission.
    pub(super) fn draw_timeout(&mut self) -> Duration {
        let timing = &self.config.timing;
        self.secret.draw_between(timing.ack_timeout, timing.slowest_ack())
    }

    /// Sends a confirmable message as the one after `retransmissions` others.
    pub(super) fn transmit_after(
        &mut self,
        slot: Slot,
        id: u16,
        datagram: Bytes,
        content: Content,
        retransmissions: u8,
        timeout: Duration,
    ) {
        let now = self.now;
        let Some(peer) = self.peers.get_mut(slot) else { return };
        let (path, due) = (peer.path, now + timeout);
        let transmission =
            Transmission { id, datagram: datagram.clone(), content, retransmissions, timeout, due, started: now };
        peer.transmissions.push(transmission);
        self.timers.insert((due, slot, Timer::Retransmit(id)));
        self.push(path, datagram);
    }

    /// Sends a response to a request that came to a group at a random time
    /// ([RFC 7252 §8.2](https://www.rfc-editor.org/rfc/rfc7252#section-8.2)).
    pub(super) fn send_at_leisure(&mut self, slot: Slot, datagram: Bytes) {
        let at = self.now + self.secret.draw_between(Duration::ZERO, self.config.timing.leisure);
        let most = self.config.limits.exchanges_per_peer;
        let Some(peer) = self.peers.get_mut(slot) else { return };
        if peer.delayed.len() < most {
            peer.delayed.push((at, datagram));
            self.timers.insert((at, slot, Timer::Deliver));
        }
    }

    /// Tells whether a notification, or a request, may go out to a peer now.
    pub(super) fn may_send(&self, slot: Slot, turn: Turn) -> bool {
        let Some(peer) = self.peers.get(slot) else { return false };
        let is_same = |transmission: &&Transmission| transmission.content.turn() == Some(turn);
        peer.transmissions.iter().filter(is_same).count() < self.config.timing.nstart.max(1)
    }

    /// Takes an acknowledgement.
    pub(super) fn acknowledged(&mut self, path: Path, id: u16) {
        let Some((slot, transmission)) = self.finish_transmission(path, id) else { return };
        self.mark_verified(slot);
        match transmission.content {
            Content::Notification(exchange) => {
                if let Some(observation) = self.observation_mut(exchange) {
                    observation.outstanding = None;
                }
                // Those that waited go first.
                self.send_waiting(slot);
                self.queue_if_changed(exchange);
            }
            // The response comes later, as a message of its own, or never.
            Content::Question(token) => {
                if let Some(question) = self.peers.get_mut(slot).and_then(|peer| peer.questions.get_mut(&token)) {
                    question.acknowledged = Some(self.now);
                }
                self.send_waiting(slot);
            }
            Content::Response | Content::Probe => self.send_waiting(slot),
        }
    }

    /// Takes a reset.
    pub(super) fn rejected(&mut self, path: Path, id: u16) {
        let Some((slot, transmission)) = self.finish_transmission(path, id) else { return };
        self.mark_verified(slot);
        match transmission.content {
            Content::Notification(exchange) => self.end_observation(exchange),
            Content::Question(token) => self.fail_question(slot, token, RequestFailure::Unreachable),
            // To reset an empty message is how a peer says that it is there.
            Content::Response | Content::Probe => {}
        }
        self.send_waiting(slot);
    }

    /// Gives up on a request that cannot be sent. One that was sent before may come through the next time.
    pub(crate) fn unsent(&mut self, datagram: &Datagram) {
        let Some(slot) = self.peers.find(&datagram.path) else { return };
        let Some(peer) = self.peers.get(slot) else { return };
        let is_it = |transmission: &&Transmission| transmission.datagram == datagram.payload;
        let Some(transmission) = peer.transmissions.iter().find(is_it) else { return };
        let (id, Content::Question(token)) = (transmission.id, transmission.content) else { return };
        let Some(question) = peer.questions.get(&token) else { return };
        if transmission.retransmissions > question.host.as_ref().map_or(0, |host| host.unanswered) {
            return;
        }
        self.stop_transmission(slot, id);
        if let Some(question) = self.peers.get_mut(slot).and_then(|peer| peer.questions.get_mut(&token)) {
            question.message_id = None;
        }
        if !self.ask_elsewhere(slot, token, RequestFailure::Unreachable) {
            self.fail_question(slot, token, RequestFailure::Unreachable);
            self.send_waiting(slot);
        }
    }

    /// Gives up on a message that was never acknowledged.
    pub(super) fn timed_out(&mut self, slot: Slot, transmission: &Transmission) {
        let was_heard = self.peers.get(slot).is_some_and(|peer| peer.heard > transmission.started);
        match transmission.content {
            Content::Notification(exchange) if was_heard => self.end_observation(exchange),
            // A peer that is gone is gone for all its observations.
            Content::Notification(_) => self.end_observations(slot),
            Content::Probe if was_heard => {}
            Content::Probe => self.end_observations(slot),
            Content::Question(token) => self.fail_question(slot, token, RequestFailure::TimedOut),
            Content::Response => {}
        }
        self.send_waiting(slot);
    }

    /// Asks a peer with observations for a sign of life if it has not given one for long.
    pub(super) fn check_observer(&mut self, slot: Slot) {
        let (now, period) = (self.now, self.config.timing.observer_check);
        let Some(peer) = self.peers.get_mut(slot) else { return };
        if peer.check_at.take_if(|at| *at <= now).is_none() || peer.observations.is_empty() {
            return;
        }
        let due = peer.heard + period;
        let is_silent = due <= now;
        let at = if is_silent { now + period } else { due };
        peer.check_at = Some(at);
        self.timers.insert((at, slot, Timer::Check));
        if !is_silent {
            return;
        }
        let id = self.next_message_id(slot);
        self.transmit_reliably(slot, id, draft::empty(Kind::Confirmable, id), Content::Probe);
    }

    /// Lets what waits for its turn go out, as far as it may.
    pub(super) fn send_waiting(&mut self, slot: Slot) {
        if self.may_send(slot, Turn::Notification)
            && let Some(peer) = self.peers.get_mut(slot)
        {
            self.ready.extend(peer.waiting_notifications.pop_front());
        }
        while self.may_send(slot, Turn::Question)
            && let Some(peer) = self.peers.get_mut(slot)
            && let Some(token) = peer.waiting_questions.pop_front()
        {
            self.send_question(slot, token);
        }
    }

    pub(super) fn mark_verified(&mut self, slot: Slot) {
        let now = self.now;
        if let Some(peer) = self.peers.get_mut(slot) {
            peer.identity.is_reachable = true;
        }
        self.peers.mark_heard(slot, now);
    }

    pub(super) fn end_observations(&mut self, slot: Slot) {
        let Some(peer) = self.peers.get(slot) else { return };
        let ended: alloc::vec::Vec<_> = peer.observations.keys().copied().collect();
        for exchange in ended {
            self.end_observation(exchange);
        }
    }

    /// Ends an observation, and tells the service.
    pub(super) fn end_observation(&mut self, exchange: waypost_rest::ExchangeId) {
        if self.remove_observation(exchange).is_some() {
            self.calls.push_back(Call::Cancel(exchange));
        }
    }

    pub(super) fn remove_observation(&mut self, exchange: waypost_rest::ExchangeId) -> Option<Observation> {
        let slot = slot_of(exchange);
        let peer = self.peers.get_mut(slot)?;
        let observation = peer.observations.remove(&exchange)?;
        peer.observed.remove(&observation.token);
        self.usage.observations -= 1;
        if let Some(until) = observation.held_until {
            self.timers.remove(&(until, slot, Timer::Release(exchange)));
        }
        Some(observation)
    }

    pub(super) fn observation_mut(&mut self, exchange: waypost_rest::ExchangeId) -> Option<&mut Observation> {
        self.peers.get_mut(slot_of(exchange))?.observations.get_mut(&exchange)
    }

    fn finish_transmission(&mut self, path: Path, id: u16) -> Option<(Slot, Transmission)> {
        let slot = self.peers.find(&path)?;
        self.stop_transmission(slot, id).map(|transmission| (slot, transmission))
    }

    /// Stops sending a message.
    pub(super) fn stop_transmission(&mut self, slot: Slot, id: u16) -> Option<Transmission> {
        let peer = self.peers.get_mut(slot)?;
        let index = peer.transmissions.iter().position(|transmission| transmission.id == id)?;
        let transmission = peer.transmissions.swap_remove(index);
        self.timers.remove(&(transmission.due, slot, Timer::Retransmit(id)));
        Some(transmission)
    }
}

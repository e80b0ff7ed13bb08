//! What happens when time passes.

use waypost_rest::RequestFailure;
use waypost_time::Instant;

use super::{Call, Engine, Timer};
use crate::peers::Business;
use crate::slot::{Slot, slot_of};
use crate::transmission::{Content, Transmission};

impl Engine {
    /// Does what is due.
    pub(crate) fn fire_timers(&mut self) {
        let now = self.now;
        while let Some(&(at, slot, timer)) = self.timers.first()
            && at <= now
        {
            self.timers.pop_first();
            match timer {
                Timer::Retransmit(id) => self.retransmit(slot, id),
                Timer::Acknowledge(exchange) => self.acknowledge_late(exchange),
                Timer::Deliver => self.deliver(slot),
                Timer::Release(exchange) => self.release(exchange),
                Timer::Check => self.check_observer(slot),
                Timer::Sweep => self.sweep(slot),
            }
        }
    }

    /// Sends a message again, or gives up ([RFC 7252 §4.2](https://www.rfc-editor.org/rfc/rfc7252#section-4.2)).
    fn retransmit(&mut self, slot: Slot, id: u16) {
        let (now, most) = (self.now, self.config.timing.max_retransmit);
        let Some(peer) = self.peers.get(slot) else { return };
        let is_it = |transmission: &&Transmission| transmission.id == id && transmission.due <= now;
        let Some(transmission) = peer.transmissions.iter().find(is_it) else { return };
        if transmission.retransmissions >= most {
            if let Some(transmission) = self.stop_transmission(slot, id) {
                self.timed_out(slot, &transmission);
            }
            return;
        }
        if let Content::Question(token) = transmission.content
            && self.ask_elsewhere(slot, token, RequestFailure::TimedOut)
        {
            return;
        }
        let Some(peer) = self.peers.get_mut(slot) else { return };
        let path = peer.path;
        let Some(transmission) = peer.transmissions.iter_mut().find(|transmission| transmission.id == id) else {
            return;
        };
        transmission.retransmissions += 1;
        transmission.timeout = transmission.timeout.saturating_mul(2);
        transmission.due = now + transmission.timeout;
        let (due, datagram, content) = (transmission.due, transmission.datagram.clone(), transmission.content);
        self.timers.insert((due, slot, Timer::Retransmit(id)));
        if let Content::Notification(exchange) = content
            && let Some(observation) = peer.observations.get_mut(&exchange)
            && core::mem::take(&mut observation.has_changed)
        {
            // Better the new state than the old one again.
            self.calls.push_back(Call::Ready(exchange, Some(id)));
        } else {
            self.push(path, datagram);
        }
    }

    /// Tells a client that its request came, and that the answer will follow
    /// ([RFC 7252 §5.2.2](https://www.rfc-editor.org/rfc/rfc7252#section-5.2.2)).
    fn acknowledge_late(&mut self, id: waypost_rest::ExchangeId) {
        let slot = slot_of(id);
        let Some(peer) = self.peers.get_mut(slot) else { return };
        let Some(exchange) = peer.exchanges.iter_mut().find(|exchange| exchange.id == id) else { return };
        exchange.acknowledge_at = None;
        exchange.is_acknowledged = true;
        let message_id = exchange.message_id;
        self.acknowledge(slot, message_id);
    }

    fn deliver(&mut self, slot: Slot) {
        let now = self.now;
        let Some(peer) = self.peers.get_mut(slot) else { return };
        let path = peer.path;
        let (due, later) = core::mem::take(&mut peer.delayed).into_iter().partition(|&(at, _)| at <= now);
        peer.delayed = later;
        for (_, datagram) in due {
            self.push(path, datagram);
        }
    }

    /// Drops what is over, and the peer itself when nothing is left.
    fn sweep(&mut self, slot: Slot) {
        let now = self.now;
        let patience = self.config.limits.transfer_timeout;
        let lifetime = self.config.timing.exchange_lifetime();
        let Some(peer) = self.peers.get_mut(slot) else { return };
        peer.sweep_at = None;

        let (len, bytes) = (peer.seen.len(), peer.seen.bytes());
        peer.seen.expire(now);
        self.usage.remembered -= len - peer.seen.len();
        self.usage.remembered_bytes -= bytes - peer.seen.bytes();

        let mut next = (peer.heard + lifetime).max(peer.ids_used_until);
        let mut until = |time: Instant| {
            let remains = time > now;
            if remains {
                next = next.min(time);
            }
            remains
        };
        peer.uploads.retain(|_, upload| {
            let remains = until(upload.touched + patience);
            if !remains {
                self.usage.upload_bytes -= upload.body.len();
            }
            remains
        });
        peer.downloads.retain(|_, download| {
            let remains = until(download.touched + patience);
            if !remains {
                self.usage.download_bytes -= download.response.payload.len();
            }
            remains
        });
        let mut unanswered = alloc::vec::Vec::new();
        for exchange in &peer.exchanges {
            if !until(exchange.expires) {
                unanswered.push(exchange.id);
            }
        }
        let mut overdue = alloc::vec::Vec::new();
        for (&token, question) in &peer.questions {
            if !until(question.expires) {
                overdue.push(token);
            }
        }
        if let Some(expiry) = peer.seen.next_expiry() {
            until(expiry);
        }
        for id in unanswered {
            self.close_exchange(id);
            self.calls.push_back(Call::Cancel(id));
        }
        for token in overdue {
            self.fail_question(slot, token, RequestFailure::TimedOut);
        }
        let Some(peer) = self.peers.get(slot) else { return };
        if next > now {
            self.plan_sweep(slot, next);
        } else if peer.business() != Business::None {
            self.plan_sweep(slot, now + lifetime);
        } else {
            self.forget(slot);
        }
    }
}

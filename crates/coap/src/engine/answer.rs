//! From responses of the service to messages.

use bytes::Bytes;
use waypost_rest::{Code, ExchangeId, Response};

use super::block_wise::BeyondEnd;
use super::{Call, Engine};
use crate::Amplification;
use crate::block::{Block, MAX_EXPONENT};
use crate::draft::{self, Draft};
use crate::exchange::Exchange;
use crate::message::Kind;
use crate::observation::Observation;
use crate::option::{self, Extras};
use crate::slot::Slot;
use crate::transmission::Content;

impl Engine {
    /// Takes the answer to a request, or that there is to be none.
    pub(super) fn answer(&mut self, id: ExchangeId, response: Option<Response>) {
        let Some(exchange) = self.close_exchange(id) else { return };
        match response {
            Some(response) => self.reply(&exchange, response),
            None => self.acknowledge_only(&exchange),
        }
    }

    /// Answers a request with as much of the response as goes into one message.
    pub(super) fn reply(&mut self, exchange: &Exchange, response: Response) {
        self.reply_with(exchange, response, Extras::default());
    }

    /// Answers a request, with options that the response does not have itself.
    pub(super) fn reply_with(&mut self, exchange: &Exchange, mut response: Response, mut extras: Extras) {
        let code = response.code;
        if exchange.is_multicast && !code.is_success() || exchange.is_unwanted(code.class()) {
            self.abandon_observation(exchange, &response);
            self.acknowledge_only(exchange);
            return;
        }
        let observes_in_vain = exchange.wants_observation && code.is_success() && !response.is_observed;
        if (code == Code::TOO_MANY_REQUESTS || observes_in_vain) && !self.is_verified(exchange.slot) {
            // Others may have caused that in its name, or have taken the room that there is for its like. Whoever repeats this counts by
            // itself. With a success it is for the next request (RFC 9175 §2.3).
            response.echo = response.echo.or_else(|| self.echo_for(exchange.slot));
        }
        let room = self.room_for_reply(exchange);
        if !code.is_success() && response.content_format.is_none() {
            let longest = room.saturating_sub(option::room_for_options(&response)).min(LONGEST_DIAGNOSTIC);
            response.payload = option::shorten(&response.payload, longest);
        }
        let wanted = exchange.block2.filter(|_| code.is_success());
        let cut = match self.cut(&response, wanted, room) {
            Ok(cut) => cut,
            Err(BeyondEnd) => {
                self.abandon_observation(exchange, &response);
                let refusal = Response::refusal(Code::BAD_REQUEST, "Block2: the body ends before this block");
                self.send_reply(exchange, &refusal, Extras { payload: refusal.payload.clone(), ..Extras::default() });
                return;
            }
        };
        if self.must_verify(exchange, &response, room) {
            self.abandon_observation(exchange, &response);
            let mut challenge = Response::new(Code::UNAUTHORIZED);
            challenge.echo = self.echo_for(exchange.slot);
            self.send_reply(exchange, &challenge, Extras::default());
            return;
        }
        (extras.payload, extras.block2) = (cut.payload, cut.block);
        if let Some(block) = cut.block {
            if response.payload.len() > extras.payload.len() {
                self.name_body(&mut response);
                self.follow_download(exchange.slot, exchange.transfer, &response, block);
            }
            extras.size2 = exchange.wants_size.then_some(response.payload.len());
        }
        if exchange.wants_observation && response.is_observed && code.is_success() {
            extras.observe = self.begin_observation(exchange);
        }
        self.send_reply(exchange, &response, extras);
    }

    fn send_reply(&mut self, exchange: &Exchange, response: &Response, mut extras: Extras) {
        let Some(peer) = self.peers.get_mut(exchange.slot) else { return };
        let path = peer.path;
        extras.block1 = exchange.block1.map(|block| Block {
            more: block.more && response.code == Code::CONTINUE,
            exponent: block.exponent.min(self.config.block_exponent.min(MAX_EXPONENT)),
            // The number of the block that came, in the size that it came in: the size is only a wish for those to come.
            ..block
        });
        let code = response.code.as_u8();
        if exchange.is_confirmable && !exchange.is_acknowledged {
            let draft = Draft::new(Kind::Acknowledgement, code, exchange.message_id, exchange.token);
            if let Some(datagram) = finish(draft, response, &extras) {
                self.keep_reply(exchange.slot, exchange.message_id, datagram.clone());
                self.push(path, datagram);
            }
        } else if exchange.is_confirmable {
            let id = self.next_message_id(exchange.slot);
            let draft = Draft::new(Kind::Confirmable, code, id, exchange.token);
            if let Some(datagram) = finish(draft, response, &extras) {
                self.transmit_reliably(exchange.slot, id, datagram, Content::Response);
            }
        } else {
            let id = self.next_message_id(exchange.slot);
            let draft = Draft::new(Kind::NonConfirmable, code, id, exchange.token);
            let Some(datagram) = finish(draft, response, &extras) else { return };
            if exchange.is_multicast {
                self.send_at_leisure(exchange.slot, datagram);
            } else {
                self.push(path, datagram);
            }
        }
    }

    /// Ends an exchange without a response.
    fn acknowledge_only(&mut self, exchange: &Exchange) {
        if exchange.is_confirmable && !exchange.is_acknowledged {
            self.acknowledge(exchange.slot, exchange.message_id);
        }
    }

    /// Acknowledges a message of a peer, and each duplicate of it.
    pub(super) fn acknowledge(&mut self, slot: Slot, message_id: u16) {
        let Some(peer) = self.peers.get(slot) else { return };
        let path = peer.path;
        let datagram = draft::empty(Kind::Acknowledgement, message_id);
        self.keep_reply(slot, message_id, datagram.clone());
        self.push(path, datagram);
    }

    /// Returns how long a message to a peer may be, in answer to `received` bytes.
    pub(super) fn room_for(&self, slot: Slot, received: usize) -> usize {
        let allowance = if self.is_verified(slot) { None } else { self.config.amplification.allowance(received) };
        allowance.unwrap_or(usize::MAX)
    }

    fn is_verified(&self, slot: Slot) -> bool {
        self.peers.get(slot).is_some_and(crate::peers::Peer::is_verified)
    }

    fn room_for_reply(&self, exchange: &Exchange) -> usize {
        const HEADER: usize = 4;
        self.room_for(exchange.slot, exchange.received).saturating_sub(HEADER + exchange.token.as_bytes().len())
    }

    /// Tells whether a response is too much for an address that has not shown that it asked for it.
    fn must_verify(&self, exchange: &Exchange, response: &Response, room: usize) -> bool {
        self.config.amplification == Amplification::Echo
            && option::is_safe(exchange.method)
            && !exchange.is_multicast
            && !exchange.is_acknowledged
            && response.payload.len() + option::room_for_options(response) > room
    }

    fn begin_observation(&mut self, exchange: &Exchange) -> Option<u32> {
        if !self.has_room_for_observation(exchange.slot) {
            self.calls.push_back(Call::Cancel(exchange.id));
            return None;
        }
        let observation = Observation {
            token: exchange.token,
            block_exponent: exchange.block2.map(|block| block.exponent),
            transfer: exchange.transfer,
            has_changed: false,
            is_queued: false,
            outstanding: None,
            held_until: None,
        };
        self.open_observation(exchange.slot, exchange.id, observation);
        self.peers.get_mut(exchange.slot).map(crate::peers::Peer::next_sequence)
    }

    /// Takes back an observation that the service began and the client is not told of.
    fn abandon_observation(&mut self, exchange: &Exchange, response: &Response) {
        if exchange.wants_observation && response.is_observed && response.code.is_success() {
            self.calls.push_back(Call::Cancel(exchange.id));
        }
    }
}

/// Writes a response.
pub(super) fn finish(mut draft: Draft, response: &Response, extras: &Extras) -> Option<Bytes> {
    option::write_response(&mut draft, response, extras);
    draft.finish(&extras.payload)
}

/// How much of a diagnostic is sent at most, in bytes.
const LONGEST_DIAGNOSTIC: usize = 1024;

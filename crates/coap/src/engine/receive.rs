//! What comes in.

use waypost_rest::{Code, Method, Observe, Response};

use super::answer::finish;
use super::{Call, Engine, RETRY_AFTER};
use crate::Path;
use crate::draft::{self, Draft};
use crate::exchange::Exchange;
use crate::message::{self, Kind, Message};
use crate::option::{self, Extras, Incoming, Refusal};
use crate::secret::TransferKey;
use crate::seen::Recollection;
use crate::slot::{Slot, exchange_id};
use crate::token::Token;

impl Engine {
    pub(crate) fn receive(&mut self, path: Path, datagram: &[u8]) {
        self.add_local(path.local);
        let is_request = datagram.get(1).is_some_and(|code| code >> 5 == 0);
        if is_request && datagram.len() > self.config.limits.datagram {
            self.refuse_size(path, datagram);
            return;
        }
        match message::read(datagram) {
            message::Datagram::Foreign => {}
            message::Datagram::Malformed { kind, id } => {
                if kind == Kind::Confirmable {
                    self.reset(path, id);
                }
            }
            message::Datagram::Empty { kind, id } => match kind {
                // A ping. It is answered also when nothing is known of the peer.
                Kind::Confirmable => self.reset(path, id),
                Kind::NonConfirmable => {}
                Kind::Acknowledgement | Kind::Reset if path.is_multicast => {}
                Kind::Acknowledgement => self.acknowledged(path, id),
                Kind::Reset => self.rejected(path, id),
            },
            message::Datagram::Message(message) => match (message.code >> 5, message.kind) {
                (0, Kind::Confirmable) if path.is_multicast => {}
                (0, Kind::Confirmable | Kind::NonConfirmable) => self.receive_request(path, datagram, &message),
                // Class 3 is not assigned. What has it is a failure, and no reason to wait.
                (2..=5, kind) if kind != Kind::Reset && !path.is_multicast => {
                    self.receive_response(path, datagram, &message);
                }
                (_, Kind::Confirmable) => self.reset(path, message.id),
                _ => {}
            },
        }
    }

    /// Rejects a message ([RFC 7252 §4.2](https://www.rfc-editor.org/rfc/rfc7252#section-4.2)). Nothing is remembered of
    /// it, so that this costs an attacker more than it costs us.
    pub(super) fn reset(&mut self, path: Path, id: u16) {
        if !path.is_multicast {
            self.push(path, draft::empty(Kind::Reset, id));
        }
    }

    fn receive_request(&mut self, path: Path, datagram: &[u8], message: &Message<'_>) {
        let Some(slot) = self.enter(path.unicast()) else {
            let refusal = Response::new(Code::SERVICE_UNAVAILABLE).with_max_age(RETRY_AFTER);
            self.refuse_statelessly(path, message, &refusal);
            return;
        };
        let fingerprint = self.secret.fingerprint(datagram);
        if self.is_duplicate(slot, message.id, fingerprint) {
            return;
        }
        self.remember(slot, message.id, fingerprint);

        let mut exchange = Exchange {
            id: exchange_id(self.exchange_serial, slot),
            slot,
            token: message.token,
            message_id: message.id,
            method: Method::Get,
            is_confirmable: message.kind == Kind::Confirmable,
            is_multicast: path.is_multicast,
            is_acknowledged: false,
            wants_observation: false,
            wants_size: false,
            unwanted: 0,
            block1: None,
            block2: None,
            transfer: TransferKey::default(),
            received: datagram.len(),
            acknowledge_at: None,
            expires: self.now + self.config.timing.exchange_lifetime(),
        };
        self.exchange_serial = self.exchange_serial.wrapping_add(1);
        match option::read_request(message, &self.secret) {
            // A message that cannot be acknowledged is rejected as a whole (RFC 7252 §5.4.1).
            Err(refusal) if refusal.code == Code::BAD_OPTION && !exchange.is_confirmable => {
                self.reset(path, message.id);
            }
            Err(refusal) => self.refuse(&exchange, refusal),
            Ok(incoming) => {
                exchange.method = incoming.request.method;
                exchange.block1 = incoming.block1;
                exchange.block2 = incoming.block2;
                exchange.wants_size = incoming.wants_size;
                exchange.unwanted = incoming.unwanted;
                exchange.transfer = incoming.transfer;
                self.dispatch(exchange, incoming, message.payload());
            }
        }
    }

    /// Brings a request to where it belongs: to a transfer that is under way, or to the service.
    fn dispatch(&mut self, mut exchange: Exchange, mut incoming: Incoming, payload: bytes::Bytes) {
        let is_continuation = incoming.block2.is_some_and(|block| block.number > 0);
        let is_read = option::is_safe(exchange.method);
        if exchange.is_multicast && (!is_read || is_continuation || incoming.block1.is_some()) {
            return;
        }
        self.check_echo(exchange.slot, &mut incoming);
        if is_continuation && incoming.block1.is_none() {
            if self.continue_download(&exchange) {
                return;
            }
            // The later blocks of a FETCH come without the body that says what is asked for.
            if !is_read || exchange.method == Method::Fetch && payload.is_empty() {
                let refusal = Refusal::new(Code::REQUEST_ENTITY_INCOMPLETE, "Block2: no response to continue");
                self.refuse(&exchange, refusal);
                return;
            }
        }
        if is_continuation && !is_read && incoming.block1.is_some() {
            // Nothing has been done yet whose response could be continued, and it must not be done to be refused after.
            self.refuse(&exchange, Refusal::new(Code::BAD_REQUEST, "Block2: no response to continue"));
            return;
        }
        let payload = match incoming.block1 {
            Some(block) => match self.take_block(&exchange, block, incoming.size1, payload) {
                Some(body) => body,
                None => return,
            },
            None => payload,
        };
        let mut request = incoming.request;
        request.is_multicast = exchange.is_multicast;
        request.payload = payload;
        if !is_read || is_continuation || exchange.is_multicast {
            request.observe = None;
        }
        if !is_continuation {
            // A client that uses a token again is not interested in what it meant before.
            self.end_observation_of(exchange.slot, exchange.token);
        }
        if request.observe == Some(Observe::Register) {
            exchange.wants_observation = self.has_room_for_observation(exchange.slot);
            if !exchange.wants_observation {
                request.observe = None;
            }
        }
        if !self.has_room_for_exchange(exchange.slot) {
            let response = Response::refusal(Code::SERVICE_UNAVAILABLE, "too many requests at a time");
            self.reply(&exchange, response.with_max_age(RETRY_AFTER));
            return;
        }
        let (id, slot) = (exchange.id, exchange.slot);
        self.open_exchange(exchange);
        self.calls.push_back(Call::Request(id, slot, request));
    }

    /// Notes that a peer has shown that it receives what is sent to it, if it has.
    fn check_echo(&mut self, slot: Slot, incoming: &mut Incoming) {
        let Some(echo) = &incoming.request.echo else { return };
        let Some(peer) = self.peers.get_mut(slot) else { return };
        let period = period_of(self.now);
        let is_ours = [period, period.saturating_sub(1)]
            .iter()
            .any(|&period| self.secret.echo(peer.path.remote, period)[..] == echo[..]);
        if is_ours {
            peer.identity.is_reachable = true;
            incoming.request.echo = None;
        }
    }

    /// Tells whether a message came before, and repeats the reply to it.
    pub(super) fn is_duplicate(&mut self, slot: Slot, id: u16, fingerprint: u64) -> bool {
        let Some(peer) = self.peers.get(slot) else { return false };
        let path = peer.path;
        match peer.seen.recall(self.now, id, fingerprint) {
            Recollection::New => false,
            Recollection::Duplicate(reply) => {
                if let Some(reply) = reply {
                    self.push(path, reply);
                }
                true
            }
        }
    }

    pub(super) fn refuse(&mut self, exchange: &Exchange, refusal: Refusal) {
        // What a service finds too large it finds so by limits of its own, which are not known here.
        let size1 = (refusal.code == Code::REQUEST_ENTITY_TOO_LARGE).then_some(self.config.limits.body);
        let extras = Extras { size1, ..Extras::default() };
        self.reply_with(exchange, Response::refusal(refusal.code, refusal.diagnostic), extras);
    }

    fn refuse_statelessly(&mut self, path: Path, message: &Message<'_>, response: &Response) {
        if message.kind != Kind::Confirmable {
            return;
        }
        let draft = Draft::new(Kind::Acknowledgement, response.code.as_u8(), message.id, message.token);
        if let Some(datagram) = finish(draft, response, &Extras::default()) {
            self.push(path, datagram);
        }
    }

    /// Answers a datagram that is too long to be read
    /// ([RFC 7252 §4.6](https://www.rfc-editor.org/rfc/rfc7252#section-4.6)).
    fn refuse_size(&mut self, path: Path, datagram: &[u8]) {
        let &[first, code, high, low, ..] = datagram else { return };
        let is_confirmable_request = first >> 4 == 0b0100 && (1..32).contains(&code);
        let Some(token) = message::token_of(datagram).filter(|_| is_confirmable_request) else { return };
        if path.is_multicast {
            return;
        }
        let id = u16::from_be_bytes([high, low]);
        let code = Code::REQUEST_ENTITY_TOO_LARGE.as_u8();
        let mut draft = Draft::new(Kind::Acknowledgement, code, id, token);
        draft.uint(option::SIZE1, self.config.limits.body as u32);
        if let Some(datagram) = draft.finish(&[]) {
            self.push(path, datagram);
        }
    }

    /// Returns the Echo value that the peer can show itself with now.
    pub(super) fn echo_for(&self, slot: Slot) -> Option<bytes::Bytes> {
        let peer = self.peers.get(slot)?;
        Some(bytes::Bytes::copy_from_slice(&self.secret.echo(peer.path.remote, period_of(self.now))))
    }

    /// Ends the observation that a peer made with a token.
    pub(super) fn end_observation_of(&mut self, slot: Slot, token: Token) {
        let found = self.peers.get(slot).and_then(|peer| peer.observed.get(&token).copied());
        if let Some(exchange) = found {
            self.end_observation(exchange);
        }
    }
}

/// An Echo value is taken for one to two of these periods.
fn period_of(now: waypost_time::Instant) -> u64 {
    now.as_millis() / 300_000
}

//! Requests of the service: how they go out.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use waypost_rest::{Method, Peer as Identity, Request, RequestFailure, RequestId, Response};

use super::{Call, Engine};
use crate::Path;
use crate::block::{Block, MAX_EXPONENT, size_of_exponent};
use crate::draft::Draft;
use crate::message::Kind;
use crate::option::{self, Steering};
use crate::path::{address_of, name_of};
use crate::question::{Host, Purpose, Question};
use crate::slot::Slot;
use crate::token::Token;
use crate::transmission::Content;

impl Engine {
    /// Takes a request of the service.
    pub(super) fn ask(&mut self, id: RequestId, peer: &Identity, request: Request) {
        match (address_of(peer), name_of(peer)) {
            (None, Some(host)) => self.ask_by_name(id, peer, host, request),
            (address, _) => self.ask_at(id, address.and_then(|address| self.path_to(address)), None, request),
        }
    }

    pub(super) fn ask_at(&mut self, id: RequestId, path: Option<Path>, host: Option<Host>, mut request: Request) {
        request.is_multicast = path.is_some_and(|path| path.remote.ip().is_multicast());
        let slot = path.and_then(|path| self.peers.find(&path).or_else(|| self.admit(path)));
        let Some(slot) = slot else {
            self.failed.push((id, RequestFailure::Unreachable));
            return;
        };
        let upload = self.first_upload(&request);
        if let Some((token, mut question)) = self.take_observation(slot, id) {
            question.request = request;
            (question.upload, question.message_id) = (upload, None);
            question.expires = self.now + self.config.timing.exchange_lifetime();
            if let Some(host) = &mut question.host {
                host.unanswered = 0;
            }
            self.put_question(slot, token, question);
            return;
        }
        let has_room = self.usage.requests < self.config.limits.requests && self.has_room_for_question(slot);
        if !has_room || request.is_multicast && upload.is_some() {
            self.failed.push((id, RequestFailure::Unreachable));
            return;
        }
        let patience = match request.is_multicast {
            true => self.patience_with_groups(),
            false => self.config.timing.exchange_lifetime(),
        };
        let is_multicast = request.is_multicast;
        let tag = self.tag_for(slot, request.method);
        let mut question = Question::new(id, request, Purpose::Answer, self.now + patience);
        (question.host, question.upload, question.tag) = (host, upload, tag);
        let token = self.draw_token();
        if is_multicast {
            self.group_questions.insert(token, slot);
        }
        self.put_question(slot, token, question);
    }

    /// Forgets a request of which nobody wants to hear any more.
    pub(super) fn withdraw(&mut self, id: RequestId, peer: &Identity) {
        self.names.withdraw(id);
        let at_address = || self.peers.find(&self.path_to(address_of(peer)?)?);
        let slot = self.by_name.get(&id).copied().or_else(at_address);
        let Some((slot, peer)) = slot.and_then(|slot| Some((slot, self.peers.get(slot)?))) else { return };
        let address = peer.path.remote.ip();
        let tokens: Vec<Token> =
            peer.questions.iter().filter(|(_, question)| question.id == id).map(|(&token, _)| token).collect();
        for token in tokens {
            let Some(question) = self.take_question(slot, token) else { continue };
            // Silence without an acknowledgement has been noted when the message was to be repeated.
            if question.is_overdue(self.now, self.config.timing.ack_timeout)
                && let Some(name) = question.name()
            {
                self.names.note_silence(self.now, name, address);
            }
        }
        self.send_waiting(slot);
    }

    /// Returns where the state of a peer stands that can take one more question.
    pub(super) fn slot_with_room(&mut self, path: Path) -> Option<Slot> {
        let slot = self.peers.find(&path).or_else(|| self.admit(path))?;
        self.has_room_for_question(slot).then_some(slot)
    }

    fn has_room_for_question(&self, slot: Slot) -> bool {
        self.peers.get(slot).is_some_and(|peer| peer.questions.len() < self.config.limits.requests_per_peer)
    }

    /// Draws what tells a question from another FETCH to the same peer, where there is one.
    pub(super) fn tag_for(&mut self, slot: Slot, method: Method) -> Option<u64> {
        let is_fetch = |question: &Question| question.request.method == Method::Fetch;
        let has_another = self.peers.get(slot).is_some_and(|peer| peer.questions.values().any(is_fetch));
        (method == Method::Fetch && has_another).then(|| self.secret.draw())
    }

    /// Returns the block of a request body to send first, where it needs several.
    pub(super) fn first_upload(&self, request: &Request) -> Option<Block> {
        let exponent = self.config.block_exponent.min(MAX_EXPONENT);
        let size = request.payload.len();
        (size > size_of_exponent(exponent)).then(|| Block::of_body(0, exponent, size))
    }

    /// Takes the observation out that the service continues or ends by another request of the same name.
    fn take_observation(&mut self, slot: Slot, id: RequestId) -> Option<(Token, Question)> {
        let peer = self.peers.get(slot)?;
        let known = peer.questions.iter().find(|(_, question)| question.id == id && question.observes());
        let token = known.map(|(&token, _)| token)?;
        let mut question = self.take_question(slot, token)?;
        if let Some(fetch) = question.fetch.take() {
            self.take_question(slot, fetch);
        }
        Some((token, question))
    }

    /// Puts the next step of a question in line.
    pub(super) fn put_question(&mut self, slot: Slot, token: Token, question: Question) {
        self.keep_question(slot, token, question);
        let Some(peer) = self.peers.get_mut(slot) else { return };
        peer.waiting_questions.push_back(token);
        self.send_waiting(slot);
    }

    /// Keeps a question until there is a response to it.
    pub(super) fn keep_question(&mut self, slot: Slot, token: Token, question: Question) {
        self.plan_sweep(slot, question.expires);
        self.note_name(slot, &question);
        let Some(peer) = self.peers.get_mut(slot) else { return };
        peer.questions.insert(token, question);
        self.usage.requests += 1;
    }

    pub(super) fn send_question(&mut self, slot: Slot, token: Token) {
        if !self.peers.get(slot).is_some_and(|peer| peer.questions.contains_key(&token)) {
            return;
        }
        let id = self.next_message_id(slot);
        let Some(peer) = self.peers.get_mut(slot) else { return };
        let path = peer.path;
        let Some(question) = peer.questions.get_mut(&token) else { return };
        (question.message_id, question.acknowledged) = (Some(id), None);
        // All that is sent of a question counts as one message, wherever it goes: as often, and as long.
        let unanswered = question.host.as_ref().map_or(0, |host| host.unanswered);
        let request = &question.request;
        let kind = if request.is_multicast { Kind::NonConfirmable } else { Kind::Confirmable };
        let mut draft = Draft::new(kind, option::code_of(request.method), id, token);
        let steering = Steering {
            host: question.name(),
            observe: request.observe.filter(|_| option::is_safe(request.method) && question.download.is_none()),
            block1: question.upload,
            block2: question.download,
            tag: question.tag,
        };
        option::write_request(&mut draft, request, &steering);
        let payload = match question.upload {
            Some(block) => {
                let end = (block.offset() + block.size()).min(request.payload.len());
                request.payload.get(block.offset()..end).unwrap_or_default()
            }
            // The request body has been sent when later blocks of the response are asked for.
            None if question.download.is_some_and(|block| block.number > 0) => &[],
            None => &request.payload,
        };
        match draft.finish(payload) {
            Some(datagram) if kind == Kind::NonConfirmable => self.push(path, datagram),
            Some(datagram) => {
                let timeout = self.draw_timeout().saturating_mul(2_u32.saturating_pow(unanswered.into()));
                self.transmit_after(slot, id, datagram, Content::Question(token), unanswered, timeout);
            }
            None => self.fail_question(slot, token, RequestFailure::Unusable),
        }
    }

    pub(super) fn fail_question(&mut self, slot: Slot, token: Token, failure: RequestFailure) {
        if let Some(question) = self.take_question(slot, token) {
            self.finish_question(slot, &question, Err(failure));
        }
    }

    /// Tells the service how a question ended, and ends what hangs on it.
    pub(super) fn finish_question(
        &mut self,
        slot: Slot,
        question: &Question,
        outcome: Result<Response, RequestFailure>,
    ) {
        if let Some(fetch) = question.fetch {
            self.take_question(slot, fetch);
        }
        if let (Err(RequestFailure::TimedOut | RequestFailure::Unreachable), Some(name), Some(peer)) =
            (&outcome, question.name(), self.peers.get(slot))
        {
            self.names.note_silence(self.now, name, peer.path.remote.ip());
        }
        match question.purpose {
            Purpose::Answer => {}
            Purpose::Notification(observation) => {
                let Some(peer) = self.peers.get_mut(slot) else { return };
                match peer.questions.get_mut(&observation) {
                    Some(observation) if outcome.is_ok() => observation.fetch = None,
                    _ => {
                        self.take_question(slot, observation);
                    }
                }
            }
            Purpose::GroupAnswer => {
                if let Ok(response) = outcome {
                    self.calls.push_back(Call::GroupResponse(question.id, slot, response));
                }
                return;
            }
        }
        self.calls.push_back(Call::Response(question.id, outcome));
    }

    /// Removes a question, and stops sending it.
    pub(super) fn take_question(&mut self, slot: Slot, token: Token) -> Option<Question> {
        let question = self.peers.get_mut(slot)?.questions.remove(&token)?;
        self.usage.requests -= 1;
        self.forget_name(&question);
        if question.request.is_multicast {
            self.group_questions.remove(&token);
        }
        if let Some(id) = question.message_id {
            self.stop_transmission(slot, id);
        }
        Some(question)
    }

    /// Chooses how to reach a peer: as it was heard last, and where it was not, from an address that may do.
    pub(super) fn path_to(&self, remote: SocketAddr) -> Option<Path> {
        let mapped = match remote {
            SocketAddr::V4(v4) => Some(SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port())),
            SocketAddr::V6(_) => None,
        };
        let heard = [Some(remote), mapped]
            .into_iter()
            .flatten()
            .find_map(|remote| self.peers.latest_path(&self.locals, remote));
        heard.or_else(|| {
            let may_do = |local: &&SocketAddr| {
                local.is_ipv6() == remote.is_ipv6()
                    && (local.ip().is_unspecified() || local.ip().is_loopback() == remote.ip().is_loopback())
            };
            self.locals.iter().find(may_do).map(|&local| Path::new(local, remote))
        })
    }

    /// How long answers to a request to a group are waited for: everybody's leisure, and the way there and back.
    fn patience_with_groups(&self) -> Duration {
        let timing = &self.config.timing;
        timing.leisure.saturating_add(timing.slowest_ack().saturating_mul(2))
    }

    /// Draws the name of a request. It is what a forger of responses has to guess.
    pub(super) fn draw_token(&mut self) -> Token {
        Token::new(&self.secret.draw().to_be_bytes()).unwrap_or_default()
    }
}

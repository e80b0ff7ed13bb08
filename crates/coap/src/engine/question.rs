//! Requests of the service.

use alloc::vec::Vec;
use core::net::SocketAddr;

use bytes::Bytes;
use waypost_rest::{Code, Peer as Identity, Request, RequestFailure, RequestId, Response};

use super::{Call, Engine};
use crate::Path;
use crate::block::{Block, size_of_exponent};
use crate::message::{Draft, Kind, Message};
use crate::option::{self, Reply};
use crate::path::address_of;
use crate::peers::{Slot, Waiting};
use crate::question::Question;
use crate::token::Token;
use crate::transmission::Content;

impl Engine {
    /// Takes a request of the service.
    pub(super) fn ask(&mut self, id: RequestId, peer: &Identity, request: Request) {
        let Some(slot) = self.path_to(peer).and_then(|path| self.peers.find(&path).or_else(|| self.admit(path))) else {
            self.failed.push((id, RequestFailure::Unreachable));
            return;
        };
        let limits = &self.config.limits;
        let has_room = self.usage.requests < limits.requests
            && self.peers.get(slot).is_some_and(|peer| peer.questions.len() < limits.requests_per_peer);
        if !has_room {
            self.failed.push((id, RequestFailure::Unreachable));
            return;
        }
        let exponent = self.config.block_exponent.min(crate::block::MAX_EXPONENT);
        let upload = (request.payload.len() > size_of_exponent(exponent))
            .then(|| Block::of_body(0, exponent, request.payload.len()));
        let question = Question {
            id,
            request,
            message_id: None,
            upload,
            download: None,
            head: None,
            body: Vec::new(),
            expires: self.now + self.config.timing.exchange_lifetime(),
        };
        self.usage.requests += 1;
        self.put_question(slot, question);
    }

    /// Gives the next step of a question a token of its own, and sends it as soon as it may go out.
    fn put_question(&mut self, slot: Slot, mut question: Question) {
        let token = self.draw_token();
        question.message_id = None;
        self.plan_sweep(slot, question.expires);
        let Some(peer) = self.peers.get_mut(slot) else { return };
        peer.questions.insert(token, question);
        peer.waiting.push_back(Waiting::Question(token));
        self.send_waiting(slot);
    }

    pub(super) fn send_question(&mut self, slot: Slot, token: Token) {
        let id = self.next_message_id(slot);
        let Some(question) = self.peers.get_mut(slot).and_then(|peer| peer.questions.get_mut(&token)) else { return };
        question.message_id = Some(id);
        let request = &question.request;
        let mut draft = Draft::new(Kind::Confirmable, option::code_of(request.method), id, token);
        option::write_request(&mut draft, request);
        if let Some(block) = question.download {
            draft.block(option::BLOCK2, block);
        }
        match question.upload {
            Some(block) => {
                draft.block(option::BLOCK1, block);
                let end = (block.offset() + block.size()).min(request.payload.len());
                draft.payload(request.payload.get(block.offset()..end).unwrap_or_default());
            }
            // The request body has been sent when later blocks of the response are asked for.
            None if question.download.is_some() => {}
            None => draft.payload(&request.payload),
        }
        match draft.finish() {
            Some(datagram) => self.transmit_reliably(slot, id, datagram, Content::Question(token)),
            None => self.fail_question(slot, token, RequestFailure::Unusable),
        }
    }

    /// Takes a response.
    pub(super) fn receive_response(&mut self, path: Path, datagram: &[u8], message: Message) {
        let (kind, id) = (message.kind, message.id);
        let known = self.peers.find(&path);
        let expected = known.filter(|&slot| self.expects(slot, &message));
        let fingerprint = self.secret.fingerprint(datagram);
        if kind != Kind::Acknowledgement {
            if let Some(slot) = known
                && self.is_duplicate(slot, id, fingerprint)
            {
                return;
            }
            if expected.is_none() {
                self.reset(path, id);
                return;
            }
        }
        let Some(slot) = expected else { return };
        let token = message.token;
        let reply = option::read_response(message);
        self.mark_verified(slot);
        if kind != Kind::Acknowledgement {
            self.remember(slot, id, fingerprint);
        }
        match kind {
            Kind::Confirmable if reply.is_err() => self.reset(path, id),
            Kind::Confirmable => self.acknowledge(slot, id),
            _ => {}
        }
        let Some(question) = self.remove_question(slot, token) else { return };
        // A response says that the request came, too.
        if let Some(id) = question.message_id {
            self.stop_transmission(slot, id);
        }
        match reply {
            Ok(reply) => self.proceed(slot, question, reply),
            Err(_) => self.finish_question(&question, Err(RequestFailure::Unusable)),
        }
        self.send_waiting(slot);
    }

    /// Tells whether a response belongs to a request
    /// ([RFC 7252 §5.3.2](https://www.rfc-editor.org/rfc/rfc7252#section-5.3.2)).
    fn expects(&self, slot: Slot, message: &Message) -> bool {
        let question = self.peers.get(slot).and_then(|peer| peer.questions.get(&message.token));
        question.is_some_and(|question| match message.kind {
            Kind::Acknowledgement => question.message_id == Some(message.id),
            _ => question.message_id.is_some(),
        })
    }

    /// Goes on with the next block of either body, or hands the response to the service.
    fn proceed(&mut self, slot: Slot, mut question: Question, reply: Reply) {
        let Reply { mut response, block1, block2 } = reply;
        if let Some(sent) = question.upload
            && sent.more
            && response.code == Code::CONTINUE
        {
            let exponent = block1.map_or(sent.exponent, |block| block.exponent.min(sent.exponent));
            let next = sent.offset() + sent.size();
            question.upload = Some(Block::of_body(next, exponent, question.request.payload.len()));
            self.repeat_question(slot, question);
            return;
        }
        let limit = self.config.limits.response_body;
        let offset = block2.map_or(0, Block::offset);
        let is_in_order = offset == question.body.len()
            && block2.is_none_or(|block| !block.more || response.payload.len() == block.size());
        let is_same_body =
            question.head.as_ref().is_none_or(|head| head.code == response.code && head.etag == response.etag);
        if question.head.is_some() && (!response.code.is_success() || !is_same_body) && offset != 0 {
            self.finish_question(&question, Err(RequestFailure::Unusable));
            return;
        }
        if !is_in_order || question.body.len() + response.payload.len() > limit {
            self.finish_question(&question, Err(RequestFailure::Unusable));
            return;
        }
        question.body.extend_from_slice(&response.payload);
        match block2.filter(|block| block.more) {
            Some(block) => {
                question.upload = None;
                question.download = Some(Block { number: block.number + 1, more: false, exponent: block.exponent });
                response.payload = Bytes::new();
                question.head.get_or_insert(response);
                self.repeat_question(slot, question);
            }
            None => {
                let mut whole = question.head.take().unwrap_or(response);
                whole.payload = core::mem::take(&mut question.body).into();
                self.finish_question(&question, Ok(whole));
            }
        }
    }

    fn repeat_question(&mut self, slot: Slot, mut question: Question) {
        question.expires = self.now + self.config.timing.exchange_lifetime();
        self.usage.requests += 1;
        self.put_question(slot, question);
    }

    pub(super) fn fail_question(&mut self, slot: Slot, token: Token, failure: RequestFailure) {
        let Some(question) = self.remove_question(slot, token) else { return };
        if let Some(id) = question.message_id {
            self.stop_transmission(slot, id);
        }
        self.finish_question(&question, Err(failure));
    }

    fn finish_question(&mut self, question: &Question, outcome: Result<Response, RequestFailure>) {
        self.calls.push_back(Call::Response(question.id, outcome));
    }

    fn remove_question(&mut self, slot: Slot, token: Token) -> Option<Question> {
        let question = self.peers.get_mut(slot)?.questions.remove(&token)?;
        self.usage.requests -= 1;
        Some(question)
    }

    /// Chooses how to reach a peer: as it was heard last, and where it was not, from an address that may do.
    fn path_to(&self, peer: &Identity) -> Option<Path> {
        let remote = address_of(peer)?;
        let mapped = match remote {
            SocketAddr::V4(v4) => Some(SocketAddr::new(v4.ip().to_ipv6_mapped().into(), v4.port())),
            SocketAddr::V6(_) => None,
        };
        let heard = [Some(remote), mapped]
            .into_iter()
            .flatten()
            .find_map(|remote| self.peers.latest_path(&self.locals, remote));
        heard.or_else(|| {
            let fits = |local: &&SocketAddr| {
                local.is_ipv6() == remote.is_ipv6()
                    && (local.ip().is_unspecified() || local.ip().is_loopback() == remote.ip().is_loopback())
            };
            self.locals.iter().find(fits).map(|&local| Path::new(local, remote))
        })
    }

    /// Draws the name of a request. It is what a forger of responses has to guess.
    fn draw_token(&mut self) -> Token {
        Token::new(&self.secret.draw().to_be_bytes()).unwrap_or_default()
    }
}

//! Responses to requests of the service.

use bytes::Bytes;
use waypost_rest::{Code, Observe, RequestFailure, Response};
use waypost_time::Instant;

use super::{Call, Engine};
use crate::Path;
use crate::block::Block;
use crate::message::{Kind, Message};
use crate::option::{self, Reply};
use crate::question::{Freshest, Purpose, Question};
use crate::slot::Slot;
use crate::token::Token;

impl Engine {
    /// Takes a response.
    pub(super) fn receive_response(&mut self, path: Path, datagram: &[u8], message: &Message<'_>) {
        let (kind, id, token) = (message.kind, message.id, message.token);
        if kind != Kind::Acknowledgement && self.group_questions.contains_key(&token) {
            self.receive_group_response(path, datagram, message);
            return;
        }
        let known = self.peers.find(&path);
        let fingerprint = self.secret.fingerprint(datagram);
        if let Some(slot) = known
            && kind != Kind::Acknowledgement
            && self.is_duplicate(slot, id, fingerprint)
        {
            return;
        }
        let Some(slot) = known.filter(|&slot| self.expects(slot, message)) else {
            if kind != Kind::Acknowledgement {
                self.reset(path, id);
            }
            return;
        };
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
        self.note_answer(slot, token);
        if self.is_leftover(slot, token, reply.as_ref().ok()) {
            return;
        }
        // A response says that the request came, too.
        let Some(question) = self.take_question(slot, token) else { return };
        match reply {
            Ok(reply) => self.proceed(slot, token, question, reply),
            Err(_) => self.finish_question(slot, &question, Err(RequestFailure::Unusable)),
        }
        self.send_waiting(slot);
    }

    /// Tells whether a response belongs to a request
    /// ([RFC 7252 §5.3.2](https://www.rfc-editor.org/rfc/rfc7252#section-5.3.2)).
    fn expects(&self, slot: Slot, message: &Message<'_>) -> bool {
        let question = self.peers.get(slot).and_then(|peer| peer.questions.get(&message.token));
        question.is_some_and(|question| match message.kind {
            Kind::Acknowledgement => question.message_id == Some(message.id),
            _ => question.message_id.is_some() || question.freshest.is_some(),
        })
    }

    /// Tells whether a notification is too late: overtaken by a newer one, or by the end of the observation.
    fn is_leftover(&self, slot: Slot, token: Token, reply: Option<&Reply>) -> bool {
        let question = self.peers.get(slot).and_then(|peer| peer.questions.get(&token));
        let (Some(question), Some(sequence)) = (question, reply.and_then(|reply| reply.sequence)) else { return false };
        match question.request.observe {
            Some(Observe::Deregister) => true,
            // The answer to a request that is under way is the newest there is.
            _ if question.message_id.is_some() => false,
            _ => question.freshest.is_some_and(|freshest| freshest.is_newer_than(sequence, self.now)),
        }
    }

    /// Goes on with the next block of either body, or hands the response to the service.
    fn proceed(&mut self, slot: Slot, token: Token, mut question: Question, reply: Reply) {
        let Reply { mut response, sequence, block1, block2 } = reply;
        if let Some(sent) = question.upload
            && sent.more
            && response.code == Code::CONTINUE
        {
            let exponent = block1.map_or(sent.exponent, |block| block.exponent.min(sent.exponent));
            let next = sent.offset() + sent.size();
            question.upload = Some(Block::of_body(next, exponent, question.request.payload.len()));
            self.put_next(slot, question);
            return;
        }
        if let Some(sequence) = sequence
            && question.observes()
            && response.code.is_success()
        {
            let reply = Reply { response, sequence: None, block1, block2 };
            self.keep_observing(slot, token, question, sequence, reply);
            return;
        }
        if self.has_changed(&question, &response) {
            self.restart(slot, question);
            return;
        }
        let is_whole = !block2.is_some_and(|block| block.more);
        if let Err(failure) = self.check_body(&question, &response, block2) {
            self.finish_question(slot, &question, Err(failure));
            return;
        }
        question.body.extend_from_slice(&response.payload);
        if let Some(block) = block2.filter(|_| !is_whole) {
            question.upload = None;
            question.download = Some(Block { number: block.number + 1, more: false, exponent: block.exponent });
            response.payload = Bytes::new();
            question.head.get_or_insert(response);
            self.put_next(slot, question);
            return;
        }
        let mut whole = question.head.take().unwrap_or(response);
        whole.payload = core::mem::take(&mut question.body).into();
        whole.is_observed = matches!(question.purpose, Purpose::Notification(_));
        self.finish_question(slot, &question, Ok(whole));
    }

    /// Checks that a response continues the body so far.
    fn check_body(
        &self,
        question: &Question,
        response: &Response,
        block2: Option<Block>,
    ) -> Result<(), RequestFailure> {
        let offset = block2.map_or(0, Block::offset);
        let is_full = block2.is_none_or(|block| !block.more || response.payload.len() == block.size());
        if offset != question.body.len() || !is_full || !is_of_one_body(question, response) {
            return Err(RequestFailure::Unusable);
        }
        let is_too_large = offset + response.payload.len() > self.config.limits.response_body;
        if is_too_large { Err(RequestFailure::TooLarge) } else { Ok(()) }
    }

    /// Tells whether a response belongs to another body than the blocks before it, and they may be asked for anew
    /// ([RFC 7959 §2.4](https://www.rfc-editor.org/rfc/rfc7959#section-2.4)).
    fn has_changed(&self, question: &Question, response: &Response) -> bool {
        option::is_safe(question.request.method)
            && question.restarts < self.config.limits.restarts
            && !is_of_one_body(question, response)
    }

    /// Begins anew to fetch the response body.
    fn restart(&mut self, slot: Slot, mut question: Question) {
        question.restarts += 1;
        question.head = None;
        question.body.clear();
        question.download = question.download.map(|block| Block { number: 0, ..block });
        question.upload = self.first_upload(&question.request);
        self.put_next(slot, question);
    }

    /// Takes a notification, the first of which is the answer to the request to observe.
    fn keep_observing(&mut self, slot: Slot, token: Token, mut question: Question, sequence: u32, reply: Reply) {
        let Reply { mut response, block2, .. } = reply;
        if let Some(fetch) = question.fetch.take() {
            self.take_question(slot, fetch);
        }
        if let Err(failure) = self.check_body(&question, &response, block2) {
            self.finish_question(slot, &question, Err(failure));
            return;
        }
        question.freshest = Some(Freshest { sequence, at: self.now });
        question.message_id = None;
        question.expires = Instant::MAX;
        match block2.filter(|block| block.more) {
            Some(block) => {
                let mut request = question.request.clone();
                request.observe = None;
                let purpose = Purpose::Notification(token);
                let mut fetch = Question::new(question.id, request, purpose, self.now);
                fetch.download = Some(Block { number: block.number + 1, more: false, exponent: block.exponent });
                fetch.body = core::mem::take(&mut response.payload).into();
                (fetch.tag, fetch.host) = (question.tag, question.host.clone());
                fetch.head = Some(response);
                question.fetch = Some(self.put_next(slot, fetch));
            }
            None => self.calls.push_back(Call::Response(question.id, Ok(response))),
        }
        self.keep_question(slot, token, question);
    }

    /// Puts the next step of a question in line, under a token of its own.
    fn put_next(&mut self, slot: Slot, mut question: Question) -> Token {
        let token = self.draw_token();
        question.message_id = None;
        question.expires = self.now + self.config.timing.exchange_lifetime();
        if let Purpose::Notification(observation) = question.purpose
            && let Some(observation) = self.peers.get_mut(slot).and_then(|peer| peer.questions.get_mut(&observation))
        {
            // So that a newer notification ends it, whichever block it is at.
            observation.fetch = Some(token);
        }
        self.put_question(slot, token, question);
        token
    }

    /// Takes a response to a request that was sent to a group
    /// ([RFC 7252 §8.2](https://www.rfc-editor.org/rfc/rfc7252#section-8.2)): from anybody who knows the token.
    fn receive_group_response(&mut self, path: Path, datagram: &[u8], message: &Message<'_>) {
        let (kind, id, token) = (message.kind, message.id, message.token);
        let Some(slot) = self.enter(path) else { return };
        let fingerprint = self.secret.fingerprint(datagram);
        if self.is_duplicate(slot, id, fingerprint) {
            return;
        }
        self.remember(slot, id, fingerprint);
        let reply = option::read_response(message);
        match (kind, &reply) {
            (Kind::Confirmable, Ok(_)) => self.acknowledge(slot, id),
            (Kind::Confirmable, Err(_)) => self.reset(path, id),
            _ => {}
        }
        let Ok(Reply { response, block2, .. }) = reply else { return };
        let asked = self.group_questions.get(&token).and_then(|&group| self.peers.get(group));
        let Some(question) = asked.and_then(|group| group.questions.get(&token)) else { return };
        let (id, mut request) = (question.id, question.request.clone());
        match block2.filter(|block| block.more) {
            // The rest is fetched from the one who answered.
            Some(block) => {
                (request.is_multicast, request.observe) = (false, None);
                let mut rest = Question::new(id, request, Purpose::GroupAnswer, self.now);
                let has_room = self.usage.requests < self.config.limits.requests;
                if has_room && self.check_body(&rest, &response, Some(block)).is_ok() {
                    rest.download = Some(Block { number: block.number + 1, more: false, exponent: block.exponent });
                    rest.body = response.payload.to_vec();
                    rest.head = Some(response);
                    self.put_next(slot, rest);
                }
            }
            None => self.calls.push_back(Call::GroupResponse(id, slot, response)),
        }
    }
}

/// Tells whether a response has the body that the blocks before it were of.
fn is_of_one_body(question: &Question, response: &Response) -> bool {
    question.head.as_ref().is_none_or(|head| head.code == response.code && head.etag == response.etag)
}

//! Requests of the service to hosts by name.

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;

use waypost_rest::{Observe, Peer as Identity, Request, RequestFailure, RequestId};

use super::Engine;
use crate::path::{Path, in_zone};
use crate::question::{Host, Purpose, Question};
use crate::slot::Slot;
use crate::token::Token;

impl Engine {
    pub(crate) fn look_up_names(&mut self) {
        self.names.are_looked_up = true;
    }

    pub(crate) fn next_name(&mut self) -> Option<String> {
        self.names.poll()
    }

    /// Takes the addresses of a host, and asks there what waited for them.
    pub(crate) fn take_addresses(&mut self, name: &str, addresses: &[SocketAddr]) {
        for (id, peer, request) in self.names.take(self.now, name, addresses) {
            match addresses {
                [] => self.failed.push((id, RequestFailure::Unreachable)),
                _ => self.ask(id, &peer, request),
            }
        }
    }

    /// Takes a request of the service to a host by name. An observation goes on where it began.
    pub(super) fn ask_by_name(&mut self, id: RequestId, peer: &Identity, (name, port): (&str, u16), request: Request) {
        // RFC 7252 §6.4, step 5.
        let name = &*name.to_ascii_lowercase();
        let replaced = self.names.withdraw(id);
        if let Some(path) = self.by_name.get(&id).and_then(|slot| self.peers.get(*slot)).map(|known| known.path) {
            return self.ask_at(id, Some(path), Some(Host::new(name, VecDeque::new())), request);
        }
        if replaced.is_some() && request.observe == Some(Observe::Deregister) {
            // Nobody has been asked to observe.
            self.failed.push((id, RequestFailure::Unreachable));
            return;
        }
        if let Some(mut paths) = self.paths_to_name(name, port, peer.zone) {
            let first = paths.pop_front();
            return self.ask_at(id, first, Some(Host::new(name, paths)), request);
        }
        let limits = &self.config.limits;
        let has_room = self.usage.requests + self.names.waiting() < limits.requests;
        let waits =
            self.names.are_looked_up && has_room && self.names.wait(name, (id, peer.clone(), request), limits.names);
        if !waits {
            self.failed.push((id, RequestFailure::Unreachable));
        }
    }

    /// Returns the ways to a host, the best first, if its addresses are known.
    fn paths_to_name(&self, name: &str, port: u16, zone: Option<u32>) -> Option<VecDeque<Path>> {
        let mut paths = VecDeque::new();
        for address in self.names.addresses(self.now, name)? {
            let mut remote = in_zone(address, zone);
            remote.set_port(port);
            if let Some(path) = self.path_to(remote)
                && !path.remote.ip().is_multicast()
                && !paths.contains(&path)
            {
                paths.push_back(path);
            }
        }
        Some(paths)
    }

    /// Takes note that a host cannot be reached where a question went. The question goes on to another address of the host, and so does
    /// what waits behind it; tells whether the question itself has gone.
    ///
    /// What may have been done must not be done twice: such a question stays.
    pub(super) fn ask_elsewhere(&mut self, slot: Slot, token: Token, failure: RequestFailure) -> bool {
        let Some(peer) = self.peers.get(slot) else { return false };
        let name_of = |token: &Token| peer.questions.get(token).and_then(Question::name);
        let Some(name) = name_of(&token) else { return false };
        let waiting: Vec<Token> =
            peer.waiting_questions.iter().copied().filter(|waiting| name_of(waiting) == Some(name)).collect();
        self.names.note_silence(self.now, name, peer.path.remote.ip());
        let has_gone = self.go_elsewhere(slot, token, failure);
        for token in waiting {
            self.go_elsewhere(slot, token, failure);
        }
        if has_gone {
            self.send_waiting(slot);
        }
        has_gone
    }

    fn go_elsewhere(&mut self, slot: Slot, token: Token, failure: RequestFailure) -> bool {
        let Some(peer) = self.peers.get_mut(slot) else { return false };
        let here = peer.path;
        let Some(question) = peer.questions.get_mut(&token).filter(|question| question.can_be_repeated()) else {
            return false;
        };
        let mut elsewhere = question.host.as_mut().map(|host| core::mem::take(&mut host.elsewhere)).unwrap_or_default();
        let next = core::iter::from_fn(|| elsewhere.pop_front()).find_map(|path| self.slot_with_room(path));
        let Some(next) = next else { return false };
        let Some(mut question) = self.take_question(slot, token) else { return false };
        if let Some(peer) = self.peers.get_mut(slot) {
            peer.waiting_questions.retain(|waiting| *waiting != token);
        }
        if failure == RequestFailure::TimedOut {
            elsewhere.push_back(here);
        }
        let was_sent = question.message_id.take().is_some();
        if let Some(host) = &mut question.host {
            host.elsewhere = elsewhere;
            host.unanswered = host.unanswered.saturating_add(was_sent.into());
        }
        question.tag = self.tag_for(next, question.request.method);
        self.put_question(next, token, question);
        true
    }

    /// Takes note that a host answers where a question went: there it stays.
    pub(super) fn note_answer(&mut self, slot: Slot, token: Token) {
        let Some(peer) = self.peers.get_mut(slot) else { return };
        let Some(host) = peer.questions.get_mut(&token).and_then(|question| question.host.as_mut()) else { return };
        host.elsewhere = VecDeque::new();
        host.unanswered = 0;
        self.names.note_answer(&host.name, peer.path.remote.ip());
    }

    /// Takes note of where a question went, if it was asked by name.
    pub(super) fn note_name(&mut self, slot: Slot, question: &Question) {
        if question.host.is_some() && question.purpose == Purpose::Answer {
            self.by_name.insert(question.id, slot);
        }
    }

    pub(super) fn forget_name(&mut self, question: &Question) {
        if question.host.is_some() && question.purpose == Purpose::Answer {
            self.by_name.remove(&question.id);
        }
    }
}

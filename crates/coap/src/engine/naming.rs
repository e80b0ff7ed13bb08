//! Requests of the service to hosts by name.

use alloc::string::String;
use core::net::SocketAddr;

use waypost_rest::{Peer as Identity, Request, RequestFailure, RequestId};

use super::Engine;
use crate::path::in_zone;
use crate::question::{Purpose, Question};
use crate::slot::Slot;

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
        if let Some(path) = self.by_name.get(&id).and_then(|slot| self.peers.get(*slot)).map(|known| known.path) {
            return self.ask_at(id, Some(path), Some(name), request);
        }
        if let Some(addresses) = self.names.addresses(self.now, name) {
            let path = addresses.iter().find_map(|address| {
                let mut remote = in_zone(*address, peer.zone);
                remote.set_port(port);
                self.path_to(remote).filter(|path| !path.remote.ip().is_multicast())
            });
            return self.ask_at(id, path, Some(name), request);
        }
        let limits = &self.config.limits;
        let has_room = self.usage.requests + self.names.waiting() < limits.requests;
        let waits =
            self.names.are_looked_up && has_room && self.names.wait(name, (id, peer.clone(), request), limits.names);
        if !waits {
            self.failed.push((id, RequestFailure::Unreachable));
        }
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

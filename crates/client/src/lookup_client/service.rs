//! The look-up client as a service: how a transport runs it.

use alloc::vec::Vec;

use waypost_rest::{Code, ExchangeId, Output, Peer, Request, RequestFailure, RequestId, Response, Service};
use waypost_time::Instant;

use super::LookupClient;
use super::running::Phase;
use crate::LookupId;

impl Service for LookupClient {
    fn handle_request(&mut self, now: Instant, exchange: ExchangeId, _: &Peer, request: Request) {
        self.now = self.now.max(now);
        self.outputs.push_back(match request.is_multicast {
            true => Output::Silence { exchange },
            false => Output::Response { exchange, response: Response::new(Code::NOT_FOUND) },
        });
    }

    fn handle_response(&mut self, now: Instant, request: RequestId, outcome: Result<Response, RequestFailure>) {
        self.now = self.now.max(now);
        self.take_outcome(request, outcome);
    }

    fn handle_ready(&mut self, now: Instant, _: ExchangeId) {
        self.now = self.now.max(now);
    }

    fn handle_cancel(&mut self, now: Instant, _: ExchangeId) {
        self.now = self.now.max(now);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.now = self.now.max(now);
        let now = self.now;
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        let all: Vec<LookupId> =
            self.running.iter().filter(|(_, running)| due(running.deadline())).map(|(id, _)| *id).collect();
        for id in all {
            let Some(running) = self.running.get_mut(&id) else { continue };
            // It may be late: until then, it was to be known.
            let was_due = running.deadline();
            match (running.phase, running.request) {
                (Phase::Asking { .. }, Some(_)) | (Phase::Waiting { .. }, _) => self.time_out(id),
                (Phase::Postponed { .. }, _) => {
                    running.unanswered = running.unanswered.or(was_due);
                    running.phase = Phase::Idle;
                    self.begin(id);
                }
                (Phase::Observing { .. }, _) => {
                    running.unanswered = running.unanswered.or(was_due);
                    self.ask(id);
                }
                _ => {}
            }
        }
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        self.running.values().filter_map(super::Running::deadline).min()
    }
}

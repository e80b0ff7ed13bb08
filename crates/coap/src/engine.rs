//! The state machine, without the service: calls to the service are queued, and its outputs are handed in.

mod answer;
mod block_wise;
mod naming;
mod notify;
mod question;
mod receive;
mod reply;
mod room;
mod send;
mod time;

use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;
use core::net::SocketAddr;

use bytes::Bytes;
use waypost_rest::{ExchangeId, Output, Peer as Identity, Request, RequestFailure, RequestId, Response};
use waypost_time::Instant;

use crate::names::Names;
use crate::peers::Peers;
use crate::secret::Secret;
use crate::slot::Slot;
use crate::token::Token;
use crate::{Config, Datagram, Path, Usage};

#[derive(Debug)]
pub(crate) struct Engine {
    pub(crate) config: Config,
    now: Instant,
    secret: Secret,
    peers: Peers,
    timers: BTreeSet<(Instant, Slot, Timer)>,
    calls: VecDeque<Call>,
    transmit: VecDeque<Datagram>,
    /// Observations that may be able to send a notification.
    ready: VecDeque<ExchangeId>,
    /// Requests of the service that failed at once. They are reported with the next input, so that a service that tries
    /// again at once cannot keep the engine busy for ever.
    failed: Vec<(RequestId, RequestFailure)>,
    /// The questions that were sent to groups, by token: answers come from anywhere.
    group_questions: BTreeMap<Token, Slot>,
    names: Names,
    /// Where the questions went that were asked by name.
    by_name: BTreeMap<RequestId, Slot>,
    /// The addresses of this side.
    locals: Vec<SocketAddr>,
    usage: Usage,
    exchange_serial: u64,
}

/// What to call on the service.
#[derive(Debug)]
pub(crate) enum Call {
    Request(ExchangeId, Slot, Request),
    Response(RequestId, Result<Response, RequestFailure>),
    GroupResponse(RequestId, Slot, Response),
    /// Ask for a notification. If there is none, and one of this message identifier is outstanding, send that again.
    Ready(ExchangeId, Option<u16>),
    Cancel(ExchangeId),
}

/// What happens to a peer at a certain time. A timer whose reason is gone does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Timer {
    Retransmit(u16),
    Acknowledge(ExchangeId),
    Deliver,
    Release(ExchangeId),
    Check,
    Sweep,
}

impl Engine {
    pub(crate) fn new(config: Config) -> Self {
        let secret = Secret::new(&config.seed);
        Self {
            config,
            now: Instant::ZERO,
            peers: Peers::new(secret.clone()),
            secret,
            timers: BTreeSet::new(),
            calls: VecDeque::new(),
            transmit: VecDeque::new(),
            ready: VecDeque::new(),
            failed: Vec::new(),
            group_questions: BTreeMap::new(),
            names: Names::default(),
            by_name: BTreeMap::new(),
            locals: Vec::new(),
            usage: Usage::default(),
            exchange_serial: 0,
        }
    }

    pub(crate) fn add_local(&mut self, local: SocketAddr) {
        if !self.locals.contains(&local) && self.locals.len() < MOST_LOCALS {
            self.locals.push(local);
        }
    }

    /// Begins an input: time never goes back.
    pub(crate) fn advance(&mut self, now: Instant) {
        self.now = self.now.max(now);
        let failed = core::mem::take(&mut self.failed);
        self.calls.extend(failed.into_iter().map(|(request, failure)| Call::Response(request, Err(failure))));
    }

    /// Takes what the service has to say.
    pub(crate) fn take_output(&mut self, output: Output) {
        match output {
            Output::Response { exchange, response } => self.answer(exchange, Some(response)),
            Output::Silence { exchange } => self.answer(exchange, None),
            Output::Changed { exchange } => self.note_change(exchange),
            Output::Notification { exchange, response } => self.notify(exchange, response),
            Output::Request { id, peer, request } => self.ask(id, &peer, request),
            Output::Withdrawn { id, peer } => self.withdraw(id, &peer),
            _ => {}
        }
    }

    pub(crate) fn next_call(&mut self) -> Option<Call> {
        self.calls.pop_front()
    }

    pub(crate) fn next_datagram(&mut self) -> Option<Datagram> {
        self.transmit.pop_front()
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        if !self.failed.is_empty() {
            return Some(self.now);
        }
        self.timers.first().map(|&(time, ..)| time)
    }

    pub(crate) const fn now(&self) -> Instant {
        self.now
    }

    pub(crate) fn identity(&self, slot: Slot) -> Option<&Identity> {
        self.peers.get(slot).map(|peer| &peer.identity)
    }

    pub(crate) fn usage(&self) -> Usage {
        Usage { peers: self.peers.len(), ..self.usage.clone() }
    }

    fn push(&mut self, path: Path, payload: Bytes) {
        self.transmit.push_back(Datagram { path, payload });
    }
}

/// The Max-Age of a 5.03, in seconds.
const RETRY_AFTER: u32 = 10;
/// Addresses of this side that are learnt at most.
const MOST_LOCALS: usize = 64;

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use waypost_rest::{Observe, Request, RequestId, Response};
use waypost_time::Instant;

use crate::block::Block;
use crate::option;
use crate::path::Path;
use crate::token::Token;

/// A request of the service, under way.
#[derive(Debug)]
pub(crate) struct Question {
    pub(crate) id: RequestId,
    pub(crate) request: Request,
    pub(crate) purpose: Purpose,
    /// The host, where it is asked by name.
    pub(crate) host: Option<Host>,
    /// The message that carries the present step, once sent and until answered.
    pub(crate) message_id: Option<u16>,
    /// When it was said that this message came, if that was said without an answer.
    pub(crate) acknowledged: Option<Instant>,
    /// What tells it from another FETCH that is under way: the later blocks of a response are asked for without the body that
    /// says what they are of ([RFC 9175 §3.4](https://www.rfc-editor.org/rfc/rfc9175#section-3.4)).
    pub(crate) tag: Option<u64>,
    /// The block of the request body that this step sends, where the body needs several.
    pub(crate) upload: Option<Block>,
    /// The block of the response body that this step asks for.
    pub(crate) download: Option<Block>,
    /// The response so far: everything but the payload is that of the first block.
    pub(crate) head: Option<Response>,
    pub(crate) body: Vec<u8>,
    /// How often it began anew, because the response body had changed.
    pub(crate) restarts: u32,
    pub(crate) expires: Instant,
    /// The freshest notification, once the peer has granted the observation that was asked for.
    pub(crate) freshest: Option<Freshest>,
    /// The question by which the rest of that notification is fetched.
    pub(crate) fetch: Option<Token>,
}

/// A host that is asked by name.
#[derive(Debug, Clone)]
pub(crate) struct Host {
    pub(crate) name: Box<str>,
    /// Where else it is, in the order in which it is asked there as long as it has not answered.
    pub(crate) elsewhere: VecDeque<Path>,
    /// How often it was asked elsewhere, in vain.
    pub(crate) unanswered: u8,
}

/// What the response is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It is the answer.
    Answer,
    /// It is the rest of a notification, of the observation of this token.
    Notification(Token),
    /// It is the rest of an answer to a group.
    GroupAnswer,
}

/// When a notification was sent, by its sender's count, and when it came.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Freshest {
    pub(crate) sequence: u32,
    pub(crate) at: Instant,
}

impl Question {
    pub(crate) fn new(id: RequestId, request: Request, purpose: Purpose, expires: Instant) -> Self {
        Self {
            id,
            request,
            purpose,
            host: None,
            message_id: None,
            acknowledged: None,
            tag: None,
            upload: None,
            download: None,
            head: None,
            body: Vec::new(),
            restarts: 0,
            expires,
            freshest: None,
            fetch: None,
        }
    }

    /// Returns the name of the host, where it is asked by name.
    pub(crate) fn name(&self) -> Option<&str> {
        self.host.as_ref().map(|host| &*host.name)
    }

    /// Tells whether it can be asked anew, whatever became of it: to do it twice is to do it once, or it was never sent.
    pub(crate) fn can_be_repeated(&self) -> bool {
        self.message_id.is_none() || option::is_idempotent(self.request.method)
    }

    /// Tells whether an answer should have come by now from who has said that it will.
    pub(crate) fn is_overdue(&self, now: Instant, patience: Duration) -> bool {
        self.message_id.is_some() && self.acknowledged.is_some_and(|at| at + patience <= now)
    }

    /// Tells whether it asks for more than one response.
    pub(crate) fn observes(&self) -> bool {
        self.purpose == Purpose::Answer && self.request.observe == Some(Observe::Register)
    }
}

impl Host {
    pub(crate) fn new(name: &str, elsewhere: VecDeque<Path>) -> Self {
        Self { name: name.into(), elsewhere, unanswered: 0 }
    }
}

impl Freshest {
    /// Tells whether a notification that comes `now` was sent before this one
    /// ([RFC 7641 §3.4](https://www.rfc-editor.org/rfc/rfc7641#section-3.4)).
    pub(crate) fn is_newer_than(self, sequence: u32, now: Instant) -> bool {
        const HALF: u32 = 1 << 23;
        let (v1, v2) = (self.sequence, sequence);
        let is_after = (v1 < v2 && v2 - v1 < HALF) || (v1 > v2 && v1 - v2 > HALF);
        !is_after && now.saturating_since(self.at) <= Duration::from_secs(128)
    }
}

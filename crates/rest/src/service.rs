use waypost_time::Instant;

use crate::{Peer, Request, Response};

/// The name that a transport gives to a request it received, and to the observation that grows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExchangeId(pub u64);

/// The name that a service gives to a request it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(pub u64);

impl RequestId {
    /// Returns the name with a bit set, from 0 to 63.
    ///
    /// A service of two parts tells by one bit which of them made a request:
    ///
    /// ```
    /// use waypost_rest::RequestId;
    ///
    /// const SECOND: u32 = 63;
    ///
    /// assert_eq!(RequestId(5).marked(SECOND).unmarked(SECOND), Some(RequestId(5)));
    /// assert_eq!(RequestId(5).unmarked(SECOND), None);
    /// ```
    pub const fn marked(self, bit: u32) -> Self {
        Self(self.0 | 1 << bit)
    }

    /// Returns the name without the bit, if it is set.
    pub const fn unmarked(self, bit: u32) -> Option<Self> {
        let without = self.0 & !(1 << bit);
        if without == self.0 { None } else { Some(Self(without)) }
    }
}

/// Why a request that a service made has no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestFailure {
    /// The peer did not answer in the time that the transport gives.
    #[error("no answer in time")]
    TimedOut,
    /// The peer refused the message (a Reset, an ICMP error), or cannot be sent to.
    #[error("the peer cannot be reached")]
    Unreachable,
    /// The response was not a valid one.
    #[error("the response cannot be used")]
    Unusable,
    /// The response is larger than the transport takes.
    #[error("the response is too large")]
    TooLarge,
}

/// What a service has to say.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Output {
    /// The answer to a request: exactly one for each that was handed in, unless the request was sent to a group and the
    /// right answer is none ([`Output::Silence`]).
    Response {
        /// The request.
        exchange: ExchangeId,
        /// The answer.
        response: Response,
    },
    /// The answer to a request is to say nothing.
    Silence {
        /// The request.
        exchange: ExchangeId,
    },
    /// What an exchange observes has changed. The transport calls [`Service::handle_ready`] when it can send a
    /// notification; changes until then are merged, so a slow observer costs nothing.
    Changed {
        /// The observation.
        exchange: ExchangeId,
    },
    /// A notification, in answer to [`Service::handle_ready`]. One whose code is not a success ends the observation.
    Notification {
        /// The observation.
        exchange: ExchangeId,
        /// The present state of what is observed.
        response: Response,
    },
    /// A request to a peer, answered by [`Service::handle_response`].
    Request {
        /// The name under which the answer comes back.
        id: RequestId,
        /// Whom to ask.
        peer: Peer,
        /// What to ask.
        request: Request,
    },
    /// Nobody waits for the answer to a request any more. The transport need not send it again, nor ask for the rest of its answer;
    /// one that comes nevertheless is ignored. What is observed is not withdrawn, but ended with
    /// [`Observe::Deregister`](crate::Observe::Deregister).
    Withdrawn {
        /// The name of the request.
        id: RequestId,
        /// Who was asked.
        peer: Peer,
    },
}

impl Output {
    /// Gives a request another name, and leaves everything else as it is.
    ///
    /// ```
    /// use waypost_rest::{Output, Peer, RequestId};
    ///
    /// let output = Output::Withdrawn { id: RequestId(5), peer: Peer::new("coap://[2001:db8::1]") };
    /// let renamed = output.with_request_renamed(|id| id.marked(63));
    /// assert!(matches!(renamed, Output::Withdrawn { id, .. } if id == RequestId(5).marked(63)));
    /// ```
    #[must_use]
    pub fn with_request_renamed(self, rename: impl FnOnce(RequestId) -> RequestId) -> Self {
        match self {
            Self::Request { id, peer, request } => Self::Request { id: rename(id), peer, request },
            Self::Withdrawn { id, peer } => Self::Withdrawn { id: rename(id), peer },
            other => other,
        }
    }
}

/// An engine that serves requests: what a transport drives.
///
/// Calls may come in any order; each does a bounded amount of work and blocks on nothing. After any call the transport
/// drains [`Service::poll_output`] and looks at [`Service::poll_timeout`]; it may do so late.
///
/// ```
/// use waypost_rest::{Code, ExchangeId, Output, Peer, Request, RequestFailure, RequestId, Response, Service};
/// use waypost_time::Instant;
///
/// /// Answers every request with the path that was asked for.
/// #[derive(Default)]
/// struct Mirror(Vec<Output>);
///
/// impl Service for Mirror {
///     fn handle_request(&mut self, _: Instant, exchange: ExchangeId, _: &Peer, request: Request) {
///         let response = Response::new(Code::CONTENT).with_payload(request.path.join("/"));
///         self.0.push(Output::Response { exchange, response });
///     }
///     fn handle_response(&mut self, _: Instant, _: RequestId, _: Result<Response, RequestFailure>) {}
///     fn handle_ready(&mut self, _: Instant, _: ExchangeId) {}
///     fn handle_cancel(&mut self, _: Instant, _: ExchangeId) {}
///     fn handle_timeout(&mut self, _: Instant) {}
///     fn poll_output(&mut self) -> Option<Output> { self.0.pop() }
///     fn poll_timeout(&self) -> Option<Instant> { None }
/// }
/// ```
pub trait Service {
    /// Takes a request. The answer comes out of [`Service::poll_output`], at once or later.
    fn handle_request(&mut self, now: Instant, exchange: ExchangeId, peer: &Peer, request: Request);

    /// Tells whether the service heeds [`Request::if_match`] where a request goes; it does not unless it says so. The option is
    /// critical: where it is not heeded, a transport refuses it with 4.02 and does not hand the request in
    /// ([RFC 7252 §5.4.1](https://www.rfc-editor.org/rfc/rfc7252#section-5.4.1)).
    fn heeds_if_match(&self, request: &Request) -> bool {
        let _ = request;
        false
    }

    /// Takes the answer to a request of the service, or why there is none. Unknown names are ignored.
    ///
    /// A request with [`Observe::Register`](crate::Observe::Register) can be answered more than once: while the responses
    /// succeed and have [`Response::is_observed`] set, each later one is the new state of the resource, in order. A failure
    /// ends the observation, and so does a response that is not such a one. While it lasts, a request of the same name to
    /// the same peer continues it: with `Register` it is asked for again, with
    /// [`Observe::Deregister`](crate::Observe::Deregister) it ends, and nothing more comes but the answer to that.
    fn handle_response(&mut self, now: Instant, request: RequestId, outcome: Result<Response, RequestFailure>);

    /// Takes one of the answers to a request that was sent to a group ([`Request::is_multicast`]), with who gave it. Any
    /// number may come, and [`Service::handle_response`] with [`RequestFailure::TimedOut`] when no more will. A service that
    /// asks no groups need not care.
    fn handle_group_response(&mut self, now: Instant, request: RequestId, peer: &Peer, response: Response) {
        let _ = (now, request, peer, response);
    }

    /// Says that a notification for this observation can be sent. Answered by [`Output::Notification`], or by nothing
    /// where the state is what the observer knows already.
    fn handle_ready(&mut self, now: Instant, exchange: ExchangeId);

    /// Says that the observation has ended, or that nobody waits for the answer any more.
    fn handle_cancel(&mut self, now: Instant, exchange: ExchangeId);

    /// Says that time has passed. Harmless when early, late or repeated.
    fn handle_timeout(&mut self, now: Instant);

    /// Returns the next thing that the service has to say.
    fn poll_output(&mut self) -> Option<Output>;

    /// Returns when [`Service::handle_timeout`] wants to be called next.
    fn poll_timeout(&self) -> Option<Instant>;
}

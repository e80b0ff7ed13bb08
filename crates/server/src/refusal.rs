use alloc::boxed::Box;
use alloc::string::ToString;

use bytes::Bytes;
use waypost_directory::Refused;
use waypost_filter::InvalidQuery;
use waypost_link_delta::DecodeError;
use waypost_link_format::ParseError;
use waypost_rest::{Code, ContentFormat, Overdrawn, Request, RequestFailure, Response};

use crate::Denial;

/// Why the server did not do what a request asked for, sorted by who must act.
///
/// Each refusal has one response code, and a diagnostic for the human who reads the logs of the device
/// ([RFC 7252 §5.5.2](https://www.rfc-editor.org/rfc/rfc7252#section-5.5.2)).
///
/// ```
/// use waypost_rest::Code;
/// use waypost_server::{ParameterFault, Refusal};
///
/// let refusal = Refusal::parameter("ep", ParameterFault::Invalid(waypost_model::ParameterFault::Missing));
/// assert_eq!(refusal.code(), Code::BAD_REQUEST);
/// assert_eq!(refusal.to_string(), "ep: missing");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// A query argument is wrong: the client must ask differently.
    #[error("{name}: {fault}")]
    Parameter {
        /// The name of the argument, cut to 64 bytes.
        name: Box<str>,
        /// What is wrong with it.
        fault: ParameterFault,
    },
    /// The query of a look-up cannot be read.
    #[error("{0}")]
    Query(InvalidQuery),
    /// The payload is not a document in Limited Link Format.
    #[error("payload: {0}")]
    Links(ParseError),
    /// What the peer serves at `/.well-known/core` is not a document in Limited Link Format.
    #[error("/.well-known/core: {0}")]
    FetchedLinks(ParseError),
    /// The request has a payload and should have none.
    #[error("payload: none expected")]
    UnexpectedPayload,
    /// The payload is in a format that the server does not read.
    #[error("content-format: only 40, application/link-format")]
    UnsupportedFormat,
    /// The payload of a PATCH or iPATCH is not in the format of link deltas.
    #[error("content-format: only {}, a link delta", .0.0)]
    UnsupportedPatch(ContentFormat),
    /// The payload of a PATCH or iPATCH is not a link delta.
    #[error("payload: {0}")]
    Patch(DecodeError),
    /// The links are not those that the client knows and wants to change.
    #[error("payload: starts from another state than the present one")]
    Conflict,
    /// The registration is in another state than the client presumes, or is not there.
    #[error("if-match: not the present state")]
    Precondition,
    /// The client accepts only a format that the server does not write.
    #[error("accept: only 40, application/link-format, and on look-ups what they announce")]
    NotAcceptable,
    /// The peer cannot be asked back on the transport that it used.
    #[error("simple registration: only over a transport of datagrams")]
    NoWayBack,
    /// There is no such resource.
    #[error("no such resource")]
    NotFound,
    /// The resource has no such method.
    #[error("method not allowed here")]
    MethodNotAllowed,
    /// The client asked to be shown what the policy does not show it.
    #[error("{0}: not shown to this client")]
    NotShown(&'static str),
    /// The policy denies it: the client must show other credentials, or leave it.
    #[error("{0}")]
    Denied(Denial),
    /// The request may be old: the client must repeat it with this Echo value.
    #[error("repeat with this echo")]
    Stale(Bytes),
    /// The request is larger than a limit allows.
    #[error("{what}: over the limit of {limit}")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        limit: usize,
    },
    /// The answer would be larger than a limit allows: the client must ask in pages.
    #[error("count: the answer is over {limit} bytes, ask for pages")]
    AnswerTooLarge {
        /// How many bytes there may be.
        limit: usize,
    },
    /// This client has used up what one client may use.
    #[error("{what}: over the limit of {limit} for one client")]
    TooMany {
        /// What the client has too many of.
        what: &'static str,
        /// How many it may have.
        limit: usize,
        /// After how many seconds it may try again.
        retry: u32,
    },
    /// There is no room for one more client that is not known to be reachable: the client gets in if it shows that it is.
    #[error("{what}: over the limit of {limit} for clients not known to be reachable")]
    NoRoomForStranger {
        /// What there is too much of.
        what: &'static str,
        /// How many there may be.
        limit: usize,
        /// After how many seconds it may try again.
        retry: u32,
    },
    /// All clients together have used up what they may use, such as room in the directory, or bytes for observers.
    #[error("{what}: over the limit of {limit}")]
    Full {
        /// What there is too much of.
        what: &'static str,
        /// How much there may be.
        limit: usize,
        /// After how many seconds the client may try again.
        retry: u32,
    },
    /// This client, or all of them together, caused more work than they may.
    #[error("{0}")]
    Overdrawn(Overdrawn),
    /// The peer's `/.well-known/core` could not be had.
    #[error("/.well-known/core: {0}")]
    Fetch(FetchFault),
    /// The server failed.
    #[error("internal error")]
    Internal,
}

/// What is wrong with a query argument.
///
/// ```
/// use waypost_server::ParameterFault;
///
/// assert_eq!(ParameterFault::NotAccepted.to_string(), "not accepted here");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterFault {
    /// It is needed and not there, there twice, or not of its kind.
    #[error("{0}")]
    Invalid(#[from] waypost_model::ParameterFault),
    /// It is a link-local address, and the request did not arrive on that link.
    #[error("link-local, and the request is not from that link")]
    OtherLink,
    /// There is none, and the source address of the request cannot stand in.
    #[error("missing, and the source address cannot stand in")]
    NoBase,
    /// This interface does not take it.
    #[error("not accepted here")]
    NotAccepted,
    /// It takes no value.
    #[error("takes no value")]
    Value,
}

/// Why the `/.well-known/core` of a peer could not be had.
///
/// ```
/// use waypost_rest::Code;
/// use waypost_server::FetchFault;
///
/// assert_eq!(FetchFault::Answered(Code::NOT_FOUND).to_string(), "answered 4.04");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FetchFault {
    /// There was no usable exchange.
    #[error("{0}")]
    Failed(RequestFailure),
    /// The answer was not one with content.
    #[error("answered {0}")]
    Answered(Code),
    /// The content was in another format than link-format.
    #[error("not in link-format")]
    Format,
}

impl Refusal {
    /// Makes the refusal of a query argument.
    #[must_use]
    pub fn parameter(name: &str, fault: ParameterFault) -> Self {
        let mut end = name.len().min(64);
        while !name.is_char_boundary(end) {
            end -= 1;
        }
        Self::Parameter { name: name[..end].into(), fault }
    }

    /// Returns the response code: the one place where refusals become codes.
    #[must_use]
    pub const fn code(&self) -> Code {
        match self {
            Self::Parameter { .. }
            | Self::Query(_)
            | Self::Links(_)
            | Self::Patch(_)
            | Self::FetchedLinks(_)
            | Self::UnexpectedPayload
            | Self::NoWayBack
            | Self::AnswerTooLarge { .. } => Code::BAD_REQUEST,
            Self::UnsupportedFormat | Self::UnsupportedPatch(_) => Code::UNSUPPORTED_CONTENT_FORMAT,
            Self::NotAcceptable => Code::NOT_ACCEPTABLE,
            Self::Conflict => Code::CONFLICT,
            Self::Precondition => Code::PRECONDITION_FAILED,
            Self::NotFound => Code::NOT_FOUND,
            Self::MethodNotAllowed => Code::METHOD_NOT_ALLOWED,
            Self::Denied(Denial::Unauthorized) | Self::Stale(_) => Code::UNAUTHORIZED,
            Self::Denied(Denial::Forbidden) | Self::NotShown(_) => Code::FORBIDDEN,
            Self::TooLarge { .. } => Code::REQUEST_ENTITY_TOO_LARGE,
            Self::TooMany { .. } | Self::NoRoomForStranger { .. } => Code::TOO_MANY_REQUESTS,
            Self::Full { .. } => Code::SERVICE_UNAVAILABLE,
            Self::Overdrawn(overdrawn) => overdrawn.code(),
            Self::Fetch(
                FetchFault::Failed(RequestFailure::Unusable | RequestFailure::TooLarge)
                | FetchFault::Answered(_)
                | FetchFault::Format,
            ) => Code::BAD_GATEWAY,
            Self::Fetch(FetchFault::Failed(_)) => Code::GATEWAY_TIMEOUT,
            Self::Internal => Code::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns the response, with the diagnostic and what the code calls for: Echo, Max-Age.
    #[must_use]
    pub fn response(&self) -> Response {
        let mut response = Response::refusal(self.code(), self.to_string());
        match self {
            Self::Overdrawn(overdrawn) => return overdrawn.response(),
            Self::Stale(echo) => response.echo = Some(echo.clone()),
            Self::TooMany { retry, .. } | Self::NoRoomForStranger { retry, .. } | Self::Full { retry, .. } => {
                response.max_age = Some(*retry);
            }
            _ => {}
        }
        response
    }

    /// Returns the refusal of a request for a registration that is not there.
    pub(crate) fn of_absence(request: &Request) -> Self {
        if request.presumes(None) { Self::NotFound } else { Self::Precondition }
    }

    /// Reads a refusal of the directory; `retry` is when a client may come back to a full one, in seconds.
    pub(crate) fn of_directory(refused: &Refused, retry: u32) -> Self {
        match *refused {
            Refused::NotFound => Self::NotFound,
            Refused::TooLarge { what, limit } => Self::TooLarge { what, limit },
            Refused::OverLimit { what, limit } => Self::Full { what, limit, retry },
            Refused::NotAllowed | Refused::NotOwner | Refused::LocationTaken => Self::Denied(Denial::Forbidden),
            _ => Self::Internal,
        }
    }
}

impl From<Denial> for Refusal {
    fn from(denial: Denial) -> Self {
        Self::Denied(denial)
    }
}

impl From<InvalidQuery> for Refusal {
    fn from(query: InvalidQuery) -> Self {
        Self::Query(query)
    }
}

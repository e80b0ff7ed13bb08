use waypost_link_delta::DecodeError;
use waypost_link_format::ParseError;
use waypost_rest::{Code, ContentFormat, RequestFailure};

/// Why an answer, or that there is none, does not help.
///
/// ```
/// use waypost_client::Fault;
/// use waypost_rest::RequestFailure;
///
/// assert_eq!(Fault::from(RequestFailure::TimedOut).to_string(), "no answer in time");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The transport has no answer.
    #[error("{0}")]
    Unanswered(RequestFailure),
    /// The server put the request off for longer, or more often, than the limits allow.
    #[error("not available for too long")]
    Unavailable,
    /// The answer has a code that means nothing here, and is no refusal.
    #[error("unexpected code {0}")]
    Code(Code),
    /// The answer is in another format than was asked for.
    #[error("content format {}, which was not asked for", .0.0)]
    Format(ContentFormat),
    /// The answer says that it is in link-format, and is not.
    #[error("not link-format: {0}")]
    Links(#[from] ParseError),
    /// The answer says that it is a link delta, and is not.
    #[error("not a link delta: {0}")]
    Delta(#[from] DecodeError),
    /// The answer is larger than the limits allow.
    #[error("the answer is too large")]
    TooLarge,
    /// Discovery yielded no interface that can be used.
    #[error("no interface of a directory")]
    NoInterface,
    /// A registration was answered without a location that can be used.
    #[error("no location of the registration")]
    NoLocation,
    /// There are more pages than the limits allow.
    #[error("too many pages")]
    TooManyPages,
}

impl From<RequestFailure> for Fault {
    fn from(failure: RequestFailure) -> Self {
        match failure {
            RequestFailure::TooLarge => Self::TooLarge,
            failure => Self::Unanswered(failure),
        }
    }
}

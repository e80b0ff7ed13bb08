use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::{ContentFormat, ETag, Method};

/// What a GET says about observing ([RFC 7641 §2](https://www.rfc-editor.org/rfc/rfc7641#section-2)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Observe {
    /// Tell me of changes from now on.
    Register,
    /// Stop telling me.
    Deregister,
}

/// A request, free of everything that a transport needs only for itself.
///
/// Tokens, message identifiers and block options never reach a service: the payload is whole.
///
/// ```
/// use waypost_rest::{ContentFormat, Method, Request};
///
/// let request = Request::new(Method::Post, ["rd"])
///     .with_query("ep=node1")
///     .with_payload(ContentFormat::LINK_FORMAT, "</sensors/temp>");
/// assert_eq!(request.query, ["ep=node1"]);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The segments of the path, percent-decoded; an empty last one stands for a final slash.
    pub path: Vec<String>,
    /// The arguments of the query, percent-decoded, each `name` or `name=value`.
    pub query: Vec<String>,
    /// The format of the payload.
    pub content_format: Option<ContentFormat>,
    /// The only format that the client takes in return.
    pub accept: Option<ContentFormat>,
    /// The representations that the client has already.
    pub etags: Vec<ETag>,
    /// Whether the client wants, or no longer wants, to be told of changes.
    pub observe: Option<Observe>,
    /// The value that the service gave in an earlier response ([RFC 9175 §2](https://www.rfc-editor.org/rfc/rfc9175#section-2)).
    pub echo: Option<Bytes>,
    /// Whether the request was sent to a group, so that saying nothing can be the right answer.
    pub is_multicast: bool,
    /// The whole payload.
    pub payload: Bytes,
}

impl Request {
    /// Makes a request without query, options or payload.
    pub fn new<S: Into<String>>(method: Method, path: impl IntoIterator<Item = S>) -> Self {
        Self {
            method,
            path: path.into_iter().map(Into::into).collect(),
            query: Vec::new(),
            content_format: None,
            accept: None,
            etags: Vec::new(),
            observe: None,
            echo: None,
            is_multicast: false,
            payload: Bytes::new(),
        }
    }

    /// Returns the request with one more argument, `name` or `name=value`.
    #[must_use]
    pub fn with_query(mut self, argument: impl Into<String>) -> Self {
        self.query.push(argument.into());
        self
    }

    /// Returns the request with a payload.
    #[must_use]
    pub fn with_payload(mut self, format: ContentFormat, payload: impl Into<Bytes>) -> Self {
        self.content_format = Some(format);
        self.payload = payload.into();
        self
    }

    /// Returns the request as one that starts or ends an observation.
    #[must_use]
    pub fn with_observe(mut self, observe: Observe) -> Self {
        self.observe = Some(observe);
        self
    }
}

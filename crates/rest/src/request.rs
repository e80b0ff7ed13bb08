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

/// A state of the resource that a request presumes ([RFC 7252 §5.10.8.1](https://www.rfc-editor.org/rfc/rfc7252#section-5.10.8.1)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IfMatch {
    /// The resource is there, in whatever state.
    Exists,
    /// The resource has this representation.
    ETag(ETag),
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
    /// The states that the resource has to be in one of; any will do where this is empty.
    pub if_match: Vec<IfMatch>,
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
            if_match: Vec::new(),
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

    /// Returns the request with one more state that the resource may be in.
    #[must_use]
    pub fn with_if_match(mut self, state: IfMatch) -> Self {
        self.if_match.push(state);
        self
    }

    /// Returns the request as one that starts or ends an observation.
    #[must_use]
    pub fn with_observe(mut self, observe: Observe) -> Self {
        self.observe = Some(observe);
        self
    }

    /// Tells whether a resource is in a state that the request presumes. `present` is the entity tag of the resource, or none
    /// where there is no such resource.
    ///
    /// ```
    /// use waypost_rest::{ETag, IfMatch, Method, Request};
    ///
    /// let present = Some(ETag::of(b"</temp>"));
    /// let request = Request::new(Method::Delete, ["rd", "4521"]);
    /// assert!(request.presumes(present) && request.presumes(None));
    /// let request = request.with_if_match(IfMatch::ETag(ETag::of(b"</light>")));
    /// assert!(!request.presumes(present));
    /// let request = request.with_if_match(IfMatch::Exists);
    /// assert!(request.presumes(present) && !request.presumes(None));
    /// ```
    #[must_use]
    pub fn presumes(&self, present: Option<ETag>) -> bool {
        let is_met = |state: &IfMatch| match state {
            IfMatch::Exists => present.is_some(),
            IfMatch::ETag(etag) => present == Some(*etag),
        };
        self.if_match.is_empty() || self.if_match.iter().any(is_met)
    }
}

use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;

use crate::{Code, ContentFormat, ETag, Request};

/// A response, free of everything that a transport needs only for itself.
///
/// ```
/// use waypost_rest::{Code, Response};
///
/// let refusal = Response::refusal(Code::BAD_REQUEST, "lt: not a number");
/// assert_eq!(&refusal.payload[..], b"lt: not a number");
/// assert!(refusal.content_format.is_none());
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Response {
    /// The response code.
    pub code: Code,
    /// The format of the payload; none for a diagnostic.
    pub content_format: Option<ContentFormat>,
    /// The name of this representation.
    pub etag: Option<ETag>,
    /// How long the response may be used without asking again, in seconds; 60 where none is given.
    pub max_age: Option<u32>,
    /// The path of the resource that was made, in segments; an empty last one stands for a final slash.
    pub location_path: Vec<String>,
    /// Whether the client observes the resource from now on. The transport numbers the notifications.
    pub is_observed: bool,
    /// A value that the client must, or may, return in its next request ([RFC 9175 §2](https://www.rfc-editor.org/rfc/rfc9175#section-2)).
    pub echo: Option<Bytes>,
    /// The whole payload. Clones share it.
    pub payload: Bytes,
}

impl Response {
    /// Makes a response with a code alone.
    #[must_use]
    pub const fn new(code: Code) -> Self {
        Self {
            code,
            content_format: None,
            etag: None,
            max_age: None,
            location_path: Vec::new(),
            is_observed: false,
            echo: None,
            payload: Bytes::new(),
        }
    }

    /// Makes an error response with a diagnostic payload for a human ([RFC 7252 §5.5.2](https://www.rfc-editor.org/rfc/rfc7252#section-5.5.2)).
    #[must_use]
    pub fn refusal(code: Code, diagnostic: impl Into<Bytes>) -> Self {
        Self::new(code).with_payload(diagnostic)
    }

    /// Makes a 2.05 with a representation.
    #[must_use]
    pub fn content(format: ContentFormat, payload: impl Into<Bytes>) -> Self {
        Self { content_format: Some(format), ..Self::new(Code::CONTENT).with_payload(payload) }
    }

    /// Returns the response with a payload.
    #[must_use]
    pub fn with_payload(mut self, payload: impl Into<Bytes>) -> Self {
        self.payload = payload.into();
        self
    }

    /// Returns 2.03 in place of a response that the client has already, by its ETag
    /// ([RFC 7252 §5.6.2](https://www.rfc-editor.org/rfc/rfc7252#section-5.6.2)).
    ///
    /// ```
    /// use waypost_rest::{Code, ContentFormat, ETag, Method, Request, Response};
    ///
    /// let mut request = Request::new(Method::Get, ["rd-lookup", "ep"]);
    /// let mut response = Response::content(ContentFormat::LINK_FORMAT, "</reg/1>");
    /// response.etag = Some(ETag::of(&response.payload));
    /// request.etags.extend(response.etag);
    /// assert_eq!(response.or_valid(&request).code, Code::VALID);
    /// ```
    #[must_use]
    pub fn or_valid(self, request: &Request) -> Self {
        match self.etag {
            Some(etag) if request.etags.contains(&etag) => {
                let Self { etag, max_age, is_observed, .. } = self;
                Self { etag, max_age, is_observed, ..Self::new(Code::VALID) }
            }
            _ => self,
        }
    }

    /// Returns the response with a time to live, in seconds.
    #[must_use]
    pub const fn with_max_age(mut self, seconds: u32) -> Self {
        self.max_age = Some(seconds);
        self
    }
}

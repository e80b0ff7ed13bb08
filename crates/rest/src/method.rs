use core::fmt;

/// What a request asks for ([RFC 7252 §5.8], [RFC 8132 §4]).
///
/// ```
/// use waypost_rest::Method;
///
/// assert_eq!(Method::IPatch.to_string(), "iPATCH");
/// ```
///
/// [RFC 7252 §5.8]: https://www.rfc-editor.org/rfc/rfc7252#section-5.8
/// [RFC 8132 §4]: https://www.rfc-editor.org/rfc/rfc8132#section-4
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Method {
    /// Read.
    Get,
    /// Process the payload: here, register or update.
    Post,
    /// Replace.
    Put,
    /// Remove.
    Delete,
    /// Read as the payload asks.
    Fetch,
    /// Change as the payload says.
    Patch,
    /// Change as the payload says; repeating it changes nothing more.
    IPatch,
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
            Self::Fetch => "FETCH",
            Self::Patch => "PATCH",
            Self::IPatch => "iPATCH",
        })
    }
}

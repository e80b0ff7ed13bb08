use core::fmt;

/// A response code: a class and a detail, written `4.04` ([RFC 7252 §5.9]).
///
/// ```
/// use waypost_rest::Code;
///
/// assert_eq!(Code::NOT_FOUND.to_string(), "4.04");
/// assert_eq!(Code::new(2, 5), Some(Code::CONTENT));
/// assert!(Code::CONTENT.is_success() && !Code::NOT_FOUND.is_success());
/// ```
///
/// [RFC 7252 §5.9]: https://www.rfc-editor.org/rfc/rfc7252#section-5.9
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u8);

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $class:literal . $detail:literal;)*) => {
        /// The codes that a directory uses.
        impl Code {
            $($(#[$doc])* pub const $name: Self = Self($class << 5 | $detail);)*
        }
    };
}

codes! {
    /// 2.01: a resource was made; its location is in the response.
    CREATED = 2 . 1;
    /// 2.02: the resource is gone.
    DELETED = 2 . 2;
    /// 2.03: what the client has, by its ETag, is still right.
    VALID = 2 . 3;
    /// 2.04: the resource was changed.
    CHANGED = 2 . 4;
    /// 2.05: the representation is in the payload.
    CONTENT = 2 . 5;
    /// 2.31: this block was taken, send the next ([RFC 7959 §2.9.1](https://www.rfc-editor.org/rfc/rfc7959#section-2.9.1)).
    CONTINUE = 2 . 31;
    /// 4.00: the request is malformed.
    BAD_REQUEST = 4 . 0;
    /// 4.01: the client must prove who it is, or that it is alive (Echo).
    UNAUTHORIZED = 4 . 1;
    /// 4.02: an option is not understood or malformed.
    BAD_OPTION = 4 . 2;
    /// 4.03: the client may not do this.
    FORBIDDEN = 4 . 3;
    /// 4.04: no such resource.
    NOT_FOUND = 4 . 4;
    /// 4.05: the resource has no such method.
    METHOD_NOT_ALLOWED = 4 . 5;
    /// 4.06: no representation that the client accepts.
    NOT_ACCEPTABLE = 4 . 6;
    /// 4.08: blocks are missing ([RFC 7959 §2.9.2](https://www.rfc-editor.org/rfc/rfc7959#section-2.9.2)).
    REQUEST_ENTITY_INCOMPLETE = 4 . 8;
    /// 4.09: the request conflicts with the state of the resource ([RFC 8132 §3.4](https://www.rfc-editor.org/rfc/rfc8132#section-3.4)).
    CONFLICT = 4 . 9;
    /// 4.12: a precondition of the request does not hold.
    PRECONDITION_FAILED = 4 . 12;
    /// 4.13: the payload is larger than the directory takes.
    REQUEST_ENTITY_TOO_LARGE = 4 . 13;
    /// 4.15: the payload is in a format that the directory does not read.
    UNSUPPORTED_CONTENT_FORMAT = 4 . 15;
    /// 4.29: too many requests from this client; Max-Age says when to come back ([RFC 8516](https://www.rfc-editor.org/rfc/rfc8516)).
    TOO_MANY_REQUESTS = 4 . 29;
    /// 5.00: the directory failed.
    INTERNAL_SERVER_ERROR = 5 . 0;
    /// 5.02: an upstream server answered nonsense.
    BAD_GATEWAY = 5 . 2;
    /// 5.03: not now; Max-Age says when to come back.
    SERVICE_UNAVAILABLE = 5 . 3;
    /// 5.04: an upstream server did not answer in time.
    GATEWAY_TIMEOUT = 5 . 4;
}

impl Code {
    /// Makes the code `class.detail`; `None` unless `class` is at most 7 and `detail` at most 31.
    #[must_use]
    pub const fn new(class: u8, detail: u8) -> Option<Self> {
        if class <= 7 && detail <= 31 { Some(Self(class << 5 | detail)) } else { None }
    }

    /// Makes the code from its octet on the wire.
    #[must_use]
    pub const fn from_u8(octet: u8) -> Self {
        Self(octet)
    }

    /// Returns the octet on the wire.
    #[must_use]
    pub const fn as_u8(self) -> u8 {
        self.0
    }

    /// Returns the class, the digit before the dot.
    #[must_use]
    pub const fn class(self) -> u8 {
        self.0 >> 5
    }

    /// Returns the detail, the two digits after the dot.
    #[must_use]
    pub const fn detail(self) -> u8 {
        self.0 & 31
    }

    /// Tells whether the class is 2, success.
    #[must_use]
    pub const fn is_success(self) -> bool {
        self.class() == 2
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.class(), self.detail())
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

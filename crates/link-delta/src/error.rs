use core::fmt;

use waypost_link_format::ParseErrorKind;

/// What is wrong with an encoded delta, and where.
///
/// ```
/// use waypost_link_delta::{DecodeErrorKind, Limits, LinkDelta};
///
/// let error = LinkDelta::decode(b"\x84\xf6\xf6\x60\x63</a", &Limits::default()).unwrap_err();
/// assert_eq!(error.to_string(), "target is not closed by `>` at byte 8");
/// assert!(matches!(error.kind, DecodeErrorKind::Links(_)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct DecodeError {
    /// What is wrong.
    pub kind: DecodeErrorKind,
    /// Where, in bytes from the start of the encoding: of the item, or of the link in it, that is at fault; of the end where
    /// something is missing; of what the grammar of link-format has the offset of.
    pub offset: usize,
}

/// What is wrong with an encoded delta.
///
/// ```
/// use waypost_link_delta::DecodeErrorKind;
///
/// assert_eq!(DecodeErrorKind::TrailingBytes.to_string(), "expected the end");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DecodeErrorKind {
    /// There are more bytes than the limit allows.
    TooManyBytes,
    /// There are more links than the limit allows.
    TooManyLinks,
    /// The encoding ends too early.
    UnexpectedEnd,
    /// An array of four items must stand here.
    ExpectedArray,
    /// Null or a tag of up to eight bytes must stand here; one without bytes only as what the delta starts from.
    ExpectedTag,
    /// A text string must stand here.
    ExpectedText,
    /// A length is indefinite, or written longer than need be.
    NotDeterministic,
    /// A text string is not a document in link-format.
    Links(ParseErrorKind),
    /// A removed link says something else than its identity.
    NotBare,
    /// A delta that starts from nothing removes something.
    RemovesFromNothing,
    /// An identity is removed twice, or both removed and put.
    RepeatedIdentity,
    /// Something follows the delta.
    TrailingBytes,
}

impl fmt::Display for DecodeErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TooManyBytes => "more bytes than allowed",
            Self::TooManyLinks => "more links than allowed",
            Self::UnexpectedEnd => "unexpected end",
            Self::ExpectedArray => "expected an array of four items",
            Self::ExpectedTag => "expected null or a tag of at most eight bytes",
            Self::ExpectedText => "expected a text string",
            Self::NotDeterministic => "length is not written in the shortest way",
            Self::Links(kind) => return kind.fmt(f),
            Self::NotBare => "expected `anchor`, `rel` and `rev` alone",
            Self::RemovesFromNothing => "expected nothing to be removed from nothing",
            Self::RepeatedIdentity => "link is named before",
            Self::TrailingBytes => "expected the end",
        })
    }
}

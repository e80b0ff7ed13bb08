use core::fmt;

/// What is wrong with a document, and where.
///
/// # Offsets
///
/// `offset` counts bytes from the start of the document. It is the place of the first byte with which the grammar can no
/// longer be continued; for what is cut short it is the length of the document. Where a whole piece is at fault, the offset
/// is that of its first byte: the name of a [reserved parameter](ParseErrorKind::ReservedName), the inside of the brackets
/// of a host that is no IP literal, and what [`check_limited`](crate::LinkDocument::check_limited) objects to.
///
/// ```
/// use waypost_link_format::{LinkDocument, ParseErrorKind};
///
/// let error = LinkDocument::parse("</a>;rt=\"x").unwrap_err();
/// assert_eq!(error.kind, ParseErrorKind::UnterminatedQuotedString);
/// assert_eq!(error.offset, 10);
/// assert_eq!(error.to_string(), "quoted string is not closed at byte 10");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct ParseError {
    /// What is wrong.
    pub kind: ParseErrorKind,
    /// Where, in bytes from the start of the document.
    pub offset: usize,
}

/// What is wrong with a document.
///
/// `Display` says it to a person; [`section`](Self::section) names the rule.
///
/// ```
/// use waypost_link_format::ParseErrorKind;
///
/// assert_eq!(ParseErrorKind::ExpectedLink.to_string(), "expected a link, which starts with `<`");
/// assert_eq!(ParseErrorKind::ExpectedLink.section(), "RFC 6690 §2");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// The octets are not UTF-8 text.
    InvalidUtf8,
    /// A link must start here, with `<`.
    ExpectedLink,
    /// The text ends before the `>` of a target.
    UnterminatedTarget,
    /// The target is not a URI reference.
    InvalidTarget,
    /// After a target or a parameter only `;`, `,` or the end may follow; after the name of a parameter also `=`.
    ExpectedSeparator,
    /// A parameter must start here, with its name.
    ExpectedName,
    /// `href` is reserved for queries and must not be a parameter.
    ReservedName,
    /// After `=` a token or a quoted string must follow.
    ExpectedValue,
    /// The text ends before the closing quote.
    UnterminatedQuotedString,
    /// A control character stands in a quoted string.
    ControlCharacter,
    /// The value of a parameter whose name ends in `*` is not of the form `charset'language'text`.
    InvalidExtValue,
    /// The value of `anchor` is not a URI reference.
    InvalidAnchor,
    /// The target is neither a URI nor path-absolute, as the Limited Link Format requires.
    RelativeTarget,
    /// The anchor is neither a URI nor path-absolute, as the Limited Link Format requires.
    RelativeAnchor,
}

impl ParseErrorKind {
    /// Returns the section with the rule that is broken, such as `RFC 6690 §2`.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::InvalidUtf8 | Self::ExpectedLink | Self::UnterminatedTarget => "RFC 6690 §2",
            Self::ExpectedSeparator | Self::ExpectedName | Self::ReservedName | Self::ExpectedValue => "RFC 6690 §2",
            Self::InvalidTarget | Self::InvalidAnchor => "RFC 3986 §4.1",
            Self::InvalidExtValue => "RFC 8187 §3.2.1",
            Self::UnterminatedQuotedString | Self::ControlCharacter => "RFC 2616 §2.2",
            Self::RelativeTarget | Self::RelativeAnchor => "RFC 9176 Appendix C",
        }
    }
}

impl fmt::Display for ParseErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::InvalidUtf8 => "text is not UTF-8",
            Self::ExpectedLink => "expected a link, which starts with `<`",
            Self::UnterminatedTarget => "target is not closed by `>`",
            Self::InvalidTarget => "target is not a URI reference",
            Self::ExpectedSeparator => "expected `;`, `,` or the end",
            Self::ExpectedName => "expected the name of a parameter",
            Self::ReservedName => "`href` must not be a parameter",
            Self::ExpectedValue => "expected a token or a quoted string",
            Self::UnterminatedQuotedString => "quoted string is not closed",
            Self::ControlCharacter => "control character in a quoted string",
            Self::InvalidExtValue => "expected an extended value of the form charset'language'text",
            Self::InvalidAnchor => "anchor is not a URI reference",
            Self::RelativeTarget => "target is neither a URI nor path-absolute",
            Self::RelativeAnchor => "anchor is neither a URI nor path-absolute",
        })
    }
}

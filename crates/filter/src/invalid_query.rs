use core::fmt;

/// A query that cannot be read; shown, it is the diagnostic of a 4.00 response.
///
/// ```
/// use waypost_filter::{InvalidQueryKind, Query};
///
/// let error = Query::parse("rt=core.s&count=many").unwrap_err();
/// assert_eq!(error.kind(), InvalidQueryKind::BadCount);
/// assert_eq!(error.argument(), 2);
/// assert_eq!(error.to_string(), "count: not a number from 0 to 4294967295");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct InvalidQuery {
    kind: InvalidQueryKind,
    /// Counting from one.
    argument: usize,
    /// The limit and what it limits.
    limit: Option<(usize, &'static str)>,
}

impl InvalidQuery {
    pub(crate) fn new(kind: InvalidQueryKind, argument: usize) -> Self {
        Self { kind, argument, limit: None }
    }

    pub(crate) fn over_limit(limit: usize, what: &'static str, argument: usize) -> Self {
        Self { kind: InvalidQueryKind::OverLimit, argument, limit: Some((limit, what)) }
    }

    /// Returns what is wrong.
    pub fn kind(&self) -> InvalidQueryKind {
        self.kind
    }

    /// Returns the number of the argument (the Uri-Query option, or the part between two `&`) that is wrong, counting
    /// from one.
    pub fn argument(&self) -> usize {
        self.argument
    }
}

impl fmt::Display for InvalidQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            InvalidQueryKind::BadPage => write!(f, "page: not a number from 0 to {}", u32::MAX),
            InvalidQueryKind::BadCount => write!(f, "count: not a number from 0 to {}", u32::MAX),
            InvalidQueryKind::PageWithoutCount => f.write_str("page: needs count"),
            InvalidQueryKind::NotUtf8 => write!(f, "query argument {}: not UTF-8", self.argument),
            InvalidQueryKind::BadPercentEncoding => {
                write!(f, "query argument {}: a percent sign without two hexadecimal digits", self.argument)
            }
            InvalidQueryKind::NoName => write!(f, "query argument {}: no name before the equals sign", self.argument),
            InvalidQueryKind::OverLimit => {
                let (limit, what) = self.limit.unwrap_or_default();
                write!(f, "query argument {}: over the limit of {limit} {what}", self.argument)
            }
        }
    }
}

/// What is wrong with a query.
///
/// ```
/// use waypost_filter::{InvalidQueryKind, Query};
///
/// assert_eq!(Query::parse("page=2").unwrap_err().kind(), InvalidQueryKind::PageWithoutCount);
/// assert_eq!(Query::parse("rt=%FF").unwrap_err().kind(), InvalidQueryKind::NotUtf8);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InvalidQueryKind {
    /// An argument is not UTF-8 once percent-decoded.
    NotUtf8,
    /// A percent sign is not followed by two hexadecimal digits.
    BadPercentEncoding,
    /// An argument has nothing before its `=`.
    NoName,
    /// `page` is not a decimal number below 2³².
    BadPage,
    /// `count` is not a decimal number below 2³².
    BadCount,
    /// `page` is given and `count` is not.
    PageWithoutCount,
    /// There are more criteria or bytes than [`QueryLimits`](crate::QueryLimits) allows.
    OverLimit,
}

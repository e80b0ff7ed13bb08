use alloc::{borrow::Cow, vec::Vec};
use core::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use crate::{Criterion, InvalidQuery, InvalidQueryKind, Page, Query, QueryLimits, Test};

/// What is written as it is: what RFC 3986 allows in a query but `&`, which separates arguments, and `+`, which some
/// readers take for a space.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@')
    .remove(b'/')
    .remove(b'?');

pub(crate) fn from_options<S: AsRef<str>>(
    limits: QueryLimits,
    options: impl IntoIterator<Item = S>,
) -> Result<Query, InvalidQuery> {
    let mut reader = Reader::new(limits);
    for option in options {
        let option = option.as_ref();
        reader.count(option)?;
        reader.read(option)?;
    }
    reader.finish()
}

pub(crate) fn parse(limits: QueryLimits, query: &str) -> Result<Query, InvalidQuery> {
    let mut reader = Reader::new(limits);
    for argument in query.split('&') {
        reader.count(argument)?;
        let argument = reader.decode(argument)?;
        reader.read(&argument)?;
    }
    reader.finish()
}

/// Takes arguments one after the other and makes a query of them.
struct Reader {
    limits: QueryLimits,
    arguments: usize,
    bytes: usize,
    criteria: Vec<Criterion>,
    count: Option<u32>,
    /// With the number of the argument.
    page: Option<(u32, usize)>,
}

impl Reader {
    fn new(limits: QueryLimits) -> Self {
        Self { limits, arguments: 0, bytes: 0, criteria: Vec::new(), count: None, page: None }
    }

    fn count(&mut self, argument: &str) -> Result<(), InvalidQuery> {
        // With the separator, so that empty arguments without end are over the limit, too.
        let separator = usize::from(self.arguments > 0);
        self.bytes = self.bytes.saturating_add(argument.len()).saturating_add(separator);
        self.arguments = self.arguments.saturating_add(1);
        if self.bytes > self.limits.bytes {
            return Err(InvalidQuery::over_limit(self.limits.bytes, "bytes", self.arguments));
        }
        Ok(())
    }

    fn decode<'q>(&self, argument: &'q str) -> Result<Cow<'q, str>, InvalidQuery> {
        let broken =
            |rest: &str| !matches!(rest.as_bytes(), [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit());
        if argument.split('%').skip(1).any(broken) {
            return Err(self.invalid(InvalidQueryKind::BadPercentEncoding));
        }
        percent_decode_str(argument).decode_utf8().map_err(|_| self.invalid(InvalidQueryKind::NotUtf8))
    }

    fn read(&mut self, argument: &str) -> Result<(), InvalidQuery> {
        if argument.is_empty() {
            return Ok(());
        }
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (argument, None),
        };
        if name.is_empty() {
            return Err(self.invalid(InvalidQueryKind::NoName));
        }
        if name.eq_ignore_ascii_case("page") {
            let page = number(value).ok_or_else(|| self.invalid(InvalidQueryKind::BadPage))?;
            self.page = Some((page, self.arguments));
            return Ok(());
        }
        if name.eq_ignore_ascii_case("count") {
            self.count = Some(number(value).ok_or_else(|| self.invalid(InvalidQueryKind::BadCount))?);
            return Ok(());
        }
        if self.criteria.len() >= self.limits.criteria {
            return Err(InvalidQuery::over_limit(self.limits.criteria, "criteria", self.arguments));
        }
        self.criteria.push(Criterion::new(name, test(value)));
        Ok(())
    }

    fn finish(self) -> Result<Query, InvalidQuery> {
        let page = match (self.page, self.count) {
            (Some((_, argument)), None) => return Err(InvalidQuery::new(InvalidQueryKind::PageWithoutCount, argument)),
            (Some((page, _)), Some(count)) => Some(Page { page, count }),
            (None, Some(count)) => Some(Page { page: 0, count }),
            (None, None) => None,
        };
        Ok(Query::from_parts(self.criteria, page))
    }

    fn invalid(&self, kind: InvalidQueryKind) -> InvalidQuery {
        InvalidQuery::new(kind, self.arguments)
    }
}

fn test(value: Option<&str>) -> Test {
    match value {
        None => Test::Exists,
        Some(value) => match value.strip_suffix('*') {
            Some(prefix) => Test::Prefix(prefix.into()),
            None => Test::Exact(value.into()),
        },
    }
}

/// Digits alone: what `str::parse` takes besides them, a plus sign, is no number in a query.
fn number(value: Option<&str>) -> Option<u32> {
    value.filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()))?.parse().ok()
}

impl fmt::Display for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for criterion in self.criteria() {
            write!(f, "{separator}{criterion}")?;
            separator = "&";
        }
        match self.page() {
            Some(Page { page, count }) => write!(f, "{separator}page={page}&count={count}"),
            None => Ok(()),
        }
    }
}

/// Writes the argument of a query string, percent-encoded.
impl fmt::Display for Criterion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", utf8_percent_encode(self.name(), ENCODED))?;
        match self.test() {
            Test::Exists => f.write_str("*"),
            Test::Exact(value) => write!(f, "{}", utf8_percent_encode(value, ENCODED)),
            Test::Prefix(prefix) => write!(f, "{}*", utf8_percent_encode(prefix, ENCODED)),
        }
    }
}

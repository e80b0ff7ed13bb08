//! Signatures agreed between the crates. Split into one file per concept; add to it, keep what is here.
use alloc::{borrow::Cow, boxed::Box, string::String, vec::Vec};
use core::fmt;
use waypost_link_format::{Link, LinkDocument};

/// Criteria joined by AND, with page and count. `FromStr`/`parse` read a query string, Display writes one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Query { criteria: Vec<Criterion>, page: Option<Page> }
impl Query {
    pub fn all() -> Self { todo!() }
    /// From decoded Uri-Query options.
    pub fn from_options<S: AsRef<str>>(options: impl IntoIterator<Item = S>) -> Result<Self, InvalidQuery> { todo!() }
    /// From a query string `rt=core.s&page=0&count=10`, percent-decoded.
    pub fn parse(query: &str) -> Result<Self, InvalidQuery> { todo!() }
    pub fn with(self, criterion: Criterion) -> Self { todo!() }
    pub fn with_page(self, page: Page) -> Self { todo!() }
    pub fn criteria(&self) -> &[Criterion] { todo!() }
    pub fn page(&self) -> Option<Page> { todo!() }
    pub fn matches(&self, record: &impl Record) -> bool { todo!() }
    /// Hierarchy: each criterion is met by the link or by its endpoint (RFC 9176 §6.2).
    pub fn matches_resource(&self, link: &impl Record, endpoint: &impl Record) -> bool { todo!() }
    /// Hierarchy: each criterion is met by the endpoint or by any one of its links.
    pub fn matches_endpoint<R: Record>(&self, endpoint: &impl Record, links: impl Iterator<Item = R> + Clone) -> bool { todo!() }
}
impl core::str::FromStr for Query { type Err = InvalidQuery; fn from_str(s: &str) -> Result<Self, InvalidQuery> { todo!() } }
impl fmt::Display for Query { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { todo!() } }

/// `count` results starting at number `page * count`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Page { pub page: u32, pub count: u32 }
impl Page { pub fn skip(&self) -> u64 { todo!() } }

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Criterion { name: Box<str>, test: Test, level: Level }
impl Criterion {
    pub fn new(name: &str, test: Test) -> Self { todo!() }
    pub fn at(self, level: Level) -> Self { todo!() }
    /// lower case
    pub fn name(&self) -> &str { todo!() }
    pub fn test(&self) -> &Test { todo!() }
    pub fn level(&self) -> Level { todo!() }
    /// Whether the attribute is a list of words (rt, if, rel, rev) of which any may match.
    pub fn is_relation_type(&self) -> bool { todo!() }
    pub fn matches(&self, record: &impl Record) -> bool { todo!() }
    /// Whether one (unescaped, whole) attribute value meets the test; splits words for relation types.
    pub fn accepts(&self, value: Option<&str>) -> bool { todo!() }
}
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Test { Exists, Exact(Box<str>), Prefix(Box<str>) }
impl Test { pub fn accepts(&self, value: &str) -> bool { todo!() } }
/// Which level decides a criterion: either (the default of RFC 9176), or one alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level { #[default] Either, Endpoint, Resource }

/// Anything that has attributes: a link, a link seen from its base, an endpoint.
pub trait Record {
    /// Hands every value of the attribute (None for a flag) to `visit` until it says true; tells whether it did.
    /// `name` is lower case. `href` is the target.
    fn any_value(&self, name: &str, visit: &mut dyn FnMut(Option<&str>) -> bool) -> bool;
}
impl Record for Link<'_> { fn any_value(&self, name: &str, visit: &mut dyn FnMut(Option<&str>) -> bool) -> bool { todo!() } }
/// A link with target and anchor resolved against a base URI.
#[derive(Debug, Clone, Copy)]
pub struct ResolvedLink<'a> { pub link: Link<'a>, pub base: &'a str }
impl Record for ResolvedLink<'_> { fn any_value(&self, name: &str, visit: &mut dyn FnMut(Option<&str>) -> bool) -> bool { todo!() } }

/// The links of a document that a query selects, with page and count: what a server needs for its own `/.well-known/core`.
pub fn select<'a>(document: LinkDocument<'a>, query: &'a Query) -> impl Iterator<Item = Link<'a>> + 'a { document.links() }

/// What a holder of a complete answer has at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Held { Resources, Endpoints, Both }
/// Whether the answer to `asked` can be computed from the complete answer to `held`.
pub fn covers(held: &Query, levels: Held, asked: &Query) -> bool { todo!() }

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("query")]
pub struct InvalidQuery { kind: InvalidQueryKind }
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidQueryKind { NotUtf8, BadPage, BadCount, PageWithoutCount }

//! Signatures agreed between the crates. Split into one file per concept; add to it, keep what is here.
use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::String;
use core::fmt;

/// A valid link-format document, borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LinkDocument<'a> { text: &'a str }
impl<'a> LinkDocument<'a> {
    pub const EMPTY: LinkDocument<'static> = LinkDocument { text: "" };
    pub fn parse(text: &'a str) -> Result<Self, ParseError> { todo!() }
    pub fn parse_bytes(octets: &'a [u8]) -> Result<Self, ParseError> { todo!() }
    pub fn parse_lenient(text: &'a str, report: impl FnMut(Deviation)) -> Result<Self, ParseError> { todo!() }
    pub fn as_str(&self) -> &'a str { todo!() }
    pub fn is_empty(&self) -> bool { todo!() }
    pub fn links(&self) -> Links<'a> { todo!() }
    /// The link that starts at `offset` (as Link::offset gave it), if one does (cheap; None when out of range).
    pub fn link_at(&self, offset: usize) -> Option<Link<'a>> { todo!() }
    /// RFC 9176 Appendix C: every target and anchor is a URI or path-absolute.
    pub fn check_limited(&self) -> Result<(), ParseError> { todo!() }
}
impl<'a> IntoIterator for LinkDocument<'a> { type Item = Link<'a>; type IntoIter = Links<'a>; fn into_iter(self) -> Links<'a> { todo!() } }
impl fmt::Display for LinkDocument<'_> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { todo!() } }

/// A valid link-format document, owned: one buffer. serde as a string, validated on the way in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LinkDocumentBuf { text: Box<str> }
impl LinkDocumentBuf {
    pub fn parse(text: impl Into<String>) -> Result<Self, ParseError> { todo!() }
    pub fn as_document(&self) -> LinkDocument<'_> { todo!() }
    pub fn as_str(&self) -> &str { todo!() }
}
impl From<LinkDocument<'_>> for LinkDocumentBuf { fn from(_: LinkDocument<'_>) -> Self { todo!() } }
impl FromIterator<LinkBuf> for LinkDocumentBuf { fn from_iter<I: IntoIterator<Item = LinkBuf>>(i: I) -> Self { todo!() } }
impl fmt::Display for LinkDocumentBuf { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { todo!() } }
impl core::str::FromStr for LinkDocumentBuf { type Err = ParseError; fn from_str(s: &str) -> Result<Self, ParseError> { todo!() } }

#[derive(Debug, Clone)]
pub struct Links<'a> { text: &'a str }
impl<'a> Iterator for Links<'a> { type Item = Link<'a>; fn next(&mut self) -> Option<Link<'a>> { todo!() } }

/// One link: a view into a valid document.
#[derive(Debug, Clone, Copy)]
pub struct Link<'a> { raw: &'a str }
impl<'a> Link<'a> {
    pub fn target(&self) -> &'a str { todo!() }
    pub fn parameters(&self) -> Parameters<'a> { todo!() }
    /// Byte offset of the `<` in the document.
    pub fn offset(&self) -> usize { todo!() }
    pub fn raw(&self) -> &'a str { todo!() }
    /// First parameter of that name (ASCII case-insensitive).
    pub fn parameter(&self, name: &str) -> Option<Parameter<'a>> { todo!() }
    pub fn anchor(&self) -> Option<Cow<'a, str>> { todo!() }
    pub fn rt(&self) -> Words<'a> { todo!() }
    pub fn interfaces(&self) -> Words<'a> { todo!() }
    pub fn rel(&self) -> Words<'a> { todo!() }
    pub fn rev(&self) -> Words<'a> { todo!() }
    pub fn ct(&self) -> ContentFormats<'a> { todo!() }
    pub fn sz(&self) -> Option<u64> { todo!() }
    pub fn obs(&self) -> bool { todo!() }
    pub fn title(&self) -> Option<Cow<'a, str>> { todo!() }
    pub fn media(&self) -> Option<Cow<'a, str>> { todo!() }
    pub fn media_type(&self) -> Option<Cow<'a, str>> { todo!() }
    // also: hreflang(), title_star() -> Option<ExtValue>, provenance (last one counts)
}
impl fmt::Display for Link<'_> { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { todo!() } }

#[derive(Debug, Clone)]
pub struct Words<'a> { _s: &'a str }
impl<'a> Iterator for Words<'a> { type Item = Cow<'a, str>; fn next(&mut self) -> Option<Cow<'a, str>> { todo!() } }
#[derive(Debug, Clone)]
pub struct ContentFormats<'a> { _s: &'a str }
impl<'a> Iterator for ContentFormats<'a> { type Item = u16; fn next(&mut self) -> Option<u16> { todo!() } }

#[derive(Debug, Clone)]
pub struct Parameters<'a> { text: &'a str }
impl<'a> Iterator for Parameters<'a> { type Item = Parameter<'a>; fn next(&mut self) -> Option<Parameter<'a>> { todo!() } }

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter<'a> { raw: &'a str }
impl<'a> Parameter<'a> {
    pub fn name(&self) -> &'a str { todo!() }
    pub fn has_name(&self, name: &str) -> bool { todo!() } // ASCII case-insensitive
    pub fn form(&self) -> Form { todo!() }
    /// Value between the quotes or after `=`, as written; None for a flag.
    pub fn raw_value(&self) -> Option<&'a str> { todo!() }
    /// Value with every quoted-pair undone; borrowed unless there was one.
    pub fn value(&self) -> Option<Cow<'a, str>> { todo!() }
    pub fn offset(&self) -> usize { todo!() }
}
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form { Flag, Token, Quoted, Ext }

/// An owned link, built by hand.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LinkBuf { text: String }
impl LinkBuf {
    pub fn new(target: &str) -> Result<Self, InvalidLink> { todo!() }
    pub fn with(self, name: &str, value: &str) -> Result<Self, InvalidLink> { todo!() }
    pub fn with_flag(self, name: &str) -> Result<Self, InvalidLink> { todo!() }
    pub fn as_link(&self) -> Link<'_> { todo!() }
}
impl From<Link<'_>> for LinkBuf { fn from(_: Link<'_>) -> Self { todo!() } }
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid link target, parameter name or value")]
pub struct InvalidLink(());

/// Writes links as deployed clients can read them: every value quoted, flags bare, no white space, no empty values, `sz` a
/// bare number and never last. Appends to any fmt::Write.
#[derive(Debug)]
pub struct LinkWriter<'w, W: fmt::Write> { out: &'w mut W }
impl<'w, W: fmt::Write> LinkWriter<'w, W> {
    pub fn new(out: &'w mut W) -> Self { todo!() }
    /// Starts the next link.
    pub fn link(&mut self, target: &str) -> Result<&mut Self, fmt::Error> { todo!() }
    /// Adds a parameter, escaping as needed; an empty value is written as a flag.
    pub fn attribute(&mut self, name: &str, value: &str) -> Result<&mut Self, fmt::Error> { todo!() }
    pub fn flag(&mut self, name: &str) -> Result<&mut Self, fmt::Error> { todo!() }
    /// Copies a parsed parameter, normalised.
    pub fn parameter(&mut self, parameter: Parameter<'_>) -> Result<&mut Self, fmt::Error> { todo!() }
    pub fn finish(self) -> fmt::Result { todo!() }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{kind} at byte {offset}")]
pub struct ParseError { pub kind: ParseErrorKind, pub offset: usize }
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseErrorKind { ExpectedLink /* … */ }
impl fmt::Display for ParseErrorKind { fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { todo!() } }
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deviation { pub kind: DeviationKind, pub offset: usize }
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviationKind { WhiteSpace, TrailingSeparator }

/// Resolves a reference against a base URI (RFC 3986 §5). A fast path for path-absolute references without dot segments;
/// everything else by iri-string. Borrows the reference when it is a URI already (unmodified).
pub fn resolve<'r>(base: &str, reference: &'r str) -> Result<Cow<'r, str>, InvalidReference> { todo!() }
/// scheme and authority of a URI: `coap://host:port`; None without authority.
pub fn origin(uri: &str) -> Option<&str> { todo!() }
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid URI reference")]
pub struct InvalidReference(());

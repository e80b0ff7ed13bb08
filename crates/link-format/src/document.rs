use core::fmt;
use core::hash::{Hash, Hasher};
use core::str;

use crate::scanner::{Checked, Lenient, Scanner, Strict};
use crate::{Deviation, Link, LinkDocumentBuf, Links, ParseError, ParseErrorKind, reference};

/// A valid link-format document ([RFC 6690 §2]), borrowed.
///
/// Two documents are equal when they are written alike.
///
/// ```
/// use waypost_link_format::LinkDocument;
///
/// let document = LinkDocument::parse(r#"</sensors/temp>;rt="temperature-c",</sensors/light>;obs"#)?;
/// for link in document {
///     println!("{} has {} attributes", link.target(), link.parameters().count());
/// }
/// # Ok::<(), waypost_link_format::ParseError>(())
/// ```
///
/// [RFC 6690 §2]: https://www.rfc-editor.org/rfc/rfc6690#section-2
#[derive(Clone, Copy, Default)]
pub struct LinkDocument<'a> {
    text: &'a str,
    deviates: bool,
    /// Whether it is known that no target or value contains a comma, which makes the ends of links easy to find.
    commas_only_separate: bool,
}

impl<'a> LinkDocument<'a> {
    /// The document without links.
    pub const EMPTY: LinkDocument<'static> = LinkDocument { text: "", deviates: false, commas_only_separate: true };

    /// Parses a document by the grammar.
    ///
    /// # Errors
    /// The first place where the text leaves the grammar.
    pub fn parse(text: &'a str) -> Result<Self, ParseError> {
        let links = Scanner::new(text, 0, Strict).check()?;
        let commas = memchr::memchr_iter(b',', text.as_bytes()).count();
        Ok(Self { text, deviates: false, commas_only_separate: commas < links.max(1) })
    }

    /// Parses the octets of a payload by the grammar.
    ///
    /// # Errors
    /// As [`parse`](Self::parse), and [`ParseErrorKind::InvalidUtf8`] for the first octet that is not UTF-8, if the grammar
    /// was followed up to there.
    pub fn parse_bytes(octets: &'a [u8]) -> Result<Self, ParseError> {
        let error = match str::from_utf8(octets) {
            Ok(text) => return Self::parse(text),
            Err(error) => error,
        };
        let offset = error.valid_up_to();
        let before = str::from_utf8(&octets[..offset]).unwrap_or_default();
        match Self::parse(before) {
            Err(earlier) if earlier.offset < offset => Err(earlier),
            _ => Err(ParseError { kind: ParseErrorKind::InvalidUtf8, offset }),
        }
    }

    /// Parses a document that may have white space around separators and separators without use, and reports each.
    ///
    /// What `parse` accepts is accepted without a report. The links then read as usual, and `Display` writes what was there.
    /// [`LinkDocumentBuf::from`] makes a document without deviations of it.
    ///
    /// # Errors
    /// The first place where the text leaves even that grammar. What was reported before that stays reported.
    pub fn parse_lenient(text: &'a str, mut report: impl FnMut(Deviation)) -> Result<Self, ParseError> {
        let mut deviates = false;
        let reading = Lenient(|deviation| {
            deviates = true;
            report(deviation);
        });
        Scanner::new(text, 0, reading).check()?;
        Ok(Self { text, deviates, commas_only_separate: false })
    }

    /// For text that is known to be valid.
    pub(crate) fn checked(text: &'a str) -> Self {
        Self { text, deviates: false, commas_only_separate: false }
    }

    /// Returns the text as written.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        self.text
    }

    /// Returns whether there are no links.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty() || (self.deviates && self.links().next().is_none())
    }

    /// Returns whether lenient parsing passed anything over.
    #[must_use]
    pub fn deviates(&self) -> bool {
        self.deviates
    }

    /// Returns the links, in order.
    #[inline]
    #[must_use]
    pub fn links(&self) -> Links<'a> {
        Links::new(self.text, self.commas_only_separate)
    }

    /// Returns the link that starts at `offset`, which is one that [`Link::offset`] gave for this document.
    ///
    /// Costs no more than finding the end of the target. For any other offset it returns `None`, or whatever looks like a link
    /// there, if it is inside a quoted string.
    #[must_use]
    pub fn link_at(&self, offset: usize) -> Option<Link<'a>> {
        if !self.text.get(offset..)?.starts_with('<') {
            return None;
        }
        let target = Scanner::new(self.text, offset, Checked).target_here()?;
        Some(Link::new(self.text, offset, target))
    }

    /// Checks that every target and anchor is a URI or path-absolute: the Limited Link Format of [RFC 9176 Appendix C], which a
    /// registration must have.
    ///
    /// ```
    /// use waypost_link_format::{LinkDocument, ParseErrorKind};
    ///
    /// let document = LinkDocument::parse("</a>,<b/c>")?;
    /// let error = document.check_limited().unwrap_err();
    /// assert_eq!((error.kind, error.offset), (ParseErrorKind::RelativeTarget, 6));
    /// # Ok::<(), waypost_link_format::ParseError>(())
    /// ```
    ///
    /// # Errors
    /// The first target or anchor that is neither, or the first anchor that is no URI reference at all.
    ///
    /// [RFC 9176 Appendix C]: https://www.rfc-editor.org/rfc/rfc9176#appendix-C
    pub fn check_limited(&self) -> Result<(), ParseError> {
        for link in self.links() {
            if !is_limited(link.target()) {
                return Err(ParseError { kind: ParseErrorKind::RelativeTarget, offset: link.offset() + 1 });
            }
            for parameter in link.parameters().filter(|parameter| parameter.has_name("anchor")) {
                let anchor = parameter.value().unwrap_or_default();
                let kind = if !reference::is_reference(&anchor) {
                    ParseErrorKind::InvalidAnchor
                } else if !is_limited(&anchor) {
                    ParseErrorKind::RelativeAnchor
                } else {
                    continue;
                };
                return Err(ParseError { kind, offset: parameter.value_offset() });
            }
        }
        Ok(())
    }
}

impl<'a> IntoIterator for LinkDocument<'a> {
    type Item = Link<'a>;
    type IntoIter = Links<'a>;

    fn into_iter(self) -> Links<'a> {
        self.links()
    }
}

impl PartialEq for LinkDocument<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for LinkDocument<'_> {}

impl Hash for LinkDocument<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for LinkDocument<'_> {
    /// Writes the document as it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text)
    }
}

impl fmt::Debug for LinkDocument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkDocument({:?})", self.text)
    }
}

impl PartialEq<LinkDocumentBuf> for LinkDocument<'_> {
    fn eq(&self, other: &LinkDocumentBuf) -> bool {
        *self == other.as_document()
    }
}

/// Whether a reference starts with a scheme or with a single slash.
fn is_limited(reference: &str) -> bool {
    match reference.strip_prefix('/') {
        Some(rest) => !rest.starts_with('/'),
        None => reference::scheme_length(reference).is_some(),
    }
}

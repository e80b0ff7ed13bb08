use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::str::FromStr;

use crate::{Link, LinkBuf, LinkDocument, LinkWriter, Links, ParseError};

/// A valid link-format document, owned, without deviations: one buffer.
///
/// With the feature `serde` it is a string, which is checked when it is read.
///
/// ```
/// use waypost_link_format::{LinkDocument, LinkDocumentBuf};
///
/// let document = LinkDocumentBuf::parse("</a>;rt=x,</b>")?;
/// assert_eq!(document.as_document().links().count(), 2);
///
/// let folded = LinkDocument::parse_lenient("</a>;rt=x,\n  </b>,", |_| {})?;
/// assert_eq!(LinkDocumentBuf::from(folded), document);
/// # Ok::<(), waypost_link_format::ParseError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LinkDocumentBuf {
    text: Arc<str>,
}

impl LinkDocumentBuf {
    /// Parses a document by the grammar and keeps it.
    ///
    /// # Errors
    /// As [`LinkDocument::parse`].
    pub fn parse(text: impl Into<String>) -> Result<Self, ParseError> {
        let text = text.into();
        LinkDocument::parse(&text)?;
        Ok(Self { text: text.into() })
    }

    /// Returns the document, borrowed.
    #[inline]
    #[must_use]
    pub fn as_document(&self) -> LinkDocument<'_> {
        LinkDocument::checked(&self.text)
    }

    /// Returns the text as written.
    #[inline]
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns whether there are no links.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Returns the links, in order.
    #[must_use]
    pub fn links(&self) -> Links<'_> {
        self.as_document().links()
    }
}

impl From<LinkDocument<'_>> for LinkDocumentBuf {
    /// Copies the text; where it deviates from the grammar, only what is inside of it: each target and parameter stays as
    /// written, and what lenient parsing passed over is left out.
    fn from(document: LinkDocument<'_>) -> Self {
        if !document.deviates() {
            return Self { text: document.as_str().into() };
        }
        let mut text = String::with_capacity(document.as_str().len());
        for link in document {
            if !text.is_empty() {
                text.push(',');
            }
            push_as_written(&mut text, link);
        }
        Self { text: text.into() }
    }
}

impl FromIterator<LinkBuf> for LinkDocumentBuf {
    /// Joins links to a document, written as [`LinkWriter`] writes.
    fn from_iter<I: IntoIterator<Item = LinkBuf>>(links: I) -> Self {
        let mut text = String::new();
        let mut writer = LinkWriter::new(&mut text);
        for link in links {
            // Neither a link that is valid already nor a string refuses anything.
            let _ = writer.copy(link.as_link());
        }
        let _ = writer.finish();
        Self { text: text.into() }
    }
}

impl<'a> IntoIterator for &'a LinkDocumentBuf {
    type Item = Link<'a>;
    type IntoIter = Links<'a>;

    fn into_iter(self) -> Links<'a> {
        self.links()
    }
}

impl FromStr for LinkDocumentBuf {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        LinkDocument::parse(text).map(Self::from)
    }
}

impl AsRef<str> for LinkDocumentBuf {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for LinkDocumentBuf {
    /// Writes the document as it was written.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for LinkDocumentBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkDocumentBuf({:?})", self.text)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for LinkDocumentBuf {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for LinkDocumentBuf {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <String as serde::Deserialize>::deserialize(deserializer)?;
        Self::parse(text).map_err(serde::de::Error::custom)
    }
}

/// Appends a link with its parameters as written, and nothing between them but separators.
pub(crate) fn push_as_written(text: &mut String, link: Link<'_>) {
    use fmt::Write;

    text.extend(["<", link.target(), ">"]);
    for parameter in link.parameters() {
        // Writing to a string cannot fail.
        let _ = write!(text, ";{parameter}");
    }
}

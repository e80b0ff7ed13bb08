use alloc::string::String;
use core::fmt;

use crate::document_buf::push_as_written;
use crate::{Link, LinkWriter, reference};

/// An owned link, built by hand.
///
/// ```
/// use waypost_link_format::{LinkBuf, LinkDocumentBuf};
///
/// let temperature = LinkBuf::new("/sensors/temp")?.with("rt", "temperature-c")?.with_flag("obs")?;
/// let document: LinkDocumentBuf = [temperature, LinkBuf::new("/sensors/light")?].into_iter().collect();
/// assert_eq!(document.as_str(), r#"</sensors/temp>;rt="temperature-c";obs,</sensors/light>"#);
/// # Ok::<(), waypost_link_format::InvalidLink>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkBuf {
    text: String,
}

impl LinkBuf {
    /// Returns a link without parameters.
    ///
    /// # Errors
    /// When `target` is not a URI reference.
    pub fn new(target: &str) -> Result<Self, InvalidLink> {
        if !reference::is_reference(target) {
            return Err(InvalidLink(()));
        }
        Ok(Self { text: ["<", target, ">"].concat() })
    }

    /// Adds a parameter. The link is then written as [`LinkWriter`] writes.
    ///
    /// # Errors
    /// When `name` cannot name a parameter (`href` cannot), and when `name` ends in `*` and `value` is not of the form
    /// `charset'language'text`.
    pub fn with(self, name: &str, value: &str) -> Result<Self, InvalidLink> {
        self.rewrite(|writer| writer.attribute(name, value).map(drop))
    }

    /// Adds a parameter without a value. The link is then written as [`LinkWriter`] writes.
    ///
    /// # Errors
    /// When `name` cannot name a flag.
    pub fn with_flag(self, name: &str) -> Result<Self, InvalidLink> {
        self.rewrite(|writer| writer.flag(name).map(drop))
    }

    /// Returns the link, borrowed.
    #[must_use]
    pub fn as_link(&self) -> Link<'_> {
        let target = self.text[1..].split('>').next().unwrap_or_default();
        Link::new(&self.text, 0, target)
    }

    fn rewrite(self, add: impl FnOnce(&mut LinkWriter<'_, String>) -> fmt::Result) -> Result<Self, InvalidLink> {
        let mut text = String::with_capacity(self.text.len() + 32);
        let mut writer = LinkWriter::new(&mut text);
        let written =
            writer.copy(self.as_link()).map(drop).and_then(|()| add(&mut writer)).and_then(|()| writer.finish());
        written.map_err(|_| InvalidLink(()))?;
        Ok(Self { text })
    }
}

impl From<Link<'_>> for LinkBuf {
    /// Copies the target and the parameters as they are written.
    fn from(link: Link<'_>) -> Self {
        let mut text = String::new();
        push_as_written(&mut text, link);
        Self { text }
    }
}

impl fmt::Display for LinkBuf {
    /// Writes the link.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for LinkBuf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkBuf({})", self.text)
    }
}

/// A target, the name of a parameter, or a value that cannot be part of a link.
///
/// ```
/// use waypost_link_format::LinkBuf;
///
/// assert!(LinkBuf::new("not a reference").is_err());
/// assert!(LinkBuf::new("/a")?.with("href", "/b").is_err());
/// # Ok::<(), waypost_link_format::InvalidLink>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid link target, parameter name or value")]
pub struct InvalidLink(());

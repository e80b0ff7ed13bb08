use alloc::string::String;
use core::fmt;

/// A text of so many bytes at most, for a [`LinkWriter`](crate::LinkWriter) to write what others cause.
///
/// What has no room is an error, and is not written in part.
///
/// ```
/// use waypost_link_format::{BoundedText, LinkWriter};
///
/// let mut text = BoundedText::new(10);
/// let mut writer = LinkWriter::new(&mut text);
/// writer.link("/light")?;
/// writer.link("/temp")?;
/// writer.finish().expect_err("no room for its comma and seven bytes");
/// assert_eq!(text.as_str(), "</light>");
/// # Ok::<(), core::fmt::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BoundedText {
    text: String,
    limit: usize,
}

impl BoundedText {
    /// Makes an empty text that takes `limit` bytes at most.
    #[must_use]
    pub const fn new(limit: usize) -> Self {
        Self { text: String::new(), limit }
    }

    /// Makes an empty text, with room from the beginning for `capacity` bytes, or for `limit` if that is less.
    #[must_use]
    pub fn with_capacity(limit: usize, capacity: usize) -> Self {
        Self { text: String::with_capacity(capacity.min(limit)), limit }
    }

    /// Returns what was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns what was written.
    #[must_use]
    pub fn into_string(self) -> String {
        self.text
    }
}

impl fmt::Write for BoundedText {
    fn write_str(&mut self, part: &str) -> fmt::Result {
        if part.len() > self.limit - self.text.len() {
            return Err(fmt::Error);
        }
        self.text.push_str(part);
        Ok(())
    }
}

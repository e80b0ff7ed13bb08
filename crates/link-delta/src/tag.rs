use core::fmt;

/// The name of one state of a set of links: the entity tag of its representation, one to eight opaque bytes
/// ([RFC 7252 §5.10.6]).
///
/// ```
/// use waypost_link_delta::Tag;
///
/// assert_eq!(Tag::new(&[1, 2])?.as_bytes(), [1, 2]);
/// assert!(Tag::new(&[]).is_err());
/// # Ok::<(), waypost_link_delta::InvalidTag>(())
/// ```
///
/// [RFC 7252 §5.10.6]: https://www.rfc-editor.org/rfc/rfc7252#section-5.10.6
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    bytes: [u8; 8],
    len: u8,
}

impl Tag {
    /// Makes a tag.
    ///
    /// # Errors
    /// [`InvalidTag`] unless there are one to eight bytes.
    pub fn new(tag: &[u8]) -> Result<Self, InvalidTag> {
        let mut bytes = [0; 8];
        match bytes.get_mut(..tag.len()) {
            Some(start) if !tag.is_empty() => start.copy_from_slice(tag),
            _ => return Err(InvalidTag(())),
        }
        Ok(Self { bytes, len: tag.len() as u8 })
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// The error for a tag that is empty or longer than eight bytes.
///
/// ```
/// assert!(waypost_link_delta::Tag::new(&[0; 9]).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tag has one to eight bytes")]
pub struct InvalidTag(());

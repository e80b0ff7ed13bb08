use core::fmt;
use core::hash::Hasher as _;

use siphasher::sip::SipHasher24;

/// The name of one representation of a resource: one to eight opaque bytes ([RFC 7252 §5.10.6]).
///
/// ```
/// use waypost_rest::ETag;
///
/// assert_eq!(ETag::new(&[1, 2])?.as_bytes(), [1, 2]);
/// assert!(ETag::new(&[]).is_err());
/// # Ok::<(), waypost_rest::InvalidETag>(())
/// ```
///
/// [RFC 7252 §5.10.6]: https://www.rfc-editor.org/rfc/rfc7252#section-5.10.6
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ETag {
    bytes: [u8; 8],
    len: u8,
}

/// The error for an entity tag that is empty or longer than eight bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an entity tag has one to eight bytes")]
pub struct InvalidETag(());

impl ETag {
    /// Makes an entity tag.
    ///
    /// # Errors
    /// [`InvalidETag`] unless there are one to eight bytes.
    pub fn new(tag: &[u8]) -> Result<Self, InvalidETag> {
        let mut bytes = [0; 8];
        match bytes.get_mut(..tag.len()) {
            Some(slot) if !tag.is_empty() => slot.copy_from_slice(tag),
            _ => return Err(InvalidETag(())),
        }
        Ok(Self { bytes, len: tag.len() as u8 })
    }

    /// Makes the entity tag of eight bytes that stands for a hash of the representation.
    #[must_use]
    pub const fn from_hash(hash: u64) -> Self {
        Self { bytes: hash.to_be_bytes(), len: 8 }
    }

    /// Returns the entity tag of a payload. It depends on the payload alone, so that all who serve the same agree.
    ///
    /// ```
    /// use waypost_rest::ETag;
    ///
    /// assert_eq!(ETag::of(b"</temp>"), ETag::of(b"</temp>"));
    /// assert_ne!(ETag::of(b"</temp>"), ETag::of(b"</light>"));
    /// ```
    #[must_use]
    pub fn of(payload: &[u8]) -> Self {
        let mut hasher = SipHasher24::new();
        hasher.write(payload);
        Self::from_hash(hasher.finish())
    }

    /// Returns the bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}

impl fmt::Debug for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

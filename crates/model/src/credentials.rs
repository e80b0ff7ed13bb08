use alloc::boxed::Box;
use alloc::vec::Vec;

/// What a registrant proved about itself, opaque: a set of byte strings.
///
/// First Come First Remembered ([RFC 9176 §7.5]) compares them: later operations on a registration must show all that it
/// was made with. The empty set stands for a registrant that proved nothing.
///
/// ```
/// use waypost_model::Credentials;
///
/// let stored = Credentials::new([b"key 1".to_vec()]);
/// let shown = Credentials::new([b"key 1".to_vec(), b"key 2".to_vec()]);
/// assert!(stored.is_met_by(&shown));
/// assert!(!shown.is_met_by(&stored));
/// ```
///
/// [RFC 9176 §7.5]: https://www.rfc-editor.org/rfc/rfc9176#section-7.5
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(from = "Vec<Box<[u8]>>", into = "Vec<Box<[u8]>>"))]
pub struct Credentials(Vec<Box<[u8]>>);

impl Credentials {
    /// Makes a set; order and repetition do not count.
    pub fn new<B: Into<Box<[u8]>>>(proofs: impl IntoIterator<Item = B>) -> Self {
        proofs.into_iter().map(Into::into).collect::<Vec<_>>().into()
    }

    /// Returns the proofs, sorted.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.0.iter().map(|proof| &**proof)
    }

    /// Returns whether nothing was proved.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns whether all of `self` is in `shown`.
    #[must_use]
    pub fn is_met_by(&self, shown: &Self) -> bool {
        self.0.iter().all(|proof| shown.0.binary_search(proof).is_ok())
    }
}

impl From<Vec<Box<[u8]>>> for Credentials {
    fn from(mut proofs: Vec<Box<[u8]>>) -> Self {
        proofs.sort_unstable();
        proofs.dedup();
        Self(proofs)
    }
}

impl From<Credentials> for Vec<Box<[u8]>> {
    fn from(credentials: Credentials) -> Self {
        credentials.0
    }
}

use crate::{EndpointName, Origin, Sector};

/// What a registration is known by: where it was made, its sector, its endpoint name ([RFC 9176 §5]).
///
/// ```
/// use waypost_model::{EndpointName, Key};
///
/// let key = Key::local(None, EndpointName::new("node1").unwrap());
/// assert!(key.origin.is_local());
/// ```
///
/// [RFC 9176 §5]: https://www.rfc-editor.org/rfc/rfc9176#section-5
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Key {
    /// Where the registration was made.
    pub origin: Origin,
    /// The sector; absent where the registrant named none.
    pub sector: Option<Sector>,
    /// The endpoint name, unique in its sector.
    pub endpoint: EndpointName,
}

impl Key {
    /// Makes the key of a registration at this directory's own authority.
    #[must_use]
    pub const fn local(sector: Option<Sector>, endpoint: EndpointName) -> Self {
        Self { origin: Origin::Local, sector, endpoint }
    }
}

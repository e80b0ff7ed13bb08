use alloc::boxed::Box;
use alloc::string::{String, ToString};
use core::fmt;

use iri_string::types::{UriAbsoluteStr, UriReferenceStr};
use waypost_link_format::Link;

use crate::{InvalidLocation, Location};

/// Where the information in a link was obtained from: the `provenance` link attribute of the replication draft.
///
/// Its value is a URI reference that is resolved like an anchor. A directory shows the location of the registration with
/// each link of a resource look-up.
///
/// ```
/// use waypost_model::{Location, Provenance};
///
/// let provenance = Provenance::from(Location::new("/reg/1234").unwrap());
/// assert!(provenance.matches("/reg/1234") && provenance.matches("/*"));
/// let resolved = provenance.resolve("coap://rd.example/rd-lookup/res").unwrap();
/// assert_eq!(resolved.as_str(), "coap://rd.example/reg/1234");
/// assert!(!resolved.matches("/*"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Provenance(Box<str>);

impl Provenance {
    /// The name of the link attribute, and of the query parameter that asks for it.
    pub const ATTRIBUTE: &'static str = "provenance";

    /// Reads a URI reference.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn new(reference: &str) -> Result<Self, InvalidProvenance> {
        UriReferenceStr::new(reference).map_err(|_| InvalidProvenance(()))?;
        Ok(Self(reference.into()))
    }

    /// Reads the provenance that a link shows; of several the last counts.
    ///
    /// Returns `None` when it shows none, or the last is no URI reference.
    ///
    /// ```
    /// use waypost_link_format::LinkDocument;
    /// use waypost_model::Provenance;
    ///
    /// let document = LinkDocument::parse(r#"<coap://[2001:db8::1]/t>;provenance="/a";provenance="/reg/42""#).unwrap();
    /// let provenance = Provenance::of(&document.links().next().unwrap()).unwrap();
    /// assert_eq!(provenance.as_str(), "/reg/42");
    /// ```
    #[must_use]
    pub fn of(link: &Link<'_>) -> Option<Self> {
        let last = link.parameters().filter(|parameter| parameter.has_name(Self::ATTRIBUTE)).last()?;
        Self::new(&last.value()?).ok()
    }

    /// Resolves the reference against the URI of the document that it was found in ([RFC 3986 §5]).
    ///
    /// # Errors
    ///
    /// When `base` is no absolute URI.
    ///
    /// [RFC 3986 §5]: https://www.rfc-editor.org/rfc/rfc3986#section-5
    pub fn resolve(&self, base: &str) -> Result<Self, InvalidProvenance> {
        let base = base.split('#').next().unwrap_or(base);
        let base = UriAbsoluteStr::new(base).map_err(|_| InvalidProvenance(()))?;
        let reference = UriReferenceStr::new(self.as_str()).map_err(|_| InvalidProvenance(()))?;
        Self::new(&reference.resolve_against(base).to_string())
    }

    /// Returns whether the reference, as it is, meets a criterion of a query ([RFC 9176 §6.2]): it is equal, or begins with
    /// what stands before a trailing `*`.
    ///
    /// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
    #[must_use]
    pub fn matches(&self, criterion: &str) -> bool {
        match criterion.strip_suffix('*') {
            Some(prefix) => self.0.starts_with(prefix),
            None => *self.0 == *criterion,
        }
    }

    /// Returns the location of the registration that the reference names.
    ///
    /// # Errors
    ///
    /// When the reference is neither path-absolute nor a URI, or has a query or a fragment.
    pub fn to_location(&self) -> Result<Location, InvalidLocation> {
        Location::new(&self.0)
    }

    /// Returns the reference.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Provenance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Location> for Provenance {
    fn from(location: Location) -> Self {
        Self(String::from(location).into())
    }
}

impl TryFrom<String> for Provenance {
    type Error = InvalidProvenance;

    fn try_from(reference: String) -> Result<Self, InvalidProvenance> {
        Self::new(&reference)
    }
}

impl From<Provenance> for String {
    fn from(provenance: Provenance) -> Self {
        provenance.0.into()
    }
}

/// Says that a text is no provenance.
///
/// ```
/// use waypost_model::Provenance;
///
/// assert!(Provenance::new("not a reference").is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a URI reference")]
pub struct InvalidProvenance(());

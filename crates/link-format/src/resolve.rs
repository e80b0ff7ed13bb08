use alloc::borrow::Cow;
use alloc::string::{String, ToString};

use iri_string::types::{IriAbsoluteStr, IriReferenceStr};

use crate::reference;

/// Resolves a reference against a base URI ([RFC 3986 §5]).
///
/// A reference that is a URI already is returned as it is, unmodified, as [RFC 9176 §6.1] has it. A fragment of the base is
/// ignored. Letters of other scripts may stand in both. To resolve several references against one base, see [`Base`].
///
/// ```
/// use waypost_link_format::resolve;
///
/// assert_eq!(resolve("coap://[2001:db8::1]:61616/x/y", "/sensors/temp")?, "coap://[2001:db8::1]:61616/sensors/temp");
/// assert_eq!(resolve("coap://[2001:db8::1]:61616/x/y", "z")?, "coap://[2001:db8::1]:61616/x/z");
/// assert_eq!(resolve("coap://[2001:db8::1]", "http://example.com/a/../b")?, "http://example.com/a/../b");
/// # Ok::<(), waypost_link_format::InvalidReference>(())
/// ```
///
/// # Errors
/// When the base is not a URI, or when the reference is not a URI reference.
///
/// [RFC 3986 §5]: https://www.rfc-editor.org/rfc/rfc3986#section-5
/// [RFC 9176 §6.1]: https://www.rfc-editor.org/rfc/rfc9176#section-6.1
pub fn resolve<'r>(base: &str, reference: &'r str) -> Result<Cow<'r, str>, InvalidReference> {
    Base::new(base)?.resolve(reference)
}

/// A base URI against which references are resolved.
///
/// ```
/// use waypost_link_format::Base;
///
/// let base = Base::new("coap://[2001:db8::1]:61616")?;
/// assert_eq!(base.resolve("/sensors/temp")?, "coap://[2001:db8::1]:61616/sensors/temp");
/// assert_eq!(base.resolve("/sensors/light")?, "coap://[2001:db8::1]:61616/sensors/light");
/// # Ok::<(), waypost_link_format::InvalidReference>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Base<'b> {
    uri: &'b str,
    origin: Option<&'b str>,
}

impl<'b> Base<'b> {
    /// Checks a base URI.
    ///
    /// # Errors
    /// When it is not a URI: no URI reference at all, or one without a scheme.
    pub fn new(uri: &'b str) -> Result<Self, InvalidReference> {
        if reference::scheme_length(uri).is_none() || !reference::is_reference(uri) {
            return Err(InvalidReference(()));
        }
        Ok(Self { uri, origin: origin(uri) })
    }

    /// Returns the base as given.
    #[must_use]
    pub fn as_str(&self) -> &'b str {
        self.uri
    }

    /// Resolves a reference against the base, as [`resolve`] does.
    ///
    /// # Errors
    /// When the reference is not a URI reference.
    pub fn resolve<'r>(&self, reference: &'r str) -> Result<Cow<'r, str>, InvalidReference> {
        if !reference::is_reference(reference) {
            return Err(InvalidReference(()));
        }
        if reference::scheme_length(reference).is_some() {
            return Ok(Cow::Borrowed(reference));
        }
        match self.origin {
            Some(origin) if is_plain_absolute_path(reference) => Ok(Cow::Owned([origin, reference].concat())),
            _ => resolve_by_library(self.uri, reference).map(Cow::Owned),
        }
    }
}

/// Returns scheme and authority of a URI, such as `coap://host:port`: its origin as written. `None` when it has no authority.
///
/// ```
/// use waypost_link_format::origin;
///
/// assert_eq!(origin("coap://[2001:db8::1]:61616/sensors?x#y"), Some("coap://[2001:db8::1]:61616"));
/// assert_eq!(origin("urn:example:a"), None);
/// assert_eq!(origin("/sensors"), None);
/// ```
#[must_use]
pub fn origin(uri: &str) -> Option<&str> {
    let scheme = reference::scheme_length(uri)?;
    let authority = uri[scheme..].strip_prefix("://")?;
    let length = authority.bytes().position(|octet| matches!(octet, b'/' | b'?' | b'#')).unwrap_or(authority.len());
    Some(&uri[..scheme + 3 + length])
}

/// A base or a reference that is not what its grammar says.
///
/// ```
/// use waypost_link_format::resolve;
///
/// assert!(resolve("coap://host", "not a reference").is_err());
/// assert!(resolve("/not/a/base", "x").is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a valid URI reference")]
pub struct InvalidReference(());

/// Whether a reference starts with a single slash and has nothing that looks like a dot segment.
fn is_plain_absolute_path(reference: &str) -> bool {
    let octets = reference.as_bytes();
    octets.first() == Some(&b'/') && octets.get(1) != Some(&b'/') && !octets.windows(2).any(|pair| pair == b"/.")
}

#[cold]
fn resolve_by_library(base: &str, reference: &str) -> Result<String, InvalidReference> {
    let base = base.split('#').next().unwrap_or_default();
    let base = IriAbsoluteStr::new(base).map_err(|_| InvalidReference(()))?;
    let reference = IriReferenceStr::new(reference).map_err(|_| InvalidReference(()))?;
    Ok(reference.resolve_against(base).to_string())
}

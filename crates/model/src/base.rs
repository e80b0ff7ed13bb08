use alloc::boxed::Box;
use core::fmt;

use iri_string::types::UriStr;

use crate::host::{Host, has_valid_port};

/// The URI that the relative references of a registration are resolved against, `base` ([RFC 9176 §5]).
///
/// It is a URI with a host, so that every path-absolute reference can be resolved against it, and has no zone identifier.
/// It is kept as given.
///
/// # Deviation
///
/// RFC 9176 says that a base SHOULD NOT have a query or a fragment. One that has is refused: neither takes part in
/// resolution, so a registrant that sends one expects something that will not happen.
///
/// ```
/// use waypost_model::{Base, BaseSource};
///
/// let base = Base::given("coap://[fe80::1]:61616/sensors/").unwrap();
/// assert_eq!(base.origin(), "coap://[fe80::1]:61616");
/// assert!(base.is_link_local());
/// assert_eq!(base.source(), BaseSource::Given);
/// assert_eq!(Base::given("/sensors").unwrap_err().to_string(), "must be an absolute URI");
/// ```
///
/// [RFC 9176 §5]: https://www.rfc-editor.org/rfc/rfc9176#section-5
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "form::Form", into = "form::Form"))]
pub struct Base {
    uri: Box<str>,
    source: BaseSource,
}

impl Base {
    /// Takes a base that the registrant gave.
    ///
    /// # Errors
    ///
    /// When it is no absolute URI with a host, or has a zone identifier, a query or a fragment.
    pub fn given(uri: &str) -> Result<Self, InvalidBase> {
        Self::new(uri, BaseSource::Given)
    }

    /// Takes a base that the registrant did not give: scheme, address and port that its request came from.
    ///
    /// # Errors
    ///
    /// As [`Base::given`].
    pub fn observed(uri: &str) -> Result<Self, InvalidBase> {
        Self::new(uri, BaseSource::Observed)
    }

    /// Takes a base with its source.
    ///
    /// # Errors
    ///
    /// As [`Base::given`].
    pub fn new(uri: &str, source: BaseSource) -> Result<Self, InvalidBase> {
        check(uri)?;
        Ok(Self { uri: uri.into(), source })
    }

    /// Returns the URI as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.uri
    }

    /// Returns whether the registrant gave the base, or it is where the request came from.
    #[must_use]
    pub const fn source(&self) -> BaseSource {
        self.source
    }

    /// Returns scheme, host and port as given: the URI without its path.
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.uri[..self.host_start() + self.authority().len()]
    }

    /// Returns whether the host is an address that means something on one link only.
    ///
    /// These are fe80::/10, 169.254.0.0/16, and the multicast groups of link-local scope.
    #[must_use]
    pub fn is_link_local(&self) -> bool {
        let authority = self.authority();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        let host = match host.find(']') {
            Some(end) => &host[..=end],
            None => host.split(':').next().unwrap_or(host),
        };
        Host::new(host).is_link_local()
    }

    fn host_start(&self) -> usize {
        self.uri.find("://").map_or(0, |at| at + 3)
    }

    fn authority(&self) -> &str {
        let rest = &self.uri[self.host_start()..];
        rest.split('/').next().unwrap_or(rest)
    }
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.uri)
    }
}

/// Where a [`Base`] comes from.
///
/// It decides what an update without a base does ([RFC 9176 §5.3.1]): a given base is kept, an observed one follows the
/// source of the update.
///
/// ```
/// use waypost_model::{Base, BaseSource};
///
/// let base = Base::observed("coap://[2001:db8::1]").unwrap();
/// assert_eq!(base.source(), BaseSource::Observed);
/// ```
///
/// [RFC 9176 §5.3.1]: https://www.rfc-editor.org/rfc/rfc9176#section-5.3.1
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum BaseSource {
    /// The registrant gave it.
    Given,
    /// It is the source address of the registrant's request.
    Observed,
}

/// Says why a text is no base URI.
///
/// ```
/// use waypost_model::Base;
///
/// let error = Base::given("coap://[2001:db8::1]/?x").unwrap_err();
/// assert_eq!(error.to_string(), "must not have a query or fragment");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidBase(Rule);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Rule {
    #[error("must be an absolute URI")]
    NotUri,
    #[error("must have a host")]
    NoHost,
    #[error("must not have a zone identifier")]
    Zone,
    #[error("must have a port of at most 65535")]
    Port,
    #[error("must not have a query or fragment")]
    More,
}

fn check(uri: &str) -> Result<(), InvalidBase> {
    if has_zone(uri) {
        return Err(InvalidBase(Rule::Zone));
    }
    let uri = UriStr::new(uri).map_err(|_| InvalidBase(Rule::NotUri))?;
    if uri.query().is_some() || uri.fragment().is_some() {
        return Err(InvalidBase(Rule::More));
    }
    let authority = uri.authority_components().ok_or(InvalidBase(Rule::NoHost))?;
    if authority.host().is_empty() {
        return Err(InvalidBase(Rule::NoHost));
    }
    if !has_valid_port(authority.port()) {
        return Err(InvalidBase(Rule::Port));
    }
    Ok(())
}

/// Whether an address literal has a percent sign, as it is written in URIs and out of them (RFC 6874).
fn has_zone(uri: &str) -> bool {
    let authority = uri.split_once("://").map_or("", |(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or(""));
    authority.find('[').is_some_and(|start| {
        let end = authority[start..].find(']').map_or(authority.len(), |end| start + end);
        authority[start..end].contains('%')
    })
}

#[cfg(feature = "serde")]
mod form {
    use alloc::string::String;

    use super::{Base, BaseSource, InvalidBase};

    #[derive(serde::Serialize, serde::Deserialize)]
    pub(super) struct Form {
        uri: String,
        source: BaseSource,
    }

    impl TryFrom<Form> for Base {
        type Error = InvalidBase;

        fn try_from(form: Form) -> Result<Self, InvalidBase> {
            Self::new(&form.uri, form.source)
        }
    }

    impl From<Base> for Form {
        fn from(base: Base) -> Self {
            Self { uri: base.uri.into(), source: base.source }
        }
    }
}

use waypost_link_format::LinkDocumentBuf;

use crate::{Attributes, Base, Credentials, EndpointName, Key, Lifetime, Sector};

/// What one endpoint tells the directory when it registers ([RFC 9176 §5]).
///
/// ```
/// use waypost_link_format::LinkDocumentBuf;
/// use waypost_model::{Base, EndpointName, Lifetime, Registration};
///
/// let endpoint = EndpointName::new("node1").unwrap();
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
/// let registration = Registration::new(endpoint, base, LinkDocumentBuf::default());
/// assert_eq!(registration.lifetime, Lifetime::DEFAULT);
/// ```
///
/// [RFC 9176 §5]: https://www.rfc-editor.org/rfc/rfc9176#section-5
#[derive(Debug, Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Registration {
    /// The sector, where one was named.
    pub sector: Option<Sector>,
    /// The endpoint name.
    pub endpoint: EndpointName,
    /// What relative references are resolved against.
    pub base: Base,
    /// How long it lasts without a renewal.
    pub lifetime: Lifetime,
    /// The endpoint attributes.
    pub attributes: Attributes,
    /// The links, as registered.
    pub links: LinkDocumentBuf,
    /// The zone it was made in, by an interface number of the host, when that matters: a link-local base is shown there
    /// alone.
    pub zone: Option<u32>,
    /// What the registrant proved.
    pub credentials: Credentials,
}

impl Registration {
    /// Makes a registration without a sector, attributes, zone and credentials, of the default lifetime.
    #[must_use]
    pub fn new(endpoint: EndpointName, base: Base, links: LinkDocumentBuf) -> Self {
        Self {
            sector: None,
            endpoint,
            base,
            lifetime: Lifetime::DEFAULT,
            attributes: Attributes::default(),
            links,
            zone: None,
            credentials: Credentials::default(),
        }
    }

    /// Returns the key of the registration at this directory's own authority.
    #[must_use]
    pub fn key(&self) -> Key {
        Key::local(self.sector.clone(), self.endpoint.clone())
    }
}

/// What an update of a registration changes ([RFC 9176 §5.3.1]); what is not given stays. An empty one is a renewal.
///
/// ```
/// use waypost_model::{Lifetime, Update};
///
/// assert!(Update::default().is_empty());
/// let update = Update { lifetime: Some(Lifetime::from_secs(600).unwrap()), ..Update::default() };
/// assert!(!update.is_empty());
/// ```
///
/// [RFC 9176 §5.3.1]: https://www.rfc-editor.org/rfc/rfc9176#section-5.3.1
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub struct Update {
    /// A new base.
    pub base: Option<Base>,
    /// The zone that the new base is in, as [`Registration::zone`]; it counts with a base alone.
    pub zone: Option<u32>,
    /// A new lifetime.
    pub lifetime: Option<Lifetime>,
    /// Attributes to set; each name given replaces all values of that name.
    pub attributes: Attributes,
    /// New links in place of all the old.
    pub links: Option<LinkDocumentBuf>,
}

impl Update {
    /// Returns whether nothing is changed, so that it is a renewal.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.base.is_none() && self.lifetime.is_none() && self.attributes.is_empty() && self.links.is_none()
    }
}

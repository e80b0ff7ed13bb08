use alloc::string::{String, ToString};
use alloc::vec::Vec;

use waypost_link_format::{LinkDocumentBuf, ParseError};
use waypost_model::{Attributes, Base, EndpointName, InvalidRegistration, Lifetime, Parameters, Sector};

/// What a registrant tells a directory of an endpoint ([RFC 9176 §5]).
///
/// ```
/// use waypost_client::Description;
/// use waypost_model::Lifetime;
///
/// let mut description = Description::parse("ep=node1&base=coap://[2001:db8::1]", r#"</temp>;rt="temperature-c""#)?;
/// description.lifetime = Some(Lifetime::from_secs(3600)?);
/// assert_eq!(description.links().as_str(), r#"</temp>;rt="temperature-c""#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// [RFC 9176 §5]: https://www.rfc-editor.org/rfc/rfc9176#section-5
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The endpoint name; none where the directory knows the registrant and assigns it.
    pub endpoint: Option<EndpointName>,
    /// Names to go by when the directory rejects the first, in turn
    /// ([RFC 9176 §7.5](https://www.rfc-editor.org/rfc/rfc9176#section-7.5)).
    pub alternatives: Vec<EndpointName>,
    /// The sector, where one is to be named.
    pub sector: Option<Sector>,
    /// How long the registration lasts without a renewal; none for the 90000 seconds that a directory assumes.
    pub lifetime: Option<Lifetime>,
    /// What the links are relative to. It has to be given unless the requests come from the very address and port that the
    /// endpoint serves at, and can be reached at by everybody: from an ephemeral port, from behind a NAT, for a third party.
    pub base: Option<Base>,
    /// Further endpoint attributes.
    pub attributes: Attributes,
    links: LinkDocumentBuf,
}

impl Description {
    /// Makes the description of an endpoint without links.
    #[must_use]
    pub fn new(endpoint: EndpointName) -> Self {
        Self { endpoint: Some(endpoint), ..Self::unnamed() }
    }

    /// Makes the description of an endpoint that the directory names.
    #[must_use]
    pub fn unnamed() -> Self {
        Self {
            endpoint: None,
            alternatives: Vec::new(),
            sector: None,
            lifetime: None,
            base: None,
            attributes: Attributes::default(),
            links: LinkDocumentBuf::default(),
        }
    }

    /// Reads a description as a request would make it: parameters in a query string, links in Limited Link Format.
    ///
    /// # Errors
    ///
    /// The first parameter that is not valid, or where the links leave the grammar or the Limited Link Format.
    pub fn parse(query: &str, links: &str) -> Result<Self, InvalidRegistration> {
        let parameters = Parameters::parse(query)?;
        let description = Self {
            endpoint: parameters.endpoint,
            sector: parameters.sector,
            lifetime: parameters.lifetime,
            base: parameters.base,
            attributes: parameters.attributes,
            ..Self::unnamed()
        };
        Ok(description.with_links(LinkDocumentBuf::parse(links)?)?)
    }

    /// Returns the description with these links.
    ///
    /// # Errors
    ///
    /// The first target or anchor that is neither a URI nor path-absolute, as the Limited Link Format requires
    /// ([RFC 9176 Appendix C](https://www.rfc-editor.org/rfc/rfc9176#appendix-C)).
    pub fn with_links(mut self, links: LinkDocumentBuf) -> Result<Self, ParseError> {
        links.as_document().check_limited()?;
        self.links = links;
        Ok(self)
    }

    /// Returns the links.
    #[must_use]
    pub const fn links(&self) -> &LinkDocumentBuf {
        &self.links
    }

    /// Returns the name to go by at the `nth` attempt, from zero.
    pub(crate) fn name(&self, nth: usize) -> Option<&EndpointName> {
        match nth.checked_sub(1) {
            None => self.endpoint.as_ref(),
            Some(alternative) => self.alternatives.get(alternative),
        }
    }
}

/// What was told to a directory: a description under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) description: Description,
    pub(crate) name: Option<EndpointName>,
}

/// What has to be told to bring a directory up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Difference {
    /// Nothing.
    None,
    /// These arguments of an update.
    Update(Vec<String>),
    /// These arguments of an update, and a link delta that goes with them.
    Patch(Vec<String>),
    /// The whole registration, because an update could not take away what is gone (RFC 9176 §5.3.1).
    Register,
    /// It is another registration.
    Other,
}

impl Told {
    /// Returns the arguments of a registration.
    pub(crate) fn arguments(&self, is_simple: bool) -> Vec<String> {
        let description = &self.description;
        let mut arguments = Vec::new();
        if let Some(name) = &self.name {
            arguments.push(["ep=", name.as_str()].concat());
        }
        if let Some(sector) = &description.sector {
            arguments.push(["d=", sector.as_str()].concat());
        }
        if let Some(lifetime) = description.lifetime {
            arguments.push(["lt=", &lifetime.as_secs().to_string()].concat());
        }
        if let Some(base) = description.base.as_ref().filter(|_| !is_simple) {
            arguments.push(["base=", base.as_str()].concat());
        }
        arguments.extend(description.attributes.iter().map(|(name, value)| argument(name, value)));
        arguments
    }

    /// Compares what was told with what is to be told.
    pub(crate) fn difference(&self, wanted: &Self) -> Difference {
        let (old, new) = (&self.description, &wanted.description);
        if self.name != wanted.name || old.sector != new.sector {
            return Difference::Other;
        }
        let is_taken_away = old.base.is_some() && new.base.is_none()
            || old.lifetime.is_some() && new.lifetime.is_none()
            || old.attributes.by_name().any(|(name, _)| new.attributes.values(name).next().is_none());
        if is_taken_away {
            return Difference::Register;
        }
        let mut arguments = Vec::new();
        if let Some(lifetime) = new.lifetime.filter(|_| old.lifetime != new.lifetime) {
            arguments.push(["lt=", &lifetime.as_secs().to_string()].concat());
        }
        if let Some(base) = new.base.as_ref().filter(|_| old.base != new.base) {
            arguments.push(["base=", base.as_str()].concat());
        }
        for (name, values) in new.attributes.by_name() {
            if !old.attributes.values(name).eq(values.iter().map(Option::as_deref)) {
                arguments.extend(values.iter().map(|value| argument(name, value.as_deref())));
            }
        }
        match (old.links == new.links, arguments.is_empty()) {
            (true, true) => Difference::None,
            (true, false) => Difference::Update(arguments),
            (false, _) => Difference::Patch(arguments),
        }
    }
}

fn argument(name: &str, value: Option<&str>) -> String {
    match value {
        Some(value) => [name, "=", value].concat(),
        None => name.into(),
    }
}

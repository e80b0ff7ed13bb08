use alloc::boxed::Box;

use percent_encoding::percent_decode_str;
use waypost_link_format::{LinkDocumentBuf, ParseError};

use crate::{
    Attributes, Base, EndpointName, InvalidAttribute, InvalidBase, InvalidLifetime, InvalidName, Lifetime,
    Registration, Sector,
};

/// The parameters of a registration or an update, as its query gives them ([RFC 9176 §5, §9.3]).
///
/// What is none of `ep`, `d`, `lt` and `base` is an endpoint attribute. Which parameters an interface needs or refuses is for
/// the interface to say.
///
/// ```
/// use waypost_model::Parameters;
///
/// let parameters = Parameters::from_arguments(["ep=node1", "lt=600", "et=ex.boiler"])?;
/// assert_eq!(parameters.endpoint.unwrap().as_str(), "node1");
/// assert!(parameters.base.is_none());
/// assert!(parameters.attributes.values("et").eq([Some("ex.boiler")]));
/// # Ok::<(), waypost_model::InvalidParameter>(())
/// ```
///
/// [RFC 9176 §5, §9.3]: https://www.rfc-editor.org/rfc/rfc9176#section-9.3
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parameters {
    /// `ep`.
    pub endpoint: Option<EndpointName>,
    /// `d`.
    pub sector: Option<Sector>,
    /// `lt`.
    pub lifetime: Option<Lifetime>,
    /// `base`.
    pub base: Option<Base>,
    /// All the others.
    pub attributes: Attributes,
}

impl Parameters {
    /// Reads decoded arguments, each `name` or `name=value`, such as the Uri-Query options of a CoAP request carry. Empty ones are
    /// skipped.
    ///
    /// # Errors
    ///
    /// The first argument that is not valid, or that repeats `ep`, `d`, `lt` or `base`.
    pub fn from_arguments<S: AsRef<str>>(arguments: impl IntoIterator<Item = S>) -> Result<Self, InvalidParameter> {
        let mut parameters = Self::default();
        for argument in arguments {
            parameters.take(argument.as_ref())?;
        }
        Ok(parameters)
    }

    /// Reads a query string, `ep=node1&lt=600`, percent-decoded.
    ///
    /// # Errors
    ///
    /// As [`Parameters::from_arguments`], and an argument that is not UTF-8 when percent-decoded.
    pub fn parse(query: &str) -> Result<Self, InvalidParameter> {
        let mut parameters = Self::default();
        for argument in query.split('&') {
            let decoded = percent_decode_str(argument).decode_utf8();
            parameters.take(&decoded.map_err(|_| InvalidParameter::new(argument, ParameterFault::NotUtf8))?)?;
        }
        Ok(parameters)
    }

    fn take(&mut self, argument: &str) -> Result<(), InvalidParameter> {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None if argument.is_empty() => return Ok(()),
            None => (argument, None),
        };
        let text = value.unwrap_or_default();
        let taken = match name {
            "ep" => once(&mut self.endpoint, EndpointName::new(text)),
            "d" => once(&mut self.sector, Sector::new(text)),
            "lt" => once(&mut self.lifetime, text.parse()),
            "base" => once(&mut self.base, Base::given(text)),
            _ => self.attributes.push(name, value).map_err(Into::into),
        };
        taken.map_err(|fault| InvalidParameter::new(name, fault))
    }
}

impl Registration {
    /// Reads a registration as a request would make it: parameters in a query string, links in Limited Link Format.
    ///
    /// There is no source address to stand in for `base`, so it is needed as much as `ep` is.
    ///
    /// # Errors
    ///
    /// The first parameter that is not valid or missing, or where the links leave the grammar or the Limited Link Format.
    ///
    /// ```
    /// use waypost_model::Registration;
    ///
    /// let query = "ep=node1&d=floor-3&base=coap://[2001:db8::1]";
    /// let registration = Registration::parse(query, "</temp>;obs")?;
    /// assert_eq!(registration.endpoint.as_str(), "node1");
    /// assert_eq!(Registration::parse(query, "<temp").unwrap_err().to_string(), "links: target is not closed by `>` at byte 5");
    /// assert_eq!(Registration::parse("ep=node1", "").unwrap_err().to_string(), "base: missing");
    /// # Ok::<(), waypost_model::InvalidRegistration>(())
    /// ```
    pub fn parse(query: &str, links: &str) -> Result<Self, InvalidRegistration> {
        let parameters = Parameters::parse(query)?;
        let missing = |name| InvalidParameter::new(name, ParameterFault::Missing);
        let endpoint = parameters.endpoint.ok_or_else(|| missing("ep"))?;
        let base = parameters.base.ok_or_else(|| missing("base"))?;
        let links = LinkDocumentBuf::parse(links)?;
        links.as_document().check_limited()?;
        Ok(Self {
            sector: parameters.sector,
            lifetime: parameters.lifetime.unwrap_or_default(),
            attributes: parameters.attributes,
            ..Self::new(endpoint, base, links)
        })
    }
}

/// Says which parameter is wrong, and how.
///
/// ```
/// use waypost_model::Parameters;
///
/// let error = Parameters::from_arguments(["ep=node1", "ep=node2"]).unwrap_err();
/// assert_eq!((error.name(), error.to_string().as_str()), ("ep", "ep: repeated"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {fault}")]
pub struct InvalidParameter {
    name: Box<str>,
    fault: ParameterFault,
}

impl InvalidParameter {
    /// Longer names are cut, so that an error costs no more than a line.
    const NAME_BYTES: usize = 64;

    fn new(name: &str, fault: ParameterFault) -> Self {
        Self { name: name[..name.floor_char_boundary(Self::NAME_BYTES)].into(), fault }
    }

    /// Returns the name of the parameter, cut to 64 bytes.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns what is wrong with it.
    #[must_use]
    pub const fn fault(&self) -> ParameterFault {
        self.fault
    }
}

/// What is wrong with a parameter.
///
/// ```
/// use waypost_model::{ParameterFault, Parameters};
///
/// let error = Parameters::parse("lt=0").unwrap_err();
/// assert!(matches!(error.fault(), ParameterFault::Lifetime(_)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParameterFault {
    /// It is needed and not there.
    #[error("missing")]
    Missing,
    /// It is there more than once.
    #[error("repeated")]
    Repeated,
    /// It is not UTF-8 when percent-decoded.
    #[error("must be UTF-8")]
    NotUtf8,
    /// It is not the name of an endpoint or a sector.
    #[error("{0}")]
    Name(#[from] InvalidName),
    /// It is not a lifetime.
    #[error("{0}")]
    Lifetime(#[from] InvalidLifetime),
    /// It is not a base URI.
    #[error("{0}")]
    Base(#[from] InvalidBase),
    /// It cannot be an attribute of an endpoint.
    #[error("{0}")]
    Attribute(#[from] InvalidAttribute),
}

/// Says why a registration cannot be read.
///
/// ```
/// use waypost_model::{InvalidRegistration, Registration};
///
/// let error = Registration::parse("ep=node1&base=coap://host", "<a>").unwrap_err();
/// assert!(matches!(error, InvalidRegistration::Links(_)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidRegistration {
    /// A parameter is wrong or missing.
    #[error("{0}")]
    Parameter(#[from] InvalidParameter),
    /// The links are not a document in Limited Link Format.
    #[error("links: {0}")]
    Links(#[from] ParseError),
}

fn once<T, E: Into<ParameterFault>>(slot: &mut Option<T>, value: Result<T, E>) -> Result<(), ParameterFault> {
    if slot.is_some() {
        return Err(ParameterFault::Repeated);
    }
    *slot = Some(value.map_err(Into::into)?);
    Ok(())
}

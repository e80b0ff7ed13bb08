use alloc::string::String;

use waypost_model::{Attributes, Base, EndpointName, Lifetime, Sector};

use crate::{ParameterFault, Refusal};

/// The query of a registration, a simple registration or an update ([RFC 9176 §5]).
///
/// [RFC 9176 §5]: https://www.rfc-editor.org/rfc/rfc9176#section-5
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Parameters {
    pub(crate) endpoint: Option<EndpointName>,
    pub(crate) sector: Option<Sector>,
    pub(crate) lifetime: Option<Lifetime>,
    pub(crate) base: Option<Base>,
    pub(crate) attributes: Attributes,
}

/// Which interface is asked, as it decides which parameters are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interface {
    Registration,
    SimpleRegistration,
    Update,
}

impl Parameters {
    /// Reads the decoded arguments of a query. What is not a parameter of the standard is an attribute.
    pub(crate) fn parse(arguments: &[String], interface: Interface, limit: usize) -> Result<Self, Refusal> {
        if arguments.len() > limit {
            return Err(Refusal::TooLarge { what: "query arguments", limit });
        }
        let mut parameters = Self::default();
        for argument in arguments.iter().filter(|argument| !argument.is_empty()) {
            let (name, value) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (argument.as_str(), None),
            };
            let text = value.unwrap_or_default();
            let taken = match (name, interface) {
                ("ep" | "d", Interface::Update) | ("base", Interface::SimpleRegistration) => {
                    Err(ParameterFault::NotAccepted)
                }
                ("ep", _) => once(&mut parameters.endpoint, EndpointName::new(text)),
                ("d", _) => once(&mut parameters.sector, Sector::new(text)),
                ("lt", _) => once(&mut parameters.lifetime, text.parse::<Lifetime>()),
                ("base", _) => once(&mut parameters.base, Base::given(text)),
                _ => parameters.attributes.push(name, value).map_err(Into::into),
            };
            taken.map_err(|fault| Refusal::parameter(name, fault))?;
        }
        Ok(parameters)
    }
}

fn once<T, E: Into<ParameterFault>>(slot: &mut Option<T>, value: Result<T, E>) -> Result<(), ParameterFault> {
    if slot.is_some() {
        return Err(ParameterFault::Repeated);
    }
    *slot = Some(value.map_err(Into::into)?);
    Ok(())
}

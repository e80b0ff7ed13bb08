use alloc::string::String;

use waypost_model::Parameters;

use crate::{ParameterFault, Refusal};

/// Which interface is asked, as it decides which parameters are accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Interface {
    Registration,
    SimpleRegistration,
    Update,
}

/// Reads the query of a registration, a simple registration or an update ([RFC 9176 §5]).
///
/// [RFC 9176 §5]: https://www.rfc-editor.org/rfc/rfc9176#section-5
pub(crate) fn parameters(arguments: &[String], interface: Interface, limit: usize) -> Result<Parameters, Refusal> {
    if arguments.len() > limit {
        return Err(Refusal::TooLarge { what: "query arguments", limit });
    }
    let parameters = Parameters::from_arguments(arguments)
        .map_err(|error| Refusal::parameter(error.name(), ParameterFault::Invalid(error.fault())))?;
    let unwelcome = match interface {
        Interface::Update if parameters.endpoint.is_some() => "ep",
        Interface::Update if parameters.sector.is_some() => "d",
        Interface::SimpleRegistration if parameters.base.is_some() => "base",
        _ => return Ok(parameters),
    };
    Err(Refusal::parameter(unwelcome, ParameterFault::NotAccepted))
}

use waypost_filter::{Criterion, Level};

use crate::{Endpoint, Resource};

/// Tells whether an endpoint itself meets a criterion.
fn endpoint_itself_meets(endpoint: &Endpoint<'_>, criterion: &Criterion) -> bool {
    match criterion.name() {
        "href" => endpoint.is_at(criterion.test()),
        _ => criterion.matches(endpoint),
    }
}

/// Tells whether an endpoint meets a criterion, itself or by any one of its links ([RFC 9176 §6.2]).
///
/// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
pub(crate) fn is_met_by_endpoint(criterion: &Criterion, endpoint: &Endpoint<'_>) -> bool {
    let by_link = || endpoint.resources().any(|resource| link_itself_meets(&resource, criterion));
    match criterion.level() {
        Level::Either => endpoint_itself_meets(endpoint, criterion) || by_link(),
        Level::Endpoint => endpoint_itself_meets(endpoint, criterion),
        Level::Resource => by_link(),
    }
}

/// Tells whether a link itself meets a criterion.
fn link_itself_meets(resource: &Resource<'_>, criterion: &Criterion) -> bool {
    match criterion.name() {
        "href" => resource.has_target(criterion.test()),
        "provenance" => resource.endpoint().is_at(criterion.test()),
        _ => criterion.matches(resource),
    }
}

/// Tells whether a link meets a criterion, itself or by its endpoint ([RFC 9176 §6.2]).
///
/// [RFC 9176 §6.2]: https://www.rfc-editor.org/rfc/rfc9176#section-6.2
pub(crate) fn is_met_by_link(criterion: &Criterion, resource: &Resource<'_>) -> bool {
    match criterion.level() {
        Level::Either => {
            link_itself_meets(resource, criterion) || endpoint_itself_meets(&resource.endpoint(), criterion)
        }
        Level::Endpoint => endpoint_itself_meets(&resource.endpoint(), criterion),
        Level::Resource => link_itself_meets(resource, criterion),
    }
}

use core::time::Duration;

use waypost_filter::{Query, Scope, remainder};
use waypost_model::Authority;
use waypost_time::Instant;

use crate::{Replicator, Standing};

/// Tells whether what is mirrored of an authority has its whole answer to a query.
///
/// It does once the source that it is taken from was in step, if the query asks for nothing beyond what is mirrored. That a source
/// is lost does not end it at once: what was registered there goes on to be shown until its lifetime is over, for at most
/// `unconfirmed`.
pub(crate) fn covers(
    now: Instant,
    replicator: &Replicator,
    authority: &Authority,
    unconfirmed: Duration,
    (scope, query): (Scope, &Query),
) -> bool {
    let is_held = |standing: &Standing<'_>| {
        standing.authority == authority
            && standing.confirmed.is_some_and(|confirmed| standing.is_in_step || now < confirmed + unconfirmed)
            && remainder(standing.query, standing.held, query, scope).is_some()
    };
    replicator.standings().any(|standing| is_held(&standing))
}

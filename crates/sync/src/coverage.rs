use core::time::Duration;

use waypost_filter::{Query, Scope, remainder};
use waypost_time::Instant;

use crate::{Replicator, Standing};

/// Tells whether what is mirrored of a source has the whole answer of that source to a query.
///
/// It does once the source was in step, if the query asks for nothing beyond what is mirrored. That a source is lost does not
/// end it at once: what was registered there goes on to be shown until its lifetime is over, for at most `unconfirmed`.
pub(crate) fn covers(
    now: Instant,
    replicator: &Replicator,
    source: &str,
    unconfirmed: Duration,
    (scope, query): (Scope, &Query),
) -> bool {
    let is_held = |standing: &Standing<'_>| {
        standing.source == source
            && standing.confirmed.is_some_and(|confirmed| standing.is_in_step || now < confirmed + unconfirmed)
            && remainder(standing.query, standing.held, query, scope).is_some()
    };
    replicator.standings().any(|standing| is_held(&standing))
}

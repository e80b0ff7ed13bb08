use core::time::Duration;

use waypost_filter::{Held, Query, Scope, remainder};
use waypost_model::Authority;
use waypost_time::Instant;

use crate::{Replicator, Standing};

/// Returns when what is mirrored of an authority was its whole answer to a query, as far as is known: now, while its source is in
/// step, but of one that is being asked whether it still is, before that. Nothing, where it is not the whole answer, or so no longer.
///
/// It is once the source that it is taken from was in step, if the query asks for nothing beyond what is mirrored. That a source
/// is lost does not end it at once: what was registered there goes on to be shown until its lifetime is over, for at most
/// `unconfirmed`.
pub(crate) fn confirmed(
    now: Instant,
    replicator: &Replicator,
    authority: &Authority,
    unconfirmed: Duration,
    (scope, query): (Scope, &Query),
) -> Option<Instant> {
    let is_held = |standing: &Standing<'_>| {
        standing.authority == authority
            && is_usable(now, standing, unconfirmed)
            && remainder(standing.query, standing.held, query, scope).is_some()
    };
    replicator.standings_at(now).filter(is_held).filter_map(|standing| standing.confirmed).max()
}

/// Returns what of each source [can be used](confirmed).
pub(crate) fn usable(
    now: Instant,
    replicator: &Replicator,
    unconfirmed: Duration,
) -> impl Iterator<Item = Option<Held>> {
    replicator.standings().map(move |standing| is_usable(now, &standing, unconfirmed).then_some(standing.held))
}

/// Returns when the next of the sources that were lost cannot be used any more.
pub(crate) fn next_loss(now: Instant, replicator: &Replicator, unconfirmed: Duration) -> Option<Instant> {
    let lost = replicator.standings().filter(|standing| !standing.is_in_step);
    lost.filter_map(|standing| Some(standing.confirmed? + unconfirmed)).filter(|until| now < *until).min()
}

fn is_usable(now: Instant, standing: &Standing<'_>, unconfirmed: Duration) -> bool {
    // What the source shows of others is for it alone to say.
    let is_all = standing.others.is_none();
    is_all && standing.confirmed.is_some_and(|confirmed| standing.is_in_step || now < confirmed + unconfirmed)
}

use std::collections::BTreeMap;

use waypost_directory::{Directory, Endpoint};
use waypost_filter::Query;
use waypost_time::Instant;

use crate::device::named;
use crate::host::Host;
use crate::note::Content;

/// What a directory holds of each endpoint, as one sees who looks into it.
pub(crate) type Held = BTreeMap<Host, Content>;

/// Looks into a directory.
pub(crate) fn held(directory: &Directory, now: Instant) -> Held {
    directory
        .endpoints(now, &Query::all())
        .filter_map(|endpoint| Some((named(endpoint.name())?, content(&endpoint)?)))
        .collect()
}

fn content(endpoint: &Endpoint<'_>) -> Option<Content> {
    let (_, attribute) = endpoint.attributes().find(|(name, _)| *name == "rev")?;
    let document = endpoint.document();
    let links = document.links().next()?.target().split('/').nth(2)?.parse().ok()?;
    Some(Content {
        lifetime: endpoint.lifetime().as_secs(),
        attribute: attribute?.parse().ok()?,
        links,
        is_simple: false,
    })
}

use std::collections::BTreeMap;

use waypost_directory::{Directory, Endpoint};
use waypost_filter::Query;
use waypost_model::{Authority, EndpointName, Key, Origin};
use waypost_time::Instant;

use crate::host::Host;
use crate::note::Content;

/// What a directory holds of each endpoint, as one sees who looks into it.
pub(crate) type Held = BTreeMap<Host, Content>;

/// Looks into a directory.
pub(crate) fn held(directory: &Directory, now: Instant) -> Held {
    directory
        .endpoints(now, &Query::all())
        .filter_map(|endpoint| Some((Host::of_endpoint(endpoint.name())?, content(&endpoint)?)))
        .collect()
}

/// Looks into a directory for what was registered at another one.
pub(crate) fn mirrored(directory: &Directory, now: Instant, source: Host) -> Held {
    let origin = Origin::Foreign(Authority::new(&source.uri()).expect("a URI of the world"));
    let content_of = |host: Host| {
        let endpoint = EndpointName::new(&host.endpoint()).ok()?;
        let location = directory.record(&Key { origin: origin.clone(), sector: None, endpoint })?.location?;
        content(&directory.registration(now, &location).filter(|registration| !registration.is_expired())?)
    };
    Host::all().filter_map(|host| Some((host, content_of(host)?))).collect()
}

fn content(endpoint: &Endpoint<'_>) -> Option<Content> {
    let (_, attribute) = endpoint.attributes().find(|(name, _)| *name == "rev")?;
    let document = endpoint.document();
    let links = document.links().next()?.target().rsplit('/').nth(2)?.parse().ok()?;
    Some(Content {
        lifetime: endpoint.lifetime().as_secs(),
        attribute: attribute?.parse().ok()?,
        links,
        is_simple: false,
    })
}

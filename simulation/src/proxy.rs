use std::time::Duration;

use waypost_directory::{Config, Directory};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{Authority, ReplicaId};
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Holding, Proxy, ProxyConfig, ProxyEvent, Replicated, Replicator, SyncConfig};
use waypost_time::Instant;

use crate::Variant;
use crate::bent::Bent;
use crate::held::{Held, mirrored};
use crate::host::Host;
use crate::machine::{Actor, Boot};
use crate::note::Note;
use crate::replica::feed;

impl Actor for Bent<Proxy<Server>> {
    fn poll_note(&mut self) -> Option<Note> {
        let proxy = self.service_mut();
        if let Some(event) = proxy.poll_event() {
            if let ProxyEvent::Discovered { .. } = event {
                let registrations = proxy.registrations();
                proxy.replicated_mut().service_mut().send_registrants_to(registrations);
            }
            return Some(Note::Remark(event.to_string()));
        }
        let event = proxy.replicated_mut().replicator_mut().poll_event()?;
        Some(Note::Remark(event.to_string()))
    }

    fn held(&self, now: Instant, of: Host) -> Option<Held> {
        Some(mirrored(self.service().replicated().service().directory(), now, of))
    }
}

/// What a proxy is like, at every start.
#[derive(Debug, Clone)]
pub(crate) struct Traits {
    /// The directories that it is in front of, and what it holds of each.
    pub(crate) upstreams: Vec<(Host, Holding)>,
    /// What is wrong with it.
    pub(crate) variant: Option<Variant>,
}

/// Starts a proxy, which knows nothing yet.
pub(crate) fn proxy(boot: Boot, traits: &Traits) -> Bent<Proxy<Server>> {
    let Boot { host, now, wall, mut random, .. } = boot;
    let mut own = Config::new(*b"nothing is local", ReplicaId(random.number()));
    own.authorities.push(Authority::new(&host.uri()).expect("a URI of the world"));
    own.epoch = wall - now.as_millis();
    // Clocks are set forward by hours here, again and again, and nobody sets them right.
    own.limits.clock_ahead = Duration::from_secs(30 * 24 * 3600);
    let mut server = ServerConfig::default().with_registration_elsewhere(LinkDocumentBuf::default());
    server.links = feed();
    let server = Server::new(Directory::new(own), server);
    let mut sync = SyncConfig::new(random.number());
    (sync.admits_mirrors, sync.passes_on) = (true, true);
    sync.limits.unconfirmed = UNCONFIRMED;
    if let Some(variant) = traits.variant {
        variant.bend_mirror(&mut sync.limits);
    }
    let mut config = ProxyConfig::new(random.number());
    config.stale = STALE;
    config.unconfirmed = UNCONFIRMED;
    let mut proxy = Proxy::new(Replicated::new(server, Replicator::new(sync)), config);
    for (upstream, holding) in &traits.upstreams {
        let uri = upstream.uri().parse().expect("a URI of the world");
        proxy.add_upstream(&uri, holding.clone()).expect("few sources");
    }
    Bent::new(proxy, traits.variant.and_then(Variant::of_proxy))
}

/// How long what is mirrored of a directory that was lost counts.
pub(crate) const UNCONFIRMED: Duration = Duration::from_secs(30 * 60);
/// How long an answer is used after it went stale.
pub(crate) const STALE: Duration = Duration::from_secs(10 * 60);

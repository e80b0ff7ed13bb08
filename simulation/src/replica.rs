use std::time::Duration;

use waypost_client::ResourceUri;
use waypost_directory::{Config, Directory};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{Authority, Origin, ReplicaId};
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Replicated, Replicator, SyncConfig};
use waypost_time::Instant;

use crate::Variant;
use crate::bent::Bent;
use crate::held::{Held, held};
use crate::host::Host;
use crate::machine::{Actor, Boot, Memory};
use crate::note::Note;
use crate::replicas::Position;

/// One of several directories that are one authority, or a directory that can be mirrored.
pub(crate) type Replica = Bent<Replicated<Server>>;

impl Actor for Replica {
    fn poll_note(&mut self) -> Option<Note> {
        let event = self.service_mut().replicator_mut().poll_event()?;
        Some(Note::Remark(event.to_string()))
    }

    fn position(&self) -> Option<Position> {
        // Who follows nobody stands alone.
        self.service().replicator().standings().next()?;
        let directory = self.service().service().directory();
        Some(Position {
            replica: directory.config().replica,
            written: directory.version().clone(),
            renewed: directory.heard(&Origin::Local),
        })
    }

    fn held(&self, now: Instant, _: Host) -> Option<Held> {
        Some(held(self.service().service().directory(), now))
    }

    fn into_memory(mut self) -> Memory {
        Some(Box::new(self.service_mut().service_mut().directory_mut().clone()))
    }
}

/// What a replica is like, at every start.
#[derive(Debug, Clone)]
pub(crate) struct Traits {
    /// All replicas, itself among them.
    pub(crate) replicas: Vec<Host>,
    /// What is wrong with it.
    pub(crate) variant: Option<Variant>,
}

/// Starts a replica, with the registrations that it remembers.
pub(crate) fn replica(boot: Boot, traits: &Traits) -> Replica {
    let Boot { host, now, wall, incarnation, mut random, memory } = boot;
    let is_bent = |so| traits.variant == Some(so);
    // Who has forgotten everything is somebody new.
    let life = if is_bent(Variant::KeepsItsId) { 0 } else { u64::from(incarnation) };
    let id = ReplicaId((host.index() as u64 + 1) << 32 | life);
    let remembered = memory.and_then(|memory| memory.downcast::<Directory>().ok());
    let directory = remembered.map(|directory| *directory).unwrap_or_else(|| {
        let mut config = Config::new(*b"keep it a secret", id);
        let authority = |host: &Host| Authority::new(&host.uri()).expect("a URI of the world");
        config.authorities.extend(traits.replicas.iter().map(authority));
        config.epoch = wall - now.as_millis();
        // Clocks are set forward by hours here, again and again, and nobody sets them right.
        config.limits.clock_ahead = Duration::from_secs(30 * 24 * 3600);
        if is_bent(Variant::ForgetsRemovals) {
            config.limits.tombstones = 0;
        }
        Directory::new(config)
    });
    let mut server = ServerConfig::default();
    server.links = feed();
    let mut sync = SyncConfig::new(random.number());
    sync.admits_mirrors = true;
    let mut replicator = Replicator::new(sync);
    for other in traits.replicas.iter().filter(|other| **other != host) {
        let uri: ResourceUri = other.uri().parse().expect("a URI of the world");
        replicator.add_replica(uri).expect("few replicas");
    }
    let bend = traits.variant.and_then(Variant::of_replica);
    Bent::new(Replicated::new(Server::new(directory, server), replicator), bend)
}

/// Returns the link to the feed, for those who look for it.
pub(crate) fn feed() -> LinkDocumentBuf {
    LinkDocumentBuf::parse(r#"</sync/feed>;rt="waypost.feed";obs"#).expect("a link")
}

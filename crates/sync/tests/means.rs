//! By what means a directory is mirrored, and that it is told.

extern crate alloc;

mod common;

use core::time::Duration;

use common::{Network, Node, Plain};
use waypost_directory::{Config, Directory};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::ReplicaId;
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Means, Replicated, Replicator, SyncConfig, SyncEvent};

fn node(replica: u64, server: ServerConfig, sync: SyncConfig) -> Node {
    let directory = Directory::new(Config::new([replica as u8; 16], ReplicaId(replica)));
    Replicated::new(Server::new(directory, server), Replicator::new(sync))
}

fn with_feed() -> Node {
    let (mut server, mut sync) = (ServerConfig::default(), SyncConfig::new(1));
    sync.admits_mirrors = true;
    server.links = LinkDocumentBuf::parse(r#"</sync/feed>;rt="waypost.feed""#).expect("a link");
    node(1, server, sync)
}

fn showing_provenance() -> Node {
    node(1, ServerConfig::default(), SyncConfig::new(1))
}

fn plain() -> Node {
    node(1, ServerConfig::default().with_policy(Plain), SyncConfig::new(1))
}

/// A mirror of a source.
fn mirror(source: Node) -> Network {
    let mut network = Network::default();
    network.add("coap://source", source);
    let mut mirror = node(2, ServerConfig::default(), SyncConfig::new(2));
    mirror.replicator_mut().add_mirror("coap://source".parse().expect("a URI")).expect("room");
    network.add("coap://mirror", mirror);
    network
}

fn register(network: &mut Network, name: &str) {
    network.register("coap://source", &format!("ep={name}&base=coap://[2001:db8::1]"), "</t>");
}

/// The means that were told of in some time.
fn told(network: &mut Network, seconds: u64) -> Vec<Means> {
    network.run_until(network.now + Duration::from_secs(seconds));
    let events = network.events("coap://mirror").into_iter();
    let means = events.filter_map(|event| match event {
        SyncEvent::MirroredBy { means, .. } => Some(means),
        _ => None,
    });
    means.collect()
}

#[test]
fn the_means_are_told_once_they_are_known() {
    let sources = [(with_feed(), Means::Feed), (showing_provenance(), Means::Lookups), (plain(), Means::LookupsOfEach)];
    for (source, means) in sources {
        let mut network = mirror(source);
        register(&mut network, "one");
        assert_eq!(told(&mut network, 60), [means]);
        register(&mut network, "two");
        assert_eq!(told(&mut network, 600), []);
        assert_eq!(network.count("coap://mirror"), 2);
    }
}

#[test]
fn what_an_empty_directory_shows_is_not_known_yet() {
    let mut network = mirror(plain());
    assert_eq!(told(&mut network, 60), []);
    register(&mut network, "one");
    assert_eq!(told(&mut network, 60), [Means::LookupsOfEach]);
}

#[test]
fn other_means_than_before_are_told() {
    let mut network = mirror(with_feed());
    register(&mut network, "one");
    assert_eq!(told(&mut network, 60), [Means::Feed]);
    network.stop("coap://source").expect("a node");
    told(&mut network, 60);
    network.add("coap://source", plain());
    register(&mut network, "one");
    assert_eq!(told(&mut network, 4_000), [Means::LookupsOfEach]);
}

use waypost_directory::{Config, Directory, Endpoint, Resource};
use waypost_filter::Query;
use waypost_model::ReplicaId;
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Replicated, Replicator, SyncConfig};
use waypost_time::Instant;

use super::{Network, Node};

/// Directories of which each mirrors the first through the one before.
pub(crate) const CHAIN: [&str; 4] = ["coap://a", "coap://b", "coap://c", "coap://d"];
pub(crate) const A: &str = CHAIN[0];
pub(crate) const B: &str = CHAIN[1];
pub(crate) const C: &str = CHAIN[2];
pub(crate) const D: &str = CHAIN[3];

/// The first so many of them.
pub(crate) fn chain(length: usize) -> Network {
    let mut network = Network::default();
    network.add(A, node(directory(1), config(1)));
    for (number, pair) in (2..).zip(CHAIN[..length].windows(2)) {
        add_mirror(&mut network, pair[1], number, pair[0], "");
    }
    network
}

/// Adds a directory of this number, which mirrors what a query selects of `A` through the feed of another.
pub(crate) fn add_mirror(network: &mut Network, uri: &str, number: u64, source: &str, query: &str) {
    let mut node = node(directory(number), config(number));
    mirror_through(&mut node, source, A, query);
    network.add(uri, node);
}

/// Has a node mirror what a query selects of an authority through the feed of another.
pub(crate) fn mirror_through(node: &mut Node, source: &str, authority: &str, query: &str) {
    let (feed, authority) = (format!("{source}/sync/feed"), authority.parse().expect("an authority"));
    let query = query.parse().expect("a query");
    node.replicator_mut().add_mirror_through(feed.parse().expect("a URI"), authority, query).expect("room");
}

pub(crate) fn directory(number: u64) -> Directory {
    Directory::new(Config::new([number as u8; 16], ReplicaId(number)))
}

/// Admits mirrors, and passes on what is mirrored.
pub(crate) fn config(number: u64) -> SyncConfig {
    let mut config = SyncConfig::new(number);
    (config.admits_mirrors, config.passes_on) = (true, true);
    config
}

pub(crate) fn node(directory: Directory, config: SyncConfig) -> Node {
    Replicated::new(Server::new(directory, ServerConfig::default()), Replicator::new(config))
}

pub(crate) fn seconds(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1_000)
}

/// The registrations that a directory shows, as one sees them there: those of `coap://a` without its name.
pub(crate) fn shown(network: &mut Network, uri: &str) -> Vec<String> {
    let now = network.now;
    let text = |endpoint: Endpoint<'_>| {
        let location = endpoint.location();
        let place = location.as_str().strip_prefix(A).unwrap_or(location.as_str()).to_owned();
        let attributes: Vec<_> = endpoint.attributes().collect();
        let link =
            |found: Resource<'_>| format!("{} {}", found.target(), found.link().rt().collect::<Vec<_>>().join(" "));
        let links: Vec<String> = endpoint.resources().map(link).collect();
        let (sector, name, base) = (endpoint.sector(), endpoint.name(), endpoint.base());
        format!("{place} {sector:?} {name} {base} {attributes:?} {links:?}")
    };
    let mut shown: Vec<String> = network.directory(uri).endpoints(now, &Query::all()).map(text).collect();
    shown.sort_unstable();
    shown
}

pub(crate) fn assert_same(network: &mut Network, uris: &[&str], when: &str) {
    let expected = shown(network, A);
    for uri in uris {
        assert_eq!(shown(network, uri), expected, "{uri}: {when}");
    }
}

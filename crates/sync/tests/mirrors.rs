//! Mirrors of directories of other authorities, by whatever means these offer.

extern crate alloc;

mod common;

use alloc::collections::BTreeMap;
use core::time::Duration;

use common::{Network, Node, Plain, registration};
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_link_format::LinkDocumentBuf;
use waypost_model::ReplicaId;
use waypost_rest::{ContentFormat, Observe, Output, Request, RequestId, Response};
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Replicated, Replicator, SyncConfig, SyncEvent};
use waypost_time::Instant;

fn node(replica: u64, server: ServerConfig, sync: SyncConfig) -> Node {
    let directory = Directory::new(Config::new([replica as u8; 16], ReplicaId(replica)));
    Replicated::new(Server::new(directory, server), Replicator::new(sync))
}

/// The source has the same: who runs one does not know the other's.
const MIRROR_REPLICA: u64 = 1;

/// A source of each kind, and a mirror of it.
fn pair(kind: &str) -> Network {
    pair_of(kind, "")
}

/// A source of a kind.
fn source(kind: &str, replica: u64) -> Node {
    let mut server = ServerConfig::default();
    let mut sync = SyncConfig::new(1);
    match kind {
        "feed" => {
            sync.admits_mirrors = true;
            server.links = LinkDocumentBuf::parse(r#"</sync/feed>;rt="waypost.feed""#).expect("a link");
        }
        "plain" => server = server.with_policy(Plain),
        "polled" => server.limits.observations = 0,
        "plain and polled" => {
            server = server.with_policy(Plain);
            server.limits.observations = 0;
        }
        _ => {}
    }
    node(replica, server, sync)
}

/// A source of each kind, and a mirror of what a query selects of it.
fn pair_of(kind: &str, query: &str) -> Network {
    let mut network = Network::default();
    network.add("coap://source", source(kind, 1));
    let mut mirror = node(MIRROR_REPLICA, ServerConfig::default(), SyncConfig::new(2));
    let query = query.parse().expect("a query");
    mirror.replicator_mut().add_mirror_of("coap://source".parse().expect("a URI"), query).expect("room");
    network.add("coap://mirror", mirror);
    network
}

/// What a mirror shows, sorted: locations and targets.
fn shown(network: &mut Network, uri: &str) -> (Vec<String>, Vec<String>) {
    let now = network.now;
    let directory = network.directory(uri);
    let all = Query::all();
    let mut locations: Vec<_> = directory.endpoints(now, &all).map(|found| found.location().to_string()).collect();
    let mut links: Vec<_> = directory
        .resources(now, &all)
        .map(|found| format!("{} {}", found.target(), found.link().rt().collect::<Vec<_>>().join(" ")))
        .collect();
    locations.sort_unstable();
    links.sort_unstable();
    (locations, links)
}

fn expected(network: &mut Network) -> (Vec<String>, Vec<String>) {
    let (locations, links) = shown(network, "coap://source");
    (locations.into_iter().map(|location| format!("coap://source{location}")).collect(), links)
}

fn follows_every_change(kind: &str) {
    let mut network = pair(kind);
    network.register("coap://source", "ep=node0&base=coap://[2001:db8::10]&lt=1000000", "");
    network.run_until(Instant::from_millis(1_000));
    network.register(
        "coap://source",
        "ep=node1&base=coap://[2001:db8::1]&et=lamp&lt=1000000",
        "</temp>;rt=t1,</x>;rt=\"t2 t3\"",
    );
    network.register("coap://source", "ep=node1&d=floor&base=coap://[2001:db8::2]&lt=1000000", "</temp>;rt=t4");
    network.run_until(Instant::from_millis(200_000));
    assert_eq!(shown(&mut network, "coap://mirror"), expected(&mut network), "{kind}: registered");
    assert_eq!(shown(&mut network, "coap://mirror").0.len(), 3);

    let now = network.now;
    network
        .directory("coap://source")
        .register(now, registration("ep=node1&base=coap://[2001:db8::3]&lt=1000000", "</new>;rt=t5"))
        .expect("room");
    network.run_until(Instant::from_millis(400_000));
    assert_eq!(shown(&mut network, "coap://mirror"), expected(&mut network), "{kind}: changed");

    let found = network.directory("coap://source").endpoints(now, &"d=floor".parse::<Query>().expect("a query")).next();
    let location = found.expect("a registration").location();
    network.directory("coap://source").remove(now, &location).expect("a registration");
    network.run_until(Instant::from_millis(600_000));
    assert_eq!(shown(&mut network, "coap://mirror"), expected(&mut network), "{kind}: removed");
    assert_eq!(shown(&mut network, "coap://mirror").0.len(), 2);
    assert!(network.events("coap://mirror").iter().any(|event| matches!(event, SyncEvent::InStep { .. })), "{kind}");
}

#[test]
fn a_mirror_follows_a_feed() {
    follows_every_change("feed");
}

#[test]
fn a_mirror_follows_a_directory_that_shows_provenance() {
    follows_every_change("provenance");
}

#[test]
fn a_mirror_follows_a_directory_that_only_observes() {
    follows_every_change("plain");
}

#[test]
fn a_mirror_follows_a_directory_that_has_to_be_asked_again_and_again() {
    follows_every_change("polled");
    follows_every_change("plain and polled");
}

#[test]
fn one_registration_after_the_other_is_mirrored_with_its_links() {
    for kind in ["feed", "provenance", "plain"] {
        let mut network = pair(kind);
        network.run_until(Instant::from_millis(100_000));
        for node in 1..=3 {
            network.register("coap://source", &format!("ep=node{node}&base=coap://[2001:db8::{node}]"), "</temp>");
            network.settle();
        }
        network.run_until(Instant::from_millis(300_000));
        assert_eq!(shown(&mut network, "coap://mirror"), expected(&mut network), "{kind}");
    }
}

#[test]
fn a_registration_without_links_is_mirrored_when_it_comes_later() {
    for kind in ["feed", "provenance", "plain"] {
        let mut network = pair(kind);
        network.register("coap://source", "ep=node1&base=coap://[2001:db8::1]", "</temp>");
        network.run_until(Instant::from_millis(1_000));
        network.register("coap://source", "ep=node2&base=coap://[2001:db8::2]", "");
        network.run_until(Instant::from_millis(200_000));
        assert_eq!(shown(&mut network, "coap://mirror").0.len(), 2, "{kind}");
    }
}

#[test]
fn a_source_that_comes_back_unchanged_is_in_step_again() {
    let mut network = pair("provenance");
    network.register("coap://source", "ep=node1&base=coap://[2001:db8::1]&lt=100000", "</temp>");
    network.run_until(Instant::from_millis(10_000));
    network.cut("coap://source", "coap://mirror");
    network.run_until(Instant::from_millis(200_000));
    assert!(!network.is_in_step("coap://mirror"));
    network.heal();
    network.run_until(Instant::from_millis(1_000_000));
    assert!(network.is_in_step("coap://mirror"));
}

#[test]
fn a_source_is_in_step_only_while_all_of_its_look_ups_are_answered() {
    let mut network = pair("provenance");
    network.register("coap://source", "ep=node1&base=coap://[2001:db8::1]&lt=100000", "</temp>");
    network.run_until(Instant::from_millis(10_000));
    assert!(network.is_in_step("coap://mirror"));
    network.unheard = Some("res");
    network.run_until(Instant::from_millis(200_000));
    assert!(!network.is_in_step("coap://mirror"));
    network.unheard = None;
    network.run_until(Instant::from_millis(1_000_000));
    assert!(network.is_in_step("coap://mirror"));
}

#[test]
fn a_source_that_was_asked_and_has_not_answered_was_confirmed_before_that() {
    for kind in ["provenance", "plain", "polled", "plain and polled"] {
        let mut network = pair(kind);
        for number in 1..=2 {
            let parameters = format!("ep=node{number}&base=coap://[2001:db8::{number}]&lt=100000");
            network.register("coap://source", &parameters, "</temp>");
        }
        let confirmed = |network: &mut Network| {
            let standing = network.node("coap://mirror").replicator().standings().next().expect("a source");
            (standing.is_in_step, standing.confirmed)
        };
        network.run_until(Instant::from_millis(200_000));
        let answered = network.now;
        assert!(confirmed(&mut network).1 > Some(Instant::from_millis(100_000)), "{kind}");
        network.silent = Some("coap://source");
        network.run_until(answered + Duration::from_secs(100));
        // An observation is asked for again after a minute and a quarter at the latest.
        let (is_in_step, last) = confirmed(&mut network);
        assert!(is_in_step && last <= Some(answered + Duration::from_secs(75)), "{kind}: {last:?}");
        network.run_until(answered + Duration::from_secs(250));
        assert_eq!(confirmed(&mut network), (true, last), "{kind}: nothing was said since");
        network.run_until(answered + Duration::from_secs(500));
        assert_eq!(confirmed(&mut network), (false, last), "{kind}: it was given up");
        network.silent = None;
        network.run_until(answered + Duration::from_secs(1_500));
        let (is_in_step, again) = confirmed(&mut network);
        assert!(is_in_step && again > Some(answered + Duration::from_secs(500)), "{kind}: {again:?}");
    }
}

#[test]
fn look_ups_that_are_all_lost_are_told_of_once() {
    let mut network = pair("plain");
    for number in 0..50 {
        let parameters = format!("ep=node{number}&base=coap://[2001:db8::{number}]&lt=86400");
        network.register("coap://source", &parameters, "</temp>");
    }
    network.run_until(Instant::from_millis(10_000));
    network.events("coap://mirror");
    network.unheard = Some("res");
    network.run_until(Instant::from_millis(1_000_000));
    let events = network.events("coap://mirror");
    assert_eq!(events.iter().filter(|event| matches!(event, SyncEvent::Failed { .. })).count(), 1, "{events:?}");
    network.unheard = None;
    network.run_until(Instant::from_millis(2_000_000));
    network.unheard = Some("res");
    network.run_until(Instant::from_millis(3_000_000));
    let events = network.events("coap://mirror");
    assert_eq!(events.iter().filter(|event| matches!(event, SyncEvent::Failed { .. })).count(), 1, "{events:?}");
}

#[test]
fn a_mirror_of_a_query_holds_what_it_selects() {
    // One look-up of all links finds those alone that are selected.
    for (kind, count) in [("feed", 3), ("provenance", 2), ("plain", 3)] {
        let mut network = pair_of(kind, "rt=lamp");
        network.register("coap://source", "ep=node1&base=coap://[2001:db8::1]", "</l>;rt=lamp,</x>;rt=lux");
        network.register("coap://source", "ep=node2&base=coap://[2001:db8::2]", "</x>;rt=lux");
        network.run_until(Instant::from_millis(1_000));
        network.register("coap://source", "ep=node3&base=coap://[2001:db8::3]", "</l>;rt=lamp");
        network.run_until(Instant::from_millis(200_000));
        let (locations, links) = shown(&mut network, "coap://mirror");
        assert_eq!((locations.len(), links.len()), (2, count), "{kind}");
    }
}

#[test]
fn what_a_source_mirrors_itself_is_not_taken_from_it() {
    for kind in ["feed", "provenance", "plain"] {
        let mut network = pair(kind);
        let now = network.now;
        let foreign = registration("ep=elsewhere&base=coap://[2001:db8::7]", "</x>");
        let location = waypost_model::Location::new("coap://third/reg/1").expect("a location");
        network.directory("coap://source").mirror(now, location, foreign, Duration::ZERO).expect("room");
        network.register("coap://source", "ep=node1&base=coap://[2001:db8::1]", "</temp>");
        network.run_until(Instant::from_millis(100_000));
        let (locations, _) = shown(&mut network, "coap://mirror");
        assert_eq!(locations.len(), 1, "{kind}: {locations:?}");
    }
}

#[test]
fn what_was_mirrored_outlives_its_source_until_lifetimes_run_out() {
    for kind in ["feed", "provenance"] {
        let mut network = pair(kind);
        network.register("coap://source", "ep=node1&base=coap://[2001:db8::1]&lt=3600", "</temp>");
        network.run_until(Instant::from_millis(1_000_000));
        network.stop("coap://source").expect("a node");
        network.run_until(Instant::from_millis(3_599_000));
        assert_eq!(shown(&mut network, "coap://mirror").1.len(), 1, "{kind}");
        network.run_until(Instant::from_millis(3_700_000));
        assert_eq!(shown(&mut network, "coap://mirror").1.len(), 0, "{kind}");
    }
}

#[test]
fn what_a_source_can_show_is_found_out_though_the_first_question_is_lost() {
    let mut network = pair("provenance");
    network.run_until(Instant::from_millis(10_000));
    network.cut_one_way("coap://mirror", "coap://source");
    network.register("coap://source", "ep=node1&base=coap://[2001:db8::1]&lt=7200", "</temp>");
    network.run_until(Instant::from_millis(20_000));
    network.heal();
    network.run_until(Instant::from_millis(1_000_000));
    let now = network.now;
    let directory = network.directory("coap://mirror");
    let lifetimes: Vec<_> = directory.endpoints(now, &Query::all()).map(|found| found.lifetime().as_secs()).collect();
    assert_eq!(lifetimes, [7_200]);
}

#[test]
fn what_a_source_lost_with_its_memory_is_mirrored_no_longer() {
    let mut network = pair("feed");
    for number in 1..=2 {
        let parameters = format!("ep=node{number}&base=coap://[2001:db8::{number}]&lt=86400");
        network.register("coap://source", &parameters, "</temp>");
    }
    network.run_until(Instant::from_millis(100_000));
    network.stop("coap://source").expect("a node");
    network.add("coap://source", source("feed", 7));
    network.register("coap://source", "ep=node1&base=coap://[2001:db8::3]&lt=86400", "</new>");
    network.run_until(Instant::from_millis(500_000));
    assert_eq!(shown(&mut network, "coap://mirror"), expected(&mut network), "started anew");
    assert_eq!(shown(&mut network, "coap://mirror").0.len(), 1);
    let (now, all) = (network.now, Query::all());
    let location = network.directory("coap://source").endpoints(now, &all).next().map(|found| found.location());
    network.directory("coap://source").remove(now, &location.expect("a registration")).expect("it is there");
    network.run_until(Instant::from_millis(501_000));
    assert_eq!(shown(&mut network, "coap://mirror"), expected(&mut network), "removed");
}

#[test]
fn a_source_that_lost_its_memory_is_compared_with_until_both_are_alike_and_no_longer() {
    let mut network = pair("feed");
    let parameters = "ep=node1&base=coap://[2001:db8::1]&lt=864000";
    network.register("coap://source", parameters, "</temp>");
    network.run_until(Instant::from_millis(100_000));
    network.stop("coap://source").expect("a node");
    network.add("coap://source", source("feed", 7));
    network.register("coap://source", parameters, "</temp>");
    network.run_until(Instant::from_millis(900_000));
    assert!(network.comparisons > 0);
    network.comparisons = 0;
    network.run_until(Instant::from_millis(20_000_000));
    assert_eq!(network.comparisons, 0);
    assert_eq!(shown(&mut network, "coap://mirror"), expected(&mut network));
}

#[test]
fn what_is_renewed_just_in_time_stays_mirrored() {
    for kind in ["feed", "provenance", "plain"] {
        let mut network = pair(kind);
        for second in 0..1_000 {
            if second % 100 == 0 {
                network.register("coap://source", "ep=node1&base=coap://[2001:db8::1]&lt=120", "</temp>");
            }
            network.run_until(Instant::from_millis(second * 1_000));
            assert_eq!(shown(&mut network, "coap://mirror").1.len(), 1, "{kind}: after {second} s");
        }
    }
}

/// A directory that uses a location again for another endpoint as soon as it is free.
struct Reusing {
    endpoints: &'static str,
    resources: &'static str,
    observers: BTreeMap<RequestId, Request>,
}

impl Reusing {
    fn answer(&self, request: &Request) -> Response {
        let links = match request.path.last().map(String::as_str) {
            Some("core") => r#"</res>;rt="core.rd-lookup-res",</ep>;rt="core.rd-lookup-ep""#,
            Some("ep") => self.endpoints,
            _ => self.resources,
        };
        let mut response = Response::content(ContentFormat::LINK_FORMAT, links);
        response.is_observed = request.observe == Some(Observe::Register);
        response
    }

    /// Answers what the engine asks, until it asks no more.
    fn serve(&mut self, replicator: &mut Replicator, directory: &mut Directory) {
        while let Some(output) = replicator.poll_output(Instant::ZERO, directory) {
            let Output::Request { id, request, .. } = output else { continue };
            let response = self.answer(&request);
            match response.is_observed {
                true => self.observers.insert(id, request),
                false => self.observers.remove(&id),
            };
            replicator.handle_response(Instant::ZERO, directory, id, Ok(response));
        }
    }

    /// Tells those who observe what there is now.
    fn notify(&mut self, replicator: &mut Replicator, directory: &mut Directory) {
        for (id, request) in self.observers.clone() {
            replicator.handle_response(Instant::ZERO, directory, id, Ok(self.answer(&request)));
        }
        self.serve(replicator, directory);
    }
}

#[test]
fn a_location_that_is_used_again_is_another_registration() {
    let mut directory = Directory::new(Config::new([2; 16], ReplicaId(2)));
    let mut replicator = Replicator::new(SyncConfig::new(2));
    replicator.add_mirror("coap://source".parse().expect("a URI")).expect("room");
    let mut source = Reusing {
        endpoints: r#"</reg/1/>;ep="old";base="coap://[2001:db8::1]";rt="core.rd-ep""#,
        resources: "<coap://[2001:db8::1]/old>",
        observers: BTreeMap::new(),
    };
    source.serve(&mut replicator, &mut directory);
    source.endpoints = r#"</reg/1/>;ep="new";base="coap://[2001:db8::2]";rt="core.rd-ep""#;
    source.resources = "<coap://[2001:db8::2]/new>";
    source.notify(&mut replicator, &mut directory);
    let all = Query::all();
    let names: Vec<_> = directory.endpoints(Instant::ZERO, &all).map(|found| found.name().to_string()).collect();
    let targets: Vec<_> = directory.resources(Instant::ZERO, &all).map(|found| found.target().to_string()).collect();
    assert_eq!((names, targets), (vec!["new".into()], vec!["coap://[2001:db8::2]/new".into()]));
    assert!(replicator.poll_event().is_none_or(|event| matches!(event, SyncEvent::InStep { .. })));
}

#[test]
fn what_is_back_before_anybody_looked_at_links_has_those_that_it_had() {
    let mut directory = Directory::new(Config::new([2; 16], ReplicaId(2)));
    let mut replicator = Replicator::new(SyncConfig::new(2));
    replicator.add_mirror("coap://source".parse().expect("a URI")).expect("room");
    let there = r#"</reg/1/>;ep="node1";base="coap://[2001:db8::1]";rt="core.rd-ep""#;
    let mut source = Reusing {
        endpoints: there,
        resources: r#"<coap://[2001:db8::1]/temp>;provenance="coap://source/reg/1/""#,
        observers: BTreeMap::new(),
    };
    source.serve(&mut replicator, &mut directory);
    for (endpoints, count) in [(there, 1), ("", 0), (there, 1)] {
        source.endpoints = endpoints;
        source.notify(&mut replicator, &mut directory);
        assert_eq!(directory.resources(Instant::ZERO, &Query::all()).count(), count);
    }
}

#[test]
fn a_source_that_keeps_its_feed_to_itself_is_mirrored_by_its_look_ups() {
    let mut network = Network::default();
    let mut server = ServerConfig::default();
    server.links = LinkDocumentBuf::parse(r#"</sync/feed>;rt="waypost.feed""#).expect("a link");
    network.add("coap://source", node(1, server, SyncConfig::new(1)));
    let mut mirror = node(2, ServerConfig::default(), SyncConfig::new(2));
    mirror.replicator_mut().add_mirror("coap://source".parse().expect("a URI")).expect("room");
    network.add("coap://mirror", mirror);
    network.register("coap://source", "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.run_until(Instant::from_millis(100_000));
    assert_eq!(shown(&mut network, "coap://mirror"), expected(&mut network));
    assert_eq!(shown(&mut network, "coap://mirror").0.len(), 1);
}

#[test]
fn writes_of_one_replica_that_were_lost_are_noticed_with_the_next_of_another() {
    let (mut network, uris) = (Network::default(), ["coap://a", "coap://b"]);
    for (number, uri) in uris.into_iter().enumerate() {
        let mut config = SyncConfig::new(number as u64);
        config.admits_mirrors = true;
        let mut replica = common::node(number as u64 + 1, config);
        let other = format!("{}/sync/feed", uris[1 - number]).parse().expect("a URI");
        replica.replicator_mut().add_replica(other).expect("room");
        network.add(uri, replica);
    }
    let mut mirror = node(9, ServerConfig::default(), SyncConfig::new(9));
    mirror.replicator_mut().add_mirror("coap://a/sync/feed".parse().expect("a URI")).expect("room");
    network.add("coap://mirror", mirror);
    network.settle();
    network.deaf = Some("coap://mirror");
    network.register(uris[1], "ep=node1&base=coap://[2001:db8::1]", "</temp>");
    network.settle();
    network.deaf = None;
    network.register(uris[0], "ep=node2&base=coap://[2001:db8::2]", "</temp>");
    network.settle();
    let now = network.now;
    assert_eq!(network.directory("coap://mirror").endpoints(now, &Query::all()).count(), 2);
}

//! What it costs to keep in step.

extern crate alloc;

mod common;

use core::convert::Infallible;
use core::time::Duration;

use common::{Network, node, registration};
use minicbor::Encoder;
use waypost_filter::Query;
use waypost_link_delta::{LinkDelta, Tag};
use waypost_link_format::LinkDocumentBuf;
use waypost_rest::ETag;
use waypost_server::{Server, ServerConfig};
use waypost_sync::SyncConfig;
use waypost_time::Instant;

const SOURCE: &str = "coap://source";

/// A source that so many mirrors observe.
fn mirrored(mirrors: usize) -> (Network, Vec<String>) {
    let mut network = Network::default();
    let mut config = SyncConfig::new(1);
    config.admits_mirrors = true;
    network.add(SOURCE, node(1, config));
    let names: Vec<String> = (0..mirrors).map(|number| format!("coap://mirror{number}")).collect();
    for (number, name) in names.iter().enumerate() {
        let mut mirror = node(100 + number as u64, SyncConfig::new(number as u64));
        mirror.replicator_mut().add_mirror("coap://source/sync/feed".parse().expect("a URI")).expect("room");
        network.add(name, mirror);
    }
    network.settle();
    (network, names)
}

#[test]
fn a_change_costs_twelve_octets_beside_the_entry_itself() {
    const LINKS: &str = r#"</sensors/temp>;rt="temperature-c";if="core.s",</sensors/light>;rt="light-lux""#;
    let (mut network, _) = mirrored(1);
    // Not the first one: sequence numbers are as large as they get in a year.
    for number in 0..1000 {
        network.register(SOURCE, &format!("ep=node{number}&base=coap://h{number}"), "</x>");
    }
    // Until it has asked once more, a replica that is new to it is named in full.
    network.run_until(Instant::from_millis(300_000));
    network.bytes.clear();
    network.register(SOURCE, "ep=endpoint1&d=facility23&base=coap://[2001:db8::1]&et=sensor", LINKS);
    network.settle();

    let now = network.now;
    let query: Query = "ep=endpoint1".parse().expect("a query");
    let directory = network.directory(SOURCE);
    let place = directory.endpoints(now, &query).next().expect("a registration").location();
    let changes = directory.feed(now, &Default::default()).expect("all are remembered");
    let time = changes.map(|change| change.to_change()).filter_map(|change| change.latest()).max().expect("a change");
    let mut entry = Encoder::new(Vec::new());
    let written: Result<(), minicbor::encode::Error<Infallible>> = (|| {
        entry.str("facility23")?.str("endpoint1")?.str("coap://[2001:db8::1]")?.u32(90_000)?;
        entry.map(1)?.str("et")?.array(1)?.str("sensor")?;
        // Links, age, the time of the write, renewals, and where it is.
        entry.str(LINKS)?.u32(0)?.u64(time.to_bits())?.u32(0)?.str(place.as_str())?;
        Ok(())
    })();
    written.expect("a vector takes everything");
    let overhead = network.bytes["coap://mirror0"] - entry.into_writer().len();
    assert!(overhead <= 12, "{overhead}");
}

/// The links of a large device, one of which says what it is.
fn hundred_links(changed: &str) -> String {
    let link = |number: usize| match number {
        40 => format!(r#"</40/0>;rt="{changed}""#),
        _ => format!(r#"</{number}/0>;rt="urn:oma:lwm2m:ext:{number}";if="oic.if.baseline";ct=11543"#),
    };
    (0..100).map(link).collect::<Vec<_>>().join(",")
}

fn update(network: &mut Network, location: &waypost_model::Location, update: waypost_model::Update) {
    let now = network.now;
    network.directory(SOURCE).update(now, location, update).expect("a registration");
    network.settle();
}

#[test]
fn a_link_of_a_hundred_that_changes_costs_its_delta_and_twelve_octets_more_than_any_update() {
    let (mut network, names) = mirrored(10);
    network.register(SOURCE, "ep=large&base=coap://[2001:db8::1]", &hundred_links("first"));
    network.run_until(Instant::from_millis(300_000));
    let location = network.location(SOURCE, "ep=large");
    let lifetime = waypost_model::Lifetime::from_secs(7200).expect("a lifetime");
    update(&mut network, &location, waypost_model::Update { lifetime: Some(lifetime), ..Default::default() });
    let before = network.node(SOURCE).replicator().encodings();
    let mut last = hundred_links("first");
    for number in 0..50 {
        // Any update, and then one of a link.
        network.bytes.clear();
        let lifetime = waypost_model::Lifetime::from_secs(8000 + number).expect("a lifetime");
        update(&mut network, &location, waypost_model::Update { lifetime: Some(lifetime), ..Default::default() });
        let any = network.bytes["coap://mirror0"];

        let next = hundred_links(&format!("number{number}"));
        let [from, to] = [&last, &next].map(|links| LinkDocumentBuf::parse(links.as_str()).expect("links"));
        let [from_tag, to_tag] = [&last, &next].map(|links| ETag::of(links.as_bytes()));
        let tag = |etag: ETag| Tag::new(etag.as_bytes()).expect("a tag");
        let delta = LinkDelta::between(from.as_document(), to.as_document());
        let delta = delta.starting_from(tag(from_tag)).leading_to(tag(to_tag)).encode().len();
        network.bytes.clear();
        update(&mut network, &location, waypost_model::Update { links: Some(to), ..Default::default() });
        let octets = network.bytes["coap://mirror0"];
        assert!(octets <= any + 12 + delta, "{octets} octets beside {any} and a delta of {delta}");
        assert!(octets < next.len() / 40, "{octets} octets for one of {}", next.len());
        for name in &names {
            let now = network.now;
            let found = network.directory(name).endpoints(now, &Query::all()).next().expect("a registration");
            assert_eq!(found.document().as_str(), next, "{name}");
        }
        last = next;
    }
    assert_eq!(network.node(SOURCE).replicator().encodings() - before, 100);
}

#[test]
fn ten_mirrors_cost_one_encoding_for_each_change() {
    let (mut network, names) = mirrored(10);
    network.register(SOURCE, "ep=first&base=coap://first", "</a>");
    network.settle();
    let before = network.node(SOURCE).replicator().encodings();
    for number in 0..50 {
        network.register(SOURCE, &format!("ep=node{number}&base=coap://h{number}"), "</a>");
        network.settle();
    }
    assert_eq!(network.node(SOURCE).replicator().encodings() - before, 50);
    for name in names {
        assert_eq!(network.count(&name), 51, "{name}");
    }
}

#[test]
fn a_change_is_told_without_being_asked_for() {
    let (mut network, names) = mirrored(1);
    network.messages = 0;
    network.register(SOURCE, "ep=node1&base=coap://h", "</a>");
    network.settle();
    assert_eq!(network.count(&names[0]), 1);
    // What is said to the transport at the source, and the one message that travels.
    assert_eq!(network.messages, 2);
}

#[test]
fn a_feed_moves_a_thousand_times_less_than_an_observed_look_up() {
    const REGISTRATIONS: usize = 3_000;
    let (mut network, _) = mirrored(1);
    for number in 0..REGISTRATIONS {
        let links = r#"</s/1>;rt="temperature-c",</s/2>;rt="humidity",</s/3>;rt="light-lux",</s/4>;rt="battery""#;
        network.register(SOURCE, &format!("ep=node{number}&base=coap://[2001:db8::{number:x}]"), links);
    }
    network.settle();
    let now = network.now;
    let location = network.location(SOURCE, "");
    network.bytes.clear();
    let update = waypost_model::Update {
        base: Some(waypost_model::Base::given("coap://[2001:db8::1:1]").expect("a base")),
        ..Default::default()
    };
    network.directory(SOURCE).update(now, &location, update).expect("a registration");
    network.settle();
    let by_feed = network.bytes["coap://mirror0"];

    // The whole of both look-ups, as an observer of a directory that only has those gets them.
    let mut plain = Server::new(network.directory(SOURCE).clone(), ServerConfig::default());
    let whole: usize = ["res", "ep"].iter().map(|interface| common::look_up(&mut plain, now, interface).len()).sum();
    assert!(whole > 1000 * by_feed, "{whole} octets beside {by_feed}");
}

#[test]
fn a_new_mirror_is_told_everything_in_answers_of_bounded_size() {
    const REGISTRATIONS: usize = 5_000;
    let (mut network, _) = mirrored(0);
    for number in 0..REGISTRATIONS {
        network.register(SOURCE, &format!("ep=node{number}&base=coap://h{number}"), "</temp>;rt=temperature-c");
    }
    let mut mirror = node(7, SyncConfig::new(7));
    mirror.replicator_mut().add_mirror("coap://source/sync/feed".parse().expect("a URI")).expect("room");
    network.add("coap://late", mirror);
    network.run_until(network.now + Duration::from_secs(1));
    let now = network.now;
    assert_eq!(network.count("coap://late"), REGISTRATIONS);
    assert!(network.largest <= 64 * 1024 + 512, "{} octets", network.largest);
    let another = registration("ep=again&base=coap://h", "");
    network.directory(SOURCE).register(now, another).expect("room");
    network.settle();
    assert_eq!(network.count("coap://late"), REGISTRATIONS + 1);
}

//! The clients against the real server, in virtual time.

mod world;

use waypost_client::{Candidate, Description, Limits, Lookup, LookupEvent, RegistrantConfig};
use waypost_filter::Query;
use waypost_link_format::LinkDocumentBuf;
use waypost_model::Registration;
use waypost_rest::Method;
use waypost_server::{EchoConfig, FirstComeFirstRemembered, ServerConfig};
use world::World;

const LINKS: &str = r#"</temp>;rt="temperature-c",</light>;rt="light-lux""#;
const A: &str = "coap://a.example";
const B: &str = "coap://b.example";

fn description(query: &str) -> Description {
    Description::parse(query, LINKS).unwrap()
}

#[test]
fn a_registration_is_found_renewed_updated_and_removed() {
    let mut world = World::new();
    world.serve(A, ServerConfig::default());
    let node = world.register(description("ep=node1&lt=600&base=coap://[2001:db8::7]"), RegistrantConfig::new(1), &[A]);
    world.pass(1);
    assert_eq!(world.found(A, "rt=temperature-c"), ["coap://[2001:db8::7]/temp"]);
    world.pass(86_400);
    assert_eq!(world.found(A, "rt=temperature-c"), ["coap://[2001:db8::7]/temp"]);
    assert!(world.lines(node).iter().filter(|line| *line == "renewed at coap://a.example").count() >= 86_400 / 450);

    world.update(node, description("ep=node1&lt=600&base=coap://[2001:db8::8]&floor=3"));
    world.pass(1);
    assert_eq!(world.found(A, "floor=3&rt=light-lux"), ["coap://[2001:db8::8]/light"]);
    world.shutdown(node);
    world.pass(1);
    assert!(world.found(A, "").is_empty());
    assert_eq!(world.lines(node).last().unwrap(), "stopped");
}

#[test]
fn a_registration_holds_without_a_gap_through_a_day_of_lost_requests() {
    for seed in 0..20 {
        let mut world = World::new();
        world.serve(A, ServerConfig::default());
        world.lose(seed, 20);
        world.register(description("ep=node1&lt=3600"), RegistrantConfig::new(seed), &[A]);
        let mut gaps = 0;
        world.pass(3600);
        for _ in 0..24 * 6 {
            world.pass(600);
            gaps += usize::from(world.known(A) == 0);
        }
        assert!(gaps <= 6, "seed {seed}: not registered {gaps} times of 144");
    }
}

#[test]
fn a_registrant_fails_over_and_comes_back() {
    let mut world = World::new();
    world.serve(A, ServerConfig::default());
    world.serve(B, ServerConfig::default());
    let node = world.register(description("ep=node1&lt=600"), RegistrantConfig::new(1), &[A, B]);
    world.pass(10);
    assert_eq!((world.known(A), world.known(B)), (1, 0));
    world.kill(A);
    world.pass(1000);
    assert_eq!(world.known(B), 1);
    assert!(
        world.lines(node).iter().any(|line| line.starts_with("moved from coap://a.example: registered as node1 at"))
    );
    world.revive(A);
    world.kill(B);
    world.pass(1000);
    assert_eq!(world.known(A), 1);
    assert!(world.lines(node).last().unwrap().contains("coap://a.example"));
}

#[test]
fn a_directory_that_forgot_everything_is_told_again() {
    let mut world = World::new();
    world.serve(A, ServerConfig::default());
    world.register(description("ep=node1&lt=600"), RegistrantConfig::new(1), &[A]);
    world.pass(10);
    world.serve(A, ServerConfig::default());
    assert_eq!(world.known(A), 0);
    world.pass(600);
    assert_eq!(world.known(A), 1);
}

#[test]
fn a_simple_registration_is_fetched_by_the_directory() {
    for echo in [None, Some(EchoConfig::new([3; 16]))] {
        let mut world = World::new();
        let mut config = ServerConfig::default();
        config.echo = echo;
        world.serve(A, config);
        let node = world.register(description("ep=node1&lt=600"), RegistrantConfig::new(1).simple(), &[A]);
        world.pass(10);
        assert_eq!(world.found(A, "rt=temperature-c"), [format!("{}/temp", world.address(node))]);
        world.pass(10_000);
        assert_eq!(world.known(A), 1);
        world.shutdown(node);
        world.pass(601);
        assert_eq!(world.known(A), 0);
    }
}

#[test]
fn links_that_change_again_within_a_minute_reach_the_directory_of_a_simple_registrant() {
    let mut world = World::new();
    world.serve(A, ServerConfig::default());
    let node = world.register(description("ep=node1&lt=600"), RegistrantConfig::new(1).simple(), &[A]);
    world.pass(10);
    for name in ["hum", "lux"] {
        let links = LinkDocumentBuf::parse(format!("</{name}>")).unwrap();
        world.update(node, description("ep=node1&lt=600").with_links(links).unwrap());
        world.pass(10);
        assert_eq!(world.found(A, "ep=node1"), [format!("{}/{name}", world.address(node))]);
    }
}

#[test]
fn a_directory_that_wants_proof_of_freshness_gets_it_without_extra_round_trips() {
    let mut world = World::new();
    world.serve(A, ServerConfig::default().with_echo(EchoConfig::new([3; 16])));
    let node = world.register(description("ep=node1&lt=600"), RegistrantConfig::new(1), &[A]);
    world.pass(10);
    let before = world.requests();
    world.pass(6000);
    let renewals = world.lines(node).iter().filter(|line| line.starts_with("renewed")).count();
    assert!(renewals >= 13);
    assert_eq!(world.requests() - before, renewals);
}

#[test]
fn the_second_to_come_takes_another_name() {
    let mut world = World::new();
    world.serve(A, ServerConfig::default().with_policy(FirstComeFirstRemembered::new()));
    world.register(description("ep=node"), RegistrantConfig::new(1), &[A]);
    world.pass(10);
    let mut second = description("ep=node");
    second.alternatives = vec!["node-2".parse().unwrap()];
    let second = world.register(second, RegistrantConfig::new(2), &[A]);
    world.pass(10);
    assert_eq!(world.known(A), 2);
    assert!(world.lines(second).last().unwrap().starts_with("registered as node-2 at"));
}

#[test]
fn a_group_is_asked_and_whoever_answers_is_registered_at() {
    let mut world = World::new();
    world.serve(A, ServerConfig::default());
    world.serve(B, ServerConfig::default());
    world.kill(A);
    world.register(description("ep=node1"), RegistrantConfig::new(1), &["coap://[ff05::fe]"]);
    world.pass(20);
    assert_eq!((world.known(A), world.known(B)), (0, 1));
}

#[test]
fn pages_join_to_the_whole_result() {
    let mut world = World::new();
    world.serve(A, ServerConfig::default());
    for number in 0..25 {
        world.register(description(&format!("ep=node{number}&lt=9000")), RegistrantConfig::new(number), &[A]);
    }
    world.pass(10);
    let whole = world.found(A, "");
    assert_eq!(whole.len(), 50);
    for count in [1, 7, 50, 51] {
        let lookup = Lookup::resources(A.parse().unwrap(), Query::all()).in_pages_of(count);
        assert_eq!(world.look_up(lookup), whole);
    }
    let endpoints = world.look_up(Lookup::endpoints(A.parse().unwrap(), "ep=node1*".parse().unwrap()));
    assert_eq!(endpoints.len(), 11);
    assert!(endpoints.iter().all(|uri| uri.starts_with("coap://a.example/rd/")));
}

#[test]
fn an_observed_look_up_follows_what_happens() {
    let mut world = World::new();
    world.serve(A, ServerConfig::default());
    let client = world.client(Limits::default());
    let lookup = Lookup::resources(A.parse().unwrap(), "rt=light-lux".parse().unwrap()).observed();
    world.start(client, lookup);
    world.pass(1);
    let mut counts = Vec::new();
    let note = |world: &mut World, counts: &mut Vec<usize>| {
        for event in world.events(client) {
            match event {
                LookupEvent::Found(answer) => counts.push(answer.links.links().count()),
                LookupEvent::Confirmed { .. } => {}
                other => panic!("{other:?}"),
            }
        }
    };
    note(&mut world, &mut counts);
    for number in 0..3 {
        let node = world.register(description(&format!("ep=node{number}&lt=600")), RegistrantConfig::new(number), &[A]);
        world.pass(2);
        note(&mut world, &mut counts);
        if number == 1 {
            world.shutdown(node);
            world.pass(2);
            note(&mut world, &mut counts);
        }
    }
    assert_eq!(counts, [0, 1, 2, 1, 2]);
    // Asking again now and then, under the same name, changes nothing.
    world.pass(10_000);
    note(&mut world, &mut counts);
    assert_eq!(counts.len(), 5);
}

#[test]
fn a_look_up_is_revalidated_and_costs_no_payload_when_nothing_changed() {
    let mut world = World::new();
    world.serve(A, ServerConfig::default());
    world.register(description("ep=node1&lt=9000"), RegistrantConfig::new(1), &[A]);
    world.pass(10);
    let client = world.client(Limits::default());
    let lookup = Lookup::resources("coap://a.example/rd-lookup/res".parse().unwrap(), Query::all());
    for round in 0..3 {
        let before = world.payload_bytes();
        world.start(client, lookup.clone());
        world.pass(1);
        let events = world.events(client);
        let [LookupEvent::Found(answer)] = &events[..] else { panic!("{events:?}") };
        assert_eq!(answer.links.links().count(), 2);
        assert_eq!(world.payload_bytes() > before, round == 0);
    }
}

#[test]
fn equal_seeds_and_equal_inputs_make_equal_histories() {
    let history = || {
        let mut world = World::new();
        world.serve(A, ServerConfig::default());
        world.serve(B, ServerConfig::default());
        world.lose(7, 30);
        let node = world.register(description("ep=node1&lt=600"), RegistrantConfig::new(9), &[A, B]);
        world.pass(50_000);
        world.lines(node)
    };
    assert_eq!(history(), history());
}

#[test]
fn a_candidate_that_another_discovery_announces_later_is_taken_up() {
    let mut world = World::new();
    world.serve(B, ServerConfig::default());
    let node = world.register(description("ep=node1&lt=600"), RegistrantConfig::new(1), &[A]);
    world.pass(100);
    world.announce(node, Candidate::new(B).unwrap().valid_for(core::time::Duration::from_secs(60)));
    world.pass(1);
    assert_eq!(world.known(B), 1);
    world.pass(3000);
    assert_eq!(world.known(B), 1, "a registration outlives the announcement");
}

#[test]
fn links_that_change_are_told_to_the_directory_as_deltas() {
    let mut world = World::new();
    world.serve(A, ServerConfig::default());
    let node = world.register(description("ep=node1&lt=600"), RegistrantConfig::new(1), &[A]);
    world.pass(1);
    let before = world.requests();
    world.update(
        node,
        Description::parse("ep=node1&lt=600", r#"</temp>;rt="temperature-c",</hum>;rt=humidity"#).unwrap(),
    );
    world.pass(1);
    assert_eq!(world.methods()[before..], [Method::IPatch]);
    assert_eq!(world.found(A, "rt=humidity"), [format!("{}/hum", world.address(node))]);
    assert!(world.found(A, "rt=light-lux").is_empty());
    assert_eq!(world.lines(node).last().unwrap(), "updated at coap://a.example");
}

#[test]
fn a_delta_is_for_the_links_that_were_told_and_not_for_those_of_a_merge() {
    let mut world = World::new();
    world.serve(A, ServerConfig::default());
    let query = "ep=node1&lt=600&base=coap://[2001:db8::7]";
    let node = world.register(description(query), RegistrantConfig::new(1), &[A]);
    world.pass(1);
    // What the endpoint told another replica before, whose clock is ahead.
    world.merge(A, Registration::parse(query, r#"</earlier>,</light>;rt="light-lux""#).unwrap());
    assert_eq!(world.found(A, ""), ["coap://[2001:db8::7]/earlier", "coap://[2001:db8::7]/light"]);
    for (links, methods) in [("</hum>", &[Method::IPatch, Method::Post][..]), ("</hum>,</door>", &[Method::IPatch])] {
        let before = world.requests();
        world.update(node, Description::parse(query, links).unwrap());
        world.pass(1);
        let asked = world.methods()[before..].to_vec();
        let told = links.split(',').map(|link| link.replace('<', "coap://[2001:db8::7]").replace('>', ""));
        assert_eq!(world.found(A, ""), told.collect::<Vec<_>>());
        assert_eq!(asked, methods);
    }
    assert_eq!(world.lines(node).last().unwrap(), "updated at coap://a.example");
}

/// Observes a directory that fills up; returns what is known in the end, and how many bytes it took.
fn observed(lookup: Lookup) -> (Vec<String>, usize) {
    let mut world = World::new();
    world.serve(A, ServerConfig::default());
    let client = world.client(Limits::default());
    world.start(client, lookup);
    let nodes: Vec<_> = (0..50)
        .map(|number| {
            world.pass(1);
            world.register(description(&format!("ep=node{number}&lt=600")), RegistrantConfig::new(number), &[A])
        })
        .collect();
    world.pass(10);
    world.shutdown(nodes[7]);
    world.pass(10);
    let mut events = world.events(client);
    let Some(LookupEvent::Found(answer)) = events.pop() else { panic!("{events:?}") };
    assert!(answer.is_observed);
    let mut links: Vec<_> = answer.links.links().map(|link| link.raw().to_owned()).collect();
    links.sort();
    (links, world.payload_bytes())
}

#[test]
fn an_observer_by_deltas_knows_the_same_for_less() {
    let lookup = || Lookup::resources(A.parse().unwrap(), "rt=temperature-c".parse().unwrap());
    let (whole, bytes) = observed(lookup().observed());
    assert_eq!(whole.len(), 49);
    let (by_deltas, fewer) = observed(lookup().observed_by_deltas());
    assert_eq!(by_deltas, whole);
    assert!(fewer * 5 < bytes, "{fewer} instead of {bytes}");
}

#[test]
fn a_directory_without_deltas_is_observed_all_the_same() {
    let mut config = ServerConfig::default();
    config.link_delta_format = None;
    let mut world = World::new();
    world.serve(A, config);
    let client = world.client(Limits::default());
    world.start(client, Lookup::resources(A.parse().unwrap(), Query::all()).observed_by_deltas());
    world.register(description("ep=node1"), RegistrantConfig::new(1), &[A]);
    world.pass(10);
    let events = world.events(client);
    let Some(LookupEvent::Found(answer)) = events.last() else { panic!("{events:?}") };
    assert!(answer.is_observed);
    assert_eq!(answer.links.links().count(), 2);
}

#[test]
fn a_registrant_that_only_renews_mends_what_a_merge_made_of_its_links() {
    let mut world = World::new();
    world.serve(A, ServerConfig::default());
    world.register(description("ep=node1&lt=600&base=coap://[2001:db8::7]"), RegistrantConfig::new(1), &[A]);
    world.pass(10);
    world.merge(A, Registration::parse("ep=node1&lt=600&base=coap://[2001:db8::7]", "</old>").unwrap());
    assert_eq!(world.found(A, "ep=node1"), ["coap://[2001:db8::7]/old"]);
    world.pass(450);
    assert_eq!(world.found(A, "ep=node1"), ["coap://[2001:db8::7]/temp", "coap://[2001:db8::7]/light"]);
}

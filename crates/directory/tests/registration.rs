//! Registration, update and removal as RFC 9176 §5 has them.

extern crate alloc;

mod common;

use core::time::Duration;

use common::{at, directory, registration, replica};
use waypost_directory::{Config, Directory, Refused};
use waypost_filter::{Criterion, Query, Test};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{
    Attributes, Base, BaseSource, Credentials, EndpointName, Lifetime, Location, Registration, ReplicaId, Sector,
    Update,
};

const LINKS: &str = "</t>;rt=core.s,</l>;rt=core.l";

fn lifetime(seconds: u32) -> Update {
    Update { lifetime: Some(Lifetime::from_secs(seconds).unwrap()), ..Update::default() }
}

fn attributes<const N: usize>(pairs: [(&str, Option<&str>); N]) -> Attributes {
    let mut attributes = Attributes::new();
    pairs.into_iter().for_each(|(name, value)| attributes.push(name, value).unwrap());
    attributes
}

#[test]
fn registering_twice_makes_one_registration_at_one_location() {
    let mut directory = directory();
    let first = directory.register(at(0), registration("node1", "coap://h", LINKS)).unwrap();
    let second = directory.register(at(1), registration("node1", "coap://h2", "</x>")).unwrap();
    assert_eq!(first.location, second.location);
    assert!(first.is_new && !second.is_new);
    assert_eq!(directory.len(), 1);
    let endpoint = directory.registration(at(1), &first.location).unwrap();
    assert_eq!((endpoint.base(), endpoint.document().as_str()), ("coap://h2", "</x>"));
}

#[test]
fn links_have_one_hash_in_every_directory() {
    let mut directories = [directory(), Directory::new(Config::new([9; 16], ReplicaId(2)))];
    let hashes = directories.each_mut().map(|directory| {
        [LINKS, "</x>", "", LINKS].map(|links| {
            let location = directory.register(at(0), registration("node1", "coap://h", links)).unwrap().location;
            directory.registration(at(0), &location).unwrap().document_hash()
        })
    });
    assert_eq!(hashes[0], hashes[1]);
    let [first, other, none, again] = hashes[0];
    assert_eq!(first, again);
    assert!(first != other && other != none && none != first);
}

#[test]
fn registering_again_replaces_all_parameters() {
    let mut directory = directory();
    let mut first = registration("node1", "coap://h", LINKS);
    first.attributes = attributes([("et", Some("x")), ("battery", None)]);
    first.lifetime = Lifetime::from_secs(500).unwrap();
    let location = directory.register(at(0), first).unwrap().location;
    directory.register(at(0), registration("node1", "coap://h", LINKS)).unwrap();
    let endpoint = directory.registration(at(0), &location).unwrap();
    assert_eq!(endpoint.attributes().count(), 0);
    assert_eq!(endpoint.lifetime(), Lifetime::DEFAULT);
    assert_eq!(directory.endpoints(at(0), &Query::parse("et=x").unwrap()).count(), 0);
}

#[test]
fn the_same_name_in_another_sector_is_another_registration() {
    let mut directory = directory();
    let mut other = registration("node1", "coap://h", LINKS);
    other.sector = Some(Sector::new("floor-3").unwrap());
    let first = directory.register(at(0), registration("node1", "coap://h", LINKS)).unwrap();
    let second = directory.register(at(0), other).unwrap();
    assert_ne!(first.location, second.location);
    assert_eq!(directory.len(), 2);
}

#[test]
fn replicas_with_one_secret_make_the_same_location_and_others_another() {
    let endpoint = EndpointName::new("node1").unwrap();
    let sector = Sector::new("d").unwrap();
    let location = replica(1).locate(Some(&sector), &endpoint);
    assert_eq!(replica(2).locate(Some(&sector), &endpoint), location);
    let other = Directory::new(Config::new([8; 16], ReplicaId(1)));
    assert_ne!(other.locate(Some(&sector), &endpoint), location);
    let segments: Vec<String> = location.segments().map(alloc::borrow::Cow::into_owned).collect();
    assert_eq!((segments.len(), segments[0].as_str(), segments[1].len()), (2, "rd", 16));
    assert!(segments[1].bytes().all(|octet| octet.is_ascii_lowercase() || (b'2'..=b'7').contains(&octet)));
}

#[test]
fn locations_are_made_under_the_path_that_is_configured() {
    for (path, prefix) in
        [("/reg", "/reg/"), ("/a/b/", "/a/b/"), ("/", "/"), ("no path", "/rd/"), ("coap://x/y", "/rd/")]
    {
        let mut config = Config::new([7; 16], ReplicaId(1));
        config.path = path.into();
        let mut directory = Directory::new(config);
        let location = directory.register(at(0), registration("node1", "coap://h", LINKS)).unwrap().location;
        assert_eq!(location.as_str().len(), prefix.len() + 16);
        assert!(location.as_str().starts_with(prefix));
        assert!(directory.registration(at(0), &location).is_some());
        let query = Query::parse(&format!("href={prefix}*")).unwrap();
        assert_eq!(directory.endpoints(at(0), &query).count(), 1);
    }
}

#[test]
fn a_target_ends_where_the_link_says() {
    let mut directory = directory();
    directory.register(at(0), registration("node1", "coap://h", "</a>;title=\"x>y\",</ab>")).unwrap();
    let count = |test| directory.resources(at(0), &Query::all().with(Criterion::new("href", test))).count();
    let (exact, prefix) = (|text: &str| Test::Exact(text.into()), |text: &str| Test::Prefix(text.into()));
    assert_eq!(count(exact("coap://h/a")), 1);
    assert_eq!(count(exact("coap://h/")), 0);
    assert_eq!(count(exact("coap://h/a>;title=\"x")), 0);
    assert_eq!(count(prefix("coap://h/a")), 2);
    assert_eq!(count(prefix("coap://h/a>")), 0);
    assert_eq!(count(prefix("coap://")), 2);
}

#[test]
fn a_given_base_replaces_any_base() {
    let mut directory = directory();
    let location = directory.register(at(0), registration("node1", "coap://h", LINKS)).unwrap().location;
    let base = Some(Base::given("coaps://new.example.com:5684").unwrap());
    directory.update(at(0), &location, Update { base, ..Update::default() }).unwrap();
    let found: Vec<String> =
        directory.resources(at(0), &Query::all()).map(|resource| resource.target().into_owned()).collect();
    assert_eq!(found, ["coaps://new.example.com:5684/t", "coaps://new.example.com:5684/l"]);
}

#[test]
fn an_observed_base_replaces_an_observed_base_only() {
    let observed = |uri| Some(Base::observed(uri).unwrap());
    let mut directory = directory();
    let mut first = registration("node1", "coap://h", LINKS);
    first.base = Base::observed("coap://[2001:db8::1]").unwrap();
    let location = directory.register(at(0), first).unwrap().location;
    directory.update(at(0), &location, Update { base: observed("coap://[2001:db8::2]"), ..Update::default() }).unwrap();
    assert_eq!(directory.registration(at(0), &location).unwrap().base(), "coap://[2001:db8::2]");
    let base = Some(Base::given("coap://h").unwrap());
    directory.update(at(0), &location, Update { base, ..Update::default() }).unwrap();
    directory.update(at(0), &location, Update { base: observed("coap://[2001:db8::3]"), ..Update::default() }).unwrap();
    let endpoint = directory.registration(at(0), &location).unwrap();
    assert_eq!((endpoint.base(), endpoint.base_source()), ("coap://h", BaseSource::Given));
}

#[test]
fn an_update_keeps_what_it_does_not_name() {
    let mut directory = directory();
    let mut first = registration("node1", "coap://h", LINKS);
    first.attributes = attributes([("battery", None), ("et", Some("x")), ("et", Some("y"))]);
    first.lifetime = Lifetime::from_secs(500).unwrap();
    let location = directory.register(at(0), first).unwrap().location;
    let update = Update { attributes: attributes([("et", Some("z")), ("new", Some("n"))]), ..Update::default() };
    directory.update(at(100), &location, update).unwrap();
    let endpoint = directory.registration(at(100), &location).unwrap();
    let all: Vec<_> = endpoint.attributes().collect();
    assert_eq!(all, [("battery", None), ("et", Some("z")), ("new", Some("n"))]);
    assert_eq!((endpoint.lifetime().as_secs(), endpoint.age().as_secs()), (500, 0));
    assert_eq!(endpoint.document().as_str(), LINKS);
}

#[test]
fn an_update_resets_the_timeout_to_the_new_lifetime() {
    let mut directory = directory();
    let location = directory.register(at(0), registration("node1", "coap://h", LINKS)).unwrap().location;
    directory.update(at(100), &location, lifetime(50)).unwrap();
    assert_eq!(directory.registration(at(100), &location).unwrap().deadline(), at(150));
    directory.update(at(120), &location, Update::default()).unwrap();
    assert_eq!(directory.registration(at(120), &location).unwrap().deadline(), at(170));
}

#[test]
fn what_is_removed_is_gone_and_its_location_is_not_found() {
    let mut directory = directory();
    let location = directory.register(at(0), registration("node1", "coap://h", LINKS)).unwrap().location;
    directory.remove(at(1), &location).unwrap();
    assert_eq!(directory.remove(at(1), &location), Err(Refused::NotFound));
    assert_eq!(directory.renew(at(1), &location), Err(Refused::NotFound));
    assert_eq!(directory.update(at(1), &location, lifetime(5)), Err(Refused::NotFound));
    assert!(directory.registration(at(1), &location).is_none() && directory.is_empty());
    assert_eq!(directory.resources(at(1), &Query::all()).count(), 0);
}

#[test]
fn what_comes_back_after_its_removal_has_the_same_location_and_place() {
    let mut directory = directory();
    let place = |directory: &Directory| {
        let all = Query::all();
        directory.endpoints(at(1), &all).map(|endpoint| endpoint.name().to_string()).collect::<Vec<_>>()
    };
    let mut locations = Vec::new();
    for name in ["a", "b", "c"] {
        locations.push(directory.register(at(0), registration(name, "coap://h", LINKS)).unwrap().location);
    }
    directory.remove(at(1), &locations[1]).unwrap();
    directory.register(at(1), registration("d", "coap://h", LINKS)).unwrap();
    assert_eq!(place(&directory), ["a", "c", "d"]);
    let again = directory.register(at(1), registration("b", "coap://h", LINKS)).unwrap();
    assert_eq!(again.location, locations[1]);
    assert!(again.is_new);
    assert_eq!(place(&directory), ["a", "b", "c", "d"]);
}

#[test]
fn nothing_is_found_at_locations_of_other_forms() {
    let mut directory = directory();
    let location = directory.register(at(0), registration("node1", "coap://h", LINKS)).unwrap().location;
    let text = location.as_str();
    for other in [
        "/".to_string(),
        "/rd".into(),
        "/rd/".into(),
        format!("{text}/"),
        format!("/rd{text}"),
        text[..text.len() - 1].to_string(),
        text.to_uppercase(),
        format!("coap://elsewhere.example{text}"),
    ] {
        assert!(directory.registration(at(0), &Location::new(&other).unwrap()).is_none(), "{other}");
    }
}

#[test]
fn credentials_and_link_are_kept() {
    let mut directory = directory();
    let mut first = registration("node1", "coap://[fe80::1]", LINKS);
    first.credentials = Credentials::new([b"key".to_vec()]);
    first.zone = Some(3);
    let location = directory.register(at(0), first.clone()).unwrap().location;
    let endpoint = directory.registration(at(0), &location).unwrap();
    assert_eq!(
        (endpoint.credentials(), endpoint.zone(), endpoint.is_link_local()),
        (&first.credentials, Some(3), true)
    );
    let plain = directory.register(at(0), registration("node2", "coap://h", LINKS)).unwrap().location;
    let endpoint = directory.registration(at(0), &plain).unwrap();
    assert!(endpoint.credentials().is_empty() && endpoint.zone().is_none() && !endpoint.is_link_local());
}

#[test]
fn link_local_registrations_are_seen_from_their_zone_alone() {
    let mut directory = directory();
    let mut first = registration("node1", "coap://[fe80::1]", LINKS);
    first.zone = Some(3);
    directory.register(at(0), first).unwrap();
    directory.register(at(0), registration("node2", "coap://h", "</t>")).unwrap();
    let all = Query::all();
    for (zone, endpoints, resources) in [(Some(3), 2, 3), (Some(4), 1, 1), (None, 1, 1)] {
        assert_eq!(directory.endpoints(at(0), &all).seen_from(zone).count(), endpoints);
        assert_eq!(directory.resources(at(0), &all).seen_from(zone).count(), resources);
    }
    let page = Query::parse("count=1&page=0").unwrap();
    let found = directory.endpoints(at(0), &page).seen_from(None).next().unwrap();
    assert_eq!(found.name(), "node2");
}

#[test]
fn the_limits_are_kept_and_a_refusal_changes_nothing() {
    let mut config = Config::new([7; 16], ReplicaId(1));
    config.limits.registrations = 2;
    config.limits.links_per_registration = 2;
    config.limits.bytes_per_registration = 100;
    config.limits.attributes_per_registration = 1;
    config.limits.documents = 2;
    let mut directory = Directory::new(config);
    let location = directory.register(at(0), registration("node1", "coap://h", LINKS)).unwrap().location;
    let version = directory.version().clone();

    let many = registration("node1", "coap://h", "</a>,</b>,</c>");
    assert_eq!(directory.register(at(1), many), Err(Refused::TooLarge { what: "links", limit: 2 }));
    let long = registration("node1", "coap://h", &format!("</{}>", "x".repeat(100)));
    assert_eq!(directory.register(at(1), long), Err(Refused::TooLarge { what: "bytes", limit: 100 }));
    let mut both = registration("node1", "coap://h", LINKS);
    both.attributes = attributes([("a", None), ("b", None)]);
    assert_eq!(directory.register(at(1), both.clone()), Err(Refused::TooLarge { what: "attributes", limit: 1 }));
    let update = Update { attributes: both.attributes, ..Update::default() };
    assert_eq!(directory.update(at(1), &location, update), Err(Refused::TooLarge { what: "attributes", limit: 1 }));
    assert_eq!(directory.registration(at(1), &location).unwrap().age().as_secs(), 1);

    directory.register(at(1), registration("node2", "coap://h", "</x>")).unwrap();
    let full = directory.register(at(1), registration("node3", "coap://h", LINKS));
    assert_eq!(full, Err(Refused::OverLimit { what: "registrations", limit: 2 }));
    let third = directory.register(at(1), registration("node2", "coap://h", "</y>"));
    assert_eq!(third, Err(Refused::OverLimit { what: "documents", limit: 2 }));
    assert_eq!((directory.len(), directory.version().sequence(ReplicaId(1))), (2, version.sequence(ReplicaId(1)) + 1));
    assert_eq!(directory.registration(at(1), &location).unwrap().document().as_str(), LINKS);
}

#[test]
fn the_documents_have_a_limit_together() {
    let mut config = Config::new([7; 16], ReplicaId(1));
    config.limits.document_bytes = 100;
    let mut directory = Directory::new(config);
    let links = |letter: &str| format!("</{}>", letter.repeat(47));
    let mut register =
        |name: &str, letter: &str| directory.register(at(0), registration(name, "coap://h", &links(letter)));
    register("node1", "a").unwrap();
    let location = register("node2", "b").unwrap().location;
    // The same document again takes no room.
    register("node3", "a").unwrap();
    assert_eq!(register("node4", "c"), Err(Refused::OverLimit { what: "bytes of documents", limit: 100 }));
    directory.remove(at(1), &location).unwrap();
    directory.register(at(1), registration("node4", "coap://h", &links("c"))).unwrap();
}

#[test]
fn what_has_expired_does_not_keep_the_room_for_documents() {
    for (documents, bytes) in [(16, usize::MAX), (usize::MAX, 160)] {
        let mut config = Config::new([7; 16], ReplicaId(1));
        (config.limits.documents, config.limits.document_bytes) = (documents, bytes);
        let mut directory = Directory::new(config);
        let links = |letter: char| format!("</{}>", letter.to_string().repeat(7));
        for letter in 'a'..='p' {
            directory.register(at(0), registration(&letter.to_string(), "coap://h", &links(letter))).unwrap();
        }
        directory.register(at(1), registration("new", "coap://h", &links('q'))).expect_err("no room");
        while directory.next_expiry().is_some_and(|next| next <= at(90_000)) {
            directory.expire(at(90_000));
        }
        directory.register(at(90_000), registration("new", "coap://h", &links('q'))).expect("room");
        // The rest is kept as ever.
        assert_eq!(directory.len(), 14);
    }
}

#[test]
fn a_directory_that_is_full_of_expired_registrations_has_room() {
    let mut config = Config::new([7; 16], ReplicaId(1));
    config.limits.registrations = 2;
    let mut directory = Directory::new(config);
    for name in ["a", "b"] {
        directory.register(at(0), registration(name, "coap://h", LINKS)).unwrap();
    }
    directory.expire(at(90_000));
    assert_eq!(directory.len(), 2);
    directory.register(at(90_001), registration("c", "coap://h", LINKS)).unwrap();
    assert_eq!(directory.len(), 2);
}

#[test]
fn registrations_of_other_directories_are_shown_by_their_uri() {
    let mut directory = directory();
    let uri = Location::new("coap://other.example/reg/42").unwrap();
    let own = directory.register(at(0), registration("node1", "coap://h", LINKS)).unwrap().location;
    let foreign = registration("node1", "coap://h2", "</x>;rt=core.s");
    let done = directory.mirror(at(10), uri.clone(), foreign.clone(), Duration::from_secs(3)).unwrap();
    assert_eq!((&done.location, done.is_new), (&uri, true));
    let endpoint = directory.registration(at(10), &uri).unwrap();
    assert_eq!((endpoint.location(), endpoint.age().as_secs()), (uri.clone(), 3));
    assert!(!endpoint.origin().is_local());

    let names = |query: &str| {
        let query = Query::parse(query).unwrap();
        let endpoints: Vec<Location> =
            directory.endpoints(at(10), &query).map(|endpoint| endpoint.location()).collect();
        (endpoints, directory.resources(at(10), &query).count())
    };
    assert_eq!(names("href=/*"), (vec![own.clone()], 2));
    assert_eq!(names("provenance=/*"), (vec![own.clone()], 2));
    assert_eq!(names("href=coap://other.example/*"), (vec![uri.clone()], 1));
    assert_eq!(names("href=coap://rd.example/rd/*"), (vec![own], 2));

    assert_eq!(directory.update(at(10), &uri, lifetime(5)), Err(Refused::NotOwner));
    assert_eq!(directory.remove(at(10), &uri), Err(Refused::NotOwner));
    let again = directory.mirror(at(20), uri.clone(), foreign, Duration::from_secs(1)).unwrap();
    assert!(!again.is_new);
    assert_eq!(directory.registration(at(20), &uri).unwrap().age().as_secs(), 1);
    directory.unmirror(at(20), &uri).unwrap();
    assert_eq!(directory.unmirror(at(20), &uri), Err(Refused::NotFound));
    assert_eq!(directory.len(), 1);
}

#[test]
fn a_mirror_takes_nothing_that_pretends_to_be_local() {
    let mut directory = directory();
    let own = directory.register(at(0), registration("node1", "coap://h", LINKS)).unwrap().location;
    let mut mirror = |location: &str, age| {
        directory.mirror(
            at(0),
            Location::new(location).unwrap(),
            registration("x", "coap://h", ""),
            Duration::from_secs(age),
        )
    };
    assert_eq!(mirror("/rd/42", 0), Err(Refused::Implausible { what: "location" }));
    assert_eq!(mirror("coap://rd.example/rd/42", 0), Err(Refused::Implausible { what: "origin" }));
    assert_eq!(mirror("coap://other.example/42", 90_000), Err(Refused::Implausible { what: "age" }));
    mirror("coap://other.example/42", 0).unwrap();
    let other = registration("y", "coap://h", "");
    let taken = directory.mirror(at(0), Location::new("coap://other.example/42").unwrap(), other, Duration::ZERO);
    assert_eq!(taken, Err(Refused::LocationTaken));
    assert_eq!(directory.unmirror(at(0), &own), Err(Refused::NotOwner));
    assert_eq!(directory.len(), 2);
}

#[test]
fn an_empty_document_makes_an_endpoint_without_resources() {
    let mut directory = directory();
    directory
        .register(at(0), Registration { links: LinkDocumentBuf::default(), ..registration("node1", "coap://h", "") })
        .unwrap();
    assert_eq!(directory.endpoints(at(0), &Query::all()).count(), 1);
    assert_eq!(directory.resources(at(0), &Query::all()).count(), 0);
}

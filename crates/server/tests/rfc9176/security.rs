//! Sections 7 and 8: policies and limits.

use waypost_directory::Endpoint;
use waypost_model::{EndpointName, Sector};
use waypost_rest::{Code, Credential};
use waypost_server::{
    Attempt, Client, Denial, FirstComeFirstRemembered, Open, PerSector, Policy, ServerConfig, ServerLimits,
};

use crate::harness::*;

fn first_come() -> World {
    World::with(ServerConfig::default().with_policy(FirstComeFirstRemembered::new()))
}

#[test]
fn section_7_5_the_first_registrant_of_a_name_is_accepted_and_remembered() {
    let mut world = first_come();
    let (owner, other) = (with_key(&node(), 1), with_key(&node(), 2));
    let location = world.register(&owner, "ep=node1", "</t>");
    for request in [post("/rd", "ep=node1", "</u>"), touch(&location), delete(&location), get(&location)] {
        assert_eq!(world.ask(&other, request).code, Code::FORBIDDEN);
    }
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "<coap://[2001:db8:3::123]:61616/t>");
    assert_eq!(world.register(&owner, "ep=node1", "</v>"), location);
    assert_eq!(world.ask(&owner, touch(&location)).code, Code::CHANGED);
    assert_eq!(world.ask(&owner, delete(&location)).code, Code::DELETED);
    world.register(&other, "ep=node1", "</u>");
}

#[test]
fn section_7_5_a_name_belongs_to_its_owner_for_as_long_as_the_resource_is_active() {
    let mut world = first_come();
    let location = world.register(&with_key(&node(), 1), "ep=node1&lt=60", "</t>");
    world.pass(59);
    assert_eq!(world.ask(&with_key(&node(), 2), post("/rd", "ep=node1", "")).code, Code::FORBIDDEN);
    world.pass(2);
    // Nobody else brings back what has expired, but the name is free.
    assert_eq!(world.ask(&with_key(&node(), 2), touch(&location)).code, Code::FORBIDDEN);
    assert_eq!(world.ask(&with_key(&node(), 2), post("/rd", "ep=node1", "")).code, Code::CREATED);
    assert_eq!(world.ask(&with_key(&node(), 1), touch(&location)).code, Code::FORBIDDEN);
    assert_eq!(world.ask(&with_key(&node(), 2), touch(&location)).code, Code::CHANGED);
}

#[test]
fn section_7_5_all_that_was_stored_must_be_shown() {
    let subject = |authority: &str, name: &str| Credential::Subject { authority: authority.into(), name: name.into() };
    let mut world = first_come();
    let both = node().with_credential(subject("ca", "a")).with_credential(subject("ca", "b"));
    let location = world.register(&both, "ep=node1", "");
    let touched = |world: &mut World, peer| world.ask(&peer, touch(&location)).code;
    assert_eq!(touched(&mut world, node().with_credential(subject("ca", "a"))), Code::FORBIDDEN);
    let renamed = node().with_credential(subject("ca", "a")).with_credential(subject("other ca", "b"));
    assert_eq!(touched(&mut world, renamed), Code::FORBIDDEN);
    assert_eq!(touched(&mut world, both.clone().with_credential(subject("ca", "c"))), Code::CHANGED);
    assert_eq!(touched(&mut world, both), Code::CHANGED);
}

#[test]
fn section_7_5_certified_names_are_stored_before_keys_and_keys_before_sessions() {
    let subject = Credential::Subject { authority: "ca".into(), name: "a".into() };
    let session = |number| Credential::Session(vec![number]);
    let mut world = first_come();
    let named = with_key(&node().with_credential(subject.clone()), 1).with_credential(session(1));
    let location = world.register(&named, "ep=named", "");
    let rekeyed = with_key(&node().with_credential(subject), 2).with_credential(session(2));
    assert_eq!(world.ask(&rekeyed, touch(&location)).code, Code::CHANGED);

    let location = world.register(&with_key(&node(), 1).with_credential(session(1)), "ep=keyed", "");
    assert_eq!(world.ask(&with_key(&node(), 1), touch(&location)).code, Code::CHANGED);

    let location = world.register(&node().with_credential(session(1)), "ep=session", "");
    assert_eq!(world.ask(&node().with_credential(session(2)), touch(&location)).code, Code::FORBIDDEN);
    assert_eq!(world.ask(&node().with_credential(session(1)), touch(&location)).code, Code::CHANGED);
}

#[test]
fn section_7_5_a_registration_needs_a_security_layer_unless_configured_otherwise() {
    let mut world = first_come();
    assert_eq!(world.ask(&node(), post("/rd", "ep=node1", "")).code, Code::UNAUTHORIZED);
    let policy = FirstComeFirstRemembered::new().accepting_unprotected();
    let mut world = World::with(ServerConfig::default().with_policy(policy));
    world.register(&node(), "ep=node1", "");
    let location = world.register(&with_key(&node(), 1), "ep=node2", "");
    assert_eq!(world.ask(&node(), touch(&location)).code, Code::FORBIDDEN);
    // What nobody owns is owned by the first who proves something.
    let location = world.register(&with_key(&node(), 1), "ep=node1", "");
    assert_eq!(world.ask(&node(), touch(&location)).code, Code::FORBIDDEN);
}

#[test]
fn section_7_5_a_default_sector_can_be_set() {
    let policy = FirstComeFirstRemembered::new().with_default_sector(Sector::new("adhoc").unwrap());
    let mut world = World::with(ServerConfig::default().with_policy(policy));
    world.register(&with_key(&node(), 1), "ep=node1", "");
    world.register(&with_key(&node(), 1), "ep=node1&d=other", "");
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep?d=adhoc")).len(), 1);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep")).len(), 2);
}

#[test]
fn section_8_2_an_endpoint_is_not_identified_by_its_address() {
    let mut world = first_come();
    let location = world.register(&with_key(&host(1), 1), "ep=node1", "");
    assert_eq!(world.ask(&with_key(&host(2), 1), touch(&location)).code, Code::CHANGED);
    assert_eq!(world.ask(&with_key(&host(1), 2), touch(&location)).code, Code::FORBIDDEN);
}

/// Two tenants, of which one keeps its registrations to those who hold its key.
#[derive(Debug)]
struct Private(u8);

impl Policy for Private {
    fn register(&self, client: &Client<'_>, _: &Attempt<'_>) -> Result<(), Denial> {
        self.look_up(client)
    }

    fn look_up(&self, client: &Client<'_>) -> Result<(), Denial> {
        let key = Credential::PublicKey(vec![self.0; 32]);
        if client.credentials().contains(&key) { Ok(()) } else { Err(Denial::Forbidden) }
    }
}

#[test]
fn section_7_4_sectors_can_have_policies_of_their_own() {
    let policy = PerSector::new(Open).with(Sector::new("vault").unwrap(), Private(7));
    let mut world = World::with(ServerConfig::default().with_policy(policy));
    let insider = with_key(&node(), 7);
    assert_eq!(world.ask(&node(), post("/rd", "ep=spy&d=vault", "")).code, Code::FORBIDDEN);
    world.register(&insider, "ep=gold&d=vault", "</bar>;rt=metal");
    world.register(&node(), "ep=lamp", "</on>;rt=light");

    assert_eq!(links(&world.get(&insider, "/rd-lookup/ep")).len(), 2);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep")).len(), 1);
    // Section 7.3: nor may it be revealed by being what a criterion matches, or by its place in a page.
    assert_eq!(world.get(&client(), "/rd-lookup/ep?rt=metal"), "");
    assert_eq!(world.get(&client(), "/rd-lookup/res?ep=gold"), "");
    assert_eq!(world.get(&client(), "/rd-lookup/ep?count=1&page=1"), "");
}

#[test]
fn section_7_3_observers_are_told_only_of_what_they_may_see() {
    let policy = PerSector::new(Open).with(Sector::new("vault").unwrap(), Private(7));
    let mut world = World::with(ServerConfig::default().with_policy(policy));
    let insider = with_key(&node(), 7);
    let (outside, _) = world.observe(&client(), "/rd-lookup/ep");
    let (inside, _) = world.observe(&insider, "/rd-lookup/ep");
    world.register(&insider, "ep=gold&d=vault", "");
    assert!(world.notifications(outside).is_empty());
    assert_eq!(world.notifications(inside).len(), 1);
}

#[test]
fn section_8_3_registration_and_lookup_are_controlled_separately() {
    #[derive(Debug)]
    struct NoLookup;
    impl Policy for NoLookup {
        fn look_up(&self, _: &Client<'_>) -> Result<(), Denial> {
            Err(Denial::Unauthorized)
        }
    }
    let mut world = World::with(ServerConfig::default().with_policy(NoLookup));
    world.register(&node(), "ep=node1", "</t>");
    for uri in ["/rd-lookup/ep", "/rd-lookup/res"] {
        assert_eq!(world.ask(&client(), get(uri)).code, Code::UNAUTHORIZED);
    }
    assert_eq!(links(&world.get(&client(), "/.well-known/core?rt=core.rd*")).len(), 3);
}

#[test]
fn section_5_an_assigned_name_need_not_be_given_and_no_other_may_be() {
    #[derive(Debug)]
    struct Assigns;
    impl Policy for Assigns {
        fn assigned_name(&self, client: &Client<'_>) -> Option<EndpointName> {
            client.is_authenticated().then(|| EndpointName::new("assigned").unwrap())
        }
    }
    let mut world = World::with(ServerConfig::default().with_policy(Assigns));
    let peer = with_key(&node(), 1);
    let location = world.register(&peer, "", "</t>");
    assert_eq!(world.register(&peer, "ep=assigned", "</t>"), location);
    assert_eq!(world.ask(&peer, post("/rd", "ep=other", "")).code, Code::FORBIDDEN);
    assert_eq!(world.ask(&node(), post("/rd", "", "")).code, Code::BAD_REQUEST);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep?ep=assigned")).len(), 1);
}

#[test]
fn section_7_2_a_policy_can_look_at_the_links() {
    #[derive(Debug)]
    struct NoFirmware;
    impl Policy for NoFirmware {
        fn register(&self, _: &Client<'_>, attempt: &Attempt<'_>) -> Result<(), Denial> {
            let is_firmware = attempt.links.links().any(|link| link.rt().any(|word| word == "firmware"));
            if is_firmware { Err(Denial::Forbidden) } else { Ok(()) }
        }
    }
    let mut world = World::with(ServerConfig::default().with_policy(NoFirmware));
    assert_eq!(world.ask(&node(), post("/rd", "ep=a", "</f>;rt=firmware")).code, Code::FORBIDDEN);
    let exchange = world.submit(&host(1), touch("/.well-known/rd?ep=a"));
    let (id, ..) = world.request();
    world.respond(id, wkc("</f>;rt=firmware"));
    assert_eq!(world.answer(exchange).unwrap().code, Code::FORBIDDEN, "asked again when the links are known");
    world.register(&node(), "ep=a", "</f>;rt=hardware");
}

#[test]
fn section_7_2_a_policy_sees_the_registration_that_would_be_replaced() {
    #[derive(Debug)]
    struct Immutable;
    impl Policy for Immutable {
        fn register(&self, _: &Client<'_>, attempt: &Attempt<'_>) -> Result<(), Denial> {
            let is_other = |existing: Endpoint<'_>| existing.base() != attempt.base.as_str();
            if attempt.existing.is_some_and(is_other) { Err(Denial::Forbidden) } else { Ok(()) }
        }
    }
    let mut world = World::with(ServerConfig::default().with_policy(Immutable));
    world.register(&host(1), "ep=a", "");
    world.register(&host(1), "ep=a", "");
    assert_eq!(world.ask(&host(2), post("/rd", "ep=a", "")).code, Code::FORBIDDEN);
}

#[test]
fn section_8_registrations_of_one_peer_are_limited() {
    let limits = ServerLimits { registrations_per_peer: 2, ..ServerLimits::default() };
    let mut world = World::with(ServerConfig::default().with_limits(limits));
    let location = world.register(&node(), "ep=a&lt=60", "");
    world.register(&node(), "ep=b&lt=60", "");
    let refusal = world.ask(&node(), post("/rd", "ep=c", ""));
    assert_eq!((refusal.code, refusal.max_age), (Code::TOO_MANY_REQUESTS, Some(60)));
    world.register(&node(), "ep=b&lt=60", "</again>");
    world.register(&host(1), "ep=c", "");
    world.ask(&node(), delete(&location));
    world.register(&node(), "ep=d&lt=60", "");
}

#[test]
fn section_8_expired_registrations_of_a_peer_count_again_when_they_are_revived() {
    let limits = ServerLimits { registrations_per_peer: 2, ..ServerLimits::default() };
    let mut world = World::with(ServerConfig::default().with_limits(limits));
    let locations = ["ep=a&lt=60", "ep=b&lt=60"].map(|query| world.register(&node(), query, ""));
    world.pass(61);
    world.register(&node(), "ep=c&lt=60", "");
    world.register(&node(), "ep=d&lt=60", "");
    let refusals = locations.each_ref().map(|location| world.ask(&node(), touch(location)).code);
    assert!(refusals.contains(&Code::TOO_MANY_REQUESTS));
    assert_eq!(world.ask(&node(), post("/rd", "ep=e", "")).code, Code::TOO_MANY_REQUESTS);
    world.pass(61);
    assert_eq!(world.ask(&node(), touch(&locations[0])).code, Code::CHANGED);
    assert_eq!(world.ask(&node(), touch(&locations[1])).code, Code::CHANGED);
    assert_eq!(world.ask(&node(), post("/rd", "ep=e", "")).code, Code::TOO_MANY_REQUESTS);
}

#[test]
fn section_8_requests_of_one_peer_for_changes_are_limited() {
    let limits = ServerLimits { changes_per_minute: 6, ..ServerLimits::default() };
    let mut world = World::with(ServerConfig::default().with_limits(limits));
    let location = world.register(&node(), "ep=a", "");
    world.ask(&node(), touch(&location));
    let refusal = world.ask(&node(), touch(&location));
    assert_eq!((refusal.code, refusal.max_age.is_some()), (Code::TOO_MANY_REQUESTS, true));
    assert_eq!(links(&world.get(&node(), "/rd-lookup/ep")).len(), 1, "looking up goes on");
    world.register(&host(1), "ep=b", "");
    world.pass(u64::from(refusal.max_age.unwrap()));
    assert_eq!(world.ask(&node(), touch(&location)).code, Code::CHANGED);
}

#[test]
fn section_8_what_is_too_large_is_refused_as_such() {
    let mut world = World::new();
    let limits = world.server.directory().config().limits;
    let links = vec!["</a>"; limits.links_per_registration + 1].join(",");
    assert_eq!(world.ask(&node(), post("/rd", "ep=a", &links)).code, Code::REQUEST_ENTITY_TOO_LARGE);
    let long = format!("</{}>", "a".repeat(limits.bytes_per_registration));
    assert_eq!(world.ask(&node(), post("/rd", "ep=a", &long)).code, Code::REQUEST_ENTITY_TOO_LARGE);
    let arguments: String = (0..65).map(|number| format!("&a{number}=1")).collect();
    assert_eq!(world.ask(&node(), post("/rd", &format!("ep=a{arguments}"), "")).code, Code::REQUEST_ENTITY_TOO_LARGE);
    assert_eq!(world.server.directory().len(), 0);
}

#[test]
fn section_8_a_full_directory_says_when_to_come_again() {
    let mut config = waypost_directory::Config::new([0; 16], waypost_model::ReplicaId(1));
    config.limits.registrations = 2;
    let mut world = World::over(waypost_directory::Directory::new(config), ServerConfig::default());
    world.register(&node(), "ep=a", "");
    world.register(&node(), "ep=b", "");
    let refusal = world.ask(&node(), post("/rd", "ep=c", ""));
    assert_eq!((refusal.code, refusal.max_age), (Code::SERVICE_UNAVAILABLE, Some(60)));
    world.register(&node(), "ep=b", "</replaced>");
}

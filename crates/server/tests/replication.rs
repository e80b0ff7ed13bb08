//! What the drafts on replication ask of a directory that others read: provenance and lifetime.

mod harness;

use harness::*;
use waypost_rest::Code;
use waypost_server::{Client, Policy, ServerConfig};

#[test]
fn provenance_is_shown_on_request_only() {
    let mut world = World::new();
    let location = world.register(&host(1), "ep=node1", "</sensors/temp>;if=core.s");
    let plain = r#"<coap://[2001:db8:4::1]/sensors/temp>;if="core.s""#;
    assert_eq!(world.get(&client(), "/rd-lookup/res?if=core.s"), plain);
    let shown = format!(r#"{plain};provenance="{location}""#);
    assert_eq!(world.get(&client(), "/rd-lookup/res?if=core.s&provenance"), shown);
    assert_eq!(world.get(&client(), &format!("/rd-lookup/res?provenance={location}")), shown);
}

#[test]
fn provenance_with_a_value_filters_too() {
    let mut world = World::new();
    let one = world.register(&host(1), "ep=one", "</a>,</b>");
    let two = world.register(&host(2), "ep=two", "</c>");
    assert_eq!(links(&world.get(&client(), &format!("/rd-lookup/res?provenance={one}"))).len(), 2);
    assert_eq!(links(&world.get(&client(), &format!("/rd-lookup/res?provenance={two}"))).len(), 1);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?provenance=/*")).len(), 3);
    assert_eq!(world.get(&client(), "/rd-lookup/res?provenance=http*"), "");
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep?href=/*")).len(), 2);
}

#[test]
fn lifetime_age_is_shown_on_request_with_the_lifetime_and_for_a_minute_at_most() {
    let mut world = World::new();
    let location = world.register(&host(1), "ep=node1&lt=600", "");
    assert!(!world.get(&client(), "/rd-lookup/ep").contains("lt"));
    world.pass(20);
    let response = world.ask(&client(), get("/rd-lookup/ep?lt-age"));
    let found = text(&response);
    assert!(found.contains(r#"lt="600""#) && found.contains(r#"lt-age="20""#), "{found}");
    assert!(response.max_age.is_none_or(|age| age <= 60));
    let found = world.get(&client(), "/rd-lookup/ep?lt-remaining&ep=node1");
    assert!(found.contains(r#"lt="600""#) && found.contains(r#"lt-remaining="580""#), "{found}");
    world.ask(&host(1), touch(&location));
    assert!(world.get(&client(), "/rd-lookup/ep?lt-age").contains(r#"lt-age="0""#));
}

#[test]
fn what_asks_to_show_is_no_criterion_that_nothing_meets() {
    let mut world = World::new();
    world.register(&host(1), "ep=node1", "</t>");
    for query in ["provenance", "lt-age", "lt-remaining", "provenance&lt-age", "LT-AGE"] {
        for interface in ["ep", "res"] {
            let uri = format!("/rd-lookup/{interface}?{query}");
            assert_eq!(links(&world.get(&client(), &uri)).len(), 1, "{uri}");
        }
    }
    let response = world.ask(&client(), get("/rd-lookup/ep?lt-age=5"));
    assert_eq!((response.code, text(&response).as_str()), (Code::BAD_REQUEST, "lt-age: takes no value"));
}

#[derive(Debug)]
struct NeedToKnow;

impl Policy for NeedToKnow {
    fn reveals_provenance(&self, client: &Client<'_>) -> bool {
        client.is_authenticated()
    }

    fn reveals_lifetime(&self, client: &Client<'_>) -> bool {
        client.is_authenticated()
    }
}

#[test]
fn both_are_revealed_to_whom_the_policy_allows() {
    let mut world = World::with(ServerConfig::default().with_policy(NeedToKnow));
    world.register(&host(1), "ep=node1", "</t>");
    let proxy = with_key(&client(), 1);
    for (uri, name) in [
        ("/rd-lookup/res?provenance", "provenance"),
        ("/rd-lookup/res?provenance=/*", "provenance"),
        ("/rd-lookup/ep?lt-age", "lt-age"),
        ("/rd-lookup/ep?lt-remaining", "lt-remaining"),
    ] {
        let refusal = world.ask(&client(), get(uri));
        assert_eq!((refusal.code, text(&refusal)), (Code::FORBIDDEN, format!("{name}: not shown to this client")));
        assert!(world.get(&proxy, uri).contains(&format!(r#";{name}=""#)));
    }
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res")).len(), 1);
}

#[test]
fn an_observer_that_sees_lifetimes_is_notified_of_changes_only() {
    let mut world = World::new();
    let location = world.register(&host(1), "ep=node1&lt=600", "");
    let (exchange, _) = world.observe(&client(), "/rd-lookup/ep?href=/*&lt-age");
    world.pass(30);
    assert!(world.notifications(exchange).is_empty(), "time alone is no change");
    world.ask(&host(1), touch(&format!("{location}?et=x")));
    let notifications = world.notifications(exchange);
    assert_eq!(notifications.len(), 1);
    assert!(text(&notifications[0]).contains(r#"lt-age="0""#));
}

#[test]
fn one_cannot_forge_what_the_directory_reports() {
    let mut world = World::new();
    let location = world.register(&host(1), "ep=node1", r#"</t>;provenance="/rd/other""#);
    let found = world.get(&client(), "/rd-lookup/res?provenance");
    assert!(found.ends_with(&format!(r#"provenance="{location}""#)), "the last one counts: {found}");
    assert_eq!(world.get(&client(), "/rd-lookup/res?provenance=/rd/other"), "");
}

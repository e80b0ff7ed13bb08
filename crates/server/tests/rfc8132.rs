//! What RFC 8132 requires of a server that takes PATCH and iPATCH, section by section, through the transport seam alone.

mod harness;

use harness::*;
use waypost_link_delta::{LinkDelta, Tag};
use waypost_link_format::LinkDocument;
use waypost_model::Update;
use waypost_rest::{Code, ContentFormat, ETag, Method, Request, Response};
use waypost_server::{
    Client, Denial, EchoConfig, Event, FirstComeFirstRemembered, Operation, Policy, ServerConfig, ServerLimits,
};

const FORMAT: ContentFormat = ContentFormat(65_040);
const LINKS: &str = r#"</temp>;rt="temperature-c",</light>;rt="light-lux""#;

fn between(before: &str, after: &str) -> LinkDelta {
    LinkDelta::between(LinkDocument::parse(before).unwrap(), LinkDocument::parse(after).unwrap())
}

fn patch(uri: &str, delta: &LinkDelta) -> Request {
    request(Method::IPatch, uri).with_payload(FORMAT, delta.encode())
}

fn tag(etag: Option<ETag>) -> Tag {
    Tag::new(etag.unwrap().as_bytes()).unwrap()
}

fn refusal(response: &Response) -> (Code, String) {
    (response.code, text(response))
}

#[test]
fn section_3_links_are_added_changed_and_removed() {
    for method in [Method::Patch, Method::IPatch] {
        let mut world = World::new();
        let location = world.register(&node(), "ep=node1&base=coap://h", LINKS);
        let delta = between(LINKS, r#"</light>;rt="light-lux";obs,</hum>;rt=humidity"#);
        let mut request = patch(&location, &delta);
        request.method = method;
        assert_eq!(world.ask(&node(), request).code, Code::CHANGED, "{method}");
        assert_eq!(world.get(&node(), &location), r#"</light>;rt="light-lux";obs,</hum>;rt=humidity"#);
        assert_eq!(world.get(&client(), "/rd-lookup/res?rt=humidity"), r#"<coap://h/hum>;rt="humidity""#);
        assert_eq!(world.get(&client(), "/rd-lookup/res?rt=temperature-c"), "");
    }
}

#[test]
fn section_3_observers_are_told_of_a_change_of_links() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1&base=coap://h", LINKS);
    let (exchange, _) = world.observe(&client(), "/rd-lookup/res?rt=humidity");
    world.ask(&node(), patch(&location, &between("", "</hum>;rt=humidity")));
    let notified: Vec<_> = world.notifications(exchange).iter().map(text).collect();
    assert_eq!(notified, [r#"<coap://h/hum>;rt="humidity""#]);
}

#[test]
fn section_3_a_patch_is_an_update_and_renews() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1&lt=100", LINKS);
    world.pass(75);
    world.ask(&node(), patch(&location, &between(LINKS, "</temp>")));
    world.pass(75);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res")).len(), 1);
    let response = world.ask(&node(), patch(&format!("{location}?lt=300&floor=3"), &between("", "</x>")));
    assert_eq!(response.code, Code::CHANGED);
    world.pass(250);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?floor=3")).len(), 2);
}

#[test]
fn section_3_what_a_patch_leads_to_has_the_etag_of_the_response() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1", LINKS);
    let response = world.ask(&node(), patch(&location, &between(LINKS, "</temp>")));
    assert_eq!(response.etag, world.ask(&node(), get(&location)).etag);
    let delta = between("", "</x>").starting_from(tag(response.etag));
    assert_eq!(world.ask(&node(), patch(&location, &delta)).code, Code::CHANGED);
    assert_eq!(world.get(&node(), &location), "</temp>,</x>");
}

#[test]
fn section_3_what_was_registered_has_the_etag_of_the_response() {
    let mut world = World::new();
    for links in [LINKS, "</temp>", LINKS, ""] {
        let response = world.ask(&node(), post("/rd", "ep=node1", links));
        let location = location(&response);
        assert_eq!(response.etag, world.ask(&node(), get(&location)).etag, "{links}");
        let delta = between("", "</x>").starting_from(tag(response.etag));
        assert_eq!(world.ask(&node(), patch(&location, &delta)).code, Code::CHANGED);
        assert_eq!(world.ask(&node(), patch(&location, &delta)).code, Code::CONFLICT);
    }
}

#[test]
fn section_3_ipatch_is_idempotent() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1", LINKS);
    world.events();
    let request = patch(&location, &between(LINKS, "</light>"));
    let [first, second] = [request.clone(), request].map(|request| world.ask(&node(), request));
    assert_eq!((first.code, first.etag), (Code::CHANGED, second.etag));
    assert_eq!(world.get(&node(), &location), "</light>");
    assert!(matches!(world.events()[..], [Event::Updated { .. }, Event::Renewed { .. }]));
    let gone = patch(&location, &between("</never-there>", ""));
    assert_eq!(world.ask(&node(), gone).code, Code::CHANGED);
}

#[test]
fn section_3_a_delta_from_nothing_replaces_all_links() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1", LINKS);
    let all = LinkDelta::whole(LinkDocument::parse("</x>").unwrap());
    assert_eq!(world.ask(&node(), patch(&location, &all)).code, Code::CHANGED);
    assert_eq!(world.get(&node(), &location), "</x>");
}

#[test]
fn section_3_4_a_malformed_payload_is_refused_with_its_offset() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1", LINKS);
    for (payload, diagnostic) in [
        (&b""[..], "payload: unexpected end at byte 0"),
        (b"</temp>", "payload: expected an array of four items at byte 0"),
        (b"\x84\xf6\xf6\x60\x66</a>,,", "payload: expected a link, which starts with `<` at byte 10"),
        (b"\x84\xf6\xf6\x60\x68</a>,<b>", "payload: target is neither a URI nor path-absolute at byte 11"),
    ] {
        let response = world.ask(&node(), request(Method::IPatch, &location).with_payload(FORMAT, payload));
        assert_eq!(refusal(&response), (Code::BAD_REQUEST, diagnostic.into()));
    }
    assert_eq!(world.get(&node(), &location), LINKS);
}

#[test]
fn section_3_4_another_format_or_none_is_not_supported() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1", LINKS);
    let mut plain = request(Method::IPatch, &location);
    plain.payload = between("", "</a>").encode().into();
    let other = request(Method::IPatch, &location).with_payload(ContentFormat::LINK_FORMAT, "</a>");
    for request in [plain, other] {
        let diagnostic = "content-format: only 65040, a link delta";
        assert_eq!(refusal(&world.ask(&node(), request)), (Code::UNSUPPORTED_CONTENT_FORMAT, diagnostic.into()));
    }
    let payload = post(&location, "", "</a>");
    assert_eq!(world.ask(&node(), payload).code, Code::BAD_REQUEST, "a POST has no payload still");
}

#[test]
fn section_3_4_what_is_not_there_is_not_found() {
    let mut world = World::new();
    let delta = between("", "</a>");
    assert_eq!(world.ask(&node(), patch("/rd/4521", &delta)).code, Code::NOT_FOUND);
    for uri in ["/rd", "/rd-lookup/res", "/.well-known/core"] {
        assert_eq!(world.ask(&node(), patch(uri, &delta)).code, Code::METHOD_NOT_ALLOWED, "{uri}");
    }
}

#[test]
fn section_3_4_a_delta_from_another_state_is_a_conflict() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1&lt=100", LINKS);
    let known = tag(world.ask(&client(), get(&location)).etag);
    world.ask(&node(), patch(&location, &between("", "</x>")));
    let before = world.get(&node(), &location);
    world.pass(50);
    let response = world.ask(&client(), patch(&location, &between(LINKS, "").starting_from(known)));
    let diagnostic = "payload: starts from another state than the present one";
    assert_eq!(refusal(&response), (Code::CONFLICT, diagnostic.into()));
    assert_eq!(world.get(&node(), &location), before);
    world.pass(50);
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "", "what is refused does not renew");
}

#[test]
fn section_3_4_what_would_be_too_much_is_too_large() {
    let mut directory = directory_of(waypost_model::ReplicaId(1));
    let mut config = directory.config().clone();
    (config.limits.links_per_registration, config.limits.bytes_per_registration) = (3, 200);
    directory = waypost_directory::Directory::new(config);
    let mut world = World::over(directory, ServerConfig::default());
    let location = world.register(&node(), "ep=node1&base=coap://h", LINKS);
    for (after, diagnostic) in [
        ("</a>,</b>", "over the limit"),
        ("</a>,</b>,</c>,</d>", "links: over the limit of 3"),
        (&format!("</a>;title=\"{}\"", "x".repeat(140)), "over the limit"),
        (&format!("</a>;title=\"{}\"", "x".repeat(200)), "payload bytes: over the limit of 200"),
    ] {
        let response = world.ask(&node(), patch(&location, &between("", after)));
        assert_eq!(response.code, Code::REQUEST_ENTITY_TOO_LARGE);
        assert!(text(&response).contains(diagnostic), "{}", text(&response));
        assert_eq!(world.get(&node(), &location), LINKS);
    }
}

#[test]
fn section_3_4_changes_count_toward_the_limit_of_requests() {
    let limits = ServerLimits { changes_per_minute: 6, ..ServerLimits::default() };
    let mut world = World::with(ServerConfig::default().with_limits(limits));
    let location = world.register(&node(), "ep=node1", LINKS);
    let codes = [0, 1].map(|_| world.ask(&node(), patch(&location, &between("", "</a>"))).code);
    assert_eq!(codes, [Code::CHANGED, Code::TOO_MANY_REQUESTS]);
}

#[test]
fn section_5_a_change_of_much_counts_as_many() {
    let limits = ServerLimits { changes_per_minute: 66, ..ServerLimits::default() };
    let mut world = World::with(ServerConfig::default().with_limits(limits));
    let fat: Vec<_> = (0..10).map(|link| format!("</{link}>;title=\"{}\"", "x".repeat(1_000))).collect();
    let location = world.register(&node(), "ep=fat", &fat.join(","));
    let small = |number: usize| patch(&location, &between("", &format!("</new{number}>")));
    // The one that is refused looked at as much as the others.
    let stale = patch(&location, &between("", "</x>").starting_from(Tag::new(&[0]).unwrap()));
    let codes = [small(1), stale, small(2)].map(|request| world.ask(&host(1), request).code);
    assert_eq!(codes, [Code::CHANGED, Code::CONFLICT, Code::TOO_MANY_REQUESTS]);
    let others = ["ep=a", "ep=b", "ep=c"].map(|query| world.ask(&host(2), post("/rd", query, "</a>")).code);
    assert_eq!(others, [Code::CREATED; 3], "what is small counts as one");
}

#[test]
fn section_5_only_who_registered_may_change_links() {
    let mut world = World::with(ServerConfig::default().with_policy(FirstComeFirstRemembered::new()));
    let location = world.register(&with_key(&node(), 1), "ep=node1", LINKS);
    let request = patch(&location, &between(LINKS, ""));
    assert_eq!(world.ask(&node(), request.clone()).code, Code::UNAUTHORIZED);
    assert_eq!(world.ask(&with_key(&node(), 2), request.clone()).code, Code::FORBIDDEN);
    assert_eq!(world.ask(&with_key(&node(), 1), request).code, Code::CHANGED);
}

/// Links to locks are not for everybody to register.
#[derive(Debug)]
struct NoLocks;

impl Policy for NoLocks {
    fn operate(
        &self,
        _: &Client<'_>,
        operation: &Operation<'_>,
        _: &waypost_directory::Endpoint<'_>,
    ) -> Result<(), Denial> {
        let Operation::Update(Update { links: Some(links), .. }) = operation else { return Ok(()) };
        let has_lock = links.links().any(|link| link.rt().any(|word| word == "lock"));
        if has_lock { Err(Denial::Forbidden) } else { Ok(()) }
    }
}

#[test]
fn section_5_a_policy_sees_all_links_that_there_would_be() {
    let mut world = World::with(ServerConfig::default().with_policy(NoLocks));
    let location = world.register(&node(), "ep=node1", "</a>");
    assert_eq!(world.ask(&node(), patch(&location, &between("", "</b>;rt=\"x lock\""))).code, Code::FORBIDDEN);
    assert_eq!(world.ask(&node(), patch(&location, &between("", "</b>;rt=door"))).code, Code::CHANGED);
    assert_eq!(world.ask(&node(), touch(&location)).code, Code::CHANGED);
}

#[test]
fn section_5_a_patch_that_is_not_fresh_is_to_be_repeated() {
    let mut world = World::with(ServerConfig::default().with_echo(EchoConfig::new([7; 16])));
    let location = world.register(&node(), "ep=node1", LINKS);
    let request = patch(&location, &between(LINKS, "</temp>"));
    let stale = world.ask(&node(), request.clone());
    assert_eq!(stale.code, Code::UNAUTHORIZED);
    assert_eq!(world.get(&node(), &location), LINKS);
    assert_eq!(world.ask(&node(), echoing(request, &stale.echo.unwrap())).code, Code::CHANGED);
}

#[test]
fn the_format_of_deltas_is_announced_and_can_be_another_or_none() {
    let interface = "/.well-known/core?rt=core.rd";
    let mut config = ServerConfig::default();
    config.link_delta_format = Some(ContentFormat(65_100));
    let mut world = World::with(config);
    assert_eq!(world.get(&client(), interface), r#"</rd>;rt="core.rd";ct="40 65100""#);
    let location = world.register(&node(), "ep=node1", LINKS);
    let mut request = patch(&location, &between(LINKS, ""));
    assert_eq!(world.ask(&node(), request.clone()).code, Code::UNSUPPORTED_CONTENT_FORMAT);
    request.content_format = Some(ContentFormat(65_100));
    assert_eq!(world.ask(&node(), request).code, Code::CHANGED);

    let mut config = ServerConfig::default();
    config.link_delta_format = None;
    let mut world = World::with(config);
    assert_eq!(world.get(&client(), interface), r#"</rd>;rt="core.rd";ct="40""#);
    let location = world.register(&node(), "ep=node1", LINKS);
    assert_eq!(world.ask(&node(), patch(&location, &between(LINKS, ""))).code, Code::METHOD_NOT_ALLOWED);
}

#[test]
fn section_3_the_answer_to_a_renewal_names_the_links_where_deltas_are_spoken() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1", LINKS);
    let renewed = world.ask(&node(), request(Method::Post, &location));
    assert_eq!((renewed.code, renewed.etag), (Code::CHANGED, Some(ETag::of(LINKS.as_bytes()))));
    let mut config = ServerConfig::default();
    config.link_delta_format = None;
    let mut silent = World::with(config);
    let location = silent.register(&node(), "ep=node1", LINKS);
    assert_eq!(silent.ask(&node(), request(Method::Post, &location)).etag, None);
}

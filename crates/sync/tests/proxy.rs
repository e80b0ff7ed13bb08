//! Look-up proxies in front of directories: what is answered from where.

extern crate alloc;

mod common;

use core::time::Duration;

use common::Network;
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_link_format::LinkDocumentBuf;
use waypost_model::ReplicaId;
use waypost_rest::{Code, Method, Observe, Request, Response, Service as _};
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Holding, Proxy, ProxyConfig, Replicated, Replicator, SyncConfig};
use waypost_time::Instant;

const HOUR: Duration = Duration::from_secs(3_600);

fn server(replica: u64, config: ServerConfig) -> Replicated<Server> {
    let directory = Directory::new(Config::new([replica as u8; 16], ReplicaId(replica)));
    Replicated::new(Server::new(directory, config), Replicator::new(SyncConfig::new(replica)))
}

/// A proxy in front of directories that know no feed.
fn proxy(upstreams: &[(&str, Holding)], adjust: impl FnOnce(&mut ProxyConfig)) -> Proxy<Server> {
    let mut config = ProxyConfig::new(9);
    adjust(&mut config);
    let elsewhere = ServerConfig::default().with_registration_elsewhere(LinkDocumentBuf::default());
    let mut proxy = Proxy::new(server(9, elsewhere), config);
    for (uri, holding) in upstreams {
        proxy.add_upstream(&uri.parse().expect("a URI"), holding.clone()).expect("room");
    }
    proxy
}

/// Two sources with two registrations each, and a proxy in front.
fn network(holding: &Holding) -> Network {
    network_of(holding, |_| ())
}

fn network_of(holding: &Holding, adjust: impl FnOnce(&mut ProxyConfig)) -> Network {
    let mut network = Network::default();
    for (number, uri) in [(1, "coap://a"), (2, "coap://b")] {
        network.add(uri, server(number, ServerConfig::default()));
        for floor in 1..=2 {
            network.register(
                uri,
                &format!("ep=node{number}{floor}&d=floor-{floor}&base=coap://[2001:db8::{number}{floor}]&lt=7200"),
                "</temp>;rt=temperature-c,</light>;rt=light-lux;title=lamp",
            );
        }
    }
    network.add_proxy("coap://proxy", proxy(&[("coap://a", holding.clone()), ("coap://b", holding.clone())], adjust));
    network.run_until(Instant::from_millis(1_000));
    network
}

/// What the sources say together, at once: of all the links that the proxy says, references are absolute.
fn sources(network: &mut Network, interface: &str, query: &str) -> Vec<String> {
    let mut all = Vec::new();
    for uri in ["coap://a", "coap://b"] {
        let links = network.links(uri, interface, query);
        all.extend(links.into_iter().map(|link| link.replace("</", &format!("<{uri}/"))));
    }
    all.sort_unstable();
    all
}

fn pass(network: &mut Network, span: Duration) {
    let until = network.now + span;
    network.run_until(until);
}

#[test]
fn an_answer_is_the_union_of_what_the_sources_say() {
    let holdings = [
        Holding::Answers,
        Holding::Recurring,
        Holding::Mirror(Query::all()),
        Holding::Mirror("d=floor-1".parse().expect("a query")),
    ];
    for holding in &holdings {
        let mut network = network(holding);
        for (interface, query) in [
            ("ep", ""),
            ("ep", "d=floor-1"),
            ("ep", "rt=light-lux&d=floor-2"),
            ("ep", "title=lamp&d=floor-1"),
            ("res", ""),
            ("res", "rt=temperature-c"),
            ("res", "rt=temperature-c&d=floor-1"),
            ("res", "ep=node21"),
            ("res", "ep=nobody"),
        ] {
            let expected = sources(&mut network, interface, query);
            assert_eq!(network.links("coap://proxy", interface, query), expected, "{holding:?}: {interface}?{query}");
        }
    }
}

#[test]
fn pages_are_cut_from_the_union() {
    for holding in [Holding::Answers, Holding::Mirror(Query::all())] {
        let mut network = network(&holding);
        let all = network.links("coap://proxy", "res", "");
        let mut paged = Vec::new();
        for page in 0..3 {
            let links = network.links("coap://proxy", "res", &format!("page={page}&count=3"));
            assert_eq!(links.len(), [3, 3, 2][page], "{holding:?}");
            paged.extend(links);
        }
        paged.sort_unstable();
        assert_eq!(paged, all, "{holding:?}");
    }
}

#[test]
fn the_pages_of_one_source_are_cut_from_what_is_known_of_it() {
    let mut network = Network::default();
    network.add("coap://a", server(1, ServerConfig::default()));
    for node in 0..4 {
        network.register("coap://a", &format!("ep=node{node}&base=coap://[2001:db8::{node}]"), "</t>");
    }
    network.add_proxy("coap://proxy", proxy(&[("coap://a", Holding::Answers)], |_| ()));
    let page =
        |network: &mut Network, page: usize| network.links("coap://proxy", "ep", &format!("page={page}&count=2"));
    let asked_for = page(&mut network, 0);
    assert_eq!(asked_for.len(), 2);
    let all = network.links("coap://proxy", "ep", "");
    network.requests.clear();
    let cut = page(&mut network, 1);
    assert_eq!(network.requests.get("coap://a"), None, "all is known");
    assert!(cut.iter().all(|link| all.contains(link) && !asked_for.contains(link)), "{asked_for:?} {cut:?}");
}

#[test]
fn what_is_mirrored_is_answered_without_asking() {
    let mut network = network(&Holding::Mirror("d=floor-1".parse().expect("a query")));
    let before = network.requests.clone();
    assert_eq!(network.links("coap://proxy", "res", "rt=light-lux&d=floor-1").len(), 2);
    assert_eq!(network.requests, before, "floor-1 is held");
    assert_eq!(network.links("coap://proxy", "res", "rt=light-lux&d=floor-2").len(), 2);
    assert_ne!(network.requests, before, "floor-2 is not");
}

#[test]
fn what_is_mirrored_can_be_observed() {
    let mut network = network(&Holding::Mirror("d=floor-1".parse().expect("a query")));
    let observe =
        |query: &str| Request::new(Method::Get, ["rd-lookup", "ep"]).with_query(query).with_observe(Observe::Register);
    let held = network.send("coap://client", "coap://proxy", observe("d=floor-1"));
    network.settle();
    assert!(network.answers(held)[0].is_observed);
    network.register("coap://a", "ep=new&d=floor-1&base=coap://[2001:db8::99]", "");
    pass(&mut network, Duration::from_secs(120));
    let last = network.answers(held).last().expect("an answer");
    assert!(last.payload.windows(3).any(|part| part == b"new"), "{last:?}");
}

#[test]
fn an_answer_is_asked_for_once_while_it_is_fresh() {
    let mut network = network(&Holding::Answers);
    let first = network.look_up("coap://proxy", "res", "rt=light-lux").expect("an answer");
    let asked = network.requests.clone();
    network.run_until(Instant::from_millis(30_000));
    let asked_later = network.requests.clone();
    let again = network.look_up("coap://proxy", "res", "rt=light-lux").expect("an answer");
    assert_eq!(network.requests, asked_later);
    assert_eq!((first.payload, first.etag), (again.payload, again.etag));
    assert_eq!(again.max_age, Some(31), "what is left of the minute that began at the first second");
    assert!(asked.values().sum::<usize>() > 0);
}

#[test]
fn who_has_an_answer_by_its_etag_is_told_so() {
    let mut network = network(&Holding::Answers);
    let first = network.look_up("coap://proxy", "ep", "d=floor-1").expect("an answer");
    let mut request = Request::new(Method::Get, ["rd-lookup", "ep"]).with_query("d=floor-1");
    request.etags.extend(first.etag);
    let exchange = network.send("coap://client", "coap://proxy", request);
    network.settle();
    assert_eq!(network.answers(exchange)[0].code, Code::VALID);
}

#[test]
fn a_stale_answer_is_revalidated_by_its_etag() {
    let mut network = network(&Holding::Answers);
    network.links("coap://proxy", "res", "");
    pass(&mut network, Duration::from_secs(70));
    let before = network.bytes["coap://proxy"];
    assert_eq!(network.links("coap://proxy", "res", "").len(), 8);
    // Where the look-ups are is discovered anew, too; that is 130 bytes of each.
    assert!(network.bytes["coap://proxy"] - before < 400, "{} bytes", network.bytes["coap://proxy"] - before);
}

#[test]
fn who_has_much_put_together_waits_and_others_do_not() {
    let mut network = network_of(&Holding::Answers, |config| config.limits.work = 100);
    let ask = |network: &mut Network, client: &str| {
        let request = Request::new(Method::Get, ["rd-lookup", "res"]).with_query("page=0").with_query("count=1");
        let exchange = network.send(client, "coap://proxy", request);
        network.settle();
        network.answers(exchange)[0].clone()
    };
    // Each page takes the links of all, some hundreds of bytes.
    let answers: Vec<Response> = (0..10).map(|_| ask(&mut network, "coap://client:1")).collect();
    assert_eq!(answers[0].code, Code::CONTENT);
    let refused = answers.last().expect("an answer");
    assert_eq!(refused.code, Code::TOO_MANY_REQUESTS);
    let wait = Duration::from_secs(refused.max_age.expect("a time").into());
    assert_eq!(ask(&mut network, "coap://client:2").code, Code::TOO_MANY_REQUESTS, "another port is no other host");
    assert_eq!(ask(&mut network, "coap://other").code, Code::CONTENT);
    // Who has shown that it is there does not wait for what was done in its name.
    network.reachable.insert("coap://client:3");
    assert_eq!(ask(&mut network, "coap://client:3").code, Code::CONTENT);
    pass(&mut network, wait);
    assert_eq!(ask(&mut network, "coap://client:1").code, Code::CONTENT);
}

#[test]
fn whoever_forges_addresses_keeps_nobody_from_asking_who_is_there() {
    let mut network = network_of(&Holding::Answers, |config| config.limits.work_in_all = 200);
    let ask = |network: &mut Network, client: &str| {
        let request = Request::new(Method::Get, ["rd-lookup", "res"]);
        let exchange = network.send(client, "coap://proxy", request);
        network.settle();
        network.answers(exchange)[0].code
    };
    let told: Vec<Code> = (0..20).map(|number| ask(&mut network, &format!("coap://forged{number}"))).collect();
    assert_eq!(
        (told[0], told[19]),
        (Code::CONTENT, Code::TOO_MANY_REQUESTS),
        "to which a transport adds an Echo value"
    );
    network.reachable.insert("coap://client");
    assert_eq!(ask(&mut network, "coap://client"), Code::CONTENT);
}

#[test]
fn a_look_up_of_which_the_answer_is_too_large_takes_no_source_away_from_others() {
    for holding in [Holding::Answers, Holding::Recurring] {
        let mut network = network(&holding);
        network.links("coap://proxy", "res", "rt=light-lux");
        network.longest = Some(200);
        let refused = network.look_up("coap://proxy", "res", "").expect("an answer");
        assert_eq!(refused.code, Code::BAD_REQUEST, "the client can ask for less");
        let found = network.look_up("coap://proxy", "res", "rt=light-lux&d=floor-1").expect("an answer");
        assert_eq!(found.code, Code::CONTENT);
    }
}

#[test]
fn what_is_mirrored_of_a_source_that_is_gone_is_fresh_no_longer() {
    for holding in [Holding::Mirror(Query::all()), Holding::Mirror("d=floor-1".parse().expect("a query"))] {
        let mut network = network(&holding);
        let ask = |network: &mut Network| network.look_up("coap://proxy", "res", "d=floor-1").expect("an answer");
        assert_eq!(ask(&mut network).max_age, None, "a minute is what is not said");
        network.stop("coap://b").expect("a node");
        pass(&mut network, Duration::from_secs(300));
        let aged = ask(&mut network);
        assert_eq!((aged.code, aged.max_age), (Code::CONTENT, Some(0)));
        assert_eq!(network.links("coap://proxy", "res", "d=floor-1").len(), 4);
    }
}

#[test]
fn a_minute_is_promised_from_when_a_source_was_heard_last_and_not_while_a_question_is_unanswered() {
    let mut network = Network::default();
    let mut feed = ServerConfig::default();
    feed.links = LinkDocumentBuf::parse(r#"</sync/feed>;rt="waypost.feed""#).expect("a link");
    let mut config = SyncConfig::new(1);
    config.admits_mirrors = true;
    let refresh = config.limits.refresh;
    let directory = Directory::new(Config::new([1; 16], ReplicaId(1)));
    network.add("coap://a", Replicated::new(Server::new(directory, feed), Replicator::new(config)));
    network.register("coap://a", "ep=node1&base=coap://[2001:db8::1]&lt=7200", "</temp>");
    network.add_proxy("coap://proxy", proxy(&[("coap://a", Holding::Mirror(Query::all()))], |_| ()));
    network.run_until(Instant::from_millis(1_000));
    let ask = |network: &mut Network| network.look_up("coap://proxy", "res", "").expect("an answer");
    for _ in 0..30 {
        pass(&mut network, Duration::from_secs(7));
        assert_eq!(ask(&mut network).max_age, None, "a minute is what is not said");
    }
    let gone = network.now;
    network.silent = Some("coap://a");
    pass(&mut network, refresh);
    for _ in 0..60 {
        pass(&mut network, Duration::from_secs(2));
        let answer = ask(&mut network);
        let fresh_until = network.now + Duration::from_secs(answer.max_age.unwrap_or(60).into());
        // How long it may go unnoticed that the source is gone varies by a quarter.
        let known_until = gone + refresh + refresh / 4 + Duration::from_secs(60);
        assert_eq!(answer.code, Code::CONTENT);
        assert!(fresh_until <= known_until.max(network.now), "{:?} seconds at {:?}", answer.max_age, network.now);
    }
}

#[test]
fn a_source_that_is_gone_is_answered_for_as_long_as_the_operator_allows() {
    let mut network = network(&Holding::Answers);
    let all = network.links("coap://proxy", "res", "rt=light-lux");
    network.stop("coap://b").expect("a node");
    pass(&mut network, Duration::from_secs(100));
    let stale = network.look_up("coap://proxy", "res", "rt=light-lux").expect("an answer");
    assert_eq!((stale.code, stale.max_age), (Code::CONTENT, Some(0)));
    assert_eq!(network.links("coap://proxy", "res", "rt=light-lux"), all);
    pass(&mut network, HOUR);
    let late = network.look_up("coap://proxy", "res", "rt=light-lux").expect("an answer");
    assert_eq!(late.code, Code::GATEWAY_TIMEOUT);
}

#[test]
fn what_was_mirrored_is_answered_until_its_lifetime_is_over() {
    let mut network = network(&Holding::Mirror(Query::all()));
    network.stop("coap://a").expect("a node");
    pass(&mut network, HOUR);
    assert_eq!(network.links("coap://proxy", "ep", "").len(), 4);
    pass(&mut network, HOUR);
    assert_eq!(network.links("coap://proxy", "ep", "").len(), 0, "nothing was renewed in two hours");
}

#[test]
fn what_the_only_source_refuses_is_passed_on() {
    let mut network = Network::default();
    network.add("coap://a", server(1, ServerConfig::default()));
    network
        .add_proxy("coap://proxy", proxy(&[("coap://a", Holding::Answers)], |config| config.passes_lifetimes = true));
    let refusal = network.look_up("coap://proxy", "ep", "lt-age=7").expect("an answer");
    assert_eq!(refusal.code, network.look_up("coap://a", "ep", "lt-age=7").expect("an answer").code);
}

#[test]
fn a_source_that_was_never_there_is_a_gateway_timeout() {
    let mut network = Network::default();
    network.add_proxy("coap://proxy", proxy(&[("coap://nobody", Holding::Mirror(Query::all()))], |_| ()));
    network.run_until(Instant::from_millis(1_000));
    assert_eq!(network.look_up("coap://proxy", "ep", "").expect("an answer").code, Code::GATEWAY_TIMEOUT);
}

#[test]
fn lifetimes_are_not_passed_on_unless_allowed() {
    let mut network = network(&Holding::Answers);
    assert_eq!(network.look_up("coap://proxy", "ep", "lt-age").expect("an answer").code, Code::FORBIDDEN);
}

#[test]
fn requests_for_one_answer_share_one_question() {
    let mut network = network(&Holding::Answers);
    let ask = || Request::new(Method::Get, ["rd-lookup", "res"]).with_query("rt=light-lux");
    let first = network.send("coap://client1", "coap://proxy", ask());
    let second = network.send("coap://client2", "coap://proxy", ask().with_query("count=1"));
    let before = network.requests["coap://a"];
    network.settle();
    assert_eq!(network.requests["coap://a"] - before, 2, "discovery, and the look-up");
    assert_eq!(network.answers(first).len() + network.answers(second).len(), 2);
    assert!(network.answers(first)[0].payload.len() > network.answers(second)[0].payload.len());
}

#[test]
fn one_peer_cannot_wait_for_everything() {
    let mut network = network(&Holding::Answers);
    let ask = |number: usize| Request::new(Method::Get, ["rd-lookup", "res"]).with_query(format!("title={number}"));
    let sent: Vec<_> = (0..65).map(|number| network.send("coap://client", "coap://proxy", ask(number))).collect();
    let other = network.send("coap://other", "coap://proxy", ask(99));
    network.reachable.insert("coap://client:1");
    let verified = network.send("coap://client:1", "coap://proxy", ask(100));
    network.settle();
    let codes: Vec<_> = sent.iter().map(|exchange| network.answers(*exchange)[0].code).collect();
    assert!(codes[..64].iter().all(|code| *code == Code::CONTENT));
    assert_eq!(codes[64], Code::TOO_MANY_REQUESTS);
    assert_eq!(network.answers(other)[0].code, Code::CONTENT);
    assert_eq!(network.answers(verified)[0].code, Code::CONTENT, "others at its address are not it");
}

#[test]
fn the_cache_keeps_to_its_limits() {
    let mut network = Network::default();
    network.add("coap://a", server(1, ServerConfig::default()));
    network.register("coap://a", "ep=node&base=coap://[2001:db8::1]", "</t>");
    let small = proxy(&[("coap://a", Holding::Answers)], |config| config.limits.cached_answers = 2);
    network.add_proxy("coap://proxy", small);
    let mut asked_for = |query: &str| {
        let before = network.requests.get("coap://a").copied().unwrap_or_default();
        network.links("coap://proxy", "res", query);
        network.requests["coap://a"] - before
    };
    asked_for("ep=1");
    asked_for("ep=2");
    assert_eq!(asked_for("ep=1"), 0);
    asked_for("ep=3");
    assert_eq!((asked_for("ep=1"), asked_for("ep=2")), (0, 1), "the one used longest ago has gone");
}

#[test]
fn registrants_are_sent_to_the_sources() {
    let mut network = network(&Holding::Answers);
    let links = network.proxy("coap://proxy").registrations();
    assert_eq!(links.as_str(), r#"<coap://a/rd>;rt="core.rd",<coap://b/rd>;rt="core.rd""#);
    network.node("coap://proxy").service_mut().send_registrants_to(links);
    let exchange = network.send(
        "coap://client",
        "coap://proxy",
        Request::new(Method::Get, [".well-known", "core"]).with_query("rt=core.rd"),
    );
    let register = Request::new(Method::Post, ["rd"]).with_query("ep=node");
    let refused = network.send("coap://client", "coap://proxy", register);
    network.settle();
    assert_eq!(&network.answers(exchange)[0].payload[..], br#"<coap://a/rd>;rt="core.rd",<coap://b/rd>;rt="core.rd""#);
    assert_eq!(network.answers(refused)[0].code, Code::NOT_FOUND);
}

#[test]
fn a_source_is_not_asked_for_what_it_cannot_have() {
    for holding in [Holding::Answers, Holding::Recurring] {
        let mut network = network(&holding);
        let mut front = proxy(&[], |_| ());
        for (uri, summary) in [("coap://a", "d=floor-1"), ("coap://b", "d=floor-2")] {
            let (uri, summary) = (uri.parse().expect("a URI"), summary.parse().expect("a query"));
            front.add_upstream_of(&uri, holding.clone(), summary).expect("room");
        }
        network.add_proxy("coap://front", front);
        network.run_until(Instant::from_millis(2_000));
        network.requests.clear();
        assert_eq!(network.links("coap://front", "ep", "d=floor-1").len(), 1);
        assert_eq!(network.requests.get("coap://b"), None);
        assert_eq!(network.links("coap://front", "ep", "d=floor*").len(), 4);
        assert_eq!(network.links("coap://front", "ep", "d=floor-3").len(), 0);
    }
}

#[test]
fn if_match_is_heeded_where_the_server_does_and_not_at_the_feed() {
    let proxy = proxy(&[("coap://a", Holding::Answers)], |_| ());
    let heeds = |path: &[&str]| proxy.heeds_if_match(&Request::new(Method::Get, path.iter().copied()));
    assert!(heeds(&["rd", "4521"]));
    assert!(!heeds(&["rd-lookup", "res"]) && !heeds(&["rd"]) && !heeds(&["sync", "feed"]));
}

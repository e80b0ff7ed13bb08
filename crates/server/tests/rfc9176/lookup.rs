//! Section 6: look-up.

use waypost_rest::{Code, Observe, Peer};
use waypost_server::{ServerConfig, ServerLimits};

use crate::harness::*;

#[test]
fn section_6_1_targets_and_given_anchors_are_resolved_and_absent_anchors_stay_absent() {
    let mut world = World::new();
    let payload = concat!(
        r#"</a>;rt=x,<http://example.com/b>;anchor="/a";rel=describedby,"#,
        r#"</c>;anchor="http://example.com/d";rel=alternate"#
    );
    world.register(&node(), "ep=node1&base=coap://host.example", payload);
    assert_eq!(
        world.get(&client(), "/rd-lookup/res"),
        "<coap://host.example/a>;rt=\"x\",\
         <http://example.com/b>;anchor=\"coap://host.example/a\";rel=\"describedby\",\
         <coap://host.example/c>;anchor=\"http://example.com/d\";rel=\"alternate\""
    );
}

#[test]
fn section_6_1_full_uris_are_not_modified() {
    let mut world = World::new();
    world.register(&node(), "ep=node1", "<HTTP://Example.COM:80/a/../b>,<urn:ex:1>");
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "<HTTP://Example.COM:80/a/../b>,<urn:ex:1>");
}

#[test]
fn section_6_1_attributes_keep_their_values_order_and_repetition() {
    let mut world = World::new();
    world.register(&node(), "ep=node1&base=coap://h", r#"</a>;x=1;y="a\"b";x="2";flag;title*=UTF-8'de'%C3%BC;ct=40"#);
    assert_eq!(
        world.get(&client(), "/rd-lookup/res"),
        r#"<coap://h/a>;x="1";y="a\"b";x="2";flag;title*=UTF-8'de'%C3%BC;ct="40""#
    );
}

#[test]
fn section_6_1_link_local_links_are_shown_on_their_link_only_and_without_zone() {
    let mut world = World::new();
    world.register(&neighbour(1), "ep=one", "</t>");
    world.register(&neighbour(2), "ep=two", "</t>");
    world.register(&host(1), "ep=far", "</t>");
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "<coap://[2001:db8:4::1]/t>");
    assert_eq!(
        links(&world.get(&neighbour(1), "/rd-lookup/res")),
        ["<coap://[2001:db8:4::1]/t>", "<coap://[fe80::17]/t>"]
    );
    assert_eq!(links(&world.get(&neighbour(3), "/rd-lookup/res")).len(), 1);
    // Nor do they take places in a page.
    for page in 0..2 {
        let uri = format!("/rd-lookup/res?count=1&page={page}");
        assert_eq!(links(&world.get(&client(), &uri)).len(), 1 - page);
        assert_eq!(links(&world.get(&neighbour(2), &uri)).len(), 1);
    }
}

#[test]
fn section_6_1_link_local_links_of_ipv4_are_shown_to_link_local_clients_of_ipv4() {
    let mut world = World::new();
    let near = |host: u8| Peer::new(format!("coap://169.254.0.{host}")).with_zone(0);
    world.register(&near(7), "ep=one", "</t>");
    assert_eq!(world.get(&near(8), "/rd-lookup/res"), "<coap://169.254.0.7/t>");
    assert_eq!(world.get(&client(), "/rd-lookup/res"), "");
    assert_eq!(world.get(&neighbour(1), "/rd-lookup/res"), "");
    for (peer, base) in [(near(7), "coap://[fe80::1]"), (neighbour(1), "coap://169.254.1.1")] {
        let elsewhere = post("/rd", &format!("ep=two&base={base}"), "</t>");
        assert_eq!(world.ask(&peer, elsewhere).code, Code::BAD_REQUEST, "{base}");
    }
}

#[test]
fn section_6_4_link_local_endpoints_are_shown_on_their_link_only_and_without_zone() {
    let mut world = World::new();
    let location = world.register(&neighbour(1), "ep=one", "</t>");
    assert_eq!(world.get(&client(), "/rd-lookup/ep"), "");
    assert_eq!(world.get(&neighbour(2), "/rd-lookup/ep?ep=one"), "");
    let found = world.get(&neighbour(1), "/rd-lookup/ep?ep=one");
    assert!(found.contains(r#"base="coap://[fe80::17]""#), "{found}");
    assert_eq!(world.ask(&client(), get(&location)).code, Code::NOT_FOUND);
    assert_eq!(world.ask(&neighbour(1), get(&location)).code, Code::CONTENT);
}

#[test]
fn section_6_2_all_of_several_criteria_must_match() {
    let mut world = World::new();
    world.register(&node(), "ep=a&d=x", "</1>;rt=temp;if=s,</2>;rt=temp;if=a,</3>;rt=light;if=s");
    world.register(&node(), "ep=b&d=y", "</1>;rt=temp;if=s");
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?rt=temp")).len(), 3);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?rt=temp&if=s")).len(), 2);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?rt=temp&if=s&d=x")).len(), 1);
    assert_eq!(world.get(&client(), "/rd-lookup/res?rt=light&if=a"), "");
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep?d=y&rt=temp&if=s")).len(), 1);
}

#[test]
fn section_6_2_a_trailing_star_matches_by_prefix() {
    let mut world = World::new();
    world.register(&node(), "ep=sensor1", "</1>;rt=ex.core.s");
    world.register(&node(), "ep=sensor2", "</1>;rt=ex.core.a");
    world.register(&node(), "ep=light1", "</1>;rt=x");
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep?ep=sensor*")).len(), 2);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?rt=ex.core*")).len(), 2);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?rt=*")).len(), 3);
    assert_eq!(world.get(&client(), "/rd-lookup/res?rt=ex.core"), "");
}

#[test]
fn section_6_2_relation_types_match_on_any_of_their_values() {
    let mut world = World::new();
    world.register(&node(), "ep=a", r#"</1>;if="example.regname tag:example.net,2020:sensor""#);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?if=tag:example.net,2020:sensor")).len(), 1);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?if=tag:example.net*")).len(), 1);
    assert_eq!(world.get(&client(), "/rd-lookup/res?if=example.regname%20tag*"), "");
}

#[test]
fn section_6_2_a_resource_matches_if_its_endpoint_does_and_the_reverse() {
    let mut world = World::new();
    world.register(&node(), "ep=a&et=plant", "</1>;rt=temp,</2>;rt=light");
    world.register(&node(), "ep=b", "</1>;rt=temp");
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?et=plant")).len(), 2);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?ep=a&rt=temp")).len(), 1);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep?rt=light")).len(), 1);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep?rt=core.rd-ep")).len(), 2);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?rt=core.rd-ep")).len(), 3);
}

#[test]
fn section_6_2_href_is_matched_in_resolved_form_for_targets_and_in_both_forms_for_endpoints() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=a&base=coap://h.example", "</1>,</2>");
    world.register(&node(), "ep=b&base=coap://i.example", "</1>");
    assert_eq!(world.get(&client(), "/rd-lookup/res?href=coap://h.example/1"), "<coap://h.example/1>");
    assert_eq!(world.get(&client(), "/rd-lookup/res?href=/1"), "");
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?href=coap://h.example*")).len(), 2);
    for form in [location.clone(), format!("coap://rd.example.com{location}")] {
        assert_eq!(links(&world.get(&client(), &format!("/rd-lookup/ep?href={form}"))).len(), 1, "{form}");
        assert_eq!(links(&world.get(&client(), &format!("/rd-lookup/res?href={form}"))).len(), 2, "{form}");
    }
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep?href=/*")).len(), 2);
}

#[test]
fn section_6_2_anchor_is_matched_in_uri_form() {
    let mut world = World::new();
    world.register(&node(), "ep=a&base=coap://h.example", r#"</1>;anchor="/x",</2>"#);
    let found = r#"<coap://h.example/1>;anchor="coap://h.example/x""#;
    assert_eq!(world.get(&client(), "/rd-lookup/res?anchor=coap://h.example/x"), found);
    assert_eq!(world.get(&client(), "/rd-lookup/res?anchor=/x"), "");
}

#[test]
fn section_6_2_base_is_matched_also_when_it_was_observed() {
    let mut world = World::new();
    world.register(&host(1), "ep=a", "</1>");
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep?base=coap://[2001:db8:4::1]")).len(), 1);
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?base=coap://*")).len(), 1);
}

#[test]
fn section_6_2_pages_line_up() {
    let mut world = World::new();
    let payload: Vec<_> = (0..10).map(|number| format!("</res/{number}>;ct=60")).collect();
    world.register(&node(), "ep=node1", &payload.join(","));
    let first = world.get(&client(), "/rd-lookup/res?page=0&count=5");
    let second = world.get(&client(), "/rd-lookup/res?page=1&count=5");
    let link = |number| format!(r#"<coap://[2001:db8:3::123]:61616/res/{number}>;ct="60""#);
    assert_eq!(first, (0..5).map(link).collect::<Vec<_>>().join(","));
    assert_eq!(second, (5..10).map(link).collect::<Vec<_>>().join(","));
    assert_eq!(world.get(&client(), "/rd-lookup/res?page=2&count=5"), "");
    assert_eq!(world.get(&client(), "/rd-lookup/res?count=5"), first);
    assert_eq!(world.get(&client(), "/rd-lookup/res?count=0"), "");
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res")).len(), 10, "without count, everything");
}

#[test]
fn section_6_2_walking_one_by_one_finds_everything_once() {
    let mut world = World::new();
    for number in 0..7 {
        world.register(&host(number), &format!("ep=node{number}"), "</a>,</b>");
    }
    for interface in ["ep", "res"] {
        let all = world.get(&client(), &format!("/rd-lookup/{interface}"));
        let mut walked = Vec::new();
        loop {
            let page = world.get(&client(), &format!("/rd-lookup/{interface}?count=1&page={}", walked.len()));
            if page.is_empty() {
                break;
            }
            walked.push(page);
        }
        assert_eq!(walked.join(","), all);
    }
}

#[test]
fn section_6_2_pages_line_up_while_others_register_and_however_many_results_are_paged_through() {
    let limits = ServerLimits { paged_results: 1, ..ServerLimits::default() };
    let mut world = World::with(ServerConfig::default().with_limits(limits));
    for number in 0..600 {
        world.register(&host(number), &format!("ep=node{number}"), "</a>;rt=x,</b>");
    }
    let all = world.get(&client(), "/rd-lookup/ep");
    let of_type = world.get(&client(), "/rd-lookup/res?rt=x");
    let (all, of_type): (Vec<_>, Vec<_>) = (all.split(",<").collect(), of_type.split(",<").collect());
    for page in (0..60).rev() {
        // What is new comes behind all that is there.
        world.register(&host(page), &format!("ep=other{page}"), "</c>");
        let ten = page as usize * 10..page as usize * 10 + 10;
        let found = world.get(&client(), &format!("/rd-lookup/ep?count=10&page={page}"));
        assert_eq!(found.trim_start_matches('<'), all[ten.clone()].join(",<").trim_start_matches('<'));
        let found = world.get(&client(), &format!("/rd-lookup/res?rt=x&count=10&page={page}"));
        assert_eq!(found.trim_start_matches('<'), of_type[ten].join(",<").trim_start_matches('<'));
    }
    assert_eq!(links(&world.get(&client(), "/rd-lookup/ep?count=100&page=6")).len(), 60);
}

#[test]
fn section_6_2_of_a_repeated_page_or_count_the_last_counts() {
    let mut world = World::new();
    world.register(&node(), "ep=a&base=coap://h", "</0>,</1>,</2>");
    assert_eq!(world.get(&client(), "/rd-lookup/res?count=9&count=1&page=0&page=2"), "<coap://h/2>");
}

#[test]
fn section_6_2_page_needs_count_and_both_must_be_numbers() {
    let mut world = World::new();
    for (query, name) in [("page=0", "page"), ("count=x", "count"), ("count=1&page=-1", "page"), ("count=", "count")] {
        for interface in ["ep", "res"] {
            let response = world.ask(&client(), get(&format!("/rd-lookup/{interface}?{query}")));
            assert_eq!(response.code, Code::BAD_REQUEST);
            assert!(text(&response).starts_with(&format!("{name}: ")), "{}", text(&response));
        }
    }
}

#[test]
fn section_6_2_no_match_is_a_success_with_an_empty_payload() {
    let mut world = World::new();
    for interface in ["ep", "res"] {
        assert_eq!(world.get(&client(), &format!("/rd-lookup/{interface}?ep=nobody")), "");
    }
}

#[test]
fn section_6_2_an_etag_names_the_representation() {
    let mut world = World::new();
    world.register(&host(1), "ep=a", "</1>;rt=x");
    let before = world.ask(&client(), get("/rd-lookup/res?rt=x"));
    let mut request = get("/rd-lookup/res?rt=x");
    request.etags.push(before.etag.unwrap());
    let valid = world.ask(&client(), request.clone());
    assert_eq!((valid.code, valid.etag), (Code::VALID, before.etag));
    assert!(valid.payload.is_empty() && valid.content_format.is_none());
    world.register(&host(2), "ep=b", "</2>;rt=y");
    assert_eq!(world.ask(&client(), request.clone()).code, Code::VALID, "another change");
    world.register(&host(2), "ep=b", "</2>;rt=x");
    let after = world.ask(&client(), request.with_observe(Observe::Deregister));
    assert_eq!(after.code, Code::CONTENT);
    assert_ne!(after.etag, before.etag);
}

#[test]
fn section_6_2_an_answer_is_not_fresh_for_longer_than_what_it_shows() {
    let mut world = World::new();
    world.register(&host(1), "ep=a&lt=100", "</1>");
    assert_eq!(world.ask(&client(), get("/rd-lookup/ep")).max_age, None, "a minute is the default");
    world.pass(70);
    assert_eq!(world.ask(&client(), get("/rd-lookup/ep")).max_age, Some(30));
    assert_eq!(world.ask(&client(), get("/rd-lookup/res")).max_age, Some(30));
    assert_eq!(world.ask(&client(), get("/rd-lookup/res?ep=x")).max_age, None);
}

#[test]
fn section_6_4_endpoints_are_shown_with_name_sector_base_type_and_attributes_but_no_lifetime() {
    let mut world = World::new();
    let query = "ep=node7&d=floor-3&et=tag:example.com,2020:platform&ct=40&lt=500";
    let location = world.register(&node(), query, "");
    let found = world.get(&client(), "/rd-lookup/ep?et=tag:example.com,2020:platform");
    assert!(found.starts_with(&format!("<{location}>;")), "path-absolute: {found}");
    let expected = format!(
        r#"<{location}>;ep="node7";d="floor-3";base="coap://[2001:db8:3::123]:61616";ct="40";et="tag:example.com,2020:platform";rt="core.rd-ep""#
    );
    let sorted = |link: &str| {
        let mut parameters: Vec<_> = link.split(';').map(str::to_owned).collect();
        parameters.sort();
        parameters
    };
    assert_eq!(sorted(&found), sorted(&expected));
    let location = world.register(&host(2), "ep=node8", "");
    let found = world.get(&client(), "/rd-lookup/ep?ep=node8");
    let expected = format!(r#"<{location}>;ep="node8";base="coap://[2001:db8:4::2]";rt="core.rd-ep""#);
    assert_eq!(sorted(&found), sorted(&expected));
}

#[test]
fn section_4_operations_on_the_contents_are_idempotent() {
    let mut world = World::new();
    let location = world.register(&node(), "ep=node1", "</t>");
    for request in [post("/rd", "ep=node1", "</t>"), touch(&format!("{location}?et=x"))] {
        world.ask(&node(), request.clone());
        let once = world.get(&client(), "/rd-lookup/ep") + &world.get(&client(), "/rd-lookup/res");
        world.ask(&node(), request);
        let twice = world.get(&client(), "/rd-lookup/ep") + &world.get(&client(), "/rd-lookup/res");
        assert_eq!(once, twice);
    }
}

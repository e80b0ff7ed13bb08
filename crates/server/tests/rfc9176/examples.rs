//! Section 10.1 and Appendices A and B: the examples.

use waypost_rest::{Code, Peer};

use crate::harness::*;

const LAMPS: &str = concat!(
    r#"</light/left>;rt="tag:example.com,2020:light","#,
    r#"</light/middle>;rt="tag:example.com,2020:light","#,
    r#"</light/right>;rt="tag:example.com,2020:light""#
);

#[test]
fn section_10_1_the_lighting_installation() {
    let mut world = World::new();
    let tool = client();
    world.register(&tool, "ep=lm_R2-4-015_wndw&base=coap://[2001:db8:4::1]&d=R2-4-015", LAMPS);
    world.register(&tool, "ep=lm_R2-4-015_door&base=coap://[2001:db8:4::2]&d=R2-4-015", LAMPS);
    let sensor = r#"</ps>;rt="tag:example.com,2020:p-sensor""#;
    world.register(&tool, "ep=ps_R2-4-015_door&base=coap://[2001:db8:4::3]&d=R2-4-015", sensor);
    // The group is registered in the sector, as the look-up of Figure 26 filters by it.
    let group = world.register(&tool, "ep=grp_R2-4-015&d=R2-4-015&et=core.rd-group&base=coap://[ff05::1]", LAMPS);
    let found = world.get(&host(1), "/rd-lookup/ep?d=R2-4-015&et=core.rd-group&rt=tag:example.com,2020:light");
    assert!(found.starts_with(&format!("<{group}>")) && found.contains(r#"base="coap://[ff05::1]""#), "{found}");
    assert_eq!(links(&found).len(), 1);
    assert_eq!(links(&world.get(&tool, "/rd-lookup/res?d=R2-4-015")).len(), 10);
    assert_eq!(links(&world.get(&tool, "/rd-lookup/res?rt=tag:example.com,2020:p-sensor")).len(), 1);
}

#[test]
fn appendix_a_a_group_is_an_endpoint_of_type_core_rd_group_with_a_multicast_base() {
    let mut world = World::new();
    let location =
        world.register(&client(), "ep=lights&et=core.rd-group&base=coap://[ff35:30:2001:db8:f1::8000:1]", LAMPS);
    let found = world.get(&client(), "/rd-lookup/ep?et=core.rd-group");
    for part in
        [&*location, r#"ep="lights""#, r#"et="core.rd-group""#, r#"base="coap://[ff35:30:2001:db8:f1::8000:1]""#]
    {
        assert!(found.contains(part), "{part} in {found}");
    }
}

const HOST: &str = concat!(
    "</sensors/temp>;rt=temperature;ct=0,</sensors/light>;rt=light-lux;ct=0,",
    r#"</t>;anchor="/sensors/temp";rel=alternate,"#,
    r#"<http://www.example.com/sensors/t123>;anchor="/sensors/temp";rel=describedby"#
);

#[test]
fn appendix_b_3_the_simple_host_is_found_as_if_it_had_been_asked_itself() {
    let mut world = World::new();
    let simple_host = Peer::new("coap://[2001:db8:f0::1]");
    let exchange = world.submit(&simple_host, touch("/.well-known/rd?ep=simple-host1"));
    let (id, ..) = world.request();
    world.respond(id, wkc(HOST));
    assert_eq!(world.answer(exchange).unwrap().code, Code::CHANGED);
    assert_eq!(
        world.get(&client(), "/rd-lookup/res?rt=temperature"),
        r#"<coap://[2001:db8:f0::1]/sensors/temp>;rt="temperature";ct="0""#
    );
    assert_eq!(
        world.get(&client(), "/rd-lookup/res?ep=simple-host1"),
        concat!(
            r#"<coap://[2001:db8:f0::1]/sensors/temp>;rt="temperature";ct="0","#,
            r#"<coap://[2001:db8:f0::1]/sensors/light>;rt="light-lux";ct="0","#,
            r#"<coap://[2001:db8:f0::1]/t>;anchor="coap://[2001:db8:f0::1]/sensors/temp";rel="alternate","#,
            r#"<http://www.example.com/sensors/t123>;anchor="coap://[2001:db8:f0::1]/sensors/temp";rel="describedby""#
        )
    );
}

#[test]
fn appendix_b_3_a_dedicated_base_replaces_the_address() {
    let mut world = World::new();
    world.register(&node(), "ep=simple-host1&base=coap%2Btcp://sh1.example.com", HOST);
    assert_eq!(
        world.get(&client(), "/rd-lookup/res?rt=temperature"),
        r#"<coap+tcp://sh1.example.com/sensors/temp>;rt="temperature";ct="0""#
    );
}

#[test]
fn appendix_b_4_there_is_no_percent_encoding_of_text_in_link_format() {
    let mut world = World::new();
    world.register(&node(), "ep=node1&base=coap://h", r#"</t>;title="Malmö";where="Malm%C3%B6""#);
    assert_eq!(
        world.get(&client(), "/rd-lookup/res?title=Malm%C3%B6"),
        r#"<coap://h/t>;title="Malmö";where="Malm%C3%B6""#
    );
}

#[test]
fn section_6_3_absolute_targets_stay_and_relative_ones_are_resolved_at_each_endpoint() {
    let mut world = World::new();
    let payload = concat!(
        r#"</sensors>;ct=40;title="Sensor Index",</sensors/temp>;rt=temperature-c;if=sensor,"#,
        r#"</sensors/light>;rt=light-lux;if=sensor,"#,
        r#"<http://www.example.com/sensors/t123>;anchor="/sensors/temp";rel=describedby,"#,
        r#"</t>;anchor="/sensors/temp";rel=alternate"#
    );
    let mut expected = Vec::new();
    for name in ["sensor1", "sensor2"] {
        let query = format!("ep={name}&base=coap://{name}.example.com&et=tag:example.com,2020:platform");
        world.register(&client(), &query, payload);
        expected.extend([
            format!(r#"<coap://{name}.example.com/sensors>;ct="40";title="Sensor Index""#),
            format!(r#"<coap://{name}.example.com/sensors/temp>;rt="temperature-c";if="sensor""#),
            format!(r#"<coap://{name}.example.com/sensors/light>;rt="light-lux";if="sensor""#),
            format!(
                r#"<http://www.example.com/sensors/t123>;anchor="coap://{name}.example.com/sensors/temp";rel="describedby""#
            ),
            format!(r#"<coap://{name}.example.com/t>;anchor="coap://{name}.example.com/sensors/temp";rel="alternate""#),
        ]);
    }
    world.register(&client(), "ep=other&base=coap://other.example.com", payload);
    expected.sort();
    assert_eq!(links(&world.get(&client(), "/rd-lookup/res?et=tag:example.com,2020:platform")), expected);
}

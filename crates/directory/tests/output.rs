//! What look-ups write: RFC 9176 §6.1 and §6.4, and the extensions of the replication draft.

mod common;

use common::{at, directory, registration};
use waypost_directory::{Directory, Show, ShowLifetime};
use waypost_filter::Query;
use waypost_link_format::LinkWriter;
use waypost_model::{Attributes, Lifetime, Sector};

fn write(directory: &Directory, now: u64, query: &str, of_links: bool, show: Show) -> String {
    let query = Query::parse(query).unwrap();
    let mut text = String::new();
    let mut writer = LinkWriter::new(&mut text);
    if of_links {
        directory.resources(at(now), &query).for_each(|resource| resource.write(&mut writer, show).unwrap());
    } else {
        directory.endpoints(at(now), &query).for_each(|endpoint| endpoint.write(&mut writer, show).unwrap());
    }
    writer.finish().unwrap();
    text
}

#[test]
fn references_are_resolved_and_uris_stay_as_they_are() {
    // Figure 22 of RFC 9176, for one of its sensors.
    let links = concat!(
        r#"</sensors>;ct=40;title="Sensor Index","#,
        r#"</sensors/temp>;rt="temperature-c";if="sensor","#,
        r#"</sensors/light>;rt="light-lux";if="sensor","#,
        r#"<http://www.example.com/sensors/t123>;anchor="/sensors/temp";rel="describedby","#,
        r#"</t>;anchor="/sensors/temp";rel="alternate""#,
    );
    let mut directory = directory();
    directory.register(at(0), registration("sensor1", "coap://sensor1.example.com", links)).unwrap();
    let expected = concat!(
        r#"<coap://sensor1.example.com/sensors>;ct="40";title="Sensor Index","#,
        r#"<coap://sensor1.example.com/sensors/temp>;rt="temperature-c";if="sensor","#,
        r#"<coap://sensor1.example.com/sensors/light>;rt="light-lux";if="sensor","#,
        r#"<http://www.example.com/sensors/t123>;anchor="coap://sensor1.example.com/sensors/temp";rel="describedby","#,
        r#"<coap://sensor1.example.com/t>;anchor="coap://sensor1.example.com/sensors/temp";rel="alternate""#,
    );
    assert_eq!(write(&directory, 0, "", true, Show::default()), expected);
}

#[test]
fn an_endpoint_is_shown_with_its_parameters() {
    let mut directory = directory();
    let mut node = registration("node \"7\"", "coap://[2001:db8:3::129]:61616", "</t>");
    node.sector = Some(Sector::new("floor-3").unwrap());
    node.lifetime = Lifetime::from_secs(600).unwrap();
    node.attributes = Attributes::new();
    for (name, value) in [("foo", None), ("et", Some("a")), ("et", Some("b")), ("sz", Some("12"))] {
        node.attributes.push(name, value).unwrap();
    }
    let location = directory.register(at(0), node).unwrap().location;
    let start = format!(
        r#"<{}>;ep="node \"7\"";d="floor-3";base="coap://[2001:db8:3::129]:61616";et="a";et="b";foo;sz=12"#,
        location.as_str()
    );
    let show = |lifetime| Show { lifetime, ..Show::default() };
    let end = r#";rt="core.rd-ep""#;
    assert_eq!(write(&directory, 100, "", false, show(ShowLifetime::No)), format!("{start}{end}"));
    let age = format!(r#"{start};lt="600";lt-age="100"{end}"#);
    assert_eq!(write(&directory, 100, "", false, show(ShowLifetime::Age)), age);
    let remaining = format!(r#"{start};lt="600";lt-remaining="500"{end}"#);
    assert_eq!(write(&directory, 100, "", false, show(ShowLifetime::Remaining)), remaining);
}

#[test]
fn provenance_is_the_registration_and_shown_on_request_alone() {
    let links = r#"</a>;provenance="/somewhere/else",</b>;rt="x""#;
    let mut directory = directory();
    let location = directory.register(at(0), registration("node1", "coap://h", links)).unwrap().location;
    assert_eq!(write(&directory, 0, "", true, Show::default()), r#"<coap://h/a>,<coap://h/b>;rt="x""#);
    let show = Show { provenance: true, ..Show::default() };
    let provenance = format!(r#"provenance="{}""#, location.as_str());
    let expected = format!(r#"<coap://h/a>;{provenance},<coap://h/b>;rt="x";{provenance}"#);
    assert_eq!(write(&directory, 0, "", true, show), expected);
}

#[test]
fn an_empty_result_is_an_empty_document() {
    assert_eq!(write(&directory(), 0, "rt=x", true, Show::default()), "");
}

#[test]
fn a_document_that_several_share_is_written_like_one_of_its_own() {
    let documents = common::documents();
    let alone = |links: &str| {
        let mut directory = directory();
        directory.register(at(0), registration("node1", "coap://h/p", links)).unwrap();
        directory
    };
    for links in
        documents.iter().chain([&r#"</a>;sz=5,</b>;sz=7;rt=x,</c>;title*=UTF-8''x,</d>;rt=a;x="b c""#.to_string()])
    {
        let mut shared = alone(links);
        shared.register(at(0), registration("node2", "coap://h2", links)).unwrap();
        for show in [Show::default(), Show { provenance: true, ..Show::default() }] {
            let one = write(&alone(links), 0, "base=coap://h/p", true, show);
            assert_eq!(write(&shared, 0, "base=coap://h/p", true, show), one);
            // The slow way: what the parts of a resource say.
            let (directory, query) = (alone(links), Query::all());
            let mut slow = String::new();
            let mut writer = LinkWriter::new(&mut slow);
            for resource in directory.resources(at(0), &query) {
                writer.link(&resource.target()).unwrap();
                for parameter in resource.link().parameters() {
                    if parameter.has_name("anchor") {
                        writer.attribute("anchor", &resource.anchor().unwrap()).unwrap();
                    } else if !parameter.has_name("provenance") {
                        writer.parameter(parameter).unwrap();
                    }
                }
                if show.provenance {
                    writer.attribute("provenance", resource.endpoint().location().as_str()).unwrap();
                }
            }
            writer.finish().unwrap();
            assert_eq!(one, slow);
        }
    }
}

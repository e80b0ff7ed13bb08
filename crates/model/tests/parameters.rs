//! The parameters of a registration request (RFC 9176 §5, §9.3).

use waypost_model::{InvalidRegistration, Lifetime, ParameterFault, Parameters, Registration};

fn fault(arguments: &[&str]) -> (String, ParameterFault) {
    let error = Parameters::from_arguments(arguments).unwrap_err();
    (error.name().to_owned(), error.fault())
}

#[test]
fn section_5_each_known_parameter_has_its_place() {
    let read =
        Parameters::from_arguments(["ep=node1", "d=floor-3", "lt=600", "base=coap://[2001:db8::1]:61616"]).unwrap();
    assert_eq!(read.endpoint.unwrap().as_str(), "node1");
    assert_eq!(read.sector.unwrap().as_str(), "floor-3");
    assert_eq!(read.lifetime.unwrap().as_secs(), 600);
    assert_eq!(read.base.unwrap().as_str(), "coap://[2001:db8::1]:61616");
    assert!(read.attributes.is_empty());
}

#[test]
fn section_5_unknown_parameters_are_attributes_with_their_values() {
    let read = Parameters::from_arguments(["foo", "bar=1", "bar=2", "ex.building=8341", "a=b=c"]).unwrap();
    let attributes: Vec<_> = read.attributes.iter().collect();
    let expected =
        [("a", Some("b=c")), ("bar", Some("1")), ("bar", Some("2")), ("ex.building", Some("8341")), ("foo", None)];
    assert_eq!(attributes, expected);
}

#[test]
fn empty_arguments_are_skipped() {
    assert_eq!(Parameters::from_arguments(["", ""]).unwrap(), Parameters::default());
    assert_eq!(Parameters::parse("").unwrap(), Parameters::default());
    assert_eq!(Parameters::parse("&&").unwrap(), Parameters::default());
}

#[test]
fn what_may_be_there_once_is_refused_twice() {
    for name in ["ep=a", "d=a", "lt=1", "base=coap://a"] {
        let (at, fault) = fault(&[name, name]);
        assert!(name.starts_with(&at));
        assert_eq!(fault, ParameterFault::Repeated);
    }
}

#[test]
fn section_5_values_out_of_range_are_refused_by_name() {
    assert!(matches!(fault(&["ep="]), (name, ParameterFault::Name(_)) if name == "ep"));
    assert!(matches!(fault(&["ep"]), (name, ParameterFault::Name(_)) if name == "ep"));
    assert!(matches!(fault(&["d=a\u{7f}"]), (name, ParameterFault::Name(_)) if name == "d"));
    for lifetime in ["lt=0", "lt=4294967296", "lt=-1", "lt=+1", "lt=", "lt=1s"] {
        assert!(matches!(fault(&[lifetime]), (name, ParameterFault::Lifetime(_)) if name == "lt"));
    }
    assert!(matches!(fault(&["base=/relative"]), (name, ParameterFault::Base(_)) if name == "base"));
    assert!(matches!(fault(&["href=/x"]), (name, ParameterFault::Attribute(_)) if name == "href"));
    assert!(matches!(fault(&["=x"]), (name, ParameterFault::Attribute(_)) if name.is_empty()));
}

#[test]
fn an_error_names_no_more_than_64_bytes() {
    let (name, _) = fault(&[&"ä".repeat(100)]);
    assert_eq!(name, "ä".repeat(32));
}

#[test]
fn a_query_string_is_percent_decoded() {
    let read = Parameters::parse("ep=n%C3%A4he&x=a%26b").unwrap();
    assert_eq!(read.endpoint.unwrap().as_str(), "nähe");
    assert!(read.attributes.values("x").eq([Some("a&b")]));
    assert_eq!(Parameters::parse("ep=%ff").unwrap_err().fault(), ParameterFault::NotUtf8);
}

#[test]
fn a_registration_is_read_whole() {
    let query = "ep=node1&d=floor-3&lt=600&base=coap://[2001:db8::1]&et=ex.boiler";
    let registration = Registration::parse(query, r#"</temp>;rt="temperature-c""#).unwrap();
    assert_eq!(registration.sector.unwrap().as_str(), "floor-3");
    assert_eq!(registration.lifetime, Lifetime::from_secs(600).unwrap());
    assert!(registration.attributes.values("et").eq([Some("ex.boiler")]));
    assert_eq!(registration.links.as_str(), r#"</temp>;rt="temperature-c""#);
}

#[test]
fn appendix_c_a_registration_outside_limited_link_format_is_refused() {
    let error = Registration::parse("ep=a&base=coap://a", "</a>,<b>").unwrap_err();
    let InvalidRegistration::Links(error) = error else { panic!("{error}") };
    assert_eq!(error.offset, 6);
}

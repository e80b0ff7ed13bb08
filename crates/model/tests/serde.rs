//! What is exchanged survives the way out and in, and nothing invalid comes in.
#![cfg(feature = "serde")]

use core::fmt::Debug;
use core::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use waypost_link_format::LinkDocumentBuf;
use waypost_model::{
    Age, AttributeName, AttributeValues, Attributes, Authority, Base, Change, Credentials, Dot, EndpointName, Key,
    Lifetime, Location, Origin, Provenance, Record, Registration, Removal, Renewal, ReplicaId, Sector, Stamp,
    Timestamp, Update, Version,
};

fn there_and_back<T: Serialize + DeserializeOwned + PartialEq + Debug>(value: &T) -> String {
    let text = serde_json::to_string(value).unwrap();
    assert_eq!(&serde_json::from_str::<T>(&text).unwrap(), value, "{text}");
    text
}

fn refused<T: DeserializeOwned + Debug>(text: &str) -> String {
    serde_json::from_str::<T>(text).unwrap_err().to_string()
}

fn registration() -> Registration {
    let links = LinkDocumentBuf::parse("</t>;rt=temp").unwrap();
    let base = Base::given("coap://[2001:db8::1]").unwrap();
    let mut registration = Registration::new(EndpointName::new("node1").unwrap(), base, links);
    registration.sector = Some(Sector::new("floor-3").unwrap());
    registration.credentials = Credentials::new([b"two".to_vec(), b"one".to_vec()]);
    registration.attributes.push("et", Some("core.rd-group")).unwrap();
    registration.attributes.push("et", None).unwrap();
    registration
}

#[test]
fn names_and_numbers_are_written_as_they_stand_for() {
    assert_eq!(there_and_back(&EndpointName::new("node1").unwrap()), r#""node1""#);
    assert_eq!(there_and_back(&Sector::new("floor-3").unwrap()), r#""floor-3""#);
    assert_eq!(there_and_back(&Lifetime::DEFAULT), "90000");
    assert_eq!(there_and_back(&Age::from_secs(7)), "7");
    assert_eq!(there_and_back(&Location::new("/reg/1").unwrap()), r#""/reg/1""#);
    assert_eq!(there_and_back(&Provenance::new("reg/1").unwrap()), r#""reg/1""#);
    assert_eq!(there_and_back(&Authority::new("coap://rd.example").unwrap()), r#""coap://rd.example""#);
    assert_eq!(there_and_back(&Timestamp::from_bits(5)), "5");
    let version: Version = [Dot::new(ReplicaId(2), 1), Dot::new(ReplicaId(1), 3)].into_iter().collect();
    assert_eq!(there_and_back(&version), r#"[{"replica":1,"sequence":3},{"replica":2,"sequence":1}]"#);
    assert_eq!(there_and_back(&registration().attributes), r#"{"et":["core.rd-group",null]}"#);
}

#[test]
fn changes_survive_the_way_out_and_in() {
    let stamp = Stamp { time: Timestamp::from_millis(9), dot: Dot::new(ReplicaId(1), 2) };
    let seen: Version = [Dot::new(ReplicaId(7), 3)].into_iter().collect();
    let record = Record::register(registration(), stamp, seen.clone());
    there_and_back(&registration());
    let update = Update { attributes: registration().attributes, lifetime: Some(Lifetime::MAX), ..Update::default() };
    there_and_back(&update);
    let key: Key = record.key.clone();
    there_and_back(&Origin::Foreign(Authority::new("coap://rd.example").unwrap()));
    there_and_back(&Change::Put { record: Box::new(record), age: Duration::from_millis(1_500) });
    there_and_back(&Change::Remove(Removal { key: key.clone(), stamp, seen, horizon: Duration::from_secs(9) }));
    there_and_back(&Change::Renew(Renewal { key, dot: stamp.dot, renewals: 4, age: Duration::ZERO }));
}

#[test]
fn nothing_invalid_comes_in() {
    assert!(refused::<EndpointName>(r#""""#).contains("must not be empty"));
    assert!(refused::<Sector>(r#""a\u0000""#).contains("must not have control characters"));
    assert!(refused::<Lifetime>("0").contains("nonzero"));
    assert!(refused::<Location>(r#""/reg?x""#).contains("must not have a query or fragment"));
    assert!(refused::<Provenance>(r#""a b""#).contains("must be a URI reference"));
    assert!(refused::<Authority>(r#""/rd""#).contains("must be a URI"));
    assert!(refused::<Base>(r#"{"uri":"node1","source":"Given"}"#).contains("must be an absolute URI"));
    assert!(refused::<AttributeName>(r#""href""#).contains("must not be an endpoint attribute"));
    assert!(refused::<AttributeValues>(r#"["a\n"]"#).contains("must not have control characters"));
    assert!(refused::<Attributes>(r#"{"a b":[]}"#).contains("must be a name"));
    assert!(refused::<Attributes>(r#"{"a":["\u0000"]}"#).contains("must not have control characters"));
    let text = serde_json::to_string(&registration()).unwrap();
    refused::<Registration>(&text.replace("</t>", "</t"));
    refused::<Registration>(&text.replace("\"node1\"", "\"\""));
}

#[test]
fn what_can_be_written_in_several_ways_comes_in_as_one() {
    let version: Version =
        serde_json::from_str(r#"[{"replica":2,"sequence":0},{"replica":1,"sequence":3},{"replica":1,"sequence":1}]"#)
            .unwrap();
    assert_eq!(version, [Dot::new(ReplicaId(1), 3)].into_iter().collect());
    let credentials: Credentials = serde_json::from_str("[[2],[1],[2]]").unwrap();
    assert_eq!(credentials, Credentials::new([vec![1], vec![2]]));
    let location: Location = serde_json::from_str(r#""/r%64""#).unwrap();
    assert_eq!(location.as_str(), "/rd");
}

//! The payloads in `corpus/`, whose index says where each is from. `ID.wlnk` is a payload, `ID.json` its expected parse.

use std::fs;

use serde_json::{Value, json};
use waypost_link_format::{Form, LinkDocument, LinkDocumentBuf, LinkWriter, ParseErrorKind};

/// The payloads outside the grammar: what is wrong, and the first byte with which the grammar cannot be continued.
const REJECTED: [(&str, ParseErrorKind, usize); 9] = [
    ("edge-08", ParseErrorKind::InvalidExtValue, 11),
    ("edge-09", ParseErrorKind::InvalidExtValue, 16),
    ("edge-10", ParseErrorKind::InvalidExtValue, 21),
    ("rfc6690-L713-folded", ParseErrorKind::ExpectedLink, 28),
    ("rfc6690-L743-folded", ParseErrorKind::ExpectedLink, 47),
    ("rfc6690-L769-folded", ParseErrorKind::ExpectedLink, 38),
    ("rfc6690-L797-folded", ParseErrorKind::ExpectedSeparator, 63),
    ("rfc8288-title-star-http", ParseErrorKind::ExpectedName, 20),
    ("rfc9176-L3013", ParseErrorKind::ExpectedLink, 209),
];

#[test]
fn every_valid_payload_parses_as_its_json_says() {
    for (id, payload) in payloads("ok") {
        let expected: Value = serde_json::from_str(&read(&format!("{id}.json"))).unwrap();
        assert_eq!(as_json(LinkDocument::parse(&payload).unwrap()), expected, "{id}");
    }
}

#[test]
fn every_other_payload_is_rejected_at_the_right_offset() {
    let rejected: Vec<_> = payloads("reject").collect();
    assert_eq!(rejected.len(), REJECTED.len());
    for (id, payload) in rejected {
        let (_, kind, offset) = REJECTED.iter().find(|(rejected, ..)| *rejected == id).unwrap();
        let error = LinkDocument::parse(&payload).unwrap_err();
        assert_eq!((error.kind, error.offset), (*kind, *offset), "{id}");
    }
}

#[test]
fn what_was_parsed_is_written_as_it_was() {
    for (id, payload) in payloads("ok") {
        let document = LinkDocument::parse(&payload).unwrap();
        assert_eq!(document.to_string(), payload, "{id}");
        let links: Vec<_> = document.links().map(|link| link.to_string()).collect();
        assert_eq!(links.join(","), payload, "{id}");
    }
}

#[test]
fn folded_payloads_and_a_trailing_comma_are_parsed_leniently() {
    for (id, payload) in payloads("reject") {
        let lenient = LinkDocument::parse_lenient(&payload, |_| {});
        if id.starts_with("edge") {
            assert!(lenient.is_err(), "{id}");
            continue;
        }
        let strict = LinkDocumentBuf::from(lenient.unwrap());
        LinkDocument::parse(strict.as_str()).unwrap();
        if let Some(unfolded) = id.strip_suffix("-folded") {
            assert_eq!(strict.as_str(), read(&format!("{unfolded}.wlnk")), "{id}");
        }
    }
}

#[test]
fn what_the_writer_writes_says_the_same() {
    for (id, payload) in payloads("ok") {
        let mut text = String::new();
        let mut writer = LinkWriter::new(&mut text);
        for link in LinkDocument::parse(&payload).unwrap() {
            writer.copy(link).unwrap();
        }
        writer.finish().unwrap();
        let (written, read) = (LinkDocument::parse(&text).unwrap(), LinkDocument::parse(&payload).unwrap());
        assert_eq!(meaning(written), meaning(read), "{id}");
    }
}

/// The corpus's own shape: `[target, [[name, value or null, form]]]`.
fn as_json(document: LinkDocument<'_>) -> Value {
    let links = document.links().map(|link| {
        let parameters = link.parameters().map(|parameter| {
            let form = match parameter.form() {
                Form::Flag => "flag",
                Form::Token => "token",
                Form::Quoted => "quoted",
                Form::Ext => "ext",
            };
            json!([parameter.name(), parameter.value(), form])
        });
        json!([link.target(), parameters.collect::<Value>()])
    });
    links.collect()
}

/// Targets, names and values, as far as the writer keeps them: order aside, and a flag being the same as an empty value.
fn meaning(document: LinkDocument<'_>) -> Vec<(String, Vec<(String, String)>)> {
    let links = document.links().map(|link| {
        let parameters = link.parameters();
        let mut parameters: Vec<_> = parameters
            .map(|parameter| (parameter.name().to_string(), parameter.value().unwrap_or_default().into_owned()))
            .collect();
        parameters.sort();
        (link.target().to_string(), parameters)
    });
    links.collect()
}

/// The identifiers and texts of the payloads with that verdict in the index.
fn payloads(verdict: &str) -> impl Iterator<Item = (String, String)> {
    let index = read("index.md");
    let rows = index.lines().filter_map(|line| {
        let mut cells = line.strip_prefix("| ")?.split(" | ");
        Some((cells.next()?.to_string(), cells.next()?.to_string()))
    });
    let chosen: Vec<_> = rows.filter(|(_, found)| found == verdict).collect();
    assert!(!chosen.is_empty());
    chosen.into_iter().map(|(id, _)| (id.clone(), read(&format!("{id}.wlnk"))))
}

fn read(name: &str) -> String {
    fs::read_to_string(format!("tests/corpus/{name}")).unwrap()
}

//! What deployed clients can read.

use waypost_link_format::{Form, LinkBuf, LinkDocument, LinkDocumentBuf, LinkWriter};

fn written(parameters: &[(&str, Option<&str>)]) -> String {
    let mut text = String::new();
    let mut writer = LinkWriter::new(&mut text);
    writer.link("/a").unwrap();
    for (name, value) in parameters {
        match value {
            Some(value) => writer.attribute(name, value).unwrap(),
            None => writer.flag(name).unwrap(),
        };
    }
    writer.finish().unwrap();
    assert!(LinkDocument::parse(&text).is_ok(), "{text}");
    text
}

fn copied(text: &str) -> String {
    let mut copy = String::new();
    let mut writer = LinkWriter::new(&mut copy);
    for link in LinkDocument::parse(text).unwrap() {
        writer.copy(link).unwrap();
    }
    writer.finish().unwrap();
    copy
}

#[test]
fn every_value_is_quoted_and_flags_are_bare() {
    assert_eq!(written(&[("rt", Some("x")), ("ct", Some("40")), ("obs", None)]), "</a>;rt=\"x\";ct=\"40\";obs");
    assert_eq!(copied("</a>;rt=x;ct=40;obs,</b>;if=y"), "</a>;rt=\"x\";ct=\"40\";obs,</b>;if=\"y\"");
}

#[test]
fn an_empty_value_is_written_as_a_flag() {
    assert_eq!(written(&[("A", Some(""))]), "</a>;A");
    assert_eq!(copied("</a>;A=\"\""), "</a>;A");
}

#[test]
fn sz_is_a_bare_number_but_never_last() {
    assert_eq!(written(&[("sz", Some("10")), ("rt", Some("x"))]), "</a>;sz=10;rt=\"x\"");
    assert_eq!(written(&[("rt", Some("x")), ("sz", Some("10"))]), "</a>;sz=10;rt=\"x\"");
    assert_eq!(written(&[("if", Some("y")), ("obs", None), ("sz", Some("10"))]), "</a>;if=\"y\";sz=10;obs");
    assert_eq!(copied("</a>;rt=x;sz=10,</b>;sz=\"11\";obs"), "</a>;sz=10;rt=\"x\",</b>;sz=11;obs");
}

#[test]
fn sz_is_quoted_when_it_is_alone_or_no_number_or_not_the_first() {
    assert_eq!(written(&[("sz", Some("10"))]), "</a>;sz=\"10\"");
    assert_eq!(written(&[("sz", Some("1k")), ("rt", Some("x"))]), "</a>;sz=\"1k\";rt=\"x\"");
    assert_eq!(written(&[("sz", Some("010")), ("rt", Some("x"))]), "</a>;sz=\"010\";rt=\"x\"");
    assert_eq!(written(&[("sz", Some("10")), ("SZ", Some("11"))]), "</a>;sz=10;SZ=\"11\"");
}

#[test]
fn an_extended_value_is_bare_and_last_only_where_nothing_else_is_there() {
    let title = ("title*", Some("UTF-8''x"));
    assert_eq!(written(&[title, ("rt", Some("x"))]), "</a>;title*=UTF-8''x;rt=\"x\"");
    assert_eq!(written(&[("rt", Some("x")), title]), "</a>;title*=UTF-8''x;rt=\"x\"");
    assert_eq!(written(&[("rt", Some("x")), ("sz", Some("1")), title]), "</a>;sz=1;title*=UTF-8''x;rt=\"x\"");
    assert_eq!(written(&[("sz", Some("1")), title]), "</a>;title*=UTF-8''x;sz=\"1\"");
    assert_eq!(written(&[title]), "</a>;title*=UTF-8''x");
}

#[test]
fn quotes_backslashes_and_control_characters_are_escaped() {
    assert_eq!(written(&[("x", Some("a\"b\\c\nd"))]), "</a>;x=\"a\\\"b\\\\c\\\nd\"");
    assert_eq!(copied(r#"</a>;x="a\"b\cd""#), r#"</a>;x="a\"b\cd""#);
}

#[test]
fn what_cannot_be_written_is_refused_and_leaves_no_trace() {
    let mut text = String::new();
    let mut writer = LinkWriter::new(&mut text);
    assert!(writer.flag("obs").is_err());
    assert!(writer.link("/a>,</b").is_err());
    writer.link("/a").unwrap();
    for name in ["", "a b", "rt=", "href", "ä", "*", "a;b"] {
        assert!(writer.flag(name).is_err(), "{name}");
        assert!(writer.attribute(name, "x").is_err(), "{name}");
    }
    assert!(writer.attribute("title*", "x").is_err());
    assert!(writer.attribute("title*", "").is_err());
    assert!(writer.flag("title*").is_err());
    assert!(writer.link("a b").is_err());
    writer.link("/c").unwrap();
    writer.finish().unwrap();
    assert_eq!(text, "</a>,</c>");
}

#[test]
fn nothing_is_written_for_no_links() {
    let mut text = String::new();
    LinkWriter::new(&mut text).finish().unwrap();
    assert_eq!(text, "");
    assert_eq!([].into_iter().collect::<LinkDocumentBuf>(), LinkDocumentBuf::default());
}

#[test]
fn a_link_built_by_hand_reads_as_it_was_built() {
    let link = LinkBuf::new("").unwrap().with("rt", "a b").unwrap().with("sz", "7").unwrap().with_flag("obs").unwrap();
    assert_eq!(link.to_string(), "<>;sz=7;rt=\"a b\";obs");
    assert_eq!(link.as_link().target(), "");
    assert!(link.as_link().rt().eq(["a", "b"]));
    assert_eq!(link.as_link().parameter("rt").unwrap().form(), Form::Quoted);
    let document: LinkDocumentBuf = [link.clone(), link].into_iter().collect();
    assert_eq!(document.links().count(), 2);
    assert_eq!(LinkBuf::from(document.links().last().unwrap()).as_link().offset(), 0);
}

#[test]
#[cfg(feature = "serde")]
fn a_document_is_a_string_in_serde_and_checked_when_it_is_read() {
    let document = LinkDocumentBuf::parse("</a>;rt=\"x\"").unwrap();
    let json = serde_json::to_string(&document).unwrap();
    assert_eq!(json, r#""</a>;rt=\"x\"""#);
    assert_eq!(serde_json::from_str::<LinkDocumentBuf>(&json).unwrap(), document);
    let error = serde_json::from_str::<LinkDocumentBuf>("\"</a>,\"").unwrap_err().to_string();
    assert!(error.starts_with("expected a link, which starts with `<` at byte 5"), "{error}");
}

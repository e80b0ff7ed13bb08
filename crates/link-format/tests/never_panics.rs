//! Laws that hold for every text.

use proptest::prelude::*;
use waypost_link_format::{LinkBuf, LinkDocument, LinkDocumentBuf, LinkWriter};

/// Reads everything that can be read.
fn read_all(document: LinkDocument<'_>) {
    let _ = document.check_limited();
    for link in document {
        let _ = (link.rt().count(), link.interfaces().count(), link.rel().count(), link.rev().count());
        let _ = (link.relation_types().count(), link.ct().count(), link.sz(), link.obs(), link.anchor());
        let _ = (link.best_title(), link.title_star(), link.media(), link.media_type(), link.provenance());
        let _ = (link.hreflang().count(), link.to_string(), format!("{link:?}"));
        for parameter in link.parameters() {
            assert!(document.as_str()[parameter.offset()..].starts_with(parameter.name()));
            assert!(
                document.as_str()[parameter.value_offset()..].starts_with(parameter.raw_value().unwrap_or_default())
            );
        }
    }
}

/// The laws that relate the ways to parse and to write.
fn check_laws(text: &str) {
    let strict = LinkDocument::parse(text);
    let mut deviations = 0;
    let lenient = LinkDocument::parse_lenient(text, |_| deviations += 1);
    match strict {
        Ok(document) => {
            assert_eq!((lenient, deviations), (Ok(document), 0));
            assert_eq!(document.to_string(), text);
            assert_eq!(LinkDocumentBuf::from(document).as_str(), text);
            let links: Vec<_> = document.links().map(|link| link.raw()).collect();
            assert_eq!(links.join(","), text);
            let unaided = LinkDocumentBuf::from(document);
            assert!(unaided.links().eq(document.links()));
        }
        Err(error) => {
            assert!(error.offset <= text.len() && text.is_char_boundary(error.offset));
            // What came before can be continued: cut there, the text is at most incomplete.
            if let Err(earlier) = LinkDocument::parse(&text[..error.offset]) {
                assert_eq!(earlier.offset, error.offset, "{earlier} but {error} in {text:?}");
            }
        }
    }
    if let Ok(document) = lenient {
        read_all(document);
        let normal = LinkDocumentBuf::from(document);
        LinkDocument::parse(normal.as_str()).unwrap();
        assert!(normal.links().map(|link| link.target()).eq(document.links().map(|link| link.target())));
        let parameters = |document: LinkDocument<'_>| {
            document
                .links()
                .flat_map(|link| link.parameters())
                .map(|parameter| parameter.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(parameters(normal.as_document()), parameters(document));
    }
    for offset in 0..text.len() {
        if let (Ok(document), true) = (strict, text.is_char_boundary(offset)) {
            let _ = document.link_at(offset).map(|link| link.raw().len());
        }
    }
    assert_eq!(LinkDocument::parse_bytes(text.as_bytes()), strict);
}

/// Documents by the grammar, with everything in it.
fn document() -> impl Strategy<Value = String> {
    let target = prop_oneof![
        "(/[a-zö,;=%0-9]{0,4}){1,3}".prop_map(|path| path.replace('%', "%41")),
        Just("coap://[2001:db8::1]:61616/x?y,z#f".to_string()),
        Just(String::new()),
    ];
    let parameter = prop_oneof![
        "[a-z]{1,3}",
        "[A-Za-z.]{1,3}=[!#-+./:<-@\\[\\]a-z]{1,5}",
        "[a-z]{1,3}=\"([ -!#-\\[\\]-~ö]|\\\\[ -~ö]){0,8}\"",
        "[a-z]{1,3}\\*=UTF-8'(en(-[A-Z0-9]{2})?)?'(%[0-9A-F]{2}|[a-z]){0,3}",
        "sz=[1-9][0-9]{0,3}",
    ];
    let link = (target, prop::collection::vec(parameter, 0..5)).prop_map(|(target, parameters)| {
        let parameters: String = parameters.iter().map(|parameter| format!(";{parameter}")).collect();
        format!("<{target}>{parameters}")
    });
    prop::collection::vec(link, 0..5).prop_map(|links| links.join(","))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn the_laws_hold_for_every_text(text: String) {
        check_laws(&text);
    }

    #[test]
    fn the_laws_hold_for_text_made_of_the_marks_of_the_grammar(text in "[</>;,=\"\\\\a* \t\r\nö%'#:]{0,24}") {
        check_laws(&text);
    }

    #[test]
    fn octets_of_any_kind_are_parsed_or_refused(octets: Vec<u8>) {
        if let Err(error) = LinkDocument::parse_bytes(&octets) {
            prop_assert!(error.offset <= octets.len());
        }
    }

    #[test]
    fn documents_by_the_grammar_are_valid_and_so_hold_the_laws(text in document()) {
        prop_assert!(LinkDocument::parse(&text).is_ok(), "{:?}", LinkDocument::parse(&text));
        check_laws(&text);
    }

    #[test]
    fn the_laws_hold_at_every_truncation(text in document()) {
        for end in (0..text.len()).filter(|end| text.is_char_boundary(*end)) {
            check_laws(&text[..end]);
        }
    }

    #[test]
    fn the_laws_hold_after_any_change_of_a_character(text in document(), place: prop::sample::Index, letter in "[ -~\t\n\u{0}ö]?") {
        let places: Vec<_> = text.char_indices().map(|(offset, _)| offset).collect();
        if !places.is_empty() {
            let offset = places[place.index(places.len())];
            let mut letters = text[offset..].chars();
            letters.next();
            check_laws(&[&text[..offset], &letter, letters.as_str()].concat());
        }
    }

    #[test]
    fn white_space_around_separators_changes_nothing_leniently(text in document(), space in "[ \t\r\n]{1,3}") {
        let parts: Vec<_> = LinkDocument::parse(&text).unwrap().links().map(|link| {
            let parameters: String = link.parameters().map(|parameter| format!("{space};{space}{parameter}")).collect();
            format!("<{}>{parameters}", link.target())
        }).collect();
        let spaced = parts.join(&format!("{space},{space}"));
        let document = LinkDocument::parse_lenient(&spaced, |_| {}).unwrap();
        prop_assert_eq!(LinkDocumentBuf::from(document).to_string(), text);
        check_laws(&spaced);
    }

    #[test]
    fn what_the_writer_writes_reads_as_what_was_given(
        target in "/[a-zö]{0,4}",
        parameters in prop::collection::vec(("[a-z]{1,2}|sz|SZ", any::<String>()), 0..5),
    ) {
        let mut text = String::new();
        let mut writer = LinkWriter::new(&mut text);
        writer.link(&target).unwrap();
        let mut given = Vec::new();
        for (name, value) in &parameters {
            writer.attribute(name, value).unwrap();
            given.push((name.clone(), value.clone()));
        }
        writer.finish().unwrap();
        let document = LinkDocument::parse(&text).unwrap();
        let link = document.links().next().unwrap();
        prop_assert_eq!(link.target(), &target);
        let mut read: Vec<_> = link.parameters().map(|parameter| {
            (parameter.name().to_string(), parameter.value().unwrap_or_default().into_owned())
        }).collect();
        // Among parameters of one name the order is kept.
        for (name, _) in &given {
            let of_name = |all: &[(String, String)]| all.iter().filter(|(other, _)| other == name).cloned().collect::<Vec<_>>();
            prop_assert_eq!(of_name(&read), of_name(&given));
        }
        read.sort();
        given.sort();
        prop_assert_eq!(read, given);
        if !parameters.is_empty() {
            prop_assert!(text.ends_with('"') || link.parameters().last().unwrap().value().is_none(), "{}", text);
        }
    }

    #[test]
    fn what_was_written_once_is_written_the_same_again(text in document()) {
        let once: LinkDocumentBuf = LinkDocument::parse(&text).unwrap().links().map(LinkBuf::from).collect();
        let twice: LinkDocumentBuf = once.links().map(LinkBuf::from).collect();
        prop_assert_eq!(once, twice);
    }
}

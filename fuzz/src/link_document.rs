use waypost_link_format::{Form, LinkDocument, LinkDocumentBuf, LinkWriter, ParseErrorKind, resolve};

use crate::abnf;

/// The parser against a second one; lenient parsing takes no less; what is written is what was read.
pub fn link_document(data: &[u8]) {
    let parsed = LinkDocument::parse_bytes(data);
    let Ok(text) = str::from_utf8(data) else {
        let error = parsed.expect_err("what is not text was parsed");
        assert!(error.offset <= data.len());
        return;
    };
    assert_eq!(parsed, LinkDocument::parse(text));
    let expected = abnf::document(text);
    match (parsed, &expected) {
        (Ok(document), Some(links)) => {
            assert_eq!(&read(document), links);
            check_valid(document);
        }
        (Err(error), None) => check_offset(text, error.kind, error.offset),
        (parsed, expected) => panic!("{parsed:?}, but by the grammar {expected:?}"),
    }
    check_lenient(text, expected.is_some());
}

fn read(document: LinkDocument<'_>) -> Vec<abnf::Link> {
    let links = document.links().map(|link| {
        let parameters = link.parameters().map(|parameter| {
            let form = match parameter.form() {
                Form::Flag => "flag",
                Form::Token => "token",
                Form::Quoted => "quoted",
                Form::Ext => "ext",
            };
            (parameter.name().to_string(), parameter.value().map(|value| value.into_owned()), form)
        });
        (link.target().to_string(), parameters.collect())
    });
    links.collect()
}

fn check_valid(document: LinkDocument<'_>) {
    assert_eq!(document.to_string(), document.as_str());
    let owned = LinkDocumentBuf::from(document);
    assert!(owned.links().eq(document.links()));
    for link in document {
        assert_eq!(document.link_at(link.offset()), Some(link));
        resolve("coap://[2001:db8::1]/a/b", link.target()).expect("a target is a reference");
        let _ =
            (link.rt().count(), link.ct().count(), link.sz(), link.obs(), link.best_title(), link.hreflang().count());
        let _ = (link.anchor(), link.relation_types().count(), link.rev().count(), link.interfaces().count());
    }
    let limited = document.check_limited();
    assert!(limited.is_ok() || !document.is_empty());

    let mut written = String::new();
    let mut writer = LinkWriter::new(&mut written);
    for link in document {
        writer.copy(link).expect("a parsed link can be written");
    }
    writer.finish().expect("a string takes all");
    let rewritten = LinkDocument::parse(&written).expect("what is written is valid");
    assert_eq!(meaning(rewritten), meaning(document));
    for link in rewritten {
        let parameters: Vec<_> = link.parameters().collect();
        let bare = |form| matches!(form, Form::Token | Form::Ext);
        if parameters.iter().any(|parameter| !matches!(parameter.form(), Form::Ext)) {
            assert!(!bare(parameters[parameters.len() - 1].form()), "{written}");
        }
        assert!(parameters.iter().all(|parameter| parameter.raw_value() != Some("")), "{written}");
    }
}

/// Targets, names and values as far as they are kept: the order among parameters of one name, a flag being an empty value.
fn meaning(document: LinkDocument<'_>) -> Vec<(String, Vec<(String, String)>)> {
    let links = document.links().map(|link| {
        let mut parameters: Vec<_> = link
            .parameters()
            .map(|parameter| (parameter.name().to_string(), parameter.value().unwrap_or_default().into_owned()))
            .collect();
        parameters.sort_by_key(|(name, _)| name.to_lowercase());
        (link.target().to_string(), parameters)
    });
    links.collect()
}

/// Up to the offset of an error the grammar was followed: cut there, the text is valid or incomplete, but not wrong earlier.
fn check_offset(text: &str, kind: ParseErrorKind, offset: usize) {
    assert!(text.is_char_boundary(offset), "{kind} at {offset}");
    if let Err(error) = LinkDocument::parse(&text[..offset]) {
        assert_eq!(error.offset, offset, "{kind} at {offset}, but {error} before");
    }
}

fn check_lenient(text: &str, valid: bool) {
    let mut deviations = 0;
    let lenient = LinkDocument::parse_lenient(text, |deviation| {
        assert!(deviation.offset < text.len());
        deviations += 1;
    });
    if valid {
        assert!(lenient.is_ok() && deviations == 0);
    }
    if let Ok(document) = lenient {
        assert_eq!(valid, deviations == 0);
        assert_eq!(document.to_string(), text);
        let normal = LinkDocumentBuf::from(document);
        assert_eq!(abnf::document(normal.as_str()).expect("what is made strict is valid"), read(document));
        for link in document {
            let raw = LinkDocument::parse_lenient(link.raw(), |_| {}).expect("a link by itself is a document");
            assert_eq!(raw.links().count(), 1);
        }
    }
}

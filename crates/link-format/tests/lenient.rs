//! What lenient parsing passes over, and what it reports.

use waypost_link_format::{DeviationKind, LinkDocument, LinkDocumentBuf, ParseError, ParseErrorKind};

fn lenient(text: &str) -> (Result<LinkDocument<'_>, ParseError>, Vec<(DeviationKind, usize)>) {
    let mut seen = Vec::new();
    let document = LinkDocument::parse_lenient(text, |deviation| seen.push((deviation.kind, deviation.offset)));
    (document, seen)
}

#[test]
fn white_space_around_separators_is_reported_once_for_each_run() {
    let text = " \t</a> ; rt = \"x\" ;\r\n obs , </b> \n";
    let (document, seen) = lenient(text);
    let expected = [0, 6, 8, 11, 13, 17, 19, 25, 27, 32];
    assert!(seen.iter().all(|(kind, _)| *kind == DeviationKind::WhiteSpace));
    assert_eq!(seen.iter().map(|(_, offset)| *offset).collect::<Vec<_>>(), expected);
    let document = document.unwrap();
    let links: Vec<_> = document.links().map(|link| link.raw()).collect();
    assert_eq!(links, ["</a> ; rt = \"x\" ;\r\n obs", "</b>"]);
    assert_eq!(document.to_string(), text);
    assert_eq!(LinkDocumentBuf::from(document).as_str(), "</a>;rt=\"x\";obs,</b>");
}

#[test]
fn separators_with_nothing_after_or_before_them_are_reported() {
    use DeviationKind::{ExtraSeparator as Extra, TrailingSeparator as Trailing};
    for (text, expected, normal) in [
        ("</a>,", vec![(Trailing, 4)], "</a>"),
        ("</a>;", vec![(Trailing, 4)], "</a>"),
        ("</a>;,</b>", vec![(Trailing, 4)], "</a>,</b>"),
        ("</a>;rt=x;,", vec![(Trailing, 9), (Trailing, 10)], "</a>;rt=x"),
        ("</a>,,</b>", vec![(Extra, 5)], "</a>,</b>"),
        ("</a>;;rt=x", vec![(Extra, 5)], "</a>;rt=x"),
        (",</a>", vec![(Extra, 0)], "</a>"),
        ("</a>,,", vec![(Extra, 5), (Trailing, 4)], "</a>"),
        ("</a>;;", vec![(Extra, 5), (Trailing, 4)], "</a>"),
        (",", vec![(Extra, 0)], ""),
    ] {
        let (document, seen) = lenient(text);
        assert_eq!(seen, expected, "{text}");
        let document = document.unwrap();
        assert!(document.deviates());
        assert_eq!(document.is_empty(), normal.is_empty());
        assert_eq!(LinkDocumentBuf::from(document).as_str(), normal, "{text}");
    }
}

#[test]
fn a_document_by_the_grammar_has_no_deviations() {
    let (document, seen) = lenient("</a>;title=\" , ; \";obs,<>");
    assert!(seen.is_empty());
    assert!(!document.unwrap().deviates());
}

#[test]
fn what_no_tolerance_explains_is_still_an_error() {
    for (text, kind, offset) in [
        ("</a b>", ParseErrorKind::InvalidTarget, 3),
        ("< /a>", ParseErrorKind::InvalidTarget, 1),
        ("</a>;rt= ,</b>", ParseErrorKind::ExpectedValue, 9),
        ("</a>;rt=x y", ParseErrorKind::ExpectedSeparator, 10),
        ("</a> </b>", ParseErrorKind::ExpectedSeparator, 5),
        ("</a>;rt=\" ", ParseErrorKind::UnterminatedQuotedString, 10),
        ("</a>;href=x", ParseErrorKind::ReservedName, 5),
        ("</a>;title *=UTF-8''a", ParseErrorKind::ExpectedSeparator, 11),
        ("</a>\u{a0},</b>", ParseErrorKind::ExpectedSeparator, 4),
        ("; </a>", ParseErrorKind::ExpectedLink, 0),
    ] {
        let error = lenient(text).0.unwrap_err();
        assert_eq!((error.kind, error.offset), (kind, offset), "{text:?}");
    }
}

#[test]
fn an_http_header_value_parses_when_folded() {
    let text = "</TheBook/chapter2>;\n         rel=\"previous\"; title*=UTF-8'de'letztes%20Kapitel,\n         </TheBook/chapter4>;\n         rel=\"next\"; title*=UTF-8'de'n%c3%a4chstes%20Kapitel";
    let document = lenient(text).0.unwrap();
    let titles: Vec<_> = document.links().filter_map(|link| link.best_title()).collect();
    assert_eq!(titles, ["letztes Kapitel", "nächstes Kapitel"]);
}

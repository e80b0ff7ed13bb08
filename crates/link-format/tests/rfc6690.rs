//! The rules for the format, one test for each, named by its section: RFC 6690, and RFC 7252, 7641, 8288 and 9176 where
//! they say more about links.

use waypost_link_format::{Form, Link, LinkBuf, LinkDocument, LinkDocumentBuf, LinkWriter, ParseErrorKind, resolve};

fn parse(text: &str) -> LinkDocument<'_> {
    LinkDocument::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"))
}

fn first(text: &str) -> Link<'_> {
    parse(text).links().next().unwrap()
}

fn rejected(text: &str) -> (ParseErrorKind, usize) {
    let error = LinkDocument::parse(text).expect_err(text);
    (error.kind, error.offset)
}

#[test]
fn section_2_text_is_utf_8_and_is_compared_bitwise_without_normalisation() {
    let (composed, decomposed) = ("</ö>;title=\"ö\"", "</o\u{308}>;title=\"o\u{308}\"");
    assert_ne!(parse(composed), parse(decomposed));
    assert_eq!(first(composed).target(), "/ö");
    assert_eq!(first(decomposed).title().unwrap(), "o\u{308}");
}

#[test]
fn section_2_octets_that_are_not_utf_8_are_reported_at_the_first_of_them() {
    let error = LinkDocument::parse_bytes(b"</a>;title=\"\xe9\"").unwrap_err();
    assert_eq!((error.kind, error.offset), (ParseErrorKind::InvalidUtf8, 12));
    let error = LinkDocument::parse_bytes(b"</a>, </\xe9>").unwrap_err();
    assert_eq!((error.kind, error.offset), (ParseErrorKind::ExpectedLink, 5));
}

#[test]
fn section_2_an_empty_document_has_no_links() {
    assert!(parse("").is_empty());
    assert_eq!(parse("").links().count(), 0);
    assert_eq!(LinkDocument::EMPTY, parse(""));
    assert_eq!(LinkDocument::parse_bytes(b""), Ok(LinkDocument::EMPTY));
}

#[test]
fn section_2_commas_in_quoted_strings_and_uris_do_not_separate_links() {
    let document = parse("</a,b?c,d>;title=\"x,</y>;z\",</e>");
    assert!(document.links().map(|link| link.target()).eq(["/a,b?c,d", "/e"]));
    assert_eq!(first("</a,b?c,d>;title=\"x,</y>;z\",</e>").title().unwrap(), "x,</y>;z");
}

#[test]
fn section_2_href_must_not_be_a_link_parameter() {
    assert_eq!(rejected("</a>;rt=x;href=\"/b\""), (ParseErrorKind::ReservedName, 10));
    assert_eq!(rejected("</a>;HREF"), (ParseErrorKind::ReservedName, 5));
    assert!(LinkBuf::new("/a").unwrap().with("href", "/b").is_err());
    assert!(LinkWriter::new(&mut String::new()).link("/a").unwrap().attribute("Href", "/b").is_err());
    parse("</a>;hrefs=1");
}

#[test]
fn section_2_there_is_no_white_space_in_the_grammar() {
    for (text, kind, offset) in [
        (" </a>", ParseErrorKind::ExpectedLink, 0),
        ("</a> ", ParseErrorKind::ExpectedSeparator, 4),
        ("</a>, </b>", ParseErrorKind::ExpectedLink, 5),
        ("</a> ,</b>", ParseErrorKind::ExpectedSeparator, 4),
        ("</a>; rt=x", ParseErrorKind::ExpectedName, 5),
        ("</a>;rt =x", ParseErrorKind::ExpectedSeparator, 7),
        ("</a>;rt= x", ParseErrorKind::ExpectedValue, 8),
        ("</a>;rt=x\n", ParseErrorKind::ExpectedSeparator, 9),
        ("</a>;rt=\"x\"\r\n", ParseErrorKind::ExpectedSeparator, 11),
        ("</a b>", ParseErrorKind::InvalidTarget, 3),
    ] {
        assert_eq!(rejected(text), (kind, offset), "{text:?}");
    }
}

#[test]
fn section_2_links_are_separated_by_single_commas_and_parameters_by_single_semicolons() {
    for (text, kind, offset) in [
        (",", ParseErrorKind::ExpectedLink, 0),
        ("</a>,", ParseErrorKind::ExpectedLink, 5),
        ("</a>,,</b>", ParseErrorKind::ExpectedLink, 5),
        ("</a></b>", ParseErrorKind::ExpectedSeparator, 4),
        ("</a>rt=x", ParseErrorKind::ExpectedSeparator, 4),
        ("</a>;", ParseErrorKind::ExpectedName, 5),
        ("</a>;;rt=x", ParseErrorKind::ExpectedName, 5),
        ("</a>;,</b>", ParseErrorKind::ExpectedName, 5),
        ("</a>;rt=\"x\"if=\"y\"", ParseErrorKind::ExpectedSeparator, 11),
        ("/a", ParseErrorKind::ExpectedLink, 0),
        ("</a>,/b", ParseErrorKind::ExpectedLink, 5),
    ] {
        assert_eq!(rejected(text), (kind, offset), "{text:?}");
    }
}

#[test]
fn section_2_a_target_is_a_uri_reference_which_may_be_empty() {
    for target in [
        "",
        "a",
        "/",
        "//host/x",
        "?a=b,c",
        "#f",
        "coap://[2001:db8::1]:61616/x?y#z",
        "urn:a:b",
        "../x",
        "/%C3%B6",
        "/ö",
    ] {
        assert_eq!(first(&format!("<{target}>;rt=x")).target(), target);
    }
    for (text, kind, offset) in [
        ("<", ParseErrorKind::UnterminatedTarget, 1),
        ("</a", ParseErrorKind::UnterminatedTarget, 3),
        ("<//a:b", ParseErrorKind::UnterminatedTarget, 6),
        ("</%4", ParseErrorKind::UnterminatedTarget, 4),
        ("</%4>", ParseErrorKind::InvalidTarget, 4),
        ("</a<b>", ParseErrorKind::InvalidTarget, 3),
        ("</a\"b>", ParseErrorKind::InvalidTarget, 3),
        ("</a\\b>", ParseErrorKind::InvalidTarget, 3),
        ("<1a:b>", ParseErrorKind::InvalidTarget, 3),
        ("<//host:x>", ParseErrorKind::InvalidTarget, 9),
        ("<coap://[fe80::1%25eth0]/>", ParseErrorKind::InvalidTarget, 16),
        ("<coap://[1::2::3]/>", ParseErrorKind::InvalidTarget, 9),
        ("</a#b#c>", ParseErrorKind::InvalidTarget, 5),
    ] {
        assert_eq!(rejected(text), (kind, offset), "{text:?}");
    }
}

#[test]
fn section_2_relation_types_are_a_token_or_a_quoted_list_separated_by_spaces() {
    for name in ["rel", "rev", "rt", "if"] {
        for (value, expected) in [
            ("next", vec!["next"]),
            ("\"next\"", vec!["next"]),
            ("\"next  http://example.com/a,b;c\"", vec!["next", "http://example.com/a,b;c"]),
            ("urn:x", vec!["urn:x"]),
        ] {
            let text = format!("</a>;{name}={value}");
            let link = first(&text);
            let words = match name {
                "rel" => link.rel(),
                "rev" => link.rev(),
                "rt" => link.rt(),
                _ => link.interfaces(),
            };
            assert_eq!(words.collect::<Vec<_>>(), expected, "{text}");
        }
    }
}

#[test]
fn section_2_anchor_is_a_quoted_uri_reference() {
    let link = first("</a>;anchor=\"../x?key=a,b#here\"");
    assert_eq!(link.anchor().unwrap(), "../x?key=a,b#here");
    assert_eq!(link.parameter("anchor").unwrap().form(), Form::Quoted);
    assert_eq!(first("</a>").anchor(), None);
}

#[test]
fn section_2_media_title_and_type_are_read_as_text() {
    let link = first("</a>;media=\"screen, tv\";title=\"a \\\"b\\\" \\\\ c\";type=text/plain");
    assert_eq!(link.media().unwrap(), "screen, tv");
    assert_eq!(link.title().unwrap(), "a \"b\" \\ c");
    assert_eq!(link.media_type().unwrap(), "text/plain");
}

#[test]
fn section_2_title_star_is_an_extended_value_without_quotes() {
    let link = first("</a>;title*=UTF-8'de'n%c3%a4chstes%20Kapitel");
    let title = link.title_star().unwrap();
    assert_eq!((title.charset(), title.language()), ("UTF-8", Some("de")));
    assert_eq!(title.decode().unwrap(), "nächstes Kapitel");
    for (text, offset) in [
        ("</a>;title*", 11),
        ("</a>;title*=", 12),
        ("</a>;title*;rt=x", 11),
        ("</a>;title*=\"UTF-8''a\"", 12),
        ("</a>;title*=UTF-8", 17),
        ("</a>;title*=UTF-8'en", 20),
        ("</a>;title*=''a", 12),
        ("</a>;title*=UTF-8'e1'a", 19),
        ("</a>;title*=UTF-8'en-'a", 21),
        ("</a>;title*=UTF-8'abcdefghi'a", 26),
        ("</a>;title*=UTF-8''%zz", 20),
        ("</a>;title*=UTF-8''%a", 21),
    ] {
        assert_eq!(rejected(text), (ParseErrorKind::InvalidExtValue, offset), "{text:?}");
    }
    assert_eq!(rejected("</a>;title*=UTF-8''ä"), (ParseErrorKind::ExpectedSeparator, 19));
    assert_eq!(rejected("</a>;title*=UTF-8''a*b"), (ParseErrorKind::ExpectedSeparator, 20));
}

#[test]
fn section_2_a_parameter_name_has_no_star_but_at_its_end() {
    assert_eq!(first("</a>;x*=ISO-8859-1''%E9").parameter("x*").unwrap().form(), Form::Ext);
    assert_eq!(rejected("</a>;*=UTF-8''a"), (ParseErrorKind::ExpectedName, 5));
    assert_eq!(rejected("</a>;x**=UTF-8''a"), (ParseErrorKind::InvalidExtValue, 7));
    assert_eq!(rejected("</a>;x*y=UTF-8''a"), (ParseErrorKind::InvalidExtValue, 7));
    for octet in 0..0x80u8 {
        let text = format!("</a>;a{}b", char::from(octet));
        let expected = octet.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&octet);
        let read = LinkDocument::parse(&text).map(|document| document.links().next().unwrap().parameters().count());
        if expected {
            assert_eq!(read, Ok(1), "{text:?}");
        } else if !b"=;,".contains(&octet) {
            assert!(read.is_err(), "{text:?}");
        }
    }
}

#[test]
fn section_2_an_extension_is_a_flag_a_token_or_a_quoted_string() {
    let link = first("</a>;f;t=a'b/c=d<e>%{|};q=\"\"");
    let read: Vec<_> =
        link.parameters().map(|parameter| (parameter.name(), parameter.form(), parameter.raw_value())).collect();
    assert_eq!(
        read,
        [("f", Form::Flag, None), ("t", Form::Token, Some("a'b/c=d<e>%{|}")), ("q", Form::Quoted, Some(""))]
    );
    for (text, kind, offset) in [
        ("</a>;rt=", ParseErrorKind::ExpectedValue, 8),
        ("</a>;rt=;if=x", ParseErrorKind::ExpectedValue, 8),
        ("</a>;rt=,</b>", ParseErrorKind::ExpectedValue, 8),
        ("</a>;rt=ä", ParseErrorKind::ExpectedValue, 8),
        ("</a>;rt=a\"b\"", ParseErrorKind::ExpectedSeparator, 9),
        ("</a>;rt=a\\b", ParseErrorKind::ExpectedSeparator, 9),
        ("</a>;=x", ParseErrorKind::ExpectedName, 5),
        ("</a>;ä=x", ParseErrorKind::ExpectedName, 5),
    ] {
        assert_eq!(rejected(text), (kind, offset), "{text:?}");
    }
    for octet in 0x21..0x7fu8 {
        let text = format!("</a>;t=a{}", char::from(octet));
        let ptoken = b"!#$%&'()*+-./:<=>?@[]^_`{|}~".contains(&octet) || octet.is_ascii_alphanumeric();
        let whole = LinkDocument::parse(&text).is_ok_and(|document| {
            document.links().next().unwrap().parameter("t").unwrap().raw_value() == Some(&text[7..])
        });
        assert_eq!(whole, ptoken, "{text:?}");
    }
}

#[test]
fn section_2_every_quoted_pair_of_a_quoted_string_is_undone() {
    let link = first(r#"</a>;x="\"\\\a\\\\\"\ö\,";y="plain""#);
    assert_eq!(link.parameter("x").unwrap().value().unwrap(), r#""\a\\"ö,"#);
    assert_eq!(link.parameter("x").unwrap().raw_value(), Some(r#"\"\\\a\\\\\"\ö\,"#));
    for (text, offset) in [("</a>;rt=\"", 9), ("</a>;rt=\"x", 10), ("</a>;rt=\"x\\", 11), ("</a>;rt=\"x\\\"", 12)] {
        assert_eq!(rejected(text), (ParseErrorKind::UnterminatedQuotedString, offset), "{text:?}");
    }
}

#[test]
fn section_2_a_quoted_string_may_be_folded_but_has_no_other_control_characters() {
    assert_eq!(first("</a>;title=\"a\tb\r\n c\"").title().unwrap(), "a\tb\r\n c");
    for (text, offset) in [
        ("</a>;title=\"a\nb\"", 13),
        ("</a>;title=\"a\r\nb\"", 15),
        ("</a>;title=\"a\rb\"", 14),
        ("</a>;title=\"a\0b\"", 13),
        ("</a>;title=\"a\x7fb\"", 13),
    ] {
        assert_eq!(rejected(text), (ParseErrorKind::ControlCharacter, offset), "{text:?}");
    }
}

#[test]
fn section_2_order_and_duplicates_are_kept() {
    let link = first("</a>;b=1;a=2;b=3");
    let read: Vec<_> = link.parameters().map(|parameter| parameter.to_string()).collect();
    assert_eq!(read, ["b=1", "a=2", "b=3"]);
    assert_eq!(parse("</a>,</a>").links().count(), 2);
}

#[test]
fn section_2_1_the_context_is_the_anchor_else_the_origin_of_the_target() {
    use waypost_link_format::origin;
    let base = "coap://[2001:db8::1]/.well-known/core";
    let anchored = first("</t>;anchor=\"/sensors/temp\"");
    assert_eq!(resolve(base, &anchored.anchor().unwrap()).unwrap(), "coap://[2001:db8::1]/sensors/temp");
    let foreign = resolve(base, first("<http://www.example.com/t123>").target()).unwrap();
    assert_eq!(origin(&foreign), Some("http://www.example.com"));
    let local = resolve(base, first("</t>").target()).unwrap();
    assert_eq!(origin(&local), Some("coap://[2001:db8::1]"));
}

#[test]
fn section_2_2_the_relation_is_hosts_when_there_is_none() {
    assert!(first("</a>").rel().next().is_none());
    assert!(first("</a>").relation_types().eq(["hosts"]));
    assert!(first("</a>;rel=\"next prev\"").relation_types().eq(["next", "prev"]));
}

#[test]
fn section_3_1_rt_counts_once_and_the_first_is_taken() {
    assert!(first("</a>;rt=\"a b\";RT=c").rt().eq(["a", "b"]));
    assert_eq!(first("</a>;rt=\"a b\";RT=c").values("rt").count(), 2);
}

#[test]
fn section_3_2_if_counts_once_and_the_first_is_taken() {
    assert!(first("</a>;if=core.s;if=core.b").interfaces().eq(["core.s"]));
}

#[test]
fn section_3_3_sz_is_a_number_of_any_size_and_counts_once() {
    assert_eq!(first("</a>;sz=0").sz(), Some(0));
    assert_eq!(first("</a>;sz=1280;sz=7").sz(), Some(1280));
    assert_eq!(first("</a>;sz=\"1280\"").sz(), Some(1280));
    assert_eq!(first("</a>;sz=18446744073709551615").sz(), Some(u64::MAX));
    assert_eq!(first("</a>;sz=99999999999999999999999999999999999999999999").sz(), Some(u64::MAX));
    for text in
        ["</a>", "</a>;sz", "</a>;sz=\"\"", "</a>;sz=01", "</a>;sz=00", "</a>;sz=1k", "</a>;sz=-1", "</a>;sz=+1"]
    {
        assert_eq!(first(text).sz(), None, "{text}");
    }
}

#[test]
fn rfc_7252_section_7_2_1_ct_is_one_number_or_a_quoted_list() {
    assert!(first("</a>;ct=40").ct().eq([40]));
    assert!(first("</a>;ct=\"0 41  65535\"").ct().eq([0, 41, 65535]));
    assert!(first("</a>;ct=\"040 65536 x 50\"").ct().eq([50]));
    assert!(first("</a>;ct=40;ct=50").ct().eq([40]));
    assert_eq!(first("</a>;ct").ct().count(), 0);
}

#[test]
fn rfc_7641_section_6_the_value_of_obs_is_ignored() {
    for text in ["</a>;obs", "</a>;obs=\"\"", "</a>;obs=0", "</a>;OBS", "</a>;obs;obs"] {
        assert!(first(text).obs(), "{text}");
    }
    assert!(!first("</a>;observable").obs());
}

#[test]
fn rfc_8288_section_3_3_only_the_first_rel_counts() {
    assert!(first("</a>;rel=a;rel=b").rel().eq(["a"]));
    assert!(first("</a>;rev=a;rev=b").rev().eq(["a"]));
}

#[test]
fn rfc_8288_section_3_4_1_later_media_title_and_type_are_ignored_and_every_hreflang_counts() {
    let link = first("</a>;title=a;title=b;media=c;media=d;type=e/f;type=g/h;hreflang=sv;hreflang=\"en-GB\"");
    assert_eq!(link.title().unwrap(), "a");
    assert_eq!(link.media().unwrap(), "c");
    assert_eq!(link.media_type().unwrap(), "e/f");
    assert!(link.hreflang().eq(["sv", "en-GB"]));
}

#[test]
fn rfc_8288_section_3_4_1_title_star_is_preferred_over_title_if_it_can_be_decoded() {
    assert_eq!(first("</a>;title=a;title*=UTF-8''b;title*=UTF-8''c").best_title().unwrap(), "b");
    assert_eq!(first("</a>;title=a;title*=iso-8859-1''%E4").best_title().unwrap(), "ä");
    assert_eq!(first("</a>;title=a;title*=UTF-8''%E4").best_title().unwrap(), "a");
    assert_eq!(first("</a>;title=a;title*=UTF-16''b").best_title().unwrap(), "a");
    assert_eq!(first("</a>;title=a").best_title().unwrap(), "a");
    assert_eq!(first("</a>").best_title(), None);
}

#[test]
fn rfc_8288_appendix_b_3_parameter_names_are_compared_without_regard_to_case() {
    assert!(first("</a>;RT=x").rt().eq(["x"]));
    assert_eq!(first("</a>;Title*=UTF-8''x").best_title().unwrap(), "x");
    assert_eq!(first("</a>;RT=x").parameters().next().unwrap().name(), "RT");
}

#[test]
fn replication_draft_the_last_provenance_counts() {
    assert_eq!(first("</a>;provenance=\"/rd/1\";provenance=\"/rd/2\"").provenance().unwrap(), "/rd/2");
    assert_eq!(first("</a>").provenance(), None);
}

#[test]
fn rfc_9176_appendix_b_4_letters_of_other_scripts_are_not_percent_encoded() {
    let link = first("</temperature/Malmö>;rel=live-environment-data");
    assert_eq!(link.target(), "/temperature/Malmö");
    assert_eq!(resolve("coap://host", link.target()).unwrap(), "coap://host/temperature/Malmö");
    assert_eq!(resolve("coap://host/Å/", "ä").unwrap(), "coap://host/Å/ä");
}

#[test]
fn rfc_9176_appendix_c_every_target_and_anchor_is_a_uri_or_path_absolute() {
    for text in ["", "</>", "</a?b#c>", "<coap://h/a>;anchor=\"/x\"", "<urn:a>;anchor=urn:b", "</a>;anchor=\"\\/b\""] {
        assert_eq!(parse(text).check_limited(), Ok(()), "{text}");
    }
    for (text, kind, offset) in [
        ("<>", ParseErrorKind::RelativeTarget, 1),
        ("</a>,<b>", ParseErrorKind::RelativeTarget, 6),
        ("<//host/a>", ParseErrorKind::RelativeTarget, 1),
        ("<?a>", ParseErrorKind::RelativeTarget, 1),
        ("</a>;anchor=\"b\"", ParseErrorKind::RelativeAnchor, 13),
        ("</a>;anchor=b", ParseErrorKind::RelativeAnchor, 12),
        ("</a>;anchor", ParseErrorKind::RelativeAnchor, 11),
        ("</a>;anchor=\"/b\";anchor=\"//c\"", ParseErrorKind::RelativeAnchor, 25),
        ("</a>;anchor=\"not a reference\"", ParseErrorKind::InvalidAnchor, 13),
    ] {
        let error = parse(text).check_limited().unwrap_err();
        assert_eq!((error.kind, error.offset), (kind, offset), "{text}");
    }
}

#[test]
fn a_link_is_found_again_by_its_offset() {
    let document = LinkDocumentBuf::parse("</a>;title=\"<x>,<y>\",</b>;rt=x,<>").unwrap();
    let document = document.as_document();
    for link in document {
        let found = document.link_at(link.offset()).unwrap();
        assert_eq!((found, found.target(), found.raw()), (link, link.target(), link.raw()));
    }
    for offset in [1, 4, document.as_str().len(), usize::MAX] {
        assert!(document.link_at(offset).is_none());
    }
}

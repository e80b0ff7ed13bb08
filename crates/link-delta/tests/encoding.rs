//! The encoding, octet by octet.

use minicbor::data::Type;
use minicbor::{Decoder, Encoder};
use waypost_link_delta::{Basis, DecodeErrorKind, Limits, LinkDelta, Tag};
use waypost_link_format::{LinkDocument, ParseErrorKind};

fn delta(before: &str, after: &str) -> LinkDelta {
    LinkDelta::between(LinkDocument::parse(before).unwrap(), LinkDocument::parse(after).unwrap())
}

#[track_caller]
fn refused(octets: &[u8]) -> (DecodeErrorKind, usize) {
    let error = LinkDelta::decode(octets, &Limits::default()).unwrap_err();
    (error.kind, error.offset)
}

#[test]
fn a_delta_is_an_array_of_two_tags_and_two_texts() {
    let [old, new] = [[1, 2, 3], [4, 5, 6]].map(|tag| Tag::new(&tag).unwrap());
    let delta = delta(r#"</a>,</b>;rel=next"#, "</a>;ct=40").starting_from(old).leading_to(new);
    assert_eq!(delta.encode(), b"\x84\x43\x01\x02\x03\x43\x04\x05\x06\x6f</b>;rel=\"next\"\x6a</a>;ct=40");
    assert_eq!(LinkDelta::whole(LinkDocument::EMPTY).encode(), b"\x84\x40\xf6\x60\x60");
    assert_eq!(LinkDelta::default().encode(), b"\x84\xf6\xf6\x60\x60");
}

#[test]
fn an_independent_codec_reads_and_writes_it() {
    for length in [0, 1, 20, 24, 200, 256, 60_000] {
        let title = "x".repeat(length);
        let delta = delta("</gone>", &format!("</a>;title=\"{title}\"")).leading_to(Tag::new(&[7; 8]).unwrap());
        let octets = delta.encode();

        let mut decoder = Decoder::new(&octets);
        assert_eq!(decoder.array().unwrap(), Some(4));
        assert_eq!(decoder.datatype().unwrap(), Type::Null);
        decoder.null().unwrap();
        assert_eq!(decoder.bytes().unwrap(), [7; 8]);
        assert_eq!(decoder.str().unwrap(), "</gone>");
        assert_eq!(decoder.str().unwrap(), delta.put().as_str());
        assert_eq!(decoder.position(), octets.len());

        let mut encoder = Encoder::new(Vec::new());
        encoder.array(4).unwrap().null().unwrap().bytes(&[7; 8]).unwrap();
        encoder.str("</gone>").unwrap().str(delta.put().as_str()).unwrap();
        assert_eq!(LinkDelta::decode(encoder.writer(), &Limits::default()), Ok(delta));
    }
}

#[test]
fn what_a_delta_starts_from_has_three_forms_and_what_it_leads_to_two() {
    let from = |octets: &[u8]| LinkDelta::decode(octets, &Limits::default()).map(|delta| delta.from());
    assert_eq!(from(b"\x84\xf6\xf6\x60\x60"), Ok(Basis::Any));
    assert_eq!(from(b"\x84\x40\xf6\x60\x60"), Ok(Basis::Nothing));
    assert_eq!(from(b"\x84\x41\x07\xf6\x60\x60"), Ok(Basis::State(Tag::new(&[7]).unwrap())));
    assert_eq!(refused(b"\x84\x490123456789\xf6\x60\x60"), (DecodeErrorKind::ExpectedTag, 1));
    assert_eq!(refused(b"\x84\xf6\x40\x60\x60"), (DecodeErrorKind::ExpectedTag, 2));
    assert_eq!(refused(b"\x84\x01\xf6\x60\x60"), (DecodeErrorKind::ExpectedTag, 1));
}

#[test]
fn other_items_are_refused_where_they_stand() {
    use DecodeErrorKind::*;
    for (octets, kind, offset) in [
        (&b""[..], UnexpectedEnd, 0),
        (b"\x84", UnexpectedEnd, 1),
        (b"\x84\xf6\xf6\x60", UnexpectedEnd, 4),
        (b"\x84\xf6\xf6\x60\x65</a>", UnexpectedEnd, 9),
        (b"\x84\xf6\xf6\x60\x78", UnexpectedEnd, 5),
        (b"\x84\xf6\xf6\x60\x7b\xff\xff\xff\xff\xff\xff\xff\xff", UnexpectedEnd, 13),
        (b"\x83\xf6\xf6\x60", ExpectedArray, 0),
        (b"\x85\xf6\xf6\x60\x60\x60", ExpectedArray, 0),
        (b"\xa4", ExpectedArray, 0),
        (b"\xd9\xd9\xf7\x84\xf6\xf6\x60\x60", ExpectedArray, 0),
        (b"\x84\xf6\xf6\x44</a>\x60", ExpectedText, 3),
        (b"\x84\xf6\xf6\xf6\x60", ExpectedText, 3),
        (b"\x84\xf6\xf6\x60\x60\x00", TrailingBytes, 5),
        (b"\x84\xf6\xf6\x60\x60\x84\xf6\xf6\x60\x60", TrailingBytes, 5),
    ] {
        assert_eq!(refused(octets), (kind, offset), "{octets:?}");
    }
}

#[test]
fn lengths_are_definite_and_short() {
    for (octets, offset) in [
        (&b"\x9f\xf6\xf6\x60\x60\xff"[..], 0),
        (b"\x98\x04\xf6\xf6\x60\x60", 0),
        (b"\x84\x58\x01\x07\xf6\x60\x60", 1),
        (b"\x84\xf6\xf6\x7f\x60\xff\x60", 3),
        (b"\x84\xf6\xf6\x60\x78\x04</a>", 4),
        (b"\x84\xf6\xf6\x60\x79\x00\x04</a>", 4),
        (b"\x84\xf6\xf6\x60\x7a\x00\x00\x00\x04</a>", 4),
        (b"\x84\xf6\xf6\x60\x7b\x00\x00\x00\x00\x00\x00\x00\x04</a>", 4),
        (b"\x84\xf6\xf6\x60\x7c</a>", 4),
    ] {
        assert_eq!(refused(octets), (DecodeErrorKind::NotDeterministic, offset), "{octets:?}");
    }
}

#[test]
fn links_are_refused_where_they_leave_their_grammar() {
    let links = DecodeErrorKind::Links;
    assert_eq!(refused(b"\x84\xf6\xf6\x62/a\x60"), (links(ParseErrorKind::ExpectedLink), 4));
    assert_eq!(refused(b"\x84\xf6\xf6\x64</a>\x66</b>,,"), (links(ParseErrorKind::ExpectedLink), 14));
    assert_eq!(refused(b"\x84\xf6\xf6\x60\x66</a>;\xff"), (links(ParseErrorKind::InvalidUtf8), 10));
}

#[test]
fn removed_links_are_bare_and_no_link_is_named_twice() {
    use DecodeErrorKind::*;
    for (octets, kind, offset) in [
        (&b"\x84\xf6\xf6\x6f</b>,</a>;ct=40\x60"[..], NotBare, 9),
        (b"\x84\xf6\xf6\x70</a>;rel=a;rel=b\x60", NotBare, 4),
        (b"\x84\xf6\xf6\x69</a>,</a>\x60", RepeatedIdentity, 9),
        (b"\x84\xf6\xf6\x64</a>\x6f</b>,</a>;ct=40", RepeatedIdentity, 14),
        (b"\x84\x40\xf6\x64</a>\x60", RemovesFromNothing, 4),
    ] {
        assert_eq!(refused(octets), (kind, offset), "{octets:?}");
    }
    let twice = b"\x84\xf6\xf6\x60\x6f</a>,</a>;ct=40";
    assert!(LinkDelta::decode(twice, &Limits::default()).is_ok(), "several links can have one identity");
}

#[test]
fn limits_are_obeyed_to_the_last_byte_and_link() {
    let octets = delta("</x>,</y>", "</a>,</b>,</c>").encode();
    let within =
        |bytes, links| LinkDelta::decode(&octets, &Limits { bytes, links }).map(drop).map_err(|error| error.kind);
    assert_eq!(within(octets.len(), 5), Ok(()));
    assert_eq!(within(octets.len() - 1, 5), Err(DecodeErrorKind::TooManyBytes));
    assert_eq!(within(octets.len(), 4), Err(DecodeErrorKind::TooManyLinks));
    assert_eq!(within(octets.len(), 1), Err(DecodeErrorKind::TooManyLinks));
}

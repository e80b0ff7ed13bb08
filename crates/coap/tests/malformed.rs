//! What is not CoAP, or not quite: RFC 7252 §3, §4.2 and §4.3.

mod common;

use common::{Bench, NEAR, Shelf, get};
use proptest::prelude::*;

const CON: u8 = 0x40;
const NON: u8 = 0x50;
const ACK: u8 = 0x60;
const RST: u8 = 0x70;

fn answers(datagram: &[u8]) -> Vec<Vec<u8>> {
    let mut bench = Bench::new(Shelf::default());
    let answers = bench.bytes_from(NEAR, datagram);
    assert!(bench.shelf().requests.is_empty());
    answers
}

#[test]
fn what_is_too_short_or_of_another_version_is_ignored() {
    for datagram in [&b""[..], b"\x40", b"\x40\x01\x00", b"\x00\x01\x00\x01", b"\x80\x01\x00\x01", b"\xc0\x01\x00\x01"]
    {
        assert!(answers(datagram).is_empty(), "{datagram:02x?}");
    }
}

/// Rests of a message, after the message identifier, that are against the format.
const ERRORS: [&[u8]; 11] = [
    // A token shorter than announced.
    b"\x03ab",
    // Token lengths that are reserved.
    b"\x09abcdefghi",
    b"\x0fabcdefghijklmno",
    // A payload marker and no payload, after no option and after one.
    b"\x00\xff",
    b"\x00\xb1a\xff",
    // The reserved option lengths and deltas.
    b"\x00\xf1a",
    b"\x00\xbf",
    // Options that end too early.
    b"\x00\xb5abc",
    b"\x00\xd1",
    b"\x00\xe1\x01",
    // An option number beyond 65535.
    b"\x00\xe0\xff\x00\xe0\xff\x00",
];

#[test]
fn a_confirmable_message_with_a_format_error_is_reset_and_others_are_ignored() {
    for error in ERRORS {
        for code in [1, 2, 0x45] {
            let message = |kind: u8| [&[kind | error[0], code, 0x12, 0x34][..], &error[1..]].concat();
            assert_eq!(answers(&message(CON)), [[RST, 0, 0x12, 0x34]], "{error:02x?}");
            for kind in [NON, ACK, RST] {
                assert!(answers(&message(kind)).is_empty(), "{error:02x?}");
            }
        }
    }
}

#[test]
fn an_empty_message_with_more_than_a_header_is_a_format_error() {
    for rest in [&b"\x01x"[..], b"\x00\xffx", b"\x00\xb1x"] {
        let message = |kind: u8| [&[kind | rest[0], 0, 0x12, 0x34][..], &rest[1..]].concat();
        assert_eq!(answers(&message(CON)), [[RST, 0, 0x12, 0x34]]);
        for kind in [NON, ACK, RST] {
            assert!(answers(&message(kind)).is_empty());
        }
    }
}

#[test]
fn an_option_that_ends_like_a_payload_marker_is_no_error() {
    let mut bench = Bench::new(Shelf::default());
    // Option 2048 is elective; its value ends in 0xff.
    let message = get(1, "echo").option(2048, b"\x01\xff");
    assert_eq!(bench.ask(message).code(), "2.05");
    // Option 268 is elective, empty, and its number ends in 0xff.
    assert_eq!(bench.bytes_from(NEAR, b"\x40\x02\x00\x02\xd0\xff").len(), 1);
}

#[test]
fn codes_of_reserved_classes_are_reset_or_ignored() {
    // But for class 3, which may be an answer.
    for code in [0x20, 0x3f, 0xc0, 0xe0, 0xff] {
        assert_eq!(answers(&[CON, code, 1, 2]), [[RST, 0, 1, 2]]);
        for kind in [NON, ACK, RST] {
            assert!(answers(&[kind, code, 1, 2]).is_empty());
        }
    }
}

#[test]
fn requests_in_acknowledgements_and_resets_are_ignored() {
    for kind in [ACK, RST] {
        assert!(answers(&[kind, 1, 1, 2, 0xb1, b'a']).is_empty());
    }
}

#[test]
fn responses_that_nobody_waits_for_are_reset_unless_they_are_acknowledgements() {
    for code in [0x45, 0x80, 0xa0] {
        assert_eq!(answers(&[CON, code, 1, 2]), [[RST, 0, 1, 2]]);
        assert_eq!(answers(&[NON, code, 1, 2]), [[RST, 0, 1, 2]]);
        assert!(answers(&[ACK, code, 1, 2]).is_empty());
        assert!(answers(&[RST, code, 1, 2]).is_empty());
    }
}

#[test]
fn a_datagram_that_is_too_long_to_be_read_is_too_large_if_it_is_a_request() {
    let mut request = get(1, "echo").payload([0; 4000]).bytes();
    let answer = answers(&request);
    let answer = common::Message::read(&answer[0]);
    assert_eq!((&*answer.code(), answer.id(), answer.number(60)), ("4.13", 1, Some(256 * 1024)));
    assert_eq!(answer.0.get_token(), [0, 1]);
    request[0] = request[0] & 0xf | NON;
    assert!(answers(&request).is_empty());
    assert!(answers(&[0xff; 4000]).is_empty());
    // What is no request is read, and found to have a token that is too long.
    assert_eq!(answers(&[0x4f; 4000]), [[RST, 0, 0x4f, 0x4f]]);
}

#[test]
fn as_many_options_as_fit_into_a_datagram_are_read() {
    let mut bench = Bench::new(Shelf::default());
    let mut message = get(1, "echo");
    for _ in 0..1900 {
        message = message.option(15, b"");
    }
    assert_eq!(bench.ask(message).code(), "2.05");
    assert_eq!(bench.shelf().requests[0].2.query.len(), 1900);
}

proptest! {
    #[test]
    fn anything_is_answered_with_at_most_one_message_of_bounded_size(
        datagram in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..200),
            (0x40u8..0x80, 0u8..8, proptest::collection::vec(any::<u8>(), 2..200))
                .prop_map(|(first, code, rest)| [&[first, code][..], &rest].concat()),
        ],
    ) {
        let mut bench = Bench::new(Shelf::with_text("text"));
        let answers = bench.bytes_from(common::FAR, &datagram);
        prop_assert!(answers.len() <= 1);
        for answer in answers {
            prop_assert!(answer.len() <= 3 * datagram.len() + 124);
        }
    }
}

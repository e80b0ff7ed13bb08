//! The format of messages, RFC 7252 §3, against another implementation of it.

mod common;

use coap_lite::{CoapOption, MessageType, Packet};
use common::{Bench, Message, NEAR, Shelf, get, post};
use proptest::collection::vec;
use proptest::prelude::*;
use waypost_rest::{ContentFormat, Method, Peer, Request};

/// Elective options that mean nothing to anyone here, in any length that a datagram has room for.
fn options() -> impl Strategy<Value = Vec<(u16, Vec<u8>)>> {
    let number = prop_oneof![40..60u16, 260..600u16, 2048..u16::MAX].prop_map(|number| number & !1);
    let value = prop_oneof![vec(any::<u8>(), 0..20), vec(any::<u8>(), 250..290)];
    vec((number, value), 0..5)
}

proptest! {
    #[test]
    fn what_others_write_is_read(options in options(), payload in vec(any::<u8>(), 0..40)) {
        let mut message = post(1, "echo");
        for (number, value) in &options {
            message = message.option(*number, value);
        }
        let answer = Bench::new(Shelf::default()).ask(message.payload(&payload));
        prop_assert_eq!(answer.body(), payload);
    }

    #[test]
    fn what_others_refuse_is_refused(
        token_len in 0..10u8,
        rest in vec(prop_oneof![any::<u8>(), (0..64u8).prop_map(|byte| byte & 0x33), Just(0xd0), Just(0xff)], 0..24),
    ) {
        let datagram = [&[0x40 | token_len, 1, 0x12, 0x34], &rest[..]].concat();
        // They take a payload marker without a payload. If it belongs to an option instead, what comes before it is wrong.
        let is_bare_marker = datagram.last() == Some(&0xff) && Packet::from_bytes(&datagram[..datagram.len() - 1]).is_ok();
        let is_refused = match Packet::from_bytes(&datagram) {
            Ok(packet) => packet.payload.is_empty() && is_bare_marker,
            Err(_) => true,
        };
        let answers = Bench::new(Shelf::default()).bytes_from(NEAR, &datagram);
        let is_reset = answers == [[0x70, 0, 0x12, 0x34]];
        prop_assert_eq!(is_reset, is_refused);
    }

    #[test]
    fn what_is_written_is_read_by_others(
        path in vec("[a-z]{0,20}|[a-z]{255,300}", 0..4),
        query in vec("[a-z]{0,20}|[a-z]{255,300}", 0..4),
        payload in vec(any::<u8>(), 0..40),
    ) {
        let mut request = Request::new(Method::Post, &path).with_payload(ContentFormat::LINK_FORMAT, payload.clone());
        for argument in &query {
            request = request.with_query(argument);
        }
        let mut bench = Bench::new(Shelf::default());
        // From then on there is an address to ask from.
        bench.ask(get(1, "text"));
        bench.update(|shelf| shelf.ask(1, Peer::new("coap://[2001:db8::1]"), request));
        let [Message(question)] = &bench.messages()[..] else { panic!("one message") };
        let values = |option: CoapOption| -> Vec<Vec<u8>> {
            question.get_option(option).into_iter().flatten().cloned().collect()
        };
        let bytes = |texts: &[String]| -> Vec<Vec<u8>> { texts.iter().map(|text| text.as_bytes().to_vec()).collect() };
        prop_assert_eq!(question.header.get_type(), MessageType::Confirmable);
        prop_assert_eq!(values(CoapOption::UriPath), bytes(&path));
        prop_assert_eq!(values(CoapOption::UriQuery), bytes(&query));
        prop_assert_eq!(values(CoapOption::ContentFormat), [[40]]);
        prop_assert_eq!(&question.payload, &payload);
    }
}

//! Request bodies in blocks: RFC 7959 §2.5, RFC 9175 §3.

mod common;

use core::time::Duration;

use common::{Bench, FAR, Message, NEAR, Shelf, long_text, post};

fn blocks(body: &[u8], exponent: u32, first_id: u16) -> Vec<Message> {
    let size = 16 << exponent;
    let count = body.len().div_ceil(size);
    body.chunks(size)
        .enumerate()
        .map(|(number, chunk)| {
            post(first_id + number as u16, "echo").block1(number as u32, number + 1 < count, exponent).payload(chunk)
        })
        .collect()
}

#[test]
fn a_body_in_blocks_reaches_the_service_once_and_whole() {
    for exponent in 0..=6 {
        let mut bench = Bench::new(Shelf::default());
        let body = long_text(5000);
        let messages = blocks(&body, exponent, 1);
        let (last, others) = messages.split_last().unwrap();
        for (number, message) in others.iter().enumerate() {
            let answer = bench.ask(message);
            assert_eq!((&*answer.code(), answer.body()), ("2.31", &b""[..]));
            assert_eq!(answer.block(27), Some((number as u32, true, exponent)));
        }
        assert!(bench.shelf().requests.is_empty());
        let answer = bench.ask(last);
        assert_eq!((&*answer.code(), answer.block(27)), ("2.05", Some((others.len() as u32, false, exponent))));
        assert_eq!(&bench.shelf().requests[0].2.payload[..], body);
        assert_eq!(bench.endpoint.usage().upload_bytes, 0);
    }
}

#[test]
fn a_body_of_one_block_is_taken_at_once() {
    let answer = Bench::new(Shelf::default()).ask(post(1, "echo").block1(0, false, 6).payload("short"));
    assert_eq!((&*answer.code(), answer.text(), answer.block(27)), ("2.05", "short", Some((0, false, 6))));
}

#[test]
fn a_gap_is_answered_with_408_and_ends_the_transfer() {
    let mut bench = Bench::new(Shelf::default());
    let body = long_text(64);
    let messages = blocks(&body, 0, 1);
    bench.ask(&messages[0]);
    assert_eq!(bench.ask(&messages[2]).code(), "4.08");
    assert_eq!(bench.ask(&messages[1]).code(), "4.08");
    assert_eq!(bench.endpoint.usage().upload_bytes, 0);
    assert!(bench.shelf().requests.is_empty());
}

#[test]
fn a_block_of_nothing_is_answered_with_408() {
    let answer = Bench::new(Shelf::default()).ask(post(1, "echo").block1(3, false, 2).payload("x"));
    assert_eq!((&*answer.code(), answer.text()), ("4.08", "Block1: no transfer to continue"));
}

#[test]
fn a_block_may_be_repeated_in_a_new_message() {
    let mut bench = Bench::new(Shelf::default());
    let body = long_text(40);
    bench.ask(&blocks(&body, 0, 1)[0]);
    assert_eq!(bench.ask(&blocks(&body, 0, 10)[0]).code(), "2.31");
    bench.ask(&blocks(&body, 0, 1)[1]);
    assert_eq!(bench.ask(&blocks(&body, 0, 20)[1]).code(), "2.31");
    assert_eq!(bench.ask(&blocks(&body, 0, 1)[2]).body(), body);
}

#[test]
fn a_new_transfer_takes_the_place_of_an_unfinished_one() {
    let mut bench = Bench::new(Shelf::default());
    bench.ask(&blocks(&[b'a'; 40], 0, 1)[0]);
    let body = long_text(40);
    for message in blocks(&body, 0, 11) {
        bench.ask(message);
    }
    assert_eq!(&bench.shelf().requests[0].2.payload[..], body);
}

#[test]
fn transfers_are_told_apart_by_peer_query_format_and_request_tag() {
    let mut bench = Bench::new(Shelf::default());
    let kinds: [fn(Message) -> Message; 5] = [
        |message| message,
        |message| message.option(15, b"ep=a"),
        |message| message.option(15, b"ep=b"),
        |message| message.uint(12, 40),
        |message| message.option(292, b"t"),
    ];
    let body = |kind: usize| vec![b'a' + kind as u8; 40];
    let mut limits = waypost_coap::Limits::default();
    limits.uploads_per_peer = 8;
    bench = Bench::with(bench.endpoint.into_service(), |config| config.limits = limits);
    for part in 0..3 {
        for (kind, dress) in kinds.iter().enumerate() {
            for from in [NEAR, FAR] {
                let message = blocks(&body(kind), 0, 10 * kind as u16)[part].clone();
                let answers = bench.from(from, &dress(message));
                assert_eq!(answers[0].code(), if part < 2 { "2.31" } else { "2.05" });
            }
        }
    }
    let bodies: Vec<_> = bench.shelf().requests.iter().map(|(.., request)| request.payload.to_vec()).collect();
    assert_eq!(bodies, (0..5).flat_map(|kind| [body(kind), body(kind)]).collect::<Vec<_>>());
}

#[test]
fn a_content_format_that_changes_is_answered_with_408() {
    let mut bench = Bench::new(Shelf::default());
    let messages = blocks(&[b'a'; 32], 0, 1);
    bench.ask(messages[0].clone().uint(12, 40));
    assert_eq!(bench.ask(messages[1].clone().uint(12, 0)).code(), "4.08");
}

#[test]
fn the_token_does_not_tell_transfers_apart() {
    let mut bench = Bench::new(Shelf::default());
    let messages = blocks(&[b'a'; 32], 0, 1);
    bench.ask(messages[0].clone().token(b"one"));
    assert_eq!(bench.ask(messages[1].clone().token(b"two")).code(), "2.05");
}

#[test]
fn a_body_that_is_too_large_is_answered_with_413_and_the_largest_size() {
    let mut bench = Bench::with(Shelf::default(), |config| config.limits.body = 100);
    let answers: Vec<_> = blocks(&[0; 128], 1, 1).iter().map(|message| bench.ask(message)).collect();
    let codes: Vec<_> = answers.iter().map(Message::code).collect();
    assert_eq!(codes, ["2.31", "2.31", "2.31", "4.13"]);
    assert_eq!(answers[3].number(60), Some(100));

    let announced = post(9, "echo").block1(0, true, 0).uint(60, 101).payload([0; 16]);
    assert_eq!(bench.ask(announced).code(), "4.13");
    assert_eq!(bench.endpoint.usage().upload_bytes, 0);
}

#[test]
fn a_smaller_block_size_is_asked_for_and_counted_in() {
    let mut bench = Bench::with(Shelf::default(), |config| config.block_exponent = 2);
    let body = long_text(200);
    let answer = bench.ask(post(1, "echo").block1(0, true, 3).payload(&body[..128]));
    assert_eq!((&*answer.code(), answer.block(27)), ("2.31", Some((0, true, 2))));
    assert_eq!(bench.ask(post(2, "echo").block1(2, true, 2).payload(&body[128..192])).code(), "2.31");
    assert_eq!(bench.ask(post(3, "echo").block1(3, false, 2).payload(&body[192..])).code(), "2.05");
    assert_eq!(&bench.shelf().requests[0].2.payload[..], body);
}

#[test]
fn a_block_that_is_not_full_or_of_the_reserved_size_is_refused() {
    let mut bench = Bench::new(Shelf::default());
    let answer = bench.ask(post(1, "echo").block1(0, true, 1).payload("too short"));
    assert_eq!((&*answer.code(), answer.text()), ("4.00", "Block1: the payload does not fill the block"));
    let answer = bench.ask(post(2, "echo").block1(0, true, 7).payload([0; 2048 - 100]));
    assert_eq!((&*answer.code(), answer.text()), ("4.00", "Block1: block size 7 is reserved"));
}

#[test]
fn an_abandoned_transfer_is_dropped_after_a_while() {
    let mut bench = Bench::new(Shelf::default());
    let messages = blocks(&[b'a'; 48], 0, 1);
    bench.ask(&messages[0]);
    bench.wait(Duration::from_secs(92));
    assert_eq!(bench.ask(&messages[1]).code(), "2.31");
    bench.wait(Duration::from_secs(93));
    assert_eq!(bench.endpoint.usage().upload_bytes, 0);
    assert_eq!(bench.ask(&messages[2]).code(), "4.08");
}

#[test]
fn one_peer_cannot_take_all_the_room() {
    let mut bench = Bench::with(Shelf::default(), |config| {
        config.limits.uploads_per_peer = 2;
        config.limits.upload_bytes = 1024 * 3;
    });
    for number in 0..10 {
        let message = post(number, "echo").option(15, &[b'0' + number as u8]).block1(0, true, 6).payload([0; 1024]);
        assert_eq!(bench.from(NEAR, &message)[0].code(), "2.31");
        assert!(bench.endpoint.usage().upload_bytes <= 2048);
    }
    assert_eq!(bench.from(FAR, &post(1, "echo").block1(0, true, 6).payload([0; 1024]))[0].code(), "2.31");
}

#[test]
fn unfinished_bodies_give_way_to_those_of_others_and_the_quietest_peer_first() {
    let mut bench = Bench::with(Shelf::default(), |config| config.limits.upload_bytes = 1024 * 2);
    let block = |id, number| post(id, "echo").block1(number, true, 6).payload([0; 1024]);
    assert_eq!(bench.from(NEAR, &block(1, 0))[0].code(), "2.31");
    assert_eq!(bench.from(FAR, &block(1, 0))[0].code(), "2.31");
    assert_eq!(bench.from("[2001:db8::9]:1", &block(1, 0))[0].code(), "2.31");
    assert_eq!(bench.endpoint.usage().upload_bytes, 2048);
    assert_eq!(bench.from(NEAR, &block(2, 1))[0].code(), "4.08");
}

#[test]
fn who_has_not_finished_a_body_makes_room_for_newcomers_strangers_first() {
    let mut bench = Bench::with(Shelf::default(), |config| config.limits.peers = 4);
    let stranger = |number: u16| format!("[2001:db8::2]:{}", number + 1);
    let block = |id, number| post(id, "echo").block1(number, number == 0, 0).payload([b'a'; 16]);
    assert_eq!(bench.from(NEAR, &block(1, 0))[0].code(), "2.31");
    for number in 0..50 {
        bench.wait(Duration::from_secs(1));
        assert_eq!(bench.from(&stranger(number), &block(1, 0))[0].code(), "2.31", "{number}");
    }
    assert_eq!(bench.endpoint.usage().peers, 4);
    assert_eq!(bench.endpoint.usage().upload_bytes, 64);
    // The latest strangers are known still, and so is who is no stranger.
    let finished: Vec<_> = (47..50).map(|number| bench.from(&stranger(number), &block(2, 1))[0].code()).collect();
    assert_eq!(finished, ["2.05"; 3]);
    assert_eq!(bench.from(NEAR, &block(2, 1))[0].code(), "2.05");
}

#[test]
fn who_has_not_finished_a_body_stays_while_others_have_nothing_under_way() {
    let mut bench = Bench::with(Shelf::default(), |config| config.limits.peers = 4);
    let block = |id, number| post(id, "echo").block1(number, number == 0, 0).payload([b'a'; 16]);
    bench.from(FAR, &block(1, 0));
    for number in 1..100 {
        bench.from(&format!("[2001:db8::9]:{number}"), &post(1, "echo"));
    }
    assert_eq!(bench.from(FAR, &block(2, 1))[0].code(), "2.05");
}

#[test]
fn a_body_that_needs_all_the_room_and_more_is_refused_for_now() {
    let mut bench = Bench::with(Shelf::default(), |config| config.limits.upload_bytes = 1024);
    let block = |id, number| post(id, "echo").block1(number, true, 6).payload([0; 1024]);
    assert_eq!(bench.from(NEAR, &block(1, 0))[0].code(), "2.31");
    let answer = bench.from(NEAR, &block(2, 1)).remove(0);
    assert_eq!((&*answer.code(), answer.number(14)), ("5.03", Some(10)));
    assert_eq!(bench.endpoint.usage().upload_bytes, 0);
}

#[test]
fn what_asks_for_a_later_block_of_its_response_at_once_is_refused_and_not_done() {
    let mut bench = Bench::new(Shelf::default());
    let answer = bench.ask(post(1, "echo").block1(0, false, 6).block2(1, 6).payload("x"));
    assert_eq!(answer.code(), "4.00");
    assert!(bench.shelf().requests.is_empty());
}

#[test]
fn what_the_service_finds_too_large_is_answered_with_413_and_no_size() {
    let answer = Bench::new(Shelf::default()).ask(post(1, "small").block1(0, false, 2).payload("x"));
    assert_eq!((&*answer.code(), answer.text()), ("4.13", "over the limit of the service"));
    assert_eq!((answer.number(60), answer.block(27)), (None, Some((0, false, 2))));
}

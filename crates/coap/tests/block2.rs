//! Response bodies in blocks: RFC 7959 §2.4.

mod common;

use core::time::Duration;
use std::collections::HashSet;

use coap_lite::MessageType::Confirmable;
use common::{Bench, Message, Shelf, get, long_text, post, request};

/// Fetches the rest of a body from block `number` on.
fn fetch(bench: &mut Bench, id: u16, request: &Message, first: Message) -> (Vec<u8>, Vec<Message>) {
    let mut body = first.body().to_vec();
    let mut answers = vec![first];
    for step in 1.. {
        let (number, more, exponent) = answers[answers.len() - 1].block(23).expect("Block2");
        if !more {
            return (body, answers);
        }
        let mut next = request.clone().block2(number + 1, exponent).token(&[step as u8]);
        next.0.header.message_id = id + step;
        let answer = bench.ask(next);
        assert_eq!((&*answer.code(), answer.block(23).unwrap().0), ("2.05", number + 1));
        body.extend_from_slice(answer.body());
        answers.push(answer);
    }
    unreachable!()
}

#[test]
fn a_long_body_comes_in_blocks_that_carry_the_same_entity_tag() {
    let text = long_text(5000);
    let mut bench = Bench::new(Shelf::with_text(text.clone()));
    let first = bench.ask(get(1, "text"));
    assert_eq!(first.block(23), Some((0, true, 6)));
    let (body, answers) = fetch(&mut bench, 1, &get(1, "text"), first);
    assert_eq!((body, answers.len()), (text, 5));
    let tags: HashSet<_> = answers.iter().map(|answer| answer.get(4).unwrap().to_vec()).collect();
    assert_eq!(tags.len(), 1);
    assert_eq!(bench.shelf().requests.len(), 1);
}

#[test]
fn the_blocks_of_one_transfer_come_from_one_body_while_the_resource_changes() {
    let text = long_text(3000);
    let mut bench = Bench::new(Shelf::with_text(text.clone()));
    let first = bench.ask(get(1, "text").block2(0, 4));
    bench.update(|shelf| shelf.write("quite another text"));
    let (body, _) = fetch(&mut bench, 1, &get(1, "text"), first);
    assert_eq!(body, text);
    assert_eq!(bench.ask(get(99, "text")).text(), "quite another text");
}

#[test]
fn a_client_chooses_its_block_size_at_the_start_and_later() {
    let text = long_text(700);
    for exponent in 0..=6 {
        let mut bench = Bench::new(Shelf::with_text(text.clone()));
        let first = bench.ask(get(1, "text").block2(0, exponent));
        assert_eq!(first.block(23), Some((0, exponent < 6, exponent)));
        assert_eq!(fetch(&mut bench, 1, &get(1, "text"), first).0, text);
    }
    // After 1024 bytes in the first block, the rest in blocks of 64 (RFC 7959, Figure 4).
    let text = long_text(2000);
    let mut bench = Bench::new(Shelf::with_text(text.clone()));
    let mut first = bench.ask(get(1, "text"));
    first = first.clone().payload(first.body());
    let second = bench.ask(get(2, "text").block2(16, 2));
    assert_eq!((second.block(23), second.body()), (Some((16, true, 2)), &text[1024..1088]));
    assert_eq!(first.get(4), second.get(4));
}

#[test]
fn a_short_body_comes_whole_and_says_so_only_when_asked() {
    let mut bench = Bench::new(Shelf::with_text(long_text(1024)));
    assert_eq!(bench.ask(get(1, "text")).block(23), None);
    let answer = bench.ask(get(2, "text").block2(0, 6));
    assert_eq!((answer.block(23), answer.body().len()), (Some((0, false, 6)), 1024));
}

#[test]
fn a_body_that_fills_its_last_block_ends_there() {
    let mut bench = Bench::new(Shelf::with_text(long_text(2048)));
    let first = bench.ask(get(1, "text"));
    let (body, answers) = fetch(&mut bench, 1, &get(1, "text"), first);
    assert_eq!((body.len(), answers.len()), (2048, 2));
}

#[test]
fn a_block_beyond_the_end_is_refused() {
    let mut bench = Bench::new(Shelf::with_text(long_text(2048)));
    bench.ask(get(1, "text"));
    for (id, number) in [(2, 2), (3, 0xf_ffff)] {
        let answer = bench.ask(get(id, "text").block2(number, 6));
        assert_eq!((&*answer.code(), answer.text()), ("4.00", "Block2: the body ends before this block"));
    }
    let answer = bench.ask(get(4, "text").uint(23, 7));
    assert_eq!((&*answer.code(), answer.text()), ("4.00", "Block2: block size 7 is reserved"));
}

#[test]
fn a_block_of_a_body_that_is_no_longer_there_is_cut_from_the_present_one() {
    let mut bench = Bench::new(Shelf::with_text(long_text(3000)));
    let first = bench.ask(get(1, "text"));
    bench.wait(Duration::from_secs(94));
    assert_eq!(bench.endpoint.usage().download_bytes, 0);
    let new = long_text(4000);
    bench.update(|shelf| shelf.write(new.clone()));
    let second = bench.ask(get(2, "text").block2(1, 6));
    assert_eq!(second.body(), &new[1024..2048]);
    assert_ne!(first.get(4), second.get(4));

    // From here on that one is kept.
    bench.update(|shelf| shelf.write(long_text(5000)));
    let third = bench.ask(get(3, "text").block2(2, 6));
    assert_eq!((third.body(), third.get(4)), (&new[2048..3072], second.get(4)));
}

#[test]
fn a_response_to_a_change_is_not_made_again_for_its_later_blocks() {
    let mut bench = Bench::new(Shelf::default());
    let answer = bench.ask(post(1, "echo").payload(long_text(1500)));
    assert_eq!(answer.block(23), Some((0, true, 6)));
    let next = bench.ask(post(2, "echo").block2(1, 6));
    assert_eq!((next.body(), next.block(23)), (&long_text(1500)[1024..], Some((1, false, 6))));
    assert_eq!(bench.shelf().requests.len(), 1);

    bench.wait(Duration::from_secs(100));
    assert_eq!(bench.ask(post(3, "echo").block2(1, 6)).code(), "4.08");
    assert_eq!(bench.shelf().requests.len(), 1);
}

#[test]
fn later_blocks_are_not_made_of_a_fetch_whose_body_did_not_come_with_them() {
    let mut bench = Bench::new(Shelf::default());
    let fetch = |id| request(Confirmable, "0.05", id, "echo");
    assert_eq!(bench.ask(fetch(1).payload(long_text(1500))).block(23), Some((0, true, 6)));
    bench.wait(Duration::from_secs(100));
    assert_eq!(bench.ask(fetch(2).block2(1, 6)).code(), "4.08");
    assert_eq!(bench.shelf().requests.len(), 1);
    let whole = bench.ask(fetch(3).payload(long_text(1500)).block2(1, 6));
    assert_eq!(whole.body(), &long_text(1500)[1024..]);
}

#[test]
fn requests_with_other_queries_are_other_transfers() {
    let mut bench = Bench::new(Shelf::with_text(long_text(2000)));
    let one = bench.ask(get(1, "text").option(15, b"rt=one"));
    bench.update(|shelf| shelf.write([b'2'; 2000]));
    let two = bench.ask(get(2, "text").option(15, b"rt=two"));
    assert_ne!(one.get(4), two.get(4));
    assert_eq!(bench.ask(get(3, "text").option(15, b"rt=one").block2(1, 6)).body(), &long_text(2000)[1024..]);
    assert_eq!(bench.ask(get(4, "text").option(15, b"rt=two").block2(1, 6)).body(), [b'2'; 976]);
}

#[test]
fn the_rest_of_max_age_is_what_later_blocks_carry() {
    let mut shelf = Shelf::with_text(long_text(3000));
    shelf.max_age = Some(60);
    let mut bench = Bench::new(shelf);
    assert_eq!(bench.ask(get(1, "text")).number(14), Some(60));
    bench.wait(Duration::from_secs(25));
    assert_eq!(bench.ask(get(2, "text").block2(1, 6)).number(14), Some(35));
    bench.wait(Duration::from_secs(50));
    assert_eq!(bench.ask(get(3, "text").block2(2, 6)).number(14), Some(0));
}

#[test]
fn the_size_is_told_to_those_who_ask() {
    let mut bench = Bench::new(Shelf::with_text(long_text(3000)));
    assert_eq!(bench.ask(get(1, "text")).number(28), None);
    assert_eq!(bench.ask(get(2, "text").uint(28, 0)).number(28), Some(3000));
}

#[test]
fn bodies_that_are_being_fetched_stay_within_their_bytes() {
    let mut bench = Bench::with(Shelf::with_text(long_text(3000)), |config| {
        config.limits.downloads_per_peer = 2;
        config.limits.download_bytes = 10_000;
    });
    for number in 0..100u16 {
        let from = format!("[::1]:{}", 1000 + number % 7);
        let message = get(number, "text").option(15, number.to_string().as_bytes());
        assert_eq!(bench.from(&from, &message)[0].code(), "2.05");
        assert!(bench.endpoint.usage().download_bytes <= 10_000);
    }
    assert_eq!(bench.endpoint.usage().download_bytes, 9_000);
}

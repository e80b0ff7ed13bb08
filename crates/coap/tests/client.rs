//! Requests of the service: RFC 7252 §4.2, §5.2 and §5.3, RFC 7959.

mod common;

use core::time::Duration;

use coap_lite::MessageType::{Acknowledgement, Confirmable, Reset};
use common::{Bench, FAR, Message, NEAR, SERVER, Shelf, ack, empty, get, long_text, path, reset};
use waypost_rest::{Code, ContentFormat, ETag, IfMatch, Method, Peer, Request, RequestFailure, RequestId, Response};

/// A bench whose service asks `NEAR`, and the request.
fn asking(request: Request) -> (Bench, Message) {
    let mut bench = Bench::new(Shelf::default());
    bench.ask(get(1, "echo"));
    bench.update(|shelf| shelf.ask(7, path(NEAR).peer(), request));
    let mut sent = bench.sent();
    assert_eq!(sent.len(), 1);
    let (remote, datagram) = sent.remove(0);
    assert_eq!(remote, NEAR.parse().unwrap());
    (bench, Message::read(&datagram))
}

fn wkc() -> Request {
    Request::new(Method::Get, [".well-known", "core"]).with_query("rt=*")
}

fn outcome(bench: &Bench) -> Option<Result<Response, RequestFailure>> {
    match &bench.shelf().responses[..] {
        [] => None,
        [(RequestId(7), outcome)] => Some(outcome.clone()),
        others => panic!("{others:?}"),
    }
}

/// An answer to `question` in its acknowledgement.
fn answer(question: &Message, code: &str) -> Message {
    let mut answer = empty(Acknowledgement, question.id());
    answer.0.header.set_code(code);
    answer.token(question.0.get_token())
}

fn separate(question: &Message, id: u16) -> Message {
    let mut response = answer(question, "2.05");
    response.0.header.set_type(Confirmable);
    response.0.header.message_id = id;
    response
}

#[test]
fn a_request_is_confirmable_and_carries_everything_and_a_long_token() {
    let mut request = wkc().with_payload(ContentFormat(40), "body");
    request.accept = Some(ContentFormat(0));
    request.if_match = vec![IfMatch::ETag(ETag::new(b"tag").unwrap()), IfMatch::Exists];
    request.echo = Some("echo".into());
    let (_, question) = asking(request);
    assert_eq!((question.kind(), &*question.code()), (Confirmable, "0.01"));
    assert_eq!(question.0.get_token().len(), 8);
    let paths: Vec<_> = question.0.get_option(coap_lite::CoapOption::UriPath).unwrap().iter().collect();
    assert_eq!(paths, [b".well-known".as_slice(), b"core"]);
    let states: Vec<_> = question.0.get_option(coap_lite::CoapOption::IfMatch).unwrap().iter().collect();
    assert_eq!(states, [b"tag".as_slice(), b""]);
    assert_eq!(question.get(15), Some(&b"rt=*"[..]));
    assert_eq!((question.number(12), question.number(17)), (Some(40), Some(0)));
    assert_eq!((question.get(252), question.text()), (Some(&b"echo"[..]), "body"));
}

#[test]
fn a_response_in_the_acknowledgement_reaches_the_service() {
    let (mut bench, question) = asking(wkc());
    let message = answer(&question, "2.05").uint(12, 40).option(4, b"tag").uint(14, 30).payload("</a>");
    assert!(bench.say(message).is_empty());
    let response = outcome(&bench).unwrap().unwrap();
    assert_eq!((response.code, &response.payload[..]), (Code::CONTENT, &b"</a>"[..]));
    assert_eq!((response.content_format, response.max_age), (Some(ContentFormat::LINK_FORMAT), Some(30)));
    assert_eq!(response.etag.unwrap().as_bytes(), b"tag");
    assert!(bench.wait(Duration::from_secs(300)).is_empty());
    assert_eq!(bench.shelf().responses.len(), 1);
}

#[test]
fn a_response_of_its_own_is_acknowledged_each_time_and_taken_once() {
    let (mut bench, question) = asking(wkc());
    assert!(bench.say(ack(question.id())).is_empty());
    assert!(bench.wait(Duration::from_secs(100)).is_empty());
    let response = separate(&question, 500).payload("x");
    for _ in 0..2 {
        let acknowledgement = bench.ask(&response);
        assert_eq!(acknowledgement, ack(500));
    }
    assert_eq!(&outcome(&bench).unwrap().unwrap().payload[..], b"x");
}

#[test]
fn a_response_of_its_own_also_tells_that_the_request_came() {
    let (mut bench, question) = asking(wkc());
    bench.ask(separate(&question, 500));
    assert!(bench.wait(Duration::from_secs(100)).is_empty());
}

#[test]
fn a_non_confirmable_response_is_taken_without_an_acknowledgement() {
    let (mut bench, question) = asking(wkc());
    assert!(bench.say(separate(&question, 500).non()).is_empty());
    assert!(outcome(&bench).unwrap().is_ok());
}

#[test]
fn responses_from_elsewhere_or_with_other_tokens_are_rejected() {
    let (mut bench, question) = asking(wkc());
    let elsewhere = bench.from(FAR, &separate(&question, 500)).remove(0);
    assert_eq!(elsewhere, reset(500));
    assert_eq!(bench.ask(separate(&question, 501).token(b"guess")), reset(501));
    assert_eq!(bench.ask(separate(&question, 502).token(b"guess").non()).kind(), Reset);
    assert!(bench.say(answer(&question, "2.05").token(b"guess")).is_empty());
    let mut other_id = answer(&question, "2.05");
    other_id.0.header.message_id ^= 1;
    assert!(bench.say(other_id).is_empty());
    assert_eq!(outcome(&bench), None);
}

#[test]
fn silence_is_a_time_out_after_four_repetitions() {
    let (mut bench, question) = asking(wkc());
    let sent = bench.wait(Duration::from_secs(93));
    assert_eq!(sent.iter().map(|(_, message)| message).collect::<Vec<_>>(), [&question; 4]);
    assert_eq!(outcome(&bench), Some(Err(RequestFailure::TimedOut)));
}

#[test]
fn an_acknowledgement_without_a_response_is_a_time_out_in_the_end() {
    let (mut bench, question) = asking(wkc());
    bench.say(ack(question.id()));
    bench.wait(Duration::from_secs(246));
    assert_eq!(outcome(&bench), None);
    bench.wait(Duration::from_secs(2));
    assert_eq!(outcome(&bench), Some(Err(RequestFailure::TimedOut)));
    assert_eq!(bench.endpoint.usage().requests, 0);
}

#[test]
fn a_reset_means_that_the_peer_cannot_be_asked() {
    let (mut bench, question) = asking(wkc());
    bench.say(reset(question.id()));
    assert_eq!(outcome(&bench), Some(Err(RequestFailure::Unreachable)));
}

#[test]
fn a_response_with_an_unknown_critical_option_cannot_be_used() {
    let (mut bench, question) = asking(wkc());
    bench.say(answer(&question, "2.05").option(9, b""));
    assert_eq!(outcome(&bench), Some(Err(RequestFailure::Unusable)));
    let (mut bench, question) = asking(wkc());
    assert_eq!(bench.ask(separate(&question, 500).option(9, b"")), reset(500));
    assert_eq!(outcome(&bench), Some(Err(RequestFailure::Unusable)));
}

#[test]
fn peers_that_cannot_be_addressed_fail_with_the_next_input() {
    let mut bench = Bench::new(Shelf::default());
    for (id, uri) in ["coaps://[::1]", "coap://example.com", "nonsense", "coap://[2001:db8::7]"].into_iter().enumerate()
    {
        bench.update(|shelf| shelf.ask(id as u64, Peer::new(uri), wkc()));
    }
    assert!(bench.sent().is_empty());
    assert_eq!(bench.endpoint.poll_timeout(), Some(bench.now));
    bench.endpoint.handle_timeout(bench.now);
    let failures: Vec<_> = bench.shelf().responses.iter().map(|(_, outcome)| outcome.clone()).collect();
    assert_eq!(failures, vec![Err(RequestFailure::Unreachable); 4]);
    assert_eq!(bench.endpoint.poll_timeout(), None);
}

#[test]
fn a_peer_that_was_never_heard_is_asked_from_an_address_of_its_kind() {
    let mut bench = Bench::new(Shelf::default());
    bench.endpoint.add_local("192.0.2.1:5683".parse().unwrap());
    bench.endpoint.add_local("[::1]:5683".parse().unwrap());
    bench.endpoint.add_local(SERVER.parse().unwrap());
    bench.update(|shelf| {
        shelf.ask(1, Peer::new("coap://[2001:db8::7]:61616"), wkc());
        shelf.ask(2, Peer::new("coap://198.51.100.7"), wkc());
        shelf.ask(3, Peer::new("coap://[fe80::7]").with_zone(3), wkc());
    });
    let paths: Vec<_> = core::iter::from_fn(|| bench.endpoint.poll_output())
        .map(|datagram| (datagram.path.local.to_string(), datagram.path.remote.to_string()))
        .collect();
    let expected =
        [(SERVER, "[2001:db8::7]:61616"), ("192.0.2.1:5683", "198.51.100.7:5683"), (SERVER, "[fe80::7%3]:5683")];
    assert_eq!(paths, expected.map(|(local, remote)| (local.to_owned(), remote.to_owned())));
}

#[test]
fn one_request_at_a_time_goes_to_a_peer() {
    let mut bench = Bench::with(Shelf::default(), |config| config.limits.requests_per_peer = 4);
    bench.ask(get(1, "echo"));
    bench.update(|shelf| (1..=6).for_each(|id| shelf.ask(id, path(NEAR).peer(), wkc())));
    let mut question = bench.messages().remove(0);
    for _ in 1..4 {
        let mut next = bench.say(answer(&question, "2.05"));
        assert_eq!(next.len(), 1);
        question = next.remove(0);
    }
    assert!(bench.say(answer(&question, "2.05")).is_empty());
    let ids: Vec<_> = bench.shelf().responses.iter().map(|(id, outcome)| (id.0, outcome.is_ok())).collect();
    // Four may wait; the others were told so at once.
    assert_eq!(ids, [(5, false), (6, false), (1, true), (2, true), (3, true), (4, true)]);
}

#[test]
fn what_is_withdrawn_is_not_sent_again_and_makes_room_for_what_waits() {
    let mut bench = Bench::new(Shelf::default());
    bench.ask(get(1, "echo"));
    bench.update(|shelf| (1..=3).for_each(|id| shelf.ask(id, path(NEAR).peer(), wkc())));
    let first = bench.messages().remove(0);
    bench.update(|shelf| shelf.withdraw(2, path(NEAR).peer()));
    assert!(bench.messages().is_empty());
    bench.update(|shelf| shelf.withdraw(1, path(NEAR).peer()));
    let third = bench.messages().remove(0);
    assert!(bench.say(answer(&first, "2.05")).is_empty(), "nobody waits for that");
    assert_eq!(bench.say(separate(&first, 77)).remove(0).kind(), Reset);
    assert!(bench.say(answer(&third, "2.05")).is_empty());
    let ids: Vec<_> = bench.shelf().responses.iter().map(|(id, outcome)| (id.0, outcome.is_ok())).collect();
    assert_eq!(ids, [(3, true)]);
    assert!(bench.wait(Duration::from_secs(300)).is_empty());
    assert_eq!(bench.endpoint.usage().requests, 0);
    // What is not known, or nobody knows how to reach, is nothing to withdraw.
    bench.update(|shelf| {
        shelf.withdraw(9, path(NEAR).peer());
        shelf.withdraw(9, Peer::new("mailto:nobody"));
    });
}

#[test]
fn the_rest_of_what_is_withdrawn_is_not_fetched() {
    let (mut bench, question) = asking(wkc());
    let next = bench.say(answer(&question, "2.05").uint(23, 1 << 3 | 2).payload(long_text(64))).remove(0);
    bench.update(|shelf| shelf.withdraw(7, path(NEAR).peer()));
    assert!(bench.say(answer(&next, "2.05").uint(23, 1 << 4 | 1 << 3 | 2).payload(long_text(64))).is_empty());
    assert!(bench.wait(Duration::from_secs(300)).is_empty());
    assert_eq!(outcome(&bench), None);
}

#[test]
fn a_response_of_a_class_that_is_not_assigned_is_a_failure_at_once() {
    let (mut bench, question) = asking(wkc());
    bench.say(answer(&question, "3.01"));
    let response = outcome(&bench).expect("an outcome").expect("a response");
    assert!(!response.code.is_success());
    assert_eq!(response.code.to_string(), "3.01");
}

#[test]
fn a_long_response_is_fetched_in_blocks_with_tokens_of_their_own() {
    let (mut bench, mut question) = asking(wkc());
    let body = long_text(300);
    for number in 0..5u32 {
        assert_eq!(question.block(23).map(|(number, ..)| number), (number > 0).then_some(number));
        assert_eq!(question.get(15), Some(&b"rt=*"[..]));
        let range = number as usize * 64..300.min((number as usize + 1) * 64);
        let message = answer(&question, "2.05")
            .uint(12, 40)
            .option(4, b"tag")
            .uint(23, number << 4 | u32::from(number < 4) << 3 | 2)
            .payload(&body[range]);
        let mut next = bench.say(message);
        match number {
            4 => assert!(next.is_empty()),
            _ => {
                assert_ne!(next[0].0.get_token(), question.0.get_token());
                question = next.remove(0);
            }
        }
    }
    let response = outcome(&bench).unwrap().unwrap();
    assert_eq!((&response.payload[..], response.content_format), (&body[..], Some(ContentFormat(40))));
    assert!(bench.wait(Duration::from_secs(300)).is_empty());
}

#[test]
fn a_response_in_one_long_datagram_is_taken_though_a_request_would_be_too_long() {
    let (mut bench, question) = asking(wkc());
    let body = long_text(bench.endpoint.config().limits.datagram * 4);
    assert!(bench.say(answer(&question, "2.05").uint(12, 40).payload(&body)).is_empty());
    assert_eq!(&outcome(&bench).unwrap().unwrap().payload[..], &body[..]);

    let mut bench = Bench::with(Shelf::default(), |config| config.limits.response_body = 3000);
    bench.ask(get(1, "echo"));
    bench.update(|shelf| shelf.ask(7, path(NEAR).peer(), wkc()));
    let question = bench.messages().remove(0);
    bench.say(answer(&question, "2.05").payload(long_text(3001)));
    assert_eq!(outcome(&bench), Some(Err(RequestFailure::TooLarge)));
}

#[test]
fn a_body_that_changes_while_it_is_fetched_is_fetched_anew() {
    let block = |question: &Message, tag: &[u8], number: u32, more: bool| {
        let body = [tag[0]; 16];
        answer(question, "2.05").option(4, tag).uint(23, number << 4 | u32::from(more) << 3).payload(body)
    };
    // Another body, or the refusal of a block that it has no more.
    for change in [true, false] {
        let (mut bench, first) = asking(wkc());
        let second = bench.say(block(&first, b"one", 0, true)).remove(0);
        let changed = if change { block(&second, b"two", 1, true) } else { answer(&second, "4.00") };
        let first = bench.say(changed).remove(0);
        assert_eq!((first.block(23), first.get(15)), (Some((0, false, 0)), Some(&b"rt=*"[..])));
        let second = bench.say(block(&first, b"two", 0, true)).remove(0);
        assert!(bench.say(block(&second, b"two", 1, false)).is_empty());
        assert_eq!(&outcome(&bench).unwrap().unwrap().payload[..], [b't'; 32]);
    }
}

#[test]
fn what_is_fetched_anew_is_asked_for_with_the_request_body_that_the_later_blocks_do_without() {
    for size in [100, 2500] {
        let body = long_text(size);
        let request = Request::new(Method::Fetch, ["feed"]).with_payload(ContentFormat(40), body.clone());
        let (mut bench, mut question) = asking(request);
        for tag in [b"one", b"two"] {
            let mut sent = question.body().to_vec();
            while let Some((number, true, exponent)) = question.block(27) {
                question = bench.ask(answer(&question, "2.31").block1(number, true, exponent));
                sent.extend_from_slice(question.body());
            }
            assert_eq!(sent, body);
            let first = answer(&question, "2.05").option(4, tag).uint(23, 8).payload([tag[0]; 16]);
            let second = bench.say(first).remove(0);
            assert_eq!((second.block(23), second.block(27), second.body()), (Some((1, false, 0)), None, &b""[..]));
            // What it was of is forgotten there.
            question = bench.say(answer(&second, "4.08")).remove(0);
        }
    }
}

#[test]
fn what_is_fetched_at_the_same_time_as_something_else_has_a_tag_of_its_own() {
    const REQUEST_TAG: u16 = 292;
    let request = |body: &str| Request::new(Method::Fetch, ["feed"]).with_payload(ContentFormat(40), body.to_owned());
    let (mut bench, first) = asking(request("one"));
    bench.update(|shelf| shelf.ask(8, path(NEAR).peer(), request("two")));
    let block = |question: &Message, tag: &[u8]| answer(question, "2.05").option(4, tag).uint(23, 8).payload([0; 16]);
    // The first block of the one brings the question for the other.
    let second = bench.say(block(&first, b"one")).remove(0);
    assert_eq!((first.get(REQUEST_TAG), second.body()), (None, &b"two"[..]));
    let tag = second.get(REQUEST_TAG).expect("a tag").to_vec();
    let rest_of_first = bench.say(block(&second, b"two")).remove(0);
    assert_eq!((rest_of_first.block(23), rest_of_first.get(REQUEST_TAG)), (Some((1, false, 0)), None));
    let end = answer(&rest_of_first, "2.05").option(4, b"one").uint(23, 16).payload([0; 16]);
    let rest_of_second = bench.say(end).remove(0);
    assert_eq!((rest_of_second.block(23), rest_of_second.get(REQUEST_TAG)), (Some((1, false, 0)), Some(&tag[..])));
}

#[test]
fn a_body_that_changes_all_the_time_is_given_up() {
    let (mut bench, mut question) = asking(wkc());
    let most = bench.endpoint.config().limits.restarts;
    let mut restarts = 0;
    for tag in 0..100u8 {
        let number = question.block(23).map_or(0, |(number, ..)| number);
        let message = answer(&question, "2.05").option(4, &[tag]).uint(23, number << 4 | 8).payload([tag; 16]);
        let Some(next) = bench.say(message).pop() else { break };
        restarts += u32::from(next.block(23).is_some_and(|(number, ..)| number == 0));
        question = next;
    }
    assert_eq!(restarts, most);
    assert_eq!(outcome(&bench), Some(Err(RequestFailure::Unusable)));
}

#[test]
fn blocks_out_of_order_and_of_too_large_bodies_cannot_be_used() {
    let block = |question: &Message, tag: &[u8], number: u32| {
        answer(question, "2.05").option(4, tag).uint(23, number << 4 | 8).payload([b'x'; 16])
    };
    let (mut bench, first) = asking(wkc());
    let second = bench.say(block(&first, b"one", 0)).remove(0);
    assert!(bench.say(block(&second, b"one", 2)).is_empty());
    assert_eq!(outcome(&bench), Some(Err(RequestFailure::Unusable)));

    let mut bench = Bench::with(Shelf::default(), |config| config.limits.response_body = 100);
    bench.ask(get(1, "echo"));
    bench.update(|shelf| shelf.ask(7, path(NEAR).peer(), wkc()));
    let mut sent = bench.messages();
    for number in 0..7 {
        sent = bench.say(block(&sent[0], b"one", number));
    }
    assert_eq!(outcome(&bench), Some(Err(RequestFailure::TooLarge)));
}

#[test]
fn a_long_request_is_sent_in_blocks_as_small_as_the_peer_wants() {
    let body = long_text(2500);
    let (mut bench, first) = asking(Request::new(Method::Post, ["rd"]).with_payload(ContentFormat(40), body.clone()));
    assert_eq!((first.block(27), first.body()), (Some((0, true, 6)), &body[..1024]));
    let mut next = bench.ask(answer(&first, "2.31").block1(0, true, 4));
    let mut sent = first.body().to_vec();
    loop {
        let (number, more, exponent) = next.block(27).unwrap();
        assert_eq!((number as usize * 256, exponent), (sent.len(), 4));
        sent.extend_from_slice(next.body());
        if !more {
            break;
        }
        next = bench.ask(answer(&next, "2.31").block1(number, true, 4));
    }
    assert_eq!(sent, body);
    let (number, ..) = next.block(27).unwrap();
    bench.say(answer(&next, "2.01").block1(number, false, 4).option(8, b"rd").option(8, b"1"));
    let response = outcome(&bench).unwrap().unwrap();
    assert_eq!((response.code, response.location_path), (Code::CREATED, vec!["rd".to_owned(), "1".to_owned()]));
}

#[test]
fn a_refused_block_is_the_answer() {
    let (mut bench, first) =
        asking(Request::new(Method::Post, ["rd"]).with_payload(ContentFormat(40), long_text(2500)));
    bench.say(answer(&first, "4.13").uint(60, 1000));
    assert_eq!(outcome(&bench).unwrap().unwrap().code, Code::REQUEST_ENTITY_TOO_LARGE);
}

#[test]
fn a_peer_that_answered_is_reachable() {
    let mut bench = Bench::new(Shelf::default());
    bench.from(FAR, &get(1, "echo"));
    bench.update(|shelf| shelf.ask(7, path(FAR).peer(), wkc()));
    let question = bench.messages().remove(0);
    bench.from(FAR, &answer(&question, "2.05"));
    bench.from(FAR, &get(2, "echo"));
    let reachable: Vec<_> = bench.shelf().requests.iter().map(|(_, peer, _)| peer.is_reachable).collect();
    assert_eq!(reachable, [false, true]);
}

//! Addresses that have not shown that they receive what they ask for: RFC 7252 §11.3, RFC 9175 §2.4, RFC 9176 §8.4.

mod common;

use core::time::Duration;

use common::{Bench, FAR, Shelf, ack, get, long_text, post};
use waypost_coap::Amplification;
use waypost_rest::{Code, ContentFormat, Response};

fn bench(amplification: Amplification) -> Bench {
    Bench::with(Shelf::with_text(long_text(3000)), |config| config.amplification = amplification)
}

#[test]
fn a_stranger_gets_a_long_response_in_small_blocks_of_one_size() {
    let mut bench = bench(Amplification::SmallBlocks);
    let mut body = Vec::new();
    let mut exponents = Vec::new();
    for id in 1.. {
        let request = match body.len() {
            0 => get(id, "text"),
            len => get(id, "text").block2(len as u32 / (16u32 << exponents[0]), exponents[0]),
        };
        let answer = bench.bytes_from(FAR, &request.bytes()).remove(0);
        assert!(answer.len() <= 3 * request.bytes().len() + 124);
        let answer = common::Message::read(&answer);
        body.extend_from_slice(answer.body());
        let (_, more, exponent) = answer.block(23).unwrap();
        exponents.push(exponent);
        if !more {
            break;
        }
    }
    assert_eq!(body, long_text(3000));
    assert_eq!(exponents, vec![2; exponents.len()]);
}

#[test]
fn without_a_limit_a_stranger_gets_large_blocks() {
    let answer = bench(Amplification::Unlimited).from(FAR, &get(1, "text")).remove(0);
    assert_eq!(answer.block(23), Some((0, true, 6)));
}

#[test]
fn a_neighbour_on_this_host_gets_large_blocks() {
    for near in ["[::1]:1", "127.0.0.1:1", "[::ffff:127.0.0.1]:1"] {
        let answer = bench(Amplification::SmallBlocks).from(near, &get(1, "text")).remove(0);
        assert_eq!(answer.block(23), Some((0, true, 6)), "{near}");
    }
}

#[test]
fn a_stranger_who_returns_an_echo_value_is_one_no_longer() {
    let mut bench = bench(Amplification::Echo);
    let challenge = bench.from(FAR, &get(1, "text")).remove(0);
    assert_eq!((&*challenge.code(), challenge.body()), ("4.01", &b""[..]));
    let echo = challenge.get(252).unwrap().to_vec();
    bench.wait(Duration::from_secs(200));

    // It is worth nothing for others.
    let answer = bench.from("[2001:db8::3]:61616", &get(1, "text").option(252, &echo)).remove(0);
    assert_eq!(answer.code(), "4.01");
    let answer = bench.from(FAR, &get(2, "text").option(252, &echo)).remove(0);
    assert_eq!(answer.block(23), Some((0, true, 6)));
    // The service does not see it, and from now on it is not needed.
    assert!(
        bench.shelf().requests.iter().all(|(_, peer, request)| !peer.uri.contains("::2") || request.echo.is_none())
    );
    let answer = bench.from(FAR, &get(3, "text")).remove(0);
    assert_eq!(answer.block(23), Some((0, true, 6)));
    assert!(bench.shelf().requests.last().unwrap().1.is_reachable);
}

#[test]
fn an_echo_value_goes_stale() {
    let mut bench = bench(Amplification::Echo);
    let echo = bench.from(FAR, &get(1, "text"))[0].get(252).unwrap().to_vec();
    bench.wait(Duration::from_secs(600));
    assert_eq!(bench.from(FAR, &get(2, "text").option(252, &echo))[0].code(), "4.01");
}

#[test]
fn where_echo_is_wanted_short_responses_and_changes_do_not_need_it() {
    let mut bench = bench(Amplification::Echo);
    assert_eq!(bench.from(FAR, &post(1, "echo").payload("short"))[0].code(), "2.05");
    assert_eq!(bench.from(FAR, &get(2, "nothing"))[0].code(), "4.04");
}

#[test]
fn an_observation_behind_a_challenge_does_not_begin() {
    let mut bench = bench(Amplification::Echo);
    assert_eq!(bench.from(FAR, &get(1, "text").uint(6, 0))[0].code(), "4.01");
    assert_eq!(bench.endpoint.usage().observations, 0);
    assert!(bench.shelf().observers.is_empty());
}

#[test]
fn to_acknowledge_a_message_shows_that_it_came() {
    let mut bench = bench(Amplification::SmallBlocks);
    bench.from(FAR, &post(1, "slow"));
    bench.wait(Duration::from_secs(1));
    bench.update(|shelf| shelf.finish(Response::new(Code::CHANGED)));
    let response = bench.messages().remove(0);
    bench.from(FAR, &ack(response.id().wrapping_add(1)));
    assert_ne!(bench.from(FAR, &get(2, "text"))[0].block(23), Some((0, true, 6)));
    bench.from(FAR, &ack(response.id()));
    assert_eq!(bench.from(FAR, &get(3, "text"))[0].block(23), Some((0, true, 6)));
}

#[test]
fn notifications_to_a_stranger_are_small() {
    let mut bench = bench(Amplification::SmallBlocks);
    bench.update(|shelf| shelf.write("short"));
    bench.from(FAR, &get(1, "text").uint(6, 0));
    bench.update(|shelf| shelf.write(long_text(4000)));
    let sent = bench.sent();
    assert!(sent[0].1.len() <= 124 + 12, "{}", sent[0].1.len());
}

#[test]
fn diagnostics_to_a_stranger_are_short() {
    let mut bench = bench(Amplification::SmallBlocks);
    bench.from(FAR, &post(1, "slow"));
    bench.update(|shelf| shelf.finish(Response::refusal(Code::BAD_REQUEST, long_text(1000))));
    let sent = bench.sent();
    assert!(sent[0].1.len() <= 3 * post(1, "slow").bytes().len() + 124);
}

/// Others may have caused it in its name, and a service counts those apart whose address is verified.
#[test]
fn a_stranger_that_has_used_up_what_it_may_is_told_how_to_show_that_it_is_no_other() {
    let mut bench = bench(Amplification::SmallBlocks);
    let refused = |bench: &mut Bench, id| {
        bench.from(FAR, &post(id, "slow"));
        let refusal = Response::refusal(Code::TOO_MANY_REQUESTS, long_text(1000)).with_max_age(7);
        bench.update(|shelf| shelf.finish(refusal));
        bench.sent().remove(0).1
    };
    let refusal = refused(&mut bench, 1);
    assert!(refusal.len() <= 3 * post(1, "slow").bytes().len() + 124);
    let refusal = common::Message::read(&refusal);
    assert_eq!((&*refusal.code(), refusal.number(14)), ("4.29", Some(7)));
    let echo = refusal.get(252).expect("an Echo value").to_vec();
    bench.from(FAR, &get(2, "nothing").option(252, &echo));
    assert!(bench.shelf().requests.last().unwrap().1.is_reachable);
    let refusal = common::Message::read(&refused(&mut bench, 3));
    assert_eq!((&*refusal.code(), refusal.get(252)), ("4.29", None));
}

/// Those who are not known to be reachable have a share of what a service has room for.
#[test]
fn a_stranger_that_asks_to_observe_in_vain_is_told_how_to_show_that_it_is_no_other() {
    let mut bench = bench(Amplification::SmallBlocks);
    let answered = |bench: &mut Bench, request: &common::Message, is_observed| {
        bench.from(FAR, request);
        let mut answer = Response::content(ContentFormat::LINK_FORMAT, "</a>");
        answer.is_observed = is_observed;
        bench.update(|shelf| shelf.finish(answer));
        common::Message::read(&bench.sent().remove(0).1)
    };
    assert_eq!(answered(&mut bench, &get(1, "slow"), false).get(252), None, "it asks for nothing that it does not get");
    assert_eq!(answered(&mut bench, &get(2, "slow").uint(6, 0), true).get(252), None);
    let answer = answered(&mut bench, &get(3, "slow").uint(6, 0), false);
    assert_eq!((&*answer.code(), answer.get(6)), ("2.05", None));
    let echo = answer.get(252).expect("an Echo value").to_vec();
    answered(&mut bench, &get(4, "slow").uint(6, 0).option(252, &echo), true);
    assert!(bench.shelf().requests.last().unwrap().1.is_reachable);
    assert_eq!(answered(&mut bench, &get(5, "slow").uint(6, 0), false).get(252), None);
}

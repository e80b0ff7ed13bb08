//! Requests that the service sends to a group: RFC 7252 §8.

mod common;

use core::time::Duration;

use coap_lite::MessageType::{Confirmable, NonConfirmable};
use common::{Bench, Message, SERVER, Shelf, ack, empty, long_text, reset};
use waypost_rest::{Method, Peer, Request, RequestFailure, RequestId};

fn asking() -> (Bench, Message) {
    let mut bench = Bench::new(Shelf::default());
    bench.endpoint.add_local(SERVER.parse().unwrap());
    let mut request = Request::new(Method::Get, [".well-known", "core"]).with_query("rt=core.rd*");
    request.is_multicast = true;
    bench.update(|shelf| shelf.ask(7, Peer::new("coap://[ff02::fe]").with_zone(3), request));
    let mut sent = bench.sent();
    assert_eq!(sent.len(), 1);
    let (remote, datagram) = sent.remove(0);
    assert_eq!(remote.to_string(), "[ff02::fe%3]:5683");
    (bench, Message::read(&datagram))
}

fn answer(question: &Message, id: u16, text: impl AsRef<[u8]>) -> Message {
    let mut answer = empty(NonConfirmable, id);
    answer.0.header.set_code("2.05");
    answer.token(question.0.get_token()).payload(text)
}

fn heard(bench: &Bench) -> Vec<(String, String)> {
    let responses = bench.shelf().group_responses.iter();
    responses
        .map(|(id, peer, response)| {
            assert_eq!(*id, RequestId(7));
            (peer.uri.clone(), String::from_utf8(response.payload.to_vec()).unwrap())
        })
        .collect()
}

#[test]
fn everybody_who_answers_is_heard_once_until_the_time_is_up() {
    let (mut bench, question) = asking();
    assert_eq!(question.kind(), NonConfirmable);
    for peer in ["[fe80::7%3]:5683", "[fe80::8%3]:5683", "[fe80::7%3]:5683"] {
        assert!(bench.from(peer, &answer(&question, 1, "</rd>")).is_empty());
    }
    assert_eq!(
        bench.from("[2001:db8::9]:9", &{
            let mut confirmable = answer(&question, 2, "</dir>");
            confirmable.0.header.set_type(Confirmable);
            confirmable
        }),
        [ack(2)]
    );
    let expected = [("coap://[fe80::7]", "</rd>"), ("coap://[fe80::8]", "</rd>"), ("coap://[2001:db8::9]:9", "</dir>")];
    assert_eq!(heard(&bench), expected.map(|(uri, text)| (uri.to_owned(), text.to_owned())));
    assert!(bench.shelf().responses.is_empty());

    assert!(bench.wait(Duration::from_secs(12)).is_empty(), "it is not repeated");
    assert_eq!(bench.shelf().responses, [(RequestId(7), Err(RequestFailure::TimedOut))]);
    let late = bench.from("[fe80::10%3]:5683", &answer(&question, 1, "late")).remove(0);
    assert_eq!(late, reset(1));
    assert_eq!(bench.endpoint.usage().requests, 0);
}

#[test]
fn a_guessed_token_is_not_heard() {
    let (mut bench, question) = asking();
    let guess = answer(&question, 1, "</rd>").token(b"guess");
    assert_eq!(bench.from("[fe80::7%3]:5683", &guess), [reset(1)]);
    assert!(heard(&bench).is_empty());
}

#[test]
fn the_rest_of_a_long_answer_is_fetched_from_the_one_who_gave_it() {
    let (mut bench, question) = asking();
    let text = long_text(30);
    let first = answer(&question, 1, &text[..16]).option(4, b"a").uint(23, 8);
    let fetch = bench.from("[fe80::7%3]:5683", &first).remove(0);
    assert_eq!((fetch.kind(), fetch.block(23)), (Confirmable, Some((1, false, 0))));
    assert_eq!(fetch.get(15), Some(&b"rt=core.rd*"[..]));
    let rest = answer(&fetch, 2, &text[16..]).option(4, b"a").uint(23, 16);
    bench.from("[fe80::7%3]:5683", &rest);
    assert_eq!(heard(&bench), [("coap://[fe80::7]".to_owned(), String::from_utf8(text).unwrap())]);
}

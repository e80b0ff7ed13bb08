//! Requests of the service to hosts by name: RFC 7252 §6.4.

mod common;

use core::net::SocketAddr;
use core::time::Duration;

use common::{Bench, Message, SERVER, Shelf, ack};
use waypost_coap::Config;
use waypost_rest::{ContentFormat, Method, Observe, Peer, Request, RequestFailure, RequestId};

const NAME: &str = "rd.example";
/// What is found for it, and where it is asked then.
const FOUND: [&str; 2] = ["[2001:db8::7]:0", "[2001:db8::8]:0"];
const FIRST: &str = "[2001:db8::7]:5683";
const SECOND: &str = "[2001:db8::8]:5683";

/// A bench whose endpoint can send from `SERVER`, and has names looked up.
fn bench(configure: impl FnOnce(&mut Config)) -> Bench {
    let mut bench = Bench::with(Shelf::default(), configure);
    bench.endpoint.add_local(SERVER.parse().unwrap());
    bench.endpoint.look_up_names();
    bench
}

fn ask(bench: &mut Bench, id: u64, uri: &str, request: Request) {
    bench.update(|shelf| shelf.ask(id, Peer::new(uri), request));
}

fn find(bench: &mut Bench, name: &str, addresses: &[&str]) {
    let addresses: Vec<SocketAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
    bench.endpoint.handle_addresses(bench.now, name, &addresses);
}

fn get() -> Request {
    Request::new(Method::Get, ["x"])
}

/// Where the one message that is sent goes, and what it is.
fn sent(bench: &mut Bench) -> (String, Message) {
    let mut sent = all_sent(bench);
    assert_eq!(sent.len(), 1);
    sent.remove(0)
}

fn answer(bench: &mut Bench, from: &str, question: &Message) -> Vec<(String, Message)> {
    let mut answer = ack(question.id()).token(question.0.get_token());
    answer.0.header.set_code("2.05");
    bench.endpoint.handle_datagram(bench.now, common::path(from), &answer.bytes());
    all_sent(bench)
}

fn all_sent(bench: &mut Bench) -> Vec<(String, Message)> {
    bench.sent().into_iter().map(|(remote, sent)| (remote.to_string(), Message::read(&sent))).collect()
}

/// Lets time pass, and returns what is sent meanwhile and where to.
fn wait(bench: &mut Bench, span: Duration) -> Vec<(String, Message)> {
    let end = bench.now + span;
    let mut sent = Vec::new();
    while let Some(deadline) = bench.endpoint.poll_timeout().filter(|deadline| *deadline <= end) {
        bench.now = bench.now.max(deadline);
        bench.endpoint.handle_timeout(bench.now);
        sent.extend(all_sent(bench));
    }
    bench.now = end;
    sent
}

/// Has a request go out to the host at the first of these addresses, and returns it.
fn ask_at(bench: &mut Bench, request: Request, addresses: &[&str]) -> (String, Message) {
    ask(bench, 7, "coap://rd.example", request);
    assert_eq!(bench.endpoint.poll_name().as_deref(), Some(NAME));
    find(bench, NAME, addresses);
    sent(bench)
}

fn remotes(sent: &[(String, Message)]) -> Vec<&str> {
    sent.iter().map(|(remote, _)| remote.as_str()).collect()
}

fn failures(bench: &Bench) -> Vec<(u64, RequestFailure)> {
    let failed = |(RequestId(id), outcome): &(RequestId, Result<_, _>)| Some((*id, *outcome.as_ref().err()?));
    bench.shelf().responses.iter().filter_map(failed).collect()
}

#[test]
fn a_host_is_asked_at_its_address_and_by_its_name() {
    for (uri, remote) in
        [("coap://rd.example", "[2001:db8::7]:5683"), ("coap://rd.example:61616", "[2001:db8::7]:61616")]
    {
        let mut bench = bench(|_| ());
        ask(&mut bench, 7, uri, get());
        assert!(bench.sent().is_empty());
        assert_eq!(bench.endpoint.poll_name().as_deref(), Some(NAME));
        assert_eq!(bench.endpoint.poll_name(), None);
        find(&mut bench, NAME, &["[2001:db8::7]:0"]);
        let (asked, question) = sent(&mut bench);
        assert_eq!((&*asked, question.get(3)), (remote, Some(NAME.as_bytes())));
        answer(&mut bench, remote, &question);
        assert!(bench.shelf().responses[0].1.is_ok());
    }
}

#[test]
fn who_looks_at_the_service_finds_what_has_failed_by_then() {
    let mut bench = bench(|_| ());
    ask(&mut bench, 7, "coap://rd.example", get());
    bench.endpoint.poll_name();
    find(&mut bench, NAME, &[]);
    assert_eq!(bench.update(|shelf| shelf.responses.len()), 1);
}

#[test]
fn each_block_names_the_host() {
    let mut bench = bench(|_| ());
    ask(&mut bench, 7, "coap://rd.example", get().with_payload(ContentFormat(0), common::long_text(1500)));
    bench.endpoint.poll_name();
    find(&mut bench, NAME, &["[2001:db8::7]:0"]);
    let (remote, first) = sent(&mut bench);
    let mut next = ack(first.id()).token(first.0.get_token()).block1(0, true, 6);
    next.0.header.set_code("2.31");
    let second = bench.from(&remote, &next).remove(0);
    assert_eq!((first.get(3), second.get(3)), (Some(NAME.as_bytes()), Some(NAME.as_bytes())));
}

#[test]
fn a_name_is_looked_up_once_a_minute() {
    let mut bench = bench(|_| ());
    for id in 1..=2 {
        ask(&mut bench, id, "coap://rd.example", get());
    }
    assert_eq!(bench.endpoint.poll_name().as_deref(), Some(NAME));
    ask(&mut bench, 3, "coap://rd.example", get());
    assert_eq!(bench.endpoint.poll_name(), None);
    find(&mut bench, NAME, &["[2001:db8::7]:0"]);
    ask(&mut bench, 4, "coap://rd.example:7", get());
    assert_eq!(bench.endpoint.poll_name(), None);
    bench.now += Duration::from_secs(60);
    ask(&mut bench, 5, "coap://rd.example", get());
    assert_eq!(bench.endpoint.poll_name().as_deref(), Some(NAME));
}

#[test]
fn without_an_address_or_somebody_who_looks_names_up_a_request_fails() {
    let mut bench = bench(|_| ());
    ask(&mut bench, 7, "coap://rd.example", get());
    bench.endpoint.poll_name();
    find(&mut bench, NAME, &[]);
    bench.wait(Duration::ZERO);
    assert_eq!(failures(&bench), [(7, RequestFailure::Unreachable)]);
    // It may be known later.
    ask(&mut bench, 8, "coap://rd.example", get());
    assert_eq!(bench.endpoint.poll_name().as_deref(), Some(NAME));

    let mut bench = Bench::new(Shelf::default());
    bench.endpoint.add_local(SERVER.parse().unwrap());
    ask(&mut bench, 7, "coap://rd.example", get());
    bench.wait(Duration::ZERO);
    assert_eq!(bench.endpoint.poll_name(), None);
    assert_eq!(failures(&bench), [(7, RequestFailure::Unreachable)]);
}

#[test]
fn an_address_that_there_is_no_way_to_is_passed_over_and_so_is_a_group() {
    let mut bench = bench(|_| ());
    ask(&mut bench, 7, "coap://rd.example", get());
    bench.endpoint.poll_name();
    find(&mut bench, NAME, &["192.0.2.1:0", "[ff02::fe]:0", "[2001:db8::7]:0"]);
    assert_eq!(sent(&mut bench).0, "[2001:db8::7]:5683");
}

#[test]
fn an_address_that_does_not_answer_comes_last_from_then_on() {
    let mut bench = bench(|config| config.timing.max_retransmit = 0);
    ask(&mut bench, 7, "coap://rd.example", get());
    bench.endpoint.poll_name();
    find(&mut bench, NAME, &["[2001:db8::7]:0", "[2001:db8::8]:0", "[2001:db8::9]:0"]);
    let mut asked = vec![sent(&mut bench).0];
    for id in 8..=10 {
        bench.wait(Duration::from_secs(5));
        ask(&mut bench, id, "coap://rd.example", get());
        asked.push(sent(&mut bench).0);
    }
    let expected = [7, 8, 9, 7].map(|host| format!("[2001:db8::{host}]:5683"));
    assert_eq!(asked, expected);
    assert_eq!(failures(&bench).len(), 3);
}

#[test]
fn a_request_that_stays_unanswered_goes_to_the_next_address_and_the_next_one_there_at_once() {
    let mut bench = bench(|_| ());
    let (first, question) = ask_at(&mut bench, get(), &FOUND);
    let went_on = wait(&mut bench, Duration::from_secs(3));
    assert_eq!((&*first, remotes(&went_on)), (FIRST, vec![SECOND]));
    let again = &went_on[0].1;
    assert_eq!((again.get(3), again.0.get_token()), (Some(NAME.as_bytes()), question.0.get_token()));
    answer(&mut bench, SECOND, again);
    assert!(bench.shelf().responses[0].1.is_ok());
    // What comes late from the first is of no use any more.
    answer(&mut bench, FIRST, &question);
    assert_eq!((bench.shelf().responses.len(), bench.endpoint.usage().requests), (1, 0));
    ask(&mut bench, 8, "coap://rd.example", get());
    assert_eq!(sent(&mut bench).0, SECOND);
}

#[test]
fn all_addresses_together_are_asked_as_often_as_one_and_as_long() {
    let mut bench = bench(|_| ());
    let begin = bench.now;
    ask_at(&mut bench, get(), &FOUND);
    let mut asked = Vec::new();
    while failures(&bench).is_empty() {
        asked.extend(wait(&mut bench, Duration::from_secs(1)).into_iter().map(|(remote, _)| remote));
    }
    assert_eq!(asked, [SECOND, FIRST, SECOND, FIRST]);
    assert_eq!(failures(&bench), [(7, RequestFailure::TimedOut)]);
    let took = bench.now.saturating_since(begin);
    assert!((62..=93).contains(&took.as_secs()), "{took:?}");
    assert_eq!(bench.endpoint.usage().requests, 0);
}

#[test]
fn what_waits_for_an_address_that_does_not_answer_goes_elsewhere_along() {
    let mut bench = bench(|_| ());
    ask_at(&mut bench, get(), &FOUND);
    for (id, method) in [(8, Method::Get), (9, Method::Post), (10, Method::Fetch)] {
        ask(&mut bench, id, "coap://rd.example", Request::new(method, ["x"]));
        assert!(bench.sent().is_empty());
    }
    let mut went_on = wait(&mut bench, Duration::from_secs(3));
    for _ in 7..=10 {
        assert_eq!(remotes(&went_on), [SECOND]);
        went_on = answer(&mut bench, SECOND, &went_on[0].1);
    }
    let answered: Vec<_> = bench.shelf().responses.iter().map(|(id, outcome)| (id.0, outcome.is_ok())).collect();
    assert_eq!(answered, [(7, true), (8, true), (9, true), (10, true)]);
}

#[test]
fn what_may_have_been_done_is_not_asked_for_elsewhere_but_the_next_request_is() {
    for method in [Method::Post, Method::Patch] {
        let mut bench = bench(|_| ());
        ask_at(&mut bench, Request::new(method, ["x"]), &FOUND);
        assert_eq!(remotes(&wait(&mut bench, Duration::from_secs(93))), [FIRST; 4]);
        assert_eq!(failures(&bench), [(7, RequestFailure::TimedOut)]);
        // The addresses are looked up again by then.
        assert_eq!(ask_at(&mut bench, get(), &FOUND).0, SECOND);
    }
}

#[test]
fn an_address_counts_as_silent_also_for_who_has_less_patience() {
    let mut bench = bench(|_| ());
    ask_at(&mut bench, Request::new(Method::Post, ["x"]), &FOUND);
    wait(&mut bench, Duration::from_secs(5));
    bench.update(|shelf| shelf.withdraw(7, Peer::new("coap://rd.example")));
    wait(&mut bench, Duration::from_secs(60));
    assert_eq!(ask_at(&mut bench, Request::new(Method::Post, ["x"]), &FOUND).0, SECOND);
}

#[test]
fn an_address_that_answers_after_all_comes_first_again() {
    let mut bench = bench(|_| ());
    let (_, question) = ask_at(&mut bench, Request::new(Method::Post, ["x"]), &FOUND);
    assert_eq!(remotes(&wait(&mut bench, Duration::from_secs(3))), [FIRST]);
    answer(&mut bench, FIRST, &question);
    ask(&mut bench, 8, "coap://rd.example", get());
    assert_eq!(sent(&mut bench).0, FIRST);
}

#[test]
fn to_acknowledge_a_request_is_not_to_answer_it() {
    let mut bench = bench(|_| ());
    let (_, question) = ask_at(&mut bench, Request::new(Method::Post, ["x"]), &FOUND);
    wait(&mut bench, Duration::from_secs(3));
    bench.from(FIRST, &ack(question.id()));
    ask(&mut bench, 8, "coap://rd.example", get());
    assert_eq!(sent(&mut bench).0, SECOND);
}

#[test]
fn an_address_that_acknowledges_and_never_answers_is_silent() {
    let mut bench = bench(|_| ());
    let (_, question) = ask_at(&mut bench, get(), &FOUND);
    bench.from(FIRST, &ack(question.id()));
    assert!(wait(&mut bench, Duration::from_secs(248)).is_empty());
    assert_eq!(failures(&bench), [(7, RequestFailure::TimedOut)]);
    assert_eq!(ask_at(&mut bench, get(), &FOUND).0, SECOND);
}

#[test]
fn an_address_that_acknowledges_is_silent_for_who_gives_up_waiting_but_not_at_once() {
    for (patience, expected) in [(1, FIRST), (10, SECOND)] {
        let mut bench = bench(|_| ());
        let (_, question) = ask_at(&mut bench, get(), &FOUND);
        bench.from(FIRST, &ack(question.id()));
        wait(&mut bench, Duration::from_secs(patience));
        bench.update(|shelf| shelf.withdraw(7, Peer::new("coap://rd.example")));
        ask(&mut bench, 8, "coap://rd.example", get());
        assert_eq!(sent(&mut bench).0, expected, "{patience}");
    }
}

#[test]
fn that_an_address_does_not_answer_counts_for_ten_minutes() {
    for (later, expected) in [(590, SECOND), (600, FIRST)] {
        let mut bench = bench(|config| config.timing.max_retransmit = 0);
        ask_at(&mut bench, get(), &FOUND);
        while failures(&bench).is_empty() {
            wait(&mut bench, Duration::from_millis(1));
        }
        wait(&mut bench, Duration::from_secs(later));
        assert_eq!(ask_at(&mut bench, get(), &FOUND).0, expected, "{later}");
    }
}

#[test]
fn who_has_answered_is_asked_further_where_it_answered() {
    let mut bench = bench(|_| ());
    let (_, question) = ask_at(&mut bench, get().with_payload(ContentFormat(0), common::long_text(1500)), &FOUND);
    let mut next = ack(question.id()).token(question.0.get_token()).block1(0, true, 6);
    next.0.header.set_code("2.31");
    assert_eq!(bench.from(FIRST, &next).len(), 1);
    assert_eq!(remotes(&wait(&mut bench, Duration::from_secs(93))), [FIRST; 4]);
}

#[test]
fn an_address_that_was_found_twice_is_one() {
    let mut bench = bench(|_| ());
    let (_, question) = ask_at(&mut bench, get(), &[FOUND[0], FOUND[0]]);
    let sent = wait(&mut bench, Duration::from_secs(93));
    assert_eq!(sent.len(), 4);
    assert!(sent.iter().all(|(_, message)| *message == question));
}

#[test]
fn an_address_without_a_route_is_passed_over_at_once() {
    let mut bench = bench(|_| ());
    let ask_unsent = |bench: &mut Bench, request| {
        ask(bench, 7, "coap://rd.example", request);
        if bench.endpoint.poll_name().is_some() {
            find(bench, NAME, &FOUND);
        }
        bench.endpoint.poll_output().unwrap()
    };
    for method in [Method::Get, Method::Post] {
        wait(&mut bench, Duration::from_secs(600));
        let unsent = ask_unsent(&mut bench, Request::new(method, ["x"]));
        assert_eq!(unsent.path.remote.to_string(), FIRST);
        bench.endpoint.handle_unsent(bench.now, &unsent);
        let unsent = bench.endpoint.poll_output().unwrap();
        assert_eq!(unsent.path.remote.to_string(), SECOND);
        bench.endpoint.handle_unsent(bench.now, &unsent);
        assert!(bench.sent().is_empty());
        assert_eq!(failures(&bench).last(), Some(&(7, RequestFailure::Unreachable)));
    }
}

#[test]
fn an_address_that_was_heard_in_another_form_is_the_same_one() {
    let mut bench = bench(|config| config.timing.max_retransmit = 0);
    bench.from("[::ffff:192.0.2.7]:5683", &common::get(1, "text"));
    let found = ["192.0.2.7:0", "[2001:db8::8]:0"];
    assert_eq!(ask_at(&mut bench, get(), &found).0, "[::ffff:192.0.2.7]:5683");
    wait(&mut bench, Duration::from_secs(5));
    ask(&mut bench, 8, "coap://rd.example", get());
    assert_eq!(sent(&mut bench).0, SECOND);
}

#[test]
fn names_that_differ_in_case_are_one_and_go_out_in_lower_case() {
    let mut bench = bench(|_| ());
    ask(&mut bench, 7, "coap://RD.Example", get());
    assert_eq!(bench.endpoint.poll_name().as_deref(), Some(NAME));
    ask(&mut bench, 8, "coap://rd.EXAMPLE:7", get());
    assert_eq!(bench.endpoint.poll_name(), None);
    find(&mut bench, NAME, &["[2001:db8::7]:0"]);
    for (_, question) in bench.sent() {
        assert_eq!(Message::read(&question).get(3), Some(NAME.as_bytes()));
    }
}

#[test]
fn a_link_local_address_is_in_the_zone_of_who_looked_it_up_or_else_of_who_is_asked() {
    for (found, expected) in [("[fe80::7%4]:0", "[fe80::7%4]:5683"), ("[fe80::7]:0", "[fe80::7%3]:5683")] {
        let mut bench = bench(|_| ());
        bench.update(|shelf| shelf.ask(7, Peer::new("coap://rd.example").with_zone(3), get()));
        bench.endpoint.poll_name();
        find(&mut bench, NAME, &[found]);
        assert_eq!(sent(&mut bench).0, expected);
    }
}

#[test]
fn an_observation_goes_on_where_it_began_and_can_be_withdrawn_there() {
    let mut bench = bench(|_| ());
    let observe = || get().with_observe(Observe::Register);
    ask(&mut bench, 7, "coap://rd.example", observe());
    bench.endpoint.poll_name();
    find(&mut bench, NAME, &["[2001:db8::7]:0"]);
    let (remote, question) = sent(&mut bench);
    let mut granted = ack(question.id()).token(question.0.get_token()).uint(6, 1);
    granted.0.header.set_code("2.05");
    bench.from(&remote, &granted);

    // The name is another host's by now.
    bench.now += Duration::from_secs(60);
    ask(&mut bench, 8, "coap://rd.example", get());
    bench.endpoint.poll_name();
    find(&mut bench, NAME, &["[2001:db8::8]:0"]);
    let (other, question) = sent(&mut bench);
    answer(&mut bench, &other, &question);
    ask(&mut bench, 7, "coap://rd.example", observe());
    assert_eq!((other.as_str(), sent(&mut bench).0), ("[2001:db8::8]:5683", remote));
    bench.update(|shelf| shelf.withdraw(7, Peer::new("coap://rd.example")));
    assert_eq!(bench.endpoint.usage().requests, 0);
}

#[test]
fn what_waits_for_an_address_can_be_withdrawn() {
    let mut bench = bench(|_| ());
    ask(&mut bench, 7, "coap://rd.example", get());
    bench.endpoint.poll_name();
    bench.update(|shelf| shelf.withdraw(7, Peer::new("coap://rd.example")));
    find(&mut bench, NAME, &["[2001:db8::7]:0"]);
    assert!(bench.sent().is_empty());
    bench.wait(Duration::from_secs(300));
    assert_eq!(bench.shelf().responses, []);
}

#[test]
fn an_observation_that_is_called_off_while_it_waits_is_not_made() {
    for requests in [1, 2] {
        let mut bench = bench(|config| config.limits.requests = requests);
        for observe in [Observe::Register, Observe::Deregister] {
            ask(&mut bench, 7, "coap://rd.example", get().with_observe(observe));
        }
        bench.endpoint.poll_name();
        find(&mut bench, NAME, &FOUND);
        assert!(bench.sent().is_empty());
        bench.wait(Duration::ZERO);
        assert_eq!(failures(&bench), [(7, RequestFailure::Unreachable)]);
    }
}

#[test]
fn names_and_what_waits_for_them_have_limits() {
    let mut bench = bench(|config| (config.limits.names, config.limits.requests) = (2, 3));
    for (id, uri) in [(1, "coap://a.example"), (2, "coap://b.example"), (3, "coap://c.example")] {
        ask(&mut bench, id, uri, get());
    }
    bench.wait(Duration::ZERO);
    assert_eq!(failures(&bench), [(3, RequestFailure::Unreachable)], "a third name");
    ask(&mut bench, 4, "coap://a.example", get());
    ask(&mut bench, 5, "coap://a.example", get());
    bench.wait(Duration::ZERO);
    assert_eq!(failures(&bench)[1..], [(5, RequestFailure::Unreachable)], "a fourth request");

    // What is known makes room for what is wanted.
    while bench.endpoint.poll_name().is_some() {}
    find(&mut bench, "a.example", &["[2001:db8::7]:0"]);
    bench.update(|shelf| shelf.withdraw(1, Peer::new("coap://a.example")));
    ask(&mut bench, 6, "coap://c.example", get());
    assert_eq!(bench.endpoint.poll_name().as_deref(), Some("c.example"));
}

#[test]
fn addresses_that_nobody_asked_for_change_nothing() {
    let mut bench = bench(|_| ());
    find(&mut bench, NAME, &["[2001:db8::7]:0"]);
    ask(&mut bench, 7, "coap://rd.example", get());
    find(&mut bench, NAME, &["[2001:db8::7]:0"]);
    assert!(bench.sent().is_empty());
    assert_eq!(bench.endpoint.poll_name().as_deref(), Some(NAME));
    find(&mut bench, NAME, &["[2001:db8::8]:0"]);
    assert_eq!(sent(&mut bench).0, "[2001:db8::8]:5683");
    find(&mut bench, NAME, &[]);
    ask(&mut bench, 8, "coap://rd.example:7", get());
    assert_eq!(sent(&mut bench).0, "[2001:db8::8]:7");
}

#[test]
fn of_a_host_with_many_addresses_sixteen_are_asked() {
    let mut bench = bench(|config| config.timing.max_retransmit = 0);
    let found: Vec<_> = (1..=20).map(|host| format!("192.0.2.{host}:0")).collect();
    bench.endpoint.add_local("192.0.2.100:5683".parse().unwrap());
    let found: Vec<_> = found.iter().map(String::as_str).collect();
    let mut asked = Vec::new();
    for _ in 0..17 {
        ask(&mut bench, 7, "coap://rd.example", get());
        if bench.endpoint.poll_name().is_some() {
            find(&mut bench, NAME, &found);
        }
        asked.push(sent(&mut bench).0);
        wait(&mut bench, Duration::from_secs(5));
    }
    assert_eq!((&*asked[15], &*asked[16]), ("192.0.2.16:5683", "192.0.2.1:5683"));
}

//! What a proxy makes of sources that give no links: what is theirs to say is passed on, and what is no answer is told as such.

use core::time::Duration;

use waypost_directory::{Config, Directory};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::ReplicaId;
use waypost_rest::{Code, ContentFormat, ExchangeId, Method, Observe, Output, Peer, Request, Response, Service as _};
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Holding, Proxy, ProxyConfig, ProxyLimits, Replicated, Replicator, SyncConfig};
use waypost_time::Instant;

/// A proxy in front of one source that answers each look-up in the same way.
struct Fronted {
    proxy: Proxy<Server>,
    now: Instant,
    answer: Response,
    /// How many look-ups the source was asked.
    asked: usize,
    exchanges: u64,
}

impl Fronted {
    fn new(holding: Holding, limit: impl FnOnce(&mut ProxyLimits)) -> Self {
        let elsewhere = ServerConfig::default().with_registration_elsewhere(LinkDocumentBuf::default());
        let server = Server::new(Directory::new(Config::new([9; 16], ReplicaId(9))), elsewhere);
        let mut config = ProxyConfig::new(9);
        limit(&mut config.limits);
        let mut proxy = Proxy::new(Replicated::new(server, Replicator::new(SyncConfig::new(9))), config);
        proxy.add_upstream(&"coap://a".parse().expect("a URI"), holding).expect("room");
        let (now, answer) = (Instant::from_millis(1), links());
        Self { proxy, now, answer, asked: 0, exchanges: 0 }
    }

    /// Lets time pass.
    fn pass(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while let Some(due) = self.proxy.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.proxy.handle_timeout(self.now);
            self.run();
        }
        self.now = end;
    }

    /// Returns what one more client is told.
    fn told(&mut self, query: &str) -> Response {
        let look_up = Request::new(Method::Get, ["rd-lookup", "ep"]);
        let look_up = query.split('&').filter(|argument| !argument.is_empty()).fold(look_up, Request::with_query);
        self.tell(look_up)
    }

    fn tell(&mut self, request: Request) -> Response {
        self.exchanges += 1;
        let client = Peer::new(format!("coap://client{}", self.exchanges));
        self.proxy.handle_request(self.now, ExchangeId(self.exchanges), &client, request);
        self.run().expect("an answer")
    }

    /// Exchanges messages until there are none, and returns what a client was told last.
    fn run(&mut self) -> Option<Response> {
        let mut told = None;
        while let Some(output) = self.proxy.poll_output() {
            match output {
                Output::Request { id, request, .. } if request.path == [".well-known", "core"] => {
                    let interfaces = r#"</rd-lookup/ep>;rt="core.rd-lookup-ep""#;
                    let discovered = Response::content(ContentFormat::LINK_FORMAT, interfaces);
                    self.proxy.handle_response(self.now, id, Ok(discovered));
                }
                Output::Request { id, .. } => {
                    self.asked += 1;
                    self.proxy.handle_response(self.now, id, Ok(self.answer.clone()));
                }
                Output::Changed { exchange } => self.proxy.handle_ready(self.now, exchange),
                Output::Response { response, .. } | Output::Notification { response, .. } => told = Some(response),
                _ => {}
            }
        }
        told
    }
}

fn links() -> Response {
    Response::content(ContentFormat::LINK_FORMAT, r#"<coap://a/rd/1>;ep="node1";rt="core.rd-ep""#)
}

/// What a client of a proxy is told whose only source answers each look-up so.
fn told(answer: &Response) -> Response {
    let mut fronted = Fronted::new(Holding::Answers, |_| {});
    fronted.answer = answer.clone();
    fronted.told("")
}

#[test]
fn a_refusal_is_passed_on_for_as_long_as_it_holds() {
    for code in [Code::BAD_REQUEST, Code::FORBIDDEN, Code::NOT_FOUND, Code::INTERNAL_SERVER_ERROR, Code::BAD_GATEWAY] {
        let refused = told(&Response::refusal(code, "because").with_max_age(7));
        assert_eq!((refused.code, refused.max_age, &refused.payload[..]), (code, Some(7), &b"because"[..]));
        let refused = told(&Response::refusal(code, "because"));
        assert_eq!((refused.code, refused.max_age.unwrap_or(60)), (code, 60), "what is not said is a minute");
    }
}

#[test]
fn a_source_that_is_not_available_says_when_to_come_back() {
    let refused = told(&Response::refusal(Code::SERVICE_UNAVAILABLE, "later").with_max_age(300));
    assert_eq!((refused.code, refused.max_age), (Code::SERVICE_UNAVAILABLE, Some(300)));
}

#[test]
fn what_all_clients_ask_too_much_of_a_source_is_not_told_as_the_fault_of_one() {
    let refused = told(&Response::refusal(Code::TOO_MANY_REQUESTS, "you ask too much").with_max_age(30));
    assert_eq!((refused.code, refused.max_age), (Code::SERVICE_UNAVAILABLE, Some(30)));
    assert_ne!(&refused.payload[..], b"you ask too much");
}

#[test]
fn what_is_no_answer_is_a_bad_gateway() {
    for class in [1, 2, 3, 6, 7] {
        let code = Code::new(class, 1).expect("a code");
        let refused = told(&Response::refusal(code, "what?").with_max_age(1_000_000));
        assert_eq!((refused.code, refused.max_age), (Code::BAD_GATEWAY, Some(10)), "{code}");
    }
}

#[test]
fn a_source_that_says_when_to_come_back_is_not_asked_before() {
    for code in [Code::TOO_MANY_REQUESTS, Code::SERVICE_UNAVAILABLE] {
        for holding in [Holding::Answers, Holding::Recurring] {
            let mut fronted = Fronted::new(holding.clone(), |_| {});
            fronted.answer = Response::refusal(code, "later").with_max_age(30);
            fronted.told("ep=node1&d=first");
            let asked = fronted.asked;
            for left in (1..=30).rev() {
                let refused = fronted.told(&format!("ep=node{left}"));
                assert_eq!((refused.code, refused.max_age), (Code::SERVICE_UNAVAILABLE, Some(left)));
                fronted.pass(1);
            }
            // One that is tried out is asked everything at once.
            assert_eq!((fronted.asked, asked), if holding == Holding::Answers { (1, 1) } else { (3, 3) }, "{code}");
            fronted.answer = links();
            assert_eq!(fronted.told("ep=node1").code, Code::CONTENT);
        }
    }
}

#[test]
fn a_refusal_of_what_was_asked_does_not_keep_other_questions_from_a_source() {
    let mut fronted = Fronted::new(Holding::Answers, |_| {});
    fronted.answer = Response::refusal(Code::FORBIDDEN, "not that").with_max_age(30);
    fronted.told("d=first");
    fronted.answer = links();
    assert_eq!(fronted.told("ep=node1").code, Code::CONTENT);
}

#[test]
fn a_source_that_does_not_say_when_to_come_back_refuses_what_was_asked_alone() {
    for code in [Code::TOO_MANY_REQUESTS, Code::SERVICE_UNAVAILABLE] {
        let mut fronted = Fronted::new(Holding::Answers, |_| {});
        fronted.told("ep=node1");
        fronted.pass(61);
        fronted.answer = Response::refusal(code, "not that now");
        let stale = fronted.told("ep=node1");
        assert_eq!((stale.code, stale.max_age, stale.payload), (Code::CONTENT, Some(0), links().payload));
        let refused = fronted.told("d=first");
        // What is said here would be about all questions, too.
        assert_eq!((refused.code, refused.max_age), (Code::SERVICE_UNAVAILABLE, None));
        fronted.answer = links();
        assert_eq!(fronted.told("ep=node2").code, Code::CONTENT);
        assert_eq!(fronted.told("d=first").code, Code::CONTENT);
    }
}

#[test]
fn a_source_is_left_in_peace_no_longer_than_the_limit() {
    let mut fronted = Fronted::new(Holding::Answers, |limits| limits.put_off = Duration::from_secs(60));
    fronted.answer = Response::refusal(Code::SERVICE_UNAVAILABLE, "in a year").with_max_age(31_536_000);
    assert_eq!(fronted.told("").max_age, Some(60), "nor are clients told to stay away for longer");
    fronted.answer = links();
    fronted.pass(59);
    assert_eq!(fronted.told("").code, Code::SERVICE_UNAVAILABLE);
    fronted.pass(1);
    assert_eq!(fronted.told("").code, Code::CONTENT);
}

#[test]
fn an_answer_from_before_is_used_while_a_source_is_not_to_be_asked() {
    let mut fronted = Fronted::new(Holding::Answers, |_| {});
    fronted.told("ep=node1");
    fronted.pass(61);
    fronted.answer = Response::refusal(Code::TOO_MANY_REQUESTS, "no").with_max_age(30);
    for _ in 0..2 {
        let stale = fronted.told("ep=node1");
        assert_eq!((stale.code, stale.max_age, stale.payload), (Code::CONTENT, Some(0), links().payload));
    }
    assert_eq!(fronted.told("ep=node2").code, Code::SERVICE_UNAVAILABLE, "of that nothing is known");
    assert_eq!(fronted.asked, 2);
}

#[test]
fn nothing_is_observed_at_a_source_that_is_not_to_be_asked() {
    let observe =
        |query: &str| Request::new(Method::Get, ["rd-lookup", "ep"]).with_query(query).with_observe(Observe::Register);
    let mut fronted = Fronted::new(Holding::Answers, |_| {});
    fronted.told("ep=node1");
    fronted.answer = links().with_max_age(1);
    assert!(fronted.tell(observe("ep=node2")).is_observed, "in itself that can be");
    fronted.pass(61);
    fronted.answer = Response::refusal(Code::TOO_MANY_REQUESTS, "no").with_max_age(300);
    fronted.told("ep=node3");
    let asked = fronted.asked;
    let stale = fronted.tell(observe("ep=node1"));
    assert_eq!((stale.code, stale.is_observed, fronted.asked), (Code::CONTENT, false, asked));
    // What is observed already finds out by itself, once.
    fronted.pass(299);
    assert!(fronted.asked <= asked + 1, "{} more", fronted.asked - asked);
}

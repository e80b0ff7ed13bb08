//! What a proxy makes of a source that answers slowly, and of one that has ceased to.

extern crate alloc;

use alloc::collections::VecDeque;
use core::time::Duration;

use waypost_directory::{Config, Directory};
use waypost_link_format::LinkDocumentBuf;
use waypost_model::ReplicaId;
use waypost_rest::{Code, ContentFormat, ExchangeId, Method, Output, Peer, Request, RequestId, Response, Service as _};
use waypost_server::{Server, ServerConfig};
use waypost_sync::{Holding, Proxy, ProxyConfig, Replicated, Replicator, SyncConfig};
use waypost_time::Instant;

/// A proxy in front of one source, with a transport between that sends a request when the one before it is answered
/// ([RFC 7252 §4.7](https://www.rfc-editor.org/rfc/rfc7252#section-4.7)).
struct Queued {
    proxy: Proxy<Server>,
    now: Instant,
    waiting: VecDeque<(RequestId, Response)>,
    /// Whether the source gives no answers any more. Until then, each takes it a second.
    is_silent: bool,
    /// What clients were told.
    told: Vec<(ExchangeId, Code)>,
    exchanges: u64,
}

impl Queued {
    fn new() -> Self {
        let elsewhere = ServerConfig::default().with_registration_elsewhere(LinkDocumentBuf::default());
        let server = Server::new(Directory::new(Config::new([9; 16], ReplicaId(9))), elsewhere);
        let replicated = Replicated::new(server, Replicator::new(SyncConfig::new(9)));
        let mut proxy = Proxy::new(replicated, ProxyConfig::new(9));
        proxy.add_upstream(&"coap://a".parse().expect("a URI"), Holding::Answers).expect("room");
        let now = Instant::from_millis(1);
        Self { proxy, now, waiting: VecDeque::new(), is_silent: false, told: Vec::new(), exchanges: 0 }
    }

    fn ask(&mut self, client: &str, query: &str) -> ExchangeId {
        self.exchanges += 1;
        let exchange = ExchangeId(self.exchanges);
        let look_up = Request::new(Method::Get, ["rd-lookup", "ep"]).with_query(query);
        self.proxy.handle_request(self.now, exchange, &Peer::new(client), look_up);
        self.run();
        exchange
    }

    /// Lets time pass: the source takes its time for each answer, and the proxy its patience.
    fn pass(&mut self, seconds: u64) {
        for _ in 0..seconds {
            self.now += Duration::from_secs(1);
            self.proxy.handle_timeout(self.now);
            self.run();
            if !self.is_silent
                && let Some((id, response)) = self.waiting.pop_front()
            {
                self.proxy.handle_response(self.now, id, Ok(response));
                self.run();
            }
        }
    }

    fn told(&self, exchange: ExchangeId) -> Option<Code> {
        self.told.iter().find(|(other, _)| *other == exchange).map(|(_, code)| *code)
    }

    fn run(&mut self) {
        while let Some(output) = self.proxy.poll_output() {
            match output {
                Output::Request { id, request, .. } => {
                    let links = match request.path.as_slice() == [".well-known", "core"] {
                        true => r#"</rd-lookup/ep>;rt="core.rd-lookup-ep""#,
                        false => r#"<coap://a/rd/1>;ep="node1";rt="core.rd-ep""#,
                    };
                    self.waiting.push_back((id, Response::content(ContentFormat::LINK_FORMAT, links)));
                }
                Output::Withdrawn { id, .. } => self.waiting.retain(|(waiting, _)| *waiting != id),
                Output::Response { exchange, response } => self.told.push((exchange, response.code)),
                _ => {}
            }
        }
    }
}

#[test]
fn who_asks_a_source_more_at_once_than_it_answers_keeps_nobody_from_it() {
    let mut queued = Queued::new();
    let asked: Vec<ExchangeId> = (0..60).map(|node| queued.ask("coap://many", &format!("ep=node{node}"))).collect();
    let codes = |queued: &Queued| asked.iter().filter_map(|exchange| queued.told(*exchange)).collect::<Vec<Code>>();
    while codes(&queued).len() < asked.len() {
        queued.pass(1);
    }
    let told = codes(&queued);
    assert!(told.contains(&Code::CONTENT) && told.contains(&Code::GATEWAY_TIMEOUT), "{told:?}");
    let other = queued.ask("coap://other", "ep=node60");
    queued.pass(3);
    assert_eq!(queued.told(other), Some(Code::CONTENT));
}

#[test]
fn a_source_that_has_fallen_silent_is_away_however_lately_it_answered() {
    let mut queued = Queued::new();
    let answered = queued.ask("coap://client", "ep=node1");
    queued.pass(3);
    assert_eq!(queued.told(answered), Some(Code::CONTENT));
    queued.is_silent = true;
    let unanswered = queued.ask("coap://client", "ep=node2");
    queued.pass(20);
    assert_eq!(queued.told(unanswered), Some(Code::GATEWAY_TIMEOUT));
    let next = queued.ask("coap://client", "ep=node3");
    assert_eq!(queued.told(next), Some(Code::GATEWAY_TIMEOUT), "at once");
}

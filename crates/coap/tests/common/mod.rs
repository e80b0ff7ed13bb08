//! A service, raw messages and a network without a network, for tests.
#![allow(dead_code, unreachable_pub, clippy::std_instead_of_alloc, clippy::std_instead_of_core)]

use std::borrow::Borrow;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use coap_lite::{CoapOption, MessageType, Packet};
use waypost_coap::{Config, Endpoint, Path};
use waypost_rest::{
    Code, ContentFormat, ExchangeId, Observe, Output, Peer, Request, RequestFailure, RequestId, Response, Service,
};
use waypost_time::Instant;

/// A service that remembers what happened to it and answers by the first segment of the path.
///
/// | path | answer |
/// |---|---|
/// | `/echo` | the payload |
/// | `/text` | [`Shelf::text`], can be observed |
/// | `/slow` | none until [`Shelf::finish`] |
/// | `/group` | the query, or silence without one |
/// | other | 4.04 |
#[derive(Debug, Default)]
pub struct Shelf {
    pub text: Vec<u8>,
    pub max_age: Option<u32>,
    pub requests: Vec<(ExchangeId, Peer, Request)>,
    pub responses: Vec<(RequestId, Result<Response, RequestFailure>)>,
    pub group_responses: Vec<(RequestId, Peer, Response)>,
    pub cancelled: Vec<ExchangeId>,
    pub pending: Vec<ExchangeId>,
    pub observers: BTreeMap<ExchangeId, Vec<u8>>,
    pub asked: usize,
    out: VecDeque<Output>,
}

impl Shelf {
    pub fn with_text(text: impl Into<Vec<u8>>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub fn write(&mut self, text: impl Into<Vec<u8>>) {
        self.text = text.into();
        self.out.extend(self.observers.keys().map(|&exchange| Output::Changed { exchange }));
    }

    pub fn remove_text(&mut self) {
        self.text = b"gone".to_vec();
        self.out.extend(self.observers.keys().map(|&exchange| Output::Changed { exchange }));
    }

    pub fn finish(&mut self, response: Response) {
        let exchange = self.pending.remove(0);
        self.out.push_back(Output::Response { exchange, response });
    }

    pub fn ask(&mut self, id: u64, peer: Peer, request: Request) {
        self.out.push_back(Output::Request { id: RequestId(id), peer, request });
    }

    pub fn withdraw(&mut self, id: u64, peer: Peer) {
        self.out.push_back(Output::Withdrawn { id: RequestId(id), peer });
    }

    fn content(&self) -> Response {
        let mut response = Response::content(ContentFormat::TEXT_PLAIN, self.text.clone());
        response.max_age = self.max_age;
        response
    }
}

impl Service for Shelf {
    fn handle_request(&mut self, _: Instant, exchange: ExchangeId, peer: &Peer, request: Request) {
        self.requests.push((exchange, peer.clone(), request.clone()));
        let response = match request.path.first().map(String::as_str) {
            Some("echo") => Response::content(ContentFormat::TEXT_PLAIN, request.payload),
            Some("text") => {
                let mut response = self.content();
                if request.observe == Some(Observe::Register) {
                    response.is_observed = true;
                    self.observers.insert(exchange, self.text.clone());
                }
                response
            }
            Some("slow") => return self.pending.push(exchange),
            Some("group") if request.query.is_empty() => return self.out.push_back(Output::Silence { exchange }),
            Some("group") => Response::new(Code::CONTENT).with_payload(request.query.join("&")),
            Some("made") => {
                let mut response = Response::new(Code::CREATED);
                response.location_path = vec!["made".into(), "1".into(), String::new()];
                response
            }
            Some("proof") if request.echo.is_none() => {
                let mut response = Response::new(Code::UNAUTHORIZED);
                response.echo = Some("prove it".into());
                response
            }
            Some("proof") => Response::new(Code::CHANGED),
            Some("small") => Response::refusal(Code::REQUEST_ENTITY_TOO_LARGE, "over the limit of the service"),
            _ => Response::refusal(Code::NOT_FOUND, "no such resource"),
        };
        self.out.push_back(Output::Response { exchange, response });
    }

    fn heeds_if_match(&self, request: &Request) -> bool {
        request.path == ["made"]
    }

    fn handle_response(&mut self, _: Instant, request: RequestId, outcome: Result<Response, RequestFailure>) {
        self.responses.push((request, outcome));
    }

    fn handle_group_response(&mut self, _: Instant, request: RequestId, peer: &Peer, response: Response) {
        self.group_responses.push((request, peer.clone(), response));
    }

    fn handle_ready(&mut self, _: Instant, exchange: ExchangeId) {
        self.asked += 1;
        let Some(known) = self.observers.get_mut(&exchange) else { return };
        if *known == self.text {
            return;
        }
        known.clone_from(&self.text);
        let response = if self.text == b"gone" {
            self.observers.remove(&exchange);
            Response::new(Code::NOT_FOUND)
        } else {
            self.content()
        };
        self.out.push_back(Output::Notification { exchange, response });
    }

    fn handle_cancel(&mut self, _: Instant, exchange: ExchangeId) {
        self.observers.remove(&exchange);
        self.pending.retain(|&pending| pending != exchange);
        self.cancelled.push(exchange);
    }

    fn handle_timeout(&mut self, _: Instant) {}

    fn poll_output(&mut self) -> Option<Output> {
        self.out.pop_front()
    }

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}

/// An endpoint on a clock that the test turns, and a way to talk to it.
pub struct Bench {
    pub endpoint: Endpoint<Shelf>,
    pub now: Instant,
}

pub const SERVER: &str = "[2001:db8::1]:5683";
/// An address that counts as verified.
pub const NEAR: &str = "[::1]:40031";
/// An address that does not.
pub const FAR: &str = "[2001:db8::2]:61616";

impl Bench {
    pub fn new(shelf: Shelf) -> Self {
        Self::with(shelf, |_| {})
    }

    pub fn with(shelf: Shelf, configure: impl FnOnce(&mut Config)) -> Self {
        let mut config = Config::new([7; 16]);
        configure(&mut config);
        Self { endpoint: Endpoint::new(shelf, config), now: Instant::from_millis(1_000) }
    }

    pub fn shelf(&self) -> &Shelf {
        self.endpoint.service()
    }

    pub fn update<R>(&mut self, work: impl FnOnce(&mut Shelf) -> R) -> R {
        self.endpoint.update(self.now, work)
    }

    /// Has a datagram come in, and returns what goes out then, in full.
    pub fn bytes_from(&mut self, remote: &str, datagram: &[u8]) -> Vec<Vec<u8>> {
        self.endpoint.handle_datagram(self.now, path(remote), datagram);
        self.sent().into_iter().map(|(_, datagram)| datagram).collect()
    }

    pub fn from(&mut self, remote: &str, message: &Message) -> Vec<Message> {
        self.bytes_from(remote, &message.bytes()).iter().map(|datagram| Message::read(datagram)).collect()
    }

    /// Talks from an address that counts as verified.
    pub fn say(&mut self, message: impl Borrow<Message>) -> Vec<Message> {
        self.from(NEAR, message.borrow())
    }

    /// Talks and expects exactly one message in return.
    pub fn ask(&mut self, message: impl Borrow<Message>) -> Message {
        let mut answers = self.say(message);
        assert_eq!(answers.len(), 1, "{answers:?}");
        answers.remove(0)
    }

    pub fn sent(&mut self) -> Vec<(SocketAddr, Vec<u8>)> {
        std::iter::from_fn(|| self.endpoint.poll_output())
            .map(|datagram| {
                assert!(!datagram.path.is_multicast);
                (datagram.path.remote, datagram.payload.to_vec())
            })
            .collect()
    }

    pub fn messages(&mut self) -> Vec<Message> {
        self.sent().iter().map(|(_, datagram)| Message::read(datagram)).collect()
    }

    /// Lets time pass, each timer fired when it is due, and returns when what was sent.
    pub fn wait(&mut self, span: Duration) -> Vec<(Duration, Message)> {
        let (start, end) = (self.now, self.now + span);
        let mut sent = Vec::new();
        for round in 0.. {
            assert!(round < 100_000, "the timers do not come to rest");
            let now = self.now;
            sent.extend(self.messages().into_iter().map(|message| (now.saturating_since(start), message)));
            match self.endpoint.poll_timeout() {
                Some(deadline) if deadline <= end => self.now = self.now.max(deadline),
                _ => break,
            }
            self.endpoint.handle_timeout(self.now);
        }
        self.now = end;
        sent
    }
}

pub fn path(remote: &str) -> Path {
    Path::new(SERVER.parse().unwrap(), remote.parse().unwrap())
}

/// A message as a test writes and reads it.
#[derive(Clone, PartialEq)]
pub struct Message(pub Packet);

pub fn request(kind: MessageType, code: &str, id: u16, path: &str) -> Message {
    let mut packet = Packet::new();
    packet.header.set_version(1);
    packet.header.set_type(kind);
    packet.header.set_code(code);
    packet.header.message_id = id;
    let mut message = Message(packet).token(&id.to_be_bytes());
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        message = message.option(11, segment.as_bytes());
    }
    message
}

pub fn get(id: u16, path: &str) -> Message {
    request(MessageType::Confirmable, "0.01", id, path)
}

pub fn post(id: u16, path: &str) -> Message {
    request(MessageType::Confirmable, "0.02", id, path)
}

pub fn empty(kind: MessageType, id: u16) -> Message {
    request(kind, "0.00", id, "").token(&[])
}

pub fn ack(id: u16) -> Message {
    empty(MessageType::Acknowledgement, id)
}

pub fn reset(id: u16) -> Message {
    empty(MessageType::Reset, id)
}

impl Message {
    pub fn read(datagram: &[u8]) -> Self {
        Self(Packet::from_bytes(datagram).expect("a message"))
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.0.to_bytes_unlimited().expect("a datagram")
    }

    pub fn non(mut self) -> Self {
        self.0.header.set_type(MessageType::NonConfirmable);
        self
    }

    pub fn token(mut self, token: &[u8]) -> Self {
        self.0.set_token(token.to_vec());
        self
    }

    pub fn option(mut self, number: u16, value: &[u8]) -> Self {
        self.0.add_option(CoapOption::from(number), value.to_vec());
        self
    }

    pub fn uint(self, number: u16, value: u32) -> Self {
        let bytes = value.to_be_bytes();
        self.option(number, &bytes[value.leading_zeros() as usize / 8..])
    }

    pub fn block1(self, number: u32, more: bool, exponent: u32) -> Self {
        self.uint(27, number << 4 | u32::from(more) << 3 | exponent)
    }

    pub fn block2(self, number: u32, exponent: u32) -> Self {
        self.uint(23, number << 4 | exponent)
    }

    pub fn payload(mut self, payload: impl AsRef<[u8]>) -> Self {
        self.0.payload = payload.as_ref().to_vec();
        self
    }

    pub fn kind(&self) -> MessageType {
        self.0.header.get_type()
    }

    pub fn id(&self) -> u16 {
        self.0.header.message_id
    }

    pub fn code(&self) -> String {
        self.0.header.get_code()
    }

    pub fn body(&self) -> &[u8] {
        &self.0.payload
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.0.payload).expect("text")
    }

    pub fn get(&self, number: u16) -> Option<&[u8]> {
        self.0.get_first_option(CoapOption::from(number)).map(Vec::as_slice)
    }

    pub fn number(&self, number: u16) -> Option<u32> {
        self.get(number).map(|value| value.iter().fold(0, |sum, &byte| sum << 8 | u32::from(byte)))
    }

    /// The number, the more flag and the size exponent of Block2 or Block1.
    pub fn block(&self, number: u16) -> Option<(u32, bool, u32)> {
        self.number(number).map(|value| (value >> 4, value & 8 != 0, value & 7))
    }
}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?} {} {:04x} {:02x?}", self.kind(), self.code(), self.id(), self.0.get_token())?;
        for (number, values) in self.0.options() {
            write!(f, " {number}={values:02x?}")?;
        }
        write!(f, " {}", String::from_utf8_lossy(&self.0.payload))
    }
}

/// Some text that is different everywhere.
pub fn long_text(len: usize) -> Vec<u8> {
    (0..).flat_map(|line| format!("line {line}\n").into_bytes()).take(len).collect()
}

//! The directory on a transport that is not Waypost's: the `coap` crate, its own handling of observation switched off.
//!
//! It shows all that a transport has to do: make a `Request` from a `Peer` of what comes in, send what comes out, keep the
//! time, and carry notifications. That crate knows no duplicates, and cuts responses into blocks as if requests had no query;
//! where that matters, there is `waypost::coap`.
//!
//! `cargo run --release --example transport -- [ADDR:PORT]`

use std::collections::HashMap;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant as Clock};

use coap::server::UdpCoapListener;
use coap_lite::{CoapOption, CoapRequest, MessageClass, MessageType, Packet};
use waypost::rest::{ContentFormat, ETag, ExchangeId, Method, Observe, Output, Peer, Request, Response, Service};
use waypost::server::{Server, ServerConfig};
use waypost::{Config, Directory, Instant, ReplicaId};

const HELP: &str = "\
A CoRE Resource Directory (RFC 9176) on the transport of the `coap` crate.

Usage: transport [ADDR:PORT]

  ADDR:PORT  listen here [127.0.0.1:5683]
  --help     show this

Prints `listening on coap://ADDR:PORT` when it is ready.";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let address = match address(std::env::args().skip(1)) {
        Ok(Some(address)) => address,
        Ok(None) => {
            let _ = writeln!(std::io::stdout(), "{HELP}");
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("transport: {problem}; see --help");
            return ExitCode::from(2);
        }
    };
    match serve(address).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("transport: {address}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads the arguments; `None` when help is wanted.
fn address(arguments: impl Iterator<Item = String>) -> Result<Option<SocketAddr>, String> {
    let mut address = None;
    for argument in arguments {
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            _ if argument.starts_with('-') || address.is_some() => return Err(format!("{argument} is not known")),
            _ => address = Some(argument.parse().map_err(|_| format!("{argument} is not ADDR:PORT"))?),
        }
    }
    Ok(Some(address.unwrap_or((Ipv4Addr::LOCALHOST, 5683).into())))
}

async fn serve(address: SocketAddr) -> std::io::Result<()> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    // Whoever started this may have read enough and gone.
    let _ = writeln!(std::io::stdout(), "listening on coap://{}", socket.local_addr()?);
    let listener = UdpCoapListener::from_socket(tokio::net::UdpSocket::from_std(socket.try_clone()?)?);
    let mut transport = coap::Server::from_listeners(vec![Box::new(listener)]);
    transport.automatic_observe_handling(true).await; // which switches it off
    // Simple registration would need requests in the other direction, which that crate does not send from its server port.
    let config = ServerConfig::default().without_simple_registration();
    let server = Server::new(Directory::new(Config::new(*b"a secret to keep", ReplicaId(1))), config);
    let host = Host { server, observers: HashMap::new(), started: Clock::now(), serial: 0, socket };
    let host = Arc::new(Mutex::new(host));
    let clock = host.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            clock.lock().unwrap().drain(None);
        }
    });
    transport.run(move |message| std::future::ready(host.lock().unwrap().serve(message))).await
}

/// The server, and what the transport has to know besides.
struct Host {
    server: Server,
    /// Who is told of changes, under which token, and the message that told last.
    observers: HashMap<ExchangeId, (SocketAddr, Vec<u8>, u16)>,
    started: Clock,
    serial: u64,
    socket: UdpSocket,
}

impl Host {
    fn now(&self) -> Instant {
        Instant::from_millis(self.started.elapsed().as_millis() as u64)
    }

    fn serve(&mut self, mut message: Box<CoapRequest<SocketAddr>>) -> Box<CoapRequest<SocketAddr>> {
        let (Some(source), id) = (message.source, message.message.header.message_id) else { return message };
        if message.message.header.get_type() == MessageType::Reset {
            self.end(|(address, _, last)| *address == source && *last == id);
        }
        let Some(request) = request(&message.message) else { return message };
        let token = message.message.get_token().to_vec();
        self.end(|(address, known, _)| *address == source && *known == token);
        self.serial += 1;
        let (exchange, peer) = (ExchangeId(self.serial), Peer::new(format!("coap://{source}")));
        self.server.handle_request(self.now(), exchange, &peer, request);
        let (Some(response), Some(answer)) = (self.drain(Some(exchange)), &mut message.response) else {
            return message;
        };
        fill(&mut answer.message, &response, 0);
        if response.is_observed {
            self.observers.insert(exchange, (source, token, 0));
        }
        message
    }

    /// Keeps the time, sends what the server has to say to others, and returns the answer to `asked`: it comes at once.
    fn drain(&mut self, asked: Option<ExchangeId>) -> Option<Response> {
        let (mut answer, now) = (None, self.now());
        if self.server.poll_timeout().is_some_and(|deadline| deadline <= now) {
            self.server.handle_timeout(now);
        }
        while let Some(output) = self.server.poll_output() {
            match output {
                Output::Response { exchange, response } if Some(exchange) == asked => answer = Some(response),
                Output::Changed { exchange } => self.server.handle_ready(now, exchange),
                Output::Notification { exchange, response } => self.notify(exchange, &response),
                _ => {}
            }
        }
        answer
    }

    fn notify(&mut self, exchange: ExchangeId, response: &Response) {
        let Some((address, token, last)) = self.observers.get_mut(&exchange) else { return };
        self.serial += 1;
        *last = self.serial as u16;
        let mut message = Packet::new();
        message.header.set_type(MessageType::NonConfirmable);
        message.header.message_id = *last;
        message.set_token(token.clone());
        fill(&mut message, response, self.serial as u32 & 0xff_ffff);
        if message.payload.len() > 1024 {
            message.payload.truncate(1024);
            message.add_option(CoapOption::Block2, vec![0x0e]);
        }
        // One that cannot be sent is a lost one.
        let _ = message.to_bytes().map(|datagram| self.socket.send_to(&datagram, *address));
    }

    fn end(&mut self, is_meant: impl Fn(&(SocketAddr, Vec<u8>, u16)) -> bool) {
        let now = self.now();
        for (exchange, _) in self.observers.extract_if(|_, observer| is_meant(observer)) {
            self.server.handle_cancel(now, exchange);
        }
    }
}

fn request(message: &Packet) -> Option<Request> {
    let texts = |option| {
        let values = message.get_option(option).into_iter().flatten();
        values.map(|value| String::from_utf8(value.clone()).ok()).collect::<Option<Vec<_>>>()
    };
    let number = |option| message.get_first_option(option).map(|v| v.iter().fold(0, |n, &b| n << 8 | u16::from(b)));
    let method = usize::from(u8::from(message.header.code)).checked_sub(1)?;
    let method = [Method::Get, Method::Post, Method::Put, Method::Delete].get(method).copied()?;
    let mut request = Request::new(method, texts(CoapOption::UriPath)?);
    request.query = texts(CoapOption::UriQuery)?;
    request.content_format = number(CoapOption::ContentFormat).map(ContentFormat);
    request.accept = number(CoapOption::Accept).map(ContentFormat);
    request.etags = message.get_option(CoapOption::ETag).into_iter().flatten().flat_map(|tag| ETag::new(tag)).collect();
    request.observe =
        number(CoapOption::Observe).and_then(|n| [Observe::Register, Observe::Deregister].get(usize::from(n)).copied());
    request.payload = message.payload.clone().into();
    Some(request)
}

fn fill(message: &mut Packet, response: &Response, sequence: u32) {
    let number = |value: u32| value.to_be_bytes()[value.leading_zeros() as usize / 8..].to_vec();
    message.header.code = MessageClass::from(response.code.as_u8());
    response.location_path.iter().for_each(|s| message.add_option(CoapOption::LocationPath, s.clone().into()));
    response.etag.iter().for_each(|tag| message.add_option(CoapOption::ETag, tag.as_bytes().to_vec()));
    response.content_format.iter().for_each(|f| message.add_option(CoapOption::ContentFormat, number(f.0.into())));
    response.max_age.iter().for_each(|&seconds| message.add_option(CoapOption::MaxAge, number(seconds)));
    if response.code.is_success() && (response.is_observed || sequence > 0) {
        message.add_option(CoapOption::Observe, number(sequence));
    }
    message.payload = response.payload.to_vec();
}

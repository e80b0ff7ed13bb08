//! What it costs to answer a datagram, from the datagram that comes to the one that goes, without the sockets.

use core::net::{Ipv4Addr, SocketAddr};

use criterion::{Criterion, criterion_group, criterion_main};
use waypost::Instant;
use waypost::coap::{Config, Endpoint, Path};
use waypost::rest::{Code, ExchangeId, Output, Peer, Request, RequestFailure, RequestId, Response, Service};
use waypost::server::{Server, ServerConfig};
use waypost_benches::fleet::{self, Documents};

const SIZE: usize = 100_000;
const CLIENTS: u16 = 16;

fn requests(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("request");
    let mut endpoint = Endpoint::new(Nothing::default(), Config::new(*b"only for benches"));
    let mut turn = 0;
    group.bench_function("of nothing", |bencher| {
        bencher.iter(|| ask(&mut endpoint, &mut turn, Code::CONTENT, point));
    });

    let mut config = ServerConfig::default();
    config.limits.registrations_per_peer = usize::MAX;
    config.limits.changes_per_minute = usize::MAX;
    config.limits.changes_per_minute_in_all = usize::MAX;
    let directory = fleet::directory(SIZE, 5, Documents::Fleet);
    let locations: Vec<_> = directory
        .endpoints(Instant::ZERO, &waypost::Query::all())
        .map(|found| found.location().as_str().rsplit('/').next().unwrap_or_default().to_owned())
        .collect();
    let mut endpoint = Endpoint::new(Server::new(directory, config), Config::new(*b"only for benches"));
    group.bench_function("of one endpoint", |bencher| {
        bencher.iter(|| ask(&mut endpoint, &mut turn, Code::CONTENT, point));
    });
    group.bench_function("to renew", |bencher| {
        bencher.iter(|| {
            ask(&mut endpoint, &mut turn, Code::CHANGED, |number, datagram| {
                datagram[1] = 2;
                datagram.extend(*b"\xb2rd");
                option(0, locations[number].as_bytes(), datagram);
            })
        });
    });
    group.finish();
}

/// Sends the next request, each client in turn, and takes the answer.
fn ask<S: Service>(
    endpoint: &mut Endpoint<S>,
    turn: &mut u32,
    expected: Code,
    write: impl FnOnce(usize, &mut Vec<u8>),
) -> usize {
    *turn = turn.wrapping_add(1);
    let client = *turn as u16 % CLIENTS;
    let [high, low] = ((*turn / u32::from(CLIENTS)) as u16).to_be_bytes();
    let mut datagram = Vec::with_capacity(64);
    datagram.extend([0x44, 1, high, low]);
    datagram.extend(turn.to_be_bytes());
    write(*turn as usize * 7919 % SIZE, &mut datagram);
    let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 5683));
    let path = Path::new(local, SocketAddr::from((Ipv4Addr::LOCALHOST, 40_000 + client)));
    endpoint.handle_datagram(Instant::from_millis(u64::from(*turn / 100)), path, &datagram);
    let answer = endpoint.poll_output().expect("an answer");
    assert_eq!(answer.payload[1], expected.as_u8());
    answer.payload.len()
}

/// Asks for the one endpoint of a name.
fn point(number: usize, datagram: &mut Vec<u8>) {
    datagram.extend(*b"\xb9rd-lookup\x02ep");
    option(4, format!("ep=node{number:08}").as_bytes(), datagram);
}

fn option(delta: u8, value: &[u8], datagram: &mut Vec<u8>) {
    datagram.extend([delta << 4 | 13, value.len() as u8 - 13]);
    datagram.extend(value);
}

/// A service that says the same to everybody.
#[derive(Debug, Default)]
struct Nothing(Option<Output>);

impl Service for Nothing {
    fn handle_request(&mut self, _: Instant, exchange: ExchangeId, _: &Peer, _: Request) {
        self.0 = Some(Output::Response { exchange, response: Response::new(Code::CONTENT) });
    }

    fn poll_output(&mut self) -> Option<Output> {
        self.0.take()
    }

    fn handle_response(&mut self, _: Instant, _: RequestId, _: Result<Response, RequestFailure>) {}
    fn handle_ready(&mut self, _: Instant, _: ExchangeId) {}
    fn handle_cancel(&mut self, _: Instant, _: ExchangeId) {}
    fn handle_timeout(&mut self, _: Instant) {}

    fn poll_timeout(&self) -> Option<Instant> {
        None
    }
}

criterion_group!(benches, requests);
criterion_main!(benches);

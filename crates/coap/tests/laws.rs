//! What holds whatever happens: two endpoints over a network that loses, repeats, delays and so reorders datagrams, and
//! an endpoint that is called in any order.

extern crate alloc;

mod common;

use alloc::collections::BTreeMap;
use core::time::Duration;
use std::collections::HashMap;

use common::{FAR, NEAR, SERVER, Shelf, long_text, path};
use proptest::prelude::*;
use waypost_coap::{Amplification, Config, Endpoint, Path, Usage};
use waypost_rest::{Code, ContentFormat, Method, Peer, Request};
use waypost_time::Instant;

const CLIENT: &str = "[2001:db8::2]:5683";

#[derive(Debug, Clone)]
struct Weather {
    /// Of 100 datagrams.
    lost: u32,
    repeated: u32,
    /// Milliseconds.
    delay: u64,
    seed: u64,
}

fn weather() -> impl Strategy<Value = Weather> {
    (0..40u32, 0..40u32, 0..30_000u64, any::<u64>()).prop_map(|(lost, repeated, delay, seed)| Weather {
        lost,
        repeated,
        delay,
        seed,
    })
}

/// Two endpoints and what is between them.
struct Net {
    now: Instant,
    ends: BTreeMap<&'static str, Endpoint<Shelf>>,
    under_way: BTreeMap<(Instant, u64), (&'static str, Path, Vec<u8>)>,
    weather: Weather,
    count: u64,
}

impl Net {
    fn new(weather: Weather, configure: impl Fn(&mut Config)) -> Self {
        let end = |address: &'static str, seed: u8| {
            let mut config = Config::new([seed; 16]);
            configure(&mut config);
            let mut endpoint = Endpoint::new(Shelf::default(), config);
            endpoint.add_local(address.parse().unwrap());
            (address, endpoint)
        };
        let ends = [end(SERVER, 1), end(CLIENT, 2)].into();
        Self { now: Instant::ZERO, ends, under_way: BTreeMap::new(), weather, count: 0 }
    }

    fn draw(&mut self) -> u64 {
        let seed = &mut self.weather.seed;
        *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        *seed >> 33
    }

    fn collect(&mut self) {
        for address in [SERVER, CLIENT] {
            while let Some(datagram) = self.ends.get_mut(address).unwrap().poll_output() {
                let copies = match self.draw() % 100 {
                    luck if luck < u64::from(self.weather.lost) => 0,
                    luck if luck >= 100 - u64::from(self.weather.repeated) => 2,
                    _ => 1,
                };
                for _ in 0..copies {
                    let delay = Duration::from_millis(self.draw() % (self.weather.delay + 1));
                    self.count += 1;
                    let to = if address == SERVER { CLIENT } else { SERVER };
                    assert_eq!(datagram.path.remote, to.parse().unwrap());
                    let arriving = Path::new(datagram.path.remote, datagram.path.local);
                    let place = (self.now + delay, self.count);
                    self.under_way.insert(place, (to, arriving, datagram.payload.to_vec()));
                }
            }
        }
    }

    /// Lets everything happen that is going to happen within `span`.
    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        loop {
            self.collect();
            let arrival = self.under_way.first_key_value().map(|(&(at, _), _)| at);
            let timers = self.ends.values().filter_map(Endpoint::poll_timeout);
            let Some(next) = timers.chain(arrival).min().filter(|&next| next <= end) else { break };
            self.now = self.now.max(next);
            if arrival == Some(next) {
                let (_, (to, path, datagram)) = self.under_way.pop_first().unwrap();
                self.ends.get_mut(to).unwrap().handle_datagram(self.now, path, &datagram);
            } else {
                for endpoint in self.ends.values_mut() {
                    if endpoint.poll_timeout().is_some_and(|at| at <= self.now) {
                        endpoint.handle_timeout(self.now);
                    }
                }
            }
        }
        self.now = end;
    }

    fn shelf(&self, address: &str) -> &Shelf {
        self.ends[address].service()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 200 } else { 4000 }))]

    #[test]
    fn a_request_arrives_at_most_once_and_has_one_outcome_and_bodies_are_whole(
        weather in weather(),
        sizes in proptest::collection::vec(0..4000usize, 1..4),
        exponent in 2..=6u8,
        amplification in prop_oneof![Just(Amplification::Unlimited), Just(Amplification::SmallBlocks)],
    ) {
        let mut net = Net::new(weather, |config| {
            config.block_exponent = exponent;
            config.amplification = amplification;
        });
        let server = Peer::new("coap://[2001:db8::1]");
        for (id, &size) in sizes.iter().enumerate() {
            let mut body = long_text(size);
            body.push(b'0' + id as u8);
            let request = Request::new(Method::Post, ["echo"])
                .with_query(format!("id={id}"))
                .with_payload(ContentFormat::TEXT_PLAIN, body);
            let now = net.now;
            net.ends.get_mut(CLIENT).unwrap().update(now, |shelf| shelf.ask(id as u64, server.clone(), request));
        }
        net.run(Duration::from_secs(12 * 60 * 60));

        let mut arrived = HashMap::new();
        for (_, _, request) in &net.shelf(SERVER).requests {
            *arrived.entry(request.query[0].clone()).or_insert(0) += 1;
            let id: usize = request.query[0][3..].parse().unwrap();
            prop_assert_eq!(request.payload.len(), sizes[id] + 1);
            prop_assert_eq!(&request.payload[..sizes[id]], &long_text(sizes[id])[..]);
        }
        prop_assert!(arrived.values().all(|&times| times == 1), "{:?}", arrived);
        let mut outcomes: Vec<_> = net.shelf(CLIENT).responses.iter().collect();
        outcomes.sort_by_key(|(id, _)| *id);
        prop_assert_eq!(outcomes.iter().map(|(id, _)| id.0).collect::<Vec<_>>(), (0..sizes.len() as u64).collect::<Vec<_>>());
        for (id, outcome) in outcomes {
            if let Ok(response) = outcome
                && response.code == Code::CONTENT
            {
                let size = sizes[id.0 as usize];
                prop_assert_eq!(response.payload.len(), size + 1);
                prop_assert_eq!(&response.payload[..size], &long_text(size)[..]);
            }
        }
        for endpoint in net.ends.values() {
            prop_assert_eq!(endpoint.usage(), Usage::default());
            prop_assert_eq!(endpoint.poll_timeout(), None);
        }
    }

    #[test]
    fn in_good_weather_everything_succeeds(
        sizes in proptest::collection::vec(0..20_000usize, 1..4),
        delay in 0..500u64,
        seed in any::<u64>(),
    ) {
        let mut net = Net::new(Weather { lost: 0, repeated: 20, delay, seed }, |_| {});
        for (id, &size) in sizes.iter().enumerate() {
            let request = Request::new(Method::Post, ["echo"])
                .with_query(format!("id={id}"))
                .with_payload(ContentFormat::TEXT_PLAIN, long_text(size));
            net.ends.get_mut(CLIENT).unwrap().update(Instant::ZERO, |shelf| {
                shelf.ask(id as u64, Peer::new("coap://[2001:db8::1]"), request);
            });
        }
        net.run(Duration::from_secs(600));
        let responses = &net.shelf(CLIENT).responses;
        prop_assert_eq!(responses.len(), sizes.len());
        for (id, outcome) in responses {
            let response = outcome.as_ref().unwrap();
            prop_assert_eq!((response.code, response.payload.len()), (Code::CONTENT, sizes[id.0 as usize]));
        }
    }
}

/// One call of an endpoint.
#[derive(Debug, Clone)]
enum Step {
    Datagram {
        from: usize,
        is_multicast: bool,
        datagram: Vec<u8>,
    },
    Wait(u64),
    Timeout,
    Poll(usize),
    Write(Vec<u8>),
    Finish,
    Ask(usize),
    /// Acknowledges, resets or answers what was sent last.
    Answer(u8),
}

fn step() -> impl Strategy<Value = Step> {
    let message = (0..4u8, 0..8u8, 0..6u16, 0..6usize, any::<bool>(), 0..4u32, 0..2u32, 0..40usize).prop_map(
        |(kind, code, id, place, has_observe, number, option, size)| {
            let kinds = [
                coap_lite::MessageType::Confirmable,
                coap_lite::MessageType::Confirmable,
                coap_lite::MessageType::NonConfirmable,
                coap_lite::MessageType::Acknowledgement,
            ];
            let codes = ["0.01", "0.01", "0.01", "0.02", "0.02", "0.00", "2.05", "0.05"];
            let paths = ["text", "text", "slow", "echo", "group", "made"];
            let mut message = common::request(kinds[usize::from(kind)], codes[usize::from(code)], id, paths[place]);
            if has_observe {
                message = message.uint(6, number & 1);
            }
            if number > 1 {
                message = if option == 0 { message.block2(number - 2, 0) } else { message.block1(number - 2, true, 0) };
            }
            message.payload(vec![b'p'; if option == 1 { 16 } else { size }]).bytes()
        },
    );
    prop_oneof![
        6 => (0..3usize, any::<bool>(), message)
            .prop_map(|(from, is_multicast, datagram)| Step::Datagram { from, is_multicast: is_multicast && from > 0, datagram }),
        1 => (0..3usize, proptest::collection::vec(any::<u8>(), 0..30))
            .prop_map(|(from, datagram)| Step::Datagram { from, is_multicast: false, datagram }),
        2 => (0..100_000u64).prop_map(Step::Wait),
        2 => Just(Step::Timeout),
        2 => (0..20usize).prop_map(Step::Poll),
        2 => (0..200usize).prop_map(|size| Step::Write(long_text(size))),
        1 => Just(Step::Finish),
        1 => (0..3usize).prop_map(Step::Ask),
        3 => (0..3u8).prop_map(Step::Answer),
    ]
}

const PEERS: [&str; 3] = [NEAR, FAR, "192.0.2.1:9"];

fn run(steps: &[Step]) -> (Vec<(Path, Vec<u8>)>, Usage) {
    let mut config = Config::new([9; 16]);
    let limits = &mut config.limits;
    (limits.observations, limits.observations_per_peer) = (4, 3);
    (limits.exchanges, limits.exchanges_per_peer) = (4, 3);
    (limits.requests, limits.requests_per_peer) = (3, 2);
    (limits.remembered, limits.remembered_per_peer) = (8, 4);
    (limits.upload_bytes, limits.download_bytes) = (48, 300);
    limits.peers = 3;
    let limits = limits.clone();
    let mut endpoint = Endpoint::new(Shelf::default(), config);
    let mut now = Instant::ZERO;
    let mut sent = Vec::new();
    let mut asked = 0;
    for step in steps {
        match step {
            Step::Datagram { from, is_multicast, datagram } => {
                let mut path = path(PEERS[*from]);
                path.is_multicast = *is_multicast;
                endpoint.handle_datagram(now, path, datagram);
            }
            Step::Wait(span) => now += Duration::from_millis(*span),
            Step::Timeout => endpoint.handle_timeout(now),
            Step::Poll(count) => {
                let datagrams = core::iter::from_fn(|| endpoint.poll_output()).take(*count);
                sent.extend(datagrams.map(|datagram| (datagram.path, datagram.payload.to_vec())));
            }
            Step::Write(text) => endpoint.update(now, |shelf| shelf.write(text.clone())),
            Step::Finish => endpoint.update(now, |shelf| {
                if !shelf.pending.is_empty() {
                    shelf.finish(waypost_rest::Response::new(Code::CHANGED));
                }
            }),
            Step::Ask(peer) => {
                asked += 1;
                let request = Request::new(Method::Get, ["x"]);
                endpoint.update(now, |shelf| shelf.ask(asked, path(PEERS[*peer]).peer(), request));
            }
            Step::Answer(how) => {
                if let Some((path, datagram)) = sent.last().filter(|(_, datagram)| datagram.len() >= 4) {
                    let answer = match how {
                        0 => vec![0x60, 0, datagram[2], datagram[3]],
                        1 => vec![0x70, 0, datagram[2], datagram[3]],
                        _ => [&[datagram[0] & 0xf | 0x60, 0x45][..], &datagram[2..4 + usize::from(datagram[0] & 0xf)]]
                            .concat(),
                    };
                    let path = *path;
                    endpoint.handle_datagram(now, path, &answer);
                }
            }
        }
        let usage = endpoint.usage();
        assert!(usage.observations <= limits.observations);
        assert!(usage.exchanges <= limits.exchanges);
        assert!(usage.requests <= limits.requests);
        assert!(usage.remembered <= limits.remembered);
        assert!(usage.upload_bytes <= limits.upload_bytes);
        assert!(usage.download_bytes <= limits.download_bytes);
        assert!(usage.peers <= limits.peers);
        assert_eq!(usage.observations, endpoint.service().observers.len());
        assert_eq!(usage.exchanges, endpoint.service().pending.len());
    }
    // Each request of the service has one outcome, in the end.
    for _ in 0..2_000 {
        while let Some(datagram) = endpoint.poll_output() {
            sent.push((datagram.path, datagram.payload.to_vec()));
        }
        let Some(next) = endpoint.poll_timeout() else { break };
        now = now.max(next);
        endpoint.handle_timeout(now);
    }
    let mut ids: Vec<_> = endpoint.service().responses.iter().map(|(id, _)| id.0).collect();
    ids.sort_unstable();
    assert_eq!(ids, (1..=asked).collect::<Vec<_>>());
    (sent, endpoint.usage())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(debug_assertions) { 500 } else { 20_000 }))]

    #[test]
    fn calls_in_any_order_keep_the_limits_and_equal_inputs_give_equal_outputs(
        steps in proptest::collection::vec(step(), 0..60),
    ) {
        let (sent, usage) = run(&steps);
        prop_assert_eq!(&run(&steps), &(sent, usage.clone()));
        prop_assert_eq!(usage, Usage::default());
    }
}

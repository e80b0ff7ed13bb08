//! Datagrams of several peers, and time, into a running endpoint with the real server behind it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::sync::LazyLock;
use std::time::Duration;

use waypost_coap::{Amplification, Config, Datagram, Endpoint, Path};
use waypost_directory::{Config as DirectoryConfig, Directory};
use waypost_link_delta::{CONTENT_FORMAT, LinkDelta, Tag};
use waypost_link_format::LinkDocument;
use waypost_model::{EndpointName, ReplicaId};
use waypost_rest::{ETag, Service};
use waypost_server::{EchoConfig, Server, ServerConfig};
use waypost_time::Instant;

/// Reads a story out of the input and lets it happen.
///
/// The first byte chooses a configuration. Then come steps, each a byte that says what and by whom, and what belongs to it:
/// a raw datagram, a request of ready-made parts, an answer to what was sent last, or time that passes.
pub fn datagram(data: &[u8]) {
    let Some((&setting, story)) = data.split_first() else { return };
    let mut world = World::new(setting);
    let mut story = Story(story);
    for _ in 0..MOST_STEPS {
        let Some(step) = story.byte() else { break };
        world.step(step, &mut story);
    }
    world.end();
}

struct World {
    endpoint: Endpoint<Server>,
    amplification: Amplification,
    now: Instant,
    /// For each peer, whether it may have shown that it receives what it asks for.
    is_trusted: [bool; PEERS.len()],
    last_sent: [Option<Vec<u8>>; PEERS.len()],
}

impl World {
    fn directory() -> Directory {
        let mut config = DirectoryConfig::new([1; 16], ReplicaId(1));
        (config.limits.registrations, config.limits.expired) = (8, 4);
        Directory::new(config)
    }

    fn new(setting: u8) -> Self {
        let mut server = ServerConfig::default();
        server.limits.observations = 6;
        if setting & 1 != 0 {
            server = server.with_echo(EchoConfig::new([2; 16]));
        }
        let mut config = Config::new([3; 16]);
        config.amplification = match setting >> 1 & 3 {
            0 => Amplification::Unlimited,
            1 => Amplification::Echo,
            _ => Amplification::SmallBlocks,
        };
        config.block_exponent = setting >> 3 & 7;
        if setting & 0x40 != 0 {
            let limits = &mut config.limits;
            limits.peers = 3;
            (limits.remembered, limits.remembered_per_peer, limits.remembered_bytes) = (8, 4, 400);
            (limits.exchanges, limits.exchanges_per_peer) = (3, 2);
            (limits.uploads_per_peer, limits.upload_bytes, limits.body) = (2, 96, 64);
            (limits.downloads_per_peer, limits.download_bytes) = (1, 200);
            (limits.observations, limits.observations_per_peer) = (4, 2);
            (limits.requests, limits.requests_per_peer, limits.response_body) = (2, 1, 128);
        }
        let amplification = config.amplification;
        let endpoint = Endpoint::new(Server::new(Self::directory(), server), config);
        let is_trusted = PEERS.map(|peer| peer.ip().is_loopback());
        Self { endpoint, amplification, now: Instant::ZERO, is_trusted, last_sent: Default::default() }
    }

    fn step(&mut self, step: u8, story: &mut Story<'_>) {
        let peer = usize::from(step >> 4 & 3);
        match step & 7 {
            0 => {
                let len = usize::from(story.byte().unwrap_or(0));
                self.receive(peer, step & 0x80 != 0, story.take(len));
            }
            1..=3 => {
                let request = story.request();
                self.receive(peer, step & 0x80 != 0, &request);
            }
            4 => {
                let how = story.byte().unwrap_or(0);
                if let Some(answer) = self.last_sent[peer].as_deref().and_then(|sent| answer(sent, how, story)) {
                    self.is_trusted[peer] = true;
                    self.receive(peer, false, &answer);
                }
            }
            5 => self.now += Duration::from_millis(u64::from(story.byte().unwrap_or(0)) << (step >> 3 & 15)),
            6 => {
                if let Some(deadline) = self.endpoint.poll_timeout() {
                    self.now = self.now.max(deadline);
                }
                self.timeout();
            }
            _ => self.timeout(),
        }
        self.check();
    }

    fn receive(&mut self, peer: usize, is_multicast: bool, datagram: &[u8]) {
        let remote = PEERS[peer];
        let path = if is_multicast { Path::multicast(LOCAL, remote) } else { Path::new(LOCAL, remote) };
        // What was asked before may be answered now.
        let is_first = self.endpoint.usage().exchanges == 0;
        self.endpoint.handle_datagram(self.now, path, datagram);
        let allowed = match self.amplification.allowance(datagram.len()) {
            Some(allowed) if !self.is_trusted[peer] => allowed.max(SMALLEST),
            _ => usize::MAX,
        };
        for sent in self.sent() {
            // What is sent besides is confirmable.
            if is_first && sent.path.remote == remote && sent.payload[0] >> 4 & 3 != 0 {
                assert!(sent.payload.len() <= allowed, "{} bytes for {}", sent.payload.len(), datagram.len());
                assert!(!is_multicast, "an answer without leisure");
            }
        }
        // It may have returned an Echo value, or answered a question.
        self.is_trusted[peer] |= datagram.first().is_some_and(|first| first >> 4 & 3 != 0)
            || datagram.get(1).is_some_and(|&code| code >= 32)
            || datagram.windows(2).any(|bytes| bytes == [0xd8, 0xef] || bytes[0] >> 4 == 13 && bytes[1] > 100);
    }

    fn timeout(&mut self) {
        self.endpoint.handle_timeout(self.now);
        self.sent();
    }

    /// Takes what goes out: boundedly much.
    fn sent(&mut self) -> Vec<Datagram> {
        let mut all = Vec::new();
        while let Some(sent) = self.endpoint.poll_output() {
            assert!(all.len() < 500, "more and more goes out");
            assert!(sent.payload.len() <= LARGEST, "{} bytes", sent.payload.len());
            let peer = PEERS.iter().position(|peer| *peer == sent.path.remote);
            if let Some(peer) = peer {
                self.last_sent[peer] = Some(sent.payload.to_vec());
            }
            all.push(sent);
        }
        all
    }

    fn check(&self) {
        let (usage, limits) = (self.endpoint.usage(), &self.endpoint.config().limits);
        assert!(usage.peers <= limits.peers);
        assert!(usage.remembered <= limits.remembered);
        assert!(usage.remembered_bytes <= limits.remembered_bytes);
        assert!(usage.exchanges <= limits.exchanges);
        assert!(usage.upload_bytes <= limits.upload_bytes);
        assert!(usage.download_bytes <= limits.download_bytes);
        assert!(usage.observations <= limits.observations);
        assert!(usage.requests <= limits.requests);
        let server = self.endpoint.service();
        assert_eq!(usage.observations, server.observations());
        assert!(server.directory().len() <= 8);
    }

    /// Lets time pass until nothing is under way any more.
    fn end(&mut self) {
        self.now += Duration::from_secs(3600);
        for _ in 0..100 {
            self.timeout();
            match self.endpoint.poll_timeout() {
                Some(deadline) if deadline <= self.now + Duration::from_secs(3600) => self.now = self.now.max(deadline),
                _ => break,
            }
        }
        let usage = self.endpoint.usage();
        assert_eq!((usage.exchanges, usage.requests, usage.upload_bytes, usage.download_bytes), (0, 0, 0, 0));
        assert!(self.endpoint.update(self.now, |server| server.poll_output().is_none()));
    }
}

/// The input, read from the front.
struct Story<'a>(&'a [u8]);

impl<'a> Story<'a> {
    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }

    fn take(&mut self, len: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Builds a request: method, message identifier, path, options and payload are each chosen by a byte.
    fn request(&mut self) -> Vec<u8> {
        let [shape, id, place] = [(); 3].map(|()| self.byte().unwrap_or(0));
        let mut datagram = vec![0x41 | (shape & 1) << 4, 1 + (shape >> 1 & 7), 0, id, shape >> 5];
        let mut options: Vec<(u16, Vec<u8>)> = PLACES[usize::from(place) % PLACES.len()]
            .unwrap_or(&LOCATION)
            .split('/')
            .map(|segment| (11, segment.as_bytes().to_vec()))
            .collect();
        let mut payload = Vec::new();
        for _ in 0..8 {
            let Some(what) = self.byte() else { break };
            match what & 15 {
                0 => break,
                1..=4 => options.push((15, ARGUMENTS[usize::from(what >> 4)].into())),
                5 => options.push((6, vec![what >> 4 & 1])),
                6 => match what >> 4 & 3 {
                    0 => options.push((12, vec![40])),
                    1 => options.push((17, CONTENT_FORMAT.to_be_bytes().to_vec())),
                    2 => {
                        options.push((12, CONTENT_FORMAT.to_be_bytes().to_vec()));
                        payload = delta(what >> 6);
                    }
                    // If-Match: whatever there is, or one of the documents.
                    _ if what >> 6 == 0 => options.push((1, Vec::new())),
                    _ => options.push((1, tag(LINKS[usize::from(what >> 6)]).as_bytes().to_vec())),
                },
                7 => options.push((23, vec![self.byte().unwrap_or(0)])),
                8 => {
                    let block = self.byte().unwrap_or(0);
                    options.push((27, vec![block]));
                    if block & 8 != 0 {
                        payload = LINKS[0].bytes().cycle().take(16 << (block & 7).min(6)).collect();
                    }
                }
                9 => payload = LINKS[usize::from(what >> 4) % LINKS.len()].into(),
                10 => {
                    let len = usize::from(self.byte().unwrap_or(0));
                    payload = self.take(len).to_vec();
                }
                11 => {
                    let len = usize::from(what >> 4);
                    options.push((15, self.take(len).to_vec()));
                }
                12 => {
                    let number = u16::from(self.byte().unwrap_or(0)) << (what >> 4 & 3);
                    options.push((number, self.take(usize::from(what >> 6)).to_vec()));
                }
                13 => options.push((60, vec![self.byte().unwrap_or(0)])),
                14 => options.push((258, vec![what >> 4])),
                _ => options.push((28, Vec::new())),
            }
        }
        options.sort_by_key(|(number, _)| *number);
        let mut previous = 0;
        for (number, value) in options {
            write_option(&mut datagram, number - previous, &value);
            previous = number;
        }
        if !payload.is_empty() {
            datagram.push(0xff);
            datagram.extend(payload);
        }
        datagram
    }
}

/// Encodes one of several deltas that concern the links of a registration.
fn delta(which: u8) -> Vec<u8> {
    let [before, after] = [LINKS[1], LINKS[2]].map(|links| LinkDocument::parse(links).expect("links"));
    let delta = LinkDelta::between(before, after);
    let delta = match which {
        0 => delta,
        1 => delta.starting_from(tag(LINKS[1])),
        2 => delta.starting_from(tag(LINKS[2])),
        _ => LinkDelta::whole(after),
    };
    delta.encode()
}

/// The entity tag that links go by.
fn tag(links: &str) -> Tag {
    Tag::new(ETag::of(links.as_bytes()).as_bytes()).expect("a tag")
}

/// Where the registration of the first endpoint is.
static LOCATION: LazyLock<String> = LazyLock::new(|| {
    let location = World::directory().locate(None, &EndpointName::new("a").expect("a name"));
    location.as_str().trim_start_matches('/').to_owned()
});

fn write_option(datagram: &mut Vec<u8>, delta: u16, value: &[u8]) {
    let mut tail = Vec::new();
    let nibble = |size: usize, tail: &mut Vec<u8>| match size {
        0..13 => size as u8,
        13..269 => {
            tail.push((size - 13) as u8);
            13
        }
        _ => {
            tail.extend(((size - 269) as u16).to_be_bytes());
            14
        }
    };
    let first = nibble(usize::from(delta), &mut tail) << 4 | nibble(value.len(), &mut tail);
    datagram.push(first);
    datagram.extend(tail);
    datagram.extend(value);
}

/// An acknowledgement, a reset, or a response to what was sent.
fn answer(sent: &[u8], how: u8, story: &mut Story<'_>) -> Option<Vec<u8>> {
    let (token_len, id) = (sent[0] & 15, sent.get(2..4)?);
    let token = sent.get(4..4 + usize::from(token_len))?;
    Some(match how & 3 {
        0 => [&[0x60, 0], id].concat(),
        1 => [&[0x70, 0], id].concat(),
        _ => {
            let kind = if how & 4 == 0 { 0x60 } else { 0x40 };
            let mut datagram = [&[kind | token_len, if how & 8 == 0 { 0x45 } else { 0x84 }], id, token].concat();
            write_option(&mut datagram, 12, &[40]);
            if how & 16 != 0 {
                write_option(&mut datagram, 11, &[story.byte().unwrap_or(0)]);
            }
            datagram.push(0xff);
            match how >> 5 {
                0 => datagram.extend(story.take(16)),
                which => datagram.extend(LINKS[usize::from(which) % LINKS.len()].bytes()),
            }
            datagram
        }
    })
}

const PEERS: [SocketAddr; 4] = [
    SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), 40001),
    SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 2)), 61616),
    SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 3), 5683, 0, 2)),
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 4)), 5683),
];
const LOCAL: SocketAddr = SocketAddr::new(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1)), 5683);
/// Paths; `None` stands for [`LOCATION`].
const PLACES: [Option<&str>; 7] = [
    Some("rd"),
    Some("rd-lookup/res"),
    Some("rd-lookup/ep"),
    Some(".well-known/core"),
    Some(".well-known/rd"),
    None,
    Some("elsewhere"),
];
const ARGUMENTS: [&str; 16] = [
    "ep=a",
    "ep=b",
    "ep=c",
    "d=x",
    "lt=1",
    "lt=90000",
    "base=coap://[2001:db8::9]",
    "rt=temperature-c",
    "rt=t*",
    "count=1",
    "page=0",
    "href=/*",
    "et=e",
    "con=",
    "provenance",
    "lt-age",
];
const LINKS: [&str; 4] = [
    r#"</t>;rt="temperature-c","#,
    r#"</t>;rt="temperature-c";if="s""#,
    r#"</l>;rt="light-lux",<coap://[2001:db8::7]/x>;anchor="/l";rel="alt""#,
    r#"</broken"#,
];
const MOST_STEPS: usize = 40;
/// A message of 1024 bytes with all its options.
const LARGEST: usize = 1024 + 128;
/// An answer that no allowance makes smaller: a location or an Echo value, or the smallest block.
const SMALLEST: usize = 136;

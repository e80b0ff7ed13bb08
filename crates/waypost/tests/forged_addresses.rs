//! Whoever bears the address of a client, and the client.
#![cfg(all(feature = "client", feature = "coap"))]

use core::time::Duration;

use waypost::client::{Lookup, LookupClient, LookupConfig, LookupEvent};
use waypost::coap::{Config as CoapConfig, Endpoint, Path};
use waypost::rest::Code;
use waypost::server::{Server, ServerConfig, ServerLimits};
use waypost::{Base, Config, Directory, EndpointName, Instant, LinkDocumentBuf, Registration, ReplicaId};

const SERVER: &str = "[2001:db8::1]:5683";
const CLIENT: &str = "[2001:db8::2]:40000";
/// The same host, and a port that nobody listens at.
const FORGED: &str = "[2001:db8::2]:40001";

/// A server that has 30 KB to look up, and lets one client do it every three seconds.
fn server() -> Endpoint<Server> {
    let mut directory = Directory::new(Config::new([1; 16], ReplicaId(1)));
    for number in 0..30 {
        let links = LinkDocumentBuf::parse(format!("</{}>", "x".repeat(1_000))).unwrap();
        let (name, base) = (format!("node{number}"), format!("coap://node{number}"));
        let registration = Registration::new(EndpointName::new(&name).unwrap(), Base::given(&base).unwrap(), links);
        directory.register(Instant::ZERO, registration).unwrap();
    }
    let limits = ServerLimits { look_up_work: 10_000, ..ServerLimits::default() };
    Endpoint::new(Server::new(directory, ServerConfig::default().with_limits(limits)), CoapConfig::new([2; 16]))
}

fn path(local: &str, remote: &str) -> Path {
    Path::new(local.parse().unwrap(), remote.parse().unwrap())
}

#[test]
fn a_client_gets_in_though_others_spend_what_its_host_may_have_before_it_is_verified() {
    let (mut server, mut now) = (server(), Instant::ZERO);
    let mut client = Endpoint::new(LookupClient::new(LookupConfig::new(3)), CoapConfig::new([4; 16]));
    client.add_local(CLIENT.parse().unwrap());
    let (mut forgeries, mut refusals) = (0_u16, 0);
    for tick in 0..400 {
        now += Duration::from_millis(100);
        server.handle_timeout(now);
        client.handle_timeout(now);
        // A GET of everything, confirmable, without a token: once in a while it is answered, which spends what there is.
        let mut forged = vec![0x40, 0x01];
        forged.extend_from_slice(&forgeries.to_be_bytes());
        forged.extend_from_slice(b"\xb9rd-lookup\x03res");
        forgeries += 1;
        server.handle_datagram(now, path(SERVER, FORGED), &forged);
        if tick == 300 {
            let uri = format!("coap://{SERVER}/rd-lookup/res").parse().unwrap();
            client.update(now, |client| client.look_up(now, Lookup::resources(uri, "".parse().unwrap()))).unwrap();
        }
        loop {
            let (to_client, to_server) = (server.poll_output(), client.poll_output());
            if to_client.is_none() && to_server.is_none() {
                break;
            }
            if let Some(datagram) = to_client.filter(|datagram| datagram.path.remote == CLIENT.parse().unwrap()) {
                refusals += u32::from(datagram.payload[1] == Code::TOO_MANY_REQUESTS.as_u8());
                client.handle_datagram(now, path(CLIENT, SERVER), &datagram.payload);
            }
            if let Some(datagram) = to_server {
                server.handle_datagram(now, path(SERVER, CLIENT), &datagram.payload);
            }
        }
        if let Some((_, event)) = client.update(now, LookupClient::poll_event) {
            let LookupEvent::Found(answer) = event else { panic!("{event:?}") };
            assert_eq!(refusals, 1, "or else the forgeries spend nothing");
            assert_eq!((answer.links.links().count(), tick), (30, 300));
            return;
        }
    }
    panic!("the client never got in");
}

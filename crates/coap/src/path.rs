use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use waypost_rest::Peer;

/// Between which two addresses a datagram travels, and whether it came to a group.
///
/// The zone of a link-local address is the scope identifier of the socket address; it never appears in a URI. With IPv4 there is
/// none, and link-local addresses ([RFC 3927]) are taken to be on one link: zone 0.
///
/// ```
/// use waypost_coap::Path;
///
/// let path = Path::new("[::1]:5683".parse()?, "[::1]:40031".parse()?);
/// assert_eq!(path.peer().uri, "coap://[::1]:40031");
/// assert!(!path.is_multicast);
/// # Ok::<(), std::net::AddrParseError>(())
/// ```
///
/// [RFC 3927]: https://www.rfc-editor.org/rfc/rfc3927
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Path {
    /// The address of this side, always that of one host: for a datagram that came to a group, the address that the
    /// answer goes out from.
    pub local: SocketAddr,
    /// The address of the other side.
    pub remote: SocketAddr,
    /// Whether the datagram was sent to a group.
    pub is_multicast: bool,
}

impl Path {
    /// Makes the path between two hosts.
    #[must_use]
    pub const fn new(local: SocketAddr, remote: SocketAddr) -> Self {
        Self { local, remote, is_multicast: false }
    }

    /// Makes the path of a datagram that came to a group and is answered from `local`.
    #[must_use]
    pub const fn multicast(local: SocketAddr, remote: SocketAddr) -> Self {
        Self { local, remote, is_multicast: true }
    }

    /// Returns the other side as a service sees it: its origin as a URI, and the zone where the address needs one.
    #[must_use]
    pub fn peer(&self) -> Peer {
        let peer = Peer::new(origin(self.remote));
        match (self.remote, self.remote.ip().to_canonical()) {
            (SocketAddr::V6(address), IpAddr::V6(ip)) if address.scope_id() != 0 && is_link_local(ip) => {
                peer.with_zone(address.scope_id())
            }
            (_, IpAddr::V4(ip)) if ip.is_link_local() => peer.with_zone(0),
            _ => peer,
        }
    }

    pub(crate) const fn unicast(self) -> Self {
        Self { is_multicast: false, ..self }
    }
}

/// Formats an address as `coap://host[:port]`, an IPv4 address that IPv6 carries in its own form.
fn origin(address: SocketAddr) -> String {
    let host = match address.ip().to_canonical() {
        IpAddr::V4(host) => format!("{host}"),
        IpAddr::V6(host) => format!("[{host}]"),
    };
    match address.port() {
        DEFAULT_PORT => format!("coap://{host}"),
        port => format!("coap://{host}:{port}"),
    }
}

/// Reads the address out of what [`origin`] wrote; `None` for other schemes, for names and for more than an origin.
pub(crate) fn address_of(peer: &Peer) -> Option<SocketAddr> {
    let authority = authority_of(peer)?;
    let address = match authority.parse::<SocketAddr>() {
        Ok(address) => address,
        Err(_) => {
            let host = match authority.strip_prefix('[') {
                Some(rest) => IpAddr::V6(rest.strip_suffix(']')?.parse().ok()?),
                None => IpAddr::V4(authority.to_owned().parse().ok()?),
            };
            SocketAddr::new(host, DEFAULT_PORT)
        }
    };
    Some(in_zone(address, peer.zone))
}

/// Reads the name of a host, and the port, out of the origin of a peer; `None` for other schemes, and for addresses.
pub(crate) fn name_of(peer: &Peer) -> Option<(&str, u16)> {
    let authority = authority_of(peer)?;
    let (name, port) = match authority.split_once(':') {
        Some((name, port)) => (name, port.parse().ok()?),
        None => (authority, DEFAULT_PORT),
    };
    let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    let is_address = name.parse::<Ipv4Addr>().is_ok();
    (is_name && !is_address && (1..=LONGEST_NAME).contains(&name.len())).then_some((name, port))
}

/// Returns an address that means something in a zone alone as one in that zone, unless it is in one already.
pub(crate) fn in_zone(address: SocketAddr, zone: Option<u32>) -> SocketAddr {
    match (address, zone) {
        (SocketAddr::V6(v6), Some(zone))
            if v6.scope_id() == 0 && (is_link_local(*v6.ip()) || v6.ip().is_multicast()) =>
        {
            SocketAddrV6::new(*v6.ip(), v6.port(), 0, zone).into()
        }
        _ => address,
    }
}

fn authority_of(peer: &Peer) -> Option<&str> {
    let authority = peer.uri.strip_prefix("coap://")?;
    Some(authority.strip_suffix('/').unwrap_or(authority))
}

const fn is_link_local(address: Ipv6Addr) -> bool {
    address.segments()[0] & 0xffc0 == 0xfe80
}

/// The port of the scheme `coap` ([RFC 7252 §6.1](https://www.rfc-editor.org/rfc/rfc7252#section-6.1)).
pub(crate) const DEFAULT_PORT: u16 = 5683;
/// What a Uri-Host can carry ([RFC 7252 §5.10](https://www.rfc-editor.org/rfc/rfc7252#section-5.10)).
const LONGEST_NAME: usize = 255;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_is_named_by_its_canonical_address_without_default_port_and_zone() {
        let local = "[::]:5683".parse().unwrap();
        for (remote, uri, zone) in [
            ("127.0.0.1:5683", "coap://127.0.0.1", None),
            ("127.0.0.1:40031", "coap://127.0.0.1:40031", None),
            ("[::ffff:192.0.2.1]:1", "coap://192.0.2.1:1", None),
            ("[2001:db8::1%3]:61616", "coap://[2001:db8::1]:61616", None),
            ("[fe80::17%2]:5683", "coap://[fe80::17]", Some(2)),
            ("169.254.0.17:5683", "coap://169.254.0.17", Some(0)),
            ("[::ffff:169.254.0.17]:5683", "coap://169.254.0.17", Some(0)),
        ] {
            let remote: SocketAddr = remote.parse().unwrap();
            let peer = Path::new(local, remote).peer();
            assert_eq!((&*peer.uri, peer.zone), (uri, zone));
            assert_eq!(address_of(&peer).unwrap().ip().to_canonical(), remote.ip().to_canonical());
        }
        for uri in ["coaps://[::1]", "coap://example.com", "coap://[::1", "coap://[::1]/path", "coap://"] {
            assert_eq!(address_of(&Peer::new(uri)), None, "{uri}");
        }
    }

    #[test]
    fn a_name_is_what_is_no_address() {
        for (uri, name) in [
            ("coap://localhost", Some(("localhost", 5683))),
            ("coap://rd-1.example.com.:61616", Some(("rd-1.example.com.", 61616))),
            ("coap://_rd.local/", Some(("_rd.local", 5683))),
            ("coap://192.0.2.1", None),
            ("coap://192.0.2.1:61616", None),
            ("coap://[::1]", None),
            ("coap://rd.example:", None),
            ("coap://rd.example:70000", None),
            ("coap://rd.example/rd", None),
            ("coap://rd%2eexample", None),
            ("coaps://rd.example", None),
            ("coap://", None),
        ] {
            assert_eq!(name_of(&Peer::new(uri)), name, "{uri}");
        }
    }
}

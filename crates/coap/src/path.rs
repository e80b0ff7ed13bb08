use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use core::net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV6};

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
    let authority = peer.uri.strip_prefix("coap://")?;
    let authority = authority.strip_suffix('/').unwrap_or(authority);
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
    match (address, peer.zone) {
        (SocketAddr::V6(v6), Some(zone)) if is_link_local(*v6.ip()) || v6.ip().is_multicast() => {
            Some(SocketAddrV6::new(*v6.ip(), v6.port(), 0, zone).into())
        }
        _ => Some(address),
    }
}

const fn is_link_local(address: Ipv6Addr) -> bool {
    address.segments()[0] & 0xffc0 == 0xfe80
}

/// The port of the scheme `coap` ([RFC 7252 §6.1](https://www.rfc-editor.org/rfc/rfc7252#section-6.1)).
pub(crate) const DEFAULT_PORT: u16 = 5683;

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
}

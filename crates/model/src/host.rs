use core::net::{Ipv4Addr, Ipv6Addr};

/// The host of a URI, as far as it is an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Host {
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    Name,
}

impl Host {
    pub(crate) fn new(host: &str) -> Self {
        if let Some(address) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return address.parse().map_or(Self::Name, Self::V6);
        }
        host.parse().map_or(Self::Name, Self::V4)
    }

    /// Whether the address means something on one link only.
    pub(crate) fn is_link_local(self) -> bool {
        match self {
            Self::V4(address) => address.is_link_local() || address.octets()[..3] == [224, 0, 0],
            Self::V6(address) => match address.to_ipv4_mapped() {
                Some(address) => Self::V4(address).is_link_local(),
                // fe80::/10, and every multicast group of link-local scope (RFC 4291 §2.7).
                None => address.segments()[0] & 0xffc0 == 0xfe80 || address.segments()[0] & 0xff0f == 0xff02,
            },
            Self::Name => false,
        }
    }
}

/// Whether a port is absent, empty or a number of 16 bits; the grammar of RFC 3986 allows any digits.
pub(crate) fn has_valid_port(port: Option<&str>) -> bool {
    port.is_none_or(|port| port.is_empty() || port.parse::<u16>().is_ok())
}

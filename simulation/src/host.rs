use std::net::{Ipv6Addr, SocketAddr};

use waypost_model::Authority;

/// The name of a machine in a world.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Host(u8);

impl Host {
    /// Names the machine that joined as the `nth`, from zero.
    pub(crate) fn nth(nth: usize) -> Self {
        Self(u8::try_from(nth).ok().filter(|nth| *nth < MOST).expect("a world of few machines"))
    }

    /// Returns the names of all machines that there can be.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..MOST).map(Self)
    }

    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }

    /// Returns the bit that stands for the machine in a set.
    pub(crate) const fn bit(self) -> u64 {
        1 << self.0
    }

    pub(crate) fn address(self) -> SocketAddr {
        (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(self.0) + 1), PORT).into()
    }

    /// Returns the machine at an address.
    pub(crate) fn at(address: SocketAddr) -> Option<Self> {
        let SocketAddr::V6(address) = address else { return None };
        let [0x2001, 0xdb8, 0, 0, 0, 0, 0, low] = address.ip().segments() else { return None };
        Some(Self(u8::try_from(low.checked_sub(1)?).ok()?))
    }

    /// Returns the name that the machine registers under.
    pub(crate) fn endpoint(self) -> String {
        format!("node{}", self.0)
    }

    /// Returns the machine that registers under a name.
    pub(crate) fn of_endpoint(name: &str) -> Option<Self> {
        let nth: u8 = name.strip_prefix("node")?.parse().ok()?;
        (nth < MOST).then_some(Self(nth))
    }

    /// Returns the URI that the machine is reached by.
    pub(crate) fn uri(self) -> String {
        format!("coap://[{}]", self.address().ip())
    }

    /// Returns the machine that is reached by a URI.
    pub(crate) fn of(uri: &str) -> Option<Self> {
        let authority = Authority::of(uri).ok()?;
        let address = authority.as_str().strip_prefix("coap://[")?.strip_suffix(']')?;
        Self::at((address.parse::<Ipv6Addr>().ok()?, PORT).into())
    }
}

/// All CoRE Resource Directories of a site ([RFC 9176 §9.5](https://www.rfc-editor.org/rfc/rfc9176#section-9.5)).
pub(crate) const DIRECTORIES: &str = "coap://[ff05::fe]";
const PORT: u16 = 5683;
const MOST: u8 = 64;

use alloc::string::String;
use alloc::vec::Vec;

use crate::Credential;

/// The other side of an exchange, as far as the transport knows it.
///
/// ```
/// use waypost_rest::Peer;
///
/// let peer = Peer::new("coap://[fe80::17]").with_zone(2);
/// assert_eq!(peer.uri, "coap://[fe80::17]");
/// assert_eq!(peer.zone, Some(2));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Peer {
    /// Scheme, address and port as the origin of a URI (`coap://[2001:db8::1]:61616`), the default port left out. It never
    /// carries a zone identifier; [`Peer::zone`] does.
    pub uri: String,
    /// The zone, by an interface number of the host, that the peer was heard in; given when the address is link-local.
    pub zone: Option<u32>,
    /// What the security layer proved about the peer; empty without one.
    pub credentials: Vec<Credential>,
    /// Whether the peer has shown that it receives what is sent to its address. Those that have and those that have not, who may be
    /// anybody, have [accounts](crate::Account) apart; a transport sends these an Echo value, by which they can show it, with
    /// [4.29](crate::Code::TOO_MANY_REQUESTS), and with what they are answered where they asked to observe and do not. Where nobody
    /// can bear the address of another, as on a connection, it is true.
    pub is_reachable: bool,
}

impl Peer {
    /// Makes a peer that is known by its origin URI alone.
    #[must_use]
    pub fn new(uri: impl Into<String>) -> Self {
        Self { uri: uri.into(), zone: None, credentials: Vec::new(), is_reachable: false }
    }

    /// Returns the peer as heard in a zone.
    #[must_use]
    pub fn with_zone(mut self, zone: u32) -> Self {
        self.zone = Some(zone);
        self
    }

    /// Returns the peer as one that has shown that it receives what is sent to its address.
    #[must_use]
    pub const fn reachable(mut self) -> Self {
        self.is_reachable = true;
        self
    }

    /// Returns the peer with one more proven credential.
    #[must_use]
    pub fn with_credential(mut self, credential: Credential) -> Self {
        self.credentials.push(credential);
        self
    }

    /// Returns the host alone, without the port.
    ///
    /// ```
    /// use waypost_rest::Peer;
    ///
    /// assert_eq!(Peer::new("coap://[2001:db8::1]:61616").host(), "[2001:db8::1]");
    /// ```
    #[must_use]
    pub fn host(&self) -> &str {
        let uri = self.uri.as_str();
        let authority = uri.split_once("://").map_or(uri, |(_, authority)| authority);
        let end_of_literal = authority.find(']').map_or(0, |end| end + 1);
        let port = authority[end_of_literal..].find(':');
        &authority[..port.map_or(authority.len(), |port| end_of_literal + port)]
    }
}

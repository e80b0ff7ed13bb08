use alloc::borrow::Cow;
use alloc::boxed::Box;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};

use percent_encoding::percent_decode_str;
use waypost_link_format::resolve;
use waypost_model::Authority;
use waypost_rest::{Method, Peer, Request};

/// The URI of a resource that can be asked for: whom to ask, for which path, with which query.
///
/// ```
/// use waypost_client::ResourceUri;
/// use waypost_rest::Method;
///
/// let uri = ResourceUri::new("coap://[2001:db8::1]/resourcedirectory/?x=a%20b")?;
/// assert_eq!(uri.peer().uri, "coap://[2001:db8::1]");
/// let request = uri.request(Method::Get);
/// assert_eq!(request.path, ["resourcedirectory", ""]);
/// assert_eq!(request.query, ["x=a b"]);
/// # Ok::<(), waypost_client::InvalidUri>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceUri {
    uri: Box<str>,
    authority: Authority,
    path: Vec<String>,
    query: Vec<String>,
    zone: Option<u32>,
}

impl ResourceUri {
    /// Reads a URI.
    ///
    /// # Errors
    ///
    /// When it is no URI with a host, when it has a fragment or user information, and when its path or query could not be
    /// carried by a request: dot segments, and octets that are not UTF-8 once percent-decoded.
    pub fn new(uri: &str) -> Result<Self, InvalidUri> {
        if uri.contains('#') {
            return Err(InvalidUri(Rule::Fragment));
        }
        let authority = Authority::of(uri).map_err(|_| InvalidUri(Rule::NotUri))?;
        let rest = uri.split_once("://").map_or("", |(_, rest)| rest);
        let rest = &rest[rest.find(['/', '?']).unwrap_or(rest.len())..];
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        let path = match path.strip_prefix('/').filter(|path| !path.is_empty()) {
            Some(path) => path.split('/').map(decode).collect::<Result<_, _>>()?,
            None => Vec::new(),
        };
        if path.iter().any(|segment| matches!(segment.as_str(), "." | "..")) {
            return Err(InvalidUri(Rule::DotSegment));
        }
        let arguments = query.into_iter().flat_map(|query| query.split('&')).filter(|argument| !argument.is_empty());
        let query = arguments.map(decode).collect::<Result<_, _>>()?;
        Ok(Self { uri: uri.into(), authority, path, query, zone: None })
    }

    /// Returns the URI as one that is reached in a zone, by an interface number of the host: what a link-local address
    /// means ([RFC 9176 §3.4](https://www.rfc-editor.org/rfc/rfc9176#section-3.4)).
    #[must_use]
    pub const fn in_zone(mut self, zone: u32) -> Self {
        self.zone = Some(zone);
        self
    }

    /// Returns the URI as given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.uri
    }

    /// Returns scheme, host and port.
    #[must_use]
    pub const fn authority(&self) -> &Authority {
        &self.authority
    }

    /// Returns the zone that the resource is reached in, where one was named.
    #[must_use]
    pub const fn zone(&self) -> Option<u32> {
        self.zone
    }

    /// Returns whom to ask.
    #[must_use]
    pub fn peer(&self) -> Peer {
        let mut peer = Peer::new(self.authority.as_str());
        peer.zone = self.zone;
        peer
    }

    /// Returns a request for the resource.
    #[must_use]
    pub fn request(&self, method: Method) -> Request {
        let mut request = Request::new(method, self.path.iter().cloned());
        request.query.clone_from(&self.query);
        request
    }

    /// Resolves a reference that was found at the resource. The zone stays.
    ///
    /// # Errors
    ///
    /// When it is no reference, or resolves to what is no [`ResourceUri`].
    pub fn resolve(&self, reference: &str) -> Result<Self, InvalidUri> {
        let uri: Cow<'_, str> = resolve(&self.uri, reference).map_err(|_| InvalidUri(Rule::NotUri))?;
        Ok(Self { zone: self.zone, ..Self::new(&uri)? })
    }

    /// Returns the resource at a path of the same host.
    pub(crate) fn sibling(&self, path: &str) -> Result<Self, InvalidUri> {
        Ok(Self { zone: self.zone, ..Self::new(&[self.authority.as_str(), path].concat())? })
    }

    /// Tells whether neither a path nor a query was given.
    #[must_use]
    pub fn is_host(&self) -> bool {
        self.path.is_empty() && self.query.is_empty()
    }

    /// Tells whether the host is the address of a group.
    #[must_use]
    pub fn is_group(&self) -> bool {
        is_group(&self.authority)
    }
}

impl fmt::Display for ResourceUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.uri)
    }
}

impl core::str::FromStr for ResourceUri {
    type Err = InvalidUri;

    fn from_str(uri: &str) -> Result<Self, InvalidUri> {
        Self::new(uri)
    }
}

impl From<Authority> for ResourceUri {
    fn from(authority: Authority) -> Self {
        Self { uri: authority.as_str().into(), authority, path: Vec::new(), query: Vec::new(), zone: None }
    }
}

/// Says why a text is no URI of a resource that can be asked for.
///
/// ```
/// use waypost_client::ResourceUri;
///
/// assert_eq!(ResourceUri::new("/rd").unwrap_err().to_string(), "must be a URI with a host");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidUri(Rule);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Rule {
    #[error("must be a URI with a host")]
    NotUri,
    #[error("must not have a fragment")]
    Fragment,
    #[error("must not have a segment of one or two dots")]
    DotSegment,
    #[error("must be UTF-8 when percent-decoded")]
    Utf8,
}

fn decode(part: &str) -> Result<String, InvalidUri> {
    let decoded = percent_decode_str(part).decode_utf8();
    decoded.map(|text| text.to_string()).map_err(|_| InvalidUri(Rule::Utf8))
}

fn is_group(authority: &Authority) -> bool {
    let host = authority.as_str().split_once("://").map_or("", |(_, host)| host);
    match host.strip_prefix('[').and_then(|host| host.split(']').next()) {
        Some(address) => address.parse::<Ipv6Addr>().is_ok_and(|address| address.is_multicast()),
        None => {
            host.split(':').next().is_some_and(|host| host.parse::<Ipv4Addr>().is_ok_and(|host| host.is_multicast()))
        }
    }
}

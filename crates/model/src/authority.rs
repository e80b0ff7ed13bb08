use alloc::borrow::ToOwned;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt;

use iri_string::types::UriStr;

use crate::host::{Host, has_valid_port};

/// One registration point as the world sees it: scheme, host and port.
///
/// Kept in one spelling: lower case, IPv6 addresses in their short form, the default port left out.
///
/// ```
/// use waypost_model::Authority;
///
/// let authority = Authority::new("CoAP://RD.Example:5683").unwrap();
/// assert_eq!(authority.as_str(), "coap://rd.example");
/// assert_eq!(authority, Authority::new("coap://rd.example/").unwrap());
/// assert!(Authority::new("coap://rd.example/rd").is_err());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(try_from = "String", into = "String"))]
pub struct Authority(Box<str>);

impl Authority {
    /// Reads a URI of scheme, host and port alone; a path of `/` is allowed and left out.
    ///
    /// # Errors
    ///
    /// When it is no URI, has no host, or has more than that.
    pub fn new(uri: &str) -> Result<Self, InvalidAuthority> {
        let uri = UriStr::new(uri).map_err(|_| InvalidAuthority(Rule::NotUri))?;
        let parts = uri.authority_components().ok_or(InvalidAuthority(Rule::NoHost))?;
        if !matches!(uri.path_str(), "" | "/") || uri.query().is_some() || uri.fragment().is_some() {
            return Err(InvalidAuthority(Rule::More));
        }
        if parts.userinfo().is_some() {
            return Err(InvalidAuthority(Rule::User));
        }
        if parts.host().is_empty() {
            return Err(InvalidAuthority(Rule::NoHost));
        }
        if !has_valid_port(parts.port()) {
            return Err(InvalidAuthority(Rule::Port));
        }
        let scheme = uri.scheme_str().to_ascii_lowercase();
        let host = match Host::new(parts.host()) {
            Host::V6(address) => format!("[{address}]"),
            Host::V4(_) | Host::Name => lower_case(parts.host()),
        };
        let port = parts.port().and_then(|port| port.parse::<u16>().ok()).filter(|port| !is_default(&scheme, *port));
        Ok(Self(match port {
            Some(port) => format!("{scheme}://{host}:{port}").into(),
            None => format!("{scheme}://{host}").into(),
        }))
    }

    /// Returns the authority of any URI, whatever path, query and fragment follow.
    ///
    /// ```
    /// use waypost_model::Authority;
    ///
    /// let authority = Authority::of("coap://[2001:DB8::1]:5683/reg/42").unwrap();
    /// assert_eq!(authority.as_str(), "coap://[2001:db8::1]");
    /// ```
    ///
    /// # Errors
    ///
    /// When it is no URI or has no host.
    pub fn of(uri: &str) -> Result<Self, InvalidAuthority> {
        let uri = UriStr::new(uri).map_err(|_| InvalidAuthority(Rule::NotUri))?;
        let authority = uri.authority_str().ok_or(InvalidAuthority(Rule::NoHost))?;
        Self::new(&format!("{}://{authority}", uri.scheme_str()))
    }

    /// Returns the authority as a URI without a path.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the scheme.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.0.split_once(':').map_or("", |(scheme, _)| scheme)
    }
}

impl fmt::Display for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::str::FromStr for Authority {
    type Err = InvalidAuthority;

    fn from_str(uri: &str) -> Result<Self, InvalidAuthority> {
        Self::new(uri)
    }
}

impl TryFrom<String> for Authority {
    type Error = InvalidAuthority;

    fn try_from(uri: String) -> Result<Self, InvalidAuthority> {
        Self::new(&uri)
    }
}

impl From<Authority> for String {
    fn from(authority: Authority) -> Self {
        authority.0.into()
    }
}

/// Where a registration was made: at this directory's own authority, or at another one.
///
/// ```
/// use waypost_model::{Authority, Origin};
///
/// assert!(Origin::default().is_local());
/// assert!(!Origin::Foreign(Authority::new("coap://rd.example").unwrap()).is_local());
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
pub enum Origin {
    /// At the authority that this directory serves.
    #[default]
    Local,
    /// At another authority; its locations are full URIs.
    Foreign(Authority),
}

impl Origin {
    /// Returns whether it is the authority that this directory serves.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        matches!(self, Self::Local)
    }
}

/// Says why a text is no authority.
///
/// ```
/// use waypost_model::Authority;
///
/// assert_eq!(Authority::new("/rd").unwrap_err().to_string(), "must be a URI");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidAuthority(Rule);

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
enum Rule {
    #[error("must be a URI")]
    NotUri,
    #[error("must have a host")]
    NoHost,
    #[error("must not have user information")]
    User,
    #[error("must have a port of at most 65535")]
    Port,
    #[error("must not have a path, query or fragment")]
    More,
}

/// Lower-cases a registered name, but writes the digits of percent-encodings in upper case (RFC 3986 §6.2.2.1).
fn lower_case(host: &str) -> String {
    let mut text = host.to_ascii_lowercase();
    let mut from = 0;
    while let Some(percent) = text[from..].find('%').map(|at| at + from) {
        let digits = percent + 1..(percent + 3).min(text.len());
        let upper = text[digits.clone()].to_ascii_uppercase().to_owned();
        text.replace_range(digits, &upper);
        from = percent + 1;
    }
    text
}

fn is_default(scheme: &str, port: u16) -> bool {
    match scheme {
        "coap" | "coap+tcp" => port == 5683,
        "coaps" | "coaps+tcp" => port == 5684,
        "http" | "ws" | "coap+ws" => port == 80,
        "https" | "wss" | "coaps+ws" => port == 443,
        _ => false,
    }
}

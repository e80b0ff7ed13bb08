use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use waypost_link_format::LinkDocument;
use waypost_rest::{Code, ContentFormat, Method, Request, Response};

use crate::{Fault, Limits, ResourceUri};

/// Which interfaces of a directory to discover: the resource types of [RFC 9176 §4.3].
///
/// ```
/// use waypost_client::Interfaces;
///
/// assert_eq!(Interfaces::All.resource_type(), "core.rd*");
/// assert!(Interfaces::Lookups.includes("core.rd-lookup-ep") && !Interfaces::Lookups.includes("core.rd"));
/// ```
///
/// [RFC 9176 §4.3]: https://www.rfc-editor.org/rfc/rfc9176#section-4.3
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Interfaces {
    /// Registration alone.
    Registration,
    /// Resource look-up alone.
    Resources,
    /// Endpoint look-up alone.
    Endpoints,
    /// All look-ups.
    Lookups,
    /// All of them.
    All,
}

impl Interfaces {
    /// Returns the value of `rt` that asks for them.
    #[must_use]
    pub const fn resource_type(self) -> &'static str {
        match self {
            Self::Registration => "core.rd",
            Self::Resources => "core.rd-lookup-res",
            Self::Endpoints => "core.rd-lookup-ep",
            Self::Lookups => "core.rd-lookup*",
            Self::All => "core.rd*",
        }
    }

    /// Tells whether a resource type is that of one of these interfaces.
    #[must_use]
    pub fn includes(self, resource_type: &str) -> bool {
        match self.resource_type().strip_suffix('*') {
            Some(prefix) => resource_type.starts_with(prefix),
            None => resource_type == self.resource_type(),
        }
    }

    /// Returns the request that discovers them at a host or a group.
    #[must_use]
    pub fn request(self, host: &ResourceUri) -> Request {
        let mut request = Request::new(Method::Get, [".well-known", "core"]);
        request.query.push(["rt=", self.resource_type()].concat());
        request.accept = Some(ContentFormat::LINK_FORMAT);
        request.is_multicast = host.is_group();
        request
    }

    /// Reads the interfaces out of the answer of a host, as absolute URIs without repetitions, in their order. Those that
    /// say by `ct` that they do not speak link-format come last.
    ///
    /// Interfaces may be elsewhere than at the host, as long as `schemes` has their scheme. Interfaces at groups are left
    /// out. White space in the document is passed over, as the examples of the standard have it.
    ///
    /// # Errors
    ///
    /// When the answer is not a 2.05 in link-format, or too large.
    pub fn read(
        self,
        host: &ResourceUri,
        response: &Response,
        schemes: &[impl AsRef<str>],
        limits: &Limits,
    ) -> Result<Vec<ResourceUri>, Fault> {
        let found = self.find(host, response, schemes, limits)?;
        Ok(found.into_iter().map(|interface| interface.uri).collect())
    }

    /// Reads the interfaces as [`read`](Self::read) does, with the formats that they say they speak.
    pub(crate) fn find(
        self,
        host: &ResourceUri,
        response: &Response,
        schemes: &[impl AsRef<str>],
        limits: &Limits,
    ) -> Result<Vec<Found>, Fault> {
        let text = link_format_of(response, limits.discovery_bytes)?;
        let document = LinkDocument::parse_lenient(text, |_| {})?;
        let core = host.sibling("/.well-known/core").map_err(|_| Fault::NoInterface)?;
        let (mut found, mut last) = (Vec::new(), Vec::new());
        for link in document {
            if !link.rt().any(|word| self.includes(&word)) {
                continue;
            }
            let Ok(uri) = core.resolve(link.target()) else { continue };
            let is_spoken = schemes.iter().any(|scheme| scheme.as_ref() == uri.authority().scheme());
            let is_known = found.iter().chain(&last).any(|known: &Found| known.uri == uri);
            if !is_spoken || uri.is_group() || is_known {
                continue;
            }
            let interface = Found { uri, formats: link.ct().map(ContentFormat).collect() };
            let speaks = interface.formats.is_empty() || interface.formats.contains(&ContentFormat::LINK_FORMAT);
            let list = if speaks { &mut found } else { &mut last };
            if list.len() < limits.interfaces {
                list.push(interface);
            }
        }
        found.append(&mut last);
        found.truncate(limits.interfaces);
        Ok(found)
    }
}

impl fmt::Display for Interfaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.resource_type())
    }
}

/// An interface that discovery found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) uri: ResourceUri,
    /// The content formats that it says it speaks.
    pub(crate) formats: Vec<ContentFormat>,
}

/// Returns the payload of a 2.05 in link-format.
pub(crate) fn link_format_of(response: &Response, longest: usize) -> Result<&str, Fault> {
    if response.code != Code::CONTENT {
        return Err(Fault::Code(response.code));
    }
    if let Some(format) = response.content_format.filter(|format| *format != ContentFormat::LINK_FORMAT) {
        return Err(Fault::Format(format));
    }
    if response.payload.len() > longest {
        return Err(Fault::TooLarge);
    }
    core::str::from_utf8(&response.payload).map_err(|_| {
        // What is not UTF-8 fails here as well, and says where.
        LinkDocument::parse_bytes(&response.payload).map_or_else(Fault::Links, |_| Fault::NoInterface)
    })
}

/// Returns how long a response is fresh (RFC 7252 §5.10.5).
pub(crate) fn max_age_of(response: &Response) -> Duration {
    response.max_age.map_or(DEFAULT_MAX_AGE, |seconds| Duration::from_secs(seconds.into()))
}

/// How long a response is fresh that does not say (RFC 7252 §5.10.5).
pub(crate) const DEFAULT_MAX_AGE: Duration = Duration::from_secs(60);

use alloc::format;
use core::time::Duration;

use waypost_model::Authority;

use crate::{InvalidUri, Rdao, ResourceUri};

/// Where a directory may be ([RFC 9176 §4.1]).
///
/// ```
/// use core::time::Duration;
/// use waypost_client::Candidate;
///
/// // Configured: a host, whose interfaces are still to be discovered, or the registration interface itself.
/// Candidate::new("coap://rd.example")?;
/// Candidate::new("coap://rd.example/rd")?;
/// // Learned from the network, with a lifetime.
/// Candidate::new("coap://[2001:db8::1]")?.valid_for(Duration::from_secs(600));
/// // A guess, say that the border router is a directory. It is tried very seldom if it is wrong.
/// Candidate::new("coap://[fe80::1]")?.in_zone(2).guessed();
/// // All directories in reach of a group.
/// Candidate::new("coap://[ff05::fe]")?;
/// # Ok::<(), waypost_client::InvalidUri>(())
/// ```
///
/// [RFC 9176 §4.1]: https://www.rfc-editor.org/rfc/rfc9176#section-4.1
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    pub(crate) uri: ResourceUri,
    pub(crate) valid_for: Option<Duration>,
    pub(crate) is_guess: bool,
    pub(crate) takes_link_deltas: bool,
}

impl Candidate {
    /// Reads a URI: one with a path names the registration interface, one without a host whose interfaces are to be
    /// discovered, and a group address all hosts that answer there.
    ///
    /// A service of DNS-SD is such a host: `coap://` with the name and port of the SRV record for `_core-rd._udp`, and
    /// `coaps://`, `coap+tcp://` and `coaps+tcp://` for its siblings
    /// ([RFC 9176 §4.1.2](https://www.rfc-editor.org/rfc/rfc9176#section-4.1.2)).
    ///
    /// # Errors
    ///
    /// As [`ResourceUri::new`].
    pub fn new(uri: &str) -> Result<Self, InvalidUri> {
        ResourceUri::new(uri).map(Self::from)
    }

    /// Returns the candidate as one that is valid for a time from now on, as RDAO, DHCP and DNS records say. Zero says that
    /// it is not valid any more.
    #[must_use]
    pub const fn valid_for(mut self, span: Duration) -> Self {
        self.valid_for = Some(span);
        self
    }

    /// Returns the candidate as one on a link, by an interface number of the host. A link-local address needs it.
    #[must_use]
    pub fn in_zone(mut self, zone: u32) -> Self {
        self.uri = self.uri.in_zone(zone);
        self
    }

    /// Returns the candidate as a guess: nobody said that there is a directory.
    #[must_use]
    pub const fn guessed(mut self) -> Self {
        self.is_guess = true;
        self
    }

    /// Returns the candidate as one whose registrations take [link deltas](waypost_link_delta). That counts where the URI names
    /// the registration interface; where it is discovered, discovery says so.
    #[must_use]
    pub const fn taking_link_deltas(mut self) -> Self {
        self.takes_link_deltas = true;
        self
    }

    /// Returns the URI.
    #[must_use]
    pub const fn uri(&self) -> &ResourceUri {
        &self.uri
    }

    /// Tells whether the URI is that of a group.
    #[must_use]
    pub fn is_group(&self) -> bool {
        self.uri.is_group()
    }
}

impl From<ResourceUri> for Candidate {
    fn from(uri: ResourceUri) -> Self {
        Self { uri, valid_for: None, is_guess: false, takes_link_deltas: false }
    }
}

impl From<Authority> for Candidate {
    fn from(authority: Authority) -> Self {
        ResourceUri::from(authority).into()
    }
}

impl From<Rdao> for Candidate {
    /// Makes a host of the address, valid for the lifetime. Where the address is link-local, add the zone that the option
    /// came from.
    fn from(option: Rdao) -> Self {
        let authority = Authority::new(&format!("coap://[{}]", option.address)).expect("an address makes an authority");
        Self::from(authority).valid_for(option.valid_for())
    }
}

/// Says why a candidate was not taken.
///
/// ```
/// use waypost_client::{Candidate, CandidateRefused, Description, Registrant, RegistrantConfig};
/// use waypost_model::EndpointName;
/// use waypost_time::Instant;
///
/// let description = Description::new(EndpointName::new("node1").unwrap());
/// let mut registrant = Registrant::new(description, RegistrantConfig::new(1));
/// let refused = registrant.add_directory(Instant::ZERO, Candidate::new("http://rd.example").unwrap());
/// assert_eq!(refused, Err(CandidateRefused::Scheme));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CandidateRefused {
    /// The scheme is not one that the transport speaks.
    #[error("the scheme is not spoken here")]
    Scheme,
    /// There are as many as [`Limits::candidates`](crate::Limits::candidates) allows.
    #[error("over the limit of candidates")]
    OverLimit,
}

use alloc::boxed::Box;
use core::time::Duration;

use waypost_link_format::{LinkBuf, LinkDocumentBuf};
use waypost_rest::ContentFormat;

use crate::{Open, Path, Policy, ServerLimits};

/// What a server is told at its start.
///
/// The default is an open directory at the paths of the examples of RFC 9176, without Echo.
///
/// ```
/// use waypost_server::{FirstComeFirstRemembered, ServerConfig};
///
/// let config = ServerConfig::default().with_policy(FirstComeFirstRemembered::new());
/// assert_eq!(config.paths.registration.as_str(), "/rd");
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct ServerConfig {
    /// Where the interfaces are.
    pub paths: Paths,
    /// Who may do what; [`Open`] by default.
    pub policy: Box<dyn Policy>,
    /// What peers can drive.
    pub limits: ServerLimits,
    /// How Echo is used; not at all by default.
    pub echo: Option<EchoConfig>,
    /// Whether simple registration is offered ([RFC 9176 §5.1](https://www.rfc-editor.org/rfc/rfc9176#section-5.1)); yes
    /// by default.
    pub simple_registration: bool,
    /// The content format of link deltas, which change the links of a registration by PATCH and iPATCH
    /// ([RFC 9176 §5.3.3](https://www.rfc-editor.org/rfc/rfc9176#section-5.3.3)), and tell observers what changes; by default
    /// [the number for experiments](waypost_link_delta::CONTENT_FORMAT) that clients take for them as well. Without one, deltas
    /// are neither taken nor announced.
    pub link_delta_format: Option<ContentFormat>,
    /// Where registrants are sent, if they cannot register here: links that are shown first in `/.well-known/core`, in the
    /// place of that to the registration interface. Nothing can be registered then. Not so by default.
    pub registration_elsewhere: Option<LinkDocumentBuf>,
    /// Links of the application, shown in `/.well-known/core` after those of the directory.
    pub links: LinkDocumentBuf,
    /// The link that tells what runs here, shown last in `/.well-known/core`
    /// ([RFC 9176 §4.3](https://www.rfc-editor.org/rfc/rfc9176#section-4.3)); by default this version of Waypost, with the
    /// relation `impl-info`.
    pub implementation: Option<LinkBuf>,
}

/// The paths of the interfaces.
///
/// ```
/// use waypost_server::{Path, Paths};
///
/// let paths = Paths { registration: Path::new("/resourcedirectory/")?, ..Paths::default() };
/// assert_eq!(paths.endpoints.as_str(), "/rd-lookup/ep");
/// # Ok::<(), waypost_server::InvalidPath>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// Registration; `/rd` by default. Locations of registrations are made under the path in the
    /// [configuration of the directory](waypost_directory::Config).
    pub registration: Path,
    /// Resource look-up; `/rd-lookup/res` by default.
    pub resources: Path,
    /// Endpoint look-up; `/rd-lookup/ep` by default.
    pub endpoints: Path,
    /// Discovery; `/.well-known/core` by default.
    pub discovery: Path,
    /// Simple registration; `/.well-known/rd` by default.
    pub simple_registration: Path,
}

/// How Echo is used ([RFC 9175](https://www.rfc-editor.org/rfc/rfc9175)).
///
/// ```
/// use waypost_server::EchoConfig;
///
/// let echo = EchoConfig::new([7; 16]);
/// assert!(echo.requires_freshness && echo.verifies_simple_registration);
/// ```
#[derive(Clone)]
pub struct EchoConfig {
    secret: [u8; 16],
    /// Whether a request that changes a registration must be fresh relative to the last change
    /// ([RFC 9176 §5.3.4](https://www.rfc-editor.org/rfc/rfc9176#section-5.3.4)).
    pub requires_freshness: bool,
    /// Whether a simple registration must prove its address before the peer is asked back
    /// ([RFC 9176 §5.1](https://www.rfc-editor.org/rfc/rfc9176#section-5.1)).
    pub verifies_simple_registration: bool,
    /// How long a value proves an address; five minutes by default.
    pub window: Duration,
}

impl EchoConfig {
    /// Makes a configuration that uses Echo for everything. The secret authenticates the values; take a new random one
    /// at each start, because the counter inside the values starts anew with the server.
    #[must_use]
    pub const fn new(secret: [u8; 16]) -> Self {
        Self { secret, requires_freshness: true, verifies_simple_registration: true, window: Duration::from_secs(300) }
    }

    pub(crate) const fn secret(&self) -> &[u8; 16] {
        &self.secret
    }
}

impl core::fmt::Debug for EchoConfig {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("EchoConfig")
            .field("requires_freshness", &self.requires_freshness)
            .field("verifies_simple_registration", &self.verifies_simple_registration)
            .field("window", &self.window)
            .finish_non_exhaustive()
    }
}

impl ServerConfig {
    /// Returns the configuration with a policy.
    #[must_use]
    pub fn with_policy(mut self, policy: impl Policy + 'static) -> Self {
        self.policy = Box::new(policy);
        self
    }

    /// Returns the configuration with limits.
    #[must_use]
    pub const fn with_limits(mut self, limits: ServerLimits) -> Self {
        self.limits = limits;
        self
    }

    /// Returns the configuration that uses Echo.
    #[must_use]
    pub fn with_echo(mut self, echo: EchoConfig) -> Self {
        self.echo = Some(echo);
        self
    }

    /// Returns the configuration with paths.
    #[must_use]
    pub fn with_paths(mut self, paths: Paths) -> Self {
        self.paths = paths;
        self
    }

    /// Returns the configuration that offers no registration, but links to where else there is one, such as
    /// `<coap://rd.example/rd>;rt="core.rd"`. These can be changed later by
    /// [`Server::send_registrants_to`](crate::Server::send_registrants_to).
    #[must_use]
    pub fn with_registration_elsewhere(mut self, links: LinkDocumentBuf) -> Self {
        self.registration_elsewhere = Some(links);
        self
    }

    /// Returns the configuration that shows links of the application in `/.well-known/core`.
    #[must_use]
    pub fn with_links(mut self, links: LinkDocumentBuf) -> Self {
        self.links = links;
        self
    }

    /// Returns the configuration with another implementation link, or without one.
    #[must_use]
    pub fn with_implementation(mut self, link: Option<LinkBuf>) -> Self {
        self.implementation = link;
        self
    }

    /// Returns the configuration without simple registration.
    #[must_use]
    pub const fn without_simple_registration(mut self) -> Self {
        self.simple_registration = false;
        self
    }
}

impl Default for ServerConfig {
    fn default() -> Self {
        Self {
            paths: Paths::default(),
            policy: Box::new(Open),
            limits: ServerLimits::default(),
            echo: None,
            simple_registration: true,
            link_delta_format: Some(ContentFormat(waypost_link_delta::CONTENT_FORMAT)),
            registration_elsewhere: None,
            links: LinkDocumentBuf::default(),
            implementation: LinkBuf::new(IMPLEMENTATION).and_then(|link| link.with("rel", "impl-info")).ok(),
        }
    }
}

impl Default for Paths {
    fn default() -> Self {
        let path = |path| Path::new(path).expect("a constant that tests cover");
        Self {
            registration: path("/rd"),
            resources: path("/rd-lookup/res"),
            endpoints: path("/rd-lookup/ep"),
            discovery: path("/.well-known/core"),
            simple_registration: path("/.well-known/rd"),
        }
    }
}

const IMPLEMENTATION: &str = concat!("https://docs.rs/waypost/", env!("CARGO_PKG_VERSION"));

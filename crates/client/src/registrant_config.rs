use alloc::boxed::Box;
use alloc::vec::Vec;

use waypost_rest::ContentFormat;

use crate::{Interfaces, Limits};

/// How a [`Registrant`](crate::Registrant) goes about it.
///
/// ```
/// use waypost_client::RegistrantConfig;
///
/// let mut config = RegistrantConfig::new(0x5eed);
/// config.is_simple = true;
/// assert_eq!(*config.schemes[0], *"coap");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct RegistrantConfig {
    /// What the delays are drawn from that keep a fleet from asking all at once. It should differ from device to device;
    /// equal seeds and equal inputs give equal outputs.
    pub seed: u64,
    /// Whether to register simply: the directory is asked to come and fetch the links, which it does at the very address
    /// and port that the request comes from ([RFC 9176 §5.1](https://www.rfc-editor.org/rfc/rfc9176#section-5.1)); not by
    /// default. There is no base then, and no removal: a simple registration expires.
    pub is_simple: bool,
    /// The schemes that the transport speaks; `coap` by default.
    pub schemes: Vec<Box<str>>,
    /// The content format of [link deltas](waypost_link_delta), by which changed links are told to a directory that announces it
    /// among the formats of its registration interface, and that names the links that it has by the ETag of its responses: a delta
    /// is for those alone. If a renewal is answered with the name of other links, such as replicas can come to that merge what was
    /// written at several, the endpoint registers again. By default the
    /// [number for experiments](waypost_link_delta::CONTENT_FORMAT). Without one, changed links are registered again instead.
    pub link_delta_format: Option<ContentFormat>,
    /// What discovery asks for: [`Interfaces::All`] by default, or [`Interfaces::Registration`], which makes the answer
    /// shorter.
    pub discovery: Interfaces,
    /// Bounds.
    pub limits: Limits,
}

impl RegistrantConfig {
    /// Makes the configuration with everything but the seed at its default.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            is_simple: false,
            schemes: Vec::from(["coap".into()]),
            link_delta_format: Some(ContentFormat(waypost_link_delta::CONTENT_FORMAT)),
            discovery: Interfaces::All,
            limits: Limits::default(),
        }
    }

    /// Returns the configuration for simple registration.
    #[must_use]
    pub const fn simple(mut self) -> Self {
        self.is_simple = true;
        self
    }

    /// Returns the configuration with these bounds.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

use alloc::boxed::Box;
use alloc::vec::Vec;

use waypost_rest::ContentFormat;

use crate::{Interfaces, Limits};

/// How a [`LookupClient`](crate::LookupClient) goes about it.
///
/// ```
/// use waypost_client::{Limits, LookupConfig};
///
/// let config = LookupConfig::new(1).with_limits(Limits { answer_bytes: 4096, ..Limits::default() });
/// assert_eq!(*config.schemes[0], *"coap");
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LookupConfig {
    /// What delays are drawn from. Equal seeds and equal inputs give equal outputs.
    pub seed: u64,
    /// The schemes that the transport speaks; `coap` by default.
    pub schemes: Vec<Box<str>>,
    /// What discovery asks for. By default it is the one kind of interface that a look-up needs.
    pub discovery: Option<Interfaces>,
    /// The content format of link deltas, for look-ups that are [observed by deltas](crate::Lookup::observed_by_deltas); by default
    /// the [number for experiments](waypost_link_delta::CONTENT_FORMAT).
    pub link_delta_format: ContentFormat,
    /// Bounds.
    pub limits: Limits,
}

impl LookupConfig {
    /// Makes the configuration with everything but the seed at its default.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            schemes: Vec::from(["coap".into()]),
            discovery: None,
            link_delta_format: ContentFormat(waypost_link_delta::CONTENT_FORMAT),
            limits: Limits::default(),
        }
    }

    /// Returns the configuration with these bounds.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

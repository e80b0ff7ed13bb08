use alloc::boxed::Box;
use alloc::vec::Vec;

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
    /// Bounds.
    pub limits: Limits,
}

impl LookupConfig {
    /// Makes the configuration with everything but the seed at its default.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self { seed, schemes: Vec::from(["coap".into()]), discovery: None, limits: Limits::default() }
    }

    /// Returns the configuration with these bounds.
    #[must_use]
    pub fn with_limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }
}

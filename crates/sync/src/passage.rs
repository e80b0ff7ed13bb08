use core::time::Duration;

/// How a source has come by what it mirrors of another authority.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Passage {
    /// Through how many directories it comes: one, where the source mirrors the authority itself.
    pub(crate) hops: u64,
    /// How much later than it seems at the source a registration may have been renewed; nothing, if that is not known.
    pub(crate) delay: Option<Duration>,
    /// How long ago the source had all that the authority had, as far as it knows; zero while it is in step and waits for no answer.
    pub(crate) age: Duration,
}

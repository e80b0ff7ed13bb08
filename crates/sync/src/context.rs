use waypost_directory::Directory;
use waypost_model::Authority;
use waypost_time::Instant;

use crate::SyncConfig;
use crate::passage::Passage;

/// What a source works with.
#[derive(Clone, Copy)]
pub(crate) struct Context<'c> {
    pub(crate) now: Instant,
    pub(crate) directory: &'c Directory,
    pub(crate) config: &'c SyncConfig,
    /// How this directory has come by all that it mirrors of an authority.
    pub(crate) passage: &'c dyn Fn(&Authority) -> Result<Passage, NotPassedOn>,
}

/// Says why an authority is not passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotPassedOn {
    /// It is not mirrored here, or not wholly.
    NotHeld,
    /// It was never read to its end.
    NotYet,
}

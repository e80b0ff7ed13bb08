use alloc::borrow::Cow;

use waypost_directory::Directory;
use waypost_model::{Dot, Version};
use waypost_time::Instant;

use super::{Follower, Surroundings, Taken};

/// What a source said that was refused, because the clock of who made it is too far ahead.
///
/// It does not count as held, and is asked for again after a while. Until then it is taken for told, so that nothing that comes
/// after it waits.
#[derive(Debug)]
pub(super) struct Early {
    upto: Version,
    /// When it is asked for again.
    pub(super) until: Instant,
}

impl Follower {
    /// Returns what is held of the source, or taken for told.
    pub(super) fn cursor<'c>(&'c self, directory: &'c Directory) -> Cow<'c, Version> {
        let held = match &self.anew {
            Some(anew) => &anew.cursor,
            None => directory.version_of(&self.origin),
        };
        let Some(early) = &self.early else { return Cow::Borrowed(held) };
        let mut told = held.clone();
        told.merge(&early.upto);
        Cow::Owned(told)
    }

    /// Takes the writes of a replica up to this one for told, if it is too early for one of them.
    pub(super) fn pass_early(&mut self, surroundings: &mut Surroundings<'_>, upto: Dot) -> Option<Taken> {
        let limits = &surroundings.config.limits;
        let until = surroundings.now + limits.retry_max;
        let early = self.early.get_or_insert(Early { upto: Version::new(), until });
        early.upto.insert(upto);
        (early.upto.len() > surroundings.directory.config().limits.replicas).then_some(Taken::Stopped)
    }

    /// Tells whether writes of a replica that came before this one were refused, so that it cannot count as held.
    pub(super) fn is_after_early(&self, upto: Dot) -> bool {
        self.early.as_ref().is_some_and(|early| early.upto.sequence(upto.replica) > 0)
    }

    /// Asks again for what was too early, when it is time to.
    pub(super) fn time_early(&mut self, now: Instant) {
        if self.early.take_if(|early| early.until <= now).is_some() {
            self.wake();
        }
    }
}

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use waypost_directory::ChangeRef;
use waypost_model::{Dot, Key, Version};

use super::{Follower, Surroundings};
use crate::SyncEvent;

/// Reading a source from the beginning: what was here then and it does not mention until the end is gone.
///
/// Only what is here is remembered: a source can tell of anything, and for as long as it likes.
#[derive(Debug, Default)]
pub(super) struct Anew {
    pub(super) cursor: Version,
    /// The writes that were here when it began, of which it has not told what they made.
    pub(super) unmentioned: BTreeSet<Dot>,
    /// Of which registrations here something was not taken. What it would take the place of is here alone, and not gone.
    pub(super) refused: BTreeSet<Key>,
}

impl Follower {
    /// Begins to read from the beginning.
    pub(super) fn start_anew(&mut self, surroundings: &mut Surroundings<'_>) {
        // Who has nothing misses nothing: there is no gap.
        let here = surroundings.directory.feed_of(surroundings.now, &self.origin, &Version::new());
        let puts = here.into_iter().flatten().filter(|change| matches!(change, ChangeRef::Put(_)));
        self.anew = Some(Anew { unmentioned: puts.map(|change| change.dot()).collect(), ..Anew::default() });
        (self.is_whole, self.is_outdated) = (false, false);
        self.beginnings.push(surroundings.now, &surroundings.config.limits);
        self.ask_anew(surroundings, false);
        (surroundings.events)(SyncEvent::StartedAnew { source: self.name.clone() });
    }

    /// Forgets what the source would have mentioned if it were still there.
    pub(super) fn finish_anew(&mut self, surroundings: &mut Surroundings<'_>) {
        let Some(anew) = self.anew.take() else { return };
        self.is_ahead = false;
        let written = |dot| surroundings.directory.written(surroundings.now, &self.origin, dot);
        let held = anew.unmentioned.into_iter().filter(|dot| anew.cursor.contains(*dot));
        let gone = held.filter_map(|dot| match written(dot)? {
            ChangeRef::Put(record) if !self.subject.may_have_let_expire(record.renewals()) => {
                Some((record.to_record().key, dot))
            }
            _ => None,
        });
        for (key, dot) in gone.filter(|(key, _)| !anew.refused.contains(key)).collect::<Vec<_>>() {
            surroundings.directory.forget_copy(surroundings.now, &key, &[dot].into_iter().collect());
        }
    }
}

use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use waypost_model::{Change, Key, Version};

use super::{Follower, Surroundings};
use crate::SyncEvent;

/// Reading a source from the beginning: what it does not mention in the end is gone.
#[derive(Debug, Default)]
pub(super) struct Anew {
    pub(super) cursor: Version,
    pub(super) mentioned: BTreeSet<Key>,
}

impl Follower {
    /// Begins to read from the beginning.
    pub(super) fn start_anew(&mut self, surroundings: &mut Surroundings<'_>) {
        self.anew = Some(Anew::default());
        (self.is_whole, self.is_outdated) = (false, false);
        self.beginnings.push(surroundings.now, &surroundings.config.limits);
        self.ask_anew(surroundings, false);
        (surroundings.events)(SyncEvent::StartedAnew { source: self.name.clone() });
    }

    /// Forgets what the source would have mentioned if it were still there.
    pub(super) fn finish_anew(&mut self, surroundings: &mut Surroundings<'_>) {
        let Some(anew) = self.anew.take() else { return };
        self.is_ahead = false;
        let Ok(feed) = surroundings.directory.feed_of(surroundings.now, &self.origin, &Version::new()) else {
            return;
        };
        let gone: Vec<_> = feed
            .filter(|change| anew.cursor.contains(change.dot()))
            .filter_map(|change| match change.to_change() {
                Change::Put { record, .. } if !self.subject.may_have_let_expire(record.renewals) => Some(record.key),
                _ => None,
            })
            .filter(|key| !anew.mentioned.contains(key))
            .collect();
        for key in gone {
            surroundings.directory.forget_copy(surroundings.now, &key, &anew.cursor);
        }
    }
}

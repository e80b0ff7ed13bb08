use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use waypost_directory::ChangeRef;
use waypost_model::{Dot, Key, Version};

use super::{Follower, Surroundings};
use crate::SyncEvent;

/// Reading a source from the beginning: what it does not mention in the end is gone.
#[derive(Debug, Default)]
pub(super) struct Anew {
    pub(super) cursor: Version,
    /// The writes of which it told what they made.
    pub(super) mentioned: BTreeSet<Dot>,
    /// Where that was not taken. What it would take the place of is here alone, and not gone.
    pub(super) refused: BTreeSet<Key>,
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
        let is_gone = |change: &ChangeRef<'_>| match change {
            ChangeRef::Put(record) => {
                let is_mentioned = anew.mentioned.contains(&record.dot());
                anew.cursor.contains(record.dot())
                    && !is_mentioned
                    && !self.subject.may_have_let_expire(record.renewals())
            }
            ChangeRef::Remove(_) => false,
        };
        let gone: Vec<(Key, Dot)> = feed
            .filter(is_gone)
            .map(|change| (change.to_change().key().clone(), change.dot()))
            .filter(|(key, _)| !anew.refused.contains(key))
            .collect();
        for (key, dot) in gone {
            surroundings.directory.forget_copy(surroundings.now, &key, &[dot].into_iter().collect());
        }
    }
}

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use waypost_directory::Directory;
use waypost_model::{Origin, Version};
use waypost_sketch::{Cell, Encoder};
use waypost_time::Instant;

use crate::Limits;
use crate::wire::Cells;

/// Comparisons that are under way: the cells of what was here when each began.
///
/// To make cells takes a look at everything there is, so what was begun is kept for the next question, for a while.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_key: BTreeMap<[u8; 16], Session>,
}

#[derive(Debug)]
struct Session {
    version: Version,
    encoder: Encoder,
    /// The index of the cell that the encoder makes next.
    next: u64,
    used: Instant,
}

impl Sessions {
    /// Encodes cells of everything local; `None` when there are too many comparisons at a time.
    pub(crate) fn cells(
        &mut self,
        now: Instant,
        directory: &Directory,
        limits: &Limits,
        key: [u8; 16],
        (from, count): (u64, u64),
    ) -> Option<Vec<u8>> {
        self.by_key.retain(|_, session| session.used + KEPT > now);
        if !self.by_key.contains_key(&key) && self.by_key.len() >= limits.reconciliations {
            return None;
        }
        let session = self.by_key.entry(key).or_insert_with(|| Session {
            version: directory.told_version(&Origin::Local),
            encoder: Encoder::new(key, directory.ids(now, &Origin::Local).map(|(id, _)| id)),
            next: 0,
            used: now,
        });
        session.used = now;
        if session.next != from {
            let start = usize::try_from(from).unwrap_or(usize::MAX);
            let encoder = core::mem::replace(&mut session.encoder, Encoder::new(key, []));
            session.encoder = encoder.starting_at(start);
            session.next = from;
        }
        let left = (limits.cells as u64).saturating_sub(from);
        let count = count.min(left).min((limits.answer_bytes / Cell::SIZE) as u64);
        let run: Vec<u8> = session.encoder.by_ref().take(count as usize).flat_map(Cell::to_bytes).collect();
        session.next += count;
        Some(Cells { version: session.version.clone(), run: &run }.encode())
    }
}

/// How long a comparison is kept that is not gone on with.
const KEPT: Duration = Duration::from_secs(60);

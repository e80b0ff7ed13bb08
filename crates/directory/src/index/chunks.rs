use alloc::vec::Vec;

use crate::{documents::Documents, entry::Entry};

/// What there is to know of each 256 slots, so that a page far into a result is found without a walk: how much is shown there,
/// and when that changed last.
#[derive(Debug, Clone, Default)]
pub(crate) struct Chunks {
    chunks: Vec<Chunk>,
    changes: u64,
}

/// What is shown in the slots of a chunk.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Chunk {
    pub(crate) registrations: u32,
    pub(crate) links: u32,
    /// The number of the last change.
    changed: u64,
}

/// Slots per chunk, as a power of two.
///
/// A page costs a walk over one chunk at most, and a step for each chunk. At this size the two are about even for a million
/// registrations.
const CHUNK_BITS: u32 = 8;

/// Returns the chunk of a slot.
pub(crate) fn chunk_of(slot: u32) -> usize {
    (slot >> CHUNK_BITS) as usize
}

/// Returns the first slot of a chunk.
pub(crate) fn first_slot(chunk: usize) -> u32 {
    (chunk as u32) << CHUNK_BITS
}

impl Chunks {
    /// Takes note of what was shown in a slot and what is.
    pub(crate) fn follow(&mut self, slot: u32, old: Option<&Entry>, new: Option<&Entry>, documents: &Documents) {
        match (old, new) {
            (None, None) => return,
            (Some(old), Some(new)) if are_found_alike(old, new) => return,
            _ => {}
        }
        let number = chunk_of(slot);
        if self.chunks.len() <= number {
            self.chunks.resize(number + 1, Chunk::default());
        }
        self.changes += 1;
        let chunk = &mut self.chunks[number];
        chunk.changed = self.changes;
        let links = |entry: &Entry| documents[entry.document].len();
        if let Some(old) = old {
            chunk.registrations -= 1;
            chunk.links -= links(old);
        }
        if let Some(new) = new {
            chunk.registrations += 1;
            chunk.links += links(new);
        }
    }

    /// Notes that look-ups may find something else anywhere.
    pub(crate) fn change_all(&mut self) {
        self.changes += 1;
        self.chunks.iter_mut().for_each(|chunk| chunk.changed = self.changes);
    }

    /// Returns the number of the last change.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// Returns which of the first `count` chunks changed after the change `since`.
    pub(crate) fn changed_since(&self, since: u64, count: usize) -> impl Iterator<Item = usize> {
        let changed = self.chunks.iter().take(count).enumerate().filter(move |(_, chunk)| chunk.changed > since);
        changed.map(|(number, _)| number)
    }

    pub(crate) fn len(&self) -> usize {
        self.chunks.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Chunk> {
        self.chunks.iter()
    }
}

/// Tells whether every look-up that finds one of two states of a registration finds the other as well.
fn are_found_alike(old: &Entry, new: &Entry) -> bool {
    (old.base(), old.foreign_uri(), old.attribute_text()) == (new.base(), new.foreign_uri(), new.attribute_text())
        && old.document == new.document
        // What is link-local is found from its zone.
        && (old.zone(), old.base_writer()) == (new.zone(), new.base_writer())
}

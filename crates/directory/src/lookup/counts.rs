use alloc::{vec, vec::Vec};

use crate::{
    Directory, Scope,
    documents::{Document, SHARED, first_link, slot_of},
    index::chunks::{chunk_of, first_slot},
    index::slot_set::SlotSet,
    lookup::Lookup,
    lookup::find::Candidates,
    lookup::plan::{Kind, Plan, words},
};

/// How many results of a look-up there are in each chunk of slots, as far as they were counted: the way to a page.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    /// Of the first chunks; further ones are counted when a page lies there.
    counts: Vec<u32>,
    /// The last change in the directory that is counted in.
    changes: u64,
}

/// If more than one in so many chunks changed, all are counted anew.
const FEW_CHANGED: usize = 16;
/// To pass over a result costs so many times as much as to count one id in a set.
const PASSING: u64 = 32;

impl Counts {
    /// Returns the slot to start at and how many results to pass over from there, to come to result number `skip` of a look-up;
    /// nothing if there are not so many.
    pub(crate) fn way_to(&mut self, skip: u64, lookup: &mut Lookup<'_>) -> Option<(u32, u64)> {
        if !lookup.is_up_to_date() {
            // What has expired and was not collected is in the sets, and its chunk has not changed yet.
            return Some((0, skip));
        }
        self.bring_up_to_date(lookup);
        let (mut chunk, mut before) = self.find(skip);
        if chunk == self.counts.len() && chunk < lookup.directory.index.chunks.len() {
            self.extend(skip, before, lookup);
            (chunk, before) = self.find(skip);
        }
        (chunk < self.counts.len()).then(|| (first_slot(chunk), skip - before))
    }

    /// Returns the chunk that a result is in, and how many there are before that chunk; or how many are counted at all.
    fn find(&self, skip: u64) -> (usize, u64) {
        let mut before = 0;
        for (chunk, count) in self.counts.iter().enumerate() {
            let after = before + u64::from(*count);
            if after > skip {
                return (chunk, before);
            }
            before = after;
        }
        (self.counts.len(), before)
    }

    fn bring_up_to_date(&mut self, lookup: &mut Lookup<'_>) {
        let chunks = &lookup.directory.index.chunks;
        if chunks.changes() < self.changes {
            // That is another directory.
            self.counts.clear();
        } else if chunks.changes() > self.changes {
            let changed: Vec<usize> = chunks.changed_since(self.changes, self.counts.len()).collect();
            if changed.len() > self.counts.len() / FEW_CHANGED + 1 {
                self.counts.clear();
            } else {
                for chunk in changed {
                    self.counts[chunk] = lookup.count_in(chunk) as u32;
                }
            }
        }
        self.changes = chunks.changes();
    }

    /// Counts on until result number `skip` is reached; `before` are counted.
    fn extend(&mut self, skip: u64, mut before: u64, lookup: &mut Lookup<'_>) {
        let end = lookup.directory.index.chunks.len();
        let to_pass = (skip - before).saturating_mul(PASSING);
        let ids = lookup.plan.ids();
        if ids < to_pass
            && lookup.plan.look(ids / PASSING)
            && let Some(counts) = lookup.plan.counts()
        {
            self.counts = counts;
            self.counts.resize(end, 0);
            for (chunk, count) in self.counts.iter_mut().enumerate() {
                if lookup.is_seen_from(chunk) {
                    *count = lookup.count_in(chunk) as u32;
                }
            }
            return;
        }
        let mut chunk = self.counts.len();
        let mut count = 0;
        lookup.go_to(first_slot(chunk), skip - before);
        while let Some((slot, results)) = lookup.count_next() {
            if chunk_of(slot) > chunk {
                self.counts.push(count as u32);
                before += count;
                (chunk, count) = (chunk_of(slot), 0);
                self.counts.resize(chunk, 0);
                if before > skip {
                    return;
                }
            }
            count += results;
        }
        self.counts.push(count as u32);
        self.counts.resize(end, 0);
    }
}

impl<'d> Plan<'d> {
    /// Counts the results in each chunk by the sets alone, whether everybody sees them or not; nothing if the sets do not tell.
    fn counts(&mut self) -> Option<Vec<u32>> {
        self.collect(u64::MAX);
        if !self.is_exact() {
            return None;
        }
        self.intersect();
        let chunks = &self.directory.index.chunks;
        if self.scope == Scope::Endpoints {
            return Some(match self.parts.is_empty() {
                true => chunks.iter().map(|chunk| chunk.registrations).collect(),
                false => self.common(0).counts(first_slot(1)).collect(),
            });
        }
        if self.parts.is_empty() {
            return Some(chunks.iter().map(|chunk| chunk.links).collect());
        }
        let part_of = |kind| self.parts.iter().find(|part| part.kind(self.scope) == Some(kind));
        match (part_of(Kind::Links), part_of(Kind::Slots)) {
            (Some(links), None) if self.parts.len() == 1 => Some(self.counts_of(links)),
            (Some(links), Some(slots)) if self.parts.len() == 2 => Some(self.counts_of_those_in(slots, links)),
            (None, Some(slots)) if self.parts.len() == 1 => Some(self.counts_of_all_in(slots)),
            _ => None,
        }
    }

    /// Counts the links of a part.
    fn counts_of(&self, links: &Candidates<'d>) -> Vec<u32> {
        let numbers = |chunk| first_link(first_slot(chunk))..=first_link(first_slot(chunk + 1)) - 1;
        let chunks = 0..self.directory.index.chunks.len();
        let mut counts: Vec<u32> = chunks.map(|chunk| links.links.count_in(numbers(chunk)) as u32).collect();
        for slot in self.directory.documents.leftovers.slots().clone().into_iter_from(0) {
            counts[chunk_of(slot)] -= links.links.word(first_link(slot)).count_ones();
        }
        for (document, links) in self.shared_links_of(links) {
            document.users().each_in(0..=u32::MAX, |slot| counts[chunk_of(slot)] += links);
        }
        counts
    }

    /// Counts the links of one part in the slots of another.
    fn counts_of_those_in(&self, slots: &Candidates<'d>, links: &Candidates<'d>) -> Vec<u32> {
        let mut of_slots = SlotSet::new(self.directory.registry.end());
        slots.slots.each_in(0..=u32::MAX, |slot| of_slots.insert(slot));
        let mut counts = vec![0; self.directory.index.chunks.len()];
        let mut add = |slot, links| {
            if of_slots.contains(slot) {
                counts[chunk_of(slot)] += links;
            }
        };
        links.links.each_in(0..=SHARED - 1, |link| add(slot_of(link), 1));
        for (document, links) in self.shared_links_of(links) {
            document.users().each_in(0..=u32::MAX, |slot| add(slot, links));
        }
        counts
    }

    /// Returns the documents of several users that have links of a part, and how many.
    fn shared_links_of(&self, part: &Candidates<'d>) -> impl Iterator<Item = (&'d Document, u32)> {
        part.shared(self.directory)
            .map(|document| (document, words(document).map(|start| part.links.word(start).count_ones()).sum()))
    }

    /// Counts all links in the slots of a part.
    fn counts_of_all_in(&self, part: &Candidates<'d>) -> Vec<u32> {
        let Directory { registry, documents, index, .. } = self.directory;
        let mut counts = vec![0; index.chunks.len()];
        part.slots.each_in(0..=u32::MAX, |slot| counts[chunk_of(slot)] += 1);
        for (number, (count, chunk)) in counts.iter_mut().zip(index.chunks.iter()).enumerate() {
            if *count == chunk.registrations {
                *count = chunk.links;
            } else if *count > 0 {
                *count = 0;
                part.slots.each_in(first_slot(number)..=first_slot(number + 1) - 1, |slot| {
                    *count += documents[registry[slot].document].len();
                });
            }
        }
        counts
    }
}

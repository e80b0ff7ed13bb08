use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use waypost_directory::{Directory, RecordRef};
use waypost_model::{Key, Origin, Version};
use waypost_sketch::{Cell, Decoder, Encoder, Limits as SketchLimits, Undecodable};
use waypost_time::{Instant, Jitter};

use crate::subject::Subject;
use crate::wire::{Cells, Question};
use crate::{Limits, Relation};

/// Finds out how what is here of a source differs from what is there, and mends it.
///
/// It asks for cells until they tell the difference, then for what is missing here. What is here and not there is forgotten if
/// the source knows of the write and it cannot have expired there by now.
#[derive(Debug)]
pub(crate) struct Reconciliation {
    subject: Subject,
    key: [u8; 16],
    encoder: Encoder,
    decoder: Decoder,
    /// Cells asked for so far.
    asked: u64,
    /// What the source held when it began.
    version: Version,
    step: Step,
    /// What is here and not there, with the writes that it was when that was found.
    gone: BTreeMap<Key, Version>,
    /// How many registrations there are on both sides, to tell when it is easier to read everything.
    size: usize,
    pub(crate) added: usize,
    pub(crate) removed: usize,
}

#[derive(Debug)]
enum Step {
    Compare,
    Fetch { wanted: Vec<u64> },
}

/// What came of an answer.
pub(crate) enum Progress {
    /// There is more to ask.
    On,
    /// Everything is mended, and this is held.
    Done(Version),
    /// It has to begin again without what the source has lost.
    Again,
    /// The cells contradict each other.
    Contradiction,
    /// The difference cannot be found so, or is most of what there is.
    Hopeless,
}

impl Reconciliation {
    pub(crate) fn new(
        now: Instant,
        directory: &Directory,
        origin: &Origin,
        subject: Subject,
        limits: &Limits,
        jitter: &mut Jitter,
    ) -> Self {
        let mut key = [0; 16];
        key.chunks_mut(8).for_each(|half| half.copy_from_slice(&jitter.bits().to_be_bytes()));
        let ids: Vec<u64> = directory.ids(now, origin).map(|(id, _)| id).collect();
        let mut sketch = SketchLimits::default();
        sketch.cells = limits.cells;
        Self {
            subject,
            key,
            size: ids.len(),
            encoder: Encoder::new(key, ids),
            decoder: Decoder::new(key, sketch),
            asked: 0,
            version: Version::new(),
            step: Step::Compare,
            gone: BTreeMap::new(),
            added: 0,
            removed: 0,
        }
    }

    /// Returns what to ask next.
    pub(crate) fn question(&mut self, limits: &Limits) -> Question {
        match &self.step {
            Step::Compare => {
                // Half as many again each time: little is asked in vain, and it does not take long.
                let from = self.decoder.next_index() as u64;
                let most = (limits.answer_bytes / Cell::SIZE).max(1) as u64;
                let count = (from / 2).max(FIRST_CELLS).min(most);
                self.asked = from + count;
                Question::Cells { subject: self.subject.clone(), key: self.key, from, count }
            }
            Step::Fetch { wanted } => {
                let ids = wanted.iter().copied().take(limits.ids).collect();
                Question::Entries { subject: self.subject.clone(), key: self.key, ids }
            }
        }
    }

    pub(crate) const fn is_fetching(&self) -> bool {
        matches!(self.step, Step::Fetch { .. })
    }

    /// Takes cells of the source.
    pub(crate) fn take_cells(
        &mut self,
        now: Instant,
        directory: &mut Directory,
        origin: &Origin,
        slack: Duration,
        cells: &Cells<'_>,
    ) -> Progress {
        self.version = cells.version.clone();
        let is_mirrored = self.subject.relation() == Relation::Mirror;
        if is_mirrored && self.decoder.next_index() == 0 && directory.forget_lost(now, origin, &self.version) {
            return Progress::Again;
        }
        let Ok(run) = Cell::parse(cells.run) else { return Progress::Hopeless };
        if run.len() == 0 {
            return Progress::Hopeless;
        }
        for there in run {
            let Some(here) = self.encoder.next() else { return Progress::Hopeless };
            match self.decoder.push(here, there) {
                Ok(true) => {
                    self.gone = self.gone(now, directory, origin, slack);
                    let wanted: Vec<u64> = self.decoder.only_there().collect();
                    self.step = Step::Fetch { wanted };
                    return self.progress(now, directory);
                }
                Ok(false) => {}
                Err(Undecodable::Contradiction) => return Progress::Contradiction,
                Err(_) => return Progress::Hopeless,
            }
        }
        // Once cells are most of what it takes to say everything, everything is said instead.
        let is_most = self.decoder.next_index() > self.size.max(SMALL);
        if is_most { Progress::Hopeless } else { Progress::On }
    }

    /// Notes that the answer to the last question for registrations was taken, with so many that were news.
    pub(crate) fn take_entries(
        &mut self,
        now: Instant,
        directory: &mut Directory,
        news: usize,
        limits: &Limits,
    ) -> Progress {
        self.added += news;
        if let Step::Fetch { wanted } = &mut self.step {
            wanted.drain(..wanted.len().min(limits.ids));
        }
        self.progress(now, directory)
    }

    /// Forgets, once everything that is there is here, what is gone. What was written anew is not.
    fn progress(&mut self, now: Instant, directory: &mut Directory) -> Progress {
        if !matches!(&self.step, Step::Fetch { wanted } if wanted.is_empty()) {
            return Progress::On;
        }
        for (key, writes) in core::mem::take(&mut self.gone) {
            self.removed += usize::from(directory.forget_copy(now, &key, &writes));
        }
        Progress::Done(self.version.clone())
    }

    /// Returns what the source knew and has no more.
    fn gone(&self, now: Instant, directory: &Directory, origin: &Origin, slack: Duration) -> BTreeMap<Key, Version> {
        let only_here: BTreeSet<u64> = self.decoder.only_here().collect();
        let mut gone: BTreeMap<Key, Version> = BTreeMap::new();
        if only_here.is_empty() {
            return gone;
        }
        // A replica may have let expire what it did not hear the renewals of. A source that is mirrored told of all there are.
        let is_replica = self.subject.relation() == Relation::Replica;
        let may_expire = |record: &RecordRef<'_>| is_replica && record.renewals() > 0;
        let ids = directory.ids(now, origin).filter(|(id, record)| only_here.contains(id) && !may_expire(record));
        for (_, record) in ids {
            let lifetime = record.lifetime().value.duration();
            let left = lifetime.saturating_sub(record.age());
            if self.version.contains(record.dot()) && left > slack.saturating_add(lifetime / AGE_FRACTION) {
                gone.entry(record.to_record().key).or_default().insert(record.dot());
            }
        }
        gone
    }
}

/// Cells of the first question.
const FIRST_CELLS: u64 = 32;
/// So few registrations are compared in any case.
const SMALL: usize = 256;
/// Ages may be rounded by this part of a lifetime: see the packing of renewals.
const AGE_FRACTION: u32 = 64;

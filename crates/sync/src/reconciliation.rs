use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::time::Duration;

use waypost_directory::{Directory, RecordRef};
use waypost_model::{Dot, Key, Origin, Version};
use waypost_sketch::{Cell, Decoder, Encoder, Limits as SketchLimits, Undecodable};
use waypost_time::{Instant, Jitter};

use crate::subject::Subject;
use crate::wire::{Cells, Question};
use crate::{Limits, Relation};

/// Finds out how what is here of a source differs from what is there, and mends it.
///
/// It asks for cells until they tell the difference, then for what is missing here, and then for the removals of what is here and
/// not there. Where the source remembers none, that is forgotten if everything missing could be taken, the source knows of the
/// write, and it cannot have expired there by now.
#[derive(Debug)]
pub(crate) struct Reconciliation {
    /// Where what is compared was made, as it is seen here.
    origin: Origin,
    subject: Subject,
    key: [u8; 16],
    encoder: Encoder,
    decoder: Decoder,
    /// How many cells, registrations or removals the last question was for.
    asked: usize,
    /// How many a question is for at most, since more were too many.
    most: usize,
    /// What was held here of the source when it began.
    here: Version,
    /// What the source held when it began.
    version: Version,
    step: Step,
    /// How much longer a registration must live, beyond the rounding of its age, to be missed at the source.
    slack: Duration,
    /// How many registrations there are on both sides, to tell when it is easier to read everything.
    size: usize,
    pub(crate) added: usize,
    pub(crate) removed: usize,
    /// Whether something could not be taken, now or at all. What it would take the place of is then here alone, and not gone.
    pub(crate) is_short: bool,
}

#[derive(Debug)]
enum Step {
    Compare,
    Fetch { wanted: Vec<u64> },
    FetchRemovals { wanted: Vec<u64> },
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
            origin: origin.clone(),
            subject,
            key,
            size: ids.len(),
            encoder: Encoder::new(key, ids),
            decoder: Decoder::new(key, sketch),
            asked: 0,
            most: usize::MAX,
            here: directory.version_of(origin).clone(),
            version: Version::new(),
            step: Step::Compare,
            slack: limits.renewal_delay * 2 + SLACK,
            added: 0,
            removed: 0,
            is_short: false,
        }
    }

    /// Returns what to ask next.
    pub(crate) fn question(&mut self, limits: &Limits) -> Question {
        match &self.step {
            Step::Compare => {
                // Half as many again each time: little is asked in vain, and it does not take long.
                let from = self.decoder.next_index();
                let room = (limits.answer_bytes / Cell::SIZE).max(1);
                self.asked = (from / 2).max(FIRST_CELLS).min(room).min(self.most);
                let (from, count) = (from as u64, self.asked as u64);
                Question::Cells { subject: self.subject.clone(), key: self.key, from, count }
            }
            Step::Fetch { wanted } | Step::FetchRemovals { wanted } => {
                self.asked = wanted.len().min(limits.ids).min(self.most);
                let ids = wanted[..self.asked].to_vec();
                Question::Entries { subject: self.subject.clone(), key: self.key, ids }
            }
        }
    }

    /// Asks for half as much from now on, as the answer would be too large; tells whether there is a half.
    pub(crate) const fn ask_for_less(&mut self) -> bool {
        let is_divisible = self.asked > 1;
        if is_divisible {
            self.most = self.asked / 2;
        }
        is_divisible
    }

    pub(crate) const fn is_fetching(&self) -> bool {
        !matches!(self.step, Step::Compare)
    }

    /// Takes cells of the source.
    pub(crate) fn take_cells(&mut self, now: Instant, directory: &mut Directory, cells: &Cells<'_>) -> Progress {
        self.version = cells.version.clone();
        let is_mirrored = self.subject.relation() == Relation::Mirror;
        if is_mirrored && self.decoder.next_index() == 0 {
            let held = self.held(directory.version_of(&self.origin));
            if directory.forget_lost(now, &self.origin, &held) {
                return Progress::Again;
            }
        }
        let Ok(run) = Cell::parse(cells.run) else { return Progress::Hopeless };
        if run.len() == 0 {
            return Progress::Hopeless;
        }
        for there in run {
            let Some(here) = self.encoder.next() else { return Progress::Hopeless };
            match self.decoder.push(here, there) {
                Ok(true) => {
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

    /// Returns what the source has not lost: what it held, and what has come from it since it was asked.
    fn held(&self, now_here: &Version) -> Version {
        let mut held = self.version.clone();
        let has_all = |dot: &Dot| self.version.sequence(dot.replica) >= self.here.sequence(dot.replica);
        now_here.iter().filter(has_all).for_each(|dot| held.insert(dot));
        held
    }

    /// Notes that what the last question for registrations or removals was answered is here.
    pub(crate) fn go_on(&mut self, now: Instant, directory: &mut Directory) -> Progress {
        if let Step::Fetch { wanted } | Step::FetchRemovals { wanted } = &mut self.step {
            wanted.drain(..self.asked);
        }
        self.progress(now, directory)
    }

    /// Goes on once everything that was asked for is here: with the removals of what is left, and then by forgetting what is gone.
    fn progress(&mut self, now: Instant, directory: &mut Directory) -> Progress {
        if matches!(&self.step, Step::Fetch { wanted } if wanted.is_empty()) {
            let wanted: BTreeSet<u64> = self.only_here(now, directory).map(|record| record.removal_id()).collect();
            self.step = Step::FetchRemovals { wanted: wanted.into_iter().collect() };
        }
        if !matches!(&self.step, Step::FetchRemovals { wanted } if wanted.is_empty()) {
            return Progress::On;
        }
        for (key, writes) in self.gone(now, directory) {
            self.removed += usize::from(directory.forget_copy(now, &key, &writes));
        }
        Progress::Done(self.version.clone())
    }

    /// Returns what is here and not there, as far as nothing has taken its place meanwhile.
    fn only_here<'d>(&'d self, now: Instant, directory: &'d Directory) -> impl Iterator<Item = RecordRef<'d>> {
        let only_here: BTreeSet<u64> = self.decoder.only_here().collect();
        let ids = (!only_here.is_empty()).then(|| directory.ids(now, &self.origin));
        ids.into_iter().flatten().filter_map(move |(id, record)| only_here.contains(&id).then_some(record))
    }

    /// Returns what the source knew and has no more.
    fn gone(&self, now: Instant, directory: &Directory) -> BTreeMap<Key, Version> {
        let is_known = |record: &RecordRef<'_>| !self.subject.may_have_let_expire(record.renewals());
        let mut gone: BTreeMap<Key, Version> = BTreeMap::new();
        if self.is_short {
            return gone;
        }
        for record in self.only_here(now, directory).filter(is_known) {
            let lifetime = record.lifetime().value.duration();
            let left = lifetime.saturating_sub(record.age());
            if self.version.contains(record.dot()) && left > self.slack.saturating_add(lifetime / AGE_FRACTION) {
                gone.entry(record.to_record().key).or_default().insert(record.dot());
            }
        }
        gone
    }
}

/// Cells of the first question.
const FIRST_CELLS: usize = 32;
/// So few registrations are compared in any case.
const SMALL: usize = 256;
/// Ages may be rounded by this part of a lifetime: see the packing of renewals.
const AGE_FRACTION: u32 = 64;
/// How much longer a registration must live, beyond the delay of renewals, to be missed at the source.
const SLACK: Duration = Duration::from_secs(60);

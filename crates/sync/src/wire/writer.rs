use alloc::vec::Vec;
use core::convert::Infallible;

use minicbor::Encoder;
use minicbor::encode::{Error, Write};
use waypost_directory::{ChangeRef, Digest, RenewalBatch, RenewalsCut};
use waypost_model::{Dot, Location, ReplicaId, Sector, Version};

use super::put::Audience;
use super::{ChangesQuestion, Mark, flags, names, passage, put, removal, renewals, version};
use crate::Relation;
use crate::passage::Passage;

/// Writes an answer: the changes of a feed, in their order, as runs.
#[derive(Debug)]
pub(crate) struct Writer<'q> {
    question: &'q ChangesQuestion,
    /// What the asker holds: the cursor of its question at first, and then what it was sent.
    holds: &'q Version,
    /// What the feed leads to.
    version: &'q Version,
    octets: Vec<u8>,
    /// How many octets more it would be if all links were told.
    saved: usize,
    run: Option<Run>,
    /// The replicas whose runs are written.
    written: Vec<ReplicaId>,
}

/// The run that is being written: its changes stand apart until it is known how many they are.
#[derive(Debug)]
struct Run {
    replica: ReplicaId,
    /// The last write that something was said of.
    last: u64,
    /// The last one that was looked at.
    passed: u64,
    count: u64,
    changes: Vec<u8>,
}

impl<'q> Writer<'q> {
    pub(crate) const fn new(question: &'q ChangesQuestion, holds: &'q Version, version: &'q Version) -> Self {
        Self { question, holds, version, octets: Vec::new(), saved: 0, run: None, written: Vec::new() }
    }

    /// Tells how long the answer is so far, with what deltas make of it.
    pub(crate) fn len(&self) -> usize {
        self.saved + self.octets.len() + self.run.as_ref().map_or(0, |run| run.changes.len())
    }

    /// Tells whether nothing is said of any write yet.
    pub(crate) const fn is_empty(&self) -> bool {
        self.run.is_none() && self.written.is_empty()
    }

    /// Says first how the source has come by what follows.
    pub(crate) fn passage(&mut self, passage: Passage) {
        let written = passage::write(&mut Encoder::new(&mut self.octets), passage);
        debug_assert!(written.is_ok(), "a vector takes everything");
    }

    /// Says, before the changes, what a selection is read from.
    pub(crate) fn mark(&mut self, Mark { replica, losses }: Mark) {
        let written = Encoder::new(&mut self.octets).array(2).and_then(|out| out.u64(replica.0)?.u64(losses).map(drop));
        debug_assert!(written.is_ok(), "a vector takes everything");
    }

    /// Adds a change. They come in the order of their dots. `place` is where the registration is, for a mirror.
    pub(crate) fn change(&mut self, change: &ChangeRef<'_>, place: Option<&Location>) {
        let holds = (!self.question.is_whole).then_some(self.holds);
        let place = place.map(Location::as_str);
        let audience = Audience { holds, is_trusted: self.question.subject.relation() == Relation::Replica };
        let mut saved = 0;
        self.add(change.dot(), |out, delta| match change {
            ChangeRef::Put(record) => put::write(out, record, delta, place, audience).map(|octets| saved = octets),
            ChangeRef::Remove(removed) => removal::write(out, removed, delta),
        });
        self.saved += saved;
    }

    /// Adds that a registration is not in what is asked for.
    pub(crate) fn leave(&mut self, change: &ChangeRef<'_>) {
        let (sector, endpoint) = match change {
            ChangeRef::Put(record) => (record.sector(), record.endpoint()),
            ChangeRef::Remove(removed) => {
                (removed.key().sector.as_ref().map(Sector::as_str), removed.key().endpoint.as_str())
            }
        };
        self.add(change.dot(), |out, delta| {
            names::write(out.array(4)?.u64(flags::LEFT)?.u64(delta)?, sector, endpoint)
        });
    }

    /// Notes that there is nothing to say of a change.
    pub(crate) fn pass(&mut self, dot: Dot) {
        self.run_of(dot).passed = dot.sequence;
    }

    fn add(&mut self, dot: Dot, write: impl FnOnce(&mut Encoder<&mut Vec<u8>>, u64) -> Result<(), Error<Infallible>>) {
        let run = self.run_of(dot);
        let delta = dot.sequence.saturating_sub(run.last);
        let written = write(&mut Encoder::new(&mut run.changes), delta);
        debug_assert!(written.is_ok(), "a vector takes everything");
        (run.last, run.passed) = (dot.sequence, dot.sequence);
        run.count += 1;
    }

    /// Returns the run that a dot belongs to, and ends the one before it.
    fn run_of(&mut self, dot: Dot) -> &mut Run {
        if self.run.as_ref().is_some_and(|run| run.replica != dot.replica) {
            self.end_run(true);
        }
        let after = self.holds.sequence(dot.replica);
        let new = || Run { replica: dot.replica, last: after, passed: after, count: 0, changes: Vec::new() };
        self.run.get_or_insert_with(new)
    }

    /// Ends an answer that says everything up to the version, what was renewed, and what all of it amounts to; or that the asker
    /// holds more than that. It also says how far the asker was told of what is beyond `settled`.
    pub(crate) fn complete(
        mut self,
        settled: &Version,
        renewals: &[RenewalBatch],
        digest: Option<Digest>,
        is_behind: bool,
    ) -> Vec<u8> {
        self.end_run(true);
        // Of what else there was, nothing is left to say but that.
        let mut reached = self.holds.clone();
        reached.merge(self.version);
        for Dot { replica, sequence } in reached.iter().filter(|dot| self.version.sequence(dot.replica) > 0) {
            let known = self.holds.sequence(replica).min(settled.sequence(replica));
            if sequence > known && !self.written.contains(&replica) {
                self.head(replica, sequence, 0);
            }
        }
        for batch in renewals {
            self.renewals(batch, None);
        }
        if is_behind {
            let mut out = Encoder::new(&mut self.octets);
            let written = out.array(1).map(drop).and_then(|()| version::write(&mut out, self.version));
            debug_assert!(written.is_ok(), "a vector takes everything");
        }
        if let Some(digest) = digest {
            let written =
                Encoder::new(&mut self.octets).u64(digest.count).and_then(|out| out.u64(digest.sum)).map(drop);
            debug_assert!(written.is_ok(), "a vector takes everything");
        }
        self.octets
    }

    /// Ends an answer that had to be cut, with some of what was renewed.
    pub(crate) fn cut(mut self, renewals: &[RenewalBatch], cut: Option<RenewalsCut>) -> Vec<u8> {
        self.end_run(false);
        for batch in renewals {
            self.renewals(batch, cut.filter(|cut| cut.owner == batch.owner));
        }
        self.octets.push(TRUE);
        if self.question.selection.is_some() {
            let written = version::write(&mut Encoder::new(&mut self.octets), self.version);
            debug_assert!(written.is_ok(), "a vector takes everything");
        }
        self.octets
    }

    fn end_run(&mut self, is_complete: bool) {
        let Some(run) = self.run.take() else { return };
        let upto = if is_complete { self.version.sequence(run.replica).max(run.passed) } else { run.passed };
        self.head(run.replica, upto, run.count);
        self.octets.extend_from_slice(&run.changes);
        self.written.push(run.replica);
    }

    fn head(&mut self, replica: ReplicaId, upto: u64, count: u64) {
        let after = self.holds.sequence(replica);
        let mut out = Encoder::new(&mut self.octets);
        let written = out.array(3 + count).and_then(|out| write_replica(out, self.question, replica));
        let written = written.and_then(|out| out.u64(after)?.u64(upto.saturating_sub(after)).map(drop));
        debug_assert!(written.is_ok(), "a vector takes everything");
    }

    fn renewals(&mut self, batch: &RenewalBatch, cut: Option<RenewalsCut>) {
        let mut out = Encoder::new(&mut self.octets);
        let written = out.map(1).and_then(|out| write_replica(out, self.question, batch.owner));
        let written = written.and_then(|out| {
            out.array(if cut.is_some() { 4 } else { 3 })?;
            out.u64(batch.after)?.u64(batch.upto - batch.after)?.bytes(&renewals::pack(batch))?;
            cut.map_or(Ok(()), |cut| out.u64(cut.sequence).map(drop))
        });
        debug_assert!(written.is_ok(), "a vector takes everything");
    }
}

/// Writes which replica it is about: its place in the cursor of the question, or its id.
fn write_replica<'e, W: Write>(
    out: &'e mut Encoder<W>,
    question: &ChangesQuestion,
    replica: ReplicaId,
) -> Result<&'e mut Encoder<W>, Error<W::Error>> {
    match question.cursor.iter().position(|dot| dot.replica == replica) {
        Some(index) => out.u64(index as u64),
        None => out.bytes(&replica.0.to_be_bytes()),
    }
}

/// The item `true`: more is to come.
const TRUE: u8 = 0xf5;

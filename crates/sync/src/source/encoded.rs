use alloc::vec::Vec;

use waypost_directory::{ChangeRef, Directory, FeedGap, RenewalBatch, RenewalsCut};
use waypost_model::{Dot, Location, Origin, Version};
use waypost_time::Instant;

use crate::Relation;
use crate::context::Context;
use crate::passage::Passage;
use crate::subject::Subject;
use crate::wire::{ChangesQuestion, Mark, Number, Selection, Writer};

/// An answer that was written, for the next who asks the same.
#[derive(Debug)]
pub(super) struct Encoded {
    pub(super) asked: Asked,
    current: Position,
    at: Instant,
    /// What it says, after the number of the question.
    pub(super) octets: Vec<u8>,
    pub(super) reached: Position,
    pub(super) is_complete: bool,
    /// How many registrations were looked at for it, and [what writing it counts](looks_of).
    pub(super) looks: u64,
}

/// What is asked for.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) question: ChangesQuestion,
    pub(super) holds: Position,
    /// How what is passed on has come here.
    pub(super) passage: Option<Passage>,
    /// Of a notification, what all observers hold for sure; nothing of an answer, which says what everything amounts to.
    pub(super) settled: Option<Position>,
}

/// How far one knows the history of an authority: its writes, and its renewals.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Position {
    pub(super) version: Version,
    pub(super) heard: Version,
    /// Where the renewals after these were cut, if they were.
    pub(super) cut: Option<RenewalsCut>,
}

impl Position {
    pub(super) fn of(directory: &Directory, origin: &Origin) -> Self {
        Self { version: directory.version_of(origin).clone(), heard: directory.heard(origin), cut: None }
    }

    pub(super) fn includes(&self, other: &Self) -> bool {
        self.version.includes(&other.version) && self.heard.includes(&other.heard)
    }

    /// Takes out what is beyond another one.
    pub(super) fn limit(&mut self, other: &Self) {
        for (own, other) in [(&mut self.version, &other.version), (&mut self.heard, &other.heard)] {
            let common = own.iter().map(|dot| Dot::new(dot.replica, dot.sequence.min(other.sequence(dot.replica))));
            *own = common.filter(|dot| dot.sequence > 0).collect();
        }
    }

    /// Returns in numbers alone the renewals beyond this that one was told of before, and who may not have heard it.
    fn repeated<'p>(&'p self, told: &'p Self, renewals: &'p [RenewalBatch]) -> impl Iterator<Item = RenewalBatch> + 'p {
        let is_told = |dot: Dot| renewals.iter().all(|batch| batch.owner != dot.replica);
        let repeated = told.heard.beyond(&self.heard).filter(move |(after, _)| is_told(*after));
        repeated.map(|(after, upto)| RenewalBatch { owner: after.replica, after: upto, upto, renewed: Vec::new() })
    }
}

impl Encoded {
    /// Writes an answer.
    ///
    /// # Errors
    ///
    /// When what is held cannot be gone on from.
    pub(super) fn new(context: &Context<'_>, asked: Asked) -> Result<Self, Gap> {
        let Context { now, directory, config, .. } = *context;
        let Asked { question, holds, passage, settled } = &asked;
        let is_notification = settled.is_some();
        let origin = question.subject.origin();
        let current = Position::of(directory, &origin);
        let told = directory.told_version(&origin);
        let mut writer = Writer::new(question, &holds.version, &told);
        if let Some(passage) = passage {
            writer.passage(*passage);
        }
        if question.selection.is_some() && !is_notification {
            writer.mark(Mark { replica: directory.config().replica, losses: directory.losses(&origin) });
        }
        let mut reached = holds.clone();
        let (mut is_complete, mut looks) = (true, 0);
        for change in directory.feed_of(now, &origin, &holds.version)? {
            let is_full = writer.len() as u64 >= question.size && !writer.is_empty();
            if is_full || question.selection.is_some() && looks >= config.limits.looked_at as u64 {
                is_complete = false;
                break;
            }
            let concerned = match &question.selection {
                Some(selection) => selection.concerned_by(now, directory, holds, &change)?,
                None => Concerned::Has,
            };
            match concerned {
                Concerned::Has => writer.change(&change, place_of(directory, &question.subject, &change).as_ref()),
                Concerned::MayHaveHad => writer.leave(&change),
                Concerned::Not => writer.pass(change.dot()),
            }
            reached.version.insert(change.dot());
            looks += 1;
        }
        looks += looks_of(writer.len());
        let most = usize::try_from(question.renewals).unwrap_or(usize::MAX).min(config.limits.renewals);
        let (mut renewals, cut) = match is_complete {
            true => directory.renewals_from(now, &origin, &holds.heard, holds.cut, most),
            false => (Vec::new(), holds.cut),
        };
        is_complete &= cut.is_none();
        reached.cut = cut;
        if is_complete {
            reached = current.clone();
            // Who was ahead of this directory stays so.
            reached.version.merge(&holds.version);
            reached.heard.merge(&holds.heard);
        }
        looks += renewals.iter().map(|batch| batch.renewed.len() as u64).sum::<u64>();
        let settled = settled.as_ref().unwrap_or(holds);
        let is_known = |batch: &RenewalBatch| current.heard.sequence(batch.owner) > 0;
        let repeated: Vec<RenewalBatch> = settled.repeated(holds, &renewals).filter(is_known).collect();
        if is_complete {
            renewals.extend(repeated);
        }
        let has_all = current.version.includes(&holds.version);
        let digest = (!is_notification && question.selection.is_none() && has_all).then(|| directory.digest(&origin));
        let is_behind = !is_notification && question.subject.relation() == Relation::Mirror && !has_all;
        let octets = match is_complete {
            true => writer.complete(&settled.version, &renewals, digest, is_behind),
            false => writer.cut(&renewals, cut),
        };
        Ok(Self { asked, current, at: now, octets, reached, is_complete, looks })
    }

    /// Tells whether this is what would be written now.
    pub(super) fn answers(&self, context: &Context<'_>, asked: &Asked) -> bool {
        let own = &self.asked;
        self.at == context.now
            && own.question.is_like(&asked.question)
            && (&own.holds, own.passage, &own.settled) == (&asked.holds, asked.passage, &asked.settled)
            && self.current == Position::of(context.directory, &asked.question.subject.origin())
    }
}

/// How a change concerns who holds a selection.
enum Concerned {
    /// It is in the selection.
    Has,
    /// It is not, and may have been.
    MayHaveHad,
    Not,
}

/// Says that what has changed cannot be told change by change.
#[derive(Debug)]
pub(super) struct Gap;

impl From<FeedGap> for Gap {
    fn from(_: FeedGap) -> Self {
        Self
    }
}

impl Selection {
    fn concerned_by(
        &self,
        now: Instant,
        directory: &Directory,
        holds: &Position,
        change: &ChangeRef<'_>,
    ) -> Result<Concerned, Gap> {
        let is_news = holds.version.is_empty() || self.news.contains(change.dot());
        let is_alone = matches!(change, ChangeRef::Put(record) if !record.is_one_of_several());
        match (directory.selects(now, &self.query, change), is_news) {
            // The writes that it is together with may have been passed over, as they did not match by themselves.
            (true, false) if !is_alone => Err(Gap),
            (true, _) => Ok(Concerned::Has),
            (false, true) => Ok(Concerned::Not),
            (false, false) => Ok(Concerned::MayHaveHad),
        }
    }
}

/// Returns the path that a registration has at its authority, for a mirror, which cannot know.
fn place_of(directory: &Directory, subject: &Subject, change: &ChangeRef<'_>) -> Option<Location> {
    let ChangeRef::Put(record) = change else { return None };
    match subject {
        Subject::Replica => None,
        Subject::Mirror => Some(directory.locate_record(record)),
        Subject::Through(authority) => {
            let location = directory.locate_record(record);
            Location::new(location.as_str().strip_prefix(authority.as_str())?).ok()
        }
    }
}

/// Returns how many looks it counts as to write so many octets.
pub(super) const fn looks_of(octets: usize) -> u64 {
    octets as u64 / 1024
}

/// Encodes the registrations and removals that these writes made, as far as they are still here.
///
/// # Errors
///
/// How many octets were written when it was more than there is room for.
pub(super) fn entries(context: &Context<'_>, subject: Subject, writes: &[Dot], room: usize) -> Result<Vec<u8>, usize> {
    let Context { now, directory, .. } = *context;
    let (cursor, heard, origin) = (Version::new(), Version::new(), subject.origin());
    let question = ChangesQuestion {
        number: Number::default(),
        subject,
        cursor,
        heard,
        size: 0,
        renewals: 0,
        is_whole: true,
        selection: None,
        cut: None,
    };
    let mut writer = Writer::new(&question, &question.cursor, directory.version_of(&origin));
    for change in writes.iter().filter_map(|dot| directory.written(now, &origin, *dot)) {
        writer.change(&change, place_of(directory, &question.subject, &change).as_ref());
        if writer.len() > room {
            return Err(writer.len());
        }
    }
    let octets = writer.cut(&[], None);
    if octets.len() <= room { Ok(octets) } else { Err(octets.len()) }
}

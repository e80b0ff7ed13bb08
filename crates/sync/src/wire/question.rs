use alloc::string::ToString;
use alloc::vec::Vec;
use core::convert::Infallible;

use minicbor::Encoder;
use minicbor::data::Type;
use minicbor::encode::Error;
use waypost_directory::RenewalsCut;
use waypost_filter::Query;
use waypost_model::{Authority, ReplicaId, Version};

use super::{Malformed, Number, Reader, version};
use crate::subject::Subject;

/// What a follower asks of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    /// What has changed.
    Changes(ChangesQuestion),
    /// Cells of all there is: see `waypost_sketch`.
    Cells { subject: Subject, key: [u8; 16], from: u64, count: u64 },
    /// The registrations of these ids, which cells with this key have told.
    Entries { subject: Subject, key: [u8; 16], ids: Vec<u64> },
}

/// The question for changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangesQuestion {
    pub(crate) number: Number,
    pub(crate) subject: Subject,
    /// What the follower holds.
    pub(crate) cursor: Version,
    /// The renewals that it has heard of.
    pub(crate) heard: Version,
    /// About how many octets the answer may have.
    pub(crate) size: u64,
    /// How many renewals the answer may have.
    pub(crate) renewals: u64,
    /// Whether nothing may be left out because the follower should have it.
    pub(crate) is_whole: bool,
    /// What is asked for, where that is not everything.
    pub(crate) selection: Option<Selection>,
    /// Where the renewals after those were cut, if they were.
    pub(crate) cut: Option<RenewalsCut>,
}

/// What a mirror asks for that holds a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) query: Query,
    /// What there was when its reading began: nothing of that is held yet but what the cursor has.
    pub(crate) news: Version,
}

impl ChangesQuestion {
    /// Tells whether both are answered in the same words, after the number, where the askers hold the same.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (&self.subject, self.size, self.renewals, self.is_whole, &self.selection)
            == (&other.subject, other.size, other.renewals, other.is_whole, &other.selection)
            && self.replicas().eq(other.replicas())
    }

    fn replicas(&self) -> impl Iterator<Item = ReplicaId> {
        self.cursor.iter().map(|dot| dot.replica)
    }
}

impl Question {
    pub(crate) const fn subject(&self) -> &Subject {
        match self {
            Self::Changes(ChangesQuestion { subject, .. })
            | Self::Cells { subject, .. }
            | Self::Entries { subject, .. } => subject,
        }
    }

    pub(crate) const fn subject_mut(&mut self) -> &mut Subject {
        match self {
            Self::Changes(ChangesQuestion { subject, .. })
            | Self::Cells { subject, .. }
            | Self::Entries { subject, .. } => subject,
        }
    }

    /// Returns what another replica holds, if a message is its question for changes.
    pub(crate) fn cursor(octets: &[u8]) -> Option<Version> {
        match Self::decode(octets).ok()? {
            Self::Changes(question) if question.subject == Subject::Replica => Some(question.cursor),
            _ => None,
        }
    }

    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = Encoder::new(Vec::new());
        let written = self.write(&mut out);
        debug_assert!(written.is_ok(), "a vector takes everything");
        out.into_writer()
    }

    pub(crate) fn decode(octets: &[u8]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(octets);
        let length = reader.array()?;
        let kind = reader.uint()?;
        let question = match (kind, length) {
            (CHANGES, 8..=11) => Self::Changes(ChangesQuestion {
                number: Number::read(&mut reader)?,
                subject: read_subject(&mut reader)?,
                cursor: version::read(&mut reader)?,
                heard: version::read(&mut reader)?,
                size: reader.uint()?,
                renewals: reader.uint()?,
                is_whole: reader.bool()?,
                selection: if length >= 10 { Some(read_selection(&mut reader)?) } else { None },
                cut: if length % 2 == 1 { Some(read_cut(&mut reader)?) } else { None },
            }),
            (CELLS, 5) => {
                let subject = read_subject(&mut reader)?;
                let key = read_key(&mut reader)?;
                Self::Cells { subject, key, from: reader.uint()?, count: reader.uint()? }
            }
            (ENTRIES, 3..) => {
                let subject = read_subject(&mut reader)?;
                let key = read_key(&mut reader)?;
                let ids = (3..length).map(|_| reader.uint()).collect::<Result<_, _>>()?;
                Self::Entries { subject, key, ids }
            }
            _ => return reader.valid(Err(()), "no such question"),
        };
        reader.end()?;
        Ok(question)
    }

    fn write(&self, out: &mut Encoder<Vec<u8>>) -> Result<(), Error<Infallible>> {
        match self {
            Self::Changes(question) => {
                let selection = if question.selection.is_some() { 2 } else { 0 };
                out.array(8 + selection + u64::from(question.cut.is_some()))?
                    .u64(CHANGES)?
                    .u8(question.number.octet())?;
                write_subject(out, &question.subject)?;
                version::write(out, &question.cursor)?;
                version::write(out, &question.heard)?;
                out.u64(question.size)?.u64(question.renewals)?.bool(question.is_whole)?;
                if let Some(selection) = &question.selection {
                    out.str(&selection.query.to_string())?;
                    version::write(out, &selection.news)?;
                }
                if let Some(cut) = question.cut {
                    out.array(3)?.u64(cut.owner.0)?.u64(cut.upto)?.u64(cut.sequence)?;
                }
            }
            Self::Cells { subject, key, from, count } => {
                out.array(5)?.u64(CELLS)?;
                write_subject(out, subject)?;
                out.bytes(key)?.u64(*from)?.u64(*count)?;
            }
            Self::Entries { subject, key, ids } => {
                out.array(3 + ids.len() as u64)?.u64(ENTRIES)?;
                write_subject(out, subject)?;
                out.bytes(key)?;
                for id in ids {
                    out.u64(*id)?;
                }
            }
        }
        Ok(())
    }
}

fn read_cut(reader: &mut Reader<'_>) -> Result<RenewalsCut, Malformed> {
    reader.array_of(3)?;
    Ok(RenewalsCut { owner: ReplicaId(reader.uint()?), upto: reader.uint()?, sequence: reader.uint()? })
}

fn write_subject(out: &mut Encoder<Vec<u8>>, subject: &Subject) -> Result<(), Error<Infallible>> {
    match subject {
        Subject::Replica => out.u8(REPLICA),
        Subject::Mirror => out.u8(MIRROR),
        Subject::Through(authority) => out.str(authority.as_str()),
    }
    .map(drop)
}

fn read_subject(reader: &mut Reader<'_>) -> Result<Subject, Malformed> {
    if reader.next_type() == Some(Type::String) {
        let authority = Authority::new(reader.text()?);
        return reader.valid(authority, "authority: cannot be read").map(Subject::Through);
    }
    match u8::try_from(reader.uint()?) {
        Ok(REPLICA) => Ok(Subject::Replica),
        Ok(MIRROR) => Ok(Subject::Mirror),
        _ => reader.valid(Err(()), "relation: unknown"),
    }
}

fn read_selection(reader: &mut Reader<'_>) -> Result<Selection, Malformed> {
    let query = reader.text()?.parse();
    Ok(Selection { query: reader.valid(query, "query: cannot be read")?, news: version::read(reader)? })
}

fn read_key(reader: &mut Reader<'_>) -> Result<[u8; 16], Malformed> {
    let key = reader.octets()?.try_into();
    reader.valid(key, "key: not of 16 octets")
}

const REPLICA: u8 = 0;
const MIRROR: u8 = 1;
const CHANGES: u64 = 0;
const CELLS: u64 = 1;
const ENTRIES: u64 = 2;

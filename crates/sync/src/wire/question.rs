use alloc::string::ToString;
use alloc::vec::Vec;
use core::convert::Infallible;

use minicbor::Encoder;
use minicbor::encode::Error;
use waypost_filter::Query;
use waypost_model::{ReplicaId, Version};

use super::{Malformed, Reader, version};
use crate::Relation;

/// What a follower asks of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Question {
    /// What has changed.
    Changes(ChangesQuestion),
    /// Cells of all there is: see `waypost_sketch`.
    Cells { relation: Relation, key: [u8; 16], from: u64, count: u64 },
    /// The registrations of these ids, which cells with this key have told.
    Entries { relation: Relation, key: [u8; 16], ids: Vec<u64> },
}

/// The question for changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ChangesQuestion {
    pub(crate) relation: Relation,
    /// What the follower holds.
    pub(crate) cursor: Version,
    /// The renewals that it has heard of.
    pub(crate) heard: Version,
    /// About how many octets the answer may have.
    pub(crate) size: u64,
    /// Whether nothing may be left out because the follower should have it.
    pub(crate) is_whole: bool,
    /// What is asked for, where that is not everything.
    pub(crate) selection: Option<Selection>,
}

/// What a mirror asks for that holds a part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) query: Query,
    /// What there was when its reading began: nothing of that is held yet but what the cursor has.
    pub(crate) news: Version,
}

impl ChangesQuestion {
    /// Tells whether both are answered in the same words where the askers hold the same.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        (self.relation, self.size, self.is_whole, &self.selection)
            == (other.relation, other.size, other.is_whole, &other.selection)
            && self.replicas().eq(other.replicas())
    }

    fn replicas(&self) -> impl Iterator<Item = ReplicaId> {
        self.cursor.iter().map(|dot| dot.replica)
    }
}

impl Question {
    pub(crate) const fn relation(&self) -> Relation {
        match self {
            Self::Changes(ChangesQuestion { relation, .. })
            | Self::Cells { relation, .. }
            | Self::Entries { relation, .. } => *relation,
        }
    }

    /// Returns what somebody holds, if a message is a question for changes.
    pub(crate) fn cursor(octets: &[u8]) -> Option<Version> {
        match Self::decode(octets).ok()? {
            Self::Changes(question) => Some(question.cursor),
            Self::Cells { .. } | Self::Entries { .. } => None,
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
            (CHANGES, 6 | 8) => Self::Changes(ChangesQuestion {
                relation: read_relation(&mut reader)?,
                cursor: version::read(&mut reader)?,
                heard: version::read(&mut reader)?,
                size: reader.uint()?,
                is_whole: reader.bool()?,
                selection: if length == 8 { Some(read_selection(&mut reader)?) } else { None },
            }),
            (CELLS, 5) => {
                let relation = read_relation(&mut reader)?;
                let key = read_key(&mut reader)?;
                Self::Cells { relation, key, from: reader.uint()?, count: reader.uint()? }
            }
            (ENTRIES, 3..) => {
                let relation = read_relation(&mut reader)?;
                let key = read_key(&mut reader)?;
                let ids = (3..length).map(|_| reader.uint()).collect::<Result<_, _>>()?;
                Self::Entries { relation, key, ids }
            }
            _ => return reader.valid(Err(()), "no such question"),
        };
        reader.end()?;
        Ok(question)
    }

    fn write(&self, out: &mut Encoder<Vec<u8>>) -> Result<(), Error<Infallible>> {
        match self {
            Self::Changes(question) => {
                out.array(if question.selection.is_some() { 8 } else { 6 })?.u64(CHANGES)?;
                write_relation(out, question.relation)?;
                version::write(out, &question.cursor)?;
                version::write(out, &question.heard)?;
                out.u64(question.size)?.bool(question.is_whole)?;
                if let Some(selection) = &question.selection {
                    out.str(&selection.query.to_string())?;
                    version::write(out, &selection.news)?;
                }
            }
            Self::Cells { relation, key, from, count } => {
                out.array(5)?.u64(CELLS)?;
                write_relation(out, *relation)?;
                out.bytes(key)?.u64(*from)?.u64(*count)?;
            }
            Self::Entries { relation, key, ids } => {
                out.array(3 + ids.len() as u64)?.u64(ENTRIES)?;
                write_relation(out, *relation)?;
                out.bytes(key)?;
                for id in ids {
                    out.u64(*id)?;
                }
            }
        }
        Ok(())
    }
}

fn write_relation(out: &mut Encoder<Vec<u8>>, relation: Relation) -> Result<(), Error<Infallible>> {
    out.u8(match relation {
        Relation::Replica => 0,
        Relation::Mirror => 1,
    })
    .map(drop)
}

fn read_relation(reader: &mut Reader<'_>) -> Result<Relation, Malformed> {
    match reader.uint()? {
        0 => Ok(Relation::Replica),
        1 => Ok(Relation::Mirror),
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

const CHANGES: u64 = 0;
const CELLS: u64 = 1;
const ENTRIES: u64 = 2;

use alloc::boxed::Box;

use minicbor::data::Type;
use waypost_directory::Digest;
use waypost_model::{Dot, Key, Removal, ReplicaId, Version};

use super::passage;
use super::put::{self, ArrivedPut};
use super::renewals::Packed;
use super::{Malformed, Reader, flags, names, removal, version};
use crate::passage::Passage;

/// Reads an answer, item by item.
///
/// It stops at the first item that is malformed. What was read before it is good: it stands for itself.
#[derive(Debug)]
pub(crate) struct Answer<'b> {
    reader: Reader<'b>,
    /// The cursor of the question, which runs refer to.
    cursor: &'b Version,
    run: Option<Run>,
    is_over: bool,
}

#[derive(Debug)]
struct Run {
    replica: ReplicaId,
    last: u64,
    upto: u64,
    left: u64,
}

/// What a selection is read from. While it stays the same, what is gone from there was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The replica that answers.
    pub(crate) replica: ReplicaId,
    /// How many copies it has forgotten without a trace.
    pub(crate) losses: u64,
}

/// One thing that an answer says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item<'b> {
    /// What follows is what a replica wrote after `after`.
    Begin { after: Dot },
    /// A registration was made or changed.
    Put(Box<ArrivedPut>),
    /// One was removed.
    Removal(Removal),
    /// One is not in what is asked for.
    Leave(Dot, Key),
    /// Everything up to this write was said.
    End { upto: Dot },
    /// What one replica wrote was renewed: sequence numbers and ages, from one number of a renewal to another.
    Renewals { owner: ReplicaId, after: u64, upto: u64, renewed: Packed<'b>, told: Option<u64> },
    /// How the source has come by what follows.
    Passage(Passage),
    /// What it is read from.
    Mark(Mark),
    /// The source has no more than this, which is not all that the asker holds.
    Behind(Version),
    /// What everything amounts to.
    Digest(Digest),
    /// There is more to ask for; of a selection, up to this version.
    More(Version),
}

impl<'b> Answer<'b> {
    /// Reads what follows the [number](super::Number) of a question for changes; other questions have none.
    pub(crate) fn new(octets: &'b [u8], cursor: &'b Version) -> Self {
        Self { reader: Reader::new(octets), cursor, run: None, is_over: false }
    }

    fn read(&mut self) -> Result<Option<Item<'b>>, Malformed> {
        if let Some(run) = &mut self.run {
            if run.left == 0 {
                let upto = Dot::new(run.replica, run.upto);
                self.run = None;
                return Ok(Some(Item::End { upto }));
            }
            run.left -= 1;
            return read_change(&mut self.reader, run).map(Some);
        }
        if self.reader.is_at_end() {
            return Ok(None);
        }
        if self.reader.next_type() == Some(Type::Bool) {
            if !self.reader.bool()? {
                return Ok(Some(Item::Passage(passage::read(&mut self.reader)?)));
            }
            let upto = if self.reader.is_at_end() { Version::new() } else { version::read(&mut self.reader)? };
            self.reader.end()?;
            self.is_over = true;
            return Ok(Some(Item::More(upto)));
        }
        if matches!(self.reader.next_type(), Some(Type::U8 | Type::U16 | Type::U32 | Type::U64)) {
            let digest = Digest { count: self.reader.uint()?, sum: self.reader.uint()? };
            self.reader.end()?;
            self.is_over = true;
            return Ok(Some(Item::Digest(digest)));
        }
        if self.reader.next_type() == Some(Type::Map) {
            return self.read_renewals().map(Some);
        }
        match self.reader.array()? {
            1 => Ok(Some(Item::Behind(version::read(&mut self.reader)?))),
            2 => {
                let replica = ReplicaId(self.reader.uint()?);
                Ok(Some(Item::Mark(Mark { replica, losses: self.reader.uint()? })))
            }
            length => self.read_run(length).map(Some),
        }
    }

    fn read_run(&mut self, length: u64) -> Result<Item<'b>, Malformed> {
        let left = self.reader.valid(length.checked_sub(3).ok_or(()), "run: too short")?;
        let replica = self.read_replica()?;
        let after = self.reader.uint()?;
        let span = self.reader.uint()?;
        let upto = self.reader.valid(after.checked_add(span).ok_or(()), "run: too far")?;
        self.run = Some(Run { replica, last: after, upto, left });
        Ok(Item::Begin { after: Dot::new(replica, after) })
    }

    fn read_replica(&mut self) -> Result<ReplicaId, Malformed> {
        if self.reader.next_type() == Some(Type::Bytes) {
            let id = self.reader.octets()?.try_into();
            return Ok(ReplicaId(u64::from_be_bytes(self.reader.valid(id, "no id of a replica")?)));
        }
        let index = self.reader.uint()?;
        let dot = usize::try_from(index).ok().and_then(|index| self.cursor.iter().nth(index));
        Ok(self.reader.valid(dot.ok_or(()), "no such replica in the cursor")?.replica)
    }

    fn read_renewals(&mut self) -> Result<Item<'b>, Malformed> {
        let length = self.reader.map()?;
        self.reader.valid(if length == 1 { Ok(()) } else { Err(()) }, "renewals: not of one replica")?;
        let owner = self.read_replica()?;
        let length = self.reader.array()?;
        self.reader.valid(if matches!(length, 3 | 4) { Ok(()) } else { Err(()) }, "renewals: wrong length")?;
        let after = self.reader.uint()?;
        let span = self.reader.uint()?;
        let upto = self.reader.valid(after.checked_add(span).ok_or(()), "renewals: too far")?;
        let packed = self.reader.octets()?;
        let renewed = Packed::new(&self.reader, packed)?;
        let told = if length == 4 { Some(self.reader.uint()?) } else { None };
        Ok(Item::Renewals { owner, after, upto, renewed, told })
    }
}

impl<'b> Iterator for Answer<'b> {
    type Item = Result<Item<'b>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_over {
            return None;
        }
        let item = self.read().transpose();
        self.is_over |= !matches!(item, Some(Ok(_)));
        item
    }
}

fn read_change(reader: &mut Reader<'_>, run: &mut Run) -> Result<Item<'static>, Malformed> {
    let offset = reader.offset();
    let length = reader.array()?;
    let flags = reader.uint()?;
    let sequence = run.last.checked_add(reader.uint()?);
    let sequence = sequence.filter(|sequence| *sequence > run.last && *sequence <= run.upto);
    let sequence = reader.valid(sequence.ok_or(()), "change: not within its run")?;
    run.last = sequence;
    let dot = Dot::new(run.replica, sequence);
    let item = match flags {
        flags::REMOVED => (7, Item::Removal(removal::read(reader, dot)?)),
        flags::LEFT => {
            let (sector, endpoint) = names::read(reader)?;
            (4, Item::Leave(dot, Key::local(sector, endpoint)))
        }
        _ if flags & !flags::OF_PUT == 0 => {
            let optional = flags & (flags::HAS_PLACE | flags::HAS_STAMPS | flags::HAS_CREDENTIALS);
            (11 + u64::from(optional.count_ones()), Item::Put(Box::new(put::read(reader, flags, dot)?)))
        }
        _ => return Err(Malformed::new(offset, "change: unknown flags")),
    };
    if item.0 == length { Ok(item.1) } else { Err(Malformed::new(offset, "change: wrong length")) }
}

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::time::Duration;

use minicbor::Encoder;
use minicbor::encode::{Error, Write};
use waypost_directory::RecordRef;
use waypost_model::{
    AttributeName, AttributeValues, Base, BaseSource, Credentials, Dot, Key, Lifetime, Record, Register, ReplicaId,
    Stamp, Timestamp, Version,
};

use super::links::{self, ArrivedLinks};
use super::removal::millis;
use super::{Incomplete, Malformed, Reader, flags, names, version};

/// What the writer of an answer knows of the one who asked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Audience<'a> {
    /// What it holds, where that may be relied on: a field that a write of these set need not be sent.
    pub(super) holds: Option<&'a Version>,
    /// Whether it is told what registrants proved.
    pub(super) is_trusted: bool,
}

/// A registration as it arrived: without what the sender knows to be here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ArrivedPut {
    pub(crate) key: Key,
    /// Where it is at the sender.
    pub(crate) place: Option<Box<str>>,
    pub(crate) age: Duration,
    written: Stamp,
    stamps: Option<Stamps>,
    base: Option<Base>,
    lifetime: Option<Lifetime>,
    attributes: Option<BTreeMap<AttributeName, AttributeValues>>,
    links: ArrivedLinks,
    credentials: Option<Credentials>,
    renewals: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamps {
    seen: Version,
    first: Stamp,
    replaced: Stamp,
    base: Stamp,
    lifetime: Stamp,
    links: Stamp,
    attributes: Vec<(AttributeName, Stamp)>,
}

impl ArrivedPut {
    /// Tells whether nothing was left out.
    pub(crate) const fn is_whole(&self) -> bool {
        self.base.is_some()
            && self.lifetime.is_some()
            && self.attributes.is_some()
            && matches!(self.links, ArrivedLinks::Whole(_))
    }

    /// Tells whether of the links it says what is different alone.
    pub(crate) const fn is_by_delta(&self) -> bool {
        matches!(self.links, ArrivedLinks::Changed(_))
    }

    /// Makes it whole with the help of the record that is here.
    pub(crate) fn complete(self, present: Option<&Record>) -> Result<Record, Incomplete> {
        let written = self.written;
        let stamps = self.stamps.unwrap_or_else(|| Stamps {
            seen: [written.dot].into_iter().collect(),
            first: written,
            replaced: written,
            base: written,
            lifetime: written,
            links: written,
            attributes: self.attributes.iter().flatten().map(|(name, _)| (name.clone(), written)).collect(),
        });
        let mut values = self.attributes;
        let attributes = stamps.attributes.into_iter().map(|(name, stamp)| {
            let register = match &mut values {
                Some(values) => Register::new(values.remove(&name).unwrap_or_default(), stamp),
                None => {
                    present.and_then(|present| present.attributes.get(&name)).cloned().ok_or(Incomplete::Missing)?
                }
            };
            if register.stamp == stamp { Ok((name, register)) } else { Err(Incomplete::Missing) }
        });
        let present_links = present.map(|present| &present.links);
        let links = match self.links {
            ArrivedLinks::Known => None,
            ArrivedLinks::Whole(links) => Some(links),
            ArrivedLinks::Changed(delta) => {
                Some(links::apply(&delta, &present_links.ok_or(Incomplete::Missing)?.value)?)
            }
        };
        Ok(Record {
            attributes: attributes.collect::<Result<_, _>>()?,
            base: field(self.base, stamps.base, present.map(|present| &present.base))?,
            lifetime: field(self.lifetime, stamps.lifetime, present.map(|present| &present.lifetime))?,
            links: field(links, stamps.links, present_links)?,
            key: self.key,
            location: None,
            written,
            seen: stamps.seen,
            first: stamps.first,
            replaced: stamps.replaced,
            // A number of an interface means nothing on another host.
            zone: None,
            credentials: self.credentials.unwrap_or_default(),
            renewals: self.renewals,
        })
    }
}

/// Takes the value that arrived, or the one that is here if it was set by the same write.
fn field<T: Clone>(arrived: Option<T>, stamp: Stamp, present: Option<&Register<T>>) -> Result<Register<T>, Incomplete> {
    match arrived {
        Some(value) => Ok(Register::new(value, stamp)),
        None => present.filter(|present| present.stamp == stamp).cloned().ok_or(Incomplete::Missing),
    }
}

/// Writes a registration. Returns how many octets were saved by telling of the links only what is different.
pub(super) fn write<W: Write>(
    out: &mut Encoder<W>,
    record: &RecordRef<'_>,
    delta: u64,
    place: Option<&str>,
    audience: Audience<'_>,
) -> Result<usize, Error<W::Error>> {
    let is_plain = is_plain(record);
    let credentials = (audience.is_trusted && !record.credentials().is_empty()).then_some(record.credentials());
    let set = |flag, condition| if condition { flag } else { 0 };
    let optional = [
        set(flags::HAS_PLACE, place.is_some()),
        set(flags::HAS_STAMPS, !is_plain),
        set(flags::HAS_CREDENTIALS, credentials.is_some()),
    ];
    let flags = set(flags::BASE_IS_GIVEN, record.base_source() == BaseSource::Given) | optional.iter().sum::<u64>();
    let length = 11 + optional.iter().filter(|flag| **flag != 0).count() as u64;
    // A plain record is new to whoever lacks the write.
    let holds = audience.holds.filter(|_| !is_plain);
    let is_known = |stamp: Stamp| holds.is_some_and(|holds| holds.contains(stamp.dot));
    let (base, lifetime) = (record.base(), record.lifetime());
    out.array(length)?.u64(flags)?.u64(delta)?;
    names::write(out, record.sector(), record.endpoint())?;
    if is_known(base.stamp) {
        out.null()?
    } else {
        out.str(base.value)?
    };
    if is_known(lifetime.stamp) {
        out.null()?
    } else {
        out.u32(lifetime.value.as_secs())?
    };
    if !is_plain && record.attributes().all(|(_, values)| is_known(values.stamp)) {
        out.null()?;
    } else {
        write_attributes(out, record)?;
    }
    let saved = if is_known(record.links().stamp) { out.null().map(|_| 0) } else { links::write(out, record, holds) }?;
    out.u64(millis(record.age()))?.u64(record.written().time.to_bits())?.u32(record.renewals())?;
    if let Some(place) = place {
        out.str(place)?;
    }
    if !is_plain {
        write_stamps(out, record)?;
    }
    if let Some(credentials) = credentials {
        out.array(credentials.iter().len() as u64)?;
        for proof in credentials.iter() {
            out.bytes(proof)?;
        }
    }
    Ok(saved)
}

fn write_attributes<W: Write>(out: &mut Encoder<W>, record: &RecordRef<'_>) -> Result<(), Error<W::Error>> {
    // An attribute that was set to nothing is named among the stamps.
    let values = || record.attributes().filter(|(_, values)| values.value.clone().next().is_some());
    out.map(values().count() as u64)?;
    for (name, values) in values() {
        out.str(name)?.array(values.value.clone().count() as u64)?;
        for value in values.value {
            match value {
                Some(value) => out.str(value)?,
                None => out.null()?,
            };
        }
    }
    Ok(())
}

/// Reads what follows the flags and the delta.
pub(super) fn read(reader: &mut Reader<'_>, flags: u64, dot: Dot) -> Result<ArrivedPut, Malformed> {
    let (sector, endpoint) = names::read(reader)?;
    let source = if flags & flags::BASE_IS_GIVEN == 0 { BaseSource::Observed } else { BaseSource::Given };
    let base = reader.text_or_null()?;
    let base = base.map(|uri| reader.valid(Base::new(uri, source), "base")).transpose()?;
    let lifetime = reader.uint_or_null()?.map(|seconds| u32::try_from(seconds).ok().map(Lifetime::from_secs));
    let lifetime =
        lifetime.map(|lifetime| reader.valid(lifetime.and_then(Result::ok).ok_or(()), "lifetime")).transpose()?;
    let attributes = read_attributes(reader)?;
    let links = links::read(reader)?;
    let age = Duration::from_millis(reader.uint()?);
    let written = Stamp { time: Timestamp::from_bits(reader.uint()?), dot };
    let renewals = reader.uint()?;
    let renewals = reader.valid(u32::try_from(renewals), "renewals")?;
    let has = |flag| flags & flag != 0;
    let place = if has(flags::HAS_PLACE) { Some(reader.text()?.into()) } else { None };
    let stamps = if has(flags::HAS_STAMPS) { Some(read_stamps(reader, written)?) } else { None };
    let credentials = if has(flags::HAS_CREDENTIALS) { Some(read_credentials(reader)?) } else { None };
    let key = Key::local(sector, endpoint);
    let put = ArrivedPut { key, place, age, written, stamps, base, lifetime, attributes, links, credentials, renewals };
    if put.stamps.is_none() && !put.is_whole() {
        return Err(Malformed::new(reader.offset(), "put: fields are missing"));
    }
    Ok(put)
}

fn read_attributes(reader: &mut Reader<'_>) -> Result<Option<BTreeMap<AttributeName, AttributeValues>>, Malformed> {
    let Some(length) = reader.map_or_null()? else { return Ok(None) };
    let mut attributes = BTreeMap::new();
    for _ in 0..length {
        let name = reader.text()?;
        let name = reader.valid(AttributeName::new(name), "attribute name")?;
        let mut values = AttributeValues::default();
        for _ in 0..reader.array()? {
            let value = reader.text_or_null()?;
            reader.valid(values.push(value), "attribute value")?;
        }
        if attributes.insert(name, values).is_some() {
            return Err(Malformed::new(reader.offset(), "attribute name: repeated"));
        }
    }
    Ok(Some(attributes))
}

fn read_credentials(reader: &mut Reader<'_>) -> Result<Credentials, Malformed> {
    let mut proofs: Vec<Box<[u8]>> = Vec::new();
    for _ in 0..reader.array()? {
        proofs.push(reader.octets()?.into());
    }
    Ok(proofs.into())
}

/// Tells whether everything in a record was set by the one write that it is.
fn is_plain(record: &RecordRef<'_>) -> bool {
    let written = record.written();
    fields(record).into_iter().chain(record.attributes().map(|(_, values)| values.stamp)).all(|stamp| stamp == written)
        && record.attributes().all(|(_, mut values)| values.value.next().is_some())
        && record.seen().eq([written.dot])
}

/// Returns the stamps that every record has, in the order in which they are written.
fn fields(record: &RecordRef<'_>) -> [Stamp; 5] {
    [record.first(), record.replaced(), record.base().stamp, record.lifetime().stamp, record.links().stamp]
}

fn write_stamps<W: Write>(out: &mut Encoder<W>, record: &RecordRef<'_>) -> Result<(), Error<W::Error>> {
    let attributes = || record.attributes().map(|(name, values)| (name, values.stamp));
    let mut others: Vec<Stamp> = fields(record).into_iter().chain(attributes().map(|(_, stamp)| stamp)).collect();
    others.retain(|stamp| *stamp != record.written());
    others.sort_unstable();
    others.dedup();
    let index = |stamp: Stamp| others.binary_search(&stamp).map_or(0, |at| at as u64 + 1);
    out.array(7 + 2 * attributes().count() as u64)?;
    version::write(out, &record.seen().collect())?;
    out.array(3 * others.len() as u64)?;
    for stamp in &others {
        out.u64(stamp.dot.replica.0)?.u64(stamp.dot.sequence)?.u64(stamp.time.to_bits())?;
    }
    for stamp in fields(record) {
        out.u64(index(stamp))?;
    }
    for (name, stamp) in attributes() {
        out.str(name)?.u64(index(stamp))?;
    }
    Ok(())
}

fn read_stamps(reader: &mut Reader<'_>, written: Stamp) -> Result<Stamps, Malformed> {
    let offset = reader.offset();
    let attributes = reader.array()?.checked_sub(7).filter(|rest| rest % 2 == 0);
    let attributes = attributes.ok_or(Malformed::new(offset, "stamps: wrong length"))? / 2;
    let seen = version::read(reader)?;
    let offset = reader.offset();
    let length = reader.array()?;
    if length % 3 != 0 {
        return Err(Malformed::new(offset, "stamps: not in threes"));
    }
    let mut all = Vec::from([written]);
    for _ in 0..length / 3 {
        let dot = Dot::new(ReplicaId(reader.uint()?), reader.uint()?);
        all.push(Stamp { time: Timestamp::from_bits(reader.uint()?), dot });
    }
    let stamp = |reader: &mut Reader<'_>| {
        let index = reader.uint()?;
        let stamp = usize::try_from(index).ok().and_then(|index| all.get(index)).copied();
        reader.valid(stamp.ok_or(()), "stamps: no such index")
    };
    let [first, replaced, base, lifetime, links] =
        [stamp(reader)?, stamp(reader)?, stamp(reader)?, stamp(reader)?, stamp(reader)?];
    let mut named = Vec::new();
    for _ in 0..attributes {
        let name = reader.text()?;
        named.push((reader.valid(AttributeName::new(name), "attribute name")?, stamp(reader)?));
    }
    Ok(Stamps { seen, first, replaced, base, lifetime, links, attributes: named })
}

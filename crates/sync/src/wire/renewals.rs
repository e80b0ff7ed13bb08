use alloc::vec::Vec;
use core::time::Duration;

use waypost_directory::{RenewalBatch, Renewed};

use super::removal::millis;
use super::{Malformed, Reader};

/// Lifetimes are at least so many times what an age may be rounded by.
const FRACTION: u32 = 64;

/// Packs what was renewed: groups of the same age, each `age, count, bits` in numbers of seven bits an octet, and then the
/// distances of the sequence numbers, which ascend from one on, as Rice codes: a distance shifted right by `bits` in ones and a
/// zero, and its lowest `bits` as they are, the highest first; zeros fill up the last octet.
///
/// What lasts long enough goes into one group with the age of its oldest, and the ages of the others are rounded up, so that there
/// are a few dozen groups at most for each lifetime: that is what makes renewals cost less than two octets each. Such a registration
/// is taken to be older than it is, by a small part of its lifetime, and never younger.
pub(super) fn pack(batch: &RenewalBatch) -> Vec<u8> {
    let mut octets = Vec::new();
    // What is not here does not say how long it lasts.
    let ages = || batch.renewed.iter().filter(|renewed| !renewed.lifetime.is_zero()).map(|renewed| renewed.age);
    let (oldest, newest) = (ages().max().unwrap_or_default(), ages().min().unwrap_or_default());
    let spread = oldest.saturating_sub(newest);
    let is_lasting = |renewed: &&Renewed| !renewed.lifetime.is_zero() && renewed.lifetime / FRACTION >= spread;
    let lasting: Vec<Renewed> = batch.renewed.iter().filter(is_lasting).copied().collect();
    let others = batch.renewed.iter().filter(|renewed| !is_lasting(renewed));
    let mut others: Vec<Renewed> = others.map(|renewed| Renewed { age: rounded(renewed), ..*renewed }).collect();
    others.sort_by_key(|renewed| renewed.age);
    if let Some(age) = lasting.iter().map(|renewed| renewed.age).max() {
        write_group(&mut octets, age, &lasting);
    }
    for group in others.chunk_by(|a, b| a.age == b.age) {
        write_group(&mut octets, group[0].age, group);
    }
    octets
}

/// Sequence numbers and ages of what was renewed, as they are read. A few octets can stand for very many, so they are never
/// held all at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Packed<'b> {
    octets: &'b [u8],
    group: Option<Group>,
    /// How many there are in all.
    total: usize,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    age: Duration,
    left: u64,
    low: u32,
    sequence: u64,
    /// Bits that were read.
    at: usize,
}

impl<'b> Packed<'b> {
    /// Takes what was packed, once it is known that it can be unpacked.
    pub(super) fn new(reader: &Reader<'_>, octets: &'b [u8]) -> Result<Self, Malformed> {
        let mut rest = Self { octets, group: None, total: 0 };
        let total = rest.by_ref().count();
        let is_whole = rest.octets.is_empty() && rest.group.is_none();
        let packed = Self { octets, group: None, total };
        reader.valid(if is_whole { Ok(packed) } else { Err(()) }, "renewals: cut short or not ascending")
    }

    /// Tells how many there are in all.
    pub(crate) const fn total(&self) -> usize {
        self.total
    }

    fn read_group(&mut self) -> Option<Group> {
        let mut octets = self.octets;
        let mut number = || read_number(&mut octets);
        let (age, left, low) = (number()?, number()?, number()?);
        self.octets = octets;
        let age = Duration::from_millis(age);
        Some(Group { age, left, low: u32::try_from(low).ok().filter(|low| *low < 64)?, sequence: 0, at: 0 })
    }
}

impl Iterator for Packed<'_> {
    type Item = (u64, Duration);

    fn next(&mut self) -> Option<(u64, Duration)> {
        while self.group.as_ref().is_none_or(|group| group.left == 0) {
            if let Some(group) = self.group.take() {
                self.octets = &self.octets[group.at.div_ceil(8)..];
            }
            self.group = Some(self.read_group()?);
        }
        let group = self.group.as_mut()?;
        let distance = rice(self.octets, &mut group.at, group.low).filter(|distance| *distance > 0)?;
        group.sequence = group.sequence.checked_add(distance)?;
        group.left -= 1;
        Some((group.sequence, group.age))
    }
}

/// Rounds an age up to a multiple of a small part of the lifetime: a power of two of milliseconds, so that what does not last
/// equally long shares groups, too.
fn rounded(renewed: &Renewed) -> Duration {
    let step = (millis(renewed.lifetime) / u64::from(FRACTION)).checked_ilog2().map_or(1, |log| 1 << log);
    Duration::from_millis(millis(renewed.age).div_ceil(step).saturating_mul(step))
}

fn write_group(octets: &mut Vec<u8>, age: Duration, group: &[Renewed]) {
    write_number(octets, millis(age));
    write_number(octets, group.len() as u64);
    // The best for distances of this mean, or one off.
    let mean = group.last().map_or(0, |last| last.sequence) / group.len().max(1) as u64;
    let low = mean.max(1).ilog2();
    write_number(octets, u64::from(low));
    let (mut last, mut bit) = (0, 0);
    for renewed in group {
        let distance = renewed.sequence - last;
        last = renewed.sequence;
        let ones = (0..distance >> low).map(|_| true).chain([false]);
        for is_set in ones.chain((0..low).rev().map(|bit| distance >> bit & 1 == 1)) {
            if bit % 8 == 0 {
                octets.push(0);
            }
            if let Some(octet) = octets.last_mut().filter(|_| is_set) {
                *octet |= 0x80 >> (bit % 8);
            }
            bit += 1;
        }
    }
}

/// Reads a Rice code from a bit on.
fn rice(octets: &[u8], at: &mut usize, low: u32) -> Option<u64> {
    let mut next = || {
        let octet = octets.get(*at / 8)?;
        let is_set = octet & 0x80 >> (*at % 8) != 0;
        *at += 1;
        Some(is_set)
    };
    let mut number: u64 = 0;
    while next()? {
        number += 1;
    }
    if number > u64::MAX >> low {
        return None;
    }
    for _ in 0..low {
        number = number << 1 | u64::from(next()?);
    }
    Some(number)
}

fn write_number(octets: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        octets.push(number as u8 | 0x80);
        number >>= 7;
    }
    octets.push(number as u8);
}

fn read_number(octets: &mut &[u8]) -> Option<u64> {
    let mut number: u64 = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (first, rest) = octets.split_first()?;
        *octets = rest;
        let bits = u64::from(first & 0x7f);
        if bits << shift >> shift != bits {
            return None;
        }
        number |= bits << shift;
        if first & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use waypost_model::ReplicaId;

    use super::*;

    proptest! {
        #[test]
        fn what_is_packed_comes_out_and_nothing_younger(
            renewed in prop::collection::btree_map(1..=u32::MAX, (0_u64..100_000, 0_u64..200_000), 0..60),
        ) {
            let renewed: Vec<Renewed> = renewed
                .into_iter()
                .map(|(sequence, (age, lifetime))| Renewed {
                    sequence: u64::from(sequence),
                    age: Duration::from_millis(age),
                    lifetime: Duration::from_secs(lifetime),
                })
                .collect();
            let batch = RenewalBatch { owner: ReplicaId(1), after: 0, upto: 1, renewed };
            let packed = pack(&batch);
            let mut unpacked: Vec<_> = Packed::new(&Reader::new(&[]), &packed).unwrap().collect();
            unpacked.sort_unstable();
            prop_assert_eq!(unpacked.len(), batch.renewed.len());
            for ((sequence, age), renewed) in unpacked.into_iter().zip(&batch.renewed) {
                prop_assert_eq!(sequence, renewed.sequence);
                prop_assert!(age >= renewed.age && age - renewed.age <= renewed.lifetime / FRACTION);
            }
        }

        #[test]
        fn nothing_that_is_read_panics(octets in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = Packed::new(&Reader::new(&[]), &octets);
        }
    }

    #[test]
    fn what_is_renewed_comes_once_in_its_group() {
        // Of age zero, so many, by no lowest bits: distances of one and another one, or none.
        let read = |bits: u8| Packed::new(&Reader::new(&[]), &[0, 2, 0, bits]).map(Iterator::count);
        assert_eq!(read(0b1010_0000), Ok(2));
        for bits in [0b1000_0000, 0b0100_0000] {
            assert_eq!(read(bits).map_err(|malformed| malformed.offset), Err(0), "{bits:b}");
        }
    }

    #[test]
    fn a_minute_of_renewals_among_a_million_takes_less_than_an_octet_and_a_half_each() {
        let every = 1_000_000 / 926;
        let renewed = (0..926).map(|number: u64| Renewed {
            // Not evenly: each somewhere in its share.
            sequence: number * every + number * 7919 % every,
            age: Duration::from_millis(number * 60),
            lifetime: Duration::from_secs(90_000),
        });
        let batch = RenewalBatch { owner: ReplicaId(1), after: 0, upto: 926, renewed: renewed.collect() };
        let each = pack(&batch).len() as f64 / 926.0;
        assert!((1.1..=1.5).contains(&each), "{each} octets each");
    }

    #[test]
    fn what_was_renewed_at_any_time_takes_less_than_two_octets_each() {
        for (count, spread) in [(50_000, 55_000), (1_000_000, 1_200_000)] {
            let renewed = (0..count).map(|number: u64| Renewed {
                sequence: number + 1,
                age: Duration::from_millis(number * 7919 % spread),
                lifetime: Duration::from_secs(1_200),
            });
            let batch = RenewalBatch { owner: ReplicaId(1), after: 0, upto: count, renewed: renewed.collect() };
            let each = pack(&batch).len() as f64 / count as f64;
            assert!(each < 2.0, "{each} octets each of {count}");
        }
    }
}

use alloc::vec::Vec;
use core::ops::Range;

/// Different texts in ascending order in one buffer, each without what it shares with the one before it.
///
/// A text may have a note, a number. Those that have none are counted, so that who owns this can keep something for each of
/// them in a list beside.
#[derive(Debug, Clone, Default)]
pub(crate) struct FrontCoded {
    /// For each text: how many bytes it shares, twice the number of the others plus one if it has a note, those others, and
    /// the four bytes of the note.
    bytes: Vec<u8>,
}

/// One text as it lies in the buffer.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Coded<'c> {
    /// How many bytes it shares with the one before it.
    pub(crate) shared: usize,
    pub(crate) rest: &'c [u8],
    pub(crate) note: Option<u32>,
    rest_start: usize,
    /// Where the next one starts.
    pub(crate) end: usize,
}

/// Where a text is or belongs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) start: usize,
    /// Whether the text is there; else what starts here is the next greater one, if any.
    pub(crate) is_found: bool,
    /// How many of those before it have no note.
    pub(crate) unnoted: usize,
    /// How many bytes the text shares with the one before it.
    shared_before: usize,
    /// How many bytes the text shares with what starts here.
    pub(crate) shared_after: usize,
}

/// The upper part of what [`FrontCoded::split_off`] splits.
#[derive(Debug)]
pub(crate) struct Upper {
    pub(crate) texts: FrontCoded,
    pub(crate) first: Vec<u8>,
    /// How many bytes its first text shares with the last one below.
    pub(crate) shared: usize,
    /// How many of those below have no note.
    pub(crate) unnoted_below: usize,
}

/// The buffer grows by this many bytes, and not to the double: there are very many, and most stay as they are.
const STEP: usize = 64;
const NOTE: usize = 4;

impl FrontCoded {
    /// Returns how many bytes the texts take.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Finds where a text is or belongs.
    pub(crate) fn seek(&self, text: &[u8]) -> Place {
        let mut place = Place { start: 0, is_found: false, unnoted: 0, shared_before: 0, shared_after: 0 };
        while let Some(coded) = self.at(place.start) {
            let matched = place.shared_before;
            // What shares more with the one before than the text does is below the text as well.
            if coded.shared <= matched {
                place.shared_after = coded.shared;
                if coded.shared < matched {
                    break;
                }
                let wanted = &text[matched..];
                let common = common_length(coded.rest, wanted);
                place.shared_after += common;
                match (coded.rest.get(common), wanted.get(common)) {
                    (None, None) => {
                        place.is_found = true;
                        break;
                    }
                    (here, wanted) if here > wanted => break,
                    _ => place.shared_before += common,
                }
            }
            place.unnoted += usize::from(coded.note.is_none());
            place.start = coded.end;
        }
        place
    }

    /// Returns the text that starts at a place.
    #[inline]
    pub(crate) fn at(&self, start: usize) -> Option<Coded<'_>> {
        let bytes = self.bytes.get(start..)?;
        let (shared, length, header) = match bytes {
            [] => return None,
            [shared, length, ..] if (shared | length) < MORE => (usize::from(*shared), usize::from(*length), 2),
            _ => long_header(bytes),
        };
        let (rest_start, rest_end) = (header, header + length / 2);
        let note = bytes.get(rest_end..rest_end + NOTE).filter(|_| length % 2 == 1);
        let note = note.and_then(|note| note.try_into().ok()).map(u32::from_le_bytes);
        let end = start + rest_end + if note.is_some() { NOTE } else { 0 };
        Some(Coded { shared, rest: &bytes[rest_start..rest_end], note, rest_start: start + rest_start, end })
    }

    /// Puts a text where [`seek`](Self::seek) says that it belongs.
    pub(crate) fn insert(&mut self, place: Place, text: &[u8], note: Option<u32>) {
        let rest = &text[place.shared_before..];
        let header = header(place.shared_before, rest.len(), note.is_some());
        let note = note.map(u32::to_le_bytes);
        let note = note.as_ref().map_or(&[][..], |note| note);
        match self.at(place.start) {
            Some(next) => {
                // It may share more with the new one than with the one before that.
                let gained = place.shared_after - next.shared;
                let changed = next.rest_start + gained;
                let next = self::header(place.shared_after, next.rest.len() - gained, next.note.is_some());
                self.replace(place.start..changed, &[header.as_slice(), rest, note, next.as_slice()]);
            }
            None => self.replace(place.start..place.start, &[header.as_slice(), rest, note]),
        }
    }

    /// Takes out the text that starts at a place.
    pub(crate) fn remove(&mut self, start: usize) {
        let Some(gone) = self.at(start) else { return };
        let Some(next) = self.at(gone.end) else { return self.replace(start..gone.end, &[]) };
        // What the next one shared with this one alone it has to say itself now.
        let lost = next.shared.saturating_sub(gone.shared);
        let (lost_bytes, changed) = (gone.rest[..lost].to_vec(), next.rest_start);
        let header = header(next.shared - lost, next.rest.len() + lost, next.note.is_some());
        self.replace(start..changed, &[header.as_slice(), &lost_bytes]);
    }

    /// Gives the text that starts at a place another note, or none.
    pub(crate) fn set_note(&mut self, start: usize, note: Option<u32>) {
        let Some(coded) = self.at(start) else { return };
        let (rest_end, end) = (coded.rest_start + coded.rest.len(), coded.end);
        let header = header(coded.shared, coded.rest.len(), note.is_some());
        self.replace(start..coded.rest_start, &[header.as_slice()]);
        let note = note.map(u32::to_le_bytes);
        self.replace(rest_end..end, &[note.as_ref().map_or(&[][..], |note| note)]);
    }

    /// Adds a text that is greater than all others.
    pub(crate) fn push(&mut self, text: &[u8], note: Option<u32>) {
        let shared_before = common_length(&self.last(), text);
        let start = self.bytes.len();
        self.insert(Place { start, is_found: false, unnoted: 0, shared_before, shared_after: 0 }, text, note);
    }

    /// Adds texts that are greater than all others.
    pub(crate) fn append(&mut self, other: &Self) {
        let Some(first) = other.at(0) else { return };
        self.push(first.rest, first.note);
        let end = self.bytes.len();
        self.replace(end..end, &[&other.bytes[first.end..]]);
    }

    /// Splits off what is at and after a place.
    pub(crate) fn split_off(&mut self, start: usize) -> Upper {
        let mut upper = Upper { texts: Self::default(), first: Vec::new(), shared: 0, unnoted_below: 0 };
        let mut at = 0;
        while let Some(coded) = self.at(at) {
            upper.first.truncate(coded.shared);
            upper.first.extend_from_slice(coded.rest);
            if at == start {
                upper.shared = coded.shared;
                upper.texts.push(&upper.first, coded.note);
                let length = upper.texts.len();
                upper.texts.replace(length..length, &[&self.bytes[coded.end..]]);
                break;
            }
            upper.unnoted_below += usize::from(coded.note.is_none());
            at = coded.end;
        }
        self.replace(start..self.bytes.len(), &[]);
        upper
    }

    /// Returns where to split so that the halves are about equally long, or so that nearly all is in the lower one; nothing
    /// if there are too few texts.
    pub(crate) fn middle(&self, is_at_end: bool) -> Option<usize> {
        let starts = || core::iter::successors(Some(0), |start| self.at(*start).map(|coded| coded.end));
        // The last start is the end of the buffer, after the last text.
        let count = starts().count() - 1;
        let highest = count.checked_sub(2).filter(|highest| *highest >= 2)?;
        let is_enough = |(index, start): &(usize, usize)| {
            *index == highest || (*index >= 2 && !is_at_end && *start >= self.bytes.len() / 2)
        };
        starts().enumerate().find(is_enough).map(|(_, start)| start)
    }

    fn last(&self) -> Vec<u8> {
        let (mut text, mut start) = (Vec::new(), 0);
        while let Some(coded) = self.at(start) {
            text.truncate(coded.shared);
            text.extend_from_slice(coded.rest);
            start = coded.end;
        }
        text
    }

    /// Puts the parts in the place of the bytes of a range.
    fn replace(&mut self, range: Range<usize>, parts: &[&[u8]]) {
        let old = self.bytes.len();
        let added = parts.iter().map(|part| part.len()).sum::<usize>();
        let new = old - range.len() + added;
        if new > self.bytes.capacity() {
            self.bytes.reserve_exact(new.next_multiple_of(STEP) - old);
        }
        self.bytes.resize(new.max(old), 0);
        self.bytes.copy_within(range.end..old, range.start + added);
        self.bytes.truncate(new);
        let mut at = range.start;
        for part in parts {
            self.bytes[at..at + part.len()].copy_from_slice(part);
            at += part.len();
        }
        if self.bytes.capacity() > new + 3 * STEP {
            self.bytes.shrink_to(new.next_multiple_of(STEP));
        }
    }
}

/// Shared length and length of the rest, as written.
struct Header {
    bytes: [u8; 2 * MAX_LENGTH],
    length: usize,
}

impl Header {
    fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Appends a number, seven bits per byte, the low ones first.
    fn push(&mut self, mut number: usize) {
        while number >= usize::from(MORE) {
            self.bytes[self.length] = number as u8 | MORE;
            self.length += 1;
            number >>= 7;
        }
        self.bytes[self.length] = number as u8;
        self.length += 1;
    }
}

/// The bytes that a length can take.
const MAX_LENGTH: usize = 10;
/// Marks a byte of a length that is not the last one.
const MORE: u8 = 0x80;

fn header(shared: usize, rest: usize, has_note: bool) -> Header {
    let mut header = Header { bytes: [0; 2 * MAX_LENGTH], length: 0 };
    header.push(shared);
    header.push(rest << 1 | usize::from(has_note));
    header
}

/// Reads a header of any length; returns the two numbers in it and how many bytes it takes.
#[cold]
fn long_header(bytes: &[u8]) -> (usize, usize, usize) {
    let (shared, first) = read_length(bytes);
    let (length, second) = read_length(&bytes[first..]);
    (shared, length, first + second)
}

/// Reads a length; returns also how many bytes it takes.
fn read_length(bytes: &[u8]) -> (usize, usize) {
    let mut number = 0;
    for (position, byte) in bytes.iter().enumerate() {
        number |= usize::from(byte & !MORE) << (7 * position);
        if byte & MORE == 0 {
            return (number, position + 1);
        }
    }
    unreachable!("a length ends")
}

/// Returns how many bytes two texts have in common at their start.
fn common_length(one: &[u8], other: &[u8]) -> usize {
    const WORD: usize = 32;
    // Long texts are compared in words first.
    let words = one.chunks_exact(WORD).zip(other.chunks_exact(WORD)).take_while(|(one, other)| one == other).count();
    let start = words * WORD;
    let bytes = one[start..].iter().zip(&other[start..]).take_while(|(one, other)| one == other).count();
    start + bytes
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeMap;
    use proptest::prelude::*;

    use super::*;

    fn texts() -> impl Strategy<Value = Vec<u8>> {
        prop_oneof![
            prop::collection::vec(b'a'..=b'c', 0..6),
            // Longer than what one byte of length can say.
            (100_usize..300, b'a'..=b'c').prop_map(|(length, last)| {
                let mut text = alloc::vec![b'b'; length];
                text.push(last);
                text
            }),
        ]
    }

    fn contents(coded: &FrontCoded) -> BTreeMap<Vec<u8>, Option<u32>> {
        let (mut text, mut start, mut all) = (Vec::new(), 0, BTreeMap::new());
        while let Some(coded) = coded.at(start) {
            let before = text.clone();
            text.truncate(coded.shared);
            text.extend_from_slice(coded.rest);
            assert!(all.is_empty() || before < text);
            assert_eq!(coded.shared, common_length(&before, &text));
            all.insert(text.clone(), coded.note);
            start = coded.end;
        }
        all
    }

    proptest! {
        #[test]
        fn texts_go_in_and_out_like_those_of_an_ordered_map(
            operations in prop::collection::vec((texts(), 0..3, any::<Option<u32>>()), 0..60),
        ) {
            let (mut coded, mut model) = (FrontCoded::default(), BTreeMap::<Vec<u8>, Option<u32>>::new());
            for (text, operation, note) in operations {
                let place = coded.seek(&text);
                prop_assert_eq!(place.is_found, model.contains_key(&text));
                prop_assert_eq!(place.unnoted, model.range(..text.clone()).filter(|(_, note)| note.is_none()).count());
                match (place.is_found, operation) {
                    (true, 0) => {
                        coded.remove(place.start);
                        model.remove(&text);
                    }
                    (true, _) => {
                        coded.set_note(place.start, note);
                        model.insert(text, note);
                    }
                    (false, _) => {
                        coded.insert(place, &text, note);
                        model.insert(text, note);
                    }
                }
                prop_assert_eq!(&contents(&coded), &model);
            }
        }

        #[test]
        fn what_is_split_can_be_put_together(all in prop::collection::btree_map(texts(), any::<Option<u32>>(), 4..40), is_at_end: bool) {
            let mut coded = FrontCoded::default();
            all.iter().for_each(|(text, note)| coded.push(text, *note));
            let before = coded.bytes.clone();
            let upper = coded.split_off(coded.middle(is_at_end).unwrap());
            let below = contents(&coded);
            prop_assert!(below.len() >= 2 && below.len() + 2 <= all.len());
            prop_assert_eq!(below.values().filter(|note| note.is_none()).count(), upper.unnoted_below);
            prop_assert_eq!(contents(&upper.texts).into_keys().next(), Some(upper.first.clone()));
            prop_assert_eq!(upper.shared, common_length(&coded.last(), &upper.first));
            coded.append(&upper.texts);
            prop_assert_eq!(coded.bytes, before);
        }
    }
}

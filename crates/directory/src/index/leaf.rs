use alloc::vec::Vec;

use crate::{
    index::front_coded::{FrontCoded, Upper},
    index::id_set::IdSet,
    index::ids::Ids,
};

/// A leaf of a [dictionary](crate::index::dictionary::Dictionary): texts in order, each with the ids that have it.
///
/// The id of a text that one has is its note.
#[derive(Debug, Clone, Default)]
pub(crate) struct Leaf {
    texts: FrontCoded,
    /// Who has the texts without a note, in their order.
    sets: Vec<IdSet>,
}

/// Above so many bytes a leaf is split, if it has at least four texts: all of it may have to be read.
pub(crate) const LARGE: usize = 512;

impl Leaf {
    /// Tells whether nobody had the text before, and what was split off.
    pub(crate) fn insert(&mut self, text: &[u8], ids: &[u32]) -> (bool, Option<(Vec<u8>, Self)>) {
        let place = self.texts.seek(text);
        let note = self.texts.at(place.start).filter(|_| place.is_found).map(|coded| coded.note);
        match (note, ids) {
            (_, []) => {}
            (None, _) => {
                let is_at_end = place.start == self.texts.len();
                let one = if let [id] = ids { Some(*id) } else { None };
                self.texts.insert(place, text, one);
                if one.is_none() {
                    self.sets.insert(place.unnoted, ids.iter().copied().collect());
                }
                return (true, self.split(is_at_end));
            }
            (Some(Some(own)), [id]) if own == *id => {}
            (Some(Some(own)), _) => {
                self.texts.set_note(place.start, None);
                self.sets.insert(place.unnoted, ids.iter().copied().chain([own]).collect());
            }
            (Some(None), _) => self.sets[place.unnoted].insert_all(ids),
        }
        (false, None)
    }

    /// Returns who is left as the only one that has the text, if several had it.
    pub(crate) fn remove(&mut self, text: &[u8], ids: &[u32]) -> Option<u32> {
        let place = self.texts.seek(text);
        if !place.is_found {
            return None;
        }
        match self.texts.at(place.start).and_then(|coded| coded.note) {
            Some(own) if ids.contains(&own) => self.texts.remove(place.start),
            Some(_) => {}
            None => {
                let set = &mut self.sets[place.unnoted];
                set.remove_all(ids);
                if set.len() < 2 {
                    let one = self.sets.remove(place.unnoted).iter_from(0).next();
                    match one {
                        Some(_) => self.texts.set_note(place.start, one),
                        None => self.texts.remove(place.start),
                    }
                    return one;
                }
            }
        }
        None
    }

    /// Takes out the ids of words that are gone; returns where to go on, if there is more.
    pub(crate) fn sweep(
        &mut self,
        text: &[u8],
        mut id: u32,
        is_gone: &impl Fn(u32) -> bool,
        steps: &mut usize,
    ) -> Option<(Vec<u8>, u32)> {
        let place = self.texts.seek(text);
        let (mut start, mut unnoted, mut text) = (place.start, place.unnoted, text.to_vec());
        if !place.is_found {
            // The id was one of a text that has gone since.
            id = 0;
        }
        while let Some(coded) = self.texts.at(start) {
            text.truncate(coded.shared);
            text.extend_from_slice(coded.rest);
            let (note, end) = (coded.note, coded.end);
            if *steps == 0 {
                return Some((text, id));
            }
            match note {
                Some(own) => {
                    *steps -= 1;
                    if is_gone(own / u64::BITS) {
                        self.texts.remove(start);
                    } else {
                        start = end;
                    }
                }
                None => {
                    // This takes a step at least, so that it comes on with whatever there is.
                    let set = &mut self.sets[unnoted];
                    if let Some(next) = set.sweep(id, is_gone, steps) {
                        return Some((text, next));
                    }
                    if set.len() > 1 {
                        (start, unnoted) = (end, unnoted + 1);
                    } else if let Some(one) = self.sets.remove(unnoted).iter_from(0).next() {
                        self.texts.set_note(start, Some(one));
                        start = self.texts.at(start).map_or(end, |coded| coded.end);
                    } else {
                        self.texts.remove(start);
                    }
                }
            }
            id = 0;
        }
        None
    }

    /// Adds what is in the next leaf.
    pub(crate) fn append(&mut self, mut next: Self) {
        self.texts.append(&next.texts);
        self.sets.append(&mut next.sets);
    }

    /// Splits off the upper part, and the shortest text between the two, if it is large.
    fn split(&mut self, is_at_end: bool) -> Option<(Vec<u8>, Self)> {
        if self.texts.len() <= LARGE {
            return None;
        }
        let Upper { texts, mut first, shared, unnoted_below } = self.texts.split_off(self.texts.middle(is_at_end)?);
        // The shortest text that is above all to the left.
        first.truncate(shared + 1);
        let mut sets = self.sets.split_off(unnoted_below);
        sets.shrink_to_fit();
        self.sets.shrink_to_fit();
        Some((first, Self { texts, sets }))
    }

    pub(crate) fn find(&self, text: &[u8]) -> Option<Ids<'_>> {
        let place = self.texts.seek(text);
        if !place.is_found {
            return None;
        }
        match self.texts.at(place.start)?.note {
            Some(id) => Some(Ids::One(id)),
            None => self.sets.get(place.unnoted).map(Ids::Set),
        }
    }

    /// Tells whether there may be more texts with the prefix behind it.
    pub(crate) fn try_each<'d, E>(
        &'d self,
        prefix: &[u8],
        visit: &mut impl FnMut(Ids<'d>) -> Result<(), E>,
    ) -> Result<bool, E> {
        let place = self.texts.seek(prefix);
        let (mut start, mut sets) = (place.start, self.sets[place.unnoted..].iter());
        // What the first one shares with the prefix, each other one shares with the one before it.
        let mut shared = place.shared_after;
        while let Some(coded) = self.texts.at(start) {
            if start > place.start {
                shared = coded.shared;
            }
            if shared < prefix.len() {
                return Ok(false);
            }
            let ids = match coded.note {
                Some(id) => Some(Ids::One(id)),
                None => sets.next().map(Ids::Set),
            };
            ids.map_or(Ok(()), &mut *visit)?;
            start = coded.end;
        }
        Ok(true)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    /// Returns how many bytes its texts take.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }
}

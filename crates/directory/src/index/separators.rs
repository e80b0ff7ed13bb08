use alloc::{boxed::Box, vec::Vec};

/// The texts between the children of a node, in ascending order.
///
/// What all of them begin with is there once, and the next few bytes of each lie side by side as a number. So a search is one in
/// a short list of numbers, and seldom reads a text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Separators {
    prefix: Box<[u8]>,
    /// How each tail begins.
    heads: Vec<u64>,
    /// The texts without the prefix.
    tails: Vec<Box<[u8]>>,
    /// How many bytes all of that takes.
    bytes: usize,
}

impl Separators {
    /// Returns how many texts there are.
    pub(crate) fn count(&self) -> usize {
        self.tails.len()
    }

    /// Returns how many bytes the texts take.
    pub(crate) fn len(&self) -> usize {
        self.bytes
    }

    /// Returns how many of the texts are not above a text: the position of the child that it belongs in.
    pub(crate) fn index(&self, text: &[u8]) -> usize {
        let Some(tail) = text.strip_prefix(&*self.prefix) else {
            return if text < &*self.prefix { 0 } else { self.count() };
        };
        let head = head(tail);
        let start = self.heads.partition_point(|other| *other < head);
        let same = self.heads[start..].iter().take_while(|other| **other == head).count();
        start + self.tails[start..start + same].partition_point(|other| **other <= *tail)
    }

    /// Returns the text at a position, if there is one.
    pub(crate) fn text(&self, position: usize) -> Option<Vec<u8>> {
        self.tails.get(position).map(|tail| [&*self.prefix, &**tail].concat())
    }

    /// Puts in a text at the position that it belongs to.
    pub(crate) fn insert(&mut self, position: usize, text: &[u8]) {
        if self.tails.is_empty() {
            self.bytes = text.len();
            self.prefix = text.into();
        }
        let shared = common_length(&self.prefix, text);
        self.cut_prefix(shared);
        self.add(position, text[shared..].into());
    }

    /// Takes out the text at a position.
    pub(crate) fn remove(&mut self, position: usize) -> Vec<u8> {
        self.heads.remove(position);
        let tail = self.tails.remove(position);
        self.bytes -= HEAD + tail.len();
        [&*self.prefix, &*tail].concat()
    }

    /// Adds texts that are above all others.
    pub(crate) fn append(&mut self, other: Self) {
        for tail in other.tails {
            self.insert(self.count(), &[&*other.prefix, &*tail].concat());
        }
    }

    /// Splits off what is at and after a position.
    pub(crate) fn split_off(&mut self, position: usize) -> Self {
        let mut upper = Self::default();
        for tail in self.tails.split_off(position) {
            upper.insert(upper.count(), &[&*self.prefix, &*tail].concat());
        }
        let lower = core::mem::take(self);
        self.append(Self { tails: lower.tails, prefix: lower.prefix, ..Self::default() });
        upper
    }

    fn add(&mut self, position: usize, tail: Box<[u8]>) {
        self.bytes += HEAD + tail.len();
        self.heads.insert(position, head(&tail));
        self.tails.insert(position, tail);
    }

    /// Gives all texts themselves what is after so many bytes of the prefix.
    fn cut_prefix(&mut self, length: usize) {
        let (kept, cut) = self.prefix.split_at(length);
        if cut.is_empty() {
            return;
        }
        for (head, tail) in self.heads.iter_mut().zip(&mut self.tails) {
            *tail = [cut, &**tail].concat().into();
            *head = self::head(tail);
        }
        self.bytes = self.bytes + cut.len() * self.tails.len() - cut.len();
        self.prefix = kept.into();
    }
}

/// The bytes of a head.
const HEAD: usize = size_of::<u64>();

/// Returns the first bytes of a text as a number: of two texts, that of the greater one is not less.
fn head(text: &[u8]) -> u64 {
    let mut bytes = [0; HEAD];
    let length = text.len().min(HEAD);
    bytes[..length].copy_from_slice(&text[..length]);
    u64::from_be_bytes(bytes)
}

fn common_length(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).take_while(|(one, other)| one == other).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Texts that are much alike, some with zeros, some with more in common than a head has room for.
    fn texts() -> impl Strategy<Value = Vec<u8>> {
        let ends = prop::collection::vec(prop_oneof![Just(0), b'a'..=b'c'], 0..4);
        (0_usize..3, ends).prop_map(|(length, end)| [&b"x".repeat(9 * length)[..], &end].concat())
    }

    fn all(separators: &Separators) -> Vec<Vec<u8>> {
        separators.tails.iter().map(|tail| [&*separators.prefix, &**tail].concat()).collect()
    }

    fn bytes(separators: &Separators) -> usize {
        separators.prefix.len() + separators.tails.iter().map(|tail| HEAD + tail.len()).sum::<usize>()
    }

    proptest! {
        #[test]
        fn a_text_is_found_where_it_is_in_an_ordered_list(
            operations in prop::collection::vec((0..4, texts()), 0..60),
            asked in prop::collection::vec(texts(), 10),
            at in 0_usize..60,
        ) {
            let (mut separators, mut model) = (Separators::default(), Vec::<Vec<u8>>::new());
            for (operation, text) in operations {
                match model.binary_search(&text) {
                    Ok(position) if operation == 0 => {
                        prop_assert_eq!(separators.remove(position), model.remove(position));
                    }
                    Ok(_) => {}
                    Err(position) => {
                        separators.insert(position, &text);
                        model.insert(position, text);
                    }
                }
                prop_assert_eq!(&all(&separators), &model);
                prop_assert!(separators.count() == 0 || separators.len() == bytes(&separators));
            }
            for text in &asked {
                prop_assert_eq!(separators.index(text), model.partition_point(|other| other <= text));
            }
            let at = at.min(model.len());
            let upper = separators.split_off(at);
            prop_assert_eq!(&all(&separators), &model[..at]);
            prop_assert_eq!(&all(&upper), &model[at..]);
            for part in [&separators, &upper] {
                prop_assert!(part.count() == 0 || part.len() == bytes(part));
            }
            separators.append(upper);
            prop_assert_eq!(&all(&separators), &model);
            for text in &asked {
                prop_assert_eq!(separators.index(text), model.partition_point(|other| other <= text));
            }
        }
    }
}

use alloc::{boxed::Box, vec::Vec};

use crate::{
    index::front_coded::{FrontCoded, Upper},
    index::id_set::IdSet,
    index::separators::Separators,
};

/// Texts in order, each with the ids that have it.
///
/// Endpoint names, bases and titles are nearly all different, and neighbours share most of their bytes. So this is a tree
/// whose leaves hold the texts [front-coded](FrontCoded): a text costs what it does not share with the one before it, and its
/// id; and to find one, or where those with a prefix start, takes a search among the [separators](Separators) of a few nodes and a
/// walk through one short buffer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dictionary {
    root: Node,
}

/// The ids that have a text; there is at least one.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Ids<'d> {
    One(u32),
    Set(&'d IdSet),
}

#[derive(Debug, Clone)]
enum Node {
    Leaf(Leaf),
    Inner(Box<Inner>),
}

/// The id of a text that one has is its note.
#[derive(Debug, Clone, Default)]
struct Leaf {
    texts: FrontCoded,
    /// Who has the texts without a note, in their order.
    sets: Vec<IdSet>,
}

/// A child more than there are separators: each of these is above all below the child before it and not above any below the
/// child after it.
#[derive(Debug, Clone)]
struct Inner {
    separators: Separators,
    children: Vec<Node>,
}

/// A node that was split: what is to the right of it, and the text between them.
type Split = Option<(Vec<u8>, Node)>;

/// Above so many bytes a leaf is split, if it has at least four texts: all of it may have to be read.
const LARGE_LEAF: usize = 512;
/// The same of other nodes.
const LARGE_INNER: usize = 4096;

impl Dictionary {
    /// Notes that ids have a text; tells whether nobody had it before.
    pub(crate) fn insert(&mut self, text: &str, ids: &[u32]) -> bool {
        let (is_new, split) = self.root.insert(text.as_bytes(), ids);
        if let Some((between, right)) = split {
            let left = core::mem::take(&mut self.root);
            let mut root = Inner { separators: Separators::default(), children: Vec::from([left, right]) };
            root.separators.insert(0, &between);
            self.root = Node::Inner(Box::new(root));
        }
        is_new
    }

    /// Forgets that ids have a text; returns who is left as the only one that has it, if several had it.
    pub(crate) fn remove(&mut self, text: &str, ids: &[u32]) -> Option<u32> {
        let left = self.root.remove(text.as_bytes(), ids);
        self.lower();
        left
    }

    /// Takes out the ids of the words of 64 that are gone, from a text and an id on, until there are no steps left: one for each
    /// word or id that is looked at. Tells whether it came to the end.
    pub(crate) fn sweep(
        &mut self,
        text: &mut Vec<u8>,
        id: &mut u32,
        is_gone: &impl Fn(u32) -> bool,
        steps: &mut usize,
    ) -> bool {
        while *steps > 0 {
            let next = self.root.sweep(text, *id, is_gone, steps);
            self.lower();
            match next {
                Some(next) => (*text, *id) = next,
                None => {
                    (*text, *id) = (Vec::new(), 0);
                    return true;
                }
            }
        }
        false
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.root.is_empty()
    }

    /// Returns the ids that have a text.
    pub(crate) fn find(&self, text: &str) -> Option<Ids<'_>> {
        let text = text.as_bytes();
        let mut node = &self.root;
        loop {
            match node {
                Node::Inner(inner) => node = inner.children.get(inner.separators.index(text))?,
                Node::Leaf(leaf) => return leaf.find(text),
            }
        }
    }

    /// Visits the ids of each text that begins with a prefix, in the order of the texts, until one visit fails.
    pub(crate) fn try_each<'d, E>(
        &'d self,
        prefix: &str,
        mut visit: impl FnMut(Ids<'d>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.root.try_each(prefix.as_bytes(), &mut visit).map(|_| ())
    }

    /// Takes away nodes at the top that have one child alone.
    fn lower(&mut self) {
        while let Node::Inner(inner) = &mut self.root
            && inner.children.len() < 2
        {
            self.root = inner.children.pop().unwrap_or_default();
        }
    }
}

impl Node {
    /// Tells whether nobody had the text before, and what the node was split into.
    fn insert(&mut self, text: &[u8], ids: &[u32]) -> (bool, Split) {
        match self {
            Self::Leaf(leaf) => leaf.insert(text, ids),
            Self::Inner(inner) => inner.insert(text, ids),
        }
    }

    /// Returns who is left as the only one that has the text, if several had it.
    fn remove(&mut self, text: &[u8], ids: &[u32]) -> Option<u32> {
        match self {
            Self::Leaf(leaf) => leaf.remove(text, ids),
            Self::Inner(inner) => inner.remove(text, ids),
        }
    }

    /// Sweeps one leaf; returns where to go on, if there is more.
    fn sweep(
        &mut self,
        text: &[u8],
        id: u32,
        is_gone: &impl Fn(u32) -> bool,
        steps: &mut usize,
    ) -> Option<(Vec<u8>, u32)> {
        match self {
            Self::Leaf(leaf) => leaf.sweep(text, id, is_gone, steps),
            Self::Inner(inner) => {
                let index = inner.separators.index(text);
                let next = inner.children[index].sweep(text, id, is_gone, steps);
                let next = next.or_else(|| Some((inner.separators.text(index)?, 0)));
                inner.tidy(index);
                next
            }
        }
    }

    /// Tells whether there may be more texts with the prefix behind this node.
    fn try_each<'d, E>(&'d self, prefix: &[u8], visit: &mut impl FnMut(Ids<'d>) -> Result<(), E>) -> Result<bool, E> {
        match self {
            Self::Leaf(leaf) => leaf.try_each(prefix, visit),
            Self::Inner(inner) => {
                for child in &inner.children[inner.separators.index(prefix)..] {
                    if !child.try_each(prefix, visit)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
        }
    }

    /// Adds what is in the next node; `between` is the text between the two.
    fn join(&mut self, between: &[u8], next: Self) {
        match (self, next) {
            (Self::Leaf(leaf), Self::Leaf(mut next)) => {
                leaf.texts.append(&next.texts);
                leaf.sets.append(&mut next.sets);
            }
            (Self::Inner(inner), Self::Inner(mut next)) => {
                inner.separators.insert(inner.separators.count(), between);
                inner.separators.append(next.separators);
                inner.children.append(&mut next.children);
            }
            _ => unreachable!("neighbours are of the same kind"),
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Self::Leaf(leaf) => leaf.texts.is_empty(),
            Self::Inner(inner) => inner.children.is_empty(),
        }
    }

    /// Returns how many bytes its texts take.
    fn len(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.texts.len(),
            Self::Inner(inner) => inner.separators.len(),
        }
    }

    /// Returns above how many bytes it is split.
    fn large(&self) -> usize {
        match self {
            Self::Leaf(_) => LARGE_LEAF,
            Self::Inner(_) => LARGE_INNER,
        }
    }

    /// Tells whether it should be joined with a neighbour.
    fn is_small(&self) -> bool {
        self.len() < self.large() / 4
    }

    /// Tells whether it can be joined with a neighbour so that both together are not at once large again.
    fn fits(&self, neighbour: &Self) -> bool {
        self.len() + neighbour.len() <= self.large() / 4 * 3
    }
}

impl Default for Node {
    fn default() -> Self {
        Self::Leaf(Leaf::default())
    }
}

impl Leaf {
    fn insert(&mut self, text: &[u8], ids: &[u32]) -> (bool, Split) {
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

    fn remove(&mut self, text: &[u8], ids: &[u32]) -> Option<u32> {
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

    fn sweep(
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

    fn split(&mut self, is_at_end: bool) -> Split {
        if self.texts.len() <= LARGE_LEAF {
            return None;
        }
        let Upper { texts, mut first, shared, unnoted_below } = self.texts.split_off(self.texts.middle(is_at_end)?);
        // The shortest text that is above all to the left.
        first.truncate(shared + 1);
        let mut sets = self.sets.split_off(unnoted_below);
        sets.shrink_to_fit();
        self.sets.shrink_to_fit();
        Some((first, Node::Leaf(Self { texts, sets })))
    }

    fn find(&self, text: &[u8]) -> Option<Ids<'_>> {
        let place = self.texts.seek(text);
        if !place.is_found {
            return None;
        }
        match self.texts.at(place.start)?.note {
            Some(id) => Some(Ids::One(id)),
            None => self.sets.get(place.unnoted).map(Ids::Set),
        }
    }

    fn try_each<'d, E>(&'d self, prefix: &[u8], visit: &mut impl FnMut(Ids<'d>) -> Result<(), E>) -> Result<bool, E> {
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
}

impl Inner {
    fn insert(&mut self, text: &[u8], ids: &[u32]) -> (bool, Split) {
        let index = self.separators.index(text);
        let (is_new, split) = self.children[index].insert(text, ids);
        let Some((between, right)) = split else { return (is_new, None) };
        let is_at_end = index == self.separators.count();
        self.separators.insert(index, &between);
        self.children.insert(index + 1, right);
        (is_new, self.split(is_at_end))
    }

    fn remove(&mut self, text: &[u8], ids: &[u32]) -> Option<u32> {
        let index = self.separators.index(text);
        let left = self.children[index].remove(text, ids);
        self.tidy(index);
        left
    }

    /// Takes away a child in which nothing is left, and joins one that has become small.
    fn tidy(&mut self, index: usize) {
        let child = &self.children[index];
        if child.is_empty() {
            self.children.remove(index);
            if self.separators.count() > 0 {
                self.separators.remove(index.saturating_sub(1));
            }
        } else if child.is_small() {
            if self.children.get(index + 1).is_some_and(|next| child.fits(next)) {
                self.join(index);
            } else if index > 0 && child.fits(&self.children[index - 1]) {
                self.join(index - 1);
            }
        }
    }

    /// Joins the children at and after a position.
    fn join(&mut self, index: usize) {
        let next = self.children.remove(index + 1);
        let between = self.separators.remove(index);
        self.children[index].join(&between, next);
    }

    fn split(&mut self, is_at_end: bool) -> Split {
        let count = self.separators.count();
        if self.separators.len() <= LARGE_INNER || count < 4 {
            return None;
        }
        let middle = if is_at_end { count - 2 } else { count / 2 };
        let separators = self.separators.split_off(middle + 1);
        let between = self.separators.remove(middle);
        let mut children = self.children.split_off(middle + 1);
        children.shrink_to_fit();
        self.children.shrink_to_fit();
        Some((between, Node::Inner(Box::new(Self { separators, children }))))
    }
}

#[cfg(test)]
mod tests {
    use alloc::{
        collections::{BTreeMap, BTreeSet},
        format,
        string::String,
    };
    use proptest::prelude::*;

    use super::*;

    type Model = BTreeMap<String, BTreeSet<u32>>;

    fn ids(ids: Ids<'_>) -> BTreeSet<u32> {
        match ids {
            Ids::One(id) => BTreeSet::from([id]),
            Ids::Set(set) => {
                assert!(set.len() > 1);
                set.iter_from(0).collect()
            }
        }
    }

    fn with_prefix(dictionary: &Dictionary, prefix: &str) -> Vec<BTreeSet<u32>> {
        let mut all = Vec::new();
        let visited: Result<(), ()> = dictionary.try_each(prefix, |found| {
            all.push(ids(found));
            Ok(())
        });
        assert_eq!(visited, Ok(()));
        all
    }

    fn assert_same(dictionary: &Dictionary, model: &Model, prefix: &str) {
        let expected: Vec<_> =
            model.iter().filter(|(text, _)| text.starts_with(prefix)).map(|(_, ids)| ids.clone()).collect();
        assert_eq!(with_prefix(dictionary, prefix), expected);
    }

    fn change(dictionary: &mut Dictionary, model: &mut Model, add: bool, text: &str, ids: &[u32]) {
        if add {
            dictionary.insert(text, ids);
            model.entry(text.into()).or_default().extend(ids);
        } else {
            dictionary.remove(text, ids);
            if let Some(own) = model.get_mut(text) {
                own.retain(|id| !ids.contains(id));
                let ids = own;
                if ids.is_empty() {
                    model.remove(text);
                }
            }
        }
    }

    /// Texts that share much with their neighbours, and some that are longer than a node.
    fn texts() -> impl Strategy<Value = String> {
        prop_oneof![
            12 => (0_u32..300).prop_map(|number| format!("coap://[2001:db8::{number:x}]")),
            6 => "[a-c]{0,4}",
            1 => (0_usize..4, 0_u32..4).prop_map(|(length, number)| format!("{}{number}", "ä".repeat(200 * length))),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(80))]

        #[test]
        fn a_dictionary_does_what_an_ordered_map_of_sets_does(
            operations in prop::collection::vec((0..3, texts(), prop::collection::btree_set(0_u32..6, 1..3)), 0..900),
            prefixes in prop::collection::vec(texts(), 5),
        ) {
            let (mut dictionary, mut model) = (Dictionary::default(), Model::new());
            for (what, text, ids) in &operations {
                let ids: Vec<u32> = ids.iter().copied().collect();
                change(&mut dictionary, &mut model, *what > 0, text, &ids);
            }
            for prefix in prefixes {
                let cut = prefix.char_indices().nth(prefix.chars().count() / 2).map_or(0, |(at, _)| at);
                prop_assert_eq!(dictionary.find(&prefix).map(ids), model.get(&prefix).cloned());
                assert_same(&dictionary, &model, &prefix);
                assert_same(&dictionary, &model, &prefix[..cut]);
            }
            assert_same(&dictionary, &model, "");
            for (_, text, ids) in operations.iter().rev() {
                let ids: Vec<u32> = ids.iter().copied().collect();
                change(&mut dictionary, &mut model, false, text, &ids);
            }
            prop_assert!(dictionary.is_empty());
            assert_same(&dictionary, &model, "");
        }
    }

    #[test]
    fn many_texts_come_and_go_in_any_direction() {
        let text = |number: u32| format!("coap://[2001:db8::{:x}:{:x}]", number >> 8, number & 0xff);
        let orders: [fn(u32) -> u32; 3] = [|number| number, |number| 19_999 - number, |number| number * 7919 % 20_000];
        for order in orders {
            let (mut dictionary, mut model) = (Dictionary::default(), Model::new());
            for number in (0..20_000).map(order) {
                change(&mut dictionary, &mut model, true, &text(number), &[number]);
            }
            assert_same(&dictionary, &model, "");
            for number in (0..20_000).map(order).filter(|number| number % 50 != 0) {
                change(&mut dictionary, &mut model, false, &text(number), &[number]);
            }
            assert_same(&dictionary, &model, "");
            assert_same(&dictionary, &model, "coap://[2001:db8::1");
            for number in (0..20_000).map(order).filter(|number| number % 50 == 0) {
                assert_eq!(dictionary.find(&text(number)).map(ids), Some(BTreeSet::from([number])));
                change(&mut dictionary, &mut model, false, &text(number), &[number]);
            }
            assert!(dictionary.is_empty());
        }
    }

    #[test]
    fn long_texts_that_differ_at_their_ends_keep_every_node_small() {
        let start = "x".repeat(60_000);
        let mut dictionary = Dictionary::default();
        for number in 0..200 {
            dictionary.insert(&format!("{start}{}", number * 71 % 200), &[number]);
        }
        fn longest(node: &Node) -> usize {
            match node {
                Node::Leaf(_) => node.len(),
                Node::Inner(inner) => inner.children.iter().map(longest).fold(node.len(), usize::max),
            }
        }
        assert!(longest(&dictionary.root) < 5 * start.len());
        assert_eq!(with_prefix(&dictionary, &start).len(), 200);
        assert!(dictionary.find(&start).is_none());
    }
}

use alloc::{boxed::Box, vec::Vec};

use crate::{
    index::ids::Ids,
    index::leaf::{self, Leaf},
    index::separators::Separators,
};

/// Texts in order, each with the ids that have it.
///
/// Endpoint names, bases and titles are nearly all different, and neighbours share most of their bytes. So this is a tree
/// whose leaves hold the texts [front-coded](crate::index::front_coded::FrontCoded): a text costs what it does not share with the one before it, and its
/// id; and to find one, or where those with a prefix start, takes a search among the [separators](Separators) of a few nodes and a
/// walk through one short buffer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Dictionary {
    root: Node,
}

#[derive(Debug, Clone)]
enum Node {
    Leaf(Leaf),
    Inner(Box<Inner>),
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

/// Above so many bytes a node that is no leaf is split, if it has at least four separators.
const LARGE: usize = 4096;

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
            Self::Leaf(leaf) => {
                let (is_new, split) = leaf.insert(text, ids);
                (is_new, split.map(|(between, right)| (between, Self::Leaf(right))))
            }
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
            (Self::Leaf(leaf), Self::Leaf(next)) => leaf.append(next),
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
            Self::Leaf(leaf) => leaf.is_empty(),
            Self::Inner(inner) => inner.children.is_empty(),
        }
    }

    /// Returns how many bytes its texts take.
    fn len(&self) -> usize {
        match self {
            Self::Leaf(leaf) => leaf.len(),
            Self::Inner(inner) => inner.separators.len(),
        }
    }

    /// Returns above how many bytes it is split.
    fn large(&self) -> usize {
        match self {
            Self::Leaf(_) => leaf::LARGE,
            Self::Inner(_) => LARGE,
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
        if self.separators.len() <= LARGE || count < 4 {
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

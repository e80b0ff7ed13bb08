use alloc::{boxed::Box, collections::BTreeMap, vec::Vec};
use core::ops::Bound;

use waypost_filter::Test;

use crate::{index::dictionary::Dictionary, index::id_set::IdSet, index::ids::Ids};

/// Attribute name → sorted values → who has them.
///
/// The ids are numbers of links or slots of registrations, as the owner of the table decides. A test for a prefix is a
/// range of the sorted values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values {
    names: BTreeMap<Box<str>, OneName>,
}

#[derive(Debug, Clone, Default)]
struct OneName {
    all: IdSet,
    values: Dictionary,
}

/// Where in a table a [sweep](Values::sweep) goes on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Position {
    name: Box<str>,
    /// Whether it is past the ids that have the attribute at all.
    is_in_values: bool,
    /// The value, and the id among those that have it.
    text: Vec<u8>,
    id: u32,
}

impl Values {
    /// Notes, or forgets, that the ids `all` have an attribute, and for each value who of them has it. The name is in lower
    /// case, ids are ascending.
    pub(crate) fn change<V: AsRef<str>, I: AsRef<[u32]>>(
        &mut self,
        name: &str,
        all: &[u32],
        values: impl IntoIterator<Item = (V, I)>,
        add: bool,
    ) {
        if add {
            let one = self.name_mut(name);
            one.all.insert_all(all);
            values.into_iter().for_each(|(value, ids)| _ = one.values.insert(value.as_ref(), ids.as_ref()));
        } else if let Some(one) = self.names.get_mut(name) {
            one.all.remove_all(all);
            values.into_iter().for_each(|(value, ids)| _ = one.values.remove(value.as_ref(), ids.as_ref()));
            if one.all.is_empty() && one.values.is_empty() {
                self.names.remove(name);
            }
        }
    }

    /// Takes out the ids of the words of 64 that are gone, from a position on, until there are no steps left: one for each word
    /// or id that is looked at. Tells whether it came to the end.
    pub(crate) fn sweep(&mut self, position: &mut Position, is_gone: &impl Fn(u32) -> bool, steps: &mut usize) -> bool {
        while let Some((name, one)) =
            self.names.range_mut::<str, _>((Bound::Included(&*position.name), Bound::Unbounded)).next()
        {
            if *name != position.name {
                *position = Position { name: name.clone(), ..Position::default() };
            }
            if !one.sweep(position, is_gone, steps) {
                return false;
            }
            if one.all.is_empty() && one.values.is_empty() {
                self.names.remove(&position.name);
            }
            // The least that is greater.
            position.name = [&*position.name, "\0"].concat().into();
        }
        true
    }

    /// Returns who has the attribute.
    pub(crate) fn all(&self, name: &str) -> Option<&IdSet> {
        self.names.get(name).map(|one| &one.all)
    }

    /// Visits those who together pass the test, until one visit fails.
    pub(crate) fn try_each<'v, E>(
        &'v self,
        name: &str,
        test: &Test,
        mut visit: impl FnMut(Ids<'v>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Some(one) = self.names.get(name) else { return Ok(()) };
        match test {
            Test::Exists => visit(Ids::Set(&one.all)),
            Test::Exact(value) => one.values.find(value).map_or(Ok(()), visit),
            Test::Prefix(prefix) => one.values.try_each(prefix, visit),
        }
    }

    fn name_mut(&mut self, name: &str) -> &mut OneName {
        if !self.names.contains_key(name) {
            self.names.insert(name.into(), OneName::default());
        }
        match self.names.get_mut(name) {
            Some(one) => one,
            None => unreachable!("the name was just inserted"),
        }
    }
}

impl OneName {
    fn sweep(&mut self, position: &mut Position, is_gone: &impl Fn(u32) -> bool, steps: &mut usize) -> bool {
        if !position.is_in_values {
            match self.all.sweep(position.id, is_gone, steps) {
                Some(next) => {
                    position.id = next;
                    return false;
                }
                None => (position.is_in_values, position.id) = (true, 0),
            }
        }
        self.values.sweep(&mut position.text, &mut position.id, is_gone, steps)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{collections::BTreeSet, format, string::String};
    use proptest::prelude::*;

    use super::*;

    type Model = BTreeMap<(String, String), BTreeSet<u32>>;

    fn add(values: &mut Values, model: &mut Model, name: &str, value: &str, id: u32) {
        values.change(name, &[id], [(value, &[id][..])], true);
        model.entry((name.into(), value.into())).or_default().insert(id);
    }

    fn ids(values: &Values, name: &str, test: &Test) -> BTreeSet<u32> {
        let mut all = BTreeSet::new();
        let visited: Result<(), ()> = values.try_each(name, test, |ids| {
            match ids {
                Ids::One(id) => _ = all.insert(id),
                Ids::Set(set) => all.extend(set.iter_from(0)),
            }
            Ok(())
        });
        assert_eq!(visited, Ok(()));
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_sweep_leaves_what_is_not_gone_whatever_changes_meanwhile(
            count in 1_u32..500,
            gone in 1_u32..9,
            steps in prop_oneof![1_usize..4, 1_usize..700],
            changes in prop::collection::vec((0_u32..1000, any::<bool>()), 0..40),
        ) {
            let (mut values, mut model) = (Values::default(), Model::new());
            let is_gone = |word: u32| !word.is_multiple_of(gone);
            let marks = |word: u32| [
                ("if", String::from("s"), 0),
                ("rt", format!("core.{}", word % 3), 1),
                ("title", format!("title of {}", word % 97), 2),
                ("title", format!("own title of {word}"), 3),
            ];
            for word in 0..count {
                for (name, value, position) in marks(word) {
                    add(&mut values, &mut model, name, &value, word * 64 + position);
                }
            }
            let (mut position, mut changes) = (Position::default(), changes.into_iter());
            while !values.sweep(&mut position, &is_gone, &mut { steps }) {
                let Some((word, is_new)) = changes.next() else { continue };
                // What comes is not among what is gone; what goes may be anything.
                let word = if is_new { (1000 + word) * gone } else { word };
                for (name, value, position) in marks(word).into_iter().filter(|_| !is_new || !is_gone(word)) {
                    let id = word * 64 + position;
                    if is_new {
                        add(&mut values, &mut model, name, &value, id);
                    } else {
                        values.change(name, &[id], [(&value, &[id][..])], false);
                        model.entry((name.into(), value)).or_default().remove(&id);
                    }
                }
            }
            for set in model.values_mut() {
                set.retain(|id| !is_gone(id / 64));
            }
            model.retain(|_, set| !set.is_empty());
            for ((name, value), expected) in &model {
                prop_assert_eq!(&ids(&values, name, &Test::Exact(value.as_str().into())), expected);
            }
            for name in ["if", "rt", "title"] {
                let of_name = || model.iter().filter(|((own, _), _)| own == name).flat_map(|(_, ids)| ids.iter().copied());
                prop_assert_eq!(ids(&values, name, &Test::Exists), of_name().collect());
                prop_assert_eq!(ids(&values, name, &Test::Prefix("".into())), of_name().collect());
                prop_assert_eq!(values.all(name).is_some(), of_name().next().is_some());
            }
        }
    }
}

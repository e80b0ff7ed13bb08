use alloc::{boxed::Box, collections::BTreeMap};
use core::ops::Bound;

use waypost_filter::Test;

use crate::id_set::IdSet;

/// Attribute name → sorted values → who has them.
///
/// The ids are numbers of links or slots of registrations, as the owner of the table decides. A test for a prefix is a
/// range of the sorted values.
#[derive(Debug, Clone, Default)]
pub(crate) struct Values {
    names: BTreeMap<Box<str>, OneName>,
}

#[derive(Debug, Clone)]
struct OneName {
    all: IdSet,
    values: BTreeMap<Box<str>, IdSet>,
}

impl Values {
    /// Notes that `id` has the value; `name` is in lower case.
    pub(crate) fn insert(&mut self, name: &str, value: &str, id: u32) {
        let one = self.name_mut(name);
        one.all.insert(id);
        match one.values.get_mut(value) {
            Some(ids) => {
                ids.insert(id);
            }
            None => {
                let mut ids = IdSet::EMPTY;
                ids.insert(id);
                one.values.insert(value.into(), ids);
            }
        }
    }

    /// Notes that `id` has the attribute without saying with which value.
    pub(crate) fn insert_name(&mut self, name: &str, id: u32) {
        self.name_mut(name).all.insert(id);
    }

    /// Forgets that `id` has the value and the attribute.
    pub(crate) fn remove(&mut self, name: &str, value: &str, id: u32) {
        if let Some(one) = self.names.get_mut(name)
            && let Some(ids) = one.values.get_mut(value)
        {
            ids.remove(id);
            if ids.is_empty() {
                one.values.remove(value);
            }
        }
        self.remove_name(name, id);
    }

    /// Forgets that `id` has the attribute.
    pub(crate) fn remove_name(&mut self, name: &str, id: u32) {
        if let Some(one) = self.names.get_mut(name) {
            one.all.remove(id);
            if one.all.is_empty() && one.values.is_empty() {
                self.names.remove(name);
            }
        }
    }

    /// Returns the sets whose union passes the test, one at a time.
    pub(crate) fn find<'s, 't>(&'s self, name: &str, test: &'t Test) -> Found<'s, 't> {
        let Some(one) = self.names.get(name) else { return Found::One(None) };
        match test {
            Test::Exists => Found::One(Some(&one.all)),
            Test::Exact(value) => Found::One(one.values.get(value)),
            Test::Prefix(prefix) => Found::Range {
                values: one.values.range::<str, _>((Bound::Included(&**prefix), Bound::Unbounded)),
                prefix,
            },
        }
    }

    fn name_mut(&mut self, name: &str) -> &mut OneName {
        if !self.names.contains_key(name) {
            self.names.insert(name.into(), OneName { all: IdSet::EMPTY, values: BTreeMap::new() });
        }
        match self.names.get_mut(name) {
            Some(one) => one,
            None => unreachable!("the name was just inserted"),
        }
    }
}

/// The sets of the values that pass a test.
#[derive(Debug, Clone)]
pub(crate) enum Found<'s, 't> {
    One(Option<&'s IdSet>),
    Range { values: alloc::collections::btree_map::Range<'s, Box<str>, IdSet>, prefix: &'t str },
}

impl<'s> Iterator for Found<'s, '_> {
    type Item = &'s IdSet;

    fn next(&mut self) -> Option<&'s IdSet> {
        match self {
            Self::One(one) => one.take(),
            Self::Range { values, prefix } => {
                let (value, ids) = values.next()?;
                value.starts_with(*prefix).then_some(ids)
            }
        }
    }
}

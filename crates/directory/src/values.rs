use alloc::{boxed::Box, collections::BTreeMap};

use waypost_filter::Test;

use crate::{
    dictionary::{Dictionary, Ids},
    id_set::IdSet,
};

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

use std::fmt;

/// The name of a deed: its bit in a set of deeds.
pub(crate) type Name = u8;

/// A set of deeds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct Known(u64);

impl Known {
    pub(crate) const fn contains(self, name: Name) -> bool {
        self.0 >> name & 1 == 1
    }

    pub(crate) const fn insert(&mut self, name: Name) {
        self.0 |= 1 << name;
    }

    pub(crate) const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(crate) const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }
}

impl FromIterator<Name> for Known {
    fn from_iter<I: IntoIterator<Item = Name>>(names: I) -> Self {
        let mut known = Self::default();
        names.into_iter().for_each(|name| known.insert(name));
        known
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries((0..64).filter(|name| self.contains(*name))).finish()
    }
}

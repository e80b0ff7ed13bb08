use alloc::{boxed::Box, vec::Vec};

use waypost_model::{Record, Stamp, Timestamp, Update, Version};

/// When and by whom each field of a registration was written, but for the last write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamps {
    pub(crate) seen: Version,
    pub(crate) first: Stamp,
    pub(crate) replaced: Stamp,
    pub(crate) base: Stamp,
    pub(crate) lifetime: Stamp,
    pub(crate) links: Stamp,
    /// By name. Names of which no value is left are here as well.
    pub(crate) attributes: Vec<(Box<str>, Stamp)>,
}

impl Stamps {
    /// Returns the stamps of what one write set all of, with the attributes of these names.
    pub(crate) fn all<'n, N: Iterator<Item = &'n str>>(stamp: Stamp, names: N) -> Self {
        Self {
            seen: [stamp.dot].into_iter().collect(),
            first: stamp,
            replaced: stamp,
            base: stamp,
            lifetime: stamp,
            links: stamp,
            attributes: names.map(|name| (name.into(), stamp)).collect(),
        }
    }

    /// Returns the stamps of a record, if they say more than the write itself.
    pub(crate) fn of(record: &Record) -> Option<Self> {
        let written = record.written;
        let is_plain = [record.first, record.replaced, record.base.stamp, record.lifetime.stamp, record.links.stamp]
            .into_iter()
            .chain(record.attributes.values().map(|register| register.stamp))
            .all(|stamp| stamp == written)
            && record.attributes.values().all(|register| !register.value.is_empty())
            && record.seen.iter().eq([written.dot]);
        (!is_plain).then(|| Self {
            seen: record.seen.clone(),
            first: record.first,
            replaced: record.replaced,
            base: record.base.stamp,
            lifetime: record.lifetime.stamp,
            links: record.links.stamp,
            attributes: record
                .attributes
                .iter()
                .map(|(name, register)| (name.as_str().into(), register.stamp))
                .collect(),
        })
    }

    /// Notes that a write sets what an update says.
    pub(crate) fn update(&mut self, update: &Update, stamp: Stamp) {
        self.seen.insert(stamp.dot);
        for (field, is_set) in [
            (&mut self.base, update.base.is_some()),
            (&mut self.lifetime, update.lifetime.is_some()),
            (&mut self.links, update.links.is_some()),
        ] {
            if is_set {
                *field = stamp;
            }
        }
        for (name, _) in update.attributes.by_name() {
            match self.attributes.binary_search_by(|(own, _)| (**own).cmp(name.as_str())) {
                Ok(at) => self.attributes[at].1 = stamp,
                Err(at) => self.attributes.insert(at, (name.as_str().into(), stamp)),
            }
        }
    }

    /// Returns the latest time in any of them.
    pub(crate) fn latest(&self) -> Timestamp {
        let fields = [self.first, self.replaced, self.base, self.lifetime, self.links];
        let attributes = self.attributes.iter().map(|(_, stamp)| *stamp);
        fields.into_iter().chain(attributes).map(|stamp| stamp.time).max().unwrap_or_default()
    }
}

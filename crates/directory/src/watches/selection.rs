use alloc::{boxed::Box, collections::BTreeMap, string::String};

use waypost_filter::{Criterion, Query};
use waypost_link_format::LinkWriter;

use crate::{
    Endpoint, Scope, Show, WatchId, Watcher,
    lookup::criteria::is_met_by_link,
    watches::contents::{Contents, Side, Sides},
    watches::shown::Shown,
};

/// What watches of equal queries share: the query, and what it shows of a registration.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) scope: Scope,
    /// Sorted, each once: the order in a query means nothing.
    pub(crate) criteria: Box<[Criterion]>,
    /// The conditions of the criteria.
    pub(crate) conditions: Box<[u32]>,
    /// The number of the criterion that it waits for.
    pub(crate) waits_for: usize,
    /// Who wants to know what changes in it.
    pub(crate) watches: BTreeMap<WatchId, Listener>,
}

/// Who made a watch, and what for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listener {
    pub(crate) watcher: Watcher,
    pub(crate) wants_links: bool,
}

impl Selection {
    pub(crate) fn new(scope: Scope, query: &Query) -> Self {
        let mut criteria = query.criteria().to_vec();
        criteria.sort_unstable();
        criteria.dedup();
        Self { scope, criteria: criteria.into(), conditions: Box::default(), waits_for: 0, watches: BTreeMap::new() }
    }

    /// Returns on which sides of a change each of the conditions is met, by whatever part of the registration.
    pub(crate) fn sides(&self, contents: &Contents) -> Sides {
        self.conditions.iter().fold(Sides::BOTH, |sides, condition| sides.and(contents.sides(*condition)))
    }

    /// Returns what stands for what is shown of a registration on one side of a change, nothing if nothing is. How often a
    /// criterion was tested is added to `tests`.
    pub(crate) fn digest(
        &self,
        contents: &Contents,
        side: Side,
        shown: &mut Shown<'_>,
        tests: &mut usize,
    ) -> Option<u64> {
        let Self { criteria, conditions, .. } = self;
        *tests += criteria.len();
        match self.scope {
            Scope::Endpoints => {
                let mut all = criteria.iter().zip(conditions);
                all.all(|(criterion, id)| contents.endpoint_meets(criterion, *id, side)).then(|| shown.endpoint())
            }
            Scope::Resources => {
                let links = contents.links_that_meet(criteria, conditions, side, tests);
                (!links.is_empty()).then(|| shown.links(&links))
            }
        }
    }

    /// Returns the links of a registration that are in the result, as a look-up writes them.
    pub(crate) fn write_links(&self, endpoint: &Endpoint<'_>) -> String {
        let mut text = String::new();
        let mut writer = LinkWriter::new(&mut text);
        for resource in endpoint.resources() {
            if self.criteria.iter().all(|criterion| is_met_by_link(criterion, &resource)) {
                // A string takes everything.
                let _ = resource.write(&mut writer, Show::default());
            }
        }
        let _ = writer.finish();
        text
    }
}

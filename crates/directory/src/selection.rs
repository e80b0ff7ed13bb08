use alloc::{boxed::Box, collections::BTreeSet, string::String, vec::Vec};
use core::hash::{Hash, Hasher};

use siphasher::sip::SipHasher13;
use waypost_filter::{Criterion, Level, Query};
use waypost_link_format::LinkWriter;

use crate::{Endpoint, Scope, Show, WatchId, endpoints};

/// What watches of equal queries share: the query, and what it shows of a registration.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) scope: Scope,
    /// Sorted, each once: the order in a query means nothing.
    pub(crate) criteria: Box<[Criterion]>,
    /// The watches that want to know what changes in it.
    pub(crate) watches: BTreeSet<WatchId>,
}

impl Selection {
    pub(crate) fn new(scope: Scope, query: &Query) -> Self {
        let mut criteria = query.criteria().to_vec();
        criteria.sort_unstable();
        criteria.dedup();
        Self { scope, criteria: criteria.into(), watches: BTreeSet::new() }
    }

    /// Returns what stands for what is shown of a registration; nothing if nothing is.
    pub(crate) fn digest(&self, key: [u8; 16], endpoint: &Endpoint<'_>) -> Option<u64> {
        let mut hasher = SipHasher13::new_with_key(&key);
        // Who sees a registration depends on its link.
        endpoint.zone().hash(&mut hasher);
        match self.scope {
            Scope::Endpoints => {
                if !self.criteria.iter().all(|criterion| endpoints::is_met(criterion, endpoint)) {
                    return None;
                }
                endpoint.base().hash(&mut hasher);
                // A flag is shown as an empty value is.
                endpoint.attributes().for_each(|(name, value)| (name, value.unwrap_or_default()).hash(&mut hasher));
            }
            Scope::Resources => self.links(endpoint)?.hash(&mut hasher),
        }
        Some(hasher.finish())
    }

    /// Returns the links of a registration that are in the result, as a look-up writes them; nothing if there are none.
    pub(crate) fn links(&self, endpoint: &Endpoint<'_>) -> Option<String> {
        let may = |criterion: &Criterion, level| criterion.level() == Level::Either || criterion.level() == level;
        // Each criterion that the endpoint meets all its links do ([RFC 9176 §6.2]).
        let by_link = |criterion: &&Criterion| !(may(criterion, Level::Endpoint) && criterion.matches(endpoint));
        let by_link: Vec<_> = self.criteria.iter().filter(by_link).collect();
        if !by_link.iter().all(|criterion| may(criterion, Level::Resource)) {
            return None;
        }
        let mut text = String::new();
        let mut writer = LinkWriter::new(&mut text);
        for resource in endpoint.resources() {
            if by_link.iter().all(|criterion| criterion.matches(&resource)) {
                // A string takes everything.
                let _ = resource.write(&mut writer, Show::default());
            }
        }
        let _ = writer.finish();
        (!text.is_empty()).then_some(text)
    }
}

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use waypost_client::{LookupId, ResourceUri};
use waypost_filter::{Criterion, Query, Test};
use waypost_link_delta::LinkDelta;
use waypost_link_format::{Link, LinkDocument, LinkDocumentBuf, LinkWriter};
use waypost_model::{Attributes, Base, EndpointName, Lifetime, Location, Registration, Sector};
use waypost_time::Instant;

use crate::Limits;

/// A registration at a source, as its look-ups show it.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) sector: Option<Sector>,
    pub(super) endpoint: EndpointName,
    base: Base,
    attributes: Attributes,
    lifetime: Lifetime,
    /// When it was last renewed, or, where ages are not shown, last seen to be there.
    seen: Instant,
    shows_age: bool,
    /// Whether it has the attribute of an age, be it of the source or of the registrant.
    pub(super) has_age: bool,
    /// Since when it is there with the links that it has, as far as was seen.
    pub(super) since: Instant,
    /// The number of the reading that found it last.
    pub(super) found_in: u64,
    /// The links that were found by its name, once they are known.
    pub(super) links: Option<LinkDocumentBuf>,
    /// Those of them that the last reading in pages found.
    found: LinkDocumentBuf,
    /// The look-up that finds them, where they have one of their own.
    pub(super) lookup: Option<LookupId>,
}

impl Entry {
    /// Reads a link of an endpoint look-up. There is nothing to read in what the source mirrors itself, nor in what is no
    /// registration.
    pub(super) fn read(
        link: Link<'_>,
        source: &ResourceUri,
        received: Instant,
        limits: &Limits,
    ) -> Option<(Location, Self)> {
        let location = Location::new(link.target()).ok()?;
        let own = link.target().strip_prefix(source.authority().as_str())?;
        if !own.starts_with('/') {
            return None;
        }
        let value = |name: &str| link.parameter(name).and_then(|parameter| parameter.value());
        let seconds = |name: &str| value(name)?.parse::<u32>().ok();
        // Directories from before the standard call the base by its old name.
        let base = value("base").or_else(|| value("con"))?;
        let lifetime = seconds("lt").and_then(|lifetime| Lifetime::from_secs(lifetime).ok());
        let age = lifetime.and_then(|lifetime| {
            let left = || Some(lifetime.as_secs().saturating_sub(seconds("lt-remaining")?));
            seconds("lt-age").or_else(left)
        });
        let unconfirmed = u32::try_from(limits.unconfirmed.as_secs()).ok();
        let unconfirmed =
            unconfirmed.and_then(|seconds| Lifetime::from_secs(seconds).ok()).unwrap_or(Lifetime::DEFAULT);
        let mut attributes = Attributes::new();
        for parameter in link.parameters() {
            // Names that mean something of their own are refused there.
            let _ = attributes.push(parameter.name(), parameter.value().as_deref());
        }
        let entry = Self {
            sector: value("d").map(|sector| Sector::new(&sector)).transpose().ok()?,
            endpoint: EndpointName::new(&value("ep")?).ok()?,
            base: Base::given(&base).ok()?,
            attributes,
            lifetime: if age.is_some() { lifetime? } else { unconfirmed },
            seen: received.saturating_sub(Duration::from_secs(age.unwrap_or(0).into())),
            shows_age: age.is_some(),
            has_age: ["lt-age", "lt-remaining"].iter().any(|name| link.parameter(name).is_some()),
            since: received,
            found_in: 0,
            links: None,
            found: LinkDocumentBuf::default(),
            lookup: None,
        };
        Some((location, entry))
    }

    /// Tells whether two readings are of the same endpoint.
    pub(super) fn has_name_of(&self, other: &Self) -> bool {
        (&self.sector, &self.endpoint) == (&other.sector, &other.endpoint)
    }

    /// Tells whether two readings show the same registration; ages and links do not count.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        (&self.sector, &self.endpoint, &self.base, &self.attributes, self.lifetime)
            == (&other.sector, &other.endpoint, &other.base, &other.attributes, other.lifetime)
    }

    /// Takes the age of a later reading.
    pub(super) fn confirm(&mut self, other: &Self) {
        self.found_in = other.found_in;
        self.seen = self.seen.max(other.seen);
        self.shows_age = other.shows_age;
        self.has_age = other.has_age;
    }

    /// Notes that it is still there. Where ages are shown, that alone does not make it younger.
    pub(super) fn confirm_at(&mut self, now: Instant) {
        if !self.shows_age {
            self.seen = now;
        }
    }

    /// Takes the links that were found by its name.
    pub(super) fn take_links(&mut self, found: &LinkDocumentBuf, received: Instant) {
        if self.links.as_ref().is_some_and(|known| known != found) {
            self.since = received;
        }
        self.links = Some(found.clone());
    }

    /// Takes the links that a reading in pages found. What the one before had and this one has not is not gone yet.
    pub(super) fn take_links_in_pages(&mut self, found: LinkDocumentBuf) {
        let before = core::mem::replace(&mut self.found, found);
        let added = LinkDelta::between(LinkDocument::default(), self.found.as_document());
        self.links = Some(added.apply(before.as_document()));
    }

    /// Takes the links from a reading of the same registration that became another.
    pub(super) fn inherit_links(&mut self, before: &mut Self) {
        (self.links, self.lookup, self.since) = (before.links.take(), before.lookup, before.since);
        self.found = core::mem::take(&mut before.found);
    }

    /// Tells whether it is known to have links, none of which shows a provenance by itself.
    pub(super) fn has_links_without_provenance(&self) -> bool {
        let is_without = |links: &LinkDocumentBuf| links.links().all(|link| link.parameter("provenance").is_none());
        self.links.as_ref().is_some_and(|links| !links.is_empty() && is_without(links))
    }

    /// Tells whether all links that it is known to have are among others without provenance.
    pub(super) fn is_covered(&self, others: &LinkDocumentBuf) -> bool {
        self.links.as_ref().is_some_and(|links| covers(others, &stripped(links)))
    }

    /// Tells whether there are others without provenance, all of which it is known to have.
    pub(super) fn covers(&self, others: &LinkDocumentBuf) -> bool {
        !others.is_empty() && self.links.as_ref().is_some_and(|links| covers(&stripped(links), others))
    }

    pub(super) fn age(&self, now: Instant) -> Duration {
        now.saturating_since(self.seen)
    }

    /// Returns when it expires, as far as known.
    pub(super) fn expires(&self) -> Instant {
        self.seen + self.lifetime.duration()
    }

    /// Adds to a query what selects it. The name comes last: some directories let the last criterion count alone.
    pub(super) fn select(&self, query: Query) -> Query {
        let exact = |name: &str, value: &str| Criterion::new(name, Test::Exact(value.into()));
        let sector = self.sector.as_ref().map(|sector| exact("d", sector.as_str()));
        sector.into_iter().chain([exact("ep", self.endpoint.as_str())]).fold(query, Query::with)
    }

    /// Returns it as a directory takes it, once its links are known. Where it is not alone with its name, those at its own
    /// base are its own.
    pub(super) fn registration(&self, is_alone: bool) -> Option<Registration> {
        let origin = self.base.origin();
        let is_own = |link: &Link<'_>| {
            let rest = link.target().strip_prefix(origin);
            is_alone || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?', '#']))
        };
        let links = without_provenance(&self.links.as_ref()?.links().filter(is_own).collect::<Vec<_>>());
        Some(Registration {
            sector: self.sector.clone(),
            lifetime: self.lifetime,
            attributes: self.attributes.clone(),
            ..Registration::new(self.endpoint.clone(), self.base.clone(), links)
        })
    }
}

/// Sorts the links of a resource look-up by the registration that each is from. What is on two pages is there once.
pub(super) fn links_by_provenance(pages: &[LinkDocumentBuf]) -> BTreeMap<Location, LinkDocumentBuf> {
    let mut sorted: BTreeMap<Location, Vec<Link<'_>>> = BTreeMap::new();
    let mut on_pages = BTreeSet::new();
    for link in pages.iter().flat_map(|page| page.links()).filter(|link| on_pages.insert(link.raw())) {
        let location = link.provenance().and_then(|provenance| Location::new(&provenance).ok());
        if let Some(location) = location {
            sorted.entry(location).or_default().push(link);
        }
    }
    sorted.into_iter().map(|(location, links)| (location, without_provenance(&links))).collect()
}

/// Returns the links without their provenance, written alike whatever they were read from.
pub(super) fn stripped(links: &LinkDocumentBuf) -> LinkDocumentBuf {
    without_provenance(&links.links().collect::<Vec<_>>())
}

/// Tells whether all links of one document are in another.
fn covers(document: &LinkDocumentBuf, other: &LinkDocumentBuf) -> bool {
    let links: BTreeSet<&str> = document.links().map(|link| link.raw()).collect();
    other.links().all(|link| links.contains(link.raw()))
}

fn without_provenance(links: &[Link<'_>]) -> LinkDocumentBuf {
    let mut text = String::new();
    let mut writer = LinkWriter::new(&mut text);
    let written = links.iter().try_for_each(|link| {
        writer.link(link.target())?;
        let mut parameters = link.parameters().filter(|parameter| !parameter.has_name("provenance"));
        parameters.try_for_each(|parameter| writer.parameter(parameter).map(drop))
    });
    match written.and_then(|()| writer.finish()) {
        Ok(()) => LinkDocumentBuf::parse(text).unwrap_or_default(),
        // A string takes everything.
        Err(_) => LinkDocumentBuf::default(),
    }
}

use waypost_link_format::LinkDocumentBuf;
use waypost_model::{Authority, Location, Record, Registration};
use waypost_time::Instant;

use crate::{
    Directory, Refused, documents::MAX_SLOTS, entry::MAX_BASE, entry::packed::MAX_ATTRIBUTE, entry::token::Token,
};

/// The limits, checked before anything is changed.
impl Directory {
    pub(crate) fn check_registration(&self, registration: &Registration) -> Result<(), Refused> {
        self.check(registration.base.as_str(), registration.attributes.iter(), registration.links.as_str())?;
        self.check_links(&registration.links)
    }

    pub(crate) fn check_record(&self, record: &Record) -> Result<(), Refused> {
        self.check_update(record)?;
        self.check_links(&record.links.value)
    }

    /// Checks what an update left that brought no links.
    pub(crate) fn check_update(&self, record: &Record) -> Result<(), Refused> {
        self.check(record.base.value.as_str(), record.attributes(), record.links.value.as_str())
    }

    pub(crate) fn check<'a>(
        &self,
        base: &str,
        attributes: impl Iterator<Item = (&'a str, Option<&'a str>)>,
        links: &str,
    ) -> Result<(), Refused> {
        let limits = &self.context.config.limits;
        at_most("bytes in a base", MAX_BASE, base.len())?;
        let (mut count, mut bytes) = (0, base.len() + links.len());
        for (name, value) in attributes {
            count += 1;
            bytes += name.len() + value.map_or(0, str::len);
            if name.len().max(value.map_or(0, str::len)) > MAX_ATTRIBUTE {
                return Err(Refused::TooLarge { what: "bytes in an attribute", limit: MAX_ATTRIBUTE });
            }
        }
        at_most("attributes", limits.attributes_per_registration, count)?;
        at_most("bytes", limits.bytes_per_registration.min(1 << 30), bytes)
    }

    pub(crate) fn check_links(&self, links: &LinkDocumentBuf) -> Result<(), Refused> {
        let limits = &self.context.config.limits;
        // The links of most documents need not be counted to see that they are not too many.
        if links.as_str().len() / SHORTEST_LINK >= limits.links_per_registration {
            at_most("links", limits.links_per_registration, links.as_document().links().count())?;
        }
        let is_full = self.documents.len() >= limits.documents;
        let is_heavy = self.documents.bytes().saturating_add(links.as_str().len()) > limits.document_bytes;
        match (is_full || is_heavy) && !self.documents.contains(links) {
            false => Ok(()),
            true if is_full => Err(Refused::OverLimit { what: "documents", limit: limits.documents }),
            true => Err(Refused::OverLimit { what: "bytes of documents", limit: limits.document_bytes }),
        }
    }

    /// Makes sure that one registration more has a place; one that has expired and is kept gives way.
    pub(crate) fn make_room(&mut self, now: Instant) -> Result<(), Refused> {
        let limit = self.context.config.limits.registrations.min(MAX_SLOTS);
        if self.registry.entries() < limit && (self.registry.end() as usize) < MAX_SLOTS {
            return Ok(());
        }
        let slot = self.kept.pop().ok_or(Refused::OverLimit { what: "registrations", limit })?;
        self.forget(now, slot);
        Ok(())
    }

    /// Checks that a registration of another origin can be shown at a location.
    pub(crate) fn check_foreign(
        &self,
        authority: &Authority,
        location: &Location,
        token: Token,
    ) -> Result<(), Refused> {
        if self.context.config.authorities.contains(authority) {
            return Err(Refused::Implausible { what: "origin" });
        }
        if self.context.path_of(location.as_str()).is_some() {
            return Err(Refused::Implausible { what: "location" });
        }
        match self.find_foreign(location.as_str()) {
            Some(slot) if self.registry[slot].token() != token => Err(Refused::LocationTaken),
            _ => Ok(()),
        }
    }
}

/// The bytes of the shortest link, with the comma between it and the next one.
const SHORTEST_LINK: usize = "<>,".len();

fn at_most(what: &'static str, limit: usize, value: usize) -> Result<(), Refused> {
    if value > limit { Err(Refused::TooLarge { what, limit }) } else { Ok(()) }
}

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;

use waypost_link_format::LinkDocumentBuf;
use waypost_rest::ETag;

use crate::{Limits, ResourceUri};

/// What a directory was asked.
pub(crate) type Asked = (ResourceUri, Vec<String>);

/// Answers that have an entity tag, to be revalidated. The least recently used go first.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    entries: BTreeMap<Asked, Entry>,
    bytes: usize,
    uses: u64,
}

#[derive(Debug)]
struct Entry {
    etag: ETag,
    links: LinkDocumentBuf,
    used: u64,
}

impl Answers {
    pub(crate) fn etag(&self, asked: &Asked) -> Option<ETag> {
        self.entries.get(asked).map(|entry| entry.etag)
    }

    /// Returns the answer that was found to be valid still.
    pub(crate) fn revalidated(&mut self, asked: &Asked, etag: Option<ETag>) -> Option<LinkDocumentBuf> {
        self.uses += 1;
        let entry = self.entries.get_mut(asked)?;
        if etag.is_some_and(|etag| etag != entry.etag) {
            return None;
        }
        entry.used = self.uses;
        Some(entry.links.clone())
    }

    pub(crate) fn put(&mut self, asked: &Asked, etag: Option<ETag>, links: &LinkDocumentBuf, limits: &Limits) {
        self.remove(asked);
        let size = links.as_str().len();
        let Some(etag) = etag.filter(|_| size <= limits.cached_bytes && limits.cached_answers > 0) else { return };
        while self.entries.len() >= limits.cached_answers || self.bytes + size > limits.cached_bytes {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(asked, _)| asked.clone());
            let Some(oldest) = oldest else { break };
            self.remove(&oldest);
        }
        self.uses += 1;
        self.bytes += size;
        self.entries.insert(asked.clone(), Entry { etag, links: links.clone(), used: self.uses });
    }

    pub(crate) fn remove(&mut self, asked: &Asked) {
        if let Some(entry) = self.entries.remove(asked) {
            self.bytes -= entry.links.as_str().len();
        }
    }
}

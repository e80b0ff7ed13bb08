use alloc::collections::BTreeMap;

use waypost_filter::{Query, Scope};
use waypost_link_format::LinkDocumentBuf;
use waypost_time::Instant;

/// A question to one source, known by its number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Asked {
    pub(crate) upstream: usize,
    pub(crate) scope: Scope,
    pub(crate) query: Query,
}

/// An answer of a source.
#[derive(Debug, Clone)]
pub(crate) struct Cached {
    /// With absolute references. The text is the one that is kept to be revalidated, unless some of it was left out.
    pub(crate) links: LinkDocumentBuf,
    pub(crate) fresh_until: Instant,
}

/// Answers of sources, to be used again ([RFC 7252 §5.6](https://www.rfc-editor.org/rfc/rfc7252#section-5.6)).
///
/// Those go first that were used longest ago, fresh or not: what is asked often is worth most when its source is gone.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    entries: BTreeMap<Asked, Entry>,
    by_use: BTreeMap<u64, Asked>,
    uses: u64,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    cached: Cached,
    used: u64,
}

impl Cache {
    /// Returns the answer to a question, fresh or not.
    pub(crate) fn find(&mut self, asked: &Asked) -> Option<Cached> {
        let entry = self.entries.get_mut(asked)?;
        self.uses += 1;
        self.by_use.remove(&entry.used);
        self.by_use.insert(self.uses, asked.clone());
        entry.used = self.uses;
        Some(entry.cached.clone())
    }

    /// Keeps an answer, within so many answers and bytes of all.
    pub(crate) fn put(&mut self, asked: Asked, cached: Cached, answers: usize, bytes: usize) {
        self.remove(&asked);
        self.uses += 1;
        self.bytes += size_of(&asked, &cached);
        self.by_use.insert(self.uses, asked.clone());
        self.entries.insert(asked, Entry { cached, used: self.uses });
        while self.entries.len() > answers || self.bytes > bytes {
            let Some(oldest) = self.by_use.values().next().cloned() else { break };
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, asked: &Asked) {
        if let Some(entry) = self.entries.remove(asked) {
            self.by_use.remove(&entry.used);
            self.bytes -= size_of(asked, &entry.cached);
        }
    }
}

/// About what an answer takes in memory.
fn size_of(asked: &Asked, cached: &Cached) -> usize {
    let criteria = asked.query.criteria().iter().map(|criterion| OVERHEAD + criterion.name().len());
    OVERHEAD + criteria.sum::<usize>() + cached.links.as_str().len()
}

/// Bytes of an entry besides its texts, and of a criterion.
const OVERHEAD: usize = 128;

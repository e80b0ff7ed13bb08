use alloc::collections::BTreeMap;
use core::iter;

use waypost_link_format::LinkDocumentBuf;
use waypost_model::{Authority, Stamp, Version};

/// Links that others have taken the place of, so that who still holds them can be told what is different alone: nothing at all,
/// where a registration was made again for another reason.
///
/// They are found by the write that took their place, and where it was made: each authority numbers its writes as it likes. Most
/// writes are newer than all others, and the oldest go first, so that both ends of one ordered map are all that is worked at.
#[derive(Debug, Clone, Default)]
pub(crate) struct FormerLinks {
    by_successor: BTreeMap<(Stamp, Option<Authority>), Former>,
    bytes: usize,
}

#[derive(Debug, Clone)]
struct Former {
    /// The write that set them.
    stamp: Stamp,
    links: LinkDocumentBuf,
}

impl FormerLinks {
    /// Remembers links, and the later write that took their place, in no more than so many bytes for all.
    pub(crate) fn remember(
        &mut self,
        authority: Option<&Authority>,
        (stamp, links): (Stamp, LinkDocumentBuf),
        successor: Stamp,
        limit: usize,
    ) {
        let (former, successor) = (Former { stamp, links }, (successor, authority.cloned()));
        if former.size() > limit || self.by_successor.contains_key(&successor) {
            return;
        }
        self.bytes += former.size();
        self.by_successor.insert(successor, former);
        while self.bytes > limit {
            let Some((_, oldest)) = self.by_successor.pop_first() else { break };
            self.bytes -= oldest.size();
        }
    }

    /// Returns the last links before those of a write that a write in a version set.
    pub(crate) fn held(
        &self,
        authority: Option<&Authority>,
        stamp: Stamp,
        version: &Version,
    ) -> Option<&LinkDocumentBuf> {
        let before = |stamp| self.by_successor.get(&(stamp, authority.cloned()));
        let mut former = iter::successors(before(stamp), |former| before(former.stamp)).take(LOOKED_AT);
        former.find(|former| version.contains(former.stamp.dot)).map(|former| &former.links)
    }
}

impl Former {
    /// Returns the bytes that it counts as, with what it takes to keep it.
    fn size(&self) -> usize {
        self.links.as_str().len() + KEEPING
    }
}

/// Bytes that an entry costs beside the text, about.
const KEEPING: usize = 160;

/// How many of the former links of one registration are looked at: who lacks more of its writes is told all links.
const LOOKED_AT: usize = 16;

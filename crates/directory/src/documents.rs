use alloc::{boxed::Box, string::String, vec::Vec};
use core::hash::Hasher as _;

use siphasher::sip::SipHasher24;
use waypost_link_format::{Link, LinkDocument, LinkDocumentBuf, LinkWriter};
use waypost_model::{Authority, Stamp};

use crate::{
    histories::former_links::FormerLinks, index::blocks::Blocks, index::hashed_ids::HashedIds, index::id_set::IdSet,
    index::leftovers::Leftovers, index::texts::hash, slots::Slots,
};

/// The link documents of all registrations, each distinct one once.
///
/// The index speaks of links by number, and the number of a link tells its document: a document with a single shown
/// user has the numbers that belong to the slot of that user, so that ascending link numbers are ascending slots and a
/// look-up needs no sorting; a document of several users has numbers of its own, above [`SHARED`], and costs its links
/// in the index once, however many registrations use it.
#[derive(Debug, Clone)]
pub(crate) struct Documents {
    documents: Slots<Document>,
    by_text: HashedIds,
    key: [u8; 16],
    /// Who has which link numbers from `SHARED` on. They end after two thousand million links, which no memory holds.
    shared: Blocks,
    pub(crate) former: FormerLinks,
    pub(crate) leftovers: Leftovers,
    /// How many documents registrations have, and how long they are together: not counting those of which there are only links
    /// left over in the index.
    live: usize,
    bytes: usize,
}

/// The lowest link number of a document with several users.
pub(crate) const SHARED: u32 = 1 << 31;
/// A slot has this many link numbers, as a power of two.
const SLOT_BITS: u32 = 6;
/// Slots end here: the link numbers of higher ones would be those of shared documents.
pub(crate) const MAX_SLOTS: usize = 1 << (31 - SLOT_BITS);
const NOWHERE: u32 = u32::MAX;

/// Returns the slot that a link number below `SHARED` belongs to.
pub(crate) fn slot_of(link: u32) -> u32 {
    link >> SLOT_BITS
}

/// Returns the first link number that belongs to a slot.
pub(crate) fn first_link(slot: u32) -> u32 {
    slot << SLOT_BITS
}

#[derive(Debug, Clone)]
pub(crate) struct Document {
    links: LinkDocumentBuf,
    /// Of the text.
    hash: u32,
    /// Of the text, and the same in every directory.
    digest: u64,
    /// Where each link starts in the text, and whether it is [`PLAIN`].
    offsets: Box<[u32]>,
    written: Option<Box<Written>>,
    first: u32,
    holders: u32,
    /// How many slots have its links [left over](Leftovers) in the index.
    leftovers: u32,
    users: IdSet,
}

/// The links of a document as look-ups write them, but for the origin. Only documents of several users have this: for them,
/// the memory is well spent.
#[derive(Debug, Clone)]
struct Written {
    text: Box<str>,
    /// Where each link starts, and where the last one ends.
    offsets: Box<[u32]>,
}

fn digest_of(text: &str) -> u64 {
    let mut hasher = SipHasher24::new();
    hasher.write(text.as_bytes());
    hasher.finish()
}

/// A link is plain if its target is a path that only has to be put behind the origin of a base, and nothing else in it
/// depends on the registration or on what it is written beside.
const PLAIN: u32 = 1 << 31;

impl Document {
    pub(crate) fn as_document(&self) -> LinkDocument<'_> {
        self.links.as_document()
    }

    pub(crate) fn to_buf(&self) -> LinkDocumentBuf {
        self.links.clone()
    }

    pub(crate) fn as_str(&self) -> &str {
        self.links.as_str()
    }

    pub(crate) fn digest(&self) -> u64 {
        self.digest
    }

    /// Tells whether these are the links. What came from here is not read for that.
    pub(crate) fn has(&self, links: &LinkDocumentBuf) -> bool {
        self.links == *links
    }

    /// Returns how many links there are.
    pub(crate) fn len(&self) -> u32 {
        self.offsets.len() as u32
    }

    /// Returns the number of the first link; the others follow on.
    pub(crate) fn first(&self) -> u32 {
        self.first
    }

    pub(crate) fn link(&self, position: u32) -> Option<Link<'_>> {
        self.as_document().link_at((*self.offsets.get(position as usize)? & !PLAIN) as usize)
    }

    pub(crate) fn is_plain(&self, position: u32) -> bool {
        self.offsets.get(position as usize).is_some_and(|offset| offset & PLAIN != 0)
    }

    /// Tells whether the target of a link is `text` as written, or begins so. It is compared where it stands.
    pub(crate) fn has_target(&self, position: u32, text: &str, is_prefix: bool) -> bool {
        let Some(offset) = self.offsets.get(position as usize) else { return false };
        let target = &self.as_str().as_bytes()[(offset & !PLAIN) as usize + 1..];
        let rest = target.strip_prefix(text.as_bytes()).filter(|_| !text.contains('>'));
        rest.is_some_and(|rest| is_prefix || rest.starts_with(b">"))
    }

    /// Returns a plain link as look-ups write it, but for the origin, if that is at hand.
    pub(crate) fn written(&self, position: u32) -> Option<&str> {
        let Written { text, offsets } = self.written.as_deref().filter(|_| self.is_plain(position))?;
        let position = position as usize;
        text.get(*offsets.get(position)? as usize..*offsets.get(position + 1)? as usize)
    }

    /// Writes all links once, to be copied from then on.
    fn write(&mut self) {
        let (mut text, mut offsets) = (String::new(), Vec::with_capacity(self.offsets.len() + 1));
        offsets.push(0);
        for (position, link) in self.links() {
            if self.is_plain(position) {
                let mut writer = LinkWriter::new(&mut text);
                if writer.copy(link).is_err() || writer.finish().is_err() {
                    return;
                }
            }
            offsets.push(text.len() as u32);
        }
        self.written = Some(Box::new(Written { text: text.into(), offsets: offsets.into() }));
    }

    pub(crate) fn links(&self) -> impl Iterator<Item = (u32, Link<'_>)> + Clone {
        (0..).zip(self.as_document().links())
    }

    /// Returns how many values it has at most: as many as there are separators.
    pub(crate) fn separators(&self) -> usize {
        self.as_str().bytes().filter(|octet| matches!(octet, b';' | b',' | b' ')).count() + 1
    }

    pub(crate) fn users(&self) -> &IdSet {
        &self.users
    }

    /// Tells whether a registration has it, and not only the index something left over of it.
    fn is_live(&self) -> bool {
        self.holders > 0
    }
}

/// What the index has to do after a user came or went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renumbered {
    No,
    /// The links have to be taken out of the index at the first number and put in at the second.
    Yes {
        from: Option<u32>,
        to: Option<u32>,
    },
}

impl Documents {
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self {
            documents: Slots::new(),
            by_text: HashedIds::new(),
            key,
            shared: Blocks::default(),
            former: FormerLinks::default(),
            leftovers: Leftovers::new(),
            live: 0,
            bytes: 0,
        }
    }

    /// Finds or stores a document and counts one holder more.
    pub(crate) fn hold(&mut self, links: &LinkDocumentBuf) -> u32 {
        let hash = hash(&self.key, links.as_str());
        let id = self.find(hash, links).unwrap_or_else(|| self.store(hash, links));
        let document = &mut self.documents[id];
        document.holders += 1;
        if document.holders == 1 {
            self.live += 1;
            self.bytes += links.as_str().len();
        }
        id
    }

    fn store(&mut self, hash: u32, links: &LinkDocumentBuf) -> u32 {
        let plain = |link: &Link<'_>| if is_plain(link) { PLAIN } else { 0 };
        let offsets = links.as_document().links().map(|link| link.offset() as u32 | plain(&link)).collect();
        let id = self.documents.insert(Document {
            links: links.clone(),
            hash,
            digest: digest_of(links.as_str()),
            offsets,
            written: None,
            first: NOWHERE,
            holders: 0,
            leftovers: 0,
            users: IdSet::EMPTY,
        });
        self.by_text.insert(hash, id);
        id
    }

    /// Remembers the links that a write at an authority set, and the later one that took their place.
    pub(crate) fn remember(
        &mut self,
        authority: Option<&Authority>,
        (id, stamp): (u32, Stamp),
        successor: Stamp,
        limit: usize,
    ) {
        self.former.remember(authority, (stamp, self.documents[id].to_buf()), successor, limit);
    }

    /// Counts one holder less and drops the document after the last.
    pub(crate) fn release(&mut self, id: u32) {
        let document = &mut self.documents[id];
        document.holders -= 1;
        if document.holders == 0 {
            self.live -= 1;
            self.bytes -= document.as_str().len();
            self.drop_unused(id);
        }
    }

    /// Leaves the links of a document over in the index, which have the numbers of a slot, and keeps it meanwhile.
    pub(crate) fn leave_over(&mut self, id: u32, slot: u32) {
        self.documents[id].leftovers += 1;
        self.leftovers.add(slot, id);
    }

    /// Notes that links of a document are no longer left over.
    pub(crate) fn release_leftover(&mut self, id: u32) {
        self.documents[id].leftovers -= 1;
        self.drop_unused(id);
    }

    fn drop_unused(&mut self, id: u32) {
        let document = &self.documents[id];
        if document.holders == 0 && document.leftovers == 0 {
            self.by_text.remove(document.hash, id);
            self.documents.remove(id);
        }
    }

    /// Notes that the registration at `slot`, which holds the document, is shown in look-ups.
    pub(crate) fn add_user(&mut self, id: u32, slot: u32) -> Renumbered {
        let document = &mut self.documents[id];
        let from = (!document.users.is_empty()).then_some(document.first);
        document.users.insert(slot);
        if from.is_some_and(|first| first >= SHARED) {
            return Renumbered::No;
        }
        let first = if from.is_none() && document.len() <= 1 << SLOT_BITS {
            first_link(slot)
        } else {
            let length = document.len();
            document.write();
            SHARED + self.shared.take(id, length)
        };
        self.documents[id].first = first;
        Renumbered::Yes { from, to: Some(first) }
    }

    /// Notes that the registration at `slot` is no longer shown.
    ///
    /// A document that once had several users keeps its numbers until the last is gone: a user that comes and goes must
    /// not make the index work each time.
    pub(crate) fn remove_user(&mut self, id: u32, slot: u32) -> Renumbered {
        let document = &mut self.documents[id];
        if !document.users.remove(slot) || !document.users.is_empty() {
            return Renumbered::No;
        }
        let (first, length) = (document.first, document.len());
        document.first = NOWHERE;
        if first >= SHARED {
            self.shared.give_back(first - SHARED, length);
        }
        Renumbered::Yes { from: Some(first), to: None }
    }

    /// Returns the document of several users that a link number belongs to.
    pub(crate) fn shared(&self, link: u32) -> Option<&Document> {
        self.documents.get(self.shared.owner(link.checked_sub(SHARED)?)?)
    }

    /// Returns how many distinct documents there are, but for those of which there are only links left over in the index.
    pub(crate) fn len(&self) -> usize {
        self.live
    }

    /// Returns how long they are together.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(crate) fn contains(&self, links: &LinkDocumentBuf) -> bool {
        self.find(hash(&self.key, links.as_str()), links).is_some_and(|id| self.documents[id].is_live())
    }

    fn find(&self, hash: u32, links: &LinkDocumentBuf) -> Option<u32> {
        self.by_text.find(hash, |id| self.documents[id].as_str() == links.as_str())
    }
}

impl core::ops::Index<u32> for Documents {
    type Output = Document;

    fn index(&self, id: u32) -> &Document {
        &self.documents[id]
    }
}

fn is_plain(link: &Link<'_>) -> bool {
    let target = link.target();
    let is_path = target.starts_with('/') && !target.starts_with("//") && !target.contains("/.");
    // Size and extended values are arranged by what else there is in a link.
    let depends = |name: &str| {
        name.ends_with('*') || ["anchor", "provenance", "sz"].iter().any(|other| name.eq_ignore_ascii_case(other))
    };
    is_path && !link.parameters().any(|parameter| depends(parameter.name()))
}

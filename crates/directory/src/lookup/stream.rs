use alloc::{borrow::Cow, collections::BinaryHeap, vec::Vec};
use core::{cmp::Reverse, iter::Peekable};

use crate::{
    documents::{Documents, SHARED, first_link, slot_of},
    index::id_set::{IdIter, IdSet},
    index::leftovers::Leftovers,
};

/// The slots in which a criterion can be met, in ascending order, each once.
///
/// Three sources are merged as they are asked: slots of endpoints that meet the criterion; links of documents with one
/// user, whose numbers are in the order of the slots; and the users of each document that several have.
pub(crate) struct Stream<'d> {
    slots: Option<Peekable<IdIter<'d>>>,
    links: Option<Peekable<IdIter<'d>>>,
    leftovers: &'d Leftovers,
    users: Vec<IdIter<'d>>,
    heads: BinaryHeap<Reverse<(u32, u32)>>,
}

impl<'d> Stream<'d> {
    /// Merges `slots` and the slots of `links`, from the slot `start` on.
    pub(crate) fn new(documents: &'d Documents, slots: &Cow<'d, IdSet>, links: &Cow<'d, IdSet>, start: u32) -> Self {
        let leftovers = &documents.leftovers;
        let mut stream = Self { slots: None, links: None, leftovers, users: Vec::new(), heads: BinaryHeap::new() };
        if !slots.is_empty() {
            stream.slots = Some(IdIter::new(slots, start).peekable());
        }
        if links.is_empty() {
            return stream;
        }
        stream.links = Some(IdIter::new(links, first_link(start)).peekable());
        let mut next = links.iter_from(SHARED).next();
        while let Some(document) = next.and_then(|link| documents.shared(link)) {
            let mut users = document.users().iter_from(start);
            if let Some(head) = users.next() {
                stream.heads.push(Reverse((head, stream.users.len() as u32)));
                stream.users.push(users);
            }
            next = links.iter_from(document.first() + document.len().max(1)).next();
        }
        stream
    }
}

impl Iterator for Stream<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let of_slots = self.slots.as_mut().and_then(|slots| slots.peek().copied());
        let leftovers = self.leftovers;
        let of_links = self.links.as_mut().and_then(|links| {
            while links.next_if(|link| leftovers.contains(slot_of(*link))).is_some() {}
            links.peek().copied().filter(|link| *link < SHARED).map(slot_of)
        });
        let of_users = self.heads.peek().map(|Reverse((slot, _))| *slot);
        let slot = [of_slots, of_links, of_users].into_iter().flatten().min()?;
        if of_slots == Some(slot)
            && let Some(slots) = &mut self.slots
        {
            slots.next();
        }
        if of_links == Some(slot)
            && let Some(links) = &mut self.links
        {
            while links.next_if(|link| slot_of(*link) == slot).is_some() {}
        }
        while let Some(Reverse((_, source))) = self.heads.peek().copied().filter(|Reverse((head, _))| *head == slot) {
            self.heads.pop();
            if let Some(head) = self.users[source as usize].next() {
                self.heads.push(Reverse((head, source)));
            }
        }
        Some(slot)
    }
}

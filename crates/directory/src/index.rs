pub(crate) mod bitmap;
pub(crate) mod blocks;
pub(crate) mod buckets;
pub(crate) mod chunks;
pub(crate) mod dictionary;
pub(crate) mod front_coded;
pub(crate) mod hashed_ids;
pub(crate) mod id_set;
pub(crate) mod ids;
pub(crate) mod leaf;
pub(crate) mod leftovers;
pub(crate) mod marks;
pub(crate) mod reading;
pub(crate) mod region;
pub(crate) mod separators;
pub(crate) mod slot_set;
pub(crate) mod sorted_ids;
pub(crate) mod sweep;
pub(crate) mod texts;
pub(crate) mod values;

use waypost_link_format::origin;

use crate::{
    documents::{Document, Documents, Renumbered, SHARED, first_link},
    entry::Entry,
    index::chunks::Chunks,
    index::dictionary::Dictionary,
    index::id_set::IdSet,
    index::marks::Marks,
    index::reading::{each_word, lower_case},
    index::sweep::Sweep,
    index::texts::Texts,
    index::values::Values,
    registry::Registry,
};

/// Finds registrations and links by their attributes.
///
/// It has two halves. The half of the links speaks of link numbers, so that several criteria on links meet in the very
/// same link; the half of the endpoints speaks of slots. Only what look-ups show is in it.
///
/// Targets and anchors depend on the base of a registration where they are relative, and most are. They would be the
/// largest part of the index, and change all at once when a base does. So the index has those that are URIs; for others
/// a look-up finds the registrations whose base has the origin asked for and looks at their few links.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    /// Link attributes → link numbers, those of [leftovers](crate::index::leftovers::Leftovers) included. `href` and `anchor` have as
    /// values only the references that are URIs.
    pub(crate) links: Values,
    /// Links whose target or anchor begins with `//`: it takes only the scheme from the base.
    pub(crate) odd_links: Values,
    /// Endpoint attributes → slots; the sector is `d`.
    pub(crate) endpoints: Values,
    pub(crate) by_name: Texts,
    /// Bases that are an origin alone, as most are.
    pub(crate) by_origin: Texts,
    /// Bases that have a path: apart, so that the many others need not be searched for what is below an origin.
    pub(crate) by_path: Texts,
    /// Registrations whose base has no authority.
    pub(crate) odd_bases: IdSet,
    pub(crate) shown: IdSet,
    pub(crate) local: IdSet,
    /// Registrations of other origins by their URI, those in the shadow of others included.
    pub(crate) foreign: Dictionary,
    /// Registrations whose base is a link-local address.
    pub(crate) link_local: IdSet,
    pub(crate) chunks: Chunks,
    sweep: Sweep,
}

impl Index {
    pub(crate) fn new(key: [u8; 16]) -> Self {
        Self {
            links: Values::default(),
            odd_links: Values::default(),
            endpoints: Values::default(),
            by_name: Texts::new(key),
            by_origin: Texts::new(key),
            by_path: Texts::new(key),
            odd_bases: IdSet::EMPTY,
            shown: IdSet::EMPTY,
            local: IdSet::EMPTY,
            foreign: Dictionary::default(),
            link_local: IdSet::EMPTY,
            chunks: Chunks::default(),
            sweep: Sweep::default(),
        }
    }

    /// Puts a registration into the index, or takes it out, or changes what differs between two states of it. The registry has
    /// the new state already.
    pub(crate) fn change(
        &mut self,
        slot: u32,
        old: Option<&Entry>,
        new: Option<&Entry>,
        registry: &Registry,
        documents: &mut Documents,
    ) {
        let changed = |field: fn(&Entry) -> &str| old.map(field) != new.map(field);
        self.chunks.follow(slot, old, new, documents);
        if old.is_none() != new.is_none() {
            set(&mut self.shown, slot, new.is_some());
            if old.or(new).is_some_and(Entry::is_local) {
                set(&mut self.local, slot, new.is_some());
            }
            if let Some(old) = old {
                self.by_name.remove(old.endpoint(), slot);
            }
            if let Some(new) = new {
                self.by_name.insert(new.endpoint(), slot, |slot| registry[slot].endpoint());
            }
            for (entry, add) in [(old, false), (new, true)] {
                if let Some(sector) = entry.and_then(Entry::sector) {
                    change_value(&mut self.endpoints, "d", sector, slot, add);
                }
            }
        }
        if changed(Entry::base) {
            if let Some(old) = old {
                self.bases_mut(old.has_base_path()).remove(old.base(), slot);
            }
            if let Some(new) = new {
                self.bases_mut(new.has_base_path()).insert(new.base(), slot, |slot| registry[slot].base());
            }
            set(&mut self.odd_bases, slot, new.is_some_and(|entry| entry.base_origin().is_none()));
            set(&mut self.link_local, slot, new.is_some_and(Entry::is_link_local));
        }
        if changed(Entry::attribute_text) {
            for (entry, add) in [(old, false), (new, true)] {
                for (name, value) in entry.into_iter().flat_map(Entry::attributes) {
                    let (name, value) = (lower_case(name), value.unwrap_or_default());
                    each_word(&name, value, |word| change_value(&mut self.endpoints, &name, word, slot, add));
                }
            }
        }
        if old.map(|entry| entry.document) != new.map(|entry| entry.document) {
            if let Some(entry) = old {
                let document = entry.document;
                match documents.remove_user(document, slot) {
                    Renumbered::Yes { from: Some(first), to: None } if first < SHARED && new.is_none() => {
                        documents.leave_over(document, slot);
                        let values = documents[document].separators();
                        self.sweep.go_on(&mut [&mut self.links, &mut self.odd_links], documents, values);
                    }
                    renumbered => self.renumber(&documents[document], renumbered),
                }
            }
            if let Some(entry) = new {
                if let Some(left) = documents.leftovers.take(slot) {
                    self.renumber(&documents[left], Renumbered::Yes { from: Some(first_link(slot)), to: None });
                    documents.release_leftover(left);
                }
                let document = entry.document;
                let renumbered = documents.add_user(document, slot);
                self.renumber(&documents[document], renumbered);
            }
        }
    }

    /// Lets what is shown, and what is in its shadow, be found by its location.
    pub(crate) fn locate(&mut self, slot: u32, old: Option<&Entry>, new: Option<&Entry>) {
        let (old_uri, new_uri) = (old.map_or("", Entry::foreign_uri), new.map_or("", Entry::foreign_uri));
        if old_uri != new_uri {
            if !old_uri.is_empty() {
                self.foreign.remove(old_uri, &[slot]);
            }
            if !new_uri.is_empty() {
                self.foreign.insert(new_uri, &[slot]);
            }
        }
    }

    /// Returns the bases of the kind of a base.
    pub(crate) fn bases(&self, base: &str) -> &Texts {
        if has_path(base) { &self.by_path } else { &self.by_origin }
    }

    fn bases_mut(&mut self, have_path: bool) -> &mut Texts {
        if have_path { &mut self.by_path } else { &mut self.by_origin }
    }

    fn renumber(&mut self, document: &Document, renumbered: Renumbered) {
        let Renumbered::Yes { from, to } = renumbered else { return };
        if from.is_none() && to.is_none() {
            return;
        }
        let marks = Marks::of(document);
        for (first, add) in [(from, false), (to, true)] {
            if let Some(first) = first {
                marks.change(&mut self.links, &mut self.odd_links, first, add);
            }
        }
    }
}

fn has_path(base: &str) -> bool {
    origin(base).is_some_and(|origin| origin.len() < base.len())
}

fn set(ids: &mut IdSet, id: u32, member: bool) {
    if member {
        ids.insert(id);
    } else {
        ids.remove(id);
    }
}

fn change_value(values: &mut Values, name: &str, value: &str, id: u32, add: bool) {
    values.change(name, &[id], [(value, &[id][..])], add);
}

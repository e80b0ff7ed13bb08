use alloc::borrow::Cow;

use waypost_link_format::{Link, resolve};

use crate::{
    chunks::Chunks,
    documents::{Document, Documents, Renumbered},
    entry::Entry,
    id_set::IdSet,
    registry::Registry,
    sorted_slots::SortedSlots,
    values::Values,
};

/// Finds registrations and links by their attributes.
///
/// It has two halves. The half of the links speaks of link numbers, so that several criteria on links meet in the very
/// same link; the half of the endpoints speaks of slots. Only what look-ups show is in it.
///
/// Targets and anchors depend on the base of a registration where they are relative, and most are. They would be the
/// largest part of the index, and change all at once when a base does. So the index has those that are URIs; for others
/// a look-up finds the registrations whose base has the origin asked for and looks at their few links.
#[derive(Debug, Clone, Default)]
pub(crate) struct Index {
    /// Link attributes → link numbers. `href` and `anchor` have as values only the references that are URIs.
    pub(crate) links: Values,
    /// Links whose target or anchor begins with `//`: it takes only the scheme from the base.
    pub(crate) odd_links: Values,
    /// Endpoint attributes → slots; the sector is `d`.
    pub(crate) endpoints: Values,
    pub(crate) by_name: SortedSlots,
    pub(crate) by_base: SortedSlots,
    /// Registrations whose base has no authority.
    pub(crate) odd_bases: IdSet,
    pub(crate) shown: IdSet,
    pub(crate) local: IdSet,
    /// Registrations of other origins, by their URI.
    pub(crate) foreign: SortedSlots,
    /// Registrations whose base is a link-local address.
    pub(crate) link_local: IdSet,
    pub(crate) chunks: Chunks,
}

impl Index {
    /// Puts a registration into the index, or takes it out, or changes what differs between two states of it.
    ///
    /// `registry` holds the new state already, or none.
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
            self.change_sorted(|index| &mut index.by_name, slot, Entry::endpoint, old, new, registry);
            if old.or(new).is_some_and(|entry| !entry.is_local()) {
                self.change_sorted(|index| &mut index.foreign, slot, Entry::foreign_uri, old, new, registry);
            }
            for (entry, add) in [(old, false), (new, true)] {
                if let Some(sector) = entry.and_then(Entry::sector) {
                    change_value(&mut self.endpoints, "d", sector, slot, add);
                }
            }
        } else if changed(Entry::foreign_uri) {
            self.change_sorted(|index| &mut index.foreign, slot, Entry::foreign_uri, old, new, registry);
        }
        if changed(Entry::base) {
            self.change_sorted(|index| &mut index.by_base, slot, Entry::base, old, new, registry);
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
                let renumbered = documents.remove_user(document, slot);
                self.renumber(&documents[document], renumbered);
            }
            if let Some(entry) = new {
                let document = entry.document;
                let renumbered = documents.add_user(document, slot);
                self.renumber(&documents[document], renumbered);
            }
        }
    }

    fn change_sorted(
        &mut self,
        order: fn(&mut Self) -> &mut SortedSlots,
        slot: u32,
        field: fn(&Entry) -> &str,
        old: Option<&Entry>,
        new: Option<&Entry>,
        registry: &Registry,
    ) {
        let order = order(self);
        for (own, add) in [(old, false), (new, true)] {
            let Some(own) = own else { continue };
            // The slot is found by the text that it had when it was put there.
            let text = |other: u32| if other == slot { field(own) } else { field(&registry[other]) };
            if add {
                order.insert(slot, &text);
            } else {
                order.remove(slot, &text);
            }
        }
    }

    fn renumber(&mut self, document: &Document, renumbered: Renumbered) {
        let Renumbered::Yes { from, to } = renumbered else { return };
        if from.is_none() && to.is_none() {
            return;
        }
        for (position, link) in document.links() {
            if let Some(first) = from {
                self.change_link(&link, first + position, false);
            }
            if let Some(first) = to {
                self.change_link(&link, first + position, true);
            }
        }
    }

    fn change_link(&mut self, link: &Link<'_>, number: u32, add: bool) {
        self.change_reference("href", link.target(), number, add);
        for parameter in link.parameters() {
            let name = lower_case(parameter.name());
            let value = parameter.value().unwrap_or_default();
            match &*name {
                "anchor" => self.change_reference("anchor", &value, number, add),
                // A look-up shows the provenance of every link: its registration, whatever the registrant said.
                "provenance" => {}
                _ => each_word(&name, &value, |word| change_value(&mut self.links, &name, word, number, add)),
            }
        }
    }

    fn change_reference(&mut self, name: &str, reference: &str, number: u32, add: bool) {
        match kind_of(reference) {
            Reference::AsWritten => change_value(&mut self.links, name, reference, number, add),
            kind => {
                // That a link has a target needs no note.
                if name != "href" {
                    change_name(&mut self.links, name, number, add);
                }
                if kind == Reference::OtherAuthority {
                    change_name(&mut self.odd_links, name, number, add);
                }
            }
        }
    }
}

/// What a reference is resolved to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reference {
    /// Itself, whatever the base.
    AsWritten,
    /// A URI of the scheme and authority of the base.
    OriginOfBase,
    /// A URI of the scheme of the base.
    OtherAuthority,
}

/// Tells what a reference is resolved to.
pub(crate) fn kind_of(reference: &str) -> Reference {
    if reference.starts_with("//") {
        return Reference::OtherAuthority;
    }
    if reference.starts_with('/') {
        return Reference::OriginOfBase;
    }
    // Neither a URI nor what cannot be resolved depends on the base.
    match resolve("coap://base", reference) {
        Ok(Cow::Borrowed(_)) | Err(_) => Reference::AsWritten,
        Ok(Cow::Owned(_)) => Reference::OriginOfBase,
    }
}

/// Hands over what a criterion on an attribute is compared with: each word of a relation-type, else the whole value
/// ([RFC 6690 §4.1]).
///
/// [RFC 6690 §4.1]: https://www.rfc-editor.org/rfc/rfc6690#section-4.1
pub(crate) fn each_word(name: &str, value: &str, mut visit: impl FnMut(&str)) {
    if !matches!(name, "rt" | "if" | "rel" | "rev") {
        return visit(value);
    }
    let mut words = value.split(' ').filter(|word| !word.is_empty()).peekable();
    if words.peek().is_none() {
        return visit("");
    }
    words.for_each(visit);
}

/// Returns an attribute name as the index has it.
pub(crate) fn lower_case(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|octet| octet.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

fn set(ids: &mut IdSet, id: u32, member: bool) {
    if member {
        ids.insert(id);
    } else {
        ids.remove(id);
    }
}

fn change_value(values: &mut Values, name: &str, value: &str, id: u32, add: bool) {
    if add {
        values.insert(name, value, id);
    } else {
        values.remove(name, value, id);
    }
}

fn change_name(values: &mut Values, name: &str, id: u32, add: bool) {
    if add {
        values.insert_name(name, id);
    } else {
        values.remove_name(name, id);
    }
}

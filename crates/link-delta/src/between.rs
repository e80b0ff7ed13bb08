use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use waypost_link_format::{Link, LinkDocument, LinkDocumentBuf, LinkWriter};

use crate::joined::Joined;
use crate::{Identity, LinkDelta};

impl LinkDelta {
    /// Compares two sets of links. The delta names the identities whose links differ, and no others; it can be applied to
    /// [whatever is there](crate::Basis::Any) unless that is [narrowed](Self::starting_from).
    ///
    /// The order of links that share an identity counts, the order of others does not. Links are equal when they are written
    /// alike. Costs little more than reading both sets where they differ in one place.
    #[must_use]
    pub fn between(before: LinkDocument<'_>, after: LinkDocument<'_>) -> Self {
        if before.deviates() || after.deviates() {
            let [before, after] = [before, after].map(LinkDocumentBuf::from);
            return Self::between(before.as_document(), after.as_document());
        }
        let (before, after) = (Written::all(before), Written::all(after));
        let suspects = suspects(&before, &after);
        let (old, new) = (by_identity(&before, &suspects), by_identity(&after, &suspects));
        let differ = new.iter().filter(|(identity, links)| old.get(identity) != Some(links));
        let mut differ: Vec<_> = differ.flat_map(|(_, links)| links.iter().copied()).collect();
        differ.sort_by_key(|written| written.link.offset());
        let mut put = Joined::default();
        differ.into_iter().for_each(|written| put.push(written.link));
        let removed: Vec<_> = old.into_keys().filter(|identity| !new.contains_key(identity)).collect();
        Self { removed: bare(&removed), put: put.finish(), ..Self::default() }
    }
}

/// A link, and how it is written: known from where the next one starts, so that it need not be read to be compared.
#[derive(Debug, Clone, Copy)]
struct Written<'a> {
    link: Link<'a>,
    text: &'a str,
}

impl<'a> Written<'a> {
    /// Returns the links of a document without deviations, where one comma stands between two links and nothing else.
    fn all(document: LinkDocument<'a>) -> Vec<Self> {
        let mut all: Vec<Self> = Vec::new();
        for link in document {
            if let Some(before) = all.last_mut() {
                before.text = &document.as_str()[before.link.offset()..link.offset() - 1];
            }
            all.push(Self { link, text: &document.as_str()[link.offset()..] });
        }
        all
    }
}

impl PartialEq for Written<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

/// Returns the identities whose links may differ: those between the links that both begin with and the links that both end with.
fn suspects<'a>(before: &[Written<'a>], after: &[Written<'a>]) -> BTreeSet<Identity<'a>> {
    let start = before.iter().zip(after).take_while(|(old, new)| old == new).count();
    let (before, after) = (&before[start..], &after[start..]);
    let end = before.iter().rev().zip(after.iter().rev()).take_while(|(old, new)| old == new).count();
    let middles = before[..before.len() - end].iter().chain(&after[..after.len() - end]);
    middles.map(|written| Identity::from(written.link)).collect()
}

/// Groups the links that have one of these identities.
fn by_identity<'a>(links: &[Written<'a>], wanted: &BTreeSet<Identity<'a>>) -> BTreeMap<Identity<'a>, Vec<Written<'a>>> {
    // Most links are told apart by their target alone.
    let targets: BTreeSet<&str> = wanted.iter().map(Identity::target).collect();
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for written in links.iter().filter(|written| targets.contains(written.link.target())) {
        let identity = Identity::from(written.link);
        if wanted.contains(&identity) {
            groups.entry(identity).or_default().push(*written);
        }
    }
    groups
}

/// Writes each identity as a link that says nothing else.
fn bare(identities: &[Identity<'_>]) -> LinkDocumentBuf {
    let mut text = String::new();
    write_bare(&mut text, identities).expect("a link without its attributes is a link");
    LinkDocumentBuf::parse(text).expect("what a writer writes is a document")
}

fn write_bare(text: &mut String, identities: &[Identity<'_>]) -> fmt::Result {
    let mut writer = LinkWriter::new(text);
    for identity in identities {
        writer.link(identity.target())?;
        for (name, value) in identity.parts() {
            writer.attribute(name, value)?;
        }
    }
    writer.finish()
}

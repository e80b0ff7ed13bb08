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
        let [before, after]: [Vec<Link<'_>>; 2] = [before, after].map(|document| document.links().collect());
        let suspects = suspects(&before, &after);
        let (old, new) = (by_identity(&before, &suspects), by_identity(&after, &suspects));
        let differ = new.iter().filter(|(identity, links)| old.get(identity) != Some(links));
        let mut differ: Vec<_> = differ.flat_map(|(_, links)| links.iter().copied()).collect();
        differ.sort_by_key(Link::offset);
        let mut put = Joined::default();
        differ.into_iter().for_each(|link| put.push(link));
        let removed: Vec<_> = old.into_keys().filter(|identity| !new.contains_key(identity)).collect();
        Self { removed: bare(&removed), put: put.finish(), ..Self::default() }
    }
}

/// Returns the identities whose links may differ: those between the links that both begin with and the links that both end with.
fn suspects<'a>(before: &[Link<'a>], after: &[Link<'a>]) -> BTreeSet<Identity<'a>> {
    let start = before.iter().zip(after).take_while(|(old, new)| old == new).count();
    let (before, after) = (&before[start..], &after[start..]);
    let end = before.iter().rev().zip(after.iter().rev()).take_while(|(old, new)| old == new).count();
    let middles = before[..before.len() - end].iter().chain(&after[..after.len() - end]);
    middles.map(|link| Identity::from(*link)).collect()
}

/// Groups the links that have one of these identities.
fn by_identity<'a>(links: &[Link<'a>], wanted: &BTreeSet<Identity<'a>>) -> BTreeMap<Identity<'a>, Vec<Link<'a>>> {
    let mut groups: BTreeMap<_, Vec<_>> = BTreeMap::new();
    if wanted.is_empty() {
        return groups;
    }
    for &link in links {
        let identity = Identity::from(link);
        if wanted.contains(&identity) {
            groups.entry(identity).or_default().push(link);
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

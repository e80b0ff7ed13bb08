use alloc::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
    vec,
    vec::Vec,
};

use waypost_link_format::{Link, LinkBuf, LinkDocument};

/// What happened to one link in the result of a watch, in the words of a resource look-up: its references are resolved.
///
/// Two links are the same, and one is the other changed, if they have the same target, context and relation types
/// ([RFC 8288 §2]). Of several that are the same, the first is the first.
///
/// ```
/// use waypost_directory::{Config, Directory, LinkChange};
/// use waypost_filter::Query;
/// use waypost_model::{Registration, ReplicaId};
/// use waypost_time::Instant;
///
/// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// directory.watch_links(Instant::ZERO, Query::parse("rt=light").unwrap()).unwrap();
/// let mut register = |links| {
///     directory.register(Instant::ZERO, Registration::parse("ep=node1&base=coap://h", links).unwrap()).unwrap();
///     directory.poll_watch().unwrap().links
/// };
/// let links = register("</a>;rt=light,</b>;rt=light,</c>;rt=heat");
/// assert!(matches!(&links[..], [LinkChange::Entered(a), LinkChange::Entered(_)] if a.as_link().target() == "coap://h/a"));
/// let links = register("</a>;rt=light;obs,</b>;rt=heat,</c>;rt=heat");
/// assert!(matches!(&links[..], [LinkChange::Changed { .. }, LinkChange::Left(b)] if b.as_link().target() == "coap://h/b"));
/// ```
///
/// [RFC 8288 §2]: https://www.rfc-editor.org/rfc/rfc8288#section-2
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkChange {
    /// It was not in the result and is now.
    Entered(LinkBuf),
    /// It is in the result as before, with other attributes.
    Changed {
        /// The link as it was when the watch told of it last.
        before: LinkBuf,
        /// The link as it is.
        after: LinkBuf,
    },
    /// It was in the result and is no more.
    Left(LinkBuf),
}

impl LinkChange {
    /// Returns what makes one list of links of the other, first what there is now, in its order.
    pub(crate) fn between(before: LinkDocument<'_>, after: LinkDocument<'_>) -> Vec<Self> {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        before.links().for_each(|link| *counts.entry(link.raw()).or_default() += 1);
        let mut take = |link: &Link<'_>| {
            let count = counts.get_mut(link.raw()).filter(|count| **count > 0);
            count.map(|count| *count -= 1).is_some()
        };
        let new: Vec<Link<'_>> = after.links().filter(|link| !take(link)).collect();
        // What stayed was taken out, so that the rest is gone.
        let old: Vec<Link<'_>> = before.links().filter(|link| take(link)).collect();
        let mut places: BTreeMap<_, VecDeque<usize>> = BTreeMap::new();
        for (place, link) in old.iter().enumerate() {
            places.entry(identity(link)).or_default().push_back(place);
        }
        let mut is_changed = vec![false; old.len()];
        let now = new.into_iter().map(|link| match places.get_mut(&identity(&link)).and_then(VecDeque::pop_front) {
            Some(place) => {
                is_changed[place] = true;
                Self::Changed { before: old[place].into(), after: link.into() }
            }
            None => Self::Entered(link.into()),
        });
        let mut changes: Vec<Self> = now.collect();
        let left = old.into_iter().zip(is_changed).filter(|(_, is_changed)| !is_changed);
        changes.extend(left.map(|(link, _)| Self::Left(link.into())));
        changes
    }
}

/// Target, context and relation types.
type Identity<'l> = (&'l str, [Option<Cow<'l, str>>; 3]);

fn identity<'l>(link: &Link<'l>) -> Identity<'l> {
    (link.target(), ["anchor", "rel", "rev"].map(|name| link.parameter(name)?.value()))
}

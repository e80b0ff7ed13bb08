use alloc::collections::BTreeSet;

use waypost_link_format::{LinkDocument, LinkDocumentBuf};

use crate::joined::Joined;
use crate::{Basis, Identity, Tag};

/// What changed between two sets of links.
///
/// A delta says, for some [identities](Identity), which links have them now: none, then it is removed, or these, in this
/// order. So adding, changing and removing are one thing, and to apply a delta twice is to apply it once.
///
/// ```
/// use waypost_link_delta::LinkDelta;
/// use waypost_link_format::LinkDocument;
///
/// let before = LinkDocument::parse("</a>;rt=x,</b>,</c>")?;
/// let after = LinkDocument::parse("</a>;rt=y,</c>,</d>")?;
/// let delta = LinkDelta::between(before, after);
/// assert_eq!(delta.removed().as_str(), "</b>");
/// assert_eq!(delta.put().as_str(), "</a>;rt=y,</d>");
/// assert_eq!(delta.apply(before).as_document(), after);
/// # Ok::<(), waypost_link_format::ParseError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct LinkDelta {
    pub(crate) from: Basis,
    pub(crate) to: Option<Tag>,
    /// Identities, each as a link that says nothing else.
    pub(crate) removed: LinkDocumentBuf,
    pub(crate) put: LinkDocumentBuf,
}

impl LinkDelta {
    /// Makes the delta that leads from nothing to these links.
    ///
    /// ```
    /// use waypost_link_delta::LinkDelta;
    /// use waypost_link_format::LinkDocument;
    ///
    /// let all = LinkDelta::whole(LinkDocument::parse("</a>,</b>")?);
    /// assert_eq!(all.apply(LinkDocument::parse("</c>")?).as_str(), "</a>,</b>");
    /// # Ok::<(), waypost_link_format::ParseError>(())
    /// ```
    #[must_use]
    pub fn whole(links: LinkDocument<'_>) -> Self {
        Self { from: Basis::Nothing, put: links.into(), ..Self::default() }
    }

    /// Returns the delta as one that is to be applied to this state alone.
    #[must_use]
    pub fn starting_from(self, state: Tag) -> Self {
        Self { from: Basis::State(state), ..self }
    }

    /// Returns the delta as one that leads to this state.
    #[must_use]
    pub fn leading_to(self, state: Tag) -> Self {
        Self { to: Some(state), ..self }
    }

    /// Returns what the delta is to be applied to. [`apply`](Self::apply) does not ask, because it does not know the tag of what it
    /// is given.
    #[must_use]
    pub const fn from(&self) -> Basis {
        self.from
    }

    /// Returns the name of the state that the delta leads to, if it says one.
    #[must_use]
    pub const fn to(&self) -> Option<Tag> {
        self.to
    }

    /// Returns the identities that no link has any more, each as a link with nothing but `anchor`, `rel` and `rev`.
    #[must_use]
    pub const fn removed(&self) -> &LinkDocumentBuf {
        &self.removed
    }

    /// Returns the links that are new or changed, with all others of the same identities.
    #[must_use]
    pub const fn put(&self) -> &LinkDocumentBuf {
        &self.put
    }

    /// Returns whether the delta changes nothing, whatever it is applied to.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.from != Basis::Nothing && self.removed.is_empty() && self.put.is_empty()
    }

    /// Returns one delta that does what this one and then the next do; `None` if the next does not start where this one leads to.
    ///
    /// ```
    /// use waypost_link_delta::LinkDelta;
    /// use waypost_link_format::LinkDocument;
    ///
    /// let [a, b, c] = ["</x>,</y>", "</x>;ct=40", "</x>;ct=40,</z>"].map(|text| LinkDocument::parse(text).unwrap());
    /// let both = LinkDelta::between(a, b).then(&LinkDelta::between(b, c)).unwrap();
    /// assert_eq!(both, LinkDelta::between(a, c));
    /// ```
    #[must_use]
    pub fn then(&self, next: &Self) -> Option<Self> {
        if next.from == Basis::Nothing {
            return Some(next.clone());
        }
        if !next.from.is_met_by(self.to) {
            return None;
        }
        let named: BTreeSet<Identity<'_>> = next.removed.links().chain(next.put.links()).map(Identity::from).collect();
        let combine = |mine: &LinkDocumentBuf, theirs: &LinkDocumentBuf| {
            let mut joined = Joined::default();
            mine.links().filter(|link| !named.contains(&Identity::from(*link))).for_each(|link| joined.push(link));
            theirs.links().for_each(|link| joined.push(link));
            joined.finish()
        };
        let removed = match self.from {
            // Nothing can be removed from nothing.
            Basis::Nothing => LinkDocumentBuf::default(),
            _ => combine(&self.removed, &next.removed),
        };
        Some(Self { from: self.from, to: next.to, removed, put: combine(&self.put, &next.put) })
    }
}

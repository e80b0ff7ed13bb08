use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use alloc::vec::Vec;

use waypost_link_format::{Link, LinkDocument, LinkDocumentBuf};

use crate::joined::Joined;
use crate::{Basis, Identity, LinkDelta};

impl LinkDelta {
    /// Returns the links after the change.
    ///
    /// Links whose identity is not named stay where they are, as they are written. The links that are put come, in their order,
    /// where those of the same identity were; what finds no place so comes last. Never fails: to remove what is not there, and
    /// to put what is there, changes nothing.
    ///
    /// Whether these are the links that the delta is to be applied to is for the caller to [ask](Basis::is_met_by).
    ///
    /// ```
    /// use waypost_link_delta::LinkDelta;
    /// use waypost_link_format::LinkDocument;
    ///
    /// let [a, b] = ["</x>,</y>", "</y>;obs,</z>"].map(|text| LinkDocument::parse(text).unwrap());
    /// let delta = LinkDelta::between(a, b);
    /// // Somebody else added a link meanwhile.
    /// let links = delta.apply(LinkDocument::parse("</w>,</x>,</y>")?);
    /// assert_eq!(links.as_str(), "</w>,</y>;obs,</z>");
    /// assert_eq!(delta.apply(links.as_document()), links);
    /// # Ok::<(), waypost_link_format::ParseError>(())
    /// ```
    #[must_use]
    pub fn apply(&self, links: LinkDocument<'_>) -> LinkDocumentBuf {
        if self.from == Basis::Nothing {
            return self.put.clone();
        }
        if links.deviates() {
            return self.apply(LinkDocumentBuf::from(links).as_document());
        }
        let removed: BTreeSet<Identity<'_>> = self.removed.links().map(Identity::from).collect();
        let mut put: BTreeMap<Identity<'_>, VecDeque<Link<'_>>> = BTreeMap::new();
        for link in self.put.links() {
            put.entry(Identity::from(link)).or_default().push_back(link);
        }
        let mut after = Joined::with_capacity(links.as_str().len() + self.put.as_str().len() + 1);
        for link in links {
            let identity = Identity::from(link);
            match put.get_mut(&identity) {
                Some(put) => put.pop_front().into_iter().for_each(|link| after.push(link)),
                None if removed.contains(&identity) => {}
                None => after.push(link),
            }
        }
        let mut new: Vec<_> = put.into_values().flatten().collect();
        new.sort_by_key(Link::offset);
        new.into_iter().for_each(|link| after.push(link));
        after.finish()
    }
}

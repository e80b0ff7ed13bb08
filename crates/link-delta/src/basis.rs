use crate::Tag;

/// Which state a delta is to be applied to.
///
/// ```
/// use waypost_link_delta::{Basis, Tag};
///
/// let [old, new] = [[1], [2]].map(|tag| Tag::new(&tag).unwrap());
/// assert!(Basis::State(old).is_met_by(Some(old)));
/// assert!(!Basis::State(old).is_met_by(Some(new)));
/// assert!(Basis::Any.is_met_by(None) && Basis::Nothing.is_met_by(Some(new)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Basis {
    /// Whatever is there: the delta says how some links are to be, whoever changed what before.
    #[default]
    Any,
    /// No links at all: what is there is given up, and the delta says all there is.
    Nothing,
    /// This state and no other.
    State(Tag),
}

impl Basis {
    /// Tells whether a delta with this basis may be applied to the state of that tag, which is `None` where it is not known.
    #[must_use]
    pub fn is_met_by(self, state: Option<Tag>) -> bool {
        match self {
            Self::Any | Self::Nothing => true,
            Self::State(tag) => state == Some(tag),
        }
    }
}

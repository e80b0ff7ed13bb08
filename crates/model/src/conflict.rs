use crate::Dot;

/// Says that a key was registered with different credentials by writes that did not see each other.
///
/// The credentials that were registered first win, and only their registration is seen.
///
/// ```
/// use waypost_model::{Conflict, Dot, ReplicaId};
///
/// let conflict = Conflict { kept: Dot::new(ReplicaId(1), 4), refused: Dot::new(ReplicaId(2), 9) };
/// assert_eq!(conflict.to_string(), "the registration exists with other credentials");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[error("the registration exists with other credentials")]
pub struct Conflict {
    /// The newest write with the credentials that won.
    pub kept: Dot,
    /// The newest write with others.
    pub refused: Dot,
}

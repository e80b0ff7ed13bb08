/// What the follower of a feed is to its source.
///
/// The two are never mixed: replicas of one authority write for the same registrations and merge; a mirror only reads, and
/// shows what it read as made elsewhere.
///
/// ```
/// use waypost_sync::Relation;
///
/// assert_ne!(Relation::Replica, Relation::Mirror);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// Another replica of the same authority.
    Replica,
    /// A directory, or a look-up proxy, of another authority. What is mirrored is its own, or what it mirrors of a third.
    Mirror,
}

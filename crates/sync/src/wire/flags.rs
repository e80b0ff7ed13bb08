//! What the first number of a change says.

/// The registration was removed; all other flags are clear.
pub(super) const REMOVED: u64 = 1;
/// The base was given by the registrant, not observed.
pub(super) const BASE_IS_GIVEN: u64 = 1 << 1;
/// A place follows.
pub(super) const HAS_PLACE: u64 = 1 << 2;
/// Stamps follow: not everything was set by the one write that this is.
pub(super) const HAS_STAMPS: u64 = 1 << 3;
/// Credentials follow.
pub(super) const HAS_CREDENTIALS: u64 = 1 << 4;

/// The registration is not in what is asked for; all other flags are clear.
pub(super) const LEFT: u64 = 1 << 5;

pub(super) const OF_PUT: u64 = BASE_IS_GIVEN | HAS_PLACE | HAS_STAMPS | HAS_CREDENTIALS;

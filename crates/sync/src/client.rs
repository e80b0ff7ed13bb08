use alloc::boxed::Box;
use core::mem::discriminant;

use waypost_rest::Peer;

/// Who is counted as one by what limits what each may ask a feed for.
///
/// Ports do not count, as anybody has thousands of them. A host that is not known to receive what is sent to it is another than one
/// that is: whoever merely bears its address spends nothing of what it has, and takes no comparison from it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Client {
    /// A replica of this authority, by its URI.
    Replica(Box<str>),
    /// A host that has shown that it receives what is sent to its address.
    Reachable(Box<str>),
    /// A host that has not.
    Unverified(Box<str>),
}

impl Client {
    pub(crate) fn of(peer: &Peer, is_replica: bool) -> Self {
        match (is_replica, peer.is_reachable) {
            (true, _) => Self::Replica(peer.uri.as_str().into()),
            (false, true) => Self::Reachable(peer.host().into()),
            (false, false) => Self::Unverified(peer.host().into()),
        }
    }

    pub(crate) const fn is_replica(&self) -> bool {
        matches!(self, Self::Replica(_))
    }

    /// Tells whether limits count both together.
    pub(crate) fn is_of_kind_of(&self, other: &Self) -> bool {
        discriminant(self) == discriminant(other)
    }
}

use alloc::boxed::Box;
use core::mem::discriminant;

use waypost_rest::{Account, Peer};

/// Who asks a feed, as far as it matters to what limits what each may ask for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Client {
    /// A replica of this authority, by its URI.
    Replica(Box<str>),
    /// A stranger that is somebody in particular.
    Verified(Account),
    /// One that may be anybody. It takes no comparison from those who are not.
    Unverified(Account),
}

impl Client {
    pub(crate) fn of(peer: &Peer, is_replica: bool) -> Self {
        let account = Account::of(peer);
        match (is_replica, account.is_verified()) {
            (true, _) => Self::Replica(peer.uri.as_str().into()),
            (false, true) => Self::Verified(account),
            (false, false) => Self::Unverified(account),
        }
    }

    /// Returns whose account what it has looked at is counted on; nobody's, if it is a replica.
    pub(crate) const fn account(&self) -> Option<&Account> {
        match self {
            Self::Replica(_) => None,
            Self::Verified(account) | Self::Unverified(account) => Some(account),
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

use alloc::boxed::Box;

use waypost_rest::{Account, Peer};

/// Who asks a feed, as far as it matters to what limits what each may ask for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Client {
    /// A replica of this authority, by its URI.
    Replica(Box<str>),
    /// Anybody else. One that is not [verified](Account::is_verified) takes no comparison from those who are.
    Stranger(Account),
}

impl Client {
    pub(crate) fn of(peer: &Peer, is_replica: bool) -> Self {
        if is_replica { Self::Replica(peer.uri.as_str().into()) } else { Self::Stranger(Account::of(peer)) }
    }

    /// Returns whose account what it has looked at is counted on; nobody's, if it is a replica.
    pub(crate) const fn account(&self) -> Option<&Account> {
        match self {
            Self::Replica(_) => None,
            Self::Stranger(account) => Some(account),
        }
    }

    pub(crate) const fn is_replica(&self) -> bool {
        matches!(self, Self::Replica(_))
    }

    /// Tells whether it may be anybody.
    pub(crate) fn is_unverified(&self) -> bool {
        self.account().is_some_and(|account| !account.is_verified())
    }

    /// Tells whether limits count both together.
    pub(crate) fn is_of_kind_of(&self, other: &Self) -> bool {
        let kind = |client: &Self| (client.is_replica(), client.is_unverified());
        kind(self) == kind(other)
    }
}

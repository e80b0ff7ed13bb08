use alloc::boxed::Box;

use crate::{Credential, Peer};

/// Who is counted as one client by what limits each: who proved the same, else who is at the same host.
///
/// Ports do not count, as anybody has thousands of them. A host that is not known to receive what is sent to it is another client
/// than one that is: whoever merely bears its address spends nothing of what it has.
///
/// ```
/// use waypost_rest::{Account, Peer};
///
/// let account = Account::of(&Peer::new("coap://[2001:db8::1]"));
/// assert_eq!(account, Account::of(&Peer::new("coap://[2001:db8::1]:61616")));
/// assert_ne!(account, Account::of(&Peer::new("coap://[2001:db8::1]").reachable()));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Account(Holder);

/// Whose account it is. Who shows several credentials has that of the first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Holder {
    Bearer(Credential),
    Reachable(Host),
    Unverified(Host),
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Host {
    name: Box<str>,
    zone: Option<u32>,
}

impl Account {
    /// Returns the account that what a peer causes is counted on.
    #[must_use]
    pub fn of(peer: &Peer) -> Self {
        let host = || Host { name: peer.host().into(), zone: peer.zone };
        Self(match peer.credentials.first() {
            Some(credential) => Holder::Bearer(credential.clone()),
            None if peer.is_reachable => Holder::Reachable(host()),
            None => Holder::Unverified(host()),
        })
    }

    /// Tells whether it is that of somebody in particular: one who proved something, or who
    /// [receives](Peer::is_reachable) what is sent to its address. Any other may be anybody's.
    #[must_use]
    pub const fn is_verified(&self) -> bool {
        !matches!(self.0, Holder::Unverified(_))
    }

    /// Returns up to where it may fill something that all accounts share: to the limit, or to half of it if it is not
    /// [verified](Self::is_verified), so that whoever forges addresses leaves room to those who are there.
    ///
    /// ```
    /// use waypost_rest::{Account, Peer};
    ///
    /// let peer = Peer::new("coap://[2001:db8::1]");
    /// assert_eq!(Account::of(&peer).share_of(1_000), 500);
    /// assert_eq!(Account::of(&peer.reachable()).share_of(1_000), 1_000);
    /// ```
    #[must_use]
    pub const fn share_of(&self, limit: usize) -> usize {
        if self.is_verified() { limit } else { limit / 2 }
    }
}

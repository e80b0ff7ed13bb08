use alloc::collections::{BTreeMap, BTreeSet};

use waypost_rest::{Account, ExchangeId, Overdrawn};
use waypost_time::Instant;

/// When those have their turn who caused more work than they may.
///
/// Turns of one account, and of all accounts when all together caused too much, are as far apart as what is done in them takes:
/// if all came at once, one would be admitted, and the rest would have come in vain.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    given: BTreeSet<(Instant, ExchangeId)>,
    /// When the next turn can be given.
    next: Instant,
    next_of_strangers: Instant,
    next_of: BTreeMap<Account, Instant>,
}

impl Turns {
    /// Returns when an account can have a turn at the earliest; whoever takes it puts that later, by what the turn takes.
    pub(crate) fn next(&mut self, account: &Account, overdrawn: Overdrawn) -> &mut Instant {
        match overdrawn {
            Overdrawn::Client(_) => self.next_of.entry(account.clone()).or_default(),
            Overdrawn::Strangers(_) => &mut self.next_of_strangers,
            Overdrawn::All(_) => &mut self.next,
        }
    }

    /// Gives a turn to an observer.
    pub(crate) fn give(&mut self, turn: Instant, exchange: ExchangeId) {
        self.given.insert((turn, exchange));
    }

    /// Takes back a turn, or says that it was used.
    pub(crate) fn take(&mut self, turn: Instant, exchange: ExchangeId) {
        self.given.remove(&(turn, exchange));
        if self.given.is_empty() {
            *self = Self::default();
        }
    }

    /// Forgets an account that has no turn any more.
    pub(crate) fn forget(&mut self, account: &Account) {
        self.next_of.remove(account);
    }

    /// Returns the first turn, and whose it is.
    pub(crate) fn first(&self) -> Option<(Instant, ExchangeId)> {
        self.given.first().copied()
    }
}

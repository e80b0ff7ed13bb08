use core::time::Duration;

use waypost_rest::{Account, Allowance, Overdrawn, Pace, Peer};
use waypost_time::Instant;

use crate::Refusal;

/// How much work clients caused of late.
///
/// Those who are not known to be reachable have a share of their own, as all of them may be one who forges addresses. However much
/// they cause, and under however many addresses, the others lose nothing by it, and none of these is forgotten because of it.
#[derive(Debug, Default)]
pub(crate) struct Budget {
    known: Pace<Account>,
    strangers: Pace<Account>,
}

/// Who causes work.
#[derive(Debug, Clone)]
pub(crate) struct Payer {
    account: Account,
    /// Whether anybody may have sent what bears this address.
    is_stranger: bool,
}

impl Budget {
    /// Counts work that a client causes, unless it caused more than it may.
    ///
    /// # Errors
    /// The refusal, as [`refuse`](Self::refuse) makes it.
    pub(crate) fn admit(
        &mut self,
        now: Instant,
        payer: &Payer,
        work: u64,
        allowance: Allowance,
        most: Duration,
    ) -> Result<(), Refusal> {
        if let Some(overdrawn) = self.overdrawn(now, payer, allowance) {
            return Err(self.refuse(now, overdrawn, work, allowance, most));
        }
        self.count(now, payer, work, allowance);
        Ok(())
    }

    /// Tells whether a client caused more work than it may.
    pub(crate) fn overdrawn(&self, now: Instant, payer: &Payer, allowance: Allowance) -> Option<Overdrawn> {
        let account = payer.account();
        if !payer.is_stranger {
            return self.known.admit(now, account, allowance).err();
        }
        match self.strangers.admit(now, account, allowance.of_strangers()).err()? {
            Overdrawn::All(wait) => Some(Overdrawn::Strangers(wait)),
            overdrawn => Some(overdrawn),
        }
    }

    /// Counts work that was done for a client.
    pub(crate) fn count(&mut self, now: Instant, payer: &Payer, work: u64, allowance: Allowance) {
        let account = payer.account().clone();
        if payer.is_stranger {
            self.strangers.count(now, account, work, allowance.of_strangers());
        } else {
            self.known.count(now, account, work, allowance);
        }
    }

    /// Refuses work, and spreads over a time of at most `most` when those come back who are refused for the sake of all.
    pub(crate) fn refuse(
        &mut self,
        now: Instant,
        overdrawn: Overdrawn,
        work: u64,
        allowance: Allowance,
        most: Duration,
    ) -> Refusal {
        Refusal::Overdrawn(match overdrawn {
            Overdrawn::All(wait) => Overdrawn::All(self.known.put_off(now, wait, work, allowance, most)),
            // By what they are told they can show that they are reachable, and come back as others, who may cause more.
            Overdrawn::Strangers(wait) => {
                Overdrawn::Strangers(self.strangers.put_off(now, wait, work, allowance, most))
            }
            overdrawn @ Overdrawn::Client(_) => overdrawn,
        })
    }
}

impl Payer {
    pub(crate) fn of(peer: &Peer) -> Self {
        let is_stranger = !peer.is_reachable && peer.credentials.is_empty();
        Self { account: Account::of(peer), is_stranger }
    }

    pub(crate) const fn account(&self) -> &Account {
        &self.account
    }
}

use core::time::Duration;

use waypost_rest::{Account, Allowance, Overdrawn, Pace};
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

impl Budget {
    /// Counts work that a client causes, unless it caused more than it may.
    ///
    /// # Errors
    /// The refusal, as [`refuse`](Self::refuse) makes it.
    pub(crate) fn admit(
        &mut self,
        now: Instant,
        account: &Account,
        work: u64,
        allowance: Allowance,
        most: Duration,
    ) -> Result<(), Refusal> {
        if let Some(overdrawn) = self.overdrawn(now, account, allowance) {
            return Err(self.refuse(now, overdrawn, work, allowance, most));
        }
        self.count(now, account, work, allowance);
        Ok(())
    }

    /// Tells whether a client caused more work than it may.
    pub(crate) fn overdrawn(&self, now: Instant, account: &Account, allowance: Allowance) -> Option<Overdrawn> {
        if account.is_verified() {
            return self.known.admit(now, account, allowance).err();
        }
        match self.strangers.admit(now, account, allowance.of_strangers()).err()? {
            Overdrawn::All(wait) => Some(Overdrawn::Strangers(wait)),
            overdrawn => Some(overdrawn),
        }
    }

    /// Counts work that was done for a client.
    pub(crate) fn count(&mut self, now: Instant, account: &Account, work: u64, allowance: Allowance) {
        if account.is_verified() {
            self.known.count(now, account.clone(), work, allowance);
        } else {
            self.strangers.count(now, account.clone(), work, allowance.of_strangers());
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

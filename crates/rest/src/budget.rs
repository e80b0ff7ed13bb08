use core::time::Duration;

use waypost_time::Instant;

use crate::{Account, Allowance, Overdrawn, Pace};

/// How much work each client caused of late, and all of them together, where some may forge their addresses.
///
/// Those who are not [known to be reachable](Account::is_verified) have a [share](Allowance::of_strangers) of their own, as all of
/// them may be one who forges addresses. However much they cause, and under however many addresses, the others lose nothing by
/// it, and none of these is forgotten because of it. Apart from that it is a [`Pace`].
///
/// ```
/// use core::time::Duration;
/// use waypost_rest::{Account, Allowance, Budget, Overdrawn, Peer};
/// use waypost_time::Instant;
///
/// let allowance = Allowance { each: 100, all: 1_000 };
/// let (stranger, known) = (Peer::new("coap://[2001:db8::1]"), Peer::new("coap://[2001:db8::2]").reachable());
/// let mut budget = Budget::default();
/// for number in 0..100 {
///     let forged = Account::of(&Peer::new(format!("coap://[2001:db8::1:{number}]")));
///     budget.count(Instant::ZERO, forged, 100, allowance);
/// }
/// let overdrawn = Overdrawn::Strangers(Duration::from_secs(10));
/// assert_eq!(budget.admit(Instant::ZERO, &Account::of(&stranger), allowance), Err(overdrawn));
/// assert_eq!(budget.admit(Instant::ZERO, &Account::of(&known), allowance), Ok(()));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Budget {
    known: Pace<Account>,
    strangers: Pace<Account>,
}

impl Budget {
    /// Tells whether a client may cause work.
    ///
    /// # Errors
    /// How long it has to wait, if it has caused what it may, or all of its kind have.
    pub fn admit(&self, now: Instant, account: &Account, allowance: Allowance) -> Result<(), Overdrawn> {
        if account.is_verified() {
            return self.known.admit(now, account, allowance);
        }
        self.strangers.admit(now, account, allowance.of_strangers()).map_err(|overdrawn| match overdrawn {
            Overdrawn::All(wait) => Overdrawn::Strangers(wait),
            overdrawn => overdrawn,
        })
    }

    /// Counts work that was done for a client.
    pub fn count(&mut self, now: Instant, account: Account, work: u64, allowance: Allowance) {
        if account.is_verified() {
            self.known.count(now, account, work, allowance);
        } else {
            self.strangers.count(now, account, work, allowance.of_strangers());
        }
    }

    /// Counts work that a client is about to cause, unless it may not: then that is [put off](Self::put_off).
    ///
    /// # Errors
    /// How long it has to wait.
    pub fn spend(
        &mut self,
        now: Instant,
        account: Account,
        work: u64,
        allowance: Allowance,
        most: Duration,
    ) -> Result<(), Overdrawn> {
        if let Err(overdrawn) = self.admit(now, &account, allowance) {
            return Err(self.put_off(now, overdrawn, work, allowance, most));
        }
        self.count(now, account, work, allowance);
        Ok(())
    }

    /// Puts off work that was not [admitted](Self::admit): spreads over a time of at most `most` when those come back who are
    /// refused for the sake of all, as [`Pace::put_off`] does. A client that did it itself waits no longer than before.
    pub fn put_off(
        &mut self,
        now: Instant,
        overdrawn: Overdrawn,
        work: u64,
        allowance: Allowance,
        most: Duration,
    ) -> Overdrawn {
        match overdrawn {
            Overdrawn::Client(wait) => Overdrawn::Client(wait),
            // By what they are told they can show that they are reachable, and come back as others, who may cause more: that is the
            // rate at which they are spread.
            Overdrawn::Strangers(wait) => {
                Overdrawn::Strangers(self.strangers.put_off(now, wait, work, allowance, most))
            }
            Overdrawn::All(wait) => Overdrawn::All(self.known.put_off(now, wait, work, allowance, most)),
        }
    }
}

use alloc::collections::BTreeMap;

use crate::Account;

/// How many of something each account has; accounts that have none take no room.
///
/// ```
/// use waypost_rest::{Account, Peer, Tally};
///
/// let account = Account::of(&Peer::new("coap://[2001:db8::1]"));
/// let mut waiting = Tally::default();
/// waiting.add(account.clone(), 2);
/// waiting.take(&account, 1);
/// assert_eq!(waiting.of(&account), 1);
/// ```
#[derive(Debug, Clone, Default)]
pub struct Tally(BTreeMap<Account, usize>);

impl Tally {
    /// Returns how many an account has.
    #[must_use]
    pub fn of(&self, account: &Account) -> usize {
        self.0.get(account).copied().unwrap_or(0)
    }

    /// Counts so many more.
    pub fn add(&mut self, account: Account, more: usize) {
        if more > 0 {
            let count = self.0.entry(account).or_insert(0);
            *count = count.saturating_add(more);
        }
    }

    /// Counts so many less, down to none.
    pub fn take(&mut self, account: &Account, less: usize) {
        if let Some(count) = self.0.get_mut(account) {
            *count = count.saturating_sub(less);
            if *count == 0 {
                self.0.remove(account);
            }
        }
    }
}

use core::time::Duration;

use waypost_time::Instant;

use crate::quota::{Account, Tally};

/// How often each client asked for changes in the present minute.
#[derive(Debug, Default)]
pub(crate) struct PerMinute {
    began: Instant,
    tally: Tally,
}

impl PerMinute {
    /// Counts a request.
    ///
    /// # Errors
    /// The seconds until the client may go on, if it has had as many as it may have.
    pub(crate) fn count(&mut self, now: Instant, account: Account, limit: usize) -> Result<(), u32> {
        let passed = now.saturating_since(self.began);
        // Whoever has so many addresses is not stopped by counting what each of them does.
        if passed >= MINUTE || self.tally.len() >= ACCOUNTS {
            *self = Self { began: now, tally: Tally::default() };
        }
        if self.tally.of(&account) >= limit {
            let left = MINUTE.saturating_sub(now.saturating_since(self.began));
            return Err(left.as_secs() as u32 + 1);
        }
        self.tally.add(account);
        Ok(())
    }
}

const MINUTE: Duration = Duration::from_secs(60);
const ACCOUNTS: usize = 100_000;

#[cfg(test)]
mod tests {
    use waypost_rest::Peer;

    use super::*;

    #[test]
    fn each_client_has_its_own_count_and_a_new_one_each_minute() {
        let mut count = PerMinute::default();
        let one = || Account::of(&Peer::new("coap://[2001:db8::1]"));
        let now = Instant::from_millis(30_000);
        assert_eq!(count.count(now, one(), 2), Ok(()));
        assert_eq!(count.count(now, one(), 2), Ok(()));
        assert_eq!(count.count(now, one(), 2), Err(31));
        assert_eq!(count.count(now, Account::of(&Peer::new("coap://[2001:db8::2]")), 2), Ok(()));
        assert_eq!(count.count(Instant::from_millis(61_000), one(), 2), Ok(()));
    }
}

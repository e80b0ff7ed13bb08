use core::time::Duration;

use waypost_time::Instant;

use crate::quota::{Account, Tally};

/// How much each client asked to change in the present minute: requests, weighed by the links that they are about.
#[derive(Debug, Default)]
pub(crate) struct PerMinute {
    began: Instant,
    tally: Tally,
}

impl PerMinute {
    /// Tells whether a client may ask for a change.
    ///
    /// # Errors
    /// The seconds until it may go on, if it has had as much as it may have.
    pub(crate) fn admit(&mut self, now: Instant, account: &Account, limit: usize) -> Result<(), u32> {
        let passed = now.saturating_since(self.began);
        // Whoever has so many addresses is not stopped by counting what each of them does.
        if passed >= MINUTE || self.tally.len() >= ACCOUNTS {
            *self = Self { began: now, tally: Tally::default() };
        }
        if self.tally.of(account) >= limit {
            let left = MINUTE.saturating_sub(now.saturating_since(self.began));
            return Err(left.as_secs() as u32 + 1);
        }
        Ok(())
    }

    /// Counts a request that is about so many bytes of links.
    pub(crate) fn count(&mut self, account: Account, links: usize) {
        self.tally.add(account, 1 + links / UNIT);
    }
}

/// The bytes of links that cost as much as a request.
const UNIT: usize = 1 << 10;
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
        for _ in 0..2 {
            assert_eq!(count.admit(now, &one(), 2), Ok(()));
            count.count(one(), 1023);
        }
        assert_eq!(count.admit(now, &one(), 2), Err(31));
        assert_eq!(count.admit(now, &Account::of(&Peer::new("coap://[2001:db8::2]")), 2), Ok(()));
        assert_eq!(count.admit(Instant::from_millis(61_000), &one(), 2), Ok(()));
    }

    #[test]
    fn each_kibibyte_of_links_counts_like_a_request() {
        let mut count = PerMinute::default();
        let one = || Account::of(&Peer::new("coap://[2001:db8::1]"));
        let now = Instant::from_millis(30_000);
        count.count(one(), 3 * 1024);
        assert_eq!(count.admit(now, &one(), 5), Ok(()));
        assert_eq!(count.admit(now, &one(), 4), Err(31));
    }
}

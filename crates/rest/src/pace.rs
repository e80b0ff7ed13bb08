use alloc::collections::BTreeMap;
use alloc::string::ToString;
use core::borrow::Borrow;
use core::fmt;
use core::time::Duration;

use waypost_time::Instant;

use crate::{Code, Response};

/// How much work each client caused of late, and all of them together.
///
/// Work is a debt that time pays off, at the rates of an [`Allowance`]. Whoever owes no more than the work of ten seconds may cause
/// more, even what is much larger; it waits the longer after it. The unit is the caller's.
///
/// Of at most 4096 clients it is known what they owe. Whoever has more addresses than that is stopped by what all may cause
/// together.
///
/// ```
/// use core::time::Duration;
/// use waypost_rest::{Allowance, Overdrawn, Pace};
/// use waypost_time::Instant;
///
/// let allowance = Allowance { each: 100, all: 1_000 };
/// let mut pace = Pace::default();
/// assert_eq!(pace.admit(Instant::ZERO, "2001:db8::1", allowance), Ok(()));
/// pace.count(Instant::ZERO, "2001:db8::1", 1_200, allowance);
/// let overdrawn = Overdrawn::Client(Duration::from_secs(2));
/// assert_eq!(pace.admit(Instant::ZERO, "2001:db8::1", allowance), Err(overdrawn));
/// assert_eq!(pace.admit(Instant::ZERO, "2001:db8::2", allowance), Ok(()));
/// assert_eq!(pace.admit(Instant::from_millis(2_000), "2001:db8::1", allowance), Ok(()));
/// ```
#[derive(Debug, Clone)]
pub struct Pace<C> {
    by_client: BTreeMap<C, Debt>,
    all: Debt,
    /// The work of those who were told to come back and have not yet.
    put_off: Debt,
    /// When nobody owes anything any more.
    paid: Instant,
}

/// How much work may be caused per second.
///
/// ```
/// use waypost_rest::Allowance;
///
/// let allowance = Allowance { each: 1_000, all: 10_000 };
/// assert_eq!(allowance.of_strangers(), Allowance { each: 1_000, all: 5_000 });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// By one client.
    pub each: u64,
    /// By all clients together.
    pub all: u64,
}

/// Who caused more work than it may, and how long it has to wait.
///
/// ```
/// use core::time::Duration;
/// use waypost_rest::{Allowance, Code, Overdrawn};
///
/// let overdrawn = Overdrawn::All(Duration::from_millis(1_500));
/// let response = overdrawn.response();
/// assert_eq!((response.code, response.max_age), (Code::SERVICE_UNAVAILABLE, Some(2)));
/// assert_eq!(overdrawn.time_for(2_000, Allowance { each: 100, all: 1_000 }), Duration::from_secs(2));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Overdrawn {
    /// The client itself.
    Client(Duration),
    /// All those together who are not [known to be reachable](crate::Peer::is_reachable), where these have a share apart.
    Strangers(Duration),
    /// All clients together.
    All(Duration),
}

/// Work that was done, less what the time since has made up for.
#[derive(Debug, Clone, Copy, Default)]
struct Debt {
    work: u64,
    at: Instant,
}

impl<C: Ord> Pace<C> {
    /// Tells whether a client may cause work.
    ///
    /// # Errors
    /// How long it has to wait, if it has caused what it may, or all of them have.
    pub fn admit<Q>(&self, now: Instant, client: &Q, allowance: Allowance) -> Result<(), Overdrawn>
    where
        C: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        let own = self.by_client.get(client).copied().unwrap_or_default().wait(now, allowance.each);
        let all = self.all.wait(now, allowance.all);
        match own.max(all) {
            Duration::ZERO => Ok(()),
            wait if wait == own => Err(Overdrawn::Client(wait)),
            wait => Err(Overdrawn::All(wait)),
        }
    }

    /// Counts work that was done for a client.
    pub fn count(&mut self, now: Instant, client: C, work: u64, allowance: Allowance) {
        if self.is_paid(now) {
            self.by_client.clear();
        }
        if self.by_client.len() >= CLIENTS && !self.by_client.contains_key(&client) {
            self.by_client.retain(|_, debt| debt.left(now, allowance.each) > 0);
            if self.by_client.len() >= CLIENTS {
                self.by_client.clear();
            }
        }
        let own = self.by_client.entry(client).or_default();
        own.add(now, work, allowance.each);
        self.all.add(now, work, allowance.all);
        self.paid = self.paid.max(own.paid(allowance.each)).max(self.all.paid(allowance.all));
    }

    /// Puts off work that all together may not cause at the moment: returns when its client is best told to come back, which is as
    /// much later than `wait` as it takes to do what was put off before. If all came at once, most would come in vain, again and
    /// again.
    ///
    /// Nobody has to wait for longer than `wait`, or for `most` if that is longer. When more is put off than can be done in that
    /// time, another round begins, from whose places some have to come back once more.
    pub fn put_off(
        &mut self,
        now: Instant,
        wait: Duration,
        work: u64,
        allowance: Allowance,
        most: Duration,
    ) -> Duration {
        let mut before = time_for(self.put_off.left(now, allowance.all), allowance.all);
        if wait + before > most {
            (self.put_off, before) = (Debt::default(), Duration::ZERO);
        }
        self.put_off.add(now, work, allowance.all);
        wait + before
    }

    /// Tells whether nobody owes anything, so that everybody is admitted.
    #[must_use]
    pub fn is_paid(&self, now: Instant) -> bool {
        now >= self.paid
    }
}

impl Allowance {
    /// Returns what those may cause who are not [known to be reachable](crate::Peer::is_reachable), where they are counted apart: all
    /// of them together half as much as the others, so that whoever forges addresses spends nothing of what these have.
    #[must_use]
    pub const fn of_strangers(self) -> Self {
        Self { each: self.each, all: self.all / 2 }
    }
}

impl<C> Default for Pace<C> {
    fn default() -> Self {
        Self { by_client: BTreeMap::new(), all: Debt::default(), put_off: Debt::default(), paid: Instant::ZERO }
    }
}

impl Overdrawn {
    /// Returns how long to wait.
    #[must_use]
    pub const fn wait(self) -> Duration {
        let (Self::Client(wait) | Self::Strangers(wait) | Self::All(wait)) = self;
        wait
    }

    /// Returns how long it takes to make up for work, at the rate that was not kept to.
    #[must_use]
    pub fn time_for(self, work: u64, allowance: Allowance) -> Duration {
        match self {
            Self::Client(_) => time_for(work, allowance.each),
            Self::Strangers(_) => time_for(work, allowance.of_strangers().all),
            Self::All(_) => time_for(work, allowance.all),
        }
    }

    /// Returns the response code: 4.29 to a client that did it itself ([RFC 8516](https://www.rfc-editor.org/rfc/rfc8516)), or gets
    /// in when it shows that it is reachable, else 5.03.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Client(_) | Self::Strangers(_) => Code::TOO_MANY_REQUESTS,
            Self::All(_) => Code::SERVICE_UNAVAILABLE,
        }
    }

    /// Returns the response to whoever has to wait, with how long as its Max-Age.
    #[must_use]
    pub fn response(self) -> Response {
        Response::refusal(self.code(), self.to_string()).with_max_age(self.seconds())
    }

    /// Returns how long to wait, in whole seconds, and at least one: a Max-Age.
    #[must_use]
    pub fn seconds(self) -> u32 {
        u32::try_from(self.wait().as_millis().div_ceil(1_000).max(1)).unwrap_or(u32::MAX)
    }
}

impl fmt::Display for Overdrawn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Client(_) => "more work than one client may cause",
            Self::Strangers(_) => "more work than clients not known to be reachable may cause together",
            Self::All(_) => "more work than all clients together may cause",
        })
    }
}

impl Debt {
    fn left(self, now: Instant, rate: u64) -> u64 {
        let passed = u64::try_from(now.saturating_since(self.at).as_millis()).unwrap_or(u64::MAX);
        self.work.saturating_sub(passed.saturating_mul(rate) / 1_000)
    }

    fn add(&mut self, now: Instant, work: u64, rate: u64) {
        *self = Self { work: self.left(now, rate).saturating_add(work), at: now };
    }

    /// Returns how long it takes until no more is owed than may be caused at once.
    fn wait(self, now: Instant, rate: u64) -> Duration {
        time_for(self.left(now, rate).saturating_sub(rate.saturating_mul(AT_ONCE)), rate)
    }

    fn paid(self, rate: u64) -> Instant {
        self.at + time_for(self.work, rate)
    }
}

fn time_for(work: u64, rate: u64) -> Duration {
    Duration::from_millis(work.saturating_mul(1_000).div_ceil(rate.max(1)))
}

/// Seconds of work that may be caused at once.
const AT_ONCE: u64 = 10;
/// Clients that are remembered.
const CLIENTS: usize = 4_096;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_forgotten_before_there_are_too_many() {
        let allowance = Allowance { each: 1, all: 1 };
        let mut pace = Pace::default();
        for number in 0..3 * CLIENTS {
            pace.count(Instant::ZERO, number, 1, allowance);
        }
        assert!(pace.by_client.len() <= CLIENTS);
        assert!(pace.admit(Instant::ZERO, &usize::MAX, allowance).is_err(), "what all owe is not forgotten");
    }

    #[test]
    fn nobody_is_remembered_who_owes_nothing() {
        let allowance = Allowance { each: 10, all: 5 };
        let mut pace = Pace::default();
        pace.count(Instant::ZERO, 1, 100, allowance);
        assert!(!pace.is_paid(Instant::from_millis(19_999)));
        assert!(pace.is_paid(Instant::from_millis(20_000)));
        pace.count(Instant::from_millis(20_000), 2, 1, allowance);
        assert_eq!(pace.by_client.len(), 1);
    }
}

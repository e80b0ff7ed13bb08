use alloc::collections::{BTreeMap, BTreeSet};
use core::ops::Bound;
use core::time::Duration;

use waypost_model::Location;
use waypost_rest::Account;
use waypost_time::Instant;

/// Who made which registration.
///
/// Registrations also end without a request: most expire, others are removed in process. Those of an account that are due
/// to have expired are looked at when the account is full, and a few others each time. So the book stays within a small
/// multiple of the directory, and a full account costs as little as any other.
#[derive(Debug, Default)]
pub(crate) struct Quota {
    numbers: BTreeMap<Account, u64>,
    owners: BTreeMap<u64, Owner>,
    by_location: BTreeMap<Location, Entry>,
    next_number: u64,
    swept: Option<Location>,
}

#[derive(Debug)]
struct Owner {
    account: Account,
    /// When each registration was to expire as far as the book knows, and where it is.
    due: BTreeSet<(Instant, Location)>,
    swept: Option<(Instant, Location)>,
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    owner: u64,
    due: Instant,
}

impl Quota {
    /// Tells whether the account may have a registration at this location, in place of another one or with others.
    ///
    /// `deadline` tells when a registration that is live expires.
    pub(crate) fn admits(
        &mut self,
        now: Instant,
        account: &Account,
        location: &Location,
        limit: usize,
        deadline: impl Fn(&Location) -> Option<Instant>,
    ) -> bool {
        let Some(&number) = self.numbers.get(account) else { return limit > 0 };
        if self.by_location.get(location).is_some_and(|entry| entry.owner == number) {
            return true;
        }
        while self.count(number) >= limit {
            let first = self.owners.get(&number).and_then(|owner| owner.due.first().cloned());
            let Some((due, location)) = first.filter(|(due, _)| *due <= now) else { break };
            // What was renewed is filed again, later than now, so that this comes to an end.
            let later = deadline(&location).map(|deadline| deadline.max(due).max(now + MOMENT));
            self.look_at(number, &(due, location), later);
        }
        for _ in 0..SWEPT_WHEN_FULL {
            if self.count(number) < limit {
                return true;
            }
            let Some(owner) = self.owners.get_mut(&number) else { return limit > 0 };
            let after = owner.swept.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
            owner.swept = owner.due.range::<(Instant, Location), _>((after, Bound::Unbounded)).next().cloned();
            if let Some(next) = owner.swept.clone() {
                let later = deadline(&next.1);
                self.look_at(number, &next, later);
            }
        }
        self.count(number) < limit
    }

    /// Takes note of a registration, and looks whether a few others have ended.
    pub(crate) fn book(
        &mut self,
        account: Account,
        location: &Location,
        due: Instant,
        deadline: impl Fn(&Location) -> Option<Instant>,
    ) {
        self.forget(location);
        let number = *self.numbers.entry(account.clone()).or_insert_with(|| {
            self.next_number += 1;
            self.next_number
        });
        let owner = self.owners.entry(number).or_insert_with(|| Owner { account, due: BTreeSet::new(), swept: None });
        owner.due.insert((due, location.clone()));
        self.by_location.insert(location.clone(), Entry { owner: number, due });
        self.sweep(deadline);
    }

    /// Tells whether somebody has the registration at this location to his account.
    pub(crate) fn has(&self, location: &Location) -> bool {
        self.by_location.contains_key(location)
    }

    pub(crate) fn forget(&mut self, location: &Location) {
        let Some(entry) = self.by_location.remove(location) else { return };
        let Some(owner) = self.owners.get_mut(&entry.owner) else { return };
        owner.due.remove(&(entry.due, location.clone()));
        if owner.due.is_empty() {
            self.numbers.remove(&owner.account);
            self.owners.remove(&entry.owner);
        }
    }

    fn count(&self, number: u64) -> usize {
        self.owners.get(&number).map_or(0, |owner| owner.due.len())
    }

    /// Files a registration of an owner anew, or forgets it if it has no deadline any more.
    fn look_at(&mut self, number: u64, filed: &(Instant, Location), deadline: Option<Instant>) {
        let Some(due) = deadline else { return self.forget(&filed.1) };
        if let Some(owner) = self.owners.get_mut(&number)
            && due != filed.0
            && owner.due.remove(filed)
        {
            owner.due.insert((due, filed.1.clone()));
            self.by_location.insert(filed.1.clone(), Entry { owner: number, due });
        }
    }

    fn sweep(&mut self, deadline: impl Fn(&Location) -> Option<Instant>) {
        for _ in 0..SWEPT_PER_REGISTRATION {
            let after = self.swept.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
            let mut rest = self.by_location.range::<Location, _>((after, Bound::Unbounded));
            let next = rest.next().map(|(location, _)| location.clone());
            if let Some(location) = &next
                && deadline(location).is_none()
            {
                self.forget(location);
            }
            self.swept = next;
        }
    }
}

const SWEPT_PER_REGISTRATION: usize = 4;
const SWEPT_WHEN_FULL: usize = 64;
const MOMENT: Duration = Duration::from_millis(1);

#[cfg(test)]
mod tests {
    use waypost_rest::Peer;

    use super::*;

    fn location(number: usize) -> Location {
        Location::new(&alloc::format!("/rd/{number}")).unwrap()
    }

    #[test]
    fn ended_registrations_do_not_count_and_take_no_room() {
        let mut quota = Quota::default();
        let account = |number: usize| Account::of(&Peer::new(alloc::format!("coap://host{number}")));
        for number in 0..1000 {
            let live = |location: &Location| (location.as_str().len() < 6).then_some(Instant::MAX);
            quota.book(account(number % 7), &location(number), Instant::MAX, live);
        }
        assert!(quota.by_location.len() < 200);
        assert!(quota.admits(Instant::ZERO, &account(1), &location(5000), 3, |_| None));
        assert!(quota.owners.len() == quota.numbers.len() && quota.owners.len() <= 7);
    }

    #[test]
    fn a_full_account_is_not_looked_through_at_each_request() {
        let mut quota = Quota::default();
        let account = || Account::of(&Peer::new("coap://[2001:db8::1]"));
        let end = Instant::from_millis(60_000);
        for number in 0..10_000 {
            quota.book(account(), &location(number), end, |_| Some(end));
        }
        let looks = core::cell::Cell::new(0);
        let mut admits = |now, end: Option<Instant>| {
            quota.admits(now, &account(), &location(20_000), 10_000, |_| {
                looks.set(looks.get() + 1);
                end
            })
        };
        assert!(!admits(Instant::ZERO, Some(end)));
        assert!(looks.take() <= SWEPT_WHEN_FULL);
        // All were renewed: the one request that finds out files them anew, the next ones need not look.
        let later = Instant::from_millis(120_000);
        assert!(!admits(end, Some(later)));
        looks.take();
        assert!(!admits(end, Some(later)));
        assert!(looks.take() <= SWEPT_WHEN_FULL);
        // All have expired: one that has is enough.
        assert!(admits(later, None));
        assert!(looks.take() <= SWEPT_WHEN_FULL);
    }
}

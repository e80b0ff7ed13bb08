use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::ops::Bound;

use waypost_model::Location;
use waypost_rest::{Credential, Peer};

/// Who is counted as one client by the limits for one peer: what it proved, else its host. Ports do not count, as anybody
/// has thousands of them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Account(Box<[u8]>);

impl Account {
    pub(crate) fn of(peer: &Peer) -> Self {
        let mut octets = Vec::new();
        let mut field = |octet: u8, parts: &[&[u8]]| {
            octets.push(octet);
            for part in parts {
                octets.extend_from_slice(&(part.len() as u64).to_be_bytes());
                octets.extend_from_slice(part);
            }
        };
        match peer.credentials.first() {
            Some(Credential::Subject { authority, name }) => field(b'n', &[authority.as_bytes(), name.as_bytes()]),
            Some(Credential::PublicKey(key)) => field(b'k', &[key]),
            Some(Credential::Session(session)) => field(b's', &[session]),
            _ => {
                let link = peer.link.map(u32::to_be_bytes);
                field(b'h', &[host(&peer.uri).as_bytes(), link.as_ref().map_or(&[], |link| link)]);
            }
        }
        Self(octets.into())
    }
}

fn host(uri: &str) -> &str {
    let authority = uri.split_once("://").map_or(uri, |(_, authority)| authority);
    let end_of_literal = authority.find(']').map_or(0, |end| end + 1);
    let port = authority[end_of_literal..].find(':');
    &authority[..port.map_or(authority.len(), |port| end_of_literal + port)]
}

/// How many of something each account has; accounts that have none take no room.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<Account, usize>);

impl Tally {
    pub(crate) fn of(&self, account: &Account) -> usize {
        self.0.get(account).copied().unwrap_or(0)
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn add(&mut self, account: Account) {
        *self.0.entry(account).or_insert(0) += 1;
    }

    pub(crate) fn take(&mut self, account: &Account) {
        if let Some(count) = self.0.get_mut(account) {
            *count -= 1;
            if *count == 0 {
                self.0.remove(account);
            }
        }
    }
}

/// Who made which registration.
///
/// Registrations also end without a request. So entries of ended ones are found when an account is full, and a few at
/// each registration: the book stays within a small multiple of the directory.
#[derive(Debug, Default)]
pub(crate) struct Quota {
    numbers: BTreeMap<Account, u64>,
    owners: BTreeMap<u64, Owner>,
    by_location: BTreeMap<Location, u64>,
    next_number: u64,
    swept: Option<Location>,
}

#[derive(Debug)]
struct Owner {
    account: Account,
    locations: BTreeSet<Location>,
}

impl Quota {
    /// Tells whether the account may have a registration at this location, in place of another one or with others.
    pub(crate) fn admits(
        &mut self,
        account: &Account,
        location: &Location,
        limit: usize,
        is_live: impl Fn(&Location) -> bool,
    ) -> bool {
        let Some(locations) = self.locations(account) else { return limit > 0 };
        if locations.len() < limit || locations.contains(location) {
            return true;
        }
        let ended: Vec<_> = locations.iter().filter(|location| !is_live(location)).cloned().collect();
        for location in &ended {
            self.forget(location);
        }
        self.locations(account).map_or(0, BTreeSet::len) < limit
    }

    /// Takes note of a registration, and looks whether a few others have ended.
    pub(crate) fn book(&mut self, account: Account, location: &Location, is_live: impl Fn(&Location) -> bool) {
        self.forget(location);
        let number = *self.numbers.entry(account.clone()).or_insert_with(|| {
            self.next_number += 1;
            self.next_number
        });
        let owner = self.owners.entry(number).or_insert_with(|| Owner { account, locations: BTreeSet::new() });
        owner.locations.insert(location.clone());
        self.by_location.insert(location.clone(), number);
        self.sweep(is_live);
    }

    pub(crate) fn forget(&mut self, location: &Location) {
        let Some(number) = self.by_location.remove(location) else { return };
        let Some(owner) = self.owners.get_mut(&number) else { return };
        owner.locations.remove(location);
        if owner.locations.is_empty() {
            self.numbers.remove(&owner.account);
            self.owners.remove(&number);
        }
    }

    fn locations(&self, account: &Account) -> Option<&BTreeSet<Location>> {
        let number = self.numbers.get(account)?;
        self.owners.get(number).map(|owner| &owner.locations)
    }

    fn sweep(&mut self, is_live: impl Fn(&Location) -> bool) {
        for _ in 0..SWEPT_PER_REGISTRATION {
            let after = self.swept.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
            let mut rest = self.by_location.range::<Location, _>((after, Bound::Unbounded));
            let next = rest.next().map(|(location, _)| location.clone());
            if let Some(location) = &next
                && !is_live(location)
            {
                self.forget(location);
            }
            self.swept = next;
        }
    }
}

const SWEPT_PER_REGISTRATION: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;

    fn location(number: usize) -> Location {
        Location::new(&alloc::format!("/rd/{number}")).unwrap()
    }

    #[test]
    fn one_host_has_one_account_whatever_its_port() {
        for (uri, expected) in [
            ("coap://[2001:db8::1]:61616", "[2001:db8::1]"),
            ("coap://[2001:db8::1]", "[2001:db8::1]"),
            ("coaps://192.0.2.1:5000", "192.0.2.1"),
            ("coap://host.example", "host.example"),
            ("", ""),
        ] {
            assert_eq!(host(uri), expected);
        }
    }

    #[test]
    fn ended_registrations_do_not_count_and_take_no_room() {
        let mut quota = Quota::default();
        let account = |number: usize| Account::of(&Peer::new(alloc::format!("coap://host{number}")));
        for number in 0..1000 {
            quota.book(account(number % 7), &location(number), |location| location.as_str().len() < 6);
        }
        assert!(quota.by_location.len() < 200);
        assert!(quota.admits(&account(1), &location(5000), 3, |_| false));
        assert!(quota.owners.len() == quota.numbers.len() && quota.owners.len() <= 7);
    }
}

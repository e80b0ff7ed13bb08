//! How much work clients may cause where some may forge their addresses.

use core::time::Duration;

use waypost_rest::{Account, Allowance, Budget, Overdrawn, Peer};
use waypost_time::Instant;

const ALLOWANCE: Allowance = Allowance { each: 1_000, all: 2_000 };
const MINUTE: Duration = Duration::from_secs(60);

fn known(number: u32) -> Account {
    Account::of(&Peer::new(format!("coap://host{number}")).reachable())
}

fn stranger(number: u32) -> Account {
    Account::of(&Peer::new(format!("coap://host{number}")))
}

#[test]
fn strangers_and_those_who_are_known_spend_nothing_of_each_other() {
    let (mut by_strangers, mut by_known) = (Budget::default(), Budget::default());
    for number in 0..10_000 {
        by_strangers.count(Instant::ZERO, stranger(number), 10_000, ALLOWANCE);
        by_known.count(Instant::ZERO, known(number), 10_000, ALLOWANCE);
    }
    let refusal = |budget: &Budget, account| budget.admit(Instant::ZERO, &account, ALLOWANCE).err();
    assert!(matches!(refusal(&by_strangers, stranger(10_000)), Some(Overdrawn::Strangers(_))));
    assert_eq!(refusal(&by_strangers, known(0)), None);
    assert!(matches!(refusal(&by_known, known(10_000)), Some(Overdrawn::All(_))));
    assert_eq!(refusal(&by_known, stranger(0)), None);
}

#[test]
fn strangers_together_may_cause_half_as_much_as_the_others() {
    let spent = |account: fn(u32) -> Account| {
        let mut budget = Budget::default();
        (0..1_000)
            .filter(|&number| budget.spend(Instant::ZERO, account(number), 100, ALLOWANCE, MINUTE).is_ok())
            .count()
    };
    // What is admitted last goes over.
    assert_eq!((spent(known), spent(stranger)), (201, 101));
}

#[test]
fn what_is_refused_is_not_counted_and_those_come_back_one_after_the_other_who_did_not_do_it_themselves() {
    let mut budget = Budget::default();
    budget.count(Instant::ZERO, stranger(0), 12_000, ALLOWANCE);
    let mut refused = |number| budget.spend(Instant::ZERO, stranger(number), 500, ALLOWANCE, MINUTE).unwrap_err();
    assert_eq!(refused(0), Overdrawn::Client(Duration::from_secs(2)));
    assert_eq!(refused(0), Overdrawn::Client(Duration::from_secs(2)));
    assert_eq!(refused(1), Overdrawn::Strangers(Duration::from_millis(2_000)));
    // At the rate of those who are known, as which they come back.
    assert_eq!(refused(2), Overdrawn::Strangers(Duration::from_millis(2_250)));
}

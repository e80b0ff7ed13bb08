//! How much work clients may cause.

extern crate alloc;

use alloc::collections::BTreeMap;
use core::time::Duration;

use proptest::prelude::*;
use waypost_rest::{Allowance, Overdrawn, Pace};
use waypost_time::Instant;

const ALLOWANCE: Allowance = Allowance { each: 1_000, all: 2_000 };

fn at(seconds: u64) -> Instant {
    Instant::from_millis(seconds * 1_000)
}

#[test]
fn each_client_has_its_own_pace_and_all_have_one_together() {
    let mut pace = Pace::default();
    pace.count(at(0), "a", 9_000, ALLOWANCE);
    assert_eq!(pace.admit(at(0), "a", ALLOWANCE), Ok(()));
    pace.count(at(0), "a", 3_000, ALLOWANCE);
    assert_eq!(pace.admit(at(0), "a", ALLOWANCE), Err(Overdrawn::Client(Duration::from_secs(2))));
    assert_eq!(pace.admit(at(0), "b", ALLOWANCE), Ok(()));
    assert_eq!(pace.admit(at(2), "a", ALLOWANCE), Ok(()));
    pace.count(at(2), "b", 20_000, ALLOWANCE);
    assert_eq!(pace.admit(at(2), "c", ALLOWANCE), Err(Overdrawn::All(Duration::from_secs(4))));
    assert_eq!(pace.admit(at(6), "c", ALLOWANCE), Ok(()));
}

/// Lets a million clients ask within so many seconds, and come back when they are told; returns the second in which the last one is
/// admitted, and how often they asked.
fn seconds_to_admit_a_million(within: u64, allowance: Allowance, spread: Allowance) -> (u64, u64) {
    const MILLION: u64 = 1_000_000;
    let (mut pace, mut asked) = (Pace::default(), 0);
    let mut coming = BTreeMap::<u64, Vec<u32>>::new();
    for number in 0..MILLION {
        coming.entry(number * within / MILLION).or_default().push(number as u32);
    }
    let mut last = 0;
    while let Some((second, clients)) = coming.pop_first() {
        asked += clients.len() as u64;
        for client in clients {
            match pace.admit(at(second), &client, allowance) {
                Ok(()) => {
                    pace.count(at(second), client, 1, allowance);
                    last = second;
                }
                Err(overdrawn) => {
                    let wait = pace.put_off(at(second), overdrawn.wait(), 1, spread, Duration::from_secs(60));
                    let told = u64::from(Overdrawn::All(wait).seconds());
                    assert!(told <= 60);
                    coming.entry(second + told).or_default().push(client);
                }
            }
        }
    }
    (last, asked)
}

#[test]
fn a_million_that_come_at_once_get_in_in_little_more_than_the_time_it_takes_and_rarely_ask_in_vain() {
    for (within, all, spread, at_best) in [(5, 15_000, 15_000, 56), (1, 7_500, 7_500, 123), (30, 7_500, 15_000, 123)] {
        let allowance = |all| Allowance { each: 10_000, all };
        let (seconds, asked) = seconds_to_admit_a_million(within, allowance(all), allowance(spread));
        assert!((at_best..at_best * 5 / 4).contains(&seconds), "{seconds} s at {all}");
        assert!(asked <= 4_000_000, "{asked} at {all}");
    }
}

proptest! {
    #[test]
    fn whoever_waits_when_told_to_causes_no_more_than_its_rate_and_what_may_be_had_at_once(
        steps in prop::collection::vec((0_u64..3_000, 0_u8..4, 0_u64..5_000), 1..200),
    ) {
        let (mut pace, mut now, mut done) = (Pace::default(), 0, BTreeMap::<u8, u64>::new());
        for (passed, client, work) in steps {
            now += passed;
            if pace.admit(Instant::from_millis(now), &client, ALLOWANCE).is_ok() {
                pace.count(Instant::from_millis(now), client, work, ALLOWANCE);
                *done.entry(client).or_default() += work;
            }
            // What is admitted last may go over, and parts of a unit are lost each time.
            let most = |rate| rate * (now / 1_000 + 11) + 5_000 + 200;
            prop_assert!(done.values().all(|done| *done <= most(ALLOWANCE.each)));
            prop_assert!(done.values().sum::<u64>() <= most(ALLOWANCE.all));
        }
    }

    #[test]
    fn whoever_has_waited_as_long_as_told_is_admitted(work in 0_u64..1_000_000, other in 0_u64..1_000_000) {
        let mut pace = Pace::default();
        pace.count(at(0), 1, work, ALLOWANCE);
        pace.count(at(0), 2, other, ALLOWANCE);
        if let Err(overdrawn) = pace.admit(at(0), &1, ALLOWANCE) {
            let seconds = u64::from(overdrawn.seconds());
            prop_assert!(pace.admit(at(seconds - 1), &1, ALLOWANCE).is_err());
            prop_assert_eq!(pace.admit(at(seconds), &1, ALLOWANCE), Ok(()));
        }
    }
}

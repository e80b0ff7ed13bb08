//! The hybrid logical clock.

use core::time::Duration;

use proptest::prelude::*;
use waypost_model::{Clock, Timestamp};

#[test]
fn a_clock_follows_the_time_it_is_given() {
    let mut clock = Clock::new();
    assert_eq!(clock.tick(5_000), Timestamp::from_millis(5_000));
    assert_eq!(clock.tick(6_000), Timestamp::from_millis(6_000));
}

#[test]
fn a_clock_that_is_set_back_still_goes_on() {
    let mut clock = Clock::new();
    let before = clock.tick(5_000);
    let after = clock.tick(1_000);
    assert!(after > before && after.as_millis() == 5_000);
}

#[test]
fn a_counter_that_is_full_carries_into_the_milliseconds() {
    let mut clock = Clock::new();
    let first = clock.tick(1);
    let last = (0..70_000).fold(first, |last, _| {
        let next = clock.tick(1);
        assert!(next > last);
        next
    });
    assert_eq!(last.as_millis(), 2);
}

#[test]
fn a_peer_cannot_push_the_clock_beyond_the_tolerance() {
    let mut clock = Clock::new().with_tolerance(Duration::from_secs(10));
    assert!(clock.observe(1_000, Timestamp::from_millis(11_000)).is_ok());
    assert!(clock.observe(1_000, Timestamp::from_millis(11_001)).is_err());
    assert!(clock.observe(1_000, Timestamp::from_bits(u64::MAX)).is_err());
    assert_eq!(clock.latest(), Timestamp::from_millis(11_000));
}

#[test]
fn a_clock_that_was_ahead_once_takes_what_it_made_itself() {
    let mut clock = Clock::new();
    let ahead = clock.tick(1 << 40);
    assert!(clock.observe(0, ahead).is_ok());
}

#[test]
fn no_time_and_no_tolerance_make_a_clock_stand_still() {
    let mut clock = Clock::new().with_tolerance(Duration::MAX);
    assert!(clock.observe(u64::MAX, Timestamp::from_bits(u64::MAX)).is_err());
    let first = clock.tick(u64::MAX);
    assert!(clock.tick(u64::MAX) > first);
}

proptest! {
    #[test]
    fn every_timestamp_is_later_than_all_that_came_before(
        steps in prop::collection::vec((any::<bool>(), any::<u64>(), any::<u64>()), 0..50)
    ) {
        let mut clock = Clock::new();
        let mut latest = None;
        for (is_local, millis, remote) in steps {
            if is_local {
                let time = clock.tick(millis);
                prop_assert!(Some(time) > latest);
                latest = Some(time);
            } else if clock.observe(millis, Timestamp::from_bits(remote)).is_ok() {
                latest = latest.max(Some(Timestamp::from_bits(remote)));
            }
        }
    }
}

//! Arithmetic of instants.

use core::time::Duration;
use waypost_time::Instant;

#[test]
fn addition_saturates_at_the_end_of_the_clock() {
    assert_eq!(Instant::from_millis(5) + Duration::MAX, Instant::MAX);
    assert_eq!(Instant::MAX + Duration::from_millis(1), Instant::MAX);
}

#[test]
fn what_was_before_the_zero_of_the_clock_keeps_its_distance() {
    let (now, age) = (Instant::from_millis(5), Duration::from_hours(136 * 365 * 24));
    let long_ago = now.saturating_sub(age);
    assert!(long_ago < Instant::ZERO && long_ago.as_millis() == 0);
    assert_eq!(long_ago + age, now);
    assert_eq!(now.saturating_since(long_ago), age);
}

#[test]
fn subtraction_saturates_at_the_earliest_instant() {
    let earliest = Instant::ZERO.saturating_sub(Duration::MAX).saturating_sub(Duration::MAX);
    assert_eq!(earliest.saturating_sub(Duration::MAX), earliest);
    assert_eq!(Instant::MAX.saturating_since(earliest), Duration::from_millis(i64::MAX as u64));
}

#[test]
fn a_later_instant_is_no_time_ago() {
    let (early, late) = (Instant::from_millis(1), Instant::from_millis(9));
    assert_eq!(late.saturating_since(early), Duration::from_millis(8));
    assert_eq!(early.saturating_since(late), Duration::ZERO);
}

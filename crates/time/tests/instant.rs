//! Arithmetic of instants.

use core::time::Duration;
use waypost_time::Instant;

#[test]
fn addition_saturates_at_the_end_of_the_clock() {
    assert_eq!(Instant::from_millis(5) + Duration::MAX, Instant::MAX);
    assert_eq!(Instant::MAX + Duration::from_millis(1), Instant::MAX);
}

#[test]
fn subtraction_saturates_at_the_zero_of_the_clock() {
    assert_eq!(Instant::from_millis(5).saturating_sub(Duration::from_millis(6)), Instant::ZERO);
    assert_eq!(Instant::from_millis(5).saturating_sub(Duration::MAX), Instant::ZERO);
}

#[test]
fn a_later_instant_is_no_time_ago() {
    let (early, late) = (Instant::from_millis(1), Instant::from_millis(9));
    assert_eq!(late.saturating_since(early), Duration::from_millis(8));
    assert_eq!(early.saturating_since(late), Duration::ZERO);
}

//! Lifetime, its age and what is left of it (RFC 9176 §5, the replication draft).

use core::time::Duration;

use proptest::prelude::*;
use waypost_link_format::LinkDocument;
use waypost_model::{Age, Lifetime};
use waypost_time::Instant;

fn read(link: &str, lifetime: Option<u32>) -> Option<(u32, u32)> {
    let lifetime = lifetime.map(|seconds| Lifetime::from_secs(seconds).unwrap());
    let document = LinkDocument::parse(link).unwrap();
    Age::of(&document.links().next().unwrap(), lifetime).map(|(lifetime, age)| (lifetime.as_secs(), age.as_secs()))
}

#[test]
fn a_lifetime_is_a_number_from_1_to_4294967295() {
    for (text, seconds) in [("1", 1), ("4294967295", u32::MAX), ("0090000", 90_000)] {
        assert_eq!(text.parse::<Lifetime>().unwrap().as_secs(), seconds);
    }
    for text in ["", "0", "-1", "+1", "1.5", "4294967296", "1 ", "x", "99999999999999999999"] {
        assert!(text.parse::<Lifetime>().is_err(), "{text}");
    }
}

#[test]
fn an_age_is_read_under_both_names() {
    assert_eq!(read(r#"</r>;lt="600";lt-age="20""#, None), Some((600, 20)));
    assert_eq!(read(r#"</r>;lt=600;lt-remaining=580"#, None), Some((600, 20)));
    assert_eq!(read(r#"</r>;lt-age=20"#, Some(700)), Some((700, 20)));
    assert_eq!(read(r#"</r>;lt-remaining=89990"#, None), Some((90_000, 10)));
    assert_eq!(read(r#"</r>;lt=600;lt-age=20;lt-remaining=1"#, None), Some((600, 20)), "lt-age says what it means");
    assert_eq!(read(r#"</r>;LT-Age=20;lt=600"#, Some(700)), Some((600, 20)));
}

#[test]
fn an_age_is_at_most_the_lifetime() {
    assert_eq!(read(r#"</r>;lt=600;lt-age=601"#, None), Some((600, 600)));
    assert_eq!(read(r#"</r>;lt=600;lt-remaining=601"#, None), Some((600, 0)));
}

#[test]
fn what_is_no_number_is_no_age() {
    for link in ["</r>", "</r>;lt=600", "</r>;lt-age", r#"</r>;lt-age="-1""#, r#"</r>;lt-age="+1""#, "</r>;lt-age=x"] {
        assert_eq!(read(link, None), None, "{link}");
    }
    assert_eq!(read("</r>;lt=0;lt-age=5", None), Some((90_000, 5)));
}

proptest! {
    #[test]
    fn age_and_remaining_say_the_same(lifetime in 1..=u32::MAX, age in any::<u32>()) {
        let lifetime = Lifetime::from_secs(lifetime).unwrap();
        let age = Age::from_secs(age).clamped(lifetime);
        let left = age.remaining(lifetime);
        prop_assert_eq!(left + age.duration(), lifetime.duration());
        prop_assert_eq!(Age::from_remaining(lifetime, left.as_secs() as u32), age);
        prop_assert_eq!(Age::from_duration(age.duration()), age);
    }

    #[test]
    fn what_is_received_is_fresh_for_what_is_left(lifetime in 1..1_000_000_u32, age in any::<u32>(), now in 0..u64::MAX / 2) {
        let (lifetime, age, now) = (Lifetime::from_secs(lifetime).unwrap(), Age::from_secs(age), Instant::from_millis(now));
        let until = age.fresh_until(lifetime, now);
        prop_assert!(until >= now && until <= now + lifetime.duration());
        prop_assert_eq!(until == now, age.duration() >= lifetime.duration());
        prop_assert_eq!(until.saturating_since(now), age.remaining(lifetime).max(Duration::ZERO));
    }
}

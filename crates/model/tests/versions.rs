//! Versions are sets of dots.

extern crate alloc;

use alloc::collections::BTreeSet;
use core::cmp::Ordering;

use proptest::prelude::*;
use waypost_model::{Dot, ReplicaId, Version};

fn version() -> impl Strategy<Value = Version> {
    prop::collection::vec((0..4_u64, 0..5_u64), 0..8)
        .prop_map(|dots| dots.into_iter().map(|(replica, sequence)| Dot::new(ReplicaId(replica), sequence)).collect())
}

/// The set that a version stands for.
fn dots(version: &Version) -> BTreeSet<Dot> {
    version.iter().flat_map(|dot| (1..=dot.sequence).map(move |sequence| Dot::new(dot.replica, sequence))).collect()
}

proptest! {
    #[test]
    fn merging_is_the_union(a in version(), b in version()) {
        let mut merged = a.clone();
        merged.merge(&b);
        prop_assert_eq!(dots(&merged), &dots(&a) | &dots(&b));
    }

    #[test]
    fn the_order_is_inclusion(a in version(), b in version()) {
        let (these, those) = (dots(&a), dots(&b));
        let expected = match (these.is_superset(&those), these.is_subset(&those)) {
            (true, true) => Some(Ordering::Equal),
            (true, false) => Some(Ordering::Greater),
            (false, true) => Some(Ordering::Less),
            (false, false) => None,
        };
        prop_assert_eq!(a.partial_cmp(&b), expected);
        prop_assert_eq!(a == b, expected == Some(Ordering::Equal));
    }

    #[test]
    fn what_is_beyond_is_the_difference(a in version(), b in version()) {
        let beyond: BTreeSet<Dot> = a
            .beyond(&b)
            .flat_map(|(after, to)| (after.sequence + 1..=to).map(move |sequence| Dot::new(after.replica, sequence)))
            .collect();
        prop_assert_eq!(beyond, &dots(&a) - &dots(&b));
    }

    #[test]
    fn a_version_contains_its_dots(a in version(), replica in 0..4_u64, sequence in 1..5_u64) {
        let dot = Dot::new(ReplicaId(replica), sequence);
        prop_assert_eq!(a.contains(dot), dots(&a).contains(&dot));
    }

    #[test]
    fn the_order_of_dots_does_not_count(dots in prop::collection::vec((0..4_u64, 0..5_u64), 0..8)) {
        let dots: Vec<Dot> = dots.into_iter().map(|(replica, sequence)| Dot::new(ReplicaId(replica), sequence)).collect();
        let forwards: Version = dots.iter().copied().collect();
        let backwards: Version = dots.iter().rev().copied().collect();
        prop_assert_eq!(&forwards, &backwards);
        prop_assert_eq!(&forwards, &Version::from(dots));
        prop_assert!(forwards.iter().is_sorted());
    }
}

//! Renewals that are told in parts are told as they are at once.

use core::time::Duration;

use proptest::prelude::*;
use waypost_directory::{Config, Directory, RenewalsCut};
use waypost_model::{Origin, Registration, ReplicaId, Version};
use waypost_time::Instant;

fn at(second: u64) -> Instant {
    Instant::from_millis(second * 1_000)
}

/// A directory in which those of some registrations are renewed, and of which so many renewals are remembered.
fn directory(count: usize, renewed: &[usize], remembered: usize) -> Directory {
    let mut config = Config::new([7; 16], ReplicaId(1));
    config.limits.renewals = remembered;
    let mut directory = Directory::new(config);
    let mut register = |number| {
        let sensor = Registration::parse(&format!("ep=node{number}&base=coap://h{number}"), "").unwrap();
        directory.register(at(0), sensor).unwrap().location
    };
    let locations: Vec<_> = (0..count).map(&mut register).collect();
    for (second, number) in (1..).zip(renewed) {
        directory.renew(at(second), &locations[number % count]).unwrap();
    }
    directory
}

proptest! {
    #[test]
    fn the_parts_together_are_the_whole_and_none_is_more_than_was_asked_for(
        count in 1..40_usize,
        renewed in prop::collection::vec(0..40_usize, 1..80),
        remembered in 1..100_usize,
        limit in 1..20_usize,
    ) {
        let (directory, now) = (directory(count, &renewed, remembered), at(100));
        let whole = directory.renewals(now, &Origin::Local, &Version::new());
        let (mut told, mut cut): (Vec<_>, Option<RenewalsCut>) = (Vec::new(), None);
        for part in 0.. {
            prop_assert!(part < 100, "it goes on for ever");
            let (batches, next) = directory.renewals_from(now, &Origin::Local, &Version::new(), cut, limit);
            prop_assert!(batches.iter().map(|batch| batch.renewed.len()).sum::<usize>() <= limit);
            prop_assert!(batches.iter().all(|batch| (batch.owner, batch.after, batch.upto) == (ReplicaId(1), 0, whole[0].upto)));
            told.extend(batches.into_iter().flat_map(|batch| batch.renewed));
            cut = next;
            if cut.is_none() {
                break;
            }
        }
        prop_assert_eq!(&told, &whole[0].renewed);
    }
}

#[test]
fn what_was_told_in_part_does_not_count_as_heard_and_what_is_said_of_it_does() {
    let source = directory(3, &[0, 1, 2], 100);
    let mut copy = Directory::new(Config::new([7; 16], ReplicaId(2)));
    for change in source.feed(at(5), &Version::new()).unwrap() {
        copy.apply(at(5), change.to_change()).unwrap();
    }
    copy.advance(source.version()).unwrap();
    let age = |directory: &Directory, name: &str| {
        let query = format!("ep={name}").parse().unwrap();
        directory.endpoints(at(10), &query).next().unwrap().age().as_secs()
    };
    let renewed = [(1, Duration::from_secs(2))];
    copy.apply_renewals_in_part(at(10), &Origin::Local, (ReplicaId(1), 0, 7), renewed).unwrap();
    assert_eq!(age(&copy, "node0"), 2);
    assert_eq!(copy.heard(&Origin::Local).sequence(ReplicaId(1)), 0);
    copy.apply_renewals(at(10), &Origin::Local, (ReplicaId(1), 0, 7), [(2, Duration::from_secs(3))]).unwrap();
    assert_eq!(age(&copy, "node1"), 3);
    assert_eq!(copy.heard(&Origin::Local).sequence(ReplicaId(1)), 7);
}

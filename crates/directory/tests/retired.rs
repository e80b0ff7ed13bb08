//! Replicas that have left nothing: forgotten, and not brought back.

mod common;

use core::time::Duration;

use common::{at, registration};
use waypost_directory::{Applied, Config, Directory, Refused};
use waypost_filter::Query;
use waypost_model::{Change, Dot, Lifetime, Location, Origin, Registration, ReplicaId, Version};

/// A replica that knows of at most five, and forgets those that left nothing after 1600 seconds.
fn replica(number: u64) -> Directory {
    replica_of(number, 5)
}

fn replica_of(number: u64, replicas: usize) -> Directory {
    let mut config = Config::new([7; 16], ReplicaId(number));
    config.limits.replicas = replicas;
    config.limits.replicas_kept = Duration::from_secs(1600);
    config.limits.expired_kept = Duration::ZERO;
    config.limits.tombstone_guard = Duration::from_secs(50);
    Directory::new(config)
}

fn short(endpoint: &str, base: &str) -> Registration {
    Registration { lifetime: Lifetime::from_secs(100).expect("a lifetime"), ..registration(endpoint, base, "</t>") }
}

/// Applies everything that one has to what another holds, and what it is told beyond that.
fn follow(source: &Directory, reader: &mut Directory, seconds: u64) -> Result<(), Refused> {
    for change in source.feed(at(seconds), reader.version()).expect("no gap") {
        reader.apply(at(seconds), change.to_change())?;
    }
    reader.advance(&source.told_version(&Origin::Local))
}

fn run(directory: &mut Directory, from: u64, to: u64) {
    for seconds in (from..=to).step_by(50) {
        while directory.expire(at(seconds)) {}
    }
}

fn ids(directory: &Directory) -> Vec<u64> {
    directory.version().iter().map(|dot| dot.replica.0).collect()
}

/// Registers and removes at a replica that lives no longer than that; what it leaves is a removal.
fn visit(number: u64, others: &mut [&mut Directory], seconds: u64) {
    let mut visitor = replica(number);
    let location = visitor.register(at(seconds), short("visitor", "coap://v")).expect("room").location;
    visitor.remove(at(seconds), &location).expect("a registration");
    for other in others {
        follow(&visitor, other, seconds).expect("room");
    }
}

#[test]
fn one_that_left_nothing_is_forgotten_in_the_end_and_not_before() {
    let mut a = replica(1);
    a.register(at(0), registration("stays", "coap://s", "</t>")).expect("room");
    visit(9, &mut [&mut a], 0);
    run(&mut a, 0, 1_500);
    assert_eq!(ids(&a), [1, 9]);
    run(&mut a, 1_500, 2_200);
    assert_eq!(ids(&a), [1]);
    assert_eq!(a.heard(&Origin::Local), Version::new());
}

#[test]
fn one_of_which_anything_is_left_is_known() {
    let (mut a, mut visitor) = (replica(1), replica(9));
    visitor.register(at(0), registration("stays", "coap://s", "</t>")).expect("room");
    follow(&visitor, &mut a, 0).expect("room");
    run(&mut a, 0, 80_000);
    assert_eq!(ids(&a), [9]);
}

#[test]
fn there_may_be_any_number_of_starts_without_memory() {
    let mut a = replica(1);
    let mut b = replica(2);
    for start in 0..60 {
        let seconds = start * 400;
        // Each takes over what the one before it wrote.
        let mut visitor = replica(100 + start);
        follow(&a, &mut visitor, seconds).expect("room");
        visitor.register(at(seconds), short("stays", &format!("coap://host{start}"))).expect("room");
        follow(&visitor, &mut a, seconds).expect("room");
        follow(&a, &mut b, seconds).expect("room");
        follow(&b, &mut a, seconds).expect("room");
        run(&mut a, seconds, seconds + 400);
        run(&mut b, seconds, seconds + 400);
        assert!(ids(&a).len() <= 5 && ids(&b).len() <= 5, "{:?}", ids(&a));
    }
}

#[test]
fn one_that_some_have_forgotten_is_not_brought_back_by_the_others() {
    let (mut a, mut b) = (replica(1), replica(2));
    for directory in [&mut a, &mut b] {
        run(directory, 0, 0);
    }
    visit(9, &mut [&mut a], 0);
    follow(&a, &mut b, 700).expect("room");
    for seconds in (0..6_000).step_by(50) {
        run(&mut a, seconds, seconds);
        // It looks less often.
        run(&mut b, seconds / 300 * 300, seconds / 300 * 300);
        follow(&b, &mut a, seconds).expect("room");
        follow(&a, &mut b, seconds).expect("room");
        // And one that comes anew each time, and goes again.
        let mut fresh = replica(3);
        follow(&a, &mut fresh, seconds).expect("room");
        follow(&fresh, &mut b, seconds).expect("room");
    }
    assert_eq!((ids(&a), ids(&b)), (vec![], vec![]));
}

#[test]
fn at_the_limit_the_longest_idle_gives_way_and_nothing_that_is_left() {
    let mut a = replica(1);
    let mut keeper = replica(2);
    keeper.register(at(0), registration("stays", "coap://s", "</t>")).expect("room");
    follow(&keeper, &mut a, 0).expect("room");
    for number in 10..14 {
        let seconds = (number - 10) * 200;
        visit(number, &mut [&mut a], seconds);
        run(&mut a, seconds, seconds + 199);
    }
    assert_eq!(ids(&a), [2, 10, 11, 12, 13]);
    visit(14, &mut [&mut a], 800);
    assert_eq!(ids(&a), [2, 11, 12, 13, 14]);
    for number in 20..23 {
        let mut other = replica(number);
        other.register(at(900), registration(&format!("at{number}"), "coap://s", "</t>")).expect("room");
        follow(&other, &mut a, 900).expect("room");
    }
    // The removal that the fourteenth left still stands, as everything else.
    assert_eq!(ids(&a), [2, 14, 20, 21, 22]);
    let full: Version = [Dot::new(ReplicaId(30), 1)].into_iter().collect();
    assert_eq!(a.advance(&full), Err(Refused::OverLimit { what: "replicas", limit: 5 }));
    assert_eq!(ids(&a), [2, 14, 20, 21, 22]);
}

#[test]
fn a_late_change_of_one_that_is_forgotten_does_not_raise_the_dead() {
    let (mut a, mut visitor) = (replica(1), replica(9));
    let location = visitor.register(at(0), short("node1", "coap://v")).expect("room").location;
    let put = visitor.feed(at(0), &Version::new()).expect("no gap").next().expect("a change").to_change();
    follow(&visitor, &mut a, 0).expect("room");
    a.remove(at(10), &location).expect("a registration");
    run(&mut a, 0, 3_000);
    assert_eq!(ids(&a), [] as [u64; 0], "neither is its own id told, of which nothing is left");
    // A message cannot be younger than it is.
    let Change::Put { record, .. } = put else { panic!("it was made") };
    let late = Change::Put { record, age: Duration::from_secs(3_000) };
    assert_ne!(a.apply(at(3_000), late), Ok(Applied::Unchanged), "it is not known any more");
    assert_eq!(a.endpoints(at(3_000), &Query::all()).count(), 0);
}

#[test]
fn who_forgot_its_own_id_goes_on_counting() {
    let mut a = replica(1);
    let location = a.register(at(0), short("node1", "coap://v")).expect("room").location;
    a.remove(at(1), &location).expect("a registration");
    run(&mut a, 0, 3_000);
    assert!(a.version().is_empty());
    a.register(at(3_000), short("node1", "coap://v")).expect("room");
    assert_eq!(a.version().iter().collect::<Vec<_>>(), [Dot::new(ReplicaId(1), 3)]);
}

#[test]
fn a_write_does_not_name_what_it_saw_of_those_that_are_forgotten() {
    let mut a = replica_of(1, 9);
    let stays = |start: u64| registration("stays", &format!("coap://host{start}"), "</t>");
    for start in 0..40 {
        let seconds = start * 400;
        let mut visitor = replica_of(100 + start, 9);
        follow(&a, &mut visitor, seconds).expect("room");
        visitor.register(at(seconds), stays(start)).expect("room");
        follow(&visitor, &mut a, seconds).expect("room");
        run(&mut a, seconds, seconds + 399);
        a.register(at(seconds + 399), stays(1_000 + start)).expect("room");
    }
    let location: Location = a.endpoints(at(16_000), &Query::all()).next().expect("a registration").location();
    assert!(a.registration(at(16_000), &location).is_some());
    let change = a.feed(at(16_000), &Version::new()).expect("no gap").next().expect("a change").to_change();
    let Change::Put { record, .. } = change else { panic!("it was made") };
    assert!(record.seen.len() <= 9, "{:?}", record.seen);
}

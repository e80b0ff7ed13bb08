//! When what is mirrored counts as being in step with its authority, and when not yet.

extern crate alloc;

mod common;

use common::follower::{By, Follower, cells, run};
use waypost_directory::{Config, Directory};
use waypost_filter::Query;
use waypost_model::ReplicaId;
use waypost_sync::SyncConfig;
use waypost_time::Instant;

fn is_in_step(follower: &Follower) -> bool {
    follower.replicator.standings().all(|standing| standing.is_in_step)
}

/// How a source has come by what it passes on: through itself, as its authority had it so many milliseconds ago.
fn passage(age: u8) -> Vec<u8> {
    [0xf4, 1, 0xf6, 0x18, age].into()
}

#[test]
fn that_a_source_has_caught_up_counts_once_all_that_it_says_is_here() {
    let directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
    let mut follower = Follower::of(Instant::ZERO, directory, SyncConfig::new(1), |replicator| {
        let source = "coap://source/sync/feed".parse().expect("a URI");
        replicator.add_mirror_through(source, "coap://rd".parse().expect("an authority"), Query::all())
    });
    follower.hear(&passage(200));
    assert!(!is_in_step(&follower));
    follower.hear(&[passage(0), run(By::Id(9), 3, 1, &[])].concat());
    assert!(!is_in_step(&follower), "there are three writes before that");
    follower.ask().expect("a question");
    follower.hear(&[passage(0), run(By::Id(9), 0, 4, &[])].concat());
    assert!(is_in_step(&follower));
}

#[test]
fn who_has_what_its_source_has_lost_is_not_in_step_until_it_knows_what_that_is() {
    let mut follower = Follower::new();
    follower.hear(&run(By::Id(9), 0, 1, &[(1, "node1")]));
    assert!(is_in_step(&follower));
    follower.ask_at(Instant::from_millis(100_000)).expect("a question");
    // It has what another replica wrote, and has forgotten that.
    follower.hear(&[0x81, 0xa1, 8, 1]);
    assert!(!is_in_step(&follower));
    assert_eq!(follower.names(), ["node1"]);
    for _ in 0..2 {
        let (request, question) = follower.ask().expect("a comparison");
        follower.hear_other(request, &cells(&question, 8, 1, core::iter::empty()));
        assert_eq!(follower.names(), [""; 0]);
    }
    assert!(is_in_step(&follower));
    follower.ask_at(Instant::from_millis(200_000)).expect("a question");
    follower.hear(&[0x81, 0xa1, 8, 2]);
    assert!(is_in_step(&follower), "nothing else is lost");
    // It loses everything again, and is not compared with so soon.
    follower.ask_at(Instant::from_millis(300_000)).expect("a question");
    follower.hear(&[0x81, 0xa1, 10, 1]);
    assert!(follower.ask().is_none() && !is_in_step(&follower));
    follower.ask_at(Instant::from_millis(1_000_000)).expect("a question");
    follower.hear(&[0x81, 0xa1, 10, 1]);
    let (request, question) = follower.ask().expect("a comparison");
    follower.hear_other(request, &cells(&question, 10, 1, core::iter::empty()));
    assert!(is_in_step(&follower));
}

#[test]
fn who_was_asleep_confirms_nothing_of_that_time() {
    let mut follower = Follower::new();
    follower.hear(&run(By::Id(9), 0, 1, &[(1, "node1")]));
    follower.pass_until(Instant::from_millis(7_200_000));
    let confirmed = follower.replicator.standings().next().and_then(|standing| standing.confirmed);
    assert!(confirmed.is_some_and(|confirmed| confirmed <= Instant::from_millis(90_000)), "{confirmed:?}");
}

#[test]
fn what_came_while_a_comparison_was_under_way_is_not_taken_for_lost() {
    let mut follower = Follower::new();
    follower.hear(&run(By::Id(9), 0, 1, &[(1, "node1")]));
    follower.ask_at(Instant::from_millis(100_000)).expect("a question");
    // It has one registration, and what that amounts to is something else.
    follower.hear(&[1, 1]);
    let (request, question) = follower.ask().expect("a comparison");
    follower.hear(&run(By::Id(9), 1, 1, &[(1, "node2")]));
    assert_eq!(follower.names(), ["node1", "node2"]);
    follower.hear_other(request, &cells(&question, 9, 1, core::iter::empty()));
    assert!(follower.names().contains(&"node2".to_owned()));
}

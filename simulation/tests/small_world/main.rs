//! A small world, in which all that can happen does: three replicas, one registration, and a few deeds.
//!
//! Endpoints register, renew and remove at any replica; time passes until registrations expire and removals are forgotten;
//! replicas lose their memory; what one answers another is lost, repeated, overtaken and late. The replicas are the real
//! [`Directory`](waypost_directory::Directory), and what goes between them is what the real
//! [`Replicator`](waypost_sync::Replicator) asks and answers, octet for octet. stateright goes through every order in which
//! that can happen within [`Bounds`], and checks the laws in each state.
//!
//! Two states are one where all that a directory says, keeps and would say next is the same: see `Replica::look`. Replicas
//! are not taken for each other: their ids break ties, so that a world and its mirror image do not go on alike.
//!
//! With two deeds, two steps of time and one answer under way there are 75 997 states; with a loss of memory and four steps of
//! time, but nothing under way, 35 263. Among three deeds, one breaks a law still: a renewal at a replica that has not heard of what
//! was registered anew at another, and reaches that one after the new registration has expired there.
//!
//! `cargo test --release -p waypost-simulation --test small_world -- --nocapture` prints how many states there are.

mod deed;
mod known;
mod link;
mod replica;
mod rules;
mod time;
mod variant;
mod world;

use std::sync::atomic::Ordering;
use std::time::Instant;

use stateright::{Checker, HasDiscoveries, Model};

use variant::Variant;
use world::{Action, Bounds, SmallWorld};

/// Checks a world, prints what there is in it, and returns how many states that is and which laws are broken.
fn check(world: SmallWorld) -> (usize, Vec<&'static str>) {
    let begun = Instant::now();
    let bounds = world.bounds;
    let checker = world.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    println!(
        "{bounds:?}: {} states, {} steps, {} deep, {:.1?}",
        checker.unique_state_count(),
        checker.state_count(),
        checker.max_depth(),
        begun.elapsed()
    );
    let counts = Action::KINDS.iter().zip(&checker.model().tally);
    let counts: Vec<String> = counts.map(|(kind, count)| format!("{kind} {}", count.load(Ordering::Relaxed))).collect();
    println!("  {}", counts.join(", "));
    let mut broken = Vec::new();
    for property in checker.model().properties() {
        let found = checker.discovery(property.name).map(stateright::Path::into_actions);
        if property.expectation.discovery_is_failure() {
            if let Some(actions) = found {
                println!("  broken: {}: {actions:?}", property.name);
                broken.push(property.name);
            }
        } else if found.is_none() {
            println!("  never: {}", property.name);
        }
    }
    (checker.unique_state_count(), broken)
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes where nothing is optimised")]
fn the_laws_hold_in_every_world_with_answers_under_way() {
    let bounds = Bounds { deeds: 2, ticks: 2, crashes: 0, mail: 1 };
    let (states, broken) = check(SmallWorld { bounds, ..SmallWorld::default() });
    assert_eq!(broken, [""; 0]);
    assert!(states >= 60_000, "{states}");
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes where nothing is optimised")]
fn the_laws_hold_in_every_world_with_losses_of_memory() {
    let bounds = Bounds { deeds: 2, ticks: 4, crashes: 1, mail: 0 };
    let (states, broken) = check(SmallWorld { bounds, ..SmallWorld::default() });
    assert_eq!(broken, [""; 0]);
    assert!(states >= 30_000, "{states}");
}

/// Asserts that a variant breaks a law.
fn is_found_out(variant: Variant) {
    let bounds = Bounds { deeds: 2, ticks: 2, crashes: 1, mail: 0 };
    let (_, broken) = check(SmallWorld { bounds, variant: Some(variant), ..SmallWorld::default() });
    assert_ne!(broken, [""; 0]);
}

#[test]
fn a_replica_that_keeps_its_name_without_its_memory_is_found_out() {
    is_found_out(Variant::KeepsItsName);
}

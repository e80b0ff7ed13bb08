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
//! With three deeds and three steps of time, until all is forgotten, there are 212 772 states; with two deeds and one answer under
//! way, 72 889; with two deeds, a loss of memory and four steps of time, 30 820. [`Variant`]s, in which replicas are wrong, each
//! break a law.
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

use rules::{APART, LOST, OUTLIVED, RENEWED, RISEN};
use variant::Variant;
use world::{Action, Bounds, SmallWorld};

/// What came of checking a world.
struct Checked {
    states: usize,
    /// The laws that do not hold.
    broken: Vec<&'static str>,
    /// What never happened.
    missing: Vec<&'static str>,
}

/// Checks a world until something was found, and prints what there is in it.
fn check(world: SmallWorld, until: HasDiscoveries) -> Checked {
    let begun = Instant::now();
    let (bounds, variant) = (world.bounds, world.variant);
    let checker = world.checker().finish_when(until).spawn_bfs().join();
    let states = checker.unique_state_count();
    let (steps, depth) = (checker.state_count(), checker.max_depth());
    println!("{bounds:?} {variant:?}: {states} states, {steps} steps, {depth} deep, {:.1?}", begun.elapsed());
    let counts = Action::KINDS.iter().zip(&checker.model().tally);
    let counts: Vec<String> = counts.map(|(kind, count)| format!("{kind} {}", count.load(Ordering::Relaxed))).collect();
    println!("  {}", counts.join(", "));
    let mut checked = Checked { states, broken: Vec::new(), missing: Vec::new() };
    for property in checker.model().properties() {
        let found = checker.discovery(property.name).map(stateright::Path::into_actions);
        match (property.expectation.discovery_is_failure(), found) {
            (true, Some(actions)) => {
                println!("  broken: {}: {actions:?}", property.name);
                checked.broken.push(property.name);
            }
            (false, None) => checked.missing.push(property.name),
            _ => {}
        }
    }
    checked
}

/// Asserts that the laws hold, and not for want of trouble, in a world of so many states at least.
fn holds(bounds: Bounds, states: usize) {
    let checked = check(SmallWorld { bounds, ..SmallWorld::default() }, HasDiscoveries::AnyFailures);
    assert_eq!((checked.broken, checked.missing), (vec![], vec![]));
    assert!(checked.states >= states, "{}", checked.states);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes where nothing is optimised")]
fn the_laws_hold_in_every_world_of_three_deeds() {
    holds(Bounds { deeds: 3, ticks: 3, crashes: 0, mail: 0 }, 200_000);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes where nothing is optimised")]
fn the_laws_hold_in_every_world_with_answers_under_way() {
    holds(Bounds { deeds: 2, ticks: 2, crashes: 0, mail: 1 }, 60_000);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "takes minutes where nothing is optimised")]
fn the_laws_hold_in_every_world_with_losses_of_memory() {
    holds(Bounds { deeds: 2, ticks: 4, crashes: 1, mail: 0 }, 30_000);
}

/// Asserts that a variant breaks a law, in a world of so many deeds.
fn is_found_out(variant: Variant, deeds: usize, law: &'static str) {
    let crashes = u8::from(variant == Variant::KeepsItsName);
    let bounds = Bounds { deeds, ticks: 2, crashes, mail: 0 };
    let world = SmallWorld { bounds, variant: Some(variant), ..SmallWorld::default() };
    assert!(check(world, HasDiscoveries::AllOf([law].into())).broken.contains(&law));
}

#[test]
fn replicas_that_tell_their_changes_as_they_are_break_no_law() {
    let bounds = Bounds { deeds: 2, ticks: 2, crashes: 0, mail: 0 };
    let world = SmallWorld { bounds, variant: Some(Variant::IsRight), ..SmallWorld::default() };
    assert_eq!(check(world, HasDiscoveries::AnyFailures).broken, [""; 0]);
}

#[test]
fn a_replica_that_keeps_its_name_without_its_memory_is_found_out() {
    is_found_out(Variant::KeepsItsName, 2, LOST);
}

#[test]
fn merging_by_age_is_found_out() {
    is_found_out(Variant::MergesByAge, 3, APART);
}

#[test]
fn a_removal_that_is_forgotten_at_once_is_found_out() {
    is_found_out(Variant::ForgetsRemovals, 2, RISEN);
}

#[test]
fn a_removal_of_what_it_did_not_see_is_found_out() {
    is_found_out(Variant::RemovesBlindly, 3, LOST);
}

#[test]
fn a_renewal_that_stands_against_a_removal_is_found_out() {
    is_found_out(Variant::TakesOver, 3, RENEWED);
}

#[test]
fn to_take_what_comes_for_new_is_found_out() {
    is_found_out(Variant::ForgetsAges, 2, OUTLIVED);
}

#[test]
fn renewals_that_are_not_told_are_found_out() {
    is_found_out(Variant::ForgetsRenewals, 2, APART);
}

//! Worlds in which something is wrong: it is found.

use std::time::Duration;

use waypost_simulation::{Campaign, Outcome, Rule, Scene, Trial, Variant};

/// Within so many worlds of each kind, of four hours each.
const SEEDS: u64 = 10;

fn trial(variant: Variant, scene: Scene) -> Trial {
    Trial { scene, seed: 0, span: Duration::from_secs(4 * 3600), variant: Some(variant) }
}

fn find(variant: Variant, scene: Scene) -> (u64, Outcome) {
    let campaign =
        Campaign { trial: trial(variant, scene), seeds: 0..SEEDS, is_repeated: false, is_stopped_early: true };
    let (_, found) = campaign.run();
    found.into_iter().next().unwrap_or_else(|| panic!("{variant} goes unnoticed in {scene}"))
}

/// Asserts that a variant breaks one of these rules, and no other.
fn breaks(variant: Variant, rules: &[Rule]) {
    for &scene in variant.scenes() {
        let (seed, outcome) = find(variant, scene);
        let finding = outcome.finding.unwrap();
        assert!(rules.contains(&finding.rule), "{scene}, seed {seed}: {finding}");
    }
}

/// Within so many worlds of eight hours each, replicas, mirrors and proxies that are wrong are found out.
const OF_REPLICAS: u64 = 40;

/// Asserts that a variant of replicas, mirrors or proxies breaks one of these rules in a world in which nothing is found without it.
fn breaks_replicas(variant: Variant, rules: &[Rule]) {
    let span = Duration::from_secs(8 * 3600);
    let trial = Trial { scene: variant.scenes()[0], seed: 0, span, variant: Some(variant) };
    let mut seeds = 0..OF_REPLICAS;
    while !seeds.is_empty() {
        let campaign = Campaign { trial, seeds: seeds.clone(), is_repeated: false, is_stopped_early: true };
        let (_, found) = campaign.run();
        let is_broken = |(_, outcome): &&(u64, Outcome)| {
            outcome.finding.as_ref().is_some_and(|finding| rules.contains(&finding.rule))
        };
        let is_sound = |&(seed, _): &(u64, Outcome)| Trial { seed, variant: None, ..trial }.run().finding.is_none();
        if found.iter().filter(is_broken).any(is_sound) {
            return;
        }
        seeds.start = found.last().map_or(OF_REPLICAS, |(seed, _)| seed + 1);
    }
    panic!("{variant} goes unnoticed");
}

#[test]
fn replicas_that_merge_by_age_are_found_out() {
    breaks_replicas(Variant::MergesByAge, &[Rule::Risen]);
}

#[test]
fn replicas_that_forget_removals_too_soon_are_found_out() {
    breaks_replicas(Variant::ForgetsRemovals, &[Rule::Risen]);
}

#[test]
fn replicas_that_are_no_one_new_after_they_forgot_everything_are_found_out() {
    breaks_replicas(Variant::KeepsItsId, &[Rule::Apart, Rule::Missing]);
}

#[test]
fn replicas_that_renew_what_they_do_not_own_are_found_out() {
    breaks_replicas(Variant::RenewsForOthers, &[Rule::Missing, Rule::Lapsed]);
}

#[test]
fn mirrors_that_never_forget_are_found_out() {
    breaks_replicas(Variant::NeverForgets, &[Rule::Risen]);
}

#[test]
fn mirrors_that_trust_that_they_are_told_are_found_out() {
    breaks_replicas(Variant::TrustsObservations, &[Rule::Missing, Rule::Apart]);
}

#[test]
fn proxies_that_pass_on_for_current_what_is_not_are_found_out() {
    breaks_replicas(Variant::PassesForCurrent, &[Rule::Missing, Rule::Outdated, Rule::Risen]);
}

#[test]
fn proxies_that_pass_on_to_a_source_what_they_have_from_it_are_found_out() {
    breaks_replicas(Variant::ForgetsWhoAsks, &[Rule::Twice]);
}

#[test]
fn proxies_that_never_rest_are_found_out() {
    breaks_replicas(Variant::NeverRests, &[Rule::Restless]);
}

#[test]
fn a_directory_that_ignores_removals_is_found_out() {
    breaks(Variant::IgnoresRemovals, &[Rule::Risen]);
}

#[test]
fn a_directory_that_loses_registrations_is_found_out() {
    breaks(Variant::LosesRegistrations, &[Rule::Missing, Rule::Outdated]);
}

#[test]
fn a_directory_that_loses_updates_is_found_out() {
    breaks(Variant::LosesUpdates, &[Rule::Missing, Rule::Outdated]);
}

#[test]
fn a_directory_that_shows_what_has_expired_is_found_out() {
    breaks(Variant::ShowsExpired, &[Rule::Expired]);
}

#[test]
fn a_directory_that_forgets_observers_is_found_out() {
    breaks(Variant::ForgetsObservers, &[Rule::Stale, Rule::Missing, Rule::Outdated, Rule::Risen, Rule::Expired]);
}

#[test]
fn an_endpoint_that_renews_late_is_found_out() {
    breaks(Variant::RenewsLate, &[Rule::Lapsed]);
}

#[test]
fn a_transport_that_never_repeats_a_datagram_is_found_out() {
    breaks(Variant::NeverRepeats, &[Rule::Failed, Rule::Stale]);
}

#[test]
fn a_directory_that_takes_copies_for_requests_is_found_out() {
    breaks(Variant::TakesCopies, &[Rule::Risen, Rule::Outdated, Rule::Missing, Rule::Expired, Rule::Torn, Rule::Twice]);
}

#[test]
fn what_is_found_is_found_again_with_the_lines_that_led_to_it() {
    let (seed, outcome) = find(Variant::IgnoresRemovals, Scene::Single);
    let again = Trial { seed, ..trial(Variant::IgnoresRemovals, Scene::Single) }.run_traced(5);
    assert_eq!((&again.finding, again.digest), (&outcome.finding, outcome.digest));
    assert_eq!(again.lines.len(), 5);
    assert!(again.lines.last().unwrap().contains("Found"), "{:?}", again.lines);
}

//! Worlds in which nothing is wrong: nothing is found in them, whatever befalls them.

use std::sync::OnceLock;
use std::time::Duration;

use waypost_simulation::{Campaign, Happening, Scene, Tally, Trial};

/// So that they are over in time, there are fewer worlds where nothing is optimised.
const SEEDS: u64 = if cfg!(debug_assertions) { 6 } else { 30 };

fn trial(scene: Scene, seed: u64) -> Trial {
    Trial { scene, seed, span: Duration::from_secs(8 * 3600), variant: None }
}

/// Returns what happened in some worlds of each kind, each of which happened twice, and what was found.
fn worlds() -> &'static (Tally, Vec<String>) {
    static WORLDS: OnceLock<(Tally, Vec<String>)> = OnceLock::new();
    WORLDS.get_or_init(|| {
        let (mut sum, mut findings) = (Tally::default(), Vec::new());
        for &scene in Scene::ALL {
            let campaign =
                Campaign { trial: trial(scene, 0), seeds: 0..SEEDS, is_repeated: true, is_stopped_early: false };
            let (tally, found) = campaign.run();
            sum += &tally;
            findings.extend(found.iter().map(|(seed, outcome)| format!("{scene}, seed {seed}: {:?}", outcome.finding)));
        }
        (sum, findings)
    })
}

#[test]
fn nothing_is_found_and_each_seed_gives_the_same_world_twice() {
    assert_eq!(worlds().1, [""; 0]);
}

#[test]
fn every_fault_happens_and_all_work_is_done_meanwhile() {
    let tally = &worlds().0;
    assert_eq!(tally.simulated, Duration::from_secs(SEEDS * Scene::ALL.len() as u64 * 8 * 3600));
    for &what in Happening::ALL {
        assert!(tally.count(what) > 0, "no {what}");
    }
}

#[test]
fn worlds_of_other_seeds_are_other_worlds() {
    let digests = [1, 2, 3].map(|seed| {
        let trial = Trial { span: Duration::from_secs(600), ..trial(Scene::Several, seed) };
        trial.run().digest
    });
    assert!(digests[0] != digests[1] && digests[1] != digests[2] && digests[2] != digests[0]);
}

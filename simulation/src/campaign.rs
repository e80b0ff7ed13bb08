use std::ops::Range;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use crate::{Outcome, Tally, Trial};

/// Many worlds that differ in their seeds, on all cores.
///
/// ```
/// use std::time::Duration;
/// use waypost_simulation::{Campaign, Scene, Trial};
///
/// let trial = Trial { scene: Scene::Single, seed: 0, span: Duration::from_secs(600), variant: None };
/// let campaign = Campaign { trial, seeds: 10..14, is_repeated: true, is_stopped_early: false };
/// let (tally, found) = campaign.run();
/// assert_eq!(tally.simulated, Duration::from_secs(2400));
/// assert!(found.is_empty());
/// ```
#[derive(Debug, Clone)]
pub struct Campaign {
    /// The world, but for its seed.
    pub trial: Trial,
    /// The seeds.
    pub seeds: Range<u64>,
    /// Whether each world happens twice, to see that both are equal.
    pub is_repeated: bool,
    /// Whether to begin no other world once something was found.
    pub is_stopped_early: bool,
}

impl Campaign {
    /// Lets all the worlds happen; returns what happened in them together, and those in which something was found, by seed.
    #[must_use]
    pub fn run(&self) -> (Tally, Vec<(u64, Outcome)>) {
        let next = AtomicU64::new(self.seeds.start);
        let is_over = AtomicBool::new(false);
        let results = Mutex::new((Tally::default(), Vec::new()));
        let work = || {
            while !is_over.load(Ordering::Relaxed) {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= self.seeds.end {
                    break;
                }
                let trial = Trial { seed, ..self.trial };
                let outcome = if self.is_repeated { trial.run_twice() } else { trial.run() };
                let mut results = results.lock().expect("nobody panics with the lock");
                results.0 += &outcome.tally;
                if outcome.finding.is_some() {
                    results.1.push((seed, outcome));
                    is_over.fetch_or(self.is_stopped_early, Ordering::Relaxed);
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(work);
            }
        });
        let (tally, mut found) = results.into_inner().expect("nobody panicked with the lock");
        found.sort_by_key(|(seed, _)| *seed);
        (tally, found)
    }
}

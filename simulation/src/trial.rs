use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use crate::random::Random;
use crate::trace::Trace;
use crate::world::World;
use crate::{Finding, Rule, Scene, Tally, Time, Variant};

/// One world: what is in it, for how long, and the seed that all else follows from.
///
/// ```
/// use std::time::Duration;
/// use waypost_simulation::{Happening, Scene, Trial};
///
/// let trial = Trial { scene: Scene::Single, seed: 1, span: Duration::from_secs(600), variant: None };
/// let outcome = trial.run();
/// assert_eq!(outcome.finding, None);
/// assert!(outcome.tally.count(Happening::Delivered) > 0);
/// assert_eq!(trial.run().digest, outcome.digest);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Trial {
    /// What is in the world.
    pub scene: Scene,
    /// What everything is drawn from.
    pub seed: u64,
    /// How long the world lasts, in its own time. Less than an hour and five minutes has no storm.
    pub span: Duration,
    /// What is wrong with it, if anything.
    pub variant: Option<Variant>,
}

/// What came of a world.
///
/// ```
/// # use std::time::Duration;
/// # use waypost_simulation::{Scene, Trial};
/// let trial = Trial { scene: Scene::Several, seed: 2, span: Duration::from_secs(600), variant: None };
/// let outcome = trial.run_traced(10);
/// assert_eq!(outcome.lines.len(), 10);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// How often what happened.
    pub tally: Tally,
    /// A digest of all that happened: equal for equal worlds.
    pub digest: u64,
    /// The first rule that did not hold, if any. The world ends there.
    pub finding: Option<Finding>,
    /// The last lines of the trace, as many as were asked for.
    pub lines: Vec<String>,
}

impl Trial {
    /// Lets the world happen.
    #[must_use]
    pub fn run(&self) -> Outcome {
        self.run_traced(0)
    }

    /// Lets the world happen, and keeps the last lines of what happened in it.
    #[must_use]
    pub fn run_traced(&self, lines: usize) -> Outcome {
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let mut random = Random::new(self.seed);
            let mut world = World::new(&mut random, Trace::keeping(lines));
            self.scene.furnish(&mut world, &mut random, self.variant);
            world.run(self.span)
        }));
        outcome.unwrap_or_else(|_| self.panicked())
    }

    /// Lets the world happen twice, which must come to the same.
    #[must_use]
    pub fn run_twice(&self) -> Outcome {
        let [first, second] = [self.run(), self.run()];
        if first == second {
            return first;
        }
        let what = format!("digests {:x} and {:x}", first.digest, second.digest);
        let finding = Finding { at: Time::ZERO + self.span, rule: Rule::Unrepeatable, what };
        Outcome { finding: first.finding.or(Some(finding)), ..second }
    }

    fn panicked(&self) -> Outcome {
        let what = "see what was printed".into();
        let finding = Finding { at: Time::ZERO + self.span, rule: Rule::Panicked, what };
        Outcome { tally: Tally::default(), digest: 0, finding: Some(finding), lines: Vec::new() }
    }
}

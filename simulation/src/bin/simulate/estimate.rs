use std::thread;
use std::time::Duration;

use waypost_simulation::Scene;

use crate::options::Options;

/// Returns how long it takes to let all the worlds happen, about, on the cores that there are.
pub(crate) fn estimate(options: &Options) -> Duration {
    let hours = options.span.as_secs() * options.seeds.clone().count() as u64 / 3600;
    let times = if options.is_once { 1 } else { 2 };
    let cores = thread::available_parallelism().map_or(1, usize::from) as u64;
    let millis: u64 = options.scenes.iter().map(|scene| times * hours * millis_per_hour(*scene)).sum();
    Duration::from_millis(millis / cores)
}

/// Returns what an hour took one core when it was measured last, where everything is optimised.
const fn millis_per_hour(scene: Scene) -> u64 {
    match scene {
        Scene::Single | Scene::Several => 10,
        Scene::Replicas => 240,
        Scene::Mirrors => 35,
        Scene::Chain => 40,
    }
}

//! Lets worlds happen, and prints what happened in them and what was found.

mod estimate;
mod options;

use std::process::ExitCode;
use std::time::Instant;

use waypost_simulation::{Campaign, Scene, Tally, Trial};

use crate::estimate::estimate;
use crate::options::Options;

/// Lines of the trace that are shown of a world in which something was found.
const LINES: usize = 60;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(Some(options)) => options,
        Ok(None) => {
            println!("{}", Options::USAGE);
            return ExitCode::SUCCESS;
        }
        Err(problem) => {
            eprintln!("{problem}\n{}", Options::USAGE);
            return ExitCode::from(2);
        }
    };
    let is_well = match options.traced {
        Some(seed) => options.scenes.iter().all(|scene| show(&trial(&options, *scene, seed), usize::MAX)),
        None => run(&options),
    };
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Lets all the worlds happen; returns whether nothing was found.
fn run(options: &Options) -> bool {
    println!("{options}; that takes about {} seconds here", estimate(options).as_secs());
    let mut sum = Tally::default();
    let mut is_well = true;
    let begun = Instant::now();
    for &scene in &options.scenes {
        let campaign = Campaign {
            trial: trial(options, scene, 0),
            seeds: options.seeds.clone(),
            is_repeated: !options.is_once,
            is_stopped_early: false,
        };
        let (tally, found) = campaign.run();
        sum += &tally;
        for (seed, outcome) in &found {
            is_well = false;
            if let Some(finding) = &outcome.finding {
                println!("{scene}, seed {seed}: {finding}");
            }
        }
        if let Some((seed, _)) = found.first() {
            show(&trial(options, scene, *seed), LINES);
            println!("{} of {} worlds", found.len(), options.seeds.end - options.seeds.start);
        }
    }
    println!("{sum}{:>12} seconds", begun.elapsed().as_secs());
    is_well
}

fn trial(options: &Options, scene: Scene, seed: u64) -> Trial {
    Trial { scene, seed, span: options.span, variant: options.variant }
}

/// Shows the last lines of a world; returns whether nothing was found.
fn show(trial: &Trial, lines: usize) -> bool {
    let outcome = trial.run_traced(lines);
    for line in &outcome.lines {
        println!("{line}");
    }
    if let Some(finding) = &outcome.finding {
        let Trial { scene, seed, span, variant } = trial;
        println!("{finding}");
        let variant = variant.map(|variant| format!(" --variant {variant}")).unwrap_or_default();
        println!("again: simulate --world {scene} --hours {}{variant} --trace {seed}", span.as_secs() / 3600);
    }
    outcome.finding.is_none()
}

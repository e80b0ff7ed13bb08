use std::time::Duration;

use crate::Time;
use crate::clock::Clock;
use crate::host::Host;
use crate::note::Whom;
use crate::proxy::UNCONFIRMED;

/// A proxy, as the judge sees it.
#[derive(Debug)]
pub(crate) struct Proxied {
    /// The directories that it is in front of.
    pub(crate) sources: Vec<Host>,
    /// What it mirrors of them.
    pub(crate) mirrored: Whom,
    /// When it slept, ascending.
    sleeps: Vec<(Time, Time)>,
}

impl Proxied {
    pub(crate) const fn new(sources: Vec<Host>, mirrored: Whom) -> Self {
        Self { sources, mirrored, sleeps: Vec::new() }
    }

    /// Takes note that the proxy slept, with its clock or without.
    pub(crate) fn slept(&mut self, from: Time, to: Time) {
        self.sleeps.push((from, to));
    }

    /// Returns since when what the proxy shows can have been so that is no staler than that by its own clock, and while it was
    /// awake: who sleeps finds out only after it that its sources have gone on.
    pub(crate) fn since(&self, now: Time, staleness: Duration, clock: &Clock) -> Time {
        let mut since = now.before(staleness);
        for _ in 0..ROUNDS {
            let asleep = |(from, to): &(Time, Time)| to.since((*from).max(since));
            let slept: Duration = self.sleeps.iter().rev().take(ROUNDS).map(asleep).sum();
            since = now.before(staleness + slept + clock.deviation(since, now));
        }
        since
    }
}

/// How stale what a proxy shows is when all is well: a change was repeated, or found only when the proxy asked whether it is still told
/// of changes.
pub(crate) const STALENESS: Duration = Duration::from_secs(5 * 60);
/// The same when its sources are lost: as long as it stands for them, from when it knew last that it was in step, and it finds out after
/// some minutes that it is not.
pub(crate) const LONGEST_STALENESS: Duration = Duration::from_secs(UNCONFIRMED.as_secs() + 15 * 60);
/// How often it is seen what else happened in the time that what happened takes.
const ROUNDS: usize = 4;

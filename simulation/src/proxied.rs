use std::collections::BTreeMap;
use std::time::Duration;

use crate::Time;
use crate::clock::Clock;
use crate::host::Host;
use crate::note::Whom;
use crate::proxy::{STALE, UNCONFIRMED};

/// A proxy, as the judge sees it.
#[derive(Debug)]
pub(crate) struct Proxied {
    /// How it comes by what each of the directories has that it is in front of.
    pub(crate) ways: Vec<Way>,
    /// What it mirrors of them.
    pub(crate) mirrored: Whom,
    /// When it slept, ascending.
    sleeps: Vec<(Time, Time)>,
    /// How many datagrams it sent to each other proxy, since all has been well.
    pub(crate) sent: BTreeMap<Host, u32>,
}

/// From where a proxy has what it mirrors of a directory.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    pub(crate) source: Host,
    /// Whether the directory tells by a feed what is new, and when what was renewed; otherwise it is asked.
    pub(crate) has_feed: bool,
    /// The proxies that it comes through, the nearest first.
    pub(crate) through: Vec<Host>,
}

/// How stale what a proxy shows may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Staleness {
    /// All is well.
    Fair,
    /// The proxy says that it can be used for a while.
    Fresh,
    /// It says that it cannot.
    Stale,
}

impl Proxied {
    pub(crate) const fn new(ways: Vec<Way>, mirrored: Whom) -> Self {
        Self { ways, mirrored, sleeps: Vec::new(), sent: BTreeMap::new() }
    }

    /// Takes note that the proxy slept, with its clock or without.
    pub(crate) fn slept(&mut self, from: Time, to: Time) {
        self.sleeps.push((from, to));
    }

    /// Returns how long the proxy slept since a time.
    fn slept_since(&self, since: Time) -> Duration {
        let asleep = |(from, to): &(Time, Time)| to.since((*from).max(since));
        self.sleeps.iter().rev().take(ROUNDS).map(asleep).sum()
    }
}

impl Way {
    /// Returns how late a renewal may be heard of in a row, so that a registration that has no more left then is missing for a moment.
    /// A proxy that asks the directory itself does so before something expires there; for those that hear of it from another proxy,
    /// that may be too late.
    pub(crate) fn delay(&self) -> Duration {
        if self.has_feed || self.through.is_empty() {
            return Duration::ZERO;
        }
        ASKED_AGAIN * 2 + GATHERED * 2 * self.through.len() as u32
    }
}

impl Staleness {
    /// Returns the longest time for which a source has gone on while what it had is shown by the last of so many proxies in a row, by
    /// their clocks.
    ///
    /// It adds up in a row what each takes to find out that it is not told any more. All else does not: each proxy says when the
    /// source had the last word, and so the last of them knows how long that has been so.
    pub(crate) fn longest(self, proxies: usize) -> Duration {
        let proxies = proxies as u32;
        match self {
            Self::Fair => REPEATED * proxies,
            Self::Fresh => MAX_AGE + UNNOTICED * proxies,
            Self::Stale => UNCONFIRMED.max(MAX_AGE + STALE) + UNNOTICED * proxies,
        }
    }
}

/// Returns since when what the last of several proxies showed within a span of time can have been so that is no staler than that by
/// their own clocks, and while they were awake: who sleeps finds out only after it that its sources have gone on.
pub(crate) fn since(proxies: &[(&Proxied, &Clock)], (from, to): (Time, Time), staleness: Duration) -> Time {
    let mut since = from.before(staleness);
    for _ in 0..ROUNDS {
        let lost = |(proxy, clock): &(&Proxied, &Clock)| proxy.slept_since(since) + clock.deviation(since, to);
        since = from.before(staleness + proxies.iter().map(lost).sum::<Duration>());
    }
    since
}

/// How long an answer may be used, if it does not say so.
const MAX_AGE: Duration = Duration::from_secs(60);
/// How long what a proxy was told by a source that was asked may be shown, and so goes on to be shown whatever its lifetime.
pub(crate) const KEPT: Duration = Duration::from_secs(MAX_AGE.as_secs() + STALE.as_secs());
/// How often a proxy asks a directory that has no feed, about.
const ASKED_AGAIN: Duration = Duration::from_secs(60);
/// How long a proxy gathers renewals before it tells of them.
const GATHERED: Duration = Duration::from_secs(10);
/// What a change takes to the next proxy when all is well: it was repeated, or found only when the proxy asked whether it is still told of
/// changes.
const REPEATED: Duration = Duration::from_secs(5 * 60);
/// What a proxy takes to find out that it is not told any more: it asks once a minute, or a quarter more, and has patience for five.
pub(crate) const UNNOTICED: Duration = Duration::from_secs(75 + 5 * 60);
/// How often it is seen what else happened in the time that what happened takes.
const ROUNDS: usize = 4;

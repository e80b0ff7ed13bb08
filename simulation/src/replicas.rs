use std::collections::BTreeMap;

use waypost_model::{Dot, ReplicaId, Version};

use crate::Time;
use crate::host::Host;

/// The directories that are one authority, what became of each, and how far each had come when.
#[derive(Debug, Clone, Default)]
pub(crate) struct Replicas {
    by_host: BTreeMap<Host, Replica>,
}

#[derive(Debug, Clone, Default)]
struct Replica {
    /// From when on, ascending. A directory that stands alone does not say.
    positions: Vec<(Time, Position)>,
    /// When it stopped, ascending.
    stops: Vec<Time>,
    /// When it stopped and forgot all, ascending.
    losses: Vec<Time>,
}

/// How far a replica has come: what it says that it has taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) replica: ReplicaId,
    /// Of what each wrote.
    pub(crate) written: Version,
    /// Of the renewals of what each wrote.
    pub(crate) renewed: Version,
}

impl Replicas {
    pub(crate) fn add(&mut self, host: Host) {
        self.by_host.insert(host, Replica::default());
    }

    pub(crate) fn hosts(&self) -> impl Iterator<Item = Host> {
        self.by_host.keys().copied()
    }

    /// Tells whether there is one directory, and none to know what it forgets.
    pub(crate) fn is_one(&self) -> bool {
        self.by_host.len() == 1
    }

    /// Takes note of how far a replica has come.
    pub(crate) fn moved(&mut self, now: Time, host: Host, position: Position) {
        let Some(replica) = self.by_host.get_mut(&host) else { return };
        if replica.positions.last().is_none_or(|(_, last)| *last != position) {
            replica.positions.push((now, position));
        }
    }

    /// Takes note that a replica stopped, with or without what it knew.
    pub(crate) fn stopped(&mut self, now: Time, host: Host, forgets: bool) {
        let Some(replica) = self.by_host.get_mut(&host) else { return };
        replica.stops.push(now);
        if forgets {
            replica.losses.push(now);
            if !replica.positions.is_empty() {
                replica.positions.push((now, Position::nothing()));
            }
        }
    }

    /// Forgets how far replicas had come before `horizon`.
    pub(crate) fn prune(&mut self, horizon: Time) {
        for replica in self.by_host.values_mut() {
            let end = replica.positions.partition_point(|(since, _)| *since <= horizon);
            replica.positions.drain(..end.saturating_sub(1));
        }
    }

    /// Tells whether a replica stopped within a span of time.
    pub(crate) fn has_stopped(&self, host: Host, from: Time, to: Time) -> bool {
        self.by_host.get(&host).is_some_and(|replica| is_any_within(&replica.stops, from, to))
    }

    /// Tells whether a replica forgot everything within a span of time.
    pub(crate) fn has_forgotten(&self, host: Host, from: Time, to: Time) -> bool {
        self.by_host.get(&host).is_some_and(|replica| is_any_within(&replica.losses, from, to))
    }

    /// Tells whether at some time a replica knew all that `of` can have done in a span of time.
    pub(crate) fn knew(&self, host: Host, at: Time, of: Host, span: (Time, Time)) -> bool {
        self.ends(of, span).all(|end| self.position(host, at).is_some_and(|position| position.includes(&end)))
    }

    /// Tells whether nobody who did not know it by then will ever know what `of` can have done in a span of time, beyond what
    /// `host` knew at some time: the rest was forgotten before anybody had heard of it.
    pub(crate) fn knew_what_is_left(&self, host: Host, at: Time, of: Host, span: (Time, Time)) -> bool {
        let present = self.by_host.get(&of).and_then(|replica| replica.positions.last());
        self.ends(of, span).all(|mut end| {
            if present.is_some_and(|(_, present)| present.replica != end.replica) {
                end = end.min(self.known(end.replica));
            }
            self.position(host, at).is_some_and(|position| position.includes(&end))
        })
    }

    /// Returns what is known to anybody of what a replica did.
    fn known(&self, replica: ReplicaId) -> Own {
        let last = self.by_host.values().filter_map(|replica| replica.positions.last());
        let of_replica = last.map(|(_, position)| position.of(replica));
        of_replica.reduce(Own::max).unwrap_or(Own { replica, written: 0, renewed: 0 })
    }

    fn position(&self, host: Host, at: Time) -> Option<&Position> {
        let positions = &self.by_host.get(&host)?.positions;
        let end = positions.partition_point(|(since, _)| *since <= at);
        Some(&positions[end.checked_sub(1)?].1)
    }

    /// Returns how far a replica had come with what it did itself by the end of a span of time: once for each of its lives.
    fn ends(&self, host: Host, (from, to): (Time, Time)) -> impl Iterator<Item = Own> {
        let positions = self.by_host.get(&host).map_or(&[][..], |replica| &replica.positions[..]);
        let begin = positions.partition_point(|(since, _)| *since <= from).saturating_sub(1);
        let end = positions.partition_point(|(since, _)| *since <= to).max(begin);
        let within = &positions[begin..end];
        within.iter().enumerate().filter_map(move |(index, (_, position))| {
            let is_last = within.get(index + 1).is_none_or(|(_, next)| next.replica != position.replica);
            is_last.then(|| position.own())
        })
    }
}

impl Position {
    /// Returns where a replica is that has forgotten everything.
    const fn nothing() -> Self {
        Self { replica: ReplicaId(0), written: Version::new(), renewed: Version::new() }
    }

    fn own(&self) -> Own {
        self.of(self.replica)
    }

    fn of(&self, replica: ReplicaId) -> Own {
        Own { replica, written: self.written.sequence(replica), renewed: self.renewed.sequence(replica) }
    }

    fn includes(&self, own: &Own) -> bool {
        let is_in = |version: &Version, sequence| version.contains(Dot::new(own.replica, sequence));
        is_in(&self.written, own.written) && is_in(&self.renewed, own.renewed)
    }
}

/// What a replica did itself, in one life: so many writes and renewals.
#[derive(Debug, Clone, Copy)]
struct Own {
    replica: ReplicaId,
    written: u64,
    renewed: u64,
}

impl Own {
    fn min(self, other: Self) -> Self {
        Self { written: self.written.min(other.written), renewed: self.renewed.min(other.renewed), ..self }
    }

    fn max(self, other: Self) -> Self {
        Self { written: self.written.max(other.written), renewed: self.renewed.max(other.renewed), ..self }
    }
}

fn is_any_within(times: &[Time], from: Time, to: Time) -> bool {
    let next = times.partition_point(|time| *time < from);
    times.get(next).is_some_and(|time| *time <= to)
}

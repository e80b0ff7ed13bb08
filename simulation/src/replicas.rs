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

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_millis(seconds * 1000)
    }

    fn version(of: &[(u64, u64)]) -> Version {
        of.iter().map(|(replica, sequence)| Dot::new(ReplicaId(*replica), *sequence)).collect()
    }

    fn position(replica: u64, written: &[(u64, u64)]) -> Position {
        Position { replica: ReplicaId(replica), written: version(written), renewed: Version::new() }
    }

    /// One writes at 10 and 20, and forgets everything at 30; the other hears of the first write at 15.
    fn replicas() -> (Replicas, [Host; 2]) {
        let hosts = [0, 1].map(Host::nth);
        let mut replicas = Replicas::default();
        hosts.iter().for_each(|host| replicas.add(*host));
        replicas.moved(at(0), hosts[0], position(1, &[]));
        replicas.moved(at(0), hosts[1], position(2, &[]));
        replicas.moved(at(10), hosts[0], position(1, &[(1, 1)]));
        replicas.moved(at(15), hosts[1], position(2, &[(1, 1)]));
        replicas.moved(at(20), hosts[0], position(1, &[(1, 2)]));
        (replicas, hosts)
    }

    #[test]
    fn a_replica_knows_what_another_did_once_it_says_so() {
        let (replicas, [one, other]) = replicas();
        let first = (at(9), at(11));
        assert!(!replicas.knew(other, at(14), one, first));
        assert!(replicas.knew(other, at(15), one, first));
        assert!(!replicas.knew(other, at(25), one, (at(19), at(21))));
        assert!(replicas.knew(one, at(25), one, (at(19), at(21))));
    }

    #[test]
    fn what_nobody_had_heard_of_is_lost_with_who_did_it_and_nothing_else_is() {
        let (mut replicas, [one, other]) = replicas();
        let second = (at(19), at(21));
        assert!(!replicas.knew_what_is_left(other, at(25), one, second), "it may yet be heard of");
        replicas.stopped(at(30), one, true);
        replicas.moved(at(40), one, position(3, &[]));
        assert!(replicas.knew_what_is_left(other, at(41), one, second), "nothing is left of it");
        assert!(!replicas.knew(other, at(41), one, second), "but that is not to know it");
        assert!(!replicas.knew_what_is_left(one, at(41), one, (at(9), at(11))), "the other has the first");
        replicas.moved(at(50), one, position(3, &[(1, 1)]));
        assert!(replicas.knew_what_is_left(one, at(50), one, (at(9), at(11))));
    }
}

use waypost_model::{Dot, Stamp};

use crate::known::Known;
use crate::known::Name;
use crate::replica::Replica;
use crate::time::{LIFETIME_TICKS, Tick};
use waypost_model::Origin;

/// What an endpoint told a replica, and the replica acknowledged.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Deed {
    pub(crate) kind: Kind,
    pub(crate) at: Tick,
    /// The deeds that the replica had heard of.
    pub(crate) saw: Known,
    /// The write that it is; of a renewal by the owner, the write that is renewed.
    pub(crate) dot: Dot,
    /// The number of a renewal by the owner.
    pub(crate) renewal: u64,
    /// The registration that shows from then on, by the deed that made it and the stamp it got.
    pub(crate) shows: Option<(Stamp, Name)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Register,
    /// A renewal that is no write.
    Renew,
    /// A renewal that is a write, but says nothing of its own.
    TakeOver,
    /// A renewal of what has expired, which says it anew.
    Revive,
    Remove,
}

impl Kind {
    /// Tells whether it leaves a registration by a write.
    const fn is_put(self) -> bool {
        matches!(self, Self::Register | Self::TakeOver | Self::Revive)
    }
}

/// All deeds, by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct Deeds(Vec<(Name, Deed)>);

impl Deeds {
    pub(crate) fn add(&mut self, name: Name, deed: Deed) {
        let at = self.0.partition_point(|(other, _)| *other < name);
        self.0.insert(at, (name, deed));
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (Name, &Deed)> {
        self.0.iter().map(|(name, deed)| (*name, deed))
    }

    pub(crate) fn of(&self, known: Known) -> impl Iterator<Item = (Name, &Deed)> {
        self.iter().filter(move |(name, _)| known.contains(*name))
    }

    /// Returns what a deed saw.
    pub(crate) fn saw(&self, name: Name) -> Known {
        self.iter().find(|(other, _)| *other == name).map_or(Known::default(), |(_, deed)| deed.saw)
    }

    /// Returns the deeds that a replica has heard of.
    pub(crate) fn known_at(&self, replica: &Replica) -> Known {
        let (heard, version) = (replica.directory.heard(&Origin::Local), replica.directory.version());
        // Who renews what a write made, because it found that it was renewed, may be heard of before the write.
        let seen = replica.record().map(|record| record.seen).unwrap_or_default();
        let is_known = |deed: &Deed| match deed.kind {
            Kind::Renew => heard.sequence(deed.dot.replica) >= deed.renewal,
            _ => version.contains(deed.dot) || seen.contains(deed.dot),
        };
        self.iter().filter(|(_, deed)| is_known(deed)).map(|(name, _)| name).collect()
    }

    /// Tells whether a registration may be shown where these deeds were heard of, by the rule of [`waypost_model::State`].
    ///
    /// `resists` tells whether a renewal stands against a removal that saw all that it renewed. What was heard of may seem
    /// younger by `late`.
    pub(crate) fn allow(&self, known: Known, now: Tick, late: Tick, resists: bool, shown: Option<Name>) -> bool {
        let all: Known = self.iter().map(|(name, _)| name).collect();
        let lasts = |name: Name, put: &Deed, now: Tick| self.renewed(known, name, put) + LIFETIME_TICKS >= now;
        // Late, what took the place of something may have expired before that does.
        let replaces = |(name, deed): (Name, &Deed)| match deed.kind {
            Kind::Renew => false,
            Kind::Remove => true,
            Kind::Register | Kind::TakeOver | Kind::Revive => late == 0 || lasts(name, deed, now),
        };
        let is_replaced = |name: Name, put: &Deed| {
            self.of(known).any(|(other, deed)| {
                let is_seen = deed.saw.contains(name) || self.is_newer(other, deed, put) && put.kind == Kind::TakeOver;
                is_seen && (deed.kind != Kind::Remove || deed.saw.contains(name) || !resists) && replaces((other, deed))
            })
        };
        let puts = || self.of(known).filter(|(_, deed)| deed.kind.is_put());
        let mut standing = puts().filter(|(name, put)| !is_replaced(*name, put));
        match shown {
            None => !standing.any(|(name, put)| lasts(name, put, now)),
            // Puts that did not see each other live and expire each by itself. That one was renewed may be heard of by a write of who
            // found that, before the renewal itself.
            Some(shown) => standing.any(|(name, put)| {
                let lasts = self.renewed(all, name, put) + LIFETIME_TICKS >= now.saturating_sub(late);
                put.shows.is_some_and(|(_, by)| by == shown) && lasts
            }),
        }
    }

    /// Tells whether there are two writes among deeds that did not see each other.
    pub(crate) fn are_concurrent(&self, known: Known) -> bool {
        let writes = || self.of(known).filter(|(_, deed)| deed.kind != Kind::Renew);
        let is_unseen = |name: Name, by: Name, deed: &Deed| name != by && !deed.saw.contains(name);
        writes().any(|(one, first)| {
            writes().any(|(other, second)| is_unseen(one, other, second) && is_unseen(other, one, first))
        })
    }

    /// Returns when a put was last renewed: by whoever renewed it, or nothing that it had not seen.
    fn renewed(&self, known: Known, name: Name, put: &Deed) -> Tick {
        let is_renewal = |deed: &Deed| {
            let says_nothing_else = matches!(deed.kind, Kind::Renew | Kind::TakeOver) && self.covers(name, put, deed);
            deed.kind == Kind::Renew && deed.dot == put.dot || says_nothing_else
        };
        self.of(known).filter(|(_, deed)| is_renewal(deed)).map(|(_, deed)| deed.at).fold(put.at, Tick::max)
    }

    /// Tells whether a deed takes the place of a renewal that did not see it.
    fn is_newer(&self, name: Name, deed: &Deed, renewal: &Deed) -> bool {
        let says_more = matches!(deed.kind, Kind::Register | Kind::Revive | Kind::Remove);
        says_more && !renewal.saw.contains(name) && self.covers(name, deed, renewal)
    }

    /// Tells whether a deed is, or has seen, all that another renewed.
    fn covers(&self, name: Name, deed: &Deed, renewal: &Deed) -> bool {
        let says = self.said_by(renewal.saw.without(known_removed(self, renewal.saw)));
        says.without(deed.saw).without([name].into_iter().collect()).is_empty()
    }

    /// Returns the registrations among deeds, what was registered again by reviving it included.
    fn said_by(&self, known: Known) -> Known {
        self.of(known)
            .filter(|(_, deed)| matches!(deed.kind, Kind::Register | Kind::Revive))
            .map(|(name, _)| name)
            .collect()
    }
}

/// Returns what the removals among deeds have removed.
fn known_removed(deeds: &Deeds, known: Known) -> Known {
    let removals = deeds.of(known).filter(|(_, deed)| deed.kind == Kind::Remove);
    removals.fold(Known::default(), |all, (_, removal)| all.with(removal.saw))
}

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
    /// A renewal that is a write.
    TakeOver,
    Remove,
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
        let heard = replica.directory.heard(&Origin::Local);
        let is_known = |deed: &Deed| match deed.kind {
            Kind::Renew => heard.sequence(deed.dot.replica) >= deed.renewal,
            _ => replica.directory.version().contains(deed.dot),
        };
        self.iter().filter(|(_, deed)| is_known(deed)).map(|(name, _)| name).collect()
    }

    fn of_kind(&self, kind: Kind) -> Known {
        self.iter().filter(|(_, deed)| deed.kind == kind).map(|(name, _)| name).collect()
    }

    /// Tells whether a registration may be shown where these deeds were heard of, by the rule of [`waypost_model::State`].
    ///
    /// `resists` tells whether a renewal stands against a removal that saw all that it renewed. What was heard of may seem
    /// younger by `late`.
    pub(crate) fn allow(&self, known: Known, now: Tick, late: Tick, resists: bool, shown: Option<Name>) -> bool {
        let puts = || self.of(known).filter(|(_, deed)| matches!(deed.kind, Kind::Register | Kind::TakeOver));
        let lasts = |put: &Deed, now: Tick| self.renewed(known, put) + LIFETIME_TICKS >= now;
        // Late, what took the place of something may have expired before that does.
        let replaces = |deed: &Deed| match deed.kind {
            Kind::Renew => false,
            Kind::Remove => true,
            Kind::Register | Kind::TakeOver => late == 0 || lasts(deed, now),
        };
        let stands = |(name, put): (Name, &Deed)| {
            !self.of(known).any(|(_, deed)| replaces(deed) && deed.saw.contains(name))
                && (resists || !self.is_removed_but_renewed(known, name, put))
        };
        let mut standing = puts().filter(|(name, put)| stands((*name, put)));
        match shown {
            None => !standing.any(|(_, put)| lasts(put, now)),
            // Puts that did not see each other live and expire each by itself.
            Some(shown) => standing
                .any(|(_, put)| put.shows.is_some_and(|(_, by)| by == shown) && lasts(put, now.saturating_sub(late))),
        }
    }

    /// Tells whether a renewal by the owner and a write that took the place of what it renews did not see each other.
    pub(crate) fn are_crossed(&self) -> bool {
        self.iter().any(|(renewal, renewed)| {
            renewed.kind == Kind::Renew
                && self.iter().any(|(write, deed)| {
                    let replaces = self.iter().any(|(name, put)| {
                        put.kind != Kind::Renew && put.dot == renewed.dot && deed.saw.contains(name)
                    });
                    deed.kind != Kind::Renew && replaces && !renewed.saw.contains(write) && !deed.saw.contains(renewal)
                })
        })
    }

    /// Returns when a put was last renewed.
    fn renewed(&self, known: Known, put: &Deed) -> Tick {
        let renewals = self.of(known).filter(|(_, deed)| deed.kind == Kind::Renew && deed.dot == put.dot);
        renewals.map(|(_, deed)| deed.at).fold(put.at, Tick::max)
    }

    /// Tells whether a put is nothing but a renewal of what a removal, which it did not see, has removed.
    fn is_removed_but_renewed(&self, known: Known, name: Name, put: &Deed) -> bool {
        let renewed = put.saw.without(known_removed(self, put.saw));
        let registered = self.of_kind(Kind::Register);
        let has_removed = |removal: &Deed| {
            self.iter()
                .all(|(name, _)| !(renewed.contains(name) && registered.contains(name)) || removal.saw.contains(name))
        };
        put.kind == Kind::TakeOver
            && self.of(known).any(|(other, deed)| {
                deed.kind == Kind::Remove && !put.saw.contains(other) && !deed.saw.contains(name) && has_removed(deed)
            })
    }
}

/// Returns what the removals among deeds have removed.
fn known_removed(deeds: &Deeds, known: Known) -> Known {
    let removals = deeds.of(known).filter(|(_, deed)| deed.kind == Kind::Remove);
    removals.fold(Known::default(), |all, (_, removal)| all.with(removal.saw))
}

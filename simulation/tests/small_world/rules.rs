use stateright::Property;

use crate::deed::Kind;
use crate::known::Name;
use crate::time::LIFETIME_TICKS;
use crate::world::{Bounds, REPLICAS, SmallWorld, World, pairs};

pub(crate) const RISEN: &str = "nothing that was removed rises again";
pub(crate) const OUTLIVED: &str = "nothing is shown after its lifetime";
pub(crate) const LOST: &str = "no acknowledged write is lost while a replica knows of it";
pub(crate) const APART: &str = "after an exchange all show the same";
pub(crate) const RENEWED: &str = "a removal stands against renewals that did not see it";

/// Returns what always holds.
pub(crate) fn laws() -> Vec<Property<SmallWorld>> {
    vec![
        Property::always(RISEN, |_, world: &World| {
            (0..REPLICAS).all(|host| world.shown(host).is_none() || world.is_allowed(host, true))
        }),
        Property::always(OUTLIVED, |_, world: &World| (0..REPLICAS).all(|host| world.is_in_time(host))),
        Property::always(LOST, |model, world: &World| world.exchange(model.variant).is_complete(world)),
        Property::always(APART, |model, world: &World| {
            let after = world.exchange(model.variant);
            world.late > 0 || pairs().all(|(one, other)| after.shown(one) == after.shown(other))
        }),
        Property::always(RENEWED, |_, world: &World| {
            (0..REPLICAS).all(|host| world.shown(host).is_none() || world.is_allowed(host, false))
        }),
    ]
}

/// Returns what happens in some world within bounds, so that the laws are not kept for want of trouble.
pub(crate) fn troubles(bounds: Bounds) -> Vec<Property<SmallWorld>> {
    let mut troubles = vec![
        Property::sometimes("writes that did not see each other meet", |_, world: &World| {
            (0..REPLICAS).any(|host| world.deeds.are_concurrent(world.known_at(host)))
        }),
        Property::sometimes("a renewal is a write", |_, world: &World| {
            world.deeds.iter().any(|(_, deed)| deed.kind == Kind::TakeOver)
        }),
        Property::sometimes("what was not renewed is shown no more", |_, world: &World| {
            let is_removed = world.deeds.iter().any(|(_, deed)| deed.kind == Kind::Remove);
            !is_removed && (0..REPLICAS).any(|host| !world.known_at(host).is_empty() && world.shown(host).is_none())
        }),
    ];
    if bounds.mail > 0 {
        troubles.extend([
            Property::sometimes("what was removed comes late to who removed it", |_, world: &World| {
                let late = |removal: Name| world.deeds.of(world.deeds.saw(removal));
                world.mail.iter().any(|letter| {
                    let removals =
                        world.deeds.of(world.known_at(letter.to)).filter(|(_, deed)| deed.kind == Kind::Remove);
                    removals.into_iter().any(|(name, _)| late(name).any(|(_, deed)| letter.tells_of(deed.dot)))
                })
            }),
            Property::sometimes("an answer is late", |_, world: &World| world.late > 0),
            Property::sometimes("what is under way expires", |_, world: &World| {
                let is_told = |dot| world.mail.iter().any(|letter| letter.tells_of(dot));
                world.deeds.iter().any(|(_, deed)| deed.at + LIFETIME_TICKS < world.now && is_told(deed.dot))
            }),
        ]);
    }
    if bounds.crashes > 0 {
        troubles.extend([
            Property::sometimes("who forgot a registration hears of it from others", |_, world: &World| {
                let is_back = |host: usize| world.replicas[host].lives > 0 && world.replicas[host].told == 0;
                (0..REPLICAS).any(|host| is_back(host) && world.shown(host).is_some())
            }),
            Property::sometimes("who forgot a registration writes", |_, world: &World| {
                world.replicas.iter().any(|replica| replica.lives > 0 && replica.told > 0)
            }),
        ]);
    }
    troubles
}

impl World {
    fn shown(&self, host: usize) -> Option<Name> {
        self.replicas[host].shown(self.now)
    }

    /// Tells whether a replica may show what it shows, by all that it has heard of.
    fn is_allowed(&self, host: usize, resists: bool) -> bool {
        let known = self.known_at(host);
        self.deeds.allow(known, self.now, self.late, resists, self.shown(host))
    }

    fn is_in_time(&self, host: usize) -> bool {
        let told = self.deeds.iter().filter(|(_, deed)| deed.kind != Kind::Remove).map(|(_, deed)| deed.at).max();
        self.shown(host).is_none() || told.is_some_and(|told| self.now <= told + LIFETIME_TICKS + self.late)
    }

    /// Tells whether nothing that was known `before` is missing: what must be shown is, and all show what all of it allows.
    fn is_complete(&self, before: &Self) -> bool {
        let known = before.known();
        let is_allowed = |shown| self.deeds.allow(known, self.now, self.late, true, Some(shown));
        let has_heard = |host| self.shown(host).is_none_or(is_allowed);
        let is_shown = (0..REPLICAS).any(|host| self.shown(host).is_some());
        let may_be_gone = [true, false].map(|resists| self.deeds.allow(known, self.now, self.late, resists, None));
        (0..REPLICAS).all(has_heard) && (is_shown || may_be_gone.contains(&true))
    }
}

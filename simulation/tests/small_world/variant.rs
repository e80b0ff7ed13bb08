use std::time::Duration;

use waypost_model::{Change, Origin, Record, Timestamp, Version};

use crate::replica::Replica;
use crate::time::{Tick, instant};

/// A way in which replicas are wrong, to prove that it is found out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Variant {
    /// A replica that has lost its memory goes on under its old name.
    KeepsItsName,
    /// Replicas are not wrong, but tell each other their changes as they are, as in the variants that follow.
    IsRight,
    /// Of writes that did not see each other, the one wins that was renewed last.
    MergesByAge,
    /// A removal is forgotten as soon as it is made.
    ForgetsRemovals,
    /// A removal removes also what it did not see.
    RemovesBlindly,
    /// A renewal by who did not make the registration stands against removals as a registration does.
    TakesOver,
    /// What is heard of lives from then on, also when it comes again.
    ForgetsAges,
    /// What the owner renews is told once, with its registration, and no more.
    ForgetsRenewals,
}

impl Variant {
    /// Lets one replica hear of all that another knows, and it is wrong.
    pub(crate) fn hear(self, to: &mut Replica, from: &Replica, now: Tick) {
        let at = instant(now);
        let Ok(feed) = from.directory.feed(at, to.directory.version()) else { return };
        for change in feed.map(|change| change.to_change()) {
            if let Some(change) = self.bend(change, now, to.directory.version()) {
                // What is refused is not there: the laws tell.
                _ = to.directory.apply(at, change);
            }
        }
        _ = to.directory.advance(from.directory.version());
        let heard = to.directory.heard(&Origin::Local);
        for batch in from.directory.renewals(at, &Origin::Local, &heard) {
            let age = |age| if self == Self::ForgetsAges { Duration::ZERO } else { age };
            let renewed = batch.renewed.iter().map(|renewed| (renewed.sequence, age(renewed.age)));
            let renewed = renewed.filter(|_| self != Self::ForgetsRenewals);
            _ = to.directory.apply_renewals(at, &Origin::Local, (batch.owner, batch.after, batch.upto), renewed);
        }
    }

    /// Makes of a change what is taken in its place.
    fn bend(self, mut change: Change, now: Tick, holds: &Version) -> Option<Change> {
        match (self, &mut change) {
            (Self::MergesByAge, Change::Put { record, age }) => {
                let renewed = instant(now).saturating_sub(*age);
                date(record, Timestamp::from_millis(renewed.as_millis()));
            }
            (Self::ForgetsRemovals, Change::Remove(_)) => return None,
            (Self::RemovesBlindly, Change::Remove(removal)) => removal.seen.merge(holds),
            (Self::TakesOver, Change::Put { record, .. }) => {
                let own = record.dot();
                record.seen.insert(own);
            }
            (Self::ForgetsAges, Change::Put { age, .. }) => *age = Duration::ZERO,
            _ => {}
        }
        Some(change)
    }
}

/// Has a record say that all of it was written at a time.
fn date(record: &mut Record, time: Timestamp) {
    let stamps = [&mut record.written, &mut record.first, &mut record.replaced];
    let fields = [&mut record.base.stamp, &mut record.lifetime.stamp, &mut record.links.stamp];
    stamps.into_iter().chain(fields).for_each(|stamp| stamp.time = time);
}

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use waypost_filter::{Held, Query};
use waypost_model::Authority;
use waypost_rest::Output;
use waypost_time::Instant;

use crate::follower::{Follower, Surroundings};
use crate::lookup_mirror::LookupMirror;
use crate::passage::Passage;
use crate::{Limits, Means, Relation, Standing, SyncConfig};

/// A directory that is followed.
#[derive(Debug)]
pub(crate) struct Following {
    pub(crate) name: Box<str>,
    /// Whose registrations are taken from it.
    pub(crate) authority: Authority,
    pub(crate) relation: Relation,
    /// What is taken from it.
    pub(crate) query: Query,
    /// When everything that there was to say was here last.
    pub(crate) confirmed: Option<Instant>,
    pub(crate) by: Followed,
    /// By what means it was mirrored last.
    pub(crate) means: Option<Means>,
    /// Whose registrations it was told to show besides.
    pub(crate) others: Option<Authority>,
}

/// How a directory is followed.
#[derive(Debug)]
pub(crate) enum Followed {
    ByFeed(Box<Follower>),
    ByLookups(Box<LookupMirror>),
}

impl Following {
    pub(crate) fn standing(&self, limits: &Limits) -> Standing<'_> {
        Standing {
            source: &self.name,
            relation: self.relation,
            authority: &self.authority,
            hops: self.by.hops(),
            query: &self.query,
            held: self.by.held(),
            others: None,
            is_in_step: self.by.is_in_step(),
            confirmed: self.confirmed,
            delay: self.by.delay(limits),
        }
    }

    /// Returns when everything that there was to say was here last: now, unless a question is under way.
    pub(crate) fn confirmed(&self, now: Instant) -> Option<Instant> {
        self.by.confirmed(now).or(self.confirmed)
    }

    /// Returns how it comes to who mirrors it through this directory; nothing, if it was never read to its end.
    pub(crate) fn passage(&self, now: Instant, limits: &Limits) -> Option<Passage> {
        let age = now.saturating_since(self.confirmed(now)?);
        let age = match self.by.is_in_step() {
            true if age < ANSWERED => Duration::ZERO,
            true => age,
            false => age.max(MOMENT),
        };
        Some(Passage { hops: self.by.hops().saturating_add(1), delay: self.by.delay(limits), age })
    }

    /// Returns by what means it is mirrored, if that is known now and was not so before.
    pub(crate) fn poll_means(&mut self) -> Option<Means> {
        let means = self.by.means().filter(|_| self.relation == Relation::Mirror)?;
        (self.means.replace(means) != Some(means)).then_some(means)
    }

    /// Tells whether it is known to hold what was handed over, if it is to.
    pub(crate) fn is_handed_over(&self) -> bool {
        match &self.by {
            Followed::ByFeed(follower) => self.relation != Relation::Replica || follower.is_handed_over(),
            Followed::ByLookups(_) => true,
        }
    }
}

impl Followed {
    pub(crate) fn handle_timeout(&mut self, surroundings: &mut Surroundings<'_>) {
        match self {
            Self::ByFeed(follower) => follower.handle_timeout(surroundings),
            Self::ByLookups(mirror) => mirror.handle_timeout(surroundings),
        }
    }

    /// Returns what is to be asked next.
    pub(crate) fn poll_output(&mut self, surroundings: &mut Surroundings<'_>) -> Option<Output> {
        match self {
            Self::ByFeed(follower) => {
                let (id, request) = follower.poll_request(surroundings)?;
                Some(Output::Request { id, peer: follower.peer(), request })
            }
            Self::ByLookups(mirror) => mirror.poll_output(surroundings),
        }
    }

    /// Returns what ends all that goes on there.
    pub(crate) fn end(self, now: Instant, config: &SyncConfig) -> Vec<Output> {
        match self {
            Self::ByFeed(follower) => follower.end(config).into_iter().collect(),
            Self::ByLookups(mirror) => mirror.end(now),
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match self {
            Self::ByFeed(follower) => follower.deadline(),
            Self::ByLookups(mirror) => mirror.deadline(),
        }
    }

    const fn held(&self) -> Held {
        match self {
            Self::ByFeed(_) => Held::Registrations,
            Self::ByLookups(_) => Held::Both,
        }
    }

    fn means(&self) -> Option<Means> {
        match self {
            Self::ByFeed(follower) => follower.is_in_step().then_some(Means::Feed),
            Self::ByLookups(mirror) => mirror.means(),
        }
    }

    /// Returns how long after a renewal it is known here at the latest.
    fn delay(&self, limits: &Limits) -> Option<Duration> {
        match self {
            Self::ByFeed(follower) => follower.delay(limits),
            // A renewal alone changes nothing that is notified of.
            Self::ByLookups(mirror) => mirror.shows_ages().then_some(limits.refresh * 2),
        }
    }

    /// Tells whether everything that there is to say is here.
    fn is_in_step(&self) -> bool {
        match self {
            Self::ByFeed(follower) => follower.is_in_step(),
            Self::ByLookups(mirror) => mirror.is_in_step(),
        }
    }

    /// Returns when that was so last, if all that the source has to say was here when it spoke last.
    fn confirmed(&self, now: Instant) -> Option<Instant> {
        match self {
            Self::ByFeed(follower) => follower.confirmed(now),
            Self::ByLookups(mirror) => mirror.confirmed(now),
        }
    }

    /// Returns the other directories whose registrations the source shows, as far as it is asked by look-ups.
    pub(crate) fn others(&self) -> impl Iterator<Item = &Authority> {
        let mirror = match self {
            Self::ByFeed(_) => None,
            Self::ByLookups(mirror) => Some(mirror),
        };
        mirror.into_iter().flat_map(|mirror| mirror.others())
    }

    /// Returns through how many other directories it comes.
    fn hops(&self) -> u64 {
        match self {
            Self::ByFeed(follower) => follower.hops(),
            Self::ByLookups(_) => 0,
        }
    }
}

/// Who asks a source was in step with it until then. What is answered as soon as that is no news to those who mirror it through here.
const ANSWERED: Duration = Duration::from_secs(1);
/// Who is not in step was not now.
const MOMENT: Duration = Duration::from_millis(1);

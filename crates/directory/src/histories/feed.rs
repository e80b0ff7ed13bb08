use core::fmt;

use waypost_model::{Authority, Dot, ReplicaId, Version};
use waypost_time::Instant;

use crate::{ChangeRef, Directory, histories::log::Log, histories::writes::WritesIter};

/// The changes after a version: see [`Directory::feed`].
///
/// ```
/// use waypost_directory::{Config, Directory};
/// use waypost_model::{Base, EndpointName, Registration, ReplicaId, Version};
/// use waypost_time::Instant;
///
/// let now = Instant::ZERO;
/// let mut directory = Directory::new(Config::new([7; 16], ReplicaId(1)));
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
/// let registration = Registration::new(EndpointName::new("node1").unwrap(), base, Default::default());
/// directory.register(now, registration).unwrap();
///
/// assert_eq!(directory.feed(now, &Version::new()).unwrap().count(), 1);
/// assert_eq!(directory.feed(now, directory.version()).unwrap().count(), 0);
/// ```
#[derive(Clone)]
pub struct Feed<'d> {
    directory: &'d Directory,
    log: &'d Log,
    now: Instant,
    after: Version,
    replica: Option<ReplicaId>,
    writes: Option<WritesIter<'d>>,
}

impl<'d> Feed<'d> {
    pub(crate) fn new(
        directory: &'d Directory,
        now: Instant,
        authority: Option<&Authority>,
        after: &Version,
    ) -> Result<Self, FeedGap> {
        let log = &directory.histories.of(authority).log;
        // Who holds nothing misses no removal.
        if !after.is_empty() && !after.includes(&log.forgotten) {
            return Err(FeedGap(()));
        }
        let replica = log.replica_from(ReplicaId(0));
        let mut feed = Self { directory, log, now, after: after.clone(), replica, writes: None };
        feed.enter();
        Ok(feed)
    }

    fn enter(&mut self) {
        self.writes =
            self.replica.and_then(|replica| self.log.after(Dot { replica, sequence: self.after.sequence(replica) }));
    }
}

impl<'d> Iterator for Feed<'d> {
    type Item = ChangeRef<'d>;

    fn next(&mut self) -> Option<ChangeRef<'d>> {
        loop {
            let replica = self.replica?;
            match self.writes.as_mut().and_then(Iterator::next) {
                Some((sequence, slot)) => {
                    if let Some(change) = self.directory.change_of(self.now, Dot { replica, sequence }, slot) {
                        return Some(change);
                    }
                }
                None => {
                    self.replica = replica.0.checked_add(1).and_then(|next| self.log.replica_from(ReplicaId(next)));
                    self.enter();
                }
            }
        }
    }
}

impl fmt::Debug for Feed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed").field("after", &self.after).finish_non_exhaustive()
    }
}

/// Says that a removal after the version was forgotten: the reader is too far behind for a feed.
///
/// ```
/// use waypost_directory::{Config, Directory};
/// use waypost_model::{Base, EndpointName, Registration, ReplicaId};
/// use waypost_time::Instant;
///
/// let now = Instant::ZERO;
/// let mut config = Config::new([7; 16], ReplicaId(1));
/// config.limits.tombstones = 0;
/// let mut directory = Directory::new(config);
/// let base = Base::given("coap://[2001:db8::1]").unwrap();
/// let registration = Registration::new(EndpointName::new("node1").unwrap(), base, Default::default());
/// let location = directory.register(now, registration).unwrap().location;
/// let before = directory.version().clone();
/// directory.remove(now, &location).unwrap();
/// assert_eq!(directory.feed(now, &before).unwrap_err().to_string(), "a removal after that version was forgotten");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a removal after that version was forgotten")]
pub struct FeedGap(());

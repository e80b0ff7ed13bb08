use waypost_model::Conflict;

/// Why a directory did not do what it was told, sorted by who must act. Nothing has changed then.
///
/// ```
/// use waypost_directory::{Config, Directory, Refused};
/// use waypost_model::{Location, ReplicaId};
/// use waypost_time::Instant;
///
/// let mut directory = Directory::new(Config::new([0; 16], ReplicaId(1)));
/// let nowhere = Location::new("/rd/nowhere").unwrap();
/// assert_eq!(directory.remove(Instant::ZERO, &nowhere), Err(Refused::NotFound));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refused {
    /// The registrant should register again: there is nothing at that location.
    #[error("no such registration")]
    NotFound,
    /// The registrant asks for more than it may have.
    #[error("over the limit of {limit} {what}")]
    TooLarge {
        /// What there is too much of, in the plural.
        what: &'static str,
        /// How much there may be.
        limit: usize,
    },
    /// The operator should raise a limit, or wait: the directory is full.
    #[error("over the limit of {limit} {what}")]
    OverLimit {
        /// What there is too much of, in the plural.
        what: &'static str,
        /// How much there may be.
        limit: usize,
    },
    /// The registrant should take another name: this one belongs to other credentials.
    #[error("other credentials")]
    NotAllowed,
    /// The registrant should take another name: this one would get the location of another.
    #[error("location taken")]
    LocationTaken,
    /// The registration was made elsewhere, and is changed there.
    #[error("not the owner")]
    NotOwner,
    /// The peer that sent a change is broken or lies.
    #[error("implausible {what}")]
    Implausible {
        /// The field that cannot be right.
        what: &'static str,
    },
    /// The change may be taken later: the clock of who made it is further ahead than
    /// [`Limits::clock_ahead`](crate::Limits::clock_ahead).
    #[error("made in the future")]
    Early,
    /// This replica has lost its sequence numbers: a peer knows writes of it that it does not know itself. It needs a new
    /// [`ReplicaId`](waypost_model::ReplicaId).
    #[error("this replica has forgotten its own writes")]
    ForgottenWrites,
}

impl From<Conflict> for Refused {
    fn from(_: Conflict) -> Self {
        Self::NotAllowed
    }
}

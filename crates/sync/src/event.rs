use alloc::boxed::Box;
use core::fmt;
use core::time::Duration;

use waypost_client::Fault;
use waypost_directory::Refused;
use waypost_model::{Authority, Conflict, Key};
use waypost_rest::CountedEvent;

use crate::{Malformed, Means};

/// What the engine did, for the log.
///
/// ```
/// use waypost_sync::SyncEvent;
///
/// fn log(event: &SyncEvent) {
///     match event {
///         SyncEvent::InStep { source } => println!("in step with {source}"),
///         SyncEvent::Failed { source, fault, retry } => eprintln!("{source}: {fault}; again in {retry:?}"),
///         other => eprintln!("{other:?}"),
///     }
/// }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncEvent {
    /// Everything that a source had to say is here. Told once, and again after a failure.
    InStep {
        /// The source, as it was named.
        source: Box<str>,
    },
    /// A source is mirrored by these means, be it for the first time or in place of others. Of one without a feed that is known once
    /// something with links is registered there.
    MirroredBy {
        /// The source, as it was named.
        source: Box<str>,
        /// The means.
        means: Means,
    },
    /// The look-ups of a source show registrations at another directory as well, which are not taken from it, nor from elsewhere.
    ShowsOthers {
        /// The source, as it was named.
        source: Box<str>,
        /// The other directory.
        authority: Authority,
    },
    /// A source did not answer, or its answer does not help; it will be asked again.
    Failed {
        /// The source.
        source: Box<str>,
        /// What is wrong.
        fault: Fault,
        /// When it will be asked again.
        retry: Duration,
    },
    /// A source sent what cannot be read. What came before it in the same answer was taken.
    Malformed {
        /// The source.
        source: Box<str>,
        /// What, and where.
        malformed: Malformed,
    },
    /// A change of a source was not taken: it cannot be right, or a limit is reached.
    Refused {
        /// The source.
        source: Box<str>,
        /// What it is about; nothing where it is about the version.
        key: Option<Key>,
        /// Why.
        refused: Refused,
    },
    /// More happened in a minute than is told of one by one, of what sources can cause as often as they like: what was not taken,
    /// conflicts, comparisons that found something, and readings from the beginning.
    More {
        /// How much more.
        count: u64,
    },
    /// A source goes on to say that there is more to ask for, and answers without anything that is new. It is left in peace for a
    /// while, longer each time. Told once, until it comes further.
    InVain {
        /// The source.
        source: Box<str>,
    },
    /// Two registrants with different credentials registered the same name at different replicas. The one that came first is
    /// shown.
    Conflict {
        /// The source that told of the second.
        source: Box<str>,
        /// The name.
        key: Key,
        /// The two writes.
        conflict: Conflict,
    },
    /// What is here was not what is there, and has been mended. Which registrations that concerned is told by the
    /// [watches](waypost_directory::Directory::watch) of the directory, as of any other change.
    Reconciled {
        /// The source.
        source: Box<str>,
        /// How many registrations were missing here.
        added: usize,
        /// How many were here that the source has no more.
        removed: usize,
    },
    /// What the source forgot cannot be told from what it never had: it is read anew from the beginning.
    StartedAnew {
        /// The source.
        source: Box<str>,
    },
    /// A source does not pass on an authority that is to be mirrored through it: it does not mirror that, or a part alone.
    NotPassedOn {
        /// The source.
        source: Box<str>,
        /// The authority.
        authority: Authority,
    },
    /// What a source passes on has come through more directories than [`Limits::hops`](crate::Limits::hops) allows, or goes round.
    /// Nothing is taken from there.
    TooFar {
        /// The source.
        source: Box<str>,
        /// The authority that is passed on.
        authority: Authority,
        /// Through how many directories it has come.
        hops: u64,
    },
    /// This directory is to mirror its own authority. Nobody is asked for that.
    OwnAuthority {
        /// The source.
        source: Box<str>,
    },
    /// A peer knows writes of this replica that it does not know itself: it lost its state, and needs a new
    /// [`ReplicaId`](waypost_model::ReplicaId). Nothing is taken from that peer before.
    ForgottenWrites {
        /// The source.
        source: Box<str>,
    },
    /// Events were dropped because nobody took them. Those that come next are later ones.
    Missed {
        /// How many.
        count: u64,
    },
}

impl CountedEvent for SyncEvent {
    type Kind = ();

    fn kind(&self) -> Option<()> {
        let is_of_others = matches!(
            self,
            Self::Malformed { .. }
                | Self::Refused { .. }
                | Self::Conflict { .. }
                | Self::Reconciled { .. }
                | Self::StartedAnew { .. }
        );
        is_of_others.then_some(())
    }

    fn untold(kind: Option<()>, count: u64) -> Self {
        kind.map_or(Self::Missed { count }, |()| Self::More { count })
    }
}

impl fmt::Display for SyncEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InStep { source } => write!(f, "{source}: in step"),
            Self::ShowsOthers { source, authority } => {
                write!(f, "{source}: shows what is registered at {authority} as well, which is not mirrored")
            }
            Self::MirroredBy { source, means } => write!(f, "{source}: mirrored by {means}"),
            Self::Failed { source, fault, retry } => write!(f, "{source}: {fault}; again in {} s", retry.as_secs()),
            Self::Malformed { source, malformed } => write!(f, "{source}: octet {}: {malformed}", malformed.offset),
            Self::Refused { source, key: Some(key), refused } => {
                write!(f, "{source}: {} not taken: {refused}", key.endpoint.as_str().escape_debug())
            }
            Self::Refused { source, key: None, refused } => write!(f, "{source}: not taken: {refused}"),
            Self::More { count } => write!(f, "{count} more such events in that minute"),
            Self::InVain { source } => write!(f, "{source}: says that there is more, and does not tell it"),
            Self::Conflict { source, key, .. } => {
                write!(f, "{source}: {} belongs to other credentials", key.endpoint.as_str().escape_debug())
            }
            Self::Reconciled { source, added, removed } => {
                write!(f, "{source}: differed; {added} added, {removed} removed")
            }
            Self::StartedAnew { source } => write!(f, "{source}: read anew from the beginning"),
            Self::NotPassedOn { source, authority } => write!(f, "{source}: does not pass on {authority}"),
            Self::TooFar { source, authority, hops } => {
                write!(f, "{source}: has {authority} through {hops} directories, which are too many")
            }
            Self::OwnAuthority { source } => write!(f, "{source}: the own authority is not mirrored"),
            Self::ForgottenWrites { source } => write!(f, "{source}: knows writes of this replica that it has lost"),
            Self::Missed { count } => write!(f, "missed {count} events"),
        }
    }
}

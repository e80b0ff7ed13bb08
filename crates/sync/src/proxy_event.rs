use alloc::boxed::Box;
use core::fmt;

use waypost_client::Fault;
use waypost_filter::Query;

use waypost_rest::CountedEvent;

/// What a [`Proxy`](crate::Proxy) did, for the log.
///
/// ```
/// use waypost_sync::ProxyEvent;
///
/// let event = ProxyEvent::Observing { upstream: "coap://rd.example".into(), query: "rt=core.s".parse()? };
/// assert_eq!(event.to_string(), "coap://rd.example: observing rt=core.s");
/// # Ok::<(), waypost_filter::InvalidQuery>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyEvent {
    /// The registration interfaces of a source are known now, or are others than before: see
    /// [`Proxy::registrations`](crate::Proxy::registrations).
    Discovered {
        /// The source, as it was named.
        upstream: Box<str>,
    },
    /// A source was asked for the sake of a client, and did not answer, or not so that it helps.
    Failed {
        /// The source.
        upstream: Box<str>,
        /// What is wrong.
        fault: Fault,
    },
    /// An answer was used that is not fresh any more, because its source cannot be reached, or wants to be asked later.
    Stale {
        /// The source.
        upstream: Box<str>,
    },
    /// A look-up was answered without what a source has, because it is away and [that is allowed](crate::ProxyConfig::partial).
    Partial {
        /// The source that is missing.
        upstream: Box<str>,
    },
    /// More failed in a minute, or was answered with what is stale or in part, than is told of one by one.
    More {
        /// How much more.
        count: u64,
    },
    /// What recurring queries have in common is observed from now on.
    Observing {
        /// The source.
        upstream: Box<str>,
        /// What they have in common.
        query: Query,
    },
    /// It is observed no longer: it did not pay, or was too large.
    NotObserving {
        /// The source.
        upstream: Box<str>,
        /// What they have in common.
        query: Query,
    },
    /// Events were dropped because nobody took them. Those that come next are later ones.
    Missed {
        /// How many.
        count: u64,
    },
}

impl CountedEvent for ProxyEvent {
    type Kind = ();

    fn kind(&self) -> Option<()> {
        matches!(self, Self::Failed { .. } | Self::Stale { .. } | Self::Partial { .. }).then_some(())
    }

    fn untold(kind: Option<()>, count: u64) -> Self {
        kind.map_or(Self::Missed { count }, |()| Self::More { count })
    }
}

impl fmt::Display for ProxyEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discovered { upstream } => write!(f, "{upstream}: registration discovered"),
            Self::Failed { upstream, fault } => write!(f, "{upstream}: {fault}"),
            Self::Stale { upstream } => write!(f, "{upstream}: a stale answer was used"),
            Self::Partial { upstream } => write!(f, "{upstream}: answered without it"),
            Self::More { count } => write!(f, "{count} more such answers in that minute"),
            Self::Observing { upstream, query } if query.criteria().is_empty() => {
                write!(f, "{upstream}: observing everything")
            }
            Self::Observing { upstream, query } => write!(f, "{upstream}: observing {query}"),
            Self::NotObserving { upstream, query } => write!(f, "{upstream}: observing {query} no longer"),
            Self::Missed { count } => write!(f, "missed {count} events"),
        }
    }
}

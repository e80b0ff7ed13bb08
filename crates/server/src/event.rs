use alloc::boxed::Box;
use alloc::string::String;

use waypost_model::{EndpointName, Location, Sector};
use waypost_rest::{Code, CountedEvent};

/// Something that happened at a server, for a log.
///
/// ```
/// use waypost_model::Location;
/// use waypost_server::Event;
///
/// let event = Event::Removed { location: Location::new("/rd/4521")?, peer: "coap://[2001:db8::1]".into() };
/// assert_eq!(event.to_string(), "removed /rd/4521 by coap://[2001:db8::1]");
/// # Ok::<(), waypost_model::InvalidLocation>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A registration was made, or an existing one replaced.
    Registered {
        /// Where it is.
        location: Location,
        /// The sector.
        sector: Option<Sector>,
        /// The name.
        endpoint: EndpointName,
        /// Whether there was none of that name before.
        is_new: bool,
        /// Who made it.
        peer: String,
    },
    /// A registration was renewed without any change.
    Renewed {
        /// Where it is.
        location: Location,
        /// Who renewed it.
        peer: String,
    },
    /// Parameters of a registration were changed.
    Updated {
        /// Where it is.
        location: Location,
        /// Who changed it.
        peer: String,
    },
    /// A registration was removed by request.
    Removed {
        /// Where it was.
        location: Location,
        /// Who removed it.
        peer: String,
    },
    /// A registration reached the end of its lifetime.
    Expired {
        /// Where it is kept for a while, or was.
        location: Location,
    },
    /// A request was refused.
    Refused {
        /// Who made it.
        peer: String,
        /// The path that was asked for, cut to 128 bytes.
        path: Box<str>,
        /// The response code.
        code: Code,
        /// The diagnostic.
        diagnostic: Box<str>,
    },
    /// More registrations were made, updated, removed, or expired in a minute than are told of one by one.
    ChangedMore {
        /// How many more.
        count: u64,
    },
    /// More registrations were renewed in a minute than are told of one by one.
    RenewedMore {
        /// How many more.
        count: u64,
    },
    /// More requests were refused in a minute than are told of one by one.
    RefusedMore {
        /// How many more.
        count: u64,
    },
    /// Events were dropped because nobody took them. Those that come next are later ones.
    Missed {
        /// How many.
        count: u64,
    },
}

/// What is counted together; of no use but for that.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
    Change,
    Renewal,
    Refusal,
}

impl CountedEvent for Event {
    type Kind = EventKind;

    fn kind(&self) -> Option<EventKind> {
        match self {
            Self::Registered { .. } | Self::Updated { .. } | Self::Removed { .. } | Self::Expired { .. } => {
                Some(EventKind::Change)
            }
            Self::Renewed { .. } => Some(EventKind::Renewal),
            Self::Refused { .. } => Some(EventKind::Refusal),
            _ => None,
        }
    }

    fn untold(kind: Option<EventKind>, count: u64) -> Self {
        match kind {
            Some(EventKind::Change) => Self::ChangedMore { count },
            Some(EventKind::Renewal) => Self::RenewedMore { count },
            Some(EventKind::Refusal) => Self::RefusedMore { count },
            None => Self::Missed { count },
        }
    }
}

impl core::fmt::Display for Event {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Registered { location, sector, endpoint, is_new, peer } => {
                let verb = if *is_new { "registered" } else { "registered again" };
                write!(f, "{verb} {} as {:?}", location.as_str(), endpoint.as_str())?;
                if let Some(sector) = sector {
                    write!(f, " in {:?}", sector.as_str())?;
                }
                write!(f, " by {peer}")
            }
            Self::Renewed { location, peer } => write!(f, "renewed {} by {peer}", location.as_str()),
            Self::Updated { location, peer } => write!(f, "updated {} by {peer}", location.as_str()),
            Self::Removed { location, peer } => write!(f, "removed {} by {peer}", location.as_str()),
            Self::Expired { location } => write!(f, "expired {}", location.as_str()),
            Self::Refused { peer, path, code, diagnostic } => {
                write!(f, "refused {path:?} to {peer}: {code} {diagnostic:?}")
            }
            Self::ChangedMore { count } => {
                write!(f, "registered, updated, removed or expired {count} more in that minute")
            }
            Self::RenewedMore { count } => write!(f, "renewed {count} more in that minute"),
            Self::RefusedMore { count } => write!(f, "refused {count} more in that minute"),
            Self::Missed { count } => write!(f, "missed {count} events"),
        }
    }
}

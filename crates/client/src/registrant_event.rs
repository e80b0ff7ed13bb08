use alloc::boxed::Box;
use core::fmt;
use core::time::Duration;

use waypost_model::{Authority, EndpointName, Location};
use waypost_rest::Code;

use crate::Fault;

/// What happened to a registrant, for the log and for the application. `Display` writes a line.
///
/// ```
/// use waypost_client::RegistrantEvent;
/// use waypost_model::Authority;
///
/// let event = RegistrantEvent::Renewed { at: Authority::new("coap://rd.example").unwrap() };
/// assert_eq!(event.to_string(), "renewed at coap://rd.example");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistrantEvent {
    /// A host, or a group, said where registration interfaces are.
    Discovered {
        /// The host or group.
        at: Authority,
        /// How many there are.
        interfaces: usize,
    },
    /// A directory took the registration.
    Registered {
        /// The directory.
        at: Authority,
        /// The registration resource there; none for a simple registration.
        location: Option<Location>,
        /// The name that was registered; none where the directory assigns it.
        endpoint: Option<EndpointName>,
    },
    /// Another directory than before took the registration.
    Moved {
        /// The directory before. What it knows expires there.
        from: Authority,
        /// The directory now.
        at: Authority,
        /// The registration resource there; none for a simple registration.
        location: Option<Location>,
        /// The name that was registered; none where the directory assigns it.
        endpoint: Option<EndpointName>,
    },
    /// The registration lasts for another lifetime.
    Renewed {
        /// The directory.
        at: Authority,
    },
    /// The directory took what changed; the registration lasts for another lifetime.
    Updated {
        /// The directory.
        at: Authority,
    },
    /// A request was refused. Another directory, or this one later, will be asked.
    Refused {
        /// The URI that was asked.
        uri: Box<str>,
        /// The response code.
        code: Code,
        /// What the server says to a human.
        diagnostic: Box<str>,
    },
    /// A request was not answered, or the answer does not help. Another directory, or this one later, will be asked.
    Failed {
        /// The URI that was asked.
        uri: Box<str>,
        /// What is wrong.
        fault: Fault,
    },
    /// A server asked to come back later, and so it is.
    Postponed {
        /// The URI that was asked.
        uri: Box<str>,
        /// How much later.
        wait: Duration,
    },
    /// The directory rejected the name; the next one is taken.
    Renamed {
        /// The next name.
        endpoint: EndpointName,
    },
    /// The lifetime of the registration ran out before a directory could be reached.
    Lapsed {
        /// The directory that had it.
        at: Authority,
    },
    /// Nothing is left to try for the time being.
    Exhausted {
        /// After what time the search goes on; none where no candidate is known.
        retry_in: Option<Duration>,
    },
    /// The registration was removed.
    Removed {
        /// The directory that had it.
        at: Authority,
    },
    /// The registration could not be removed; it expires there.
    Left {
        /// The directory that has it.
        at: Authority,
    },
    /// The registrant has shut down.
    Stopped,
    /// Events were dropped because nobody took them. Those that come next are later ones.
    Missed {
        /// How many.
        count: u64,
    },
}

impl fmt::Display for RegistrantEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Discovered { at, interfaces: 1 } => write!(f, "discovered 1 registration interface by {at}"),
            Self::Discovered { at, interfaces } => write!(f, "discovered {interfaces} registration interfaces by {at}"),
            Self::Registered { at, location, endpoint } => {
                f.write_str("registered")?;
                write_where(f, at, location.as_ref(), endpoint.as_ref())
            }
            Self::Moved { from, at, location, endpoint } => {
                write!(f, "moved from {from}: registered")?;
                write_where(f, at, location.as_ref(), endpoint.as_ref())
            }
            Self::Renewed { at } => write!(f, "renewed at {at}"),
            Self::Updated { at } => write!(f, "updated at {at}"),
            Self::Refused { uri, code, diagnostic } if diagnostic.is_empty() => write!(f, "refused by {uri}: {code}"),
            Self::Refused { uri, code, diagnostic } => write!(f, "refused by {uri}: {code} {diagnostic}"),
            Self::Failed { uri, fault } => write!(f, "failed at {uri}: {fault}"),
            Self::Postponed { uri, wait } => write!(f, "postponed by {uri} for {} s", wait.as_secs()),
            Self::Renamed { endpoint } => write!(f, "renamed to {endpoint}"),
            Self::Lapsed { at } => write!(f, "lapsed at {at}"),
            Self::Exhausted { retry_in: Some(wait) } => write!(f, "no directory left to try for {} s", wait.as_secs()),
            Self::Exhausted { retry_in: None } => f.write_str("no directory left to try"),
            Self::Removed { at } => write!(f, "removed at {at}"),
            Self::Left { at } => write!(f, "left to expire at {at}"),
            Self::Stopped => f.write_str("stopped"),
            Self::Missed { count } => write!(f, "missed {count} events"),
        }
    }
}

fn write_where(
    f: &mut fmt::Formatter<'_>,
    at: &Authority,
    location: Option<&Location>,
    endpoint: Option<&EndpointName>,
) -> fmt::Result {
    if let Some(endpoint) = endpoint {
        write!(f, " as {endpoint}")?;
    }
    write!(f, " at {at}")?;
    location.map_or(Ok(()), |location| write!(f, "{location}"))
}

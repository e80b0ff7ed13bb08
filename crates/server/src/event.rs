use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use core::time::Duration;

use waypost_model::{EndpointName, Location, Sector};
use waypost_rest::Code;
use waypost_time::Instant;

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
    /// More requests were refused in a minute than are told of one by one.
    RefusedMore {
        /// How many more.
        count: u64,
    },
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
            Self::RefusedMore { count } => write!(f, "refused {count} more in that minute"),
        }
    }
}

/// The events that wait for the application; the oldest go when there are too many.
#[derive(Debug, Default)]
pub(crate) struct Events {
    waiting: VecDeque<Event>,
    missed: u64,
}

impl Events {
    pub(crate) fn push(&mut self, event: Event, limit: usize) {
        self.waiting.push_back(event);
        while self.waiting.len() > limit {
            self.waiting.pop_front();
            self.missed += 1;
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        self.waiting.pop_front()
    }

    pub(crate) const fn missed(&self) -> u64 {
        self.missed
    }
}

/// Which refusals are told of: so many in a minute, and of the others how many they were.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    began: Instant,
    told: usize,
    untold: u64,
}

impl Refusals {
    /// Counts a refusal; tells whether it is told of.
    pub(crate) fn count(&mut self, limit: usize) -> bool {
        let is_told = self.told < limit;
        if is_told {
            self.told += 1;
        } else {
            self.untold += 1;
        }
        is_told
    }

    /// Returns how many were not told of in a minute that is over.
    pub(crate) fn turn(&mut self, now: Instant) -> Option<u64> {
        if now.saturating_since(self.began) < MINUTE {
            return None;
        }
        let untold = self.untold;
        *self = Self { began: now, told: 0, untold: 0 };
        (untold > 0).then_some(untold)
    }

    /// Returns when there is something to tell.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        (self.untold > 0).then(|| self.began + MINUTE)
    }
}

const MINUTE: Duration = Duration::from_secs(60);

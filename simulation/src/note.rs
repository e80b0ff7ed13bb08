use std::collections::BTreeMap;

use waypost_client::LookupId;
use waypost_rest::RequestId;

use crate::host::Host;

/// What a machine tells the judge.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Note {
    /// An endpoint sends a directory a request that changes its registration there.
    Telling { request: RequestId, directory: Host, telling: Telling },
    /// It has the outcome.
    Told { request: RequestId, outcome: Outcome },
    /// An endpoint wants to be registered from now on, or not to be.
    Wants(bool),
    /// A look-up begins.
    Seeking { lookup: LookupId },
    /// A look-up, or an observation, has a result, which may be used for a while, or may not: then it is stale.
    Found { lookup: LookupId, question: Question, found: Found, is_fresh: bool },
    /// A look-up came to nothing.
    NotFound { lookup: LookupId, why: String },
    /// A registration lapsed.
    Lapsed,
    /// An endpoint is now registered elsewhere.
    Moved,
    /// Something for the trace.
    Remark(String),
}

/// What a request of an endpoint does to its registration.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Telling {
    /// It makes the registration, or makes it anew.
    Register(Content),
    /// It renews the registration, with what is different.
    Update { attribute: Option<u32>, lifetime: Option<u32>, links: Option<u32> },
    /// It removes the registration.
    Remove,
}

/// What a registration says. Numbers stand for all else: a later content has higher ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Content {
    /// Seconds.
    pub(crate) lifetime: u32,
    /// What an endpoint look-up shows.
    pub(crate) attribute: u32,
    /// What a resource look-up shows.
    pub(crate) links: u32,
    /// Whether the directory fetches the links, and so acts a while after the request.
    pub(crate) is_simple: bool,
}

/// What came of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    Acknowledged,
    Refused,
    /// There was no answer, or one that does not say.
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Scope {
    Endpoints,
    Resources,
}

impl Scope {
    pub(crate) const ALL: [Self; 2] = [Self::Endpoints, Self::Resources];
}

/// A kind of endpoint, which look-ups ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Lamp,
    Sensor,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Lamp, Self::Sensor];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Lamp => "sim.lamp",
            Self::Sensor => "sim.sensor",
        }
    }
}

/// What is looked up, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Question {
    pub(crate) directory: Host,
    pub(crate) scope: Scope,
    pub(crate) of: Whom,
    pub(crate) is_observed: bool,
}

impl Shown {
    /// Makes what several registrations show together, if there are any.
    pub(crate) fn registrations(mut numbers: Vec<u32>) -> Option<Self> {
        numbers.sort_unstable();
        match numbers[..] {
            [] => None,
            [number] => Some(Self::Whole(number)),
            _ => Some(Self::Several(numbers)),
        }
    }

    /// Returns the number of each registration; nothing if it is none.
    pub(crate) fn numbers(&self) -> &[u32] {
        match self {
            Self::Whole(number) => std::slice::from_ref(number),
            Self::Several(numbers) => numbers,
            Self::Torn => &[],
        }
    }
}

/// Which endpoints a look-up asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Whom {
    All,
    Kind(Kind),
    One(Host),
}

/// What a look-up shows of each endpoint.
pub(crate) type Found = BTreeMap<Host, Shown>;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Shown {
    /// One registration, with this number.
    Whole(u32),
    /// Several registrations, with these numbers, ascending: those at several directories.
    Several(Vec<u32>),
    /// Something that is no registration: not all links of one.
    Torn,
}

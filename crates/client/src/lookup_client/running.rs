use waypost_link_format::LinkDocumentBuf;
use waypost_rest::RequestId;
use waypost_time::Instant;

use super::following::Following;
use crate::lookup::Mode;
use crate::registrant::Patience;
use crate::{Interfaces, Lookup, ResourceUri};

/// A look-up under way.
#[derive(Debug)]
pub(super) struct Running {
    pub(super) lookup: Lookup,
    pub(super) step: Step,
    pub(super) phase: Phase,
    /// The request that has no outcome yet, or the observation.
    pub(super) request: Option<RequestId>,
    /// When the first request was made since the last answer.
    pub(super) unanswered: Option<Instant>,
    /// Whether the request names an answer that may still be valid.
    pub(super) revalidates: bool,
    pub(super) patience: Patience,
    /// How many of the discovered interfaces failed.
    pub(super) tried: usize,
    /// The number of the page that is asked for.
    pub(super) page: u32,
    /// How often in a row an observed look-up failed.
    pub(super) failures: u32,
    /// How many events of it wait to be taken.
    pub(super) untaken: usize,
    /// What an observed look-up showed last.
    pub(super) shown: Option<LinkDocumentBuf>,
    /// What link deltas have told so far.
    pub(super) following: Following,
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Nothing is decided yet, or discovery is needed.
    Discover,
    /// Ask an interface.
    Get { uri: ResourceUri },
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Phase {
    /// The next step may begin.
    Idle,
    /// Another look-up discovers what this one needs to know.
    Waiting { deadline: Instant },
    /// A request has no outcome yet.
    Asking { deadline: Instant },
    /// The step is repeated then.
    Postponed { until: Instant },
    /// Notifications come by themselves; then it is asked again whether they still would.
    Observing { refresh: Instant },
    /// What was found is to be taken first.
    Full,
}

impl Running {
    pub(super) fn new(lookup: Lookup) -> Self {
        Self {
            lookup,
            step: Step::Discover,
            phase: Phase::Idle,
            request: None,
            unanswered: None,
            revalidates: false,
            patience: Patience::default(),
            tried: 0,
            page: 0,
            failures: 0,
            untaken: 0,
            shown: None,
            following: Following::default(),
        }
    }

    /// Returns what discovery is about.
    pub(super) fn place(&self) -> (ResourceUri, Interfaces) {
        (self.lookup.at.clone(), self.lookup.interfaces)
    }

    /// Returns whether link deltas are asked for.
    pub(super) fn is_by_deltas(&self) -> bool {
        self.lookup.by_deltas && self.lookup.mode == Mode::Observed && !self.following.is_given_up
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        match self.phase {
            Phase::Waiting { deadline } | Phase::Asking { deadline } => Some(deadline),
            Phase::Postponed { until } => Some(until),
            Phase::Observing { refresh } => Some(refresh),
            Phase::Idle | Phase::Full => None,
        }
    }
}

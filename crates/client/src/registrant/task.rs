use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use waypost_link_delta::{LinkDelta, Tag};
use waypost_model::Location;
use waypost_rest::{Code, Method, Request, RequestId, Response};
use waypost_time::Instant;

use super::outcome::echo_of;
use crate::description::{Difference, Told};
use crate::discovery::Found;
use crate::{Limits, ResourceUri};

/// What is under way.
#[derive(Debug)]
pub(super) enum Task {
    /// Nothing; a registration may wait for its renewal.
    Idle,
    /// A request has no outcome yet.
    Asking(Box<Asked>),
    /// A step is repeated when its time has come.
    Postponed { until: Instant, step: Step, patience: Patience },
    /// The next step may begin then, and not earlier.
    Waiting { until: Instant },
    /// Nothing is left to try until then, unless another directory becomes known.
    Resting { until: Instant },
    /// Nothing is to be done any more.
    Stopped,
}

#[derive(Debug)]
pub(super) struct Asked {
    pub(super) id: RequestId,
    pub(super) uri: ResourceUri,
    pub(super) step: Step,
    /// What the directory will know when it agrees.
    pub(super) told: Told,
    /// Whether it is told by a delta how the links change on the way there.
    pub(super) is_patch: bool,
    pub(super) patience: Patience,
    pub(super) asked: Instant,
    pub(super) deadline: Instant,
    pub(super) found: Discovered,
}

/// What the members of a group have answered so far.
#[derive(Debug, Default)]
pub(super) struct Discovered {
    pub(super) interfaces: Vec<Found>,
    /// The shortest time that any of it is fresh for.
    pub(super) max_age: Option<Duration>,
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    /// Ask a place for its interfaces.
    Discover { place: u64, uri: ResourceUri },
    /// Register at an interface.
    Register { place: u64, uri: ResourceUri },
    /// Renew the registration, with what changed.
    Update,
    /// Remove the registration.
    Remove,
}

/// How often a step was repeated already.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Patience {
    pub(crate) echoes: u32,
    pub(crate) postponed: u32,
    pub(crate) waited: Duration,
}

impl Patience {
    /// Tells whether a request is repeated at once, because all that it lacked may be the Echo value that it was refused with; and
    /// counts that it is.
    pub(crate) fn repeats_with_echo(&mut self, response: &Response, limits: &Limits) -> bool {
        let most = match response.code {
            Code::UNAUTHORIZED => limits.echo_repeats,
            Code::TOO_MANY_REQUESTS => limits.echo_repeats.min(1),
            _ => 0,
        };
        let is_repeated = echo_of(response).is_some() && self.echoes < most;
        self.echoes += u32::from(is_repeated);
        is_repeated
    }
}

/// A registration that a directory has.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) place: u64,
    /// The interface that made it.
    pub(super) interface: ResourceUri,
    /// None for a simple registration.
    pub(super) location: Option<Location>,
    pub(super) told: Told,
    /// What the directory calls the links that it was told, if it names them.
    pub(super) state: Option<Tag>,
    /// Whether it may have other links now.
    pub(super) is_unsure: bool,
    pub(super) expires: Instant,
    pub(super) renew_at: Instant,
    /// How many renewals were not answered.
    pub(super) unanswered: u32,
    /// Whether an operation on it failed, so that it has to be made again.
    pub(super) is_doubtful: bool,
    pub(super) is_lapsed: bool,
}

impl Held {
    /// Compares what the directory knows with what it is to know.
    pub(super) fn difference(&self, wanted: &Told) -> Difference {
        match self.told.difference(wanted) {
            Difference::None if self.is_unsure => Difference::Patch(Vec::new()),
            Difference::Update(arguments) if self.is_unsure => Difference::Patch(arguments),
            difference => difference,
        }
    }

    /// Returns how the links that the directory was told change to those that it is to know, for the directory to refuse if it
    /// has others: replicas that merge can come to those of an earlier time. None where it did not name those that it has.
    pub(super) fn delta(&self, wanted: &Told) -> Option<LinkDelta> {
        let [told, wanted] = [&self.told, wanted].map(|told| told.description.links().as_document());
        Some(LinkDelta::between(told, wanted).starting_from(self.state?))
    }

    /// Returns a request on the registration resource.
    pub(super) fn request(&self, method: Method) -> Option<Request> {
        let location = self.location.as_ref()?;
        Some(Request::new(method, location.segments()))
    }

    pub(super) fn uri(&self) -> Option<ResourceUri> {
        self.interface.sibling(self.location.as_ref()?.as_str()).ok()
    }
}
